//! Elements in the order of their size. The gradient of each goes back to where it was.

use crate::lanes::{LaneVjp, Lanes, along};
use crate::operation::{Family, Operation};

pub(super) fn operations() -> Vec<Operation> {
    let up: LaneVjp = |x, grad| to_places(x, &ascending(x), grad);
    let down: LaneVjp = |x, grad| to_places(x, &descending(x), grad);
    let middle: LaneVjp = |x, grad| to_places(x, &ascending(x)[(x.len() - 1) / 2..], grad);
    let sort =
        |name, ranks, vjp| Lanes::new(name, Family::Shapes, &["float_sort"], ranks, vjp).build();
    let with_indices = &["float_sort_with_indices"];
    vec![
        sort("Tensor::sort", along!(|x, dim| x.sort(dim)), up),
        sort(
            "Tensor::sort_descending",
            along!(|x, dim| x.sort_descending(dim)),
            down,
        ),
        Lanes::new(
            "Tensor::sort_with_indices",
            Family::Shapes,
            with_indices,
            along!(|x, dim| x.sort_with_indices(dim).0),
            up,
        )
        .build(),
        Lanes::new(
            "Tensor::sort_descending_with_indices",
            Family::Shapes,
            with_indices,
            along!(|x, dim| x.sort_descending_with_indices(dim).0),
            down,
        )
        .build(),
        Lanes::new(
            "Tensor::topk",
            Family::Shapes,
            &["float_topk"],
            along!(|x, dim| x.topk(2, dim)),
            down,
        )
        .two_or_more()
        .build(),
        Lanes::new(
            "Tensor::topk_with_indices",
            Family::Shapes,
            &["float_sort_with_indices"],
            along!(|x, dim| x.topk_with_indices(2, dim).0),
            down,
        )
        .two_or_more()
        .build(),
        Lanes::new(
            "Tensor::median",
            Family::Shapes,
            &["float_sort", "float_slice"],
            along!(|x, dim| x.median(dim)),
            middle,
        )
        .note("of an even number the lower of the two in the middle")
        .build(),
        Lanes::new(
            "Tensor::median_with_indices",
            Family::Shapes,
            &["float_sort_with_indices", "float_slice"],
            along!(|x, dim| x.median_with_indices(dim).0),
            middle,
        )
        .note("of an even number the lower of the two in the middle")
        .build(),
    ]
}

/// The places of the elements from the smallest to the largest.
fn ascending(x: &[f64]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..x.len()).collect();
    places.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    places
}

fn descending(x: &[f64]) -> Vec<usize> {
    let mut places = ascending(x);
    places.reverse();
    places
}

/// Puts as many gradients as there are to the first places.
fn to_places(x: &[f64], places: &[usize], grad: &[f64]) -> Vec<f64> {
    let mut grad_x = vec![0.0; x.len()];
    for (&place, &grad) in places.iter().zip(grad) {
        grad_x[place] = grad;
    }
    grad_x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_go_back_to_their_places() {
        let x = [2.0, -1.0, 3.0];
        assert_eq!(
            to_places(&x, &ascending(&x), &[1.0, 2.0, 4.0]),
            [2.0, 1.0, 4.0]
        );
        assert_eq!(to_places(&x, &descending(&x), &[1.0, 2.0]), [2.0, 0.0, 1.0]);
    }
}
