//! Mistakes in the derivatives of activation functions.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Mutant, Upstream, Values};
use manual_backprop::activation::{Activation, elu, sigmoid, tanh};

use super::{Row, at_sizes, from_rows};
use crate::formulas::rules::activation_case;

/// The wrong `grad_a` from `a` and `grad_z`.
type Gradient = fn(Tensor<2>, Tensor<2>) -> Tensor<2>;

pub(super) fn mutants() -> Vec<Mutant> {
    from_rows(MUTANTS, |wrong| {
        move |v: &Values, g: &Upstream| Gradients::new().with("a", wrong(v.get("a"), g.get(0)))
    })
}

const MUTANTS: &[Row<Gradient>] = &[
    (
        "sigmoid: at the activation",
        "σ' taken at z instead of a",
        sigmoid_cases,
        |a, grad_z| {
            let again = sigmoid::forward(sigmoid::forward(a));
            again.clone() * (1.0 - again) * grad_z
        },
    ),
    (
        "sigmoid: at the pre-activation",
        "a(1 - a), the formula for z applied to a",
        sigmoid_cases,
        |a, grad_z| a.clone() * (1.0 - a) * grad_z,
    ),
    (
        "sigmoid: factor dropped",
        "σ' = z, the factor 1 - z forgotten",
        sigmoid_cases,
        |a, grad_z| sigmoid::forward(a) * grad_z,
    ),
    (
        "sigmoid: sign inside",
        "σ' = z(1 + z)",
        sigmoid_cases,
        |a, grad_z| {
            let z = sigmoid::forward(a);
            z.clone() * (z + 1.0) * grad_z
        },
    ),
    (
        "sigmoid: derivative of tanh",
        "σ' = 1 - z²",
        sigmoid_cases,
        |a, grad_z| {
            let z = sigmoid::forward(a);
            (1.0 - z.clone() * z) * grad_z
        },
    ),
    (
        "sigmoid: upstream forgotten",
        "σ' without the factor grad_z",
        sigmoid_cases,
        |a, _| {
            let z = sigmoid::forward(a);
            z.clone() * (1.0 - z)
        },
    ),
    (
        "tanh: at the activation",
        "tanh' taken at z instead of a",
        tanh_cases,
        |a, grad_z| {
            let again = tanh::forward(tanh::forward(a));
            (1.0 - again.clone() * again) * grad_z
        },
    ),
    (
        "tanh: at the pre-activation",
        "1 - a², the formula for z applied to a",
        tanh_cases,
        |a, grad_z| (1.0 - a.clone() * a) * grad_z,
    ),
    (
        "tanh: square dropped",
        "tanh' = 1 - z",
        tanh_cases,
        |a, grad_z| (1.0 - tanh::forward(a)) * grad_z,
    ),
    (
        "tanh: derivative of sigmoid",
        "tanh' = z(1 - z)",
        tanh_cases,
        |a, grad_z| {
            let z = tanh::forward(a);
            z.clone() * (1.0 - z) * grad_z
        },
    ),
    (
        "tanh: sign inside",
        "tanh' = 1 + z²",
        tanh_cases,
        |a, grad_z| {
            let z = tanh::forward(a);
            (z.clone() * z + 1.0) * grad_z
        },
    ),
    (
        "relu: mask missing",
        "grad_a = grad_z everywhere",
        relu_cases,
        |_, grad_z| grad_z,
    ),
    (
        "relu: mask inverted",
        "grad_z passes where a ≤ 0",
        relu_cases,
        |a, grad_z| grad_z.mask_fill(a.greater_scalar(0.0), 0.0),
    ),
    (
        "relu: mask off by one",
        "every element is masked by its neighbour's sign",
        relu_cases,
        |a, grad_z| {
            let shape = a.dims();
            let count = shape[0] * shape[1];
            let flat = a.reshape([count]);
            let shifted = Tensor::cat(
                vec![flat.clone().narrow(0, 1, count - 1), flat.narrow(0, 0, 1)],
                0,
            );
            grad_z.mask_fill(shifted.reshape(shape).lower_equal_scalar(0.0), 0.0)
        },
    ),
    (
        "relu: mask of the gradient",
        "the sign of grad_z decides instead of the sign of a",
        relu_cases,
        |_, grad_z| {
            grad_z
                .clone()
                .mask_fill(grad_z.lower_equal_scalar(0.0), 0.0)
        },
    ),
    (
        "relu: wrong threshold",
        "grad_z passes where a > 1",
        relu_cases,
        |a, grad_z| grad_z.mask_fill(a.lower_equal_scalar(1.0), 0.0),
    ),
    (
        "relu: value for derivative",
        "grad_a = z∘grad_z",
        relu_cases,
        |a, grad_z| a.clamp_min(0.0) * grad_z,
    ),
    (
        "elu: no branch",
        "ELU' = e^a also where a > 0",
        elu_cases,
        |a, grad_z| a.exp() * grad_z,
    ),
    (
        "elu: α forgotten",
        "ELU' = z instead of z + α where a ≤ 0",
        elu_cases,
        |a, grad_z| {
            let z = elu::forward(a.clone());
            z.ones_like().mask_where(a.lower_equal_scalar(0.0), z) * grad_z
        },
    ),
    (
        "elu: derivative of ReLU",
        "ELU' = 0 where a ≤ 0",
        elu_cases,
        |a, grad_z| grad_z.mask_fill(a.lower_equal_scalar(0.0), 0.0),
    ),
    (
        "elu: derivative of the identity",
        "ELU' = 1 everywhere",
        elu_cases,
        |_, grad_z| grad_z,
    ),
    (
        "elu: at the activation",
        "ELU' = e^z where a ≤ 0",
        elu_cases,
        |a, grad_z| elu::forward(a).clamp_max(0.0).exp() * grad_z,
    ),
];

fn sigmoid_cases() -> Vec<Case> {
    at_sizes(|size| activation_case(Activation::Sigmoid, size))
}

fn tanh_cases() -> Vec<Case> {
    at_sizes(|size| activation_case(Activation::Tanh, size))
}

fn relu_cases() -> Vec<Case> {
    at_sizes(|size| activation_case(Activation::Relu, size))
}

fn elu_cases() -> Vec<Case> {
    at_sizes(|size| activation_case(Activation::Elu, size))
}
