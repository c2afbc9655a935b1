//! Links between pages.

use serde::Serialize;

use crate::markup::escaped;

/// Words that lead to another page, if its address is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

impl Link {
    /// A link to an address, or words alone.
    pub fn new<A: Into<String>>(words: impl Into<String>, address: Option<A>) -> Self {
        Self {
            words: words.into(),
            address: address.map(Into::into),
        }
    }

    /// The link for the terminal: its words.
    pub fn text(&self) -> String {
        self.words.clone()
    }

    pub(super) fn html(&self) -> String {
        let words = escaped(&self.words);
        match &self.address {
            Some(address) => format!("<a href=\"{}\">{words}</a>", escaped(address)),
            None => words,
        }
    }
}

/// The pages of a site to which a page leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbours {
    /// The page before it.
    pub previous: Option<Link>,
    /// The page that lists all of them.
    pub index: Link,
    /// The page after it.
    pub next: Option<Link>,
}

impl Neighbours {
    /// The links, from left to right.
    pub(super) fn html(&self) -> String {
        let link = |class: &str, arrow: [&str; 2], link: &Link| {
            let [before, after] = arrow;
            format!(
                "<span class=\"{class}\">{before}{}{after}</span>",
                link.html()
            )
        };
        let previous = self
            .previous
            .iter()
            .map(|to| link("previous", ["← ", ""], to));
        let next = self.next.iter().map(|to| link("next", ["", " →"], to));
        let index = link("index", ["", ""], &self.index);
        let links = previous.chain([index]).chain(next);
        links.collect::<Vec<_>>().join("\n")
    }
}
