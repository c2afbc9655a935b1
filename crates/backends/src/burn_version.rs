//! The version of Burn, read from the workspace's manifest while compiling.

/// The version of Burn that this workspace is built with, such as `0.22.1`.
pub const BURN_VERSION: &str = pinned(include_str!("../../../Cargo.toml"));

/// The version in a manifest's line `burn = { version = "=0.22.1", … }`.
const fn pinned(manifest: &'static str) -> &'static str {
    const BEFORE: &[u8] = b"\nburn = { version = \"=";
    let text = manifest.as_bytes();
    let (mut start, mut matched) = (0, 0);
    while matched < BEFORE.len() {
        assert!(
            start < text.len(),
            "Cargo.toml must pin burn on a line of its own"
        );
        matched = if text[start] == BEFORE[matched] {
            matched + 1
        } else if text[start] == BEFORE[0] {
            1
        } else {
            0
        };
        start += 1;
    }
    let mut end = start;
    while text[end] != b'"' {
        end += 1;
    }
    manifest.split_at(start).1.split_at(end - start).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_pinned_one() {
        let manifest =
            "[x]\nburn-dataset = \"=2\"\nburn\nburn = { version = \"=1.2.3-pre.4\", a = 1 }\n";
        assert_eq!(pinned(manifest), "1.2.3-pre.4");
        assert!(include_str!("../../../Cargo.toml").contains(&format!("\"={BURN_VERSION}\"")));
    }
}
