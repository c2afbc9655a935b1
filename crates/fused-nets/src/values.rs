//! Parameters from Burn's layers to the engine and back.

use burn::nn::Linear;
use burn::tensor::{DType, Device, Element, Tensor, TensorData};
use fused_mlp::{Float, FusedError, LayerValues, Trainer};

/// The numbers of an engine, which are also those of tensors.
pub trait Number: Float + Element {
    /// Their type in Burn.
    const DTYPE: DType;
}

impl Number for f32 {
    const DTYPE: DType = DType::F32;
}

impl Number for f64 {
    const DTYPE: DType = DType::F64;
}

/// Sets the parameters of an engine to those of Burn's layers.
///
/// # Errors
///
/// If the layers are those of another net.
///
/// # Panics
///
/// If a layer has no bias, or the device fails.
pub fn load<T: Number>(trainer: &mut Trainer<T>, layers: &[&Linear]) -> Result<(), FusedError> {
    for (number, layer) in layers.iter().enumerate() {
        let bias = layer.bias.as_ref().expect("every layer has a bias").val();
        trainer.set_layer(number, &host(layer.weight.val()), &host(bias))?;
    }
    Ok(())
}

/// Sets the parameters of Burn's layers to these.
///
/// # Panics
///
/// If they are those of another net.
pub fn store<T: Number>(values: Vec<LayerValues<T>>, layers: Vec<&mut Linear>) {
    assert_eq!(values.len(), layers.len(), "every layer has values");
    for (values, layer) in values.into_iter().zip(layers) {
        let (weights, biases) = tensors(values, &layer.weight.val().device());
        layer.weight = layer.weight.clone().map(|_| weights);
        let bias = layer.bias.take();
        layer.bias = bias.map(|bias| bias.map(|_| biases));
    }
}

/// The weights `[d_in, d_out]` and biases `[d_out]` of a layer as tensors.
pub fn tensors<T: Number>(values: LayerValues<T>, device: &Device) -> (Tensor<2>, Tensor<1>) {
    let LayerValues { weights, biases } = values;
    let d_out = biases.len();
    let shape = [weights.len() / d_out, d_out];
    let options = (device, T::DTYPE);
    (
        Tensor::from_data(TensorData::new::<T, _>(weights, shape), options),
        Tensor::from_data(TensorData::new::<T, _>(biases, [d_out]), options),
    )
}

/// The elements of a tensor, row by row.
///
/// # Panics
///
/// If the device fails.
pub(crate) fn host<T: Number, const D: usize>(tensor: Tensor<D>) -> Vec<T> {
    tensor
        .try_into_vec_as::<T>()
        .expect("the device gives back what it was given")
}
