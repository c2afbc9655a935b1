//! Words for a shell.

use std::path::Path;

/// A command line of these words, each in quotes if a shell needs them.
///
/// ```
/// use run_folder::shell::line;
///
/// assert_eq!(line(["trainer", "--resume", "my runs/a"]), "trainer --resume 'my runs/a'");
/// ```
pub fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A word, in quotes if a shell needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    if word.chars().all(plain) && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The options that continue a run: `--resume` with its folder, and `others` that are not kept in the folder.
pub(crate) fn resume_options(folder: &Path, others: &[String]) -> String {
    let folder = folder.display().to_string();
    let others = others.iter().map(String::as_str);
    line(["--resume", &folder].into_iter().chain(others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("runs/a-1"), "runs/a-1");
        assert_eq!(quoted("my runs/it's"), "'my runs/it'\\''s'");
    }
}
