//! The nets as cases: their parameters are the inputs, the loss is the function.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Upstream, Values};
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, general, mnist, scalar, xor};

use crate::common::{all_positive, case, drawn, positive, scaled, targets, weights, with_kinks};
use crate::sizes::Size;

/// Every net at one size, with these activations.
pub(crate) fn all(activations: &[Activation], size: Size) -> Vec<Case> {
    let mut cases = vec![scalar_case(size)];
    for &f in activations {
        cases.push(general_case(f, size));
        cases.push(xor_case(f, size));
        cases.push(mnist_case(f, Reduction::Mean, &three_layers(size)));
    }
    let [batch, d_in, d_out] = size;
    cases.push(mnist_case(
        Activation::Relu,
        Reduction::Sum,
        &three_layers(size),
    ));
    cases.push(mnist_case(
        Activation::Relu,
        Reduction::Mean,
        &[batch, d_in, d_out + 1],
    ));
    cases.push(mnist_case(
        Activation::Tanh,
        Reduction::Mean,
        &[batch, d_in, 3, 4, d_out, 2],
    ));
    cases
}

/// Batch and layer sizes of a net shaped as on the slides: two hidden layers.
pub(crate) fn three_layers([batch, d_in, d_out]: Size) -> [usize; 5] {
    [batch, d_in, d_out + 3, d_out + 1, d_out + 1]
}

/// The scalar net; the batch size only picks another point.
pub(crate) fn scalar_case([batch, d_in, d_out]: Size) -> Case {
    let point = format!("scalar net data {batch} {d_in} {d_out}");
    let data = drawn(&point, 2);
    case("scalar net", &[batch, d_in, d_out])
        .reduction_length(1)
        .input("w1", [1])
        .input("b1", [1])
        .input("w2", [1])
        .input("b2", [1])
        .constant("x", [1], [data[0]])
        .constant("y", [1], [data[1]])
        .function(|v| scalar::forward(&scalar_parameters(v), v.get("x"), v.get("y")).loss)
        .vjp(|v, grad_out| {
            let (p, x, y) = (scalar_parameters(v), v.get("x"), v.get("y"));
            let forward = scalar::forward(&p, v.get("x"), v.get("y"));
            let grads = scalar::backward(&p, x, y, &forward);
            Gradients::new()
                .with("w1", scaled(grads.grad_w1, grad_out))
                .with("b1", scaled(grads.grad_b1, grad_out))
                .with("w2", scaled(grads.grad_w2, grad_out))
                .with("b2", scaled(grads.grad_b2, grad_out))
        })
}

pub(crate) fn scalar_parameters(v: &Values) -> scalar::Parameters {
    scalar::Parameters {
        w1: v.get("w1"),
        b1: v.get("b1"),
        w2: v.get("w2"),
        b2: v.get("b2"),
    }
}

pub(crate) fn general_case(f: Activation, size: Size) -> Case {
    one_hidden_layer(&format!("general net {f}"), f, size)
        .function(move |v| general::forward(f, &parameters(v), v.get("x"), v.get("y")).loss)
        .vjp(move |v, grad_out| {
            let p = parameters(v);
            let forward = general::forward(f, &p, v.get("x"), v.get("y"));
            let grads = general::backward(f, &p, v.get("x"), v.get("y"), &forward);
            let layers = [
                (grads.grad_w1, grads.grad_b1),
                (grads.grad_w2, grads.grad_b2),
            ];
            name_layers(layers, grad_out)
        })
}

pub(crate) fn xor_case(f: Activation, size: Size) -> Case {
    one_hidden_layer(&format!("xor net {f}"), f, size)
        .function(move |v| xor::forward(f, &parameters(v), v.get("x"), v.get("y")).loss)
        .vjp(move |v, grad_out| {
            let p = parameters(v);
            let forward = xor::forward(f, &p, v.get("x"), v.get("y"));
            let grads = xor::backward(f, &p, v.get("x"), v.get("y"), &forward);
            let layers = [
                (grads.grad_w1, grads.grad_b1),
                (grads.grad_w2, grads.grad_b2),
            ];
            name_layers(layers, grad_out)
        })
}

