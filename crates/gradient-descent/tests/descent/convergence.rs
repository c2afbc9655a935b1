//! How descents behave: properties that hold for every step, start and valley, and the numbers of
//! the lecture.

use gradient_descent::functions::{
    self, Composition, CosineBowl, FourVariables, QuadraticValley, Rosenbrock,
};
use gradient_descent::{
    DIVERGENCE_FACTOR, Descent, Function, GradientDescent, LineSearch, Minimizer, Momentum, Outcome,
};
use proptest::prelude::*;

fn plain(step: f64, tolerance: f64, max_iterations: usize) -> GradientDescent {
    GradientDescent {
        step,
        tolerance,
        max_iterations,
    }
}

fn run(minimizer: &dyn Minimizer, function: &dyn Function, start: &[f64]) -> Descent {
    minimizer
        .minimize(function, start)
        .expect("settings and start are valid")
}

fn valley(condition: f64) -> QuadraticValley {
    QuadraticValley::new(condition).expect("at least 1")
}

/// From 1/8 to 5, of either sign.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![0.125..5.0f64, -5.0..-0.125f64]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_small_enough_step_lowers_a_convex_function_every_time(
        condition in 1.0..200.0f64,
        share in 0.01..0.99f64,
        start in [coordinate(), coordinate()],
    ) {
        let step = share * 2.0 / condition;
        let descent = run(&plain(step, 0.0, 60), &valley(condition), &start);
        for (before, after) in descent.values().zip(descent.values().skip(1)) {
            prop_assert!(after < before, "{before} -> {after}");
        }
    }

    #[test]
    fn too_large_a_step_is_found_to_diverge(
        condition in 1.0..200.0f64,
        share in 1.05..5.0f64,
        start in [coordinate(), coordinate()],
    ) {
        let step = share * 2.0 / condition;
        let descent = run(&plain(step, 1e-6, 5000), &valley(condition), &start);
        prop_assert_eq!(descent.outcome, Outcome::Diverged);
        prop_assert!(descent.path.iter().all(|i| i.value.is_finite() && i.gradient_norm.is_finite()));
        let last = descent.last().value;
        prop_assert!(last > DIVERGENCE_FACTOR * descent.path[0].value.max(1.0), "{last}");
    }

    #[test]
    fn a_step_past_the_floor_zigzags_across_the_valley_and_not_along_it(
        condition in 2.5..200.0f64,
        share in 0.55..0.95f64,
        start in [coordinate(), coordinate()],
    ) {
        // Between 1/κ and 2/κ, and below 1.
        let step = share * 2.0 / condition;
        let descent = run(&plain(step, 0.0, 40), &valley(condition), &start);
        prop_assert_eq!(descent.turns(0), 0);
        prop_assert_eq!(descent.turns(1), descent.iterations() - 1);
    }

    #[test]
    fn a_step_short_of_the_floor_does_not_zigzag(
        condition in 1.0..200.0f64,
        share in 0.01..0.99f64,
        start in [coordinate(), coordinate()],
    ) {
        let descent = run(&plain(share / condition, 0.0, 40), &valley(condition), &start);
        prop_assert_eq!((descent.turns(0), descent.turns(1)), (0, 0));
    }

    #[test]
    fn a_line_search_never_raises_any_function(
        number in 0..5usize,
        step in 0.001..100.0f64,
        shrink in 0.1..0.9f64,
        decrease in 1e-4..0.9f64,
        start in [coordinate(), coordinate(), coordinate(), coordinate()],
    ) {
        let function = &functions::all()[number];
        let search = LineSearch { step, shrink, decrease, tolerance: 1e-6, max_iterations: 200 };
        let descent = run(&search, &**function, &start[..function.dimension()]);
        prop_assert_ne!(descent.outcome, Outcome::Diverged);
        for (before, after) in descent.values().zip(descent.values().skip(1)) {
            prop_assert!(after < before, "{before} -> {after}");
        }
    }

    #[test]
    fn without_momentum_the_heavy_ball_is_plain_descent(
        number in 0..5usize,
        start in [-1.0..1.0f64, -1.0..1.0f64, -1.0..1.0f64, -1.0..1.0f64],
    ) {
        let function = &functions::all()[number];
        let start = &start[..function.dimension()];
        let step = function.step();
        let heavy = Momentum { step, momentum: 0.0, tolerance: 1e-6, max_iterations: 100 };
        let expected = run(&plain(step, 1e-6, 100), &**function, start);
        prop_assert_eq!(run(&heavy, &**function, start), expected);
    }

    #[test]
    fn gradients_agree_with_central_differences(
        number in 0..5usize,
        point in [coordinate(), coordinate(), coordinate(), coordinate()],
    ) {
        let function = &functions::all()[number];
        let point = &point[..function.dimension()];
        let gradient = function.gradient(point);
        let size = gradient.iter().fold(1.0, |size: f64, d| size.max(d.abs()));
        for (i, derivative) in gradient.iter().enumerate() {
            let value_at = |h: f64| {
                let mut moved = point.to_vec();
                moved[i] += h;
                function.value(&moved)
            };
            let difference = (value_at(1e-5) - value_at(-1e-5)) / 2e-5;
            prop_assert!((derivative - difference).abs() < 1e-6 * size.max(function.value(point).abs()));
        }
    }
}

