//! A pool of smooth random displacement fields.

use crate::Uniform;
use crate::warp::LANES;

/// Deviation of the Gaussian that smooths the noise, for a side of 28 pixels.
const SMOOTHING: f32 = 5.0;

/// The most fields of a pool, and the bytes that it may have: images larger than usual get fewer.
const MOST_FIELDS: usize = 512;
const POOL_BYTES: usize = 16 << 20;
const FEWEST_FIELDS: usize = 16;

/// Displacements `[down, right]` of every pixel, with standard deviation 1 over the pool.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    /// Field by field, row by row.
    displacements: Vec<[f32; 2]>,
    pixels: usize,
}

/// Two fields, mixed: `cos φ F_i + sin φ F_j` has the deviation that each of them has.
pub(crate) struct Field<'a> {
    one: &'a [[f32; 2]],
    other: &'a [[f32; 2]],
    cos: f32,
    sin: f32,
}

impl Fields {
    /// No fields.
    pub(crate) fn none() -> Self {
        Self {
            displacements: vec![],
            pixels: 0,
        }
    }

    /// The pool of a seed.
    pub(crate) fn new(image: [usize; 2], seed: u64) -> Self {
        let pixels = image[0] * image[1];
        let bytes = pixels * size_of::<[f32; 2]>();
        let count = (POOL_BYTES / bytes).clamp(FEWEST_FIELDS, MOST_FIELDS);
        let smoothing = Smoothing::new(image);
        let mut displacements: Vec<[f32; 2]> = (0..count)
            .flat_map(|number| {
                let mut random = Uniform::of_field(seed, number as u64);
                let [down, right] = [(); 2].map(|()| smoothing.noise(&mut random));
                down.into_iter()
                    .zip(right)
                    .map(|(down, right)| [down, right])
            })
            .collect();
        normalise(&mut displacements);
        Self {
            displacements,
            pixels,
        }
    }

    /// Two fields at random, in a random mixture.
    pub(crate) fn draw(&self, random: &mut Uniform) -> Option<Field<'_>> {
        let count = self.displacements.len().checked_div(self.pixels)?;
        let [one, other] = [(); 2].map(|()| {
            let start = random.below(count) * self.pixels;
            &self.displacements[start..start + self.pixels]
        });
        let (sin, cos) = (std::f32::consts::PI * random.signed()).sin_cos();
        Some(Field {
            one,
            other,
            cos,
            sin,
        })
    }
}

impl Field<'_> {
    /// The displacements of some pixels, from a pixel on; those after the last one stay.
    pub(crate) fn read(&self, first: usize, [down, right]: &mut [[f32; LANES]; 2]) {
        let pairs = self.one[first..].iter().zip(&self.other[first..]);
        for ((down, right), ([a, b], [c, d])) in down.iter_mut().zip(right).zip(pairs) {
            *down = self.cos * a + self.sin * c;
            *right = self.cos * b + self.sin * d;
        }
    }
}

/// Scales the displacements to standard deviation 1. Their mean is 0 but for chance.
fn normalise(displacements: &mut [[f32; 2]]) {
    let numbers = displacements.as_flattened_mut();
    let square = numbers.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
    let deviation = (square / numbers.len() as f64).sqrt() as f32;
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
        assert_eq!(fields.displacements.len(), MOST_FIELDS * 784);
        let deviation = |numbers: Vec<f32>| {
            let square = numbers.iter().map(|x| x * x).sum::<f32>();
            (square / numbers.len() as f32).sqrt()
        };
        let at = |pixel: usize| {
            let of = fields.displacements[pixel..].iter().step_by(784);
            deviation(of.flatten().copied().collect())
        };
        for pixel in [0, 27, 14 * 28 + 14, 783] {
            assert!((at(pixel) - 1.0).abs() < 0.12, "{pixel}: {}", at(pixel));
        }
        // The autocorrelation of noise smoothed by a Gaussian: exp(-d² / 4σ²).
        let pairs = fields.displacements.chunks_exact(784);
        let product = pairs.map(|field| field[14 * 28 + 8][0] * field[14 * 28 + 18][0]);
        let correlation = product.sum::<f32>() / MOST_FIELDS as f32;
        let expected = (-100.0_f32 / (4.0 * SMOOTHING.powi(2))).exp();
        assert!(
            (correlation - expected).abs() < 0.12,
            "{correlation} {expected}"
        );
    }

    #[test]
    fn a_mixture_has_the_deviation_of_its_parts() {
        let fields = Fields::new([16, 20], 3);
        let mut sum = 0.0;
        for row in 0..400 {
            let mut random = Uniform::new(0, Moment { epoch: 1, row });
            let field = fields.draw(&mut random).unwrap();
            let mut moved = [[0.0; LANES]; 2];
            field.read(170, &mut moved);
            sum += moved.map(|lanes| lanes[0] * lanes[0]).iter().sum::<f32>() / 2.0;
        }
        assert!((sum / 400.0 - 1.0).abs() < 0.12, "{sum}");
    }

    #[test]
    fn large_images_get_fewer_fields() {
        let fields = Fields::new([200, 300], 0);
        assert_eq!(fields.displacements.len() / fields.pixels, 34);
    }
}
