//! Parsers of the lessons' options.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use layers::Activation;

/// Limits on a training run: its results are kept for the figures, and a lesson must end.
const MOST_STEPS: usize = 1_000_000;
const MOST_EPOCHS: usize = 1000;

/// An activation by its name.
pub(crate) fn activation() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name)).try_map(|name| name.parse())
}

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
