//! Why a picture is probably not one digit.

use std::fmt;

/// What makes it doubtful that a picture shows one digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureDoubt {
    /// The figure reaches the edge of the picture, so a part may be missing.
    TouchesEdge,
    /// A block that is filled rather than drawn with strokes.
    SolidBlock,
    /// More than one figure, and how many.
    SeveralFigures(usize),
    /// The figure has few pixels: its longer side.
    FewPixels(u32),
    /// The ink hardly differs from its background.
    LittleContrast,
    /// The background changes more than the ink differs from it.
    UnevenBackground,
    /// A 28x28 image whose content lies elsewhere than in MNIST's images.
    NotCentred,
}

impl fmt::Display for PictureDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TouchesEdge => f.write_str("the figure touches the edge"),
            Self::SolidBlock => f.write_str("a solid block, not strokes"),
            Self::SeveralFigures(count) => write!(f, "{count} figures"),
            Self::FewPixels(side) => write!(f, "the figure is only {side} pixels long"),
            Self::LittleContrast => f.write_str("hardly any contrast"),
            Self::UnevenBackground => f.write_str("the background is as uneven as the figure"),
            Self::NotCentred => f.write_str("28x28 pixels, but not centred as in MNIST"),
        }
    }
}
