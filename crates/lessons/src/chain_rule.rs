//! The chain rule: a function of four variables, and its composition with a map of two.

use anyhow::{Context, Result, bail};
use clap::Args;
use computational_graph::{Graph, SvgOptions, nets};
use gradient_descent::functions::{Composition, FourVariables, QuadraticValley, inner};
use gradient_descent::verify::TensorFunction;
use gradient_descent::{
    Descent, Function, GradientDescent, Minimizer, Minimum, Outcome, central_hessian,
};

use super::functions::{autodiff, tensor};
use super::{Common, Negative, Room, Teach};
use crate::cli::finite;
use crate::pages::colours::Colour;
use crate::pages::numbers::{Comparison, Host, number, vector};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Mark, Panel, Points, Scale, Series, figure};
use crate::pages::terms::{Terms, factor};

/// What the function is made of: a letter, its formula, its term in f, the derivative of that.
const LETTERS: [[&str; 4]; 4] = [
    ["a", "x1 + 10 x2", "a²", "2a"],
    ["b", "x3 - x4", "5b²", "10b"],
    ["c", "x2 + 2 x3", "c⁴", "4c³"],
    ["d", "x1 - x4", "10d⁴", "40d³"],
];

/// x(z), and its Jacobian row by row.
const INNER: [&str; 4] = ["z1 - z2", "z1²", "z2²", "z1² + z1 z2"];
const JACOBIAN: [[&str; 2]; 4] = [
    ["1", "-1"],
    ["2 z1", "0"],
    ["0", "2 z2"],
    ["2 z1 + z2", "z1"],
];

/// Iterations of the descent.
const ITERATIONS: usize = 100_000;
/// Points of a curve on a logarithmic axis, for each power of ten.
const PER_DECADE: f64 = 40.0;

/// Options of `lesson chain-rule`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The point x1,x2,x3,x4 at which the function of four variables is taken apart.
    #[arg(long, default_value = "3,-1,0,1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    point: Vec<f64>,

    /// The point z1,z2 at which its composition with x(z) is.
    #[arg(long, default_value = "1,-1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    z: Vec<f64>,

    #[command(flatten)]
    common: Common,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "chain-rule"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let point = coordinates("--point", "3,-1,0,1", &self.point)?;
        let z = coordinates("--z", "1,-1", &self.z)?;
        for (option, function, at) in [
            ("--point", &FourVariables as &dyn TensorFunction, &point[..]),
            ("--z", &Composition, &z[..]),
        ] {
            let autodiff = autodiff(function, at, room).values;
            let by_hand = function.gradient(at);
            if !autodiff.iter().chain(&by_hand).all(|d| d.is_finite()) {
                return Err(Negative(format!(
                    "the gradient of f is not finite at {option} {}; choose smaller numbers",
                    vector(at)
                ))
                .into());
            }
        }
        let graph = evaluated(nets::four_variables(tensor(&point, room))?)?;
        let composed = evaluated(nets::composition(tensor(&z, room))?)?;
        let descent = descend(&point)?;
        Ok(Page::new("The chain rule", "L14, L15, L1")
            .with(the_function(point, &graph)?)
            .with(its_gradient(point))
            .with(compared(point, room))
            .with(drawn(
                "The function as a graph",
                "four-variables",
                "The function of four variables: values above the arrows flow to the right, \
                 gradients below them flow to the left. The letters a to d are the nodes s1 to s4.",
                &graph,
            ))
            .with(descending(&descent)?)
            .with(composition(z))
            .with(product(z))
            .with(composition_compared(z, room))
            .with(drawn(
                "The composition as a graph",
                "composition",
                "The same function behind x(z). Where a value is used twice, its gradient is the sum \
                 of what comes back: that is what the product with Jᵀ adds up.",
                &composed,
            )))
    }
}

/// The numbers of an option that takes `N`.
fn coordinates<const N: usize>(option: &str, example: &str, numbers: &[f64]) -> Result<[f64; N]> {
    let Ok(numbers) = numbers.try_into() else {
        bail!(
            "{option} has {} numbers, expected {N}; for example {option} {example}",
            numbers.len()
        );
    };
    Ok(numbers)
}

