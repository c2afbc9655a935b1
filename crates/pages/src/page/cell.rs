//! Cells of a table.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::Link;
use crate::formula::{Formula, matrix};
use crate::markup::{escaped, with_code};
use crate::numbers::Array;

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words, or a number.
    Text(String),
    /// A formula; the equations of a column are aligned at their equals signs.
    Formula(Formula),
    /// Numbers in brackets.
    Array(Array),
    /// Another page.
    Link(Link),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Formula> for Cell {
    fn from(formula: Formula) -> Self {
        Self::Formula(formula)
    }
}

/// A single number is text.
impl From<Array> for Cell {
    fn from(array: Array) -> Self {
        Self::Array(array)
    }
}

impl From<Link> for Cell {
    fn from(link: Link) -> Self {
        Self::Link(link)
    }
}

/// As text, for JSON.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl Cell {
    /// The cell for the terminal.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => text.into(),
            Self::Formula(formula) => formula.to_text().into(),
            Self::Array(array) => array.text().into(),
            Self::Link(link) => link.text().into(),
        }
    }

    /// The cell for a page; `text` is what stands in it if it has a single number.
    pub(super) fn html(&self, text: &str) -> String {
        match self {
            Self::Array(array) => match array.rows() {
                Some(rows) => brackets(&rows),
                None => escaped(text),
            },
            Self::Formula(formula) => formula.inline(),
            Self::Link(link) => link.html(),
            Self::Text(_) => with_code(text),
        }
    }

    /// Whether it has more than a number or words: a page that is narrow gives it a line of its own.
    pub(super) fn is_wide(&self) -> bool {
        matches!(self, Self::Array(array) if array.rows().is_some())
    }
}

/// Numbers as a matrix that scrolls where it does not fit. Figures that are missing are filled with spaces
/// that are as wide, so that all points of a column are below each other.
fn brackets(rows: &[Vec<String>]) -> String {
    let rows = aligned(rows);
    let rows = rows.iter().map(|row| {
        let numbers = row.iter().map(|number| {
            let number = number.replace(' ', "\u{a0}").replace('-', "−");
            format!("<mn>{number}</mn>")
        });
        numbers.collect::<Vec<_>>()
    });
    format!(
        "<div class=\"wide\" tabindex=\"0\"><math class=\"values\">{}</math></div>",
        matrix(rows)
    )
}

/// Each column with its points below each other, and all of its numbers equally wide.
fn aligned(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let columns = rows.first().map_or(0, Vec::len);
    let mut aligned = rows.to_vec();
    for column in 0..columns {
        let longest = rows.iter().map(|row| tail(&row[column])).max().unwrap_or(0);
        for row in &mut aligned {
            row[column] = padded(&row[column], longest);
        }
        let width = aligned
            .iter()
            .map(|row| row[column].len())
            .max()
            .unwrap_or(0);
        for row in &mut aligned {
            row[column] = format!("{:>width$}", row[column]);
        }
    }
    aligned
}

/// Characters from the point on.
pub(super) fn tail(number: &str) -> usize {
    let point = number.find('.').or_else(|| number.find(['e', ' ']));
    point.map_or(0, |point| number.len() - point)
}

/// A number with spaces in the place of the figures that others of its column have behind the point.
pub(super) fn padded(number: &str, longest: usize) -> String {
    let missing = longest.saturating_sub(tail(number));
    format!("{number}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_below_each_other() {
        let rows = [["1", "-4"], ["-10.25", "0.5"]].map(|row| row.map(str::to_owned).to_vec());
        let aligned = aligned(&rows);
        assert_eq!(aligned, [["  1   ", "-4  "], ["-10.25", " 0.5"]]);
    }

    #[test]
    fn an_array_has_brackets_and_a_single_number_has_none() {
        let matrix = Cell::from(Array {
            dims: vec![2, 2],
            values: vec![1.0, 0.5, -4.0, 0.0],
        });
        let html = matrix.html("");
        assert!(html.contains("<mtable class=\"matrix\">"), "{html}");
        assert!(
            html.contains("<mn>−4.0</mn>") && html.contains("<mn>0\u{a0}\u{a0}</mn>"),
            "{html}"
        );
        assert_eq!(Cell::from(Array::vector(vec![2.0])).html("2"), "2");
    }
}
