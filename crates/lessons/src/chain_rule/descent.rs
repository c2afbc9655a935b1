//! Gradient descent on the function of four variables, and why it gets slower.

use anyhow::{Context, Result};
use gradient_descent::functions::{FourVariables, QuadraticValley};
use gradient_descent::{
    Descent, Function, GradientDescent, Iterate, Minimizer, Minimum, Outcome, central_hessian,
};
use pages::colours::Colour;
use pages::numbers::{number, vector};
use pages::page::{Section, Table};
use pages::plot::{Mark, Panel, Points, Scale, Series, figure};

use super::composition::matrix;
use crate::setup::NotFinite;

/// Iterations of the descent.
const ITERATIONS: usize = 100_000;
/// Points of a curve on a logarithmic axis, for each power of ten.
const PER_DECADE: f64 = 40.0;

/// The descent from a point.
///
/// # Errors
///
/// [`NotFinite`] if it diverges.
pub(super) fn descend(point: &[f64]) -> Result<Descent> {
    let step = FourVariables.step();
    let minimizer = GradientDescent {
        step,
        max_iterations: ITERATIONS,
        ..GradientDescent::default()
    };
    let descent = minimizer.minimize(&FourVariables, point)?;
    match descent.outcome {
        Outcome::Diverged => Err(NotFinite(format!(
            "the descent diverges from --point {} with a step size of {}; choose a point closer to 0",
            vector(point),
            number(step)
        ))
        .into()),
        _ => Ok(descent),
    }
}

pub(super) fn descending(descent: &Descent) -> Result<Section> {
    let Minimum { point, value } = FourVariables.minimum().context("the minimum is known")?;
    let hessian = resolved(central_hessian(&FourVariables, &point));
    let rows = hessian.iter().map(|row| row.iter().map(|&h| number(h)));
    let rows = rows.map(Iterator::collect).collect::<Vec<Vec<_>>>();
    let valley = QuadraticValley::default();
    let steady = GradientDescent {
        step: valley.step(),
        max_iterations: ITERATIONS,
        ..GradientDescent::default()
    };
    let steady = steady.minimize(&valley, &valley.start())?;

    let mut table = Table::new(["iteration k", "f", "‖∇f‖", "x"]);
    let powers = std::iter::successors(Some(1), |k| Some(10 * k));
    for k in std::iter::once(0).chain(powers.take_while(|&k| k <= descent.iterations())) {
        let here = &descent.path[k];
        table.push([
            k.to_string(),
            number(here.value),
            number(here.gradient_norm),
            vector(&here.point),
        ]);
    }
    let last = descent.last();
    let mut section = Section::new("Going down: slower and slower")
        .text(format!(
            "Plain gradient descent from the same point with α = {} ends at f = {} after {} iterations \
             ({}). The smallest value is f = {}, at x = {}. f comes close to it long before x does, so \
             the value of f shows how good a point is.",
            number(FourVariables.step()),
            number(last.value),
            descent.iterations(),
            descent.outcome,
            number(value),
            vector(&point)
        ))
        .formula("x ← x - α ∇f(x)")
        .table(table);
    let unfinished = descent.outcome == Outcome::IterationLimit;
    if let Some(exponent) = exponent(descent).filter(|_| unfinished) {
        section = section.text(format!(
            "While k grows tenfold to the last iteration, f falls about like k to the power {}: a straight \
             line on two logarithmic axes. In a quadratic valley every step removes the same fraction, and \
             f falls much faster.",
            number(exponent)
        ));
    }
    Ok(section
        .figure(
            "descent",
            "f and ‖∇f‖ over the iterations, both axes logarithmic. The dashed line is ∝ 1/k².",
            figure(&panels(descent, &steady), 2)?,
        )
        .text(
            "The reason is the Hessian at the minimum, here by differences of the gradient. Its second row \
             is a multiple of the first, its fourth of the third: f is curved in two directions, by a² and \
             5b², and not in two others, since c⁴ and 10d⁴ have no curvature where c = d = 0. In these \
             directions f is flat, and the gradient falls faster than the distance."
            ,
        )
        .formula(format!("∂(∂f/∂x_i)/∂x_j = {}", matrix(&rows))))
}

/// A matrix of differences, rounded to the digits that they resolve: eight digits of the largest
/// entry.
fn resolved(matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let entries = || matrix.iter().flatten();
    let largest = entries().fold(1.0, |m: f64, entry| m.max(entry.abs()));
    let scale = 10f64.powf(7.0 - largest.log10().floor());
    // Adding 0 takes the sign off -0.
    let round = |entry: &f64| (entry * scale).round() / scale + 0.0;
    let row = |row: &Vec<f64>| row.iter().map(round).collect();
    matrix.iter().map(row).collect()
}

