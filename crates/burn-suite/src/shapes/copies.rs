//! Tensors put together, and elements in several copies.

use burn::tensor::Tensor;
use burn::tensor::grid::{GridIndexing, IndexPos, meshgrid, meshgrid_stack};

use super::Moves;
use super::Source::{Values, X};

pub(super) fn operations() -> Vec<Moves> {
    let mut all = joints();
    all.extend(repetitions());
    all.extend(grids());
    all
}

fn joints() -> Vec<Moves> {
    vec![
        Moves::new("Tensor::cat", &["float_cat"])
            .of_two(
                "[2, 3] [4, 3] along 0",
                [2, 3],
                [4, 3],
                |[i, j]| if i < 2 { X([i, j]) } else { Values([i - 2, j]) },
                |_, x, values| Tensor::cat(vec![x, values], 0),
            )
            .of_two(
                "[2, 1] [2, 3] along 1, one twice",
                [2, 1],
                [2, 3],
                |[i, j]| match j {
                    1..4 => Values([i, j - 1]),
                    _ => X([i, 0]),
                },
                |_, x, values| Tensor::cat(vec![x.clone(), values, x], 1),
            )
            .of_two(
                "transposed [3, 2] expanded [1, 3] along 0",
                [3, 2],
                [1, 3],
                |[i, j]| if i < 2 { X([j, i]) } else { Values([0, j]) },
                |_, x, values| Tensor::cat(vec![x.transpose(), values.expand([2, 3])], 0),
            ),
        Moves::new("Tensor::stack", &["float_cat", "float_reshape"])
            .of_two(
                "[2, 3] [2, 3] along 1",
                [2, 3],
                [2, 3],
                |[i, j, k]| if j == 0 { X([i, k]) } else { Values([i, k]) },
                |_, x, values| -> Tensor<3> { Tensor::stack(vec![x, values], 1) },
            )
            .of_two(
                "[3] [3] along 0",
                [3],
                [3],
                |[i, j]| if i == 0 { X([j]) } else { Values([j]) },
                |_, x, values| -> Tensor<2> { Tensor::stack(vec![x, values], 0) },
            ),
    ]
}

fn repetitions() -> Vec<Moves> {
    vec![
        Moves::new("Tensor::expand", &["float_expand"])
            .of(
                "[3, 1] to [3, 4]",
                [3, 1],
                |[i, _]| [i, 0],
                |_, x| x.expand([3, 4]),
            )
            .of("[3] to [2, 3]", [3], |[_, j]| [j], |_, x| x.expand([2, 3]))
            .of(
                "[1, 3, 1] to [2, 3, 4]",
                [1, 3, 1],
                |[_, j, _]| [0, j, 0],
                |_, x| x.expand([2, 3, 4]),
            )
            .of(
                "transposed [1, 3] to [3, 2]",
                [1, 3],
                |[i, _]| [0, i],
                |_, x| x.transpose().expand([3, 2]),
            ),
        Moves::new("Tensor::repeat_dim", &["float_repeat_dim"])
            .of(
                "[2, 3] twice along 0",
                [2, 3],
                |[i, j]| [i % 2, j],
                |_, x| x.repeat_dim(0, 2),
            )
            .of(
                "[2, 3] three times along 1",
                [2, 3],
                |[i, j]| [i, j % 3],
                |_, x| x.repeat_dim(1, 3),
            )
            .of("[1, 3] once", [1, 3], |at| at, |_, x| x.repeat_dim(0, 1))
            .of(
                "transposed [2, 3] twice along 0",
                [2, 3],
                |[i, j]| [j, i % 3],
                |_, x| x.transpose().repeat_dim(0, 2),
            ),
        Moves::new("Tensor::repeat", &["float_repeat_dim"]).of(
            "[2, 1, 3] by 1 3 2",
            [2, 1, 3],
            |[i, _, k]| [i, 0, k % 3],
            |_, x| x.repeat(&[1, 3, 2]),
        ),
    ]
}

fn grids() -> Vec<Moves> {
    let covers = &["float_expand", "float_reshape"];
    vec![
        Moves::new("grid::meshgrid", covers)
            .note("both grids, one after another")
            .of_two(
                "[2] [3]",
                [2],
                [3],
                |[n, i, j]| if n == 0 { X([i]) } else { Values([j]) },
                |_, x, values| -> Tensor<3> {
                    let grids = meshgrid(&[x, values], GridIndexing::Matrix);
                    Tensor::stack(grids.into(), 0)
                },
            )
            .of_two(
                "[2] [3] cartesian",
                [2],
                [3],
                |[n, i, j]| if n == 0 { X([j]) } else { Values([i]) },
                |_, x, values| -> Tensor<3> {
                    let grids = meshgrid(&[x, values], GridIndexing::Cartesian);
                    Tensor::stack(grids.into(), 0)
                },
            ),
        Moves::new("grid::meshgrid_stack", covers).of_two(
            "[2] [3], the coordinates last",
            [2],
            [3],
            |[i, j, n]| if n == 0 { X([i]) } else { Values([j]) },
            |_, x, values| -> Tensor<3> { meshgrid_stack(&[x, values], IndexPos::Last) },
        ),
    ]
}
