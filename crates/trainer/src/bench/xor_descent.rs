//! The XOR net by the formulas, with all steps of a segment in one operation of the backend.
//!
//! A net of a dozen weights needs a tenth of a microsecond for a product. The time goes into the way
//! there, from tensor through dispatch to the backend, some forty times per step, and into the
//! optimizer. Here the whole descent is one custom operation, and its steps are calls of the backend.
#![cfg_attr(
    feature = "ndarray",
    expect(
        deprecated,
        reason = "this project offers ndarray next to flex, its successor"
    )
)]

use std::time::{Duration, Instant};

use anyhow::Result;
use backends::{Backend as BackendName, Opened};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;
use layers::Activation;
use training::{Examples, Team};
use xor_net::{OutputUnit, XorNet, XorNetConfig};

use super::contest::{Contestant, Kind};
use super::training_run::XOR_STEPS;

#[cfg(feature = "flex")]
use burn::backend::Flex;
#[cfg(feature = "ndarray")]
use burn::backend::NdArray;

/// Step length: with it the net learns its table.
const LEARNING_RATE: f64 = 2.0;

/// The XOR net on its truth table.
pub(crate) struct XorDescent {
    name: String,
    net: Option<XorNet>,
    examples: Examples<Tensor<2>>,
    team: Team,
}

impl XorDescent {
    /// The XOR net on its truth table.
    ///
    /// # Errors
    ///
    /// If its thread cannot start.
    pub(crate) fn new(backend: BackendName, opened: &Opened) -> Result<Self> {
        Ok(Self {
            name: format!("{backend} manual, {XOR_STEPS} steps a call"),
            net: Some(XorNetConfig::new().init(0, &opened.device)?),
            examples: Examples::truth_table(opened),
            team: Team::new(opened, 1)?,
        })
    }
}

impl Contestant for XorDescent {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Training
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let started = Instant::now();
        let (x, y) = self.examples.first(self.examples.len()).all();
        let net = self.net.take().expect("a net is there between segments");
        let net = self
            .team
            .run(|| descend(net, x, y, LEARNING_RATE, XOR_STEPS));
        self.net = Some(net);
        Ok((XOR_STEPS, started.elapsed()))
    }
}

/// Takes `steps` steps of plain gradient descent on all rows.
///
/// # Formula
///
/// ```text
/// z3 = σ(x·w1 + b1)    yp = σ(z3·w2 + b2)        σ(a) = 1 / (1 + e^-a)
/// δz5 = η yp(1 - yp)∘(yp - y)    δz2 = z3(1 - z3)∘(δz5·w2ᵀ)
/// w2 ← w2 - z3ᵀ·δz5    b2 ← b2 - Σ_rows δz5    w1 ← w1 - xᵀ·δz2    b1 ← b1 - Σ_rows δz2
/// ```
///
/// The net of [`manual_backprop::xor_net`] and the step of `SgdConfig::new()`, with the step length η
/// = `learning_rate` taken into `δz5`, which every gradient has as a factor.
///
/// # Shapes
///
/// `x: [batch, inputs]`, `y: [batch, outputs]`.
///
/// # Panics
///
/// If the hidden layer or the output is not a sigmoid, the sizes do not fit, a layer has no bias,
/// the net is on an autodiff device, or its backend is not a feature of this crate.
///
/// # Source
///
/// Lecture items L3, L4 and L17.
fn descend(net: XorNet, x: Tensor<2>, y: Tensor<2>, learning_rate: f64, steps: usize) -> XorNet {
    assert_eq!(
        (net.activation, net.output_unit),
        (Activation::Sigmoid, OutputUnit::Sigmoid),
        "the formulas are those of a net of sigmoids"
    );
    let [w1, w2] = [&net.hidden, &net.output].map(|layer| layer.weight.val().into_dispatch());
    let [b1, b2] = [&net.hidden, &net.output].map(|layer| {
        let row = bias(layer).val().unsqueeze_dim::<2>(0);
        row.into_dispatch()
    });
    let (x, y) = (x.into_dispatch(), y.into_dispatch());
    let steps = Steps {
        count: steps,
        learning_rate,
    };
    let descended = <Dispatch as Descent>::descend(x, y, w1, b1, w2, b2, steps);
    let [w1, b1, w2, b2] = <[_; 4]>::from(descended).map(Tensor::<2>::from_dispatch);
    let mut net = net;
    for (layer, w, b) in [(&mut net.hidden, w1, b1), (&mut net.output, w2, b2)] {
        layer.weight = layer.weight.clone().map(|_| w);
        let b = b.squeeze_dim::<1>(0);
        layer.bias = layer.bias.take().map(|bias| bias.map(|_| b));
    }
    net
}

