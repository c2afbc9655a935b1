//! All lessons as a site.

use anyhow::{Context, Result};
use clap::Parser;
use pages::page::{Link, Neighbours, Page, Section, Table};

use crate::about::About;
use crate::setup::Setup;
use crate::{Lessons, names};

/// The file that a folder shows.
const PAGE: &str = "index.html";

/// All lessons, each in a folder of its own, and a page that lists them.
#[derive(Debug)]
pub struct Site {
    /// Each lesson's name, which is its folder's, and its page; in order.
    pub lessons: Vec<(&'static str, Page)>,
    /// The page that lists them, for the folder above.
    pub index: Page,
}

/// Computes all lessons with their default options. `begun` is called with the name of each before it is
/// computed.
///
/// # Errors
///
/// As [`Lesson::run`](crate::Lesson::run), with the lesson's name.
pub fn site(setup: &Setup, mut begun: impl FnMut(&str)) -> Result<Site> {
    let mut lessons = vec![];
    let mut table = Table::new(["lesson", "items", "what it shows"]);
    for (name, content) in names() {
        begun(&name);
        let lesson = Lessons::try_parse_from([&name])?.lesson;
        let (about, teaching, _) = lesson.parts();
        let page = teaching.teach(setup).with_context(|| name.clone())?;
        let address = |other: &About| Some(format!("../{}/{PAGE}", other.name));
        lessons.push((about, about.complete(page, address)?));
        let link = Link::new(about.title, Some(format!("{name}/{PAGE}")));
        table.push(
            [link.into(), about.items.into(), shown(&content).into()] as [pages::page::Cell; 3]
        );
    }
    let abouts = lessons.iter().map(|(about, _)| *about).collect::<Vec<_>>();
    let link = |place: usize| {
        let about = abouts.get(place)?;
        Some(Link::new(
            about.title,
            Some(format!("../{}/{PAGE}", about.name)),
        ))
    };
    let lessons = lessons
        .into_iter()
        .enumerate()
        .map(|(place, (about, page))| {
            let neighbours = Neighbours {
                previous: place.checked_sub(1).and_then(link),
                index: Link::new("All lessons", Some(format!("../{PAGE}"))),
                next: link(place + 1),
            };
            (about.name, page.between(neighbours))
        });
    let lessons = lessons.collect::<Vec<_>>();
    let index = Page::report("Neural networks and backpropagation, lesson by lesson").with(
        Section::new("Lessons")
            .text(format!(
                "{} lessons that compute what they show, in an order in which each builds on those before it. \
                 Every gradient is derived by hand, and compared with Burn's autodiff. The numbers were \
                 computed in {}, with seed {} ({}).",
                lessons.len(),
                setup.dtype.name(),
                setup.seed,
                setup.opened.description()
            ))
            .table(table)
            .text(
                "Each lesson ends with its exercises. `cargo xtask exercise` gives the next one, and `trainer \
                 lesson NAME --help` shows what a lesson's numbers can be changed to.",
            ),
    );
    Ok(Site { lessons, index })
}

/// Every lesson, and the address on the live page, behind the `#`, of what shows the same.
///
/// # Errors
///
/// If a lesson has an option without a default.
pub fn counterparts() -> Result<Vec<(&'static str, &'static str)>> {
    let lessons = names().into_iter();
    let counterparts = lessons.map(|(name, _)| {
        let lesson = Lessons::try_parse_from([&name])?.lesson;
        let (about, ..) = lesson.parts();
        Ok((about.name, about.live))
    });
    counterparts.collect()
}

/// The content of a lesson without the items before it.
fn shown(content: &str) -> String {
    let (_, content) = content.split_once(": ").unwrap_or(("", content));
    content.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_comes_after_those_that_it_needs_and_has_exercises() {
        let mut before = vec![];
        for (name, _) in names() {
            let lesson = Lessons::try_parse_from([&name]).unwrap().lesson;
            let (about, ..) = lesson.parts();
            assert_eq!(about.name, name);
            let page = about.complete(about.page(), |needed| {
                assert!(
                    before.contains(&needed.name),
                    "{name} needs {}",
                    needed.name
                );
                None
            });
            let text = page.unwrap().to_text();
            assert!(text.contains("cargo xtask exercise"), "{name}");
            before.push(about.name);
        }
    }

    #[test]
    fn the_items_are_not_repeated() {
        assert_eq!(shown("L3, L4: the XOR net."), "the XOR net");
    }
}
