//! Reproducible values: the same on every device, in f32 and in f64.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The distribution of an input's values.
///
/// All values of one tensor have distinct magnitudes, if the range holds enough of them. They are
/// multiples of a power of two (1/256 unless that is too coarse) and therefore exact in f32: f32 and
/// f64 are evaluated at the same point, and `x + h` is exact for a step `h = 2^-k`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// Magnitudes from 1/8 to 3/2, of either sign.
    Signed,
    /// From 1/8 to 3/2: for logarithms, roots and divisors.
    Positive,
    /// From `low` to `high`. Zero is never drawn.
    Within {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// [`Sample::Signed`] times the largest power of two that is at most this factor: for weights.
    Scaled(f64),
}

/// Inverse of the grid's usual spacing.
const GRID: f64 = 256.0;

impl Sample {
    /// Draws `count` values from the random stream of this seed and path.
    ///
    /// # Panics
    ///
    /// If a range is empty, or the factor of [`Sample::Scaled`] is not positive.
    pub fn draw(&self, count: usize, seed: u64, path: &[&str]) -> Vec<f64> {
        let mut rng = stream(seed, path);
        match *self {
            Self::Signed => signed(&mut rng, count, 1.0),
            Self::Scaled(factor) => {
                assert!(factor > 0.0, "the factor {factor} is not positive");
                signed(&mut rng, count, power_of_two_below(factor))
            }
            Self::Positive => distinct(&mut rng, count, 0.125, 1.5),
            Self::Within { low, high } => distinct(&mut rng, count, low, high),
        }
    }
}

fn signed(rng: &mut ChaCha8Rng, count: usize, factor: f64) -> Vec<f64> {
    distinct(rng, count, 0.125, 1.5)
        .into_iter()
        .map(|value| {
            let sign = if rng.next_u32() & 1 == 0 { 1.0 } else { -1.0 };
            sign * value * factor
        })
        .collect()
}

/// Draws without replacement from the grid points of a range. The grid is refined until it holds twice
/// as many points as needed, or 2^20 points per unit, where replacement begins.
fn distinct(rng: &mut ChaCha8Rng, count: usize, low: f64, high: f64) -> Vec<f64> {
    assert!(low < high, "the range from {low} to {high} is empty");
    let mut grid = GRID;
    while (high - low) * grid < 2.0 * count as f64 + 2.0 && grid < 1_048_576.0 {
        grid *= 2.0;
    }
    let first = (low * grid).ceil() as i64;
    let last = (high * grid).floor() as i64;
    let mut points: Vec<i64> = (first..=last).filter(|&point| point != 0).collect();
    assert!(!points.is_empty(), "no grid point from {low} to {high}");
    let mut values = Vec::with_capacity(count);
    for drawn in 0..count {
        // Fisher-Yates, stopped after `count` values.
        let start = drawn % points.len();
        let picked = start + below(rng, points.len() - start);
        points.swap(start, picked);
        values.push(points[start] as f64 / grid);
    }
    values
}

/// A number below `bound`; the bias of the remainder is below 2^-32 for any tensor.
fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    (rng.next_u64() % bound as u64) as usize
}

/// The largest power of two that is at most `value`.
pub(crate) fn power_of_two_below(value: f64) -> f64 {
    value.log2().floor().exp2()
}

/// One independent stream for each seed and path (case, input, purpose).
fn stream(seed: u64, path: &[&str]) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (lane, bytes) in key.chunks_exact_mut(8).enumerate() {
        let mut hash = fnv(0xcbf2_9ce4_8422_2325, &[lane as u8]);
        hash = fnv(hash, &seed.to_le_bytes());
        for part in path {
            hash = fnv(hash, &(part.len() as u64).to_le_bytes());
            hash = fnv(hash, part.as_bytes());
        }
        bytes.copy_from_slice(&hash.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// FNV-1a, 64 bits.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_exact_in_f32_distinct_and_not_zero() {
        for sample in [
            Sample::Signed,
            Sample::Positive,
            Sample::Scaled(0.05),
            Sample::Within {
                low: -3.0,
                high: 2.0,
            },
        ] {
            let values = sample.draw(1000, 3, &["case", "x"]);
            let mut seen: Vec<u64> = Vec::new();
            for value in values {
                assert_eq!(f64::from(value as f32), value);
                assert_ne!(value, 0.0);
                seen.push(value.to_bits());
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 1000);
        }
    }

    #[test]
    fn streams_differ_by_seed_and_by_path() {
        let draw = |seed, path: &[&str]| Sample::Signed.draw(8, seed, path);
        let first = draw(0, &["case", "x"]);
        assert_eq!(first, draw(0, &["case", "x"]));
        assert_ne!(first, draw(1, &["case", "x"]));
        assert_ne!(first, draw(0, &["case", "y"]));
        assert_ne!(draw(0, &["ab", "c"]), draw(0, &["a", "bc"]));
    }
}
