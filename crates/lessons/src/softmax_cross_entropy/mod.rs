//! Softmax and cross-entropy: two rules, one after the other, and the two fused.

mod batch;
mod curves;
mod failures;
mod passes;

use anyhow::{Result, bail};
use clap::Args;
use computational_graph::{GraphBuilder, SvgOptions};
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::from_probabilities;
use manual_backprop::softmax;
use pages::colours::Colour;
use pages::numbers::{number, vector};
use pages::page::{Page, Section, Table};
use pages::terms::Terms;
use training::number::parse::finite;

use crate::about;
use crate::graphs;
use crate::setup::{NotFinite, Setup, Teach};
use crate::tensors::{Comparison, read, scalar, tracked};
use batch::batch_section;
use failures::why_fused;
use passes::{Passes, Rows, identity, jacobian_of, repeated};

/// The largest number of classes: that of MNIST; more would not fit on a page.
const MOST_CLASSES: usize = 10;
/// Options of `lesson softmax-cross-entropy`.
#[derive(Debug, Args)]
pub struct Options {
    /// The logits, one for each class, 2 to 10 numbers.
    #[arg(long, default_value = "2,1,-1,0.5", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    logits: Vec<f64>,

    /// The true class, from 0 to one less than the number of logits.
    #[arg(long, default_value = "1", allow_negative_numbers = true, value_parser = class, value_name = "K")]
    class: usize,
}

fn class(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| "expected a class, a whole number from 0".to_owned())
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let (classes, class) = (self.logits.len(), self.class);
        if !(2..=MOST_CLASSES).contains(&classes) {
            bail!(
                "--logits: expected 2 to {MOST_CLASSES} numbers, one for each class, got {classes}; \
                 for example --logits 2,1,-1,0.5"
            );
        }
        if class >= classes {
            bail!(
                "--class {class}: --logits has {classes} classes; choose one from 0 to {}",
                classes - 1
            );
        }
        let row = Rows::new(setup, self.logits.clone(), &[class]);
        let one = Passes::of(&row, Reduction::Sum);
        if !scalar(&one.loss).is_finite() {
            return Err(NotFinite(format!(
                "the loss of logits {} in {} is {}; choose smaller logits",
                vector(&self.logits),
                setup.dtype.name(),
                number(scalar(&one.loss))
            ))
            .into());
        }
        Ok(about::SOFTMAX_CROSS_ENTROPY
            .page()
            .with(self.probabilities(&one))
            .with(self.loss(&row, &one)?)
            .with(self.jacobian(setup, &row, &one)?)
            .with(self.by_hand(&row, &one))
            .with(two_rules_and_one(&row, &one))
            .with(self.tangents(setup, &one)?)
            .with(why_fused(setup)?)
            .with(batch_section(&self.logits, self.class, setup)))
    }
}

impl Options {
    fn probabilities(&self, one: &Passes) -> Section {
        let yp = read(&one.yp).values;
        let m = self.logits.iter().copied().fold(f64::MIN, f64::max);
        let powers = self
            .logits
            .iter()
            .map(|z| (z - m).exp())
            .collect::<Vec<_>>();
        let mut table = Table::new(["class k", "logit z_k", "z_k - m", "e^(z_k - m)", "yp_k"]);
        for (k, &z) in self.logits.iter().enumerate() {
            table.push([
                k.to_string(),
                number(z),
                number(z - m),
                number(powers[k]),
                number(yp[k]),
            ]);
        }
        Section::new("Softmax: from logits to probabilities")
            .text(format!(
                "The last layer of a classifier computes a number for each class, its logit z_k. \
                 Softmax turns logits into probabilities: all are above 0, and they sum to 1. Only \
                 differences of logits matter, so the largest, m = {}, is subtracted first: then no \
                 power is above 1, and nothing overflows.",
                number(m)
            ))
            .formula("m = max_j z_j        yp_k = e^(z_k - m) / Σ_j e^(z_j - m)")
            .table(table)
            .text(format!(
                "By hand: the powers add up to {}, and yp_{} = {} / {} = {}. The probabilities add up \
                 to {}.",
                number(powers.iter().sum()),
                self.class,
                number(powers[self.class]),
                number(powers.iter().sum()),
                number(powers[self.class] / powers.iter().sum::<f64>()),
                number(yp.iter().sum())
            ))
    }

