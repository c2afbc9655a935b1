//! Data that can't be right: what a set shows before anything is trained or evaluated on it.

use crate::doubt::{Doubt, TEST, TRAINING};
use crate::inspection::FirstImages;
use crate::two_threads::both;
use crate::{ImageSet, Mnist};

/// A class with at least this share of the training images leaves nothing to learn.
const DOMINANT: f64 = 0.9;

/// Grey levels up to this are a small part of a byte's range.
const DIM: u8 = 64;

/// A set whose images mostly have a border lighter than this has dark ink on a light background.
const LIGHT: u8 = 128;

/// The share of images that makes it so.
const MOSTLY: f64 = 0.9;

/// The share of images with other labels than the same images have elsewhere, or that repeat others.
const MANY: f64 = 0.01;

/// What is doubtful about a data set: classes, pixels, and images that repeat others.
///
/// `has_ink` says that the images are pen strokes or like them, so that a light background is doubtful.
///
/// ```
/// use datasets::{ImageSet, Mnist, doubts};
///
/// let train = ImageSet::new(1, 2, vec![0, 255, 1, 0, 9, 0], vec![1, 2, 2])?;
/// let test = ImageSet::new(1, 2, vec![1, 0, 0, 8], vec![2, 1])?;
/// let names = ["0", "1", "2"].map(str::to_owned);
/// let found: Vec<String> = doubts(&Mnist { train, test }, None, &names, true)
///     .iter()
///     .map(|doubt| doubt.to_string())
///     .collect();
/// assert_eq!(found[0], "class 0 without training images: labels should be counted from 0");
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn doubts(
    sets: &Mnist,
    validation: Option<&ImageSet>,
    class_names: &[String],
    has_ink: bool,
) -> Vec<Doubt> {
    let Mnist { train, test } = sets;
    let mut doubts = of_classes(sets, class_names);
    let (of_pixels, first) = both(
        || [(TRAINING, train), (TEST, test)].map(|(name, set)| of_pixels(name, set, has_ink)),
        || FirstImages::of(train),
    );
    doubts.extend(of_pixels.concat());
    let repeats = &first.repeats;
    of_alike(TRAINING, train, repeats.len(), class_names, &mut doubts);
    let is_other = |d: &&crate::Duplicate| train.label(d.index) != train.label(d.original);
    let images = repeats.iter().filter(is_other).count();
    let are_all_alike = train.len() > 1 && repeats.len() + 1 == train.len();
    if images as f64 >= MANY * train.len() as f64 && images > 0 && !are_all_alike {
        doubts.push(Doubt::Contradictions {
            images,
            of: train.len(),
        });
    }
    for (name, set) in [(TEST, Some(test)), ("validation", validation)] {
        let Some(set) = set.filter(|set| set.image_size() == train.image_size()) else {
            continue;
        };
        let repeats = first.found_in(set);
        if !repeats.is_empty() {
            let is_other = |d: &&crate::Duplicate| set.label(d.index) != train.label(d.original);
            doubts.push(Doubt::InBoth {
                set: name,
                images: repeats.len(),
                of: set.len(),
                of_another_class: repeats.iter().filter(is_other).count(),
            });
        }
    }
    doubts
}

/// What is doubtful about images that a net is evaluated on, by themselves: `class_names` are the
/// classes that the net knows, `has_ink` as for [`doubts`].
///
/// ```
/// use datasets::{ImageSet, doubts_of_test};
///
/// let images = ImageSet::new(1, 2, vec![0, 1, 1, 0], vec![1, 1])?;
/// let names = ["0", "1"].map(str::to_owned);
/// let found: Vec<String> = doubts_of_test(&images, &names, true)
///     .iter()
///     .map(|doubt| doubt.to_string())
///     .collect();
/// assert_eq!(found[0], "all test images are of class 1: nothing is known about the others");
/// assert_eq!(found[1], "test pixels span 0 to 1 of 255: scale them to the whole range");
/// # Ok::<(), datasets::DatasetError>(())
/// ```
pub fn doubts_of_test(test: &ImageSet, class_names: &[String], has_ink: bool) -> Vec<Doubt> {
    let counts = test.class_histogram();
    let shares = of_shares(TEST, &counts, class_names);
    let mut doubts: Vec<Doubt> = match shares {
        Some(doubt) => vec![doubt],
        None => of_untested(0..class_names.len(), &counts, class_names)
            .into_iter()
            .collect(),
    };
    doubts.extend(of_pixels(TEST, test, has_ink));
    of_alike(
        TEST,
        test,
        test.duplicates().len(),
        class_names,
        &mut doubts,
    );
    doubts
}

/// The name of a class.
fn name(label: usize, names: &[String]) -> String {
    names
        .get(label)
        .cloned()
        .unwrap_or_else(|| label.to_string())
}

