//! Every layer and loss of `burn::nn` is in the table: the tests fail when a new Burn has one that the
//! table neither checks nor excludes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use burn_suite::{Operation, operations};

use super::Package;

/// The modules that the table leaves out, with reasons.
const EXCLUDED: [(&str, &str); 3] = [
    (
        "nn::GateController",
        "the gates of the recurrent layers, among whose parameters it is checked",
    ),
    (
        "nn::TransformerEncoderLayer",
        "nn::TransformerEncoder with one layer is this",
    ),
    (
        "nn::TransformerDecoderLayer",
        "nn::TransformerDecoder with one layer is this",
    ),
];

/// Layers that are enums of other layers: each variant must be a check.
const ENUMS: [&str; 2] = ["nn::Activation", "nn::Normalization"];

/// The Rust files in a folder and those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the sources of burn-nn") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The public types of a source file that derive `Module`, without those of its tests.
fn modules(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut derives = false;
    for line in source.lines().take_while(|line| *line != "mod tests {") {
        let is_type = |word| {
            line.strip_prefix("pub ")
                .and_then(|rest| rest.strip_prefix(word))
        };
        if let Some(rest) = is_type("struct ").or_else(|| is_type("enum ")) {
            let end = rest.find(|c: char| !c.is_alphanumeric());
            if derives {
                found.push(rest[..end.unwrap_or(rest.len())].to_owned());
            }
            derives = false;
        } else if let Some(rest) = line.strip_prefix("#[derive(") {
            let names = rest.trim_end_matches(")]").split(',');
            derives |= names.map(str::trim).any(|name| name == "Module");
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            derives = false;
        }
    }
    found
}

/// All layers and losses of burn-nn, named as in the table.
fn layers_and_losses() -> BTreeSet<String> {
    let folder = Package::find("burn-nn").sources();
    let of_file = |path: PathBuf| {
        let is_loss = path.starts_with(folder.join("loss"));
        let prefix = if is_loss { "loss" } else { "nn" };
        let source = fs::read_to_string(path).expect("a source of burn-nn");
        let named = move |name| format!("{prefix}::{name}");
        modules(&source).into_iter().map(named)
    };
    files(&folder).into_iter().flat_map(of_file).collect()
}

/// The module that an operation of the table checks: its name up to a comma.
fn subject(operation: &Operation) -> &str {
    let end = operation.name.find(',');
    &operation.name[..end.unwrap_or(operation.name.len())]
}

#[test]
fn every_layer_and_loss_is_checked_or_excluded() {
    let all = layers_and_losses();
    assert!(all.len() > 80, "only {} found", all.len());
    let operations = operations();
    // Types only: `burn::tensor::loss` has functions.
    let of_nn = |name: &&str| {
        let name = name.strip_prefix("nn::").or(name.strip_prefix("loss::"));
        name.is_some_and(|name| name.starts_with(char::is_uppercase))
    };
    let checked: BTreeSet<String> = operations
        .iter()
        .map(subject)
        .filter(of_nn)
        .map(str::to_owned)
        .collect();
    let excluded: BTreeSet<String> = EXCLUDED
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();

    let listed: BTreeSet<String> = checked.union(&excluded).cloned().collect();
    let missing: Vec<_> = all.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "neither checked nor excluded: {missing:?}"
    );
    let unknown: Vec<_> = listed.difference(&all).collect();
    assert!(unknown.is_empty(), "not in burn-nn: {unknown:?}");
    let both: Vec<_> = checked.intersection(&excluded).collect();
    assert!(both.is_empty(), "checked, so not to be excluded: {both:?}");
}

/// The variants of a public enum, as rustfmt indents them.
fn variants(source: &str, name: &str) -> Vec<String> {
    let head = format!("pub enum {name} {{");
    let inside = source.lines().skip_while(|line| *line != head).skip(1);
    let inside = inside.take_while(|line| *line != "}");
    let variant = |line: &str| {
        let line = line.strip_prefix("    ")?;
        let end = line.find(|c: char| !c.is_alphanumeric())?;
        let is_variant = line.starts_with(char::is_uppercase);
        is_variant.then(|| line[..end].to_owned())
    };
    inside.filter_map(variant).collect()
}

#[test]
fn every_variant_of_an_enum_of_layers_is_checked() {
    let all: String = files(&Package::find("burn-nn").sources())
        .into_iter()
        .map(|path| fs::read_to_string(path).expect("a source of burn-nn"))
        .collect();
    let operations = operations();
    for name in ENUMS {
        let mut found = operations.iter();
        let found = found.find(|operation| operation.name == name);
        let operation = found.expect("the table has the enum");
        let variants = variants(&all, name.trim_start_matches("nn::"));
        assert!(variants.len() > 5, "{name}: only {variants:?} found");
        for variant in variants {
            let mut checks = operation.checks.iter();
            let is_there = checks.any(|check| check.name == variant);
            assert!(is_there, "{name}::{variant} has no check");
        }
    }
}

#[test]
fn a_module_is_a_public_type_that_derives_it() {
    let source = "#[derive(Module, Debug)]\n#[module(custom_display)]\n/// A layer.\npub struct One {\n    a: B,\n}\n\
                  #[derive(Debug)]\npub struct Not;\n#[derive(Module)]\nstruct Private;\n#[derive(Clone, Module)]\npub enum Two {\n}\n\
                  #[derive(ModuleDisplay)]\npub struct Neither;\nmod tests {\n#[derive(Module)]\npub struct OfTests;\n";
    assert_eq!(modules(source), ["One", "Two"]);
}
