//! Functions that move, select, reduce and combine elements.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Sample};

use super::RightFunction;

/// A case with one matrix `x`.
fn of_x<const D: usize>(
    name: &'static str,
    about: &'static str,
    f: fn(Tensor<2>) -> Tensor<D>,
) -> RightFunction {
    let case = Case::new(name)
        .input("x", [3, 4])
        .function(move |v| f(v.get("x")));
    RightFunction::new(about, case)
}

/// A case with two matrices `x` and `y` of the given shapes.
fn of_xy(
    name: &'static str,
    about: &'static str,
    [x, y]: [[usize; 2]; 2],
    f: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
) -> RightFunction {
    let case = Case::new(name)
        .input("x", x)
        .input("y", y)
        .function(move |v| f(v.get("x"), v.get("y")));
    RightFunction::new(about, case)
}

pub(super) fn all() -> Vec<RightFunction> {
    let mut all = moved();
    all.extend(reduced());
    all.extend(combined());
    all.extend(independent());
    all
}

fn moved() -> Vec<RightFunction> {
    vec![
        of_x("slice", "most elements are cut off", |x| {
            x.slice([1..3, 0..2]).square()
        }),
        of_x("slice with steps", "every second column", |x| {
            x.slice(burn::tensor::s![.., 0..4;2]).exp()
        }),
        of_x("transposed and flipped", "two changes of order", |x| {
            x.transpose().flip([0]).sin()
        }),
        of_x("reshaped and permuted", "by way of three dimensions", |x| {
            let x = x.reshape([3, 2, 2]).permute([2, 0, 1]);
            x.square().reshape([2, 6])
        }),
        of_x("repeated", "each element is used three times", |x| {
            x.repeat_dim(1, 3).cumsum(1).square()
        }),
        of_x("expanded", "one row to three", |x| {
            let row = x.clone().narrow(0, 0, 1).expand([3, 4]);
            row * x
        }),
        of_x("split and put together", "in another order", |x| {
            let mut parts = x.split(2, 1);
            parts.reverse();
            Tensor::cat(parts, 1).powi_scalar(3)
        }),
        of_x("stacked", "x and its square", |x| {
            let square = x.clone().square();
            Tensor::stack::<3>(vec![x, square], 0)
        }),
        of_x("upper triangle", "half of the elements are zeroed", |x| {
            x.triu(0).sin()
        }),
        of_x("rolled", "columns move around", |x| x.roll_dim(1, 1).exp()),
        RightFunction::new(
            "a row twice, another one never",
            Case::new("select with repetition")
                .input("x", [4, 3])
                .function(|v| v.get::<2>("x").select(0, v.ints([3], &[2, 0, 2])).square()),
        ),
        RightFunction::new(
            "an element of each row",
            Case::new("gather").input("x", [3, 4]).function(|v| {
                v.get::<2>("x")
                    .gather(1, v.ints([3, 2], &[1, 1, 0, 3, 2, 0]))
                    .sin()
            }),
        ),
        RightFunction::new(
            "two values meet in one place",
            Case::new("scatter")
                .input("x", [3, 4])
                .input("y", [3, 2])
                .function(|v| {
                    let at = v.ints([3, 2], &[1, 1, 0, 3, 2, 0]);
                    let add = burn::tensor::IndexingUpdateOp::Add;
                    v.get::<2>("x").scatter(1, at, v.get("y"), add).square()
                }),
        ),
        RightFunction::new(
            "one part of x is replaced by y",
            Case::new("slice assignment")
                .input("x", [3, 4])
                .input("y", [2, 2])
                .function(|v| {
                    let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
                    x.slice_assign([0..2, 1..3], y).square()
                }),
        ),
        RightFunction::new(
            "by a mask that does not depend on the inputs",
            Case::new("masked choice")
                .input("x", [2, 3])
                .input("y", [2, 3])
                .function(|v| {
                    let mask = v.bools([2, 3], &[true, false, false, true, true, false]);
                    v.get::<2>("x")
                        .exp()
                        .mask_where(mask, v.get::<2>("y").sin())
                }),
        ),
    ]
}