fn of_classes(Mnist { train, test }: &Mnist, names: &[String]) -> Vec<Doubt> {
    let counts = train.class_histogram();
    let mut doubts: Vec<Doubt> = of_shares(TRAINING, &counts, names).into_iter().collect();
    let empty: Vec<usize> = (0..counts.len()).filter(|&l| counts[l] == 0).collect();
    if !empty.is_empty() {
        let are_first = empty
            .iter()
            .enumerate()
            .all(|(place, &label)| place == label);
        doubts.push(Doubt::ClassesWithoutImages {
            classes: empty.into_iter().map(|label| name(label, names)).collect(),
            are_first,
        });
    }
    let trained = (0..counts.len()).filter(|&label| counts[label] > 0);
    doubts.extend(of_untested(trained, &test.class_histogram(), names));
    doubts
}

/// One class alone, or one with nearly all images.
fn of_shares(set: &'static str, counts: &[usize], names: &[String]) -> Option<Doubt> {
    let all: usize = counts.iter().sum();
    let (largest, most) = (0..counts.len())
        .map(|label| (label, counts[label]))
        .max_by_key(|&(_, count)| count)
        .unwrap_or_default();
    let class = name(largest, names);
    let share = most as f64 / all as f64;
    match most {
        _ if most == all => Some(Doubt::OneClass { set, class }),
        _ if share >= DOMINANT => Some(Doubt::DominantClass { set, class, share }),
        _ => None,
    }
}

/// Classes that have no test images.
fn of_untested(
    classes: impl Iterator<Item = usize>,
    tested: &[usize],
    names: &[String],
) -> Option<Doubt> {
    let untested = classes.filter(|&label| tested.get(label).is_none_or(|&count| count == 0));
    let classes: Vec<String> = untested.map(|label| name(label, names)).collect();
    (!classes.is_empty()).then_some(Doubt::ClassesNotTested { classes })
}

fn of_pixels(name: &'static str, set: &ImageSet, has_ink: bool) -> Vec<Doubt> {
    let mut doubts = vec![];
    let images = || set.pixels().chunks_exact(set.image_size());
    let blank = images().filter(|image| is_blank(image)).count();
    if blank > 0 {
        doubts.push(Doubt::Blank {
            set: name,
            images: blank,
            of: set.len(),
        });
    }
    if blank == set.len() {
        return doubts;
    }
    let most = set.pixels().iter().copied().max().unwrap_or_default();
    if most < DIM {
        doubts.push(Doubt::DimPixels { set: name, most });
    }
    let light = images().filter(|image| has_light_border(image, set.columns()));
    let share = light.count() as f64 / set.len() as f64;
    if has_ink && share >= MOSTLY {
        doubts.push(Doubt::Inverted { set: name, share });
    }
    doubts
}

/// Whether an image of more than one pixel has only one grey level.
fn is_blank(image: &[u8]) -> bool {
    image.len() > 1 && image[1..] == image[..image.len() - 1]
}

/// Whether the middle grey level of an image's border is light.
fn has_light_border(image: &[u8], columns: usize) -> bool {
    let rows = image.len() / columns;
    let (mut all, mut light) = (0, 0);
    let mut count = |levels: &[u8]| {
        all += levels.len();
        light += levels.iter().filter(|level| **level >= LIGHT).count();
    };
    for (row, pixels) in image.chunks_exact(columns).enumerate() {
        match pixels {
            [left, .., right] if row > 0 && row + 1 < rows => count(&[*left, *right]),
            all_outer => count(all_outer),
        }
    }
    // Sorted, half of the levels, rounded down, come before the middle one.
    all - light <= all / 2
}

