//! The errors of data sets.

use std::{io, path::PathBuf};

use crate::{ArrayError, FolderError, InFileError, LayoutError};

/// What is wrong with a data set: where, what was expected, what was found, and what to do about
/// it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The data set does not exist.
    #[error(
        "{}: expected a folder or a file with a data set, got none; check the path",
        .path.display()
    )]
    DirectoryMissing {
        /// The requested folder.
        path: PathBuf,
    },

    /// One of the four files is missing under all of its names.
    #[error(
        "{}: expected a file named {}, got none of them; add it, or name another folder",
        .directory.display(),
        .names.join(" or ")
    )]
    FileMissing {
        /// The folder that was searched.
        directory: PathBuf,
        /// The names that were looked for, in this order.
        names: Vec<String>,
    },

    /// The operating system cannot read the file.
    #[error(
        "{}: expected a readable file, got \"{cause}\"; check the path and its permissions",
        .path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason; part of the message, therefore not its `source`.
        cause: io::Error,
    },

    /// The content of the file does not fit into memory.
    #[error(
        "{}: expected memory for {expected} bytes, got {got} before memory ran out; free some \
         memory or use a smaller set",
        .path.display()
    )]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// The requested number of bytes, at most.
        expected: u64,
        /// Bytes that had been read.
        got: u64,
    },

    /// The name ends in `.gz`, but the content is not gzip.
    #[error(
        "{}: expected gzip (first bytes 1f 8b), got first bytes [{}]; compress the file, or take \
         .gz off its name",
        .path.display(),
        hex(.got)
    )]
    NotGzip {
        /// The file.
        path: PathBuf,
        /// The first bytes of the file, two at most.
        got: Vec<u8>,
    },

    /// The gzip stream ends too early.
    #[error(
        "{}: expected a complete gzip stream, got one that ends after {got} bytes of content; copy \
         the file again",
        .path.display()
    )]
    GzipTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes decompressed before the end.
        got: u64,
    },

    /// The gzip stream is damaged: its header, its compressed data or its checksum.
    #[error(
        "{}: expected a valid gzip stream, got \"{cause}\" after {got} bytes of content; copy the \
         file again",
        .path.display()
    )]
    GzipCorrupt {
        /// The file.
        path: PathBuf,
        /// Bytes decompressed before the fault.
        got: u64,
        /// The decoder's reason; part of the message, therefore not its `source`.
        cause: io::Error,
    },

    /// The file ends within its header.
    #[error(
        "{}: expected a header of {expected} bytes, got {got}; copy the file again",
        .path.display()
    )]
    HeaderTooShort {
        /// The file.
        path: PathBuf,
        /// Bytes the header has.
        expected: usize,
        /// Bytes in the file.
        got: usize,
    },

    /// The first four bytes are those of another kind of file.
    #[error(
        "{}: expected the magic number {expected:#010x}, got {got:#010x}; check that this is an \
         IDX file, and that the image file and the label file are not swapped",
        .path.display()
    )]
    WrongMagic {
        /// The file.
        path: PathBuf,
        /// The magic number of this kind of file.
        expected: u32,
        /// The number in the file.
        got: u32,
    },

    /// The header announces no items.
    #[error("{}: expected at least 1 item, got 0; use a non-empty set", .path.display())]
    EmptySet {
        /// The file.
        path: PathBuf,
    },

    /// The header announces images without pixels.
    #[error(
        "{}: expected images of at least 1x1 pixels, got {rows}x{columns}; use images with \
         pixels",
        .path.display()
    )]
    EmptyImage {
        /// The file.
        path: PathBuf,
        /// Rows of an image, according to the header.
        rows: u32,
        /// Columns of an image, according to the header.
        columns: u32,
    },

    /// The header announces more bytes than the limit.
    #[error(
        "{}: expected at most {limit} bytes of data, got a header that announces {got}; check the \
         header, use a smaller set, or train with --data-in-file",
        .path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read: [`MAX_BODY_BYTES`](crate::idx::MAX_BODY_BYTES).
        limit: u64,
        /// Bytes the header announces.
        got: u128,
    },

    /// The file is shorter than its header announces.
    #[error(
        "{}: expected {expected} bytes of data after the header, got {got}; copy the file again, \
         or correct the counts in its header",
        .path.display()
    )]
    BodyTooShort {
        /// The file.
        path: PathBuf,
        /// Bytes the header announces.
        expected: u64,
        /// Bytes in the file.
        got: u64,
    },

    /// The file is longer than its header announces.
    #[error(
        "{}: expected {expected} bytes of data after the header, got more; copy the file again, or \
         correct the counts in its header",
        .path.display()
    )]
    BodyTooLong {
        /// The file.
        path: PathBuf,
        /// Bytes the header announces.
        expected: u64,
    },

    /// The numbers of images and labels differ.
    #[error(
        "{}: expected {expected} labels, one for each image of {}, got {got}; take both from the \
         same set",
        .labels.display(),
        .images.display()
    )]
    CountMismatch {
        /// The image file.
        images: PathBuf,
        /// The label file.
        labels: PathBuf,
        /// Images.
        expected: usize,
        /// Labels.
        got: usize,
    },

    /// Training and test images differ in size.
    #[error(
        "{}: expected test images of {}x{} pixels like the training images, got {}x{}; take all \
         four files from the same set",
        .path.display(), .expected.0, .expected.1, .got.0, .got.1
    )]
    ImageSizeMismatch {
        /// The file of the test images.
        path: PathBuf,
        /// Rows and columns of a training image.
        expected: (usize, usize),
        /// Rows and columns of a test image.
        got: (usize, usize),
    },

    /// A test label names a class beyond the training labels.
    #[error(
        "{}: expected labels below {class_count}, one more than the largest training label, got \
         {label} for item {index}; take all four files from the same set",
        .path.display()
    )]
    LabelOutOfRange {
        /// The label file.
        path: PathBuf,
        /// The first item with such a label.
        index: usize,
        /// Its label.
        label: u8,
        /// Classes of the training set.
        class_count: usize,
    },

    /// The folder has no folder of a class.
    #[error(
        "{}: expected a folder of images for each class, got no folder; create them \
         and name each after its class",
        .path.display()
    )]
    NoClasses {
        /// The folder that was searched.
        path: PathBuf,
    },

    /// There are more classes than a label, one byte, can have values.
    #[error(
        "{}: expected at most 256 folders, one for each class, got {got}; merge classes or leave \
         some out",
        .path.display()
    )]
    TooManyClasses {
        /// The folder with the classes.
        path: PathBuf,
        /// Number of classes.
        got: usize,
    },

    /// A folder of images has none.
    #[error(
        "{}: expected image files (PNG, JPEG, GIF, WebP, TIFF, PNM or BMP, by their endings), got a \
         folder without any; add some, or remove the folder",
        .path.display()
    )]
    FolderWithoutImages {
        /// The folder.
        path: PathBuf,
    },

    /// No class has enough images to hold one out for the test set.
    #[error(
        "{}: expected a class of at least 2 images, one of them for the test set, got 1 in each; \
         add images, or create a folder test next to the folder train",
        .path.display()
    )]
    TooFewToHoldOut {
        /// The folder with the classes.
        path: PathBuf,
    },

    /// The test images have a class that the training images do not have.
    #[error(
        "{}: expected a class that also has training images, got one without; add training images \
         of it, or remove the folder",
        .path.display()
    )]
    ClassUnknown {
        /// The folder of the class among the test images.
        path: PathBuf,
    },

    /// The classes of the data, or what is to be done to images.
    #[error(transparent)]
    Folder(#[from] FolderError),

    /// What the layout of a folder lacks.
    #[error(transparent)]
    Layout(#[from] LayoutError),

    /// Images cannot stay in their file, or no longer do.
    #[error(transparent)]
    InFile(#[from] InFileError),

    /// The content of a table or an array.
    #[error(transparent)]
    Array(#[from] ArrayError),

    /// The bytes are not an image in a known format.
    #[error(
        "{}: expected a PNG, JPEG, GIF, WebP, TIFF, PNM or BMP image, got {}; convert it to one of \
         these",
        .path.display(),
        first_bytes(.got)
    )]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// Its first bytes, eight at most.
        got: Vec<u8>,
    },

    /// The file has a format that cannot be read.
    #[error(
        "{}: expected a PNG, JPEG, GIF, WebP, TIFF, PNM or BMP image, got {format}; {remedy}",
        .path.display()
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// What it is.
        format: &'static str,
        /// What to do.
        remedy: &'static str,
    },

    /// The image file is longer than the limit.
    #[error(
        "{}: expected an image file of at most {limit} bytes, got more; scale the image down, or \
         compress it",
        .path.display()
    )]
    ImageFileTooLong {
        /// The file.
        path: PathBuf,
        /// The most bytes that are read.
        limit: u64,
    },

    /// The image has more pixels than the limit.
    #[error(
        "{}: expected an image of at most {limit} pixels, got {columns}x{rows}; scale it down",
        .path.display()
    )]
    ImageTooLarge {
        /// The file.
        path: PathBuf,
        /// The most pixels that are decoded.
        limit: u64,
        /// Columns, according to the file.
        columns: u32,
        /// Rows, according to the file.
        rows: u32,
    },

    /// Decoding the image would need more memory than the limit.
    #[error(
        "{}: expected an image that can be decoded in {limit} bytes of memory, got one that needs \
         more; scale it down, or save it again with 8 bits a channel",
        .path.display()
    )]
    ImageTakesTooMuchMemory {
        /// The file.
        path: PathBuf,
        /// The most bytes that decoding may need.
        limit: u64,
    },

    /// The image is incomplete, damaged, or of a kind that its decoder does not support.
    #[error(
        "{}: expected a complete and valid image, got \"{cause}\"; copy it again, or save it again",
        .path.display()
    )]
    ImageDamaged {
        /// The file.
        path: PathBuf,
        /// The decoder's reason.
        cause: String,
    },

    /// Nothing in the image differs from its background.
    #[error(
        "{}: expected a figure on a plain background, got too little contrast; use even light, or \
         crop closer",
        .path.display()
    )]
    BlankImage {
        /// The file.
        path: PathBuf,
    },

    /// The arrays given to [`ImageSet::new`](crate::ImageSet::new) do not fit together.
    #[error(
        "expected {labels} images of {rows}x{columns} pixels, at least one of each, got {pixels} \
         pixels; give one label for each complete image"
    )]
    InconsistentArrays {
        /// Rows of an image.
        rows: usize,
        /// Columns of an image.
        columns: usize,
        /// Labels given.
        labels: usize,
        /// Pixels given.
        pixels: usize,
    },

    /// The validation fraction is not strictly between 0 and 1.
    #[error(
        "expected a validation fraction between 0 and 1, both excluded, got {got}; choose one such \
         as 0.1"
    )]
    FractionOutOfRange {
        /// The requested fraction.
        got: f64,
    },

    /// One side of the split would be empty.
    #[error(
        "expected at least 1 item on each side of the split, got {training} for training and \
         {validation} for validation from a validation fraction of {fraction}; choose another \
         fraction or use a larger set"
    )]
    EmptySplit {
        /// The requested fraction.
        fraction: f64,
        /// Items the training set would have.
        training: usize,
        /// Items the validation set would have.
        validation: usize,
    },
}

/// The first bytes of a file, in words.
fn first_bytes(bytes: &[u8]) -> String {
    match bytes {
        [] => "an empty file".to_owned(),
        bytes => format!("first bytes [{}]", hex(bytes)),
    }
}

/// The bytes as two hexadecimal digits each, separated by spaces.
fn hex(bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_path_expected_got_and_remedy() {
        let error = DatasetError::NotGzip {
            path: "a/b.gz".into(),
            got: vec![0, 0x1f],
        };
        assert_eq!(
            error.to_string(),
            "a/b.gz: expected gzip (first bytes 1f 8b), got first bytes [00 1f]; compress the \
             file, or take .gz off its name"
        );
        let error = DatasetError::WrongMagic {
            path: "a".into(),
            expected: 0x803,
            got: 0x801,
        };
        assert_eq!(
            error.to_string(),
            "a: expected the magic number 0x00000803, got 0x00000801; check that this is an IDX \
             file, and that the image file and the label file are not swapped"
        );
    }
}
