//! What only ndarray gets wrong.

use burn::tensor::ops::InterpolateOptions;

use super::*;

#[expect(deprecated, reason = "this test shows a fault of this backend")]
fn ndarray() -> Device {
    Device::ndarray()
}

/// The value is the exact function's (by erf), the gradient that of the tanh approximation.
#[test]
fn gelu_differentiates_another_function() {
    let x = 2.02;
    let value = |x| activation::gelu(tensor(x, &ndarray(), F64)).into_scalar::<f64>();
    let slope = (value(x + 1e-4) - value(x - 1e-4)) / 2e-4;
    let got = gradient(x, &ndarray(), F64, activation::gelu);
    assert!(
        (got - slope).abs() > 8e-4,
        "got {got}, the slope is {slope}"
    );
}

/// The value is -inf, and the slope there 1, as on flex.
#[test]
fn log_sigmoid_is_nan_at_minus_infinity() {
    let at = |device| gradient(f64::NEG_INFINITY, &device, F64, activation::log_sigmoid);
    assert!(at(ndarray()).is_nan());
    assert_eq!(at(flex()), 1.0);
}

/// Right are zeros, and an empty matrix.
#[test]
fn matmul_of_empty_matrices_divides_by_zero() {
    let product = |device: &Device, rows, inner| {
        let (a, b) = (ones([rows, inner], device), ones([inner, 3], device));
        let product = a.matmul(b);
        product.into_data().iter::<f64>().collect::<Vec<f64>>()
    };
    assert_eq!(product(&flex(), 2, 0), [0.0; 6]);
    assert!(product(&flex(), 0, 2).is_empty());
    assert!(panics(|| product(&ndarray(), 2, 0)));
    assert!(panics(|| product(&ndarray(), 0, 2)));
}

/// "... interpolation backward is not supported for ndarray backend"
#[test]
fn interpolate_has_no_backward_pass() {
    for mode in [InterpolateMode::Bilinear, InterpolateMode::Bicubic] {
        let x = Tensor::<4>::ones([1, 1, 2, 2], &ndarray().autodiff()).require_grad();
        let options = InterpolateOptions::new(mode).with_output_size([3, 3]);
        let sum = module::interpolate(x, options).sum();
        let backward = std::panic::AssertUnwindSafe(|| sum.backward());
        assert!(std::panic::catch_unwind(backward).is_err());
    }
}

/// A cast to f32 and back inside.
#[test]
fn sigmoid_and_silu_compute_in_f32() {
    let s = 1.0 / (1.0 + (-0.7_f64).exp());
    let value = activation::sigmoid(tensor(0.7, &ndarray(), F64)).into_scalar::<f64>();
    assert!((value - s).abs() > 1e-8, "got {value}, right is {s}");
    let got = gradient(0.7, &ndarray(), F64, activation::sigmoid);
    assert!((got - s * (1.0 - s)).abs() > 1e-9, "got {got}");
    let got = gradient(0.7, &ndarray(), F64, activation::silu);
    let right = s * (1.0 + 0.7 * (1.0 - s));
    assert!((got - right).abs() > 1e-9, "got {got}, right is {right}");
}
