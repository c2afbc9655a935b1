//! Ties: equal elements among which an operation must choose.
//!
//! Which of them gets the gradient is a convention, and reported as one. But each upstream gradient
//! must arrive exactly once: only then is the result a subgradient.

use burn::tensor::module;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{IndexingUpdateOp, Int, Tensor};

use super::NamedPoint;
use crate::point::{GivenTensor, Pick, Point};

pub(super) fn points() -> Vec<NamedPoint> {
    let mut all = extremes();
    all.extend(cumulative());
    all.extend(sorts());
    all.extend(poolings());
    all.extend(updates());
    all
}

/// Elements that share a maximum or minimum of slope 1.
const TWO: &[(usize, f64)] = &[(1, 1.0), (3, 1.0)];
const FIRST: &[(usize, f64)] = &[(0, 1.0)];
const SECOND: &[(usize, f64)] = &[(1, 1.0)];
const THIRD: &[(usize, f64)] = &[(2, 1.0)];

fn tie<const E: usize>(
    values: &[f64],
    picks: &[Pick],
    function: impl Fn(Tensor<1>) -> Tensor<E> + Send + Sync + 'static,
) -> Point {
    let x = GivenTensor::new([values.len()], values);
    let shown: Vec<String> = values.iter().map(f64::to_string).collect();
    Point::of_ties(format!("x = ({})", shown.join(", ")), x, picks, function)
}

#[rustfmt::skip]
fn extremes() -> Vec<NamedPoint> {
    const ALL: &[(usize, f64)] = &[
        (0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0), (5, 1.0), (6, 1.0), (7, 1.0),
        (8, 1.0), (9, 1.0), (10, 1.0), (11, 1.0), (12, 1.0), (13, 1.0), (14, 1.0), (15, 1.0), (16, 1.0),
    ];
    /// |x| has slope -1 where x is negative.
    const OPPOSITE: &[(usize, f64)] = &[(0, -1.0), (2, 1.0)];
    let large = [1.0, 3.0, 2.0, 3.0];
    let small = [1.0, -3.0, 2.0, -3.0];
    let picks = [(2.0, TWO)];
    let mut all: Vec<NamedPoint> = vec![
        ("Tensor::max", tie(&large, &picks, |x| x.max())),
        ("Tensor::min", tie(&small, &picks, |x| x.min())),
        ("Tensor::max_dim", tie(&large, &picks, |x| x.max_dim(0))),
        ("Tensor::min_dim", tie(&small, &picks, |x| x.min_dim(0))),
        ("Tensor::max_dim_with_indices", tie(&large, &picks, |x| x.max_dim_with_indices(0).0)),
        ("Tensor::min_dim_with_indices", tie(&small, &picks, |x| x.min_dim_with_indices(0).0)),
    ];
    let opposite = [-3.0, 1.0, 3.0];
    all.extend([
        ("Tensor::max_abs", tie(&opposite, &[(2.0, OPPOSITE)], |x| x.max_abs())),
        ("Tensor::max_abs_dim", tie(&opposite, &[(2.0, OPPOSITE)], |x| x.max_abs_dim(0))),
    ]);
    let equal = |function: fn(Tensor<1>) -> Tensor<1>| {
        let x = GivenTensor::new([ALL.len()], &[0.5; ALL.len()]);
        Point::of_ties("17 equal elements", x, &[(3.0, ALL)], function)
    };
    all.extend([
        ("Tensor::max", equal(|x| x.max())),
        ("Tensor::min", equal(|x| x.min())),
        ("Tensor::max_dim", equal(|x| x.max_dim(0))),
        ("Tensor::min_dim", equal(|x| x.min_dim(0))),
        ("Tensor::max_abs", equal(|x| x.max_abs())),
    ]);
    all
}

#[rustfmt::skip]
fn cumulative() -> Vec<NamedPoint> {
    const LATER: &[(usize, f64)] = &[(1, 1.0), (2, 1.0)];
    let picks = [(1.0, FIRST), (2.0, SECOND), (4.0, LATER), (8.0, LATER)];
    vec![
        ("Tensor::cummax", tie(&[1.0, 3.0, 3.0, 2.0], &picks, |x| x.cummax(0))),
        ("Tensor::cummin", tie(&[-1.0, -3.0, -3.0, -2.0], &picks, |x| x.cummin(0))),
    ]
}

