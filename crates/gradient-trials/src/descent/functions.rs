//! Every function at chosen and drawn points.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients};
use gradient_descent::functions::{
    Composition, CosineBowl, FourVariables, QuadraticValley, Rosenbrock, inner,
};

use super::tensor_function::{self, TensorFunction};

/// Every function at its start, at other chosen points and at drawn ones. The inner map of the
/// composition is a case of its own, with four outputs and random upstream gradients.
pub(crate) fn cases() -> Vec<Case> {
    [
        cosine_bowl(),
        quadratic_valley(),
        rosenbrock(),
        four_variables(),
        composition(),
        inner_map(),
    ]
    .concat()
}

/// A vector-Jacobian product on the host, from the point and the upstream gradient to the gradient.
pub(super) type HostVjp = fn(&[f64], &[f64]) -> Vec<f64>;

/// How many points are drawn for each function.
const DRAWN: usize = 3;

pub(super) fn cosine_bowl() -> Vec<Case> {
    let points = [&[1.3, 0.9][..], &[-0.6, 2.25], &[0.125, -0.25]];
    of_function(CosineBowl, "x", &points)
}

pub(super) fn quadratic_valley() -> Vec<Case> {
    let points = [&[20.0, 1.0][..], &[-2.0, 0.375]];
    of_function(QuadraticValley::default(), "x", &points)
}

pub(super) fn rosenbrock() -> Vec<Case> {
    let points = [&[-1.2, 1.0][..], &[0.5, -0.75], &[1.5, 2.5]];
    of_function(Rosenbrock, "x", &points)
}

pub(super) fn four_variables() -> Vec<Case> {
    let points = [&[3.0, -1.0, 0.0, 1.0][..], &[2.0, 1.0, 1.0, 0.0]];
    of_function(FourVariables, "x", &points)
}

pub(super) fn composition() -> Vec<Case> {
    let points = [&[1.0, -1.0][..], &[-0.5, 0.75]];
    of_function(Composition, "z", &points)
}

pub(super) fn inner_map() -> Vec<Case> {
    let points = [&[1.0, -1.0][..], &[-0.5, 0.75]];
    at_points("inner map", 2, "z", &points)
        .into_iter()
        .map(|case| {
            let case = case.function(|v| tensor_function::inner_map(v.get("z")));
            with_host_vjp(case, |z, grad_x| {
                inner::vjp(coordinates(z), coordinates(grad_x)).to_vec()
            })
        })
        .collect()
}

/// A function's cases.
fn of_function(
    function: impl TensorFunction + Copy + Send + Sync + 'static,
    input: &'static str,
    points: &[&[f64]],
) -> Vec<Case> {
    at_points(function.name(), function.dimension(), input, points)
        .into_iter()
        .map(|case| {
            let case = case.function(move |v| function.tensor_value(v.get(input)));
            with_host_vjp(case, move |x, grad_out| {
                scaled(function.gradient(x), grad_out)
            })
        })
        .collect()
}

/// Cases without a function yet: at the given points and at drawn ones.
fn at_points(name: &str, dimension: usize, input: &str, points: &[&[f64]]) -> Vec<Case> {
    let given = points.iter().map(|point| {
        Case::new(format!("{name} {point:?}").replace(".0", "")).input_values(
            input,
            [dimension],
            point.to_vec(),
        )
    });
    let drawn = (1..=DRAWN)
        .map(|number| Case::new(format!("{name} [drawn {number}]")).input(input, [dimension]));
    given.chain(drawn).collect()
}

/// The case with a vector-Jacobian product that is computed on the host.
pub(super) fn with_host_vjp(
    case: Case,
    vjp: impl Fn(&[f64], &[f64]) -> Vec<f64> + Send + Sync + 'static,
) -> Case {
    let (input, _) = case.inputs().next().expect("the case has an input");
    let input = input.to_owned();
    case.vjp(move |v, grad_out| {
        let grad = vjp(&on_host(v.get(&input)), &on_host(grad_out.get(0)));
        Gradients::new().with(input.clone(), v.tensor([grad.len()], &grad))
    })
}

fn on_host(tensor: Tensor<1>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// A gradient times the one upstream gradient of a scalar function.
pub(super) fn scaled(gradient: Vec<f64>, grad_out: &[f64]) -> Vec<f64> {
    let [grad_out] = coordinates(grad_out);
    gradient.into_iter().map(|d| d * grad_out).collect()
}

/// The elements of a list of known length.
fn coordinates<const N: usize>(x: &[f64]) -> [f64; N] {
    x.try_into().expect("the case's sizes fit")
}