/// The graph with values and gradients.
fn evaluated(mut graph: Graph) -> Result<Graph> {
    graph.forward();
    graph.backward("f").context("the graph has an output f")?;
    Ok(graph)
}

fn drawn(heading: &str, name: &str, caption: &str, graph: &Graph) -> Section {
    let options = SvgOptions {
        title: heading.to_owned(),
        ..SvgOptions::default()
    };
    Section::new(heading).figure(name, caption, graph.to_svg(&options))
}

fn the_function(point: [f64; 4], graph: &Graph) -> Result<Section> {
    let letters = FourVariables::letters(point);
    let mut table = Table::new(["letter", "value", "term of f", "value"]);
    for (k, [letter, formula, term, _]) in LETTERS.into_iter().enumerate() {
        let value = Host::of(&graph.value(&format!("t{}", k + 1))?).values[0];
        table.push([
            format!("{letter} = {formula}"),
            number(letters[k]),
            term.to_owned(),
            number(value),
        ]);
    }
    let value = number(FourVariables.value(&point));
    Ok(Section::new("A function of four variables")
        .formula(FourVariables.formula())
        .text(format!(
            "At x = {}. Each bracket gets a letter; then f is the sum of four terms, f = {value}.",
            vector(&point)
        ))
        .table(table.row([String::new(), String::new(), "f".to_owned(), value])))
}

fn its_gradient(point: [f64; 4]) -> Section {
    let slopes = FourVariables::slopes(point);
    let mut by_letter = Table::new(["slope", "formula", "value"]);
    for (k, [letter, _, _, slope]) in LETTERS.into_iter().enumerate() {
        by_letter.push([format!("∂f/∂{letter}"), slope.to_owned(), number(slopes[k])]);
    }
    let gradient = FourVariables.gradient(&point);
    let mut by_variable = Table::new(["component", "formula", "terms", "value"]);
    for (i, component) in gradient.iter().enumerate() {
        let holding = (0..LETTERS.len()).filter(|&k| FourVariables::INNER[k][i] != 0.0);
        let formula = holding.clone().map(|k| {
            let [.., slope] = LETTERS[k];
            format!("{}·{slope}", factor(FourVariables::INNER[k][i]))
        });
        let terms = holding
            .clone()
            .map(|k| (FourVariables::INNER[k][i], slopes[k]));
        by_variable.push([
            format!("∂f/∂x{}", i + 1),
            formula.collect::<Vec<_>>().join(" + "),
            Terms::new(terms).text(),
            number(*component),
        ]);
    }
    Section::new("Its gradient, term by term")
        .text("The chain rule, one link. First the slope of f along each letter:")
        .table(by_letter)
        .text(
            "Then each variable collects, over the letters that hold it, its factor there times the \
             letter's slope:",
        )
        .formula("∂f/∂xi = Σ ∂(letter)/∂xi · ∂f/∂(letter)        over the letters a, b, c, d")
        .table(by_variable)
}

fn compared(point: [f64; 4], room: &Room) -> Section {
    let by_hand = FourVariables.gradient(&point);
    let autodiff = autodiff(&FourVariables, &point, room).values;
    let mut comparison = Comparison::new();
    for (i, pair) in by_hand.into_iter().zip(autodiff).enumerate() {
        let [by_hand, autodiff] = <[f64; 2]>::from(pair).map(|value| Host {
            dims: vec![1],
            values: vec![value],
        });
        comparison = comparison.host_row(&format!("∂f/∂x{}", i + 1), &by_hand, &autodiff);
    }
    Section::new("The same from automatic differentiation")
        .text(format!(
            "Burn's autodiff on the formula of f. Largest difference: {}.",
            number(comparison.largest())
        ))
        .table(comparison.into_table())
}

