//! Folders that are named after classes: which images they have, and how many a net tells correctly.

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{DatasetError, FolderError};
use pages::numbers::percent;
use pages::page::Table;
use run_folder::NetData;
use serde::Serialize;

use crate::console::Shown;

/// The folders in `dir` that are named after classes, with their labels and in the order of these; empty
/// if there are no folders.
///
/// # Errors
///
/// [`FolderError::ClassesUnknown`] if some are not, or the folder cannot be listed.
pub(super) fn class_folders(
    dir: &Path,
    known: &NetData,
) -> Result<Vec<(usize, PathBuf)>, DatasetError> {
    let unreadable = |cause| DatasetError::Unreadable {
        path: dir.into(),
        cause,
    };
    let mut folders = Vec::new();
    let mut unknown = Vec::new();
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || !path.is_dir() {
            continue;
        }
        names.push(name.clone().into_owned());
        match known.label_of(&name) {
            Some(label) => folders.push((label, path)),
            None => unknown.push(known.described(&name)),
        }
    }
    if !unknown.is_empty() {
        unknown.sort_unstable();
        names.sort_unstable();
        return Err(FolderError::ClassesUnknown {
            path: dir.into(),
            unknown,
            got: names,
            expected: known.class_names().to_vec(),
        }
        .into());
    }
    folders.sort_unstable();
    Ok(folders)
}

/// The label of the class that a folder is named after, if it is.
pub(super) fn class_of(dir: &Path, known: &NetData) -> Option<usize> {
    let real = fs::canonicalize(dir).ok()?;
    known.label_of(&real.file_name()?.to_string_lossy())
}

/// How many images of each folder that is named after a class are told correctly.
#[derive(Debug, Default, Serialize)]
pub(super) struct FolderAccuracy {
    event: FolderAccuracyName,
    folders: Vec<FolderLine>,
    images: usize,
    correct: usize,
    accuracy: f64,
}

/// The name of the event.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FolderAccuracyName {
    #[default]
    FolderAccuracy,
}

/// One folder.
#[derive(Debug, Serialize)]
struct FolderLine {
    folder: String,
    class: String,
    images: usize,
    correct: usize,
    accuracy: f64,
}

impl FolderAccuracy {
    /// Whether no image was in such a folder.
    pub(super) fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// Counts an image in the folder of a class.
    pub(super) fn count(&mut self, folder: &Path, class: &str, is_correct: bool) {
        let folder = folder.display().to_string();
        let known = self.folders.iter().position(|line| line.folder == folder);
        let index = known.unwrap_or_else(|| {
            self.folders.push(FolderLine {
                folder,
                class: class.to_owned(),
                images: 0,
                correct: 0,
                accuracy: 0.0,
            });
            self.folders.len() - 1
        });
        let line = &mut self.folders[index];
        for (images, correct, accuracy) in [
            (&mut line.images, &mut line.correct, &mut line.accuracy),
            (&mut self.images, &mut self.correct, &mut self.accuracy),
        ] {
            *images += 1;
            *correct += usize::from(is_correct);
            *accuracy = *correct as f64 / *images as f64;
        }
    }
}

impl Shown for FolderAccuracy {
    fn to_text(&self) -> String {
        let mut table = Table::new(["folder", "class", "images", "correct", "accuracy"]);
        for line in &self.folders {
            table.push([
                line.folder.clone(),
                line.class.clone(),
                line.images.to_string(),
                line.correct.to_string(),
                percent(line.accuracy),
            ]);
        }
        table.push([
            "all".to_owned(),
            String::new(),
            self.images.to_string(),
            self.correct.to_string(),
            percent(self.accuracy),
        ]);
        format!("\n{}", table.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_counted_by_folder_and_in_all() {
        let mut accuracy = FolderAccuracy::default();
        assert!(accuracy.is_empty());
        for (folder, is_correct) in [("a/3", true), ("a/7", false), ("a/3", true), ("b/3", true)] {
            let folder = Path::new(folder);
            let class = &folder.display().to_string()[2..];
            accuracy.count(folder, class, is_correct);
        }
        let lines = accuracy.folders.iter();
        let lines: Vec<_> = lines
            .map(|line| (line.images, line.correct, line.accuracy))
            .collect();
        assert_eq!(lines, [(2, 2, 1.0), (1, 0, 0.0), (1, 1, 1.0)]);
        assert_eq!(
            (accuracy.images, accuracy.correct, accuracy.accuracy),
            (4, 3, 0.75)
        );
        let text = accuracy.to_text();
        assert!(text.contains("75.00 %") || text.contains("75 %"), "{text}");
    }
}
