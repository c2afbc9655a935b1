//! What only wgpu gets wrong.

use std::sync::OnceLock;

use burn::tensor::wgpu::wgpu::DeviceType;

use super::*;

fn apart(a: &[f64], b: &[f64]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}

/// The adapter, opened once in a process because Burn refuses a second time, and its kind; none is a failure where
/// `REQUIRE_WGPU` is set.
pub(crate) fn adapter() -> Option<(Device, DeviceType)> {
    static OPENED: OnceLock<Result<(Device, DeviceType), String>> = OnceLock::new();
    let open = || match Device::wgpu_options().init_with_setup() {
        Ok((device, setup)) => Ok((device, setup.adapter.get_info().device_type)),
        Err(error) => Err(error.to_string()),
    };
    match OPENED.get_or_init(open) {
        Ok(opened) => Some(opened.clone()),
        Err(error) => {
            let required = std::env::var_os("REQUIRE_WGPU").is_some();
            assert!(!required, "REQUIRE_WGPU is set, but {error}");
            eprintln!("not run: {error}");
            None
        }
    }
}

/// `powf(0, -0.5) / 2`, which shaders need not compute: lavapipe's gives 0.
#[test]
fn sqrt_is_flat_at_zero_on_a_software_adapter() {
    let Some((device, kind)) = adapter() else {
        return;
    };
    let got = gradient(0.0, &device, F32, Tensor::sqrt);
    match kind {
        DeviceType::Cpu => assert_eq!(got, 0.0, "right is inf"),
        _ => assert_eq!(got, f64::INFINITY),
    }
}

/// `powf(x, -0.5) / 2` and others; on other backends NaN.
#[test]
fn powers_of_nan_are_zero_on_a_software_adapter() {
    let Some((device, kind)) = adapter() else {
        return;
    };
    let got = gradient(f64::NAN, &device, F32, Tensor::sqrt);
    match kind {
        DeviceType::Cpu => assert_eq!(got, 0.0),
        _ => eprintln!("not on a CPU: {got}"),
    }
    assert!(gradient(f64::NAN, &flex(), F32, Tensor::sqrt).is_nan());
}

/// With an inner dimension of 0, the sums have no terms, and zeros must be written. Instead, the
/// result may contain what a dropped tensor of ones left in memory.
#[test]
fn matmul_without_terms_is_unwritten_memory() {
    let Some((device, _)) = adapter() else {
        return;
    };
    let unwritten = |_| {
        drop(
            Tensor::<2>::ones([3, 2], &device)
                .add_scalar(1.0)
                .into_data(),
        );
        let (a, b) = (
            Tensor::<2>::ones([3, 0], &device),
            Tensor::ones([0, 2], &device),
        );
        let product: Vec<f64> = a.matmul(b).into_data().iter::<f64>().collect();
        product.iter().any(|element| *element != 0.0)
    };
    assert!((0..20).any(unwritten), "right are zeros");
}

/// Two threads of `scatter_nd` add to one element at the same time, without an atomic.
#[test]
fn gather_nd_loses_gradients() {
    let Some((device, _)) = adapter() else {
        return;
    };
    let device = device.autodiff();
    let x = Tensor::<1>::from_data([5.0, 7.0], &device).require_grad();
    let twice = Tensor::<2, Int>::from_data([[1], [1]], &device);
    let gathered: Tensor<1> = x.clone().gather_nd(twice);
    let grads = gathered.sum().backward();
    let grad = x.grad(&grads).expect("a gradient");
    let got: Vec<f64> = grad.into_data().iter::<f64>().collect();
    assert_eq!(got, [0.0, 1.0], "right is (0, 2)");
}

/// On the CPU it is correct, as `deform_conv2d_computes_in_f32` shows.
#[test]
fn deform_conv2d_has_another_mask_gradient() {
    let Some((device, _)) = adapter() else {
        return;
    };
    let (got, right) = (mask_gradient(&device, F32), mask_gradient(&flex(), F32));
    assert!(
        apart(&got, &right) > 0.01,
        "got {got:?}, right is {right:?}"
    );
}
