//! Files in memory.

use std::path::Path;

use tempfile::TempDir;

/// A folder in memory, where the system has such.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        TempDir::new_in(memory)
    } else {
        TempDir::new()
    };
    folder.expect("a folder can be made")
}
