//! The sizes at which graphs are checked.

use burn_gradcheck::Sample;

/// `[batch, d_in, d_out]`.
pub(super) type Size = [usize; 3];

/// Sizes at which mistakes hide or show: all one, one row, one column, square (where a missing
/// transpose keeps the shapes), odd, and a batch that is large against the layer.
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

/// `count` sizes: the chosen ones first, then sizes from 1 to 12 drawn from `seed`.
pub(super) fn sizes(count: usize, seed: u64) -> Vec<Size> {
    let one_to_twelve = Sample::Within {
        low: 1.0,
        high: 12.99,
    };
    let more = count.saturating_sub(CHOSEN.len());
    let drawn = one_to_twelve.draw(3 * more, seed, &["sizes of graphs"]);
    let drawn = drawn
        .chunks_exact(3)
        .map(|size| [size[0] as usize, size[1] as usize, size[2] as usize]);
    CHOSEN.into_iter().take(count).chain(drawn).collect()
}

/// `7x5x3`.
pub(super) fn label(sizes: &[usize]) -> String {
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
        assert_eq!(sizes(20, 5).len(), 20);
        assert_eq!(sizes(20, 5), sizes(20, 5));
        assert_ne!(sizes(20, 5), sizes(20, 6));
        assert!(
            sizes(60, 1)[8..]
                .iter()
                .flatten()
                .all(|size| (1..=12).contains(size))
        );
    }
}
