//! Parts that the cases of several origins share: names, data, suitable weights, kinks.

use burn::tensor::{Device, Tensor};
use burn_gradcheck::{Case, Gradients, Masks, Sample, Upstream, Values};
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use mnist_mlp::Dropout;

use crate::sizes::label;

/// A device of this crate's features on the CPU, for modules that exist before a check.
pub(crate) fn processor() -> Option<Device> {
    #[cfg(feature = "flex")]
    return Some(Device::flex());
    #[cfg(all(feature = "ndarray", not(feature = "flex")))]
    #[expect(
        deprecated,
        reason = "this project offers ndarray next to flex, its successor"
    )]
    return Some(Device::ndarray());
    #[cfg(not(any(feature = "flex", feature = "ndarray")))]
    None
}

/// Both reductions.
pub(crate) const REDUCTIONS: [Reduction; 2] = [Reduction::Sum, Reduction::Mean];

/// The ridge term γ of a case. Unlike the drawn values, it is not a sum of a few powers of two:
/// with such a γ, f64 would round nothing, and every difference would be exactly 0.
pub(crate) const GAMMA: f64 = 0.7;

/// The share ε of smoothed targets in a case; not a sum of a few powers of two, like [`GAMMA`].
pub(crate) const SMOOTHING: f64 = 0.3;

/// The probability with which dropout leaves out a value in a case; not a sum of a few powers of two, like [`GAMMA`].
pub(crate) const DROPPED: f64 = 0.3;

/// The masks of the nets with dropout: those of one step.
pub(crate) fn masks() -> Dropout {
    let dropout = Dropout::new(DROPPED, 0.2, 11).expect("probabilities below 1");
    dropout.at_step(5)
}

/// A wrong gradient, or a correct one by another formula.
pub(crate) type Vjp = fn(&Values, &Upstream) -> Gradients;

/// A case named `rule [sizes]`.
pub(crate) fn case(rule: &str, sizes: &[usize]) -> Case {
    let longest = sizes.iter().copied().max().unwrap_or(1);
    Case::new(format!("{rule} [{}]", label(sizes))).reduction_length(longest)
}

/// The case with the branches of `f`, for the activations that have kinks.
pub(crate) fn with_kinks(
    case: Case,
    f: Activation,
    masks: impl Fn(&Values) -> Masks + Send + Sync + 'static,
) -> Case {
    // ReLU has a kink in its value, ELU one in its slope.
    if matches!(f, Activation::Relu | Activation::Elu) {
        case.kinks(masks)
    } else {
        case
    }
}

/// The branch that ReLU and ELU take at every element.
pub(crate) fn positive<const D: usize>(a: Tensor<D>) -> Masks {
    Masks::from(a.greater_scalar(0.0))
}

/// The branches of several tensors together.
pub(crate) fn all_positive(tensors: impl IntoIterator<Item = Tensor<2>>) -> Masks {
    tensors.into_iter().fold(Masks::default(), |masks, tensor| {
        masks.and(tensor.greater_scalar(0.0))
    })
}

/// A gradient of the loss, times the loss's own upstream gradient.
pub(crate) fn scaled<const D: usize>(grad: Tensor<D>, grad_out: &Upstream) -> Tensor<D> {
    grad * grad_out.get::<1>(0).reshape([1; D])
}

/// Weights small enough that no activation saturates. Where one does, `z` is rounded to 1 and
/// `1 - z` has no correct digit left in any formula.
pub(crate) fn weights(d_in: usize) -> Sample {
    Sample::Scaled(1.0 / (d_in as f64).sqrt())
}

/// Data that is not differentiated: inputs and targets of a net.
pub(crate) fn drawn(purpose: &str, count: usize) -> Vec<f64> {
    Sample::Signed.draw(count, 0, &[purpose])
}

/// Targets, every row adding up to 1: one-hot in even rows, 1/2, 1/4, 1/8, ... in odd ones.
pub(crate) fn targets(batch: usize, classes: usize) -> Vec<f64> {
    let row = |i: usize| {
        (0..classes).map(move |k| match (i % 2, (k + i) % classes) {
            (0, 0) => 1.0,
            (0, _) => 0.0,
            (_, place) if place + 1 == classes => 0.5f64.powi(place as i32),
            (_, place) => 0.5f64.powi(place as i32 + 1),
        })
    };
    (0..batch).flat_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_targets_adds_up_to_one() {
        for classes in 2..8 {
            for row in targets(6, classes).chunks(classes) {
                assert_eq!(row.iter().sum::<f64>(), 1.0, "{row:?}");
            }
        }
    }
}
