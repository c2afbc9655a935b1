//! Parts of tensors, and tensors with parts replaced.

use burn::tensor::ops::PadMode;
use burn::tensor::{Tensor, s};

use super::ElementSource::{Values, X};
use super::shape_operation;
use crate::operation::Operation;
use crate::witness::MemoryLayout;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = parts();
    all.extend(replacements());
    all.extend(paddings());
    all.extend(windows());
    all
}

#[rustfmt::skip]
fn parts() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::slice", &["float_slice"])
            .moves_stored(&[MemoryLayout::Transposed, MemoryLayout::Expanded], "[4, 5] 1..3 2..5",
                [4, 5], |[i, j]| [i + 1, j + 2], |_, x| x.slice([1..3, 2..5]))
            .moves("[5] in steps of 2", [5], |[i]| [2 * i], |_, x| x.slice(s![0..5;2]))
            .moves("[5, 3] backwards", [5, 3], |[i, j]| [4 - 2 * i, 2 - j],
                |_, x| x.slice(s![0..5;-2, 0..3;-1])),
        shape_operation("Tensor::slice_dim", &["float_slice"])
            .moves("[2, 5] along 1", [2, 5], |[i, j]| [i, j + 1], |_, x| x.slice_dim(1, 1..4)),
        shape_operation("Tensor::select_dim", &["float_slice", "float_reshape"])
            .moves("[3, 4] 2 along 1", [3, 4], |[i]| [i, 2],
                |_, x| -> Tensor<1> { x.select_dim(1, 2) }),
        shape_operation("Tensor::narrow", &["float_slice"])
            .moves("[4, 3] along 0", [4, 3], |[i, j]| [i + 1, j], |_, x| x.narrow(0, 1, 2)),
        shape_operation("Tensor::iter_dim", &["float_slice"])
            .note("the rows put together the other way round")
            .moves("[3, 2] along 0", [3, 2], |[i, j]| [2 - i, j],
                |_, x| Tensor::cat(x.iter_dim(0).rev().collect(), 0)),
        shape_operation("Tensor::chunk", &["float_slice"])
            .note("the chunks put together the other way round")
            .moves("[5, 2] in 2 along 0", [5, 2], |[i, j]| [(i + 3) % 5, j],
                |_, x| reversed(x.chunk(2, 0), 0)),
        shape_operation("Tensor::split", &["float_slice"])
            .note("the parts put together the other way round")
            .moves("[2, 5] by 2 along 1", [2, 5], split_at, |_, x| reversed(x.split(2, 1), 1)),
        shape_operation("Tensor::split_with_sizes", &["float_slice"])
            .note("the parts put together the other way round")
            .moves("[2, 5] in 2, 2 and 1 along 1", [2, 5], split_at,
                |_, x| reversed(x.split_with_sizes(vec![2, 2, 1], 1), 1)),
    ]
}

/// The columns in the order 4, 2, 3, 0, 1.
fn split_at([i, j]: [usize; 2]) -> [usize; 2] {
    [i, [4, 2, 3, 0, 1][j]]
}

fn reversed(mut parts: Vec<Tensor<2>>, dim: usize) -> Tensor<2> {
    parts.reverse();
    Tensor::cat(parts, dim)
}

#[rustfmt::skip]
fn replacements() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::slice_assign", &["float_slice_assign"])
            .moves_two_stored(&[MemoryLayout::Transposed], "[4, 5] 1..3 2..5", ([4, 5], [2, 3]),
                |[i, j]| match (i, j) { (1..3, 2..5) => Values([i - 1, j - 2]), _ => X([i, j]) },
                |_, x, values| x.slice_assign([1..3, 2..5], values))
            .moves_two("[5] in steps of 2", ([5], [3]),
                |[i]| if i % 2 == 0 { Values([i / 2]) } else { X([i]) },
                |_, x, values| x.slice_assign(s![0..5;2], values))
            .moves_two("[5] backwards", ([5], [3]),
                |[i]| { if i % 2 == 0 { Values([2 - i / 2]) } else { X([i]) } },
                |_, x, values| x.slice_assign(s![0..5;-2], values)),
        shape_operation("Tensor::slice_fill", &["float_slice_assign"])
            .moves_some("[3, 4] 0..2 1..3", [3, 4],
                |[i, j]| match (i, j) { (0..2, 1..3) => None, at => Some(at.into()) },
                |_, x| x.slice_fill([0..2, 1..3], 0.5)),
        shape_operation("Tensor::triu", &["float_mask_fill"])
            .moves_some("[3, 4]", [3, 4], |[i, j]| (j >= i).then_some([i, j]), |_, x| x.triu(0))
            .moves_some("[2, 3, 3] -1", [2, 3, 3], |[n, i, j]| (j + 1 >= i).then_some([n, i, j]),
                |_, x| x.triu(-1)),
        shape_operation("Tensor::tril", &["float_mask_fill"])
            .moves_some("[3, 4]", [3, 4], |[i, j]| (j <= i + 1).then_some([i, j]),
                |_, x| x.tril(1)),
    ]
}

#[rustfmt::skip]
fn paddings() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::pad", &["float_slice_assign"])
            .moves_some("[3, 4] constant", [3, 4],
                |[i, j]| match (i, j) { (2..5, 1..5) => Some([i - 2, j - 1]), _ => None },
                |_, x| x.pad([(2, 1), (1, 0)], PadMode::Constant(0.5)))
            .moves("[3, 4] reflect", [3, 4], |[i, j]| [mirrored(i, 2, 3), mirrored(j, 1, 4)],
                |_, x| x.pad([(2, 1), (1, 2)], PadMode::Reflect))
            .moves("[3, 4] edge", [3, 4], |[i, j]| [nearest(i, 2, 3), nearest(j, 1, 4)],
                |_, x| x.pad([(2, 1), (1, 2)], PadMode::Edge))
            .moves("[2, 1] edge, the other way round", [2, 1], |[i, _]| [nearest(i, 1, 2), 0],
                |_, x| x.pad([(1, 3), (2, 0)], PadMode::Edge)),
    ]
}

/// The source of an index after `before` elements of padding, mirrored at the first and last.
fn mirrored(at: usize, before: usize, length: usize) -> usize {
    match at {
        at if at < before => before - at,
        at if at < before + length => at - before,
        at => 2 * (length - 1) - (at - before),
    }
}

/// The source of an index after `before` elements of padding, with the first and last repeated.
fn nearest(at: usize, before: usize, length: usize) -> usize {
    at.saturating_sub(before).min(length - 1)
}

#[rustfmt::skip]
fn windows() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::unfold", &["float_unfold"])
            .moves("[7] 3 by 2", [7], |[i, j]| [2 * i + j],
                |_, x| -> Tensor<2> { x.unfold(0, 3, 2) })
            .moves_stored(&[MemoryLayout::Transposed], "[2, 6] 3 by 1, overlapping", [2, 6],
                |[n, i, j]| [n, i + j], |_, x| -> Tensor<3> { x.unfold(1, 3, 1) })
            .moves("[6, 2] 2 by 3, with gaps", [6, 2], |[i, n, j]| [3 * i + j, n],
                |_, x| -> Tensor<3> { x.unfold(0, 2, 3) }),
    ]
}
