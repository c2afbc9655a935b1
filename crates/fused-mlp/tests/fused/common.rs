//! Nets and batches for the tests, and the same loss and gradients by `manual-backprop`.

use burn::tensor::{DType, Device, Tensor, TensorData};
use fused_mlp::{
    Architecture, Float, FusedError, Inputs, LayerValues, Output, OutputUnit, Ridge, Rule, Targets,
    Trainer,
};
use layers::Dropout;
use manual_backprop::activation::{self, Activation, sigmoid};
use manual_backprop::cross_entropy::{smoothed, softmax_cross_entropy};
use manual_backprop::linear::affine;
use manual_backprop::{Reduction, dropout, ridge};

/// Numbers that look random.
pub(crate) fn noise(seed: usize, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |i| {
        let i = (i + 1) as f64 + 97.0 * seed as f64;
        let number = (i * 12.9898).sin() * 43_758.545_3;
        2.0 * (number - number.floor()) - 1.0
    })
}

/// A net with parameters, and a data set.
pub(crate) struct Problem {
    pub(crate) architecture: Architecture,
    pub(crate) layers: Vec<LayerValues<f64>>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) labels: Vec<u8>,
    pub(crate) values: Vec<f64>,
    /// The batch.
    pub(crate) rows: Vec<u32>,
}

impl Problem {
    pub(crate) fn new(sizes: &[usize], hidden: Activation, output: Output, batch: usize) -> Self {
        let data = batch + 3;
        let d_out = sizes[sizes.len() - 1];
        let layer = |(number, size): (usize, &[usize])| {
            let scale = (3.0 / size[0] as f64).sqrt();
            let weights = noise(number, size[0] * size[1]).map(|w| round(scale * w));
            let biases = noise(100 + number, size[1]).map(|b| round(0.5 * b));
            LayerValues {
                weights: weights.collect(),
                biases: biases.collect(),
            }
        };
        // As in images, runs of zeros in most of a row; numbers all over the rest.
        let byte = |(i, x): (usize, f64)| {
            let (row, column) = (i / sizes[0], i % sizes[0]);
            let is_background =
                3 * column < 2 * sizes[0] && !(5 * row + column / 6).is_multiple_of(4);
            if is_background {
                0
            } else {
                (128.0 * (x + 1.0)) as u8
            }
        };
        // Rows that add up to 1, as softmax needs them, of numbers that f32 holds.
        let values = (0..data).flat_map(|row| {
            let one = row % d_out;
            let rest = if d_out > 1 { 0.25 } else { 0.0 };
            (0..d_out).map(move |k| match k {
                k if k == one => 1.0 - rest,
                k if k == (one + 1) % d_out => rest,
                _ => 0.0,
            })
        });
        Self {
            layers: sizes.windows(2).enumerate().map(layer).collect(),
            bytes: noise(7, data * sizes[0]).enumerate().map(byte).collect(),
            labels: (0..data).map(|row| (row * 5 % d_out) as u8).collect(),
            values: values.collect(),
            rows: (0..batch).map(|row| (row * 7 % data) as u32).collect(),
            architecture: Architecture {
                sizes: sizes.to_vec(),
                hidden: vec![hidden; sizes.len() - 2],
                output,
            },
        }
    }

    pub(crate) fn trainer<T: Float>(&self, rule: Rule, decay: f64, threads: usize) -> Trainer<T> {
        let net = self.architecture.clone();
        let mut trainer = Trainer::new(net, rule, decay, self.rows.len(), threads).unwrap();
        self.set(&mut trainer).unwrap();
        trainer
    }

    pub(crate) fn set<T: Float>(&self, trainer: &mut Trainer<T>) -> Result<(), FusedError> {
        let cast = |values: &[f64]| values.iter().map(|&x| T::from_f64(x)).collect::<Vec<T>>();
        for (number, layer) in self.layers.iter().enumerate() {
            trainer.set_layer(number, &cast(&layer.weights), &cast(&layer.biases))?;
        }
        Ok(())
    }

