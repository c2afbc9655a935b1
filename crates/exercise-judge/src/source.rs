//! The source of an exercise: one text that has its solution, its blanks and its hints.
//!
//! A line `//~ CODE` opens a blank: CODE is what the student finds there; the lines up to the next `//~` are the
//! solution. A line `//? TEXT` is a hint, vague ones first. All of these lines are taken out of what is shown.

const BLANK: &str = "//~";
const HINT: &str = "//? ";

/// The file as a student gets it.
pub(crate) fn blank(source: &str) -> String {
    let mut inside = false;
    lines(source, |line| match after(line, BLANK) {
        Some(code) if !inside => {
            inside = true;
            Some(format!("{}{code}", indentation(line)))
        }
        Some(_) => {
            inside = false;
            None
        }
        None => (!inside).then(|| line.to_owned()),
    })
}

/// The file with its blanks filled in.
pub(crate) fn solution(source: &str) -> String {
    lines(source, |line| {
        after(line, BLANK).is_none().then(|| line.to_owned())
    })
}

/// The hints, vague ones first.
pub(crate) fn hints(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter_map(|line| line.strip_prefix(HINT))
        .collect()
}

/// The first line's text.
pub(crate) fn title(source: &str) -> &str {
    let first = source.lines().next().unwrap_or_default();
    first.trim_start_matches('/').trim()
}

fn lines(source: &str, mut change: impl FnMut(&str) -> Option<String>) -> String {
    let kept = source.lines().filter(|line| !line.starts_with(HINT));
    kept.filter_map(|line| change(line).map(|line| line + "\n"))
        .collect()
}

/// The rest of a line after a mark, without the spaces before.
fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.trim_start().strip_prefix(mark).map(str::trim)
}

fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "// Double\n//? More.\nfn f(x: f64) -> f64 {\n    //~ blank!(\"2x\")\n    2.0 * x\n    //~\n}\n";

    #[test]
    fn one_text_has_blank_solution_and_hints() {
        assert_eq!(
            blank(SOURCE),
            "// Double\nfn f(x: f64) -> f64 {\n    blank!(\"2x\")\n}\n"
        );
        assert_eq!(
            solution(SOURCE),
            "// Double\nfn f(x: f64) -> f64 {\n    2.0 * x\n}\n"
        );
        assert_eq!((hints(SOURCE), title(SOURCE)), (vec!["More."], "Double"));
    }
}
