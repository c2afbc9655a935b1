//! The order of items for a seed, the same on every machine and with every version of every
//! library.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// The stream of [`shuffled_indices`] that [`ImageSet::split`](crate::ImageSet::split) draws from.
///
/// It is the last one, so that epochs, counted from 0, never reach it.
pub const SPLIT_STREAM: u64 = u64::MAX;

/// The numbers `0..n` in an order drawn by `seed` and `stream` (the epoch, say).
///
/// All `n!` orders are equally likely, as far as the generator goes. The order depends only on the
/// three arguments:
///
/// - Words of 32 bits come from ChaCha with 8 rounds. Its key is `seed` in little-endian bytes and
///   24 zero bytes, its
///   nonce is `stream`, its block counter starts at 0 (Bernstein's layout: 64-bit counter and
///   nonce).
/// - Fisher and Yates: for `i` from `n - 1` down to 1, item `i` is swapped with item `j`, drawn from
///   `0..=i`.
/// - With `bound = i + 1`, words below `2^32 mod bound` are rejected; the first other word gives `j
///   = word mod bound`.
///
/// # Panics
///
/// If `n` exceeds [`u32::MAX`].
///
/// # Source
///
/// R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7 (1964).
/// D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008).
///
/// ```
/// use datasets::shuffled_indices;
///
/// let first_epoch = shuffled_indices(10, 0, 0);
/// assert_eq!(first_epoch, [6, 2, 3, 9, 1, 4, 5, 7, 0, 8]);
/// assert_ne!(first_epoch, shuffled_indices(10, 0, 1));
/// ```
pub fn shuffled_indices(n: usize, seed: u64, stream: u64) -> Vec<u32> {
    let Ok(n) = u32::try_from(n) else {
        panic!("cannot shuffle {n} items: an index has 32 bits; shuffle fewer");
    };
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(stream);

    let mut indices: Vec<u32> = (0..n).collect();
    for i in (1..indices.len()).rev() {
        let j = uniform_below(i as u32 + 1, &mut rng);
        indices.swap(i, j as usize);
    }
    indices
}

/// A number below `bound`, each equally likely. `bound` must not be 0.
fn uniform_below(bound: u32, rng: &mut impl Rng) -> u32 {
    // 2^32 mod bound: without this many words, every remainder is equally frequent.
    let surplus = bound.wrapping_neg() % bound;
    loop {
        let word = rng.next_u32();
        if word >= surplus {
            return word % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected orders were computed by a separate implementation of ChaCha8, itself checked
    /// against the published first block for the zero key.
    #[test]
    fn order_is_pinned() {
        assert_eq!(shuffled_indices(10, 0, 0), [6, 2, 3, 9, 1, 4, 5, 7, 0, 8]);
        assert_eq!(shuffled_indices(10, 0, 1), [6, 9, 3, 8, 4, 2, 0, 1, 7, 5]);
        assert_eq!(shuffled_indices(10, 1, 0), [7, 0, 3, 5, 1, 8, 4, 6, 2, 9]);
        assert_eq!(
            shuffled_indices(10, 42, SPLIT_STREAM),
            [7, 5, 3, 0, 9, 6, 2, 8, 1, 4]
        );
        let epoch = shuffled_indices(60_000, 42, 1);
        assert_eq!(epoch[..4], [11281, 5134, 38996, 7035]);
        assert_eq!(epoch[59_996..], [41764, 50191, 388, 734]);
    }

    #[test]
    fn nothing_and_one_item_have_one_order() {
        assert!(shuffled_indices(0, 7, 0).is_empty());
        assert_eq!(shuffled_indices(1, 7, 0), [0]);
    }

    #[test]
    #[should_panic(expected = "an index has 32 bits")]
    fn more_items_than_indices_panic() {
        shuffled_indices(usize::MAX, 0, 0);
    }

    /// Chi-squared over the 24 orders of 4 items: 23 degrees of freedom, 99.9 % quantile 49.7. The
    /// draws are fixed, so the test cannot fail by chance.
    #[test]
    fn orders_are_equally_likely() {
        const DRAWS: u64 = 24_000;
        let mut counts = std::collections::BTreeMap::<_, f64>::new();
        for stream in 0..DRAWS {
            *counts.entry(shuffled_indices(4, 3, stream)).or_default() += 1.0;
        }
        assert_eq!(counts.len(), 24);
        let expected = DRAWS as f64 / 24.0;
        let chi_squared: f64 = counts
            .values()
            .map(|count| (count - expected).powi(2) / expected)
            .sum();
        assert!(chi_squared < 49.7, "{chi_squared}");
    }

    /// With `bound` just above half of all words, almost half of them are rejected.
    #[test]
    fn words_that_would_bias_are_rejected() {
        struct Words(Vec<u32>);
        impl rand_chacha::rand_core::TryRng for Words {
            type Error = std::convert::Infallible;
            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(self.0.remove(0))
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                unreachable!("the shuffle draws words of 32 bits")
            }
            fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
                unreachable!("the shuffle draws words of 32 bits")
            }
        }
        let bound = (1 << 31) + 1;
        let surplus = (1 << 31) - 1;
        let mut words = Words(vec![0, surplus - 1, surplus, u32::MAX]);
        assert_eq!(uniform_below(bound, &mut words), surplus);
        assert_eq!(uniform_below(bound, &mut words), u32::MAX % bound);
    }
}
