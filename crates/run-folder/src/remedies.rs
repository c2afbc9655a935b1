//! What helps against an error, where that depends on its cause.

use std::io::{self, ErrorKind};

/// What lets a file be written that could not be.
pub(crate) fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "free some space"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => "make the folder writable",
        _ => "remove the cause",
    }
}

/// A second remedy for images of another size than the net's input, where they are files that can be resized.
pub(crate) fn or_resize(is_resized: bool) -> &'static str {
    if is_resized {
        ", or the size of plain images with --images plain --image-size"
    } else {
        ""
    }
}
