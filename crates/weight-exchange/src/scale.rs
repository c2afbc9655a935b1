//! The scale of a net's inputs, and how it becomes part of the first layer.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::ExchangeError;

/// Key of the mean in a file's metadata.
const MEAN: &str = "input_mean";

/// Key of the standard deviation in a file's metadata.
const STD: &str = "input_std";

/// The inputs that a net was trained on: `(x - mean) / std` of a pixel `x` from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputScale {
    mean: f64,
    std: f64,
}

impl InputScale {
    /// Pixels from 0 to 1 as they are: the scale of all nets of this workspace.
    pub const UNIT: Self = Self {
        mean: 0.0,
        std: 1.0,
    };

    /// The scales that programs commonly train on, each with its description.
    pub const USUAL: [(&str, Self); 4] = [
        ("pixels from 0 to 1", Self::UNIT),
        (
            "normalised as in PyTorch's MNIST example",
            Self {
                mean: 0.1307,
                std: 0.3081,
            },
        ),
        (
            "pixels from -1 to 1",
            Self {
                mean: 0.5,
                std: 0.5,
            },
        ),
        (
            "pixels from 0 to 255",
            Self {
                mean: 0.0,
                std: 1.0 / 255.0,
            },
        ),
    ];

    /// A scale.
    ///
    /// # Errors
    ///
    /// If a number is not finite, or the deviation is not greater than 0.
    pub fn new(mean: f64, std: f64) -> Result<Self, ExchangeError> {
        if mean.is_finite() && std.is_finite() && std > 0.0 {
            Ok(Self { mean, std })
        } else {
            Err(ExchangeError::InputScale { mean, std })
        }
    }

    /// What is subtracted from a pixel from 0 to 1.
    pub fn mean(self) -> f64 {
        self.mean
    }

    /// What the difference is divided by.
    pub fn std(self) -> f64 {
        self.std
    }

    /// Factor and offset that turn a pixel into an input: `factor · x + offset`.
    pub(crate) fn line(self) -> (f64, f64) {
        (1.0 / self.std, -self.mean / self.std)
    }

    /// What a file's metadata say about the scale, if they do.
    pub(crate) fn of_metadata(
        metadata: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, ExchangeError> {
        let number = |key: &str| {
            let text = metadata.get(key);
            let number = text.map(|text| {
                let number = text.trim().parse::<f64>();
                number.map_err(|_| ExchangeError::Metadata {
                    key: key.to_owned(),
                    got: text.clone(),
                    expected: "a number".to_owned(),
                })
            });
            number.transpose()
        };
        match (number(MEAN)?, number(STD)?) {
            (None, None) => Ok(None),
            (mean, std) => Self::new(mean.unwrap_or(0.0), std.unwrap_or(1.0)).map(Some),
        }
    }

    /// The entries of a file's metadata.
    pub(crate) fn to_metadata(self) -> [(&'static str, String); 2] {
        [(MEAN, self.mean.to_string()), (STD, self.std.to_string())]
    }
}

impl fmt::Display for InputScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::UNIT {
            f.write_str("pixels from 0 to 1")
        } else {
            write!(f, "mean {}, deviation {}", self.mean, self.std)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_that_is_none_is_refused() {
        for (mean, std) in [
            (0.0, 0.0),
            (0.0, -1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
        ] {
            let refused = InputScale::new(mean, std).unwrap_err().to_string();
            assert!(refused.contains("greater than 0"), "{refused}");
        }
    }
}
