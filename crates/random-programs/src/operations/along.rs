//! Functions of the numbers along one dimension, and of all numbers.

use burn::tensor::{Tensor, activation};

use crate::number::{Choices, Number};

macro_rules! along {
    (|$x:ident, $dim:ident| $($variant:ident $name:literal $burn:expr, $formula:expr, $domain:expr;)*) => {
        /// A function of the numbers along a dimension.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Along { $($variant),* }

        impl Along {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Burn's expression in `x` and `dim`.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($burn)),* }
            }

            pub(crate) fn burn<const D: usize>(self, $x: Tensor<D>, $dim: usize) -> Tensor<D> {
                match self { $(Self::$variant => $burn),* }
            }

            pub(crate) fn formula<N: Number>(self, x: &[N], choices: &Choices) -> Vec<N> {
                match self {
                    $(Self::$variant => { let f: fn(&[N], &Choices) -> Vec<N> = $formula; f(x, choices) })*
                }
            }

            /// Whether it may be evaluated there.
            pub(crate) fn has(self, x: &[f64]) -> bool {
                match self { $(Self::$variant => { let domain: fn(&[f64]) -> bool = $domain; domain(x) })* }
            }
        }
    };
}

fn everywhere(_: &[f64]) -> bool {
    true
}

fn small(x: &[f64]) -> bool {
    x.iter().all(|x| x.abs() < 5.0)
}

fn not_zero(x: &[f64]) -> bool {
    x.iter().all(|x| x.abs() > 0.1)
}

fn sum<N: Number>(x: &[N]) -> N {
    let (first, rest) = x.split_first().expect("no dimension is empty");
    rest.iter().fold(*first, |sum, &x| sum + x)
}

fn product<N: Number>(x: &[N]) -> N {
    let (first, rest) = x.split_first().expect("no dimension is empty");
    rest.iter().fold(*first, |product, &x| product * x)
}

/// The numbers from the smallest to the largest.
fn sorted<N: Number>(x: &[N], choices: &Choices) -> Vec<N> {
    let mut sorted = Vec::with_capacity(x.len());
    for &x in x {
        let larger = |other: &N| choices.is_larger(other.value(), x.value());
        let place = sorted.iter().position(larger).unwrap_or(sorted.len());
        sorted.insert(place, x);
    }
    sorted
}

fn reversed<N: Number>(mut x: Vec<N>) -> Vec<N> {
    x.reverse();
    x
}

fn largest<N: Number>(x: &[N], choices: &Choices) -> N {
    let larger = |a: N, b: N| {
        if choices.is_larger(b.value(), a.value()) {
            b
        } else {
            a
        }
    };
    x.iter()
        .copied()
        .reduce(larger)
        .expect("no dimension is empty")
}

/// The running result of combining each number with those before it.
fn running<N: Number>(x: &[N], mut combine: impl FnMut(N, N) -> N) -> Vec<N> {
    let mut all: Vec<N> = Vec::with_capacity(x.len());
    for &x in x {
        all.push(all.last().map_or(x, |&last| combine(last, x)));
    }
    all
}

/// `e^xᵢ / Σⱼ e^xⱼ`
fn softmax<N: Number>(x: &[N]) -> Vec<N> {
    let powers: Vec<_> = x.iter().map(|x| x.exp()).collect();
    let total = sum(&powers);
    powers.into_iter().map(|power| power / total).collect()
}

