//! Elements read and written by index.

use burn::tensor::{Bool, IndexingUpdateOp, Int, Tensor};

use super::shape_operation;
use crate::operation::Operation;
use crate::witness::{FormulaInputs, MemoryLayout};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = reads();
    all.extend(additions());
    all.extend(updates());
    all
}

/// Rows of indices, some twice.
const ROWS: [[usize; 4]; 2] = [[0, 2, 2, 1], [0, 1, 2, 1]];
const COLUMNS: [[usize; 2]; 3] = [[0, 0], [3, 1], [2, 2]];

fn rows(v: &FormulaInputs<'_>) -> Tensor<2, Int> {
    v.ints([2, 4], &[0, 2, 2, 1, 0, 1, 2, 1])
}

fn columns(v: &FormulaInputs<'_>) -> Tensor<2, Int> {
    v.ints([3, 2], &[0, 0, 3, 1, 2, 2])
}

#[rustfmt::skip]
fn reads() -> Vec<Operation> {
    vec![
        shape_operation("Tensor::gather", &["float_gather"])
            .moves_stored(&[MemoryLayout::Transposed], "[3, 4] along 0, twice the same", [3, 4],
                |[i, j]| [ROWS[i][j], j], |v, x| x.gather(0, rows(v)))
            .moves("[3, 4] along 1, twice the same", [3, 4], |[i, j]| [i, COLUMNS[i][j]],
                |v, x| x.gather(1, columns(v))),
        shape_operation("Tensor::select", &["float_select"])
            .moves_stored(&[MemoryLayout::Expanded], "[4, 3] along 0, twice the same", [4, 3],
                |[i, j]| [[1, 3, 1][i], j], |v, x| x.select(0, v.ints([3], &[1, 3, 1])))
            .moves("[2, 5] along 1", [2, 5], |[i, j]| [i, [4, 0][j]],
                |v, x| x.select(1, v.ints([2], &[4, 0]))),
        shape_operation("Tensor::take", &["float_select", "float_reshape"])
            .moves("[3, 4] along 1 by [2, 2]", [3, 4], |[i, j, k]| [i, [[0, 3], [1, 0]][j][k]],
                |v, x| -> Tensor<3> { x.take(1, v.ints([2, 2], &[0, 3, 1, 0])) }),
        shape_operation("Tensor::mask_select", &["float_select", "float_reshape"])
            .moves("[2, 3] by a mask", [2, 3], |[i]| [[0, 0], [0, 2], [1, 1]][i],
                |v, x| { let mask: Tensor<2, Bool> = v.bools([2, 3],
                &[true, false, true, false, true, false]); x.mask_select(mask) }),
        shape_operation("Tensor::gather_nd", &["float_gather_nd"])
            .moves("[3, 4] elements, twice the same", [3, 4], |[i]| [[0, 1], [2, 3], [0, 1]][i],
                |v, x| -> Tensor<1> { x.gather_nd(v.ints([3, 2], &[0, 1, 2, 3, 0, 1])) })
            .moves("[3, 4] rows", [3, 4], |[i, j]| [[2, 0][i], j],
                |v, x| -> Tensor<2> { x.gather_nd(v.ints([2, 1], &[2, 0])) }),
    ]
}

/// Values added to an element; if an index occurs twice, both are added.
#[rustfmt::skip]
fn additions() -> Vec<Operation> {
    let note = "adds; with the same index twice both are added";
    vec![
        shape_operation("Tensor::scatter", &["float_scatter"]).note(note)
            .updates("[3, 4] along 0, twice the same", (&[3, 4], &[2, 4]),
                |v| { let values = v.get::<2>("values"); v.get::<2>("x").scatter(0, rows(v),
                values, IndexingUpdateOp::Add) })
            .updates("[3, 4] along 1", (&[3, 4], &[3, 2]),
                |v| { let at = v.ints([3, 2],
                &[0, 2, 3, 1, 2, 2]); let values = v.get::<2>("values"); v.get::<2>("x").scatter(1,
                at, values, IndexingUpdateOp::Add) }),
        shape_operation("Tensor::select_assign", &["float_select_assign"]).note(note)
            .updates("[4, 3] along 0, twice the same", (&[4, 3], &[3, 3]),
                |v| { let at = v.ints([3], &[1, 3,
                1]); let values = v.get::<2>("values"); v.get::<2>("x").select_assign(0, at,
                values, IndexingUpdateOp::Add) })
            .updates("[2, 5] along 1", (&[2, 5], &[2, 2]),
                |v| { let at = v.ints([2], &[4,
                0]); let values = v.get::<2>("values"); v.get::<2>("x").select_assign(1, at,
                values, IndexingUpdateOp::Add) }),
    ]
}

