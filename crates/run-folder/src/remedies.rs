//! What helps against an error, where that depends on its cause.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::entry::SWEEP;

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

/// Which folder to name instead of one that is not a run folder.
pub(crate) fn run_in(folder: &Path) -> &'static str {
    if folder.join(SWEEP).is_file() {
        "it is the folder of a sweep: name one of the runs in it, or resume all with trainer sweep --resume"
    } else {
        "name a folder that trainer wrote, for example one under runs"
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
