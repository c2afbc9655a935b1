//! Dense layers with seeded weights.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorCreationOptions, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::Activation;

/// The initial weights of a dense layer; biases start at zero.
///
/// All but [`Zeros`](Self::Zeros) draw from the uniform distribution on `(-bound, bound)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initializer {
    /// `bound = √(6 / d_in)`: keeps the variance of activations through ReLU layers
    /// (He et al. 2015, "Delving deep into rectifiers").
    HeUniform,
    /// `bound = √(6 / (d_in + d_out))`: a compromise between forward and backward variance for
    /// sigmoid and tanh (Glorot and Bengio 2010, "Understanding the difficulty of training deep
    /// feedforward neural networks").
    GlorotUniform,
    /// Every weight 0. All hidden units then stay identical forever, which this variant shows.
    Zeros,
}

impl Initializer {
    /// The initializer that suits an activation: He for ReLU and ELU, Glorot for sigmoid and tanh.
    pub fn for_activation(activation: Activation) -> Self {
        match activation {
            Activation::Relu | Activation::Elu => Self::HeUniform,
            Activation::Sigmoid | Activation::Tanh => Self::GlorotUniform,
        }
    }

    /// Half the width of the uniform distribution for a layer from `d_in` to `d_out` units.
    pub fn bound(self, d_in: usize, d_out: usize) -> f64 {
        match self {
            Self::HeUniform => (6.0 / d_in as f64).sqrt(),
            Self::GlorotUniform => (6.0 / (d_in + d_out) as f64).sqrt(),
            Self::Zeros => 0.0,
        }
    }
}

/// A dense layer `x·W + b` with seeded weights `[d_in, d_out]` and a zero bias `[d_out]`.
///
/// The weights depend only on `seed`, `path` (the layer's place in its model) and the sizes. They
/// are drawn on the host and uploaded, so every backend starts from the same numbers. In f32 they
/// are the f64 ones, rounded. `options` is a device, or a device with a float dtype.
///
/// # Shapes
///
/// `x: [n, d_in]` gives `[n, d_out]`.
///
/// # Source
///
/// Lecture item L3; the distributions are those of [`Initializer`].
pub fn dense(
    d_in: usize,
    d_out: usize,
    initializer: Initializer,
    seed: u64,
    path: &str,
    options: impl Into<TensorCreationOptions>,
) -> Linear {
    let options = options.into();
    let bound = initializer.bound(d_in, d_out);
    let mut rng = generator(seed, path);
    let weight = (0..d_in * d_out)
        .map(|_| bound * (2.0 * unit_interval(rng.next_u32()) - 1.0))
        .collect::<Vec<f64>>();
    let weight = Tensor::from_data(TensorData::new(weight, [d_in, d_out]), options.clone());
    Linear {
        weight: Param::from_tensor(weight),
        bias: Some(Param::from_tensor(Tensor::zeros([d_out], options))),
    }
}

/// ChaCha8 with `seed` as its key and the FNV-1a hash of `path` as its stream.
fn generator(seed: u64, path: &str) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    }));
    rng
}

/// The midpoints of 2³² equal cells of the unit interval: never 0, never 1.
fn unit_interval(bits: u32) -> f64 {
    (f64::from(bits) + 0.5) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    fn weights(initializer: Initializer, seed: u64, path: &str) -> Vec<f64> {
        dense(
            40,
            30,
            initializer,
            seed,
            path,
            (&Device::flex(), DType::F64),
        )
        .weight
        .val()
        .try_into_vec_as::<f64>()
        .expect("an f64 tensor reads back")
    }

    #[test]
    fn weights_fill_the_interval_evenly() {
        for initializer in [Initializer::HeUniform, Initializer::GlorotUniform] {
            let bound = initializer.bound(40, 30);
            let weights = weights(initializer, 1, "layer");
            let n = weights.len() as f64;
            let mean = weights.iter().sum::<f64>() / n;
            let variance = weights.iter().map(|w| w * w).sum::<f64>() / n;
            assert!(weights.iter().all(|w| w.abs() < bound));
            // Four standard errors of the mean and of the mean square of 1200 uniform draws.
            assert!(mean.abs() < 4.0 * bound / (3.0 * n).sqrt());
            assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 4.0 * (0.8 / n).sqrt());
        }
        assert!(
            weights(Initializer::Zeros, 1, "layer")
                .iter()
                .all(|&w| w == 0.0)
        );
    }

    #[test]
    fn seed_and_path_decide_the_weights() {
        let of = |seed, path| weights(Initializer::HeUniform, seed, path);
        assert_eq!(of(1, "a"), of(1, "a"));
        assert_ne!(of(1, "a"), of(2, "a"));
        assert_ne!(of(1, "a"), of(1, "b"));
    }

    #[test]
    fn f32_weights_are_the_f64_ones_rounded() {
        let single = dense(40, 30, Initializer::HeUniform, 3, "a", &Device::flex())
            .weight
            .val()
            .try_into_vec_as::<f32>()
            .expect("an f32 tensor reads back");
        let rounded = weights(Initializer::HeUniform, 3, "a")
            .into_iter()
            .map(|w| w as f32)
            .collect::<Vec<_>>();
        assert_eq!(single, rounded);
    }
}