along! {
    |x, dim|
    SumDim "Tensor::sum_dim" x.sum_dim(dim), |x, _| vec![sum(x)], everywhere;
    MeanDim "Tensor::mean_dim" x.mean_dim(dim), |x, _| {
        vec![sum(x).times(1.0 / x.len() as f64)]
    }, everywhere;
    ProdDim "Tensor::prod_dim" x.prod_dim(dim), |x, _| vec![product(x)], not_zero;
    MaxDim "Tensor::max_dim" x.max_dim(dim), |x, choices| vec![largest(x, choices)], everywhere;
    MinDim "Tensor::min_dim" x.min_dim(dim), |x, choices| {
        vec![sorted(x, choices)[0]]
    }, everywhere;
    Cumsum "Tensor::cumsum" x.cumsum(dim), |x, _| running(x, |a, b| a + b), everywhere;
    Cumprod "Tensor::cumprod" x.cumprod(dim), |x, _| running(x, |a, b| a * b), not_zero;
    Cummax "Tensor::cummax" x.cummax(dim), |x, choices| {
        running(x, |a, b| if choices.is_larger(b.value(), a.value()) { b } else { a })
    }, everywhere;
    Softmax "activation::softmax" activation::softmax(x, dim), |x, _| softmax(x), small;
    LogSoftmax "activation::log_softmax" activation::log_softmax(x, dim), |x, _| {
        let powers: Vec<_> = x.iter().map(|x| x.exp()).collect();
        let norm = sum(&powers).ln();
        x.iter().map(|&x| x - norm).collect()
    }, small;
    Softmin "activation::softmin" activation::softmin(x, dim), |x, _| {
        softmax(&x.iter().map(|&x| -x).collect::<Vec<_>>())
    }, small;
    Sort "Tensor::sort" x.sort(dim), |x, choices| sorted(x, choices), everywhere;
    SortDescending "Tensor::sort_descending" x.sort_descending(dim), |x, choices| {
        reversed(sorted(x, choices))
    }, everywhere;
    TopK "Tensor::topk" x.topk(1, dim), |x, choices| vec![largest(x, choices)], everywhere;
    Flip "Tensor::flip" x.flip([dim]), |x, _| reversed(x.to_vec()), everywhere;
    RollDim "Tensor::roll_dim" x.roll_dim(1, dim), |x, _| {
        [&x[x.len() - 1..], &x[..x.len() - 1]].concat()
    }, everywhere;
    RepeatDim "Tensor::repeat_dim" x.repeat_dim(dim, 2), |x, _| [x, x].concat(), |x| x.len() < 4;
    Narrow "Tensor::narrow" x.narrow(dim, 1, 1), |x, _| vec![x[1]], |x| x.len() > 1;
    Chunk "Tensor::chunk" x.chunk(2, dim).swap_remove(0), |x, _| {
        x[..x.len().div_ceil(2)].to_vec()
    }, |x| x.len() > 1;
}

macro_rules! whole {
    (|$x:ident| $($variant:ident $name:literal $burn:expr, $formula:expr, $domain:expr;)*) => {
        /// A function of all numbers of a tensor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Whole { $($variant),* }

        impl Whole {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Burn's expression in `x`.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($burn)),* }
            }

            pub(crate) fn burn<const D: usize>(self, $x: Tensor<D>) -> Tensor<1> {
                match self { $(Self::$variant => $burn),* }
            }

            pub(crate) fn formula<N: Number>(self, x: &[N], choices: &Choices) -> N {
                match self { $(Self::$variant => { let f: fn(&[N], &Choices) -> N = $formula; f(x, choices) })* }
            }

            /// Whether it may be evaluated there.
            pub(crate) fn has(self, x: &[f64]) -> bool {
                match self { $(Self::$variant => { let domain: fn(&[f64]) -> bool = $domain; domain(x) })* }
            }
        }
    };
}

whole! {
    |x|
    Sum "Tensor::sum" x.sum(), |x, _| sum(x), everywhere;
    Mean "Tensor::mean" x.mean(), |x, _| sum(x).times(1.0 / x.len() as f64), everywhere;
    Max "Tensor::max" x.max(), |x, choices| largest(x, choices), everywhere;
    Min "Tensor::min" x.min(), |x, choices| sorted(x, choices)[0], everywhere;
    Prod "Tensor::prod" x.prod(), |x, _| product(x), |x| x.len() < 7 && not_zero(x);
}
