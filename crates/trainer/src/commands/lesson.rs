//! `trainer lesson`: prints a lesson, and writes its page and figures.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use backends::Backend;
use clap::Args;
use lessons::{Lesson, NotFinite, Setup};
use pages::page::Page;
use programs::{Exit, Format, complain};
use run_folder::files::Staged;
use serde::Serialize;
use training::number::parse::seed;

use crate::arguments::{backend, command_line};
use crate::console::{Console, Shown};

/// Name of the page's file.
const PAGE: &str = "index.html";

/// Options of `lesson`.
#[derive(Debug, Args)]
pub(crate) struct LessonOptions {
    /// The lesson; without one, list all lessons.
    #[command(subcommand)]
    lesson: Option<Lesson<Common>>,
}

/// Options of every lesson.
#[derive(Debug, Args)]
struct Common {
    /// Folder for the results; the page and its figures go to a subfolder with the lesson's name.
    #[arg(long, default_value = "lessons", value_name = "FOLDER")]
    out_dir: PathBuf,

    /// Where to compute: ndarray and flex use the CPU, wgpu a graphics adapter [default: the first of
    /// these that is compiled in].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    /// Seed of everything random; any whole number from 0.
    #[arg(
        long,
        short,
        allow_negative_numbers = true,
        default_value_t = 0,
        value_parser = seed,
        value_name = "N"
    )]
    seed: u64,

    /// Output format: text, or one JSON object.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,

    /// Do not print the lesson, only the path of its page.
    #[arg(long, short)]
    quiet: bool,
}

/// A lesson, as JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "lesson")]
struct Given {
    lesson: &'static str,
    backend: &'static str,
    device: String,
    dtype: &'static str,
    seed: u64,
    file: String,
    page: Page,
    #[serde(skip)]
    quiet: bool,
}

impl Shown for Given {
    fn to_text(&self) -> String {
        if self.quiet {
            self.file.clone()
        } else {
            format!("{}\npage: {}", self.page.to_text(), self.file)
        }
    }
}

/// Runs the requested lesson, or lists all lessons.
///
/// # Errors
///
/// If the backend cannot run, an option does not fit, or the folder cannot be written.
pub(crate) fn run(options: &LessonOptions) -> Result<Exit> {
    let Some(lesson) = &options.lesson else {
        Console::new(Format::Text, false).text(lessons::list())?;
        return Ok(Exit::Success);
    };
    let common = lesson.common();
    let folder = Folder::make(common.out_dir.join(lesson.name()))?;
    let backend = common.backend.unwrap_or_else(Backend::preferred);
    let setup = Setup::new(backend.open()?, common.seed);
    let page = match lesson.run(&setup) {
        Ok(page) => page,
        Err(error) => {
            let not_finite = error.downcast::<NotFinite>()?;
            complain(format_args!("error: {not_finite}"));
            return Ok(Exit::Negative);
        }
    };
    let file = folder.write(&page)?;
    Console::new(common.format, false).show(&Given {
        lesson: lesson.name(),
        backend: backend.name(),
        device: setup.opened.description(),
        dtype: setup.dtype.name(),
        seed: common.seed,
        file: file.display().to_string(),
        page: page.without_pictures(),
        quiet: common.quiet,
    })?;
    Ok(Exit::Success)
}

/// A folder to write to, made if missing. If it is still empty when it is dropped, it is removed again,
/// with every folder above it that was made for it.
#[derive(Debug)]
struct Folder {
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
    fn make(path: PathBuf) -> Result<Self> {
        let missing = path.ancestors().take_while(|folder| !folder.exists());
        let folder = Self {
            made: missing.map(Path::to_owned).collect(),
            path,
        };
        fs::create_dir_all(&folder.path)
            .and_then(|()| Staged::write(&folder.path.join(PAGE), b"").map(drop))
            .with_context(|| folder.unwritable())?;
        Ok(folder)
    }

    /// Writes a page and its figures, all or none, and returns the page's path. Files of the same
    /// names are replaced; others are not changed.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, with the remedy.
    fn write(&self, page: &Page) -> Result<PathBuf> {
        let files = page.files(&command_line())?;
        let files = files
            .iter()
            .map(|(name, text)| (self.path.join(name), text))
            .collect::<Vec<_>>();
        if let Some((path, _)) = files.iter().find(|(path, _)| path.is_dir()) {
            bail!(
                "{}: expected a file or nothing, got a folder; remove it, or choose another folder with \
                 --out-dir",
                path.display()
            );
        }
        let staged = files
            .iter()
            .map(|(path, text)| Staged::write(path, text.as_bytes()))
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| self.unwritable())?;
        for file in staged {
            file.publish().with_context(|| self.unwritable())?;
        }
        Ok(self.path.join(PAGE))
    }

    fn unwritable(&self) -> String {
        format!(
            "cannot write to {}; choose a folder that you may write to with --out-dir",
            self.path.display()
        )
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for folder in &self.made {
            // Usually it is not empty, and an empty folder does no harm.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pages::page::Section;

    fn page() -> Page {
        let svg = "<svg width=\"1\"></svg>".to_owned();
        Page::new("Slopes", "L13").with(Section::new("One").figure("slope", "A slope", svg))
    }

    #[test]
    fn files_are_written_whole_and_others_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        drop(Folder::make(parent.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        fs::write(parent.path().join("notes.txt"), "mine").unwrap();
        let folder = Folder::make(parent.path().to_owned()).unwrap();
        let html = fs::read_to_string(folder.write(&page()).unwrap()).unwrap();
        assert!(html.starts_with("<!DOCTYPE html>"));
        assert!(parent.path().join("slope.svg").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_leaves_nothing_half_written() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::make(parent.path().to_owned()).unwrap();
        fs::create_dir(parent.path().join(PAGE)).unwrap();
        let error = folder.write(&page()).unwrap_err();
        assert!(error.to_string().contains("--out-dir"), "{error:#}");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
