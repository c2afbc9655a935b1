//! Bad input: what is refused, and the messages.

use gradient_descent::functions::{QuadraticValley, Rosenbrock};
use gradient_descent::{DescentError, GradientDescent, LineSearch, Minimizer, Momentum, Outcome};

const START: [f64; 2] = [-1.2, 1.0];

fn refusal(minimizer: &dyn Minimizer, start: &[f64]) -> DescentError {
    minimizer
        .minimize(&Rosenbrock, start)
        .expect_err("it is refused")
}

#[test]
fn a_step_that_is_not_positive_and_finite() {
    for step in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        let plain = GradientDescent {
            step,
            ..Default::default()
        };
        let heavy = Momentum {
            step,
            ..Default::default()
        };
        let search = LineSearch {
            step,
            ..Default::default()
        };
        let minimizers: [&dyn Minimizer; 3] = [&plain, &heavy, &search];
        for minimizer in minimizers {
            let expected = format!("the step length is {step}; give a positive, finite one");
            assert_eq!(refusal(minimizer, &START).to_string(), expected);
        }
    }
}

#[test]
fn a_tolerance_that_is_negative_or_not_finite() {
    for tolerance in [-1e-9, f64::NAN, f64::INFINITY] {
        let plain = GradientDescent {
            tolerance,
            ..Default::default()
        };
        let heavy = Momentum {
            tolerance,
            ..Default::default()
        };
        let search = LineSearch {
            tolerance,
            ..Default::default()
        };
        let minimizers: [&dyn Minimizer; 3] = [&plain, &heavy, &search];
        for minimizer in minimizers {
            let error = refusal(minimizer, &START);
            assert!(matches!(error, DescentError::Tolerance { .. }), "{error}");
        }
    }
}

#[test]
fn a_momentum_outside_its_range() {
    for momentum in [-0.1, 1.0, 1.5, f64::NAN] {
        let heavy = Momentum {
            momentum,
            ..Default::default()
        };
        let expected = format!("the momentum is {momentum}; give one from 0 to below 1");
        assert_eq!(refusal(&heavy, &START).to_string(), expected);
    }
}

#[test]
fn a_line_search_that_would_not_end_or_not_descend() {
    for bad in [0.0, 1.0, -0.5, f64::NAN] {
        let search = LineSearch {
            shrink: bad,
            ..Default::default()
        };
        let error = refusal(&search, &START);
        assert!(matches!(error, DescentError::Shrink { .. }), "{error}");
        let search = LineSearch {
            decrease: bad,
            ..Default::default()
        };
        let error = refusal(&search, &START);
        assert!(matches!(error, DescentError::Decrease { .. }), "{error}");
    }
}

#[test]
fn a_start_of_the_wrong_length() {
    for start in [&[][..], &[1.0], &[1.0, 2.0, 3.0]] {
        let expected = format!(
            "the start has {} coordinates, but rosenbrock takes 2; give 2",
            start.len()
        );
        let error = refusal(&GradientDescent::default(), start);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_start_that_is_not_finite() {
    let error = refusal(&GradientDescent::default(), &[0.0, f64::NAN]);
    assert_eq!(
        error.to_string(),
        "coordinate 1 of the start is NaN; give finite numbers"
    );
    let error = refusal(&GradientDescent::default(), &[f64::NEG_INFINITY, 0.0]);
    assert_eq!(
        error.to_string(),
        "coordinate 0 of the start is -inf; give finite numbers"
    );
}

#[test]
fn a_start_at_which_the_function_overflows() {
    let error = refusal(&GradientDescent::default(), &[1e200, 0.0]);
    assert!(
        matches!(error, DescentError::StartOverflows { .. }),
        "{error}"
    );
}

#[test]
fn without_iterations_the_start_is_the_result() {
    let minimizer = GradientDescent {
        max_iterations: 0,
        ..Default::default()
    };
    let descent = minimizer.minimize(&Rosenbrock, &START).expect("valid");
    assert_eq!(descent.outcome, Outcome::IterationLimit);
    assert_eq!((descent.path.len(), descent.iterations()), (1, 0));
    assert_eq!(descent.last().point, START);
}

/// From one step to the next, Rosenbrock's function goes from finite to infinite.
#[test]
fn a_leap_to_infinity_keeps_the_last_finite_point() {
    let minimizer = GradientDescent {
        step: 1e200,
        ..Default::default()
    };
    let descent = minimizer.minimize(&Rosenbrock, &START).expect("valid");
    assert_eq!(descent.outcome, Outcome::Diverged);
    assert_eq!(descent.points().collect::<Vec<_>>(), [START]);
    assert_eq!(descent.evaluations.values, 2);

    let search = LineSearch {
        step: 1e200,
        max_iterations: 20,
        ..Default::default()
    };
    let descent = search.minimize(&Rosenbrock, &START).expect("valid");
    assert_eq!(descent.outcome, Outcome::IterationLimit);

    let valley = QuadraticValley::default();
    let descent = minimizer.minimize(&valley, &[0.0, 0.0]).expect("valid");
    assert_eq!(descent.outcome, Outcome::Converged);
}
