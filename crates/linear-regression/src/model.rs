//! The model: one affine map, and its loss.

use burn::config::Config;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Int, Tensor, TensorCreationOptions};
use layers::{ConfigError, Dropout, Initializer, half_squared_error};

use crate::error::Error;

/// Sizes and ridge term of a [`LinearRegression`].
#[derive(Config, Debug)]
pub struct LinearRegressionConfig {
    /// Number of inputs: pixels of an image, 784 for MNIST.
    pub inputs: usize,
    /// Number of outputs: classes, 10 for MNIST.
    pub outputs: usize,
    /// The ridge term γ, 0 or more.
    #[config(default = "0.0")]
    pub ridge: f64,
    /// Rows of the whole training set, if [`LinearRegression::loss`] gets batches of it; `None` if it
    /// always gets all rows.
    pub training_rows: Option<usize>,
    /// Initial weights. The loss is convex, so zeros are as good as any others.
    #[config(default = "Initializer::Zeros")]
    pub initializer: Initializer,
}

impl LinearRegressionConfig {
    /// Builds the model on a device, or on a device with a float dtype: `init(0, &device)` or
    /// `init(0, (&device, DType::F64))`. The seed matters only to a random initializer.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a size is zero or the layer too large, [`Error::Ridge`] if the ridge
    /// term is negative or not finite, [`Error::NoRows`] if `training_rows` is 0.
    pub fn init(
        &self,
        seed: u64,
        options: impl Into<TensorCreationOptions>,
    ) -> Result<LinearRegression, Error> {
        let (d_in, d_out) = (self.inputs, self.outputs);
        ConfigError::check_size("the input", d_in)?;
        ConfigError::check_size("the output", d_out)?;
        ConfigError::check_weights(&[d_in, d_out])?;
        Error::check_ridge(self.ridge)?;
        if self.training_rows == Some(0) {
            return Err(Error::NoRows);
        }
        Ok(LinearRegression {
            linear: layers::dense(d_in, d_out, self.initializer, seed, "linear", options),
            ridge: self.ridge,
            training_rows: self.training_rows,
            dropout: Dropout::NONE,
        })
    }
}

/// One affine map, fitted to real-valued targets.
#[derive(Module, Debug)]
pub struct LinearRegression {
    /// `W: [inputs, outputs]` and `b: [outputs]`.
    pub linear: Linear,
    /// The ridge term γ of the loss over all training rows.
    #[module(skip)]
    pub ridge: f64,
    /// Rows of the whole training set; `None` if the loss always gets all of them.
    #[module(skip)]
    pub training_rows: Option<usize>,
    /// The mask of the inputs in the loss: that of one training step. With one, the loss is no longer the one
    /// whose minimum [`NormalEquations`](crate::NormalEquations) solves for.
    #[module(skip)]
    pub dropout: Dropout,
}

