//! The folder of a sweep: how it is made, and what it records of the beginning, so that the sweep can be resumed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use run_folder::files::Staged;
use run_folder::weights::PRETRAINED;
use run_folder::{Invocation, SWEEP, lock, shell};
use serde::{Deserialize, Serialize};

use crate::arguments::{in_words, invocation};

/// Name of the page in the folder of a sweep.
pub(super) const PAGE: &str = "sweep.html";

/// Options that name a file.
const PATHS: [&str; 4] = ["data-dir", "init", "class-map", "token-file"];

/// How a sweep was begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept(Invocation);

impl Kept {
    /// How this process was started.
    pub(super) fn of_this_process() -> Self {
        Self(invocation())
    }

    /// Writes it into the folder of the sweep.
    ///
    /// # Errors
    ///
    /// If the disk is full.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let file = folder.join(SWEEP);
        let json = serde_json::to_string_pretty(self)? + "\n";
        let written = Staged::write(&file, json.as_bytes()).and_then(Staged::publish);
        written.with_context(|| format!("cannot write {}", file.display()))
    }

    /// Reads it from the folder of a sweep, which is resumed with the words `now`.
    ///
    /// # Errors
    ///
    /// If there is none, or if one of its options would name another file here.
    pub(super) fn open(folder: &Path, now: &[String]) -> Result<Self> {
        let file = folder.join(SWEEP);
        let text = match fs::read_to_string(&file) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                bail!(
                    "{} is not the folder of a sweep that can be resumed: {}",
                    folder.display(),
                    what_it_is(folder)
                )
            }
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let kept = serde_json::from_str::<Self>(&text).with_context(|| {
            format!(
                "{} is damaged; its runs can be resumed one by one, with train --resume",
                file.display()
            )
        })?;
        let working_folder = &kept.0.working_folder;
        if std::env::current_dir()? != *working_folder
            && let Some((name, value)) = kept.relative_path(now)
        {
            let or_give = match name {
                "--data-dir" | "--token-file" => format!(", or give another {name}"),
                _ => String::new(),
            };
            bail!(
                "the sweep in {} was started in {}, to which its {name} {value} refers; resume it there{or_give}",
                folder.display(),
                working_folder.display()
            );
        }
        Ok(kept)
    }

    /// An option that names a file relative to the folder in which the sweep was started, unless `now` replaces it.
    fn relative_path(&self, now: &[String]) -> Option<(&str, &str)> {
        let options = self.options();
        let pairs = options.iter().enumerate().filter_map(|(place, word)| {
            let pair = word.split_once('=');
            Some(pair.unwrap_or((word, options.get(place + 1)?)))
        });
        for (name, value) in pairs {
            // Of an option that varies, each value counts.
            let (option, values) = match value.split_once('=').filter(|_| name == "--vary") {
                Some((varied, values)) => (varied.trim(), values.split([',', ' ']).collect()),
                None => (name, vec![value]),
            };
            let option = option.trim_start_matches("--");
            let is_relative = |value: &str| {
                let is_name = option == "init" && value == PRETRAINED;
                Path::new(value).is_relative() && !is_name
            };
            let mut values = values.into_iter().filter(|value| !value.is_empty());
            let is_replaced = now
                .iter()
                .any(|word| word.strip_prefix("--") == Some(option));
            if PATHS.contains(&option) && !is_replaced && values.any(is_relative) {
                return Some((name, value));
            }
        }
        None
    }

    /// The options of the command, which follow the program and the word `sweep`.
    pub(super) fn options(&self) -> &[String] {
        self.0.command.get(2..).unwrap_or_default()
    }

    /// The command line in words, as a page shows it.
    pub(super) fn command_line(&self) -> String {
        in_words(&self.0)
    }
}

/// Whether a folder is that of a sweep.
pub(in crate::commands) fn is_of_a_sweep(folder: &Path) -> bool {
    [PAGE, SWEEP].iter().any(|file| folder.join(file).is_file())
}

/// Whether a run in this folder has begun: it has its configuration.
pub(super) fn is_begun(folder: &Path) -> bool {
    folder.join("config.json").is_file()
}

/// What a folder is that is not that of a sweep, and what helps.
fn what_it_is(folder: &Path) -> String {
    if is_begun(folder) {
        let folder = folder.display().to_string();
        let command = shell::line(["trainer", "--resume", &folder]);
        format!("it is a run folder; resume the run with {command}")
    } else if folder.join(PAGE).is_file() {
        format!("it has no {SWEEP}; its runs can be resumed one by one, with train --resume")
    } else if folder.is_dir() {
        format!("it has no {SWEEP}; name the folder of its runs, or start the sweep again")
    } else {
        "there is no such folder; check the path".to_owned()
    }
}

/// Makes the folder of a sweep that was begun as `kept` says, with a number added if it exists; and takes its lock.
pub(super) fn make_folder(
    out_dir: &Path,
    name: Option<&str>,
    kept: &Kept,
) -> Result<(PathBuf, File)> {
    let time = || {
        Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ-sweep")
            .to_string()
    };
    let name = name.map_or_else(time, str::to_owned);
    let refused = || {
        format!(
            "cannot write to out-dir {}; name a folder that you may write to with --out-dir",
            out_dir.display()
        )
    };
    fs::create_dir_all(out_dir).with_context(refused)?;
    for number in 1.. {
        let path = match number {
            1 => out_dir.join(&name),
            _ => out_dir.join(format!("{name}-{number}")),
        };
        match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => {
                made.with_context(refused)?;
                let lock = lock(&path)?;
                if let Err(error) = kept.write(&path) {
                    // Nothing has begun in it.
                    let _ = fs::remove_dir_all(&path);
                    return Err(error);
                }
                return Ok((path, lock));
            }
        }
    }
    unreachable!("the numbers never end")
}
