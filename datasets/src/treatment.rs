//! What is done to an image before it becomes the input of a net.

use std::fmt;

use image::{DynamicImage, imageops::FilterType};

use crate::mnist_form::{MNIST_SIDE, grey};

/// The longest side that an image may be resized to.
pub const MAX_IMAGE_SIDE: usize = 1024;

/// What is done to images of any size and colour, so that they become inputs of a net.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Treatment {
    /// Pen strokes on a plain background become 28x28 grey levels as in MNIST: cropped, scaled,
    /// centred, light on dark; see [`Picture::mnist_form`](crate::Picture::mnist_form).
    #[default]
    Strokes,
    /// Photographs and other pictures become grey and are resized, whatever their proportions;
    /// nothing is cropped, centred or inverted. See [`Picture::plain_form`](crate::Picture::plain_form).
    Plain {
        /// Rows that images get, from 1 to [`MAX_IMAGE_SIDE`].
        rows: usize,
        /// Columns that images get, from 1 to [`MAX_IMAGE_SIDE`].
        columns: usize,
    },
}

impl Treatment {
    /// Rows and columns of a treated image.
    pub fn size(self) -> [usize; 2] {
        match self {
            Self::Strokes => [MNIST_SIDE; 2],
            Self::Plain { rows, columns } => [rows, columns],
        }
    }

    /// The name of the treatment, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strokes => "strokes",
            Self::Plain { .. } => "plain",
        }
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [rows, columns] = self.size();
        match self {
            Self::Strokes => f.write_str("strokes: cropped, scaled and centred as in MNIST"),
            Self::Plain { .. } => write!(f, "plain: grey, resized to {columns}x{rows}"),
        }
    }
}

/// Grey levels of an image resized to `rows` and `columns`, row by row, and whether it had that size.
pub(crate) fn resized(image: &DynamicImage, rows: usize, columns: usize) -> (Vec<u8>, bool) {
    let [width, height] = [columns, rows].map(|side| side as u32);
    let levels = grey(image);
    let had_size = levels.dimensions() == (width, height);
    let levels = if had_size {
        levels
    } else {
        image::imageops::resize(&levels, width, height, FilterType::Triangle)
    };
    let byte = |level: &f32| (255.0 * level).round().clamp(0.0, 255.0) as u8;
    (levels.as_raw().iter().map(byte).collect(), had_size)
}
