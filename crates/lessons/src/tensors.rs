//! Tensors read back and shown, and gradients by hand next to autodiff's.

use anyhow::{Context, Result};
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, scalar as scalar_net};
use pages::formula::Formula;
use pages::numbers::{Array, number};
use pages::page::{Cell, Section, Table};
use xor_net::XorNet;

/// Reads a tensor back from its device.
pub(crate) fn read<const D: usize>(tensor: &Tensor<D>) -> Array {
    Array {
        dims: tensor.dims().to_vec(),
        values: tensor.to_data().iter::<f64>().collect(),
    }
}

/// The one number of a tensor.
pub(crate) fn scalar<const D: usize>(tensor: &Tensor<D>) -> f64 {
    read(tensor).values[0]
}

/// A tensor's value as a leaf of autodiff's tape.
pub(crate) fn tracked<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.clone().autodiff().require_grad()
}

/// Autodiff's gradients of the scalar net's parameters: of w1, b1, w2 and b2.
pub(crate) fn scalar_gradients(
    p: &scalar_net::Parameters,
    x: &Tensor<1>,
    y: &Tensor<1>,
) -> [Tensor<1>; 4] {
    let [w1, b1, w2, b2] = [&p.w1, &p.b1, &p.w2, &p.b2].map(tracked);
    let leaves = [&w1, &b1, &w2, &b2].map(Tensor::clone);
    let p = scalar_net::Parameters { w1, b1, w2, b2 };
    let forward = scalar_net::forward(&p, x.clone().autodiff(), y.clone().autodiff());
    let tape = forward.loss.backward();
    leaves.map(|leaf| leaf.grad(&tape).expect("every parameter is tracked"))
}

/// The parameters of a net with one hidden layer, as the formulas take them.
pub(crate) fn parameters(net: &XorNet) -> Result<Parameters> {
    Ok(Parameters {
        w1: net.hidden.weight.val(),
        b1: bias(&net.hidden)?,
        w2: net.output.weight.val(),
        b2: bias(&net.output)?,
    })
}

/// The parameters of each layer, as the formulas of the MNIST net take them.
pub(crate) fn layer_parameters(layers: &[Linear]) -> Result<Vec<LayerParameters>> {
    let parameters = layers.iter().map(|layer| {
        Ok(LayerParameters {
            w: layer.weight.val(),
            b: bias(layer)?,
        })
    });
    parameters.collect()
}

/// Gradients of a layer's weights and bias.
pub(crate) fn layer_gradients(
    layer: &Linear,
    gradients: &GradientsParams,
) -> Result<(Tensor<2>, Tensor<1>)> {
    let bias = layer.bias.as_ref().context("the layer has no bias")?;
    let missing = "every parameter has a gradient";
    let weight = gradients.get::<2>(layer.weight.id).context(missing)?;
    Ok((weight, gradients.get::<1>(bias.id).context(missing)?))
}

/// The bias of a layer.
pub(crate) fn bias(layer: &Linear) -> Result<Tensor<1>> {
    let bias = layer.bias.as_ref().context("the layer has no bias")?;
    Ok(bias.val())
}

/// One row for each step of a computation: its formula, and the value that it gave. A bias's
/// gradient is a matrix of one row; it is shown as a vector.
///
/// # Panics
///
/// If there are not as many formulas as values.
pub(crate) fn steps(what: &str, formulas: &[&str], values: &[(String, Tensor<2>)]) -> Table {
    assert_eq!(formulas.len(), values.len(), "each step has a formula");
    let mut table = Table::new(["step", "shape", what]);
    for (formula, (name, value)) in formulas.iter().zip(values) {
        let mut value = read(value);
        if name.starts_with("grad_b") {
            value.dims.remove(0);
        }
        let formula = Formula::new(*formula);
        table.push([Cell::from(formula), value.shape().into(), value.into()]);
    }
    table.without_empty_columns()
}

/// Gradients derived by hand next to autodiff's, a row each.
#[derive(Debug)]
pub(crate) struct Comparison {
    table: Table,
    largest: f64,
}

impl Comparison {
    /// A comparison without rows.
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(["gradient", "shape", "by hand", "autodiff", "difference"]),
            largest: 0.0,
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub(crate) fn row<const D: usize>(
        self,
        name: &str,
        by_hand: &Tensor<D>,
        autodiff: &Tensor<D>,
    ) -> Self {
        self.array_row(name, &read(by_hand), &read(autodiff))
    }

    /// Adds a row of arrays.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub(crate) fn array_row(mut self, name: &str, by_hand: &Array, autodiff: &Array) -> Self {
        let difference = by_hand.largest_difference(autodiff);
        self.largest = self.largest.max(difference);
        self.table.push([
            Cell::from(Formula::new(name)),
            by_hand.shape().into(),
            by_hand.clone().into(),
            autodiff.clone().into(),
            number(difference).into(),
        ]);
        self
    }

    /// The largest difference of any element.
    pub(crate) fn largest(&self) -> f64 {
        self.largest
    }

    /// Adds the comparison to a section: what is compared, the largest difference, the table.
    pub(crate) fn shown_in(self, section: Section, compared: &str) -> Section {
        let largest = number(self.largest);
        let text = format!("{compared} Largest difference: {largest}.");
        section.text(text).table(self.into_table())
    }

    /// The table.
    pub(crate) fn into_table(self) -> Table {
        self.table.without_empty_columns()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gradient_has_the_shape_of_its_variable() {
        let row = || Tensor::<2>::ones([1, 3], &burn::tensor::Device::flex());
        let values = ["grad_w1", "grad_b1"].map(|name| (name.to_owned(), row()));
        let table = steps("gradient", &["δW1", "δb1"], &values);
        let rows = serde_json::to_value(&table).unwrap();
        assert_eq!(rows["rows"][0][1], "[1, 3]");
        assert_eq!(rows["rows"][1][1], "[3]");
    }
}
