//! Every fault of a data set on disk has an error of its own, with numbers, path and remedy.

use std::{fs, path::Path};

use datasets::{DatasetError, Mnist, idx};

use crate::{
    common::{gzip, idx_file},
    folder::Folder,
};

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

/// Loads the small set after file `name` was replaced by `bytes`; the error must name that file
/// first.
fn error_with(name: &str, bytes: &[u8]) -> DatasetError {
    let folder = Folder::with_small_set();
    fs::remove_file(folder.path().join(name.trim_end_matches(".gz"))).unwrap();
    let path = folder.write(name, bytes);
    let error = Mnist::load(folder.path()).expect_err("the file has a fault");
    assert_reads_well(&error, &path);
    error
}

/// The message is one line of the form "path: expected .., got ..; remedy".
fn assert_reads_well(error: &DatasetError, path: &Path) {
    let message = error.to_string();
    let rest = message
        .strip_prefix(&format!("{}: expected ", path.display()))
        .unwrap_or_else(|| panic!("no path first: {message}"));
    let (_, rest) = rest.split_once(", got ").expect("says what it got");
    let (_, remedy) = rest.rsplit_once("; ").expect("says what to do");
    assert!(remedy.starts_with(char::is_lowercase), "{message}");
    assert!(
        !message.ends_with('.') && !message.contains('\n'),
        "{message}"
    );
}

macro_rules! assert_error {
    ($error:expr, $pattern:pat $(if $guard:expr)?) => {
        let error = $error;
        assert!(matches!(error, $pattern $(if $guard)?), "{error:?}");
    };
}

#[test]
fn missing_folder() {
    let folder = Folder::empty();
    let path = folder.path().join("none");
    let error = Mnist::load(&path).unwrap_err();
    assert_reads_well(&error, &path);
    assert!(error.to_string().contains("expected a folder"));
    assert_error!(error, DatasetError::DirectoryMissing { .. });
}

#[test]
fn file_instead_of_a_folder() {
    let folder = Folder::empty();
    let path = folder.write("file", b"");
    assert_error!(
        Mnist::load(&path).unwrap_err(),
        DatasetError::DirectoryMissing { .. }
    );
}

#[test]
fn each_missing_file() {
    for name in [
        IMAGES,
        LABELS,
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ] {
        let folder = Folder::with_small_set();
        fs::remove_file(folder.path().join(name)).unwrap();
        let error = Mnist::load(folder.path()).unwrap_err();
        assert_reads_well(&error, folder.path());
        assert_error!(
            error,
            DatasetError::FileMissing { ref names, .. } if names.len() == 4 && names[0] == name
        );
    }
}

#[test]
fn unreadable_file() {
    let folder = Folder::empty();
    let path = folder.path().join("none");
    let error = idx::read_labels(&path).unwrap_err();
    assert_reads_well(&error, &path);
    assert_error!(error, DatasetError::Unreadable { .. });
    assert_error!(
        idx::read_images(folder.path()).unwrap_err(),
        DatasetError::Unreadable { .. }
    );
}

#[test]
fn not_gzip_despite_its_name() {
    let plain = idx_file(&[4], &[2, 0, 1, 2]);
    let name = format!("{LABELS}.gz");
    assert_error!(
        error_with(&name, &plain),
        DatasetError::NotGzip { ref got, .. } if *got == [0, 0]
    );
    assert_error!(
        error_with(&name, b""),
        DatasetError::NotGzip { ref got, .. } if got.is_empty()
    );
    assert_error!(
        error_with(&name, &[0x1f]),
        DatasetError::NotGzip { ref got, .. } if *got == [0x1f]
    );
}

#[test]
fn gzip_cut_short_anywhere() {
    let whole = gzip(&idx_file(&[4], &[2, 0, 1, 2]));
    for length in 2..whole.len() {
        assert_error!(
            error_with(&format!("{LABELS}.gz"), &whole[..length]),
            DatasetError::GzipTruncated { got: 0..=12, .. }
        );
    }
}

#[test]
fn gzip_with_a_wrong_header() {
    let mut bytes = gzip(&idx_file(&[4], &[2, 0, 1, 2]));
    bytes[2] = 7;
    assert_error!(
        error_with(LABELS, &bytes),
        DatasetError::GzipCorrupt { got: 0, .. }
    );
}

#[test]
fn gzip_with_wrong_data() {
    let mut bytes = gzip(&idx_file(&[4], &[2, 0, 1, 2]));
    bytes[10] = 0xff;
    assert_error!(
        error_with(LABELS, &bytes),
        DatasetError::GzipCorrupt { got: 0, .. }
    );
}

#[test]
fn gzip_with_a_wrong_checksum_or_length() {
    let whole = gzip(&idx_file(&[4], &[2, 0, 1, 2]));
    for from_the_end in 1..=8 {
        let mut bytes = whole.clone();
        let position = bytes.len() - from_the_end;
        bytes[position] ^= 1;
        assert_error!(
            error_with(LABELS, &bytes),
            DatasetError::GzipCorrupt { got: 12, .. }
        );
    }
}

#[test]
fn gzip_followed_by_other_bytes() {
    let mut bytes = gzip(&idx_file(&[4], &[2, 0, 1, 2]));
    bytes.extend(b"something else");
    assert_error!(
        error_with(LABELS, &bytes),
        DatasetError::GzipCorrupt { got: 12, .. }
    );
}

