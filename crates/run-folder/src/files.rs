//! Files that are complete or absent.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Suffix of a file that is being written.
pub(crate) const UNFINISHED: &str = ".part";

/// Name of the file with a run's weights in Burn's own format.
pub(crate) const WEIGHTS: &str = "model.bpk";

/// Name of the file with the same weights for other programs.
pub(crate) const WEIGHTS_FOR_OTHERS: &str = "model.safetensors";

/// A file that is written but does not have its name yet. Dropped without [`Staged::publish`], it is
/// removed.
#[derive(Debug)]
pub struct Staged {
    temporary: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Staged {
    /// Writes `bytes` next to `path`, under another name, and syncs them to disk.
    ///
    /// # Errors
    ///
    /// If the folder is missing or cannot be written, or the disk is full.
    pub fn write(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(UNFINISHED);
        let staged = Self {
            temporary: temporary.into(),
            path: path.to_owned(),
            published: false,
        };
        let mut file = File::create(&staged.temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Gives the file its name, replacing any file of that name, and syncs the folder.
    ///
    /// # Errors
    ///
    /// If the folder has vanished, or a folder has that name.
    pub fn publish(mut self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)?;
        self.published = true;
        sync_folder_of(&self.path)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            // If it cannot be removed, it stays under a name that is never read.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The first bytes of a file, as many as `limit`: a longer one is cut.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Syncs the folder of a file to disk, if the system can open folders.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_once_it_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        fs::write(&path, "old").unwrap();
        drop(Staged::write(&path, b"never").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        Staged::write(&path, b"new").unwrap().publish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_may_be_named_without_its_folder() {
        assert!(sync_folder_of(Path::new("page.html")).is_ok());
    }
}