#[rustfmt::skip]
fn sorts() -> Vec<NamedPoint> {
    const ONES: &[(usize, f64)] = &[(1, 1.0), (4, 1.0)];
    const TWOS: &[(usize, f64)] = &[(0, 1.0), (2, 1.0)];
    const THREE: &[(usize, f64)] = &[(3, 1.0)];
    const LARGEST: &[(usize, f64)] = &[(0, 1.0), (2, 1.0), (3, 1.0)];
    let x = [2.0, 1.0, 2.0, 3.0, 1.0];
    let up = [
        (1.0, ONES),
        (2.0, ONES),
        (4.0, TWOS),
        (8.0, TWOS),
        (16.0, THREE),
    ];
    let down = [
        (1.0, THREE),
        (2.0, TWOS),
        (4.0, TWOS),
        (8.0, ONES),
        (16.0, ONES),
    ];
    let many = [3.0, 1.0, 3.0, 3.0];
    let two = [(1.0, LARGEST), (2.0, LARGEST)];
    let middle = [2.0, 1.0, 2.0, 2.0, 5.0];
    vec![
        ("Tensor::sort", tie(&x, &up, |x| x.sort(0))),
        ("Tensor::sort_descending", tie(&x, &down, |x| x.sort_descending(0))),
        ("Tensor::sort_with_indices", tie(&x, &up, |x| x.sort_with_indices(0).0)),
        ("Tensor::topk", tie(&many, &two, |x| x.topk(2, 0))),
        ("Tensor::topk_with_indices", tie(&many, &two, |x| x.topk_with_indices(2, 0).0)),
        ("Tensor::median", tie(&middle, &[(2.0, LARGEST)], |x| x.median(0))),
    ]
}

#[rustfmt::skip]
fn poolings() -> Vec<NamedPoint> {
    const EARLY: &[(usize, f64)] = &[(0, 1.0), (1, 1.0)];
    const LATE: &[(usize, f64)] = &[(1, 1.0), (2, 1.0)];
    const EVERY: &[(usize, f64)] = &[(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0)];
    // Windows of two, one after another: (2, 2), (2, 2), (2, 1).
    let overlapping = [(1.0, EARLY), (2.0, LATE), (4.0, THIRD)];
    let x = [2.0, 2.0, 2.0, 1.0];
    let by_one = || MaxPoolOptions::new([2]).with_stride([1]);
    // Padded: (., 0), (0, 0), (0, .) of zeros, so that padding by 0 would take gradient away.
    let padded = [(1.0, FIRST), (2.0, EARLY), (4.0, SECOND)];
    let with_padding = move || by_one().with_padding([1]);
    vec![
        ("module::max_pool1d", Point::of_ties("overlapping windows of equal elements",
                GivenTensor::new([1, 1, 4], &x), &overlapping,
                move |x| module::max_pool1d(x, by_one()))),
        ("module::max_pool1d", Point::of_ties("zeros, padded",
                GivenTensor::new([1, 1, 2], &[0.0, 0.0]), &padded,
                move |x| module::max_pool1d(x, with_padding()))),
        ("module::max_pool1d_with_indices",
            Point::of_ties("overlapping windows of equal elements",
                GivenTensor::new([1, 1, 4], &x), &overlapping,
                move |x| module::max_pool1d_with_indices(x, by_one()).0)),
        ("module::max_pool2d", Point::of_ties("equal elements",
                GivenTensor::new([1, 1, 2, 2], &[0.5; 4]), &[(2.0, EVERY)],
                |x| module::max_pool2d(x, MaxPoolOptions::new([2, 2])))),
        ("module::max_pool2d_with_indices",
            Point::of_ties("equal elements", GivenTensor::new([1, 1, 2, 2], &[0.5; 4]),
                &[(2.0, EVERY)], |x| module::max_pool2d_with_indices(x,
                MaxPoolOptions::new([2, 2])).0)),
    ]
}

/// An element and the value that it is compared with are equal.
#[rustfmt::skip]
fn updates() -> Vec<NamedPoint> {
    /// The third element and the only value, which comes fourth.
    const EITHER: &[(usize, f64)] = &[(2, 1.0), (3, 1.0)];
    fn between(
        function: impl Fn(Tensor<1>, Tensor<1>, Tensor<1, Int>) -> Tensor<1> + Send + Sync + 'static,
    ) -> Point {
        let (x, value) = (GivenTensor::new([3], &[1.0, 2.0, 3.0]), GivenTensor::new([1], &[3.0]));
        let picks = [(1.0, FIRST), (2.0, SECOND), (4.0, EITHER)];
        Point::of_ties_between("element = value", (x, value), &picks, move |x, value| {
            let at = Tensor::from_data([2], &x.device());
            function(x, value, at)
        })
    }
    use IndexingUpdateOp::{Max, Min};
    let mut all = Vec::new();
    for (update, scatter, select_assign, scatter_nd) in [
        (
            Min,
            "Tensor::scatter, min",
            "Tensor::select_assign, min",
            "Tensor::scatter_nd, min",
        ),
        (
            Max,
            "Tensor::scatter, max",
            "Tensor::select_assign, max",
            "Tensor::scatter_nd, max",
        ),
    ] {
        all.extend([
            (scatter, between(move |x, value, at| x.scatter(0, at, value, update))),
            (select_assign, between(move |x, value, at| x.select_assign(0, at, value, update))),
            (scatter_nd,
                between(move |x, value, at| x.scatter_nd(at.reshape([1, 1]), value, update))),
        ]);
    }
    all
}
