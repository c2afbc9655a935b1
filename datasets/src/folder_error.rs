//! What is wrong with the classes of a folder, or with the choice of what is done to its images.

use std::path::PathBuf;

/// What is wrong with the classes of the data, or with the choice of what is done to images; part of
/// [`DatasetError`](crate::DatasetError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// The data have classes that the net does not know.
    #[error(
        "{}: expected only classes that the net knows ({}), got {}, of which it does not know {}; \
         rename them in the data, or map the names with --class-map",
        .path.display(), listed(.expected), listed(.got), listed(.unknown)
    )]
    ClassesUnknown {
        /// The data.
        path: PathBuf,
        /// The classes that the net does not know.
        unknown: Vec<String>,
        /// All classes of the data.
        got: Vec<String>,
        /// The classes of the net.
        expected: Vec<String>,
    },

    /// A line of a file with other spellings of class names is no pair, or contradicts another one.
    #[error(
        "{}: line {line}: expected a name and its class, as in \"seven = 7\", each name once, got \
         \"{}\"; correct the line",
        .path.display(), got.escape_debug()
    )]
    ClassMapLine {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// The line.
        got: String,
    },

    /// The file with other spellings of class names is longer than the limit.
    #[error(
        "{}: expected a file of at most {limit} bytes with lines such as \"seven = 7\", got a longer \
         one; check its name",
        .path.display()
    )]
    ClassMapTooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },

    /// The file with other spellings of class names is not in UTF-8.
    #[error(
        "{}: expected text in UTF-8 with lines such as \"seven = 7\", got other bytes; save it as UTF-8",
        .path.display()
    )]
    ClassMapNotText {
        /// The file.
        path: PathBuf,
    },

    /// The images look like pen strokes in part only.
    #[error(
        "{}: expected images that all look like pen strokes, or like photographs, got {strokes} of the \
         first kind, {photographs} of the second and {unclear} of neither among {} looked at; choose \
         with --images strokes or --images plain",
        .path.display(), .strokes + .photographs + .unclear
    )]
    TreatmentUnclear {
        /// The data.
        path: PathBuf,
        /// Images that look like pen strokes.
        strokes: usize,
        /// Images that look like photographs.
        photographs: usize,
        /// Images that look like neither.
        unclear: usize,
    },

    /// The images of a folder would take more memory than the limit.
    #[error(
        "{}: expected at most {limit} bytes of pixels, got {images} images of {columns}x{rows}; choose \
         a smaller --image-size, or fewer images",
        .path.display()
    )]
    FolderTooLarge {
        /// The data.
        path: PathBuf,
        /// The most bytes that are held.
        limit: u64,
        /// Image files.
        images: usize,
        /// Rows of each.
        rows: usize,
        /// Columns of each.
        columns: usize,
    },
}

/// Names in a sentence: at most 20 of them.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let shown: Vec<_> = names.iter().take(MOST).map(String::as_str).collect();
    let others = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        others => format!(" and {others} others"),
    };
    shown.join(", ") + &others
}
