//! The table is complete: the tests fail when a new Burn differentiates something that the table
//! neither exercises nor excludes.

mod layers;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use burn_suite::{EXCLUSIONS, covered, implemented, operations};
use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

impl Package {
    /// A package of Burn, as cargo resolves it for this crate.
    fn find(name: &str) -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--offline"])
            .args(["--filter-platform", "host-tuple"])
            .args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ])
            .output()
            .expect("cargo runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("JSON");
        let mut packages = metadata.packages.into_iter();
        let found = packages.find(|package| package.name == name);
        found.unwrap_or_else(|| panic!("{name} is no dependency"))
    }

    /// The folder of its sources.
    fn sources(&self) -> PathBuf {
        self.manifest_path.with_file_name("src")
    }
}

fn methods() -> BTreeSet<String> {
    let folder = Package::find("burn-autodiff").sources().join("ops");
    let read =
        |name: &str| fs::read_to_string(folder.join(name)).expect("a source of burn-autodiff");
    ["tensor.rs", "activation.rs", "module.rs"]
        .iter()
        .flat_map(|name| implemented(&read(name)))
        .collect()
}

#[test]
fn the_table_is_about_the_burn_that_is_built() {
    assert_eq!(
        Package::find("burn-autodiff").version,
        backends::BURN_VERSION
    );
}

#[test]
fn every_method_of_burn_autodiff_is_exercised_or_excluded() {
    let methods = methods();
    assert!(methods.len() > 100, "only {} methods found", methods.len());
    let operations = operations();
    let covered: BTreeSet<String> = covered(&operations)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let excluded: BTreeSet<String> = EXCLUSIONS
        .iter()
        .flat_map(|(_, methods)| methods.iter().copied().map(str::to_owned))
        .collect();

    let listed = covered.union(&excluded).cloned().collect();
    let missing: Vec<_> = methods.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "neither exercised nor excluded: {missing:?}"
    );
    let unknown: Vec<_> = listed.difference(&methods).collect();
    assert!(unknown.is_empty(), "not in burn-autodiff: {unknown:?}");
    let both: Vec<_> = covered.intersection(&excluded).collect();
    assert!(
        both.is_empty(),
        "exercised, so must not be excluded: {both:?}"
    );
}

/// A new family of operation traits would hide from the check above.
#[test]
fn no_other_file_of_burn_autodiff_has_float_operations() {
    let folder = Package::find("burn-autodiff").sources().join("ops");
    let known = [
        "activation.rs",
        "backward.rs",
        "base.rs",
        "bool_tensor.rs",
        "distributed.rs",
        "int_tensor.rs",
        "maxmin.rs",
        "mod.rs",
        "module.rs",
        "qtensor.rs",
        "sort.rs",
        "tensor.rs",
        "transaction.rs",
        "transfer.rs",
    ];
    let mut files: Vec<String> = fs::read_dir(folder)
        .expect("the sources of burn-autodiff")
        .map(|entry| {
            entry
                .expect("a readable folder")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    files.sort();
    assert_eq!(files, known);
}
