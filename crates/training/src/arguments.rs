//! Values of a command line that several programs take.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use layers::Activation;

/// Reads an activation by its name; the help lists all names.
pub fn activation_argument() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name)).try_map(|name| name.parse())
}
