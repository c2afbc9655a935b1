//! Mistakes in a whole layer.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};
use manual_backprop::activation::{self, Activation};
use manual_backprop::{layer, linear::affine, linear::matmul};

use super::{Row, at_sizes, from_rows};
use crate::formulas::rules::layer_case;

type WrongGradients = fn(Given) -> Gradients;

pub(super) fn mutants() -> Vec<Mutant> {
    from_rows(MUTANTS, |wrong| {
        move |v: &Values, g: &Upstream| wrong(Given::new(v, g))
    })
}

const MUTANTS: &[Row<WrongGradients>] = &[
    ("layer: f' missing", "g = grad_z", cases, |given| {
        given.gradients(
            given.grad_z.clone(),
            given.grad_z.clone(),
            given.grad_z.clone(),
        )
    }),
    (
        "layer: f' missing in grad_b",
        "grad_b = Σ_rows grad_z",
        cases,
        |given| given.gradients(given.g.clone(), given.g.clone(), given.grad_z.clone()),
    ),
    (
        "layer: f' missing in grad_w",
        "grad_w = xᵀ·grad_z",
        cases,
        |given| given.gradients(given.g.clone(), given.grad_z.clone(), given.g.clone()),
    ),
    (
        "layer: f' missing in grad_x",
        "grad_x = grad_z·wᵀ",
        cases,
        |given| given.gradients(given.grad_z.clone(), given.g.clone(), given.g.clone()),
    ),
    (
        "layer: f' twice",
        "g = f'(a)∘f'(a)∘grad_z",
        cases,
        |given| {
            let layer::Forward { a, z } = given.forward.clone();
            let twice = activation::backward(SIGMOID, a, z, given.g.clone());
            given.gradients(twice.clone(), twice.clone(), twice)
        },
    ),
    (
        "layer: bias left out of f'",
        "g = f'(x·w)∘grad_z",
        cases,
        |given| {
            let a = matmul::forward(given.x.clone(), given.w.clone());
            let z = activation::forward(SIGMOID, a.clone());
            let wrong = activation::backward(SIGMOID, a, z, given.grad_z.clone());
            given.gradients(wrong.clone(), wrong.clone(), wrong)
        },
    ),
    (
        "layer: f' after the product",
        "grad_x = f'(a)∘(grad_z·wᵀ)",
        cases,
        |given| {
            let layer::Forward { a, z } = given.forward.clone();
            let product = given.grad_z.clone().matmul(given.w.clone().transpose());
            let grad_x = activation::backward(SIGMOID, a, z, product);
            given
                .gradients(given.g.clone(), given.g.clone(), given.g.clone())
                .map("x", |_: Tensor<2>| grad_x)
        },
    ),
    (
        "layer: f' at the activation",
        "f'(z) for f'(a)",
        cases,
        |given| {
            let z = given.forward.z.clone();
            let again = activation::forward(SIGMOID, z.clone());
            let wrong = activation::backward(SIGMOID, z, again, given.grad_z.clone());
            given.gradients(wrong.clone(), wrong.clone(), wrong)
        },
    ),
];

const SIGMOID: Activation = Activation::Sigmoid;

fn cases() -> Vec<Case> {
    at_sizes(|size| layer_case(SIGMOID, size))
}

/// The tensors of a layer's backward pass, and the right gradient `g` of its pre-activation.
struct Given {
    x: Tensor<2>,
    w: Tensor<2>,
    forward: layer::Forward,
    grad_z: Tensor<2>,
    g: Tensor<2>,
}

impl Given {
    fn new(v: &Values, grad_out: &Upstream) -> Self {
        let (x, w) = (v.get::<2>("x"), v.get::<2>("w"));
        let forward = layer::forward(SIGMOID, x.clone(), w.clone(), v.get("b"));
        let grad_z = grad_out.get::<2>(0);
        let layer::Forward { a, z } = forward.clone();
        let g = activation::backward(SIGMOID, a, z, grad_z.clone());
        Self {
            x,
            w,
            forward,
            grad_z,
            g,
        }
    }

    /// The affine rule, with a `g` of its own for every gradient.
    fn gradients(&self, for_x: Tensor<2>, for_w: Tensor<2>, for_b: Tensor<2>) -> Gradients {
        let (grad_x, _) = matmul::backward(self.x.clone(), self.w.clone(), for_x);
        let (grad_w, _) = affine::backward_parameters(self.x.clone(), for_w);
        let (_, grad_b) = affine::backward_parameters(self.x.clone(), for_b);
        Gradients::new()
            .with("x", grad_x)
            .with("w", grad_w)
            .with("b", grad_b)
    }
}
