//! What `predict` shows: an answer, or why there is none.

use serde::Serialize;

use crate::console::Shown;

/// A number that may not be finite.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Number(#[serde(with = "training::number::json")] pub(super) f64);

/// The prediction for an image, as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Prediction {
    pub(super) event: &'static str,
    pub(super) image: String,
    /// Which figure of the image, from 1, and of how many, with `--split`.
    pub(super) figure: Option<[usize; 2]>,
    /// The class, or "unsure".
    pub(super) class: String,
    /// Why the answer is doubtful, or none.
    pub(super) doubt: Option<String>,
    /// The class that the image's folder is named after, if it is.
    pub(super) truth: Option<String>,
    /// The class's probability according to the net; none for a net whose outputs are not probabilities.
    pub(super) probability: Option<Number>,
    /// The second choice; none for a net of one class.
    pub(super) runner_up: Option<String>,
    pub(super) runner_up_probability: Option<Number>,
    /// For each class: its probability, or the output for it.
    pub(super) scores: Vec<Number>,
    /// Rows of grey levels, if `--show` is given.
    pub(super) pixels: Option<Vec<Vec<u8>>>,
    /// The line of the table.
    #[serde(skip)]
    pub(super) row: String,
}

impl Shown for Prediction {
    fn to_text(&self) -> String {
        self.row.clone()
    }
}

/// An image that could not be read, as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Failed {
    pub(super) event: &'static str,
    pub(super) image: String,
    pub(super) reason: String,
}

/// The text with its control characters escaped; a file's name may have some.
pub(super) fn one_line(text: &str) -> String {
    let written_out = |c: char| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    };
    text.chars().map(written_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_the_line_or_reach_the_terminal() {
        assert_eq!(one_line("ä\n\x1b[2J.png"), "ä\\n\\u{1b}[2J.png");
    }

    #[test]
    fn numbers_that_are_not_finite_have_a_name() {
        let numbers = [Number(f64::NAN), Number(0.5)];
        assert_eq!(serde_json::to_string(&numbers).unwrap(), r#"["nan",0.5]"#);
    }
}