/// The descent from a point.
///
/// # Errors
///
/// [`Negative`] if it diverges.
fn descend(point: &[f64]) -> Result<Descent> {
    let step = FourVariables.step();
    let minimizer = GradientDescent {
        step,
        max_iterations: ITERATIONS,
        ..GradientDescent::default()
    };
    let descent = minimizer.minimize(&FourVariables, point)?;
    match descent.outcome {
        Outcome::Diverged => Err(Negative(format!(
            "the descent diverges from --point {} with its step of {}; choose a point nearer to 0",
            vector(point),
            number(step)
        ))
        .into()),
        _ => Ok(descent),
    }
}

fn descending(descent: &Descent) -> Result<Section> {
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
             it is f that tells how good a point is.",
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
            "Over the last tenfold of iterations f falls about like k to the power {}: a straight line \
             on two logarithmic axes. In a quadratic valley every step takes off the same share, and f \
             plunges.",
            number(exponent)
        ));
    }
    Ok(section
        .figure(
            "descent",
            "f and ‖∇f‖ against the iteration, both axes logarithmic. The dashed line is ∝ 1/k².",
            figure(&panels(descent, &steady), 2)?,
        )
        .text(
            "Why: the Hessian at the minimum, here by differences of the gradient. Its second row is a \
             multiple of the first, its fourth of the third: two directions are curved, by a² and \
             5b², and two are not, since c⁴ and 10d⁴ have no curvature where c = d = 0. There f is \
             flat, and the gradient vanishes faster than the distance.",
        )
        .formula(beside("∂²f/∂xi∂xj = ", &[matrix(&rows)])))
}

/// A matrix of differences, rounded to the digits that they resolve: eight of the largest entry.
fn resolved(matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let entries = || matrix.iter().flatten();
    let largest = entries().fold(1.0, |m: f64, entry| m.max(entry.abs()));
    let scale = 10f64.powf(7.0 - largest.log10().floor());
    // Adding 0 takes the sign off -0.
    let round = |entry: &f64| (entry * scale).round() / scale + 0.0;
    let row = |row: &Vec<f64>| row.iter().map(round).collect();
    matrix.iter().map(row).collect()
}

/// The power of the iteration's number with which f falls over the last tenfold of iterations, if
/// there are as many and f has not come to 0.
fn exponent(descent: &Descent) -> Option<f64> {
    let last = descent.iterations();
    let first = last / 10;
    let [late, early] = [last, first].map(|k| descent.path[k].value);
    let exponent = (late / early).ln() / (last as f64 / first as f64).ln();
    (first > 0 && exponent.is_finite()).then_some(exponent)
}

fn panels(descent: &Descent, steady: &Descent) -> [Panel; 2] {
    let curve = |descent: &Descent, what: fn(&gradient_descent::Iterate) -> f64| {
        let at = |k| (k as f64, what(&descent.path[k]));
        spread(descent.iterations()).into_iter().map(at).collect()
    };
    let both = |title: &str, what: fn(&gradient_descent::Iterate) -> f64, reference: Vec<_>| {
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

/// Iterations from 1 to the last, evenly spread on a logarithmic axis.
fn spread(last: usize) -> Vec<usize> {
    let steps = (last.max(1) as f64).log10() * PER_DECADE;
    let mut iterations = (0..=steps.ceil() as usize)
        .map(|i| 10f64.powf(i as f64 / PER_DECADE).round() as usize)
        .map(|k| k.min(last))
        .collect::<Vec<_>>();
    iterations.dedup();
    iterations
}

fn composition(z: [f64; 2]) -> Section {
    let x = inner::map(z);
    let mut table = Table::new(["x(z)", "formula", "value"]);
    for (i, formula) in INNER.into_iter().enumerate() {
        table.push([format!("x{}", i + 1), formula.to_owned(), number(x[i])]);
    }
    let symbols = JACOBIAN.map(|row| row.map(str::to_owned).to_vec());
    let numbers = inner::jacobian(z).map(|row| row.map(number).to_vec());
    let jacobian = beside("J = ∂x/∂z = ", &[matrix(&symbols), matrix(&numbers)]);
    Section::new("A composition: f after x(z)")
        .formula(Composition.formula())
        .text(format!(
            "At z = {}: x(z) = {} and F(z) = f(x(z)) = {}.",
            vector(&z),
            vector(&x),
            number(Composition.value(&z))
        ))
        .table(table)
        .text("The Jacobian has a row for each x and a column for each z.")
        .formula(jacobian)
}

/// A matrix, a line for each row, its columns aligned.
fn matrix(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(column, cell)| format!("{cell:>0$}", width(column)));
        format!("[ {} ]", cells.collect::<Vec<_>>().join("  "))
    };
    rows.iter().map(line).collect()
}

