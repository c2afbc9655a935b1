//! The matrices of the lesson, and how they are shown.

use burn::tensor::{Gradients, Tensor};
use burn_gradcheck::Sample;
use pages::formula::Formula;
use pages::numbers::{Array, number};
use pages::page::{Cell, Table};
use pages::terms::Terms;

use crate::setup::Setup;
use crate::tensors::Comparison;

/// Examples, inputs and outputs of the layer: three different sizes, so that a lost transpose
/// cannot fit.
pub(super) const BATCH: usize = 4;
pub(super) const D_IN: usize = 3;
pub(super) const D_OUT: usize = 2;
/// Points of a curve.
pub(super) const SAMPLES: usize = 121;

/// The matrices of the lesson.
#[derive(Debug, Clone)]
pub(super) struct Example {
    pub(super) x: Tensor<2>,
    pub(super) w: Tensor<2>,
    pub(super) b: Tensor<1>,
    /// The gradient with respect to what a rule computes, `[BATCH, D_OUT]`.
    pub(super) grad_z: Tensor<2>,
}

/// Random numbers with one decimal, none of them 0.
pub(super) fn drawn(setup: &Setup, name: &str) -> Tensor<2> {
    let values = Sample::Signed.draw(BATCH * D_OUT, setup.seed, &["layer-rules", name]);
    let values = values.iter().map(|value| (20.0 * value).round() / 10.0);
    setup.matrix([BATCH, D_OUT], values.collect())
}

/// Autodiff from `L = Σ δz∘z`: the gradient of this loss with respect to `z` is `δz`.
pub(super) fn pull_back<const D: usize>(z: Tensor<D>, grad_z: &Tensor<D>) -> Gradients {
    (z * grad_z.clone().autodiff()).sum().backward()
}

pub(super) fn pulled<const D: usize>(leaf: &Tensor<D>, tape: &Gradients) -> Tensor<D> {
    leaf.grad(tape).expect("the leaf is tracked")
}

/// The name of an element, its indices from 1.
pub(super) fn indexed(name: &str, i: usize, j: usize) -> String {
    format!("{name}_{}{}", i + 1, j + 1)
}

/// Element `(i, j)` of a matrix.
pub(super) fn at(matrix: &Array, i: usize, j: usize) -> f64 {
    matrix.values[i * matrix.dims[1] + j]
}

/// Matrices side by side, below their names and shapes.
pub(super) fn side_by_side<const N: usize>(matrices: [(&str, Array); N]) -> Table {
    let names = matrices.iter();
    let names = names.map(|(name, host)| format!("{name} {}", host.shape()));
    let heads = names.collect::<Vec<_>>();
    Table::new(heads).row(matrices.map(|(_, host)| host))
}

/// Every element of a matrix formula, written as a sum.
pub(super) fn elements(
    name: &str,
    sum: &str,
    matrix: &Array,
    terms: impl Fn(usize, usize) -> Terms,
) -> Table {
    let mut table = Table::new(["element", sum, "sum", "the formula's entry", "difference"]);
    for i in 0..matrix.dims[0] {
        for j in 0..matrix.dims[1] {
            let (terms, entry) = (terms(i, j), at(matrix, i, j));
            table.push([
                Cell::from(Formula::new(indexed(name, i, j))),
                terms.text().into(),
                number(terms.sum()).into(),
                number(entry).into(),
                number((terms.sum() - entry).abs()).into(),
            ]);
        }
    }
    table
}

/// The result of a comparison.
pub(super) fn verdict(comparison: &Comparison) -> String {
    format!(
        "The same from autodiff, which derives the backward pass from the forward pass. Largest \
         difference: {}.",
        number(comparison.largest())
    )
}

impl Example {
    pub(super) fn new([x, w, b]: [&[f64]; 3], setup: &Setup) -> Self {
        Self {
            x: setup.matrix([BATCH, D_IN], x.to_vec()),
            w: setup.matrix([D_IN, D_OUT], w.to_vec()),
            b: setup.vector(b.to_vec()),
            grad_z: drawn(setup, "grad_z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::{read, tracked};
    use burn::tensor::{DType, Device};

    fn matrix(values: [[f64; 2]; 2]) -> Tensor<2> {
        Tensor::from_data(values, (&Device::flex(), DType::F64))
    }

    #[test]
    fn autodiff_starts_from_the_gradient_that_is_given() {
        let grad_z = matrix([[1.0, 10.0], [100.0, -1.0]]);
        let leaf = tracked(&matrix([[1.0, 2.0], [3.0, -1.0]]));
        let grad = pulled(&leaf, &pull_back(leaf.clone(), &grad_z));
        assert_eq!(read(&grad), read(&grad_z));
    }

    #[test]
    fn elements_are_the_sums_that_their_terms_add_up_to() {
        let z = Array {
            dims: vec![1, 2],
            values: vec![2.0, 7.0],
        };
        let table = elements("z", "Σ", &z, |_, j| {
            Terms::new([(1.0, 2.0), (5.0, j as f64)])
        });
        let table = serde_json::to_value(&table).unwrap();
        let rows = serde_json::json!([
            ["z_11", "1·2 + 5·0", "2", "2", "0"],
            ["z_12", "1·2 + 5·1", "7", "7", "0"],
        ]);
        assert_eq!(table["rows"], rows);
    }
}
