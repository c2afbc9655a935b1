//! Activations as layers. They call the functions of `burn::tensor::activation`, which the table
//! checks in every shape; here it is seen that the layers pass on what they are configured with.

use burn::module::{Param, ParamId};
use burn::nn::Linear;
use burn::nn::activation::{
    Activation, ActivationConfig, CeluConfig, EluConfig, GLU, Gelu, HardShrinkConfig,
    HardSigmoidConfig, HardSwish, HardtanhConfig, LeakyReluConfig, LogSigmoid, Mish, PReluConfig,
    Relu, Relu6, Selu, ShrinkConfig, SiLU, Sigmoid, SoftShrinkConfig, SoftplusConfig, Softsign,
    SwiGlu, Tanh, Tanhshrink, ThresholdConfig, ThresholdedReluConfig,
};
use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Values};

use super::Layer;
use crate::elementwise::activations::{
    SELU_ALPHA, SELU_GAMMA, gelu_approximate_slope, gelu_slope, logistic, mish_slope, silu_slope,
};
use crate::elementwise::unary::{Ranks, Unary, ranks};
use crate::host::host;
use crate::operation::{Family, Operation};
use crate::point::Expected::{Between, Is};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = rectifiers();
    all.extend(exponential_units());
    all.extend(smooth());
    all.extend(hard());
    all.extend(shrinks());
    all.extend([
        prelu().done(),
        glu().done(),
        swiglu().done(),
        activation().done(),
    ]);
    all
}

fn layer(name: &'static str, ranks: Ranks, derivative: fn(f64) -> f64) -> Unary {
    Unary::new(name, Family::Modules, &[], ranks, derivative)
}

fn rectifiers() -> Vec<Operation> {
    vec![
        layer("nn::Relu", ranks!(|x| Relu::new().forward(x)), |x| {
            f64::from(x > 0.0)
        })
        .at(0.0, Between(0.0, 1.0))
        .build_layer(),
        layer("nn::Relu6", ranks!(|x| Relu6::new().forward(x)), |x| {
            f64::from(0.0 < x && x < 6.0)
        })
        .within(-3.0, 9.0)
        .at(0.0, Between(0.0, 1.0))
        .at(6.0, Between(0.0, 1.0))
        .build_layer(),
        layer(
            "nn::LeakyRelu",
            ranks!(|x| {
                let config = LeakyReluConfig::new().with_negative_slope(0.125);
                config.init().forward(x)
            }),
            |x| if x < 0.0 { 0.125 } else { 1.0 },
        )
        .at(0.0, Between(0.125, 1.0))
        .build_layer(),
        layer(
            "nn::ThresholdedRelu",
            ranks!(|x| {
                let config = ThresholdedReluConfig::new().with_alpha(0.5);
                config.init().forward(x)
            }),
            |x| f64::from(x > 0.5),
        )
        .at(0.5, Between(0.0, 1.0))
        .note("jumps at the threshold")
        .build_layer(),
        layer(
            "nn::Threshold",
            ranks!(|x| ThresholdConfig::new(0.5, -2.0).init().forward(x)),
            |x| f64::from(x > 0.5),
        )
        .at(0.5, Between(0.0, 1.0))
        .note("jumps at the threshold")
        .build_layer(),
        layer(
            "nn::Hardtanh",
            ranks!(|x| {
                let config = HardtanhConfig::new().with_min_val(-0.5).with_max_val(0.75);
                config.init().forward(x)
            }),
            |x| f64::from(-0.5 < x && x < 0.75),
        )
        .at(-0.5, Between(0.0, 1.0))
        .at(0.75, Between(0.0, 1.0))
        .build_layer(),
    ]
}

