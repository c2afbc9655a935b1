//! Minimal reproductions of the ledger's entries, with Burn alone.
//!
//! Each asserts what Burn does, and names the right value. So it fails when Burn fixes the fault: then
//! delete it with the ledger's entry. To send one upstream, copy it with `gradient` or `gradients`.
//!
//! They run on flex. Those of other backends need `--features ndarray` or `wgpu`.

mod graph;
mod layers;
mod losses;
#[cfg(feature = "ndarray")]
mod ndarray;
mod processes;
#[cfg(feature = "wgpu")]
mod wgpu;

use burn::tensor::grid::affine_grid_2d;
use burn::tensor::ops::{ConvOptions, DeformConvOptions, GridSampleOptions, InterpolateMode};
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation, module};

const F32: DType = DType::F32;
const F64: DType = DType::F64;

fn tensor(x: f64, device: &Device, dtype: DType) -> Tensor<1> {
    let data = TensorData::new(vec![x], [1]);
    Tensor::from_data(data, (&device.clone().autodiff(), dtype)).require_grad()
}

/// The derivative of `function` at `x`.
fn gradient(
    x: f64,
    device: &Device,
    dtype: DType,
    function: impl Fn(Tensor<1>) -> Tensor<1>,
) -> f64 {
    let x = tensor(x, device, dtype);
    let grads = function(x.clone()).backward();
    x.grad(&grads).expect("a gradient").into_scalar::<f64>()
}

/// The partial derivatives of `function` at `(a, b)`.
fn gradients(
    (a, b): (f64, f64),
    device: &Device,
    dtype: DType,
    function: impl Fn(Tensor<1>, Tensor<1>) -> Tensor<1>,
) -> (f64, f64) {
    let (a, b) = (tensor(a, device, dtype), tensor(b, device, dtype));
    let grads = function(a.clone(), b.clone()).backward();
    let of = |x: Tensor<1>| x.grad(&grads).expect("a gradient").into_scalar::<f64>();
    (of(a), of(b))
}

fn flex() -> Device {
    Device::flex()
}

/// `1.0 / ops.state.elem::<f32>()` in the backward pass of `float_div_scalar`.
#[test]
fn div_scalar_divides_in_f32() {
    let got = gradient(1.0, &flex(), F64, |x| x.div_scalar(3.0));
    assert_eq!(got, f64::from(1.0_f32 / 3.0_f32));
    assert!((got - 1.0 / 3.0).abs() > 9e-9, "right is 1/3");
}

/// By `div_scalar`, with 3 elements or with 4 less 1.
#[test]
fn variance_divides_in_f32() {
    let of = |values: Vec<f64>, variance: fn(Tensor<1>) -> Tensor<1>| {
        let count = values.len();
        let data = TensorData::new(values, [count]);
        let x = Tensor::<1>::from_data(data, (&flex().autodiff(), F64)).require_grad();
        let grads = variance(x.clone()).backward();
        let grad = x.grad(&grads).expect("a gradient");
        grad.into_data().iter::<f64>().last().expect("elements")
    };
    for got in [
        of(vec![0.0, 0.0, 3.0, 9.0], |x| x.var(0)),
        of(vec![0.0, 0.0, 9.0], |x| x.var_bias(0)),
        of(vec![0.0, 0.0, 9.0], |x| {
            x.reshape([3, 1]).cov(0, 0).reshape([1])
        }),
    ] {
        assert!((got - 4.0).abs() > 1e-8, "right is 4, got {got}");
    }
}

/// The value is 1 and its gradient 0, but the result is not connected with `x`.
#[test]
fn powi_zero_is_not_tracked() {
    let x = tensor(2.0, &flex(), F64);
    let power = x.clone().powi_scalar(0);
    let sum = power + x.clone() * 5.0;
    let grads = sum.backward();
    let grad = x.grad(&grads).expect("by the second term");
    assert_eq!(grad.into_scalar::<f64>(), 5.0);
    let alone = std::panic::catch_unwind(|| gradient(2.0, &flex(), F64, |x| x.powi_scalar(0)));
    assert!(alone.is_err(), "right is 0");
}

/// `0 / 0` in `lhs / hypot(lhs, rhs)`; any subgradient, such as 0, would do.
#[test]
fn hypot_is_nan_at_the_origin() {
    let (by_a, by_b) = gradients((0.0, 0.0), &flex(), F64, |a, b| a.hypot(b));
    assert!(by_a.is_nan() && by_b.is_nan());
}

