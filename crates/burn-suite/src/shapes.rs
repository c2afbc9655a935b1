//! Operations that move elements: reshapes, slices, gathers, scatters, sorts.
//!
//! All but the scatters that multiply or compare are linear in each piece, so that finite
//! differences are exact up to rounding and no formula is needed beside them.

use burn::tensor::ops::PadMode;
use burn::tensor::{IndexingUpdateOp, Tensor, s};
use burn_gradcheck::{Case, Outputs, Values};

use crate::host::{F32, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = orders();
    all.extend(slices());
    all.extend(indices());
    all.extend(copies());
    all.extend(sorts());
    all
}

/// An operation with checks added one by one.
struct Moves(Operation);

impl Moves {
    fn new(name: &'static str, covers: &'static [&'static str]) -> Self {
        Self(Operation::new(name, Family::Shapes, covers))
    }

    fn note(self, note: &'static str) -> Self {
        Self(self.0.note(note))
    }

    /// One input, `x`.
    fn of<O: Into<Outputs>>(
        self,
        name: &str,
        shape: impl Into<Vec<usize>>,
        function: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| case.input("x", shape).function(function))
    }

    /// Two inputs, `x` and `values`.
    fn into<O: Into<Outputs>>(
        self,
        name: &str,
        shape: impl Into<Vec<usize>>,
        values: impl Into<Vec<usize>>,
        function: impl Fn(&Values) -> O + Send + Sync + 'static,
    ) -> Self {
        self.with(name, |case| {
            case.input("x", shape)
                .input("values", values)
                .function(function)
        })
    }

    fn with(mut self, name: &str, case: impl FnOnce(Case) -> Case) -> Self {
        self.0.drawn(name.to_owned(), true, |empty| {
            case(empty).tolerance(F32, tolerance_f32_of_sums())
        });
        self
    }
}

fn orders() -> Vec<Operation> {
    let all = [
        Moves::new("Tensor::swap_dims", &["float_swap_dims"])
            .of("[3, 4] 0 1", [3, 4], |v| v.get::<2>("x").swap_dims(0, 1))
            .of("[2, 3, 4] 0 2", [2, 3, 4], |v| {
                v.get::<3>("x").swap_dims(0, 2)
            })
            .of("[2, 3, 4] 1 1", [2, 3, 4], |v| {
                v.get::<3>("x").swap_dims(1, 1)
            }),
        Moves::new("Tensor::permute", &["float_permute"])
            .of("[2, 3, 4] to 1 2 0", [2, 3, 4], |v| {
                v.get::<3>("x").permute([1, 2, 0])
            })
            .of("[2, 3, 1, 2] to 3 1 0 2", [2, 3, 1, 2], |v| {
                v.get::<4>("x").permute([3, 1, 0, 2])
            }),
        Moves::new("Tensor::movedim", &["float_permute"]).of("[2, 3, 4] 0 to 2", [2, 3, 4], |v| {
            v.get::<3>("x").movedim(0, 2)
        }),
        Moves::new("Tensor::flip", &["float_flip"])
            .of("[3, 4] 0", [3, 4], |v| v.get::<2>("x").flip([0]))
            .of("[2, 3, 4] 0 2", [2, 3, 4], |v| v.get::<3>("x").flip([0, 2])),
        Moves::new("Tensor::roll", &["float_slice", "float_cat"]).of(
            "[3, 4] by 1 and -1",
            [3, 4],
            |v| v.get::<2>("x").roll(&[1, -1], &[0, 1]),
        ),
        Moves::new("Tensor::reshape", &["float_reshape"])
            .of("[3, 4] to [2, 6]", [3, 4], |v| {
                v.get::<2>("x").reshape([2, 6])
            })
            .of("transposed [3, 4] to [12]", [3, 4], |v| {
                v.get::<2>("x").transpose().reshape([12])
            })
            .of("[1] to [1, 1, 1]", [1], |v| {
                v.get::<1>("x").reshape([1, 1, 1])
            }),
    ];
    all.map(|moves| moves.0).into()
}

