//! Dropout in the blocks of a layer's values.

use layers::Dropout;

use crate::blocks::{Row, SIDE};
use crate::number::Number;

/// The mask of a block: for each row, a bit for each column, 1 for what stays.
pub(crate) type Kept = [u32; SIDE];

/// Columns of a block and columns of a mask's number are the same: a block has one number a row.
const _: () = assert!(SIDE == u32::BITS as usize);

/// The mask of a layer's block of rows `32 p` and columns `32 q`.
#[inline(always)]
pub(crate) fn kept(dropout: &Dropout, layer: usize, [p, q]: [usize; 2]) -> Kept {
    std::array::from_fn(|i| dropout.kept(layer, SIDE * p + i, q))
}

/// `h∘m/(1 - p)`, in place of `h`, the first rows of a block: forward of the values, backward of their gradients.
#[inline(always)]
pub(crate) fn apply<T: Number>(kept: &Kept, scale: T, h: &mut [Row<T>]) {
    for (&kept, h) in kept.iter().zip(h) {
        apply_to_row(kept, scale, h);
    }
}

/// The same of the first columns of a row.
#[inline(always)]
pub(crate) fn apply_to_row<T: Number>(kept: u32, scale: T, h: &mut [T]) {
    for (j, h) in h.iter_mut().enumerate() {
        let factor = if kept >> j & 1 == 1 {
            scale
        } else {
            T::default()
        };
        *h = *h * factor;
    }
}

/// `(1 - p) a`, in place of `a`: where the mask is 1, that is `h` to rounding.
#[inline(always)]
pub(crate) fn undo<T: Number>(dropout: &Dropout, layer: usize, a: &mut [T]) {
    let share = T::from_f64(1.0 - dropout.probability(layer));
    a.iter_mut().for_each(|a| *a = *a * share);
}
