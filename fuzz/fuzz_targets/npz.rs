//! Any bytes, read as an archive of arrays, must give a set or an error with a remedy.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

mod folder;
mod memory;

static FOLDER: LazyLock<TempDir> = LazyLock::new(memory::folder);

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("mnist.npz");
    folder::check(&[(&path, bytes)], &path);
});