#[test]
fn every_iterate_is_a_step_against_the_gradient_before() {
    let descent = run(&plain(0.05, 1e-6, 1000), &CosineBowl, &CosineBowl.start());
    assert_eq!(descent.path[0].step, 0.0);
    for pair in descent.path.windows(2) {
        for i in 0..2 {
            let expected = pair[0].point[i] - 0.05 * pair[0].gradient[i];
            assert_eq!(pair[1].point[i], expected);
        }
        assert_eq!(pair[1].step, 0.05);
    }
    assert_eq!(descent.evaluations.values, descent.path.len());
    assert_eq!(descent.evaluations.gradients, descent.path.len());
}

#[test]
fn the_cosine_bowl_leads_to_the_nearest_of_its_minima() {
    use std::f64::consts::PI;
    for (start, bottom) in [([1.3, 0.9], [0.0, 0.0]), ([2.0, -2.5], [PI, -PI])] {
        let descent = run(&plain(0.1, 1e-9, 1000), &CosineBowl, &start);
        assert_eq!(descent.outcome, Outcome::Converged);
        let last = descent.last();
        assert!((last.value + 4.0).abs() < 1e-14, "{}", last.value);
        for (x, expected) in last.point.iter().zip(bottom) {
            assert!((x - expected).abs() < 1e-9, "{x} for {expected}");
        }
        assert!(last.gradient_norm <= 1e-9);
    }
}

/// With the bowl's curvature of 8, steps beyond 2/8 leap to and fro; the bowl is bounded, so that
/// they never diverge.
#[test]
fn a_bounded_function_cannot_diverge() {
    let descent = run(&plain(0.9, 1e-9, 500), &CosineBowl, &[1.3, 0.9]);
    assert_eq!(descent.outcome, Outcome::IterationLimit);
    assert_eq!(descent.iterations(), 500);
}

/// Polyak's best step and momentum gain a factor of 9/11 an iteration at κ = 100, plain descent's
/// best step one of 99/101: five to ten times as many iterations.
#[test]
fn momentum_beats_the_best_plain_descent_in_a_narrow_valley() {
    let valley = valley(100.0);
    let start = valley.start();
    let plain = run(&plain(2.0 / 101.0, 1e-6, 10_000), &valley, &start);
    let heavy = Momentum {
        step: 4.0 / 121.0,
        momentum: (9.0f64 / 11.0).powi(2),
        ..Momentum::default()
    };
    let heavy = run(&heavy, &valley, &start);
    assert_eq!(plain.outcome, Outcome::Converged);
    assert_eq!(heavy.outcome, Outcome::Converged);
    let (fast, slow) = (heavy.iterations(), plain.iterations());
    assert!(5 * fast < slow, "{fast} against {slow}");
}

