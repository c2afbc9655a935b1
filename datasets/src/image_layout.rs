//! Where the class folders of a folder of images are: directly in it, in `train` and `test`, or one
//! folder further down.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::image_kind::is_named_like_an_image;
use crate::part::Part;
use crate::{DatasetError, LayoutError};

/// How many folders may wrap a data set.
const MOST_WRAPPINGS: usize = 3;

/// The folders that have the class folders of each part.
#[derive(Debug)]
pub(crate) struct ImageLayout {
    /// Class folders to learn from. Without `test`, a part of their images is held out.
    pub(crate) training: Option<PathBuf>,
    /// Class folders of the validation set.
    pub(crate) validation: Option<PathBuf>,
    /// Class folders of the test set.
    pub(crate) test: Option<PathBuf>,
    /// What a reader may not expect, in a sentence each.
    pub(crate) notes: Vec<String>,
}

impl ImageLayout {
    /// The layout of `dir`.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Unreadable`] if a folder cannot be listed, [`LayoutError::PartTwice`] if two
    /// folders are the same part.
    pub(crate) fn of(dir: &Path) -> Result<Self, DatasetError> {
        let inner = unwrapped(dir)?;
        let mut notes = vec![];
        if inner != dir {
            notes.push(format!("the images are those of {}", inner.display()));
        }
        let dir = inner;
        let mut parts: [Option<PathBuf>; 3] = [const { None }; 3];
        let folders = folders(&dir)?;
        for folder in &folders {
            let Some(part) = Part::named(&name(folder)) else {
                continue;
            };
            let place = &mut parts[part as usize];
            if let Some(other) = place {
                return Err(LayoutError::PartTwice {
                    names: [name(other), name(folder)],
                    path: dir,
                }
                .into());
            }
            *place = Some(folder.clone());
        }
        let count = parts.iter().flatten().count();
        // A class may be called train. It is the training set next to other parts, or alone.
        let [training, ..] = &parts;
        let is_divided = match training {
            Some(training) => (count > 1 || folders.len() == 1) && has_classes(training)?,
            None => count == folders.len() && count > 0,
        };
        if !is_divided {
            return Ok(Self {
                training: Some(dir),
                validation: None,
                test: None,
                notes,
            });
        }
        let mut with_classes = |folder: Option<PathBuf>| -> Result<Option<PathBuf>, DatasetError> {
            let Some(folder) = folder else {
                return Ok(None);
            };
            if has_classes(&folder)? {
                return unwrapped(&folder).map(Some);
            }
            notes.push(format!(
                "{} has no class folders and is not used",
                folder.display()
            ));
            Ok(None)
        };
        let [training, validation, test] = parts;
        Ok(Self {
            training: with_classes(training)?,
            validation: with_classes(validation)?,
            test: with_classes(test)?,
            notes,
        })
    }
}

/// The folder within that has the data, where `dir` has nothing but a folder of folders, and so on.
fn unwrapped(dir: &Path) -> Result<PathBuf, DatasetError> {
    let mut dir = dir.to_owned();
    for _ in 0..MOST_WRAPPINGS {
        let [inner] = &folders(&dir)?[..] else {
            break;
        };
        // The only class of a set, or the only part, is no wrapping.
        if Part::named(&name(inner)).is_some() && Part::named(&name(&dir)).is_none()
            || has_images(&dir)?
            || folders(inner)?.is_empty()
        {
            break;
        }
        dir.clone_from(inner);
    }
    Ok(dir)
}

/// Whether there are folders in a part of the set.
fn has_classes(dir: &Path) -> Result<bool, DatasetError> {
    Ok(!folders(&unwrapped(dir)?)?.is_empty())
}

/// The folders in `dir`, sorted by name.
pub(crate) fn folders(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut paths = entries(dir)?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

fn has_images(dir: &Path) -> Result<bool, DatasetError> {
    Ok(entries(dir)?
        .iter()
        .any(|path| !path.is_dir() && is_named_like_an_image(path)))
}

/// The last part of a path.
pub(crate) fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What is in a folder, sorted by name, without hidden entries and those that macOS adds to archives.
pub(crate) fn entries(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let unreadable = |cause| DatasetError::Unreadable {
        path: dir.into(),
        cause,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        if !name.as_encoded_bytes().starts_with(b".") && name != "__MACOSX" {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// The names of what is in a folder; those of folders end with a slash.
pub(crate) fn found(dir: &Path) -> Result<Vec<String>, DatasetError> {
    let entries = entries(dir)?.into_iter();
    Ok(entries
        .map(|path| name(&path) + if path.is_dir() { "/" } else { "" })
        .collect())
}