#[test]
fn header_cut_short_anywhere() {
    let images = idx_file(&[4, 5, 4], &[]);
    for length in 0..16 {
        for bytes in [images[..length].to_vec(), gzip(&images[..length])] {
            assert_error!(
                error_with(IMAGES, &bytes),
                DatasetError::HeaderTooShort { expected: 16, got, .. } if got == length
            );
        }
    }
    assert_error!(
        error_with(LABELS, &[0, 0, 8, 1, 0]),
        DatasetError::HeaderTooShort {
            expected: 8,
            got: 5,
            ..
        }
    );
}

#[test]
fn wrong_magic() {
    assert_error!(
        error_with(IMAGES, &idx_file(&[80], &[0; 80])),
        DatasetError::WrongMagic {
            expected: 0x803,
            got: 0x801,
            ..
        }
    );
    assert_error!(
        error_with(LABELS, &idx_file(&[4, 1, 1], &[0; 4])),
        DatasetError::WrongMagic {
            expected: 0x801,
            got: 0x803,
            ..
        }
    );
    assert_error!(
        error_with(IMAGES, b"<html><body>404 not found</body></html>"),
        DatasetError::WrongMagic {
            got: 0x3c68_746d,
            ..
        }
    );
    let mut complex = idx_file(&[4, 5, 4], &[0; 320]);
    complex[2] = 0x0f;
    assert_error!(
        error_with(IMAGES, &complex),
        DatasetError::WrongMagic { got: 0xf03, .. }
    );
}

#[test]
fn empty_set() {
    assert_error!(
        error_with(IMAGES, &idx_file(&[0, 5, 4], &[])),
        DatasetError::EmptySet { .. }
    );
    assert_error!(
        error_with(LABELS, &idx_file(&[0], &[])),
        DatasetError::EmptySet { .. }
    );
}

#[test]
fn images_without_pixels() {
    assert_error!(
        error_with(IMAGES, &idx_file(&[4, 0, 4], &[])),
        DatasetError::EmptyImage {
            rows: 0,
            columns: 4,
            ..
        }
    );
    assert_error!(
        error_with(IMAGES, &idx_file(&[4, 5, 0], &[])),
        DatasetError::EmptyImage {
            rows: 5,
            columns: 0,
            ..
        }
    );
}

#[test]
fn header_that_announces_too_much() {
    const LIMIT: u64 = idx::MAX_BODY_BYTES;
    const MOST: u128 = u32::MAX as u128;
    for bytes in [
        idx_file(&[u32::MAX; 3], &[0; 80]),
        gzip(&idx_file(&[u32::MAX; 3], &[0; 80])),
    ] {
        assert_error!(
            error_with(IMAGES, &bytes),
            DatasetError::TooLarge { limit: LIMIT, got, .. } if got == MOST * MOST * MOST
        );
    }
    // 2^32 * 2^32: zero in 64 bits, if it wrapped.
    assert_error!(
        error_with(IMAGES, &idx_file(&[1 << 31, 1 << 31, 4], &[])),
        DatasetError::TooLarge {
            got: 0x1_0000_0000_0000_0000,
            ..
        }
    );
    assert_error!(
        error_with(LABELS, &idx_file(&[(1 << 31) + 1], &[0; 4])),
        DatasetError::TooLarge {
            got: 0x8000_0001,
            ..
        }
    );
    assert_error!(
        error_with(LABELS, &idx_file(&[1 << 31], &[0; 4])),
        DatasetError::BodyTooShort {
            expected: LIMIT,
            got: 4,
            ..
        }
    );
}

#[test]
fn body_shorter_than_its_header_says() {
    for bytes in [
        idx_file(&[4, 5, 4], &[0; 79]),
        gzip(&idx_file(&[4, 5, 4], &[0; 79])),
    ] {
        assert_error!(
            error_with(IMAGES, &bytes),
            DatasetError::BodyTooShort {
                expected: 80,
                got: 79,
                ..
            }
        );
    }
    assert_error!(
        error_with(LABELS, &idx_file(&[4], &[])),
        DatasetError::BodyTooShort {
            expected: 4,
            got: 0,
            ..
        }
    );
}

#[test]
fn body_longer_than_its_header_says() {
    for bytes in [
        idx_file(&[4, 5, 4], &[0; 81]),
        gzip(&idx_file(&[4, 5, 4], &[0; 81])),
    ] {
        assert_error!(
            error_with(IMAGES, &bytes),
            DatasetError::BodyTooLong { expected: 80, .. }
        );
    }
    assert_error!(
        error_with(LABELS, &idx_file(&[4], &[0; 500])),
        DatasetError::BodyTooLong { expected: 4, .. }
    );
}

#[test]
fn images_and_labels_not_equally_many() {
    assert_error!(
        error_with(LABELS, &idx_file(&[3], &[2, 0, 1])),
        DatasetError::CountMismatch { expected: 4, got: 3, ref images, .. }
            if images.ends_with(IMAGES)
    );
}

#[test]
fn training_and_test_images_of_other_sizes() {
    assert_error!(
        error_with("t10k-images-idx3-ubyte", &idx_file(&[2, 4, 5], &[0; 40])),
        DatasetError::ImageSizeMismatch {
            expected: (5, 4),
            got: (4, 5),
            ..
        }
    );
}

#[test]
fn test_label_beyond_the_training_labels() {
    assert_error!(
        error_with("t10k-labels-idx1-ubyte", &idx_file(&[2], &[2, 3])),
        DatasetError::LabelOutOfRange {
            index: 1,
            label: 3,
            class_count: 3,
            ..
        }
    );
}
