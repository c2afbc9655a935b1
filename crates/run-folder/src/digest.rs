//! Identifies a training set.

use datasets::{DatasetError, ImageSet, Pixels};
use sha2::{Digest, Sha256};
use twox_hash::XxHash3_128;

use crate::checksum::hex_digest;

/// What a digest by XXH3 starts with. Those of earlier versions are by SHA-256 and start with nothing.
const XXH3: &str = "xxh3:";

/// What the digest of a [sample](ImageSet::pass_on_sample) starts with.
const OF_A_SAMPLE: &str = "xxh3-sample:";

/// A digest of all pixels and labels: a checkpoint keeps it, so that a run continues only with the data that
/// it started with. The truth table has the empty digest.
///
/// It is by XXH3 with 128 bits, in hexadecimal digits: it is to find another file, not a forged one, and is a part of
/// every start. Images that stay in their file are not all read for it: the digest is that of their number, a
/// sample of them, and all labels. It takes the form of `like`, a digest from earlier, to be compared with it, of images
/// in memory or in a file; earlier versions had SHA-256.
///
/// # Errors
///
/// If images that stay in their file cannot be read.
pub fn data_digest<P: Pixels>(
    images: &ImageSet<P>,
    like: Option<&str>,
) -> Result<String, DatasetError> {
    let like = like.filter(|digest| !digest.is_empty());
    let is_like = |form| like.is_some_and(|digest| digest.starts_with(form));
    if like.is_some() && !is_like(XXH3) && !is_like(OF_A_SAMPLE) {
        let mut digest = Sha256::new();
        images.pass_on(|pixels| digest.update(pixels))?;
        digest.update(images.labels());
        return Ok(hex_digest(&digest.finalize()));
    }
    let mut digest = XxHash3_128::new();
    let form = if is_like(OF_A_SAMPLE) || like.is_none() && !P::IN_MEMORY {
        digest.write(&(images.len() as u64).to_le_bytes());
        images.pass_on_sample(|image| digest.write(image))?;
        OF_A_SAMPLE
    } else {
        images.pass_on(|pixels| digest.write(pixels))?;
        XXH3
    };
    digest.write(images.labels());
    Ok(format!("{form}{:032x}", digest.finish_128()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datasets::SAMPLE;
    use std::fs;

    fn images(pixels: [u8; 4], labels: [u8; 2]) -> ImageSet {
        ImageSet::new(1, 2, pixels.to_vec(), labels.to_vec()).unwrap()
    }

    #[test]
    fn every_pixel_and_label_counts_in_both_forms() {
        let sha256 = "0".repeat(64);
        for like in [None, Some(""), Some("xxh3:12"), Some(sha256.as_str())] {
            let digest = |set: ImageSet| data_digest(&set, like).unwrap();
            let one = digest(images([1, 2, 3, 4], [5, 6]));
            assert_eq!(one, digest(images([1, 2, 3, 4], [5, 6])));
            assert_ne!(one, digest(images([1, 2, 3, 5], [5, 6])));
            assert_ne!(one, digest(images([1, 2, 3, 4], [5, 7])));
            assert_eq!(one.starts_with(XXH3), like != Some(sha256.as_str()));
        }
    }

    #[test]
    fn images_in_a_file_have_the_digest_of_a_sample_unless_they_are_compared() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["images", "labels"].map(|name| folder.path().join(name));
        let count = 2 * SAMPLE;
        let pixels: Vec<u8> = (0..count).map(|index| (index % 251) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|index| (index % 3) as u8).collect();
        let in_memory =
            |pixels: &[u8]| ImageSet::new(1, 1, pixels.to_vec(), labels.clone()).unwrap();
        let in_file = |pixels: &[u8]| {
            let n = (count as u32).to_be_bytes();
            let header = [&[0, 0, 8, 3][..], &n, &[0, 0, 0, 1], &[0, 0, 0, 1]].concat();
            fs::write(&paths[0], [&header, pixels].concat()).unwrap();
            let header = [&[0, 0, 8, 1][..], &n].concat();
            fs::write(&paths[1], [&header, &labels[..]].concat()).unwrap();
            ImageSet::open(&paths[0], &paths[1]).unwrap()
        };
        let of_sample = data_digest(&in_file(&pixels), None).unwrap();
        assert!(of_sample.starts_with(OF_A_SAMPLE), "{of_sample}");
        let whole = data_digest(&in_memory(&pixels), None).unwrap();
        let sha256 = "0".repeat(64);
        for like in [&of_sample, &whole, &sha256].map(|like| Some(like.as_str())) {
            assert_eq!(
                data_digest(&in_file(&pixels), like).unwrap(),
                data_digest(&in_memory(&pixels), like).unwrap()
            );
        }
        // Every other image is in the sample, and the last.
        let changed = |index: usize, like: &str| {
            let mut pixels = pixels.clone();
            pixels[index] ^= 1;
            data_digest(&in_file(&pixels), Some(like)).unwrap() != like
        };
        assert!(changed(0, &of_sample) && changed(count - 1, &of_sample));
        assert!(!changed(1, &of_sample) && changed(1, &whole));
    }

    #[test]
    fn the_digests_are_those_of_other_programs() {
        // `printf '\1\2\3\4\5\6' | sha256sum`, and the same with `xxh128sum`.
        let set = images([1, 2, 3, 4], [5, 6]);
        let sha256 = "7192385c3c0605de55bb9476ce1d90748190ecb32a8eed7f5207b30cf6a1fe89";
        assert_eq!(data_digest(&set, Some(sha256)).unwrap(), sha256);
        assert_eq!(
            data_digest(&set, None).unwrap(),
            "xxh3:866737830f560dbf3e1f439d2d785f44"
        );
    }
}