fn exponential_units() -> Vec<Operation> {
    vec![
        layer(
            "nn::Elu",
            ranks!(|x| EluConfig::new().with_alpha(0.75).init().forward(x)),
            |x| if x > 0.0 { 1.0 } else { 0.75 * x.exp() },
        )
        .at(0.0, Between(0.75, 1.0))
        .at(-1000.0, Is(0.0))
        .at(1000.0, Is(1.0))
        .at_in_f32(89.0, Is(1.0))
        .build_layer(),
        layer(
            "nn::Celu",
            ranks!(|x| CeluConfig::new().with_alpha(0.5).init().forward(x)),
            |x| if x > 0.0 { 1.0 } else { (x / 0.5).exp() },
        )
        .at(0.0, Is(1.0))
        .at(-1000.0, Is(0.0))
        .at(1000.0, Is(1.0))
        .at_in_f32(89.0, Is(1.0))
        .build_layer(),
        layer("nn::Selu", ranks!(|x| Selu::new().forward(x)), |x| {
            match x > 0.0 {
                true => SELU_GAMMA,
                false => SELU_GAMMA * SELU_ALPHA * x.exp(),
            }
        })
        .at(0.0, Between(SELU_GAMMA, SELU_GAMMA * SELU_ALPHA))
        .at(-1000.0, Is(0.0))
        .at(1000.0, Is(SELU_GAMMA))
        .at_in_f32(89.0, Is(SELU_GAMMA))
        .build_layer(),
        layer(
            "nn::Softplus",
            ranks!(|x| {
                let config = SoftplusConfig::new().with_beta(2.0).with_threshold(4.0);
                config.init().forward(x)
            }),
            |x| if x > 2.0 { 1.0 } else { logistic(2.0 * x) },
        )
        .at(0.0, Is(0.5))
        .at(2.0, Between(logistic(4.0), 1.0))
        .at(1000.0, Is(1.0))
        .at(-1000.0, Is(0.0))
        .note("jumps where 2 x is the threshold, here 4, beyond which it is the identity")
        .build_layer(),
    ]
}

fn smooth() -> Vec<Operation> {
    vec![
        layer("nn::Gelu", ranks!(|x| Gelu::new().forward(x)), gelu_slope)
            .within(-0.5, 3.0)
            .at(1000.0, Is(1.0))
            .at(-1000.0, Is(0.0))
            .build_layer(),
        layer(
            "nn::Gelu, approximate",
            ranks!(|x| Gelu::new_approximate().forward(x)),
            gelu_approximate_slope,
        )
        .within(-0.5, 3.0)
        .at(1000.0, Is(1.0))
        .build_layer(),
        layer("nn::Mish", ranks!(|x| Mish::new().forward(x)), mish_slope)
            .within(-1.0, 3.0)
            .at(1000.0, Is(1.0))
            .at(-1000.0, Is(0.0))
            .build_layer(),
        layer("nn::Sigmoid", ranks!(|x| Sigmoid::new().forward(x)), |x| {
            logistic(x) * logistic(-x)
        })
        .defined_as(ranks!(|x| (x.neg().exp() + 1.0).recip()))
        .within(-3.0, 3.0)
        .at(1000.0, Is(0.0))
        .at(-1000.0, Is(0.0))
        .build_layer(),
        layer(
            "nn::LogSigmoid",
            ranks!(|x| LogSigmoid::new().forward(x)),
            |x| logistic(-x),
        )
        .within(-3.0, 3.0)
        .at(1000.0, Is(0.0))
        .at(-1000.0, Is(1.0))
        .build_layer(),
        layer("nn::SiLU", ranks!(|x| SiLU::new().forward(x)), silu_slope)
            .defined_as(ranks!(|x| x.clone() / (x.neg().exp() + 1.0)))
            .within(-1.0, 3.0)
            .at(1000.0, Is(1.0))
            .at(-1000.0, Is(0.0))
            .build_layer(),
        layer(
            "nn::Softsign",
            ranks!(|x| Softsign::new().forward(x)),
            |x| 1.0 / ((1.0 + x.abs()) * (1.0 + x.abs())),
        )
        .at(0.0, Is(1.0))
        .build_layer(),
        layer("nn::Tanh", ranks!(|x| Tanh::new().forward(x)), |x| {
            1.0 / (x.cosh() * x.cosh())
        })
        .magnified(4.0, "1 - tanh² of arguments up to 3/2")
        .at(0.0, Is(1.0))
        .at(100.0, Is(0.0))
        .build_layer(),
        layer(
            "nn::Tanhshrink",
            ranks!(|x| Tanhshrink::new().forward(x)),
            |x| x.tanh() * x.tanh(),
        )
        .magnified(8.0, "1 - (1 - tanh²) of small arguments")
        .at(0.0, Is(0.0))
        .build_layer(),
    ]
}

