//! What is wrong with a table or an array of numbers.

use std::path::PathBuf;

/// What is wrong with a table (CSV) or an array (.npy, .npz, IDX of other numbers than bytes); part of
/// [`DatasetError`](crate::DatasetError).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// The file is not a NumPy file, or one of a kind that is not read.
    #[error("{}: expected a NumPy array of numbers, got {got}; {remedy}", .path.display())]
    NotAnArray {
        /// The file.
        path: PathBuf,
        /// What it has.
        got: String,
        /// What to do.
        remedy: &'static str,
    },

    /// The archive is damaged, or of a kind that is not read.
    #[error(
        "{}: expected a complete .npz archive, got {got}; copy it again, or save the arrays again with \
         numpy.savez",
        .path.display()
    )]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        got: String,
    },

    /// The arrays have other names than those that are known.
    #[error(
        "{}: expected arrays named like x_train and y_train, or train_images and train_labels, got {}; \
         rename them",
        .path.display(),
        names(.found)
    )]
    ArrayNames {
        /// The file or folder.
        path: PathBuf,
        /// The arrays that it has.
        found: Vec<String>,
    },

    /// An array has a shape that images or labels do not have.
    #[error("{}: expected {expected}, got an array of {}; change its shape", .path.display(), sizes(.got))]
    Shape {
        /// The file.
        path: PathBuf,
        /// The shapes that are read.
        expected: &'static str,
        /// The shape.
        got: Vec<u64>,
    },

    /// A pixel is no grey level.
    #[error(
        "{}: expected pixels from 0 to 255, or from 0 to 1, got {least} to {most}; save the images \
         without normalising them, or scale them",
        .path.display()
    )]
    Levels {
        /// The file.
        path: PathBuf,
        /// The least number, or one that is none.
        least: f64,
        /// The largest.
        most: f64,
    },

    /// A label is no number of a class.
    #[error(
        "{}: expected labels that are whole numbers from 0 to 255, got {got} for item {index}; count the \
         classes from 0",
        .path.display()
    )]
    Label {
        /// The file.
        path: PathBuf,
        /// The item, from 0.
        index: usize,
        /// The label.
        got: String,
    },

    /// A row of labels names no class, or several.
    #[error(
        "{}: expected one class for each image, that is, rows with a single 1 among zeros, got another row \
         for item {index}; leave out images of several classes or of none, or save one column of the \
         labels as labels of two classes",
        .path.display()
    )]
    NotOneClass {
        /// The file.
        path: PathBuf,
        /// The item, from 0.
        index: usize,
    },

    /// A line of a table does not fit the others.
    #[error("{}: line {line}: expected {expected}, got {got}; correct the line", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: u64,
        /// What a line has.
        expected: String,
        /// What it has.
        got: String,
    },

    /// The columns of a table are no square image, and their names give no size.
    #[error(
        "{}: expected a label and the pixels of a square image, such as 784 for 28x28, got {got} columns \
         next to the label; name the columns 1x1, 1x2 and so on to give the size",
        .path.display()
    )]
    Columns {
        /// The file.
        path: PathBuf,
        /// Columns of pixels.
        got: usize,
    },

    /// A table has no column of labels.
    #[error(
        "{}: expected a column named label next to pixels, got columns named {}; name the column of labels \
         so, or name another file",
        .path.display(),
        names(.found)
    )]
    NoLabels {
        /// The file.
        path: PathBuf,
        /// The names of its columns.
        found: Vec<String>,
    },
}

/// Names in one line, the first of many.
fn names(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names if names.len() <= 8 => names.join(", "),
        names => format!("{} and {} more", names[..8].join(", "), names.len() - 8),
    }
}

/// Sizes as a product.
fn sizes(sizes: &[u64]) -> String {
    match sizes {
        [] => "a single number".to_owned(),
        sizes => {
            let sizes: Vec<_> = sizes.iter().map(u64::to_string).collect();
            sizes.join("x")
        }
    }
}
