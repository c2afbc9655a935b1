//! A pool of smooth random displacement fields.

use crate::Uniform;
use crate::lanes::{LANES, Lanes, in_lanes};

/// Deviation of the Gaussian that smooths the noise, for a side of 28 pixels.
const SMOOTHING: f32 = 5.0;

/// The most fields of a pool, and the bytes that it may have: images larger than usual get fewer.
const MOST_FIELDS: usize = 512;
const POOL_BYTES: usize = 16 << 20;
const FEWEST_FIELDS: usize = 16;

/// Displacements of every pixel, with standard deviation 1 over the pool.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    /// Field by field: all displacements down, then all to the right.
    displacements: Vec<Lanes>,
    /// Arrays of one direction of a field.
    length: usize,
}

/// Two fields, mixed: `cos φ F_i + sin φ F_j` has the deviation that each of them has.
pub(crate) struct Field<'a> {
    one: [&'a [Lanes]; 2],
    other: [&'a [Lanes]; 2],
    cos: f32,
    sin: f32,
}

impl Fields {
    /// No fields.
    pub(crate) fn none() -> Self {
        Self {
            displacements: vec![],
            length: 0,
        }
    }

    /// The pool of a seed.
    pub(crate) fn new(image: [usize; 2], seed: u64) -> Self {
        let pixels = image[0] * image[1];
        let bytes = 2 * pixels * size_of::<f32>();
        let count = (POOL_BYTES / bytes).clamp(FEWEST_FIELDS, MOST_FIELDS);
        let smoothing = Smoothing::new(image);
        let mut displacements = (0..count)
            .flat_map(|number| {
                let mut random = Uniform::of_field(seed, number as u64);
                let [down, right] =
                    [(); 2].map(|()| in_lanes(smoothing.noise(&mut random).into_iter()));
                down.into_iter().chain(right)
            })
            .collect::<Vec<_>>();
        normalise(&mut displacements, 2 * count * pixels);
        Self {
            displacements,
            length: pixels.div_ceil(LANES),
        }
    }

    /// Two fields at random, in a random mixture with this deviation.
    pub(crate) fn draw(&self, random: &mut Uniform, deviation: f32) -> Option<Field<'_>> {
        let count = self.displacements.len().checked_div(2 * self.length)?;
        let [one, other] = [(); 2].map(|()| {
            let start = 2 * random.below(count) * self.length;
            [start, start + self.length]
                .map(|start| &self.displacements[start..start + self.length])
        });
        let (sin, cos) = (std::f32::consts::PI * random.signed()).sin_cos();
        Some(Field {
            one,
            other,
            cos: deviation * cos,
            sin: deviation * sin,
        })
    }
}

impl Field<'_> {
    /// Adds the displacements of an array of pixels, along one axis, to their places.
    #[inline(always)]
    pub(crate) fn add(&self, axis: usize, part: usize, places: &mut Lanes) {
        let (one, other) = (&self.one[axis][part], &self.other[axis][part]);
        for lane in 0..LANES {
            places[lane] += self.cos * one[lane] + self.sin * other[lane];
        }
    }
}

/// Scales the displacements, so many, to standard deviation 1. Their mean is 0 but for chance.
fn normalise(displacements: &mut [Lanes], count: usize) {
    let numbers = displacements.as_flattened_mut();
    let square = numbers.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let deviation = (square / count as f64).sqrt() as f32;
    numbers.iter_mut().for_each(|x| *x /= deviation);
}

/// Convolves noise with a Gaussian, along columns and then along rows.
struct Smoothing {
    kernel: Vec<f32>,
    height: usize,
    width: usize,
}

impl Smoothing {
    fn new([height, width]: [usize; 2]) -> Self {
        let sigma = SMOOTHING * (height + width) as f32 / 56.0;
        let radius = (3.0 * sigma).ceil() as i32;
        let kernel = (-radius..=radius)
            .map(|offset| (-0.5 * (offset as f32 / sigma).powi(2)).exp())
            .collect();
        Self {
            kernel,
            height,
            width,
        }
    }

