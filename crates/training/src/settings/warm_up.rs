//! The length of a warm-up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How long the learning rate rises to its full value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum WarmUp {
    /// A number of epochs; it may be a fraction.
    Epochs(f64),
    /// A number of steps.
    Steps(usize),
}

impl FromStr for WarmUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps = text.strip_suffix("steps").map(|number| number.trim_end());
        let parsed = match steps {
            Some(number) => number.parse().ok().map(Self::Steps),
            None => text
                .parse()
                .ok()
                .filter(|&epochs: &f64| epochs.is_finite() && epochs >= 0.0)
                .map(Self::Epochs),
        };
        parsed.ok_or_else(|| {
            "expected epochs, for example 2 or 0.5, or steps, for example 300steps; 0 for no warm-up"
                .to_owned()
        })
    }
}

impl fmt::Display for WarmUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "{epochs}"),
            Self::Steps(steps) => write!(f, "{steps}steps"),
        }
    }
}

impl TryFrom<String> for WarmUp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<WarmUp> for String {
    fn from(warm_up: WarmUp) -> Self {
        warm_up.to_string()
    }
}

impl WarmUp {
    /// The warm-up, or none if it has no length.
    pub(crate) fn if_any(self) -> Option<Self> {
        let is_none = matches!(self, Self::Epochs(0.0) | Self::Steps(0));
        (!is_none).then_some(self)
    }

    pub(crate) fn steps(self, steps_per_epoch: usize) -> usize {
        match self {
            Self::Epochs(epochs) => (epochs * steps_per_epoch as f64).round().max(1.0) as usize,
            Self::Steps(steps) => steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_ups_are_read_and_written_in_the_same_words() {
        for text in ["2", "0.5", "300steps"] {
            assert_eq!(text.parse::<WarmUp>().expect("legal").to_string(), text);
        }
        for text in ["-1", "nan", "steps", "-1steps", "2.5steps", "inf", ""] {
            assert!(text.parse::<WarmUp>().is_err(), "{text}");
        }
        for (text, is_any) in [("0", false), ("0steps", false), ("0.1", true)] {
            let warm_up: WarmUp = text.parse().expect(text);
            assert_eq!(warm_up.if_any().is_some(), is_any, "{text}");
        }
    }
}
