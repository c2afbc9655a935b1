//! Operations that work along a dimension: reductions, cumulative sums and products, softmaxes.

use burn::tensor::{Tensor, activation as act};
use burn_gradcheck::{Case, Gradients, Sample};

use crate::host::{F32, host, tolerance_f32_of_sums};
use crate::operation::{Family, Operation};

/// All of them.
pub(crate) fn operations() -> Vec<Operation> {
    let mut all = sums();
    all.extend(products());
    all.extend(extremes());
    all.extend(softmaxes());
    all
}

/// The operation as Burn has it, at each rank, along a dimension.
#[derive(Clone, Copy)]
struct Ranks {
    one: fn(Tensor<1>, usize) -> Tensor<1>,
    two: fn(Tensor<2>, usize) -> Tensor<2>,
    three: fn(Tensor<3>, usize) -> Tensor<3>,
    four: fn(Tensor<4>, usize) -> Tensor<4>,
}

/// `along!(|x, dim| x.sum_dim(dim))`: one expression at four ranks.
macro_rules! along {
    (|$x:ident, $dim:ident| $body:expr) => {
        Ranks {
            one: |$x: Tensor<1>, $dim: usize| $body,
            two: |$x: Tensor<2>, $dim: usize| $body,
            three: |$x: Tensor<3>, $dim: usize| $body,
            four: |$x: Tensor<4>, $dim: usize| $body,
        }
    };
}

/// The vector-Jacobian product of one lane, on the host: from the lane's inputs and the upstream
/// gradients of its outputs (as many, or one) to the gradients of its inputs.
type LaneVjp = fn(&[f64], &[f64]) -> Vec<f64>;

struct Lanes {
    operation: Operation,
    ranks: Ranks,
    vjp: LaneVjp,
    sample: Sample,
    /// Whether a lane of one element is in the domain.
    one_will_do: bool,
}

impl Lanes {
    fn new(
        name: &'static str,
        family: Family,
        covers: &'static [&'static str],
        ranks: Ranks,
        vjp: LaneVjp,
    ) -> Self {
        Self {
            operation: Operation::new(name, family, covers),
            ranks,
            vjp,
            sample: Sample::Signed,
            one_will_do: true,
        }
    }

    fn note(mut self, note: &'static str) -> Self {
        self.operation = self.operation.note(note);
        self
    }

    fn two_or_more(mut self) -> Self {
        self.one_will_do = false;
        self
    }

    fn build(mut self) -> Operation {
        let Ranks {
            one,
            two,
            three,
            four,
        } = self.ranks;
        self.add([7], 0, one, |x| x);
        for dim in [0, 1] {
            self.add([3, 5], dim, two, |x| x);
        }
        for dim in [0, 1, 2] {
            self.add([2, 4, 3], dim, three, |x| x);
        }
        self.add([2, 3, 4, 2], 2, four, |x| x);
        if self.one_will_do {
            self.add([1], 0, one, |x| x);
            self.add([1, 4], 0, two, |x| x);
            self.add([2, 1, 3], 1, three, |x| x);
        }
        self.add_transposed(two);
        self.operation
    }

    fn add<const D: usize>(
        &mut self,
        shape: [usize; D],
        dim: usize,
        function: fn(Tensor<D>, usize) -> Tensor<D>,
        arrange: fn(Tensor<D>) -> Tensor<D>,
    ) {
        let (vjp, sample) = (self.vjp, self.sample);
        let name = format!("{shape:?} along {dim}");
        self.operation.drawn(name, D == 2, |case| {
            case.input_from("x", shape, sample)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| function(arrange(v.get::<D>("x")), dim))
                .vjp(move |v, grad_out| {
                    let (x, grad_out) = (host(v.get::<D>("x")), host(grad_out.get::<D>(0)));
                    let grad_x = over_lanes(&shape, dim, &x, &grad_out, vjp);
                    Gradients::new().with("x", v.tensor(shape, &grad_x))
                })
        });
    }

    /// Lanes that are not contiguous in memory where they would be.
    fn add_transposed(&mut self, function: fn(Tensor<2>, usize) -> Tensor<2>) {
        let (vjp, sample) = (self.vjp, self.sample);
        let name = "[4, 3] transposed along 1".to_owned();
        self.operation.drawn(name, true, |case: Case| {
            case.input_from("x", [4, 3], sample)
                .tolerance(F32, tolerance_f32_of_sums())
                .function(move |v| function(v.get::<2>("x").transpose(), 1))
                .vjp(move |v, grad_out| {
                    let x = host(v.get::<2>("x").transpose());
                    let grad_out = host(grad_out.get::<2>(0));
                    let transposed = over_lanes(&[3, 4], 1, &x, &grad_out, vjp);
                    let at = |i: usize| transposed[i % 3 * 4 + i / 3];
                    let grad_x: Vec<f64> = (0..12).map(at).collect();
                    Gradients::new().with("x", v.tensor([4, 3], &grad_x))
                })
        });
    }
}

