//! The bundled data, the reader of IDX files, folders of images, and the split.

mod arbitrary_bytes;
mod bundled;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "images")]
mod digit_rows;
mod faults;
#[cfg(feature = "images")]
mod file_formats;
mod folder;
#[cfg(feature = "images")]
mod folder_layouts;
#[cfg(feature = "images")]
mod image_files;
mod layouts;
#[cfg(feature = "images")]
mod own_classes;
#[cfg(feature = "images")]
mod pictures;
mod readings;
mod split;
