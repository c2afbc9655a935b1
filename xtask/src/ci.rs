//! Everything that must pass before a change lands, in one order, with one set of features.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::program::{artifacts, cargo};
use crate::structure;
use crate::trace;

/// With this variable set, tests that need a graphics adapter fail without one instead of passing
/// over it.
const REQUIRE_WGPU: &str = "REQUIRE_WGPU";

/// Fewest tests with `wgpu` in their name that must have run.
const WGPU_TESTS: usize = 4;

/// Runs every gate, stopping at the first that fails.
///
/// # Errors
///
/// If a gate fails.
pub(crate) fn run() -> Result<()> {
    gate("formatting", || shell(&["fmt", "--all", "--check"], &[]))?;
    gate("structure", structure::check)?;
    gate("build", || {
        artifacts(&["build", "--package", "trainer"]).map(drop)
    })?;
    gate("Burn is built once", built_once)?;
    gate("tests", tests)?;
    gate("verify-grads", || {
        let arguments = ["run", "--package", "trainer", "--bin", "verify-grads", "--"];
        shell(&[&arguments[..], &["--mutate"]].concat(), &[])
    })?;
    gate("gradients of Burn", || {
        let arguments = ["run", "--package", "trainer", "--bin", "verify-grads", "--"];
        shell(&[&arguments[..], &["--suite", "burn"]].concat(), &[])
    })?;
    gate("what the suite covers", || match trace::can_run() {
        true => trace::run(),
        false => {
            println!("not run: gdb is not there, or may not watch a program");
            Ok(())
        }
    })?;
    gate("clippy", || {
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        shell(&arguments, &[])
    })?;
    gate("documentation", || {
        shell(
            &["doc", "--workspace", "--no-deps"],
            &[("RUSTDOCFLAGS", "-D warnings")],
        )
    })?;
    gate("reuse from another project", || {
        shell(&["run", "--manifest-path", "tests/reuse/Cargo.toml"], &[])
    })?;
    println!("all gates passed");
    Ok(())
}

fn gate(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("== {name}");
    let started = Instant::now();
    run().with_context(|| format!("gate '{name}'"))?;
    println!(
        "== {name}: passed in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn shell(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let status = cargo()
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("`cargo {}` failed", arguments.join(" "));
    }
    Ok(())
}

/// After `cargo build -p trainer`, neither the tests nor verify-grads compile Burn again.
fn built_once() -> Result<()> {
    for arguments in [
        &["build", "--package", "trainer", "--bin", "verify-grads"][..],
        &["test", "--workspace", "--no-run"],
    ] {
        let rebuilt = artifacts(arguments)?
            .into_iter()
            .filter(|artifact| !artifact.fresh && is_burn(&artifact.target))
            .map(|artifact| artifact.target)
            .collect::<Vec<_>>();
        if !rebuilt.is_empty() {
            bail!(
                "`cargo {}` compiled {} again; ask for Burn's features in \
                 crates/backends/Cargo.toml only, and let no dependency of the tests ask for \
                 features of Burn's own dependencies",
                arguments.join(" "),
                rebuilt.join(", ")
            );
        }
        println!(
            "`cargo {}` compiled no part of Burn again",
            arguments.join(" ")
        );
    }
    Ok(())
}

/// Whether a library belongs to Burn, CubeCL or wgpu and not to this workspace.
fn is_burn(library: &str) -> bool {
    let ours = [
        "burn_gradcheck",
        "burn-gradcheck",
        "burn_suite",
        "burn-suite",
    ];
    let theirs = ["burn", "cube", "wgpu", "naga"];
    theirs.iter().any(|prefix| library.starts_with(prefix)) && !ours.contains(&library)
}

/// The README's test command, counting the tests that ran on the graphics adapter.
fn tests() -> Result<()> {
    let mut command: Command = cargo();
    let mut child = command
        .args(["test", "--workspace"])
        .env(REQUIRE_WGPU, "1")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo's output is piped")?;
    let mut on_wgpu = 0;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        if line.starts_with("test ") && line.contains("wgpu") && line.ends_with("... ok") {
            on_wgpu += 1;
        }
    }
    if !child.wait()?.success() {
        bail!("`cargo test --workspace` failed");
    }
    println!("tests that ran on wgpu: {on_wgpu}");
    if on_wgpu < WGPU_TESTS {
        bail!("expected {WGPU_TESTS} tests on wgpu or more, got {on_wgpu}; none may be skipped");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_is_told_from_what_is_ours() {
        for library in ["burn", "burn_ndarray", "cubecl_wgpu", "wgpu_core", "naga"] {
            assert!(is_burn(library), "{library}");
        }
        for library in ["burn_gradcheck", "trainer", "backends", "mnist_mlp"] {
            assert!(!is_burn(library), "{library}");
        }
    }
}
