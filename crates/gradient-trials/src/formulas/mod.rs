//! The rules and nets of `manual-backprop` as cases.

mod alternatives;
pub(crate) mod arithmetic;
pub(crate) mod models;
mod mutants;
pub(crate) mod nets;
pub(crate) mod rules;

pub(crate) use alternatives::alternatives;
use models::By;
pub use models::MnistBatch;
pub(crate) use mutants::{is_below_f32, mutants};

use burn_gradcheck::Case;

use crate::sizes;

/// Every rule and every net at `shapes` sizes, and the MNIST model on a real batch if it is given.
pub(crate) fn cases(shapes: usize, seed: u64, mnist: Option<&MnistBatch>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (size, activations) in sizes::with_activations(shapes, seed) {
        cases.extend(rules::all(size));
        cases.extend(arithmetic::all(size));
        cases.extend(nets::all(activations, size));
        cases.extend(models::all(activations, size, By::Formulas));
    }
    cases.extend(mnist.map(|batch| models::mnist_batch_case(batch, By::Formulas)));
    cases
}
