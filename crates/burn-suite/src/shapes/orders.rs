//! The same elements in another order or shape.

use burn::tensor::Tensor;

use super::{Moves, index, place_of};

pub(super) fn operations() -> Vec<Moves> {
    let mut all = permutations();
    all.extend(reshapes());
    all
}

fn permutations() -> Vec<Moves> {
    vec![
        Moves::new("Tensor::swap_dims", &["float_swap_dims"])
            .of(
                "[3, 4] 0 1",
                [3, 4],
                |[i, j]| [j, i],
                |_, x| x.swap_dims(0, 1),
            )
            .of(
                "[2, 3, 4] 0 2",
                [2, 3, 4],
                |[i, j, k]| [k, j, i],
                |_, x| x.swap_dims(0, 2),
            )
            .of(
                "[2, 3, 4] 1 1",
                [2, 3, 4],
                |at| at,
                |_, x| x.swap_dims(1, 1),
            )
            .of(
                "expanded [3, 1] to [3, 4]",
                [3, 1],
                |[_, j]| [j, 0],
                |_, x| x.expand([3, 4]).swap_dims(0, 1),
            ),
        Moves::new("Tensor::transpose", &["float_swap_dims"])
            .of(
                "[2, 3, 4]",
                [2, 3, 4],
                |[i, j, k]| [i, k, j],
                |_, x| x.transpose(),
            )
            .of(
                "[3, 4] of a slice",
                [4, 4],
                |[i, j]| [j + 1, i],
                |_, x| x.slice([1..4, 0..4]).t(),
            ),
        Moves::new("Tensor::permute", &["float_permute"])
            .of(
                "[2, 3, 4] to 1 2 0",
                [2, 3, 4],
                |[i, j, k]| [k, i, j],
                |_, x| x.permute([1, 2, 0]),
            )
            .of(
                "[2, 3, 1, 2] to 3 1 0 2",
                [2, 3, 1, 2],
                |[i, j, k, l]| [k, j, l, i],
                |_, x| x.permute([3, 1, 0, 2]),
            ),
        Moves::new("Tensor::movedim", &["float_permute"]).of(
            "[2, 3, 4] 0 to 2",
            [2, 3, 4],
            |[i, j, k]| [k, i, j],
            |_, x| x.movedim(0, 2),
        ),
        Moves::new("Tensor::flip", &["float_flip"])
            .of("[3, 4] 0", [3, 4], |[i, j]| [2 - i, j], |_, x| x.flip([0]))
            .of(
                "[2, 3, 4] 0 2",
                [2, 3, 4],
                |[i, j, k]| [1 - i, j, 3 - k],
                |_, x| x.flip([0, 2]),
            )
            .of(
                "transposed [3, 4] 1",
                [3, 4],
                |[i, j]| [2 - j, i],
                |_, x| x.transpose().flip([1]),
            ),
        Moves::new("Tensor::roll", &["float_slice", "float_cat"]).of(
            "[3, 4] by 1 and -1",
            [3, 4],
            |[i, j]| [(i + 2) % 3, (j + 1) % 4],
            |_, x| x.roll(&[1, -1], &[0, 1]),
        ),
        Moves::new("Tensor::roll_dim", &["float_slice", "float_cat"])
            .of(
                "[5] by 2",
                [5],
                |[i]| [(i + 3) % 5],
                |_, x| x.roll_dim(2, 0),
            )
            .of(
                "[2, 3] by 3, once around",
                [2, 3],
                |at| at,
                |_, x| x.roll_dim(3, 1),
            ),
    ]
}

/// The elements stay in row-major order.
fn in_order<const D: usize, const E: usize>(
    moves: Moves,
    name: &str,
    shape: [usize; D],
    out: [usize; E],
    function: fn(Tensor<D>) -> Tensor<E>,
) -> Moves {
    let source = move |at| Some(index(place_of(at, out), shape));
    moves.partly(name, shape, source, move |_, x| function(x))
}

fn reshapes() -> Vec<Moves> {
    let reshape = |name| Moves::new(name, &["float_reshape"]);
    let plain = in_order(
        reshape("Tensor::reshape"),
        "[3, 4] to [2, 6]",
        [3, 4],
        [2, 6],
        |x| x.reshape([2, 6]),
    );
    let plain = in_order(plain, "[1] to [1, 1, 1]", [1], [1, 1, 1], |x| {
        x.reshape([1, 1, 1])
    });
    let plain = in_order(plain, "[2, 3, 2] to [-1]", [2, 3, 2], [12], |x| {
        x.reshape([-1])
    });
    let squeezed = reshape("Tensor::squeeze");
    vec![
        plain
            .of(
                "transposed [3, 4] to [12]",
                [3, 4],
                |[i]| [i % 3, i / 3],
                |_, x| x.transpose().reshape([12]),
            )
            .of(
                "expanded [3] to [2, 3] to [6]",
                [3],
                |[i]| [i % 3],
                |_, x| x.expand([2, 3]).reshape([6]),
            )
            .of(
                "sliced [4, 3] to [4]",
                [4, 3],
                |[i]| [1 + i / 2, 1 + i % 2],
                |_, x| x.slice([1..3, 1..3]).reshape([4]),
            ),
        in_order(
            reshape("Tensor::flatten"),
            "[2, 3, 2] 1 to 2",
            [2, 3, 2],
            [2, 6],
            |x| x.flatten(1, 2),
        ),
        in_order(squeezed, "[1, 3, 1]", [1, 3, 1], [3], |x| x.squeeze()),
        in_order(
            reshape("Tensor::squeeze_dim"),
            "[3, 1, 2] 1",
            [3, 1, 2],
            [3, 2],
            |x| x.squeeze_dim(1),
        ),
        in_order(
            reshape("Tensor::squeeze_dims"),
            "[1, 3, 1, 2] 0 and 2",
            [1, 3, 1, 2],
            [3, 2],
            |x| x.squeeze_dims(&[0, 2]),
        ),
        in_order(
            reshape("Tensor::unsqueeze"),
            "[3, 2] to 4",
            [3, 2],
            [1, 1, 3, 2],
            |x| x.unsqueeze(),
        ),
        in_order(
            reshape("Tensor::unsqueeze_dim"),
            "[3, 2] 1",
            [3, 2],
            [3, 1, 2],
            |x| x.unsqueeze_dim(1),
        ),
        in_order(
            reshape("Tensor::unsqueeze_dims"),
            "[3, 2] 0 and -1",
            [3, 2],
            [1, 3, 2, 1],
            |x| x.unsqueeze_dims(&[0, -1]),
        ),
    ]
}
