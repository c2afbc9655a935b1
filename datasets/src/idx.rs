//! A reader for the IDX format of MNIST, plain or gzip.
//!
//! An image file is a header of four big-endian 32-bit numbers (magic number `0x00000803`, images,
//! rows, columns) and one byte for each pixel, row by row. A label file is a header of two (magic
//! number `0x00000801`, labels) and one byte for each label.
//!
//! The third byte of the magic number is the kind of the numbers: 08 unsigned bytes, 09 signed bytes, 0b
//! and 0c whole numbers of two and four bytes, 0d and 0e fractions of four and eight. Other kinds than
//! bytes are read too, if pixels are from 0 to 255, or all from 0 to 1. A label file may be a table
//! (`0x00000c02` is QMNIST's): its first column has the labels.
//!
//! A file is gzip if it starts with the bytes `1f 8b`, whatever its name. Memory grows with the
//! bytes that arrive, never with what a header announces. At most one byte more than announced is
//! decompressed.
//!
//! Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, ErrorKind, Read},
    mem,
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use crate::in_file::InFile;
use crate::numbers::{self, Element, Endian, Levels, Whole};
use crate::{DatasetError, InFileError};

/// The most bytes that are read from one file after its header: 2 GiB, 2.7 million images of MNIST's
/// size.
pub const MAX_BODY_BYTES: u64 = 1 << 31;

/// The first two bytes of every gzip stream.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are read before memory for more is reserved.
const FIRST: u64 = 1 << 20;

/// The most that is reserved at once: enough for MNIST's training images, so that they are copied
/// only once.
const RESERVED: u64 = 48 << 20;

/// The magic number of unsigned bytes without dimensions; the number of dimensions is added to it.
const UNSIGNED_BYTES: u32 = 0x0800;

/// The numbers of an IDX file, by the third byte of its magic number.
fn element(code: u8) -> Option<Element> {
    Some(match code {
        0x08 => Element::Unsigned(1),
        0x09 => Element::Signed(1),
        0x0b => Element::Signed(2),
        0x0c => Element::Signed(4),
        0x0d => Element::Float(4),
        0x0e => Element::Float(8),
        _ => return None,
    })
}

/// How much of a file is read at once, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// The content of an image file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images<P = Vec<u8>> {
    /// Number of images.
    pub count: usize,
    /// Rows of an image.
    pub rows: usize,
    /// Columns of an image.
    pub columns: usize,
    /// Pixels, `[count, rows, columns]`.
    pub pixels: P,
}

/// Reads the image file at `path`.
///
/// # Errors
///
/// [`DatasetError`] if the file cannot be read, is not a complete and valid IDX file of images, has
/// no images or empty ones, or announces more than [`MAX_BODY_BYTES`].
///
/// ```
/// let path = datasets::bundled_mnist_dir().join("t10k-images-idx3-ubyte.gz");
/// let images = datasets::idx::read_images(&path)?;
/// assert_eq!((images.count, images.rows, images.columns), (10_000, 28, 28));
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn read_images(path: &Path) -> Result<Images, DatasetError> {
    parse_images(open(path)?, path)
}

/// Opens the image file at `path`, whose images stay in it. It may be longer than [`MAX_BODY_BYTES`].
///
/// # Errors
///
/// As [`read_images`]; [`InFileError`] if the file is gzip, or its pixels are no unsigned bytes.
pub fn open_images(path: &Path) -> Result<Images<InFile>, DatasetError> {
    let mut source = Source::new(open(path)?, path)?;
    if let Content::Gzip(_) = source.content {
        return Err(InFileError::Compressed { path: path.into() }.into());
    }
    let (element, [count, rows, columns]) = source.image_header()?;
    if element != Element::Unsigned(1) {
        return Err(InFileError::NotBytes { path: path.into() }.into());
    }
    let [count, rows, columns] = [count, rows, columns].map(|size| size as usize);
    Ok(Images {
        count,
        rows,
        columns,
        pixels: InFile::open(path, source.read, [count, rows * columns])?,
    })
}

/// Reads the label file at `path`.
///
/// # Errors
///
/// [`DatasetError`] if the file cannot be read, is not a complete and valid IDX file of labels, has
/// no labels, or announces more than [`MAX_BODY_BYTES`].
///
/// ```
/// let path = datasets::bundled_mnist_dir().join("t10k-labels-idx1-ubyte.gz");
/// let labels = datasets::idx::read_labels(&path)?;
/// assert_eq!((labels.len(), labels[0]), (10_000, 7));
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn read_labels(path: &Path) -> Result<Vec<u8>, DatasetError> {
    parse_labels(open(path)?, path)
}

