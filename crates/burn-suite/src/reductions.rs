//! Operations that work along a dimension: reductions, cumulative sums and products, softmaxes.

use burn::tensor::{Tensor, activation as act};

use crate::along::{Along, AlongAtRanks, SliceFormula, along};
use crate::operation::{Family, Operation};
use crate::witness::{Dual, DualArray, Formula, FormulaPrecision, argument, sum};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = sums();
    all.extend(moments());
    all.extend(products());
    all.extend(extremes());
    all.extend(softmaxes());
    all
}

fn along_dim(name: &'static str, burn: AlongAtRanks, formula: SliceFormula) -> Along {
    Along::new(name, Family::Reductions, burn, formula)
}

/// A reduction over all elements, whatever the shape.
fn over_all(
    name: &'static str,
    covers: &'static [&'static str],
    burn: fn(Tensor<2>) -> Tensor<1>,
    formula: SliceFormula,
) -> Operation {
    let operation = Operation::new(name, Family::Reductions).covers(covers);
    let shapes = [[3, 5], [1, 1], [1, 7]].into_iter();
    shapes.fold(operation, |operation, shape| {
        let x = Formula::new([argument("x", &shape)], move |of| {
            DualArray::vector(formula(&of.get("x").values))
        });
        let x = x.with_precision(FormulaPrecision::Summed);
        operation.check(format!("{shape:?}"), &x, move |v| burn(v.get("x")))
    })
}

/// A reduction over the first and last of three dimensions.
fn over_dims(
    name: &'static str,
    covers: &'static [&'static str],
    burn: fn(Tensor<3>, &[usize]) -> Tensor<3>,
    formula: SliceFormula,
) -> Operation {
    let x = Formula::new([argument("x", &[2, 3, 4])], move |of| {
        DualArray::by_index([1, 3, 1], |[_, j, _]| {
            let elements = (0..8).map(|i| of.get("x").at([i / 4, j, i % 4]));
            formula(&elements.collect::<Vec<_>>())[0]
        })
    });
    let x = x.with_precision(FormulaPrecision::Summed);
    let operation = Operation::new(name, Family::Reductions).covers(covers);
    operation.check("[2, 3, 4] over 0 and 2", &x, move |v| {
        burn(v.get("x"), &[0, 2])
    })
}

/// Combines the elements so far, for each element.
fn running(x: &[Dual], combine: impl Fn(Dual, Dual) -> Dual) -> Vec<Dual> {
    let mut all = vec![x[0]];
    for (i, &next) in x.iter().enumerate().skip(1) {
        all.push(combine(all[i - 1], next));
    }
    all
}

fn mean_of(x: &[Dual]) -> Dual {
    sum(x) / x.len() as f64
}

#[rustfmt::skip]
fn sums() -> Vec<Operation> {
    let total: SliceFormula = |x| vec![sum(x)];
    let mean: SliceFormula = |x| vec![mean_of(x)];
    let so_far: SliceFormula = |x| running(x, |sum, x| sum + x);
    vec![
        over_all("Tensor::sum", &["float_sum"], |x| x.sum(), total),
        over_all("Tensor::mean", &["float_mean"], |x| x.mean(), mean),
        over_dims("Tensor::sum_dims", &["float_sum_dim"], |x, dims| x.sum_dims(dims), total),
        over_dims("Tensor::sum_dims_squeeze", &["float_sum_dim", "float_reshape"],
                |x, dims| x.sum_dims_squeeze::<1, _>(dims).reshape([1, 3, 1]), total),
        over_dims("Tensor::mean_dims", &["float_mean_dim"], |x, dims| x.mean_dims(dims), mean),
        along_dim("Tensor::sum_dim", along!(|x, dim| x.sum_dim(dim)), total)
            .covers(&["float_sum_dim"]).build(),
        along_dim("Tensor::mean_dim", along!(|x, dim| x.mean_dim(dim)), mean)
            .covers(&["float_mean_dim"]).build(),
        along_dim("Tensor::cumsum", along!(|x, dim| x.cumsum(dim)), so_far)
            .covers(&["float_cumsum"]).build(),
    ]
}

