//! Whole training runs with the gradients derived by hand, compared with Burn's autodiff.

mod linear_regression;

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use xor_net::{Activation, Initializer, OutputUnit, XorNet, XorNetConfig};

/// How far two runs of 100 steps in f64 may drift apart, relative to the loss. Most runs here stay
/// within 1e-15. Adam divides a small gradient by its own size, which magnifies a last bit to 4e-11 in
/// one of them.
const DRIFT: f64 = 1e-10;

fn tensor<const D: usize>(shape: [usize; D], values: impl IntoIterator<Item = f64>) -> Tensor<D> {
    let data = TensorData::new(values.into_iter().collect::<Vec<_>>(), shape);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// A number in the unit interval for every index: a low-discrepancy sequence.
fn spread(i: usize) -> f64 {
    (0.5 + i as f64 * 0.618_033_988_749_894_9).fract()
}

fn truth_table() -> (Tensor<2>, Tensor<2>) {
    (
        tensor([4, 2], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]),
        tensor([4, 1], [0.0, 1.0, 1.0, 0.0]),
    )
}

/// 32 rows of 20 "pixels" and their classes out of 5.
fn batch() -> (Tensor<2>, Tensor<1, Int>) {
    let labels = (0..32).map(|i| (i * 7 + i / 5) % 5).collect::<Vec<i64>>();
    (
        tensor([32, 20], (0..640).map(spread)),
        Tensor::from_data(TensorData::new(labels, [32]), &Device::flex()),
    )
}

fn xor(activation: Activation, output_unit: OutputUnit) -> XorNet {
    XorNetConfig::new()
        .with_activation(activation)
        .with_output_unit(output_unit)
        .init(3, (&Device::flex(), DType::F64))
        .expect("a legal configuration")
}

fn mlp(hidden: Vec<usize>, activation: Activation) -> MnistMlp {
    MnistMlpConfig::new(20, hidden, 5)
        .with_activation(activation)
        .init(3, (&Device::flex(), DType::F64))
        .expect("a legal configuration")
}

/// Burn's own gradients of the loss.
fn autodiff<M: Module>(net: &M, loss: impl Fn(&M) -> Tensor<1>) -> (Tensor<1>, GradientsParams) {
    let net = net.clone().train();
    let loss = loss(&net);
    let grads = GradientsParams::from_grads(loss.backward(), &net);
    (loss.inner(), grads)
}

/// Takes `steps` steps of an optimizer; returns the losses and the trained net.
fn train<M: Module>(
    net: M,
    steps: usize,
    gradients: impl Fn(&M) -> (Tensor<1>, GradientsParams),
    mut step: impl FnMut(M, GradientsParams) -> M,
) -> (Vec<f64>, M) {
    let mut net = net.train();
    let losses = (0..steps)
        .map(|_| {
            let (loss, grads) = gradients(&net.valid());
            net = step(net.clone(), grads);
            loss.into_scalar::<f64>()
        })
        .collect();
    (losses, net.valid())
}

/// The losses of 100 steps of Adam with the gradients of one engine.
fn losses<M: Module>(net: &M, gradients: impl Fn(&M) -> (Tensor<1>, GradientsParams)) -> Vec<f64> {
    let mut adam = AdamConfig::new().init();
    train(net.clone(), 100, gradients, |net, grads| {
        adam.step(0.02, net, grads)
    })
    .0
}

fn assert_together(net: &str, manual: &[f64], autodiff: &[f64]) {
    assert!(
        manual[99] < 0.9 * manual[0],
        "{net} did not learn: {manual:?}"
    );
    for (step, (manual, autodiff)) in manual.iter().zip(autodiff).enumerate() {
        let drift = (manual - autodiff).abs() / autodiff.abs();
        assert!(
            drift <= DRIFT,
            "{net}, step {step}: {manual} {autodiff}, {drift:e} apart"
        );
    }
}

#[test]
fn xor_losses_of_both_engines_stay_together_for_100_steps() {
    let (x, y) = truth_table();
    for activation in Activation::ALL {
        for output_unit in [OutputUnit::Sigmoid, OutputUnit::Linear] {
            let net = xor(activation, output_unit);
            let manual = losses(&net, |net| {
                manual_backprop::xor_net::gradients(net, x.clone(), y.clone())
            });
            let autodiff = losses(&net, |net| {
                autodiff(net, |net| net.loss(x.clone(), y.clone()))
            });
            assert_together(&format!("xor, {activation}"), &manual, &autodiff);
        }
    }
}

#[test]
fn mlp_losses_of_both_engines_stay_together_for_100_steps() {
    let (x, labels) = batch();
    for activation in Activation::ALL {
        for hidden in [vec![], vec![16], vec![16, 12]] {
            let net = mlp(hidden.clone(), activation);
            let manual = losses(&net, |net| {
                manual_backprop::mnist_mlp::gradients(net, x.clone(), labels.clone())
            });
            let autodiff = losses(&net, |net| {
                autodiff(net, |net| net.loss(x.clone(), labels.clone()))
            });
            assert_together(&format!("mlp {hidden:?}, {activation}"), &manual, &autodiff);
        }
    }
}

