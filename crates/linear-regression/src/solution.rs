//! The minimum of the loss.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorCreationOptions, TensorData};
use layers::Dropout;

use crate::error::{Error, read_back};
use crate::model::LinearRegression;

/// The minimum of the loss over all rows; if there are several, the one with the smallest `‖W‖`.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// `W: [inputs, outputs]`, row by row.
    pub weight: Vec<f64>,
    /// `b: [outputs]`.
    pub bias: Vec<f64>,
    /// The ridge term γ.
    pub ridge: f64,
    /// The loss over all rows, ridge term included.
    pub loss: f64,
    /// Rows of the data.
    pub rows: usize,
    /// Number of independent directions in which the inputs vary: the rank of the centred inputs.
    pub rank: usize,
    /// Condition number: largest over smallest eigenvalue of the matrix that was inverted, ridge term
    /// included; at `γ = 0` over the smallest one that counts. 1 if the inputs do not vary at all.
    pub condition: f64,
}

impl Solution {
    /// The solution as a model on a device, or on a device with a float dtype.
    pub fn net(&self, options: impl Into<TensorCreationOptions>) -> LinearRegression {
        let options = options.into();
        let shape = [self.weight.len() / self.bias.len(), self.bias.len()];
        let weight = TensorData::new(self.weight.clone(), shape);
        let bias = TensorData::new(self.bias.clone(), [self.bias.len()]);
        LinearRegression {
            linear: Linear {
                weight: Param::from_tensor(Tensor::from_data(weight, options.clone())),
                bias: Some(Param::from_tensor(Tensor::from_data(bias, options))),
            },
            ridge: self.ridge,
            training_rows: Some(self.rows),
            dropout: Dropout::NONE,
        }
    }

    /// Distance of a model's weights from the solution's, relative to their norm:
    /// `‖W - W*‖ / ‖W*‖`. If `W*` is 0, the distance is 0 for `W = 0`, else infinite.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the weights cannot be read back.
    ///
    /// # Panics
    ///
    /// If the model has another number of weights.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use linear_regression::{LinearRegressionConfig, closed_form};
    ///
    /// let device = Device::flex();
    /// let x = Tensor::<2>::from_data([[0.0], [1.0], [2.0]], &device);
    /// let solution = closed_form(x.clone(), x, 0.0)?;
    /// assert_eq!(solution.distance(&solution.net(&device))?, 0.0);
    /// let zero = LinearRegressionConfig::new(1, 1).init(0, &device)?;
    /// assert_eq!(solution.distance(&zero)?, 1.0);
    /// # Ok::<(), linear_regression::Error>(())
    /// ```
    pub fn distance(&self, net: &LinearRegression) -> Result<f64, Error> {
        let weight = read_back(net.linear.weight.val())?;
        assert_eq!(
            weight.len(),
            self.weight.len(),
            "the model has another number of weights than the solution"
        );
        let norm = |values: &mut dyn Iterator<Item = f64>| {
            values.map(|value| value * value).sum::<f64>().sqrt()
        };
        let mut gaps = weight.iter().zip(&self.weight).map(|(w, exact)| w - exact);
        match norm(&mut gaps) {
            0.0 => Ok(0.0),
            gap => Ok(gap / norm(&mut self.weight.iter().copied())),
        }
    }
}
