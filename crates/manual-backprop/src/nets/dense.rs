//! A net of dense layers with any output: loss and gradients without the values in between, for speed, and with
//! dropout.

use burn::tensor::Tensor;
use layers::Dropout;

use crate::activation::{self, Activation};
use crate::dropout;
use crate::linear::affine;

/// Parameters of one layer.
#[derive(Debug, Clone)]
pub struct LayerParameters {
    /// Weights, `[d_in, d_out]`.
    pub w: Tensor<2>,
    /// Bias, `[d_out]`.
    pub b: Tensor<1>,
}

/// What the way back needs of a hidden layer in addition to the next layer's input.
struct Kept {
    /// `a_l`, if `f'(a_l)` cannot be computed from `z_l`.
    a: Option<Tensor<2>>,
    /// `z_l` and its mask, if there is one; else `z_l` is the next layer's input.
    dropped: Option<(Tensor<2>, Tensor<2>)>,
}

/// The loss and the gradients of every layer's parameters, first layer first.
///
/// # Formula
///
/// ```text
/// d_0 = x∘m_0/(1 - p_0)    a_l = d_(l-1)·w_l + b_l    z_l = f(a_l)    d_l = z_l∘m_l/(1 - p)    L, δa_L of the output
/// δw_l = d_(l-1)ᵀ·δa_l     δb_l = Σ_rows δa_l
/// δz_(l-1) = (δa_l·w_lᵀ)∘m_(l-1)/(1 - p)              δa_(l-1) = f'(a_(l-1))∘δz_(l-1)
/// ```
///
/// Without dropout, `d_l = z_l` and `d_0 = x`. `output` gives the loss and `δa_L` for `a_L`.
///
/// A value is dropped after its last use, so that the next operation can reuse its memory.
///
/// # Shapes
///
/// `x: [batch, d_0]`, layer `l`: `w: [d_(l-1), d_l]`, `b: [d_l]`; `a_L` and `δa_L: [batch, d_L]`, a loss of one
/// element. `grad_w` and `grad_b` have the shapes of `w` and `b`.
///
/// # Panics
///
/// If there is no layer or the sizes do not fit.
///
/// # Source
///
/// Lecture items L7 and L9; dropout: [`dropout`](crate::dropout::forward).
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use layers::Dropout;
/// use manual_backprop::{activation::Activation, nets::dense::{self, LayerParameters}};
///
/// let device = Device::flex();
/// let layers = [(4, 3), (3, 1)].map(|(d_in, d_out)| LayerParameters {
///     w: Tensor::ones([d_in, d_out], &device),
///     b: Tensor::zeros([d_out], &device),
/// });
/// // The loss is the sum of the outputs: δa_2 = 1, δb_2 = 2 rows, δw_2 = Σ_rows d_1.
/// let sum = |a: Tensor<2>| (a.clone().sum(), a.ones_like());
/// let x = Tensor::ones([2, 4], &device);
/// let (loss, grads) = dense::gradients(Activation::Relu, &layers, x, Dropout::NONE, sum);
/// assert_eq!(loss.into_scalar::<f32>(), 24.0); // 2 rows, 3 units of 4
/// assert_eq!(grads[1].1.clone().into_scalar::<f32>(), 2.0);
/// assert_eq!(grads[1].0.clone().try_into_vec_as::<f32>().unwrap(), [8.0; 3]);
/// ```
pub fn gradients(
    f: Activation,
    layers: &[LayerParameters],
    x: Tensor<2>,
    masks: Dropout,
    output: impl FnOnce(Tensor<2>) -> (Tensor<1>, Tensor<2>),
) -> (Tensor<1>, Vec<(Tensor<2>, Tensor<1>)>) {
    let (last, hidden) = layers.split_last().expect("a net has at least one layer");
    let (mut inputs, mut kept) = (vec![], vec![]);
    let mut d = dropped(masks, 0, x).0;
    for (LayerParameters { w, b }, l) in hidden.iter().zip(1..) {
        let a = affine::forward(d.clone(), w.clone(), b.clone());
        inputs.push(d);
        let a_kept = (f == Activation::Elu).then(|| a.clone());
        let z = activation::forward(f, a);
        let z_kept = masks.drops(l).then(|| z.clone());
        let m;
        (d, m) = dropped(masks, l, z);
        kept.push(Kept {
            a: a_kept,
            dropped: z_kept.zip(m),
        });
    }
    let a = affine::forward(d.clone(), last.w.clone(), last.b.clone());
    inputs.push(d);
    let (loss, mut grad_a) = output(a);

    let mut grads = Vec::with_capacity(layers.len());
    for (l, LayerParameters { w, .. }) in layers.iter().enumerate().rev() {
        let d = inputs.pop().expect("one input per layer");
        grads.push(affine::backward_parameters(d.clone(), grad_a.clone()));
        let Some(Kept { a, dropped }) = kept.pop() else {
            break;
        };
        let grad_d = grad_a.matmul(w.clone().transpose());
        let (z, grad_z) = match dropped {
            Some((z, m)) => (z, dropout::backward(grad_d, m, masks.probability(l))),
            None => (d, grad_d),
        };
        grad_a = activation::backward(f, a.unwrap_or_else(|| z.clone()), z, grad_z);
    }
    grads.reverse();
    (loss, grads)
}

