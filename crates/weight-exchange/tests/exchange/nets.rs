//! What the tests share: nets as PyTorch saved them, and what PyTorch computes with them.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use layers::Activation;
use serde::Deserialize;
use weight_exchange::DenseStack;

/// A net of `fixtures/make.py` or `fixtures/make_models.py`.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    name: String,
    pub(crate) activation: Activation,
    pub(crate) inputs: Vec<Vec<f32>>,
    pub(crate) logits: Vec<Vec<f32>>,
}

impl Case {
    /// The case of a name.
    pub(crate) fn named(name: &str) -> Self {
        Self::in_file("cases.json", name)
    }

    /// The case of a name in those of `fixtures/make_models.py`.
    pub(crate) fn of_model(name: &str) -> Self {
        Self::in_file("models/models.json", name)
    }

    fn in_file(file: &str, name: &str) -> Self {
        let cases = std::fs::read(fixture(file)).expect("the cases can be read");
        let cases: Vec<Self> = serde_json::from_slice(&cases).expect("the cases are JSON");
        let case = cases.into_iter().find(|case| case.name == name);
        case.expect("there is a case of that name")
    }

    /// Panics unless the logits are PyTorch's to 1e-5: sums of at most six f32 products of numbers
    /// around 1 are within 1e-6, layer upon layer.
    #[track_caller]
    pub(crate) fn assert_logits(&self, logits: &[Vec<f32>]) {
        assert_eq!(logits.len(), self.logits.len());
        for (row, expected) in logits.iter().zip(&self.logits) {
            assert_eq!(row.len(), expected.len());
            for (got, want) in row.iter().zip(expected) {
                assert!((got - want).abs() <= 1e-5, "{}: {got} {want}", self.name);
            }
        }
    }

    /// Whether the logits differ from PyTorch's.
    pub(crate) fn differs(&self, logits: &[Vec<f32>]) -> bool {
        let pairs = logits.iter().flatten().zip(self.logits.iter().flatten());
        pairs
            .map(|(got, want)| (got - want).abs())
            .fold(0.0, f32::max)
            > 1e-2
    }
}

/// The path of a file next to `make.py`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The net's output on flex, row by row.
pub(crate) fn logits(
    stack: &DenseStack,
    activation: Activation,
    inputs: &[Vec<f32>],
) -> Vec<Vec<f32>> {
    let device = Device::flex();
    let shape = [inputs.len(), inputs[0].len()];
    let x = Tensor::<2>::from_data(TensorData::new(inputs.concat(), shape), &device);
    let (last, hidden) = stack.layers().split_last().expect("a stack has layers");
    let hidden = hidden.iter().fold(x, |z, layer| {
        activation.forward(layer.to_linear(&device).forward(z))
    });
    let logits = last.to_linear(&device).forward(hidden);
    let [_, columns] = logits.dims();
    let values = logits
        .try_into_vec_as::<f32>()
        .expect("a tensor on the CPU reads back");
    values.chunks(columns).map(<[f32]>::to_vec).collect()
}
