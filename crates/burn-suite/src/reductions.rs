//! Operations that work along a dimension: reductions, cumulative sums and products, softmaxes.

use burn::tensor::activation as act;
use burn_gradcheck::Gradients;

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::lanes::{LaneVjp, Lanes, add_over_all, along, over_all, over_dims};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = sums();
    all.extend(moments());
    all.extend(products());
    all.extend(extremes());
    all.extend(softmaxes());
    all
}

fn sums() -> Vec<Operation> {
    let sum: LaneVjp = |x, grad| vec![grad[0]; x.len()];
    let mean: LaneVjp = |x, grad| vec![grad[0] / x.len() as f64; x.len()];
    let cumsum: LaneVjp = |x, grad| (0..x.len()).map(|i| grad[i..].iter().sum()).collect();
    let family = Family::Reductions;
    vec![
        over_all("Tensor::sum", &["float_sum"], |x| x.sum(), sum),
        over_all("Tensor::mean", &["float_mean"], |x| x.mean(), mean),
        over_dims(
            "Tensor::sum_dims",
            &["float_sum_dim"],
            |x, dims| x.sum_dims(dims),
            sum,
        ),
        over_dims(
            "Tensor::sum_dims_squeeze",
            &["float_sum_dim", "float_reshape"],
            |x, dims| x.sum_dims_squeeze::<1, _>(dims).reshape([1, 3, 1]),
            sum,
        ),
        over_dims(
            "Tensor::mean_dims",
            &["float_mean_dim"],
            |x, dims| x.mean_dims(dims),
            mean,
        ),
        Lanes::new(
            "Tensor::sum_dim",
            family,
            &["float_sum_dim"],
            along!(|x, dim| x.sum_dim(dim)),
            sum,
        )
        .build(),
        Lanes::new(
            "Tensor::mean_dim",
            family,
            &["float_mean_dim"],
            along!(|x, dim| x.mean_dim(dim)),
            mean,
        )
        .build(),
        Lanes::new(
            "Tensor::cumsum",
            family,
            &["float_cumsum"],
            along!(|x, dim| x.cumsum(dim)),
            cumsum,
        )
        .build(),
    ]
}

fn moments() -> Vec<Operation> {
    let family = Family::Reductions;
    let covers = &["float_div_scalar", "float_mean_dim", "float_sum_dim"];
    vec![
        Lanes::new(
            "Tensor::var",
            family,
            covers,
            along!(|x, dim| x.var(dim)),
            |x, grad| variance(x, grad[0], x.len() as f64 - 1.0),
        )
        .note("divides by n - 1; needs two elements")
        .two_or_more()
        .build(),
        Lanes::new(
            "Tensor::var_bias",
            family,
            covers,
            along!(|x, dim| x.var_bias(dim)),
            |x, grad| variance(x, grad[0], x.len() as f64),
        )
        .note("divides by n")
        .two_or_more()
        .build(),
        Lanes::new(
            "Tensor::var_mean",
            family,
            covers,
            along!(|x, dim| {
                let (variance, mean) = x.var_mean(dim);
                variance + mean * 2.0
            }),
            |x, grad| {
                let mean = 2.0 * grad[0] / x.len() as f64;
                let variance = variance(x, grad[0], x.len() as f64 - 1.0);
                variance.into_iter().map(|grad| grad + mean).collect()
            },
        )
        .note("the variance and twice the mean")
        .two_or_more()
        .build(),
        Lanes::new(
            "Tensor::var_mean_bias",
            family,
            covers,
            along!(|x, dim| {
                let (variance, mean) = x.var_mean_bias(dim);
                variance + mean * 2.0
            }),
            |x, grad| {
                let mean = 2.0 * grad[0] / x.len() as f64;
                let variance = variance(x, grad[0], x.len() as f64);
                variance.into_iter().map(|grad| grad + mean).collect()
            },
        )
        .note("the variance and twice the mean")
        .two_or_more()
        .build(),
        covariance(),
    ]
}

/// The covariances of three variables, five observations each: C = AᵀA / (n - 1) of the centered A.
fn covariance() -> Operation {
    let covers = &["float_div_scalar", "float_mean_dim", "float_matmul"];
    let mut operation = Operation::new("Tensor::cov", Family::Reductions, covers);
    for correction in [0, 1] {
        let name = format!("[5, 3] along 0, n - {correction}");
        operation.drawn(name, true, |case| {
            case.input("x", [5, 3])
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| v.get::<2>("x").cov(0, correction))
                .vjp(move |v, grad_out| {
                    let (x, grad) = (host(v.get::<2>("x")), host(grad_out.get::<2>(0)));
                    let mean = |j: usize| (0..5).map(|i| x[i * 3 + j]).sum::<f64>() / 5.0;
                    let means = [mean(0), mean(1), mean(2)];
                    let of = |at: usize| {
                        let (i, j) = (at / 3, at % 3);
                        let by = |k: usize| {
                            (grad[j * 3 + k] + grad[k * 3 + j]) * (x[i * 3 + k] - means[k])
                        };
                        (0..3).map(by).sum::<f64>() / (5 - correction) as f64
                    };
                    let grad_x: Vec<f64> = (0..15).map(of).collect();
                    Gradients::new().with("x", v.tensor([5, 3], &grad_x))
                })
        });
    }
    operation
}