/// The values of a layer after dropout, and the mask if there is one.
pub(crate) fn dropped(
    masks: Dropout,
    layer: usize,
    h: Tensor<2>,
) -> (Tensor<2>, Option<Tensor<2>>) {
    if !masks.drops(layer) {
        return (h, None);
    }
    let m = masks.mask(layer, h.dims(), (&h.device(), h.dtype()));
    let d = dropout::forward(h, m.clone(), masks.probability(layer));
    (d, Some(m))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};

    /// A hidden layer of one unit and one row, by hand, at every activation.
    #[test]
    fn one_unit_by_hand() {
        let masks = Dropout::new(0.2, 0.0, 0).expect("a probability");
        let layers = [(0.5, 0.1), (3.0, -1.0)].map(|(w, b)| LayerParameters {
            w: tensor([1, 1], &[w]),
            b: tensor([1], &[b]),
        });
        let half_square = |a: Tensor<2>| ((a.clone() * a.clone()).sum() * 0.5, a);
        for f in Activation::ALL {
            let steps = (0..40).map(|step| masks.at_step(step));
            let stays = |masks: &Dropout| masks.kept(1, 0, 0) & 1 == 1;
            let (kept, left_out): (Vec<_>, Vec<_>) = steps.partition(stays);
            assert!(kept.len() > 24 && left_out.len() > 2, "{}", kept.len());
            let x = || tensor([1, 1], &[2.0]);
            let a1 = tensor::<1>([1], &[1.1]);
            let z1 = activation::forward(f, a1.clone());
            let slope = activation::backward(f, a1, z1.clone(), z1.ones_like());
            let (z1, slope) = (values(z1)[0], values(slope)[0]);
            let close = |got: Tensor<2>, expected: f64| {
                let got = values(got)[0];
                assert!((got - expected).abs() < 1e-14, "{f}: {got} {expected}");
            };
            let (_, grads) = gradients(f, &layers, x(), kept[0], half_square);
            let d1 = z1 / 0.8;
            let a2 = 3.0 * d1 - 1.0;
            close(grads[1].0.clone(), d1 * a2);
            close(grads[0].0.clone(), 2.0 * slope * (3.0 * a2) / 0.8);
            let (loss, grads) = gradients(f, &layers, x(), left_out[0], half_square);
            assert_eq!(values(loss), [0.5], "{f}: the bias alone");
            close(grads[1].0.clone(), 0.0);
            close(grads[0].0.clone(), 0.0);
        }
    }
}
