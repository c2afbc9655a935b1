//! A node as a few lines of text, for programs that do the layout themselves.

use crate::error::shape_text;
use crate::graph::{Graph, Node};
use crate::summary::Summary;

/// The largest number of elements of a matrix that is written out.
const MAX_CELLS: usize = 16;
/// Significant digits.
const DIGITS: usize = 3;

/// Name and formula, shape, value and gradient, if they are known; each row of a matrix has a line.
pub(crate) fn lines(graph: &Graph, node: &Node) -> Vec<String> {
    let name = node.name();
    let mut lines = vec![match graph.formula(node) {
        Some(formula) => format!("{name} = {formula}"),
        None => name.to_owned(),
    }];
    if node.shape() != [1, 1] {
        lines.push(shape_text(node.shape()));
    }
    if let Some(value) = node.value() {
        match Summary::new(value, MAX_CELLS, DIGITS) {
            Summary::Number(number) => lines.push(format!("= {number}")),
            Summary::Matrix(rows) => lines.extend(rows.iter().map(|row| row.join("  "))),
            Summary::Strip { norm, .. } => lines.push(format!("‖{name}‖ = {norm}")),
        }
    }
    if let Some(gradient) = node.gradient() {
        match Summary::new(gradient, MAX_CELLS, DIGITS) {
            Summary::Number(number) => lines.push(format!("δ{name} = {number}")),
            Summary::Matrix(rows) => {
                lines.push(format!("δ{name} ="));
                lines.extend(rows.iter().map(|row| row.join("  ")));
            }
            Summary::Strip { norm, .. } => lines.push(format!("‖δ{name}‖ = {norm}")),
        }
    }
    lines
}