fn hard() -> Vec<Operation> {
    vec![
        layer(
            "nn::HardSigmoid",
            ranks!(|x| {
                let config = HardSigmoidConfig::new().with_alpha(0.2).with_beta(0.5);
                config.init().forward(x)
            }),
            |x| if x.abs() < 2.5 { 0.2 } else { 0.0 },
        )
        .defined_as(ranks!(|x| (x * 0.2 + 0.5).clamp(0.0, 1.0)))
        .within(-3.0, 3.0)
        .at(4.0, Is(0.0))
        .build_layer(),
        layer(
            "nn::HardSwish",
            ranks!(|x| HardSwish::new().forward(x)),
            |x| match x {
                x if x <= -3.0 => 0.0,
                x if x >= 3.0 => 1.0,
                x => x / 3.0 + 0.5,
            },
        )
        .defined_as(ranks!(
            |x| x.clone() * (x * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0)
        ))
        .within(-1.0, 4.0)
        .at(-4.0, Is(0.0))
        .build_layer(),
    ]
}

fn shrinks() -> Vec<Operation> {
    vec![
        layer(
            "nn::HardShrink",
            ranks!(|x| HardShrinkConfig::new().with_lambda(0.75).init().forward(x)),
            |x| f64::from(x.abs() > 0.75),
        )
        .at(0.75, Between(0.0, 1.0))
        .note("jumps at the bounds")
        .build_layer(),
        layer(
            "nn::SoftShrink",
            ranks!(|x| SoftShrinkConfig::new().with_lambda(0.75).init().forward(x)),
            |x| f64::from(x.abs() > 0.75),
        )
        .at(0.75, Between(0.0, 1.0))
        .at(-0.75, Between(0.0, 1.0))
        .build_layer(),
        layer(
            "nn::Shrink",
            ranks!(|x| {
                let config = ShrinkConfig::new().with_lambda(0.75).with_bias(0.25);
                config.init().forward(x)
            }),
            |x| f64::from(x.abs() > 0.75),
        )
        .at(0.75, Between(0.0, 1.0))
        .note("jumps at the bounds")
        .build_layer(),
    ]
}

/// A slope that is learned, for all channels or for each (dimension 1).
fn prelu() -> Layer {
    let check = |layer: Layer, name: &str, slopes: usize| {
        layer.with(name, |case| {
            let config = PReluConfig::new().with_num_parameters(slopes);
            case.input("x", [2, 3, 4])
                .module(
                    move |device| config.init(device),
                    |prelu, v| prelu.forward(v.get::<3>("x")),
                )
                .vjp(move |v, grad_out| {
                    let (x, alpha) = (host(v.get::<3>("x")), host(v.get::<1>("alpha")));
                    let mut grad_x = host(grad_out.get::<3>(0));
                    let mut grad_alpha = vec![0.0; slopes];
                    for (i, grad) in grad_x.iter_mut().enumerate().filter(|(i, _)| x[*i] < 0.0) {
                        let slope = i / 4 % 3 % slopes;
                        grad_alpha[slope] += *grad * x[i];
                        *grad *= alpha[slope];
                    }
                    Gradients::new()
                        .with("x", v.tensor([2, 3, 4], &grad_x))
                        .with("alpha", v.tensor([slopes], &grad_alpha))
                })
        })
    };
    let layer = check(Layer::new("nn::PRelu"), "[2, 3, 4] one slope", 1);
    check(layer, "[2, 3, 4] 3 slopes", 3)
}

