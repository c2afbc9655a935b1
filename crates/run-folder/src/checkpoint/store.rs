//! The checkpoints of a run folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::container::Checkpoint;
use crate::error::RunFolderError;
use crate::files::{Staged, UNFINISHED};
use crate::shell::resume_options;

const EXTENSION: &str = "ckpt";
/// Suffix of a file that cannot be read, so that it is not tried again.
const DAMAGED: &str = ".damaged";

/// The position of a checkpoint in its run: completed epochs, then steps of the next.
type Position = (usize, usize);

/// The checkpoints of a run folder.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    run_folder: PathBuf,
    folder: PathBuf,
}

/// The checkpoint from which a run folder continues.
#[derive(Debug)]
pub(crate) struct Found {
    /// The newest intact checkpoint and its file name; none if there is no file.
    pub(crate) checkpoint: Option<(Checkpoint, String)>,
    /// Newer, damaged ones, one sentence each.
    pub(crate) damaged: Vec<String>,
}

/// Whether a run folder has a checkpoint, of whatever state.
pub fn has_checkpoint(run_folder: &Path) -> bool {
    let files = Checkpoints::of(run_folder).list();
    files.is_ok_and(|files| !files.is_empty())
}

impl Checkpoints {
    /// The checkpoints of a run folder; there may be none yet.
    pub(crate) fn of(run_folder: &Path) -> Self {
        Self {
            run_folder: run_folder.to_owned(),
            folder: run_folder.join("checkpoints"),
        }
    }

    /// Makes their folder.
    ///
    /// # Errors
    ///
    /// If the run folder is gone or cannot be written.
    pub(crate) fn create_folder(&self) -> io::Result<()> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// Adds the bytes of a checkpoint at a position, and drops those that are neither among the last
    /// `keep` nor the best.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; the earlier ones still exist then.
    pub(crate) fn save(
        &self,
        checkpoint: &Checkpoint,
        bytes: &[u8],
        keep: usize,
    ) -> io::Result<()> {
        let progress = &checkpoint.progress;
        let position = (progress.epoch, progress.step_in_epoch);
        Staged::write(&self.folder.join(file_name(position)), bytes).and_then(Staged::publish)?;
        let best = progress.best_checkpoint.map(|best| (best.epoch, 0));
        for (position, old) in self.list()?.into_iter().skip(keep) {
            if Some(position) != best {
                fs::remove_file(old)?;
            }
        }
        Ok(())
    }

