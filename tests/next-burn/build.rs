//! Copies burn-suite's reproductions, without the lines that `NEXT_BURN_WITHOUT` names: `graph.rs:12-20,main.rs:3-9`.
//! Lines that are left out stay as empty ones, so that the compiler's messages fit the originals.

use std::path::Path;
use std::{env, fs};

const ORIGINALS: &str = "../../crates/burn-suite/tests/upstream";

fn main() {
    println!("cargo::rerun-if-env-changed=NEXT_BURN_WITHOUT");
    println!("cargo::rerun-if-changed={ORIGINALS}");
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"ndarray\", \"wgpu\"))");
    let without = env::var("NEXT_BURN_WITHOUT").unwrap_or_default();
    let out = env::var("OUT_DIR").expect("cargo sets it");
    for file in fs::read_dir(ORIGINALS).expect("the reproductions are there") {
        let path = file.expect("the folder can be read").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name in UTF-8");
        let text = fs::read_to_string(&path).expect("a reproduction can be read");
        let ranges: Vec<_> = without
            .split(',')
            .filter_map(|cut| lines(cut, name))
            .collect();
        let is_cut = |line| {
            ranges
                .iter()
                .any(|&(first, last)| (first..=last).contains(&line))
        };
        let kept = text.lines().enumerate().map(|(number, line)| {
            // A file that is included has no text about itself.
            let kept = if is_cut(number + 1) {
                String::new()
            } else {
                line.replacen("//!", "//", 1)
            };
            kept + "\n"
        });
        fs::write(Path::new(&out).join(name), kept.collect::<String>())
            .expect("a copy can be written");
    }
}

/// The first and the last line of a cut in this file.
fn lines(cut: &str, file: &str) -> Option<(usize, usize)> {
    let (first, last) = cut.strip_prefix(file)?.strip_prefix(':')?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}
