//! The limits within which images are decoded.

use std::path::Path;

use crate::DatasetError;

/// The most pixels of an image that are decoded: 64 Mi, for example 8192x8192.
pub const MAX_IMAGE_PIXELS: u64 = 1 << 26;

/// The most memory that the decoded pixels of an image may need: 512 MiB, which is 8 bytes for each
/// of [`MAX_IMAGE_PIXELS`].
pub const MAX_IMAGE_MEMORY: u64 = 1 << 29;

/// An error if an image has no pixels, too many, or too many bytes.
pub(crate) fn check_size(
    [columns, rows]: [u32; 2],
    bytes: u64,
    path: &Path,
) -> Result<(), DatasetError> {
    if u64::from(columns) * u64::from(rows) > MAX_IMAGE_PIXELS {
        return Err(DatasetError::ImageTooLarge {
            path: path.into(),
            limit: MAX_IMAGE_PIXELS,
            columns,
            rows,
        });
    }
    if bytes > MAX_IMAGE_MEMORY {
        return Err(too_much_memory(path));
    }
    // An image without pixels has no middle and no border.
    if columns == 0 || rows == 0 {
        return Err(DatasetError::EmptyImage {
            path: path.into(),
            rows,
            columns,
        });
    }
    Ok(())
}

/// The error of an image that needs more memory than the limit.
pub(crate) fn too_much_memory(path: &Path) -> DatasetError {
    DatasetError::ImageTakesTooMuchMemory {
        path: path.into(),
        limit: MAX_IMAGE_MEMORY,
    }
}

/// The error of a damaged image; the cause becomes one line.
pub(crate) fn damaged(path: &Path, cause: &str) -> DatasetError {
    DatasetError::ImageDamaged {
        path: path.into(),
        cause: cause.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}
