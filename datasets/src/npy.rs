//! A reader for arrays in NumPy's format (`.npy`).
//!
//! A file is the bytes `93 4e 55 4d 50 59`, a version, the length of a header, the header, which is a
//! Python dictionary in text, and the numbers. Memory grows with the bytes that arrive.
//!
//! Source: NumPy, "NEP 1: a simple file format for NumPy arrays", and numpy.lib.format.

use std::{io::Read, path::Path};

use crate::idx::MAX_BODY_BYTES;
use crate::numbers::{Element, Endian, Levels, Whole, grey_of_colours, label};
use crate::{ArrayError, DatasetError};

/// The first bytes of a file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The most bytes of a header that are read.
const MOST_HEADER_BYTES: usize = 1 << 16;

/// How much is read at once, in bytes; a multiple of every element's size.
const CHUNK_BYTES: usize = 1 << 16;

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    element: Element,
    endian: Endian,
    /// The size of each dimension, the last of which varies fastest.
    pub(crate) shape: Vec<u64>,
}

/// Images from an array.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Images {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) pixels: Vec<u8>,
    /// What was done to the numbers, if anything.
    pub(crate) notes: Vec<&'static str>,
}

/// An array that is being read.
pub(crate) struct Array<'a, R> {
    input: R,
    path: &'a Path,
    header: Header,
}

impl<'a, R: Read> Array<'a, R> {
    /// Reads the header. `path` names the array in errors.
    pub(crate) fn open(mut input: R, path: &'a Path) -> Result<Self, DatasetError> {
        let mut start = [0; 8];
        read_exact(&mut input, &mut start, path)?;
        if !start.starts_with(MAGIC) {
            return Err(not_an_array(path, "another kind of file", SAVE_IT));
        }
        let length_bytes = if start[6] == 1 { 2 } else { 4 };
        let mut length = [0; 4];
        read_exact(&mut input, &mut length[..length_bytes], path)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST_HEADER_BYTES {
            return Err(not_an_array(path, "a header that is too long", SAVE_IT));
        }
        let mut header = vec![0; length];
        read_exact(&mut input, &mut header, path)?;
        let header = parse_header(&String::from_utf8_lossy(&header))
            .map_err(|(got, remedy)| not_an_array(path, &got, remedy))?;
        Ok(Self {
            input,
            path,
            header,
        })
    }

    /// The array as images: `[n, rows, columns]`, also with a dimension of one, three or four colours,
    /// or `[n, pixels]` of square images.
    pub(crate) fn images(self) -> Result<Images, DatasetError> {
        let expected = "images of n x rows x columns, with or without 1, 3 or 4 colours, or n x pixels \
                        of square images";
        let shape = self.header.shape.clone();
        let colours = |size: u64| matches!(size, 1 | 3 | 4);
        let layout = match shape[..] {
            [n, pixels] => {
                let side = pixels.isqrt();
                (side * side == pixels).then_some((n, side, side, 1, false))
            }
            [n, rows, columns] => Some((n, rows, columns, 1, false)),
            [n, rows, columns, channels] if colours(channels) => {
                Some((n, rows, columns, channels, false))
            }
            [n, channels, rows, columns] if colours(channels) => {
                Some((n, rows, columns, channels, true))
            }
            _ => None,
        };
        let layout = layout.filter(|&(n, rows, columns, ..)| n > 0 && rows > 0 && columns > 0);
        let path = self.path;
        let Some((_, rows, columns, channels, is_planar)) = layout else {
            return Err(ArrayError::Shape {
                path: path.into(),
                expected,
                got: shape,
            }
            .into());
        };
        let mut levels = Levels::new(match self.header.element {
            Element::Bool | Element::Float(_) => Whole::Shares,
            Element::Unsigned(_) | Element::Signed(_) => Whole::Levels,
        });
        self.numbers(|value| levels.push(value))?;
        let (mut pixels, note) = levels.finish(path)?;
        let mut notes: Vec<_> = note.into_iter().collect();
        let [rows, columns, channels] = [rows, columns, channels].map(|size| size as usize);
        if channels > 1 {
            if is_planar {
                interleave(&mut pixels, rows * columns, channels);
            }
            pixels = grey_of_colours(pixels, channels);
            notes.push("colours made grey");
        }
        Ok(Images {
            rows,
            columns,
            pixels,
            notes,
        })
    }

