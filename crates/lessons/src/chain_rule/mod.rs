//! The chain rule: a function of four variables, and its composition with a map of two variables.

mod composition;
mod descent;

use anyhow::{Context, Result, bail};
use clap::Args;
use computational_graph::{Graph, SvgOptions, nets};
use gradient_descent::Function;
use gradient_descent::functions::{Composition, FourVariables};
use gradient_trials::TensorFunction;
use pages::formula::Formula;
use pages::numbers::{Array, number, vector};
use pages::page::{Cell, Page, Section, Table};
use pages::terms::{Terms, factor};
use training::number::parse::finite;

use crate::about;
use crate::functions::autodiff;
use crate::graphs;
use crate::setup::{NotFinite, Setup, Teach};
use crate::tensors::{Comparison, scalar};
use composition::{composition, composition_compared, product};
use descent::{descend, descending};

/// The parts of the function: a letter, its formula, its term in f, the derivative of the term.
const LETTERS: [[&str; 4]; 4] = [
    ["a", "x1 + 10 x2", "a²", "2a"],
    ["b", "x3 - x4", "5b²", "10b"],
    ["c", "x2 + 2 x3", "c⁴", "4c³"],
    ["d", "x1 - x4", "10d⁴", "40d³"],
];

/// Options of `lesson chain-rule`.
#[derive(Debug, Args)]
pub struct Options {
    /// The point x1,x2,x3,x4 for the function of four variables.
    #[arg(long, default_value = "3,-1,0,1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    point: Vec<f64>,

    /// The point z1,z2 for its composition with x(z).
    #[arg(long, default_value = "1,-1", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    z: Vec<f64>,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let point = coordinates("--point", "3,-1,0,1", &self.point)?;
        let z = coordinates("--z", "1,-1", &self.z)?;
        for (option, function, at) in [
            ("--point", &FourVariables as &dyn TensorFunction, &point[..]),
            ("--z", &Composition, &z[..]),
        ] {
            let autodiff = autodiff(function, at, setup).values;
            let by_hand = function.gradient(at);
            if !autodiff.iter().chain(&by_hand).all(|d| d.is_finite()) {
                return Err(NotFinite(format!(
                    "the gradient of f is not finite at {option} {}; choose smaller numbers",
                    vector(at)
                ))
                .into());
            }
        }
        let graph = evaluated(nets::four_variables(setup.vector(point.to_vec()))?)?;
        let composed = evaluated(nets::composition(setup.vector(z.to_vec()))?)?;
        let descent = descend(&point)?;
        Ok(about::CHAIN_RULE.page()
            .with(the_function(point, &graph)?)
            .with(its_gradient(point))
            .with(compared(point, setup))
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
            .with(composition_compared(z, setup))
            .with(drawn(
                "The composition as a graph",
                "composition",
                "The same function after x(z). Where a value is used twice, its gradient is the sum of the \
                 gradients that come back: this is the sum in the product with Jᵀ.",
                &composed,
            )))
    }
}

/// The numbers of an option that takes `N`.
fn coordinates<const N: usize>(option: &str, example: &str, numbers: &[f64]) -> Result<[f64; N]> {
    let Ok(numbers) = numbers.try_into() else {
        bail!(
            "{option}: expected {N} numbers, got {}; for example {option} {example}",
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
    Section::new(heading).figure(name, caption, graphs::picture(graph, &options))
}

fn the_function(point: [f64; 4], graph: &Graph) -> Result<Section> {
    let letters = FourVariables::letters(point);
    let mut table = Table::new(["letter", "value", "term of f", "value"]);
    for (k, [letter, formula, term, _]) in LETTERS.into_iter().enumerate() {
        let value = scalar(&graph.value(&format!("t{}", k + 1))?);
        table.push([
            Cell::from(Formula::new(format!("{letter} = {formula}"))),
            number(letters[k]).into(),
            Formula::new(term).into(),
            number(value).into(),
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
    let mut by_letter = Table::new(["derivative", "value"]);
    for (k, [letter, _, _, slope]) in LETTERS.into_iter().enumerate() {
        let derivative = Formula::new(format!("∂f/∂{letter} = {slope}"));
        by_letter.push([Cell::from(derivative), number(slopes[k]).into()]);
    }
    let gradient = FourVariables.gradient(&point);
    let mut by_variable = Table::new(["component", "terms", "value"]);
    for (i, component) in gradient.iter().enumerate() {
        let holding = (0..LETTERS.len()).filter(|&k| FourVariables::INNER[k][i] != 0.0);
        let formula = holding.clone().map(|k| {
            let [.., slope] = LETTERS[k];
            format!("{}·{slope}", factor(FourVariables::INNER[k][i]))
        });
        let formula = formula.collect::<Vec<_>>().join(" + ");
        let terms = holding
            .clone()
            .map(|k| (FourVariables::INNER[k][i], slopes[k]));
        by_variable.push([
            Cell::from(Formula::new(format!("∂f/∂x{} = {formula}", i + 1))),
            Terms::new(terms).text().into(),
            number(*component).into(),
        ]);
    }
    Section::new("Its gradient, term by term")
        .text("One application of the chain rule. First the derivative of f by each letter:")
        .table(by_letter)
        .text(
            "Then the derivative by each variable: a sum over the letters that contain it, of its factor \
             there times the letter's derivative:",
        )
        .formula("∂f/∂x_i = Σ ∂(letter)/∂x_i · ∂f/∂(letter)        over the letters a, b, c, d")
        .table(by_variable)
}

fn compared(point: [f64; 4], setup: &Setup) -> Section {
    let by_hand = FourVariables.gradient(&point);
    let autodiff = autodiff(&FourVariables, &point, setup).values;
    let mut comparison = Comparison::new();
    for (i, pair) in by_hand.into_iter().zip(autodiff).enumerate() {
        let [by_hand, autodiff] = <[f64; 2]>::from(pair).map(|value| Array::vector(vec![value]));
        comparison = comparison.array_row(&format!("∂f/∂x{}", i + 1), &by_hand, &autodiff);
    }
    comparison.shown_in(
        Section::new("The same from automatic differentiation"),
        "Burn's autodiff on the formula of f.",
    )
}
