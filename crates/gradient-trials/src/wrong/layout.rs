//! Gradients that are right but for the order of elements in memory: rows taken for columns, a slice
//! put back in the wrong place, a broadcast dimension not summed.

use burn::tensor::{Tensor, s};
use burn_gradcheck::Sample;

use super::{WrongCase, by_autodiff, by_hand};

/// A matrix for autodiff.
const SQUARE: ([usize; 2], Sample) = ([4, 4], Sample::Signed);

pub(super) fn all() -> Vec<WrongCase> {
    vec![
        by_hand(
            "layout: reshaped for transposed",
            "grad in row-major order",
            [3, 4],
            Tensor::transpose,
            |_, g| g.reshape([3, 4]),
        ),
        by_hand(
            "layout: transposed for reshaped",
            "gradᵀ",
            [3, 4],
            |x| x.reshape([4, 3]),
            |_, g| g.transpose(),
        ),
        by_hand(
            "layout: flip not undone",
            "grad as it is",
            [3, 4],
            |x| x.flip([1]).square(),
            |x, g| x.flip([1]) * 2.0 * g,
        ),
        by_hand(
            "layout: flipped along the other axis",
            "flip of rows",
            [3, 3],
            |x| x.flip([1]),
            |_, g| g.flip([0]),
        ),
        by_hand(
            "layout: slice, put one place off",
            "columns 0 to 1 for 1 to 2",
            [3, 4],
            |x| x.narrow(1, 1, 2),
            |x, g| x.zeros_like().slice_assign([0..3, 0..2], g),
        ),
        by_hand(
            "layout: steps, put back without gaps",
            "the first two columns",
            [3, 4],
            |x| x.slice(s![.., 0..4;2]),
            |x, g| x.zeros_like().slice_assign([0..3, 0..2], g),
        ),
        by_hand(
            "layout: broadcast row not summed",
            "grad of the first row only",
            [1, 4],
            |x| x.repeat_dim(0, 3),
            |_, g| g.narrow(0, 0, 1),
        ),
        by_hand(
            "layout: repetition summed over blocks of the wrong length",
            "neighbours for equal places",
            [2, 2],
            |x| x.repeat_dim(1, 2),
            |_, g| g.reshape([2, 2, 2]).sum_dim(2).reshape([2, 2]),
        ),
        by_hand(
            "layout: three dimensions, two swapped",
            "[1, 0, 2] undone by [0, 2, 1]",
            [4, 4],
            |x| x.reshape([2, 2, 4]).permute([1, 0, 2]).reshape([4, 4]),
            |_, g| g.reshape([2, 2, 4]).permute([0, 1, 2]).reshape([4, 4]),
        ),
        by_hand(
            "layout: parts put together in the wrong order",
            "halves exchanged",
            [3, 4],
            |x| {
                let mut parts = x.split(2, 1);
                parts.reverse();
                Tensor::cat(parts, 1)
            },
            |_, g| g,
        ),
        by_hand(
            "layout: rolled the wrong way",
            "twice the shift",
            [3, 4],
            |x| x.roll_dim(1, 1),
            |_, g| g.roll_dim(1, 1),
        ),
        by_hand(
            "layout: running sum from the wrong end",
            "running sum of grad",
            [2, 4],
            |x| x.cumsum(1),
            |_, g| g.cumsum(1),
        ),
        by_autodiff(
            "layout: autodiff of the transposed",
            "gradᵀ, on a square",
            SQUARE,
            |x| x.clone() * x.ones_like().cumsum(1),
            |x| x.clone() * x.ones_like().cumsum(0),
        ),
        by_autodiff(
            "layout: autodiff of rows for columns",
            "the sum of the other axis",
            SQUARE,
            |x| x.sum_dim(1).repeat_dim(1, 4),
            |x| x.sum_dim(0).repeat_dim(0, 4),
        ),
    ]
}
