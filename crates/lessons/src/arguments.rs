//! Parsers of the lessons' options.

pub(crate) use training::activation_argument as activation;

/// Limits on a training run: its results are kept for the figures, and a lesson must end.
const MOST_STEPS: usize = 1_000_000;
const MOST_EPOCHS: usize = 1000;

/// A number of training steps.
pub(crate) fn training_steps(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_STEPS)
}

/// A number of passes over a data set.
pub(crate) fn epochs(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_EPOCHS)
}

/// A whole number from `least` to `most`, both included.
pub(crate) fn between(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("expected a whole number from {least} to {most}"))
}
