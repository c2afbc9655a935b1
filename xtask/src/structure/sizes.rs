//! Limits for the size of files and packages.

use std::collections::BTreeMap;

use super::source::Source;

/// Lines that a file may have.
const FILE_LINES: usize = 500;

/// Share of all lines that a package may have, in percent.
const PACKAGE_PERCENT: usize = 25;

/// Files that may be longer, since they are tables of cases, with what each tabulates.
const TABLES: &[(&str, &str)] = &[];

/// How many lines there are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) lines: usize,
    /// The folder of the package with most lines.
    pub(super) largest: String,
    pub(super) largest_lines: usize,
}

impl Totals {
    /// Counts lines, of all and of the largest package.
    pub(super) fn of(sources: &[Source]) -> Self {
        let mut packages = BTreeMap::<&str, usize>::new();
        for source in sources {
            *packages.entry(&source.package).or_default() += source.lines();
        }
        let largest = packages.iter().max_by_key(|&(_, lines)| *lines);
        let (largest, largest_lines) = largest.map_or(("", 0), |(name, lines)| (name, *lines));
        Self {
            lines: packages.values().sum(),
            largest: largest.to_owned(),
            largest_lines,
        }
    }

    /// The largest package's share in percent.
    pub(super) fn percent(&self) -> f64 {
        100.0 * self.largest_lines as f64 / self.lines.max(1) as f64
    }
}

/// Files and packages that are too long.
pub(super) fn breaches(sources: &[Source]) -> Vec<String> {
    let mut breaches = too_long(sources, TABLES);
    let totals = Totals::of(sources);
    if 100 * totals.largest_lines > PACKAGE_PERCENT * totals.lines {
        breaches.push(format!(
            "{}: {:.1} % of all lines of Rust, expected at most {PACKAGE_PERCENT} %; move a part \
             that others could use into a package of its own",
            totals.largest,
            totals.percent()
        ));
    }
    breaches
}

fn too_long(sources: &[Source], tables: &[(&str, &str)]) -> Vec<String> {
    let is_table = |path: &str| tables.iter().any(|(table, _)| *table == path);
    let mut breaches = vec![];
    for source in sources {
        let lines = source.lines();
        if lines > FILE_LINES && !is_table(&source.path) {
            breaches.push(format!(
                "{}: {lines} lines, expected at most {FILE_LINES}; split it, or, if it is a \
                 table of cases, list it in TABLES in xtask/src/structure/sizes.rs",
                source.path
            ));
        }
    }
    for (table, reason) in tables {
        let lines = sources.iter().find(|source| source.path == *table);
        if lines.is_none_or(|source| source.lines() <= FILE_LINES) {
            breaches.push(format!(
                "{table} ({reason}) is no longer a long file; delete it from TABLES in \
                 xtask/src/structure/sizes.rs"
            ));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, package: &str, lines: usize) -> Source {
        Source {
            path: path.to_owned(),
            package: package.to_owned(),
            text: "x\n".repeat(lines),
        }
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_a_table() {
        let sources = [source("a.rs", "a", 500), source("b.rs", "b", 501)];
        assert_eq!(too_long(&sources, &[]).len(), 1);
        assert!(too_long(&sources, &[])[0].starts_with("b.rs: 501 lines"));
        assert!(too_long(&sources, &[("b.rs", "cases")]).is_empty());
        let unneeded = too_long(&sources, &[("b.rs", "cases"), ("a.rs", "cases")]);
        assert!(
            unneeded[0].starts_with("a.rs (cases) is no longer"),
            "{unneeded:?}"
        );
    }

    #[test]
    fn a_large_package_is_found() {
        let sources: Vec<_> = ["a", "b", "c", "d"]
            .map(|name| source("x.rs", name, 100))
            .into();
        assert!(breaches(&sources).is_empty());
        let sources: Vec<_> = sources
            .into_iter()
            .chain([source("y.rs", "c", 1)])
            .collect();
        let found = breaches(&sources);
        assert!(found[0].starts_with("c: 25.2 % of all lines"), "{found:?}");
        let totals = Totals::of(&sources);
        assert_eq!((totals.lines, totals.largest_lines), (401, 101));
    }
}