    pub(crate) fn inputs<T: Float>(&self) -> Inputs<'_, T> {
        Inputs::Bytes {
            images: &self.bytes,
            rows: &self.rows,
        }
    }

    pub(crate) fn targets<T: Float>(&self) -> Targets<'_, T> {
        Targets::Labels {
            labels: &self.labels,
            rows: &self.rows,
        }
    }

    /// Inputs of the batch as a tensor.
    pub(crate) fn x(&self, dtype: DType) -> Tensor<2> {
        let width = self.architecture.sizes[0];
        let row = |&row: &u32| &self.bytes[row as usize * width..][..width];
        let pixels = self.rows.iter().flat_map(row);
        let shape = [self.rows.len(), width];
        // Scaled in the net's type, as the data are.
        match dtype {
            DType::F64 => tensor(
                pixels.map(|&p| f64::from(p) / 255.0).collect(),
                shape,
                dtype,
            ),
            _ => {
                let pixels = pixels.map(|&p| f64::from(f32::from(p) / 255.0));
                tensor(pixels.collect(), shape, dtype)
            }
        }
    }

    /// Targets of the batch as a tensor: 1 for the class.
    pub(crate) fn y(&self, dtype: DType) -> Tensor<2> {
        let width = *self.architecture.sizes.last().unwrap();
        let row = |&row: &u32| {
            let label = usize::from(self.labels[row as usize]);
            (0..width).map(move |k| f64::from(u8::from(k == label)))
        };
        let y = self.rows.iter().flat_map(row).collect();
        tensor(y, [self.rows.len(), width], dtype)
    }

    /// Loss and gradients of the given parameters by the rules of `manual-backprop`.
    pub(crate) fn by_manual_backprop(
        &self,
        layers: &[(Tensor<2>, Tensor<1>)],
        x: Tensor<2>,
        y: Tensor<2>,
        masks: Dropout,
    ) -> (f64, Vec<(Tensor<2>, Tensor<1>)>) {
        let f = &self.architecture.hidden;
        let rows = x.dims()[0];
        let mask = |l: usize, z: &Tensor<2>| masks.mask(l, z.dims(), (&z.device(), z.dtype()));
        let dropped =
            |l, z: &Tensor<2>| dropout::forward(z.clone(), mask(l, z), masks.probability(l));
        let mut z = vec![x];
        let mut d = vec![dropped(0, &z[0])];
        let mut pre = vec![];
        for (l, (w, b)) in layers.iter().enumerate() {
            let a = affine::forward(d[l].clone(), w.clone(), b.clone());
            pre.push(a.clone());
            if let Some(&f) = f.get(l) {
                z.push(activation::forward(f, a));
                d.push(dropped(l + 1, &z[l + 1]));
            }
        }
        let a = pre.last().unwrap().clone();
        let mut gamma = 0.0;
        let (loss, mut delta) = match self.architecture.output {
            Output::SoftmaxCrossEntropy { smoothing } => {
                let y = smoothed(y, smoothing);
                let (loss, yp) = softmax_cross_entropy::forward(a, y.clone(), Reduction::Mean);
                (
                    loss,
                    softmax_cross_entropy::backward(yp, y, Reduction::Mean),
                )
            }
            Output::HalfSquaredError { unit, ridge } => {
                gamma = ridge.map_or(0.0, |ridge| {
                    let all = ridge.training_rows.unwrap_or(rows);
                    ridge.gamma * rows as f64 / all as f64
                });
                let yp = match unit {
                    OutputUnit::Linear => a,
                    OutputUnit::Sigmoid => sigmoid::forward(a),
                };
                let error = yp.clone() - y;
                let loss = (error.clone() * error.clone()).sum() * 0.5;
                match unit {
                    OutputUnit::Linear => (loss, error),
                    OutputUnit::Sigmoid => (loss, sigmoid::backward(yp, error)),
                }
            }
        };
        let mut loss = loss.into_scalar::<f64>();
        let mut gradients = vec![];
        for (l, (w, b)) in layers.iter().enumerate().rev() {
            let (grad_d, mut grad_w, grad_b) =
                affine::backward(d[l].clone(), w.clone(), delta.clone());
            if gamma != 0.0 {
                loss += ridge::forward(w.clone(), gamma).into_scalar::<f64>();
                grad_w = grad_w + ridge::backward(w.clone(), gamma);
            }
            assert_eq!(b.dims(), grad_b.dims());
            gradients.push((grad_w, grad_b));
            if l > 0 {
                let grad_z = dropout::backward(grad_d, mask(l, &z[l]), masks.probability(l));
                delta = activation::backward(f[l - 1], pre[l - 1].clone(), z[l].clone(), grad_z);
            }
        }
        gradients.reverse();
        (loss, gradients)
    }

    /// The parameters as tensors.
    pub(crate) fn tensors(&self, dtype: DType) -> Vec<(Tensor<2>, Tensor<1>)> {
        let sizes = self.architecture.sizes.windows(2);
        let layers = self.layers.iter().zip(sizes);
        let pair = |(layer, size): (&LayerValues<f64>, &[usize])| {
            let w = tensor(layer.weights.clone(), [size[0], size[1]], dtype);
            let b = tensor(layer.biases.clone(), [1, size[1]], dtype);
            (w, b.squeeze_dim(0))
        };
        layers.map(pair).collect()
    }
}