/// Reads an image file from `input`. `path` names it in errors; if it ends in `.gz`, the input must
/// be gzip.
///
/// # Errors
///
/// As [`read_images`].
///
/// ```
/// let file = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9];
/// let images = datasets::idx::parse_images(&file[..], "one-image".as_ref())?;
/// assert_eq!((images.count, images.rows, images.columns), (1, 1, 2));
/// assert_eq!(images.pixels, [7, 9]);
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn parse_images(input: impl BufRead, path: &Path) -> Result<Images, DatasetError> {
    let mut source = Source::new(input, path)?;
    let (element, [count, rows, columns]) = source.image_header()?;
    let sizes = [count, rows, columns];
    let pixels = if element == Element::Unsigned(1) {
        source.body(element, &sizes)?
    } else {
        let body = source.body(element, &sizes)?;
        let mut levels = Levels::new(match element {
            Element::Float(_) => Whole::Shares,
            _ => Whole::Levels,
        });
        let numbers = body.chunks_exact(element.size());
        numbers.for_each(|number| levels.push(element.value(number, Endian::Big)));
        levels.finish(path)?.0
    };
    Ok(Images {
        count: count as usize,
        rows: rows as usize,
        columns: columns as usize,
        pixels,
    })
}

/// Reads a label file from `input`. `path` names it in errors; if it ends in `.gz`, the input must be
/// gzip.
///
/// # Errors
///
/// As [`read_labels`].
///
/// ```
/// let file = [0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4];
/// assert_eq!(datasets::idx::parse_labels(&file[..], "three-labels".as_ref())?, [5, 0, 4]);
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn parse_labels(input: impl BufRead, path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut source = Source::new(input, path)?;
    let ranks = source.rank()?;
    let (element, columns, body) = if ranks == 2 {
        let (element, sizes): (_, [u32; 2]) = source.header()?;
        (element, sizes[1] as usize, source.body(element, &sizes)?)
    } else {
        let (element, sizes): (_, [u32; 1]) = source.header()?;
        (element, 1, source.body(element, &sizes)?)
    };
    if element == Element::Unsigned(1) && columns == 1 {
        return Ok(body);
    }
    if columns == 0 {
        let path = path.into();
        return Err(DatasetError::EmptySet { path });
    }
    let rows = body.chunks_exact(element.size() * columns).enumerate();
    let first = rows.map(|(index, row)| {
        let value = element.value(&row[..element.size()], Endian::Big);
        Ok(numbers::label(value, index, path)?)
    });
    first.collect()
}

/// Opens a file for buffered reading.
fn open(path: &Path) -> Result<BufReader<File>, DatasetError> {
    let file = File::open(path).map_err(|cause| DatasetError::Unreadable {
        path: path.into(),
        cause,
    })?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, file))
}

/// The input with the two bytes put back that show whether it is compressed.
type Rewound<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// The bytes of an IDX file, decompressed if need be.
enum Content<R> {
    Plain(Rewound<R>),
    Gzip(Box<MultiGzDecoder<Rewound<R>>>),
}

/// An IDX file that is being read.
struct Source<'a, R> {
    content: Content<R>,
    path: &'a Path,
    /// The magic number, if it was read before the rest of the header.
    magic: Vec<u8>,
    /// Bytes of content read so far.
    read: u64,
}

impl<'a, R: BufRead> Source<'a, R> {
    fn new(mut input: R, path: &'a Path) -> Result<Self, DatasetError> {
        let mut start = Vec::new();
        if let Err(cause) = input.by_ref().take(2).read_to_end(&mut start) {
            let path = path.into();
            return Err(DatasetError::Unreadable { path, cause });
        }
        let is_gzip = start == GZIP_MAGIC;
        if !is_gzip && path.extension().is_some_and(|extension| extension == "gz") {
            return Err(DatasetError::NotGzip {
                path: path.into(),
                got: start,
            });
        }
        let input = Cursor::new(start).chain(input);
        let content = if is_gzip {
            Content::Gzip(Box::new(MultiGzDecoder::new(input)))
        } else {
            Content::Plain(input)
        };
        Ok(Self {
            content,
            path,
            magic: Vec::new(),
            read: 0,
        })
    }

    /// Reads the header of a file of images, which have pixels.
    fn image_header(&mut self) -> Result<(Element, [u32; 3]), DatasetError> {
        let (element, sizes @ [_, rows, columns]) = self.header()?;
        if rows == 0 || columns == 0 {
            return Err(DatasetError::EmptyImage {
                path: self.path.into(),
                rows,
                columns,
            });
        }
        Ok((element, sizes))
    }

