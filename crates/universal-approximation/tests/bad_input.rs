//! Bad input is refused, with these messages.

use universal_approximation::{
    ApproximationError, Interval, OneHiddenLayer, approximate_1d, approximate_2d,
};

const UNIT: Interval = Interval {
    low: 0.0,
    high: 1.0,
};

fn refused_1d(interval: Interval, bumps: usize, steepness: f64) -> ApproximationError {
    approximate_1d(|x| x, interval, bumps, steepness).expect_err("it is refused")
}

fn refused_2d(domain: [Interval; 2], units: usize, steepness: f64) -> ApproximationError {
    approximate_2d(|[x, y]| x + y, domain, units, steepness).expect_err("it is refused")
}

#[test]
fn no_bumps_and_no_units() {
    let error = refused_1d(UNIT, 0, 30.0);
    assert_eq!(error.to_string(), "expected 1 or more bumps, got 0");
    let error = refused_2d([UNIT; 2], 0, 30.0);
    assert_eq!(error.to_string(), "expected 1 or more hidden units, got 0");
}

#[test]
fn intervals_that_are_empty_or_not_finite() {
    let bad = [
        (1.0, 1.0),
        (1.0, 0.0),
        (f64::NAN, 1.0),
        (0.0, f64::NAN),
        (0.0, f64::INFINITY),
        (f64::NEG_INFINITY, 0.0),
        (f64::MIN, f64::MAX),
    ];
    for (low, high) in bad {
        let interval = Interval { low, high };
        for error in [
            refused_1d(interval, 4, 30.0),
            refused_2d([interval, UNIT], 4, 30.0),
            refused_2d([UNIT, interval], 4, 30.0),
        ] {
            assert!(
                matches!(error, ApproximationError::Interval { .. }),
                "{error}"
            );
        }
    }
    assert_eq!(
        refused_1d(
            Interval {
                low: 2.0,
                high: 1.0
            },
            4,
            30.0
        )
        .to_string(),
        "the interval from 2 to 1 is empty or not finite; give two finite numbers, the smaller first"
    );
}

#[test]
fn a_steepness_that_is_not_positive_and_finite() {
    for steepness in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let expected = format!(
            "the steepness is {steepness}, expected a positive, finite number; use 30, for example"
        );
        assert_eq!(refused_1d(UNIT, 4, steepness).to_string(), expected);
        assert_eq!(refused_2d([UNIT; 2], 4, steepness).to_string(), expected);
    }
}

#[test]
fn a_target_that_is_not_finite() {
    let error = approximate_1d(|x| 1.0 / (x - 0.5), UNIT, 1, 30.0).expect_err("a pole");
    assert_eq!(
        error.to_string(),
        "the target is inf at [0.5]; choose an interval where it is finite"
    );
    let error = approximate_2d(|[x, _]| (x - 0.5).sqrt(), [UNIT; 2], 4, 30.0).expect_err("a root");
    assert!(
        matches!(error, ApproximationError::Target { .. }),
        "{error}"
    );
}

#[test]
fn weights_beyond_an_f64() {
    let error = refused_1d(UNIT, 1000, 1e307);
    assert!(
        matches!(error, ApproximationError::Weight { tensor: "W1", .. }),
        "{error}"
    );
    let error = refused_2d([UNIT; 2], 1000, 1e307);
    assert!(
        matches!(error, ApproximationError::Weight { tensor: "W1", .. }),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "another number of inputs")]
fn a_point_of_another_dimension_panics() {
    let net = OneHiddenLayer::new(1, vec![1.0], vec![0.0], vec![1.0], 0.0).expect("sizes fit");
    net.evaluate(&[1.0, 2.0]);
}
