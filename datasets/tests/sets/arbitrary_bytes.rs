//! The reader on arbitrary bytes: it returns, it does not panic, and it reads no more than it needs.

use std::{
    cell::Cell,
    io::{self, BufReader, Read},
    path::Path,
};

use datasets::{DatasetError, idx};
use proptest::{collection::vec, prelude::*, sample};

use crate::common::{gzip, idx_file};

/// Sizes as a header may have them: mostly small, some of them absurd.
fn size() -> impl Strategy<Value = u32> {
    let absurd = sample::select(vec![1 << 16, 1 << 31, u32::MAX]);
    prop_oneof![4 => 0..6_u32, 1 => any::<u32>(), 1 => absurd]
}

/// A path whose name does not demand gzip.
fn plain() -> &'static Path {
    Path::new("file")
}

/// An endless run of zeros that counts the bytes taken.
struct Zeros<'a>(&'a Cell<u64>);

impl Read for Zeros<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(0);
        self.0.set(self.0.get() + buffer.len() as u64);
        Ok(buffer.len())
    }
}

proptest! {
    #[test]
    fn any_bytes_give_a_set_or_an_error(bytes in vec(any::<u8>(), 0..200)) {
        for path in ["file", "file.gz"] {
            let _ = idx::parse_images(&bytes[..], path.as_ref());
            let _ = idx::parse_labels(&bytes[..], path.as_ref());
        }
    }

    #[test]
    fn any_bytes_after_the_gzip_magic_are_a_fault(bytes in vec(any::<u8>(), 0..200)) {
        let bytes = [&[0x1f, 0x8b], &bytes[..]].concat();
        prop_assert!(idx::parse_labels(&bytes[..], plain()).is_err());
    }

    /// A file loads exactly if its body is as long as the header says, compressed or not.
    #[test]
    fn a_file_loads_exactly_when_its_sizes_are_right(
        sizes in [size(), size(), size()],
        body in vec(any::<u8>(), 0..130),
        compress in any::<bool>(),
    ) {
        let mut bytes = idx_file(&sizes, &body);
        if compress {
            bytes = gzip(&bytes);
        }
        let announced: u128 = sizes.iter().map(|&size| u128::from(size)).product();
        match idx::parse_images(&bytes[..], plain()) {
            Ok(images) => {
                prop_assert_eq!(announced, body.len() as u128);
                let read = [images.count, images.rows, images.columns];
                prop_assert_eq!(read, sizes.map(|size| size as usize));
                prop_assert_eq!(images.pixels, body);
            }
            Err(DatasetError::EmptySet { .. }) => prop_assert_eq!(sizes[0], 0),
            Err(DatasetError::EmptyImage { rows, columns, .. }) => {
                prop_assert_eq!([rows, columns], [sizes[1], sizes[2]]);
                prop_assert_eq!(announced, 0);
            }
            Err(DatasetError::TooLarge { got, .. }) => {
                prop_assert_eq!(got, announced);
                prop_assert!(announced > u128::from(idx::MAX_BODY_BYTES));
            }
            Err(DatasetError::BodyTooShort { expected, got, .. }) => {
                prop_assert_eq!((u128::from(expected), got), (announced, body.len() as u64));
                prop_assert!(got < expected);
            }
            Err(DatasetError::BodyTooLong { expected, .. }) => {
                prop_assert_eq!(u128::from(expected), announced);
                prop_assert!(body.len() as u128 > announced);
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    /// A changed bit of a gzip file gives an error, unless it carries no content.
    #[test]
    fn a_flipped_bit_never_changes_the_labels(
        labels in vec(any::<u8>(), 1..100),
        position in any::<sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut bytes = gzip(&idx_file(&[labels.len() as u32], &labels));
        let position = position.index(bytes.len());
        bytes[position] ^= 1 << bit;
        if let Ok(read) = idx::parse_labels(&bytes[..], plain()) {
            prop_assert_eq!(read, labels);
        }
    }

    /// Of an endless input, only the announced bytes and one buffer are read.
    #[test]
    fn no_more_is_read_than_announced(count in 1..100_000_u32) {
        const BUFFER: usize = 512;
        let drawn = Cell::new(0);
        let header = idx_file(&[count], &[]);
        let input = BufReader::with_capacity(BUFFER, header.chain(Zeros(&drawn)));
        let error = idx::parse_labels(input, plain()).expect_err("the body never ends");
        let count = u64::from(count);
        let is_too_long =
            matches!(error, DatasetError::BodyTooLong { expected, .. } if expected == count);
        prop_assert!(is_too_long, "{}", error);
        prop_assert!(drawn.get() <= count + 1 + BUFFER as u64, "{}", drawn.get());
    }
}

/// 64 MiB of zeros, 64 KiB compressed, after a header that announces one label: the rest is not
/// decompressed.
#[test]
fn a_gzip_bomb_is_not_decompressed() {
    let mut bytes = idx_file(&[1], &[]);
    bytes.resize(64 << 20, 0);
    let bomb = gzip(&bytes);
    assert!(bomb.len() < 70_000);

    let mut rest = &bomb[..];
    let error = idx::parse_labels(&mut rest, plain()).expect_err("longer than announced");
    assert!(
        matches!(error, DatasetError::BodyTooLong { expected: 1, .. }),
        "{error:?}"
    );
    assert!(
        rest.len() > bomb.len() / 2,
        "{} of {} bytes left",
        rest.len(),
        bomb.len()
    );
}

/// The operating system's errors keep their kind; running out of memory is an error of its own.
#[test]
fn errors_of_the_input_are_passed_on() {
    struct Broken(io::ErrorKind);
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
    }
    let read = |start: &[u8], kind| {
        idx::parse_labels(BufReader::new(start.chain(Broken(kind))), plain()).unwrap_err()
    };
    let header = idx_file(&[4], &[7]);
    for start in [&[][..], &header[..3], &header[..]] {
        let error = read(start, io::ErrorKind::PermissionDenied);
        assert!(
            matches!(&error, DatasetError::Unreadable { cause, .. }
                if cause.kind() == io::ErrorKind::PermissionDenied),
            "{error:?}"
        );
    }
    let error = read(&gzip(&header)[..10], io::ErrorKind::TimedOut);
    assert!(
        matches!(error, DatasetError::Unreadable { .. }),
        "{error:?}"
    );
    let error = read(&header, io::ErrorKind::OutOfMemory);
    assert!(
        matches!(
            error,
            DatasetError::OutOfMemory {
                expected: 5,
                got: 9,
                ..
            }
        ),
        "{error:?}"
    );
}