/// The first half times the logistic function of the second; differences of its definition, since
/// Burn's sigmoid computes in f32 on some backends.
fn glu() -> Layer {
    Layer::new("nn::GLU").with("[2, 6, 3] of dimension 1", |case| {
        case.input("x", [2, 6, 3])
            .function(|v| {
                let halves = v.get::<3>("x").chunk(2, 1);
                halves[0].clone() / (halves[1].clone().neg().exp() + 1.0)
            })
            .autodiff_function(|v| GLU::new(1).forward(v.get::<3>("x")))
            .vjp(|v, grad_out| {
                let x = host(v.get::<3>("x"));
                let mut grad_x = vec![0.0; x.len()];
                for (i, grad) in host(grad_out.get::<3>(0)).into_iter().enumerate() {
                    let first = i / 9 * 18 + i % 9;
                    let (value, gate) = (x[first], x[first + 9]);
                    grad_x[first] = grad * logistic(gate);
                    grad_x[first + 9] = grad * value * logistic(gate) * logistic(-gate);
                }
                Gradients::new().with("x", v.tensor([2, 6, 3], &grad_x))
            })
    })
}

fn swiglu() -> Layer {
    Layer::new("nn::SwiGlu")
        .with("[3, 4] to 2, with biases", |case| {
            swiglu_of(case, true, |layer, x| layer.forward(x))
        })
        .with("[3, 4] to 2, without", |case| {
            swiglu_of(case, false, |layer, x| layer.forward(x))
        })
}

/// `silu(x · inner) · (x · outer)`, with biases or without; differences of its definition, as for
/// [`glu`].
fn swiglu_of(case: Case, has_bias: bool, forward: fn(SwiGlu, Tensor<2>) -> Tensor<2>) -> Case {
    let affine = move |v: &Values, of: &str| {
        let product = v.get::<2>("x").matmul(v.get(&format!("{of}.weight")));
        match has_bias {
            true => product + v.get::<1>(&format!("{of}.bias")).unsqueeze(),
            false => product,
        }
    };
    let linear = move |v: &Values, of: &str| {
        let bias = has_bias.then(|| v.get(&format!("{of}.bias")));
        Linear {
            weight: Param::initialized(ParamId::new(), v.get(&format!("{of}.weight"))),
            bias: bias.map(|bias| Param::initialized(ParamId::new(), bias)),
        }
    };
    let case = case
        .input("x", [3, 4])
        .input("inner.weight", [4, 2])
        .input("outer.weight", [4, 2]);
    let case = match has_bias {
        true => case.input("inner.bias", [2]).input("outer.bias", [2]),
        false => case,
    };
    case.function(move |v| {
        let (inner, outer) = (affine(v, "inner"), affine(v, "outer"));
        inner.clone() / (inner.neg().exp() + 1.0) * outer
    })
    .autodiff_function(move |v| {
        let layer = SwiGlu {
            linear_inner: linear(v, "inner"),
            linear_outer: linear(v, "outer"),
        };
        forward(layer, v.get("x"))
    })
    .vjp(move |v, grad_out| swiglu_gradients(v, &host(grad_out.get::<2>(0)), has_bias))
}

