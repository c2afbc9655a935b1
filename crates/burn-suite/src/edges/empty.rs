//! Tensors without elements. Their gradients have none either, and tensors combined with them have
//! gradients of zeros.

use burn::tensor::module;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData, activation};

use super::NamedPoint;
use crate::point::Expected::Is;
use crate::point::{Expected, GivenTensor, Point};

pub(super) fn points() -> Vec<NamedPoint> {
    let mut all = elementwise();
    all.extend(reductions());
    all.extend(shapes());
    all.extend(indices());
    all.extend(products());
    all
}

/// A tensor `[0, 3]` to one without elements.
fn nothing(function: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static) -> Point {
    of([0, 3], &[], function)
}

/// A tensor without elements to one with the given upstream gradients.
fn of<const D: usize, const E: usize>(
    shape: [usize; D],
    upstream: &[f64],
    function: impl Fn(Tensor<D>) -> Tensor<E> + Send + Sync + 'static,
) -> Point {
    let (name, x) = (format!("empty {shape:?}"), GivenTensor::new(shape, &[]));
    Point::of_tensor(name, x, upstream, Vec::new(), function).exactly()
}

/// The tensor (1, 2, 3) to one without elements.
fn to_nothing<const E: usize>(
    function: impl Fn(Tensor<1>) -> Tensor<E> + Send + Sync + 'static,
) -> Point {
    let x = GivenTensor::new([3], &[1.0, 2.0, 3.0]);
    Point::of_tensor("to an empty tensor", x, &[], zeros(3), function).exactly()
}

fn zeros(count: usize) -> Vec<Expected> {
    vec![Is(0.0); count]
}

fn none<const D: usize>(shape: [usize; D]) -> GivenTensor<D> {
    GivenTensor::new(shape, &[])
}

fn ones<const D: usize>(shape: [usize; D]) -> GivenTensor<D> {
    GivenTensor::new(shape, &vec![1.0; shape.iter().product()])
}

fn ints<const D: usize>(shape: [usize; D], like: &Tensor<2>) -> Tensor<D, Int> {
    let data = TensorData::new(Vec::<i64>::new(), shape);
    Tensor::from_data(data, &like.device())
}

#[rustfmt::skip]
fn elementwise() -> Vec<NamedPoint> {
    let two = |name, function: fn(Tensor<2>, Tensor<2>) -> Tensor<2>| {
        let inputs = (none([0, 3]), none([0, 3]));
        let alike = Point::of_tensors("empty, both", inputs, &[], vec![], function).exactly();
        let inputs = (none([0, 3]), ones([1, 3]));
        let what = "empty, and one that is broadcast";
        let broadcast = Point::of_tensors(what, inputs, &[], zeros(3), function).exactly();
        [(name, alike), (name, broadcast)]
    };
    let mut all = vec![
        ("Tensor::exp", nothing(Tensor::exp)),
        ("Tensor::sqrt", nothing(Tensor::sqrt)),
        ("Tensor::powf_scalar(2.5)", nothing(|x| x.powf_scalar(2.5))),
        ("Tensor::clamp", nothing(|x| x.clamp(-0.5, 0.75))),
        ("Tensor::mul_scalar", nothing(|x| x.mul_scalar(2.0))),
        ("activation::relu", nothing(activation::relu)),
        ("activation::gelu", nothing(activation::gelu)),
        ("activation::sigmoid", nothing(activation::sigmoid)),
        ("activation::softplus", nothing(|x| activation::softplus(x, 2.0))),
    ];
    all.extend(two("Tensor::add", Tensor::add));
    all.extend(two("Tensor::mul", Tensor::mul));
    all.extend(two("Tensor::div", Tensor::div));
    all.extend(two("Tensor::max_pair", Tensor::max_pair));
    all
}

#[rustfmt::skip]
fn reductions() -> Vec<NamedPoint> {
    vec![
        ("Tensor::sum", of([0, 3], &[1.0], |x: Tensor<2>| x.sum())),
        ("Tensor::prod", of([0, 3], &[1.0], |x: Tensor<2>| x.prod())),
        ("Tensor::mean", of([0, 3], &[1.0], |x: Tensor<2>| x.mean())),
        ("Tensor::sum_dim", of([0, 3], &[1.0; 3], |x: Tensor<2>| x.sum_dim(0))),
        ("Tensor::sum_dim", of([2, 0, 3], &[], |x: Tensor<3>| x.sum_dim(2))),
        ("Tensor::mean_dim", of([0, 3], &[], |x: Tensor<2>| x.mean_dim(1))),
        ("Tensor::prod_dim", of([0, 3], &[1.0; 3], |x: Tensor<2>| x.prod_dim(0))),
        ("Tensor::cumsum", nothing(|x| x.cumsum(0))),
        ("Tensor::cumprod", nothing(|x| x.cumprod(0))),
        ("Tensor::max_dim", nothing(|x| x.max_dim(1))),
        ("activation::softmax", nothing(|x| activation::softmax(x, 1))),
        ("activation::log_softmax", nothing(|x| activation::log_softmax(x, 1))),
    ]
}

