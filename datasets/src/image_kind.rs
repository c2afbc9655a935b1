//! What a file is, by its name and by its first bytes: an image that can be read, or something else with a name and a
//! way out.

use std::{ffi::OsStr, path::Path};

use image::ImageFormat;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An image in a format that can be read.
    Readable(ImageFormat),
    /// Something known that cannot be read: what it is, and what to do.
    Other(&'static str, &'static str),
    /// Nothing known.
    Unknown,
}

const TO_PNG: &str =
    "convert it to PNG or JPEG, for example with ImageMagick (magick FILE FILE.png)";
const PHONE: &str = "convert it to PNG or JPEG, for example with ImageMagick (magick FILE FILE.png), \
                     or set the phone's camera to the most compatible format";
const EXPORT: &str = "export the page or drawing as PNG";
const DOWNLOAD: &str = "download the image itself instead of the page about it";
const UNPACK: &str = "unpack it, and use the images inside";
const FRAME: &str = "save one frame of it as PNG";

/// First bytes of files that cannot be read.
const OTHERS: [(&[u8], &str, &str); 21] = [
    (b"%PDF", "a PDF document", EXPORT),
    (b"%!PS", "a PostScript document", EXPORT),
    (b"8BPS", "a Photoshop image", TO_PNG),
    (b"gimp xcf", "a GIMP image", TO_PNG),
    (b"\xff\x0a", "a JPEG XL image", TO_PNG),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", TO_PNG),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image", TO_PNG),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image", TO_PNG),
    (b"\0\0\x01\0", "an icon (ICO)", TO_PNG),
    (b"v/1\x01", "an OpenEXR image", TO_PNG),
    (b"#?RADIANCE", "a Radiance HDR image", TO_PNG),
    (b"DDS ", "a DirectDraw texture", TO_PNG),
    (b"qoif", "a QOI image", TO_PNG),
    (b"farbfeld", "a farbfeld image", TO_PNG),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
    (b"\x1f\x8b", "a gzip file", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video", FRAME),
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the file itself",
        "fetch it with git lfs pull",
    ),
    (
        b"II\x55\0",
        "a camera's raw image",
        "develop it, and save it as PNG or JPEG",
    ),
];

/// The kind of a file that starts with these bytes.
pub(crate) fn kind(bytes: &[u8]) -> Kind {
    if let Some(other) = container(bytes).or_else(|| markup(bytes)) {
        return other;
    }
    match image::guess_format(bytes) {
        Ok(
            format @ (ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::Bmp
            | ImageFormat::Gif
            | ImageFormat::WebP
            | ImageFormat::Tiff
            | ImageFormat::Pnm),
        ) => Kind::Readable(format),
        _ => {
            let mut others = OTHERS.iter();
            let known = others.find(|(start, ..)| bytes.starts_with(start));
            known.map_or(Kind::Unknown, |&(_, name, remedy)| {
                Kind::Other(name, remedy)
            })
        }
    }
}

/// A file in the container of MPEG-4, by its brand.
fn container(bytes: &[u8]) -> Option<Kind> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    let brands = [bytes.get(8..12)?, bytes.get(16..20).unwrap_or_default()];
    let is_any = |known: &[&[u8]]| brands.iter().any(|brand| known.contains(brand));
    let heic: [&[u8]; 8] = [
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1",
    ];
    Some(if is_any(&[b"avif", b"avis"]) {
        Kind::Other("an AVIF image", TO_PNG)
    } else if is_any(&heic) {
        Kind::Other("a HEIC photograph", PHONE)
    } else if is_any(&[b"crx "]) {
        Kind::Other(
            "a camera's raw image",
            "develop it, and save it as PNG or JPEG",
        )
    } else {
        Kind::Other("a video", FRAME)
    })
}

/// A text in HTML or SVG.
fn markup(bytes: &[u8]) -> Option<Kind> {
    let start = &bytes[..bytes.len().min(1024)];
    let text = String::from_utf8_lossy(start).to_lowercase();
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        Some(Kind::Other("a web page", DOWNLOAD))
    } else if text.starts_with('<') && text.contains("<svg") {
        Some(Kind::Other("an SVG drawing", EXPORT))
    } else {
        None
    }
}

/// Extensions of image files, in lower case.
const ENDINGS: [&str; 13] = [
    "png", "jpg", "jpeg", "jpe", "gif", "webp", "tif", "tiff", "bmp", "pnm", "pbm", "pgm", "ppm",
];

/// Extensions of images that cannot be read, in lower case. Such a file is not passed over: it gives
/// an error that says what it is and what to do.
const OTHER_ENDINGS: [&str; 10] = [
    "heic", "heif", "avif", "jxl", "jp2", "psd", "svg", "cr2", "nef", "dng",
];

/// Whether a file has the extension of an image, in upper or lower case: `.png`, `.jpg`, `.gif`,
/// `.webp`, `.tif`, `.bmp`, `.pgm` and their relatives, or one that cannot be read, such as `.heic`.
///
/// ```
/// assert!(datasets::is_named_like_an_image("a/3.PNG".as_ref()));
/// assert!(!datasets::is_named_like_an_image("a/notes.txt".as_ref()));
/// ```
pub fn is_named_like_an_image(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| {
        let ending = ending.to_ascii_lowercase();
        ENDINGS.contains(&&ending[..]) || OTHER_ENDINGS.contains(&&ending[..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_named_for_what_they_are() {
        for (start, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0mif1"[..], "a HEIC photograph"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0heic", "a HEIC photograph"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0avif", "an AVIF image"),
            (b"\0\0\0\x18ftypisom\0\0\x02\0isom", "a video"),
            (b"%PDF-1.7\n", "a PDF document"),
            (
                b"<?xml version=\"1.0\"?>\n<svg xmlns=\"...\">",
                "an SVG drawing",
            ),
            (b"\n<!DOCTYPE html><title>404</title>", "a web page"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "a Git LFS pointer, not the file itself",
            ),
            (b"qoif\0\0", "a QOI image"),
            (b"\0\0\x01\0\x01\0", "an icon (ICO)"),
        ] {
            let is_it = matches!(kind(start), Kind::Other(other, _) if other == name);
            assert!(is_it, "{name}: {:?}", kind(start));
        }
        assert_eq!(kind(b"hello"), Kind::Unknown);
        assert_eq!(kind(b""), Kind::Unknown);
        assert_eq!(kind(b"P5\n2 2\n255\n"), Kind::Readable(ImageFormat::Pnm));
        assert_eq!(kind(b"II*\0\x08\0"), Kind::Readable(ImageFormat::Tiff));
    }
}