impl LinearRegression {
    /// The model with the mask of a training step in its loss.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout, ..self }
    }

    /// The outputs, one row per example.
    ///
    /// # Formula
    ///
    /// ```text
    /// yp = x·W + 1bᵀ
    /// ```
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]` gives `yp: [n, outputs]`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `inputs` columns.
    ///
    /// # Source
    ///
    /// Lecture item L12.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.linear.forward(x)
    }

    /// Half the squared error, summed over the rows, plus the rows' share of the ridge term, with the mask of
    /// `dropout` on `x`.
    ///
    /// # Formula
    ///
    /// ```text
    /// all N training rows:   J = ½‖X·W + 1bᵀ - Y‖² + γ/2 ‖W‖²
    /// n of them, a batch:    L = ½‖x·W + 1bᵀ - y‖² + γ/2 ‖W‖² n/N
    /// ```
    ///
    /// The bias is not penalised, so adding a constant to every target changes only `b`. A batch has
    /// `n/N` of the ridge term: then the losses of the batches of an epoch add up to `J`, each
    /// gradient is on average `n/N` of the gradient of `J`, and both have the same minimum. `N` is [`training_rows`](Self::training_rows); without it, `n = N`.
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]`, `y: [n, outputs]`; the loss is a tensor of one element.
    ///
    /// # Panics
    ///
    /// If the shapes of `x` or `y` do not fit the model or each other.
    ///
    /// # Source
    ///
    /// Lecture item L12.
    pub fn loss(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        let ridge = self.batch_ridge(x.dims()[0]);
        let error = half_squared_error(self.forward(self.dropout.apply(0, x)), y);
        if ridge == 0.0 {
            return error;
        }
        let w = self.linear.weight.val();
        error + (w.clone() * w).sum().mul_scalar(0.5 * ridge)
    }

    /// The ridge term in the loss of this many rows: `γ·rows/N`, or γ if the size `N` of the training
    /// set is not given.
    pub fn batch_ridge(&self, rows: usize) -> f64 {
        match self.training_rows {
            Some(all) => self.ridge * rows as f64 / all as f64,
            None => self.ridge,
        }
    }

    /// The predicted class of each row, if outputs stand for classes: the largest output.
    ///
    /// # Shapes
    ///
    /// `x: [n, inputs]` gives `[n]`.
    ///
    /// # Panics
    ///
    /// If `x` does not have `inputs` columns.
    pub fn predict(&self, x: Tensor<2>) -> Tensor<1, Int> {
        self.forward(x).argmax(1).squeeze_dim(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::tensor::{DType, Device, TensorData};

    fn matrix(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), shape);
        Tensor::from_data(data, (&Device::flex(), DType::F64))
    }

    /// Two inputs, two outputs, with weights 1, 2, 3, 4 and biases 10, 20.
    fn known(ridge: f64, training_rows: Option<usize>) -> LinearRegression {
        let mut net = LinearRegressionConfig::new(2, 2)
            .with_ridge(ridge)
            .with_training_rows(training_rows)
            .init(0, (&Device::flex(), DType::F64))
            .expect("a legal configuration");
        net.linear.weight = Param::from_tensor(matrix(&[1.0, 2.0, 3.0, 4.0], [2, 2]));
        let bias = matrix(&[10.0, 20.0], [1, 2]).squeeze_dim(0);
        net.linear.bias = Some(Param::from_tensor(bias));
        net
    }

    fn loss(net: &LinearRegression, x: &Tensor<2>, y: &Tensor<2>) -> f64 {
        net.loss(x.clone(), y.clone()).into_scalar::<f64>()
    }

    #[test]
    fn outputs_and_loss_by_hand() {
        let x = matrix(&[1.0, -1.0, 0.0, 2.0], [2, 2]);
        let y = matrix(&[8.0, 18.0, 15.0, 30.0], [2, 2]);
        let yp = known(0.0, None).forward(x.clone());
        let yp = yp.try_into_vec_as::<f64>().expect("f64");
        assert_eq!(yp, [8.0, 18.0, 16.0, 28.0]);
        assert_eq!(loss(&known(0.0, None), &x, &y), (1.0 + 4.0) / 2.0);
        let ridge = 0.5 / 2.0 * (1.0 + 4.0 + 9.0 + 16.0);
        assert_eq!(loss(&known(0.5, None), &x, &y), 2.5 + ridge);
    }

    #[test]
    fn losses_of_the_batches_add_up_to_the_whole() {
        let x = matrix(
            &[1.0, -1.0, 0.0, 2.0, 0.5, 0.25, -3.0, 1.0, 1.0, 1.0],
            [5, 2],
        );
        let y = x.clone() * 2.0 - 1.0;
        let whole = loss(&known(3.0, None), &x, &y);
        let net = known(3.0, Some(5));
        assert_eq!(loss(&net, &x, &y), whole);
        let parts = [(0, 2), (2, 2), (4, 1)].map(|(start, length)| {
            let part = |tensor: &Tensor<2>| tensor.clone().narrow(0, start, length);
            loss(&net, &part(&x), &part(&y))
        });
        let sum = parts.iter().sum::<f64>();
        assert!((sum - whole).abs() < 1e-12 * whole, "{sum} {whole}");
    }

    #[test]
    fn the_largest_output_is_the_class() {
        let x = matrix(&[0.0, 0.0, 0.0, -100.0], [2, 2]);
        let mut net = known(0.0, None);
        let classes = |net: &LinearRegression| {
            let classes = net.predict(x.clone());
            classes.try_into_vec_as::<i64>().expect("classes")
        };
        assert_eq!(classes(&net), [1, 0]);
        net.linear.bias = None;
        assert_eq!(classes(&net)[1], 0);
    }

    #[test]
    fn initial_weights_are_zero_unless_chosen_otherwise() {
        let config = LinearRegressionConfig::new(3, 2);
        let weights = |config: &LinearRegressionConfig| {
            let net = config
                .init(1, &Device::flex())
                .expect("a legal configuration");
            net.linear
                .weight
                .val()
                .try_into_vec_as::<f32>()
                .expect("f32")
        };
        assert_eq!(weights(&config), [0.0; 6]);
        let drawn = weights(&config.with_initializer(Initializer::GlorotUniform));
        assert!(drawn.iter().all(|&w| w != 0.0), "{drawn:?}");
    }

    #[test]
    fn configurations_without_a_model_are_refused() {
        let refusal = |config: LinearRegressionConfig| {
            let error = config.init(0, &Device::flex()).expect_err("not legal");
            error.to_string()
        };
        assert_eq!(
            refusal(LinearRegressionConfig::new(0, 2)),
            "the input has size 0, expected at least 1; give every layer one unit or more"
        );
        assert!(refusal(LinearRegressionConfig::new(1 << 20, 1 << 20)).contains("use fewer units"));
        let config = LinearRegressionConfig::new(3, 2);
        assert_eq!(
            refusal(config.clone().with_ridge(-1.0)),
            "the ridge term is -1, expected a finite number, 0 or more; use 0 for none"
        );
        assert!(refusal(config.clone().with_ridge(f64::NAN)).contains("is NaN"));
        assert_eq!(
            refusal(config.with_training_rows(Some(0))),
            "there are 0 rows, expected at least 1; add rows first"
        );
    }
}
