//! A page's content, written once and shown twice: as text in the terminal and as HTML.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use comfy_table::{CellAlignment, Table as Grid, presets};
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

use crate::files::Staged;

/// Columns of text in the terminal.
const TEXT_WIDTH: usize = 96;

/// Name of the page's file.
const PAGE: &str = "index.html";

/// A lesson, or a report of runs.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    title: String,
    /// Items of the lecture that a lesson teaches, `L13` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    sections: Vec<Section>,
}

/// A step of a lesson, or a part of a report.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    heading: String,
    blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Block {
    Text { text: String },
    Formula { formula: String },
    Table(Table),
    Figure(Figure),
}

/// Numbers in rows. A cell may have several lines: a matrix, for example.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    columns: Vec<String>,
    /// Whether a column has numbers only, which stand to the right.
    numeric: Vec<bool>,
    rows: Vec<Vec<String>>,
    /// The shade of every cell, if cells are shaded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shades: Vec<Vec<Option<Shade>>>,
}

/// What a cell of a table is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Shade {
    pub(crate) hue: Hue,
    /// From 0, not at all, to 1.
    pub(crate) depth: f64,
}

/// What a shade says of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hue {
    /// As it should be.
    Right,
    /// As it should not be.
    Wrong,
}

/// A picture with its file's name, without extension, and what it shows.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    name: String,
    caption: String,
    /// Whether other figures may stand beside it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    narrow: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    svg: String,
}

impl Page {
    /// A lesson without sections, about these items of the lecture.
    pub(crate) fn new(title: impl Into<String>, item: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            item: Some(item.into()),
            sections: vec![],
        }
    }

    /// A report without sections.
    pub(crate) fn report(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            item: None,
            sections: vec![],
        }
    }

    /// Adds a section.
    pub(crate) fn with(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page for the terminal. Figures are named, not shown.
    pub(crate) fn to_text(&self) -> String {
        let item = self.item.iter().map(|item| format!(" ({item})"));
        let mut text = format!("{}{}\n", self.title, item.collect::<String>());
        for section in &self.sections {
            text += &format!("\n== {}\n", section.heading);
            for block in &section.blocks {
                text += &format!("\n{}\n", block.to_text());
            }
        }
        text
    }

    /// The page as one HTML file that needs no other file. `command` is the one that made it.
    ///
    /// # Errors
    ///
    /// If the template is faulty.
    pub(crate) fn to_html(&self, command: &str) -> Result<String> {
        let mut templates = Environment::new();
        templates.add_template(PAGE, include_str!("page.html"))?;
        let template = templates.get_template(PAGE)?;
        let page = template.render(context! { page => Serde(self), command })?;
        Ok(page)
    }

    /// The page without its pictures, for `--format json`.
    pub(crate) fn without_pictures(mut self) -> Self {
        for figure in self.figures_mut() {
            figure.svg.clear();
        }
        self
    }

    /// Writes the page and its figures to a folder; the answer is the page's path. Files that have
    /// these names are replaced, all or none; others are left alone.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, with the remedy.
    pub(crate) fn write(&self, folder: &Path, command: &str) -> Result<PathBuf> {
        let page = folder.join(PAGE);
        let mut files = vec![];
        for figure in self.figures() {
            let path = folder.join(format!("{}.svg", figure.name));
            files.push((path, figure.standalone()));
        }
        files.push((page.clone(), self.to_html(command)?));
        let unwritable = || unwritable(folder);
        if let Some((path, _)) = files.iter().find(|(path, _)| path.is_dir()) {
            bail!(
                "{} is a folder, and a file is to have that name; remove it, or name another folder \
                 with --out-dir",
                path.display()
            );
        }
        let staged = files
            .iter()
            .map(|(path, text)| Staged::write(path, text.as_bytes()))
            .collect::<Result<Vec<_>, _>>()
            .with_context(unwritable)?;
        for file in staged {
            file.publish().with_context(unwritable)?;
        }
        Ok(page)
    }

    fn figures(&self) -> impl Iterator<Item = &Figure> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    fn figures_mut(&mut self) -> impl Iterator<Item = &mut Figure> {
        let sections = self.sections.iter_mut();
        let blocks = sections.flat_map(|section| &mut section.blocks);
        blocks.filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }
}

/// A folder to write to, made if missing. Dropped while it is still empty, it is gone again, with
/// every folder above it that was made for it.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Folders that were missing, the innermost first.
    made: Vec<PathBuf>,
}

impl Folder {
    /// Makes the folder and tries to write to it, before a lesson computes anything.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made or written, with the remedy.
    pub(crate) fn make(path: PathBuf) -> Result<Self> {
        let missing = path.ancestors().take_while(|folder| !folder.exists());
        let folder = Self {
            made: missing.map(Path::to_owned).collect(),
            path,
        };
        fs::create_dir_all(&folder.path)
            .and_then(|()| Staged::write(&folder.path.join(PAGE), b"").map(drop))
            .with_context(|| unwritable(&folder.path))?;
        Ok(folder)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for folder in &self.made {
            // Not empty is the good case; nobody misses an empty folder that stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

fn unwritable(folder: &Path) -> String {
    format!(
        "cannot write to {}; name a folder that you may write to with --out-dir",
        folder.display()
    )
}

impl Section {
    /// A section without content.
    pub(crate) fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            blocks: vec![],
        }
    }

    /// Adds a paragraph.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.blocks.push(Block::Text { text: text.into() });
        self
    }

    /// Adds formulas, in Unicode, line by line as given.
    pub(crate) fn formula(mut self, formula: impl Into<String>) -> Self {
        let formula = formula.into();
        self.blocks.push(Block::Formula { formula });
        self
    }

    /// Adds a table.
    pub(crate) fn table(mut self, table: Table) -> Self {
        self.blocks.push(Block::Table(table));
        self
    }

