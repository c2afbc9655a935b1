//! What a set of images shows without a net.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use crate::ImageSet;

/// Mean and standard deviation of all pixels of a set, in units of full ink (255).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PixelStatistics {
    /// `1/n Σ p`.
    pub mean: f64,
    /// `√(1/n Σ (p - mean)²)`, the deviation of these pixels, not an estimate for others.
    pub deviation: f64,
}

/// An image that repeats another one, pixel for pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The image.
    pub index: usize,
    /// The first image with the same pixels.
    pub original: usize,
}

impl ImageSet {
    /// Mean and standard deviation of all pixels.
    ///
    /// ```
    /// use datasets::{Mnist, bundled_mnist_dir};
    ///
    /// let mnist = Mnist::load(&bundled_mnist_dir())?;
    /// let pixels = mnist.train.pixel_statistics();
    /// assert_eq!(format!("{:.4} {:.4}", pixels.mean, pixels.deviation), "0.1307 0.3081");
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn pixel_statistics(&self) -> PixelStatistics {
        let mut counts = [0_u64; 256];
        for &pixel in self.pixels() {
            counts[usize::from(pixel)] += 1;
        }
        let average = |term: &dyn Fn(f64) -> f64| {
            let terms = counts.iter().zip(0_u8..=255);
            let sum: f64 = terms
                .map(|(&count, pixel)| count as f64 * term(f64::from(pixel) / 255.0))
                .sum();
            sum / self.pixels().len() as f64
        };
        let mean = average(&|pixel| pixel);
        PixelStatistics {
            mean,
            deviation: average(&|pixel| (pixel - mean).powi(2)).sqrt(),
        }
    }

    /// The images that repeat an earlier one of the set, in order.
    ///
    /// ```
    /// use datasets::{Duplicate, ImageSet};
    ///
    /// let set = ImageSet::new(1, 2, vec![7, 8, 7, 9, 7, 8], vec![0, 0, 1])?;
    /// assert_eq!(set.duplicates(), [Duplicate { index: 2, original: 0 }]);
    /// # Ok::<(), datasets::DatasetError>(())
    /// ```
    pub fn duplicates(&self) -> Vec<Duplicate> {
        FirstImages::of(self).repeats
    }

    /// The images of this set that `other` also has, in order; originals are indices of `other`.
    pub fn duplicates_of(&self, other: &Self) -> Vec<Duplicate> {
        FirstImages::of(other).found_in(self)
    }
}

/// Where each image of a set is first.
pub(crate) struct FirstImages<'a> {
    set: &'a ImageSet,
    hasher: RandomState,
    /// The hash of each different image and its first index, sorted.
    first: Vec<(u64, u32)>,
    /// The images that repeat an earlier one, in order.
    pub(crate) repeats: Vec<Duplicate>,
}

impl<'a> FirstImages<'a> {
    pub(crate) fn of(set: &'a ImageSet) -> Self {
        let hasher = RandomState::default();
        let hashes = (0..set.len()).map(|index| hasher.hash_one(set.image(index)));
        let mut all = hashes.zip(0_u32..).collect::<Vec<_>>();
        all.sort_unstable();
        let mut images = Self {
            set,
            hasher,
            first: Vec::with_capacity(all.len()),
            repeats: vec![],
        };
        for (hash, index) in all {
            let image = index as usize;
            // Those of the same hash are at the end.
            let others = images.first.iter().rev();
            let mut others = others.take_while(|(other, _)| *other == hash);
            let original = others.find(|(_, other)| set.image(*other as usize) == set.image(image));
            match original {
                Some(&(_, original)) => images.repeats.push(Duplicate {
                    index: image,
                    original: original as usize,
                }),
                None => images.first.push((hash, index)),
            }
        }
        images.repeats.sort_unstable_by_key(|repeat| repeat.index);
        images
    }

    /// The images of `other` that the set also has, in order.
    pub(crate) fn found_in(&self, other: &ImageSet) -> Vec<Duplicate> {
        let repeats = (0..other.len()).filter_map(|index| {
            let image = other.image(index);
            let hash = self.hasher.hash_one(image);
            let start = self.first.partition_point(|(first, _)| *first < hash);
            let same = self.first[start..].iter();
            let mut same = same.take_while(|(first, _)| *first == hash);
            let original = same.find(|(_, first)| self.set.image(*first as usize) == image);
            let original = original?.1 as usize;
            Some(Duplicate { index, original })
        });
        repeats.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pixels: &[u8]) -> ImageSet {
        ImageSet::new(1, 1, pixels.to_vec(), vec![0; pixels.len()]).unwrap()
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_definition() {
        let statistics = set(&[0, 0, 255, 51]).pixel_statistics();
        assert!((statistics.mean - 0.3).abs() < 1e-15);
        let squares: f64 = [0.3_f64, 0.3, 0.7, 0.1].iter().map(|d| d * d).sum();
        assert!((statistics.deviation - (squares / 4.0).sqrt()).abs() < 1e-15);
        assert_eq!(set(&[9; 5]).pixel_statistics().deviation, 0.0);
    }

    #[test]
    fn duplicates_point_at_the_first_of_their_kind() {
        let pairs = |duplicates: Vec<Duplicate>| -> Vec<_> {
            duplicates.iter().map(|d| (d.index, d.original)).collect()
        };
        assert_eq!(
            pairs(set(&[1, 2, 1, 1, 2]).duplicates()),
            [(2, 0), (3, 0), (4, 1)]
        );
        assert_eq!(
            pairs(set(&[3, 2, 2]).duplicates_of(&set(&[5, 2, 2, 7]))),
            [(1, 1), (2, 1)]
        );
    }

    proptest::proptest! {
        /// By the definition: each image is compared with all others.
        #[test]
        fn duplicates_are_those_that_a_comparison_of_all_finds(
            pixels in proptest::collection::vec(0..12_u8, 1..40),
            others in proptest::collection::vec(0..12_u8, 1..40),
        ) {
            let first = |all: &[u8], pixel: u8| all.iter().position(|other| *other == pixel);
            let repeats = pixels.iter().enumerate().filter_map(|(index, &pixel)| {
                let original = first(&pixels[..index], pixel)?;
                Some(Duplicate { index, original })
            });
            proptest::prop_assert_eq!(set(&pixels).duplicates(), repeats.collect::<Vec<_>>());
            let found = others.iter().enumerate().filter_map(|(index, &pixel)| {
                let original = first(&pixels, pixel)?;
                Some(Duplicate { index, original })
            });
            let found = found.collect::<Vec<_>>();
            proptest::prop_assert_eq!(set(&others).duplicates_of(&set(&pixels)), found);
        }
    }
}
