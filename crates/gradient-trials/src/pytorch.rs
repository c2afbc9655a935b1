//! A witness from outside: losses, values and gradients of the lecture's nets, computed by PyTorch
//! in f64 and committed as `fixtures/pytorch.json` with the script that wrote the file.
//!
//! Nothing here runs PyTorch.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_gradcheck::{Case, FLOOR, Gradients, Tolerance, Values, relative_error};
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;
use manual_backprop::nets::mnist::{self, LayerParameters};
use manual_backprop::nets::{Parameters, general, scalar, xor};
use serde::Deserialize;

use crate::common::scaled;
use crate::formulas::nets::{mnist_forward, parameters, scalar_parameters};

/// What PyTorch computed.
#[derive(Debug, Clone, Deserialize)]
pub struct Fixture {
    /// The version of PyTorch.
    pub pytorch: String,
    /// The scalar, XOR, general and MNIST net, each at one point.
    pub nets: Vec<FixtureNet>,
}

/// One net at one point, with every value and gradient.
#[derive(Debug, Clone, Deserialize)]
pub struct FixtureNet {
    /// `scalar`, `xor`, `general` or `mnist`.
    pub net: String,
    x: HostTensor,
    y: HostTensor,
    parameters: BTreeMap<String, HostTensor>,
    loss: f64,
    values: BTreeMap<String, HostTensor>,
    gradients: BTreeMap<String, HostTensor>,
}

#[derive(Debug, Clone, Deserialize)]
struct HostTensor {
    shape: Vec<usize>,
    values: Vec<f64>,
}

/// How far the hand-derived formulas are from PyTorch, over one net's loss, intermediate values
/// and gradients.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Numbers compared.
    pub elements: usize,
    /// Largest relative error.
    pub error: f64,
    /// Where it is: `grad_w1`.
    pub worst: String,
    /// The largest error that is accepted.
    pub tolerance: f64,
}

impl Comparison {
    /// Whether the error is within the tolerance; NaN is not.
    pub fn is_pass(&self) -> bool {
        self.error <= self.tolerance
    }
}

/// The committed fixture.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use gradient_trials::pytorch;
///
/// let fixture = pytorch::fixture();
/// assert!(fixture.pytorch.starts_with("2."));
/// assert_eq!(fixture.nets.len(), 4);
/// let comparison = fixture.nets[1].compare(&Device::flex(), DType::F64);
/// assert!(comparison.is_pass() && comparison.elements > 100);
/// ```
pub fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/pytorch.json"))
        .expect("the committed fixture is what the script wrote")
}

impl FixtureNet {
    /// The net as a case with PyTorch's gradients instead of the hand-derived ones, for comparison
    /// with autodiff and finite differences.
    pub fn case(&self) -> Case {
        let (x, y) = (self.x.clone(), self.targets());
        let mut case = Case::new(format!("{} net, gradients by PyTorch", self.net))
            .constant("x", x.shape, x.values)
            .constant("y", y.shape, y.values);
        for (name, parameter) in &self.parameters {
            case = case.input_values(name, parameter.shape.clone(), parameter.values.clone());
        }
        let (net, by_pytorch) = (self.clone(), self.clone());
        case.function(move |v| net.loss(v)).vjp(move |v, grad_out| {
            let names = by_pytorch.parameters.keys();
            names.fold(Gradients::new(), |named, name| {
                let HostTensor { shape, values } = &by_pytorch.gradients[name];
                match shape[..] {
                    [d] => named.with(name, scaled(v.tensor([d], values), grad_out)),
                    [rows, columns] => {
                        named.with(name, scaled(v.tensor([rows, columns], values), grad_out))
                    }
                    _ => unreachable!("the parameters are vectors and matrices"),
                }
            })
        })
    }

    fn loss(&self, v: &Values) -> Tensor<1> {
        let f = Activation::Sigmoid;
        match self.net.as_str() {
            "scalar" => scalar::forward(&scalar_parameters(v), v.get("x"), v.get("y")).loss,
            "xor" => xor::forward(f, &parameters(v), v.get("x"), v.get("y")).loss,
            "general" => general::forward(f, &parameters(v), v.get("x"), v.get("y")).loss,
            _ => mnist_forward(Activation::Relu, Reduction::Mean, self.depth(), v).loss,
        }
    }

    /// Computes the net by the formulas of [`manual_backprop::nets`] and compares everything.
    ///
    /// # Panics
    ///
    /// If the device does not compute in `dtype`, or `dtype` is neither f32 nor f64.
    pub fn compare(&self, device: &Device, dtype: DType) -> Comparison {
        let longest = self.x.shape.iter().copied().max().unwrap_or(1);
        let tolerance = Tolerance::of(dtype, longest).expect("f32 or f64").pair;
        let mut comparison = Comparison {
            elements: 0,
            error: 0.0,
            worst: "none".to_owned(),
            tolerance,
        };
        for (name, got) in self.by_hand(device, dtype) {
            let Some(expected) = self.expected(&name) else {
                continue;
            };
            let got = got.into_data().iter::<f64>().collect::<Vec<_>>();
            let error = worst_error(&got, expected);
            comparison.elements += got.len();
            if error.is_nan() || error > comparison.error {
                comparison.error = error;
                comparison.worst = name;
            }
        }
        comparison
    }