    fn loss(&self, row: &Rows, one: &Passes) -> Result<Section> {
        let c = self.class;
        let (yp, y) = (read(&one.yp).values, read(&row.y).values);
        let mut net = GraphBuilder::new();
        let z = net.parameter("z", row.z.clone())?;
        let probabilities = net.softmax("yp", z)?;
        let target = net.input("y", row.y.clone())?;
        net.cross_entropy("loss", probabilities, target, Reduction::Sum)?;
        let mut net = net.build();
        net.forward();
        net.backward("loss")?;
        let options = SvgOptions {
            title: "Logits, softmax, cross-entropy".to_owned(),
            ..SvgOptions::default()
        };
        Ok(Section::new("Cross-entropy: from probabilities to a loss")
            .text(format!(
                "The target y is one-hot: 1 for the true class, here {c}, and 0 for the others, so \
                 y = {}. One term of the sum remains. The loss is 0 if the true class has probability 1, \
                 and grows without bound as this probability goes to 0.",
                vector(&y)
            ))
            .formula(format!(
                "L = -Σ_k y_k ln yp_k = -ln yp_{c} = -ln {} = {}\n\
                 L = m - z_{c} + ln Σ_j e^(z_j - m)   = {}        the same without yp",
                number(yp[c]),
                number(scalar(&one.loss_in_two)),
                number(scalar(&one.loss))
            ))
            .figure(
                "graph",
                "The two rules as a graph: values above the arrows, gradients of the loss below",
                graphs::picture(&net, &options),
            ))
    }

    /// All `∂yp_k/∂z_i`, a row for each `k`: the gradient of each probability in turn.
    fn jacobian(&self, setup: &Setup, row: &Rows, one: &Passes) -> Result<Section> {
        let (n, c) = (self.logits.len(), self.class);
        let yp = read(&one.yp).values;
        let jacobian = read(&jacobian_of(row, one)).values;
        let other = usize::from(c == 0);
        let mut columns = vec!["∂yp_k/∂z_i".to_owned()];
        columns.extend((0..n).map(|i| format!("i = {i}")));
        columns.push("sum".to_owned());
        let mut table = Table::new(columns);
        for (k, entries) in jacobian.chunks(n).enumerate() {
            let entries = entries.iter().copied();
            let cells = entries.clone().chain([entries.sum()]).map(number);
            table.push([format!("k = {k}")].into_iter().chain(cells));
        }
        let entry = |k: usize, i: usize| {
            format!(
                "∂yp_{k}/∂z_{i} = yp_{k} ({} - yp_{i}) = {}·({} - {}) = {}",
                u8::from(k == i),
                number(yp[k]),
                u8::from(k == i),
                number(yp[i]),
                number(jacobian[k * n + i])
            )
        };
        let dashed = if n > Colour::SERIES.len() {
            format!(" Classes from {} on are dashed.", Colour::SERIES.len())
        } else {
            String::new()
        };
        Ok(Section::new("The Jacobian of the softmax")
            .text(
                "Every probability depends on every logit, through the sum in the denominator. By the \
                 quotient rule, with s = Σ_j e^z_j and δ_ik = 1 if i = k, else 0:",
            )
            .formula(format!(
                "∂yp_k/∂z_i = (e^z_k δ_ik s - e^z_k e^z_i) / s² = yp_k (δ_ik - yp_i)\n\n{}\n{}",
                entry(c, c),
                entry(c, other)
            ))
            .table(table)
            .text(
                "No entry on the diagonal is negative: a logit raises its own probability. No other entry is \
                 positive. Each row sums to 0 (except for rounding), since raising all logits by the same \
                 amount changes nothing. The matrix is symmetric, so each column sums to 0 as well.",
            )
            .figure(
                "probabilities",
                format!(
                    "All probabilities while only logit z_{c} varies, and the slopes of these curves in \
                     the same colours; dots: its current value. One class gains what the \
                     others lose. The slopes at the dots are column i = {c} of the matrix.{dashed}"
                ),
                self.probabilities_figure(setup, &jacobian, &yp)?,
            ))
    }

