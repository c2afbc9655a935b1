#![doc = include_str!("../README.md")]
//!
//! # Items
//!
//! - [`Mnist`] loads a folder of four files in the IDX format of MNIST, plain or gzip.
//!   [`bundled_mnist_dir`] is the folder that comes with this package.
//! - [`ImageSet`] is labelled grey-scale images as one contiguous array of bytes `[n, rows *
//!   columns]`. It implements [`burn_dataset::Dataset`] of [`ImageItem`]s, and splits into training
//!   and validation by seed.
//! - [`shuffled_indices`] is the order of the items for a seed and an epoch, the same on every
//!   machine.
//! - With the feature `images`, `Picture` converts an image of any size and colour to MNIST's format,
//!   and `DataFolder` loads a folder of such images, or one of the first kind.
//! - [`xor`] is the truth table of the exclusive or.

#[cfg(feature = "images")]
mod appearance;
mod array_error;
#[cfg(feature = "images")]
mod array_files;
#[cfg(feature = "images")]
mod classes;
#[cfg(feature = "images")]
mod csv;
#[cfg(feature = "images")]
mod csv_files;
#[cfg(feature = "images")]
mod data_folder;
#[cfg(feature = "images")]
mod data_in_file;
#[cfg(feature = "images")]
mod decode;
#[cfg(feature = "images")]
mod distortion;
mod doubt;
mod doubts;
mod error;
#[cfg(feature = "images")]
mod figure;
#[cfg(feature = "images")]
mod find;
mod folder_error;
#[cfg(feature = "images")]
mod hold_out;
pub mod idx;
#[cfg(feature = "images")]
mod idx_files;
#[cfg(feature = "images")]
mod image_folder;
#[cfg(feature = "images")]
mod image_kind;
#[cfg(feature = "images")]
mod image_layout;
#[cfg(feature = "images")]
mod image_limits;
#[cfg(feature = "images")]
mod image_parts;
mod image_set;
mod in_file;
mod in_file_error;
mod inspection;
mod layout_error;
#[cfg(feature = "images")]
mod loading;
mod mnist;
#[cfg(feature = "images")]
mod mnist_form;
#[cfg(feature = "images")]
mod npy;
mod numbers;
#[cfg(feature = "images")]
mod part;
#[cfg(feature = "images")]
mod picture;
#[cfg(feature = "images")]
mod picture_doubt;
mod pixels;
#[cfg(feature = "images")]
mod reading;
#[cfg(feature = "images")]
mod shapes;
mod shuffle;
#[cfg(feature = "images")]
mod sources;
#[cfg(feature = "images")]
mod tiff;
#[cfg(feature = "images")]
mod treatment;
mod two_threads;
pub mod xor;
#[cfg(feature = "images")]
mod zip;

#[cfg(feature = "images")]
pub use appearance::Appearance;
pub use array_error::ArrayError;
#[cfg(feature = "images")]
pub use classes::{ClassMap, label_of_class};
#[cfg(feature = "images")]
pub use data_in_file::DataInFile;
#[cfg(feature = "images")]
pub use distortion::distorted;
pub use doubt::Doubt;
pub use doubts::{doubts, doubts_of_test};
pub use error::DatasetError;
pub use folder_error::FolderError;
#[cfg(feature = "images")]
pub use hold_out::HELD_OUT_FRACTION;
#[cfg(feature = "images")]
pub use image_folder::image_files_in;
#[cfg(feature = "images")]
pub use image_kind::is_named_like_an_image;
#[cfg(feature = "images")]
pub use image_limits::{MAX_IMAGE_MEMORY, MAX_IMAGE_PIXELS};
pub use image_set::{DEFAULT_VALIDATION_FRACTION, ImageItem, ImageSet};
pub use in_file::{InFile, Pixels, SAMPLE};
pub use in_file_error::InFileError;
pub use inspection::{Duplicate, PixelStatistics};
pub use layout_error::LayoutError;
#[cfg(feature = "images")]
pub use loading::{DataFolder, ImageFolder, Loading, TestRowsOf, TestSet};
pub use mnist::{Mnist, bundled_mnist_dir};
#[cfg(feature = "images")]
pub use mnist_form::{MNIST_SIDE, MnistForm};
#[cfg(feature = "images")]
pub use picture::{MAX_IMAGE_FILE_BYTES, Picture};
#[cfg(feature = "images")]
pub use picture_doubt::PictureDoubt;
pub use pixels::append_scaled;
#[cfg(feature = "images")]
pub use reading::Reading;
#[cfg(feature = "images")]
pub use shapes::ClassShapes;
pub use shuffle::{SPLIT_STREAM, shuffled_indices};
#[cfg(feature = "images")]
pub use treatment::{MAX_IMAGE_SIDE, Treatment};
