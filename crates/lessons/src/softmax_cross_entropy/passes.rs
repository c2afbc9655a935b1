//! The two separate rules and the fused rule, forward and backward.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::{from_probabilities, one_hot, softmax_cross_entropy};
use manual_backprop::softmax;

use crate::setup::Setup;
use crate::tensors::tracked;

/// Logits and one-hot targets, a row for each example.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) z: Tensor<2>,
    pub(super) y: Tensor<2>,
}

impl Rows {
    pub(super) fn new(setup: &Setup, logits: Vec<f64>, labels: &[usize]) -> Self {
        let classes = logits.len() / labels.len();
        Self::on(setup.float(), logits, classes, labels)
    }

    pub(super) fn on(
        (device, dtype): (&Device, DType),
        logits: Vec<f64>,
        classes: usize,
        labels: &[usize],
    ) -> Self {
        let rows = labels.len();
        let labels = labels.iter().map(|&label| label as i64);
        let labels = TensorData::new(labels.collect::<Vec<_>>(), [rows]);
        let labels = Tensor::<1, Int>::from_data(labels, device);
        Self {
            z: Tensor::from_data(TensorData::new(logits, [rows, classes]), (device, dtype)),
            y: one_hot(labels, classes, dtype),
        }
    }

    /// Gradient of the loss with respect to the logits, by autodiff through the two separate rules and
    /// through the fused rule.
    pub(super) fn by_autodiff(&self, reduction: Reduction) -> [Tensor<2>; 2] {
        let y = self.y.clone().autodiff();
        [false, true].map(|fused| {
            let z = tracked(&self.z);
            let loss = if fused {
                softmax_cross_entropy::forward(z.clone(), y.clone(), reduction).0
            } else {
                let yp = softmax::forward(z.clone());
                from_probabilities::forward(yp, y.clone(), reduction)
            };
            z.grad(&loss.backward()).expect("the logits are tracked")
        })
    }
}

/// Forward and backward pass, by the two separate rules and by the fused rule.
#[derive(Debug)]
pub(super) struct Passes {
    pub(super) yp: Tensor<2>,
    pub(super) grad_yp: Tensor<2>,
    pub(super) loss_in_two: Tensor<1>,
    pub(super) grad_in_two: Tensor<2>,
    pub(super) loss: Tensor<1>,
    pub(super) grad: Tensor<2>,
}

impl Passes {
    pub(super) fn of(rows: &Rows, reduction: Reduction) -> Self {
        let Rows { z, y } = rows;
        let yp = softmax::forward(z.clone());
        let loss_in_two = from_probabilities::forward(yp.clone(), y.clone(), reduction);
        let grad_yp = from_probabilities::backward(yp.clone(), y.clone(), reduction);
        let grad_in_two = softmax::backward(yp.clone(), grad_yp.clone());
        let (loss, fused_yp) = softmax_cross_entropy::forward(z.clone(), y.clone(), reduction);
        Self {
            yp,
            grad_yp,
            loss_in_two,
            grad_in_two,
            loss,
            grad: softmax_cross_entropy::backward(fused_yp, y.clone(), reduction),
        }
    }
}

/// All `∂yp_k/∂z_i`, a row for each `k`: row `k` is the softmax rule applied to the gradient of
/// `yp_k` alone.
pub(super) fn jacobian_of(row: &Rows, one: &Passes) -> Tensor<2> {
    softmax::backward(repeated(&one.yp), identity(row))
}

/// One row, repeated as often as it has elements.
pub(super) fn repeated(row: &Tensor<2>) -> Tensor<2> {
    let classes = row.dims()[1];
    row.clone().repeat_dim(0, classes)
}

pub(super) fn identity(row: &Rows) -> Tensor<2> {
    let classes = row.z.dims()[1];
    let all = Tensor::<1, Int>::arange(0..classes as i64, &row.z.device());
    one_hot(all, classes, row.z.dtype())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensors::read;

    /// Logits with the probabilities 2/8, 1/8 and 5/8.
    fn row() -> Rows {
        let logits = vec![2f64.ln(), 0.0, 5f64.ln()];
        Rows::on((&Device::flex(), DType::F64), logits, 3, &[1])
    }

    #[test]
    fn the_jacobian_is_the_one_derived_by_hand() {
        let row = row();
        let jacobian = read(&jacobian_of(&row, &Passes::of(&row, Reduction::Sum)));
        let expected = [12.0, -2.0, -10.0, -2.0, 7.0, -5.0, -10.0, -5.0, 15.0];
        for (got, want) in jacobian.values.iter().zip(expected) {
            assert!((got - want / 64.0).abs() < 1e-15, "{got}, {want} / 64");
        }
    }

    #[test]
    fn the_chain_rule_and_both_forms_of_the_rule_agree_with_autodiff() {
        let row = row();
        let one = Passes::of(&row, Reduction::Sum);
        let expected = [0.25, 0.125 - 1.0, 0.625];
        let [in_two, fused] = row.by_autodiff(Reduction::Sum);
        for grad in [&one.grad, &one.grad_in_two, &in_two, &fused] {
            for (got, want) in read(grad).values.iter().zip(expected) {
                assert!((got - want).abs() < 1e-15, "{got}, {want}");
            }
        }
    }
}
