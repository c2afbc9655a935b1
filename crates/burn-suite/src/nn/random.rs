//! Layers that draw random numbers in training. What is checked there is the gradient for whatever
//! was drawn: the layer's output is divided by what it drew, or freed of it, so that `x` comes out,
//! with a gradient of 1 if and only if the layer's gradient has the same draw in it as its value.

use burn::module::Param;
use burn::nn::activation::{RRelu, RReluConfig};
use burn::nn::{Dropout, DropoutConfig, GaussianNoise, GaussianNoiseConfig};
use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients};

use super::Layer;
use crate::host::host;
use crate::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    vec![dropout().done(), gaussian_noise().done(), rrelu().done()]
}

const SHAPE: [usize; 2] = [5, 7];

/// A case in training: `freed` gives `x` back of whatever was drawn.
fn training(case: Case, freed: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static) -> Case {
    case.input("x", SHAPE)
        .function(|v| v.get::<2>("x"))
        .autodiff_function(move |v| freed(v.get("x")))
        .vjp(|_, grad_out| Gradients::new().with("x", grad_out.get::<2>(0)))
}

/// A case of a function with a derivative by element.
fn evaluation(
    case: Case,
    function: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static,
    derivative: fn(f64) -> f64,
) -> Case {
    case.input("x", SHAPE)
        .function(move |v| function(v.get("x")))
        .vjp(move |v, grad_out| {
            let (x, grad_out) = (host(v.get::<2>("x")), host(grad_out.get::<2>(0)));
            let pulled = x
                .iter()
                .zip(grad_out)
                .map(|(x, grad)| derivative(*x) * grad);
            let grad_x: Vec<f64> = pulled.collect();
            Gradients::new().with("x", v.tensor(SHAPE, &grad_x))
        })
}

/// Kept elements are multiplied by 4/3.
fn dropout() -> Layer {
    let layer = || DropoutConfig::new(0.25).init();
    Layer::new("nn::Dropout")
        .with("training", move |case| {
            training(case, move |x| {
                let out = layer().forward(x.clone());
                let is_dropped = out.clone().detach().equal_scalar(0.0);
                let kept = out * 0.75;
                kept + x.mask_fill(is_dropped.bool_not(), 0.0)
            })
        })
        .with("evaluation", move |case| {
            let frozen = move || Dropout {
                training: Param::from_bool(false),
                ..layer()
            };
            evaluation(case, move |x| frozen().forward(x), |_| 1.0)
        })
}

fn gaussian_noise() -> Layer {
    let layer = || GaussianNoiseConfig::new(0.5).init();
    Layer::new("nn::GaussianNoise")
        .with("training", move |case| {
            training(case, move |x| {
                let out = layer().forward(x.clone());
                let noise = out.clone().detach() - x.detach();
                out - noise
            })
        })
        .with("evaluation", move |case| {
            let frozen = move || GaussianNoise {
                training: Param::from_bool(false),
                ..layer()
            };
            evaluation(case, move |x| frozen().forward(x), |_| 1.0)
        })
}

/// Slopes from 1/4 to 1/2, in evaluation 3/8.
fn rrelu() -> Layer {
    let layer = || {
        let config = RReluConfig::new().with_lower(0.25).with_upper(0.5);
        config.init()
    };
    Layer::new("nn::RRelu")
        .with("training", move |case| {
            training(case, move |x| {
                let out = layer().forward(x.clone());
                let slope = out.clone().detach() / x.detach();
                out / slope
            })
        })
        .with("evaluation", move |case| {
            let frozen = move || RRelu {
                training: Param::from_bool(false),
                ..layer()
            };
            let slope = |x| if x < 0.0 { 0.375 } else { 1.0 };
            evaluation(case, move |x| frozen().forward(x), slope)
        })
}