fn slices() -> Vec<Operation> {
    let all = [
        Moves::new("Tensor::slice", &["float_slice"])
            .of("[4, 5] 1..3 2..5", [4, 5], |v| {
                v.get::<2>("x").slice([1..3, 2..5])
            })
            .of("[5] in steps of 2", [5], |v| {
                v.get::<1>("x").slice(s![0..5;2])
            })
            .of("[5, 3] backwards", [5, 3], |v| {
                v.get::<2>("x").slice(s![0..5;-2, 0..3;-1])
            })
            .of("transposed [4, 5]", [4, 5], |v| {
                v.get::<2>("x").transpose().slice([1..4, 0..2])
            }),
        Moves::new("Tensor::slice_assign", &["float_slice_assign"])
            .into("[4, 5] 1..3 2..5", [4, 5], [2, 3], |v| {
                v.get::<2>("x")
                    .slice_assign([1..3, 2..5], v.get::<2>("values"))
            })
            .into("[5] in steps of 2", [5], [3], |v| {
                v.get::<1>("x")
                    .slice_assign(s![0..5;2], v.get::<1>("values"))
            })
            .into("[5] backwards", [5], [3], |v| {
                v.get::<1>("x")
                    .slice_assign(s![0..5;-2], v.get::<1>("values"))
            }),
        Moves::new("Tensor::narrow", &["float_slice"]).of("[4, 3] along 0", [4, 3], |v| {
            v.get::<2>("x").narrow(0, 1, 2)
        }),
        Moves::new("Tensor::chunk", &["float_slice"]).of("[5, 2] in 2 along 0", [5, 2], |v| {
            v.get::<2>("x").chunk(2, 0)
        }),
        Moves::new("Tensor::unfold", &["float_unfold"])
            .of("[7] 3 by 2", [7], |v| -> Tensor<2> {
                v.get::<1>("x").unfold(0, 3, 2)
            })
            .of("[2, 6] 3 by 1, overlapping", [2, 6], |v| -> Tensor<3> {
                v.get::<2>("x").unfold(1, 3, 1)
            })
            .of("[6, 2] 2 by 3, with gaps", [6, 2], |v| -> Tensor<3> {
                v.get::<2>("x").unfold(0, 2, 3)
            }),
        Moves::new("Tensor::pad", &["float_slice_assign", "float_cat"])
            .of("[3, 4] constant", [3, 4], |v| {
                v.get::<2>("x")
                    .pad([(1, 0), (2, 1)], PadMode::Constant(0.5))
            })
            .of("[3, 4] reflect", [3, 4], |v| {
                v.get::<2>("x").pad([(1, 2), (2, 1)], PadMode::Reflect)
            })
            .of("[3, 4] edge", [3, 4], |v| {
                v.get::<2>("x").pad([(1, 2), (2, 1)], PadMode::Edge)
            }),
    ];
    all.map(|moves| moves.0).into()
}

