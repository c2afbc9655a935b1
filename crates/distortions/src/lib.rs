#![doc = include_str!("../README.md")]

mod fields;
mod lanes;
mod recipe;
mod warp;

use pulp::Arch;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

pub use recipe::{DistortionError, Kind, Recipe};

use fields::Fields;
use warp::{Distort, Framed, Grid, Warp};

/// Which image, and when: with the seed, this decides the distortion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The epoch.
    pub epoch: u64,
    /// The image's row in its data set.
    pub row: u64,
}

/// Distorts images by a recipe.
#[derive(Debug, Clone)]
pub struct Distortions {
    /// The processor's vectors.
    arch: Arch,
    recipe: Recipe,
    seed: u64,
    grid: Grid,
    fields: Fields,
}

impl Distortions {
    /// Prepares the distortions of a seed: makes the pool of displacement fields, if the recipe is elastic.
    pub fn new(recipe: &Recipe, seed: u64) -> Self {
        let fields = if recipe.is_elastic() {
            Fields::new(recipe.image(), seed)
        } else {
            Fields::none()
        };
        Self {
            arch: Arch::new(),
            recipe: recipe.clone(),
            seed,
            grid: Grid::new(recipe.image()),
            fields,
        }
    }

    /// Height and width of the images.
    pub fn image(&self) -> [usize; 2] {
        self.recipe.image()
    }

    /// Room for one image at a time.
    pub fn workspace(&self) -> Workspace {
        Workspace(Framed::new(self.image()))
    }

    /// Writes a distorted copy of `image` into `distorted`, as floats in the unit interval. What comes in
    /// from beyond the edge is 0.
    ///
    /// # Formula
    ///
    /// ```text
    /// out[p] = image[q] / 255        q = c + R(θ) S (p - c) + t + s (cos φ F_i[p] + sin φ F_j[p])
    /// ```
    ///
    /// with the image's centre `c`, a rotation `R`, scaling and shear `S`, a shift `t`, and two fields `F_i`
    /// and `F_j` of the pool; `image[q]` is interpolated bilinearly, at a 256th of a pixel.
    ///
    /// # Shapes
    ///
    /// `image`, `distorted`: `[height · width]`, row by row.
    ///
    /// # Panics
    ///
    /// If a length is another, or the workspace belongs to distortions of another size.
    ///
    /// # Source
    ///
    /// Simard, Steinkraus and Platt (2003), section 2.
    pub fn apply(
        &self,
        moment: Moment,
        class: Option<usize>,
        image: &[u8],
        distorted: &mut [f32],
        workspace: &mut Workspace,
    ) {
        let framed = &mut workspace.0;
        let pixels = self.image().iter().product();
        assert_eq!(framed.size(), self.image(), "a workspace of another size");
        assert_eq!(image.len(), pixels, "an image of another size");
        assert_eq!(distorted.len(), pixels, "a result of another size");
        let mut random = Uniform::new(self.seed, moment);
        let field = |random: &mut Uniform, deviation| self.fields.draw(random, deviation);
        let warp = Warp::draw(&self.recipe, class, &mut random, field);
        self.arch.dispatch(Distort {
            warp: &warp,
            image,
            framed,
            grid: &self.grid,
            distorted,
        });
    }
}

impl Distortions {
    /// A distorted copy of `image` as bytes, for pictures.
    ///
    /// # Panics
    ///
    /// As [`apply`](Self::apply).
    pub fn to_bytes(&self, moment: Moment, class: Option<usize>, image: &[u8]) -> Vec<u8> {
        let mut distorted = vec![0.0; image.len()];
        self.apply(moment, class, image, &mut distorted, &mut self.workspace());
        distorted
            .iter()
            .map(|x| (255.0 * x).round() as u8)
            .collect()
    }
}

/// Room in which an image is prepared for its distortion.
#[derive(Debug, Clone)]
pub struct Workspace(Framed);

/// Uniform random numbers.
struct Uniform(ChaCha8Rng);

impl Uniform {
    /// Those of a moment. The key is seed, epoch and row, as little-endian bytes.
    fn new(seed: u64, moment: Moment) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&moment.epoch.to_le_bytes());
        key[16..24].copy_from_slice(&moment.row.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// Those of one field of a seed's pool; no moment has this key.
    fn of_field(seed: u64, number: u64) -> Self {
        let mut key = [0xff; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&number.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// From -1 to 1.
    fn signed(&mut self) -> f32 {
        // The 24 bits that a float of this size holds.
        let bits = (self.0.next_u32() >> 8) as f32;
        bits / (1 << 23) as f32 - 1.0
    }

    /// A number below `bound`, which must be small next to 2^32.
    fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.0.next_u32()) * bound as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_numbers_fill_the_interval() {
        let mut random = Uniform::new(1, Moment { epoch: 2, row: 3 });
        let numbers: Vec<f32> = (0..10_000).map(|_| random.signed()).collect();
        assert!(numbers.iter().all(|x| (-1.0..=1.0).contains(x)));
        let mean = numbers.iter().sum::<f32>() / 1e4;
        let square = numbers.iter().map(|x| x * x).sum::<f32>() / 1e4;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((square - 1.0 / 3.0).abs() < 0.01, "{square}");
        let mut counts = [0; 7];
        (0..7000).for_each(|_| counts[random.below(7)] += 1);
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }
}
