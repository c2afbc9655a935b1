//! Images in MNIST's format, distorted as hands and pens differ.

use image::{Luma, imageops};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use crate::figure::form::thicker;
use crate::figure::plane::{Ink, lowest_around, mean_around};
use crate::mnist_form::{MNIST_SIDE, normalised};

/// Pixels of the copy that is distorted, for each pixel of the image.
const FINE: u32 = 3;

/// An image in MNIST's format, distorted by random numbers: turned by up to 12 degrees, slanted,
/// made wider or narrower, bent, written with a thinner or a thicker pen; then cropped, scaled and
/// centred again like every image ([`Picture::mnist_form`](crate::Picture::mnist_form)).
///
/// The same `seed` and `stream` (the number of the image, say) give the same pixels.
///
/// # Panics
///
/// If there are not 28x28 pixels, or none of them is ink.
pub fn distorted(pixels: &[u8], seed: u64, stream: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    let mut between = |low: f32, high: f32| {
        let unit = (rng.next_u32() >> 8) as f32 / (1 << 24) as f32;
        low + (high - low) * unit
    };
    let side = MNIST_SIDE as u32;
    let image = Ink::from_raw(
        side,
        side,
        pixels.iter().map(|&p| f32::from(p) / 255.0).collect(),
    );
    let image = image.expect("28x28 pixels");
    let (sin, cos) = between(-0.21, 0.21).sin_cos();
    let slant = between(-0.25, 0.25);
    let [wide, high] = [between(0.75, 1.2), between(0.9, 1.1)];
    let bends = [0, 1].map(|_| {
        [
            between(-0.8, 0.8),
            between(0.15, 0.4),
            between(0.15, 0.4),
            between(0.0, 6.3),
        ]
    });
    let fine_side = side * FINE;
    let middle = fine_side as f32 / 2.0;
    let mut ink = Ink::from_fn(fine_side, fine_side, |x, y| {
        let [x, y] = [x, y].map(|place| (place as f32 + 0.5 - middle) / FINE as f32);
        let [dx, dy] =
            bends.map(|[size, across, down, start]| size * (across * x + down * y + start).sin());
        let [u, v] = [(x + dx) / wide, (y + dy) / high];
        let u = u + slant * v;
        let [u, v] = [u * cos - v * sin, u * sin + v * cos];
        Luma([level_at(&image, u + 13.5, v + 13.5)])
    });
    let pen = between(-1.0, 1.5);
    if pen > 0.0 {
        ink = thicker(&ink, pen * FINE as f32);
    } else if pen < -0.4 {
        let thin = lowest_around(&ink, 1);
        let share = (-pen - 0.4) / 0.6;
        for (level, thin) in ink.pixels_mut().zip(thin.as_raw()) {
            level.0[0] += share * (thin - level.0[0]);
        }
    }
    if between(0.0, 1.0) < 0.3 {
        ink = mean_around(&ink, 1);
    }
    let strongest = ink.as_raw().iter().copied().fold(0.0, f32::max);
    if strongest < 0.2 {
        // Thinned out to nothing.
        return pixels.to_vec();
    }
    ink.pixels_mut().for_each(|level| level.0[0] /= strongest);
    normalised(&ink)
}

/// The level between pixels; 0 outside.
fn level_at(image: &Ink, x: f32, y: f32) -> f32 {
    let last = (MNIST_SIDE - 1) as f32;
    if !(0.0..=last).contains(&x) || !(0.0..=last).contains(&y) {
        return 0.0;
    }
    imageops::interpolate_bilinear(image, x, y).map_or(0.0, |level| level.0[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hook.
    fn hook() -> Vec<u8> {
        let ink = |x: usize, y: usize| {
            (12..15).contains(&x) && (4..24).contains(&y)
                || (15..20).contains(&x) && (20..24).contains(&y)
        };
        let place = |i: usize| (i % MNIST_SIDE, i / MNIST_SIDE);
        let level = |i| {
            let (x, y) = place(i);
            255 * u8::from(ink(x, y))
        };
        (0..MNIST_SIDE * MNIST_SIDE).map(level).collect()
    }

    #[test]
    fn a_distorted_image_is_another_one_in_the_same_format() {
        let hook = hook();
        for stream in 0..50 {
            let other = distorted(&hook, 1, stream);
            assert_eq!(other, distorted(&hook, 1, stream));
            assert_ne!(other, hook);
            let rows: Vec<usize> = (0..MNIST_SIDE)
                .filter(|row| {
                    other[row * MNIST_SIDE..][..MNIST_SIDE]
                        .iter()
                        .any(|p| *p > 64)
                })
                .collect();
            let height = rows[rows.len() - 1] + 1 - rows[0];
            assert!((17..=21).contains(&height), "{stream}: {height} rows");
            assert!(other.contains(&255));
        }
    }
}