fn indices() -> Vec<Operation> {
    let all = [
        Moves::new("Tensor::gather", &["float_gather"])
            .of("[3, 4] along 0, twice the same", [3, 4], |v| {
                let at = v.ints([2, 4], &[0, 2, 2, 1, 0, 1, 2, 1]);
                v.get::<2>("x").gather(0, at)
            })
            .of("[3, 4] along 1, twice the same", [3, 4], |v| {
                let at = v.ints([3, 2], &[0, 0, 3, 1, 2, 2]);
                v.get::<2>("x").gather(1, at)
            }),
        Moves::new("Tensor::scatter", &["float_scatter"])
            .note("adds; with the same index twice both are added")
            .into("[3, 4] along 0, twice the same", [3, 4], [2, 4], |v| {
                let at = v.ints([2, 4], &[0, 2, 2, 1, 0, 1, 2, 1]);
                let values = v.get::<2>("values");
                v.get::<2>("x")
                    .scatter(0, at, values, IndexingUpdateOp::Add)
            })
            .into("[3, 4] along 1", [3, 4], [3, 2], |v| {
                let at = v.ints([3, 2], &[0, 2, 3, 1, 2, 2]);
                let values = v.get::<2>("values");
                v.get::<2>("x")
                    .scatter(1, at, values, IndexingUpdateOp::Add)
            }),
        Moves::new("Tensor::select", &["float_select"])
            .of("[4, 3] along 0, twice the same", [4, 3], |v| {
                v.get::<2>("x").select(0, v.ints([3], &[1, 3, 1]))
            })
            .of("[2, 5] along 1", [2, 5], |v| {
                v.get::<2>("x").select(1, v.ints([2], &[4, 0]))
            }),
        Moves::new("Tensor::select_assign", &["float_select_assign"])
            .note("adds; with the same index twice both are added")
            .into("[4, 3] along 0, twice the same", [4, 3], [3, 3], |v| {
                let at = v.ints([3], &[1, 3, 1]);
                let values = v.get::<2>("values");
                v.get::<2>("x")
                    .select_assign(0, at, values, IndexingUpdateOp::Add)
            })
            .into("[2, 5] along 1", [2, 5], [2, 2], |v| {
                let at = v.ints([2], &[4, 0]);
                let values = v.get::<2>("values");
                v.get::<2>("x")
                    .select_assign(1, at, values, IndexingUpdateOp::Add)
            }),
        Moves::new("Tensor::gather_nd", &["float_gather_nd"])
            .of(
                "[3, 4] elements, twice the same",
                [3, 4],
                |v| -> Tensor<1> {
                    v.get::<2>("x")
                        .gather_nd(v.ints([3, 2], &[0, 1, 2, 3, 0, 1]))
                },
            )
            .of("[3, 4] rows", [3, 4], |v| -> Tensor<2> {
                v.get::<2>("x").gather_nd(v.ints([2, 1], &[2, 0]))
            }),
        scatter("Tensor::scatter, assign", IndexingUpdateOp::Assign),
        scatter("Tensor::scatter, mul", IndexingUpdateOp::Mul),
        scatter("Tensor::scatter, min", IndexingUpdateOp::Min),
        scatter("Tensor::scatter, max", IndexingUpdateOp::Max),
        select_assign("Tensor::select_assign, assign", IndexingUpdateOp::Assign),
        select_assign("Tensor::select_assign, mul", IndexingUpdateOp::Mul),
        select_assign("Tensor::select_assign, min", IndexingUpdateOp::Min),
        select_assign("Tensor::select_assign, max", IndexingUpdateOp::Max),
        scatter_nd("Tensor::scatter_nd, assign", IndexingUpdateOp::Assign),
        scatter_nd("Tensor::scatter_nd, add", IndexingUpdateOp::Add).into(
            "[3, 4] elements, twice the same",
            [3, 4],
            [3],
            |v| {
                let at = v.ints([3, 2], &[0, 1, 2, 3, 0, 1]);
                let values = v.get::<1>("values");
                v.get::<2>("x")
                    .scatter_nd(at, values, IndexingUpdateOp::Add)
            },
        ),
        scatter_nd("Tensor::scatter_nd, mul", IndexingUpdateOp::Mul),
        scatter_nd("Tensor::scatter_nd, min", IndexingUpdateOp::Min),
        scatter_nd("Tensor::scatter_nd, max", IndexingUpdateOp::Max),
    ];
    all.map(|moves| moves.0).into()
}

/// Each index once: what two updates of one element do is not defined for these.
fn scatter(name: &'static str, update: IndexingUpdateOp) -> Moves {
    Moves::new(name, &["float_scatter"])
        .into("[3, 4] along 0", [3, 4], [2, 4], move |v| {
            let at = v.ints([2, 4], &[0, 2, 2, 1, 1, 1, 0, 2]);
            v.get::<2>("x").scatter(0, at, v.get::<2>("values"), update)
        })
        .into("[3, 4] along 1", [3, 4], [3, 2], move |v| {
            let at = v.ints([3, 2], &[0, 2, 3, 1, 2, 3]);
            v.get::<2>("x").scatter(1, at, v.get::<2>("values"), update)
        })
}

/// Each index once, for the same reason.
fn select_assign(name: &'static str, update: IndexingUpdateOp) -> Moves {
    Moves::new(name, &["float_select_assign"])
        .into("[4, 3] along 0", [4, 3], [2, 3], move |v| {
            let at = v.ints([2], &[3, 1]);
            v.get::<2>("x")
                .select_assign(0, at, v.get::<2>("values"), update)
        })
        .into("[2, 5] along 1", [2, 5], [2, 3], move |v| {
            let at = v.ints([3], &[4, 0, 2]);
            v.get::<2>("x")
                .select_assign(1, at, v.get::<2>("values"), update)
        })
}

