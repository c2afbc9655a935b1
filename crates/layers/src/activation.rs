//! The activation functions of the lecture, and the logistic function without overflow.

use std::fmt;
use std::str::FromStr;

use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// A pointwise activation function of the lecture (item L2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(a, 0)`, with derivative 0 at 0.
    Relu,
    /// `1 / (1 + e^-a)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `a` for `a > 0`, `e^a - 1` otherwise (α = 1), with derivative 1 at 0.
    Elu,
}

impl Activation {
    /// Every activation, in the order in which people see them listed.
    pub const ALL: [Self; 4] = [Self::Relu, Self::Sigmoid, Self::Tanh, Self::Elu];

    /// The name to choose an activation by: `relu`, `sigmoid`, `tanh` or `elu`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Elu => "elu",
        }
    }

    /// Applies the function to every element; the shape stays.
    ///
    /// # Formula
    ///
    /// ```text
    /// relu(a) = max(a, 0)        sigmoid(a) = 1 / (1 + e^-a), see [`sigmoid`]
    /// tanh(a)                    elu(a)     = max(a, 0) + e^min(a, 0) - 1
    /// ```
    ///
    /// ELU is written with `min(a, 0)` in the exponent because Burn's own `elu` lets `e^a`
    /// overflow in the branch that it does not select. Its gradient is then NaN for `a > 88.7` in
    /// f32.
    ///
    /// # Source
    ///
    /// Lecture item L2.
    pub fn forward<const D: usize>(self, a: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(a),
            Self::Sigmoid => sigmoid(a),
            Self::Tanh => activation::tanh(a),
            Self::Elu => activation::relu(a.clone()) + a.clamp_max(0.0).exp().sub_scalar(1.0),
        }
    }
}

/// The logistic function of every element; the shape stays.
///
/// # Formula
///
/// ```text
/// sigmoid(a) = 1 / (1 + e^-a) = e^min(a, 0) / (e^min(a, 0) + e^-max(a, 0))
/// ```
///
/// Neither exponent is positive, so nothing overflows. Burn's own `sigmoid` computes in f32 on
/// every backend but flex, whatever the tensor's type, and is off by 5e-8 in f64.
///
/// # Source
///
/// Lecture item L2.
pub fn sigmoid<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    let negative = a.clone().clamp_max(0.0).exp();
    let positive = activation::relu(a).neg().exp();
    negative.clone() / (negative + positive)
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Activation {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        Self::ALL
            .into_iter()
            .find(|activation| activation.name() == name)
            .ok_or_else(|| ConfigError::UnknownName {
                what: "activation",
                expected: Self::ALL.map(Self::name).join(", "),
                got: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn values(activation: Activation, inputs: &[f64]) -> Vec<f64> {
        let data = TensorData::new(inputs.to_vec(), [inputs.len()]);
        let inputs = Tensor::<1>::from_data(data, (&Device::flex(), DType::F64));
        activation
            .forward(inputs)
            .try_into_vec_as::<f64>()
            .expect("an f64 tensor reads back")
    }

    #[test]
    fn values_by_hand() {
        let expected = [
            (Activation::Relu, [0.0, 0.0, 2.0]),
            (
                Activation::Sigmoid,
                [1.0 / (1.0 + 1f64.exp()), 0.5, 1.0 / (1.0 + (-2f64).exp())],
            ),
            (Activation::Tanh, [(-1f64).tanh(), 0.0, 2f64.tanh()]),
            (Activation::Elu, [(-1f64).exp() - 1.0, 0.0, 2.0]),
        ];
        for (activation, expected) in expected {
            for (got, want) in values(activation, &[-1.0, 0.0, 2.0]).iter().zip(expected) {
                assert!((got - want).abs() <= 1e-15, "{activation}: {got} {want}");
            }
        }
    }

    #[test]
    fn finite_far_from_zero() {
        for activation in Activation::ALL {
            for value in values(activation, &[-1000.0, 1000.0]) {
                assert!(value.is_finite(), "{activation}: {value}");
            }
        }
    }

    #[test]
    fn names_parse_back_and_unknown_ones_say_what_exists() {
        for activation in Activation::ALL {
            assert_eq!(activation.name().parse(), Ok(activation));
        }
        let error = "gelu".parse::<Activation>().expect_err("gelu is not ours");
        assert_eq!(
            error.to_string(),
            "unknown activation 'gelu', expected one of relu, sigmoid, tanh, elu; \
             use one of these names"
        );
    }
}
