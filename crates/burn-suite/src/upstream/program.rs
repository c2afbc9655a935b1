//! The reproductions in `tests/upstream` as programs of their own: a test's body as `main`, with the functions,
//! types and imports that it needs.

use std::collections::{BTreeMap, BTreeSet};

/// The files of the reproductions.
const FILES: [&str; 7] = [
    include_str!("../../tests/upstream/main.rs"),
    include_str!("../../tests/upstream/graph.rs"),
    include_str!("../../tests/upstream/processes.rs"),
    include_str!("../../tests/upstream/layers.rs"),
    include_str!("../../tests/upstream/losses.rs"),
    include_str!("../../tests/upstream/ndarray.rs"),
    include_str!("../../tests/upstream/wgpu.rs"),
];

/// Starts a process of its own in the tests; a program needs none.
const IN_PROCESS: &str = "in_process(";

/// An item of a file: its lines, with its attributes and comments.
struct Item<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
    /// Where the item itself begins, after attributes and comments.
    head: usize,
}

/// The reproduction of this name as a program; `None` if there is none.
pub(super) fn program(name: &str) -> Option<String> {
    // Tests of several files use what the first and the last define.
    let [first, .., last] = FILES;
    let shared: Vec<_> = [first, last].into_iter().flat_map(items).collect();
    let found = FILES.iter().find_map(|file| {
        let items = items(file);
        let at = items
            .iter()
            .position(|item| item.name == name && item.is_test())?;
        Some((*file, items, at))
    });
    let (file, items, at) = found?;
    let mut text = items[at].as_main().replace("crate::wgpu::", "");
    let mut needed = BTreeSet::new();
    // The items that the text names, and what those name in turn.
    loop {
        let mut missing = items.iter().chain(&shared).filter(|item| {
            !item.is_test() && !needed.contains(item.name) && has_word(&text, item.name)
        });
        let Some(item) = missing.next() else { break };
        needed.insert(item.name);
        text = format!("{}\n\n{text}", item.text());
    }
    let mut uses: BTreeMap<String, String> = BTreeMap::new();
    for path in [file, first, last].into_iter().flat_map(imports) {
        let name = path.rsplit("::").next().unwrap_or_default().to_owned();
        if has_word(&text, &name) {
            uses.entry(name).or_insert(path);
        }
    }
    let mut uses: Vec<_> = uses
        .into_values()
        .map(|path| format!("use {path};\n"))
        .collect();
    uses.sort_unstable();
    Some(format!("{}\n{text}\n", uses.concat()))
}

impl<'a> Item<'a> {
    fn is_test(&self) -> bool {
        self.lines[..self.head]
            .iter()
            .any(|line| line.trim() == "#[test]")
    }

    /// The item without the indentation of its module, on every backend.
    fn text(&self) -> String {
        let lines = self.lines.iter().copied();
        dedented(
            &lines
                .filter(|line| !line.trim().starts_with("#[cfg("))
                .collect::<Vec<_>>(),
        )
    }

