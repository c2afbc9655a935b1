//! The files of the package that are not the student's: their digests, so that a change is noticed.

use crate::catalog::exercises;

/// A file of the package, and the digest of its text.
pub(crate) const FILES: &[(&str, u64)] = &[
    ("src/answer.rs", 0x44d4_78dc_895f_b888),
    ("src/lib.rs", 0x1d12_92a9_74ac_2040),
    ("src/matrix.rs", 0x8dbe_7f60_0236_33f6),
    ("src/objective.rs", 0x2061_2f0f_3b40_0076),
    ("src/operators.rs", 0x82ad_e970_5b53_d30e),
    ("src/value.rs", 0x8a0d_16d9_48c3_483d),
];

/// The manifest within the workspace.
pub(crate) const MANIFEST: u64 = 0x1d68_db98_4366_37a0;

/// The manifest of a package outside of this workspace.
pub(crate) fn manifest() -> String {
    let head = "[package]\nname = \"exercises\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
                [workspace]\n\n\
                [lints.rust]\nunsafe_code = \"forbid\"\n\
                # A blank never returns, and leaves what it is given unused.\ndead_code = \"allow\"\n\
                unreachable_code = \"allow\"\nunused_mut = \"allow\"\nunused_variables = \"allow\"\n\n\
                [lints.clippy]\n\
                # As above: a value that is missing, a loop that ends at its first blank.\n\
                diverging_sub_expression = \"allow\"\nnever_loop = \"allow\"\n\
                # A net of three layers has eight.\ntoo_many_arguments = \"allow\"\n\n\
                [lib]\nname = \"exercises\"\n";
    let bins = exercises().iter().map(|exercise| {
        let (name, file) = (exercise.name, exercise.file);
        format!("\n[[bin]]\nname = \"{name}\"\npath = \"tasks/{file}\"\ntest = false\n")
    });
    head.to_owned() + &bins.collect::<String>()
}

/// FNV-1a of a text, whatever its line ends are.
pub(crate) fn digest(text: &str) -> u64 {
    let bytes = text.bytes().filter(|byte| *byte != b'\r');
    bytes.fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_lints_outside_of_the_workspace_are_those_within() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
        let within =
            std::fs::read_to_string(package.join("Cargo.toml")).expect("the file is there");
        let lints = |manifest: &str| {
            let start = manifest.find("[lints.rust]").expect("there are lints");
            let end = manifest.find("[lib]").expect("there is a library");
            manifest[start..end].replace('\r', "")
        };
        assert_eq!(lints(&manifest()), lints(&within));
    }

    #[test]
    fn the_digests_are_those_of_the_files() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
        let manifest = [("Cargo.toml", MANIFEST)];
        let stale: Vec<String> = FILES
            .iter()
            .chain(&manifest)
            .filter_map(|(name, known)| {
                let text = std::fs::read_to_string(package.join(name)).expect("the file is there");
                let digest = digest(&text);
                (digest != *known).then(|| format!("{name}: {digest:#018x}"))
            })
            .collect();
        assert!(stale.is_empty(), "write these into support.rs: {stale:#?}");
    }
}
