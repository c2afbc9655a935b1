//! The split into training and validation: disjoint, complete, by seed, and its limits.

use datasets::{DEFAULT_VALIDATION_FRACTION, DatasetError, ImageSet};
use proptest::prelude::*;

/// `n` images of 1x2 pixels that spell their index, with labels 0 to 4.
fn numbered(n: u16) -> ImageSet {
    let pixels = (0..n).flat_map(u16::to_be_bytes).collect();
    let labels = (0..n).map(|index| (index % 5) as u8).collect();
    ImageSet::new(1, 2, pixels, labels).expect("consistent arrays")
}

/// The indices that the images of a numbered set spell.
fn numbers(set: &ImageSet) -> Vec<u16> {
    let (pixels, _) = set.pixels().as_chunks::<2>();
    pixels.iter().copied().map(u16::from_be_bytes).collect()
}

/// The validation half of 60 images.
fn held_out(seed: u64) -> Vec<u16> {
    let (_, validation) = numbered(60).split(0.5, seed).expect("a fair half");
    numbers(&validation)
}

proptest! {
    #[test]
    fn sides_are_disjoint_complete_and_in_order(
        n in 2..400_u16,
        fraction in 0.001..0.999_f64,
        seed in any::<u64>(),
    ) {
        let validation_len = (f64::from(n) * fraction).round();
        prop_assume!(validation_len >= 1.0 && validation_len < f64::from(n));
        let (training, validation) = numbered(n).split(fraction, seed).unwrap();

        prop_assert_eq!(validation.len(), validation_len as usize);
        let (kept, taken) = (numbers(&training), numbers(&validation));
        prop_assert!(kept.is_sorted() && taken.is_sorted());
        let mut all = [kept.clone(), taken.clone()].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..n).collect::<Vec<_>>());

        let classes = numbered(n).class_count();
        for (set, indices) in [(&training, kept), (&validation, taken)] {
            let labels: Vec<u8> = indices.iter().map(|index| (index % 5) as u8).collect();
            prop_assert_eq!(set.labels(), labels);
            prop_assert_eq!((set.rows(), set.columns(), set.class_count()), (1, 2, classes));
        }
    }

    #[test]
    fn a_seed_always_gives_the_same_split(seed in any::<u64>()) {
        prop_assert_eq!(held_out(seed), held_out(seed));
    }

    /// 60 choose 30 is above 10^17: two seeds that agree would be a fault of the generator.
    #[test]
    fn another_seed_gives_another_split(seed in any::<u64>(), other in any::<u64>()) {
        prop_assume!(seed != other);
        prop_assert_ne!(held_out(seed), held_out(other));
    }

    #[test]
    fn fractions_out_of_range_are_refused(
        fraction in prop_oneof![
            Just(0.0), Just(-0.0), Just(1.0),
            Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY),
            -1e9..0.0_f64, 1.0..1e9_f64,
        ],
    ) {
        let error = numbered(60).split(fraction, 0).unwrap_err();
        let DatasetError::FractionOutOfRange { got } = error else {
            return Err(TestCaseError::fail(error.to_string()));
        };
        prop_assert_eq!(got.to_bits(), fraction.to_bits());
    }
}

#[test]
fn a_side_without_an_image_is_refused() {
    for (n, fraction, sides) in [
        (1, 0.5, (0, 1)),
        (1, 0.1, (1, 0)),
        (5, DEFAULT_VALIDATION_FRACTION, (5, 0)),
        (5, 0.95, (0, 5)),
        (400, f64::MIN_POSITIVE, (400, 0)),
        (400, 1.0 - f64::EPSILON, (0, 400)),
    ] {
        let error = numbered(n).split(fraction, 0).unwrap_err();
        assert!(
            matches!(error, DatasetError::EmptySplit { training, validation, .. }
                if (training, validation) == sides),
            "{error:?}"
        );
    }
}

#[test]
fn the_smallest_set_splits_in_two() {
    let (training, validation) = numbered(2).split(0.5, 0).unwrap();
    assert_eq!((training.len(), validation.len()), (1, 1));
    let (training, validation) = numbered(6).split(DEFAULT_VALIDATION_FRACTION, 0).unwrap();
    assert_eq!((training.len(), validation.len()), (5, 1));
}

/// Indices 7, 5 and 3 come first in the order of seed 42, which the tests of `shuffled_indices`
/// pin.
#[test]
fn the_split_of_a_seed_is_pinned() {
    let (training, validation) = numbered(10).split(0.3, 42).unwrap();
    assert_eq!(numbers(&validation), [3, 5, 7]);
    assert_eq!(numbers(&training), [0, 1, 2, 4, 6, 8, 9]);
}

#[test]
fn messages_of_the_split_name_expected_got_and_remedy() {
    let error = numbered(5).split(0.05, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected at least 1 item on each side of the split, got 5 for training and 0 for \
         validation from a validation fraction of 0.05; choose another fraction or use a larger \
         set"
    );
    let error = numbered(5).split(f64::NAN, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a validation fraction between 0 and 1, both excluded, got NaN; choose one such \
         as 0.1"
    );
}
