//! The rules of ARCHITECTURE.md that a program can hold: who depends on whom, and what must not be
//! written where. Each breach is reported with what to do about it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::program::cargo;

/// Burn's backends, autodiff and optimizers, and tensors, as packages.
const BACKENDS: [&str; 4] = ["burn-ndarray", "burn-flex", "burn-wgpu", "burn-cubecl"];
const LEARNING: [&str; 2] = ["burn-autodiff", "burn-optim"];
const TENSORS: [&str; 3] = ["burn", "burn-tensor", "burn-core"];

/// What a package must not depend on, normally and with its default features.
struct Rule {
    package: &'static str,
    forbidden: &'static [&'static [&'static str]],
    /// Whether packages of this workspace are forbidden, too, but for the named ones.
    ours_allowed: &'static [&'static str],
    remedy: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        package: "layers",
        forbidden: &[&BACKENDS, &LEARNING],
        ours_allowed: &[],
        remedy: "layers are used from other projects, which pick their own backend",
    },
    Rule {
        package: "xor-net",
        forbidden: &[&BACKENDS, &LEARNING],
        ours_allowed: &["layers"],
        remedy: "a model knows no backend, no autodiff and no data: move that to the trainer",
    },
    Rule {
        package: "mnist-mlp",
        forbidden: &[&BACKENDS, &LEARNING],
        ours_allowed: &["layers"],
        remedy: "a model knows no backend, no autodiff and no data: move that to the trainer",
    },
    Rule {
        package: "linear-regression",
        forbidden: &[&BACKENDS, &LEARNING],
        ours_allowed: &["layers"],
        remedy: "a model knows no backend, no autodiff and no data: move that to the trainer",
    },
    Rule {
        package: "manual-backprop",
        forbidden: &[&BACKENDS],
        ours_allowed: &["layers", "linear-regression", "mnist-mlp", "xor-net"],
        remedy: "the formulas run on any device: let the caller choose it",
    },
    Rule {
        package: "burn-gradcheck",
        forbidden: &[&BACKENDS],
        ours_allowed: &[],
        remedy: "the checker serves any Burn project and knows nothing of this one",
    },
    Rule {
        package: "computational-graph",
        forbidden: &[&BACKENDS],
        ours_allowed: &[
            "layers",
            "linear-regression",
            "manual-backprop",
            "mnist-mlp",
            "xor-net",
        ],
        remedy: "a graph goes back by the manual rules, on any device: let the caller choose it",
    },
    Rule {
        package: "data-parallel",
        forbidden: &[&BACKENDS],
        ours_allowed: &[],
        remedy: "workers serve any net on any processor backend: let the caller choose both",
    },
    Rule {
        package: "gradient-descent",
        forbidden: &[&BACKENDS, &LEARNING, &TENSORS],
        ours_allowed: &[],
        remedy: "descent is plain f64: put what needs tensors into src/verify",
    },
    Rule {
        package: "universal-approximation",
        forbidden: &[&BACKENDS, &LEARNING, &TENSORS],
        ours_allowed: &[],
        remedy: "the construction is plain f64: load its weights into a net where it is used",
    },
    Rule {
        package: "burn-suite",
        forbidden: &[&BACKENDS],
        ours_allowed: &["burn-gradcheck"],
        remedy: "the table of Burn's operations knows Burn and the judge: let the caller choose \
                 the device",
    },
    Rule {
        package: "weight-exchange",
        forbidden: &[&BACKENDS, &LEARNING],
        ours_allowed: &["layers"],
        remedy: "weights are numbers: which net they are of the trainer knows",
    },
    Rule {
        package: "datasets",
        forbidden: &[&BACKENDS, &LEARNING, &TENSORS],
        ours_allowed: &[],
        remedy: "data are bytes: tensors are made where a device is known",
    },
    Rule {
        package: "xtask",
        forbidden: &[&BACKENDS, &LEARNING, &TENSORS],
        ours_allowed: &[],
        remedy: "xtask compiles in seconds: put what needs Burn into a program of the trainer",
    },
];

/// Text that must not stand in some files.
struct Ban {
    text: &'static str,
    remedy: &'static str,
}

/// Graphs have a `backward` of their own.
const NO_TAPE: &[Ban] = NO_AUTODIFF.split_at(1).1;

const NO_AUTODIFF: &[Ban] = &[
    Ban {
        text: ".backward(",
        remedy: "the formulas are derived by hand; compare with autodiff in src/verify",
    },
    Ban {
        text: ".autodiff(",
        remedy: "the formulas are derived by hand; compare with autodiff in src/verify",
    },
    Ban {
        text: "require_grad",
        remedy: "the formulas are derived by hand; compare with autodiff in src/verify",
    },
];

const UNFINISHED: &[Ban] = &[
    Ban {
        text: concat!("TO", "DO"),
        remedy: "open an issue, or do it",
    },
    Ban {
        text: concat!("todo", "!("),
        remedy: "write the code",
    },
    Ban {
        text: concat!("dbg", "!("),
        remedy: "take it out",
    },
    Ban {
        text: concat!("#[", "ignore"),
        remedy: "mend the test, or delete it",
    },
];

