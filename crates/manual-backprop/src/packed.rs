//! Converts a model's layers to the formulas' tensors, and gradients to the form that an optimizer
//! takes.

use burn::module::Param;
use burn::nn::Linear;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// The weights and the bias of a layer.
///
/// # Panics
///
/// If the layer has no bias or is on an autodiff device.
pub(crate) fn parameters(layer: &Linear) -> (Tensor<2>, Tensor<1>) {
    let w = layer.weight.val();
    assert!(
        !w.is_autodiff(),
        "the net is on an autodiff device, expected a plain one; call `valid()`"
    );
    (w, bias(layer).val())
}

/// Adds the gradients of a layer to `packed`, under the ids of its parameters.
pub(crate) fn register(
    packed: &mut GradientsParams,
    layer: &Linear,
    grad_w: Tensor<2>,
    grad_b: Tensor<1>,
) {
    packed.register(layer.weight.id, grad_w);
    packed.register(bias(layer).id, grad_b);
}

fn bias(layer: &Linear) -> &Param<Tensor<1>> {
    layer
        .bias
        .as_ref()
        .expect("every layer of the lecture's nets has a bias")
}
