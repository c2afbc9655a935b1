//! A page's content, written once and shown twice: as text in the terminal and as HTML.

mod cell;
mod link;
mod picture;
mod table;

use minijinja::{Environment, context};
use serde::Serialize;

use crate::error::PageError;
use crate::formula::Formula;
use crate::markup::{escaped, with_code};

pub use cell::Cell;
pub use link::{Link, Neighbours};
pub use picture::Picture;
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
    /// Lessons that should come before this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<Link>,
    #[serde(skip)]
    neighbours: Option<Neighbours>,
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
    Code { code: String },
    Link { link: Link },
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
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<Picture>,
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
            needs: vec![],
            neighbours: None,
            sections: vec![],
        }
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The items of the lecture that a lesson teaches.
    pub fn item(&self) -> Option<&str> {
        self.item.as_deref()
    }

    /// Names the lessons that should come before this one.
    pub fn needing(mut self, needs: Vec<Link>) -> Self {
        self.needs = needs;
        self
    }

    /// Puts the page into a site, between others.
    pub fn between(mut self, neighbours: Neighbours) -> Self {
        self.neighbours = Some(neighbours);
        self
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
        let needs = self.needs.iter().map(Link::text).collect::<Vec<_>>();
        if !needs.is_empty() {
            text += &format!("Before this lesson: {}\n", needs.join(", "));
        }
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
        let needs = self.needs.iter().map(Link::html).collect::<Vec<_>>();
        let sections = self.sections.iter().map(|section| {
            let blocks = section.blocks.iter().map(Block::to_html);
            let blocks = blocks.collect::<Vec<_>>().join("\n");
            context! { heading => &section.heading, blocks }
        });
        Ok(template.render(context! {
            title => &self.title,
            item => &self.item,
            needs => needs.join(", "),
            neighbours => self.neighbours.as_ref().map(Neighbours::html),
            sections => sections.collect::<Vec<_>>(),
            command,
        })?)
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
            Block::Figure(Figure { name, picture, .. }) => {
                let picture = picture.as_ref()?.standalone();
                Some((format!("{name}.svg"), picture))
            }
            _ => None,
        });
        Ok(figures.chain([(PAGE.to_owned(), html)]).collect())
    }

    /// The page without its pictures, for JSON.
    pub fn without_pictures(mut self) -> Self {
        for section in &mut self.sections {
            for block in &mut section.blocks {
                if let Block::Figure(figure) = block {
                    figure.picture = None;
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

    /// Adds formulas in the notation of [`crate::formula`], in lines.
    pub fn formula(self, formula: impl Into<String>) -> Self {
        let formula = formula.into();
        self.block(Block::Formula { formula })
    }

    /// Adds lines for another program, as they are.
    pub fn code(self, code: impl Into<String>) -> Self {
        self.block(Block::Code { code: code.into() })
    }

    /// Adds a link as a paragraph.
    pub fn link(self, link: Link) -> Self {
        self.block(Block::Link { link })
    }

    /// Adds a table.
    pub fn table(self, table: Table) -> Self {
        self.block(Block::Table(table))
    }

    /// Adds a picture: the name of its file without extension, its caption, the picture.
    pub fn figure(
        self,
        name: impl Into<String>,
        caption: impl Into<String>,
        picture: impl Into<Picture>,
    ) -> Self {
        self.block(Block::Figure(Figure {
            name: name.into(),
            caption: caption.into(),
            narrow: false,
            picture: Some(picture.into()),
        }))
    }

    /// Adds a picture as [`Section::figure`] does, next to those before it if there is space.
    pub fn narrow_figure(
        self,
        name: impl Into<String>,
        caption: impl Into<String>,
        picture: impl Into<Picture>,
    ) -> Self {
        self.block(Block::Figure(Figure {
            name: name.into(),
            caption: caption.into(),
            narrow: true,
            picture: Some(picture.into()),
        }))
    }

    fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

impl Figure {
    fn to_html(&self) -> String {
        let class = if self.narrow { " class=\"narrow\"" } else { "" };
        let picture = self.picture.as_ref().map(Picture::html);
        format!(
            "<figure{class}>\n{}\n<figcaption>{}</figcaption>\n</figure>",
            picture.unwrap_or_default(),
            with_code(&self.caption)
        )
    }
}

impl Block {
    fn to_text(&self) -> String {
        match self {
            Self::Text { text } => textwrap::fill(text, TEXT_WIDTH),
            Self::Formula { formula } => {
                let formula = Formula::new(formula.trim_end()).to_text();
                textwrap::indent(&formula, "    ")
            }
            Self::Code { code } => textwrap::indent(code.trim_end(), "    "),
            Self::Link { link } => link.text(),
            Self::Table(table) => table.to_text(),
            Self::Figure(Figure { name, caption, .. }) => {
                textwrap::fill(&format!("[{name}.svg] {caption}"), TEXT_WIDTH)
            }
        }
    }

    fn to_html(&self) -> String {
        match self {
            Self::Text { text } => format!("<p>{}</p>", with_code(text)),
            Self::Formula { formula } => {
                let formula = Formula::new(formula).to_html();
                format!("<div class=\"formula\" tabindex=\"0\">\n{formula}\n</div>")
            }
            Self::Code { code } => {
                format!("<pre class=\"wide\" tabindex=\"0\">{}</pre>", escaped(code))
            }
            Self::Link { link } => format!("<p>{}</p>", link.html()),
            Self::Table(table) => {
                format!(
                    "<div class=\"wide\" tabindex=\"0\">{}</div>",
                    table.to_html()
                )
            }
            Self::Figure(figure) => figure.to_html(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let start = Link::new("The start", Some("../start/index.html"));
        Page::new("Slopes & steps", "L13")
            .needing(vec![start])
            .with(
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
            .filter(roxmltree::Node::is_text)
            .filter_map(|node| node.text())
            .collect::<String>();
        for part in ["Slopes & steps", "L13", "One", "a < b", "1.5", "The start"] {
            assert!(text.contains(part), "{part} in the text");
            assert!(shown.contains(part), "{part} on the page");
        }
        assert!(
            text.contains("δX = δZ·Wᵀ") && shown.contains("δX=δZ·WT"),
            "{shown}"
        );
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
