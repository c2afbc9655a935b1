//! A batch: the mean over its rows, divided once.

use burn_gradcheck::Sample;
use manual_backprop::Reduction;
use pages::numbers::{number, vector};
use pages::page::{Section, Table};
use pages::terms::sum_text;

use super::passes::{Passes, Rows};
use crate::setup::Setup;
use crate::tensors::{Comparison, read, scalar};

/// Rows of the batch.
const ROWS: usize = 3;

/// The mean over several rows, the first with these logits.
pub(super) fn batch_section(first: &[f64], class: usize, setup: &Setup) -> Section {
    let n = first.len();
    let drawn = Sample::Signed.draw((ROWS - 1) * n, setup.seed, &["softmax", "batch"]);
    let drawn = drawn.iter().map(|value| (20.0 * value).round() / 10.0);
    let logits = first.iter().copied().chain(drawn).collect::<Vec<_>>();
    let labels = [0, 1, 2].map(|row| (class + row) % n);
    let alone = Rows::new(setup, first.to_vec(), &labels[..1]);
    let batch = Rows::new(setup, logits.clone(), &labels);

    let mut table = Table::new(["row", "logits", "class", "loss L", "yp - y", "δz"]);
    let mean = Passes::of(&batch, Reduction::Mean);
    let (sum, one) = (
        Passes::of(&batch, Reduction::Sum),
        Passes::of(&alone, Reduction::Mean),
    );
    let (differences, grad) = (read(&sum.grad).values, read(&mean.grad).values);
    let mut losses = vec![];
    for (r, row) in logits.chunks(n).enumerate() {
        let single = Rows::new(setup, row.to_vec(), &labels[r..=r]);
        let loss = scalar(&Passes::of(&single, Reduction::Sum).loss);
        losses.push(loss);
        table.push([
            (r + 1).to_string(),
            vector(row),
            labels[r].to_string(),
            number(loss),
            vector(&differences[r * n..][..n]),
            vector(&grad[r * n..][..n]),
        ]);
    }
    let mut divided = Table::new([
        "rows",
        "divided by the number of rows",
        "norm of δz",
        "difference from autodiff",
    ]);
    for rows in [&alone, &batch] {
        let count = rows.z.dims()[0];
        let autodiff = read(&rows.by_autodiff(Reduction::Mean)[1]);
        let once = Passes::of(rows, Reduction::Mean).grad;
        let cases = [
            ("not at all", Passes::of(rows, Reduction::Sum).grad),
            ("once", once.clone()),
            ("twice, in both rules", once.div_scalar(count as f64)),
        ];
        for (times, grad) in cases {
            let grad = read(&grad);
            divided.push([
                count.to_string(),
                times.to_owned(),
                number(grad.norm()),
                number(grad.largest_difference(&autodiff)),
            ]);
        }
    }
    let [in_two, fused] = batch.by_autodiff(Reduction::Mean);
    let comparison = Comparison::new()
        .row("δz, two rules", &mean.grad_in_two, &in_two)
        .row("δz, fused", &mean.grad, &fused);
    Section::new("A batch: the mean over its rows")
            .text(format!(
                "Row 1 has the logits above; two more rows are random. The loss of a batch of n rows is \
                 the mean of the rows' losses: ({}) / {ROWS} = {}. The gradient of the mean is divided by \
                 n as well, exactly once:",
                sum_text(&losses),
                number(scalar(&mean.loss))
            ))
            .formula("L = -1/n Σ_r Σ_k y_rk ln yp_rk        δz = (yp - y) / n")
            .table(table)
            .text(format!(
                "A single row is a batch with n = 1: for row 1 alone, δz = {}. In the batch it is divided \
                 by {ROWS}. Compared with autodiff:",
                vector(&read(&one.grad).values)
            ))
            .table(comparison.into_table())
            .text(
                "A common mistake is to divide in the cross-entropy and again in the softmax, or not at \
                 all. A single row does not reveal it; a batch of several rows does.",
            )
            .table(divided)
}
