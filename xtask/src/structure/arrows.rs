//! The dependencies that cargo reports, compared with the table of packages.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::packages::{BACKENDS, BURN, PACKAGES, PROGRAMS, Package, WITH_BACKENDS};
use crate::program::cargo;

/// Dependencies that the table does not allow, and packages that it lacks.
///
/// # Errors
///
/// If cargo fails.
pub(super) fn breaches() -> Result<Vec<String>> {
    let metadata = cargo_output(&["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata = serde_json::from_str::<Value>(&metadata)?;
    let mut breaches = in_workspace(&metadata);
    for package in PACKAGES {
        breaches.extend(of_burn(package, &reached(package.name)?));
    }
    Ok(breaches)
}

/// Breaches that the manifests of the workspace show.
fn in_workspace(metadata: &Value) -> Vec<String> {
    let packages = list(&metadata["packages"]);
    let members: BTreeSet<String> = packages
        .iter()
        .map(|member| text(&member["name"]))
        .collect();
    let mut breaches = vec![];
    for member in packages {
        let name = text(&member["name"]);
        let Some(package) = PACKAGES.iter().find(|package| package.name == name) else {
            breaches.push(format!(
                "{name} is not in the table of packages; add it to PACKAGES in \
                 xtask/src/structure/packages.rs, after those that it may know"
            ));
            continue;
        };
        for dependency in list(&member["dependencies"]) {
            let on = text(&dependency["name"]);
            let is_normal = dependency["kind"].is_null();
            if members.contains(&on) && !may_know(package, &on, is_normal) {
                let in_tests = if is_normal { "" } else { " in its tests" };
                breaches.push(format!("{name} knows {on}{in_tests}: {}", package.remedy));
            }
        }
        if name != "backends" {
            let enabled = enabled_backends(&name, member);
            breaches.extend(enabled.iter().map(|enabled| brings(&name, enabled)));
        }
    }
    breaches
}

/// Backends that a package enables where it must not, as `burn/flex`.
fn enabled_backends(name: &str, member: &Value) -> Vec<String> {
    let mut enabled = vec![];
    for dependency in list(&member["dependencies"]) {
        let on = text(&dependency["name"]);
        let features = list(&dependency["features"]).iter();
        let features = features.map(|feature| format!("{on}/{}", text(feature)));
        enabled.extend(features.filter(|_| dependency["kind"].is_null()));
    }
    let may_pass_on = WITH_BACKENDS.iter().any(|(known, _)| *known == name);
    for (feature, enables) in member["features"].as_object().into_iter().flatten() {
        let is_passed_on =
            |enabled: &String| may_pass_on && enabled.ends_with(&format!("/{feature}"));
        let enables = list(enables).iter().map(text);
        enabled.extend(enables.filter(|enabled| !is_passed_on(enabled)));
    }
    enabled.retain(|enabled| is_backend(enabled));
    enabled
}

fn may_know(package: &Package, on: &str, is_normal: bool) -> bool {
    if is_normal {
        package.knows.split_whitespace().any(|known| known == on)
    } else {
        !PROGRAMS.contains(&on)
    }
}

/// Whether a feature brings a backend along: `burn/flex`.
fn is_backend(enabled: &str) -> bool {
    enabled
        .split_once('/')
        .is_some_and(|(dependency, feature)| {
            ["burn", "backends"].contains(&dependency) && BACKENDS.contains(&feature)
        })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn brings(name: &str, enabled: &str) -> String {
    let known: Vec<_> = WITH_BACKENDS
        .iter()
        .map(|(name, why)| format!("{name}, which {why}"))
        .collect();
    format!(
        "{name} enables {enabled}: only crates/backends does so, and under features of the same \
         name {}; depend on a backend in [dev-dependencies]",
        known.join("; ")
    )
}

/// The packages of Burn that a package reaches but must not.
fn of_burn(package: &Package, reached: &BTreeSet<String>) -> Vec<String> {
    let limits: BTreeMap<_, _> = BURN.iter().copied().collect();
    let beyond = reached
        .iter()
        .filter(|name| limits.get(name.as_str()) > Some(&package.burn));
    beyond
        .map(|name| format!("{} reaches {name}: {}", package.name, package.remedy))
        .collect()
}

/// Names of all packages that a package needs to be used.
fn reached(package: &str) -> Result<BTreeSet<String>> {
    let arguments = [
        "tree", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}",
    ];
    let tree = cargo_output(&arguments)?;
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}

fn cargo_output(arguments: &[&str]) -> Result<String> {
    let output = cargo()
        .args(arguments)
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`cargo {}` failed: {stderr}", arguments.join(" "));
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::super::packages::{Burn, package};
    use super::*;
    use serde_json::json;

    fn found(name: &str, dependencies: Value, features: Value) -> Vec<String> {
        let bare = |name: &str| json!({"name": name, "dependencies": [], "features": {}});
        let member = json!({"name": name, "dependencies": dependencies, "features": features});
        let mut packages: Vec<_> = ["trainer", "training", "layers"].map(bare).into();
        packages.retain(|package| package["name"] != name);
        packages.push(member);
        in_workspace(&json!({ "packages": packages }))
    }

    fn on(name: &str, kind: Option<&str>, features: &[&str]) -> Value {
        json!([{"name": name, "kind": kind, "features": features}])
    }

    #[test]
    fn an_arrow_against_the_table_is_found() {
        let breaches = found("mnist-mlp", on("training", None, &[]), json!({}));
        assert!(
            breaches[0].starts_with("mnist-mlp knows training: a net knows no"),
            "{breaches:?}"
        );
        assert!(found("mnist-mlp", on("layers", None, &[]), json!({})).is_empty());
        assert!(found("mnist-mlp", on("rand", None, &[]), json!({})).is_empty());
        assert!(found("mnist-mlp", on("training", Some("dev"), &[]), json!({})).is_empty());
        let breaches = found("mnist-mlp", on("trainer", Some("dev"), &[]), json!({}));
        assert!(
            breaches[0].starts_with("mnist-mlp knows trainer in its tests"),
            "{breaches:?}"
        );
        assert!(found("new", json!([]), json!({}))[0].starts_with("new is not in the table"));
    }

    #[test]
    fn a_backend_where_none_may_be_is_found() {
        let breaches = found("lessons", on("burn", None, &["std", "flex"]), json!({}));
        assert!(
            breaches[0].starts_with("lessons enables burn/flex"),
            "{breaches:?}"
        );
        assert!(found("lessons", on("burn", Some("dev"), &["flex"]), json!({})).is_empty());
        assert!(found("backends", on("burn", None, &["flex"]), json!({})).is_empty());
        let features = json!({"wgpu": ["burn/wgpu"]});
        assert_eq!(found("lessons", json!([]), features.clone()).len(), 1);
        assert!(found("burn-suite", json!([]), features).is_empty());
        assert_eq!(
            found("burn-suite", json!([]), json!({"default": ["burn/wgpu"]})).len(),
            1
        );
    }

    #[test]
    fn more_of_burn_than_allowed_is_found() {
        let reached = ["burn", "burn-autodiff", "serde"].map(str::to_owned).into();
        let found = |burn| of_burn(&package("a", burn, "", "do b"), &reached);
        assert_eq!(found(Burn::Nothing).len(), 2);
        assert_eq!(found(Burn::Tensors), ["a reaches burn-autodiff: do b"]);
        assert!(found(Burn::Autodiff).is_empty());
    }
}
