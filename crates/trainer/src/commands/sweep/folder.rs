//! The folder of a sweep: how it is made, and what it keeps of the beginning, so that the sweep can go on.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use run_folder::SWEEP;
use run_folder::files::Staged;
use serde::{Deserialize, Serialize};

use crate::arguments::invocation;

/// Name of the page in the folder of a sweep.
pub(super) const PAGE: &str = "sweep.html";

/// How a sweep was begun.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Version of the program.
    version: String,
    /// What started several processes of it, if there were several.
    launcher: Vec<String>,
    /// The command line: the program, the command, its options.
    command: Vec<String>,
    /// To which paths in the options refer.
    working_folder: PathBuf,
}

impl Kept {
    /// How this process was started.
    pub(super) fn of_this_process() -> Self {
        let invocation = invocation();
        Self {
            version: invocation.version,
            launcher: invocation.launcher,
            command: invocation.command,
            working_folder: invocation.working_folder,
        }
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

    /// Reads it from the folder of a sweep.
    ///
    /// # Errors
    ///
    /// If there is none, or if this process is in another folder: the options would name other files.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        let file = folder.join(SWEEP);
        let text = match fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let remedy = if folder.join("config.json").is_file() {
                    "it is that of a single run; resume it with train"
                } else {
                    "name the folder that the sweep has printed"
                };
                bail!(
                    "{} is not the folder of a sweep; {remedy}",
                    folder.display()
                )
            }
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        let kept = serde_json::from_str::<Self>(&text);
        let kept = kept.with_context(|| format!("{} is damaged", file.display()))?;
        let here = std::env::current_dir()?;
        if here != kept.working_folder {
            bail!(
                "the sweep in {} was started in {}, to which its options refer; resume it there",
                folder.display(),
                kept.working_folder.display()
            );
        }
        Ok(kept)
    }

    /// The options of the command.
    pub(super) fn options(&self) -> &[String] {
        self.command.get(2..).unwrap_or_default()
    }

    /// The command line in words, as a page shows it.
    pub(super) fn command_line(&self) -> String {
        let arguments = self.command.iter().skip(1).map(String::as_str);
        let words = self.launcher.iter().map(String::as_str);
        let words = words.chain(["trainer"]).chain(arguments);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Whether a folder is that of a sweep.
pub(in crate::commands) fn is_of_a_sweep(folder: &Path) -> bool {
    [PAGE, SWEEP].iter().any(|file| folder.join(file).is_file())
}

/// Makes the folder of the sweep, with a number added if it exists.
pub(super) fn make_folder(out_dir: &Path, name: Option<&str>) -> Result<PathBuf> {
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
                return Ok(path);
            }
        }
    }
    unreachable!("the numbers never end")
}
