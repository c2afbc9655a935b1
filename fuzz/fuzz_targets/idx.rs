//! Any bytes, read as an IDX file of images and as one of labels, plain or gzip, must give a set or
//! an error. What is read must be what the file says, and the same when it is compressed.

#![no_main]

use std::io::Write;
use std::path::Path;

use datasets::{DatasetError, idx};
use flate2::{Compression, write::GzEncoder};
use libfuzzer_sys::fuzz_target;

/// The two first bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

fuzz_target!(|bytes: &[u8]| {
    let (plain, compressed) = (Path::new("file"), Path::new("file.gz"));

    let images = idx::parse_images(bytes, plain);
    if let Ok(images) = &images {
        assert_eq!(
            Some(images.pixels.len()),
            images.count.checked_mul(images.rows * images.columns)
        );
        if !bytes.starts_with(&GZIP) {
            assert_eq!(images.pixels, bytes[16..]);
            let again = idx::parse_images(&gzip(bytes)[..], compressed);
            assert_eq!(again.as_ref().ok(), Some(images));
        }
    }

    let labels = idx::parse_labels(bytes, plain);
    if let Ok(labels) = &labels
        && !bytes.starts_with(&GZIP)
    {
        assert_eq!(*labels, bytes[8..]);
        let again = idx::parse_labels(&gzip(bytes)[..], compressed);
        assert_eq!(again.as_ref().ok(), Some(labels));
    }

    assert!(
        images.is_err() || labels.is_err(),
        "two magic numbers at once"
    );
    for error in [images.err(), labels.err()].into_iter().flatten() {
        assert!(error.to_string().contains("; "), "no remedy in: {error}");
    }

    let named_gzip = idx::parse_images(bytes, compressed);
    if !bytes.starts_with(&GZIP) {
        assert!(matches!(named_gzip, Err(DatasetError::NotGzip { .. })));
    }
});

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}
