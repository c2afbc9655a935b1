//! Activation functions, applied to every element of a tensor of any rank.
//!
//! All four rules have the same form: `a` is the pre-activation, `z = f(a)`
//! the activation, and `grad_a = f'(a)∘grad_z`.

pub use layers::Activation;

use burn::tensor::{FloatDType, Tensor, activation as burn_activation};

/// The sigmoid function.
///
/// # Formula
///
/// ```text
/// z = σ(a) = 1 / (1 + e^-a)        grad_a = z∘(1 - z)∘grad_z
/// ```
///
/// Computed as `e^min(a,0) / (e^min(a,0) + e^-max(a,0))`: the same fraction, expanded by `e^a` if
/// `a < 0`. No exponent is positive, so nothing overflows, and the value is accurate to rounding for
/// every `a`. Burn 0.22.1's own `sigmoid` is not used because
/// it computes in f32, whatever the dtype, on every backend but Flex.
///
/// # Shapes
///
/// `a`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// dσ/da = e^-a / (1 + e^-a)² = 1/(1 + e^-a) · (1 - 1/(1 + e^-a)) = σ(a)(1 - σ(a))
/// ```
///
/// # Panics
///
/// `backward`, if the shapes differ.
///
/// # Source
///
/// Lecture items L2 and L11.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::activation::sigmoid;
///
/// let z = sigmoid::forward(Tensor::<1>::from_data([0.0, -1000.0, 1000.0], &Device::flex()));
/// assert_eq!(z.clone().try_into_vec_as::<f32>().unwrap(), [0.5, 0.0, 1.0]);
/// let grad_a = sigmoid::backward(z.clone(), z.ones_like());
/// assert_eq!(grad_a.try_into_vec_as::<f32>().unwrap(), [0.25, 0.0, 0.0]);
/// ```
pub mod sigmoid {
    use super::{Tensor, burn_activation};

    /// `z = σ(a)`.
    pub fn forward<const D: usize>(a: Tensor<D>) -> Tensor<D> {
        let e_min = a.clone().clamp_max(0.0).exp();
        let e_neg_max = burn_activation::relu(a).neg().exp();
        e_min.clone() / (e_min + e_neg_max)
    }

    /// `grad_a` from the activation `z`.
    pub fn backward<const D: usize>(z: Tensor<D>, grad_z: Tensor<D>) -> Tensor<D> {
        (z.ones_like() - z.clone()) * z * grad_z
    }
}

/// The hyperbolic tangent.
///
/// # Formula
///
/// ```text
/// z = tanh(a)        grad_a = (1 - z²)∘grad_z
/// ```
///
/// # Shapes
///
/// `a`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// tanh = s/c  with  s = (e^a - e^-a)/2,  c = (e^a + e^-a)/2,  s' = c,  c' = s
/// tanh' = (c·c - s·s)/c² = 1 - tanh²
/// ```
///
/// # Panics
///
/// `backward`, if the shapes differ.
///
/// # Source
///
/// Lecture item L2.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::activation::tanh;
///
/// let z = tanh::forward(Tensor::<1>::from_data([0.0, -1000.0, 1000.0], &Device::flex()));
/// assert_eq!(z.clone().try_into_vec_as::<f32>().unwrap(), [0.0, -1.0, 1.0]);
/// let grad_a = tanh::backward(z.clone(), z.ones_like());
/// assert_eq!(grad_a.try_into_vec_as::<f32>().unwrap(), [1.0, 0.0, 0.0]);
/// ```
pub mod tanh {
    use super::Tensor;

    /// `z = tanh(a)`.
    pub fn forward<const D: usize>(a: Tensor<D>) -> Tensor<D> {
        a.tanh()
    }

    /// `grad_a` from the activation `z`.
    pub fn backward<const D: usize>(z: Tensor<D>, grad_z: Tensor<D>) -> Tensor<D> {
        (z.ones_like() - z.clone() * z) * grad_z
    }
}

/// The rectified linear unit.
///
/// # Formula
///
/// ```text
/// z = max(a, 0)        grad_a = dz/da∘grad_z,  dz/da = 1 where z > 0, else 0
/// ```
///
/// The derivative at the kink `a = 0` is 0 by convention. A product is faster than a mask: Burn's CPU
/// backends multiply with vector instructions, but apply a mask element by element.
///
/// # Shapes
///
/// `a`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// a > 0:  z = a,  dz/da = 1        a < 0:  z = 0,  dz/da = 0        z > 0 exactly where a > 0
/// ```
///
/// # Panics
///
/// `backward`, if the shapes differ.
///
/// # Source
///
/// Lecture item L2.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::activation::relu;
///
/// let z = relu::forward(Tensor::<1>::from_data([-2.0, 0.0, 3.0], &Device::flex()));
/// assert_eq!(z.clone().try_into_vec_as::<f32>().unwrap(), [0.0, 0.0, 3.0]);
/// let grad_a = relu::backward(z.clone(), z.ones_like());
/// assert_eq!(grad_a.try_into_vec_as::<f32>().unwrap(), [0.0, 0.0, 1.0]);
/// ```
pub mod relu {
    use super::{FloatDType, Tensor, burn_activation};

    /// `z = max(a, 0)`.
    pub fn forward<const D: usize>(a: Tensor<D>) -> Tensor<D> {
        burn_activation::relu(a)
    }

    /// `grad_a` from the activation `z`.
    pub fn backward<const D: usize>(z: Tensor<D>, grad_z: Tensor<D>) -> Tensor<D> {
        let dz_da = z.clone().greater_scalar(0.0);
        dz_da.cast(FloatDType::from(z.dtype())) * grad_z
    }
}

