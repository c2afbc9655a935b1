//! Files in the IDX format by their names: those of MNIST, EMNIST, QMNIST and others like them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::part::{Part, words};
use crate::sources::Parts;
use crate::{DatasetError, ImageSet, LayoutError};

/// The most bytes of a file with the characters of classes.
const MOST_MAPPING_BYTES: u64 = 1 << 16;

/// What the name of a file says: `emnist-digits-train-images-idx3-ubyte.gz`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Role {
    /// What comes before the part: the name of the set.
    set: String,
    part: Part,
    is_images: bool,
}

impl Role {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let words = words(&name);
        let is_idx = |word: &String| word.strip_prefix("idx").is_some_and(|n| n.len() == 1);
        let end = words.iter().position(is_idx)?;
        let words = &words[..end];
        let at = words.iter().position(|word| Part::named(word).is_some())?;
        let has = |kind: [&str; 2]| words[at..].iter().any(|word| kind.contains(&&word[..]));
        let is_images = has(["images", "image"]);
        if is_images == has(["labels", "label"]) {
            return None;
        }
        Some(Self {
            set: words[..at].join("-"),
            part: Part::named(&words[at])?,
            is_images,
        })
    }
}

/// The files of one set, images and labels of each part.
#[derive(Debug, Default)]
pub(crate) struct IdxFiles {
    set: String,
    files: [[Option<PathBuf>; 2]; 3],
}

impl IdxFiles {
    /// The set among these files of `dir`, if there is one.
    ///
    /// # Errors
    ///
    /// [`LayoutError::SeveralSets`] if there are several.
    pub(crate) fn among(dir: &Path, files: &[PathBuf]) -> Result<Option<Self>, DatasetError> {
        let mut sets: BTreeMap<String, Self> = BTreeMap::new();
        for file in files {
            let Some(role) = Role::of(file) else {
                continue;
            };
            let set = sets.entry(role.set.clone()).or_default();
            set.set = role.set;
            let place = &mut set.files[role.part as usize][usize::from(!role.is_images)];
            // Files that are not compressed take precedence.
            let is_gzip = |path: &Path| path.extension().is_some_and(|ending| ending == "gz");
            if place
                .as_ref()
                .is_none_or(|other| is_gzip(other) && !is_gzip(file))
            {
                *place = Some(file.clone());
            }
        }
        if sets.len() > 1 {
            return Err(LayoutError::SeveralSets {
                path: dir.into(),
                names: sets.into_keys().collect(),
            }
            .into());
        }
        Ok(sets.into_values().next())
    }

    /// Whether these are MNIST's four files and no others.
    pub(crate) fn are_like_mnists(&self) -> bool {
        self.set.is_empty() && self.files[Part::Validation as usize] == [None, None]
    }

    /// Whether these are EMNIST's, whose images lie on their side.
    pub(crate) fn are_transposed(&self) -> bool {
        words(&self.set).iter().any(|word| word == "emnist")
    }

    /// The files of training, validation and test set: images and labels.
    pub(crate) fn pairs(self) -> Result<[Option<[PathBuf; 2]>; 3], DatasetError> {
        let mut pairs = [None, None, None];
        for (pair, files) in pairs.iter_mut().zip(self.files) {
            *pair = match files {
                [Some(images), Some(labels)] => Some([images, labels]),
                [None, None] => None,
                [Some(path), None] | [None, Some(path)] => {
                    return Err(LayoutError::WithoutCounterpart { path }.into());
                }
            };
        }
        Ok(pairs)
    }

    /// Reads the parts.
    pub(crate) fn read(self, dir: &Path) -> Result<Parts, DatasetError> {
        let mut parts = Parts::default();
        let is_transposed = self.are_transposed();
        let characters = characters(dir, &self.set);
        for (slot, files) in parts.sets.iter_mut().zip(self.pairs()?) {
            let Some([images, labels]) = files else {
                continue;
            };
            let mut set = ImageSet::read(&images, &labels)?;
            if is_transposed {
                set = set.transposed();
            }
            *slot = Some((set, labels));
        }
        if is_transposed {
            parts
                .notes
                .push("EMNIST's images transposed, so that they are upright".to_owned());
        }
        if let Some(characters) = characters {
            name_classes(&mut parts, &characters);
        }
        Ok(parts)
    }
}

/// Names the classes after their characters, and counts them without gaps.
fn name_classes(parts: &mut Parts, characters: &BTreeMap<u8, String>) {
    let labels = || {
        parts
            .sets
            .iter()
            .flatten()
            .flat_map(|(set, _)| set.labels())
    };
    if !labels().all(|label| characters.contains_key(label)) {
        return;
    }
    let mut places = vec![0; 256];
    for (place, label) in characters.keys().enumerate() {
        places[usize::from(*label)] = place;
    }
    for part in &mut parts.sets {
        *part = part
            .take()
            .map(|(set, path)| (set.relabelled(&places, characters.len()), path));
    }
    parts.class_names = Some(characters.values().cloned().collect());
}

/// EMNIST's file that says which characters the labels stand for: in each line a label and the codes of
/// its characters.
fn characters(dir: &Path, set: &str) -> Option<BTreeMap<u8, String>> {
    let path = dir.join(format!("{set}-mapping.txt"));
    if fs::metadata(&path).ok()?.len() > MOST_MAPPING_BYTES {
        return None;
    }
    let mut characters = BTreeMap::new();
    for line in fs::read_to_string(path).ok()?.lines() {
        let mut numbers = line.split_whitespace();
        let label = numbers.next()?.parse().ok()?;
        let code: u32 = numbers.next()?.parse().ok()?;
        characters.insert(label, char::from_u32(code)?.to_string());
    }
    let count = characters.len();
    let mut names: Vec<_> = characters.values().cloned().collect();
    names.sort_unstable();
    names.dedup();
    (count > 0 && names.len() == count).then_some(characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_what_they_are() {
        for (name, set, part, is_images) in [
            ("train-images-idx3-ubyte.gz", "", Part::Training, true),
            ("t10k-labels.idx1-ubyte", "", Part::Test, false),
            (
                "emnist-digits-test-images-idx3-ubyte.gz",
                "emnist-digits",
                Part::Test,
                true,
            ),
            (
                "qmnist-train-labels-idx2-int.gz",
                "qmnist",
                Part::Training,
                false,
            ),
            ("Train-Images.idx3-ubyte", "", Part::Training, true),
        ] {
            let expected = Role {
                set: set.to_owned(),
                part,
                is_images,
            };
            assert_eq!(Role::of(Path::new(name)), Some(expected), "{name}");
        }
        for name in [
            "train-images.png",
            "xnist-images-idx3-ubyte.xz",
            "train-idx1-ubyte",
        ] {
            assert_eq!(Role::of(Path::new(name)), None, "{name}");
        }
    }
}
