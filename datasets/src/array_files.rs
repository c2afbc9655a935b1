//! Arrays by their names: those of `.npz` archives, and `.npy` files next to each other.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use crate::npy::{self, Array};
use crate::part::{Part, words};
use crate::sources::{Parts, check_count};
use crate::zip::{self, Content, Entry, ZipError};
use crate::{ArrayError, DatasetError, ImageSet, LayoutError};

/// Words that name images and labels.
const IMAGES: [&str; 8] = [
    "images", "image", "imgs", "img", "x", "data", "features", "pixels",
];
const LABELS: [&str; 6] = ["labels", "label", "y", "targets", "target", "classes"];

/// The name of the only array that was saved without one.
const UNNAMED: &str = "arr_0";

/// An array: a file, or an entry of an archive.
struct Place {
    name: String,
    path: PathBuf,
    entry: Option<Entry>,
}

impl Place {
    /// The path in errors: an array is named like a file in its archive.
    fn array(&self) -> PathBuf {
        match &self.entry {
            Some(entry) => self.path.join(&entry.name),
            None => self.path.clone(),
        }
    }
}

/// What the name of an array says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Role {
    part: Option<Part>,
    is_images: bool,
}

impl Role {
    fn of(name: &str) -> Option<Self> {
        let mut words = words(name);
        // As in xtrain.
        if let Some(word) = words
            .iter()
            .find(|word| word.starts_with(['x', 'y']))
            .cloned()
            && Part::named(&word[1..]).is_some()
        {
            words.push(word[..1].to_owned());
            words.push(word[1..].to_owned());
        }
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&&word[..]));
        let is_images = match (has(&IMAGES), has(&LABELS)) {
            (true, false) => true,
            (false, true) => false,
            _ => return None,
        };
        Some(Self {
            part: Part::within(&words.join(" ")),
            is_images,
        })
    }
}

/// Reads the parts of a data set from these files in `dir`, archives and arrays.
pub(crate) fn read(dir: &Path, files: &[PathBuf]) -> Result<Parts, DatasetError> {
    let mut places = Vec::new();
    for file in files {
        places.extend(places_in(file)?);
    }
    let mut found: [[Option<Place>; 2]; 3] = [const { [const { None }; 2] }; 3];
    let mut names = Vec::new();
    for place in places {
        names.push(place.name.clone());
        let Some(role) = Role::of(&place.name) else {
            continue;
        };
        let part = role.part.unwrap_or(Part::Training);
        let slot = &mut found[part as usize][usize::from(!role.is_images)];
        if let Some(other) = slot {
            return Err(LayoutError::PartTwice {
                path: dir.into(),
                names: [shown(other), shown(&place)],
            }
            .into());
        }
        *slot = Some(place);
    }
    let mut parts = Parts::default();
    for (slot, place) in parts.sets.iter_mut().zip(found) {
        let [Some(images), Some(labels)] = place else {
            continue;
        };
        let (set, notes) = set_of(&images, &labels)?;
        *slot = Some((set, labels.path));
        for note in notes {
            let note = note.to_owned();
            if !parts.notes.contains(&note) {
                parts.notes.push(note);
            }
        }
    }
    if parts.sets.iter().all(Option::is_none) {
        return Err(ArrayError::ArrayNames {
            path: if let [file] = files { file } else { dir }.into(),
            found: names,
        }
        .into());
    }
    Ok(parts)
}

/// The file, and the array in it.
fn shown(place: &Place) -> String {
    let file = place.path.file_name().unwrap_or_default();
    let file = file.to_string_lossy();
    match &place.entry {
        Some(entry) => format!("{} in {file}", entry.name),
        None => file.into_owned(),
    }
}

/// The arrays in a file.
fn places_in(path: &Path) -> Result<Vec<Place>, DatasetError> {
    let stem = path.file_stem().unwrap_or_default();
    let stem = stem.to_string_lossy().into_owned();
    if path
        .extension()
        .is_none_or(|ending| !ending.eq_ignore_ascii_case("npz"))
    {
        return Ok(vec![Place {
            name: stem,
            path: path.into(),
            entry: None,
        }]);
    }
    let entries = zip::entries(&mut open(path)?).map_err(|error| fault(error, path))?;
    let places = entries.into_iter().map(|entry| {
        let name = entry.name.strip_suffix(".npy").unwrap_or(&entry.name);
        Place {
            name: if name == UNNAMED { &stem } else { name }.to_owned(),
            path: path.into(),
            entry: Some(entry),
        }
    });
    Ok(places.collect())
}

fn set_of(images: &Place, labels: &Place) -> Result<(ImageSet, Vec<&'static str>), DatasetError> {
    let npy::Images {
        rows,
        columns,
        pixels,
        notes,
    } = with_array(images, |array| array.images())?;
    let classes = with_array(labels, |array| array.labels())?;
    let count = pixels.len() / (rows * columns);
    let [from, to] = [images, labels].map(Place::array);
    check_count([&from, &to], [count, classes.len()])?;
    Ok((ImageSet::new(rows, columns, pixels, classes)?, notes))
}

/// Reads an array.
fn with_array<T>(
    place: &Place,
    read: impl FnOnce(Array<'_, Box<dyn Read + '_>>) -> Result<T, DatasetError>,
) -> Result<T, DatasetError> {
    let mut file = open(&place.path)?;
    let Some(entry) = &place.entry else {
        let input: Box<dyn Read> = Box::new(BufReader::new(file));
        return read(Array::open(input, &place.path)?);
    };
    let path = place.array();
    let content = Content::of(entry, &mut file).map_err(|error| fault(error, &path))?;
    let input: Box<dyn Read + '_> = Box::new(content);
    let result = Array::open(input, &path).and_then(read);
    result.map_err(|error| match error {
        DatasetError::Unreadable { path, cause } => fault(cause.into(), &path),
        error => error,
    })
}

fn open(path: &Path) -> Result<File, DatasetError> {
    File::open(path).map_err(|cause| DatasetError::Unreadable {
        path: path.into(),
        cause,
    })
}

/// The error of the data set for an error of an archive.
fn fault(error: ZipError, path: &Path) -> DatasetError {
    match error {
        ZipError::Fault(got) => ArrayError::Archive {
            path: path.into(),
            got: got.to_owned(),
        }
        .into(),
        ZipError::Io(cause) => DatasetError::Unreadable {
            path: path.into(),
            cause,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_arrays_say_what_they_are() {
        let role = |part, is_images| Some(Role { part, is_images });
        let train = Some(Part::Training);
        for (name, expected) in [
            ("x_train", role(train, true)),
            ("y_test", role(Some(Part::Test), false)),
            ("train_images", role(train, true)),
            ("val_labels", role(Some(Part::Validation), false)),
            ("kmnist-train-imgs", role(train, true)),
            ("xtrain", role(train, true)),
            ("Ytest", role(Some(Part::Test), false)),
            ("X", role(None, true)),
            ("target", role(None, false)),
            ("mean", None),
            ("train", None),
        ] {
            assert_eq!(Role::of(name), expected, "{name}");
        }
    }
}