    fn by_hand(&self, row: &Rows, one: &Passes) -> Section {
        let (n, c) = (self.logits.len(), self.class);
        let jacobian = read(&jacobian_of(row, one)).values;
        let (yp, y) = (read(&one.yp).values, read(&row.y).values);
        let (grad_yp, grad) = (read(&one.grad_yp).values, read(&one.grad).values);
        let mut table = Table::new([
            "i",
            "Σ_k ∂yp_k/∂z_i · ∂L/∂yp_k",
            "sum",
            "yp_i - y_i",
            "difference",
        ]);
        for i in 0..n {
            let terms = Terms::new((0..n).map(|k| (jacobian[k * n + i], grad_yp[k])));
            table.push([
                i.to_string(),
                terms.text(),
                number(terms.sum()),
                format!("{} - {} = {}", number(yp[i]), number(y[i]), number(grad[i])),
                number((terms.sum() - grad[i]).abs()),
            ]);
        }
        Section::new("The chain rule, element by element")
            .text(format!(
                "The loss depends on the probabilities: ∂L/∂yp_k = -y_k/yp_k, here {}; only one element is \
                 not 0. The chain rule multiplies it by column i of the Jacobian and sums. yp_k cancels in \
                 the sum, and the difference of output and target remains:",
                vector(&grad_yp)
            ))
            .formula(
                "δz_i = Σ_k ∂yp_k/∂z_i · ∂L/∂yp_k = Σ_k yp_k (δ_ik - yp_i) · (-y_k/yp_k)\n     \
                 = -y_i + yp_i Σ_k y_k = yp_i - y_i        because Σ_k y_k = 1",
            )
            .table(table)
            .text(format!(
                "Class {c} is the true class: its logit has a negative gradient, so a step of gradient \
                 descent raises it. The other logits have positive gradients and fall, those of probable \
                 classes the most."
            ))
    }
}

fn two_rules_and_one(row: &Rows, one: &Passes) -> Section {
    let z = tracked(&repeated(&row.z));
    let chosen = softmax::forward(z.clone()) * identity(row).autodiff();
    let jacobian_by_autodiff = z
        .grad(&chosen.sum().backward())
        .expect("the logits are tracked");
    let yp = tracked(&one.yp);
    let loss = from_probabilities::forward(yp.clone(), row.y.clone().autodiff(), Reduction::Sum);
    let grad_yp_by_autodiff = yp
        .grad(&loss.backward())
        .expect("the probabilities are tracked");
    let [in_two, fused] = row.by_autodiff(Reduction::Sum);
    let comparison = Comparison::new()
        .row("∂yp/∂z", &jacobian_of(row, one), &jacobian_by_autodiff)
        .row("∂L/∂yp", &one.grad_yp, &grad_yp_by_autodiff)
        .row("δz, two rules", &one.grad_in_two, &in_two)
        .row("δz, fused", &one.grad, &fused);
    let gap = read(&one.grad_in_two).largest_difference(&read(&one.grad));
    let verdict = if comparison.largest().is_finite() {
        "Three ways lead to the same gradient."
    } else {
        "The fused rule is correct; the two separate rules fail at these logits. The section on the \
         fused form explains why."
    };
    Section::new("Two separate rules, the fused rule, and automatic differentiation")
        .text(format!(
            "Softmax, cross-entropy, and the two fused are three rules, each with a forward and a \
             backward pass; Burn's autodiff derives its own backward pass from the same forward passes. \
             Largest difference between gradients by hand and by autodiff: {}. Largest difference between \
             the two separate rules and the fused rule: {}. {verdict}",
            number(comparison.largest()),
            number(gap)
        ))
        .table(comparison.into_table())
}
