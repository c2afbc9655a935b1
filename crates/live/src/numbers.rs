//! Numbers in JSON: those that are not finite are text, as everywhere in this project.

use burn::tensor::Tensor;
use serde_json::Value;

/// A number, or `"nan"`, `"inf"`, `"-inf"`.
pub(crate) fn number(value: f64) -> Value {
    match serde_json::Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "nan".into(),
        None if value > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

/// A list of numbers.
pub(crate) fn numbers(values: &[f64]) -> Value {
    values.iter().map(|&value| number(value)).collect()
}

/// The elements of a matrix, row by row.
pub(crate) fn elements(tensor: &Tensor<2>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}
