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

/// Endings of tables, in lower case.
const TABLES: [&str; 4] = ["csv", "tsv", "xlsx", "json"];

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
    /// folders are the same part, [`LayoutError::LabelsInTable`] or [`DatasetError::NoClasses`] if the
    /// images are not in class folders.
    pub(crate) fn of(dir: &Path) -> Result<Self, DatasetError> {
        let inner = unwrapped(dir)?;
        let mut notes = vec![];
        if inner != dir {
            notes.push(format!("the images are those of {}", inner.display()));
        }
        let tables = tables_around(dir, &inner)?;
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
        if let ([only], [table, ..]) = (&folders[..], &tables[..])
            && Part::named(&name(only)).is_none()
        {
            return Err(LayoutError::LabelsInTable {
                path: only.clone(),
                table: table.clone(),
            }
            .into());
        }
        let unread = |table: &PathBuf| {
            format!(
                "{} is not read: the classes are the names of folders",
                table.display()
            )
        };
        notes.extend(tables.iter().map(unread));
        // A class may be called train. It is the training set next to other parts, or alone.
        let [training, ..] = &parts;
        if let (Some(training), true) = (training, count > 1 && count == folders.len())
            && !has_classes(training)?
        {
            return Err(match tables.first() {
                Some(table) => LayoutError::LabelsInTable {
                    path: training.clone(),
                    table: table.clone(),
                }
                .into(),
                None => DatasetError::NoClasses {
                    path: training.clone(),
                },
            });
        }
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
        for folder in folders.iter().filter(|f| Part::named(&name(f)).is_none()) {
            notes.push(format!(
                "{} is not used: its name stands for no part of the set, such as train, val or test",
                folder.display()
            ));
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
    Ok(files(dir)?.iter().any(|path| is_named_like_an_image(path)))
}

/// Tables next to the class folders in `inner`, and in the folder that wraps it.
fn tables_around(dir: &Path, inner: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut tables = files(dir)?;
    if inner != dir {
        tables.extend(files(inner)?);
    }
    tables.retain(|path| {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        TABLES.contains(&&ending.to_lowercase()[..])
    });
    Ok(tables)
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

/// The files in `dir`, sorted by name: no named pipes or devices, from which nothing may ever come.
/// A link to nothing counts, since it will be missed.
pub(crate) fn files(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut paths = entries(dir)?;
    paths.retain(|path| fs::metadata(path).map_or(true, |found| found.is_file()));
    Ok(paths)
}

/// The names of what is in a folder; those of folders end with a slash.
pub(crate) fn found(dir: &Path) -> Result<Vec<String>, DatasetError> {
    let entries = entries(dir)?.into_iter();
    Ok(entries
        .map(|path| name(&path) + if path.is_dir() { "/" } else { "" })
        .collect())
}