    /// The number of dimensions, of files that may have several.
    fn rank(&mut self) -> Result<u8, DatasetError> {
        self.magic = self.read_up_to(4)?;
        Ok(self.magic.get(3).copied().unwrap_or(0))
    }

    /// Reads the magic number and the sizes of the `RANK` dimensions.
    fn header<const RANK: usize>(&mut self) -> Result<(Element, [u32; RANK]), DatasetError> {
        let expected = 4 * (1 + RANK);
        let mut bytes = mem::take(&mut self.magic);
        bytes.extend(self.read_up_to((expected - bytes.len()) as u64)?);
        let (numbers, _) = bytes.as_chunks::<4>();

        let mut kind = Element::Unsigned(1);
        if let Some(&got) = numbers.first() {
            let found = element(got[2]).filter(|_| [got[0], got[1], got[3]] == [0, 0, RANK as u8]);
            let Some(found) = found else {
                return Err(DatasetError::WrongMagic {
                    path: self.path.into(),
                    expected: UNSIGNED_BYTES + RANK as u32,
                    got: u32::from_be_bytes(got),
                });
            };
            kind = found;
        }
        if bytes.len() < expected {
            return Err(DatasetError::HeaderTooShort {
                path: self.path.into(),
                expected,
                got: bytes.len(),
            });
        }
        let sizes: [u32; RANK] = std::array::from_fn(|i| u32::from_be_bytes(numbers[1 + i]));
        if sizes.first() == Some(&0) {
            let path = self.path.into();
            return Err(DatasetError::EmptySet { path });
        }
        Ok((kind, sizes))
    }

    /// Reads the data after the header, which must be exactly as long as the sizes say.
    fn body(&mut self, element: Element, sizes: &[u32]) -> Result<Vec<u8>, DatasetError> {
        // Three factors below 2^32 and one of at most 8 cannot overflow 128 bits.
        let numbers: u128 = sizes.iter().map(|&size| u128::from(size)).product();
        let announced = numbers * element.size() as u128;
        let expected = match u64::try_from(announced) {
            Ok(bytes) if bytes <= MAX_BODY_BYTES => bytes,
            _ => {
                return Err(DatasetError::TooLarge {
                    path: self.path.into(),
                    limit: MAX_BODY_BYTES,
                    got: announced,
                });
            }
        };
        // One byte more detects a body that is too long, and makes gzip check length and checksum.
        let mut body = self.read_up_to(expected + 1)?;
        let got = body.len() as u64;
        let path = self.path.into();
        if got < expected {
            return Err(DatasetError::BodyTooShort {
                path,
                expected,
                got,
            });
        }
        if got > expected {
            return Err(DatasetError::BodyTooLong { path, expected });
        }
        body.shrink_to_fit();
        Ok(body)
    }

    fn append(&mut self, bytes: &mut Vec<u8>, limit: u64) -> io::Result<usize> {
        match &mut self.content {
            Content::Plain(reader) => reader.take(limit).read_to_end(bytes),
            Content::Gzip(reader) => reader.take(limit).read_to_end(bytes),
        }
    }

    /// Reads `limit` bytes, or fewer if the content ends before. A header may promise more than there
    /// is, so memory for the rest is reserved only after the first [`FIRST`] bytes, and no more than
    /// [`RESERVED`].
    fn read_up_to(&mut self, limit: u64) -> Result<Vec<u8>, DatasetError> {
        let mut bytes = Vec::new();
        let mut result = self.append(&mut bytes, limit.min(FIRST));
        if result.is_ok() && bytes.len() as u64 == FIRST {
            bytes.reserve_exact((limit - FIRST).min(RESERVED) as usize);
            result = self.append(&mut bytes, limit - FIRST);
        }
        self.read += bytes.len() as u64;
        match result {
            Ok(_) => Ok(bytes),
            Err(cause) => Err(self.fault(cause, limit)),
        }
    }

    /// The error of the data set for an error of the input.
    fn fault(&self, cause: io::Error, limit: u64) -> DatasetError {
        let path = self.path.into();
        let got = self.read;
        match (&self.content, cause.kind()) {
            (_, ErrorKind::OutOfMemory) => DatasetError::OutOfMemory {
                path,
                expected: limit,
                got,
            },
            (Content::Gzip(_), ErrorKind::UnexpectedEof) => {
                DatasetError::GzipTruncated { path, got }
            }
            (Content::Gzip(_), ErrorKind::InvalidInput | ErrorKind::InvalidData) => {
                DatasetError::GzipCorrupt { path, got, cause }
            }
            _ => DatasetError::Unreadable { path, cause },
        }
    }
}
