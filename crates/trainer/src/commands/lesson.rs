//! `trainer lesson`: prints a lesson, and writes its page and figures.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use backends::Backend;
use clap::{Args, Subcommand};
use lessons::{Lesson, NotFinite, Setup, site};
use pages::page::Page;
use programs::{Exit, Format, complain};
use run_folder::files::Staged;
use serde::Serialize;
use training::number::parse::seed;

use crate::arguments::{DeviceOption, backend, command_line};
use crate::console::{Console, Shown};

/// Name of the page's file.
const PAGE: &str = "index.html";

/// Options of `lesson`.
#[derive(Debug, Args)]
pub(crate) struct LessonOptions {
    /// The lesson; without one, list all lessons.
    #[command(subcommand)]
    lesson: Option<Choice>,
}

/// One lesson, or all of them.
#[derive(Debug, Subcommand)]
enum Choice {
    /// All lessons as a site, with an index: open index.html in the folder.
    All(All),

    #[command(flatten)]
    One(Lesson<Common>),
}

/// Options of `lesson all`.
#[derive(Debug, Args)]
struct All {
    /// Folder for the site; every lesson gets a subfolder with its name.
    #[arg(long, default_value = "site", value_name = "FOLDER")]
    out_dir: PathBuf,

    #[command(flatten)]
    run: RunOptions,
}

/// Options of every lesson.
#[derive(Debug, Args)]
struct Common {
    /// Folder for the results; the page and its figures go to a subfolder with the lesson's name.
    #[arg(long, default_value = "lessons", value_name = "FOLDER")]
    out_dir: PathBuf,

    #[command(flatten)]
    run: RunOptions,
}

/// How lessons are computed and shown.
#[derive(Debug, Args)]
struct RunOptions {
    /// Where to compute: ndarray and flex use the CPU, wgpu a graphics adapter [default: the first of
    /// these that is compiled in].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    #[command(flatten)]
    device: DeviceOption,

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

    /// Print only the path of the page.
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

/// All lessons, as JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "site")]
struct Made {
    lessons: Vec<&'static str>,
    backend: &'static str,
    device: String,
    dtype: &'static str,
    seed: u64,
    file: String,
    #[serde(skip)]
    quiet: bool,
}

impl Shown for Made {
    fn to_text(&self) -> String {
        if self.quiet {
            self.file.clone()
        } else {
            format!("{} lessons\npage: {}", self.lessons.len(), self.file)
        }
    }
}

/// Runs the requested lesson or all of them, or lists all lessons.
///
/// # Errors
///
/// If the backend cannot run, an option does not fit, or the folder cannot be written.
pub(crate) fn run(options: &LessonOptions) -> Result<Exit> {
    match &options.lesson {
        None => {
            Console::new(Format::Text, false).text(lessons::list())?;
            Ok(Exit::Success)
        }
        Some(Choice::One(lesson)) => one(lesson),
        Some(Choice::All(options)) => all(options),
    }
}

/// Computes on the chosen device. Numbers that are not finite are a negative result, not an error.
fn computed<T>(
    options: &RunOptions,
    compute: impl FnOnce(&Setup) -> Result<T>,
) -> Result<Option<(Setup, Backend, T)>> {
    let backend = options.backend.unwrap_or_else(Backend::preferred);
    let setup = Setup::new(backend.open_on(options.device.device)?, options.seed);
    match compute(&setup) {
        Ok(result) => Ok(Some((setup, backend, result))),
        Err(error) if error.is::<NotFinite>() => {
            complain(format_args!("error: {error:#}"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn one(lesson: &Lesson<Common>) -> Result<Exit> {
    let Common { out_dir, run } = lesson.common();
    let folder = Folder::make(out_dir.join(lesson.name()))?;
    let Some((setup, backend, page)) = computed(run, |setup| lesson.run(setup))? else {
        return Ok(Exit::Negative);
    };
    let files = page.files(&command_line())?;
    folder.write(&files)?;
    Console::new(run.format, false).show(&Given {
        lesson: lesson.name(),
        backend: backend.name(),
        device: setup.opened.description(),
        dtype: setup.dtype.name(),
        seed: run.seed,
        file: folder.path.join(PAGE).display().to_string(),
        page: page.without_pictures(),
        quiet: run.quiet,
    })?;
    Ok(Exit::Success)
}

fn all(options: &All) -> Result<Exit> {
    let All { out_dir, run } = options;
    let folder = Folder::make(out_dir.clone())?;
    let mut console = Console::new(run.format, run.quiet);
    let begun = |name: &str| console.note(format_args!("computing {name}"));
    let Some((setup, backend, site)) = computed(run, |setup| site(setup, begun))? else {
        return Ok(Exit::Negative);
    };
    let command = command_line();
    let mut files = vec![];
    for (name, page) in &site.lessons {
        let page = page.files(&command)?.into_iter();
        files.extend(page.map(|(file, text)| (format!("{name}/{file}"), text)));
    }
    files.extend(site.index.files(&command)?);
    folder.write(&files)?;
    console.show(&Made {
        lessons: site.lessons.iter().map(|(name, _)| *name).collect(),
        backend: backend.name(),
        device: setup.opened.description(),
        dtype: setup.dtype.name(),
        seed: run.seed,
        file: folder.path.join(PAGE).display().to_string(),
        quiet: run.quiet,
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

    /// Writes files, names and texts, all or none; a name may have a folder before it, which is made if
    /// missing. Files of the same names are replaced; others are not changed.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written, with the remedy.
    fn write(&self, files: &[(String, String)]) -> Result<()> {
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
        let mut folders = vec![];
        let staged = files
            .iter()
            .map(|(path, text)| {
                folders.extend(Self::make(path.parent().unwrap_or(&self.path).to_owned()));
                Staged::write(path, text.as_bytes())
            })
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| self.unwritable())?;
        for file in staged {
            file.publish().with_context(|| self.unwritable())?;
        }
        Ok(())
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
        folder.write(&page().files("a test").unwrap()).unwrap();
        let html = fs::read_to_string(parent.path().join(PAGE)).unwrap();
        assert!(html.starts_with("<!DOCTYPE html>"));
        assert!(parent.path().join("slope.svg").exists());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_leaves_nothing_half_written() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::make(parent.path().to_owned()).unwrap();
        fs::create_dir(parent.path().join(PAGE)).unwrap();
        let files = page().files("a test").unwrap();
        let error = folder.write(&files).unwrap_err();
        assert!(error.to_string().contains("--out-dir"), "{error:#}");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_the_place_of_a_lesson_s_folder_leaves_nothing_half_written() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::make(parent.path().to_owned()).unwrap();
        fs::write(parent.path().join("xor"), "mine").unwrap();
        let files = ["mnist/index.html", "xor/index.html", "index.html"];
        let files = files.map(|name| (name.to_owned(), "text".to_owned()));
        let error = folder.write(&files).unwrap_err();
        assert!(error.to_string().contains("--out-dir"), "{error:#}");
        let left = fs::read_dir(parent.path()).unwrap().count();
        assert_eq!(left, 1);
        assert_eq!(fs::read(parent.path().join("xor")).unwrap(), b"mine");
    }
}
