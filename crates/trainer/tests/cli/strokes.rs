//! Folders of images to learn from: upright strokes, `bar`, and flat ones, `dash`.

use std::fs;
use std::path::Path;

/// Writes a folder of images with the classes `bar` and `dash`, `count` of each, of many sizes and
/// both polarities.
pub(crate) fn write_class_folders(folder: &Path, count: usize) {
    for class in ["bar", "dash"] {
        let folder = folder.join(class);
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        for i in 0..count {
            let levels = if i % 2 == 0 { [0, 255] } else { [250, 30] };
            let size = 30 + 7 * u32::try_from(i).expect("few images");
            write_stroke(&folder.join(format!("{i:03}.png")), class, size, levels);
        }
    }
}

/// Writes a square image with an upright (`bar`) or a flat stroke (`dash`); `levels` are those of
/// ink and paper. The format is that of the name.
pub(crate) fn write_stroke(path: &Path, class: &str, size: u32, levels: [u8; 2]) {
    let stroke = |along: u32, across: u32| {
        (size / 8..7 * size / 8).contains(&along) && (2 * size / 5..size / 2).contains(&across)
    };
    let image = image::GrayImage::from_fn(size, size, |x, y| {
        let is_ink = match class {
            "bar" => stroke(y, x),
            _ => stroke(x, y),
        };
        image::Luma([levels[usize::from(!is_ink)]])
    });
    image
        .save(path)
        .expect("the temporary folder can be written");
}
