//! A program of another project: predicts with `mnist-mlp` on one backend, flex.

use burn::tensor::{Device, Tensor};
use mnist_mlp::{ConfigError, MnistMlpConfig};

fn main() -> Result<(), ConfigError> {
    let device = Device::flex();
    let net = MnistMlpConfig::new(784, vec![32], 10).init(0, &device)?;
    let images = Tensor::<2>::ones([2, 784], &device);
    let predictions = net.predict(images);
    let probabilities = predictions.probabilities.try_into_vec_as::<f32>();
    let probabilities = probabilities.expect("a tensor on the CPU reads back");
    assert!(probabilities.iter().all(|p| (0.1..=1.0).contains(p)));
    println!("classes {}", predictions.classes);
    println!("probabilities {probabilities:?}");
    Ok(())
}