/// Checks every rule.
///
/// # Errors
///
/// If a rule is broken; the breaches are printed before.
pub(crate) fn check() -> Result<()> {
    let ours = members()?;
    let mut breaches = vec![];
    for rule in RULES {
        let tree = dependencies(rule.package)?;
        for dependency in &tree {
            let forbidden = rule
                .forbidden
                .iter()
                .any(|list| list.contains(&&**dependency));
            let foreign = ours.contains(dependency)
                && dependency != rule.package
                && !rule.ours_allowed.contains(&&**dependency);
            if forbidden || foreign {
                breaches.push(format!(
                    "{} depends on {dependency}: {}",
                    rule.package, rule.remedy
                ));
            }
        }
    }
    let mut files = rust_files(Path::new("."))?;
    let manifests = ["Cargo.toml", "tests/reuse/Cargo.toml", "README.md"];
    let mut pins = vec![];
    for file in manifests.iter().map(Path::new) {
        pins.extend(pinned(file, &fs::read_to_string(file)?));
    }
    files.sort();
    for file in files {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        pins.extend(pinned(&file, &text));
        breaches.extend(banned(&file, &text, UNFINISHED));
        for (package, bans) in [
            ("manual-backprop", NO_AUTODIFF),
            ("computational-graph", NO_TAPE),
        ] {
            let sources = Path::new("./crates").join(package).join("src");
            if file.starts_with(&sources) && !file.starts_with(sources.join("verify")) {
                breaches.extend(banned(&file, &text, bans));
            }
        }
    }
    breaches.extend(other_pins(&pins));
    if breaches.is_empty() {
        println!("structure: {} packages keep their rules", RULES.len());
        return Ok(());
    }
    for breach in &breaches {
        println!("{breach}");
    }
    bail!("{} breaches of the structure, listed above", breaches.len())
}

/// A place where a version of Burn is pinned: `file:line`, and the version.
type Pin = (String, String);

/// Lines of a manifest, or of one in a text, that pin Burn or its data sets.
fn pinned(file: &Path, text: &str) -> Vec<Pin> {
    let pin = |(number, line): (usize, &str)| {
        let (before, version) = line.split_once(" = { version = \"=")?;
        let name = before.rsplit(' ').next()?;
        let (version, _) = version.split_once('"')?;
        let is_burn = ["burn", "burn-dataset"].contains(&name.trim_start_matches('`'));
        let place = format!("{}:{}", file.display(), number + 1);
        is_burn.then(|| (place, version.to_owned()))
    };
    text.lines().enumerate().filter_map(pin).collect()
}

/// Pins that are not like the first.
fn other_pins(pins: &[Pin]) -> Vec<String> {
    let Some((first, version)) = pins.first() else {
        return vec!["Burn is pinned nowhere; pin it in Cargo.toml".to_owned()];
    };
    let others = pins.iter().filter(|(_, other)| other != version);
    others
        .map(|(place, other)| {
            format!("{place}: Burn {other}, but {version} in {first}; pin one version everywhere")
        })
        .collect()
}

fn banned(file: &Path, text: &str, bans: &[Ban]) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            bans.iter()
                .filter(move |ban| line.contains(ban.text))
                .map(move |ban| {
                    let (file, number) = (file.display(), number + 1);
                    format!("{file}:{number}: '{}': {}", ban.text, ban.remedy)
                })
        })
        .collect()
}

/// Names of this workspace's packages.
fn members() -> Result<BTreeSet<String>> {
    let output = cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata = serde_json::from_str::<serde_json::Value>(&output)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo lists packages")?;
    Ok(packages
        .iter()
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect())
}

/// Names of all packages that a package needs to be used, itself included.
fn dependencies(package: &str) -> Result<BTreeSet<String>> {
    let arguments = [
        "tree", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}",
    ];
    let tree = cargo_output(&arguments)?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect())
}

fn cargo_output(arguments: &[&str]) -> Result<String> {
    let output = cargo()
        .args(arguments)
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!(
            "`cargo {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// All Rust files below a folder, build outputs left out.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && name != ".git" {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_of_burn_is_pinned() {
        let file = Path::new("a.toml");
        let manifest = "[x]\nburn = { version = \"=1.2.3\", default-features = false }\n";
        let readme = "//! burn = { version = \"=1.2.4\" }\nother = { version = \"=7\" }\n";
        let mut pins = pinned(file, manifest);
        assert_eq!(pins, [("a.toml:2".to_owned(), "1.2.3".to_owned())]);
        assert!(other_pins(&pins).is_empty());
        pins.extend(pinned(Path::new("b.md"), readme));
        assert_eq!(
            other_pins(&pins),
            ["b.md:1: Burn 1.2.4, but 1.2.3 in a.toml:2; pin one version everywhere"]
        );
    }

    #[test]
    fn a_ban_names_file_line_and_remedy() {
        let text = "let x = 1;\nlet g = loss.backward();\n";
        assert_eq!(
            banned(Path::new("a.rs"), text, NO_AUTODIFF),
            ["a.rs:2: '.backward(': the formulas are derived by hand; \
              compare with autodiff in src/verify"]
        );
        assert!(banned(Path::new("a.rs"), "fn backward() {}", NO_AUTODIFF).is_empty());
        assert!(banned(Path::new("a.rs"), text, NO_TAPE).is_empty());
        assert_eq!(banned(Path::new("a.rs"), "x.autodiff()", NO_TAPE).len(), 1);
    }
}
