//! Losses of sequences that are not aligned. The formulas sum over all alignments, one by one.

use burn::nn::loss::{CTCLossConfig, RNNTLossConfig, Reduction};
use burn::tensor::activation::log_softmax;

use super::{loss, reduced_if};
use crate::operation::Operation;
use crate::witness::{Argument, Dual, DualArray, Formula, argument};

pub(super) fn operations() -> Vec<Operation> {
    vec![ctc(), rnnt()]
}

/// Logarithms of probabilities below 1/2, which need not add up to 1.
fn log_probabilities(shape: &[usize]) -> Argument {
    argument("x", shape).within(-3.0, -0.75)
}

fn log_sum_exp(logs: &[Dual]) -> Dual {
    logs.iter().map(|log| log.exp()).sum::<Dual>().ln()
}

/// A batch for the CTC loss: its labels, and the lengths of its sequences.
#[derive(Clone, Copy, Debug)]
struct CtcBatch {
    blank: usize,
    targets: [[i64; 2]; 2],
    inputs: [i64; 2],
    lengths: [i64; 2],
}

const CLASSES: usize = 3;
const STEPS: usize = 4;

impl CtcBatch {
    /// `- log sum of p(alignment)` of one member.
    fn loss(&self, x: &DualArray, member: usize) -> Dual {
        let steps = self.inputs[member] as usize;
        let target = &self.targets[member][..self.lengths[member] as usize];
        let alignments = (0..CLASSES.pow(steps as u32)).filter_map(|number| {
            let class = |step: usize| number / CLASSES.pow(step as u32) % CLASSES;
            let path: Vec<usize> = (0..steps).map(class).collect();
            (self.collapsed(&path) == target).then(|| {
                let steps = path.iter().enumerate();
                steps
                    .map(|(step, &class)| x.at([step, member, class]))
                    .sum()
            })
        });
        -log_sum_exp(&alignments.collect::<Vec<_>>())
    }

    /// Removes repetitions, then blanks.
    fn collapsed(&self, path: &[usize]) -> Vec<i64> {
        let mut path = path.to_vec();
        path.dedup();
        let labels = path.into_iter().filter(|&class| class != self.blank);
        labels.map(|class| class as i64).collect()
    }
}

fn ctc() -> Operation {
    let different = CtcBatch {
        blank: 0,
        targets: [[1, 2], [2, 1]],
        inputs: [4, 3],
        lengths: [2, 1],
    };
    let twice = CtcBatch {
        targets: [[1, 1], [2, 2]],
        inputs: [4, 3],
        lengths: [2, 2],
        ..different
    };
    let other_blank = CtcBatch {
        blank: 2,
        targets: [[1, 0], [0, 0]],
        ..different
    };
    // Two equal labels need three steps: the second member has no alignment.
    let impossible = CtcBatch {
        inputs: [4, 2],
        ..twice
    };
    let layer =
        loss("loss::CTCLoss").note("of logarithms of probabilities that need not add up to 1");
    let layer = ctc_check(layer, "of different lengths", different, None);
    let layer = ctc_check(layer, "a label twice", twice, None);
    let layer = ctc_check(layer, "blank 2", other_blank, None);
    let layer = ctc_check(layer, "mean", different, Some(Reduction::Mean));
    let layer = ctc_check(layer, "sum", different, Some(Reduction::Sum));
    let layer = ctc_check(layer, "by default", twice, Some(Reduction::Auto));
    let of_scores = Formula::new([argument("x", &[STEPS, 2, CLASSES])], move |of| {
        let x = of.get("x");
        let logs = x.rows().flat_map(|scores| {
            let all = log_sum_exp(scores);
            scores.iter().map(move |&score| score - all)
        });
        let logs = DualArray::new(x.shape.clone(), logs.collect());
        let losses = [0, 1].map(|member| different.loss(&logs, member));
        DualArray::vector(losses.to_vec())
    });
    let layer = layer.check("[4, 2, 3] of scores by log_softmax", &of_scores, move |v| {
        let loss = CTCLossConfig::new().init();
        let targets = v.ints([2, 2], different.targets.as_flattened());
        let (inputs, lengths) = (
            v.ints([2], &different.inputs),
            v.ints([2], &different.lengths),
        );
        loss.forward(log_softmax(v.get::<3>("x"), 2), targets, inputs, lengths)
    });
    let formula = Formula::new([log_probabilities(&[STEPS, 2, CLASSES])], move |of| {
        let first = impossible.loss(of.get("x"), 0);
        DualArray::vector(vec![first, 0.0.into()])
    });
    layer.check("[4, 2, 3] an impossible one is 0", &formula, move |v| {
        let loss = CTCLossConfig::new().with_zero_infinity(true).init();
        let CtcBatch {
            targets,
            inputs,
            lengths,
            ..
        } = impossible;
        loss.forward(
            v.get("x"),
            v.ints([2, 2], targets.as_flattened()),
            v.ints([2], &inputs),
            v.ints([2], &lengths),
        )
    })
}

