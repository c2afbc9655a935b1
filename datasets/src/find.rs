//! Which files of a folder are a data set.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::idx_files::IdxFiles;
use crate::image_kind::{Kind, is_named_like_an_image, kind};
use crate::image_layout::{files, folders};
use crate::sources::Parts;
use crate::{DatasetError, LayoutError, Mnist, array_files, csv_files, image_layout};

/// How many folders may wrap the files.
const MOST_WRAPPINGS: usize = 3;

/// Files of a data set that are not images.
#[derive(Debug)]
pub(crate) enum Source {
    /// In the IDX format.
    Idx(PathBuf, IdxFiles),
    /// Tables.
    Csv(PathBuf, Vec<PathBuf>),
    /// Arrays of NumPy.
    Arrays(PathBuf, Vec<PathBuf>),
}

impl Source {
    /// The files at `path`: a folder, a file, or the start of the names of several files.
    ///
    /// # Errors
    ///
    /// [`DatasetError::DirectoryMissing`] if there is nothing at the path, [`LayoutError::FileUnknown`] if
    /// there is a file that is no data set, or if a folder cannot be read or has several sets.
    pub(crate) fn find(path: &Path) -> Result<Option<Self>, DatasetError> {
        if path.is_dir() {
            return within(path, MOST_WRAPPINGS);
        }
        let missing = || DatasetError::DirectoryMissing { path: path.into() };
        let parent = path.parent().filter(|parent| parent.as_os_str() != "");
        let parent = parent.unwrap_or(Path::new("."));
        let start = path.file_name().ok_or_else(missing)?;
        let start = start.as_encoded_bytes();
        if path.is_file() {
            let found = among(parent, vec![path.into()])?;
            return match found {
                Some(found) => Ok(Some(found)),
                None => Err(not_a_set(path)?),
            };
        }
        if !parent.is_dir() {
            return Err(missing());
        }
        let mut files = files(parent)?;
        files.retain(|file| {
            let name = file.file_name().unwrap_or_default();
            name.as_encoded_bytes().starts_with(start)
        });
        among(parent, files)?.map(Some).ok_or_else(missing)
    }

    /// The name of the format.
    pub(crate) fn form(&self) -> &'static str {
        match self {
            Self::Idx(..) => "idx",
            Self::Csv(..) => "csv",
            Self::Arrays(..) => "numpy",
        }
    }

    /// Reads the files, of MNIST's own only the test set.
    pub(crate) fn read_test(self) -> Result<Parts, DatasetError> {
        match self {
            Self::Idx(dir, files) if files.are_like_mnists() => {
                let test = Mnist::load_test(&dir)?;
                Ok(Parts {
                    sets: [None, None, Some((test, dir.join("t10k-labels")))],
                    ..Parts::default()
                })
            }
            other => other.read(),
        }
    }

    /// Reads the files.
    pub(crate) fn read(self) -> Result<Parts, DatasetError> {
        match self {
            // MNIST's own files keep their own errors.
            Self::Idx(dir, files) if files.are_like_mnists() => {
                let Mnist { train, test } = Mnist::load(&dir)?;
                let labels = |name: &str| dir.join(name);
                Ok(Parts {
                    sets: [
                        Some((train, labels("train-labels"))),
                        None,
                        Some((test, labels("t10k-labels"))),
                    ],
                    ..Parts::default()
                })
            }
            Self::Idx(dir, files) => files.read(&dir)?.agreed(),
            Self::Csv(dir, files) => csv_files::read(&dir, &files)?.agreed(),
            Self::Arrays(dir, files) => array_files::read(&dir, &files)?.agreed(),
        }
    }
}

/// The source in a folder, or in the only one of its folders that has one.
fn within(dir: &Path, wrappings: usize) -> Result<Option<Source>, DatasetError> {
    let files = files(dir)?;
    if let Some(set) = IdxFiles::among(dir, &files)? {
        return Ok(Some(Source::Idx(dir.into(), set)));
    }
    let inner = folders(dir)?;
    // Tables next to images, or to folders of them, describe them.
    let is_image = |path: &PathBuf| is_named_like_an_image(path);
    let mut has_images = files.iter().any(is_image);
    for folder in inner.iter().take(8) {
        has_images |= image_layout::files(folder)?.iter().any(is_image);
    }
    if has_images {
        return Ok(None);
    }
    if let Some(source) = among(dir, files)? {
        return Ok(Some(source));
    }
    if wrappings == 0 || inner.len() > 8 {
        return Ok(None);
    }
    let mut found = Vec::new();
    for folder in inner {
        found.extend(within(&folder, wrappings - 1)?);
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The source among these files of a folder.
fn among(dir: &Path, files: Vec<PathBuf>) -> Result<Option<Source>, DatasetError> {
    if let Some(set) = IdxFiles::among(dir, &files)? {
        return Ok(Some(Source::Idx(dir.into(), set)));
    }
    let with_ending = |endings: &[&str]| -> Vec<PathBuf> {
        let is_one = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let name = name.to_lowercase();
            endings.iter().any(|ending| name.ends_with(ending))
        };
        files.iter().filter(is_one).cloned().collect()
    };
    let arrays = with_ending(&[".npz", ".npy"]);
    if !arrays.is_empty() {
        return Ok(Some(Source::Arrays(dir.into(), arrays)));
    }
    let tables = with_ending(&[".csv", ".csv.gz", ".tsv"]);
    Ok((!tables.is_empty()).then(|| Source::Csv(dir.into(), tables)))
}

/// Bytes of a file that say what it is.
const FIRST_BYTES: u64 = 1 << 10;

/// First bytes of data sets that are not read.
const OTHERS: [(&[u8], &str); 5] = [
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"PAR1", "a Parquet table"),
    (b"MATLAB ", "a MATLAB file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x80", "a Python pickle"),
];

/// The error of a file that is no data set: what it is, and what to do.
fn not_a_set(path: &Path) -> Result<DatasetError, DatasetError> {
    let unreadable = |cause| DatasetError::Unreadable {
        path: path.into(),
        cause,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    let read = file.take(FIRST_BYTES).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    let mut others = OTHERS.iter();
    let other = others.find(|(start, _)| bytes.starts_with(start));
    let (got, remedy) = match (other, kind(&bytes)) {
        (Some((_, name)), _) => (*name, "save its arrays with numpy.savez"),
        (None, Kind::Readable(_)) => (
            "a single image",
            "put it with others into a folder for each class",
        ),
        (None, Kind::Other(name, remedy)) => (name, remedy),
        (None, Kind::Unknown) => ("another kind of file", "convert it"),
    };
    Ok(LayoutError::FileUnknown {
        path: path.into(),
        got,
        remedy,
    }
    .into())
}
