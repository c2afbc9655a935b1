//! Elements in the order of their size.

use crate::along::{Along, AlongAtRanks, SliceFormula, along};
use crate::operation::{Family, Operation};
use crate::witness::Dual;

#[rustfmt::skip]
pub(super) fn operations() -> Vec<Operation> {
    let down: SliceFormula = descending;
    let middle: SliceFormula = |x| vec![ascending(x)[(x.len() - 1) / 2]];
    let two: SliceFormula = |x| descending(x)[..2].to_vec();
    let sort = |name, burn: AlongAtRanks, formula: SliceFormula| {
        Along::new(name, Family::Shapes, burn, formula).covers(&["float_sort"])
    };
    let with_indices = &["float_sort_with_indices"];
    let lower = "of an even number the lower of the two in the middle";
    vec![
        sort("Tensor::sort", along!(|x, dim| x.sort(dim)), ascending).build(),
        sort("Tensor::sort_descending", along!(|x, dim| x.sort_descending(dim)), down).build(),
        sort("Tensor::sort_with_indices", along!(|x, dim| x.sort_with_indices(dim).0), ascending)
            .covers(with_indices).build(),
        sort("Tensor::sort_descending_with_indices",
                along!(|x, dim| x.sort_descending_with_indices(dim).0), down).covers(with_indices)
            .build(),
        sort("Tensor::topk", along!(|x, dim| x.topk(2, dim)), two).covers(&["float_topk"])
            .two_or_more().build(),
        sort("Tensor::topk_with_indices", along!(|x, dim| x.topk_with_indices(2, dim).0), two)
            .covers(with_indices).two_or_more().build(),
        sort("Tensor::median", along!(|x, dim| x.median(dim)), middle)
            .covers(&["float_sort", "float_slice"]).note(lower).build(),
        sort("Tensor::median_with_indices", along!(|x, dim| x.median_with_indices(dim).0), middle)
            .covers(&["float_sort_with_indices", "float_slice"]).note(lower).build(),
    ]
}

fn ascending(x: &[Dual]) -> Vec<Dual> {
    let mut sorted = x.to_vec();
    sorted.sort_by(|a, b| a.value.total_cmp(&b.value));
    sorted
}

fn descending(x: &[Dual]) -> Vec<Dual> {
    let mut sorted = ascending(x);
    sorted.reverse();
    sorted
}