    /// The array as labels: `[n]` or `[n, 1]`, or `[n, classes]` with one 1 in each row.
    pub(crate) fn labels(self) -> Result<Vec<u8>, DatasetError> {
        let (shape, path) = (self.header.shape.clone(), self.path);
        let classes = match shape[..] {
            [n] if n > 0 => 1,
            [n, classes @ 1..=256] if n > 0 => classes as usize,
            _ => {
                return Err(ArrayError::Shape {
                    path: path.into(),
                    expected: "labels of n, n x 1, or n x classes with a single 1 in each row",
                    got: shape,
                }
                .into());
            }
        };
        let mut labels = Vec::new();
        let mut error = None;
        let mut row = Vec::with_capacity(classes);
        self.numbers(|value| {
            row.push(value);
            if row.len() == classes && error.is_none() {
                let index = labels.len();
                let found = match classes {
                    1 => label(value, index, path),
                    _ => one_hot(&row, index, path),
                };
                match found {
                    Ok(label) => labels.push(label),
                    Err(fault) => error = Some(fault),
                }
            }
            if row.len() == classes {
                row.clear();
            }
        })?;
        error.map_or(Ok(labels), |error| Err(error.into()))
    }

    /// Hands on each number, in order. There must be as many as the header says, and nothing after
    /// them.
    fn numbers(mut self, mut take: impl FnMut(f64)) -> Result<(), DatasetError> {
        let Header {
            element,
            endian,
            shape,
        } = self.header;
        let numbers = shape.iter().map(|&size| u128::from(size));
        let announced = numbers.fold(1_u128, u128::saturating_mul);
        let announced = announced.saturating_mul(element.size() as u128);
        if announced > u128::from(MAX_BODY_BYTES) {
            return Err(DatasetError::TooLarge {
                path: self.path.into(),
                limit: MAX_BODY_BYTES,
                got: announced,
            });
        }
        let mut left = announced as u64;
        let mut chunk = vec![0; CHUNK_BYTES];
        while left > 0 {
            let length = left.min(CHUNK_BYTES as u64) as usize;
            let expected = announced as u64;
            read_exact(&mut self.input, &mut chunk[..length], self.path).map_err(|error| {
                match error {
                    DatasetError::HeaderTooShort { path, got, .. } => DatasetError::BodyTooShort {
                        path,
                        expected,
                        got: expected - left + got as u64,
                    },
                    error => error,
                }
            })?;
            for number in chunk[..length].chunks_exact(element.size()) {
                take(element.value(number, endian));
            }
            left -= length as u64;
        }
        let mut more = [0];
        match self.input.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(DatasetError::BodyTooLong {
                path: self.path.into(),
                expected: announced as u64,
            }),
            Err(cause) => Err(DatasetError::Unreadable {
                path: self.path.into(),
                cause,
            }),
        }
    }
}

const SAVE_IT: &str = "save it with numpy.save";

fn not_an_array(path: &Path, got: &str, remedy: &'static str) -> DatasetError {
    ArrayError::NotAnArray {
        path: path.into(),
        got: got.to_owned(),
        remedy,
    }
    .into()
}

/// Fills the buffer; an end before that is an error of the header.
fn read_exact(input: &mut impl Read, buffer: &mut [u8], path: &Path) -> Result<(), DatasetError> {
    let mut read = 0;
    while read < buffer.len() {
        match input.read(&mut buffer[read..]) {
            Ok(0) => {
                return Err(DatasetError::HeaderTooShort {
                    path: path.into(),
                    expected: buffer.len(),
                    got: read,
                });
            }
            Ok(length) => read += length,
            Err(cause) if cause.kind() == std::io::ErrorKind::Interrupted => {}
            Err(cause) => {
                return Err(DatasetError::Unreadable {
                    path: path.into(),
                    cause,
                });
            }
        }
    }
    Ok(())
}