/// The power of k like which f falls from a tenth of the iterations to the last; none if there are
/// fewer than ten iterations, or f has reached 0.
fn exponent(descent: &Descent) -> Option<f64> {
    let last = descent.iterations();
    let first = last / 10;
    let [late, early] = [last, first].map(|k| descent.path[k].value);
    let exponent = (late / early).ln() / (last as f64 / first as f64).ln();
    (first > 0 && exponent.is_finite()).then_some(exponent)
}

fn panels(descent: &Descent, steady: &Descent) -> [Panel; 2] {
    let curve = |descent: &Descent, what: fn(&Iterate) -> f64| {
        let at = |k| (k as f64, what(&descent.path[k]));
        spread(descent.iterations()).into_iter().map(at).collect()
    };
    let both = |title: &str, what: fn(&Iterate) -> f64, reference: Vec<_>| {
        let lines: [(&str, Colour, Mark, Points); 3] = [
            (
                "four variables",
                Colour::BLUE,
                Mark::Line,
                curve(descent, what),
            ),
            (
                "quadratic valley",
                Colour::ORANGE,
                Mark::Line,
                curve(steady, what),
            ),
            ("∝ 1/k²", Colour::MUTED, Mark::Dashed, reference),
        ];
        let lines = lines.into_iter().filter(|(.., points)| !points.is_empty());
        let lines =
            lines.map(|(label, colour, mark, points)| Series::new(label, colour, mark, points));
        Panel::of(
            title,
            ("iteration k", Scale::Log),
            (title, Scale::Log),
            lines.collect(),
        )
    };
    // Through the last value of f, over the last two powers of ten.
    let (last, value) = (descent.iterations() as f64, descent.last().value);
    let reference = [0.01 * last, last].map(|k| (k, value * (last / k).powi(2)));
    [
        both("f", |here| here.value, reference.to_vec()),
        both("‖∇f‖", |here| here.gradient_norm, vec![]),
    ]
}

/// Iterations from 1 to the last, evenly spaced on a logarithmic axis.
fn spread(last: usize) -> Vec<usize> {
    let steps = (last.max(1) as f64).log10() * PER_DECADE;
    let mut iterations = (0..=steps.ceil() as usize)
        .map(|i| 10f64.powf(i as f64 / PER_DECADE).round() as usize)
        .map(|k| k.min(last))
        .collect::<Vec<_>>();
    iterations.dedup();
    iterations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterations_are_spread_from_the_first_to_the_last() {
        let iterations = spread(1000);
        assert_eq!((iterations[0], iterations.last()), (1, Some(&1000)));
        assert!(iterations.is_sorted_by(|a, b| a < b));
        assert_eq!(spread(0), [0]);
        assert_eq!(spread(1), [1]);
    }

    #[test]
    fn the_exponent_approaches_minus_two() {
        let descent = descend(&[3.0, -1.0, 0.0, 1.0]).unwrap();
        let [sooner, later] = [ITERATIONS / 10, ITERATIONS].map(|iterations| {
            let mut begun = descent.clone();
            begun.path.truncate(iterations + 1);
            (exponent(&begun).unwrap() + 2.0).abs()
        });
        assert!(later < sooner / 2.0, "{later} after {sooner}");
    }

    #[test]
    fn the_exponent_of_a_power_is_the_power() {
        let mut descent = descend(&[3.0, -1.0, 0.0, 1.0]).unwrap();
        for (k, here) in descent.path.iter_mut().enumerate() {
            here.value = 7.0 * (k as f64).powf(-1.5);
        }
        assert!((exponent(&descent).unwrap() + 1.5).abs() < 1e-12);
        descent.path.truncate(9);
        assert_eq!(exponent(&descent), None);
    }

    #[test]
    fn a_point_too_far_out_is_refused() {
        let error = descend(&[300.0, -100.0, 0.0, 100.0]).unwrap_err();
        assert!(error.is::<NotFinite>(), "{error}");
    }

    #[test]
    fn rounding_is_not_shown() {
        let matrix = vec![vec![200.000_000_1, -1e-9], vec![-0.5, 19.999_999_99]];
        let rows = resolved(matrix);
        assert_eq!(rows, [[200.0, 0.0], [-0.5, 20.0]]);
        assert!(rows[0][1].is_sign_positive());
    }
}