/// Adds a check of a batch with a reduction.
fn ctc_check(layer: Operation, name: &str, batch: CtcBatch, by: Option<Reduction>) -> Operation {
    let reduction = by.clone();
    let formula = Formula::new([log_probabilities(&[STEPS, 2, CLASSES])], move |of| {
        let losses = [0, 1].map(|member| batch.loss(of.get("x"), member));
        let lengths = batch.lengths.map(|length| length as f64);
        match &reduction {
            None => DualArray::vector(losses.to_vec()),
            Some(Reduction::Sum) => DualArray::scalar(losses[0] + losses[1]),
            Some(_) => DualArray::scalar((losses[0] / lengths[0] + losses[1] / lengths[1]) * 0.5),
        }
    });
    layer.check(
        format!("[4, 2, 3] {name}"),
        &formula.with_differences(),
        move |v| {
            let loss = CTCLossConfig::new().with_blank(batch.blank).init();
            let x = v.get("x");
            let targets = v.ints([2, 2], batch.targets.as_flattened());
            let (inputs, lengths) = (v.ints([2], &batch.inputs), v.ints([2], &batch.lengths));
            match by.clone() {
                None => loss.forward(x, targets, inputs, lengths),
                Some(by) => loss.forward_with_reduction(x, targets, inputs, lengths, by),
            }
        },
    )
}

/// A batch for the transducer's loss: 3 steps, at most 2 labels, 3 classes.
const SHAPE: [usize; 4] = [2, 3, 3, 3];
const LABELS: [[i64; 2]; 2] = [[1, 2], [2, 1]];
const TIMES: [i64; 2] = [3, 2];
const LENGTHS: [i64; 2] = [2, 1];

/// `log sum of p(path)` over the paths from step `t`, after `u` labels, to the last step's blank.
fn to_the_end(
    log: &impl Fn(usize, usize, usize) -> Dual,
    member: usize,
    t: usize,
    u: usize,
) -> Dual {
    let (times, length) = (TIMES[member] as usize, LENGTHS[member] as usize);
    let tell = || {
        let label = LABELS[member][u] as usize;
        log(t, u, label) + to_the_end(log, member, t, u + 1)
    };
    let wait = || log(t, u, 0) + to_the_end(log, member, t + 1, u);
    match (t + 1 < times, u < length) {
        (true, true) => log_sum_exp(&[tell(), wait()]),
        (true, false) => wait(),
        (false, true) => tell(),
        (false, false) => log(t, u, 0),
    }
}

fn rnnt() -> Operation {
    let mut layer = loss("loss::RNNTLoss");
    for (name, logits, by) in [
        ("logits", true, None),
        ("logarithms of probabilities", false, None),
        ("logits, mean", true, Some(Reduction::Mean)),
        ("logits, sum", true, Some(Reduction::Sum)),
        ("logits, by default", true, Some(Reduction::Auto)),
    ] {
        let input = if logits {
            argument("x", &SHAPE)
        } else {
            log_probabilities(&SHAPE)
        };
        let reduction = by.clone();
        let formula = Formula::new([input], move |of| {
            let x = of.get("x");
            let losses = [0, 1].map(|member| {
                let log = |t: usize, u: usize, class: usize| {
                    let scores = [0, 1, 2].map(|class| x.at([member, t, u, class]));
                    if logits {
                        scores[class] - log_sum_exp(&scores)
                    } else {
                        scores[class]
                    }
                };
                -to_the_end(&log, member, 0, 0)
            });
            reduced_if(&losses, 2, reduction.as_ref())
        });
        layer = layer.check(
            format!("[2, 3, 3, 3] {name}"),
            &formula.with_differences(),
            move |v| {
                let loss = RNNTLossConfig::new().with_logits(logits).init();
                let (x, targets) = (v.get("x"), v.ints([2, 2], LABELS.as_flattened()));
                let (times, lengths) = (v.ints([2], &TIMES), v.ints([2], &LENGTHS));
                match by.clone() {
                    None => loss.forward(x, targets, times, lengths),
                    Some(by) => loss.forward_with_reduction(x, targets, times, lengths, by),
                }
            },
        );
    }
    layer
}
