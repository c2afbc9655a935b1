//! The norm of the whole gradient, and clipping to a maximum norm.

use crate::number::Float;
use crate::parameters::Values;

/// Shortens the gradients if their common norm is above `limit`.
///
/// ```text
/// G ← s G        s = min(1, c/g)        g = ‖G‖ = m √(Σ_i (G_i/m)²),  m = max_i |G_i|
/// ```
///
/// The largest entry is factored out first, because its square may overflow.
pub(crate) fn clip<T: Float>(gradients: &mut [Values<T>], limit: f64) {
    let all = |gradients: &[Values<T>], fold: &mut dyn FnMut(f64)| {
        for Values { weights, biases } in gradients {
            let entries = weights.elements().iter().chain(biases);
            entries.for_each(|entry| fold(entry.to_f64()));
        }
    };
    let mut m = f64::MIN_POSITIVE;
    all(gradients, &mut |entry| m = m.max(entry.abs()));
    let mut sum = 0.0;
    all(gradients, &mut |entry| sum += (entry / m) * (entry / m));
    let factor = limit / (m * sum.sqrt());
    if factor < 1.0 || factor.is_nan() {
        let factor = T::from_f64(factor);
        for Values { weights, biases } in gradients {
            let entries = weights.elements_mut().iter_mut().chain(biases);
            entries.for_each(|entry| *entry = *entry * factor);
        }
    }
}
