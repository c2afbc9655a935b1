//! The test set of data that have none: a part of each class, the same every time.

use crate::{ImageSet, shuffled_indices};

/// The share of each class that is the test set where a folder names none: 1/7, since 10 000 of
/// MNIST's 70 000 images are for testing.
pub const HELD_OUT_FRACTION: f64 = 1.0 / 7.0;

/// Decides which images are held out. It is the same for every run, whatever its own seed, so that
/// all runs are evaluated on the same images.
const HOLD_OUT_SEED: u64 = 0;

/// The indices of the images of a class that are held out: [`HELD_OUT_FRACTION`] of those that can be used,
/// at least one, but never the only one. An image that cannot be used leaves its place to another.
pub(crate) fn held_out(can_be_used: &[bool], label: usize) -> Vec<usize> {
    let n = can_be_used.iter().filter(|can| **can).count();
    let count = ((n as f64 * HELD_OUT_FRACTION).round() as usize).max(1);
    let order = shuffled_indices(can_be_used.len(), HOLD_OUT_SEED, label as u64);
    let order = order.into_iter().map(|index| index as usize);
    let usable = order.filter(|&index| can_be_used[index]);
    usable.take(count.min(n.saturating_sub(1))).collect()
}

/// Divides a set into those to learn from and those held out; `None` if no class has two images.
pub(crate) fn divided(mut set: ImageSet) -> Option<(ImageSet, ImageSet)> {
    let mut of_class = vec![Vec::new(); set.class_count()];
    for (index, &label) in (0_u32..).zip(set.labels()) {
        of_class[usize::from(label)].push(index);
    }
    let mut chosen = Vec::new();
    for (label, indices) in of_class.iter().enumerate().filter(|(_, i)| !i.is_empty()) {
        let places = held_out(&vec![true; indices.len()], label);
        chosen.extend(places.into_iter().map(|place| indices[place]));
    }
    if chosen.is_empty() {
        return None;
    }
    chosen.sort_unstable();
    let test = set.take_out(&chosen);
    Some((set, test))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seventh_of_each_class_is_held_out() {
        let labels: Vec<u8> = (0..30).map(|index| u8::from(index >= 28) * 2).collect();
        let set = ImageSet::new(1, 1, (0..30).collect(), labels).unwrap();
        let (train, test) = divided(set).expect("classes have several images");
        assert_eq!(train.class_histogram(), [24, 0, 1]);
        assert_eq!(test.class_histogram(), [4, 0, 1]);
        assert!(test.duplicates_of(&train).is_empty());
        // Those that cannot be used are replaced, the others stay.
        let mut can_be_used = vec![true; 28];
        let whole = held_out(&can_be_used, 0);
        can_be_used[whole[1]] = false;
        let others = held_out(&can_be_used, 0);
        assert_eq!(
            [others[0], others[1], others[2]],
            [whole[0], whole[2], whole[3]]
        );
        assert_eq!((others.len(), whole.contains(&others[3])), (4, false));
        assert!(held_out(&[false; 3], 0).is_empty());
        let single = ImageSet::new(1, 1, vec![1, 2], vec![0, 1]).unwrap();
        assert!(divided(single).is_none());
    }
}
