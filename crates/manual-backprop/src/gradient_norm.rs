//! The norm of a net's gradient, and clipping to a maximum norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The smallest scale: the largest entry of a gradient of zeros is 0.
const SMALLEST_SCALE: f64 = f32::MIN_POSITIVE as f64;

/// The Euclidean norm of each parameter's gradient, in the order in which the module is visited. Each
/// has one element; it is 0 for a parameter without a gradient.
///
/// # Formula
///
/// ```text
/// ‖G‖ = m √(Σ_i (G_i/m)²),  m = max_i |G_i|
/// ```
///
/// The largest entry is factored out first, because the square of 2e19 overflows in f32.
///
/// # Example
///
/// ```
/// use burn::optim::GradientsParams;
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::gradient_norm::norms;
/// use xor_net::XorNetConfig;
///
/// let net = XorNetConfig::new().init(0, &Device::flex())?;
/// let mut gradients = GradientsParams::new();
/// let grad_b = Tensor::<1>::from_data([3.0, 0.0, -4.0, 0.0], &Device::flex());
/// gradients.register(net.hidden.bias.as_ref().unwrap().id, grad_b);
/// let norms = norms(&net, &gradients).into_iter().map(|norm| norm.into_scalar::<f32>());
/// assert_eq!(norms.collect::<Vec<_>>(), [0.0, 5.0, 0.0, 0.0]);
/// # Ok::<(), xor_net::ConfigError>(())
/// ```
pub fn norms<M: Module>(module: &M, gradients: &GradientsParams) -> Vec<Tensor<1>> {
    let mut norms = Norms {
        gradients,
        found: Vec::new(),
    };
    module.visit(&mut norms);
    norms.found
}

/// The norm of all gradients as one vector; it has one element.
///
/// # Formula
///
/// ```text
/// g = √(Σ_k ‖G_k‖²)
/// ```
///
/// # Panics
///
/// If the module has no parameter.
pub fn global_norm<M: Module>(module: &M, gradients: &GradientsParams) -> Tensor<1> {
    norm(Tensor::cat(norms(module, gradients), 0))
}

/// The gradients, shortened if their common norm is above `limit`; the step keeps its direction.
///
/// # Formula
///
/// ```text
/// G_k ← s G_k  for every parameter k,  s = min(1, c/g),  g = √(Σ_k ‖G_k‖²),  c = limit
/// ```
///
/// # Derivation
///
/// ```text
/// √(Σ_k ‖s G_k‖²) = s g = min(g, c)
/// ```
///
/// All parameters have one factor. A limit for each tensor, as in the clipping of Burn's optimizers,
/// would change the direction of the step.
///
/// # Panics
///
/// If the module has no parameter.
///
/// # Source
///
/// Pascanu, Mikolov, Bengio, *On the difficulty of training recurrent neural networks*, 2013,
/// algorithm 1; PyTorch's `clip_grad_norm_`, which divides by `g + 1e-6`.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::gradient_norm::{clipped, global_norm};
/// use xor_net::XorNetConfig;
///
/// let device = Device::flex();
/// let net = XorNetConfig::new().init(1, &device)?;
/// let (x, y) = (Tensor::ones([3, 2], &device), Tensor::zeros([3, 1], &device));
/// let (_, gradients) = manual_backprop::xor_net::gradients(&net, x, y);
/// let gradients = clipped(&net, gradients, 0.125);
/// let norm = global_norm(&net, &gradients).into_scalar::<f32>();
/// assert!((norm - 0.125).abs() < 1e-7);
/// # Ok::<(), xor_net::ConfigError>(())
/// ```
pub fn clipped<M: Module>(
    module: &M,
    mut gradients: GradientsParams,
    limit: f64,
) -> GradientsParams {
    let norm = global_norm(module, &gradients);
    let factor = norm.recip().mul_scalar(limit).clamp_max(1.0);
    module.visit(&mut Scale {
        gradients: &mut gradients,
        factor,
    });
    gradients
}

/// The Euclidean norm of all elements.
fn norm<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let scale = tensor.clone().abs().max().clamp_min(SMALLEST_SCALE);
    let scaled = tensor / scale.clone().reshape([1; D]);
    (scaled.clone() * scaled).sum().sqrt() * scale
}

struct Norms<'a> {
    gradients: &'a GradientsParams,
    found: Vec<Tensor<1>>,
}

impl ModuleVisitor for Norms<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push(match self.gradients.get::<D>(param.id) {
            Some(gradient) => norm(gradient),
            None => {
                let value = param.val().inner();
                Tensor::zeros([1], (&value.device(), value.dtype()))
            }
        });
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let factor = self.factor.clone().reshape([1; D]);
            self.gradients.register(param.id, gradient * factor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};
    use burn::tensor::{DType, Device};
    use xor_net::{XorNet, XorNetConfig};

    /// Gradients of 3, -4 in one tensor and 12 in another: norms 5 and 12, 13 in all.
    fn example(unit: f64) -> (XorNet, GradientsParams) {
        let net = XorNetConfig::new()
            .with_hidden(2)
            .init(0, (&Device::flex(), DType::F64))
            .expect("a legal configuration");
        let mut gradients = GradientsParams::new();
        let grad_w = tensor([2, 2], &[3.0 * unit, 0.0, -4.0 * unit, 0.0]);
        gradients.register(net.hidden.weight.id, grad_w);
        let grad_b = tensor([1, 1], &[12.0 * unit]).reshape([1]);
        gradients.register(net.output.bias.as_ref().expect("a bias").id, grad_b);
        (net, gradients)
    }

    fn one(tensor: Tensor<1>) -> f64 {
        values(tensor)[0]
    }

    #[test]
    fn norms_come_in_the_order_of_the_parameters() {
        let (net, gradients) = example(1.0);
        let found = norms(&net, &gradients).into_iter().map(one);
        assert_eq!(found.collect::<Vec<_>>(), [5.0, 0.0, 0.0, 12.0]);
        assert_eq!(one(global_norm(&net, &gradients)), 13.0);
    }

    #[test]
    fn clipping_keeps_the_direction_over_all_tensors() {
        let (net, gradients) = example(1.0);
        let gradients = clipped(&net, gradients, 6.5);
        let grad_w = gradients.get::<2>(net.hidden.weight.id).expect("a weight");
        assert_eq!(values(grad_w), [1.5, 0.0, -2.0, 0.0]);
        assert_eq!(one(global_norm(&net, &gradients)), 6.5);
    }

    #[test]
    fn gradients_below_the_limit_keep_every_bit() {
        let (net, gradients) = example(0.1);
        let before = values(gradients.get::<2>(net.hidden.weight.id).expect("a weight"));
        let gradients = clipped(&net, gradients, 1.31);
        let after = values(gradients.get::<2>(net.hidden.weight.id).expect("a weight"));
        assert_eq!(before, after);
    }

    #[test]
    fn zeros_stay_zero_and_huge_entries_are_clipped() {
        let (net, zeros) = example(0.0);
        assert_eq!(one(global_norm(&net, &clipped(&net, zeros, 1.0))), 0.0);
        let (net, huge) = example(1e200);
        let norm = one(global_norm(&net, &clipped(&net, huge, 1.0)));
        assert!((norm - 1.0).abs() < 1e-15, "{norm}");
    }
}
