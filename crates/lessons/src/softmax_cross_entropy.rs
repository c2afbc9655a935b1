//! Softmax with cross-entropy: two rules in a row, and the two in one.

mod failures;
mod passes;

use anyhow::{Result, bail};
use burn_gradcheck::Sample;
use clap::Args;
use computational_graph::{GraphBuilder, SvgOptions};
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::{from_probabilities, softmax_cross_entropy};
use manual_backprop::softmax;

use super::{Common, Negative, Room, Teach};
use crate::cli::finite;
use crate::pages::colours::Colour;
use crate::pages::numbers::{Comparison, Host, number, vector};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Axis, Mark, Panel, Scale, Series, figure, spread};
use crate::pages::terms::{Terms, sum_text};
use failures::why_fused;
use passes::{Passes, Rows, identity, jacobian_of, repeated};

/// The largest number of classes: MNIST's, and as many as a page's width holds.
const MOST_CLASSES: usize = 10;
/// Points of a curve.
const SAMPLES: usize = 121;
/// A curve goes so far beyond the places of interest.
const REACH: f64 = 4.0;
/// Half the length of a tangent along the horizontal axis.
const TANGENT: f64 = 1.5;
/// Rows of the batch.
const ROWS: usize = 3;
/// Options of `lesson softmax-cross-entropy`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The logits, one for each class, 2 to 10 numbers.
    #[arg(long, default_value = "2,1,-1,0.5", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    logits: Vec<f64>,

    /// The right class, from 0 to one less than there are logits.
    #[arg(long, default_value = "1", allow_negative_numbers = true, value_parser = class, value_name = "K")]
    class: usize,

    #[command(flatten)]
    common: Common,
}

fn class(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| "expected a whole number from 0, a class".to_owned())
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "softmax-cross-entropy"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let (classes, class) = (self.logits.len(), self.class);
        if !(2..=MOST_CLASSES).contains(&classes) {
            bail!(
                "--logits takes 2 to {MOST_CLASSES} numbers, one for each class, and has {classes}; \
                 for example --logits 2,1,-1,0.5"
            );
        }
        if class >= classes {
            bail!(
                "--class {class} is none of the {classes} classes that --logits has; choose one \
                 from 0 to {}",
                classes - 1
            );
        }
        let row = Rows::new(room, self.logits.clone(), &[class]);
        let one = Passes::of(&row, Reduction::Sum);
        if !Host::of(&one.loss).values[0].is_finite() {
            return Err(Negative(format!(
                "the loss of logits {} in {} is {}; choose smaller ones",
                vector(&self.logits),
                room.dtype.name(),
                number(Host::of(&one.loss).values[0])
            ))
            .into());
        }
        Ok(Page::new("Softmax and cross-entropy", "L8")
            .with(self.probabilities(&one))
            .with(self.loss(&row, &one)?)
            .with(self.jacobian(room, &row, &one)?)
            .with(self.by_hand(&row, &one))
            .with(two_rules_and_one(&row, &one))
            .with(self.tangents(room, &one)?)
            .with(why_fused(room)?)
            .with(self.batch(room)))
    }
}

