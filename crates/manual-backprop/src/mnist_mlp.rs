//! Loss and gradients of an [`MnistMlp`], by hand.

use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor};
use mnist_mlp::MnistMlp;

use crate::Reduction;
use crate::cross_entropy::{one_hot, smoothed};
use crate::nets::mnist::{LayerParameters, lean};
use crate::packed;

/// The loss of `net` and the gradients of its parameters, for any Burn optimizer.
///
/// The same numbers as `net.loss(x, labels)` and its autodiff gradients: softmax cross-entropy
/// against targets smoothed by `net.label_smoothing`, the mean over the rows, with the masks of
/// `net.dropout`. There is no gradient for `x`.
///
/// # Shapes
///
/// `x: [batch, inputs]`, `labels: [batch]` with classes from 0; the loss has one element.
///
/// # Panics
///
/// If the sizes do not fit, if a layer has no bias, or if the net is on an autodiff device: pass
/// `net.valid()`, whose parameters keep their ids.
///
/// # Source
///
/// Lecture items L7 and L9.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
/// use mnist_mlp::MnistMlpConfig;
///
/// let device = Device::flex();
/// let net = MnistMlpConfig::new(784, vec![32], 10).init(0, &device)?;
/// let labels = Tensor::<1, Int>::from_data([3, 7], &device);
/// let (loss, grads) =
///     manual_backprop::mnist_mlp::gradients(&net, Tensor::zeros([2, 784], &device), labels);
/// assert!((loss.into_scalar::<f32>() - 10f32.ln()).abs() < 1e-6); // blank images, zero biases
/// assert_eq!(grads.get::<2>(net.layers[0].weight.id).unwrap().dims(), [784, 32]);
/// # Ok::<(), mnist_mlp::ConfigError>(())
/// ```
pub fn gradients(
    net: &MnistMlp,
    x: Tensor<2>,
    labels: Tensor<1, Int>,
) -> (Tensor<1>, GradientsParams) {
    let batch = x.dims()[0];
    gradients_of_share(net, x, labels, batch)
}

/// As [`gradients`], for rows that are a shard of a batch of `batch` rows. Both are divided by
/// `batch`, so that losses and gradients of all shards add up to those of the batch. With dropout, the net has the
/// masks of the shard ([`Dropout::from_row`](layers::Dropout::from_row)).
///
/// # Panics
///
/// As [`gradients`].
pub fn gradients_of_share(
    net: &MnistMlp,
    x: Tensor<2>,
    labels: Tensor<1, Int>,
    batch: usize,
) -> (Tensor<1>, GradientsParams) {
    let layers = net.layers.iter().map(packed::parameters);
    let layers = layers.map(|(w, b)| LayerParameters { w, b });
    let layers = layers.collect::<Vec<_>>();
    let w = &layers.last().expect("a net has at least one layer").w;
    assert_eq!(
        x.dims()[0],
        labels.dims()[0],
        "images and labels differ in rows"
    );
    let y = smoothed(one_hot(labels, w.dims()[1], w.dtype()), net.label_smoothing);
    let c = Reduction::Mean.factor(batch);
    let (loss, grads) = lean::gradients(net.activation, &layers, x, y, c, net.dropout);

    let mut packed = GradientsParams::new();
    for (layer, (grad_w, grad_b)) in net.layers.iter().zip(grads) {
        packed::register(&mut packed, layer, grad_w, grad_b);
    }
    (loss, packed)
}