    /// The body of a test as `main`. What runs in a process of its own runs here.
    fn as_main(&self) -> String {
        let lines = &self.lines[self.head..];
        let inner = lines
            .iter()
            .position(|line| line.contains(IN_PROCESS))
            .map(|start| {
                let outer = indent(lines[start]);
                let is_inside = |line: &&&str| line.trim().is_empty() || indent(line) > outer;
                let length = lines[start + 1..].iter().take_while(is_inside).count();
                &lines[start + 1..start + 1 + length]
            });
        let body = inner.unwrap_or(&lines[1..lines.len() - 1]);
        let body = dedented(body);
        let body: Vec<_> = body
            .lines()
            .map(|line| format!("    {line}").trim_end().to_owned())
            .collect();
        let comments = self.lines[..self.head]
            .iter()
            .filter(|line| line.trim().starts_with("///"));
        let comments: Vec<_> = comments.map(|line| format!("{}\n", line.trim())).collect();
        format!("{}fn main() {{\n{}\n}}", comments.concat(), body.join("\n"))
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn dedented(lines: &[&str]) -> String {
    let written = lines.iter().filter(|line| !line.trim().is_empty());
    let least = written.map(|line| indent(line)).min().unwrap_or(0);
    let cut: Vec<_> = lines
        .iter()
        .map(|line| line.get(least..).unwrap_or_default())
        .collect();
    cut.join("\n")
}

/// The functions, types and constants of a file. Each ends where its indentation returns.
fn items(file: &str) -> Vec<Item<'_>> {
    let lines: Vec<_> = file.lines().collect();
    let mut items = Vec::new();
    let mut start = None;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim_start();
        let is_before = line.starts_with("#[") || line.starts_with("///");
        if is_before {
            start.get_or_insert(at);
            at += 1;
            // An attribute of several lines.
            while line.starts_with("#[") && !lines[at - 1].trim_end().ends_with(']') {
                at += 1;
            }
            continue;
        }
        let first = start.take().unwrap_or(at);
        let words = line.trim_start_matches("pub(crate) ");
        let kind = ["fn ", "const ", "struct ", "enum ", "type "];
        let named = kind.iter().find_map(|kind| words.strip_prefix(kind));
        let Some(named) = named else {
            at += 1;
            continue;
        };
        let length = named.find(|c: char| !is_part(c)).unwrap_or(named.len());
        let indentation = indent(lines[at]);
        let head = at;
        let is_short = |line: &str| line.ends_with(';') || line.ends_with('}');
        while at + 1 < lines.len() && !(indent(lines[at]) == indentation && is_short(lines[at])) {
            at += 1;
        }
        items.push(Item {
            name: &named[..length],
            lines: lines[first..=at].to_vec(),
            head: head - first,
        });
        at += 1;
    }
    items
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text without comments and without what is in quotation marks.
fn code(text: &str) -> String {
    let line = |line: &str| {
        let code: Vec<_> = line.split('"').step_by(2).collect();
        let code = code.join("\"\"");
        code.split("//").next().unwrap_or_default().to_owned()
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether the code of a text has a word.
fn has_word(text: &str, word: &str) -> bool {
    let text = code(text);
    let mut from = 0;
    while let Some(found) = text[from..].find(word) {
        let (start, end) = (from + found, from + found + word.len());
        // What follows a path or a dot belongs to something else.
        let is_other = |c| is_part(c) || c == ':' || c == '.';
        let before = text[..start].chars().next_back().is_some_and(is_other);
        let after = text[end..].chars().next().is_some_and(is_part);
        if !before && !after {
            return true;
        }
        from = end;
    }
    false
}

/// What a file imports, each path by itself.
fn imports(file: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for statement in file.split("use ").skip(1) {
        let Some((tree, _)) = statement.split_once(';') else {
            continue;
        };
        let tree: String = tree.split_whitespace().collect();
        let is_path = tree
            .chars()
            .all(|c| is_part(c) || [':', '{', '}', ',', '*'].contains(&c));
        if is_path
            && tree.contains("::")
            && !tree.starts_with("super")
            && !tree.starts_with("crate")
        {
            expand("", &tree, &mut paths);
        }
    }
    paths
}

/// Takes `a::{b, c::d}` apart into `a::b` and `a::c::d`.
fn expand(before: &str, tree: &str, paths: &mut BTreeSet<String>) {
    let Some((path, rest)) = tree.split_once('{') else {
        paths.insert(format!("{before}{tree}"));
        return;
    };
    let before = format!("{before}{path}");
    let inner = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let part = &inner[start..at];
                if !part.is_empty() {
                    expand(&before, part, paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reproduction_becomes_a_program() {
        let program = program("div_scalar_divides_in_f32").expect("there is one");
        assert!(program.contains("\nfn main() {\n"), "{program}");
        assert!(program.contains("fn gradient("), "{program}");
        assert!(program.contains("use burn::tensor::Tensor;\n"), "{program}");
        assert!(
            !program.contains("#[test]") && !program.contains("use super"),
            "{program}"
        );
        assert_eq!(super::program("there_is_none"), None);
    }

    #[test]
    fn what_runs_in_a_process_of_its_own_is_the_program() {
        let name = "threads_that_share_a_leaf_wait_for_each_other";
        let program = program(name).expect("there is one");
        assert!(!program.contains("in_process"), "{program}");
        assert!(
            program.contains("    let slow = thread::spawn(move || {"),
            "{program}"
        );
        assert!(program.contains("use std::thread;"), "{program}");
    }

    #[test]
    fn imports_are_taken_apart() {
        let paths = imports("use a::{b, c::{d, e}};\nuse super::*;\nuse f::g;");
        assert_eq!(
            Vec::from_iter(paths),
            ["a::b", "a::c::d", "a::c::e", "f::g"]
        );
    }
}