/// The exponential linear unit with α = 1.
///
/// # Formula
///
/// ```text
/// z = a where a > 0, else e^a - 1        grad_a = grad_z where a > 0, else e^a∘grad_z
/// ```
///
/// Computed without a branch: `z = max(a,0) + e^min(a,0) - 1` and `grad_a = e^min(a,0)∘grad_z`.
///
/// # Shapes
///
/// `a`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// a > 0:  dz/da = 1 = e^0        a ≤ 0:  dz/da = e^a        together:  dz/da = e^min(a,0)
/// ```
///
/// # Panics
///
/// `backward`, if the shapes differ.
///
/// # Source
///
/// Lecture item L2.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::activation::elu;
///
/// let a = Tensor::<1>::from_data([0.0, -1000.0, 1000.0], &Device::flex());
/// let z = elu::forward(a.clone());
/// assert_eq!(z.clone().try_into_vec_as::<f32>().unwrap(), [0.0, -1.0, 1000.0]);
/// let grad_a = elu::backward(a, z.ones_like());
/// assert_eq!(grad_a.try_into_vec_as::<f32>().unwrap(), [1.0, 0.0, 1.0]);
/// ```
pub mod elu {
    use super::{Tensor, burn_activation};

    /// `z = elu(a)`.
    pub fn forward<const D: usize>(a: Tensor<D>) -> Tensor<D> {
        burn_activation::relu(a.clone()) + a.clamp_max(0.0).exp().sub_scalar(1.0)
    }

    /// `grad_a` from the pre-activation `a`.
    pub fn backward<const D: usize>(a: Tensor<D>, grad_z: Tensor<D>) -> Tensor<D> {
        a.clamp_max(0.0).exp() * grad_z
    }
}

/// `z = f(a)` for the activation that a net was built with.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::activation::{self, Activation};
///
/// let a = Tensor::<1>::from_data([-2.0, 3.0], &Device::flex());
/// let z = activation::forward(Activation::Relu, a.clone());
/// let grad_a = activation::backward(Activation::Relu, a, z.clone(), z.ones_like());
/// assert_eq!(grad_a.try_into_vec_as::<f32>().unwrap(), [0.0, 1.0]);
/// ```
pub fn forward<const D: usize>(f: Activation, a: Tensor<D>) -> Tensor<D> {
    match f {
        Activation::Sigmoid => sigmoid::forward(a),
        Activation::Tanh => tanh::forward(a),
        Activation::Relu => relu::forward(a),
        Activation::Elu => elu::forward(a),
    }
}

/// `grad_a = f'(a)∘grad_z`, from `a` or from `z = f(a)`, as the rule of `f` needs.
///
/// # Panics
///
/// If the shapes differ.
pub fn backward<const D: usize>(
    f: Activation,
    a: Tensor<D>,
    z: Tensor<D>,
    grad_z: Tensor<D>,
) -> Tensor<D> {
    match f {
        Activation::Sigmoid => sigmoid::backward(z, grad_z),
        Activation::Tanh => tanh::backward(z, grad_z),
        Activation::Relu => relu::backward(z, grad_z),
        Activation::Elu => elu::backward(a, grad_z),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};

    /// Reference values of each function and derivative, computed with `f64` on the host.
    fn by_hand(f: Activation, a: f64) -> (f64, f64) {
        match f {
            Activation::Sigmoid => {
                let (z, not_z) = (1.0 / (1.0 + (-a).exp()), 1.0 / (1.0 + a.exp()));
                (z, z * not_z)
            }
            Activation::Tanh => (a.tanh(), 1.0 / (a.cosh() * a.cosh())),
            Activation::Relu => (a.max(0.0), if a > 0.0 { 1.0 } else { 0.0 }),
            Activation::Elu if a > 0.0 => (a, 1.0),
            Activation::Elu => (a.exp_m1(), a.exp()),
        }
    }

    #[test]
    fn values_and_derivatives_by_hand_near_and_far_from_zero() {
        let inputs = [
            -1000.0, -710.0, -30.0, -1.5, -1e-3, 0.0, 1e-3, 0.75, 30.0, 710.0, 1000.0,
        ];
        for f in Activation::ALL {
            let a = tensor::<1>([inputs.len()], &inputs);
            let z = forward(f, a.clone());
            let grad_a = backward(f, a, z.clone(), z.ones_like() * 3.0);
            for ((a, z), grad_a) in inputs.into_iter().zip(values(z)).zip(values(grad_a)) {
                let (expected, derivative) = by_hand(f, a);
                assert!(
                    (z - expected).abs() <= 4e-16 * expected.abs().max(1.0),
                    "{f}({a}) = {z}"
                );
                assert!(
                    (grad_a - 3.0 * derivative).abs() <= 2e-15,
                    "{f}'({a}) = {grad_a} / 3"
                );
            }
        }
    }

    #[test]
    fn sigmoid_keeps_relative_accuracy_where_it_is_tiny() {
        for a in [-700.0, -100.0, -40.0] {
            let z = values(sigmoid::forward(tensor::<1>([1], &[a])))[0];
            assert!((z / f64::exp(a) - 1.0).abs() < 1e-15, "{a}: {z}");
        }
    }

    #[test]
    fn forward_equals_the_models_activation() {
        let a = tensor::<2>([2, 3], &[-2.5, -0.3, 0.0, 0.4, 1.7, 9.0]);
        for f in Activation::ALL {
            let ours = values(forward(f, a.clone()));
            for (ours, theirs) in ours.into_iter().zip(values(f.forward(a.clone()))) {
                assert!(
                    (ours - theirs).abs() <= 4e-16 * theirs.abs().max(1.0),
                    "{f}"
                );
            }
        }
    }
}
