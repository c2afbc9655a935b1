//! The legend: symbols and their meaning.

use svg::node::element::Group;

use super::Drawing;
use super::shapes::{HEAD, WORDS, round};
use crate::graph::Kind;
use crate::label::{CELL, TEXT, text_width};
use crate::summary::{LEVELS, Summary};
use crate::theme::Role;

impl Drawing<'_> {
    /// The symbols that occur in this drawing, each with a word, and the size of the legend.
    pub(super) fn legend(&self) -> (Group, [f64; 2]) {
        let mut legend = LegendRow {
            drawing: self,
            group: Group::new(),
            x: 0.0,
        };
        let nodes = self.graph.nodes();
        let occurs = |is_kind: fn(Kind) -> bool| nodes.iter().any(|node| is_kind(node.kind()));
        let kinds = [
            (
                "input",
                Role::Input,
                0.0,
                occurs(|kind| kind == Kind::Input),
            ),
            (
                "parameter",
                Role::Parameter,
                3.0,
                occurs(|kind| kind == Kind::Parameter),
            ),
            (
                "operation",
                Role::Operation,
                6.0,
                occurs(|kind| matches!(kind, Kind::Operation(_))),
            ),
        ];
        for (word, role, radius, _) in kinds.into_iter().filter(|(.., occurs)| *occurs) {
            let symbol = self.rectangle(role, [legend.x, 2.0], [20.0, 12.0]);
            legend.add(
                20.0,
                Group::new().add(symbol.set("rx", radius)),
                word,
                Role::Muted,
            );
        }
        if nodes.iter().any(|node| node.value().is_some()) {
            let [start, end] = [legend.x, legend.x + 24.0];
            let path = format!("M{},8H{}", round(start), round(end - HEAD[0]));
            let symbol = Group::new().add(self.line(Role::Edge, path)).add(self.head(
                Role::EdgeHead,
                [end, 8.0],
                -1.0,
            ));
            legend.add(24.0, symbol, "value, above", Role::Value);
        }
        if nodes.iter().any(|node| node.gradient().is_some()) {
            let [start, end] = [legend.x, legend.x + 24.0];
            let path = format!("M{},8H{}", round(end), round(start + HEAD[0]));
            let symbol = Group::new()
                .add(self.line(Role::GradientLine, path))
                .add(self.head(Role::Gradient, [start, 8.0], 1.0));
            legend.add(24.0, symbol, "gradient δ, below", Role::Gradient);
        }
        if self.has_strips() {
            let levels = (-LEVELS..=LEVELS).map(Some).collect::<Vec<_>>();
            let symbol = self.strip(Group::new(), &levels, [legend.x, 3.0]);
            let width = levels.len() as f64 * CELL[0];
            let words = "means of chunks, negative to positive";
            legend.add(width, symbol, words, Role::Muted);
        }
        let width = legend.x;
        (legend.group, [width, 16.0])
    }

    fn has_strips(&self) -> bool {
        let labels = self.labels.iter();
        let mut labels = labels.flat_map(|labels| [Some(&labels.value), labels.gradient.as_ref()]);
        labels.any(|label| {
            label.is_some_and(|label| matches!(label.content, Some(Summary::Strip { .. })))
        })
    }
}

/// A row of symbols, each with a word.
struct LegendRow<'a> {
    drawing: &'a Drawing<'a>,
    group: Group,
    x: f64,
}

impl LegendRow<'_> {
    fn add(&mut self, width: f64, symbol: Group, words: &str, role: Role) {
        let x = self.x + width + 6.0;
        let text = self.drawing.text(words, [x, 12.0], role, WORDS);
        self.group = std::mem::take(&mut self.group).add(symbol).add(text);
        self.x = x + text_width(words, TEXT) + 20.0;
    }
}
