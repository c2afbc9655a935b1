//! Tables by their names: `mnist_train.csv` and `mnist_test.csv`, Kaggle's `train.csv`, a single table.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use crate::classes::sort_classes;
use crate::csv::{Table, read_table};
use crate::numbers::label;
use crate::part::{Part, words};
use crate::sources::Parts;
use crate::{ArrayError, DatasetError, ImageSet, LayoutError};

/// Words in the names of tables that have no images.
const NO_IMAGES: [&str; 2] = ["submission", "mapping"];

/// Reads the parts of a data set from these tables in `dir`.
pub(crate) fn read(dir: &Path, files: &[PathBuf]) -> Result<Parts, DatasetError> {
    let mut found: [Option<PathBuf>; 3] = [const { None }; 3];
    for file in files {
        let name = file.file_stem().unwrap_or_default();
        let name = name.to_string_lossy();
        if words(&name)
            .iter()
            .any(|word| NO_IMAGES.contains(&&word[..]))
        {
            continue;
        }
        let part = Part::within(&name).unwrap_or(Part::Training);
        let place = &mut found[part as usize];
        if let Some(other) = place {
            let names = [&*other, file].map(|path| {
                let name = path.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            });
            return Err(LayoutError::PartTwice {
                path: dir.into(),
                names,
            }
            .into());
        }
        *place = Some(file.clone());
    }
    let mut parts = Parts::default();
    let mut tables = Vec::new();
    for (index, path) in found.into_iter().enumerate() {
        let Some(path) = path else {
            continue;
        };
        match read_table(open(&path)?, &path) {
            Ok(table) => tables.push((index, path, table)),
            // Kaggle's test set is without labels.
            Err(DatasetError::Array(ArrayError::NoLabels { path, .. })) if index > 0 => {
                let path = path.display();
                parts
                    .notes
                    .push(format!("{path} has no labels and is not used"));
            }
            Err(error) => return Err(error),
        }
    }
    let names = class_names(&tables);
    for (index, path, table) in tables {
        let is_transposed = words(&path.to_string_lossy())
            .iter()
            .any(|word| word == "emnist");
        if is_transposed && parts.notes.is_empty() {
            parts
                .notes
                .push("EMNIST's images transposed, so that they are upright".to_owned());
        }
        if let Some(note) = table
            .note
            .filter(|note| !parts.notes.iter().any(|n| n == note))
        {
            parts.notes.push(note.to_owned());
        }
        let mut set = set_of(table, names.as_deref(), &path)?;
        if is_transposed {
            set = set.transposed();
        }
        parts.sets[index] = Some((set, path));
    }
    parts.class_names = names;
    Ok(parts)
}

/// The names of the classes in order, if the labels are not all numbers.
fn class_names(tables: &[(usize, PathBuf, Table)]) -> Option<Vec<String>> {
    let all = || tables.iter().flat_map(|(_, _, table)| &table.names);
    if all().all(|name| name.parse::<f64>().is_ok()) {
        return None;
    }
    // Those of the training set, if there is one: it is the first.
    let (.., table) = tables.first()?;
    let mut names = table.names.clone();
    sort_classes(&mut names, String::as_str);
    Some(names)
}

/// The set of a table. Labels are numbers, or places among the names.
fn set_of(table: Table, names: Option<&[String]>, path: &Path) -> Result<ImageSet, DatasetError> {
    let label_of = |name: &String, index: usize| match names {
        None => label(name.parse().unwrap_or(f64::NAN), index, path),
        Some(names) => {
            let place = names.iter().position(|known| known == name);
            place
                .map(|place| place as u8)
                .ok_or_else(|| ArrayError::Label {
                    path: path.into(),
                    index,
                    got: format!("\"{}\", which the training set lacks,", name.escape_debug()),
                })
        }
    };
    // Each name is checked once, at the first item that has it.
    let mut known = vec![None; table.names.len()];
    let mut labels = Vec::with_capacity(table.labels.len());
    for (index, place) in table
        .labels
        .iter()
        .map(|&place| usize::from(place))
        .enumerate()
    {
        let label = match known[place] {
            Some(label) => label,
            None => label_of(&table.names[place], index)?,
        };
        known[place] = Some(label);
        labels.push(label);
    }
    ImageSet::new(table.rows, table.columns, table.pixels, labels)
}

/// Opens a table, plain or gzip.
fn open(path: &Path) -> Result<Box<dyn BufRead>, DatasetError> {
    let unreadable = |cause| DatasetError::Unreadable {
        path: path.into(),
        cause,
    };
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let is_gzip = file
        .fill_buf()
        .map_err(unreadable)?
        .starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}
