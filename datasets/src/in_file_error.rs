//! Why images cannot stay in their file.

use std::path::PathBuf;

/// Why images cannot stay in their file; part of [`DatasetError`](crate::DatasetError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InFileError {
    /// The file has become shorter.
    #[error(
        "{}: expected {expected} bytes, as at the start, got {got}; put the file back, and resume \
         from the last checkpoint",
        .path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its bytes at the start.
        expected: u64,
        /// Its bytes now.
        got: u64,
    },

    /// The file is compressed.
    #[error(
        "{}: expected a file that is not compressed, so that its images can stay in it; decompress \
         it with gunzip -k, or leave out --data-in-file",
        .path.display()
    )]
    Compressed {
        /// The file.
        path: PathBuf,
    },

    /// Pixels are to be converted.
    #[error(
        "{}: expected pixels of one byte each, so that the images can stay in the file, got other \
         numbers; leave out --data-in-file",
        .path.display()
    )]
    NotBytes {
        /// The file.
        path: PathBuf,
    },

    /// The images of EMNIST are to be transposed.
    #[error(
        "{}: expected images that can stay in the file as they are, got EMNIST's, which are \
         transposed; leave out --data-in-file",
        .path.display()
    )]
    Transposed {
        /// The folder.
        path: PathBuf,
    },

    /// The data are not in the IDX format.
    #[error(
        "{}: expected IDX files, whose images can stay in them, got another data set; leave out \
         --data-in-file",
        .path.display()
    )]
    NotIdx {
        /// The folder or file.
        path: PathBuf,
    },

    /// No test set.
    #[error(
        "{}: expected a test set next to the images that stay in their file, got none; add one, or \
         leave out --data-in-file: then some of them are held out",
        .path.display()
    )]
    NoTestSet {
        /// The folder.
        path: PathBuf,
    },
}
