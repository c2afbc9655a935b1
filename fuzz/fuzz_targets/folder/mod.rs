//! Files in memory, read as a data set.

use std::fs;
use std::path::Path;

use datasets::DataFolder;

/// Writes the files, reads them as a data set, and checks the result.
pub fn check(files: &[(&Path, &[u8])], data: &Path) {
    for (path, bytes) in files {
        fs::write(path, bytes).expect("memory takes every file");
    }
    match DataFolder::load(data) {
        Ok(data) => {
            let sets = [
                Some(&data.sets.train),
                Some(&data.sets.test),
                data.validation.as_ref(),
            ];
            for set in sets.into_iter().flatten() {
                assert_eq!(set.pixels().len(), set.len() * set.image_size());
                let classes = set.class_count();
                assert!(
                    set.labels()
                        .iter()
                        .all(|&label| usize::from(label) < classes)
                );
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("; ") && !text.contains('\n'), "{text}");
        }
    }
}
