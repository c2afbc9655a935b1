//! Words for a shell.

use std::path::Path;

/// A word, in quotes if a shell needs them.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,=".contains(c);
    if word.chars().all(plain) && !word.is_empty() {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The options that continue a run: `--resume` with its folder, and `others` that are not kept in the folder.
pub(crate) fn resume_options(folder: &Path, others: &[String]) -> String {
    let folder = quoted(&folder.display().to_string());
    let others = others.iter().map(|word| format!(" {}", quoted(word)));
    format!("--resume {folder}{}", others.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("runs/a-1"), "runs/a-1");
        assert_eq!(quoted("my runs/it's"), "'my runs/it'\\''s'");
    }
}