fn variance(x: &[f64], grad: f64, divisor: f64) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    x.iter()
        .map(|x| grad * 2.0 * (x - mean) / divisor)
        .collect()
}

fn products() -> Vec<Operation> {
    let prod: LaneVjp = |x, grad| (0..x.len()).map(|i| grad[0] * without(x, i)).collect();
    let cumprod: LaneVjp = |x, grad| {
        let of = |i: usize| {
            (i..x.len())
                .map(move |k| grad[k] * without(&x[..=k], i))
                .sum()
        };
        (0..x.len()).map(of).collect()
    };
    let family = Family::Reductions;
    let mut all = over_all("Tensor::prod", &["float_prod"], |x| x.prod(), prod);
    let mut along = Lanes::new(
        "Tensor::prod_dim",
        family,
        &["float_prod_dim"],
        along!(|x, dim| x.prod_dim(dim)),
        prod,
    )
    .note("the derivative by the only factor that is zero is the product of the others")
    .build();
    let mut cumulative = Lanes::new(
        "Tensor::cumprod",
        family,
        &["float_cumprod"],
        along!(|x, dim| x.cumprod(dim)),
        cumprod,
    )
    .note("the derivative by the only factor that is zero is the product of the others")
    .build();
    for (what, values) in [
        ("with a zero", vec![0.5, 0.0, -1.5, 0.75]),
        ("with two zeros", vec![0.5, 0.0, -1.5, 0.0]),
    ] {
        let given = |values: &Vec<f64>| Some((what, values.clone()));
        add_over_all(&mut all, [2, 2], |x| x.prod(), prod, given(&values));
        add_over_all(
            &mut along,
            [1, 4],
            |x| x.prod_dim(1).reshape([1]),
            prod,
            given(&values),
        );
        add_over_all(
            &mut cumulative,
            [1, 4],
            |x| x.cumprod(1).reshape([4]),
            cumprod,
            given(&values),
        );
    }
    let over = over_dims(
        "Tensor::prod_dims",
        &["float_prod_dim"],
        |x, dims| x.prod_dims(dims),
        prod,
    );
    vec![all, along, over, cumulative]
}

/// The product of all but one.
fn without(x: &[f64], left_out: usize) -> f64 {
    let others = x.iter().enumerate().filter(|(i, _)| *i != left_out);
    others.map(|(_, x)| x).product()
}

fn extremes() -> Vec<Operation> {
    let largest: LaneVjp = |x, grad| to_winner(x, grad, |a, b| a > b);
    let smallest: LaneVjp = |x, grad| to_winner(x, grad, |a, b| a < b);
    let farthest: LaneVjp = |x, grad| {
        let magnitudes: Vec<f64> = x.iter().map(|x| x.abs()).collect();
        let grad_magnitudes = to_winner(&magnitudes, grad, |a, b| a > b);
        let pairs = grad_magnitudes.iter().zip(x);
        pairs.map(|(grad, x)| grad * x.signum()).collect()
    };
    let cumulative_largest: LaneVjp = |x, grad| to_winners(x, grad, |a, b| a > b);
    let cumulative_smallest: LaneVjp = |x, grad| to_winners(x, grad, |a, b| a < b);
    let family = Family::Reductions;
    vec![
        over_all("Tensor::max", &["float_max_dim"], |x| x.max(), largest),
        over_all("Tensor::min", &["float_min_dim"], |x| x.min(), smallest),
        over_all(
            "Tensor::max_abs",
            &["float_abs", "float_max_dim"],
            |x| x.max_abs(),
            farthest,
        ),
        over_dims(
            "Tensor::max_dims",
            &["float_max_dim"],
            |x, dims| x.max_dims(dims),
            largest,
        ),
        over_dims(
            "Tensor::min_dims",
            &["float_min_dim"],
            |x, dims| x.min_dims(dims),
            smallest,
        ),
        over_dims(
            "Tensor::max_abs_dims",
            &["float_abs", "float_max_dim"],
            |x, dims| x.max_abs_dims(dims),
            farthest,
        ),
        Lanes::new(
            "Tensor::max_abs_dim",
            family,
            &["float_abs", "float_max_dim"],
            along!(|x, dim| x.max_abs_dim(dim)),
            farthest,
        )
        .build(),
        Lanes::new(
            "Tensor::max_dim",
            family,
            &["float_max_dim"],
            along!(|x, dim| x.max_dim(dim)),
            largest,
        )
        .build(),
        Lanes::new(
            "Tensor::min_dim",
            family,
            &["float_min_dim"],
            along!(|x, dim| x.min_dim(dim)),
            smallest,
        )
        .build(),
        Lanes::new(
            "Tensor::max_dim_with_indices",
            family,
            &["float_max_dim_with_indices"],
            along!(|x, dim| x.max_dim_with_indices(dim).0),
            largest,
        )
        .build(),
        Lanes::new(
            "Tensor::min_dim_with_indices",
            family,
            &["float_min_dim_with_indices"],
            along!(|x, dim| x.min_dim_with_indices(dim).0),
            smallest,
        )
        .build(),
        Lanes::new(
            "Tensor::cummax",
            family,
            &["float_cummax"],
            along!(|x, dim| x.cummax(dim)),
            cumulative_largest,
        )
        .build(),
        Lanes::new(
            "Tensor::cummin",
            family,
            &["float_cummin"],
            along!(|x, dim| x.cummin(dim)),
            cumulative_smallest,
        )
        .build(),
    ]
}

