//! Layers that draw random numbers in training.
//!
//! Their gradient is checked for whatever they draw. The case undoes the draw in the layer's output:
//! it divides the factor away, or subtracts the noise. So `x` comes out, with a gradient of 1 if the
//! layer's gradient has the same draw in it as its value.

use burn::module::Param;
use burn::nn::activation::{RRelu, RReluConfig};
use burn::nn::{Dropout, DropoutConfig, GaussianNoise, GaussianNoiseConfig};
use burn::tensor::Tensor;

use crate::elementwise::formulas::leaky_relu;
use crate::operation::{Operation, layer};
use crate::witness::{Dual, Formula, argument};

pub(super) fn operations() -> Vec<Operation> {
    vec![dropout(), gaussian_noise(), rrelu()]
}

/// Makes a layer with a check in training, where `undo` returns `x`, and one in evaluation.
fn check(
    name: &'static str,
    undo: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static,
    evaluate: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static,
    evaluated: fn(Dual) -> Dual,
) -> Operation {
    let x = || [argument("x", &[5, 7])];
    let training = Formula::new(x(), |of| of.get("x").clone());
    let evaluation = Formula::new(x(), move |of| of.get("x").map(evaluated));
    layer(name)
        .drawn("training", |case| {
            let case = training.witness(case).function(|v| v.get::<2>("x"));
            case.autodiff_function(move |v| undo(v.get("x")))
        })
        .check("evaluation", &evaluation, move |v| evaluate(v.get("x")))
}

/// Kept elements are multiplied by 4/3.
fn dropout() -> Operation {
    let layer = || DropoutConfig::new(0.25).init();
    let undo = move |x: Tensor<2>| {
        let out = layer().forward(x.clone());
        let is_dropped = out.clone().detach().equal_scalar(0.0);
        let kept = out * 0.75;
        kept + x.mask_fill(is_dropped.bool_not(), 0.0)
    };
    let evaluate = move |x| {
        let frozen = Dropout {
            training: Param::from_bool(false),
            ..layer()
        };
        frozen.forward(x)
    };
    check("nn::Dropout", undo, evaluate, |x| x)
}

fn gaussian_noise() -> Operation {
    let layer = || GaussianNoiseConfig::new(0.5).init();
    let undo = move |x: Tensor<2>| {
        let out = layer().forward(x.clone());
        let noise = out.clone().detach() - x.detach();
        out - noise
    };
    let evaluate = move |x| {
        let frozen = GaussianNoise {
            training: Param::from_bool(false),
            ..layer()
        };
        frozen.forward(x)
    };
    check("nn::GaussianNoise", undo, evaluate, |x| x)
}

/// Slopes from 1/4 to 1/2, and 3/8 in evaluation.
fn rrelu() -> Operation {
    let layer = || {
        let config = RReluConfig::new().with_lower(0.25).with_upper(0.5);
        config.init()
    };
    let undo = move |x: Tensor<2>| {
        let out = layer().forward(x.clone());
        let slope = out.clone().detach() / x.detach();
        out / slope
    };
    let evaluate = move |x| {
        let frozen = RRelu {
            training: Param::from_bool(false),
            ..layer()
        };
        frozen.forward(x)
    };
    check("nn::RRelu", undo, evaluate, |x| leaky_relu(x, 0.375))
}