    /// Adds a picture: the name of its file without extension, what it shows, the SVG.
    pub(crate) fn figure(
        mut self,
        name: impl Into<String>,
        caption: impl Into<String>,
        svg: String,
    ) -> Self {
        self.blocks.push(Block::Figure(Figure {
            name: name.into(),
            caption: caption.into(),
            narrow: false,
            svg,
        }));
        self
    }

    /// Adds a picture as [`Section::figure`] does, beside those before it where there is room.
    pub(crate) fn narrow_figure(
        mut self,
        name: impl Into<String>,
        caption: impl Into<String>,
        svg: String,
    ) -> Self {
        self.blocks.push(Block::Figure(Figure {
            name: name.into(),
            caption: caption.into(),
            narrow: true,
            svg,
        }));
        self
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect::<Vec<_>>();
        Self {
            numeric: vec![true; columns.len()],
            columns,
            rows: vec![],
            shades: vec![],
        }
    }

    /// Adds a row.
    pub(crate) fn row(mut self, cells: impl IntoIterator<Item = String>) -> Self {
        self.push(cells);
        self
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it does not have a cell for each column.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().collect::<Vec<_>>();
        let columns = self.columns.len();
        assert_eq!(cells.len(), columns, "a row has a cell for each column");
        for (numeric, cell) in self.numeric.iter_mut().zip(&cells) {
            *numeric &= is_numeric(cell);
        }
        self.rows.push(cells);
    }
}

impl Table {
    /// Fills cells on the page with shades, a row of them for each row.
    ///
    /// # Panics
    ///
    /// If there is not one for each cell.
    pub(crate) fn shaded(mut self, shades: Vec<Vec<Option<Shade>>>) -> Self {
        let lengths = |row: usize| (shades[row].len(), self.rows[row].len());
        assert_eq!(shades.len(), self.rows.len(), "each row has its shades");
        assert!((0..shades.len()).all(|row| lengths(row).0 == lengths(row).1));
        self.shades = shades;
        self
    }

    /// Leaves out columns in which every cell is empty.
    pub(crate) fn without_empty_columns(mut self) -> Self {
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
}

/// Whether a cell has nothing but numbers, shapes, percentages or a norm.
fn is_numeric(cell: &str) -> bool {
    let cell = ["norm ", "NaN", "inf"]
        .iter()
        .fold(cell.to_owned(), |cell, word| cell.replace(word, ""));
    let signs = " \n+-.,%e[]()";
    !cell.starts_with('(') && (cell.chars()).all(|c| c.is_ascii_digit() || signs.contains(c))
}

impl Figure {
    /// The picture as a file of its own.
    fn standalone(&self) -> String {
        let namespace = "xmlns=\"http://www.w3.org/2000/svg\"";
        match self.svg.contains(namespace) {
            true => format!("{}\n", self.svg.trim()),
            false => format!(
                "{}\n",
                self.svg
                    .trim()
                    .replacen("<svg", &format!("<svg {namespace}"), 1)
            ),
        }
    }
}

impl Block {
    fn to_text(&self) -> String {
        match self {
            Self::Text { text } => textwrap::fill(text, TEXT_WIDTH),
            Self::Formula { formula } => textwrap::indent(formula.trim_end(), "    "),
            Self::Table(table) => table.to_text(),
            Self::Figure(figure) => textwrap::fill(
                &format!("[{}.svg] {}", figure.name, figure.caption),
                TEXT_WIDTH,
            ),
        }
    }
}

impl Table {
    /// The table for the terminal.
    pub(crate) fn to_text(&self) -> String {
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING);
        grid.set_header(&self.columns);
        for row in &self.rows {
            grid.add_row(row);
        }
        for (column, _) in grid
            .column_iter_mut()
            .zip(&self.numeric)
            .filter(|(_, numeric)| **numeric)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
        grid.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        Page::new("Slopes & steps", "L13").with(
            Section::new("One")
                .text("a < b")
                .formula("δX = δZ·Wᵀ")
                .table(Table::new(["name", "value"]).row(["w".to_owned(), "1.5".to_owned()]))
                .figure("slope", "A slope", "<svg width=\"1\"></svg>".to_owned()),
        )
    }

    #[test]
    fn text_and_page_say_the_same() {
        let text = page().to_text();
        let html = page().to_html("trainer lesson x").unwrap();
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..Default::default()
        };
        let document = roxmltree::Document::parse_with_options(&html, options).unwrap();
        let shown = document
            .descendants()
            .filter_map(|node| node.text())
            .collect::<String>();
        for part in ["Slopes & steps", "L13", "One", "a < b", "δX = δZ·Wᵀ", "1.5"] {
            assert!(text.contains(part), "{part} in the text");
            assert!(shown.contains(part), "{part} on the page");
        }
        assert!(text.contains("[slope.svg] A slope"));
        assert!(html.contains("<svg"));
    }

    #[test]
    fn files_are_written_whole_and_others_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Folder::make(folder.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let path = page().write(folder.path(), "trainer lesson x").unwrap();
        assert!(
            fs::read_to_string(path)
                .unwrap()
                .starts_with("<!DOCTYPE html>")
        );
        let svg = fs::read_to_string(folder.path().join("slope.svg")).unwrap();
        assert!(roxmltree::Document::parse(&svg).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_leaves_nothing_half_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(PAGE)).unwrap();
        let error = page().write(folder.path(), "trainer lesson x").unwrap_err();
        assert!(error.to_string().contains("--out-dir"), "{error:#}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
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

    #[test]
    fn json_leaves_pictures_out() {
        let json = serde_json::to_string(&page().without_pictures()).unwrap();
        assert!(json.contains("A slope") && !json.contains("<svg"));
    }
}
