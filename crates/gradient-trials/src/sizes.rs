//! The sizes at which rules and nets are checked.

use manual_backprop::activation::Activation;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// `[batch, d_in, d_out]`.
pub(crate) type Size = [usize; 3];

/// Sizes at which mistakes hide or show: all one, one row, one column, square (where a missing
/// transpose keeps the shapes), odd, and a batch that is large compared with the layer.
const CHOSEN: [Size; 8] = [
    [7, 5, 3],
    [4, 4, 4],
    [1, 1, 1],
    [1, 3, 2],
    [3, 1, 5],
    [5, 4, 1],
    [2, 9, 6],
    [32, 7, 5],
];

/// `count` sizes, each with the activations to check there: all at the first two sizes and one, in
/// turn, at the others. The chosen sizes come first, then sizes from 1 to 12 drawn from `seed`.
pub(crate) fn with_activations(
    count: usize,
    seed: u64,
) -> impl Iterator<Item = (Size, &'static [Activation])> {
    let all = &Activation::ALL[..];
    let activations = move |i: usize| {
        if i < 2 {
            all
        } else {
            &all[i % all.len()..][..1]
        }
    };
    let sizes = sizes(count, seed).into_iter().enumerate();
    sizes.map(move |(i, size)| (size, activations(i)))
}

fn sizes(count: usize, seed: u64) -> Vec<Size> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn = std::iter::repeat_with(|| [(); 3].map(|()| 1 + rng.next_u32() as usize % 12));
    CHOSEN.into_iter().chain(drawn).take(count).collect()
}

/// Sizes as a case's name has them: `7x5x3`.
pub(crate) fn label(sizes: &[usize]) -> String {
    sizes
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join("x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_sizes_come_first_and_drawn_ones_depend_on_the_seed() {
        assert_eq!(sizes(2, 0), CHOSEN[..2]);
        assert_eq!(sizes(20, 5), sizes(20, 5));
        assert_ne!(sizes(20, 5), sizes(20, 6));
        let in_range = |size: &usize| (1..=32).contains(size);
        assert!(sizes(60, 1).iter().flatten().all(in_range));
    }
}
