//! Any bytes, read as arrays of NumPy, must give a set or an error with a remedy. Random bytes rarely
//! start like an array, so the header may be given.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

mod folder;
mod memory;

static FOLDER: LazyLock<TempDir> = LazyLock::new(memory::folder);

/// An array with this header, or the bytes as they are.
fn array(is_bare: bool, header: &[u8], body: &[u8]) -> Vec<u8> {
    if is_bare {
        return [header, body].concat();
    }
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], header, body].concat()
}

fuzz_target!(|input: (bool, [&[u8]; 2], [&[u8]; 2])| {
    let (is_bare, images, labels) = input;
    let [images, labels] = [images, labels].map(|[header, body]| array(is_bare, header, body));
    let path = FOLDER.path();
    folder::check(
        &[
            (&path.join("x_train.npy"), &images),
            (&path.join("y_train.npy"), &labels),
        ],
        path,
    );
});
