//! Layers of `burn::nn`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::Param;
use burn::nn::interpolate::{Interpolate2dConfig, InterpolateMode};
use burn::nn::{CosineSimilarityConfig, GaussianNoiseConfig, PairwiseDistanceConfig, RmsNorm};
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};

fn leaf<const D: usize>(
    values: &[f64],
    shape: [usize; D],
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    let data = TensorData::new(values.to_vec(), shape);
    Tensor::from_data(data, (&device.clone().autodiff(), dtype)).require_grad()
}

fn grad<const D: usize>(x: &Tensor<D>, grads: &Gradients) -> Vec<f64> {
    let grad = x.grad(grads).expect("a gradient");
    grad.into_data().iter::<f64>().collect()
}

/// `x.cast(DType::F32)` in its forward pass.
#[test]
fn rms_norm_computes_in_f32() {
    let x = leaf(&[0.3, 0.7], [1, 2], &Device::flex(), DType::F64);
    let norm = RmsNorm {
        gamma: Param::from_tensor(leaf(&[1.0, 1.0], [2], &Device::flex(), DType::F64)),
        epsilon: 1e-5,
    };
    let grads = norm.forward(x.clone()).sum().backward();
    let got = grad(&x, &grads)[0];
    // d/dx0 of (x0 + x1) / r with r = sqrt((x0² + x1²) / 2 + 1e-5): 1 / r - (x0 + x1) x0 / 2 r³.
    let r = ((0.09 + 0.49) / 2.0 + 1e-5_f64).sqrt();
    let right = 1.0 / r - (0.3 + 0.7) * 0.3 / (2.0 * r.powi(3));
    let error = (got - right).abs();
    assert!(error > 1e-10 && error < 1e-5, "right is {right}, got {got}");
}

/// `Tensor::random(.., &input.device())`, which is f32 unless the device is configured otherwise.
#[test]
fn gaussian_noise_needs_the_default_type() {
    let x = leaf(&[1.0, 2.0], [2], &Device::flex(), DType::F64);
    let noise = GaussianNoiseConfig::new(0.5).init();
    let forward = AssertUnwindSafe(|| noise.forward(x).into_data());
    assert!(catch_unwind(forward).is_err());
}

/// The root's derivative at 0, which `clamp_min` multiplies with 0.
#[test]
fn cosine_similarity_is_nan_at_zero() {
    let zero = leaf(&[0.0, 0.0], [1, 2], &Device::flex(), DType::F32);
    let one = leaf(&[1.0, 0.0], [1, 2], &Device::flex(), DType::F32);
    let similarity = CosineSimilarityConfig::new().init();
    let cosine = similarity.forward(zero.clone(), one);
    assert_eq!(
        cosine.clone().into_scalar::<f64>(),
        0.0,
        "the value is right"
    );
    let got = grad(&zero, &cosine.backward());
    assert!(got[0].is_nan() && got[1].is_nan(), "right is (1e8, 0)");
}

/// The root's derivative at 0 times that of the square; 0 would be a subgradient.
#[test]
fn pairwise_distance_is_nan_of_equal_vectors() {
    let a = leaf(&[1.0, 2.0], [1, 2], &Device::flex(), DType::F32);
    let b = leaf(&[1.0, 2.0], [1, 2], &Device::flex(), DType::F32);
    let distance = PairwiseDistanceConfig::new().with_eps(0.0).init();
    let grads = distance.forward(a.clone(), b).backward();
    let got = grad(&a, &grads);
    assert!(got[0].is_nan() && got[1].is_nan());
}

fn interpolated(x: &Tensor<4>, mode: InterpolateMode) -> Tensor<4> {
    let config = Interpolate2dConfig::new().with_output_size(Some([3, 3]));
    config.with_mode(mode).init().forward(x.clone())
}

/// "interpolate_backward: unsupported mode Lanczos3"
#[test]
fn interpolation_by_lanczos_has_no_backward_pass() {
    let x = leaf(&[1.0; 4], [1, 1, 2, 2], &Device::flex(), DType::F32);
    let sum = interpolated(&x, InterpolateMode::Lanczos).sum();
    assert!(catch_unwind(AssertUnwindSafe(|| sum.backward())).is_err());
}

