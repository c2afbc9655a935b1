//! L-BFGS (Nocedal 1980; Nocedal and Wright, Numerical Optimization, 2006), which asks for values and gradients itself.

use burn::module::{Module, Param};
use burn::optim::{GradientsParams, LBFGS, LBFGSConfig, LineSearchFn};
use burn::tensor::{Device, Tensor};

use crate::{assert_close, numbers, vector};

const STEPS: usize = 20;
/// Number of parameters.
const N: usize = 3;
const START: Vector = [0.5, -1.25, 2.0];

type Vector = [f64; N];
type Matrix = [Vector; N];

#[derive(Module, Debug)]
struct Net {
    w: Param<Tensor<1>>,
}

fn net() -> Net {
    Net {
        w: Param::from_tensor(vector(&START, &Device::flex().autodiff())),
    }
}

fn weights(net: &Net) -> Vector {
    let numbers = numbers(net.w.val().inner());
    numbers.try_into().expect("one for each parameter")
}

/// One iteration, in which the optimizer is given value and gradient of a function.
fn step(optimizer: &mut LBFGS, rate: f64, net: Net, of: fn(&Vector) -> (f64, Vector)) -> Net {
    let (net, _) = optimizer.step(rate, net, |net: Net| {
        let (value, gradient) = of(&weights(&net));
        let mut gradients = GradientsParams::new();
        gradients.register(net.w.id, vector(&gradient, &Device::flex()));
        (value, gradients)
    });
    net
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn minus(a: &Vector, b: &Vector) -> Vector {
    std::array::from_fn(|i| a[i] - b[i])
}

/// Convex, with another curvature at each place: Σ cosh(aᵢ wᵢ) + (Σ w)².
fn convex(w: &Vector) -> (f64, Vector) {
    const A: Vector = [0.5, 1.0, 1.5];
    let sum: f64 = w.iter().sum();
    let value = w.iter().zip(A).map(|(w, a)| (a * w).cosh()).sum::<f64>() + sum * sum;
    let gradient = std::array::from_fn(|i| A[i] * (A[i] * w[i]).sinh() + 2.0 * sum);
    (value, gradient)
}

/// The inverse Hessian's approximation from displacements s and gradient differences y, as a whole matrix: from
/// H = γ I with γ = s·y / y·y of the last pair, H ← (I - ρ s yᵀ) H (I - ρ y sᵀ) + ρ s sᵀ with ρ = 1 / y·s (7.16 and 7.17
/// there). Burn never forms it.
fn inverse_hessian(pairs: &[(Vector, Vector)]) -> Matrix {
    let unit = |i, j| if i == j { 1.0 } else { 0.0 };
    let gamma = pairs.last().map_or(1.0, |(s, y)| dot(s, y) / dot(y, y));
    let mut h: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| gamma * unit(i, j)));
    for (s, y) in pairs {
        let rho = 1.0 / dot(y, s);
        let left = |i: usize, k: usize| unit(i, k) - rho * s[i] * y[k];
        let element = |i: usize, j: usize| {
            let all = (0..N).flat_map(|k| (0..N).map(move |l| (k, l)));
            let product: f64 = all.map(|(k, l)| left(i, k) * h[k][l] * left(j, l)).sum();
            product + rho * s[i] * s[j]
        };
        h = std::array::from_fn(|i| std::array::from_fn(|j| element(i, j)));
    }
    h
}

/// w ← w - η H g, with the last 4 pairs in H; in the first step w ← w - η min(1, 1 / Σ|g|) g.
#[test]
fn lbfgs() {
    const RATE: f64 = 0.4;
    const HISTORY: usize = 4;
    let config = LBFGSConfig::new()
        .with_max_iter(1)
        .with_history_size(HISTORY);
    let (mut optimizer, mut net) = (config.init(), net());
    let mut right = START;
    let mut pairs: Vec<(Vector, Vector)> = vec![];
    for number in 0..STEPS {
        net = step(&mut optimizer, RATE, net, convex);
        let (_, gradient) = convex(&right);
        let recent = &pairs[pairs.len().saturating_sub(HISTORY)..];
        let h = inverse_hessian(recent);
        let size: f64 = gradient.iter().map(|g| g.abs()).sum();
        let rate = RATE
            * if number == 0 {
                (1.0 / size).min(1.0)
            } else {
                1.0
            };
        let next = std::array::from_fn(|i| right[i] - rate * dot(&h[i], &gradient));
        pairs.push((minus(&next, &right), minus(&convex(&next).1, &gradient)));
        right = next;
        assert_close(
            &format!("lbfgs, step {number}"),
            &weights(&net),
            &right,
            1e-9,
        );
    }
    let (_, gradient) = convex(&right);
    assert!(dot(&gradient, &gradient) < 1e-4, "{gradient:?}");
}

/// Rosenbrock's function in three variables: a curved valley with its minimum at (1, 1, 1).
fn rosenbrock(w: &Vector) -> (f64, Vector) {
    let mut gradient = [0.0; N];
    let mut value = 0.0;
    for i in 0..N - 1 {
        let (rise, rest) = (w[i + 1] - w[i] * w[i], 1.0 - w[i]);
        value += 100.0 * rise * rise + rest * rest;
        gradient[i] += -400.0 * rise * w[i] - 2.0 * rest;
        gradient[i + 1] += 200.0 * rise;
    }
    (value, gradient)
}

/// The strong Wolfe conditions (3.7 there) with c₁ = 10⁻⁴ and c₂ = 0.9 of a step s = t d:
/// f(w + s) ≤ f(w) + c₁ g·s and |g(w + s)·s| ≤ c₂ |g·s|.
#[test]
fn the_line_search_of_lbfgs_keeps_the_strong_wolfe_conditions() {
    let config = LBFGSConfig::new()
        .with_max_iter(1)
        .with_max_eval(Some(26))
        .with_line_search_fn(LineSearchFn::StrongWolfe);
    let (mut optimizer, mut net) = (config.init(), net());
    for number in 0..STEPS {
        let before = weights(&net);
        net = step(&mut optimizer, 1.0, net, rosenbrock);
        let after = weights(&net);
        let (value, gradient) = rosenbrock(&before);
        let (new_value, new_gradient) = rosenbrock(&after);
        let moved = minus(&after, &before);
        let (slope, new_slope) = (dot(&gradient, &moved), dot(&new_gradient, &moved));
        assert!(slope < 0.0, "step {number}: {slope}");
        assert!(
            new_value <= value + 1e-4 * slope,
            "step {number}: {value} to {new_value}"
        );
        assert!(
            new_slope.abs() <= 0.9 * slope.abs(),
            "step {number}: {slope} to {new_slope}"
        );
    }
    let (value, _) = rosenbrock(&weights(&net));
    assert!(value < 1.0, "{value} of {}", rosenbrock(&START).0);
}