/// `0^b * ln 0 = 0 * -inf`; 0^b is 0 for all b > 0, so right is 0.
#[test]
fn powf_is_nan_by_the_exponent_at_base_zero() {
    let (by_base, by_exponent) = gradients((0.0, 2.0), &flex(), F64, |a, b| a.powf(b));
    assert_eq!(by_base, 0.0);
    assert!(by_exponent.is_nan());
}

/// `-a / b²`, where b² underflows to 0 or overflows although the quotient does not.
#[test]
fn div_squares_the_divisor() {
    let small = 2.0_f64.powi(-80);
    let (_, by_b) = gradients((small, small), &flex(), F32, |a, b| a / b);
    assert_eq!(by_b, f64::NEG_INFINITY, "right is -2^80");
    let large = 2.0_f64.powi(80);
    let (_, by_b) = gradients((large, large), &flex(), F32, |a, b| a / b);
    assert_eq!(by_b, 0.0, "right is -2^-80");
}

/// `x / (x² + y²)`, where the squares underflow to 0.
#[test]
fn atan2_squares_small_arguments() {
    let small = 2.0_f64.powi(-80);
    let (by_y, by_x) = gradients((small, small), &flex(), F32, |y, x| y.atan2(x));
    assert_eq!(by_y, f64::INFINITY, "right is 2^79");
    assert_eq!(by_x, f64::NEG_INFINITY, "right is -2^79");
}

/// `1 / sqrt(x² + 1)` and `1 / sqrt(x² - 1)`, where the square overflows.
#[test]
fn asinh_and_acosh_square_large_arguments() {
    let large = 2.0_f64.powi(80);
    assert_eq!(
        gradient(large, &flex(), F32, Tensor::asinh),
        0.0,
        "right is 2^-80"
    );
    assert_eq!(
        gradient(large, &flex(), F32, Tensor::acosh),
        0.0,
        "right is 2^-80"
    );
    let value = tensor(large, &flex(), F32).asinh().into_scalar::<f64>();
    assert!(
        (value - large.asinh()).abs() < 1e-4,
        "the value is right: {value}"
    );
}

/// The unselected branch has an infinite derivative, and 0 * inf is NaN.
#[test]
fn mask_where_lets_an_infinity_through() {
    let got = gradient(0.0, &flex(), F64, |x| {
        let mask = x.clone().equal_scalar(0.0);
        x.clone().recip().mask_where(mask, x)
    });
    assert!(got.is_nan(), "right is 1");
}

/// `exp` of the inputs that do not need it: its overflow is masked in the value only.
#[test]
fn exponential_units_are_nan_for_large_inputs() {
    for (x, dtype) in [(89.0, F32), (1000.0, F64)] {
        let value = activation::elu(tensor(x, &flex(), dtype), 1.0).into_scalar::<f64>();
        assert_eq!(value, x, "the value is right");
        let elu = gradient(x, &flex(), dtype, |x| activation::elu(x, 1.0));
        let celu = gradient(x, &flex(), dtype, |x| activation::celu(x, 1.0));
        assert!(elu.is_nan() && celu.is_nan(), "right is 1");
        let selu = gradient(x, &flex(), dtype, activation::selu);
        assert!(selu.is_nan(), "right is 1.0507");
    }
}

/// `1 - tanh²`, where tanh rounds to the number next to 1: one rounding too coarse by a factor 2.
#[test]
fn tanh_is_coarse_where_it_saturates() {
    let got = gradient(9.0, &flex(), F32, Tensor::tanh);
    let right = 1.0 / (9.0_f64.cosh() * 9.0_f64.cosh());
    assert!(
        (got / right - 1.0).abs() > 0.2,
        "got {got:e}, right is {right:e}"
    );
}

/// `s (1 - s)`, where s rounds to 1.
#[test]
fn sigmoid_is_zero_where_it_saturates() {
    assert_eq!(
        gradient(20.0, &flex(), F32, activation::sigmoid),
        0.0,
        "right is 2.06e-9"
    );
}

/// A cast to f32 and back inside.
#[test]
fn hard_sigmoid_and_hard_swish_compute_in_f32() {
    let got = gradient(1.0, &flex(), F64, |x| activation::hard_sigmoid(x, 0.2, 0.5));
    assert_eq!(got, f64::from(0.2_f32));
    let got = gradient(1.0, &flex(), F64, activation::hard_swish);
    assert!((got - 5.0 / 6.0).abs() > 1e-9, "right is 5/6, got {got}");
}

