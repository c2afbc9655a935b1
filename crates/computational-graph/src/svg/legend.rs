//! The legend: symbols and their meaning.

use svg::node::element::Group;

use super::Drawing;
use super::shapes::{HEAD, WORDS, round};
use crate::graph::Kind;
use crate::label::{CELL, TEXT, text_width};
use crate::summary::{LEVELS, Summary};
use crate::theme::Role;

/// Height of a line, and the distance from one to the next.
const HEIGHT: f64 = 16.0;
const LINES: f64 = 20.0;

impl Drawing<'_> {
    /// The symbols that occur in this drawing, each with a word, in lines of at most this width; and the size of the
    /// legend.
    pub(super) fn legend(&self, most: f64) -> (Group, [f64; 2]) {
        let mut legend = Legend {
            drawing: self,
            group: Group::new(),
            most,
            end: [0.0, 0.0],
            width: 0.0,
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
            let symbol = self.rectangle(role, [0.0, 2.0], [20.0, 12.0]);
            let symbol = Group::new().add(symbol.set("rx", radius));
            legend.add(20.0, symbol, word, Role::Muted);
        }
        let [start, end] = [0.0, 24.0];
        if nodes.iter().any(|node| node.value().is_some()) {
            let path = format!("M{start},8H{}", round(end - HEAD[0]));
            let head = self.head(Role::EdgeHead, [end, 8.0], -1.0);
            let symbol = Group::new().add(self.line(Role::Edge, path)).add(head);
            legend.add(end, symbol, "value, above", Role::Value);
        }
        if nodes.iter().any(|node| node.gradient().is_some()) {
            let path = format!("M{end},8H{}", round(start + HEAD[0]));
            let head = self.head(Role::Gradient, [start, 8.0], 1.0);
            let line = self.line(Role::GradientLine, path);
            let symbol = Group::new().add(line).add(head);
            legend.add(end, symbol, "gradient δ, below", Role::Gradient);
        }
        if self.has_strips() {
            let levels = (-LEVELS..=LEVELS).map(Some).collect::<Vec<_>>();
            let symbol = self.strip(Group::new(), &levels, [0.0, 3.0]);
            let width = levels.len() as f64 * CELL[0];
            let words = "means of chunks, negative to positive";
            legend.add(width, symbol, words, Role::Muted);
        }
        let size = [legend.width, legend.end[1] + HEIGHT];
        (legend.group, size)
    }

    fn has_strips(&self) -> bool {
        let labels = self.labels.iter();
        let mut labels = labels.flat_map(|labels| [Some(&labels.value), labels.gradient.as_ref()]);
        labels.any(|label| {
            label.is_some_and(|label| matches!(label.content, Some(Summary::Strip { .. })))
        })
    }
}

/// Lines of symbols, each with a word.
struct Legend<'a> {
    drawing: &'a Drawing<'a>,
    group: Group,
    /// The largest width of a line.
    most: f64,
    /// Where the next symbol goes.
    end: [f64; 2],
    width: f64,
}

impl Legend<'_> {
    /// Adds a symbol whose top left corner is the origin.
    fn add(&mut self, width: f64, symbol: Group, words: &str, role: Role) {
        let needed = width + 6.0 + text_width(words, TEXT) + 20.0;
        let [mut x, mut y] = self.end;
        if x > 0.0 && x + needed > self.most {
            [x, y] = [0.0, y + LINES];
        }
        let text = self.drawing.text(words, [width + 6.0, 12.0], role, WORDS);
        let place = format!("translate({},{})", round(x), round(y));
        let item = symbol.add(text).set("transform", place);
        self.group = std::mem::take(&mut self.group).add(item);
        self.end = [x + needed, y];
        self.width = self.width.max(self.end[0]);
    }
}
