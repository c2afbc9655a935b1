//! Activations as layers.
//!
//! They call the functions of `burn::tensor::activation`, which the table checks at every shape and
//! kink. Here one check of each sees whether its configuration reaches the function.

use burn::module::{Param, ParamId};
use burn::nn::Linear;
use burn::nn::activation::{
    Activation, ActivationConfig, CeluConfig, EluConfig, GLU, Gelu, HardShrinkConfig,
    HardSigmoidConfig, HardSwish, HardtanhConfig, LeakyReluConfig, LogSigmoid, Mish, PReluConfig,
    Relu, Relu6, Selu, ShrinkConfig, SiLU, Sigmoid, SoftShrinkConfig, SoftplusConfig, Softsign,
    SwiGlu, Tanh, Tanhshrink, ThresholdConfig, ThresholdedReluConfig,
};
use burn::tensor::Tensor;

use crate::elementwise::formulas::{
    SELU_GAMMA, celu, elu, gelu, gelu_approximate, hard_sigmoid, hard_swish, leaky_relu,
    log_sigmoid, mish, selu, shrink, silu, softplus, softsign, threshold,
};
use crate::elementwise::unary::{UnaryOperation, ranks};
use crate::operation::{Family, Operation, layer};
use crate::point::Expected::Is;
use crate::witness::{Dual, DualArray, Formula, FormulaPrecision, argument};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = exponential_units();
    all.extend(elementwise());
    all.extend(computing_in_f32());
    all.extend([prelu(), glu(), swiglu(), activations()]);
    all
}

/// The functions that have a known disagreement far from 0.
fn exponential_units() -> Vec<Operation> {
    let layer = |name, burn, formula| UnaryOperation::new(name, Family::Modules, burn, formula);
    let elu_layer = ranks!(|x| EluConfig::new().with_alpha(0.75).init().forward(x));
    let celu_layer = ranks!(|x| CeluConfig::new().with_alpha(0.5).init().forward(x));
    vec![
        layer("nn::Elu", elu_layer, |x| elu(x, 0.75))
            .at(1000.0, Is(1.0))
            .at_in_f32(89.0, Is(1.0))
            .build_layer(),
        layer("nn::Celu", celu_layer, |x| celu(x, 0.5))
            .at(1000.0, Is(1.0))
            .at_in_f32(89.0, Is(1.0))
            .build_layer(),
        layer("nn::Selu", ranks!(|x| Selu::new().forward(x)), selu)
            .at(1000.0, Is(SELU_GAMMA))
            .at_in_f32(89.0, Is(SELU_GAMMA))
            .build_layer(),
    ]
}

type LayerCall = fn(Tensor<2>) -> Tensor<2>;
type ScalarFormula = fn(Dual) -> Dual;

