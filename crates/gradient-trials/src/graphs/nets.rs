//! The nets: their parameters are the inputs, the loss is the function.

use burn::tensor::{Tensor, activation};
use burn_gradcheck::{Case, Masks, Sample, Values};
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, scalar};

use super::trial::Trial;
use crate::nets;
use manual_backprop::verify::sizes::{Size, label};

/// Every net at one size, with these activations.
pub(super) fn all(activations: &[Activation], size: Size) -> Vec<Trial> {
    let [batch, d_in, d_out] = size;
    let mut trials = vec![scalar_trial(size)];
    for &f in activations {
        trials.push(general_trial(f, size));
        trials.push(xor_trial(f, size));
        let layers = [batch, d_in, d_out + 3, d_out + 1, d_out + 1];
        trials.push(mnist_trial(f, Reduction::Mean, &layers));
    }
    let one_layer = [batch, d_in, d_out + 1];
    trials.push(mnist_trial(Activation::Relu, Reduction::Sum, &one_layer));
    trials
}

/// The scalar net; the size only picks another point.
pub(super) fn scalar_trial(size: Size) -> Trial {
    let data = drawn(&format!("scalar graph data {}", label(&size)), 2);
    let case = case("scalar graph", &size)
        .reduction_length(1)
        .input("w1", [1])
        .input("b1", [1])
        .input("w2", [1])
        .input("b2", [1])
        .constant("x", [1], [data[0]])
        .constant("y", [1], [data[1]]);
    let build = |v: &Values| {
        let p = scalar::Parameters {
            w1: v.get("w1"),
            b1: v.get("b1"),
            w2: v.get("w2"),
            b2: v.get("b2"),
        };
        nets::scalar(&p, v.get("x"), v.get("y"))
    };
    Trial::new(case, "loss", build, |v| {
        let get = |name: &str| v.get::<1>(name);
        let hidden = Activation::Sigmoid.forward(get("x") * get("w1") + get("b1"));
        half_squared(hidden * get("w2") + get("b2") - get("y"))
    })
}

pub(super) fn general_trial(f: Activation, size: Size) -> Trial {
    let build = move |v: &Values| nets::general(f, &parameters(v), v.get("x"), v.get("y"));
    let case = one_hidden_layer(&format!("general graph {f}"), f, size);
    Trial::new(case, "loss", build, move |v| {
        let hidden = f.forward(affine(v.get("x"), v, 1));
        half_squared(affine(hidden, v, 2) - v.get("y"))
    })
}

pub(super) fn xor_trial(f: Activation, size: Size) -> Trial {
    let build = move |v: &Values| nets::xor(f, &parameters(v), v.get("x"), v.get("y"));
    let case = one_hidden_layer(&format!("xor graph {f}"), f, size);
    Trial::new(case, "loss", build, move |v| {
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
    match has_branches(f) {
        true => case.kinks(|v| Masks::from(affine(v.get("x"), v, 1).greater_scalar(0.0))),
        false => case,
    }
}

fn parameters(v: &Values) -> Parameters {
    Parameters {
        w1: v.get("w1"),
        b1: v.get("b1"),
        w2: v.get("w2"),
        b2: v.get("b2"),
    }
}

/// The MNIST net with the sizes `[batch, d_0, d_1, ..., classes]`.
pub(super) fn mnist_trial(f: Activation, reduction: Reduction, sizes: &[usize]) -> Trial {
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
    if has_branches(f) && depth > 1 {
        case = case.kinks(move |v| {
            let (_, before) = logits(f, depth, v);
            let masks = before.into_iter().map(|a| a.greater_scalar(0.0));
            masks.fold(Masks::default(), Masks::and)
        });
    }
    let build = move |v: &Values| {
        let layer = |l| LayerParameters {
            w: v.get(&format!("w{l}")),
            b: v.get(&format!("b{l}")),
        };
        let layers = (1..=depth).map(layer).collect::<Vec<_>>();
        nets::mnist(f, &layers, v.get("x"), v.get("y"), reduction)
    };
    Trial::new(case, "loss", build, move |v| {
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

/// A case named `graph [sizes]`.
fn case(name: &str, sizes: &[usize]) -> Case {
    let longest = sizes.iter().copied().max().unwrap_or(1);
    Case::new(format!("{name} [{}]", label(sizes))).reduction_length(longest)
}

/// Weights small enough that no activation saturates.
fn weights(d_in: usize) -> Sample {
    Sample::Scaled(1.0 / (d_in as f64).sqrt())
}

/// Whether a function has a kink in its value or its slope.
fn has_branches(f: Activation) -> bool {
    matches!(f, Activation::Relu | Activation::Elu)
}

/// Data that is not differentiated.
fn drawn(purpose: &str, count: usize) -> Vec<f64> {
    Sample::Signed.draw(count, 0, &[purpose])
}
