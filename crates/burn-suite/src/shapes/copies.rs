//! Tensors joined together, and elements repeated.

use burn::tensor::Tensor;
use burn::tensor::grid::{GridIndexing, IndexPos, meshgrid, meshgrid_stack};

use super::ElementSource::{Values, X};
use super::shape_operation;
use crate::operation::Operation;
use crate::witness::MemoryLayout;

pub(super) fn operations() -> Vec<Operation> {
    let mut all = joints();
    all.extend(repetitions());
    all.extend(grids());
    all
}

#[rustfmt::skip]
fn joints() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::cat", &["float_cat"])
            .moves_two_stored(&[MemoryLayout::Transposed, MemoryLayout::Expanded],
                "[2, 3] [4, 3] along 0", ([2, 3], [4, 3]),
                |[i, j]| if i < 2 { X([i, j]) } else { Values([i - 2, j]) },
                |_, x, values| Tensor::cat(vec![x, values], 0))
            .moves_two("[2, 1] [2, 3] along 1, one twice", ([2, 1], [2, 3]),
                |[i, j]| match j { 1..4 => Values([i, j - 1]), _ => X([i, 0]) },
                |_, x, values| Tensor::cat(vec![x.clone(), values, x], 1)),
        shape_operation("Tensor::stack", &["float_cat", "float_reshape"])
            .moves_two("[2, 3] [2, 3] along 1", ([2, 3], [2, 3]),
                |[i, j, k]| if j == 0 { X([i, k]) } else { Values([i, k]) },
                |_, x, values| -> Tensor<3> { Tensor::stack(vec![x, values], 1) })
            .moves_two("[3] [3] along 0", ([3], [3]),
                |[i, j]| if i == 0 { X([j]) } else { Values([j]) },
                |_, x, values| -> Tensor<2> { Tensor::stack(vec![x, values], 0) }),
    ]
}

#[rustfmt::skip]
fn repetitions() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::expand", &["float_expand"])
            .moves_stored(&[MemoryLayout::Transposed], "[3, 1] to [3, 4]", [3, 1], |[i, _]| [i, 0],
                |_, x| x.expand([3, 4]))
            .moves("[3] to [2, 3]", [3], |[_, j]| [j], |_, x| x.expand([2, 3]))
            .moves("[1, 3, 1] to [2, 3, 4]", [1, 3, 1], |[_, j, _]| [0, j, 0],
                |_, x| x.expand([2, 3, 4])),
        shape_operation("Tensor::repeat_dim", &["float_repeat_dim"])
            .moves_stored(&[MemoryLayout::Transposed], "[2, 3] twice along 0", [2, 3],
                |[i, j]| [i % 2, j], |_, x| x.repeat_dim(0, 2))
            .moves("[2, 3] three times along 1", [2, 3], |[i, j]| [i, j % 3],
                |_, x| x.repeat_dim(1, 3))
            .moves("[1, 3] once", [1, 3], |at| at, |_, x| x.repeat_dim(0, 1)),
        shape_operation("Tensor::repeat", &["float_repeat_dim"])
            .moves("[2, 1, 3] by 1 3 2", [2, 1, 3], |[i, _, k]| [i, 0, k % 3],
                |_, x| x.repeat(&[1, 3, 2])),
    ]
}

#[rustfmt::skip]
fn grids() -> Vec<Operation> {
    let covers = &["float_expand", "float_reshape"];
    vec![
        shape_operation("grid::meshgrid", covers).note("both grids, one after another")
            .moves_two("[2] [3]", ([2], [3]),
                |[n, i, j]| if n == 0 { X([i]) } else { Values([j]) },
                |_, x, values| -> Tensor<3> { let grids = meshgrid(&[x, values],
                GridIndexing::Matrix); Tensor::stack(grids.into(), 0) })
            .moves_two("[2] [3] cartesian", ([2], [3]),
                |[n, i, j]| if n == 0 { X([j]) } else { Values([i]) },
                |_, x, values| -> Tensor<3> { let grids = meshgrid(&[x, values],
                GridIndexing::Cartesian); Tensor::stack(grids.into(), 0) }),
        shape_operation("grid::meshgrid_stack", covers)
            .moves_two("[2] [3], the coordinates last", ([2], [3]),
                |[i, j, n]| if n == 0 { X([i]) } else { Values([j]) },
                |_, x, values| -> Tensor<3> { meshgrid_stack(&[x, values], IndexPos::Last) }),
    ]
}
