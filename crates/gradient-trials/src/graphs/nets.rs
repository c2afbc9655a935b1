//! The nets: their parameters are the inputs, the loss is the function.

use burn::tensor::{Tensor, activation};
use burn_gradcheck::{Case, Values};
use computational_graph::nets;
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;

use super::graph_case::GraphCase;
use crate::common::{all_positive, case, drawn, positive, weights, with_kinks};
use crate::formulas::nets::{mnist_layers, parameters, scalar_parameters};
use crate::sizes::{Size, label};

/// Every net at one size, with these activations.
pub(super) fn all(activations: &[Activation], size: Size) -> Vec<GraphCase> {
    let [batch, d_in, d_out] = size;
    let mut cases = vec![scalar_case(size)];
    for &f in activations {
        cases.push(general_case(f, size));
        cases.push(xor_case(f, size));
        let layers = [batch, d_in, d_out + 3, d_out + 1, d_out + 1];
        cases.push(mnist_case(f, Reduction::Mean, &layers));
    }
    let one_layer = [batch, d_in, d_out + 1];
    cases.push(mnist_case(Activation::Relu, Reduction::Sum, &one_layer));
    cases
}

/// The scalar net; the size only picks another point.
pub(super) fn scalar_case(size: Size) -> GraphCase {
    let data = drawn(&format!("scalar graph data {}", label(&size)), 2);
    let case = case("scalar graph", &size)
        .reduction_length(1)
        .input("w1", [1])
        .input("b1", [1])
        .input("w2", [1])
        .input("b2", [1])
        .constant("x", [1], [data[0]])
        .constant("y", [1], [data[1]]);
    let build = |v: &Values| nets::scalar(&scalar_parameters(v), v.get("x"), v.get("y"));
    GraphCase::new(case, "loss", build, |v| {
        let get = |name: &str| v.get::<1>(name);
        let hidden = Activation::Sigmoid.forward(get("x") * get("w1") + get("b1"));
        half_squared(hidden * get("w2") + get("b2") - get("y"))
    })
}

pub(super) fn general_case(f: Activation, size: Size) -> GraphCase {
    let build = move |v: &Values| nets::general(f, &parameters(v), v.get("x"), v.get("y"));
    let case = one_hidden_layer(&format!("general graph {f}"), f, size);
    GraphCase::new(case, "loss", build, move |v| {
        let hidden = f.forward(affine(v.get("x"), v, 1));
        half_squared(affine(hidden, v, 2) - v.get("y"))
    })
}

pub(super) fn xor_case(f: Activation, size: Size) -> GraphCase {
    let build = move |v: &Values| nets::xor(f, &parameters(v), v.get("x"), v.get("y"));
    let case = one_hidden_layer(&format!("xor graph {f}"), f, size);
    GraphCase::new(case, "loss", build, move |v| {
        let hidden = f.forward(affine(v.get("x"), v, 1));
        half_squared(Activation::Sigmoid.forward(affine(hidden, v, 2)) - v.get("y"))
    })
}

fn one_hidden_layer(name: &str, f: Activation, [batch, d_in, d_out]: Size) -> Case {
    let hidden = d_out + 2;
    let case = case(name, &[batch, d_in, hidden, d_out])
        .input_from("w1", [d_in, hidden], weights(d_in))
        .input("b1", [hidden])
        .input_from("w2", [hidden, d_out], weights(hidden))
        .input("b2", [d_out])
        .constant("x", [batch, d_in], drawn("graph inputs", batch * d_in))
        .constant("y", [batch, d_out], drawn("graph targets", batch * d_out));
    with_kinks(case, f, |v| positive(affine(v.get("x"), v, 1)))
}

/// The MNIST net with the sizes `[batch, d_0, d_1, ..., classes]`.
pub(super) fn mnist_case(f: Activation, reduction: Reduction, sizes: &[usize]) -> GraphCase {
    let (batch, dims) = (sizes[0], &sizes[1..]);
    let (d_in, depth, classes) = (dims[0], dims.len() - 1, dims[dims.len() - 1]);
    let name = match reduction {
        Reduction::Sum => format!("mnist graph {f} sum"),
        Reduction::Mean => format!("mnist graph {f}"),
    };
    let one_hot = (0..batch * classes).map(|i| {
        let (row, class) = (i / classes, i % classes);
        if class == (5 * row + 1) % classes {
            1.0
        } else {
            0.0
        }
    });
    let mut case = case(&name, sizes)
        .constant("x", [batch, d_in], drawn("graph inputs", batch * d_in))
        .constant("y", [batch, classes], one_hot.collect::<Vec<_>>());
    for (l, size) in (1..).zip(dims.windows(2)) {
        case = case
            .input_from(format!("w{l}"), [size[0], size[1]], weights(size[0]))
            .input(format!("b{l}"), [size[1]]);
    }
    let case = with_kinks(case, f, move |v| all_positive(logits(f, depth, v).1));
    let build = move |v: &Values| {
        let layers = mnist_layers(v, depth);
        nets::mnist(f, &layers, v.get("x"), v.get("y"), reduction)
    };
    GraphCase::new(case, "loss", build, move |v| {
        let (logits, _) = logits(f, depth, v);
        let hits = v.get::<2>("y") * activation::log_softmax(logits, 1);
        let loss = hits.sum().mul_scalar(-reduction.factor(batch));
        loss.reshape([1, 1])
    })
}

/// The logits and the values before the activations.
fn logits(f: Activation, depth: usize, v: &Values) -> (Tensor<2>, Vec<Tensor<2>>) {
    let mut before = Vec::new();
    let mut z = v.get::<2>("x");
    for l in 1..depth {
        let a = affine(z, v, l);
        before.push(a.clone());
        z = f.forward(a);
    }
    (affine(z, v, depth), before)
}

/// `x·w_l + b_l`.
fn affine(x: Tensor<2>, v: &Values, l: usize) -> Tensor<2> {
    let b = v.get::<1>(&format!("b{l}"));
    x.matmul(v.get(&format!("w{l}"))) + b.unsqueeze_dim(0)
}

/// `½‖error‖²`.
fn half_squared<const D: usize>(error: Tensor<D>) -> Tensor<2> {
    let sum = (error.clone() * error).sum();
    sum.mul_scalar(0.5).reshape([1, 1])
}
