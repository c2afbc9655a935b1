//! Everything that can be wrong with a data set.

use std::{io, path::PathBuf};

/// What is wrong with a data set: where, what was expected, what was found, and what to do about
/// it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The folder of a data set does not exist, or is not a folder.
    #[error(
        "{}: expected a folder, got none; name one that holds the four files of MNIST or of a set \
         like it, or folders of images named after their classes",
        .path.display()
    )]
    DirectoryMissing {
        /// The folder that was asked for.
        path: PathBuf,
    },

    /// The folder holds none of the names under which one of the four files is known.
    #[error(
        "{}: expected a file named {}, got none of them; put it there, or name another folder",
        .directory.display(),
        .names.join(" or ")
    )]
    FileMissing {
        /// The folder that was searched.
        directory: PathBuf,
        /// The names that were looked for, in this order.
        names: Vec<String>,
    },

    /// The operating system refuses to read the file.
    #[error(
        "{}: expected a readable file, got \"{cause}\"; check the file and its permissions",
        .path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason; part of the message, therefore not its `source`.
        cause: io::Error,
    },

    /// There is not enough memory for the content of the file.
    #[error(
        "{}: expected room for {expected} bytes, got {got} before memory ran out; free some memory \
         or use a smaller set",
        .path.display()
    )]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// Bytes asked for at most.
        expected: u64,
        /// Bytes that had been read.
        got: u64,
    },

    /// The name ends in `.gz`, the content is something else.
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

    /// The gzip stream stops before its end.
    #[error(
        "{}: expected a whole gzip stream, got one cut short after {got} bytes of content; copy \
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
        "{}: expected a sound gzip stream, got \"{cause}\" after {got} bytes of content; copy the \
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
        /// Bytes that are there.
        got: usize,
    },

    /// The first four bytes say that the file holds something else.
    #[error(
        "{}: expected the magic number {expected:#010x}, got {got:#010x}; check that this is an \
         IDX file of unsigned bytes, and that the image file and the label file are not swapped",
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

    /// The header announces no item.
    #[error("{}: expected at least 1 item, got 0; use a set that is not empty", .path.display())]
    EmptySet {
        /// The file.
        path: PathBuf,
    },

    /// The header announces images without a pixel.
    #[error(
        "{}: expected images of at least 1x1 pixels, got {rows}x{columns}; use a set with images \
         in it",
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

    /// The header announces more bytes than this package reads.
    #[error(
        "{}: expected at most {limit} bytes of data, got a header that announces {got}; check the \
         header, or use a smaller set",
        .path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes this package reads at most: [`MAX_BODY_BYTES`](crate::idx::MAX_BODY_BYTES).
        limit: u64,
        /// Bytes the header announces.
        got: u128,
    },

    /// The file ends before all that its header announces.
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
        /// Bytes that are there.
        got: u64,
    },

    /// The file goes on after all that its header announces.
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

    /// Images and labels are not equally many.
    #[error(
        "{}: expected {expected} labels, one for each image of {}, got {got}; take both files from \
         the same set",
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

    /// A test label names a class that the training labels do not reach.
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

    /// The folder is a data set in neither of the two forms.
    #[error(
        "{}: expected the four files of MNIST, or folders of images named after their classes, got \
         neither; put one or the other there, or name another folder",
        .path.display()
    )]
    NeitherForm {
        /// The folder.
        path: PathBuf,
    },

    /// A folder that must hold a folder for each class holds none.
    #[error(
        "{}: expected a folder of images for each class, got no folder; make them and name each \
         after its class",
        .path.display()
    )]
    NoClasses {
        /// The folder that was searched.
        path: PathBuf,
    },

    /// There are more classes than a label, one byte, can tell apart.
    #[error(
        "{}: expected at most 256 folders, one for each class, got {got}; merge classes or leave \
         some out",
        .path.display()
    )]
    TooManyClasses {
        /// The folder with the classes.
        path: PathBuf,
        /// Classes that are there.
        got: usize,
    },

    /// A folder of images, that of a class for example, has none.
    #[error(
        "{}: expected image files (.png, .jpg, .jpeg or .bmp), got a folder without any; put some \
         there, or leave the folder out",
        .path.display()
    )]
    FolderWithoutImages {
        /// The folder.
        path: PathBuf,
    },

    /// Every class has so few images that none is left for the test set.
    #[error(
        "{}: expected a class of at least 2 images, so that one can be held out for the test, got \
         1 in each; add images, or make a folder test beside the folder train",
        .path.display()
    )]
    TooFewToHoldOut {
        /// The folder with the classes.
        path: PathBuf,
    },

    /// The test images have a class that the training images do not have.
    #[error(
        "{}: expected a class that the training images have, too, got one of its own; add training \
         images of it, or remove the folder",
        .path.display()
    )]
    ClassUnknown {
        /// The folder of the class among the test images.
        path: PathBuf,
    },

    /// The bytes are no image in a format that is read here.
    #[error(
        "{}: expected a PNG, JPEG or BMP image, got {}; convert it to one of these",
        .path.display(),
        first_bytes(.got)
    )]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// Its first bytes, eight at most.
        got: Vec<u8>,
    },

    /// The image file is longer than any that is read here.
    #[error(
        "{}: expected an image file of at most {limit} bytes, got more; scale the image down, or \
         compress it",
        .path.display()
    )]
    ImageFileTooLong {
        /// The file.
        path: PathBuf,
        /// Bytes that are read at most.
        limit: u64,
    },

    /// The image has more pixels than are decoded here.
    #[error(
        "{}: expected an image of at most {limit} pixels, got {columns}x{rows}; scale it down",
        .path.display()
    )]
    ImageTooLarge {
        /// The file.
        path: PathBuf,
        /// Pixels that are decoded at most.
        limit: u64,
        /// Columns, according to the file.
        columns: u32,
        /// Rows, according to the file.
        rows: u32,
    },

    /// Decoding the image would take more memory than it is given here.
    #[error(
        "{}: expected an image that is decoded within {limit} bytes of memory, got one that needs \
         more; scale it down, or save it anew with 8 bits a channel",
        .path.display()
    )]
    ImageTakesTooMuchMemory {
        /// The file.
        path: PathBuf,
        /// Bytes that decoding may take.
        limit: u64,
    },

    /// The image is cut short, damaged, or of a kind that its decoder does not know.
    #[error(
        "{}: expected a whole and sound image, got \"{cause}\"; copy it again, or save it anew",
        .path.display()
    )]
    ImageDamaged {
        /// The file.
        path: PathBuf,
        /// The decoder's reason.
        cause: String,
    },

    /// Nothing stands out in the image.
    #[error(
        "{}: expected something that stands out from its background, got an image of one colour; \
         use one with more contrast",
        .path.display()
    )]
    BlankImage {
        /// The file.
        path: PathBuf,
    },

    /// The arrays given to [`ImageSet::new`](crate::ImageSet::new) do not make a set of images.
    #[error(
        "expected {labels} images of {rows}x{columns} pixels, at least one of each, got {pixels} \
         pixels; give one label for each whole image"
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

    /// The validation fraction is no proper fraction.
    #[error(
        "expected a validation fraction between 0 and 1, both excluded, got {got}; choose one such \
         as 0.1"
    )]
    FractionOutOfRange {
        /// The fraction that was asked for.
        got: f64,
    },

    /// One side of the split would be empty.
    #[error(
        "expected at least 1 item on each side of the split, got {training} for training and \
         {validation} for validation from a validation fraction of {fraction}; choose another \
         fraction or use a larger set"
    )]
    EmptySplit {
        /// The fraction that was asked for.
        fraction: f64,
        /// Items the training set would have.
        training: usize,
        /// Items the validation set would have.
        validation: usize,
    },
}

/// What a file starts with, in words.
fn first_bytes(bytes: &[u8]) -> String {
    match bytes {
        [] => "an empty file".to_owned(),
        bytes => format!("first bytes [{}]", hex(bytes)),
    }
}

/// The bytes as two hexadecimal digits each, with spaces between them.
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
             file of unsigned bytes, and that the image file and the label file are not swapped"
        );
    }
}