#[rustfmt::skip]
fn moments() -> Vec<Operation> {
    let covers = &["float_div_scalar", "float_mean_dim", "float_sum_dim"];
    let unbiased: SliceFormula = |x| vec![variance(x, 1)];
    let biased: SliceFormula = |x| vec![variance(x, 0)];
    let with_mean: SliceFormula = |x| vec![variance(x, 1) + mean_of(x) * 2.0];
    let biased_with_mean: SliceFormula = |x| vec![variance(x, 0) + mean_of(x) * 2.0];
    let and_mean = "the variance and twice the mean";
    let moment = |name, burn, formula, note| {
        let moment = along_dim(name, burn, formula).covers(covers).note(note);
        moment.two_or_more().build()
    };
    vec![
        moment("Tensor::var", along!(|x, dim| x.var(dim)), unbiased,
                "divides by n - 1; needs two elements"),
        moment("Tensor::var_bias", along!(|x, dim| x.var_bias(dim)), biased, "divides by n"),
        moment("Tensor::var_mean",
                along!(|x, dim| { let (variance, mean) = x.var_mean(dim); variance + mean * 2.0 }),
                with_mean, and_mean),
        moment("Tensor::var_mean_bias",
                along!(|x, dim| { let (variance,
                mean) = x.var_mean_bias(dim); variance + mean * 2.0 }), biased_with_mean, and_mean),
        covariance(),
    ]
}

/// The sum of squared deviations, divided by n minus the correction.
fn variance(x: &[Dual], correction: usize) -> Dual {
    let mean = mean_of(x);
    let squares = x.iter().map(|&x| (x - mean) * (x - mean));
    squares.sum::<Dual>() / (x.len() - correction) as f64
}

/// The covariances of three variables, five observations each: C = AᵀA / (n - 1) of the centered A.
fn covariance() -> Operation {
    let operation = Operation::new("Tensor::cov", Family::Reductions).covers(&[
        "float_div_scalar",
        "float_mean_dim",
        "float_matmul",
    ]);
    [0, 1].into_iter().fold(operation, |operation, correction| {
        let formula = Formula::new([argument("x", &[5, 3])], move |of| {
            let column = |j| [0, 1, 2, 3, 4].map(|i| of.get("x").at([i, j]));
            DualArray::by_index([3, 3], |[j, k]| {
                let (a, b) = (column(j), column(k));
                let (mean_a, mean_b) = (mean_of(&a), mean_of(&b));
                let products = a.iter().zip(b).map(|(&a, b)| (a - mean_a) * (b - mean_b));
                products.sum::<Dual>() / (5 - correction) as f64
            })
        });
        let formula = formula.with_precision(FormulaPrecision::Summed);
        let name = format!("[5, 3] along 0, n - {correction}");
        operation.check(name, &formula, move |v| v.get::<2>("x").cov(0, correction))
    })
}

fn products() -> Vec<Operation> {
    let product: SliceFormula = |x| vec![x.iter().fold(1.0.into(), |product, &x| product * x)];
    let so_far: SliceFormula = |x| running(x, |product, x| product * x);
    let note = "the derivative by the only factor that is zero is the product of the others";
    let mut all = over_all("Tensor::prod", &["float_prod"], |x| x.prod(), product);
    let mut along = along_dim(
        "Tensor::prod_dim",
        along!(|x, dim| x.prod_dim(dim)),
        product,
    )
    .covers(&["float_prod_dim"])
    .note(note)
    .build();
    let mut cumulative = along_dim("Tensor::cumprod", along!(|x, dim| x.cumprod(dim)), so_far)
        .covers(&["float_cumprod"])
        .note(note)
        .build();
    for (what, values) in [
        ("with a zero", [0.5, 0.0, -1.5, 0.75]),
        ("with two zeros", [0.5, 0.0, -1.5, 0.0]),
    ] {
        let of = |shape: [usize; 2], formula: SliceFormula| {
            let x = argument("x", &shape).given(values.to_vec());
            let formula = Formula::new([x], move |of| {
                DualArray::vector(formula(&of.get("x").values))
            });
            formula.with_precision(FormulaPrecision::Summed)
        };
        all = all.check(format!("[2, 2] {what}"), &of([2, 2], product), |v| {
            v.get::<2>("x").prod()
        });
        let name = format!("[1, 4] {what}");
        along = along.check(name.clone(), &of([1, 4], product), |v| {
            v.get::<2>("x").prod_dim(1).reshape([1])
        });
        cumulative = cumulative.check(name, &of([1, 4], so_far), |v| {
            v.get::<2>("x").cumprod(1).reshape([4])
        });
    }
    let over = over_dims(
        "Tensor::prod_dims",
        &["float_prod_dim"],
        |x, dims| x.prod_dims(dims),
        product,
    );
    vec![all, along, over, cumulative]
}

