//! Cross-entropy of probabilities, and softmax fused with cross-entropy.

use burn::tensor::{DType, Int, Tensor};

use crate::Reduction;

/// Cross-entropy of probabilities `yp` against targets `y`.
///
/// # Formula
///
/// ```text
/// L = -c Σ_ik y_ik ln yp_ik        grad_yp_ik = -c y_ik / yp_ik
/// c = 1 (sum) or 1/batch (mean)
/// ```
///
/// A term with `y_ik = 0` is 0 in both, even at `yp_ik = 0`. With `yp_ik = 0` and `y_ik > 0` the
/// loss is infinite; [`softmax_cross_entropy`] takes the logits and has no such point.
///
/// # Shapes
///
/// `yp`, `y` and `grad_yp` are `[batch, classes]`; the loss has one element.
///
/// # Derivation
///
/// ```text
/// Only the term with the same (i, k) depends on yp_ik, and d ln(t)/dt = 1/t.
/// ```
///
/// # Panics
///
/// If the shapes differ.
///
/// # Source
///
/// Lecture item L8.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::{Reduction, cross_entropy::from_probabilities};
///
/// let yp = Tensor::<2>::from_data([[0.25, 0.75, 0.0]], &Device::flex());
/// let y = Tensor::<2>::from_data([[1.0, 0.0, 0.0]], &Device::flex());
/// let loss = from_probabilities::forward(yp.clone(), y.clone(), Reduction::Sum);
/// assert!((loss.into_scalar::<f32>() - 4f32.ln()).abs() < 1e-6);
/// let grad_yp = from_probabilities::backward(yp, y, Reduction::Sum);
/// assert_eq!(grad_yp.try_into_vec_as::<f32>().unwrap(), [-4.0, 0.0, 0.0]);
/// ```
pub mod from_probabilities {
    use super::{Reduction, Tensor};

    /// The loss `L`.
    pub fn forward(yp: Tensor<2>, y: Tensor<2>, reduction: Reduction) -> Tensor<1> {
        assert_eq!(yp.dims(), y.dims(), "outputs and targets differ in shape");
        let c = reduction.factor(yp.dims()[0]);
        let yp = yp.mask_fill(y.clone().equal_scalar(0.0), 1.0);
        (y * yp.log()).sum().mul_scalar(-c)
    }

    /// `grad_yp`.
    pub fn backward(yp: Tensor<2>, y: Tensor<2>, reduction: Reduction) -> Tensor<2> {
        assert_eq!(yp.dims(), y.dims(), "outputs and targets differ in shape");
        let c = reduction.factor(yp.dims()[0]);
        let yp = yp.mask_fill(y.clone().equal_scalar(0.0), 1.0);
        (y / yp).mul_scalar(-c)
    }
}

/// Softmax and cross-entropy, fused: logits `z` against targets `y`.
///
/// # Formula
///
/// ```text
/// ln yp_k = z_k - m - ln Σ_j e^(z_j - m),  m = max_j z_j
/// L = -c Σ_ik y_ik ln yp_ik        grad_z = c (yp - y)
/// c = 1 (sum) or 1/batch (mean)
/// ```
///
/// # Shapes
///
/// `z`, `yp`, `y` and `grad_z` are `[batch, classes]`; the loss has one element. Every row of `y`
/// adds up to 1.
///
/// # Derivation
///
/// ```text
/// grad_z_i = Σ_k ∂yp_k/∂z_i · ∂L/∂yp_k            (one row, c = 1)
///          = Σ_k yp_k (δ_ik - yp_i) · (-y_k/yp_k)
///          = -y_i + yp_i Σ_k y_k = yp_i - y_i     because Σ_k y_k = 1
/// ```
///
/// # Panics
///
/// If the shapes differ.
///
/// # Source
///
/// Lecture item L8.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::{Reduction, cross_entropy::softmax_cross_entropy};
///
/// let z = Tensor::<2>::from_data([[0.0, 0.0], [1000.0, -1000.0]], &Device::flex());
/// let y = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &Device::flex());
/// let (loss, yp) = softmax_cross_entropy::forward(z, y.clone(), Reduction::Mean);
/// assert!((loss.into_scalar::<f32>() - (2f32.ln() + 2000.0) / 2.0).abs() < 1e-3);
/// let grad_z = softmax_cross_entropy::backward(yp, y, Reduction::Mean);
/// assert_eq!(grad_z.try_into_vec_as::<f32>().unwrap(), [-0.25, 0.25, 0.5, -0.5]);
/// ```
pub mod softmax_cross_entropy {
    use super::{Reduction, Tensor};

    /// The loss `L` and the probabilities `yp`.
    pub fn forward(z: Tensor<2>, y: Tensor<2>, reduction: Reduction) -> (Tensor<1>, Tensor<2>) {
        assert_eq!(z.dims(), y.dims(), "logits and targets differ in shape");
        let c = reduction.factor(z.dims()[0]);
        let m = z.clone().max_dim(1);
        let z = z - m;
        let e = z.clone().exp();
        let sum = e.clone().sum_dim(1);
        let ln_yp = z - sum.clone().log();
        ((y * ln_yp).sum().mul_scalar(-c), e / sum)
    }

    /// `grad_z` from the probabilities `yp`.
    pub fn backward(yp: Tensor<2>, y: Tensor<2>, reduction: Reduction) -> Tensor<2> {
        let c = reduction.factor(yp.dims()[0]);
        (yp - y).mul_scalar(c)
    }
}

