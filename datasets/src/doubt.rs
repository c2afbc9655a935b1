//! What may be a mistake in data, in words.

use std::fmt;

/// The names of the sets.
pub(crate) const TRAINING: &str = "training";
pub(crate) const TEST: &str = "test";

/// Classes that are named one by one.
const NAMED_CLASSES: usize = 10;

/// Something about data that is probably a mistake.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Doubt {
    /// All images of a set have the same class.
    OneClass {
        /// "training" or "test".
        set: &'static str,
        /// Its name.
        class: String,
    },
    /// Classes without training images, below the largest label.
    ClassesWithoutImages {
        /// Their names.
        classes: Vec<String>,
        /// Whether these are the first classes, so that labels seem not to be counted from 0.
        are_first: bool,
    },
    /// Classes that a net learns or knows and that have no test images.
    ClassesNotTested {
        /// Their names.
        classes: Vec<String>,
    },
    /// A class with nearly all images of a set.
    DominantClass {
        /// "training" or "test".
        set: &'static str,
        /// Its name.
        class: String,
        /// Its share, from 0 to 1.
        share: f64,
    },
    /// No pixel of a set uses more than a small part of a byte's range.
    DimPixels {
        /// "training" or "test".
        set: &'static str,
        /// The largest grey level.
        most: u8,
    },
    /// The images of a set have dark ink on a light background, unlike MNIST's.
    Inverted {
        /// "training" or "test".
        set: &'static str,
        /// The share of images with a light border.
        share: f64,
    },
    /// All images of a set, or all of a class in it, have the same pixels.
    Alike {
        /// "training" or "test".
        set: &'static str,
        /// The class, or none for all.
        class: Option<String>,
        /// Number of images.
        images: usize,
    },
    /// Images have only one grey level.
    Blank {
        /// "training" or "test".
        set: &'static str,
        /// How many.
        images: usize,
        /// Of how many.
        of: usize,
    },
    /// Images are in the training set and in another one.
    InBoth {
        /// "test" or "validation".
        set: &'static str,
        /// How many.
        images: usize,
        /// Of how many.
        of: usize,
        /// How many of them have another class in the training set.
        of_another_class: usize,
    },
    /// Many training images have the pixels of another one with another class.
    Contradictions {
        /// How many.
        images: usize,
        /// Of how many.
        of: usize,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneClass { set, class } => {
                write!(f, "all {set} images are of class {class}: ")?;
                f.write_str(if *set == TRAINING {
                    "a net can learn nothing from them"
                } else {
                    "nothing is known about the others"
                })
            }
            Self::ClassesWithoutImages { classes, are_first } => {
                let plural = if classes.len() == 1 {
                    "class"
                } else {
                    "classes"
                };
                write!(f, "{plural} {} without training images", listed(classes))?;
                f.write_str(if *are_first {
                    ": labels should be counted from 0"
                } else {
                    ": labels skip values"
                })
            }
            Self::ClassesNotTested { classes } => {
                let plural = if classes.len() == 1 {
                    "class"
                } else {
                    "classes"
                };
                write!(f, "{plural} {} without test images", listed(classes))
            }
            Self::DominantClass { set, class, share } => write!(
                f,
                "class {class} has {:.1} % of the {set} images: accuracy says little",
                100.0 * share
            ),
            Self::DimPixels { set, most } => write!(
                f,
                "{set} pixels span 0 to {most} of 255: scale them to the whole range"
            ),
            Self::Inverted { set, share } => write!(
                f,
                "{:.0} % of the {set} images have a light background: MNIST's is dark; invert them if \
                 they are pen strokes",
                100.0 * share
            ),
            Self::Alike { set, class, images } => {
                write!(f, "all {images} {set} images ")?;
                if let Some(class) = class {
                    write!(f, "of class {class} ")?;
                }
                f.write_str("are alike, pixel for pixel")
            }
            Self::Blank { set, images, of } => {
                write!(f, "{images} of {of} {set} images have only one grey level")
            }
            Self::InBoth {
                set,
                images,
                of,
                of_another_class,
            } => {
                write!(
                    f,
                    "{images} of {of} {set} images are in the training set as well, pixel for pixel"
                )?;
                match of_another_class {
                    0 => Ok(()),
                    other => write!(f, ", {other} of them with another class"),
                }
            }
            Self::Contradictions { images, of } => write!(
                f,
                "{images} of {of} training images have the pixels of an earlier one and another class"
            ),
        }
    }
}

/// Names in one line, the first of many.
fn listed(names: &[String]) -> String {
    let rest = names.len().saturating_sub(NAMED_CLASSES);
    let shown = names[..names.len() - rest].join(", ");
    match rest {
        0 => shown,
        rest => format!("{shown} and {rest} more"),
    }
}