fn reduced() -> Vec<RightFunction> {
    vec![
        of_x("sum of squares", "one number", |x| x.square().sum()),
        of_x("mean of rows", "a mean of sines", |x| x.sin().mean_dim(1)),
        of_x("variance", "of each column", |x| x.var(0)),
        of_x("product", "of each row", |x| x.prod_dim(1)),
        of_x("maximum", "of each row", |x| x.max_dim(1)),
        of_x("minimum", "of each column", |x| x.min_dim(0)),
        of_x("sorted", "each row", |x| x.sort(1).cumsum(1).square()),
        of_x("norm", "of each row", |x| x.square().sum_dim(1).sqrt()),
        of_x("normalised rows", "divided by their norm", |x| {
            x.clone() / x.square().sum_dim(1).sqrt()
        }),
        of_x(
            "rows without their mean",
            "sums of gradients are zero",
            |x| (x.clone() - x.mean_dim(1)).sin(),
        ),
        of_x("sum of a softmax", "every gradient is zero", |x| {
            burn::tensor::activation::softmax(x, 1).sum_dim(1)
        }),
    ]
}

fn combined() -> Vec<RightFunction> {
    let squares = [[3, 3], [3, 3]];
    let row = [[3, 4], [1, 4]];
    vec![
        of_xy(
            "matrix product",
            "of rectangles",
            [[3, 4], [4, 2]],
            Tensor::matmul,
        )
        .with_vjp(|v, g| {
            let (x, y) = (v.get::<2>("x"), v.get::<2>("y"));
            let grad = g.get::<2>(0);
            Gradients::new()
                .with("x", grad.clone().matmul(y.transpose()))
                .with("y", x.transpose().matmul(grad))
        }),
        of_xy(
            "product of a matrix with itself",
            "x·x + y",
            squares,
            |x, y| x.clone().matmul(x) + y,
        ),
        of_xy(
            "sum with a broadcast row",
            "y is added to each row",
            row,
            |x, y| (x + y).sin(),
        ),
        of_xy(
            "product with a broadcast row",
            "y scales each column",
            row,
            |x, y| x * y,
        ),
        of_xy("quotient", "of elements", squares, |x, y| x / y),
        of_xy("larger of two", "of elements", squares, Tensor::max_pair),
        of_xy(
            "one value used three times",
            "x·y + x·e^y + x",
            squares,
            |x, y| x.clone() * y.clone() + x.clone() * y.exp() + x,
        ),
        of_xy("put together", "along columns", [[2, 3], [2, 1]], |x, y| {
            Tensor::cat(vec![x.clone(), y, x], 1).square()
        }),
        of_xy(
            "power with an exponent that is differentiated",
            "|x|^y",
            squares,
            |x, y| x.abs().powf(y),
        ),
        RightFunction::new(
            "the angle of (x, y)",
            Case::new("arc tangent of a quotient")
                .input("y", [3, 2])
                .input("x", [3, 2])
                .function(|v| v.get::<2>("y").atan2(v.get("x"))),
        ),
        RightFunction::new(
            "three outputs of different sizes and scales",
            Case::new("three outputs").input("x", [2, 3]).function(|v| {
                let x = v.get::<2>("x");
                (x.clone().sum(), x.clone() * 1e3, x.exp() * 1e-3)
            }),
        ),
        RightFunction::new(
            "batches of matrices",
            Case::new("batched product")
                .input("x", [2, 2, 3])
                .input("y", [1, 3, 2])
                .function(|v| v.get::<3>("x").matmul(v.get::<3>("y"))),
        ),
        RightFunction::new(
            "Newton's method, five steps from 1",
            Case::new("root by iteration")
                .input_from("x", [4], Sample::Positive)
                .function(|v| {
                    let x = v.get::<1>("x");
                    let step = |r: Tensor<1>, _| (r.clone() + x.clone() / r) * 0.5;
                    (0..5).fold(x.ones_like(), step)
                }),
        ),
    ]
}

/// Functions some of whose inputs have no influence, or whose influence vanishes.
fn independent() -> Vec<RightFunction> {
    vec![
        of_xy(
            "x with y multiplied by zero",
            "the gradient of y is zero",
            SAME,
            |x, y| x.sin() + y * 0.0,
        ),
        of_xy(
            "differences of y with itself",
            "y is subtracted again",
            SAME,
            |x, y| (x + y.clone()) - y,
        ),
        of_xy(
            "all of y is below zero and clipped",
            "relu(-|y|) adds nothing",
            SAME,
            |x, y| x.exp() + burn::tensor::activation::relu(-y.abs()),
        ),
        of_xy(
            "y only decides where",
            "a comparison has no slope",
            SAME,
            |x, y| {
                let mask = y.greater_scalar(0.0);
                x.clone().square().mask_where(mask, x)
            },
        ),
    ]
}

const SAME: [[usize; 2]; 2] = [[2, 3], [2, 3]];