#[rustfmt::skip]
fn shapes() -> Vec<NamedPoint> {
    let cat = |x: Tensor<2>, values| Tensor::cat(vec![x, values], 0);
    let parts = (none([0, 3]), ones([2, 3]));
    let upstream = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let all_of_it = upstream.map(Is).to_vec();
    let with_nothing = |x: Tensor<1>, values| x.slice_assign(1..1, values);
    vec![
        ("Tensor::cat", Point::of_tensors("one empty", parts, &upstream, all_of_it, cat).exactly()),
        ("Tensor::reshape", of([0, 3], &[], |x: Tensor<2>| x.reshape([0, 1, 3]))),
        ("Tensor::swap_dims", nothing(|x| x.swap_dims(0, 1))),
        ("Tensor::permute", nothing(|x| x.permute([1, 0]))),
        ("Tensor::flip", nothing(|x| x.flip([0]))),
        ("Tensor::slice", to_nothing(|x| x.slice(1..1))),
        ("Tensor::slice", nothing(|x| x.slice([0..0, 0..2]))),
        ("Tensor::slice_assign", Point::of_tensors("nothing into (1, 2, 3)",
                (GivenTensor::new([3], &[1.0, 2.0, 3.0]), none([0])), &[4.0, 5.0, 6.0],
                [4.0, 5.0, 6.0].map(Is).to_vec(), with_nothing).exactly()),
        ("Tensor::repeat_dim", nothing(|x| x.repeat_dim(1, 2))),
        ("Tensor::sort", nothing(|x| x.sort(1))),
    ]
}

#[rustfmt::skip]
fn indices() -> Vec<NamedPoint> {
    let from = |function: fn(Tensor<2>) -> Tensor<2>| {
        let name = "no indices";
        Point::of_tensor(name, ones([2, 3]), &[], zeros(6), function).exactly()
    };
    let upstream = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let into = |function: fn(Tensor<2>, Tensor<2>) -> Tensor<2>| {
        let inputs = (ones([2, 3]), none([0, 3]));
        let expected = upstream.map(Is).to_vec();
        Point::of_tensors("no indices", inputs, &upstream, expected, function).exactly()
    };
    vec![
        ("Tensor::select", from(|x| x.clone().select(0, ints([0], &x)))),
        ("Tensor::gather", from(|x| x.clone().gather(0, ints([0, 3], &x)))),
        ("Tensor::select_assign",
            into(|x, values| x.clone().select_assign(0, ints([0], &x), values,
                IndexingUpdateOp::Add))),
        ("Tensor::scatter",
            into(|x, values| x.clone().scatter(0, ints([0, 3], &x), values,
                IndexingUpdateOp::Add))),
        ("Tensor::mask_fill",
            nothing(|x| { let mask = x.clone().greater_scalar(0.0); x.mask_fill(mask, 7.0) })),
        ("module::embedding", Point::of_tensor("no indices", ones([2, 3]), &[], zeros(6),
                |x: Tensor<2>| module::embedding(x.clone(), ints([1, 0], &x))).exactly()),
    ]
}

#[rustfmt::skip]
fn products() -> Vec<NamedPoint> {
    let matmul = |a: Tensor<2>, b: Tensor<2>| a.matmul(b);
    let between = |what, inputs, upstream: &[f64], elements| {
        Point::of_tensors(what, inputs, upstream, zeros(elements), matmul).exactly()
    };
    vec![
        ("Tensor::matmul", between("[2, 0] [0, 3]", (none([2, 0]), none([0, 3])), &[1.0; 6], 0)),
        ("Tensor::matmul", between("[0, 3] [3, 2]", (none([0, 3]), ones([3, 2])), &[], 6)),
        ("Tensor::matmul", between("[2, 3] [3, 0]", (ones([2, 3]), none([3, 0])), &[], 6)),
        ("module::linear", Point::of_tensors("no rows", (none([0, 3]), ones([3, 2])), &[],
                zeros(6), |x: Tensor<2>, weight| module::linear(x, weight, None)).exactly()),
        ("module::conv1d", Point::of_tensors("no examples", (none([0, 2, 4]), ones([1, 2, 3])),
                &[], zeros(6),
                |x, weight| { let options = ConvOptions::new([1], [0], [1], 1); module::conv1d(x,
                weight, None, options) }).exactly()),
    ]
}