fn scatter_nd(name: &'static str, update: IndexingUpdateOp) -> Moves {
    Moves::new(name, &["float_scatter_nd"])
        .into("[3, 4] elements", [3, 4], [3], move |v| {
            let at = v.ints([3, 2], &[0, 1, 2, 3, 1, 0]);
            v.get::<2>("x").scatter_nd(at, v.get::<1>("values"), update)
        })
        .into("[3, 4] rows", [3, 4], [2, 4], move |v| {
            let at = v.ints([2, 1], &[2, 0]);
            v.get::<2>("x").scatter_nd(at, v.get::<2>("values"), update)
        })
}

fn copies() -> Vec<Operation> {
    let all = [
        Moves::new("Tensor::cat", &["float_cat"])
            .into("[2, 3] [4, 3] along 0", [2, 3], [4, 3], |v| {
                Tensor::cat(vec![v.get::<2>("x"), v.get::<2>("values")], 0)
            })
            .into("[2, 1] [2, 3] along 1, one twice", [2, 1], [2, 3], |v| {
                let (x, values) = (v.get::<2>("x"), v.get::<2>("values"));
                Tensor::cat(vec![x.clone(), values, x], 1)
            }),
        Moves::new("Tensor::stack", &["float_cat", "float_reshape"]).into(
            "[2, 3] [2, 3] along 1",
            [2, 3],
            [2, 3],
            |v| -> Tensor<3> { Tensor::stack(vec![v.get::<2>("x"), v.get::<2>("values")], 1) },
        ),
        Moves::new("Tensor::expand", &["float_expand"])
            .of("[3, 1] to [3, 4]", [3, 1], |v| {
                v.get::<2>("x").expand([3, 4])
            })
            .of("[3] to [2, 3]", [3], |v| v.get::<1>("x").expand([2, 3]))
            .of("[1, 3, 1] to [2, 3, 4]", [1, 3, 1], |v| {
                v.get::<3>("x").expand([2, 3, 4])
            }),
        Moves::new("Tensor::repeat_dim", &["float_repeat_dim"])
            .of("[2, 3] twice along 0", [2, 3], |v| {
                v.get::<2>("x").repeat_dim(0, 2)
            })
            .of("[2, 3] three times along 1", [2, 3], |v| {
                v.get::<2>("x").repeat_dim(1, 3)
            })
            .of("[1, 3] once", [1, 3], |v| v.get::<2>("x").repeat_dim(0, 1)),
        Moves::new("Tensor::repeat", &["float_repeat_dim"]).of(
            "[2, 1, 3] by 1 3 2",
            [2, 1, 3],
            |v| v.get::<3>("x").repeat(&[1, 3, 2]),
        ),
        Moves::new("Tensor::triu", &["float_mask_fill"])
            .of("[3, 4]", [3, 4], |v| v.get::<2>("x").triu(0)),
        Moves::new("Tensor::tril", &["float_mask_fill"])
            .of("[3, 4]", [3, 4], |v| v.get::<2>("x").tril(1)),
    ];
    all.map(|moves| moves.0).into()
}

fn sorts() -> Vec<Operation> {
    let all = [
        Moves::new("Tensor::sort", &["float_sort"])
            .of("[7]", [7], |v| v.get::<1>("x").sort(0))
            .of("[3, 4] along 0", [3, 4], |v| v.get::<2>("x").sort(0))
            .of("[2, 3, 4] along 1", [2, 3, 4], |v| v.get::<3>("x").sort(1)),
        Moves::new("Tensor::sort_descending", &["float_sort"]).of("[3, 4] along 1", [3, 4], |v| {
            v.get::<2>("x").sort_descending(1)
        }),
        Moves::new("Tensor::sort_with_indices", &["float_sort_with_indices"]).of(
            "[3, 4] along 1",
            [3, 4],
            |v| v.get::<2>("x").sort_with_indices(1).0,
        ),
        Moves::new("Tensor::topk", &["float_topk"])
            .of("[7] 3", [7], |v| v.get::<1>("x").topk(3, 0))
            .of("[3, 4] 2 along 0", [3, 4], |v| v.get::<2>("x").topk(2, 0)),
        Moves::new("Tensor::topk_with_indices", &["float_topk"]).of(
            "[3, 4] 2 along 1",
            [3, 4],
            |v| v.get::<2>("x").topk_with_indices(2, 1).0,
        ),
        Moves::new("Tensor::median", &["float_sort", "float_slice"])
            .of("[5] odd", [5], |v| v.get::<1>("x").median(0)),
    ];
    all.map(|moves| moves.0).into()
}
