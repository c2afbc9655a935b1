//! A page's content, written once and shown twice: as text in the terminal and as HTML.

mod table;

use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

use crate::error::PageError;

pub use table::{Hue, Shade, Table};

/// Columns of text in the terminal.
const TEXT_WIDTH: usize = 96;

/// Name of the page's file.
const PAGE: &str = "index.html";

/// A lesson, or a report of runs.
#[derive(Debug, Serialize)]
pub struct Page {
    title: String,
    /// Items of the lecture that a lesson teaches, `L13` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    sections: Vec<Section>,
}

/// A step of a lesson, or a part of a report.
#[derive(Debug, Serialize)]
pub struct Section {
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

/// A picture: its file's name without extension, and its caption.
#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    caption: String,
    /// Whether other figures may be next to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    narrow: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    svg: String,
}

impl Page {
    /// A lesson without sections, about these items of the lecture.
    pub fn new(title: impl Into<String>, item: impl Into<String>) -> Self {
        Self {
            item: Some(item.into()),
            ..Self::report(title)
        }
    }

    /// A report without sections.
    pub fn report(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            item: None,
            sections: vec![],
        }
    }

    /// Adds a section.
    pub fn with(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page for the terminal. Figures are named, not shown.
    pub fn to_text(&self) -> String {
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

    /// The page as one HTML file that needs no other file. `command` is the command that made it.
    ///
    /// # Errors
    ///
    /// [`PageError::Template`] if the template is faulty.
    pub fn to_html(&self, command: &str) -> Result<String, PageError> {
        let mut templates = Environment::new();
        templates.add_template(PAGE, include_str!("page.html"))?;
        let template = templates.get_template(PAGE)?;
        Ok(template.render(context! { page => Serde(self), command })?)
    }

    /// The page as files of a folder, names and contents: each figure as `NAME.svg`, and last the
    /// page as `index.html`. `command` is the command that made it.
    ///
    /// # Errors
    ///
    /// As [`Page::to_html`].
    pub fn files(&self, command: &str) -> Result<Vec<(String, String)>, PageError> {
        let html = self.to_html(command)?;
        let figures = self.sections.iter().flat_map(|section| &section.blocks);
        let figures = figures.filter_map(|block| match block {
            Block::Figure(figure) => Some((format!("{}.svg", figure.name), figure.standalone())),
            _ => None,
        });
        Ok(figures.chain([(PAGE.to_owned(), html)]).collect())
    }

    /// The page without its pictures, for JSON.
    pub fn without_pictures(mut self) -> Self {
        for section in &mut self.sections {
            for block in &mut section.blocks {
                if let Block::Figure(figure) = block {
                    figure.svg.clear();
                }
            }
        }
        self
    }
}

impl Section {
    /// A section without content.
    pub fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            blocks: vec![],
        }
    }

    /// Adds a paragraph.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.block(Block::Text { text: text.into() })
    }

    /// Adds formulas, in Unicode, with the lines as given.
    pub fn formula(self, formula: impl Into<String>) -> Self {
        let formula = formula.into();
        self.block(Block::Formula { formula })
    }

    /// Adds a table.
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds a picture: the name of its file without extension, its caption, the SVG.
    pub fn figure(self, name: impl Into<String>, caption: impl Into<String>, svg: String) -> Self {
        self.block(Block::Figure(Figure {
            name: name.into(),
            caption: caption.into(),
            narrow: false,
            svg,
        }))
    }

    /// Adds a picture as [`Section::figure`] does, next to those before it if there is space.
    pub fn narrow_figure(
        self,
        name: impl Into<String>,
        caption: impl Into<String>,
        svg: String,
    ) -> Self {
        self.block(Block::Figure(Figure {
            name: name.into(),
            caption: caption.into(),
            narrow: true,
            svg,
        }))
    }

    fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

impl Figure {
    /// The picture as a file of its own.
    fn standalone(&self) -> String {
        const NAMESPACE: &str = "xmlns=\"http://www.w3.org/2000/svg\"";
        let svg = self.svg.trim();
        if svg.contains(NAMESPACE) {
            format!("{svg}\n")
        } else {
            format!(
                "{}\n",
                svg.replacen("<svg", &format!("<svg {NAMESPACE}"), 1)
            )
        }
    }
}

impl Block {
    fn to_text(&self) -> String {
        match self {
            Self::Text { text } => textwrap::fill(text, TEXT_WIDTH),
            Self::Formula { formula } => textwrap::indent(formula.trim_end(), "    "),
            Self::Table(table) => table.to_text(),
            Self::Figure(Figure { name, caption, .. }) => {
                textwrap::fill(&format!("[{name}.svg] {caption}"), TEXT_WIDTH)
            }
        }
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
    fn a_figure_is_a_file_of_its_own_and_the_page_comes_last() {
        let files = page().files("trainer lesson x").unwrap();
        let [(figure, svg), (index, html)] = &files[..] else {
            panic!("expected a figure and the page, got {} files", files.len());
        };
        assert_eq!([figure, index], ["slope.svg", "index.html"]);
        assert!(html.starts_with("<!DOCTYPE html>"));
        let picture = roxmltree::Document::parse(svg).unwrap();
        let namespace = picture.root_element().tag_name().namespace();
        assert_eq!(namespace, Some("http://www.w3.org/2000/svg"));
    }

    #[test]
    fn json_leaves_pictures_out() {
        let json = serde_json::to_string(&page().without_pictures()).unwrap();
        assert!(json.contains("A slope") && !json.contains("<svg"));
    }
}