impl Options {
    fn probabilities(&self, one: &Passes) -> Section {
        let yp = Host::of(&one.yp).values;
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
                "The last layer of a classifier gives a number for each class, its logit z_k. \
                 Softmax makes probabilities of them: all above 0, together 1. Only differences \
                 of logits matter, so the largest, m = {}, is taken off first: then no power is above \
                 1, and nothing overflows.",
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

    /// All probabilities along the right class's logit, and their slopes.
    fn probabilities_figure(&self, room: &Room, jacobian: &[f64], yp: &[f64]) -> Result<String> {
        let (n, c) = (self.logits.len(), self.class);
        let others = self.logits.iter().enumerate().filter(|&(k, _)| k != c);
        let rival = others.map(|(_, &z)| z).fold(f64::MIN, f64::max);
        let z = self.logits[c];
        let (start, end) = (z.min(rival) - REACH, z.max(rival) + REACH);
        // However far apart the two are, the curves change where the right class overtakes.
        let close = spread(rival - REACH, rival + REACH, SAMPLES);
        let mut places = [spread(start, end, SAMPLES), close].concat();
        places.sort_by(f64::total_cmp);
        let column = |jacobian: &[f64]| (0..n).map(|k| jacobian[k * n + c]).collect::<Vec<_>>();
        let (probabilities, slopes) = places
            .iter()
            .map(|&place| {
                let row = Rows::new(room, self.moved(c, place), &[c]);
                let one = Passes::of(&row, Reduction::Sum);
                let jacobian = Host::of(&jacobian_of(&row, &one)).values;
                (Host::of(&one.yp).values, column(&jacobian))
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let draw = |mut panel: Panel, name: &str, curves: &[Vec<f64>], now: &[f64]| {
            for (k, &value) in now.iter().enumerate() {
                let colour = Colour::SERIES[k % Colour::SERIES.len()];
                let mark = match k < Colour::SERIES.len() {
                    true => Mark::Line,
                    false => Mark::Dashed,
                };
                let curve = places.iter().zip(curves);
                let curve = curve.map(|(&place, values)| (place, values[k]));
                let label = match name {
                    "" => String::new(),
                    name => format!("{name}_{k}"),
                };
                panel = panel
                    .with(Series::new(label, colour, mark, curve))
                    .with(Series::new("", colour, Mark::Dots, [(z, value)]));
            }
            panel
        };
        let label = format!("logit z_{c}");
        // The legend has room beside the curves.
        let wide = Axis::linear(&label, start..end + 0.25 * (end - start));
        let left = Panel::new(
            "Probabilities",
            wide,
            Axis::linear("probability", -0.03..1.03),
        );
        let slope = Axis::fitting("slope", Scale::Linear, slopes.iter().flatten().copied());
        let right = Panel::new("Their slopes", Axis::linear(&label, start..end), slope);
        let panels = [
            draw(left.legend_upper_right(), "yp", &probabilities, yp),
            draw(right, "", &slopes, &column(jacobian)),
        ];
        figure(&panels, 2)
    }

    /// The logits with one of them at another place.
    fn moved(&self, k: usize, place: f64) -> Vec<f64> {
        let mut logits = self.logits.clone();
        logits[k] = place;
        logits
    }

    fn loss(&self, row: &Rows, one: &Passes) -> Result<Section> {
        let c = self.class;
        let (yp, y) = (Host::of(&one.yp).values, Host::of(&row.y).values);
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
                "The target y is one-hot: 1 for the right class, here {c}, 0 for the others, so y = {}. \
                 Of the sum one term is left. The loss is 0 when the right class has probability 1, \
                 and grows without bound as that goes to 0.",
                vector(&y)
            ))
            .formula(format!(
                "L = -Σ_k y_k ln yp_k = -ln yp_{c} = -ln {} = {}\n\
                 L = m - z_{c} + ln Σ_j e^(z_j - m)   = {}        the same without yp",
                number(yp[c]),
                number(Host::of(&one.loss_in_two).values[0]),
                number(Host::of(&one.loss).values[0])
            ))
            .figure(
                "graph",
                "The two rules as a graph: values above the arrows, gradients of the loss below",
                net.to_svg(&options),
            ))
    }

