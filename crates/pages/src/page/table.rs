//! Tables: numbers in rows, with words.

use std::borrow::Cow;

use comfy_table::{CellAlignment, Table as Grid, presets};
use serde::Serialize;

/// Numbers in rows. A cell may have several lines: a matrix, for example.
#[derive(Debug, Serialize)]
pub struct Table {
    columns: Vec<String>,
    /// Whether a column has only numbers, which are aligned to the right.
    numeric: Vec<bool>,
    rows: Vec<Vec<String>>,
    /// The shade of every cell, if cells are shaded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shades: Vec<Vec<Option<Shade>>>,
}

/// The background of a table's cell.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shade {
    /// Its colour.
    pub hue: Hue,
    /// Its strength, from 0, invisible, to 1.
    pub depth: f64,
}

/// The meaning of a shade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hue {
    /// Correct.
    Right,
    /// Wrong.
    Wrong,
}

impl Table {
    /// A table without rows.
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect::<Vec<_>>();
        Self {
            numeric: vec![true; columns.len()],
            columns,
            rows: vec![],
            shades: vec![],
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it does not have a cell for each column.
    pub fn row(mut self, cells: impl IntoIterator<Item = String>) -> Self {
        self.push(cells);
        self
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it does not have a cell for each column.
    pub fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().collect::<Vec<_>>();
        let columns = self.columns.len();
        assert_eq!(cells.len(), columns, "a row has a cell for each column");
        for (numeric, cell) in self.numeric.iter_mut().zip(&cells) {
            *numeric &= is_numeric(cell);
        }
        self.rows.push(cells);
    }

    /// Gives every cell on the page a shade, or none.
    ///
    /// # Panics
    ///
    /// If `shades` does not have the table's rows and columns.
    pub fn shaded(mut self, shades: Vec<Vec<Option<Shade>>>) -> Self {
        let lengths = |row: usize| (shades[row].len(), self.rows[row].len());
        assert_eq!(shades.len(), self.rows.len(), "each row has its shades");
        assert!((0..shades.len()).all(|row| lengths(row).0 == lengths(row).1));
        self.shades = shades;
        self
    }

    /// Leaves out columns in which every cell is empty.
    pub fn without_empty_columns(mut self) -> Self {
        for column in (0..self.columns.len()).rev() {
            if self.rows.iter().all(|row| row[column].is_empty()) {
                self.columns.remove(column);
                self.numeric.remove(column);
                for row in &mut self.rows {
                    row.remove(column);
                }
                for row in &mut self.shades {
                    row.remove(column);
                }
            }
        }
        self
    }

    /// The table for the terminal.
    pub fn to_text(&self) -> String {
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING);
        grid.set_header(&self.columns);
        for row in &self.rows {
            grid.add_row(row);
        }
        for (column, numeric) in grid.column_iter_mut().zip(&self.numeric) {
            if *numeric {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        grid.trim_fmt()
    }
}

impl Table {
    /// The table as CSV (RFC 4180, but with plain line feeds): the columns' names, then the rows.
    pub fn to_csv(&self) -> String {
        let lines = std::iter::once(&self.columns).chain(&self.rows);
        let line = |cells: &Vec<String>| {
            let cells = cells.iter().map(|cell| quoted(cell));
            cells.collect::<Vec<_>>().join(",")
        };
        lines.map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A cell of a CSV file, in quotes where a reader needs them.
fn quoted(cell: &str) -> Cow<'_, str> {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\"")).into()
    } else {
        cell.into()
    }
}

/// Whether a cell has nothing but numbers, shapes, percentages or a norm.
fn is_numeric(cell: &str) -> bool {
    let cell = ["norm ", "NaN", "inf"]
        .iter()
        .fold(cell.to_owned(), |cell, word| cell.replace(word, ""));
    let signs = " \n+-.,%e[]()";
    !cell.starts_with('(') && (cell.chars()).all(|c| c.is_ascii_digit() || signs.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_has_quotes_where_a_reader_needs_them() {
        let table = Table::new(["run", "options"])
            .row(["a".to_owned(), "--hidden 12,8".to_owned()])
            .row(["b \"c\"".to_owned(), String::new()]);
        let expected = "run,options\na,\"--hidden 12,8\"\n\"b \"\"c\"\"\",";
        assert_eq!(table.to_csv(), expected);
    }

    #[test]
    fn numbers_are_aligned_to_the_right_and_words_to_the_left() {
        for cell in [
            "1.5e-7",
            " 1  -2\n10  0",
            "norm 3.1",
            "[4, 2]",
            "98.1 %",
            "",
        ] {
            assert!(is_numeric(cell), "{cell}");
        }
        for cell in ["z1 + b1", "x1", "converged", "(1, 2)"] {
            assert!(!is_numeric(cell), "{cell}");
        }
    }
}