/// The gradient of the weights is as long as the kernel would be if it reached the end of the
/// input; without groups, and in two dimensions, the surplus is cut off. Flex writes it over the
/// other elements, ndarray panics.
#[test]
fn conv1d_with_groups_and_a_rest_mixes_up_weights() {
    let device = flex().autodiff();
    let tensor = |values: Vec<f64>, shape: [usize; 3]| {
        Tensor::<3>::from_data(TensorData::new(values, shape), (&device, F64)).require_grad()
    };
    // Two groups of two channels, kernel 2, stride 3: elements 2 and 5 of a row are not reached.
    let x = tensor((1..=24).map(f64::from).collect(), [1, 4, 6]);
    let weight = tensor(vec![1.0; 8], [2, 2, 2]);
    let options = ConvOptions::new([3], [0], [1], 2);
    let grads = module::conv1d(x, weight.clone(), None, options).backward();
    let grad = weight.grad(&grads).expect("a gradient");
    let got: Vec<f64> = grad.into_data().iter::<f64>().collect();
    // Element k of a channel's kernel meets elements k and 3 + k of its row.
    let right = [5.0, 7.0, 17.0, 19.0, 29.0, 31.0, 41.0, 43.0];
    assert_ne!(got, right);
}

/// The gradient by the mask of a deformable convolution with a kernel of 2 x 2, all offsets 0.3.
fn mask_gradient(device: &Device, dtype: DType) -> Vec<f64> {
    let device = device.clone().autodiff();
    let tensor = |shape: [usize; 4]| {
        let values = (0..shape.iter().product()).map(|i: usize| (i * 7 % 11) as f64 / 10.0 - 0.5);
        let data = TensorData::new(values.collect::<Vec<f64>>(), shape);
        Tensor::<4>::from_data(data, (&device, dtype))
    };
    let (x, weight) = (tensor([1, 2, 4, 4]), tensor([2, 2, 2, 2]));
    let offset = Tensor::<4>::full([1, 8, 3, 3], 0.3, (&device, dtype));
    let mask = tensor([1, 4, 3, 3]).require_grad();
    let options = DeformConvOptions::new([1, 1], [0, 0], [1, 1], 1, 1);
    let out = module::deform_conv2d(x, offset, weight, Some(mask.clone()), None, options);
    let grads = out.sum().backward();
    let grad = mask.grad(&grads).expect("a gradient");
    grad.into_data().iter::<f64>().collect()
}

/// The output is linear in the mask, so that its first element's derivative is a plain sum.
#[test]
fn deform_conv2d_computes_in_f32() {
    let got = mask_gradient(&flex(), F64)[0];
    let at = |i: usize| (i * 7 % 11) as f64 / 10.0 - 0.5;
    let mut right = 0.0;
    for channel in 0..2 {
        let x = |row: usize, column: usize| at(channel * 16 + row * 4 + column);
        let between = 0.49 * x(0, 0) + 0.21 * (x(0, 1) + x(1, 0)) + 0.09 * x(1, 1);
        right += between * (at(channel * 4) + at(8 + channel * 4));
    }
    let error = (got - right).abs();
    assert!(error > 1e-10 && error < 1e-6, "right is {right}, got {got}");
}

/// `inf / inf`; the limits are 1, 0 and 0.
#[test]
fn infinities_divided_by_infinities_are_nan() {
    let inf = f64::INFINITY;
    let (by_a, _) = gradients((inf, 3.0), &flex(), F64, |a, b| a.hypot(b));
    let (by_y, _) = gradients((3.0, inf), &flex(), F64, |y, x| y.atan2(x));
    assert!(by_a.is_nan() && by_y.is_nan());
    assert!(gradient(inf, &flex(), F64, activation::softsign).is_nan());
}

/// `inf * 0`; the limits are 1, but 0 for the power.
#[test]
fn infinity_times_zero_is_nan() {
    let inf = f64::INFINITY;
    let functions: [fn(Tensor<1>) -> Tensor<1>; 4] = [
        activation::mish,
        activation::gelu,
        activation::gelu_approximate,
        activation::silu,
    ];
    for function in functions {
        assert!(gradient(inf, &flex(), F64, function).is_nan());
    }
    let (by_base, _) = gradients((2.0, -inf), &flex(), F64, |a, b| a.powf(b));
    assert!(by_base.is_nan());
    let product = |a, b| Tensor::cat(vec![a, b], 0).prod();
    let (_, by_b) = gradients((2.0, inf), &flex(), F64, product);
    assert!(by_b.is_nan(), "the product of the others is 2");
}

