//! What is done to images, and how much of it.

use thiserror::Error;

/// The largest strength: a rotation by half a right angle.
const MAX_STRENGTH: f32 = 3.0;

/// The smallest and the largest side of an image.
const SIDES: std::ops::RangeInclusive<usize> = 2..=1024;

/// The kind of distortion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Rotation, scaling, shear and shift.
    Affine,
    /// A smooth random displacement of every pixel.
    Elastic,
    /// Both.
    Both,
}

/// What is done to images, and how much of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    kind: Kind,
    image: [usize; 2],
    strength: f32,
    /// Classes that are turned less, with the share of the rotation that they get.
    rotation_of: Vec<(usize, f32)>,
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DistortionError {
    /// Too weak or too strong.
    #[error("a strength of distortion is from 0 to {MAX_STRENGTH}, got {0}")]
    Strength(f32),
    /// No share.
    #[error("a class gets a share of the rotation from 0 to 1, got {share} for class {class}")]
    Rotation {
        /// The class.
        class: usize,
        /// Its share.
        share: f32,
    },
    /// Not an image, or a very large one.
    #[error(
        "images to distort have sides of {} to {} pixels, got {}x{}",
        SIDES.start(), SIDES.end(), .0[1], .0[0]
    )]
    Image([usize; 2]),
}

impl Recipe {
    /// Distortions of this kind at strength 1, for images of a height and width.
    ///
    /// # Errors
    ///
    /// If a side is below 2 or above 1024 pixels.
    pub fn new(kind: Kind, image: [usize; 2]) -> Result<Self, DistortionError> {
        if image.iter().any(|side| !SIDES.contains(side)) {
            return Err(DistortionError::Image(image));
        }
        Ok(Self {
            kind,
            image,
            strength: 1.0,
            rotation_of: vec![],
        })
    }

    /// Everything times `strength`.
    ///
    /// # Errors
    ///
    /// If it is not from 0 to 3.
    pub fn with_strength(mut self, strength: f32) -> Result<Self, DistortionError> {
        if !(0.0..=MAX_STRENGTH).contains(&strength) {
            return Err(DistortionError::Strength(strength));
        }
        self.strength = strength;
        Ok(self)
    }

    /// Turns images of `class` by this share of the rotation that others get.
    ///
    /// # Errors
    ///
    /// If the share is not from 0 to 1.
    pub fn with_rotation_of(mut self, class: usize, share: f32) -> Result<Self, DistortionError> {
        if !(0.0..=1.0).contains(&share) {
            return Err(DistortionError::Rotation { class, share });
        }
        self.rotation_of.push((class, share));
        Ok(self)
    }

    pub(crate) fn image(&self) -> [usize; 2] {
        self.image
    }

    pub(crate) fn is_affine(&self) -> bool {
        matches!(self.kind, Kind::Affine | Kind::Both)
    }

    pub(crate) fn is_elastic(&self) -> bool {
        matches!(self.kind, Kind::Elastic | Kind::Both)
    }

    pub(crate) fn strength(&self) -> f32 {
        self.strength
    }

    /// The share of the rotation that a class gets.
    pub(crate) fn rotation_of(&self, class: Option<usize>) -> f32 {
        let of = |class| self.rotation_of.iter().rev().find(|(of, _)| *of == class);
        class.and_then(of).map_or(1.0, |(_, share)| *share)
    }

    /// Lengths are given for images of 28x28 pixels, and grow with the image.
    pub(crate) fn pixel(&self) -> f32 {
        let [height, width] = self.image;
        (height + width) as f32 / 56.0
    }
}