fn larger(a: Dual, b: Dual) -> Dual {
    if b > a { b } else { a }
}

fn smaller(a: Dual, b: Dual) -> Dual {
    if b < a { b } else { a }
}

#[rustfmt::skip]
fn extremes() -> Vec<Operation> {
    let largest: SliceFormula = |x| vec![running(x, larger)[x.len() - 1]];
    let smallest: SliceFormula = |x| vec![running(x, smaller)[x.len() - 1]];
    let farthest: SliceFormula = |x| {
        let magnitudes: Vec<Dual> = x.iter().map(|x| x.abs()).collect();
        vec![running(&magnitudes, larger)[x.len() - 1]]
    };
    let by_magnitude = &["float_abs", "float_max_dim"];
    let mut all = vec![
        over_all("Tensor::max", &["float_max_dim"], |x| x.max(), largest),
        over_all("Tensor::min", &["float_min_dim"], |x| x.min(), smallest),
        over_all("Tensor::max_abs", by_magnitude, |x| x.max_abs(), farthest),
        over_dims("Tensor::max_dims", &["float_max_dim"], |x, dims| x.max_dims(dims), largest),
        over_dims("Tensor::min_dims", &["float_min_dim"], |x, dims| x.min_dims(dims), smallest),
        over_dims("Tensor::max_abs_dims", by_magnitude, |x, dims| x.max_abs_dims(dims), farthest),
    ];
    let max_abs_dim = along!(|x, dim| x.max_abs_dim(dim));
    let max_with_indices = along!(|x, dim| x.max_dim_with_indices(dim).0);
    let min_with_indices = along!(|x, dim| x.min_dim_with_indices(dim).0);
    all.extend([
        along_dim("Tensor::max_abs_dim", max_abs_dim, farthest).covers(by_magnitude).build(),
        along_dim("Tensor::max_dim", along!(|x, dim| x.max_dim(dim)), largest)
            .covers(&["float_max_dim"]).build(),
        along_dim("Tensor::min_dim", along!(|x, dim| x.min_dim(dim)), smallest)
            .covers(&["float_min_dim"]).build(),
        along_dim("Tensor::max_dim_with_indices", max_with_indices, largest)
            .covers(&["float_max_dim_with_indices"]).build(),
        along_dim("Tensor::min_dim_with_indices", min_with_indices, smallest)
            .covers(&["float_min_dim_with_indices"]).build(),
        along_dim("Tensor::cummax", along!(|x, dim| x.cummax(dim)), |x| running(x, larger))
            .covers(&["float_cummax"]).build(),
        along_dim("Tensor::cummin", along!(|x, dim| x.cummin(dim)), |x| running(x, smaller))
            .covers(&["float_cummin"]).build(),
    ]);
    all
}

#[rustfmt::skip]
fn softmaxes() -> Vec<Operation> {
    let softmax = |name, burn, formula: SliceFormula| {
        let operation = Along::new(name, Family::Activations, burn, formula);
        operation.covers(&["float_exp", "float_div", "float_sum_dim"])
    };
    vec![
        softmax("activation::softmax", along!(|x, dim| act::softmax(x, dim)), |x| shares(x, 0.0))
            .build(),
        softmax("activation::softmin", along!(|x, dim| act::softmin(x, dim)),
                |x| { let negative: Vec<Dual> = x.iter().map(|&x| -x).collect(); shares(&negative,
                0.0) }).build(),
        softmax("activation::quiet_softmax", along!(|x, dim| act::quiet_softmax(x, dim)),
                |x| shares(x, 1.0)).build(),
        softmax(
            "activation::log_softmax",
            along!(|x, dim| act::log_softmax(x, dim)),
            |x| {
                let total: Dual = x.iter().map(|x| x.exp()).sum();
                x.iter().map(|&x| x - total.ln()).collect()
            },
        )
        .covers(&["float_exp", "float_log", "float_sum_dim"])
        .build(),
    ]
}

/// `e^x / (rest + Σ e^x)`
fn shares(x: &[Dual], rest: f64) -> Vec<Dual> {
    let total = x.iter().map(|x| x.exp()).sum::<Dual>() + rest;
    x.iter().map(|x| x.exp() / total).collect()
}
