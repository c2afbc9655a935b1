//! The trained net that comes with the crate.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{DType, Device, Tensor, TensorData};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use crate::{Activation, Dropout, MnistMlp};

/// The weights of [`MnistMlp::pretrained`] as a safetensors file: f16, `[d_in, d_out]`, under the
/// names of the module.
pub const PRETRAINED_WEIGHTS: &[u8] = include_bytes!("../weights/mnist-784-256-128-10.safetensors");

/// Test accuracy of [`MnistMlp::pretrained`] on MNIST. Nothing was chosen by it: the net and its
/// temperature come from the training images alone.
pub const PRETRAINED_TEST_ACCURACY: f64 = 0.9940;

/// What the logits of [`MnistMlp::pretrained`] are divided by, so that its probabilities mean what they
/// say: fitted on the 5 000 images of its validation set, of which it classifies 99.32 % correctly.
pub const PRETRAINED_TEMPERATURE: f64 = 0.588;

impl MnistMlp {
    /// A net 784-256-128-10 with ReLU, trained on MNIST, in f32. It classifies 99.40 % of the 10 000
    /// test images correctly, see [`PRETRAINED_TEST_ACCURACY`].
    ///
    /// Images are 28 rows of 28 pixels, one after the other, from 0 (background) to 1 (ink).
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use mnist_mlp::MnistMlp;
    ///
    /// let device = Device::flex();
    /// let net = MnistMlp::pretrained(&device);
    /// // An upright bar, 20 pixels high and 4 wide.
    /// let ink = |i: usize| (4..24).contains(&(i / 28)) && (12..16).contains(&(i % 28));
    /// let image: Vec<f32> = (0..784).map(|i| f32::from(u8::from(ink(i)))).collect();
    /// let images = Tensor::<1>::from_floats(&image[..], &device).reshape([1, 784]);
    /// let predictions = net.predict(images);
    /// assert_eq!(predictions.classes.into_scalar::<i64>(), 1);
    /// assert!(predictions.probabilities.into_scalar::<f32>() > 0.9);
    /// ```
    ///
    /// # Source
    ///
    /// These commands make the weights: MNIST's training images without 5 000 for validation, distorted anew in each of
    /// 300 epochs, by the recipe of `--preset accurate` for a smaller net. It takes 8 to 13 minutes on one core.
    ///
    /// ```console
    /// trainer --backend flex --engine fused --hidden 256,128 --batch-size 128 --optimizer momentum --learning-rate 0.05 --schedule cosine --warm-up 0 --label-smoothing 0.05 --weight-decay 1e-5 --augment both --augment-strength 0.9 --augment-rotation 1=0.5,7=0.5 --epochs 300 --threads 1 --seed 0 --run-name pretrained
    /// trainer export --run runs/pretrained --to safetensors --dtype f16 --out mnist-784-256-128-10.safetensors
    /// ```
    pub fn pretrained(device: &Device) -> Self {
        let file = SafeTensors::deserialize(PRETRAINED_WEIGHTS)
            .expect("the weights of this crate are a safetensors file");
        let tensor = |name: String| file.tensor(&name).ok();
        let layers = (0..).map_while(|place| {
            Some(Linear {
                weight: parameter(&tensor(format!("layers.{place}.weight"))?, device),
                bias: Some(parameter(&tensor(format!("layers.{place}.bias"))?, device)),
            })
        });
        Self {
            layers: layers.collect(),
            activation: Activation::Relu,
            label_smoothing: 0.0,
            dropout: Dropout::NONE,
        }
    }
}

/// A tensor of a file, in f32 on the device.
fn parameter<const D: usize>(view: &TensorView<'_>, device: &Device) -> Param<Tensor<D>> {
    let shape = view.shape().to_vec();
    let data = TensorData::from_bytes_vec(view.data().to_vec(), shape, DType::F16);
    Param::from_tensor(Tensor::from_data(data, (device, DType::F32)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;

    #[test]
    fn the_net_has_the_sizes_that_its_docs_name() {
        let net = MnistMlp::pretrained(&Device::flex());
        let sizes = net.layers.iter().map(|layer| layer.weight.val().dims());
        assert_eq!(
            sizes.collect::<Vec<_>>(),
            [[784, 256], [256, 128], [128, 10]]
        );
        assert_eq!(
            net.num_params(),
            784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10
        );
        assert_eq!(net.layers[0].weight.val().dtype(), DType::F32);
    }

    #[test]
    fn the_docs_name_the_accuracy_that_the_constant_has() {
        let percent = format!(
            "classifies {:.2} % of the",
            100.0 * PRETRAINED_TEST_ACCURACY
        );
        assert!(
            include_str!("pretrained.rs").contains(&percent),
            "{percent}"
        );
    }
}
