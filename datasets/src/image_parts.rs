//! The parts of PNG and JPEG files: those that an image needs, and whether all of it is there.
//!
//! Texts, previews and colour profiles may be compressed, or as large as the file may be. They are left
//! out before decoding, so that only pixels take memory.

use std::ops::Range;

/// Chunks of a PNG file that decide the image or how it is turned.
const PNG_CHUNKS: [&[u8; 4]; 7] = [
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"sBIT", b"IEND",
];

/// Bytes of a PNG file before its first chunk.
const PNG_SIGNATURE: usize = 8;

/// The PNG file without what is not needed. A damaged one is cut at most where the damage is.
pub(crate) fn needed_of_png(bytes: &mut Vec<u8>) {
    let mut needed: Vec<_> = std::iter::once(0..bytes.len().min(PNG_SIGNATURE)).collect();
    let mut at = PNG_SIGNATURE;
    while let Some(header) = bytes.get(at..at + 8) {
        let (length, name) = header.split_at(4);
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        // Length, name and checksum.
        let end = at.saturating_add(length).saturating_add(12);
        let end = end.min(bytes.len());
        if PNG_CHUNKS.iter().any(|chunk| *chunk == name) || end == bytes.len() {
            needed.push(at..end);
        }
        at = end;
    }
    needed.push(at.min(bytes.len())..bytes.len());
    keep(bytes, &needed);
}

/// What the markers of a JPEG file say.
pub(crate) struct JpegParts {
    /// Whether the marker of the image's end was found.
    pub(crate) is_complete: bool,
    /// Where the parts are that decide the image or how it is turned.
    needed: Vec<Range<usize>>,
}

impl JpegParts {
    /// Goes through the markers of a file, up to the end of its first image.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut parts = Self {
            is_complete: false,
            needed: std::iter::once(0..bytes.len().min(2)).collect(),
        };
        let mut at = 2;
        loop {
            // Bytes that are no marker lie between segments, or are the compressed image.
            let start = at;
            while at < bytes.len() && !is_marker(&bytes[at..]) {
                at += 1;
            }
            parts.needed.push(start..at);
            let Some(&[_, code]) = bytes.get(at..at + 2) else {
                break;
            };
            if code == END_OF_IMAGE {
                parts.needed.push(at..at + 2);
                parts.is_complete = true;
                break;
            }
            if is_without_length(code) {
                parts.needed.push(at..at + 2);
                at += 2;
                continue;
            }
            let Some(&[high, low]) = bytes.get(at + 2..at + 4) else {
                parts.needed.push(at..bytes.len());
                break;
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            let end = (at + 2 + length.max(2)).min(bytes.len());
            if is_needed(code, &bytes[at + 4..end.max(at + 4)]) {
                parts.needed.push(at..end);
            }
            at = end;
        }
        parts
    }

    /// Leaves only these parts.
    pub(crate) fn keep(&self, bytes: &mut Vec<u8>) {
        keep(bytes, &self.needed);
    }
}

const END_OF_IMAGE: u8 = 0xd9;

/// Whether a marker is here: not a stuffed zero, and not one of the bytes that may fill the space
/// before a marker.
fn is_marker(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, code, ..] if !matches!(code, 0x00 | 0xff))
}

/// Whether no length follows the marker: a restart, the start of an image, a temporary.
fn is_without_length(code: u8) -> bool {
    matches!(code, 0xd0..=0xd8 | 0x01)
}

/// Whether the image needs a segment: not comments and what applications add, but for Exif, which has
/// the orientation, and Adobe's, which has the kind of colours.
fn is_needed(code: u8, content: &[u8]) -> bool {
    match code {
        0xe1 => content.starts_with(b"Exif"),
        0xe0 | 0xee => true,
        0xe0..=0xef | 0xfe => false,
        _ => true,
    }
}

/// Moves the parts at these places, in ascending order, to the front and drops the rest.
fn keep(bytes: &mut Vec<u8>, places: &[Range<usize>]) {
    let mut kept = 0;
    for place in places {
        bytes.copy_within(place.clone(), kept);
        kept += place.len();
    }
    bytes.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(code: u8, content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u16 + 2).to_be_bytes();
        [&[0xff, code], &length[..], content].concat()
    }

    #[test]
    fn a_jpeg_is_complete_at_its_own_end_and_not_at_that_of_a_preview() {
        let start = [0xff, 0xd8];
        let end = [0xff, 0xd9];
        // A preview within Exif, a comment, and an image with a stuffed zero and a restart.
        let exif = segment(0xe1, &[b"Exif\0\0", &start[..], &end].concat());
        let comment = segment(0xfe, b"a comment \xff\xd9");
        let scan = [&segment(0xda, &[1])[..], &[1, 0xff, 0, 2, 0xff, 0xd0, 3]].concat();
        let cut = [&start[..], &exif, &comment, &scan].concat();
        assert!(!JpegParts::of(&cut).is_complete);
        let whole = [&cut[..], &end, b"more"].concat();
        let parts = JpegParts::of(&whole);
        assert!(parts.is_complete);
        let mut kept = whole.clone();
        parts.keep(&mut kept);
        assert_eq!(kept, [&start[..], &exif, &scan, &end].concat());
        for length in 0..cut.len() {
            assert!(!JpegParts::of(&whole[..length]).is_complete, "{length}");
        }
    }

    #[test]
    fn a_png_keeps_its_pixels_and_not_its_texts() {
        let chunk = |name: &[u8], content: &[u8]| {
            let length = (content.len() as u32).to_be_bytes();
            [&length[..], name, content, &[0; 4]].concat()
        };
        let signature = *b"\x89PNG\r\n\x1a\n";
        let parts = [
            chunk(b"IHDR", &[0; 13]),
            chunk(b"zTXt", &[7; 100]),
            chunk(b"iCCP", &[8; 50]),
            chunk(b"IDAT", &[9; 20]),
            chunk(b"IEND", &[]),
        ];
        let mut png = [&signature[..], &parts.concat()].concat();
        needed_of_png(&mut png);
        let needed = [&parts[0][..], &parts[3], &parts[4]].concat();
        assert_eq!(png, [&signature[..], &needed].concat());
        // Cut within a chunk that is not needed: the cut must not go unseen.
        let mut cut = [&signature[..], &parts[0], &parts[1][..60]].concat();
        let before = cut.clone();
        needed_of_png(&mut cut);
        assert_eq!(cut, before);
    }
}
