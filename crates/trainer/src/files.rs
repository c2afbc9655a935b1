//! Files that are whole or absent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that is written but does not have its name yet. Dropped without
/// [`Staged::publish`], it is gone.
#[derive(Debug)]
pub(crate) struct Staged {
    temporary: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Staged {
    /// Writes `bytes` beside `path`, under another name, down to the disk.
    ///
    /// # Errors
    ///
    /// If the folder is missing or cannot be written, or the disk is full.
    pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".part");
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

    /// Gives the file its name, in place of any file that had it.
    ///
    /// # Errors
    ///
    /// If the folder has vanished, or a folder has that name.
    pub(crate) fn publish(mut self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            // What cannot be removed is only a leftover under a name that nobody reads.
            let _ = fs::remove_file(&self.temporary);
        }
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
}
