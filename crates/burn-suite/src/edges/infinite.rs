//! NaN and infinities among other numbers: which gradients they may spoil, and which not.

use burn::tensor::{Tensor, activation};

use super::NamedPoint;
use crate::point::Expected::{Any, Is, Nan};
use crate::point::{Expected, GivenTensor, Point};

const INFINITY: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

pub(super) fn points() -> Vec<NamedPoint> {
    let mut all = masks();
    all.extend(reductions());
    all.extend(shares());
    all.extend(products());
    all
}

/// A vector, with the upstream gradient 1, 2, 4, …
fn of<const E: usize>(
    name: &str,
    x: &[f64],
    expected: Vec<Expected>,
    function: impl Fn(Tensor<1>) -> Tensor<E> + Send + Sync + 'static,
) -> Point {
    let upstream: Vec<f64> = (0..x.len()).map(|i| (1 << i).into()).collect();
    Point::of_tensor(
        name,
        GivenTensor::new([x.len()], x),
        &upstream,
        expected,
        function,
    )
}

/// A masked number has no gradient and spoils nothing.
#[rustfmt::skip]
fn masks() -> Vec<NamedPoint> {
    let x = [1.0, NAN, INFINITY, 3.0];
    let without = vec![Is(1.0), Is(0.0), Is(0.0), Is(8.0)];
    let other = GivenTensor::new([4], &[NAN, 2.0, 3.0, -INFINITY]);
    let mut of_both = without.clone();
    of_both.extend([Is(0.0), Is(2.0), Is(4.0), Is(0.0)]);
    let spoilt = |x: Tensor<1>| x.is_finite().bool_not();
    vec![
        ("Tensor::mask_fill", of("NaN and inf masked", &x, without.clone(),
                move |x| x.clone().mask_fill(spoilt(x), 7.0))),
        ("Tensor::mask_where", Point::of_tensors("NaN and inf masked",
                (GivenTensor::new([4], &x), other), &[1.0, 2.0, 4.0, 8.0], of_both,
                move |x, other| x.clone().mask_where(spoilt(x), other))),
        ("Tensor::mask_fill", of("the square of NaN masked", &[1.0, NAN, 3.0],
                vec![Is(2.0), Is(0.0), Is(24.0)],
                |x| (x.clone() * x.clone()).mask_fill(x.is_nan(), 7.0))),
    ]
}

/// A gradient that does not depend on the values is right whatever they are. One that does is right in
/// each row without NaN.
#[rustfmt::skip]
fn reductions() -> Vec<NamedPoint> {
    let x = [1.0, NAN, -INFINITY, 3.0];
    let sum = |x: Tensor<1>| x.sum().expand([4]);
    let rows = || GivenTensor::new([2, 3], &[1.0, NAN, 2.0, 1.0, 3.0, 2.0]);
    let first_spoilt = vec![Any, Any, Any, Is(0.0), Is(2.0), Is(0.0)];
    let of_rows = |function: fn(Tensor<2>) -> Tensor<2>| {
        let name = "a row with NaN, one without";
        Point::of_tensor(name, rows(), &[1.0, 2.0], first_spoilt.clone(), function)
    };
    let sorted = |upstream: &[f64], function: fn(Tensor<2>) -> Tensor<2>| {
        let expected = vec![Any, Any, Any, Is(8.0), Is(32.0), Is(16.0)];
        Point::of_tensor(
            "a row with NaN, one without",
            rows(),
            upstream,
            expected,
            function,
        )
    };
    vec![
        ("Tensor::sum", of("NaN and inf", &x, vec![Is(15.0); 4], sum)),
        ("Tensor::cumsum", of("NaN and inf", &x, [15.0, 14.0, 12.0, 8.0].map(Is).to_vec(),
                |x| x.cumsum(0))),
        ("Tensor::max_dim", of_rows(|x| x.max_dim(1))),
        ("Tensor::min_dim", Point::of_tensor("a row with NaN, one without", rows(), &[1.0, 2.0],
                vec![Any, Any, Any, Is(2.0), Is(0.0), Is(0.0)], |x| x.min_dim(1))),
        ("Tensor::sort", sorted(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0], |x| x.sort(1))),
        ("Tensor::max", of("an infinity", &[1.0, INFINITY, 2.0], vec![Is(0.0), Is(7.0), Is(0.0)],
                |x| x.max().expand([3]))),
        ("Tensor::prod", of("an infinity", &[2.0, INFINITY], vec![Is(INFINITY), Is(6.0)],
                |x| x.prod().expand([2]))),
        ("Tensor::cumprod", of("an infinity", &[2.0, INFINITY], vec![Is(INFINITY), Is(4.0)],
                |x| x.cumprod(0))),
    ]
}

/// An exponent of -inf, as masks in attention use it, is a share of zero.
#[rustfmt::skip]
fn shares() -> Vec<NamedPoint> {
    let half = [1.0, -INFINITY, 1.0];
    let name = "one exponent -inf";
    let all_masked = [-INFINITY; 3];
    vec![
        ("activation::softmax", of(name, &half, vec![Is(-0.75), Is(0.0), Is(0.75)],
                |x| activation::softmax(x, 0))),
        (
            "activation::quiet_softmax",
            of(
                name,
                &[0.0, -INFINITY, 0.0],
                // Shares 1/3, 0, 1/3; their mean of the upstream gradient 5/3.
                [-2.0 / 9.0, 0.0, 7.0 / 9.0].map(Is).to_vec(),
                |x| activation::quiet_softmax(x, 0),
            ),
        ),
        ("activation::log_softmax", of(name, &half, vec![Is(-2.5), Is(2.0), Is(0.5)],
                |x| activation::log_softmax(x, 0))),
        ("activation::softmax", of("all exponents -inf", &all_masked, vec![Any; 3],
                |x| activation::softmax(x, 0))),
        ("activation::quiet_softmax", of("all exponents -inf", &all_masked, vec![Is(0.0); 3],
                |x| activation::quiet_softmax(x, 0))),
        ("activation::softmax", of("an exponent of 1000", &[1000.0, 0.0], vec![Is(0.0), Is(0.0)],
                |x| activation::softmax(x, 0))),
        ("activation::log_softmax", of("an exponent of 1000", &[1000.0, 0.0],
                vec![Is(-2.0), Is(2.0)], |x| activation::log_softmax(x, 0))),
    ]
}

/// A NaN spoils only what it is multiplied by.
fn products() -> Vec<NamedPoint> {
    let a = GivenTensor::new([2, 2], &[1.0, NAN, 2.0, 3.0]);
    let b = GivenTensor::new([2, 1], &[4.0, 5.0]);
    let expected = vec![Is(4.0), Is(5.0), Is(8.0), Is(10.0), Is(5.0), Nan];
    vec![(
        "Tensor::matmul",
        Point::of_tensors("a NaN", (a, b), &[1.0, 2.0], expected, |a: Tensor<2>, b| {
            a.matmul(b)
        }),
    )]
}
