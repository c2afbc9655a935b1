//! A node in a few lines of text, for languages that lay a graph out themselves.

use crate::error::shape_text;
use crate::graph::{Graph, Node};
use crate::summary::Summary;

/// Elements of a matrix that is written out, at most.
const MAX_CELLS: usize = 16;
/// Significant digits.
const DIGITS: usize = 3;

/// Name and formula, shape, value and gradient, a line each, as far as they are there.
pub(crate) fn lines(graph: &Graph, node: &Node) -> Vec<String> {
    let name = node.name();
    let mut lines = vec![match graph.formula(node) {
        Some(formula) => format!("{name} = {formula}"),
        None => name.to_owned(),
    }];
    if node.shape() != [1, 1] {
        lines.push(shape_text(node.shape()));
    }
    lines.extend(node.value().map(|value| line(name, value)));
    let gradient = node.gradient();
    lines.extend(gradient.map(|gradient| line(&format!("δ{name}"), gradient)));
    lines
}

/// `z1 = 0.5`, `z1 = [1 2; 3 4]` or `‖z1‖ = 7.1`.
fn line(variable: &str, tensor: &burn::tensor::Tensor<2>) -> String {
    match Summary::new(tensor, MAX_CELLS, DIGITS) {
        Summary::Number(number) => format!("{variable} = {number}"),
        Summary::Matrix(rows) => {
            let rows = rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>();
            format!("{variable} = [{}]", rows.join("; "))
        }
        Summary::Strip { norm, .. } => format!("‖{variable}‖ = {norm}"),
    }
}