fn one_hidden_layer(name: &str, f: Activation, [batch, d_in, d_out]: Size) -> Case {
    let hidden = d_out + 2;
    let case = case(name, &[batch, d_in, hidden, d_out])
        .input_from("w1", [d_in, hidden], weights(d_in))
        .input("b1", [hidden])
        .input_from("w2", [hidden, d_out], weights(hidden))
        .input("b2", [d_out])
        .constant("x", [batch, d_in], drawn("net inputs", batch * d_in))
        .constant("y", [batch, d_out], drawn("net targets", batch * d_out));
    with_kinks(case, f, move |v| {
        positive(general::forward(f, &parameters(v), v.get("x"), v.get("y")).z2)
    })
}

pub(crate) fn parameters(v: &Values) -> Parameters {
    Parameters {
        w1: v.get("w1"),
        b1: v.get("b1"),
        w2: v.get("w2"),
        b2: v.get("b2"),
    }
}

/// The MNIST net with the sizes `[batch, d_0, d_1, ..., classes]`.
pub(crate) fn mnist_case(f: Activation, reduction: Reduction, sizes: &[usize]) -> Case {
    let (batch, dims) = (sizes[0], &sizes[1..]);
    let (d_in, depth, classes) = (dims[0], dims.len() - 1, dims[dims.len() - 1]);
    let name = match reduction {
        Reduction::Sum => format!("mnist net {f} sum"),
        Reduction::Mean => format!("mnist net {f}"),
    };
    let mut case = case(&name, sizes)
        .constant("x", [batch, d_in], drawn("net inputs", batch * d_in))
        .constant("y", [batch, classes], targets(batch, classes));
    for (l, size) in dims.windows(2).enumerate() {
        case = case
            .input_from(format!("w{}", l + 1), [size[0], size[1]], weights(size[0]))
            .input(format!("b{}", l + 1), [size[1]]);
    }
    let case = with_kinks(case, f, move |v| {
        let forward = mnist_forward(f, reduction, depth, v);
        all_positive(
            forward
                .layers
                .into_iter()
                .take(depth - 1)
                .map(|step| step.a),
        )
    });
    case.function(move |v| mnist_forward(f, reduction, depth, v).loss)
        .vjp(move |v, grad_out| {
            let forward = mnist_forward(f, reduction, depth, v);
            let layers = mnist_layers(v, depth);
            let grads = mnist::backward(f, &layers, v.get("x"), v.get("y"), reduction, &forward);
            name_layers(
                grads.into_iter().map(|grads| (grads.grad_w, grads.grad_b)),
                grad_out,
            )
        })
}

pub(crate) fn mnist_layers(v: &Values, depth: usize) -> Vec<LayerParameters> {
    (1..=depth)
        .map(|l| LayerParameters {
            w: v.get(&format!("w{l}")),
            b: v.get(&format!("b{l}")),
        })
        .collect()
}

pub(crate) fn mnist_forward(
    f: Activation,
    reduction: Reduction,
    depth: usize,
    v: &Values,
) -> mnist::Forward {
    mnist::forward(
        f,
        &mnist_layers(v, depth),
        v.get("x"),
        v.get("y"),
        reduction,
    )
}

/// Gradients of the layers' weights and biases, as `w1`, `b1`, `w2`, ...
pub(crate) fn name_layers(
    grads: impl IntoIterator<Item = (Tensor<2>, Tensor<1>)>,
    grad_out: &Upstream,
) -> Gradients {
    grads
        .into_iter()
        .zip(1..)
        .fold(Gradients::new(), |named, ((grad_w, grad_b), l)| {
            named
                .with(format!("w{l}"), scaled(grad_w, grad_out))
                .with(format!("b{l}"), scaled(grad_b, grad_out))
        })
}