/// The whole gradient goes to the element that beats all others.
fn to_winner(x: &[f64], grad: &[f64], beats: fn(f64, f64) -> bool) -> Vec<f64> {
    let mut grad_x = vec![0.0; x.len()];
    grad_x[winner(x, beats)] = grad[0];
    grad_x
}

/// Each output's gradient goes to the winner so far.
fn to_winners(x: &[f64], grad: &[f64], beats: fn(f64, f64) -> bool) -> Vec<f64> {
    let mut grad_x = vec![0.0; x.len()];
    for (k, grad) in grad.iter().enumerate() {
        grad_x[winner(&x[..=k], beats)] += grad;
    }
    grad_x
}

fn winner(x: &[f64], beats: fn(f64, f64) -> bool) -> usize {
    let better = |best: usize, i: usize| if beats(x[i], x[best]) { i } else { best };
    (0..x.len()).fold(0, better)
}

fn softmaxes() -> Vec<Operation> {
    let family = Family::Activations;
    vec![
        Lanes::new(
            "activation::softmax",
            family,
            &["float_exp", "float_div", "float_sum_dim"],
            along!(|x, dim| act::softmax(x, dim)),
            |x, grad| through_shares(&shares(x, 0.0), grad),
        )
        .build(),
        Lanes::new(
            "activation::softmin",
            family,
            &["float_exp", "float_div", "float_sum_dim"],
            along!(|x, dim| act::softmin(x, dim)),
            |x, grad| {
                let negative: Vec<f64> = x.iter().map(|x| -x).collect();
                let grads = through_shares(&shares(&negative, 0.0), grad);
                grads.into_iter().map(|grad| -grad).collect()
            },
        )
        .build(),
        Lanes::new(
            "activation::quiet_softmax",
            family,
            &["float_exp", "float_div", "float_sum_dim"],
            along!(|x, dim| act::quiet_softmax(x, dim)),
            |x, grad| through_shares(&shares(x, 1.0), grad),
        )
        .build(),
        Lanes::new(
            "activation::log_softmax",
            family,
            &["float_exp", "float_log", "float_sum_dim"],
            along!(|x, dim| act::log_softmax(x, dim)),
            |x, grad| {
                let total: f64 = grad.iter().sum();
                let shares = shares(x, 0.0);
                let pairs = shares.iter().zip(grad);
                pairs.map(|(share, grad)| grad - share * total).collect()
            },
        )
        .build(),
    ]
}

/// e^x / (rest + Σ e^x).
fn shares(x: &[f64], rest: f64) -> Vec<f64> {
    let total = rest + x.iter().map(|x| x.exp()).sum::<f64>();
    x.iter().map(|x| x.exp() / total).collect()
}

/// s (grad - Σ s grad).
fn through_shares(shares: &[f64], grad: &[f64]) -> Vec<f64> {
    let mean: f64 = shares.iter().zip(grad).map(|(s, g)| s * g).sum();
    let pairs = shares.iter().zip(grad);
    pairs.map(|(share, grad)| share * (grad - mean)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_winner_has_it_all() {
        assert_eq!(
            to_winner(&[1.0, 3.0, 2.0], &[5.0], |a, b| a > b),
            [0.0, 5.0, 0.0]
        );
        let so_far = to_winners(&[2.0, 1.0, 3.0], &[1.0, 10.0, 100.0], |a, b| a > b);
        assert_eq!(so_far, [11.0, 0.0, 100.0]);
    }
}
