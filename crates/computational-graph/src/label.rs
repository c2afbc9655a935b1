//! The text next to a node, and its size.

use crate::error::shape_text;
use crate::graph::{Graph, Node};
use crate::options::SvgOptions;
use crate::summary::Summary;

/// Size of text, in pixels.
pub(crate) const TEXT: f64 = 12.0;
/// Distance from one line's baseline to the next.
pub(crate) const LINE: f64 = 15.0;
/// Size of a cell of a heat strip.
pub(crate) const CELL: [f64; 2] = [4.5, 10.0];
/// Space between the columns of a matrix.
const COLUMNS: f64 = 9.0;
/// Width of a character relative to its size: that of the usual monospaced fonts, and more than the
/// mean of the usual proportional ones.
const CHARACTER: f64 = 0.61;

/// Estimated width of a text: the reader's fonts are not known.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let width = |c: char| match c {
        // Ideographs, kana, hangul, emoji: as wide as high.
        '\u{1100}'.. if !('\u{2000}'..='\u{2fff}').contains(&c) => 1.0,
        ' ' | '(' | ')' | '·' | '-' | '.' => 0.4,
        'm' | 'w' | 'M' | 'W' => 0.9,
        _ => CHARACTER,
    };
    text.chars().map(width).sum::<f64>() * size
}

/// As [`text_width`], for numbers, which are set in a monospaced font.
pub(crate) fn number_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER * TEXT
}

/// The heading and content above an arrow (a value) or below it (a gradient).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    /// The name of the content: the node's name, or `δ` and the name.
    variable: String,
    /// Name and formula, or `δ` and the name; empty if the name is shown elsewhere.
    pub(crate) heading: String,
    /// The shape, of a matrix only.
    pub(crate) shape: String,
    pub(crate) content: Option<Summary>,
}

impl Label {
    /// The label of the node's value: `z1 = x·w1  4×3`, and the value if there is one.
    pub(crate) fn of_value(graph: &Graph, node: &Node, options: &SvgOptions) -> Self {
        let content = node
            .value()
            .map(|value| Summary::new(value, options.max_cells, options.digits));
        let is_known_number = node.shape() == [1, 1] && content.is_some();
        Self {
            variable: node.name().to_owned(),
            heading: graph.formula(node).map_or(String::new(), |formula| {
                format!("{} = {formula}", node.name())
            }),
            shape: if is_known_number {
                String::new()
            } else {
                shape_text(node.shape())
            },
            content,
        }
    }

    /// The label of the node's gradient: `δz1` and the gradient, or the norm `‖δz1‖` and the strip.
    pub(crate) fn of_gradient(node: &Node, options: &SvgOptions) -> Option<Self> {
        let content = Summary::new(node.gradient()?, options.max_cells, options.digits);
        Some(Self {
            variable: format!("δ{}", node.name()),
            heading: match &content {
                Summary::Strip { .. } => String::new(),
                _ => format!("δ{}", node.name()),
            },
            shape: String::new(),
            content: Some(content),
        })
    }

    pub(crate) fn has_heading(&self) -> bool {
        !(self.heading.is_empty() && self.shape.is_empty())
    }

    /// `‖z1‖ = 12.3` for a strip; empty for a value that is shown in full.
    pub(crate) fn norm(&self) -> String {
        match &self.content {
            Some(Summary::Strip { norm, .. }) => format!("‖{}‖ = {norm}", self.variable),
            _ => String::new(),
        }
    }

    /// Right edges of a matrix's columns.
    pub(crate) fn column_edges(rows: &[Vec<String>]) -> Vec<f64> {
        let columns = rows.first().map_or(0, Vec::len);
        let widest = (0..columns).map(|column| {
            let widths = rows.iter().map(|row| number_width(&row[column]));
            widths.fold(0.0, f64::max)
        });
        let edges = widest.scan(-COLUMNS, |edge, width| {
            *edge += COLUMNS + width;
            Some(*edge)
        });
        edges.collect()
    }

    pub(crate) fn width(&self) -> f64 {
        let between = if self.heading.is_empty() { 0.0 } else { 10.0 };
        let heading = text_width(&self.heading, TEXT) + between + text_width(&self.shape, TEXT);
        let content = match &self.content {
            None => 0.0,
            Some(Summary::Number(number)) => number_width(number),
            Some(Summary::Matrix(rows)) => Self::column_edges(rows).last().copied().unwrap_or(0.0),
            Some(Summary::Strip { levels, .. }) => {
                text_width(&self.norm(), TEXT).max(levels.len() as f64 * CELL[0])
            }
        };
        heading.max(content)
    }

    pub(crate) fn height(&self) -> f64 {
        let heading = if self.has_heading() { LINE } else { 0.0 };
        let content = match &self.content {
            None => 0.0,
            Some(Summary::Number(_)) => LINE,
            Some(Summary::Matrix(rows)) => rows.len() as f64 * LINE,
            Some(Summary::Strip { .. }) => LINE + CELL[1] + 2.0,
        };
        heading + content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_number() {
        let rows = [["1", "-10"], ["100", "2"]].map(|row| row.map(str::to_owned).to_vec());
        let edges = Label::column_edges(&rows);
        assert_eq!(edges[0], number_width("100"));
        assert_eq!(edges[1], edges[0] + COLUMNS + number_width("-10"));
    }

    #[test]
    fn ideographs_are_wider_than_letters_and_symbols() {
        assert!(text_width("重み", TEXT) > text_width("ab", TEXT));
        assert_eq!(text_width("‖Σ", TEXT), text_width("ab", TEXT));
    }
}