/// No factor is zero, but the masks for zeros are multiplied by infinities.
#[test]
fn cumprod_is_nan_up_to_an_infinity() {
    let (by_a, by_b) = gradients((2.0, f64::INFINITY), &flex(), F64, |a, b| {
        Tensor::cat(vec![a, b], 0).cumprod(0)
    });
    assert!(by_a.is_nan() && by_b.is_nan(), "right is (inf, 2)");
}

/// `1 / x⁴` is 0, times `2 x`; by `powi_scalar(-3)` it is right.
#[test]
fn powi_minus_two_is_nan_at_infinity() {
    let at = |exponent: i32| gradient(f64::INFINITY, &flex(), F64, |x| x.powi_scalar(exponent));
    assert!(at(-2).is_nan(), "right is 0");
    assert_eq!(at(-3), 0.0);
}

/// `2 * NaN` times the upstream gradient, which is 0.
#[test]
fn mask_fill_lets_a_nan_through() {
    let got = gradient(f64::NAN, &flex(), F64, |x| {
        (x.clone() * x.clone()).mask_fill(x.is_nan(), 7.0)
    });
    assert!(got.is_nan(), "right is 0");
}

fn ones<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::ones(shape, &device.clone().autodiff()).require_grad()
}

fn panics<T>(action: impl FnOnce() -> T) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).is_err()
}

/// Right is (0, 0, 0).
#[test]
fn an_empty_slice_is_not_tracked() {
    let part = ones([3], &flex()).slice(1..1);
    assert!(!part.is_tracked());
    assert!(panics(|| part.backward()));
}

/// Right are gradients without elements.
#[test]
fn nothing_put_in_has_no_gradient() {
    let (x, nothing) = (ones([3], &flex()), ones([0], &flex()));
    let grads = x.clone().slice_assign(1..1, nothing.clone()).backward();
    assert!(x.grad(&grads).is_some() && nothing.grad(&grads).is_none());
    let (x, nothing) = (ones([3], &flex()), ones([0], &flex()));
    let grads = Tensor::cat(vec![nothing.clone(), x.clone()], 0).backward();
    assert!(x.grad(&grads).is_some() && nothing.grad(&grads).is_none());
}

/// An element equals the value that it is compared with: a gradient of 1 arrives, and 2 is passed
/// on.
#[test]
fn ties_of_updates_count_twice() {
    use burn::tensor::IndexingUpdateOp::{Max, Min};
    for update in [Min, Max] {
        let at = |x: &Tensor<1>| Tensor::<1, Int>::from_data([0], &x.device());
        type Pair<'a> = &'a dyn Fn(Tensor<1>, Tensor<1>) -> Tensor<1>;
        let updates: [Pair<'_>; 3] = [
            &|x, value| x.clone().scatter(0, at(&x), value, update),
            &|x, value| x.clone().select_assign(0, at(&x), value, update),
            &|x, value| x.clone().scatter_nd(at(&x).reshape([1, 1]), value, update),
        ];
        for function in updates {
            let both = gradients((3.0, 3.0), &flex(), F64, function);
            assert_eq!(both, (1.0, 1.0), "right are two numbers that add up to 1");
        }
    }
    let cummax = |a, b| Tensor::cat(vec![a, b], 0).cummax(0).slice(1..2);
    let (by_a, by_b) = gradients((3.0, 3.0), &flex(), F64, cummax);
    assert_eq!(by_a + by_b, 1.0, "cummax is right");
}

/// Its points are f32 where that is the device's default.
#[test]
fn affine_grid_needs_the_default_type() {
    let map = |dtype| {
        let map = Tensor::<3>::ones([1, 2, 3], (&flex(), dtype));
        affine_grid_2d(map, [1, 1, 2, 2])
    };
    assert_eq!(map(F32).dims(), [1, 2, 2, 2]);
    assert!(panics(|| map(F64)));
}

/// Without autodiff, flex has values in the nearest mode.
#[test]
fn grid_sample_under_autodiff_is_bilinear() {
    let sample = |mode, device: &Device| {
        let (x, grid) = (
            Tensor::<4>::ones([1, 1, 2, 2], device),
            Tensor::zeros([1, 1, 1, 2], device),
        );
        x.grid_sample_2d(grid, GridSampleOptions::new(mode))
    };
    sample(InterpolateMode::Nearest, &flex());
    sample(InterpolateMode::Bilinear, &flex().autodiff());
    for mode in [InterpolateMode::Nearest, InterpolateMode::Bicubic] {
        assert!(panics(|| sample(mode, &flex().autodiff())));
    }
}