    /// All `∂yp_k/∂z_i`, a row for each `k`: the gradient of each probability in turn.
    fn jacobian(&self, room: &Room, row: &Rows, one: &Passes) -> Result<Section> {
        let (n, c) = (self.logits.len(), self.class);
        let yp = Host::of(&one.yp).values;
        let jacobian = Host::of(&jacobian_of(row, one)).values;
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
        let dashed = match n > Colour::SERIES.len() {
            true => format!(" Classes from {} on are dashed.", Colour::SERIES.len()),
            false => String::new(),
        };
        Ok(Section::new("The Jacobian of the softmax")
            .text(
                "Every probability depends on every logit, through the sum below the fraction. By the \
                 quotient rule, with s = Σ_j e^z_j and δ_ik = 1 if i = k, else 0:",
            )
            .formula(format!(
                "∂yp_k/∂z_i = (e^z_k δ_ik s - e^z_k e^z_i) / s² = yp_k (δ_ik - yp_i)\n\n{}\n{}",
                entry(c, c),
                entry(c, other)
            ))
            .table(table)
            .text(
                "On the diagonal no entry is negative: a logit raises its own probability. No other is \
                 positive. Each row adds up to 0 (but for rounding), since raising all logits alike \
                 changes nothing; the matrix is symmetric, so each column does, too.",
            )
            .figure(
                "probabilities",
                format!(
                    "All probabilities while logit z_{c} alone is varied, and the slopes of these \
                     curves, in the same colours; dots: where it is now. One class gains what the \
                     others lose. The slopes at the dots are column i = {c} of the matrix.{dashed}"
                ),
                self.probabilities_figure(room, &jacobian, &yp)?,
            ))
    }