/// Images of a set that are all alike, or those of a class.
fn of_alike(
    name_of_set: &'static str,
    set: &ImageSet,
    repeats: usize,
    names: &[String],
    doubts: &mut Vec<Doubt>,
) {
    if set.len() > 1 && repeats + 1 == set.len() {
        doubts.push(Doubt::Alike {
            set: name_of_set,
            class: None,
            images: set.len(),
        });
        return;
    }
    let counts = set.class_histogram();
    let mut first = vec![None; counts.len()];
    let mut are_alike = vec![true; counts.len()];
    for index in 0..set.len() {
        let label = usize::from(set.label(index));
        let original = *first[label].get_or_insert(index);
        are_alike[label] &= set.image(index) == set.image(original);
    }
    for label in (0..counts.len()).filter(|&l| counts[l] > 1 && are_alike[l]) {
        doubts.push(Doubt::Alike {
            set: name_of_set,
            class: Some(name(label, names)),
            images: counts[label],
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of 3x3 images, each with one level at a place of its own, on a background.
    fn set(labels: &[u8], ink: u8, background: u8, first: usize) -> ImageSet {
        let pixels = (0..labels.len()).flat_map(|index| {
            let mut image = [background; 9];
            image[4] = ink;
            // Two pixels of the border make the images differ, and leave its median.
            image[(index + first) % 3] = ink.saturating_sub((index + first) as u8 % 200 / 3);
            image
        });
        ImageSet::new(3, 3, pixels.collect(), labels.to_vec()).unwrap()
    }

    fn found(train: ImageSet, test: ImageSet, names: &[&str]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let found = doubts(&Mnist { train, test }, None, &names, true);
        found.iter().map(Doubt::to_string).collect()
    }

    #[test]
    fn good_data_raise_no_doubt() {
        let train = set(&[0, 1, 0, 1, 2, 2], 255, 0, 0);
        let test = set(&[2, 1, 0], 255, 0, 90);
        assert!(found(train, test, &[]).is_empty());
    }

    #[test]
    fn classes_are_doubted() {
        let test = || set(&[1, 2], 255, 0, 90);
        assert_eq!(
            found(set(&[1, 2, 1, 2], 255, 0, 0), test(), &["0", "one", "two"]),
            ["class 0 without training images: labels should be counted from 0"]
        );
        assert_eq!(
            found(set(&[0, 1, 2, 5, 5], 255, 0, 0), test(), &[]),
            [
                "classes 3, 4 without training images: labels skip values",
                "classes 0, 5 without test images"
            ]
        );
        let mut labels = vec![0; 98];
        labels.extend([1, 2]);
        let test = set(&[0, 1, 2], 255, 0, 130);
        assert_eq!(
            found(set(&labels, 255, 0, 0), test, &["a", "b", "c"]),
            ["class a has 98.0 % of the training images: accuracy says little"]
        );
        let one = found(set(&[1, 1], 255, 0, 0), set(&[1], 255, 0, 90), &["a", "b"]);
        assert_eq!(
            one[0],
            "all training images are of class b: a net can learn nothing from them"
        );
    }

    #[test]
    fn pixels_are_doubted() {
        let labels = [0, 1, 0, 1];
        for most in [1, 16] {
            assert_eq!(
                found(set(&labels, most, 0, 0), set(&[0, 1], 255, 0, 90), &[])[0],
                format!("training pixels span 0 to {most} of 255: scale them to the whole range")
            );
        }
        assert_eq!(
            found(set(&labels, 255, 0, 0), set(&[0, 1], 0, 255, 90), &[]),
            [
                "100 % of the test images have a light background: MNIST's is dark; invert them if \
                 they are pen strokes"
            ]
        );
        let blank = ImageSet::new(3, 3, vec![7; 18], vec![0, 1]).unwrap();
        assert_eq!(
            found(set(&labels, 255, 0, 0), blank, &[]),
            ["2 of 2 test images have only one grey level"]
        );
    }

    #[test]
    fn repeats_are_doubted() {
        let images = |image: [[u8; 4]; 4], labels: [u8; 4]| {
            ImageSet::new(2, 2, image.concat(), labels.to_vec()).unwrap()
        };
        let [a, b, c, d] = [
            [255, 0, 0, 0],
            [0, 255, 0, 0],
            [0, 0, 255, 0],
            [0, 0, 0, 255],
        ];
        let test = || images([d; 4], [0, 0, 1, 1]);
        assert_eq!(
            found(images([a; 4], [0, 1, 0, 1]), test(), &[]),
            ["all 4 training images are alike, pixel for pixel"]
        );
        assert_eq!(
            found(images([a, b, a, c], [0, 1, 0, 1]), test(), &["x", "y"]),
            ["all 2 training images of class x are alike, pixel for pixel"]
        );
        assert_eq!(
            found(images([a, b, c, a], [0, 0, 1, 1]), test(), &[]),
            ["1 of 4 training images have the pixels of an earlier one and another class"]
        );
        assert_eq!(
            found(images([a, b, c, d], [0, 0, 1, 1]), test(), &[]),
            [
                "4 of 4 test images are in the training set as well, pixel for pixel, 2 of them with \
                 another class"
            ]
        );
    }

    proptest::proptest! {
        /// By the definition: all levels of the border, sorted.
        #[test]
        fn a_light_border_has_a_light_middle_level(
            image in proptest::collection::vec(120..136_u8, 1..40),
            columns in 1..6_usize,
        ) {
            let rows = image.len().div_ceil(columns);
            let image: Vec<u8> = image.iter().copied().cycle().take(rows * columns).collect();
            let is_border = |place: &usize| {
                let (row, column) = (place / columns, place % columns);
                row == 0 || row + 1 == rows || column == 0 || column + 1 == columns
            };
            let border = (0..image.len()).filter(is_border);
            let mut levels: Vec<u8> = border.map(|place| image[place]).collect();
            levels.sort_unstable();
            let expected = levels[levels.len() / 2] >= LIGHT;
            proptest::prop_assert_eq!(has_light_border(&image, columns), expected);
        }
    }
}