/// Applies a lane's vector-Jacobian product to every lane of a tensor in row-major order.
fn over_lanes(shape: &[usize], dim: usize, x: &[f64], grad_out: &[f64], vjp: LaneVjp) -> Vec<f64> {
    let length = shape[dim];
    let stride: usize = shape[dim + 1..].iter().product();
    let outer: usize = shape[..dim].iter().product();
    let out_length = grad_out.len() / (outer * stride);
    let mut grad_x = vec![0.0; x.len()];
    for lane in 0..outer * stride {
        let (block, offset) = (lane / stride, lane % stride);
        let place = |length: usize, i: usize| (block * length + i) * stride + offset;
        let inputs: Vec<f64> = (0..length).map(|i| x[place(length, i)]).collect();
        let upstream: Vec<f64> = (0..out_length)
            .map(|i| grad_out[place(out_length, i)])
            .collect();
        for (i, grad) in vjp(&inputs, &upstream).into_iter().enumerate() {
            grad_x[place(length, i)] = grad;
        }
    }
    grad_x
}

/// A reduction over all elements, whatever the shape: one lane.
fn over_all(
    name: &'static str,
    covers: &'static [&'static str],
    function: fn(Tensor<2>) -> Tensor<1>,
    vjp: LaneVjp,
) -> Operation {
    let mut operation = Operation::new(name, Family::Reductions, covers);
    for shape in [[3, 5], [1, 1], [1, 7]] {
        add_over_all(&mut operation, shape, function, vjp, None);
    }
    operation
}

fn add_over_all(
    operation: &mut Operation,
    shape: [usize; 2],
    function: fn(Tensor<2>) -> Tensor<1>,
    vjp: LaneVjp,
    given: Option<(&str, Vec<f64>)>,
) {
    let name = match &given {
        Some((what, _)) => format!("{shape:?} {what}"),
        None => format!("{shape:?}"),
    };
    operation.drawn(name, true, |case| {
        let case = match given {
            Some((_, values)) => case.input_values("x", shape, values),
            None => case.input("x", shape),
        };
        case.tolerance(F32, tolerance_f32_of_sums())
            .function(move |v| function(v.get::<2>("x")))
            .vjp(move |v, grad_out| {
                let (x, grad_out) = (host(v.get::<2>("x")), host(grad_out.get::<1>(0)));
                Gradients::new().with("x", v.tensor(shape, &vjp(&x, &grad_out)))
            })
    });
}

fn sums() -> Vec<Operation> {
    let sum: LaneVjp = |x, grad| vec![grad[0]; x.len()];
    let mean: LaneVjp = |x, grad| vec![grad[0] / x.len() as f64; x.len()];
    let cumsum: LaneVjp = |x, grad| (0..x.len()).map(|i| grad[i..].iter().sum()).collect();
    let family = Family::Reductions;
    vec![
        over_all("Tensor::sum", &["float_sum"], |x| x.sum(), sum),
        over_all("Tensor::mean", &["float_mean"], |x| x.mean(), mean),
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
        Lanes::new(
            "Tensor::var",
            family,
            &["float_div_scalar", "float_mean_dim", "float_sum_dim"],
            along!(|x, dim| x.var(dim)),
            |x, grad| variance(x, grad[0], x.len() as f64 - 1.0),
        )
        .note("divides by n - 1; needs two elements")
        .two_or_more()
        .build(),
        Lanes::new(
            "Tensor::var_bias",
            family,
            &["float_div_scalar", "float_mean_dim", "float_sum_dim"],
            along!(|x, dim| x.var_bias(dim)),
            |x, grad| variance(x, grad[0], x.len() as f64),
        )
        .note("divides by n")
        .two_or_more()
        .build(),
    ]
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
    vec![all, along, cumulative]
}

/// The product of all but one.
fn without(x: &[f64], left_out: usize) -> f64 {
    let others = x.iter().enumerate().filter(|(i, _)| *i != left_out);
    others.map(|(_, x)| x).product()
}

fn extremes() -> Vec<Operation> {
    let largest: LaneVjp = |x, grad| to_winner(x, grad, |a, b| a > b);
    let smallest: LaneVjp = |x, grad| to_winner(x, grad, |a, b| a < b);
    let cumulative_largest: LaneVjp = |x, grad| to_winners(x, grad, |a, b| a > b);
    let cumulative_smallest: LaneVjp = |x, grad| to_winners(x, grad, |a, b| a < b);
    let family = Family::Reductions;
    vec![
        over_all("Tensor::max", &["float_max_dim"], |x| x.max(), largest),
        over_all("Tensor::min", &["float_min_dim"], |x| x.min(), smallest),
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
    fn lanes_run_along_their_dimension() {
        let first: LaneVjp = |x, grad| x.iter().map(|x| x * grad[0]).collect();
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let along_0 = over_lanes(&[2, 3], 0, &x, &[10.0, 100.0, 1000.0], first);
        assert_eq!(along_0, [10.0, 200.0, 3000.0, 40.0, 500.0, 6000.0]);
        let along_1 = over_lanes(&[2, 3], 1, &x, &[10.0, 100.0], first);
        assert_eq!(along_1, [10.0, 20.0, 30.0, 400.0, 500.0, 600.0]);
    }

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
