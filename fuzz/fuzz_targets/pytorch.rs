//! Any bytes, read as what `torch.save` writes, must give a net or an error in one line. Random bytes are
//! rarely a ZIP archive with matching checksums, so the archive may be made of a pickle and of numbers.

#![no_main]

use std::fs;
use std::io::{Cursor, Write};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use weight_exchange::{ImportOptions, read};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

mod memory;
mod stack;

static FOLDER: LazyLock<TempDir> = LazyLock::new(memory::folder);

/// The archive of a pickle and of numbers, which each of its tensors may be made of.
fn archive(pickle: &[u8], numbers: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(vec![]));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut add = |name: &str, content: &[u8]| {
        archive
            .start_file(name, stored)
            .expect("memory takes a file");
        archive.write_all(content).expect("memory takes every byte");
    };
    add("net/data.pkl", pickle);
    add("net/byteorder", b"little");
    for name in ["net/data/0", "net/data/1", "net/data/2", "net/data/3"] {
        add(name, numbers);
    }
    add("net/version", b"3\n");
    let archive = archive.finish().expect("memory takes every byte");
    archive.into_inner()
}

// The first byte says whether the rest is a file, or a length in two bytes, a pickle of it and numbers.
fuzz_target!(|input: &[u8]| {
    let bytes = match input {
        [0, file @ ..] => file.to_vec(),
        [_, low, high, rest @ ..] => {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            let (pickle, numbers) = rest.split_at(length.min(rest.len()));
            archive(pickle, numbers)
        }
        _ => return,
    };
    let path = FOLDER.path().join("net.pt");
    fs::write(&path, &bytes).expect("memory takes every file");
    stack::check(read(&path, &ImportOptions::default()), bytes.len());
});
