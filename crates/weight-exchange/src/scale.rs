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
    /// If a number is not finite, or the deviation is not greater than 0; if one is beyond 1, which pixels
    /// from 0 to 1 cannot have: it was taken from pixels from 0 to 255.
    pub fn new(mean: f64, std: f64) -> Result<Self, ExchangeError> {
        let is_scale = mean.is_finite() && std.is_finite() && std > 0.0;
        if !is_scale {
            Err(ExchangeError::InputScale { mean, std })
        } else if mean.abs() > 1.0 || std > 1.0 {
            Err(ExchangeError::ScaleOfBytes { mean, std })
        } else {
            Ok(Self { mean, std })
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
            (mean, std) => {
                let (mean, std) = (mean.unwrap_or(0.0), std.unwrap_or(1.0));
                let scale = Self::new(mean, std).map_err(|_| ExchangeError::Metadata {
                    key: MEAN.to_owned(),
                    got: format!("{mean} with {STD} = {std}"),
                    expected:
                        "a mean from -1 to 1 and a deviation above 0 and up to 1, of pixels from 0 \
                               to 1"
                            .to_owned(),
                });
                scale.map(Some)
            }
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
    fn a_scale_of_pixels_from_0_to_255_is_refused_with_the_one_that_is_meant() {
        for (mean, std) in [(33.3, 78.6), (0.1307, 78.6), (33.3, 1.0), (-33.3, 0.5)] {
            let refused = InputScale::new(mean, std).unwrap_err().to_string();
            assert!(refused.contains("divide"), "{refused}");
        }
        let refused = InputScale::new(33.3, 78.6).unwrap_err().to_string();
        assert!(
            refused.contains("--input-mean 0.1306 --input-std 0.3082"),
            "{refused}"
        );
        for (_, scale) in InputScale::USUAL {
            assert_eq!(InputScale::new(scale.mean, scale.std).unwrap(), scale);
        }
    }

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
