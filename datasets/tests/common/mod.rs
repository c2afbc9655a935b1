//! IDX files in memory for the tests.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

/// The bytes of an IDX file of unsigned bytes: header for `sizes`, then `body`.
pub(crate) fn idx_file(sizes: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    for size in sizes {
        bytes.extend(size.to_be_bytes());
    }
    bytes.extend(body);
    bytes
}

/// `bytes` as a gzip stream.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}
