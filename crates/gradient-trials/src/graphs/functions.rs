//! The functions of L14 and L15, and graphs in which values are used more than once.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Values};
use computational_graph::{Graph, GraphBuilder, GraphError, nets};
use manual_backprop::activation::Activation;

use super::graph_case::GraphCase;
use crate::sizes::{Size, label};

/// Every function, at that size or at a point that the size picks.
pub(super) fn all(size: Size) -> Vec<GraphCase> {
    vec![
        four_variables_case(size),
        composition_case(size),
        tangle_case(size),
        bias_case(size),
    ]
}

/// L14 at the slides' point.
pub(super) fn four_variables_of_the_lecture() -> GraphCase {
    let case = numbers(
        "four variables graph at the lecture's point",
        "x",
        &[3.0, -1.0, 0.0, 1.0],
    );
    four_variables(case)
}

/// L15 at the slides' point.
pub(super) fn composition_of_the_lecture() -> GraphCase {
    composition(numbers(
        "composition graph at the lecture's point",
        "z",
        &[1.0, -1.0],
    ))
}

pub(super) fn four_variables_case(size: Size) -> GraphCase {
    four_variables(drawn_numbers("four variables graph", "x", 4, size))
}

pub(super) fn composition_case(size: Size) -> GraphCase {
    composition(drawn_numbers("composition graph", "z", 2, size))
}

fn four_variables(case: Case) -> GraphCase {
    let build = |v: &Values| {
        let x = ["x1", "x2", "x3", "x4"].map(|name| v.get::<2>(name).reshape([1]));
        nets::four_variables(Tensor::cat(x.to_vec(), 0))
    };
    GraphCase::new(case, "f", build, |v| {
        f(["x1", "x2", "x3", "x4"].map(|name| v.get(name)))
    })
}

fn composition(case: Case) -> GraphCase {
    let build = |v: &Values| {
        let z = ["z1", "z2"].map(|name| v.get::<2>(name).reshape([1]));
        nets::composition(Tensor::cat(z.to_vec(), 0))
    };
    GraphCase::new(case, "f", build, |v| {
        let (z1, z2) = (v.get::<2>("z1"), v.get::<2>("z2"));
        let square = z1.clone() * z1.clone();
        f([
            z1.clone() - z2.clone(),
            square.clone(),
            z2.clone() * z2.clone(),
            square + z1 * z2,
        ])
    })
}

/// `(x1+10x2)² + 5(x3-x4)² + (x2+2x3)⁴ + 10(x1-x4)⁴`.
fn f([x1, x2, x3, x4]: [Tensor<2>; 4]) -> Tensor<2> {
    let square = |x: Tensor<2>| x.clone() * x;
    square(x1.clone() + x2.clone() * 10.0)
        + square(x3.clone() - x4.clone()) * 5.0
        + square(square(x2 + x3 * 2.0))
        + square(square(x1 - x4)) * 10.0
}

/// A matrix that one operation uses twice, that several operations use, and that reaches the output
/// on paths of different lengths.
pub(super) fn tangle_case([_, d, _]: Size) -> GraphCase {
    let case = Case::new(format!("tangle graph [{d}]"))
        .reduction_length(d)
        .input("a", [d, d])
        .input("b", [d, d]);
    GraphCase::new(case, "out", tangle, |v| {
        let (a, b) = (v.get::<2>("a"), v.get::<2>("b"));
        let s = a.clone().matmul(a.clone()) * 0.25;
        let t = s.clone() * b;
        let u = t.clone().tanh() - s;
        u * t * a
    })
}

fn tangle(v: &Values) -> Result<Graph, GraphError> {
    let mut graph = GraphBuilder::new();
    let a = graph.parameter("a", v.get("a"))?;
    let b = graph.parameter("b", v.get("b"))?;
    let square = graph.matmul("square", a, a)?;
    let s = graph.scale("s", square, 0.25)?;
    let t = graph.multiply("t", s, b)?;
    let tanh = graph.activation("tanh", Activation::Tanh, t)?;
    let u = graph.subtract("u", tanh, s)?;
    let ut = graph.multiply("ut", u, t)?;
    graph.multiply("out", ut, a)?;
    Ok(graph.build())
}

/// Both forms of the bias, and the operations that no net uses.
pub(super) fn bias_case([batch, d, _]: Size) -> GraphCase {
    let case = Case::new(format!("bias graph [{}]", label(&[batch, d])))
        .reduction_length(batch * d)
        .input("x", [batch, d])
        .input("row", [1, d])
        .input("column", [batch, 1]);
    GraphCase::new(case, "out", biases, |v| {
        let x = v.get::<2>("x") + v.get("row") + v.get("column");
        let cube = x.clone() * x.clone() * x.clone();
        let e = x.exp();
        let softmax = e.clone() / e.sum_dim(1);
        (cube * softmax).sum().reshape([1, 1])
    })
}

fn biases(v: &Values) -> Result<Graph, GraphError> {
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", v.get("x"))?;
    let row = graph.parameter("row", v.get("row"))?;
    let column = graph.parameter("column", v.get("column"))?;
    let x = graph.add_bias("x + row", x, row)?;
    let x = graph.add_bias_to_columns("x + row + column", x, column)?;
    let cube = graph.power("cube", x, 3)?;
    let yp = graph.softmax("yp", x)?;
    let product = graph.multiply("product", cube, yp)?;
    graph.sum("out", product)?;
    Ok(graph.build())
}

/// A case whose inputs are single numbers, `x1`, `x2`, ...
fn numbers(name: &str, letter: &str, values: &[f64]) -> Case {
    let numbered = (1..).zip(values);
    numbered.fold(Case::new(name), |case, (i, &value)| {
        case.input_values(format!("{letter}{i}"), [1, 1], [value])
    })
}

fn drawn_numbers(name: &str, letter: &str, count: usize, size: Size) -> Case {
    let name = format!("{name} [{}]", label(&size));
    (1..=count).fold(Case::new(name), |case, i| {
        case.input(format!("{letter}{i}"), [1, 1])
    })
}