    fn by_hand(&self, row: &Rows, one: &Passes) -> Section {
        let (n, c) = (self.logits.len(), self.class);
        let jacobian = Host::of(&jacobian_of(row, one)).values;
        let (yp, y) = (Host::of(&one.yp).values, Host::of(&row.y).values);
        let (grad_yp, grad) = (Host::of(&one.grad_yp).values, Host::of(&one.grad).values);
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
                "The loss sees the probabilities: ∂L/∂yp_k = -y_k/yp_k, here {}, with one element \
                 other than 0. The chain rule multiplies column i of the Jacobian by it and adds up. \
                 In the sum yp_k cancels, and what is left is the difference of output and target:",
                vector(&grad_yp)
            ))
            .formula(
                "δz_i = Σ_k ∂yp_k/∂z_i · ∂L/∂yp_k = Σ_k yp_k (δ_ik - yp_i) · (-y_k/yp_k)\n     \
                 = -y_i + yp_i Σ_k y_k = yp_i - y_i        because Σ_k y_k = 1",
            )
            .table(table)
            .text(format!(
                "Class {c} is right: its logit has a negative gradient, so a step downhill raises it. \
                 All others have a positive one and fall, the more, the likelier the net took them \
                 to be."
            ))
    }

    /// The loss along the right class's logit and along its strongest rival's.
    fn tangents(&self, room: &Room, one: &Passes) -> Result<Section> {
        let (loss, grad) = (Host::of(&one.loss).values[0], Host::of(&one.grad).values);
        let rival = (0..self.logits.len())
            .filter(|&k| k != self.class)
            .max_by(|&a, &b| self.logits[a].total_cmp(&self.logits[b]))
            .expect("there are two classes at least");
        let panel = |k: usize, title: &str| {
            let z = self.logits[k];
            let curve = spread(z - REACH, z + REACH, SAMPLES)
                .into_iter()
                .map(|place| {
                    let rows = Rows::new(room, self.moved(k, place), &[self.class]);
                    let (loss, _) = softmax_cross_entropy::forward(rows.z, rows.y, Reduction::Sum);
                    (place, Host::of(&loss).values[0])
                });
            let tangent = [-TANGENT, TANGENT].map(|step| (z + step, loss + grad[k] * step));
            let slope = format!("slope {}", number(grad[k]));
            Panel::of(
                title,
                (&format!("logit z_{k}"), Scale::Linear),
                ("loss L", Scale::Linear),
                vec![
                    Series::new("", Colour::BLUE, Mark::Line, curve),
                    Series::new(slope, Colour::ORANGE, Mark::Line, tangent),
                    Series::new("", Colour::INK, Mark::Dots, [(z, loss)]),
                ],
            )
        };
        let panels = [
            panel(self.class, &format!("The right class, {}", self.class)),
            panel(rival, &format!("Its strongest rival, {rival}")),
        ];
        Ok(Section::new("The loss along one logit")
            .text(format!(
                "Vary one logit alone and the loss is a curve; yp - y is the slope of its tangent: \
                 {} for the right class, {} for its strongest rival. The slope of the right class \
                 lies between -1 and 0, that of another between 0 and 1: however wrong the net is, \
                 no gradient is larger.",
                number(grad[self.class]),
                number(grad[rival])
            ))
            .figure(
                "loss-along-logits",
                "The loss along two logits, and its tangents with slopes yp - y",
                figure(&panels, 2)?,
            ))
    }

    fn batch(&self, room: &Room) -> Section {
        let n = self.logits.len();
        let drawn = Sample::Signed.draw((ROWS - 1) * n, room.seed, &["softmax", "batch"]);
        let drawn = drawn.iter().map(|value| (20.0 * value).round() / 10.0);
        let logits = self.logits.iter().copied().chain(drawn).collect::<Vec<_>>();
        let labels = [0, 1, 2].map(|row| (self.class + row) % n);
        let alone = Rows::new(room, self.logits.clone(), &labels[..1]);
        let batch = Rows::new(room, logits.clone(), &labels);

        let mut table = Table::new(["row", "logits", "class", "loss L", "yp - y", "δz"]);
        let mean = Passes::of(&batch, Reduction::Mean);
        let (sum, one) = (
            Passes::of(&batch, Reduction::Sum),
            Passes::of(&alone, Reduction::Mean),
        );
        let (differences, grad) = (Host::of(&sum.grad).values, Host::of(&mean.grad).values);
        let mut losses = vec![];
        for (r, row) in logits.chunks(n).enumerate() {
            let single = Rows::new(room, row.to_vec(), &labels[r..=r]);
            let loss = Host::of(&Passes::of(&single, Reduction::Sum).loss).values[0];
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
            let autodiff = Host::of(&rows.by_autodiff(Reduction::Mean)[1]);
            let once = Passes::of(rows, Reduction::Mean).grad;
            let cases = [
                ("not at all", Passes::of(rows, Reduction::Sum).grad),
                ("once", once.clone()),
                ("twice, in both rules", once.div_scalar(count as f64)),
            ];
            for (times, grad) in cases {
                let grad = Host::of(&grad);
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
                "Row 1 has the logits above; two more are drawn by the seed. The loss of a batch of \
                 n rows is the mean of theirs: ({}) / {ROWS} = {}. The gradient of a mean is divided by \
                 n just as the mean is, once:",
                sum_text(&losses),
                number(Host::of(&mean.loss).values[0])
            ))
            .formula("L = -1/n Σ_r Σ_k y_rk ln yp_rk        δz = (yp - y) / n")
            .table(table)
            .text(format!(
                "A row alone is a batch of n = 1: for row 1 alone, δz = {}. In the batch it is \
                 divided by {ROWS}. Against autodiff:",
                vector(&Host::of(&one.grad).values)
            ))
            .table(comparison.into_table())
            .text(
                "A common mistake is to divide in the cross-entropy and again in the softmax, or to \
                 forget it. With one row nobody notices: only a batch of several rows tells.",
            )
            .table(divided)
    }
}

fn two_rules_and_one(row: &Rows, one: &Passes) -> Section {
    let z = repeated(&row.z).autodiff().require_grad();
    let chosen = softmax::forward(z.clone()) * identity(row).autodiff();
    let jacobian_by_autodiff = z
        .grad(&chosen.sum().backward())
        .expect("the logits are tracked");
    let yp = one.yp.clone().autodiff().require_grad();
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
    let gap = Host::of(&one.grad_in_two).largest_difference(&Host::of(&one.grad));
    let verdict = match comparison.largest().is_finite() {
        true => "Three ways to one gradient.",
        false => {
            "The fused rule stands; the two rules in a row have failed at these logits. The section \
             on the fused form says why."
        }
    };
    Section::new("Two rules in a row, the fused rule, and automatic differentiation")
        .text(format!(
            "Softmax alone, cross-entropy alone, and both in one are three rules, each with a forward \
             and a backward pass; Burn's autodiff finds its own way back through the same forward \
             passes. Largest difference between hand and autodiff: {}. Between the two rules in a row \
             and the fused one: {}. {verdict}",
            number(comparison.largest()),
            number(gap)
        ))
        .table(comparison.into_table())
}