/// The bias of a layer, which both layers have.
fn bias(layer: &Linear) -> &Param<Tensor<1>> {
    layer.bias.as_ref().expect("both layers have a bias")
}

/// The number of steps and the time.
#[derive(Debug, Clone, Copy)]
struct Steps {
    count: usize,
    learning_rate: f64,
}

/// The descent as an extension of every backend that the crate's features name.
#[backend_extension(
    NdArray: cfg(feature = "ndarray"),
    Flex: cfg(feature = "flex")
)]
trait Descent: Backend {
    fn descend(
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        w1: FloatTensor<Self>,
        b1: FloatTensor<Self>,
        w2: FloatTensor<Self>,
        b2: FloatTensor<Self>,
        steps: Steps,
    ) -> (
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
        FloatTensor<Self>,
    ) {
        let (mut w1, mut b1, mut w2, mut b2) = (w1, b1, w2, b2);
        for _ in 0..steps.count {
            let z1 = Self::float_matmul(x.clone(), w1.clone());
            let z3 = sigmoid::<Self>(Self::float_add(z1, b1.clone()));
            let z4 = Self::float_matmul(z3.clone(), w2.clone());
            let yp = sigmoid::<Self>(Self::float_add(z4, b2.clone()));

            let error = Self::float_sub(yp.clone(), y.clone());
            let grad_yp = Self::float_mul_scalar(error, steps.learning_rate.into());
            let grad_z5 = Self::float_mul(slope::<Self>(yp), grad_yp);
            let grad_w2 = Self::float_matmul(Self::float_transpose(z3.clone()), grad_z5.clone());
            let grad_b2 = Self::float_sum_dim(grad_z5.clone(), 0);
            let grad_z3 = Self::float_matmul(grad_z5, Self::float_transpose(w2.clone()));
            let grad_z2 = Self::float_mul(slope::<Self>(z3), grad_z3);
            let grad_w1 = Self::float_matmul(Self::float_transpose(x.clone()), grad_z2.clone());
            let grad_b1 = Self::float_sum_dim(grad_z2, 0);

            w1 = Self::float_sub(w1, grad_w1);
            b1 = Self::float_sub(b1, grad_b1);
            w2 = Self::float_sub(w2, grad_w2);
            b2 = Self::float_sub(b2, grad_b2);
        }
        (w1, b1, w2, b2)
    }
}

#[cfg(feature = "ndarray")]
impl Descent for NdArray {}

#[cfg(feature = "flex")]
impl Descent for Flex {}

/// `1 / (1 + e^-a)`; where `e^-a` overflows, 0.
fn sigmoid<B: Backend>(a: FloatTensor<B>) -> FloatTensor<B> {
    let e = B::float_exp(B::float_neg(a));
    B::float_recip(B::float_add_scalar(e, 1.0.into()))
}

/// `z (1 - z)`, the sigmoid's slope by its value.
fn slope<B: Backend>(z: FloatTensor<B>) -> FloatTensor<B> {
    let rest = B::float_add_scalar(B::float_neg(z.clone()), 1.0.into());
    B::float_mul(z, rest)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::module::Module;
    use burn::optim::SgdConfig;
    use burn::tensor::{DType, Device};
    use xor_net::XorNetConfig;

    use super::*;

    #[test]
    fn many_steps_are_the_optimizers_steps_one_after_the_other() {
        let device = (&Device::flex(), DType::F64);
        let x = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
        let x = Tensor::<2>::from_data(x, device);
        let y = Tensor::<2>::from_data([[0.0], [1.0], [1.0], [0.0]], device);
        let start = XorNetConfig::new().init(3, device).unwrap();
        let mut net = start.clone().train();
        let mut optimizer = SgdConfig::new().init();
        for _ in 0..300 {
            let (_, gradients) =
                manual_backprop::xor_net::gradients(&net.valid(), x.clone(), y.clone());
            net = optimizer.step(1.5, net, gradients);
        }
        let net = net.valid();
        let descended = descend(start, x, y, 1.5, 300);
        for (a, b) in [
            (&net.hidden, &descended.hidden),
            (&net.output, &descended.output),
        ] {
            let apart = (a.weight.val() - b.weight.val())
                .abs()
                .max()
                .into_scalar::<f64>();
            assert!(apart < 1e-12, "{apart}");
            let apart = (bias(a).val() - bias(b).val())
                .abs()
                .max()
                .into_scalar::<f64>();
            assert!(apart < 1e-12, "{apart}");
        }
    }
}
