//! The hidden layers of a net, as an option names them.

use std::str::FromStr;

use crate::number::parse::at_least_one;

/// Units of each hidden layer: numbers separated by commas, or `none` for no hidden layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenUnits(pub Vec<usize>);

impl FromStr for HiddenUnits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(vec![]));
        }
        let units = text.split(',').map(at_least_one).collect::<Result<_, _>>();
        units.map(Self).map_err(|_| {
            "expected whole numbers from 1, separated by commas, or none for softmax regression"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_layers_are_numbers_or_none() {
        let units = |text: &str| text.parse().map(|HiddenUnits(units)| units);
        assert_eq!(units("256,128"), Ok(vec![256, 128]));
        assert_eq!(units("7"), Ok(vec![7]));
        assert_eq!(units("none"), Ok(vec![]));
        for text in ["", "0", "3,", "3,0", "-3", "none,3", "None", "2.5"] {
            assert!(units(text).is_err(), "{text}");
        }
    }
}