/// "interpolate: unsupported mode NearestExact"
#[test]
fn nearest_exact_is_not_there() {
    let x = leaf(&[1.0; 4], [1, 1, 2, 2], &Device::flex(), DType::F32);
    let forward = AssertUnwindSafe(|| interpolated(&x, InterpolateMode::NearestExact).into_data());
    assert!(catch_unwind(forward).is_err());
}

#[cfg(feature = "ndarray")]
mod on_ndarray {
    use burn::tensor::module;
    use burn::tensor::ops::DeformConvOptions;

    use super::*;

    #[expect(deprecated, reason = "this test shows a fault of this backend")]
    fn ndarray() -> Device {
        Device::ndarray()
    }

    /// Two channels, each with its own group of offsets: out = m₀ w₀ x₀ + m₁ w₁ x₁. The gradient by
    /// the second mask is computed with the first weight.
    #[test]
    fn deform_conv2d_mixes_up_groups_of_offsets() {
        let gradient = |device: &Device| {
            let x = leaf(&[3.0, 5.0], [1, 2, 1, 1], device, DType::F32);
            let offset = leaf(&[0.0; 4], [1, 4, 1, 1], device, DType::F32);
            let weight = leaf(&[1.0, 10.0], [1, 2, 1, 1], device, DType::F32);
            let mask = leaf(&[1.0, 1.0], [1, 2, 1, 1], device, DType::F32);
            let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 2);
            let out = module::deform_conv2d(x, offset, weight, Some(mask.clone()), None, options);
            grad(&mask, &out.backward())
        };
        assert_eq!(gradient(&Device::flex()), [3.0, 50.0]);
        assert_eq!(gradient(&ndarray()), [3.0, 5.0], "right is (3, 50)");
    }

    /// `powf_elem(self, value: f32)`
    #[test]
    fn powf_scalar_rounds_the_exponent_to_f32() {
        let x = leaf(&[2.0], [1], &ndarray(), DType::F64);
        let root = x.clone().powf_scalar(1.0 / 3.0);
        let value = root.clone().into_scalar::<f64>();
        assert!((value - 2.0_f64.cbrt()).abs() > 1e-9, "got {value}");
        let got = grad(&x, &root.backward())[0];
        let right = 2.0_f64.powf(-2.0 / 3.0) / 3.0;
        assert!((got - right).abs() > 1e-9, "right is {right}, got {got}");
    }
}

#[cfg(feature = "wgpu")]
mod on_wgpu {
    use burn::tensor::module;
    use burn::tensor::ops::ConvOptions;

    use super::*;

    /// Two groups of one channel, a kernel of one cell and a stride of 2: out = 2 (x₀, x₂). With one group, the
    /// right gradient comes out where tuning finds another way (`dgrad_im2col`) faster.
    #[test]
    fn conv3d_has_no_gradient_where_the_stride_exceeds_the_kernel() {
        let Some((device, _)) = crate::wgpu::adapter() else {
            return;
        };
        let gradient = |device: &Device| {
            let cells = [1.0, 3.0, 5.0, 7.0, 9.0, 11.0];
            let x = leaf(&cells, [1, 2, 3, 1, 1], device, DType::F32);
            let weight = leaf(&[2.0; 2], [2, 1, 1, 1, 1], device, DType::F32);
            let options = ConvOptions::new([2, 1, 1], [0, 0, 0], [1, 1, 1], 2);
            let out = module::conv3d(x.clone(), weight, None, options);
            let values: Vec<f64> = out.clone().into_data().iter::<f64>().collect();
            assert_eq!(values, [2.0, 10.0, 14.0, 22.0], "the value is right");
            grad(&x, &out.sum().backward())
        };
        let right = [2.0, 0.0, 2.0, 2.0, 0.0, 2.0];
        assert_eq!(gradient(&Device::flex()), right);
        assert_eq!(gradient(&device), [0.0; 6], "right is {right:?}");
    }
}
