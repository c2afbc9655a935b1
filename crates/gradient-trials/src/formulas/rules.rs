//! The rules as cases. The function is the rule's `forward`, which autodiff differentiates step by
//! step; the hand-written gradient is its `backward`.

use burn::tensor::activation::log_softmax;
use burn_gradcheck::{Case, Gradients, Sample};
use manual_backprop::activation::{self, Activation};
use manual_backprop::cross_entropy::{from_probabilities, smoothed, softmax_cross_entropy};
use manual_backprop::error::half_squared_error;
use manual_backprop::linear::{add_bias, add_bias_to_columns, affine, matmul};
use manual_backprop::{Reduction, dropout, layer, ridge, softmax};

use crate::common::{
    DROPPED, GAMMA, REDUCTIONS, SMOOTHING, case, drawn, positive, scaled, targets, weights,
    with_kinks,
};
use crate::sizes::Size;

/// Every rule at one size.
pub(crate) fn all(size: Size) -> Vec<Case> {
    let mut cases = vec![
        matmul_case(size),
        add_bias_case(size),
        add_bias_to_columns_case(size),
        affine_case(size),
        ridge_case(size),
        dropout_case(size),
        softmax_case(size),
    ];
    for f in Activation::ALL {
        cases.push(activation_case(f, size));
        cases.push(far_activation_case(f, size));
        cases.push(layer_case(f, size));
    }
    for reduction in REDUCTIONS {
        cases.push(cross_entropy_case(reduction, size));
        cases.push(softmax_cross_entropy_case(reduction, size));
        cases.push(smoothed_cross_entropy_case(reduction, size));
        cases.push(half_squared_error_case(reduction, size));
    }
    cases
}

pub(crate) fn matmul_case([batch, d_in, d_out]: Size) -> Case {
    case("matmul", &[batch, d_in, d_out])
        .input("x", [batch, d_in])
        .input("w", [d_in, d_out])
        .function(|v| matmul::forward(v.get("x"), v.get("w")))
        .vjp(|v, grad_out| {
            let (grad_x, grad_w) = matmul::backward(v.get("x"), v.get("w"), grad_out.get(0));
            Gradients::new().with("x", grad_x).with("w", grad_w)
        })
}

pub(crate) fn add_bias_case([batch, d, _]: Size) -> Case {
    case("add_bias", &[batch, d])
        .input("x", [batch, d])
        .input("b", [d])
        .function(|v| add_bias::forward(v.get("x"), v.get("b")))
        .vjp(|_, grad_out| {
            let (grad_x, grad_b) = add_bias::backward(grad_out.get(0));
            Gradients::new().with("x", grad_x).with("b", grad_b)
        })
}

pub(crate) fn add_bias_to_columns_case([d, batch, _]: Size) -> Case {
    case("add_bias_to_columns", &[d, batch])
        .input("x", [d, batch])
        .input("b", [d])
        .function(|v| add_bias_to_columns::forward(v.get("x"), v.get("b")))
        .vjp(|_, grad_out| {
            let (grad_x, grad_b) = add_bias_to_columns::backward(grad_out.get(0));
            Gradients::new().with("x", grad_x).with("b", grad_b)
        })
}

pub(crate) fn affine_case([batch, d_in, d_out]: Size) -> Case {
    case("affine", &[batch, d_in, d_out])
        .input("x", [batch, d_in])
        .input("w", [d_in, d_out])
        .input("b", [d_out])
        .function(|v| affine::forward(v.get("x"), v.get("w"), v.get("b")))
        .vjp(|v, grad_out| {
            let (grad_x, grad_w, grad_b) =
                affine::backward(v.get("x"), v.get("w"), grad_out.get(0));
            Gradients::new()
                .with("x", grad_x)
                .with("w", grad_w)
                .with("b", grad_b)
        })
}

pub(crate) fn ridge_case([_, d_in, d_out]: Size) -> Case {
    case("ridge", &[d_in, d_out])
        .input("w", [d_in, d_out])
        .function(|v| ridge::forward::<2>(v.get("w"), GAMMA))
        .vjp(|v, grad_out| {
            let grad_w = ridge::backward::<2>(v.get("w"), GAMMA);
            Gradients::new().with("w", scaled(grad_w, grad_out))
        })
}

/// Two thirds of the values stay.
pub(crate) fn dropout_case([batch, d, _]: Size) -> Case {
    let m = (0..batch * d).map(|i| if i % 3 == 1 { 0.0 } else { 1.0 });
    case("dropout", &[batch, d])
        .input("h", [batch, d])
        .constant("m", [batch, d], m.collect::<Vec<f64>>())
        .function(|v| dropout::forward::<2>(v.get("h"), v.get("m"), DROPPED))
        .vjp(|v, grad_out| {
            let grad_h = dropout::backward::<2>(grad_out.get(0), v.get("m"), DROPPED);
            Gradients::new().with("h", grad_h)
        })
}

pub(crate) fn activation_case(f: Activation, [batch, d, _]: Size) -> Case {
    let around_zero = Sample::Within {
        low: -4.0,
        high: 4.0,
    };
    with_activation(
        f,
        case(f.name(), &[batch, d]).input_from("a", [batch, d], around_zero),
    )
}

/// As [`activation_case`], mostly at values so far from zero that an exponential overflows or a
/// derivative vanishes.
pub(crate) fn far_activation_case(f: Activation, [batch, d, _]: Size) -> Case {
    const FAR: [f64; 7] = [-1000.0, 0.75, 1000.0, -1.5, -90.0, 2.25, 90.0];
    let values = (1..=batch * d)
        .map(|i| FAR[i % FAR.len()])
        .collect::<Vec<_>>();
    let name = format!("{} far from zero", f.name());
    with_activation(
        f,
        case(&name, &[batch, d]).input_values("a", [batch, d], values),
    )
}

