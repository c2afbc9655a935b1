//! The data the nets of the lecture learn from, and the code that reads it.
//!
//! - [`Mnist`] loads a folder of four files in the IDX format of MNIST, plain or gzip;
//!   [`bundled_mnist_dir`] is the
//!   folder that comes with this package, and any other of the same form does as well.
//! - [`ImageSet`] holds labelled grey-scale images as one contiguous array of bytes `[n, rows *
//!   columns]`. It is a
//!   [`burn_dataset::Dataset`] of [`ImageItem`]s too, and splits into training and validation by
//!   seed.
//! - [`shuffled_indices`] is the order of the items for a seed and an epoch, the same on every
//!   machine.
//! - [`xor`] is the truth table of the exclusive or.
//!
//! Pixels stay bytes (0 is background, 255 is ink): scaling them is left to whoever puts them on a
//! device.
//!
//! ```
//! use datasets::{DEFAULT_VALIDATION_FRACTION, Mnist, bundled_mnist_dir};
//!
//! let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
//! let (training, validation) = train.split(DEFAULT_VALIDATION_FRACTION, 42)?;
//! assert_eq!((training.len(), validation.len(), test.len()), (55_000, 5_000, 10_000));
//! assert_eq!((training.image_size(), training.class_count()), (784, 10));
//! # Ok::<(), datasets::DatasetError>(())
//! ```

mod error;
pub mod idx;
mod image_set;
mod mnist;
mod shuffle;
pub mod xor;

pub use error::DatasetError;
pub use image_set::{DEFAULT_VALIDATION_FRACTION, ImageItem, ImageSet};
pub use mnist::{Mnist, bundled_mnist_dir};
pub use shuffle::{SPLIT_STREAM, shuffled_indices};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
