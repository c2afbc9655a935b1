//! Nodes with their arrows and labels.

use svg::node::element::{Group, Title};

use super::shapes::{HEAD, NUMBERS, WORDS, round};
use super::{ABOVE, BELOW, BESIDE, Drawing, HALF_NODE};
use crate::error::shape_text;
use crate::graph::{Kind, Node};
use crate::label::{CELL, LINE, Label, TEXT, text_width};
use crate::layout::Position;
use crate::summary::Summary;
use crate::theme::Role;

/// Size of the text in a node.
const NODE_TEXT: f64 = 13.0;
/// Size of a symbol of one character.
const LARGE_SYMBOL: f64 = 18.0;

impl Drawing<'_> {
    /// A node, the arrow that leaves it, the labels above and below, and the gradient's arrow.
    pub(super) fn node(&self, i: usize, node: &Node, position: Position) -> Group {
        let labels = &self.labels[i];
        let stem = position.x + node_width(node);
        let is_output = !self
            .graph
            .nodes()
            .iter()
            .any(|other| other.operands().contains(&i));
        let end = if is_output {
            position.right - HEAD[0]
        } else {
            position.right
        };
        let mut group = Group::new()
            .add(Title::new(self.description(node)))
            .add(self.line(
                Role::Edge,
                format!("M{},{}H{}", round(stem), round(position.y), round(end)),
            ));
        if is_output {
            group = group.add(self.head(Role::EdgeHead, [position.right, position.y], -1.0));
        }
        group = self.shape(group, node, [position.x, position.y]);

        let left = stem + BESIDE;
        let top = position.y - ABOVE - labels.value.height();
        group = self.label(group, &labels.value, [left, top], Role::Ink, Role::Value);
        if let Some(gradient) = &labels.gradient {
            let y = position.y + 4.0;
            let start = left + labels.value.width().max(gradient.width());
            group = group
                .add(self.line(
                    Role::GradientLine,
                    format!(
                        "M{},{}H{}",
                        round(start),
                        round(y),
                        round(stem + 2.0 + HEAD[0])
                    ),
                ))
                .add(self.head(Role::Gradient, [stem + 2.0, y], 1.0));
            let top = position.y + BELOW;
            group = self.label(group, gradient, [left, top], Role::Gradient, Role::Gradient);
        }
        group
    }

    /// The tooltip of the node.
    fn description(&self, node: &Node) -> String {
        let kind = match node.kind() {
            Kind::Input => "input".to_owned(),
            Kind::Parameter => "parameter".to_owned(),
            Kind::Operation(_) => format!(
                "= {}",
                self.graph
                    .formula(node)
                    .expect("an operation has a formula")
            ),
        };
        let shape = shape_text(node.shape());
        format!("{} {kind}, {shape}", node.name())
    }

    /// The node itself, with its symbol or name in it.
    fn shape(&self, group: Group, node: &Node, [x, y]: [f64; 2]) -> Group {
        let (role, radius) = match node.kind() {
            Kind::Input => (Role::Input, 0.0),
            Kind::Parameter => (Role::Parameter, 5.0),
            Kind::Operation(_) => (Role::Operation, HALF_NODE),
        };
        let (text, size) = node_text(node);
        let width = node_width(node);
        let outline = self.rectangle(role, [x, y - HALF_NODE], [width, 2.0 * HALF_NODE]);
        let middle = [x + width / 2.0, y + 0.36 * size];
        let text = self.text(&text, middle, Role::Ink, WORDS);
        group
            .add(outline.set("rx", radius).set("stroke-width", 1.4))
            .add(text.set("text-anchor", "middle").set("font-size", size))
    }

    /// A label whose top left corner is given.
    fn label(
        &self,
        mut group: Group,
        label: &Label,
        [left, top]: [f64; 2],
        heading: Role,
        numbers: Role,
    ) -> Group {
        let mut baseline = top + 0.8 * TEXT;
        if label.has_heading() {
            let place = [left, baseline];
            group = group.add(match (label.heading.as_str(), label.shape.as_str()) {
                ("", shape) => self.text(shape, place, Role::Muted, WORDS),
                (words, "") => self.text(words, place, heading, WORDS),
                (words, shape) => self
                    .text(words, place, heading, WORDS)
                    .add(self.following(shape, Role::Muted)),
            });
            baseline += LINE;
        }
        match &label.content {
            None => group,
            Some(Summary::Number(number)) => {
                group.add(self.text(number, [left, baseline], numbers, NUMBERS))
            }
            Some(Summary::Matrix(rows)) => {
                let edges = Label::column_edges(rows);
                for (row, line) in rows.iter().zip(0..) {
                    let y = baseline + f64::from(line) * LINE;
                    for (cell, edge) in row.iter().zip(&edges) {
                        let text = self.text(cell, [left + edge, y], numbers, NUMBERS);
                        group = group.add(text.set("text-anchor", "end"));
                    }
                }
                group
            }
            Some(Summary::Strip { levels, .. }) => {
                group = group.add(self.text(&label.norm(), [left, baseline], numbers, WORDS));
                self.strip(group, levels, [left, baseline + 5.0])
            }
        }
    }

    pub(super) fn strip(
        &self,
        mut group: Group,
        levels: &[Option<i8>],
        [left, top]: [f64; 2],
    ) -> Group {
        for (i, level) in levels.iter().enumerate() {
            let role = level.map_or(Role::NoHeat, Role::Heat);
            let place = [left + i as f64 * CELL[0], top];
            group = group.add(self.rectangle(role, place, CELL));
        }
        group
    }
}

/// The text in a node, and its size: a leaf's name, or an operation's symbol, which is larger if it
/// is one character.
fn node_text(node: &Node) -> (String, f64) {
    match node.kind() {
        Kind::Input | Kind::Parameter => (node.name().to_owned(), NODE_TEXT),
        Kind::Operation(operation) => {
            let symbol = operation.symbol();
            let size = if symbol.chars().count() == 1 {
                LARGE_SYMBOL
            } else {
                NODE_TEXT
            };
            (symbol, size)
        }
    }
}

/// The width of a node without its label.
pub(super) fn node_width(node: &Node) -> f64 {
    let (text, size) = node_text(node);
    (text_width(&text, size) + 18.0).max(32.0)
}
