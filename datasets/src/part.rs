//! The parts of a data set, and the names that people give to them.

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Training,
    Validation,
    Test,
}

/// Names of the parts, in lower case. `t10k` is MNIST's test set.
const NAMES: [(Part, &[&str]); 3] = [
    (
        Part::Training,
        &["train", "training", "trainset", "trainingset"],
    ),
    (
        Part::Validation,
        &["val", "valid", "validation", "validationset", "dev"],
    ),
    (
        Part::Test,
        &[
            "test",
            "testing",
            "testset",
            "t10k",
            "eval",
            "evaluation",
            "holdout",
        ],
    ),
];

impl Part {
    /// The part that a name stands for as a whole: `Train`, `testing`, `val`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let is_it = |names: &[&str]| names.contains(&name.as_str());
        let mut parts = NAMES.iter();
        parts.find_map(|&(part, names)| is_it(names).then_some(part))
    }

    /// The part that a word of a name stands for: `mnist_train.csv`, `x_test`, `trainX`. None if
    /// there is none, or several differ.
    pub(crate) fn within(name: &str) -> Option<Self> {
        let mut parts = words(name)
            .into_iter()
            .filter_map(|word| Self::named(&word));
        let part = parts.next()?;
        parts.all(|other| other == part).then_some(part)
    }
}

/// The words of a name, in lower case: runs of letters and digits, cut where a small letter is
/// followed by a capital one.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last_is_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || last_is_small && letter.is_uppercase() {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        last_is_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_recognised_by_their_usual_names() {
        for (name, part) in [
            ("Train", Some(Part::Training)),
            ("training", Some(Part::Training)),
            ("trainingSet", Some(Part::Training)),
            ("TESTING", Some(Part::Test)),
            ("eval", Some(Part::Test)),
            ("val", Some(Part::Validation)),
            ("trains", None),
            ("3", None),
        ] {
            assert_eq!(Part::named(name), part, "{name}");
        }
        for (name, part) in [
            ("mnist_train.csv", Some(Part::Training)),
            ("emnist-digits-test-labels-idx1-ubyte.gz", Some(Part::Test)),
            ("x_train", Some(Part::Training)),
            ("trainX", Some(Part::Training)),
            ("val_images", Some(Part::Validation)),
            ("train_test_split", None),
            ("latest", None),
        ] {
            assert_eq!(Part::within(name), part, "{name}");
        }
    }

    #[test]
    fn words_are_cut_at_signs_and_capitals() {
        assert_eq!(words("x_trainSet-1.npy"), ["x", "train", "set", "1", "npy"]);
        assert!(words("__").is_empty());
    }
}
