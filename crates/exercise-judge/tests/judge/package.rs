//! A student's package for tests.

use std::fs;
use std::path::Path;
use std::time::Duration;

use burn::tensor::Device;
use exercise_judge::{Diagnosis, Folder, Limits, Verdict, check, exercise, export};
use tempfile::TempDir;

pub(crate) fn repository() -> Folder {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
    Folder::open(&path).expect("the folder is part of the project")
}

/// A student's package with blanks.
pub(crate) fn package() -> (TempDir, Folder) {
    let place = tempfile::tempdir().expect("a folder");
    export(&repository(), place.path()).expect("it is written");
    let folder = Folder::open(place.path()).expect("it is a package");
    (place, folder)
}

pub(crate) fn write(folder: &Folder, name: &str, text: &str) {
    let exercise = exercise(name).expect("there is one");
    fs::write(folder.file(exercise), text).expect("it is written");
}

pub(crate) const LIMITS: Limits = Limits {
    time: Duration::from_secs(20),
    memory: 512,
    files: true,
};

pub(crate) fn diagnosis(folder: &Folder, name: &str, limits: Limits) -> Diagnosis {
    match check(
        folder,
        exercise(name).expect("there is one"),
        &Device::flex(),
        limits,
    ) {
        Ok(Verdict::Judged { diagnosis, .. }) => diagnosis,
        other => panic!("{name}: {other:?}"),
    }
}

/// The solution of an exercise with a piece of text replaced.
pub(crate) fn altered(name: &str, from: &str, to: &str) -> String {
    let solution = exercise(name).expect("there is one").solution();
    assert_eq!(solution.matches(from).count(), 1, "{name}: {from}");
    solution.replace(from, to)
}
