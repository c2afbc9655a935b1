//! The listed faults of Burn, and the source of their reproductions.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The lists: each table of faults, and the name of its array.
const LISTS: [(&str, &str); 2] = [
    ("crates/burn-suite/graph.toml", "fault"),
    ("crates/burn-suite/ledger.toml", "disagreement"),
];
/// Where the reproductions are.
const FOLDER: &str = "crates/burn-suite/tests/upstream";

/// A listed fault.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// The tests that show it.
    pub(super) reproductions: Vec<String>,
}

/// The entries of all lists.
///
/// # Errors
///
/// If a list cannot be read, or an entry names no reproduction.
pub(super) fn all(root: &Path) -> Result<Vec<Entry>> {
    let mut entries = vec![];
    for (file, array) in LISTS {
        let text =
            fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let list: toml::Table = text
            .parse()
            .with_context(|| format!("cannot read {file}"))?;
        let faults = list.get(array).and_then(toml::Value::as_array);
        for fault in faults.with_context(|| format!("{file} has no [[{array}]]"))? {
            let entry = Entry::of(fault);
            entries.push(entry.with_context(|| {
                format!("{file}: an entry lacks its id or reproduction: {fault}")
            })?);
        }
    }
    Ok(entries)
}

impl Entry {
    fn of(fault: &toml::Value) -> Option<Self> {
        let text = |value: &toml::Value| value.as_str().map(str::to_owned);
        let reproductions = match (fault.get("reproduction"), fault.get("reproductions")) {
            (Some(one), None) => vec![text(one)?],
            (None, Some(several)) => several
                .as_array()?
                .iter()
                .map(text)
                .collect::<Option<_>>()?,
            _ => return None,
        };
        let id = text(fault.get("id")?)?;
        (!reproductions.is_empty()).then_some(Self { id, reproductions })
    }
}

/// The files of the reproductions, by name.
#[derive(Debug)]
pub(super) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// # Errors
    ///
    /// If the files cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for file in
            fs::read_dir(root.join(FOLDER)).with_context(|| format!("cannot read {FOLDER}"))?
        {
            let path = file?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.insert(name, fs::read_to_string(path)?);
        }
        Ok(Self(files))
    }

    /// The backend for which alone a test is compiled.
    ///
    /// # Errors
    ///
    /// If there is no such test.
    pub(super) fn backend_of(&self, test: &str) -> Result<Option<&'static str>> {
        let head = format!("fn {test}()");
        for (file, text) in &self.0 {
            let lines: Vec<_> = text.lines().collect();
            let Some(at) = lines
                .iter()
                .position(|line| line.trim_start().starts_with(&head))
            else {
                continue;
            };
            // The module that a test is in, if it is indented.
            let module = lines[..at]
                .iter()
                .rposition(|line| line.starts_with("mod "));
            let module = module.filter(|_| indent(lines[at]) > 0);
            let attributes: Vec<_> = module
                .into_iter()
                .chain([at])
                .flat_map(|it| attached(&lines[..it]))
                .collect();
            let is_of = |backend: &&str| {
                let attribute = format!("#[cfg(feature = \"{backend}\")]");
                *file == format!("{backend}.rs")
                    || attributes.iter().any(|line| line.trim() == attribute)
            };
            return Ok(["ndarray", "wgpu"].into_iter().find(is_of));
        }
        bail!("there is no reproduction {test} in {FOLDER}")
    }

    /// The lines of the item around a line of a file, with attributes and comments, and the item's name.
    pub(super) fn item_at(
        &self,
        file: &str,
        line: usize,
    ) -> Option<(RangeInclusive<usize>, String)> {
        let lines: Vec<_> = self.0.get(file)?.lines().collect();
        let at = line.checked_sub(1)?;
        let (head, name) = (0..=at)
            .rev()
            .find_map(|it| Some((it, item_name(lines.get(it)?)?)))?;
        let indentation = indent(lines[head]);
        let is_last =
            |it: &usize| indent(lines[*it]) == indentation && lines[*it].ends_with(['}', ';']);
        let last = (head..lines.len()).find(is_last)?;
        let before = attached(&lines[..head]).len();
        (at <= last).then(|| (head - before + 1..=last + 1, name.to_owned()))
    }
}

/// The name of the item that begins in a line.
fn item_name(line: &str) -> Option<&str> {
    let words = line.trim_start().trim_start_matches("pub(crate) ");
    let kinds = ["fn ", "const ", "struct ", "enum ", "type ", "impl "];
    let named = kinds.iter().find_map(|kind| words.strip_prefix(kind))?;
    named
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
}

/// The attributes and comments at the end of these lines, which belong to what follows.
fn attached<'a, 'b>(lines: &'b [&'a str]) -> &'b [&'a str] {
    let is_before = |line: &&&str| {
        ["#[", "///"]
            .iter()
            .any(|sign| line.trim_start().starts_with(sign))
    };
    let count = lines.iter().rev().take_while(is_before).count();
    &lines[lines.len() - count..]
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_a_reproduction_that_the_next_burn_is_tried_with() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let entries = all(&root).expect("the lists can be read");
        let sources = Sources::read(&root).expect("the reproductions can be read");
        assert!(entries.len() > 90, "{}", entries.len());
        let mut on_every_backend = 0;
        for name in entries.iter().flat_map(|entry| &entry.reproductions) {
            let backend = sources.backend_of(name).expect("the test is there");
            on_every_backend += usize::from(backend.is_none());
        }
        assert!(on_every_backend > 50, "{on_every_backend}");
        assert!(sources.backend_of("there_is_none").is_err());
    }

    #[test]
    fn a_test_belongs_to_the_backend_of_its_file_module_or_attribute() {
        let text = "#[test]\nfn plain() {\n    x();\n}\n\n#[cfg(feature = \"ndarray\")]\n#[test]\nfn marked() {\n}\n\n\
                    #[cfg(feature = \"wgpu\")]\nmod on_wgpu {\n    #[test]\n    fn inside() {\n    }\n}\n\n\
                    #[test]\nfn after() {\n}\n";
        let files = [("a.rs", text), ("wgpu.rs", "#[test]\nfn there() {\n}\n")];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let sources = Sources(BTreeMap::from(files));
        let of = |test| sources.backend_of(test).expect("it is there");
        assert_eq!(["plain", "after"].map(of), [None, None]);
        assert_eq!(of("marked"), Some("ndarray"));
        assert_eq!(["inside", "there"].map(of), [Some("wgpu"); 2]);
    }

    #[test]
    fn an_item_is_cut_with_its_attributes() {
        let text = "use a::b;\n\n/// About it.\n#[test]\nfn one() {\n    x(\n        2,\n    );\n}\n\nfn two() {}\n";
        let sources = Sources(BTreeMap::from([("a.rs".to_owned(), text.to_owned())]));
        for line in [5, 7, 9] {
            assert_eq!(
                sources.item_at("a.rs", line),
                Some((3..=9, "one".to_owned()))
            );
        }
        assert_eq!(
            sources.item_at("a.rs", 11),
            Some((11..=11, "two".to_owned()))
        );
        assert_eq!(sources.item_at("a.rs", 1), None);
    }
}
