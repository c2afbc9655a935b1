//! Tables: numbers in rows, with words.

use std::borrow::Cow;

use comfy_table::{CellAlignment, Table as Grid, presets};
use serde::Serialize;

use super::cell::{Cell, padded, tail};
use crate::markup::{escaped, with_code};

/// Numbers in rows. A cell may have several lines: a matrix, for example.
#[derive(Debug, Serialize)]
pub struct Table {
    columns: Vec<String>,
    /// Whether a column has only numbers, which are aligned to the right.
    numeric: Vec<bool>,
    rows: Vec<Vec<Cell>>,
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
    pub fn row<C: Into<Cell>>(mut self, cells: impl IntoIterator<Item = C>) -> Self {
        self.push(cells);
        self
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it does not have a cell for each column.
    pub fn push<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let cells = cells.into_iter().map(Into::into).collect::<Vec<Cell>>();
        let columns = self.columns.len();
        assert_eq!(cells.len(), columns, "a row has a cell for each column");
        for (numeric, cell) in self.numeric.iter_mut().zip(&cells) {
            *numeric &= is_numeric(&cell.text());
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
            if self.rows.iter().all(|row| row[column].text().is_empty()) {
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
        for row in self.texts() {
            grid.add_row(row);
        }
        for (column, numeric) in grid.column_iter_mut().zip(&self.numeric) {
            if *numeric {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        grid.trim_fmt()
    }

    /// The text of every cell; in a column of numbers, their points are below each other.
    fn texts(&self) -> Vec<Vec<String>> {
        let texts = self.rows.iter().map(|row| row.iter().map(Cell::text));
        let mut texts = texts
            .map(|row| row.map(Cow::into_owned).collect())
            .collect::<Vec<Vec<String>>>();
        for column in 0..self.columns.len() {
            let is_number = |row: &Vec<String>| row[column].parse::<f64>().is_ok();
            let is_percent = |row: &Vec<String>| row[column].ends_with(" %");
            if !texts.iter().any(is_number) || texts.iter().any(is_percent) {
                continue;
            }
            let numbers = texts.iter().filter(|row| is_number(row));
            let longest = numbers.map(|row| tail(&row[column])).max().unwrap_or(0);
            for row in texts.iter_mut().filter(|row| is_number(row)) {
                row[column] = padded(&row[column], longest);
            }
        }
        texts
    }

    /// The table for a page.
    pub(super) fn to_html(&self) -> String {
        let equations = (0..self.columns.len()).map(|column| {
            let is_equation = |row: &Vec<Cell>| match &row[column] {
                Cell::Formula(formula) => formula.sides().1.is_some(),
                _ => false,
            };
            self.rows.iter().any(is_equation)
        });
        let equations = equations.collect::<Vec<_>>();
        let is_wide = |row: &Vec<Cell>| row.iter().any(Cell::is_wide);
        let wide = self.rows.iter().any(is_wide) || equations.contains(&true);
        let class = if wide { " class=\"stacked\"" } else { "" };
        let heads = self.columns.iter().enumerate().map(|(column, name)| {
            let class = self.class(column, None);
            let span = if equations[column] {
                " colspan=\"2\""
            } else {
                ""
            };
            format!("<th{class}{span}>{}</th>", with_code(name))
        });
        let mut html = format!(
            "<table{class}>\n<thead><tr>{}</tr></thead>\n<tbody>\n",
            heads.collect::<String>()
        );
        for (i, (row, texts)) in self.rows.iter().zip(self.texts()).enumerate() {
            html += "<tr>";
            for (column, (cell, text)) in row.iter().zip(&texts).enumerate() {
                let shade = self.shades.get(i).and_then(|shades| shades[column]);
                let name = match self.columns[column].as_str() {
                    _ if column == 0 || !wide => String::new(),
                    name => format!(" data-name=\"{}\"", escaped(name)),
                };
                let class = match cell {
                    Cell::Text(text) if is_sentence(text) => " class=\"words\"".to_owned(),
                    _ => self.class(column, shade),
                };
                html += &match (cell, equations[column]) {
                    (Cell::Formula(formula), true) => match formula.sides() {
                        (left, Some(right)) => format!(
                            "<td class=\"left\">{left}</td><td class=\"equal\">{right}</td>"
                        ),
                        (left, None) => format!("<td class=\"left\">{left}</td><td></td>"),
                    },
                    (cell, true) => format!("<td colspan=\"2\"{class}>{}</td>", cell.html(text)),
                    (cell, false) => format!("<td{class}{name}>{}</td>", cell.html(text)),
                };
            }
            html += "</tr>\n";
        }
        html + "</tbody>\n</table>"
    }

    /// The classes of a cell as an attribute, with its shade.
    fn class(&self, column: usize, shade: Option<Shade>) -> String {
        let has_matrices = self.rows.iter().any(|row| row[column].is_wide());
        let number = if self.numeric[column] && !has_matrices {
            "number"
        } else {
            ""
        };
        let (hue, style) = match shade {
            Some(Shade { hue, depth }) => {
                let hue = match hue {
                    Hue::Right => "right",
                    Hue::Wrong => "wrong",
                };
                (hue, format!(" style=\"--depth: {depth:.3}\""))
            }
            None => ("", String::new()),
        };
        match format!("{number} {hue}").trim() {
            "" => style,
            classes => format!(" class=\"{classes}\"{style}"),
        }
    }
}

impl Table {
    /// The table as CSV (RFC 4180, but with plain line feeds): the columns' names, then the rows.
    pub fn to_csv(&self) -> String {
        let rows = self.rows.iter().map(|row| row.iter().map(Cell::text));
        let rows = rows.map(|row| row.map(Cow::into_owned).collect::<Vec<_>>());
        let line = |cells: Vec<String>| {
            let cells = cells.iter().map(|cell| quoted(cell));
            cells.collect::<Vec<_>>().join(",")
        };
        let lines = std::iter::once(self.columns.clone()).chain(rows);
        lines.map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Whether a cell is too long for a line and may take several.
fn is_sentence(cell: &str) -> bool {
    const LONG: usize = 40;
    !is_numeric(cell) && !cell.contains('\n') && cell.chars().count() > LONG && cell.contains(' ')
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
    fn a_sentence_may_take_several_lines() {
        let sentence = "one step by hand, a short training run, and what it has learnt";
        let html = Table::new(["what"]).row([sentence]).to_html();
        assert!(html.contains("<td class=\"words\">one step"), "{html}");
        assert!(
            !Table::new(["what"])
                .row(["short"])
                .to_html()
                .contains("words")
        );
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
