//! Gradient descent on linear regression reaches the closed form, with both engines.

use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Tensor};
use linear_regression::{LinearRegression, LinearRegressionConfig, NormalEquations};

use crate::{spread, tensor};

const ROWS: usize = 240;
const INPUTS: usize = 12;
const OUTPUTS: usize = 3;

/// The ridge term. It gives the loss a condition number near 2.3e3, that of MNIST at `γ = 1000`.
const RIDGE: f64 = 0.39;

/// Inputs like pixels, between 0 and 1: the first is always 0, the last two are always equal.
fn data() -> (Tensor<2>, Tensor<2>) {
    let pixel = |row: usize, column: usize| match column {
        0 => 0.0,
        11 => spread(row * 31 + 10 * 7),
        _ => spread(row * 31 + column * 7),
    };
    let x = (0..ROWS * INPUTS).map(|i| pixel(i / INPUTS, i % INPUTS));
    let class = |row: usize| (spread(row * 31 + 7) * 3.0) as usize;
    let y = (0..ROWS * OUTPUTS).map(|i| f64::from(u8::from(class(i / OUTPUTS) == i % OUTPUTS)));
    (tensor([ROWS, INPUTS], x), tensor([ROWS, OUTPUTS], y))
}

fn by_hand(net: &LinearRegression, x: Tensor<2>, y: Tensor<2>) -> (Tensor<1>, GradientsParams) {
    manual_backprop::linear_regression::gradients(&net.valid(), x, y)
}

fn by_autodiff(net: &LinearRegression, x: Tensor<2>, y: Tensor<2>) -> (Tensor<1>, GradientsParams) {
    let loss = net.loss(x.autodiff(), y.autodiff());
    let grads = GradientsParams::from_grads(loss.backward(), net);
    (loss.inner(), grads)
}

type Engine = fn(&LinearRegression, Tensor<2>, Tensor<2>) -> (Tensor<1>, GradientsParams);

/// Full batches with momentum 0.9, which is stable up to 1.9 times the longest step of plain descent.
/// Along the smallest curvature a step then reduces the distance by 1.7 %.
#[test]
fn descent_converges_to_the_closed_form() {
    let (x, y) = data();
    let mut equations = NormalEquations::new(INPUTS, OUTPUTS).expect("sizes from 1");
    equations.add(x.clone(), y.clone()).expect("finite data");
    let solution = equations.solve(RIDGE).expect("rows were added");
    assert_eq!(solution.rank, INPUTS - 2);
    let curvature = equations.curvature(RIDGE).expect("rows were added");
    assert!(
        (2.0e3..2.6e3).contains(&curvature.condition()),
        "{curvature:?}"
    );

    for engine in [by_hand, by_autodiff] as [Engine; 2] {
        let mut net = LinearRegressionConfig::new(INPUTS, OUTPUTS)
            .with_ridge(RIDGE)
            .init(0, (&Device::flex(), DType::F64))
            .expect("a legal configuration")
            .train();
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
        let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
        for _ in 0..2000 {
            let (_, grads) = engine(&net, x.clone(), y.clone());
            net = optimizer.step(1.7 * curvature.largest_step(), net, grads);
        }
        let net = net.valid();
        let distance = solution.distance(&net).expect("readable");
        assert!(distance < 1e-12, "{distance:e}");
        let gap = equations.loss(&net).expect("readable") - solution.loss;
        assert!(gap.abs() < 1e-12 * solution.loss, "{gap:e}");
    }
}

/// The gradients of an epoch's batches add up to that of the whole, ridge term included.
#[test]
fn gradients_of_batches_add_up() {
    let (x, y) = data();
    let net = LinearRegressionConfig::new(INPUTS, OUTPUTS)
        .with_ridge(7.0)
        .with_training_rows(Some(ROWS))
        .with_initializer(linear_regression::Initializer::GlorotUniform)
        .init(5, (&Device::flex(), DType::F64))
        .expect("a legal configuration");
    let grad_w = |start, length| {
        let part = |tensor: &Tensor<2>| tensor.clone().narrow(0, start, length);
        let (loss, grads) = by_hand(&net, part(&x), part(&y));
        let grad_w = grads.get::<2>(net.linear.weight.id).expect("registered");
        (loss.into_scalar::<f64>(), grad_w)
    };
    let (whole_loss, whole) = grad_w(0, ROWS);
    let parts = [(0, 100), (100, 100), (200, 40)].map(|(start, length)| grad_w(start, length));
    let loss = parts.iter().map(|(loss, _)| loss).sum::<f64>();
    assert!((loss / whole_loss - 1.0).abs() < 1e-13);
    let sum = parts
        .into_iter()
        .map(|(_, grad_w)| grad_w)
        .reduce(|a, b| a + b);
    let gap = (sum.expect("three parts") - whole.clone()).abs().max();
    let size = whole.abs().max().into_scalar::<f64>();
    assert!(gap.into_scalar::<f64>() < 1e-13 * size);
}
