//! The norm of the whole gradient, and the factor that limits it.

use crate::blocks::Block;
use crate::number::Number;
use crate::parameters::Values;

/// The factor of all gradients that limits their norm, if it is above `limit`.
///
/// ```text
/// G ← s G        s = min(1, c/g)        g = ‖G‖ = √(Σ_i G_i²)
/// ```
///
/// In double precision. Where a square leaves even its range, `g = m √(Σ_i (G_i/m)²)` with the largest
/// entry `m`.
pub(crate) fn factor<T: Number>(gradients: &[Values<T>], limit: f64) -> Option<f64> {
    let mut norm = sum(gradients, 1.0).sqrt();
    if !norm.is_normal() {
        let entries = slices(gradients).flatten();
        let largest = entries.fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.to_f64().abs()));
        norm = largest * sum(gradients, largest).sqrt();
    }
    let factor = limit / norm;
    (factor < 1.0 || factor.is_nan()).then_some(factor)
}

fn slices<T: Number>(gradients: &[Values<T>]) -> impl Iterator<Item = &[T]> {
    gradients.iter().flat_map(|Values { weights, biases }| {
        let blocks = weights.blocks.iter().map(Block::elements);
        blocks.chain([&biases[..]])
    })
}

/// `Σ_i (G_i/m)²`, in eight sums, so that it is one of vectors.
fn sum<T: Number>(gradients: &[Values<T>], m: f64) -> f64 {
    let mut sums = [0.0; 8];
    for slice in slices(gradients) {
        for entries in slice.as_chunks::<8>().0 {
            for (sum, entry) in sums.iter_mut().zip(entries) {
                let entry = entry.to_f64() / m;
                *sum += entry * entry;
            }
        }
    }
    sums.iter().sum()
}