/// Matrices of equally many rows side by side, as one that is equal to the next.
fn beside(name: &str, matrices: &[Vec<String>]) -> String {
    let indent = " ".repeat(name.chars().count());
    let lines = (0..matrices.first().map_or(0, Vec::len)).map(|i| {
        let rows = matrices.iter().map(|matrix| matrix[i].as_str());
        let rows = rows.collect::<Vec<_>>();
        match i {
            0 => format!("{name}{}", rows.join("  =  ")),
            _ => format!("{indent}{}", rows.join("     ")),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn product(z: [f64; 2]) -> Section {
    let x = inner::map(z);
    let grad_x = FourVariables.gradient(&x);
    let jacobian = inner::jacobian(z);
    let grad_z = Composition.gradient(&z);
    let mut table = Table::new(["component", "formula", "terms", "value"]);
    for (j, component) in grad_z.iter().enumerate() {
        let terms = (0..x.len()).map(|i| (jacobian[i][j], grad_x[i]));
        table.push([
            format!("∂F/∂z{}", j + 1),
            format!("Σ_i ∂xi/∂z{} · ∂f/∂xi", j + 1),
            Terms::new(terms).text(),
            number(*component),
        ]);
    }
    Section::new("The gradient of the composition, element by element")
        .text(format!(
            "What comes back from f is ∇x f = {}, the gradient above at x(z). It passes x(z) as a \
             product with the transposed Jacobian (a vector-Jacobian product): ∇z F = {}.",
            vector(&grad_x),
            vector(&grad_z)
        ))
        .formula("∇z F = Jᵀ ∇x f")
        .table(table)
}

fn composition_compared(z: [f64; 2], room: &Room) -> Section {
    let x = inner::map(z);
    let host = |values: Vec<f64>| Host {
        dims: vec![values.len()],
        values,
    };
    let comparison = Comparison::new()
        .host_row(
            "∇x f",
            &host(FourVariables.gradient(&x)),
            &autodiff(&FourVariables, &x, room),
        )
        .host_row(
            "∇z F",
            &host(Composition.gradient(&z)),
            &autodiff(&Composition, &z, room),
        );
    Section::new("The composition by automatic differentiation")
        .text(format!(
            "Burn's autodiff goes back through f and x(z) in one run and never writes J down. Largest \
             difference: {}.",
            number(comparison.largest())
        ))
        .table(comparison.into_table())
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
    fn the_later_the_nearer_the_descent_comes_to_one_over_the_square() {
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
    fn a_point_too_far_out_is_told() {
        let error = descend(&[300.0, -100.0, 0.0, 100.0]).unwrap_err();
        assert!(error.is::<Negative>(), "{error}");
    }

    #[test]
    fn a_matrix_is_aligned() {
        let rows = [["1", "-1"], ["2 z1", "0"]].map(|row| row.map(str::to_owned).to_vec());
        let lines = matrix(&rows);
        assert_eq!(lines, ["[    1  -1 ]", "[ 2 z1   0 ]"]);
        let twice = beside("J = ", &[lines.clone(), lines]);
        assert_eq!(
            twice,
            "J = [    1  -1 ]  =  [    1  -1 ]\n    [ 2 z1   0 ]     [ 2 z1   0 ]"
        );
    }

    #[test]
    fn rounding_is_not_shown() {
        let matrix = vec![vec![200.000_000_1, -1e-9], vec![-0.5, 19.999_999_99]];
        let rows = resolved(matrix);
        assert_eq!(rows, [[200.0, 0.0], [-0.5, 20.0]]);
        assert!(rows[0][1].is_sign_positive());
    }
}