    fn by_hand(&self, device: &Device, dtype: DType) -> Vec<(String, Tensor<2>)> {
        let matrix = |name: &str| self.parameters[name].on::<2>(device, dtype);
        let vector = |name: &str| self.parameters[name].on::<1>(device, dtype);
        if self.net == "scalar" {
            let [w1, b1, w2, b2] = ["w1", "b1", "w2", "b2"].map(vector);
            let p = scalar::Parameters { w1, b1, w2, b2 };
            let (x, y) = (self.x.on(device, dtype), self.y.on(device, dtype));
            let forward = scalar::forward(&p, x.clone(), y.clone());
            let grads = scalar::backward(&p, x, y, &forward);
            return [forward.named(), grads.named()].concat();
        }
        let x = self.x.on::<2>(device, dtype);
        let y = self.targets().on::<2>(device, dtype);
        if self.net == "mnist" {
            let layers = (1..=self.depth()).map(|l| LayerParameters {
                w: matrix(&format!("w{l}")),
                b: vector(&format!("b{l}")),
            });
            let layers = layers.collect::<Vec<_>>();
            let (f, mean) = (Activation::Relu, Reduction::Mean);
            let forward = mnist::forward(f, &layers, x.clone(), y.clone(), mean);
            let grads = mnist::backward(f, &layers, x, y, mean, &forward);
            let grads = (1..).zip(&grads).flat_map(|(l, grads)| grads.named(l));
            return forward.named().into_iter().chain(grads).collect();
        }
        let f = Activation::Sigmoid;
        let p = Parameters {
            w1: matrix("w1"),
            b1: vector("b1"),
            w2: matrix("w2"),
            b2: vector("b2"),
        };
        if self.net == "xor" {
            let forward = xor::forward(f, &p, x.clone(), y.clone());
            let grads = xor::backward(f, &p, x, y, &forward);
            [forward.named(), grads.named()].concat()
        } else {
            let forward = general::forward(f, &p, x.clone(), y.clone());
            let grads = general::backward(f, &p, x, y, &forward);
            [forward.named(), grads.named()].concat()
        }
    }

    /// PyTorch's numbers for `loss`, `z1` or `grad_w1`; `None` for a value that the script does not
    /// save.
    fn expected(&self, name: &str) -> Option<&[f64]> {
        if name == "loss" {
            return Some(std::slice::from_ref(&self.loss));
        }
        let found = match name.strip_prefix("grad_") {
            Some(variable) => self.gradients.get(variable),
            None => self.values.get(name),
        };
        found.map(|tensor| tensor.values.as_slice())
    }

    fn depth(&self) -> usize {
        self.parameters.len() / 2
    }

    /// The targets as a matrix: PyTorch takes class labels where the formulas take one-hot rows.
    fn targets(&self) -> HostTensor {
        if self.net != "mnist" {
            return self.y.clone();
        }
        let classes = self.parameters[&format!("b{}", self.depth())].shape[0];
        let hit = |label: f64, class: usize| if label == class as f64 { 1.0 } else { 0.0 };
        let row = |&label: &f64| (0..classes).map(move |class| hit(label, class));
        HostTensor {
            shape: vec![self.y.shape[0], classes],
            values: self.y.values.iter().flat_map(row).collect(),
        }
    }
}

impl HostTensor {
    fn on<const D: usize>(&self, device: &Device, dtype: DType) -> Tensor<D> {
        let data = TensorData::new(self.values.clone(), self.shape.clone());
        Tensor::from_data(data, (device, dtype))
    }
}

/// Largest relative error of a tensor, measured as between the other witnesses.
fn worst_error(got: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len(), "a fixture of another shape");
    let mean_square = expected.iter().map(|e| e * e).sum::<f64>() / expected.len() as f64;
    let floor = FLOOR * mean_square.sqrt();
    let errors = got
        .iter()
        .zip(expected)
        .map(|(&got, &expected)| relative_error(got, expected, floor));
    errors.fold(0.0, |worst, error| {
        if error.is_nan() || error > worst {
            error
        } else {
            worst
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_in_the_fixture_is_seen() {
        let device = Device::flex();
        for mut net in fixture().nets {
            assert!(net.compare(&device, DType::F64).is_pass());
            let gradient = net.gradients.get_mut("w1").expect("every net has w1");
            gradient.values[0] *= 1.0 + 1e-9;
            let comparison = net.compare(&device, DType::F64);
            assert!(!comparison.is_pass());
            assert_eq!(comparison.worst, "grad_w1");
        }
    }

    #[test]
    fn nan_is_not_agreement() {
        assert!(worst_error(&[1.0, f64::NAN, 1.0], &[1.0, 1.0, 1.0]).is_nan());
    }
}
