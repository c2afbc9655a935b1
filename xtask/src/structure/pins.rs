//! One version of Burn, wherever it is pinned.

/// A place where a version of Burn is pinned: `file:line`, and the version.
pub(super) type Pin = (String, String);

/// Lines of a manifest, or of one in a text, that pin Burn or its data sets.
pub(super) fn pinned(file: &str, text: &str) -> Vec<Pin> {
    let pin = |(number, line): (usize, &str)| {
        let (before, version) = line.split_once(" = { version = \"=")?;
        let name = before.rsplit(' ').next()?;
        let (version, _) = version.split_once('"')?;
        let is_burn = ["burn", "burn-dataset"].contains(&name.trim_start_matches('`'));
        is_burn.then(|| (format!("{file}:{}", number + 1), version.to_owned()))
    };
    text.lines().enumerate().filter_map(pin).collect()
}

/// Pins that differ from the first.
pub(super) fn other_pins(pins: &[Pin]) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_of_burn_is_pinned() {
        let manifest = "[x]\nburn = { version = \"=1.2.3\", default-features = false }\n";
        let readme = "//! burn = { version = \"=1.2.4\" }\nother = { version = \"=7\" }\n";
        let mut pins = pinned("a.toml", manifest);
        assert_eq!(pins, [("a.toml:2".to_owned(), "1.2.3".to_owned())]);
        assert!(other_pins(&pins).is_empty());
        pins.extend(pinned("b.md", readme));
        assert_eq!(
            other_pins(&pins),
            ["b.md:1: Burn 1.2.4, but 1.2.3 in a.toml:2; pin one version everywhere"]
        );
        assert_eq!(other_pins(&[]).len(), 1);
    }
}
