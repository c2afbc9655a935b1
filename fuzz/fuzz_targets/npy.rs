//! Any bytes, read as arrays of NumPy, must give a set or an error with a remedy. The first two bytes are
//! the length of the file of images; that of the labels follows it.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

mod folder;
mod memory;

static FOLDER: LazyLock<TempDir> = LazyLock::new(memory::folder);

fuzz_target!(|input: &[u8]| {
    let [low, high, files @ ..] = input else {
        return;
    };
    let length = usize::from(u16::from_le_bytes([*low, *high]));
    let (images, labels) = files.split_at(length.min(files.len()));
    let path = FOLDER.path();
    folder::check(
        &[
            (&path.join("x_train.npy"), images),
            (&path.join("y_train.npy"), labels),
        ],
        path,
    );
});