    /// The newest checkpoint that can be read. Newer ones that cannot are renamed, so that they never
    /// count as newer than what follows.
    ///
    /// # Errors
    ///
    /// If there are checkpoints and none is intact, or the folder cannot be read.
    pub(crate) fn newest(&self) -> Result<Found, RunFolderError> {
        let unreadable = RunFolderError::unreadable(&self.folder);
        let files = self.list().or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(vec![]),
            _ => Err(unreadable(error)),
        })?;
        let is_empty = files.is_empty();
        let mut damaged = Vec::new();
        let mut set_aside = Vec::new();
        let mut whole = None;
        for (_, path) in files {
            match Checkpoint::open(&path) {
                Ok(checkpoint) => {
                    whole = Some((checkpoint, name_of(&path)));
                    break;
                }
                Err(error) => {
                    damaged.push(format!("{} is damaged: {error}", path.display()));
                    set_aside.push(path);
                }
            }
        }
        if whole.is_none() && !is_empty {
            return Err(RunFolderError::NoWholeCheckpoint {
                path: self.run_folder.clone(),
                damage: damaged.join("; "),
            });
        }
        for path in set_aside {
            let mut aside = path.clone().into_os_string();
            aside.push(DAMAGED);
            fs::rename(&path, aside).map_err(|cause| RunFolderError::Unwritable {
                what: "the new name of a damaged checkpoint".to_owned(),
                path: self.run_folder.clone(),
                cause,
                resume_options: resume_options(&self.run_folder, &[]),
            })?;
        }
        Ok(Found {
            checkpoint: whole,
            damaged,
        })
    }

    /// The digest of the training data in the newest intact checkpoint, if there is one. Damaged ones stay
    /// as they are.
    pub(crate) fn data_digest(&self) -> Option<String> {
        let files = self.list().ok()?.into_iter();
        let mut readable = files.filter_map(|(_, path)| Checkpoint::open(&path).ok());
        readable
            .next()
            .map(|checkpoint| checkpoint.progress.data_digest)
    }

    /// Removes the unfinished files of a killed run.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or written.
    pub(crate) fn remove_unfinished(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if name_of(&path).ends_with(UNFINISHED) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// All files with the name of a checkpoint, the newest first.
    fn list(&self) -> io::Result<Vec<(Position, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if let Some(position) = position_in(&name_of(&path)) {
                found.push((position, path));
            }
        }
        found.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        Ok(found)
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn file_name((epoch, step): Position) -> String {
    if step == 0 {
        format!("epoch-{epoch:06}.{EXTENSION}")
    } else {
        format!("epoch-{epoch:06}-step-{step:06}.{EXTENSION}")
    }
}

fn position_in(name: &str) -> Option<Position> {
    let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    let position = stem.strip_prefix("epoch-")?;
    match position.split_once("-step-") {
        Some((epoch, step)) => Some((epoch.parse().ok()?, step.parse().ok()?)),
        None => Some((position.parse().ok()?, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::container::tests::example;
    use training::Best;

    fn save(checkpoints: &Checkpoints, checkpoint: &Checkpoint) {
        let bytes = checkpoint.encode().expect("it can be encoded");
        let saved = checkpoints.save(checkpoint, &bytes, 2);
        saved.expect("it can be saved");
    }

    fn epochs(checkpoints: &Checkpoints) -> Vec<Position> {
        let files = checkpoints.list().expect("the folder can be read");
        files.into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn the_last_and_the_best_are_kept() {
        let run = tempfile::tempdir().expect("a folder");
        let checkpoints = Checkpoints::of(run.path());
        checkpoints.create_folder().expect("it can be made");
        for epoch in 1..=6 {
            let mut checkpoint = example(epoch, 0);
            checkpoint.progress.best_checkpoint = Some(Best {
                epoch: epoch.min(2),
                loss: 1.0,
            });
            save(&checkpoints, &checkpoint);
        }
        assert_eq!(epochs(&checkpoints), [(6, 0), (5, 0), (2, 0)]);
        save(&checkpoints, &example(6, 40));
        assert_eq!(epochs(&checkpoints), [(6, 40), (6, 0)]);
    }

    #[test]
    fn a_damaged_checkpoint_is_set_aside_for_the_one_before() {
        let run = tempfile::tempdir().expect("a folder");
        let checkpoints = Checkpoints::of(run.path());
        assert!(
            checkpoints
                .newest()
                .expect("no checkpoint yet")
                .checkpoint
                .is_none()
        );
        checkpoints.create_folder().expect("it can be made");
        let [first, second] = [1, 2].map(|epoch| {
            save(&checkpoints, &example(epoch, 0));
            checkpoints.folder.join(file_name((epoch, 0)))
        });
        let mut bytes = fs::read(&second).expect("a file");
        bytes[100] ^= 4;
        fs::write(&second, bytes).expect("the folder can be written");
        let found = checkpoints.newest().expect("the first is whole");
        let (checkpoint, name) = found.checkpoint.expect("the first is whole");
        assert_eq!(
            (checkpoint.progress.epoch, name.as_str()),
            (1, "epoch-000001.ckpt")
        );
        assert!(found.damaged[0].contains("epoch-000002.ckpt is damaged"));
        assert_eq!(epochs(&checkpoints), [(1, 0)]);
        fs::write(first, b"").expect("the folder can be written");
        assert!(checkpoints.newest().is_err());
    }

    #[test]
    fn names_tell_the_position() {
        for position in [(0, 0), (12, 0), (3, 120), (1_234_567, 1)] {
            assert_eq!(position_in(&file_name(position)), Some(position));
        }
        for name in [
            "epoch-1.ckpt.part",
            "epoch-.ckpt",
            "epoch-1.ckpt.damaged",
            "x.ckpt",
        ] {
            assert_eq!(position_in(name), None, "{name}");
        }
    }
}
