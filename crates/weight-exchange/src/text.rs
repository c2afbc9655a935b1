//! Text from files, as people see it.

/// The text with a replacement character for each control character: names from a file are shown in
/// errors, which have one line, and on terminals.
pub(crate) fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
