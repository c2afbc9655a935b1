//! The same elements in another order or shape.

use burn::tensor::Tensor;

use super::shape_operation;
use crate::operation::Operation;
use crate::witness::{MemoryLayout, place};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = permutations();
    all.extend(reshapes());
    all
}

#[rustfmt::skip]
fn permutations() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::swap_dims", &["float_swap_dims"])
            .moves_stored(&[MemoryLayout::Expanded], "[3, 4] 0 1", [3, 4], |[i, j]| [j, i],
                |_, x| x.swap_dims(0, 1))
            .moves("[2, 3, 4] 0 2", [2, 3, 4], |[i, j, k]| [k, j, i], |_, x| x.swap_dims(0, 2))
            .moves("[2, 3, 4] 1 1", [2, 3, 4], |at| at, |_, x| x.swap_dims(1, 1)),
        shape_operation("Tensor::transpose", &["float_swap_dims"])
            .moves_stored(&[MemoryLayout::Sliced], "[2, 3, 4]", [2, 3, 4], |[i, j, k]| [i, k, j],
                |_, x| x.transpose()),
        shape_operation("Tensor::permute", &["float_permute"])
            .moves("[2, 3, 4] to 1 2 0", [2, 3, 4], |[i, j, k]| [k, i, j],
                |_, x| x.permute([1, 2, 0]))
            .moves("[2, 3, 1, 2] to 3 1 0 2", [2, 3, 1, 2], |[i, j, k, l]| [k, j, l, i],
                |_, x| x.permute([3, 1, 0, 2])),
        shape_operation("Tensor::movedim", &["float_permute"])
            .moves("[2, 3, 4] 0 to 2", [2, 3, 4], |[i, j, k]| [k, i, j], |_, x| x.movedim(0, 2)),
        shape_operation("Tensor::flip", &["float_flip"])
            .moves_stored(&[MemoryLayout::Transposed], "[3, 4] 0", [3, 4], |[i, j]| [2 - i, j],
                |_, x| x.flip([0]))
            .moves("[2, 3, 4] 0 2", [2, 3, 4], |[i, j, k]| [1 - i, j, 3 - k],
                |_, x| x.flip([0, 2])),
        shape_operation("Tensor::roll", &["float_slice", "float_cat"])
            .moves("[3, 4] by 1 and -1", [3, 4], |[i, j]| [(i + 2) % 3, (j + 1) % 4],
                |_, x| x.roll(&[1, -1], &[0, 1])),
        shape_operation("Tensor::roll_dim", &["float_slice", "float_cat"])
            .moves("[5] by 2", [5], |[i]| [(i + 3) % 5], |_, x| x.roll_dim(2, 0))
            .moves("[2, 3] by 3, once around", [2, 3], |at| at, |_, x| x.roll_dim(3, 1)),
    ]
}

/// A reshape to `out`: the elements stay in row-major order.
fn reshape<const D: usize, const E: usize>(
    operation: Operation,
    name: &str,
    (shape, out): ([usize; D], [usize; E]),
    function: fn(Tensor<D>) -> Tensor<E>,
) -> Operation {
    let layouts: &[MemoryLayout] = if (D, E) == (2, 2) {
        &MemoryLayout::STRIDED
    } else {
        &[]
    };
    let source = move |at: [usize; E]| {
        let number = at
            .iter()
            .zip(out)
            .fold(0, |all, (i, length)| all * length + i);
        place(number, shape)
    };
    operation.moves_stored(layouts, name, shape, source, move |_, x| function(x))
}

fn reshapes() -> Vec<Operation> {
    let named = |name| shape_operation(name, &["float_reshape"]);
    let plain = named("Tensor::reshape");
    let plain = reshape(plain, "[3, 4] to [2, 6]", ([3, 4], [2, 6]), |x| {
        x.reshape([2, 6])
    });
    let plain = reshape(plain, "[1] to [1, 1, 1]", ([1], [1, 1, 1]), |x| {
        x.reshape([1, 1, 1])
    });
    let plain = reshape(plain, "[2, 3, 2] to [-1]", ([2, 3, 2], [12]), |x| {
        x.reshape([-1])
    });
    vec![
        plain,
        reshape(
            named("Tensor::flatten"),
            "[2, 3, 2] 1 to 2",
            ([2, 3, 2], [2, 6]),
            |x| x.flatten(1, 2),
        ),
        reshape(
            named("Tensor::squeeze"),
            "[1, 3, 1]",
            ([1, 3, 1], [3]),
            |x| x.squeeze(),
        ),
        reshape(
            named("Tensor::squeeze_dim"),
            "[3, 1, 2] 1",
            ([3, 1, 2], [3, 2]),
            |x| x.squeeze_dim(1),
        ),
        reshape(
            named("Tensor::squeeze_dims"),
            "[1, 3, 1, 2] 0 and 2",
            ([1, 3, 1, 2], [3, 2]),
            |x| x.squeeze_dims(&[0, 2]),
        ),
        reshape(
            named("Tensor::unsqueeze"),
            "[3, 2] to 4",
            ([3, 2], [1, 1, 3, 2]),
            |x| x.unsqueeze(),
        ),
        reshape(
            named("Tensor::unsqueeze_dim"),
            "[3, 2] 1",
            ([3, 2], [3, 1, 2]),
            |x| x.unsqueeze_dim(1),
        ),
        reshape(
            named("Tensor::unsqueeze_dims"),
            "[3, 2] 0 and -1",
            ([3, 2], [1, 3, 2, 1]),
            |x| x.unsqueeze_dims(&[0, -1]),
        ),
    ]
}
