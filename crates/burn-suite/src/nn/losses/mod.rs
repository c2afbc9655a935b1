//! The losses of `burn::nn::loss`, called as modules, each against its formula on the host.

mod classes;
mod elementwise;
mod margins;
mod pairs;
mod sequences;

use burn::nn::loss::Reduction;

use super::dual::Dual;
use super::formula::Array;
use crate::operation::Operation;

/// All of them.
pub(super) fn operations() -> Vec<Operation> {
    [
        pairs::operations(),
        classes::operations(),
        margins::operations(),
        sequences::operations(),
    ]
    .concat()
}

/// What a reduction makes of the elements of a loss, of which `batch` belong together.
fn reduced(losses: &[Dual], batch: usize, reduction: &Reduction) -> Array {
    let sum: Dual = losses.iter().copied().sum();
    Array::scalar(match reduction {
        Reduction::Sum => sum,
        Reduction::Mean | Reduction::Auto => sum / losses.len() as f64,
        Reduction::BatchMean => sum / batch as f64,
    })
}