#[test]
fn a_net_learns_one_batch_by_heart() {
    let (x, labels) = batch();
    let mut adam = AdamConfig::new().init();
    let (_, net) = train(
        mlp(vec![64, 32], Activation::Relu),
        1000,
        |net| manual_backprop::mnist_mlp::gradients(net, x.clone(), labels.clone()),
        |net, grads| adam.step(0.01, net, grads),
    );
    let loss = net.loss(x, labels).into_scalar::<f64>();
    assert!(loss < 1e-3, "{loss}");
}

#[test]
fn a_net_learns_xor() {
    let (x, y) = truth_table();
    let mut sgd = SgdConfig::new().init();
    let (_, net) = train(
        xor(Activation::Sigmoid, OutputUnit::Sigmoid),
        3000,
        |net| manual_backprop::xor_net::gradients(net, x.clone(), y.clone()),
        |net, grads| sgd.step(2.0, net, grads),
    );
    let outputs = net
        .forward(x)
        .try_into_vec_as::<f64>()
        .expect("an f64 tensor reads back");
    for (output, target) in outputs.into_iter().zip([0.0, 1.0, 1.0, 0.0]) {
        assert!((output - target).abs() < 0.1, "{output} {target}");
    }
}

/// The reason for random initial weights: equal units get equal gradients and stay equal.
#[test]
fn zero_initialisation_leaves_hidden_units_identical() {
    let (x, labels) = batch();
    let net = MnistMlpConfig::new(20, vec![6], 5)
        .with_activation(Activation::Sigmoid)
        .with_initializer(Some(Initializer::Zeros))
        .init(0, (&Device::flex(), DType::F64))
        .expect("a legal configuration");
    let mut sgd = SgdConfig::new().init();
    let (_, net) = train(
        net,
        20,
        |net| manual_backprop::mnist_mlp::gradients(net, x.clone(), labels.clone()),
        |net, grads| sgd.step(0.5, net, grads),
    );
    let weights = net.layers[0].weight.val();
    let rows = weights
        .try_into_vec_as::<f64>()
        .expect("an f64 tensor reads back");
    assert!(rows.iter().any(|w| w.abs() > 1e-3), "the first layer moved");
    for row in rows.chunks(6) {
        assert!(row.iter().all(|w| w == &row[0]), "{row:?}");
    }
}

#[test]
fn losses_equal_those_of_the_models() {
    let (x, y) = truth_table();
    for activation in Activation::ALL {
        for output_unit in [OutputUnit::Sigmoid, OutputUnit::Linear] {
            let net = xor(activation, output_unit);
            let (loss, _) = manual_backprop::xor_net::gradients(&net, x.clone(), y.clone());
            let expected = net.loss(x.clone(), y.clone()).into_scalar::<f64>();
            assert!((loss.into_scalar::<f64>() - expected).abs() < 1e-15);
        }
        let (x, labels) = batch();
        let net = mlp(vec![16, 12], activation);
        let (loss, _) = manual_backprop::mnist_mlp::gradients(&net, x.clone(), labels.clone());
        let expected = net.loss(x, labels).into_scalar::<f64>();
        assert!((loss.into_scalar::<f64>() - expected).abs() < 1e-15);
    }
}

#[test]
#[should_panic(expected = "autodiff device, expected a plain one")]
fn a_net_on_an_autodiff_device_panics() {
    let (x, y) = truth_table();
    let net = xor(Activation::Sigmoid, OutputUnit::Sigmoid).train();
    manual_backprop::xor_net::gradients(&net, x, y);
}

/// The formulas in lower precision equal those in f64, up to some epsilons of their float type.
#[test]
fn every_float_type_works() {
    let (x, labels) = batch();
    let net = mlp(vec![16, 12], Activation::Relu);
    let exact = gradient_of_first_bias(&net, x.clone(), labels.clone());
    let scale = exact
        .iter()
        .fold(0.0, |scale: f64, value| scale.max(value.abs()));
    for (dtype, epsilon) in [
        (DType::F32, 1.2e-7),
        (DType::BF16, 7.8e-3),
        (DType::F16, 9.8e-4),
    ] {
        let mut rounded = net.clone();
        for layer in &mut rounded.layers {
            layer.weight = layer.weight.clone().map(|weight| weight.cast(dtype));
            layer.bias = layer
                .bias
                .take()
                .map(|bias| bias.map(|bias| bias.cast(dtype)));
        }
        let gradient = gradient_of_first_bias(&rounded, x.clone().cast(dtype), labels.clone());
        for (rough, exact) in gradient.into_iter().zip(&exact) {
            assert!(
                (rough - exact).abs() < 16.0 * epsilon * scale,
                "{dtype:?}: {rough} {exact}"
            );
        }
    }
}

fn gradient_of_first_bias(net: &MnistMlp, x: Tensor<2>, labels: Tensor<1, Int>) -> Vec<f64> {
    let (_, grads) = manual_backprop::mnist_mlp::gradients(net, x, labels);
    let bias = net.layers[0].bias.as_ref().expect("the layer has a bias");
    let gradient = grads.get::<1>(bias.id).expect("the bias has a gradient");
    gradient.into_data().iter::<f64>().collect()
}
