//! The error falls with the number of hidden units, as fast as derived.

use proptest::prelude::*;
use universal_approximation::{
    Errors, Interval, approximate_1d, approximate_2d, errors_1d, errors_2d,
    targets::{self, Target1d},
};

/// Each twice the one before.
const BUMPS: [usize; 7] = [8, 16, 32, 64, 128, 256, 512];
const STEEPNESS: f64 = 30.0;

fn off(target: &Target1d, bumps: usize) -> Errors {
    let approximation = approximate_1d(target.function, target.interval, bumps, STEEPNESS);
    let approximation = approximation.expect("valid");
    errors_1d(
        target.function,
        |x| approximation.evaluate(x),
        target.interval,
    )
}

/// The ratio of each error to the one with half as many bumps.
fn ratios(target: &Target1d, error: fn(Errors) -> f64) -> Vec<f64> {
    let errors = BUMPS.map(|bumps| error(off(target, bumps)));
    errors.windows(2).map(|pair| pair[1] / pair[0]).collect()
}

#[test]
fn a_lipschitz_targets_error_is_halved_by_twice_the_bumps() {
    for target in targets::ALL_1D
        .iter()
        .filter(|target| target.lipschitz.is_some())
    {
        for error in [|e: Errors| e.max, |e: Errors| e.rms, |e: Errors| e.mean] {
            let ratios = ratios(target, error);
            // 8 and 16 bumps are hardly one for each bend of the sine mix or of Nielsen's function.
            assert!(
                ratios.iter().all(|ratio| *ratio < 0.65),
                "{}: {ratios:?}",
                target.name
            );
            let settled = &ratios[2..];
            let halved = settled.iter().all(|ratio| (0.45..0.56).contains(ratio));
            assert!(halved, "{}: {ratios:?}", target.name);
        }
    }
}

#[test]
fn no_error_is_above_the_derived_bound() {
    for target in targets::ALL_1D {
        let Some(lipschitz) = target.lipschitz else {
            continue;
        };
        for steepness in [4.0, 10.0, 30.0, 300.0] {
            for bumps in [1, 2, 3, 10, 64, 500] {
                let approximation =
                    approximate_1d(target.function, target.interval, bumps, steepness)
                        .expect("valid");
                let evaluate = |x| approximation.evaluate(x);
                let off = errors_1d(target.function, evaluate, target.interval).max;
                let bound = approximation.error_bound(lipschitz).expect("steep enough");
                // |x| reaches its bound, up to rounding.
                let within = off <= bound * (1.0 + 1e-12);
                assert!(within, "{} {bumps} {steepness}: {off}", target.name);
            }
        }
    }
}

#[test]
fn at_512_bumps_the_errors_are_small() {
    let limits = [
        ("bump", 4e-3),
        ("sine mix", 1.6e-2),
        ("|x|", 2e-3),
        ("nielsen", 5e-3),
    ];
    for (name, limit) in limits {
        let target = targets::ALL_1D
            .into_iter()
            .find(|target| target.name == name);
        let off = off(&target.expect("there is such a target"), 512).max;
        assert!(off < limit, "{name}: {off}");
    }
}

/// The error at the jump stays, but the part of the interval with large errors shrinks: the mean error
/// falls like the width of a bump, the rms error like its square root.
#[test]
fn a_steps_error_stays_at_the_jump_and_shrinks_around_it() {
    let target = targets::STEP;
    for bumps in BUMPS {
        let approximation =
            approximate_1d(target.function, target.interval, bumps, STEEPNESS).expect("valid");
        let [before, after] = [1.0 / 3.0 - 1e-9, 1.0 / 3.0 + 1e-9]
            .map(|x| ((target.function)(x) - approximation.evaluate(x)).abs());
        assert!(before.max(after) > 0.49, "{before} {after}");
        let off = off(&target, bumps);
        assert!(
            off.mean < 0.4 / bumps as f64 + 1e-3,
            "{bumps}: {}",
            off.mean
        );
        assert!(
            off.rms < 0.7 / (bumps as f64).sqrt(),
            "{bumps}: {}",
            off.rms
        );
    }
    let ratios = ratios(&target, |off| off.mean);
    assert!(ratios.iter().all(|ratio| *ratio < 0.75), "{ratios:?}");
}