    /// Smooth noise, `[height · width]`, from uniform noise that reaches beyond the edges.
    fn noise(&self, random: &mut Uniform) -> Vec<f32> {
        let reach = self.kernel.len() - 1;
        let wide = self.width + reach;
        let noise: Vec<f32> = (0..(self.height + reach) * wide)
            .map(|_| random.signed())
            .collect();
        let mut down = vec![0.0; self.height * wide];
        for (row, smooth) in down.chunks_exact_mut(wide).enumerate() {
            for (&weight, line) in self.kernel.iter().zip(noise.chunks_exact(wide).skip(row)) {
                for (smooth, noise) in smooth.iter_mut().zip(line) {
                    *smooth += weight * noise;
                }
            }
        }
        let mut across = vec![0.0; self.height * self.width];
        let lines = across.chunks_exact_mut(self.width);
        for (smooth, line) in lines.zip(down.chunks_exact(wide)) {
            for (offset, &weight) in self.kernel.iter().enumerate() {
                for (smooth, down) in smooth.iter_mut().zip(&line[offset..]) {
                    *smooth += weight * down;
                }
            }
        }
        across
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;

    #[test]
    fn fields_are_smooth_have_deviation_one_and_are_alike_at_edge_and_centre() {
        let fields = Fields::new([28, 28], 3);
        let numbers = fields.displacements.as_flattened();
        assert_eq!(numbers.len(), MOST_FIELDS * 2 * 784);
        let at = |pixel: usize| {
            let of = numbers[pixel..].iter().step_by(784);
            let square = of.map(|x| x * x).sum::<f32>();
            (square / (2 * MOST_FIELDS) as f32).sqrt()
        };
        for pixel in [0, 27, 14 * 28 + 14, 783] {
            assert!((at(pixel) - 1.0).abs() < 0.12, "{pixel}: {}", at(pixel));
        }
        // The autocorrelation of noise smoothed by a Gaussian: exp(-d² / 4σ²).
        let planes = numbers.chunks_exact(784);
        let product = planes.map(|plane| plane[14 * 28 + 8] * plane[14 * 28 + 18]);
        let correlation = product.sum::<f32>() / (2 * MOST_FIELDS) as f32;
        let expected = (-100.0_f32 / (4.0 * SMOOTHING.powi(2))).exp();
        assert!(
            (correlation - expected).abs() < 0.12,
            "{correlation} {expected}"
        );
    }

    #[test]
    fn a_mixture_has_the_deviation_that_is_asked_for() {
        let fields = Fields::new([16, 20], 3);
        let mut sum = 0.0;
        for row in 0..400 {
            let mut random = Uniform::new(0, Moment { epoch: 1, row });
            let field = fields.draw(&mut random, 3.0).unwrap();
            for part in 0..20 {
                let mut places = [[0.0; LANES]; 2];
                for (axis, places) in places.iter_mut().enumerate() {
                    field.add(axis, part, places);
                }
                sum += places.as_flattened().iter().map(|x| x * x).sum::<f32>() / 640.0;
            }
        }
        assert!((sum / 3600.0 - 1.0).abs() < 0.12, "{sum}");
    }

    /// Sides whose pixels do not fill the last array are no different.
    #[test]
    fn every_size_has_deviation_one() {
        let fields = Fields::new([5, 7], 1);
        let planes = fields.displacements.chunks_exact(fields.length);
        let numbers = planes.flat_map(|plane| &plane.as_flattened()[..35]);
        let square = numbers.clone().map(|x| x * x).sum::<f32>();
        assert!((square / numbers.count() as f32 - 1.0).abs() < 1e-3);
    }

    #[test]
    fn large_images_get_fewer_fields() {
        let fields = Fields::new([200, 300], 0);
        assert_eq!(fields.displacements.len() / (2 * fields.length), 34);
    }
}
