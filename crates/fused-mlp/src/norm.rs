//! Norms of gradients, and the factor that limits that of the whole one.

use crate::blocks::BLOCK;
use crate::number::Number;
use crate::parameters::{Parts, Values};

/// The factor of all gradients that limits their norm, if it is above `limit`.
///
/// ```text
/// G ← s G        s = min(1, c/g)        g = ‖G‖
/// ```
pub(crate) fn factor(norm: f64, limit: f64) -> Option<f64> {
    let factor = limit / norm;
    (factor < 1.0 || factor.is_nan()).then_some(factor)
}

/// The norm of all gradients.
pub(crate) fn whole<T: Number>(gradients: &[Values<T>]) -> f64 {
    let layers = gradients.iter();
    norm(layers.flat_map(|values| weights(values).chain(biases(values))))
}

/// The norms of each layer's gradients: of some blocks of its weights, and of its biases.
pub(crate) fn of_parts<T: Number>(gradients: &[Values<T>], parts: &Parts) -> Vec<[f64; 2]> {
    let layers = gradients.iter().zip(parts);
    let norms = layers.map(|(values, part)| {
        let part = &values.weights.elements()[BLOCK * part.start..BLOCK * part.end];
        [norm(std::iter::once(part)), norm(biases(values))]
    });
    norms.collect()
}

/// The norms of a layer's gradients: of the weights, of the biases.
pub(crate) fn norms<T: Number>(gradient: &Values<T>) -> [f64; 2] {
    [norm(weights(gradient)), norm(biases(gradient))]
}

/// In double precision. Where a square leaves even its range, the largest entry is factored out.
///
/// ```text
/// g = √(Σ_i G_i²) = m √(Σ_i (G_i/m)²)        m = max_i |G_i|
/// ```
fn norm<'a, T: Number + 'a>(slices: impl Iterator<Item = &'a [T]> + Clone) -> f64 {
    let norm = sum(slices.clone(), 1.0).sqrt();
    if norm.is_normal() {
        return norm;
    }
    let entries = slices.clone().flatten();
    let largest = entries.fold(f64::MIN_POSITIVE, |m, entry| m.max(entry.to_f64().abs()));
    largest * sum(slices, largest).sqrt()
}

fn weights<T: Number>(values: &Values<T>) -> impl Iterator<Item = &[T]> + Clone {
    std::iter::once(values.weights.elements())
}

fn biases<T: Number>(values: &Values<T>) -> impl Iterator<Item = &[T]> + Clone {
    std::iter::once(&values.biases[..])
}

/// `Σ_i (G_i/m)²`, in eight sums, so that it is one of vectors.
fn sum<'a, T: Number + 'a>(slices: impl Iterator<Item = &'a [T]>, m: f64) -> f64 {
    let mut sums = [0.0; 8];
    for slice in slices {
        for entries in slice.as_chunks::<8>().0 {
            for (sum, entry) in sums.iter_mut().zip(entries) {
                let entry = entry.to_f64() / m;
                *sum += entry * entry;
            }
        }
    }
    sums.iter().sum()
}