#[rustfmt::skip]
fn updates() -> Vec<Operation> {
    vec![
        scatter("Tensor::scatter, assign", IndexingUpdateOp::Assign),
        scatter("Tensor::scatter, mul", IndexingUpdateOp::Mul),
        scatter("Tensor::scatter, min", IndexingUpdateOp::Min),
        scatter("Tensor::scatter, max", IndexingUpdateOp::Max),
        select_assign("Tensor::select_assign, assign", IndexingUpdateOp::Assign),
        select_assign("Tensor::select_assign, mul", IndexingUpdateOp::Mul),
        select_assign("Tensor::select_assign, min", IndexingUpdateOp::Min),
        select_assign("Tensor::select_assign, max", IndexingUpdateOp::Max),
        scatter_nd("Tensor::scatter_nd, assign", IndexingUpdateOp::Assign),
        scatter_nd("Tensor::scatter_nd, add", IndexingUpdateOp::Add)
            .updates("[3, 4] elements, twice the same", (&[3, 4], &[3]),
                |v| { let at = v.ints([3, 2],
                &[0, 1, 2, 3, 0,
                1]); let values = v.get::<1>("values"); v.get::<2>("x").scatter_nd(at, values,
                IndexingUpdateOp::Add) }),
        scatter_nd("Tensor::scatter_nd, mul", IndexingUpdateOp::Mul),
        scatter_nd("Tensor::scatter_nd, min", IndexingUpdateOp::Min),
        scatter_nd("Tensor::scatter_nd, max", IndexingUpdateOp::Max),
    ]
}

/// Each index occurs once, since two updates of one element are undefined.
fn scatter(name: &'static str, update: IndexingUpdateOp) -> Operation {
    shape_operation(name, &["float_scatter"])
        .updates("[3, 4] along 0", (&[3, 4], &[2, 4]), move |v| {
            let at = v.ints([2, 4], &[0, 2, 2, 1, 1, 1, 0, 2]);
            v.get::<2>("x").scatter(0, at, v.get::<2>("values"), update)
        })
        .updates("[3, 4] along 1", (&[3, 4], &[3, 2]), move |v| {
            let at = v.ints([3, 2], &[0, 2, 3, 1, 2, 3]);
            v.get::<2>("x").scatter(1, at, v.get::<2>("values"), update)
        })
}

/// Each index occurs once, for the same reason.
fn select_assign(name: &'static str, update: IndexingUpdateOp) -> Operation {
    shape_operation(name, &["float_select_assign"])
        .updates("[4, 3] along 0", (&[4, 3], &[2, 3]), move |v| {
            let at = v.ints([2], &[3, 1]);
            v.get::<2>("x")
                .select_assign(0, at, v.get::<2>("values"), update)
        })
        .updates("[2, 5] along 1", (&[2, 5], &[2, 3]), move |v| {
            let at = v.ints([3], &[4, 0, 2]);
            v.get::<2>("x")
                .select_assign(1, at, v.get::<2>("values"), update)
        })
}

fn scatter_nd(name: &'static str, update: IndexingUpdateOp) -> Operation {
    shape_operation(name, &["float_scatter_nd"])
        .updates("[3, 4] elements", (&[3, 4], &[3]), move |v| {
            let at = v.ints([3, 2], &[0, 1, 2, 3, 1, 0]);
            v.get::<2>("x").scatter_nd(at, v.get::<1>("values"), update)
        })
        .updates("[3, 4] rows", (&[3, 4], &[2, 4]), move |v| {
            let at = v.ints([2, 1], &[2, 0]);
            v.get::<2>("x").scatter_nd(at, v.get::<2>("values"), update)
        })
}
