//! Trees of formulas as MathML.

use super::parse::Node;
use crate::markup::escaped;

/// Operators that have their index below.
const LIMITS: [&str; 3] = ["∑", "max", "min"];

/// A formula, large as on a line of its own: in a cell, too, its fractions are to be read. Nothing, if it is empty.
pub(super) fn math(nodes: &[Node]) -> String {
    if nodes.is_empty() {
        return String::new();
    }
    format!(
        "<math displaystyle=\"true\"><mrow>{}</mrow></math>",
        row(nodes)
    )
}

fn row(nodes: &[Node]) -> String {
    nodes.iter().map(element).collect()
}

/// Nodes as one element.
fn grouped(nodes: &[Node]) -> String {
    match nodes {
        [one] => element(one),
        _ => format!("<mrow>{}</mrow>", row(nodes)),
    }
}

fn element(node: &Node) -> String {
    match node {
        Node::Name(name) if name == "ᵀ" => "<mi mathvariant=\"normal\">T</mi>".to_owned(),
        Node::Name(name) => format!("<mi>{}</mi>", escaped(name)),
        Node::Number(digits) => format!("<mn>{}</mn>", digits.replace('-', "−")),
        Node::Operator(symbol) => format!("<mo>{}</mo>", escaped(symbol)),
        Node::Sign => "<mo form=\"prefix\">−</mo>".to_owned(),
        Node::Space => "<mspace width=\"0.2em\"/>".to_owned(),
        Node::Row(nodes) => grouped(nodes),
        Node::Fenced(open, body, close) => {
            format!("<mrow><mo>{open}</mo>{}<mo>{close}</mo></mrow>", row(body))
        }
        Node::Root(nodes) => format!("<msqrt>{}</msqrt>", row(nodes)),
        Node::Fraction(above, below) => {
            format!("<mfrac>{}{}</mfrac>", grouped(above), grouped(below))
        }
        Node::Matrix(rows) => matrix(
            rows.iter()
                .map(|row| row.iter().map(|entry| grouped(entry))),
        ),
        Node::Scripts { base, below, above } => scripts(base, below.as_deref(), above),
    }
}

fn scripts(base: &Node, below: Option<&Node>, above: &[Node]) -> String {
    let has_limits = match base {
        Node::Operator(symbol) | Node::Name(symbol) => LIMITS.contains(&symbol.as_str()),
        _ => false,
    };
    match (below, above) {
        (Some(below), []) if has_limits => {
            let base = element(base).replace("<mo>", "<mo movablelimits=\"false\">");
            format!("<munder>{base}{}</munder>", element(below))
        }
        (Some(below), []) => format!("<msub>{}{}</msub>", element(base), element(below)),
        (Some(below), above) => format!(
            "<msubsup>{}{}{}</msubsup>",
            element(base),
            element(below),
            grouped(above)
        ),
        (None, above) => format!("<msup>{}{}</msup>", element(base), grouped(above)),
    }
}

/// A matrix of these entries. The style of the page draws its brackets, which no font has to stretch.
pub(crate) fn matrix<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> String {
    let rows = rows.into_iter().map(|row| {
        let entries = row.into_iter().map(|entry| format!("<mtd>{entry}</mtd>"));
        format!("<mtr>{}</mtr>", entries.collect::<String>())
    });
    format!(
        "<mtable class=\"matrix\">{}</mtable>",
        rows.collect::<String>()
    )
}