/// The class of a row with a single 1.
fn one_hot(row: &[f64], index: usize, path: &Path) -> Result<u8, ArrayError> {
    let class = row.iter().position(|&value| value == 1.0);
    match class {
        Some(class) if row.iter().filter(|&&value| value != 0.0).count() == 1 => Ok(class as u8),
        _ => Err(ArrayError::NotOneClass {
            path: path.into(),
            index,
        }),
    }
}

/// Planes of colours, image by image, as colours, pixel by pixel.
fn interleave(pixels: &mut [u8], plane: usize, channels: usize) {
    let mut image = vec![0; plane * channels];
    for planes in pixels.chunks_exact_mut(plane * channels) {
        for (index, level) in planes.iter().enumerate() {
            image[index % plane * channels + index / plane] = *level;
        }
        planes.copy_from_slice(&image);
    }
}

/// The header in text; the error is what it has and what to do.
fn parse_header(text: &str) -> Result<Header, (String, &'static str)> {
    let damaged = || ("a damaged header".to_owned(), SAVE_IT);
    let value_of = |key: &str| -> Option<&str> {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let fortran = value_of("fortran_order").ok_or_else(damaged)?;
    if !fortran.starts_with("False") {
        return Err((
            "one in Fortran's order".to_owned(),
            "save numpy.ascontiguousarray of it",
        ));
    }
    let descr = value_of("descr").ok_or_else(damaged)?;
    let descr = descr
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once('\''));
    let Some((descr, _)) = descr else {
        return Err(("one of records".to_owned(), "save its columns one by one"));
    };
    let shape = value_of("shape").ok_or_else(damaged)?;
    let shape = shape
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'));
    let (shape, _) = shape.ok_or_else(damaged)?;
    let sizes = shape
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let shape: Result<Vec<u64>, _> = sizes.map(str::parse).collect();
    let shape = shape.map_err(|_| damaged())?;

    let endian = if descr.starts_with('>') {
        Endian::Big
    } else {
        Endian::Little
    };
    let kind = descr.trim_start_matches(['<', '>', '|', '=']);
    let (kind, size) = kind.split_at_checked(1).ok_or_else(damaged)?;
    let size: Option<usize> = size.parse().ok();
    let element = match (kind, size) {
        ("b", Some(1)) => Element::Bool,
        ("u", Some(size @ (1 | 2 | 4 | 8))) => Element::Unsigned(size),
        ("i", Some(size @ (1 | 2 | 4 | 8))) => Element::Signed(size),
        ("f", Some(size @ (2 | 4 | 8))) => Element::Float(size),
        ("O", _) => {
            return Err((
                "one of Python objects".to_owned(),
                "save it as an array of numbers: pixels as numpy.array(list(x), \"uint8\"), labels as \
                 numpy.unique(y, return_inverse=True)[1]",
            ));
        }
        ("U" | "S", _) => {
            return Err((
                "one of words".to_owned(),
                "save the number of each word, as numpy.unique(y, return_inverse=True)[1]",
            ));
        }
        _ => {
            return Err((
                format!("one of elements \"{}\"", descr.escape_debug()),
                "save it as whole numbers or as floating-point numbers",
            ));
        }
    };
    Ok(Header {
        element,
        endian,
        shape,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array in the first version of the format.
    fn npy(descr: &str, shape: &str, body: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    fn images(bytes: &[u8]) -> Result<Images, DatasetError> {
        Array::open(bytes, "x.npy".as_ref())?.images()
    }

    fn labels(bytes: &[u8]) -> Result<Vec<u8>, DatasetError> {
        Array::open(bytes, "y.npy".as_ref())?.labels()
    }

    #[test]
    fn shapes_of_images_are_recognised() {
        let body: Vec<u8> = (0..12).collect();
        let sizes = |shape: &str, body: &[u8]| {
            let read = images(&npy("'|u1'", shape, body)).unwrap();
            (read.rows, read.columns, read.pixels)
        };
        assert_eq!(sizes("(2, 3, 2)", &body), (3, 2, body.clone()));
        assert_eq!(sizes("(3, 4)", &body), (2, 2, body.clone()));
        assert_eq!(sizes("(2, 3, 2, 1)", &body), (3, 2, body.clone()));
        // Red, green and blue: pixel by pixel, and plane by plane.
        assert_eq!(
            sizes("(1, 1, 2, 3)", &[255, 0, 0, 0, 255, 0]),
            (1, 2, vec![54, 182])
        );
        assert_eq!(
            sizes("(1, 3, 1, 2)", &[255, 0, 0, 255, 0, 0]),
            (1, 2, vec![54, 182])
        );
        for shape in ["(12,)", "(2, 6)", "(0, 3, 2)", "(1, 2, 2, 2)", "()"] {
            let error = images(&npy("'|u1'", shape, &body)).unwrap_err().to_string();
            assert!(
                error.contains("expected images of n x rows x columns"),
                "{error}"
            );
        }
    }

    #[test]
    fn numbers_of_other_kinds_become_grey_levels() {
        let floats: Vec<u8> = [0.0_f32, 0.5, 1.0, 0.25].map(f32::to_le_bytes).concat();
        let read = images(&npy("'<f4'", "(1, 2, 2)", &floats)).unwrap();
        assert_eq!(read.pixels, [0, 128, 255, 64]);
        assert_eq!(read.notes, ["pixels from 0 to 1 scaled to 0 to 255"]);
        let words: Vec<u8> = [0_i16, 7, 255, 16].map(i16::to_be_bytes).concat();
        assert_eq!(
            images(&npy("'>i2'", "(1, 2, 2)", &words)).unwrap().pixels,
            [0, 7, 255, 16]
        );
        assert_eq!(
            images(&npy("'|b1'", "(1, 1, 2)", &[0, 1])).unwrap().pixels,
            [0, 255]
        );
        let normalised: Vec<u8> = [-0.42_f64, 2.8].map(f64::to_le_bytes).concat();
        let error = images(&npy("'<f8'", "(1, 1, 2)", &normalised)).unwrap_err();
        assert!(
            error.to_string().contains("got -0.42 to 2.8; save"),
            "{error}"
        );
    }

    #[test]
    fn labels_may_be_columns_or_rows_with_a_single_one() {
        let long: Vec<u8> = [3_i64, 0, 9].map(i64::to_le_bytes).concat();
        assert_eq!(labels(&npy("'<i8'", "(3,)", &long)).unwrap(), [3, 0, 9]);
        assert_eq!(labels(&npy("'<i8'", "(3, 1)", &long)).unwrap(), [3, 0, 9]);
        let rows = [0, 0, 1, 1, 0, 0];
        assert_eq!(labels(&npy("'|u1'", "(2, 3)", &rows)).unwrap(), [2, 0]);
        for (bytes, text) in [
            (npy("'|u1'", "(2, 3)", &[1, 0, 1, 0, 0, 1]), "for item 0"),
            (npy("'|i1'", "(2,)", &[1, 255]), "got -1 for item 1"),
            (npy("'<i8'", "(3,)", &long[..20]), "got 20; copy"),
            (npy("'<i8'", "(2,)", &long), "got more"),
            (npy("'|O'", "(2,)", &long), "Python objects"),
            (npy("'<U5'", "(2,)", &long), "one of words"),
            (npy("'<c8'", "(2,)", &long), "elements \"<c8\""),
            (npy("[('a', '<i4')]", "(2,)", &long), "records"),
            (b"\x93NUMPY\x01\0\x02\0{}".to_vec(), "a damaged header"),
            (b"PK\x03\x04 and more".to_vec(), "another kind of file"),
        ] {
            let error = labels(&bytes).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("; "), "{error}");
        }
    }

    #[test]
    fn a_header_does_not_reserve_what_it_announces() {
        let error = labels(&npy("'|u1'", "(2000000000,)", &[1])).unwrap_err();
        assert!(
            matches!(error, DatasetError::BodyTooShort { got: 1, .. }),
            "{error}"
        );
        for shape in [
            "(3000000000,)",
            "(18446744073709551615, 18446744073709551615, 3)",
        ] {
            let error = images(&npy("'<f8'", shape, &[])).unwrap_err().to_string();
            assert!(error.contains("expected"), "{error}");
        }
    }
}
