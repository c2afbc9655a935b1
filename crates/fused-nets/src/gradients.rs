//! The engine's gradients of one batch, as tensors.

use burn::tensor::{DType, Device, Int, Tensor};
use fused_mlp::{Inputs, LayerValues, Rule, Step, Targets, Trainer};

use crate::FusedError;
use crate::nets::FusedNet;
use crate::values::{Number, host, load, tensors};

/// The targets of a batch.
#[derive(Debug, Clone)]
pub enum BatchTargets {
    /// Classes, `[batch]`.
    Classes(Tensor<1, Int>),
    /// Numbers, `[batch, outputs]`.
    Numbers(Tensor<2>),
}

/// How the engine is asked for its gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Directly: `gradients` computes them and leaves the parameters alone.
    Direct,
    /// By what a step of momentum changes, with rate 1, from zero momentum: here the update may be a part of
    /// the product that gives the gradient.
    ///
    /// ```text
    /// v ← 0.9 · 0 + δθ    θ' = θ - v        δθ = v + ((θ - v) - θ')
    /// ```
    ///
    /// The difference in brackets is 0 if the parameters took this step. `θ - θ'` alone would be `δθ` too, but
    /// rounded like `θ`.
    Step,
}

/// The gradients of a layer.
#[derive(Debug, Clone)]
pub struct LayerGradients {
    /// `[d_in, d_out]`.
    pub weights: Tensor<2>,
    /// `[d_out]`.
    pub biases: Tensor<1>,
}

/// Loss (one element) and the gradients of every layer, for a batch `x: [batch, d_in]`, with the masks of the net's
/// dropout, in `f64` if `x` has numbers of `f64`, else in `f32`.
///
/// # Errors
///
/// [`FusedError`], if the batch does not fit the net.
///
/// # Panics
///
/// If a class is not from 0 to 255, or the device fails.
pub fn gradients(
    net: &dyn FusedNet,
    x: Tensor<2>,
    targets: BatchTargets,
    way: Way,
) -> Result<(Tensor<1>, Vec<LayerGradients>), FusedError> {
    match x.dtype() {
        DType::F64 => computed::<f64>(net, x, targets, way),
        _ => computed::<f32>(net, x, targets, way),
    }
}

fn computed<T: Number>(
    net: &dyn FusedNet,
    x: Tensor<2>,
    targets: BatchTargets,
    way: Way,
) -> Result<(Tensor<1>, Vec<LayerGradients>), FusedError> {
    let device = x.device();
    let batch = x.dims()[0];
    let rule = Rule::Momentum { momentum: 0.9 };
    let mut trainer = Trainer::<T>::new(net.architecture(), rule, 0.0, batch, 1)?;
    load(&mut trainer, &net.layers())?;
    let rows = (0..batch as u32).collect::<Vec<_>>();
    let inputs = host(x);
    let inputs = Inputs::Floats {
        values: &inputs,
        rows: &rows,
    };
    let (labels, numbers);
    let targets = match targets {
        BatchTargets::Classes(classes) => {
            labels = classes.try_into_vec_as::<u8>().expect("a class is a byte");
            Targets::Labels {
                labels: &labels,
                rows: &rows,
            }
        }
        BatchTargets::Numbers(y) => {
            numbers = host(y);
            Targets::Values {
                values: &numbers,
                rows: &rows,
            }
        }
    };
    let layers = 0..net.layers().len();
    let (loss, gradients) = match way {
        Way::Direct => {
            let loss = trainer.gradients(inputs, targets, net.dropout())?;
            let read = layers.map(|layer| trainer.gradient(layer));
            (loss, read.collect::<Result<Vec<_>, _>>()?)
        }
        Way::Step => {
            let read = |trainer: &Trainer<T>| -> Result<Vec<_>, _> {
                layers.clone().map(|layer| trainer.layer(layer)).collect()
            };
            let before = read(&trainer)?;
            let how = Step {
                learning_rate: 1.0,
                clip_norm: None,
                dropout: net.dropout(),
            };
            let loss = trainer.step(inputs, targets, &how)?;
            let momentum = trainer.state().buffers.swap_remove(0);
            let changes = before.iter().zip(read(&trainer)?);
            let layers = momentum.iter().zip(changes);
            let of_layer = |(v, (before, after))| stepped(v, before, &after);
            (loss, layers.map(of_layer).collect())
        }
    };
    let loss = Tensor::from_data([loss], (&device, T::DTYPE));
    let gradients = gradients
        .into_iter()
        .map(|values| gradient(values, &device));
    Ok((loss, gradients.collect()))
}

/// `v + ((before - v) - after)`, element by element.
fn stepped<T: Number>(
    v: &LayerValues<T>,
    before: &LayerValues<T>,
    after: &LayerValues<T>,
) -> LayerValues<T> {
    let of = |v: &[T], before: &[T], after: &[T]| {
        let values = v.iter().zip(before.iter().zip(after));
        let change = |(&v, (&before, &after)): (&T, (&T, &T))| v + ((before - v) - after);
        values.map(change).collect()
    };
    LayerValues {
        weights: of(&v.weights, &before.weights, &after.weights),
        biases: of(&v.biases, &before.biases, &after.biases),
    }
}

fn gradient<T: Number>(values: LayerValues<T>, device: &Device) -> LayerGradients {
    let (weights, biases) = tensors(values, device);
    LayerGradients { weights, biases }
}
