//! `cargo xtask next-burn`: which of the listed faults of Burn its next version still has.
//!
//! `tests/next-burn`, a package outside of the workspace, compiles burn-suite's reproductions against that version.
//! Each asserts what today's Burn does. So one that passes shows that the fault is still there, and one that fails
//! that it is not.

mod entries;
mod trial;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use entries::{Entry, Sources};
use trial::Outcome;

/// The package that depends on the next Burn.
const MANIFEST: &str = "tests/next-burn/Cargo.toml";

/// What is said about an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// None of its reproductions shows it any more; what one of them says now.
    Mended(String),
    /// A reproduction passes.
    StillThere,
    /// Its reproductions cannot be compiled, and why.
    CannotBeBuilt(String),
}

/// Builds and runs all reproductions, and prints a table.
///
/// # Errors
///
/// If the lists cannot be read, or what the reproductions share cannot be built.
pub(crate) fn run() -> Result<()> {
    let root = Path::new(".");
    let entries = entries::all(root)?;
    let sources = Sources::read(root)?;
    let built = trial::build(MANIFEST, &sources)?;
    let mut outcomes: BTreeMap<&str, Outcome> = BTreeMap::new();
    for name in entries.iter().flat_map(|entry| &entry.reproductions) {
        if !outcomes.contains_key(&**name) {
            outcomes.insert(name, built.outcome(name, &sources)?);
        }
    }
    let verdicts = entries
        .iter()
        .map(|entry| (entry, verdict(entry, &outcomes)));
    let manifest =
        fs::read_to_string(MANIFEST).with_context(|| format!("cannot read {MANIFEST}"))?;
    let version = version(&manifest).context("tests/next-burn pins no version of Burn")?;
    print!("{}", table(&version, &verdicts.collect::<Vec<_>>()));
    Ok(())
}

fn version(manifest: &str) -> Option<String> {
    let manifest: toml::Table = manifest.parse().ok()?;
    let version = manifest["dependencies"]["burn"]["version"].as_str()?;
    Some(version.trim_start_matches('=').to_owned())
}

fn verdict(entry: &Entry, outcomes: &BTreeMap<&str, Outcome>) -> Verdict {
    let mut verdict = None;
    for name in &entry.reproductions {
        match (&outcomes[&**name], &verdict) {
            (Outcome::Passed, _) => return Verdict::StillThere,
            (Outcome::Failed(why), _) => verdict = Some(Verdict::Mended(why.clone())),
            (Outcome::NotBuilt(why), None) => verdict = Some(Verdict::CannotBeBuilt(why.clone())),
            (Outcome::NotBuilt(_), Some(_)) => {}
        }
    }
    verdict.expect("each entry has a reproduction")
}

/// A line for each entry, and a summary.
fn table(version: &str, verdicts: &[(&Entry, Verdict)]) -> String {
    let width = verdicts
        .iter()
        .map(|(entry, _)| entry.id.len())
        .max()
        .unwrap_or(0);
    let mut table = format!("Burn {version}, flex\n\n");
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut mended, mut there, mut not_built) = (0, 0, 0);
    for (entry, verdict) in verdicts {
        let (name, why) = match verdict {
            Verdict::Mended(why) => {
                mended += 1;
                ("mended", why.as_str())
            }
            Verdict::StillThere => {
                there += 1;
                ("still there", "")
            }
            Verdict::CannotBeBuilt(why) => {
                not_built += 1;
                *reasons.entry(why).or_default() += 1;
                ("cannot be built", why.as_str())
            }
        };
        let line = format!("{:width$}  {name:15}  {why}", entry.id);
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{}", line.trim_end());
    }
    let reasons: Vec<_> = reasons
        .iter()
        .map(|(why, count)| format!("{count} {why}"))
        .collect();
    let reasons = if reasons.is_empty() {
        String::new()
    } else {
        format!(" ({})", reasons.join(", "))
    };
    let _ = writeln!(
        table,
        "\n{} entries: {mended} mended, {there} still there, {not_built} cannot be built{reasons}",
        verdicts.len()
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, reproductions: &[&str]) -> Entry {
        Entry {
            id: id.to_owned(),
            reproductions: reproductions.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn an_entry_is_mended_if_none_of_its_reproductions_shows_it() {
        let outcomes = BTreeMap::from([
            ("passes", Outcome::Passed),
            ("fails", Outcome::Failed("now right".to_owned())),
            ("lacks", Outcome::NotBuilt("no backend ndarray".to_owned())),
        ]);
        let of = |names: &[&str]| verdict(&entry("a", names), &outcomes);
        assert_eq!(of(&["fails", "passes"]), Verdict::StillThere);
        assert_eq!(of(&["lacks", "passes"]), Verdict::StillThere);
        let mended = Verdict::Mended("now right".to_owned());
        assert_eq!(of(&["fails", "lacks"]), mended);
        assert_eq!(of(&["lacks", "fails"]), mended);
        assert_eq!(
            of(&["lacks"]),
            Verdict::CannotBeBuilt("no backend ndarray".to_owned())
        );
    }

    #[test]
    fn the_table_counts_entries() {
        let (a, b, c) = (
            entry("a", &["x"]),
            entry("long", &["x"]),
            entry("c", &["x"]),
        );
        let verdicts = [
            (&a, Verdict::StillThere),
            (&b, Verdict::CannotBeBuilt("no backend ndarray".to_owned())),
            (&c, Verdict::Mended("right is 2".to_owned())),
        ];
        assert_eq!(
            table("1.2.3", &verdicts),
            "Burn 1.2.3, flex\n\na     still there\nlong  cannot be built  no backend ndarray\n\
             c     mended           right is 2\n\n3 entries: 1 mended, 1 still there, 1 cannot be built \
             (1 no backend ndarray)\n"
        );
    }

    #[test]
    fn the_version_is_that_of_the_manifest() {
        let manifest = "[dependencies]\nburn = { version = \"=1.2.3-pre.1\" }\n";
        assert_eq!(version(manifest), Some("1.2.3-pre.1".to_owned()));
    }
}