/// Targets `y` from class labels: `y_ik = 1` if `labels_i = k`, else 0.
///
/// # Shapes
///
/// `labels: [batch]` with classes from 0 gives `[batch, classes]` of the given float dtype. A label
/// outside `0..classes` gives a row of zeros.
///
/// ```
/// use burn::tensor::{DType, Device, Int, Tensor};
/// use manual_backprop::cross_entropy::one_hot;
///
/// let labels = Tensor::<1, Int>::from_data([2, 0], &Device::flex());
/// let y = one_hot(labels, 3, DType::F64).try_into_vec_as::<f64>().unwrap();
/// assert_eq!(y, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// ```
pub fn one_hot(labels: Tensor<1, Int>, classes: usize, dtype: DType) -> Tensor<2> {
    let all = Tensor::<1, Int>::arange(0..classes as i64, (&labels.device(), labels.dtype()));
    let labels = labels.unsqueeze_dim::<2>(1);
    let [batch, _] = labels.dims();
    let hit = labels
        .expand([batch, classes])
        .equal(all.unsqueeze_dim::<2>(0).expand([batch, classes]));
    hit.float().cast(dtype)
}

/// Smoothed targets: a share `smoothing` = ε is spread evenly over all classes.
///
/// # Formula
///
/// ```text
/// ys_ik = (1 - ε) y_ik + ε/K        K classes
/// L = -c Σ_ik ys_ik ln yp_ik        grad_z = c (yp - ys) = c (yp - (1 - ε) y - ε/K)
/// ```
///
/// `L` and `grad_z` are those of [`softmax_cross_entropy`] with `ys` in place of `y`.
///
/// # Shapes
///
/// `y` and `ys` are `[batch, classes]`; every row of `y` adds up to 1.
///
/// # Derivation
///
/// ```text
/// Σ_k ys_ik = (1 - ε) Σ_k y_ik + K ε/K = 1, and ys does not depend on z: the derivation of
/// softmax_cross_entropy needs no more.
/// ```
///
/// # Source
///
/// Szegedy et al., *Rethinking the Inception Architecture for Computer Vision*, 2016, section 7.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::cross_entropy::smoothed;
///
/// let y = Tensor::<2>::from_data([[1.0, 0.0]], &Device::flex());
/// assert_eq!(smoothed(y, 0.5).try_into_vec_as::<f32>().unwrap(), [0.75, 0.25]);
/// ```
pub fn smoothed(y: Tensor<2>, smoothing: f64) -> Tensor<2> {
    if smoothing == 0.0 {
        return y;
    }
    let classes = y.dims()[1] as f64;
    y.mul_scalar(1.0 - smoothing)
        .add_scalar(smoothing / classes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::softmax;
    use crate::testing::{tensor, values};

    const REDUCTIONS: [Reduction; 2] = [Reduction::Sum, Reduction::Mean];

    #[test]
    fn fused_equals_the_two_rules_composed() {
        let z = tensor([2, 3], &[0.3, -1.2, 2.0, -0.7, 0.1, 0.4]);
        let y = tensor([2, 3], &[0.0, 1.0, 0.0, 0.2, 0.5, 0.3]);
        for reduction in REDUCTIONS {
            let yp = softmax::forward(z.clone());
            let loss = from_probabilities::forward(yp.clone(), y.clone(), reduction);
            let grad_yp = from_probabilities::backward(yp.clone(), y.clone(), reduction);
            let composed = (loss, softmax::backward(yp, grad_yp));

            let (loss, yp) = softmax_cross_entropy::forward(z.clone(), y.clone(), reduction);
            let fused = (
                loss,
                softmax_cross_entropy::backward(yp, y.clone(), reduction),
            );

            for (a, b) in [
                (values(composed.0), values(fused.0)),
                (values(composed.1), values(fused.1)),
            ] {
                for (a, b) in a.into_iter().zip(b) {
                    assert!((a - b).abs() < 1e-15, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn mean_is_the_sum_over_the_batch_size() {
        let z = tensor([4, 2], &[0.3, -1.2, 2.0, -0.7, 0.1, 0.4, 1.0, -1.0]);
        let y = tensor([4, 2], &[0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
        let [sum, mean] = REDUCTIONS.map(|reduction| {
            let (loss, yp) = softmax_cross_entropy::forward(z.clone(), y.clone(), reduction);
            let grad_z = softmax_cross_entropy::backward(yp, y.clone(), reduction);
            [values(loss), values(grad_z)].concat()
        });
        for (sum, mean) in sum.into_iter().zip(mean) {
            assert_eq!(sum / 4.0, mean);
        }
    }

    #[test]
    fn smoothed_targets_add_up_to_one_and_zero_smoothing_changes_nothing() {
        let y = tensor([2, 4], &[0.0, 1.0, 0.0, 0.0, 0.25, 0.25, 0.5, 0.0]);
        for row in values(smoothed(y.clone(), 0.1)).chunks(4) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-15, "{row:?}");
        }
        assert_eq!(values(smoothed(y.clone(), 0.0)), values(y));
    }

    #[test]
    fn labels_outside_the_classes_give_zeros() {
        let labels = Tensor::<1, Int>::from_data([3, -1, 1], &burn::tensor::Device::flex());
        let y = one_hot(labels, 2, DType::F64);
        assert_eq!(values(y), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
