//! Forward and backward of the untrained net on the first batch.

use anyhow::Result;
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::DType;
use layers::Activation;
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::one_hot;
use manual_backprop::nets::mnist;
use mnist_mlp::MnistMlp;
use pages::page::Section;

use super::{BATCH, Images, input_of};
use crate::tensors::{Comparison, layer_gradients, layer_parameters, steps};

/// The sections about the first step.
pub(super) struct FirstStep {
    pub(super) forward: Section,
    pub(super) backward: Section,
    pub(super) compared: Section,
}

impl FirstStep {
    /// Forward and backward of this net on the first images.
    pub(super) fn of(net: &MnistMlp, train: &Images) -> Result<Self> {
        let (x, labels) = train.narrow(0, BATCH.min(train.len()))?;
        let parameters = layer_parameters(&net.layers)?;
        let last = parameters.len();
        let [_, classes] = parameters[last - 1].w.dims();
        let y = one_hot(labels.clone(), classes, DType::F32);
        let (f, mean) = (Activation::Relu, Reduction::Mean);
        let forward = mnist::forward(f, &parameters, x.clone(), y.clone(), mean);
        let gradients = mnist::backward(f, &parameters, x.clone(), y, mean, &forward);

        let values = forward_formulas(last);
        let values = values.iter().map(String::as_str).collect::<Vec<_>>();
        let formulas = backward_formulas(last);
        let formulas = formulas.iter().map(String::as_str).collect::<Vec<_>>();
        let named = (1..=last).rev().flat_map(|l| gradients[l - 1].named(l));

        let tracked = net.clone().train();
        let loss = tracked.loss(x.autodiff(), labels.autodiff());
        let tape = GradientsParams::from_grads(loss.backward(), &tracked);
        let mut comparison = Comparison::new();
        for (l, (layer, by_hand)) in (1..).zip(tracked.layers.iter().zip(&gradients)) {
            let (weight, bias) = layer_gradients(layer, &tape)?;
            comparison = comparison
                .row(&format!("δW{l}"), &by_hand.grad_w, &weight)
                .row(&format!("δb{l}"), &by_hand.grad_b, &bias);
        }
        Ok(Self {
            forward: Section::new("Forward: the first batch, before training")
                .text(
                    "One row for each image. For large tensors the table shows the norm, the root of \
                     the sum of squares.",
                )
                .table(steps("value", &values, &forward.named())),
            backward: Section::new("Backward: the first batch, before training")
                .text(
                    "Softmax and cross-entropy together give Yp - Y; the mean divides by n once. From \
                     there on, each layer is one rule: G = f'(A)∘δZ, δW = Xᵀ·G, δb = Σ_rows G, \
                     δX = G·Wᵀ. The images are data: they need no gradient.",
                )
                .table(steps("gradient", &formulas, &named.collect::<Vec<_>>())),
            compared: comparison.shown_in(
                Section::new("The same from automatic differentiation"),
                "Burn's autodiff on the net as a module, in f32.",
            ),
        })
    }
}

/// Every step of the forward pass of a net with `last` layers.
fn forward_formulas(last: usize) -> Vec<String> {
    let layers = (1..=last).flat_map(|l| {
        let value = if l == last {
            format!("Z{l} = A{l}")
        } else {
            format!("Z{l} = f(A{l})")
        };
        [format!("A{l} = {}·W{l} + b{l}", input_of(l)), value]
    });
    let ends = [format!("Yp = softmax(Z{last})"), "L".to_owned()];
    layers.chain(ends).collect()
}

/// Every step of the backward pass of a net with `last` layers.
fn backward_formulas(last: usize) -> Vec<String> {
    let layers = (1..=last).rev().flat_map(|l| {
        let [grad_z, grad_a] = if l == last {
            [format!("δZ{l} = (Yp - Y)/n"), format!("δA{l} = δZ{l}")]
        } else {
            [
                format!("δZ{l} = δA{}·W{}ᵀ", l + 1, l + 1),
                format!("δA{l} = f'(A{l})∘δZ{l}"),
            ]
        };
        let grad_w = format!("δW{l} = {}ᵀ·δA{l}", input_of(l));
        [grad_z, grad_a, grad_w, format!("δb{l} = Σ_rows δA{l}")]
    });
    layers.collect()
}
