//! Distortions, seen from outside.

use distortions::{DistortionError, Distortions, Kind, Moment, Recipe};
use proptest::prelude::*;

const SIZE: [usize; 2] = [28, 28];

/// A blurred bar, off the centre.
fn bar() -> Vec<u8> {
    let pixel = |row: usize, column: usize| {
        let inside = (6..22).contains(&row) && (11..14).contains(&column);
        if inside { 250 } else { 0 }
    };
    (0..784).map(|i| pixel(i / 28, i % 28)).collect()
}

fn recipe(kind: Kind) -> Recipe {
    Recipe::new(kind, SIZE).unwrap()
}

fn distorted(recipe: &Recipe, seed: u64, moment: Moment, class: Option<usize>) -> Vec<f32> {
    let mut out = vec![0.0; 784];
    let distortions = Distortions::new(recipe, seed);
    distortions.apply(
        moment,
        class,
        &bar(),
        &mut out,
        &mut distortions.workspace(),
    );
    out
}

const FIRST: Moment = Moment { epoch: 1, row: 0 };

/// Direction of the ink's longer axis, in degrees from upright.
fn slant(image: &[f32]) -> f64 {
    let (mut ink, mut down, mut right) = (0.0, 0.0, 0.0);
    let each = |f: &mut dyn FnMut(f64, f64, f64)| {
        for (i, &value) in image.iter().enumerate() {
            f(f64::from(value), (i / 28) as f64, (i % 28) as f64);
        }
    };
    each(&mut |value, row, column| {
        ink += value;
        down += value * row;
        right += value * column;
    });
    let (row_mean, column_mean) = (down / ink, right / ink);
    let (mut dd, mut rr, mut dr) = (0.0, 0.0, 0.0);
    each(&mut |value, row, column| {
        let (d, r) = (row - row_mean, column - column_mean);
        dd += value * d * d;
        rr += value * r * r;
        dr += value * d * r;
    });
    (0.5 * (2.0 * dr).atan2(dd - rr)).to_degrees()
}

#[test]
fn strength_zero_is_the_image_itself() {
    for kind in [Kind::Affine, Kind::Elastic, Kind::Both] {
        let still = recipe(kind).with_strength(0.0).unwrap();
        let expected: Vec<f32> = bar().iter().map(|&p| f32::from(p) / 255.0).collect();
        assert_eq!(distorted(&still, 1, FIRST, None), expected, "{kind:?}");
    }
}

#[test]
fn seed_epoch_and_row_decide() {
    let both = recipe(Kind::Both);
    let moment = Moment {
        epoch: 3,
        row: 70_000,
    };
    let one = distorted(&both, 5, moment, None);
    assert_eq!(one, distorted(&both, 5, moment, None));
    for (seed, epoch, row) in [(6, 3, 70_000), (5, 4, 70_000), (5, 3, 70_001)] {
        assert_ne!(one, distorted(&both, seed, Moment { epoch, row }, None));
    }
}

#[test]
fn every_kind_moves_ink_and_keeps_as_much_on_average() {
    let ink = |image: &[f32]| image.iter().sum::<f32>();
    for kind in [Kind::Affine, Kind::Elastic, Kind::Both] {
        let still = distorted(&recipe(kind).with_strength(0.0).unwrap(), 0, FIRST, None);
        let distortions = Distortions::new(&recipe(kind), 0);
        let mut moved = vec![0.0; 784];
        let mut workspace = distortions.workspace();
        let shares = (0..500).map(|row| {
            let moment = Moment { epoch: 1, row };
            distortions.apply(moment, None, &bar(), &mut moved, &mut workspace);
            assert_ne!(moved, still);
            ink(&moved) / ink(&still)
        });
        let mean = shares.sum::<f32>() / 500.0;
        // An axis shorter by s is a source longer by 1 / (1 - s): a little more ink on average.
        assert!((0.97..1.1).contains(&mean), "{kind:?}: {mean}");
    }
}

#[test]
fn rotation_reaches_its_limit_and_a_class_may_turn_less() {
    let widest = |recipe: &Recipe, class| {
        let slants =
            (0..400).map(|row| slant(&distorted(recipe, 0, Moment { epoch: 1, row }, class)).abs());
        slants.fold(0.0, f64::max)
    };
    let affine = recipe(Kind::Affine);
    // 15 degrees of rotation and a shear of 0.15, which is 8.5 degrees.
    let all = widest(&affine, Some(7));
    assert!((17.0..26.0).contains(&all), "{all}");
    let restrained = affine.with_rotation_of(7, 0.0).unwrap();
    let sevens = widest(&restrained, Some(7));
    assert!((6.0..11.5).contains(&sevens), "{sevens}");
    assert_eq!(widest(&restrained, Some(3)), all);
    assert_eq!(widest(&restrained, None), all);
}

#[test]
fn what_cannot_be_is_refused() {
    for strength in [-0.1, 3.1, f32::NAN] {
        let error = recipe(Kind::Both).with_strength(strength).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a strength of distortion is from 0 to 3, got")
        );
    }
    for share in [-0.5, 1.5, f32::NAN] {
        assert!(matches!(
            recipe(Kind::Both).with_rotation_of(1, share),
            Err(DistortionError::Rotation { class: 1, .. })
        ));
    }
    for image in [[1, 28], [28, 1025], [0, 0]] {
        assert_eq!(
            Recipe::new(Kind::Both, image),
            Err(DistortionError::Image(image))
        );
    }
}

proptest! {
    // Each case makes a pool of fields.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_size_and_strength_stays_in_the_unit_interval(
        height in 2_usize..40, width in 2_usize..40, strength in 0.0_f32..=3.0, row in any::<u64>(),
    ) {
        let recipe = Recipe::new(Kind::Both, [height, width]).unwrap().with_strength(strength).unwrap();
        let image = vec![255; height * width];
        let mut out = vec![f32::NAN; height * width];
        let distortions = Distortions::new(&recipe, 0);
        let (moment, mut workspace) = (Moment { epoch: 0, row }, distortions.workspace());
        distortions.apply(moment, None, &image, &mut out, &mut workspace);
        prop_assert!(out.iter().all(|x| (0.0..=1.0).contains(x)));
    }
}

#[test]
fn bytes_are_the_floats_rounded() {
    let both = recipe(Kind::Both);
    let floats = distorted(&both, 3, FIRST, None);
    let bytes = Distortions::new(&both, 3).to_bytes(FIRST, None, &bar());
    assert!(bytes.iter().any(|byte| (1..255).contains(byte)));
    for (byte, float) in bytes.into_iter().zip(floats) {
        assert!((f32::from(byte) / 255.0 - float).abs() <= 0.5 / 255.0 + 1e-6);
    }
}