#[test]
fn a_line_search_counts_the_steps_that_it_rejects() {
    let descent = run(&LineSearch::default(), &valley(100.0), &[100.0, 1.0]);
    assert_eq!(descent.outcome, Outcome::Converged);
    let tried = |step: f64| 1 + (1.0 / step).log2() as usize;
    let expected: usize = descent.path[1..].iter().map(|i| tried(i.step)).sum();
    assert_eq!(descent.evaluations.values, 1 + expected);
    assert_eq!(descent.evaluations.gradients, descent.path.len());
}

/// With a first step of 1, the bowl's curvature of 8 and halving, the search tries 1/4 = 2/8, a leap to
/// almost the same height on the other side. Only a tiny demand accepts it.
#[test]
fn a_line_search_that_demands_little_gains_little() {
    let iterations = |decrease| {
        let search = LineSearch {
            decrease,
            ..LineSearch::default()
        };
        let descent = run(&search, &CosineBowl, &CosineBowl.start());
        assert_eq!(descent.outcome, Outcome::Converged);
        descent.iterations()
    };
    assert!(iterations(1e-4) > 1000, "{}", iterations(1e-4));
    assert!(iterations(0.3) < 10, "{}", iterations(0.3));
}

/// With a tolerance of 0 the descent ends only where no step lowers the value.
#[test]
fn a_line_search_stalls_at_the_limit_of_rounding() {
    let search = LineSearch {
        tolerance: 0.0,
        ..LineSearch::default()
    };
    let descent = run(&search, &CosineBowl, &CosineBowl.start());
    assert_eq!(descent.outcome, Outcome::Stalled);
    assert!((descent.last().value + 4.0).abs() < 1e-14);
}

#[test]
fn rosenbrocks_valley_is_followed_to_its_end() {
    let search = LineSearch {
        max_iterations: 50_000,
        ..LineSearch::default()
    };
    let descent = run(&search, &Rosenbrock, &Rosenbrock.start());
    assert_eq!(descent.outcome, Outcome::Converged);
    let end = &descent.last().point;
    let off = end.iter().fold(0.0, |off: f64, x| off.max((x - 1.0).abs()));
    assert!(off < 1e-5, "{end:?}");
}

/// The Hessian at 0 has rank 2: f falls like 1/k², to a quarter when k doubles, where linear
/// convergence would square it; and x, which falls like 1/√k, is still far from 0.
#[test]
fn descent_on_four_variables_is_sublinear() {
    const N: usize = 20_000;
    let minimizer = plain(FourVariables.step(), 0.0, 4 * N);
    let descent = run(&minimizer, &FourVariables, &FourVariables.start());
    let f = |k: usize| descent.path[k].value;
    assert!(f(4 * N) < 1e-5, "{:e}", f(4 * N));
    for k in [N, 2 * N] {
        let ratio = f(2 * k) / f(k);
        assert!((0.2..0.3).contains(&ratio), "{ratio}");
    }
    let x = &descent.last().point;
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    assert!((0.03..0.1).contains(&norm), "{x:?}");
}

#[test]
fn the_composition_descends_from_the_lectures_point() {
    let minimizer = plain(Composition.step(), 1e-3, 200_000);
    let descent = run(&minimizer, &Composition, &Composition.start());
    assert_eq!(descent.path[0].value, 390.0);
    assert_eq!(descent.path[0].gradient, [710.0, -1126.0]);
    assert_eq!(descent.outcome, Outcome::Converged);
    assert!(descent.last().value < 1e-3, "{:e}", descent.last().value);
}