fn with_activation(f: Activation, case: Case) -> Case {
    let case = case
        .function(move |v| activation::forward::<2>(f, v.get("a")))
        .vjp(move |v, grad_out| {
            let a = v.get::<2>("a");
            let z = activation::forward(f, a.clone());
            Gradients::new().with("a", activation::backward(f, a, z, grad_out.get(0)))
        });
    with_kinks(case, f, |v| positive::<2>(v.get("a")))
}

pub(crate) fn layer_case(f: Activation, [batch, d_in, d_out]: Size) -> Case {
    let case = case(&format!("layer {f}"), &[batch, d_in, d_out])
        .input("x", [batch, d_in])
        .input_from("w", [d_in, d_out], weights(d_in))
        .input("b", [d_out])
        .function(move |v| layer::forward(f, v.get("x"), v.get("w"), v.get("b")).z)
        .vjp(move |v, grad_out| {
            let forward = layer::forward(f, v.get("x"), v.get("w"), v.get("b"));
            let grads = layer::backward(f, v.get("x"), v.get("w"), forward, grad_out.get(0));
            Gradients::new()
                .with("x", grads.grad_x)
                .with("w", grads.grad_w)
                .with("b", grads.grad_b)
        });
    with_kinks(case, f, |v| {
        positive(affine::forward(v.get("x"), v.get("w"), v.get("b")))
    })
}

pub(crate) fn softmax_case([batch, _, d_out]: Size) -> Case {
    let classes = d_out + 1;
    case("softmax", &[batch, classes])
        .input("z", [batch, classes])
        .function(|v| softmax::forward(v.get("z")))
        .vjp(|v, grad_out| {
            let yp = softmax::forward(v.get("z"));
            Gradients::new().with("z", softmax::backward(yp, grad_out.get(0)))
        })
}

pub(crate) fn cross_entropy_case(reduction: Reduction, [batch, _, d_out]: Size) -> Case {
    let classes = d_out + 1;
    case(
        &format!("cross_entropy {}", word(reduction)),
        &[batch, classes],
    )
    .input_from(
        "yp",
        [batch, classes],
        Sample::Within {
            low: 0.0625,
            high: 1.0,
        },
    )
    .constant("y", [batch, classes], targets(batch, classes))
    .function(move |v| from_probabilities::forward(v.get("yp"), v.get("y"), reduction))
    .vjp(move |v, grad_out| {
        let grad_yp = from_probabilities::backward(v.get("yp"), v.get("y"), reduction);
        Gradients::new().with("yp", scaled(grad_yp, grad_out))
    })
}

pub(crate) fn softmax_cross_entropy_case(reduction: Reduction, [batch, _, d_out]: Size) -> Case {
    let classes = d_out + 1;
    case(
        &format!("softmax_cross_entropy {}", word(reduction)),
        &[batch, classes],
    )
    .input("z", [batch, classes])
    .constant("y", [batch, classes], targets(batch, classes))
    .function(move |v| softmax_cross_entropy::forward(v.get("z"), v.get("y"), reduction).0)
    .vjp(move |v, grad_out| {
        let (_, yp) = softmax_cross_entropy::forward(v.get("z"), v.get("y"), reduction);
        let grad_z = softmax_cross_entropy::backward(yp, v.get("y"), reduction);
        Gradients::new().with("z", scaled(grad_z, grad_out))
    })
}

/// Autodiff and finite differences use the loss written out for smoothed targets, the formula the
/// loss for any targets.
pub(crate) fn smoothed_cross_entropy_case(reduction: Reduction, [batch, _, d_out]: Size) -> Case {
    let classes = d_out + 1;
    case(
        &format!("smoothed cross_entropy {}", word(reduction)),
        &[batch, classes],
    )
    .input("z", [batch, classes])
    .constant("y", [batch, classes], targets(batch, classes))
    .function(move |v| {
        let ln_yp = log_softmax(v.get::<2>("z"), 1);
        let hit = (v.get::<2>("y") * ln_yp.clone()).sum();
        let spread = ln_yp.mean_dim(1).sum();
        let sum = hit.mul_scalar(1.0 - SMOOTHING) + spread.mul_scalar(SMOOTHING);
        sum.mul_scalar(-reduction.factor(batch))
    })
    .vjp(move |v, grad_out| {
        let y = smoothed(v.get("y"), SMOOTHING);
        let (_, yp) = softmax_cross_entropy::forward(v.get("z"), y.clone(), reduction);
        let grad_z = softmax_cross_entropy::backward(yp, y, reduction);
        Gradients::new().with("z", scaled(grad_z, grad_out))
    })
}

pub(crate) fn half_squared_error_case(reduction: Reduction, [batch, d, _]: Size) -> Case {
    case(
        &format!("half_squared_error {}", word(reduction)),
        &[batch, d],
    )
    .input("yp", [batch, d])
    .constant(
        "y",
        [batch, d],
        drawn("half squared error targets", batch * d),
    )
    .function(move |v| half_squared_error::forward::<2>(v.get("yp"), v.get("y"), reduction))
    .vjp(move |v, grad_out| {
        let grad_yp = half_squared_error::backward::<2>(v.get("yp"), v.get("y"), reduction);
        Gradients::new().with("yp", scaled(grad_yp, grad_out))
    })
}

fn word(reduction: Reduction) -> &'static str {
    match reduction {
        Reduction::Sum => "sum",
        Reduction::Mean => "mean",
    }
}
