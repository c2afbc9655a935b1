//! Small data sets on disk for the tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::common::idx_file;

/// A folder that goes away with the value.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A valid set: 4 training and 2 test images of 5x4 pixels in 3 classes, not compressed.
    pub(crate) fn with_small_set() -> Self {
        let folder = Self::empty();
        let pixels: Vec<u8> = (0..80).collect();
        folder.write("train-images-idx3-ubyte", &idx_file(&[4, 5, 4], &pixels));
        folder.write("train-labels-idx1-ubyte", &idx_file(&[4], &[2, 0, 1, 2]));
        folder.write(
            "t10k-images-idx3-ubyte",
            &idx_file(&[2, 5, 4], &pixels[40..]),
        );
        folder.write("t10k-labels-idx1-ubyte", &idx_file(&[2], &[1, 0]));
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("a temporary file");
        path
    }
}
