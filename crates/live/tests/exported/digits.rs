//! The net 784-256-128-10 with relu. Its weights are read from a file that the page saves as safetensors.
//!
//! It needs the packages `burn`, with the features "flex" and "safetensors", and `mnist-mlp`.

use burn::store::{ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use mnist_mlp::{Activation, MnistMlp, MnistMlpConfig};

/// The net on a device; `net.forward(x)` gives logits for `x: [n, 784]`.
pub fn net(file: &str, device: &Device) -> Result<MnistMlp, Box<dyn std::error::Error>> {
    let config = MnistMlpConfig::new(784, vec![256, 128], 10).with_activation(Activation::Relu);
    let mut net = config.init(0, device)?;
    net.load_from(&mut SafetensorsStore::from_file(file))?;
    Ok(net)
}
