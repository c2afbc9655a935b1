//! The files of MNIST in this package.

use std::{fs, io::Read};

use datasets::{DEFAULT_VALIDATION_FRACTION, Mnist, bundled_mnist_dir};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

/// Name, SHA-256 of the file, SHA-256 of its content.
const FILES: [(&str, &str, &str); 4] = [
    (
        "train-images-idx3-ubyte.gz",
        "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    (
        "train-labels-idx1-ubyte.gz",
        "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    (
        "t10k-images-idx3-ubyte.gz",
        "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    (
        "t10k-labels-idx1-ubyte.gz",
        "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
];

fn load() -> Mnist {
    Mnist::load(&bundled_mnist_dir()).expect("the committed files are intact")
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn files_have_their_checksums_and_the_readme_says_so() {
    let readme = include_str!("../../README.md");
    for (name, compressed, content) in FILES {
        let bytes = fs::read(bundled_mnist_dir().join(name)).unwrap();
        assert_eq!(sha256(&bytes), compressed, "{name}");
        let mut decompressed = Vec::new();
        GzDecoder::new(&bytes[..])
            .read_to_end(&mut decompressed)
            .unwrap();
        assert_eq!(sha256(&decompressed), content, "{name}");
        for sum in [compressed, content] {
            assert!(readme.contains(sum), "README.md lacks {sum} of {name}");
        }
    }
}

#[test]
fn counts_shapes_and_classes_are_those_of_mnist() {
    let Mnist { train, test } = load();
    for (set, n) in [(&train, 60_000), (&test, 10_000)] {
        assert_eq!(
            (set.len(), set.rows(), set.columns(), set.class_count()),
            (n, 28, 28, 10)
        );
        assert_eq!(set.pixels().len(), n * 784);
        assert_eq!(set.labels().len(), n);
    }
    assert_eq!(
        train.class_histogram(),
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    );
    assert_eq!(
        test.class_histogram(),
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    );
}

/// The first training image is the five that every tutorial shows.
#[test]
fn the_first_digit_is_a_five() {
    let train = load().train;
    assert_eq!(train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    let five = train.image(0);
    assert_eq!(
        five[5 * 28..6 * 28],
        [
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247,
            127, 0, 0, 0, 0
        ]
    );
    assert_eq!(
        five.iter().map(|&pixel| u32::from(pixel)).sum::<u32>(),
        27_525
    );
}

#[test]
fn the_default_split_is_55_000_and_5_000() {
    let (training, validation) = load().train.split(DEFAULT_VALIDATION_FRACTION, 0).unwrap();
    assert_eq!((training.len(), validation.len()), (55_000, 5_000));
    assert_eq!((training.class_count(), validation.class_count()), (10, 10));
}
