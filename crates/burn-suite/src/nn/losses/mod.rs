//! The losses of `burn::nn::loss`, called as modules.

mod classes;
mod elementwise;
mod margins;
mod pairs;
mod sequences;

use burn::nn::loss::Reduction;

use crate::operation::{Family, Operation};
use crate::witness::{Argument, Arguments, Dual, DualArray, Formula, FormulaPrecision, sum};

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

fn loss(name: &'static str) -> Operation {
    Operation::new(name, Family::Losses)
}

/// A formula that sums.
fn summed(
    inputs: impl IntoIterator<Item = Argument>,
    evaluate: impl Fn(&Arguments) -> DualArray + Send + Sync + 'static,
) -> Formula {
    Formula::new(inputs, evaluate).with_precision(FormulaPrecision::Summed)
}

/// Reduces the elements of a loss, where a batch is `batch` of them.
fn reduced(losses: &[Dual], batch: usize, reduction: &Reduction) -> DualArray {
    let sum = sum(losses);
    DualArray::scalar(match reduction {
        Reduction::Sum => sum,
        Reduction::Mean | Reduction::Auto => sum / losses.len() as f64,
        Reduction::BatchMean => sum / batch as f64,
    })
}

/// As [`reduced`], or the losses as they are.
fn reduced_if(losses: &[Dual], batch: usize, reduction: Option<&Reduction>) -> DualArray {
    match reduction {
        None => DualArray::vector(losses.to_vec()),
        Some(reduction) => reduced(losses, batch, reduction),
    }
}

/// No reduction, and each that there is, with the end of its check's name.
fn reductions() -> [(&'static str, Option<Reduction>); 4] {
    [
        ("", None),
        (" mean", Some(Reduction::Mean)),
        (" sum", Some(Reduction::Sum)),
        (" by default", Some(Reduction::Auto)),
    ]
}