#[test]
fn in_two_dimensions_the_error_falls_with_every_doubling() {
    let target = targets::HILLS;
    let units = [100, 200, 400, 800, 1600, 3200];
    let errors = units.map(|units| {
        let approximation =
            approximate_2d(target.function, target.domain, units, 10.0).expect("valid");
        errors_2d(
            target.function,
            |x| approximation.evaluate(x),
            target.domain,
        )
    });
    for pair in errors.windows(2) {
        assert!(pair[1].rms < 0.75 * pair[0].rms, "{errors:?}");
        assert!(pair[1].max < 0.85 * pair[0].max, "{errors:?}");
    }
    let last = errors[errors.len() - 1];
    assert!(last.rms < 0.008 && last.max < 0.03, "{last:?}");
}

#[test]
fn the_stairs_stay_within_their_bound_of_the_waves() {
    let target = targets::HILLS;
    for steepness in [4.0, 10.0, 100.0] {
        for units in [10, 100, 1000] {
            let approximation =
                approximate_2d(target.function, target.domain, units, steepness).expect("valid");
            let series = |x| approximation.series(x);
            let off = errors_2d(series, |x| approximation.evaluate(x), target.domain).max;
            let bound = approximation.stairs_bound().expect("steep enough");
            assert!(off <= bound, "{units} {steepness}: {off} > {bound}");
        }
    }
}

#[test]
fn parts_add_up_to_the_nets_output() {
    let target = targets::SINE_MIX;
    let one = approximate_1d(target.function, target.interval, 20, STEEPNESS).expect("valid");
    for x in target.interval.points(37) {
        let sum: f64 = one.bumps().iter().map(|bump| bump.evaluate(x)).sum();
        assert!((sum - one.evaluate(x)).abs() < 1e-12);
    }
    let target = targets::HILLS;
    let two = approximate_2d(target.function, target.domain, 150, 10.0).expect("valid");
    for at in [[0.0, 0.0], [0.35, 0.4], [0.9, 0.2]] {
        let stairs = (0..two.ridges().len()).map(|ridge| two.stairs(ridge, at));
        let sum = two.constant() + stairs.sum::<f64>();
        assert!((sum - two.evaluate(at)).abs() < 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The bound holds for any piecewise linear target on any interval.
    #[test]
    fn zigzag_lines_stay_within_the_bound(
        low in -50.0..50.0f64,
        length in 0.01..100.0f64,
        slope in 0.01..20.0f64,
        period in 0.05..3.0f64,
        bumps in 1..80usize,
        steepness in 4.0..200.0f64,
    ) {
        let zigzag = |x: f64| slope * ((x / period).rem_euclid(2.0) - 1.0).abs() * period;
        let interval = Interval { low, high: low + length };
        let approximation = approximate_1d(zigzag, interval, bumps, steepness).expect("valid");
        let off = errors_1d(zigzag, |x| approximation.evaluate(x), interval).max;
        let bound = approximation.error_bound(slope).expect("steep enough");
        prop_assert!(off <= bound * (1.0 + 1e-9), "{} > {}", off, bound);
    }

    /// The same function on a stretched and shifted rectangle has the same net, except for the scale.
    #[test]
    fn a_rectangle_is_only_a_matter_of_scale(
        x_low in -9.0..9.0f64,
        y_low in -9.0..9.0f64,
        x_length in 0.1..9.0f64,
        y_length in 0.1..9.0f64,
        u in 0.0..1.0f64,
        v in 0.0..1.0f64,
    ) {
        let target = targets::HILLS;
        let domain = [
            Interval { low: x_low, high: x_low + x_length },
            Interval { low: y_low, high: y_low + y_length },
        ];
        let stretched = |[x, y]: [f64; 2]| {
            (target.function)([(x - x_low) / x_length, (y - y_low) / y_length])
        };
        let here = approximate_2d(target.function, target.domain, 80, 10.0).expect("valid");
        let there = approximate_2d(stretched, domain, 80, 10.0).expect("valid");
        let expected = here.evaluate([u, v]);
        let got = there.evaluate([x_low + u * x_length, y_low + v * y_length]);
        prop_assert!((got - expected).abs() < 1e-9, "{} for {}", got, expected);
    }
}
