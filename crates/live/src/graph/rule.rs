//! The rule of a node: formula, this moment's numbers, where each factor comes from, and the witnesses.

use computational_graph::Operation;
use layers::Activation;
use manual_backprop::Reduction;
use serde_json::{Value, json};

use crate::graph::expansion::{Expansion, Factor, Numbers, Origin};
use crate::graph::math;
use crate::graph::replay::Replayed;
use crate::graph::witnesses::{Witnesses, witnesses};
use crate::numbers::{number, numbers};
use crate::place::Place;

/// The rule of a node with the numbers of one of its elements.
pub(crate) fn rule(place: &Place, replayed: &Replayed, node: usize, element: [usize; 2]) -> Value {
    let known = Numbers::new(replayed);
    let graph = &replayed.graph;
    let shape = graph.nodes()[node].shape();
    let index = element[0] * shape[1] + element[1];
    let said = witnesses(place, replayed, node);
    let uses = replayed
        .backward_steps()
        .into_iter()
        .flat_map(|(by, sent)| {
            let to_this = sent
                .into_iter()
                .filter(|contribution| contribution.to == node);
            to_this
                .map(move |contribution| (by, contribution.place))
                .collect::<Vec<_>>()
        });
    json!({
        "name": graph.nodes()[node].name(),
        "shape": shape,
        "element": element,
        "value": number(known.value(node, element)),
        "forward": forward(&known, node, element),
        "isOutput": node == replayed.output,
        "gradient": said.as_ref().map(|said| number(said.manual[index])),
        "uses": uses.map(|(by, place)| used(&known, node, by, place, element)).collect::<Value>(),
        "witnesses": said.map(compared),
    })
}

/// What the witnesses say, and how far they are apart.
fn compared(said: Witnesses) -> Value {
    let (finite, errors): (Vec<_>, Vec<_>) = said.finite.iter().copied().unzip();
    let largest = said
        .manual
        .iter()
        .fold(0.0, |m: f64, value| m.max(value.abs()));
    let apart = |other: &[f64]| {
        let differences = said
            .manual
            .iter()
            .zip(other)
            .map(|(one, other)| (one - other).abs());
        differences.fold(
            0.0,
            |m: f64, value| if m.is_nan() || value <= m { m } else { value },
        )
    };
    json!({
        "manual": numbers(&said.manual),
        "autodiff": numbers(&said.autodiff),
        "finite": numbers(&finite),
        "finiteError": numbers(&errors),
        "autodiffApart": number(apart(&said.autodiff)),
        "finiteApart": number(apart(&finite)),
        "largest": number(largest),
    })
}

/// The value of an operation; null for a leaf.
fn forward(known: &Numbers, node: usize, element: [usize; 2]) -> Value {
    let Some((operation, operands)) = known.operation(node) else {
        return Value::Null;
    };
    let names = operands
        .iter()
        .map(|&operand| math::name(known.name(operand)));
    let names = names.collect::<Vec<_>>();
    let name = math::name(known.name(node));
    let formula = math::formula(&name, &value_formula(operation, &names));
    let left = math::element(&name, known.shape(node), element);
    let value = math::line("", &[math::number(known.value(node, element), false)]);
    let lines = match (known.of_value(node, element), operation) {
        (Some(expansion), _) => lines(&formula, &left, &expansion, known.value(node, element)),
        (None, Operation::Activation(f)) => {
            let argument = math::number(known.value(operands[0], element), false);
            let applied = function(f) + &math::parentheses(&argument);
            vec![math::line(&left, &[applied]), value]
        }
        (None, _) => vec![math::line(
            &left,
            &[math::number(known.value(node, element), false)],
        )],
    };
    json!({ "formula": formula, "lines": lines })
}

/// An expansion in symbols, in numbers, and its value; without lines that repeat the one before.
fn lines(formula: &str, left: &str, expansion: &Expansion, value: f64) -> Vec<Vec<String>> {
    let mut lines = vec![
        math::line(left, &expansion.symbols()),
        math::line("", &expansion.numbers()),
        math::line("", &[math::number(value, false)]),
    ];
    if lines[1] == lines[2] {
        lines.remove(1);
    }
    if lines[0].concat() == formula {
        lines.remove(0);
    }
    lines
}

fn function(f: Activation) -> String {
    math::identifier(match f {
        Activation::Sigmoid => "σ",
        Activation::Tanh => "tanh",
        Activation::Relu => "relu",
        Activation::Elu => "elu",
    })
}

/// What an operation that uses the node passes back to it.
fn used(known: &Numbers, node: usize, by: usize, place: usize, element: [usize; 2]) -> Value {
    let (operation, operands) = known.operation(by).expect("only operations use a node");
    let expansion = known.passed_back(by, place, element);
    let expansion = expansion.expect("an operation that passes something back has a gradient");
    let gradient = math::gradient(known.name(node));
    let formula = gradient_formula(known, operation, by, operands, place);
    let left = math::element(&gradient, known.shape(node), element);
    let value = expansion.value();
    let formula = math::formula(&gradient, &formula);
    let lines = lines(&formula, &left, &expansion, value);
    json!({
        "by": by,
        "byName": known.name(by),
        "operand": place,
        "formula": formula,
        "lines": lines,
        "value": number(value),
        "factors": factors(known, &expansion),
    })
}

