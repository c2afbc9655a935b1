//! Random numbers, the same on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// A stream of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The stream of a seed with a number.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Evenly distributed from `low` to `high`.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.0.next_u32() >> 8) as f32 / (1 << 24) as f32;
        low + (high - low) * unit
    }

    /// Around 0, nearly normal, with the given deviation: the sum of four even numbers.
    pub(crate) fn around(&mut self, deviation: f32) -> f32 {
        let sum: f32 = (0..4).map(|_| self.between(-1.0, 1.0)).sum();
        sum * deviation * 0.866
    }

    /// One of the values, each as often as the others.
    pub(crate) fn choice<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        let index = self.between(0.0, values.len() as f32) as usize;
        &values[index.min(values.len() - 1)]
    }
}

/// A number from 0 to 1 for a place: noise that needs no order.
pub(crate) fn grain(x: i32, y: i32, seed: u32) -> f32 {
    let mut hash = (x as u32).wrapping_mul(0x9e37_79b1)
        ^ (y as u32).wrapping_mul(0x85eb_ca77)
        ^ seed.wrapping_mul(0xc2b2_ae3d);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^= hash >> 12;
    hash = hash.wrapping_mul(0x297a_2d39);
    hash ^= hash >> 15;
    (hash >> 8) as f32 / (1 << 24) as f32
}

/// Noise that changes smoothly over `scale` pixels, from 0 to 1.
pub(crate) fn smooth_grain(x: f32, y: f32, scale: f32, seed: u32) -> f32 {
    let (x, y) = (x / scale, y / scale);
    let (left, top) = (x.floor(), y.floor());
    let fade = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (fade(x - left), fade(y - top));
    let at = |dx: i32, dy: i32| grain(left as i32 + dx, top as i32 + dy, seed);
    let upper = at(0, 0) * (1.0 - u) + at(1, 0) * u;
    let lower = at(0, 1) * (1.0 - u) + at(1, 1) * u;
    upper * (1.0 - v) + lower * v
}