/// A layer with its formula, at magnitudes from 1/8 to 3/2 or in another range.
type LayerRow = (&'static str, Option<[f64; 2]>, LayerCall, ScalarFormula);

fn formula_of((_, range, _, function): LayerRow) -> Formula {
    let x = argument("x", &[3, 5]);
    let x = match range {
        Some([low, high]) => x.within(low, high),
        None => x,
    };
    let formula = Formula::new([x], move |of| of.get("x").map(function));
    let magnified = Some((8.0, "differences such as 1 - tanh²"));
    formula.with_precision(FormulaPrecision::Short(magnified))
}

#[rustfmt::skip]
fn elementwise() -> Vec<Operation> {
    let rows: [LayerRow; 17] = [
        ("nn::Relu", None, |x| Relu::new().forward(x), Dual::relu),
        ("nn::Relu6", Some([-3.0, 9.0]), |x| Relu6::new().forward(x), |x| x.relu().at_most(6.0)),
        ("nn::LeakyRelu", None,
            |x| LeakyReluConfig::new().with_negative_slope(0.125).init().forward(x),
            |x| leaky_relu(x, 0.125)),
        ("nn::ThresholdedRelu", None,
            |x| ThresholdedReluConfig::new().with_alpha(0.5).init().forward(x),
            |x| threshold(x, 0.5, 0.0)),
        ("nn::Threshold", None, |x| ThresholdConfig::new(0.5, -2.0).init().forward(x),
            |x| threshold(x, 0.5, -2.0)),
        (
            "nn::Hardtanh",
            None,
            |x| {
                let config = HardtanhConfig::new().with_min_val(-0.5).with_max_val(0.75);
                config.init().forward(x)
            },
            |x| x.at_least(-0.5).at_most(0.75),
        ),
        (
            "nn::Softplus",
            None,
            |x| {
                let config = SoftplusConfig::new().with_beta(2.0).with_threshold(4.0);
                config.init().forward(x)
            },
            |x| softplus(x, 2.0, 4.0),
        ),
        ("nn::Gelu", Some([-0.5, 3.0]), |x| Gelu::new().forward(x), gelu),
        ("nn::Gelu, approximate", Some([-0.5, 3.0]), |x| Gelu::new_approximate().forward(x),
            gelu_approximate),
        ("nn::Mish", Some([-1.0, 3.0]), |x| Mish::new().forward(x), mish),
        ("nn::LogSigmoid", Some([-3.0, 3.0]), |x| LogSigmoid::new().forward(x), log_sigmoid),
        ("nn::Softsign", None, |x| Softsign::new().forward(x), softsign),
        ("nn::Tanh", None, |x| Tanh::new().forward(x), Dual::tanh),
        ("nn::Tanhshrink", None, |x| Tanhshrink::new().forward(x), |x| x - x.tanh()),
        ("nn::HardShrink", None, |x| HardShrinkConfig::new().with_lambda(0.75).init().forward(x),
            |x| shrink(x, 0.75, 0.0)),
        ("nn::SoftShrink", None, |x| SoftShrinkConfig::new().with_lambda(0.75).init().forward(x),
            |x| shrink(x, 0.75, 0.75)),
        (
            "nn::Shrink",
            None,
            |x| {
                let config = ShrinkConfig::new().with_lambda(0.75).with_bias(0.25);
                config.init().forward(x)
            },
            |x| shrink(x, 0.75, 0.25),
        ),
    ];
    let check = |row: LayerRow| {
        let (name, _, burn, _) = row;
        layer(name).check("[3, 5]", &formula_of(row), move |v| burn(v.get("x")))
    };
    rows.into_iter().map(check).collect()
}

/// Layers that compute in f32 whatever the tensor's type, on some backends or on all: their finite
/// differences are those of the formula.
#[rustfmt::skip]
fn computing_in_f32() -> Vec<Operation> {
    let rows: [LayerRow; 4] = [
        ("nn::Sigmoid", Some([-3.0, 3.0]), |x| Sigmoid::new().forward(x), Dual::sigmoid),
        ("nn::SiLU", Some([-1.0, 3.0]), |x| SiLU::new().forward(x), silu),
        (
            "nn::HardSigmoid",
            Some([-3.0, 3.0]),
            |x| {
                let config = HardSigmoidConfig::new().with_alpha(0.2).with_beta(0.5);
                config.init().forward(x)
            },
            hard_sigmoid,
        ),
        ("nn::HardSwish", Some([-1.0, 4.0]), |x| HardSwish::new().forward(x), hard_swish),
    ];
    let check = |row: LayerRow| {
        let (name, _, burn, _) = row;
        let formula = formula_of(row).with_differences();
        layer(name).check("[3, 5]", &formula, move |v| burn(v.get("x")))
    };
    rows.into_iter().map(check).collect()
}

/// A slope that is learned, one for all channels (dimension 1) or one for each.
fn prelu() -> Operation {
    let check = |layer: Operation, name: &str, slopes: usize| {
        let inputs = [argument("x", &[2, 3, 4]), argument("alpha", &[slopes])];
        let formula = Formula::new(inputs, move |of| {
            DualArray::by_index([2, 3, 4], |[item, channel, i]| {
                let alpha = of.get("alpha").values[channel % slopes];
                let x = of.get("x").at([item, channel, i]);
                if x < 0.0.into() { x * alpha } else { x }
            })
        });
        let config = PReluConfig::new().with_num_parameters(slopes);
        layer.drawn(name, |case| {
            formula.witness(case).module(
                move |device| config.init(device),
                |prelu, v| prelu.forward(v.get::<3>("x")),
            )
        })
    };
    let layer = check(layer("nn::PRelu"), "[2, 3, 4] one slope", 1);
    check(layer, "[2, 3, 4] 3 slopes", 3)
}

/// The first half times the logistic function of the second. Finite differences are those of the
/// formula, since Burn's sigmoid computes in f32 on some backends.
fn glu() -> Operation {
    let formula = Formula::new([argument("x", &[2, 6, 3])], |of| {
        let x = of.get("x");
        DualArray::by_index([2, 3, 3], |[item, i, j]| {
            x.at([item, i, j]) * x.at([item, i + 3, j]).sigmoid()
        })
    });
    layer("nn::GLU").check(
        "[2, 6, 3] of dimension 1",
        &formula.with_differences(),
        |v| GLU::new(1).forward(v.get::<3>("x")),
    )
}

fn swiglu() -> Operation {
    let layer = layer("nn::SwiGlu");
    let layer = swiglu_of(layer, "[3, 4] to 2, with biases", true, |layer, x| {
        layer.forward(x)
    });
    swiglu_of(layer, "[3, 4] to 2, without", false, |layer, x| {
        layer.forward(x)
    })
}

/// `silu(x · inner) · (x · outer)`, with biases or without. For finite differences see [`glu`].
fn swiglu_of(
    operation: Operation,
    name: &str,
    has_bias: bool,
    forward: fn(SwiGlu, Tensor<2>) -> Tensor<2>,
) -> Operation {
    let mut inputs = vec![
        argument("x", &[3, 4]),
        argument("inner.weight", &[4, 2]),
        argument("outer.weight", &[4, 2]),
    ];
    if has_bias {
        inputs.extend(["inner.bias", "outer.bias"].map(|name| argument(name, &[2])));
    }
    let formula = Formula::new(inputs, |of| {
        let affine = |path: &str| {
            let weight = of.get(&format!("{path}.weight"));
            let bias = of.find(&format!("{path}.bias"));
            of.get("x").linear(weight, bias)
        };
        affine("inner")
            .map(silu)
            .zip(&affine("outer"), |a, b| a * b)
    });
    operation.check(name, &formula.with_differences(), move |v| {
        let linear = |path: &str| {
            let bias = has_bias.then(|| v.get(&format!("{path}.bias")));
            Linear {
                weight: Param::initialized(ParamId::new(), v.get(&format!("{path}.weight"))),
                bias: bias.map(|bias| Param::initialized(ParamId::new(), bias)),
            }
        };
        let layer = SwiGlu {
            linear_inner: linear("inner"),
            linear_outer: linear("outer"),
        };
        forward(layer, v.get("x"))
    })
}

/// Each variant of the enum.
fn activations() -> Operation {
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
    let of_configs = configs.into_iter();
    let operation = of_configs.fold(layer("nn::Activation"), |operation, (name, config)| {
        operation.module(
            name,
            &[("x", &[3, 4])],
            move |device| config.init(device),
            |activation: &Activation, v| -> Tensor<2> { activation.forward(v.get("x")) },
        )
    });
    let operation = in_f32(operation);
    swiglu_of(operation, "SwiGlu", false, |layer, x| {
        Activation::from(layer).forward(x)
    })
}

/// The variants that compute in f32, as in [`computing_in_f32`].
fn in_f32(operation: Operation) -> Operation {
    let variants: [(&str, ActivationConfig, ScalarFormula); 3] = [
        ("Sigmoid", ActivationConfig::Sigmoid, Dual::sigmoid),
        ("HardSigmoid", HardSigmoidConfig::new().into(), hard_sigmoid),
        ("HardSwish", ActivationConfig::HardSwish, hard_swish),
    ];
    variants
        .into_iter()
        .fold(operation, |operation, (name, config, function)| {
            let x = [argument("x", &[3, 4])];
            let formula = Formula::new(x, move |of| of.get("x").map(function));
            operation.check(name, &formula.with_differences(), move |v| -> Tensor<2> {
                config.init(v.device()).forward(v.get("x"))
            })
        })
}