fn factors(known: &Numbers, expansion: &Expansion) -> Value {
    let factor = |factor: &Factor| {
        let (node, from) = match factor.origin {
            Origin::Value(node) => (
                Some(node),
                format!("value of {} from the forward pass", known.name(node)),
            ),
            Origin::Gradient(node) => (
                Some(node),
                format!("gradient that came back to {}", known.name(node)),
            ),
            Origin::Slope(node) => (
                Some(node),
                format!("slope of the activation at {}", known.name(node)),
            ),
            Origin::Rule(what) => (None, what.to_owned()),
        };
        json!({
            "symbol": format!("<math>{}</math>", factor.symbol),
            "value": number(factor.value),
            "from": from,
            "node": node,
        })
    };
    expansion.factors().into_iter().map(factor).collect()
}

/// The factor of a loss in a formula.
fn mean(reduction: Reduction, sign: &str) -> String {
    match reduction {
        Reduction::Sum => math::operator(sign),
        Reduction::Mean => math::operator(sign) + &math::fraction("<mn>1</mn>", "<mi>n</mi>"),
    }
}

/// The right side of the value's formula.
fn value_formula(operation: Operation, names: &[String]) -> String {
    let x = &names[0];
    let y = &names[names.len() - 1];
    let infix = |symbol| format!("{x}{}{y}", math::operator(symbol));
    let cross_entropy = |reduction, p: &str| {
        mean(reduction, "−") + &math::sum("rows, classes") + y + &math::identifier("ln") + p
    };
    let softmax = math::identifier("softmax") + &math::parentheses(x);
    match operation {
        Operation::MatMul => infix("·"),
        Operation::AddBias | Operation::AddBiasToColumns | Operation::Add => infix("+"),
        Operation::Subtract => infix("−"),
        Operation::Multiply => infix("∘"),
        Operation::Activation(f) => function(f) + &math::parentheses(x),
        Operation::Softmax => softmax,
        Operation::CrossEntropy(reduction) => cross_entropy(reduction, x),
        Operation::SoftmaxCrossEntropy(reduction) => cross_entropy(reduction, &softmax),
        Operation::HalfSquaredError(reduction) => {
            let difference = math::parentheses(&infix("−"));
            let half = math::fraction("<mn>1</mn>", "<mn>2</mn>");
            mean(reduction, "") + &half + &math::sum("all") + &math::power(&difference, 2)
        }
        Operation::Scale(c) => math::number(c, false) + &math::operator("·") + x,
        Operation::Power(n) => math::power(x, n),
        Operation::Sum => math::sum("all") + x,
    }
}

/// The right side of the formula of what an operation passes back to its operand number `place`.
fn gradient_formula(
    known: &Numbers,
    operation: Operation,
    by: usize,
    operands: &[usize],
    place: usize,
) -> String {
    let x = math::name(known.name(operands[0]));
    let y = math::name(known.name(operands[operands.len() - 1]));
    let z = math::name(known.name(by));
    let grad = math::gradient(known.name(by));
    let times = |factor: &str, symbol| format!("{factor}{}{grad}", math::operator(symbol));
    let one_minus = |z: &str| math::parentheses(&format!("<mn>1</mn><mo>−</mo>{z}"));
    let difference = |p: &str| math::parentheses(&format!("{p}<mo>−</mo>{y}"));
    match (operation, place) {
        (Operation::MatMul, 0) => format!("{grad}{}{}", math::operator("·"), math::transposed(&y)),
        (Operation::MatMul, _) => times(&math::transposed(&x), "·"),
        (Operation::AddBias, 1) => math::sum("rows") + &grad,
        (Operation::AddBiasToColumns, 1) => math::sum("columns") + &grad,
        (Operation::Subtract, 1) => math::operator("−") + &grad,
        (
            Operation::AddBias | Operation::AddBiasToColumns | Operation::Add | Operation::Subtract,
            _,
        )
        | (Operation::Sum, _) => grad,
        (Operation::Multiply, 0) => times(&y, "∘"),
        (Operation::Multiply, _) => times(&x, "∘"),
        (Operation::Scale(c), _) => times(&math::number(c, false), "·"),
        (Operation::Power(n), _) => {
            let power = math::power(&x, n.saturating_sub(1));
            times(&format!("<mn>{n}</mn>{power}"), "∘")
        }
        (Operation::Activation(Activation::Sigmoid), _) => {
            times(&format!("{z}<mo>∘</mo>{}", one_minus(&z)), "∘")
        }
        (Operation::Activation(Activation::Tanh), _) => times(&one_minus(&math::power(&z, 2)), "∘"),
        (Operation::Activation(f), _) => {
            let slope = math::identifier(if f == Activation::Relu {
                "relu′"
            } else {
                "elu′"
            });
            times(&(slope + &math::parentheses(&x)), "∘")
        }
        (Operation::Softmax, _) => {
            let inner = format!("{grad}<mo>−</mo>{}{}", math::sum("columns"), times(&z, "∘"));
            format!("{z}<mo>∘</mo>{}", math::parentheses(&inner))
        }
        (Operation::HalfSquaredError(reduction), _) => {
            times(&(mean(reduction, "") + &difference(&x)), "·")
        }
        (Operation::SoftmaxCrossEntropy(reduction), _) => {
            let softmax = math::identifier("softmax") + &math::parentheses(&x);
            times(&(mean(reduction, "") + &difference(&softmax)), "·")
        }
        (Operation::CrossEntropy(reduction), _) => {
            times(&(mean(reduction, "−") + &math::fraction(&y, &x)), "·")
        }
    }
}
