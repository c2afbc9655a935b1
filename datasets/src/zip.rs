//! A reader for ZIP archives as NumPy writes them (`.npz`): entries that are stored or deflated, also in
//! archives larger than 4 GiB.
//!
//! An archive ends with a list of its entries, and the list with its place. Memory is reserved for the
//! list only, at most [`MOST_LIST_BYTES`]; the content of an entry is read as it comes, at most as much
//! as the list announces, and its checksum is compared at the end.
//!
//! Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", 6.3.10.

use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Take};

use flate2::{Crc, bufread::DeflateDecoder};

/// The most bytes of the list of entries that are read.
const MOST_LIST_BYTES: u64 = 1 << 20;

/// The end of an archive without a comment, and the longest comment.
const END_BYTES: u64 = 22;
const MOST_COMMENT_BYTES: u64 = 0xffff;

/// The place of the larger archive's end, before the end.
const LOCATOR_BYTES: u64 = 20;

/// How much of a file is read at once, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name, with folders.
    pub(crate) name: String,
    /// Bytes of its content.
    pub(crate) size: u64,
    method: u16,
    is_encrypted: bool,
    compressed: u64,
    checksum: u32,
    /// Where it starts in the archive.
    place: u64,
}

/// What is wrong with an archive, in words, or the system's error.
#[derive(Debug)]
pub(crate) enum ZipError {
    Fault(&'static str),
    Io(io::Error),
}

impl From<io::Error> for ZipError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Fault("one that ends too early"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => Self::Fault("damaged contents"),
            _ => Self::Io(error),
        }
    }
}

/// The entries of an archive.
pub(crate) fn entries(input: &mut (impl Read + Seek)) -> Result<Vec<Entry>, ZipError> {
    let length = input.seek(SeekFrom::End(0))?;
    let tail_length = length.min(END_BYTES + MOST_COMMENT_BYTES + LOCATOR_BYTES);
    let tail = read_at(input, length - tail_length, tail_length)?;
    let none = ZipError::Fault("one without the end of an archive");
    let end = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let end = end.ok_or(none)?;
    let record = &tail[end..];
    if (record.len() as u64) < END_BYTES {
        return Err(ZipError::Fault("one that ends too early"));
    }
    let mut count = u64::from(u16_at(record, 10));
    let mut size = u64::from(u32_at(record, 12));
    let mut place = u64::from(u32_at(record, 16));
    let locator = end
        .checked_sub(LOCATOR_BYTES as usize)
        .map(|at| &tail[at..end]);
    if let Some(locator) = locator.filter(|locator| locator.starts_with(b"PK\x06\x07")) {
        let large = read_at(input, u64_at(locator, 8), 56)?;
        if !large.starts_with(b"PK\x06\x06") {
            return Err(ZipError::Fault("a wrong place of its list"));
        }
        (count, size, place) = (u64_at(&large, 32), u64_at(&large, 40), u64_at(&large, 48));
    }
    if size > MOST_LIST_BYTES {
        return Err(ZipError::Fault(
            "more entries than an archive of arrays has",
        ));
    }
    let list = read_at(input, place, size)?;
    let mut rest = &list[..];
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(entry(&mut rest).ok_or(ZipError::Fault("a damaged list of entries"))?);
    }
    Ok(entries)
}

/// The next entry of the list.
fn entry(list: &mut &[u8]) -> Option<Entry> {
    let header = list.get(..46)?;
    if !header.starts_with(b"PK\x01\x02") {
        return None;
    }
    let [name_length, extra_length, comment_length] =
        [28, 30, 32].map(|at| usize::from(u16_at(header, at)));
    let name = list.get(46..46 + name_length)?;
    let extra = list.get(46 + name_length..46 + name_length + extra_length)?;
    let mut entry = Entry {
        // A name is shown in errors, which have one line.
        name: String::from_utf8_lossy(name).replace(char::is_control, "\u{fffd}"),
        is_encrypted: u16_at(header, 8) & 1 == 1,
        method: u16_at(header, 10),
        checksum: u32_at(header, 16),
        compressed: u32_at(header, 20).into(),
        size: u32_at(header, 24).into(),
        place: u32_at(header, 42).into(),
    };
    *list = list.get(46 + name_length + extra_length + comment_length..)?;
    // Numbers that do not fit into 32 bits are in an extra field, in this order.
    let mut large = large_numbers(extra);
    for number in [&mut entry.size, &mut entry.compressed, &mut entry.place] {
        if *number == u64::from(u32::MAX) {
            *number = u64_at(large.get(..8)?, 0);
            large = &large[8..];
        }
    }
    Some(entry)
}

/// The extra field with numbers of 64 bits.
fn large_numbers(mut extra: &[u8]) -> &[u8] {
    while let Some(header) = extra.get(..4) {
        let end = 4 + usize::from(u16_at(header, 2));
        let Some(field) = extra.get(4..end) else {
            break;
        };
        if u16_at(header, 0) == 1 {
            return field;
        }
        extra = &extra[end..];
    }
    &[]
}

/// The content of an entry, which gives an error at its end if the checksum is wrong.
pub(crate) struct Content<'a, R: Read> {
    decoder: Decoder<'a, R>,
    left: u64,
    crc: Crc,
    checksum: u32,
}

enum Decoder<'a, R: Read> {
    Stored(BufReader<Take<&'a mut R>>),
    Deflated(Box<DeflateDecoder<BufReader<Take<&'a mut R>>>>),
}

impl<'a, R: Read + Seek> Content<'a, R> {
    /// The content of an entry of this archive.
    pub(crate) fn of(entry: &Entry, input: &'a mut R) -> Result<Self, ZipError> {
        if entry.is_encrypted {
            return Err(ZipError::Fault("an encrypted entry"));
        }
        let header = read_at(input, entry.place, 30)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(ZipError::Fault("a wrong place of an entry"));
        }
        let skipped = i64::from(u16_at(&header, 26)) + i64::from(u16_at(&header, 28));
        input.seek(SeekFrom::Current(skipped))?;
        let input = BufReader::with_capacity(BUFFER_BYTES, input.take(entry.compressed));
        let decoder = match entry.method {
            0 => Decoder::Stored(input),
            8 => Decoder::Deflated(Box::new(DeflateDecoder::new(input))),
            _ => return Err(ZipError::Fault("a compression that is not deflate")),
        };
        Ok(Self {
            decoder,
            left: entry.size,
            crc: Crc::new(),
            checksum: entry.checksum,
        })
    }
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = &mut buffer[..length];
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = match &mut self.decoder {
            Decoder::Stored(input) => input.read(buffer)?,
            Decoder::Deflated(input) => input.read(buffer)?,
        };
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.crc.update(&buffer[..read]);
        self.left -= read as u64;
        if self.left == 0 && self.crc.sum() != self.checksum {
            return Err(io::Error::new(ErrorKind::InvalidData, "a wrong checksum"));
        }
        Ok(read)
    }
}

/// `length` bytes from `place` on.
fn read_at(input: &mut (impl Read + Seek), place: u64, length: u64) -> io::Result<Vec<u8>> {
    input.seek(SeekFrom::Start(place))?;
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("as many bytes")
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, at))
}
