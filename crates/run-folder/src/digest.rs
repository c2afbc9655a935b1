//! Identifies a training set.

use datasets::ImageSet;
use sha2::{Digest, Sha256};

use crate::checksum::hex_digest;

/// SHA-256 of all pixels and labels, in hexadecimal digits: a checkpoint keeps it, so that a run
/// continues only with the data that it started with. The truth table has the empty digest.
pub fn data_digest(images: &ImageSet) -> String {
    let digest = Sha256::new()
        .chain_update(images.pixels())
        .chain_update(images.labels())
        .finalize();
    hex_digest(&digest)
}
