//! The lecture's net on real images, in f64.

use burn::module::Module;
use burn::optim::AdamConfig;
use burn::tensor::{DType, Int, Tensor, TensorData};
use datasets::{Mnist, bundled_mnist_dir};
use mnist_mlp::{MnistMlp, MnistMlpConfig};

/// The first images of MNIST and the lecture's net, in f64 on flex.
fn lecture() -> (MnistMlp, Tensor<2>, Tensor<1, Int>) {
    const BATCH: usize = 64;
    let device = backends::Backend::Flex.open().expect("flex runs").device;
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is here");
    let pixels = (0..BATCH).flat_map(|index| train.image(index));
    let pixels = pixels.map(|&byte| f64::from(byte) / 255.0);
    let labels = (0..BATCH).map(|index| i64::from(train.label(index)));
    let net = MnistMlpConfig::new(784, vec![256, 128], 10)
        .init(0, (&device, DType::F64))
        .expect("a legal configuration");
    let pixels = TensorData::new(pixels.collect::<Vec<_>>(), [BATCH, 784]);
    let labels = TensorData::new(labels.collect::<Vec<_>>(), [BATCH]);
    (
        net,
        Tensor::from_data(pixels, (&device, DType::F64)),
        Tensor::from_data(labels, &device),
    )
}

#[test]
fn the_first_loss_is_near_that_of_guessing() {
    let (net, x, labels) = lecture();
    let (loss, _) = manual_backprop::mnist_mlp::gradients(&net, x, labels);
    let loss = loss.into_scalar::<f64>();
    assert!((loss - 10f64.ln()).abs() < 0.3, "{loss}, not about ln 10");
}

#[test]
fn one_batch_of_images_is_learned_by_heart() {
    let (net, x, labels) = lecture();
    let mut adam = AdamConfig::new().init();
    let mut net = net.train();
    for _ in 0..60 {
        let plain = net.valid();
        let (_, grads) = manual_backprop::mnist_mlp::gradients(&plain, x.clone(), labels.clone());
        net = adam.step(0.002, net, grads);
    }
    let loss = net.valid().loss(x, labels).into_scalar::<f64>();
    assert!(loss < 1e-3, "{loss}");
}