/// For `x` of [3, 4] and weights of [4, 2].
fn swiglu_gradients(v: &Values, grad_out: &[f64], has_bias: bool) -> Gradients {
    let x = host(v.get::<2>("x"));
    let matrix = |of: &str| host(v.get::<2>(&format!("{of}.weight")));
    let vector = |of: &str| match has_bias {
        true => host(v.get::<1>(&format!("{of}.bias"))),
        false => vec![0.0; 2],
    };
    let sides = ["inner", "outer"].map(|of| (matrix(of), vector(of)));
    let mut grad_x = vec![0.0; 12];
    let mut grads = [(vec![0.0; 8], vec![0.0; 2]), (vec![0.0; 8], vec![0.0; 2])];
    for (out, grad) in grad_out.iter().enumerate() {
        let (row, column) = (out / 2, out % 2);
        let affine = |(weight, bias): &(Vec<f64>, Vec<f64>)| {
            let products = (0..4).map(|i| x[row * 4 + i] * weight[i * 2 + column]);
            bias[column] + products.sum::<f64>()
        };
        let (inner, outer) = (affine(&sides[0]), affine(&sides[1]));
        let by_inner = grad * outer * silu_slope(inner);
        let by_outer = grad * inner * logistic(inner);
        for (side, by) in [by_inner, by_outer].into_iter().enumerate() {
            grads[side].1[column] += by;
            for i in 0..4 {
                grads[side].0[i * 2 + column] += by * x[row * 4 + i];
                grad_x[row * 4 + i] += by * sides[side].0[i * 2 + column];
            }
        }
    }
    let [inner, outer] = grads;
    let grads = Gradients::new()
        .with("x", v.tensor([3, 4], &grad_x))
        .with("inner.weight", v.tensor([4, 2], &inner.0))
        .with("outer.weight", v.tensor([4, 2], &outer.0));
    match has_bias {
        true => grads
            .with("inner.bias", v.tensor([2], &inner.1))
            .with("outer.bias", v.tensor([2], &outer.1)),
        false => grads,
    }
}

/// Each variant of the enum.
fn activation() -> Layer {
    let configs: [(&str, ActivationConfig); 16] = [
        ("Identity", ActivationConfig::Identity),
        ("Gelu", ActivationConfig::Gelu),
        ("Gelu, approximate", ActivationConfig::GeluApproximate),
        ("PRelu", PReluConfig::new().into()),
        ("Relu", ActivationConfig::Relu),
        ("LeakyRelu", LeakyReluConfig::new().into()),
        ("Selu", ActivationConfig::Selu),
        ("Tanh", ActivationConfig::Tanh),
        ("Softplus", SoftplusConfig::new().into()),
        ("Softsign", ActivationConfig::Softsign),
        ("Elu", EluConfig::new().into()),
        ("Celu", CeluConfig::new().into()),
        ("ThresholdedRelu", ThresholdedReluConfig::new().into()),
        ("HardShrink", HardShrinkConfig::new().into()),
        ("SoftShrink", SoftShrinkConfig::new().into()),
        ("Shrink", ShrinkConfig::new().into()),
    ];
    let layer = configs
        .into_iter()
        .fold(Layer::new("nn::Activation"), |layer, (name, config)| {
            layer.module(
                name,
                &[("x", &[3, 4])],
                move |device| config.init(device),
                |activation: &Activation, v| -> Tensor<2> { activation.forward(v.get("x")) },
            )
        });
    computed_in_f32(layer).with("SwiGlu", |case| {
        swiglu_of(case, false, |layer, x| Activation::from(layer).forward(x))
    })
}

/// The variants that compute in f32 whatever the tensor's type, on some backends or on all:
/// differences of their definitions.
fn computed_in_f32(layer: Layer) -> Layer {
    type Function = fn(Tensor<2>) -> Tensor<2>;
    let variants: [(&str, ActivationConfig, Function); 3] = [
        ("Sigmoid", ActivationConfig::Sigmoid, |x| {
            (x.neg().exp() + 1.0).recip()
        }),
        ("HardSigmoid", HardSigmoidConfig::new().into(), |x| {
            (x * 0.2 + 0.5).clamp(0.0, 1.0)
        }),
        ("HardSwish", ActivationConfig::HardSwish, |x| {
            x.clone() * (x * (1.0 / 6.0) + 0.5).clamp(0.0, 1.0)
        }),
    ];
    variants
        .into_iter()
        .fold(layer, |layer, (name, config, definition)| {
            layer.with(name, |case| {
                case.input("x", [3, 4])
                    .function(move |v| definition(v.get("x")))
                    .autodiff_function(move |v| -> Tensor<2> {
                        config.init(v.device()).forward(v.get("x"))
                    })
            })
        })
}