/// A number that f32 holds.
fn round(x: f64) -> f64 {
    f64::from(x as f32)
}

pub(crate) fn tensor(values: Vec<f64>, shape: [usize; 2], dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), (&Device::flex(), dtype))
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.cast(DType::F64).try_into_vec_as::<f64>().unwrap()
}

/// Checks that two vectors differ by at most `tolerance` of the largest number.
pub(crate) fn assert_close(what: &str, got: &[impl Float], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0f64, |m, x| m.max(x.abs()));
    for (number, (got, expected)) in got.iter().zip(expected).enumerate() {
        let apart = (got.to_f64() - expected).abs();
        assert!(
            apart <= tolerance * largest,
            "{what}, element {number}: {got} and {expected}, {:.1e} of {largest:.1e} apart",
            apart / largest
        );
    }
}

/// Sizes at and around the ends of blocks, tiles and vectors, one to four layers, tiny and not.
pub(crate) const SIZES: [(&[usize], usize); 14] = [
    (&[1, 1], 1),
    (&[2, 4, 1], 4),
    (&[3, 5, 4, 2], 6),
    (&[8, 32, 3], 31),
    (&[31, 33, 10], 33),
    (&[32, 32, 32, 10], 32),
    (&[40, 64, 7], 64),
    (&[65, 17, 23, 9, 5], 50),
    (&[784, 16], 40),
    (&[100, 130, 33], 129),
    (&[17, 200, 1], 5),
    (&[784, 40, 10], 128),
    (&[129, 7, 70], 97),
    (&[20, 150, 150, 10], 260),
];

/// Every output, for so many classes as 33 too.
pub(crate) fn outputs() -> Vec<Output> {
    let squared = |unit, ridge| Output::HalfSquaredError { unit, ridge };
    let ridge = |training_rows| {
        Some(Ridge {
            gamma: 3.0,
            training_rows,
        })
    };
    vec![
        Output::SoftmaxCrossEntropy { smoothing: 0.0 },
        Output::SoftmaxCrossEntropy { smoothing: 0.1 },
        squared(OutputUnit::Linear, None),
        squared(OutputUnit::Sigmoid, None),
        squared(OutputUnit::Linear, ridge(None)),
        squared(OutputUnit::Sigmoid, ridge(Some(1000))),
    ]
}

/// Dropout of a step.
pub(crate) fn masks() -> Dropout {
    let dropout = Dropout::new(0.3, 0.2, 4).expect("probabilities");
    dropout.at_step(7)
}
