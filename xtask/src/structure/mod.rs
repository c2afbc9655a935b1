//! The rules of ARCHITECTURE.md that a program can check: dependencies between packages, imports
//! between files, sizes, and forbidden code. Each breach is reported with its remedy.

mod arrows;
mod bans;
mod circles;
mod modules;
mod packages;
mod pins;
mod sizes;
mod source;
mod tokens;

use std::fs;

use anyhow::{Context, Result, bail};

use sizes::Totals;

/// Files besides those of Rust that pin a version of Burn.
const PINS: [&str; 5] = [
    "Cargo.toml",
    "tests/reuse/Cargo.toml",
    "README.md",
    "crates/mnist-mlp/README.md",
    "crates/xor-net/README.md",
];

/// Checks every rule.
///
/// # Errors
///
/// If a rule is broken; the breaches are printed before.
pub(crate) fn check() -> Result<()> {
    let sources = source::read_all()?;
    let mut breaches = arrows::breaches()?;
    breaches.extend(circles::breaches(&sources));
    breaches.extend(sizes::breaches(&sources));
    breaches.extend(bans::breaches(&sources));
    let mut pins = vec![];
    for file in PINS {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        pins.extend(pins::pinned(file, &text));
    }
    for source in &sources {
        pins.extend(pins::pinned(&source.path, &source.text));
    }
    breaches.extend(pins::other_pins(&pins));

    let totals = Totals::of(&sources);
    println!(
        "structure: {} lines of Rust in {} files; the largest package, {}, has {} ({:.1} %)",
        totals.lines,
        sources.len(),
        totals.largest,
        totals.largest_lines,
        totals.percent()
    );
    if breaches.is_empty() {
        return Ok(());
    }
    for breach in &breaches {
        println!("{breach}");
    }
    bail!("{} breaches of the structure, listed above", breaches.len())
}
