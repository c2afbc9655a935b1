//! What is done to the images of a data set, and what its classes are called, as `config.json` has it.

use std::fmt;
use std::str::FromStr;

use datasets::{ClassMap, MAX_IMAGE_SIDE, MNIST_SIDE, Treatment};
use serde::{Deserialize, Serialize};

use super::{Settings, SettingsError};
use crate::choice::ImageKind;

/// Columns and rows of an image: `32`, or `40x30`.
///
/// ```
/// use training::ImageSize;
///
/// let size: ImageSize = "40x30".parse()?;
/// assert_eq!((size.columns, size.rows, size.to_string()), (40, 30, "40x30".to_owned()));
/// assert_eq!("32".parse::<ImageSize>()?.to_string(), "32x32");
/// assert!("0x3".parse::<ImageSize>().is_err());
/// # Ok::<(), training::SettingsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageSize {
    /// Columns, from 1 to [`MAX_IMAGE_SIDE`].
    pub columns: usize,
    /// Rows, from 1 to [`MAX_IMAGE_SIDE`].
    pub rows: usize,
}

impl FromStr for ImageSize {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let (columns, rows) = text.split_once('x').unwrap_or((text, text));
        let side = |text: &str| {
            let side = text.parse().ok();
            side.filter(|side| (1..=MAX_IMAGE_SIDE).contains(side))
        };
        match (side(columns), side(rows)) {
            (Some(columns), Some(rows)) => Ok(Self { columns, rows }),
            _ => Err(SettingsError::new(format!(
                "expected a side, as in 32, or columns and rows, as in 40x30, each from 1 to \
                 {MAX_IMAGE_SIDE}"
            ))),
        }
    }
}

impl TryFrom<String> for ImageSize {
    type Error = SettingsError;

    fn try_from(text: String) -> Result<Self, SettingsError> {
        text.parse()
    }
}

impl From<ImageSize> for String {
    fn from(size: ImageSize) -> Self {
        size.to_string()
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.columns, self.rows)
    }
}

/// The treatment that a choice means; none leaves it to the images.
///
/// # Errors
///
/// If a size was chosen without plain images.
pub fn treatment(
    images: Option<ImageKind>,
    size: Option<ImageSize>,
) -> Result<Option<Treatment>, SettingsError> {
    match (images, size) {
        (Some(ImageKind::Plain), size) => Ok(Some(plain(size))),
        (_, Some(_)) => Err(SettingsError::new(
            "--image-size applies to plain images only, since strokes become 28x28; add --images plain",
        )),
        (images, None) => Ok(images.map(|_| Treatment::Strokes)),
    }
}

fn plain(size: Option<ImageSize>) -> Treatment {
    let [rows, columns] = size.map_or([MNIST_SIDE; 2], |size| [size.rows, size.columns]);
    Treatment::Plain { rows, columns }
}

impl Settings {
    /// What is done to images, if it is known.
    pub fn treatment(&self) -> Option<Treatment> {
        self.images.map(|images| match images {
            ImageKind::Strokes => Treatment::Strokes,
            ImageKind::Plain => plain(self.image_size),
        })
    }

    /// Keeps what was done to the images of a folder.
    pub fn set_treatment(&mut self, treatment: Treatment) {
        (self.images, self.image_size) = match treatment {
            Treatment::Strokes => (Some(ImageKind::Strokes), None),
            Treatment::Plain { rows, columns } => {
                (Some(ImageKind::Plain), Some(ImageSize { columns, rows }))
            }
        };
    }

    /// Other spellings of the classes in the data.
    pub fn spellings(&self) -> ClassMap {
        self.class_map.iter().collect()
    }
}
