//! Identifies a training set.

use datasets::ImageSet;
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use crate::checksum::hex_digest;

/// What a digest by XXH3 starts with. Those of earlier versions are by SHA-256 and start with nothing.
const XXH3: &str = "xxh3:";

/// A digest of all pixels and labels: a checkpoint keeps it, so that a run continues only with the data that
/// it started with. The truth table has the empty digest.
///
/// It is by XXH3 with 128 bits, in hexadecimal digits: it is to find another file, not a forged one, and is a part of
/// every start. It takes the form of `like`, a digest from earlier, to be compared with it: earlier versions
/// had SHA-256.
pub fn data_digest(images: &ImageSet, like: Option<&str>) -> String {
    let is_sha256 = |digest: &str| !digest.is_empty() && !digest.starts_with(XXH3);
    if like.is_some_and(is_sha256) {
        let digest = Sha256::new()
            .chain_update(images.pixels())
            .chain_update(images.labels())
            .finalize();
        return hex_digest(&digest);
    }
    let mut digest = XxHash3_128::new();
    digest.write(images.pixels());
    digest.write(images.labels());
    format!("{XXH3}{:032x}", digest.finish_128())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(pixels: [u8; 4], labels: [u8; 2]) -> ImageSet {
        ImageSet::new(1, 2, pixels.to_vec(), labels.to_vec()).unwrap()
    }

    #[test]
    fn every_pixel_and_label_counts_in_both_forms() {
        let sha256 = "0".repeat(64);
        for like in [None, Some(""), Some("xxh3:12"), Some(sha256.as_str())] {
            let digest = |set: ImageSet| data_digest(&set, like);
            let one = digest(images([1, 2, 3, 4], [5, 6]));
            assert_eq!(one, digest(images([1, 2, 3, 4], [5, 6])));
            assert_ne!(one, digest(images([1, 2, 3, 5], [5, 6])));
            assert_ne!(one, digest(images([1, 2, 3, 4], [5, 7])));
            assert_eq!(one.starts_with(XXH3), like != Some(sha256.as_str()));
        }
    }

    #[test]
    fn the_digests_are_those_of_other_programs() {
        // `printf '\1\2\3\4\5\6' | sha256sum`, and the same with `xxh128sum`.
        let set = images([1, 2, 3, 4], [5, 6]);
        let sha256 = "7192385c3c0605de55bb9476ce1d90748190ecb32a8eed7f5207b30cf6a1fe89";
        assert_eq!(data_digest(&set, Some(sha256)), sha256);
        assert_eq!(
            data_digest(&set, None),
            "xxh3:866737830f560dbf3e1f439d2d785f44"
        );
    }
}
