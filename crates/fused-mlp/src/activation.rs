//! The activation functions on slices: the same formulas as in `manual-backprop`.

use layers::Activation;

use crate::number::Number;

/// The sigmoid function.
///
/// ```text
/// σ(a) = 1 / (1 + e^-a) = e^min(a,0) / (e^min(a,0) + e^-max(a,0))
/// ```
///
/// One of the two exponents is 0, the other is not positive: nothing overflows.
#[inline(always)]
pub(crate) fn sigmoid<T: Number>(a: T) -> T {
    let one = T::from_f64(1.0);
    if a < T::default() {
        let e = a.exp();
        e / (e + one)
    } else {
        one / (one + (-a).exp())
    }
}

/// `z = f(a)` in place.
///
/// ```text
/// sigmoid(a) = 1 / (1 + e^-a)    tanh(a)    relu(a) = max(a,0)    elu(a) = max(a,0) + e^min(a,0) - 1
/// ```
#[inline(always)]
pub(crate) fn forward<T: Number>(f: Activation, a: &mut [T]) {
    let (zero, one) = (T::default(), T::from_f64(1.0));
    match f {
        Activation::Sigmoid => a.iter_mut().for_each(|a| *a = sigmoid(*a)),
        Activation::Tanh => a.iter_mut().for_each(|a| *a = a.tanh()),
        Activation::Relu => a.iter_mut().for_each(|a| {
            // Not `max`: NaN must stay NaN.
            *a = if *a < zero { zero } else { *a }
        }),
        Activation::Elu => a.iter_mut().for_each(|a| {
            *a = if *a > zero { *a } else { a.exp() - one };
        }),
    }
}

/// `grad_a = f'(a)∘grad_z`, in place of `grad_z`, from the activation `z`.
///
/// ```text
/// sigmoid' = z(1 - z)    tanh' = 1 - z²    relu' = 1 where z > 0, else 0
/// elu' = e^min(a,0) = 1 where z > 0, else z + 1
/// ```
#[inline(always)]
pub(crate) fn backward<T: Number>(f: Activation, z: &[T], grad: &mut [T]) {
    let (zero, one) = (T::default(), T::from_f64(1.0));
    let pairs = grad.iter_mut().zip(z);
    match f {
        Activation::Sigmoid => pairs.for_each(|(grad, &z)| *grad = (one - z) * z * *grad),
        Activation::Tanh => pairs.for_each(|(grad, &z)| *grad = (one - z * z) * *grad),
        Activation::Relu => pairs.for_each(|(grad, &z)| {
            let dz_da = if z > zero { one } else { zero };
            *grad = dz_da * *grad;
        }),
        Activation::Elu => pairs.for_each(|(grad, &z)| {
            let dz_da = if z > zero { one } else { z + one };
            *grad = dz_da * *grad;
        }),
    }
}
