//! What a training loop relies on besides single operations: the graph's rules, optimizers, schedules.

mod graph;
mod lbfgs;
mod matrices;
mod optimizers;
mod schedules;

use burn::tensor::{DType, Device, Tensor, TensorData};

/// A tensor of f64, not tracked.
fn vector(numbers: &[f64], device: &Device) -> Tensor<1> {
    let data = TensorData::new(numbers.to_vec(), [numbers.len()]);
    Tensor::from_data(data, (device, DType::F64))
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

#[track_caller]
fn assert_close(what: &str, got: &[f64], right: &[f64], relative: f64) {
    assert_eq!(got.len(), right.len(), "{what}");
    for (got, right) in got.iter().zip(right) {
        let difference = (got - right).abs();
        assert!(
            difference <= relative * right.abs().max(1e-3),
            "{what}: right is {right}, got {got}"
        );
    }
}
