//! The rules of a layer, element by element, and the layer as a whole.

mod activations;
mod example;
mod layer;
mod linear;

use anyhow::{Result, bail};
use clap::Args;
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::error::half_squared_error;
use manual_backprop::layer::{Forward, forward};
use manual_backprop::linear::affine;
use pages::numbers::number;
use pages::page::{Page, Section};
use pages::terms::factor;
use training::number::parse::finite;

use crate::about;
use crate::arguments::activation;
use crate::setup::{NotFinite, Setup, Teach};
use crate::tensors::{Comparison, read, scalar, tracked};
use activations::far_from_zero;
use example::{BATCH, D_IN, D_OUT, Example, at, drawn, pulled, side_by_side, verdict};

/// Options of `lesson layer-rules`.
#[derive(Debug, Args)]
pub struct Options {
    /// The inputs X, 4 examples of 3 numbers, row by row.
    #[arg(long, default_value = "0.5,-1,2,1.5,0.5,-0.5,-1,2,1,1,-1,0.5", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    x: Vec<f64>,

    /// The weights W from 3 inputs to 2 outputs, row by row.
    #[arg(long, default_value = "1,-0.5,0.5,2,-1.5,1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    w: Vec<f64>,

    /// The bias b, 2 numbers.
    #[arg(long, default_value = "0.5,-1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    b: Vec<f64>,

    /// Activation of the whole layer.
    #[arg(long, default_value = "sigmoid", value_parser = activation(), value_name = "NAME")]
    activation: Activation,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        for (option, got, rows, columns) in [
            ("--x", &self.x, BATCH, D_IN),
            ("--w", &self.w, D_IN, D_OUT),
            ("--b", &self.b, 1, D_OUT),
        ] {
            if got.len() != rows * columns {
                bail!(
                    "{option}: expected {} numbers, {rows} x {columns}, got {}; leave it out to use the \
                     lesson's own",
                    rows * columns,
                    got.len()
                );
            }
        }
        let example = Example::new([&self.x, &self.w, &self.b], setup);
        let Example { x, w, b, .. } = example.clone();
        let Forward { a, z } = forward(self.activation, x, w, b);
        let norms = [&a, &z].map(|matrix| read(matrix).norm());
        if !norms.iter().all(|norm| norm.is_finite()) {
            return Err(NotFinite(format!(
                "the layer's values are not finite in {} at these numbers; choose smaller ones",
                setup.dtype.name()
            ))
            .into());
        }
        Ok(about::LAYER_RULES
            .page()
            .with(example.introduction())
            .with(example.matrix_product())
            .with(example.why_random())
            .with(example.bias_to_rows())
            .with(example.bias_to_columns())
            .with(example.pointwise()?)
            .with(far_from_zero(setup))
            .with(example.half_squared_error(setup))
            .with(example.layer(self.activation, setup)?))
    }
}

impl Example {
    fn introduction(&self) -> Section {
        Section::new("What a rule is")
            .text(format!(
                "A net is a chain of simple steps with a loss L at its end. Each step has one rule: from \
                 δZ, the gradient of L with respect to the step's result, it computes the gradients \
                 with respect to the step's inputs. Nothing else about the net needs to be known. X \
                 holds {BATCH} examples, one in each row. Indices start at 1.",
            ))
            .formula("δz_kl = ∂L/∂z_kl        δx_ij = ∂L/∂x_ij = Σ_kl ∂z_kl/∂x_ij · δz_kl")
            .table(side_by_side([
                ("X", read(&self.x)),
                ("W", read(&self.w)),
                ("b", read(&self.b)),
                ("δZ", read(&self.grad_z)),
            ]))
            .text(
                "δZ is drawn at random from the seed. The loss L = Σ_kl δz_kl z_kl has exactly this \
                 gradient, so autodiff starts from the same δZ.",
            )
    }

    fn half_squared_error(&self, setup: &Setup) -> Section {
        let yp = affine::forward(self.x.clone(), self.w.clone(), self.b.clone());
        let y = drawn(setup, "y");
        let loss = half_squared_error::forward(yp.clone(), y.clone(), Reduction::Sum);
        let grad_yp = half_squared_error::backward(yp.clone(), y.clone(), Reduction::Sum);
        let leaf = tracked(&yp);
        let by_autodiff =
            half_squared_error::forward(leaf.clone(), y.clone().autodiff(), Reduction::Sum);
        let tape = by_autodiff.backward();
        let comparison = Comparison::new().row("δYp = Yp - Y", &grad_yp, &pulled(&leaf, &tape));
        let [host_yp, host_y, grad] = [&yp, &y, &grad_yp].map(read);
        Section::new("Half squared error: L = ½‖Yp - Y‖²")
            .text(format!(
                "Let Yp = X·W + b be the output, and let Y be random targets. Each element of Yp occurs \
                 in one term of the sum, and the ½ cancels the 2 of the square. Here L = {}.",
                number(scalar(&loss))
            ))
            .formula(format!(
                "L = ½ Σ_ik (yp_ik - y_ik)²     δyp_ik = yp_ik - y_ik\n\
                 δyp_11 = {} - {} = {}",
                number(at(&host_yp, 0, 0)),
                factor(at(&host_y, 0, 0)),
                number(at(&grad, 0, 0))
            ))
            .table(side_by_side([("Yp", host_yp), ("Y", host_y)]))
            .text(verdict(&comparison))
            .table(comparison.into_table())
    }
}
