//! How much memory the largest images take, as Linux counts it for this process. One test, so that
//! nothing else runs at the same time.
#![cfg(all(target_os = "linux", feature = "images"))]

#[path = "common/memory.rs"]
mod process;

use std::{fs, io::Write};

use datasets::{DatasetError, Picture};
use flate2::{Compression, Crc, write::ZlibEncoder};
use process::status;

/// What the README promises for the largest image.
const PROMISED: u64 = 1_000_000_000;

/// Runs something and returns how far memory grew at its peak.
fn peak_of(run: impl FnOnce()) -> u64 {
    // Sets the peak back to what is in use.
    fs::write("/proc/self/clear_refs", "5").expect("Linux allows it");
    let before = status("VmRSS:");
    run();
    status("VmHWM:").saturating_sub(before)
}

fn chunk(png: &mut Vec<u8>, name: &[u8], content: &[u8]) {
    png.extend((content.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend(name);
    png.extend(content);
    let mut crc = Crc::new();
    crc.update(&png[start..]);
    png.extend(crc.sum().to_be_bytes());
}

/// Zlib's form of as many zeros.
fn compressed(length: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let part = vec![0; 1 << 20];
    let mut left = length;
    while left > 0 {
        let length = left.min(part.len());
        encoder.write_all(&part[..length]).expect("memory");
        left -= length;
    }
    encoder.finish().expect("memory")
}

/// A PNG of zeros: `colour` 2 is RGB, 6 RGBA.
fn png(side: usize, depth: u8, colour: u8, more: &[(&[u8], &[u8])]) -> Vec<u8> {
    let samples = if colour == 6 { 4 } else { 3 };
    let mut header = (side as u32).to_be_bytes().repeat(2);
    header.extend([depth, colour, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header);
    for (name, content) in more {
        chunk(&mut png, name, content);
    }
    let row = 1 + side * samples * usize::from(depth) / 8;
    chunk(&mut png, b"IDAT", &compressed(side * row));
    chunk(&mut png, b"IEND", &[]);
    png
}

#[test]
fn the_largest_images_stay_within_what_is_promised() {
    // A text and a colour profile of 200 MB each, compressed to 200 kB.
    let bomb = compressed(200_000_000);
    let text = [b"Comment\0\0", &bomb[..]].concat();
    let international = [b"Comment\0\x01\0\0\0", &bomb[..]].concat();
    let profile = [b"profile\0\0", &bomb[..]].concat();
    let texts: [(&[u8], &[u8]); 3] = [
        (b"zTXt", &text),
        (b"iTXt", &international),
        (b"iCCP", &profile),
    ];
    for (name, bytes) in [
        ("RGBA of 16 bits", png(8192, 16, 6, &[])),
        ("RGBA with texts", png(8000, 8, 6, &texts)),
    ] {
        let peak = peak_of(|| {
            let picture = Picture::decode(&bytes, name.as_ref()).expect("within the limits");
            let error = picture.mnist_form().expect_err("one colour");
            assert!(matches!(error, DatasetError::BlankImage { .. }), "{error}");
        });
        assert!(peak < PROMISED, "{name}: {peak} bytes");
    }
    // Small images with the same texts take no more than the pixels need.
    let small = png(100, 8, 2, &texts);
    let peak = peak_of(|| {
        Picture::decode(&small, "small".as_ref()).expect("a small image");
    });
    assert!(peak < 10_000_000, "{peak} bytes");
}
