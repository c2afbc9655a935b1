//! Losses of scores against classes: cross entropy, binary cross entropy, multi-class margin.

use burn::nn::loss::{
    BinaryCrossEntropyLossConfig, CrossEntropyLossConfig, MultiMarginLossConfig, Reduction,
};
use burn::tensor::{DType, Int, Tensor};

use super::{loss, reduced, reduced_if, reductions, summed};
use crate::operation::Operation;
use crate::point::Expected::{Between, Is};
use crate::point::{Expected, Point};
use crate::witness::{Argument, Dual, DualArray, argument};

/// The classes of a batch of four; the second and the fourth have the same.
const TARGETS: [i64; 4] = [2, 0, 1, 0];
const WEIGHTS: [f32; 4] = [0.5, 2.0, 0.25, 1.25];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        of_logits(),
        of_probabilities(),
        smoothed(),
        weighted(),
        binary_of_logits(),
        binary_of_probabilities(),
        multi_margin(),
    ]
}

/// Scores of 4 by 4.
fn scores() -> Argument {
    argument("x", &[4, 4])
}

fn probabilities() -> Argument {
    scores().within(0.125, 0.875)
}

/// The options of a cross entropy.
#[derive(Clone, Debug)]
struct CrossEntropy {
    logits: bool,
    smoothing: f32,
    weights: Option<[f32; 4]>,
    pad_tokens: Vec<usize>,
}

const PLAIN: CrossEntropy = CrossEntropy {
    logits: true,
    smoothing: 0.0,
    weights: None,
    pad_tokens: Vec::new(),
};

impl CrossEntropy {
    fn config(&self) -> CrossEntropyLossConfig {
        let pads = Some(self.pad_tokens.clone());
        CrossEntropyLossConfig::new()
            .with_logits(self.logits)
            .with_smoothing(Some(self.smoothing).filter(|&alpha| alpha > 0.0))
            .with_weights(self.weights.map(Vec::from))
            .with_pad_tokens(pads.filter(|pads| !pads.is_empty()))
    }

    /// `- sum of w q log p / normaliser`, where q is the target, smoothed.
    fn formula(&self, x: &DualArray) -> DualArray {
        let (mut sum, mut normaliser) = (Dual::from(0.0), 0.0);
        for (row, target) in x.rows().zip(TARGETS.map(|target| target as usize)) {
            if self.pad_tokens.contains(&target) {
                continue;
            }
            let weight = |class: usize| self.weights.map_or(1.0, |of| f64::from(of[class]));
            let exponentials: Dual = row.iter().map(|x| x.exp()).sum();
            for (class, &x) in row.iter().enumerate() {
                let alpha = f64::from(self.smoothing);
                let share = f64::from(class == target) * (1.0 - alpha) + alpha / 4.0;
                let log = if self.logits {
                    x - exponentials.ln()
                } else {
                    x.ln()
                };
                sum = sum - log * (share * weight(class));
            }
            normaliser += weight(target);
        }
        DualArray::scalar(sum / normaliser)
    }

    /// Adds it as a check. `anywhere` says whether it works in other float types than the default.
    fn check(self, layer: Operation, name: &str, anywhere: bool) -> Operation {
        let config = self.config();
        let x = if self.logits {
            scores()
        } else {
            probabilities()
        };
        let formula = summed([x], move |of| self.formula(of.get("x")));
        let formula = if anywhere {
            formula
        } else {
            formula.with_differences()
        };
        layer.check(name, &formula, move |v| {
            let loss = config.init(v.device());
            loss.forward(v.get("x"), v.ints([4], &TARGETS))
        })
    }
}

/// A function of the score of class 0, the target, where class 1 has the score 0. Each copy is a row of
/// a batch; multiplying by their number turns the mean into a sum.
fn of_two_classes(logits: bool) -> impl Fn(Tensor<1>) -> Tensor<1> + Send + Sync + 'static {
    move |x| {
        let [copies] = x.dims();
        let loss = CrossEntropyLossConfig::new()
            .with_logits(logits)
            .init(&x.device());
        let scores = Tensor::stack::<2>(vec![x.clone(), x.zeros_like()], 1);
        let targets = Tensor::<1, Int>::zeros([copies], &x.device());
        loss.forward(scores, targets).mul_scalar(copies as f64)
    }
}

fn of_logits() -> Operation {
    let point = |x, expected| Point::of_one(x, expected, of_two_classes(true));
    let layer = loss("loss::CrossEntropyLoss")
        .note("x: the score of the target, beside one of 0")
        .at(point(0.0, Is(-0.5)))
        .at(point(-100.0, Is(-1.0)))
        .at(point(-1e4, Is(-1.0)))
        .at(point(1e4, Is(0.0)));
    let layer = PLAIN.check(layer, "[4, 4]", true);
    let pads = CrossEntropy {
        pad_tokens: vec![0, 3],
        ..PLAIN
    };
    pads.check(layer, "[4, 4] two tokens are padding", true)
}

fn of_probabilities() -> Operation {
    let point = |x, expected| Point::of_one(x, expected, of_two_classes(false));
    let layer = loss("loss::CrossEntropyLoss, of probabilities")
        .note("x: the probability of the target")
        .at(point(1.0, Is(-1.0)))
        .at(point(0.0, Between(f64::NEG_INFINITY, 0.0)));
    let plain = CrossEntropy {
        logits: false,
        ..PLAIN
    };
    let layer = plain.clone().check(layer, "[4, 4]", true);
    let pads = CrossEntropy {
        pad_tokens: vec![1],
        ..plain
    };
    pads.check(layer, "[4, 4] a token is padding", true)
}

fn smoothed() -> Operation {
    let smoothed = CrossEntropy {
        smoothing: 0.25,
        ..PLAIN
    };
    let layer = loss("loss::CrossEntropyLoss, smoothed");
    let layer = smoothed.clone().check(layer, "[4, 4]", false);
    let pads = CrossEntropy {
        pad_tokens: vec![2],
        ..smoothed.clone()
    };
    let layer = pads.check(layer, "[4, 4] a token is padding", false);
    let weighted = CrossEntropy {
        weights: Some(WEIGHTS),
        ..smoothed.clone()
    };
    let layer = weighted.check(layer, "[4, 4] weighted", false);
    let of_probabilities = CrossEntropy {
        logits: false,
        ..smoothed
    };
    of_probabilities.check(layer, "[4, 4] of probabilities", false)
}

fn weighted() -> Operation {
    let weighted = CrossEntropy {
        weights: Some(WEIGHTS),
        ..PLAIN
    };
    let layer = loss("loss::CrossEntropyLoss, weighted");
    let layer = weighted.clone().check(layer, "[4, 4]", false);
    let pads = CrossEntropy {
        pad_tokens: vec![1],
        ..weighted
    };
    pads.check(layer, "[4, 4] a token is padding", false)
}

/// The options of a binary cross entropy.
#[derive(Clone, Debug)]
struct BinaryCrossEntropy {
    logits: bool,
    smoothing: f32,
    /// By label for a row, by column for several.
    weights: Option<&'static [f32]>,
}

impl BinaryCrossEntropy {
    fn config(&self) -> BinaryCrossEntropyLossConfig {
        BinaryCrossEntropyLossConfig::new()
            .with_logits(self.logits)
            .with_smoothing(Some(self.smoothing).filter(|&alpha| alpha > 0.0))
            .with_weights(self.weights.map(Vec::from))
    }

    fn formula(&self, x: &DualArray, labels: &[i64]) -> DualArray {
        let columns = match x.shape[..] {
            [_] => None,
            ref shape => shape.last().copied(),
        };
        let alpha = f64::from(self.smoothing);
        let each = |(i, (&x, &label)): (usize, (&Dual, &i64))| {
            let target = label as f64 * (1.0 - alpha) + alpha / columns.unwrap_or(2) as f64;
            let loss = if self.logits {
                x * (1.0 - target) + (-x).softplus()
            } else {
                -(x.ln() * target + (-x + 1.0).ln() * (1.0 - target))
            };
            let place = columns.map_or(label as usize, |columns| i % columns);
            loss * self.weights.map_or(1.0, |of| f64::from(of[place]))
        };
        let pairs = x.values.iter().zip(labels).enumerate();
        reduced(&pairs.map(each).collect::<Vec<_>>(), 1, &Reduction::Mean)
    }

    /// Adds a check of a row of eight, and one of two rows of four. Weights by label fit the former,
    /// weights by column the latter.
    fn check(self, layer: Operation, name: &str) -> Operation {
        const LABELS: [i64; 8] = [1, 0, 0, 1, 1, 1, 0, 1];
        let fits = |count| self.weights.is_none_or(|weights| weights.len() == count);
        let (fits_row, fits_rows) = (fits(2), fits(4));
        let config = self.config();
        let formula = move |input: Argument| {
            let loss = self.clone();
            let input = if self.logits {
                input
            } else {
                input.within(0.125, 0.875)
            };
            summed([input], move |of| loss.formula(of.get("x"), &LABELS)).with_differences()
        };
        let mut layer = layer;
        if fits_row {
            let (name, config) = (format!("[8] {name}"), config.clone());
            layer = layer.check(name, &formula(argument("x", &[8])), move |v| {
                let loss = config.init(v.device());
                loss.forward::<1>(v.get("x"), v.ints([8], &LABELS))
            });
        }
        if fits_rows {
            let name = format!("[2, 4] {name}");
            layer = layer.check(name, &formula(argument("x", &[2, 4])), move |v| {
                let loss = config.init(v.device());
                loss.forward::<2>(v.get("x"), v.ints([2, 4], &LABELS))
            });
        }
        layer
    }
}

/// A point of the binary loss with the same label everywhere, in f32, the default float type.
fn binary_point(logits: bool, (x, label): (f64, i64), expected: Expected) -> Point {
    let function = move |x: Tensor<1>| {
        let [copies] = x.dims();
        let loss = BinaryCrossEntropyLossConfig::new()
            .with_logits(logits)
            .init(&x.device());
        let labels = Tensor::<1, Int>::full([copies], label, &x.device());
        loss.forward(x, labels).mul_scalar(copies as f64)
    };
    let mut point = Point::of_one(x, expected, function).only_in(DType::F32);
    point.name = format!("{}, label {label}", point.name);
    point
}

fn add_variants(mut layer: Operation, logits: bool) -> Operation {
    let plain = BinaryCrossEntropy {
        logits,
        smoothing: 0.0,
        weights: None,
    };
    let smoothed = BinaryCrossEntropy {
        smoothing: 0.25,
        ..plain.clone()
    };
    let by_label = BinaryCrossEntropy {
        weights: Some(&WEIGHTS[..2]),
        ..plain.clone()
    };
    let by_column = BinaryCrossEntropy {
        weights: Some(&WEIGHTS),
        ..smoothed.clone()
    };
    for (variant, name) in [
        (plain, "plain"),
        (smoothed, "smoothed"),
        (by_label, "weighted"),
        (by_column, "smoothed and weighted"),
    ] {
        layer = variant.check(layer, name);
    }
    layer
}

fn binary_of_logits() -> Operation {
    let point = |at, expected| binary_point(true, at, expected);
    let layer = loss("loss::BinaryCrossEntropyLoss, of logits")
        .at(point((0.0, 0), Is(0.5)))
        .at(point((0.0, 1), Is(-0.5)))
        .at(point((100.0, 0), Is(1.0)))
        .at(point((100.0, 1), Is(0.0)))
        .at(point((-100.0, 0), Is((-100.0_f64).exp())))
        .at(point((-100.0, 1), Is(-1.0)));
    add_variants(layer, true)
}

fn binary_of_probabilities() -> Operation {
    let point = |at, expected| binary_point(false, at, expected);
    let layer = loss("loss::BinaryCrossEntropyLoss, of probabilities")
        .at(point((0.0, 0), Is(1.0)))
        .at(point((1.0, 1), Is(-1.0)))
        .at(point((0.0, 1), Between(f64::NEG_INFINITY, 0.0)))
        .at(point((1.0, 0), Between(0.0, f64::INFINITY)))
        .note("the logarithm of a probability of 0 is taken for -100, where it is flat");
    add_variants(layer, false)
}

fn multi_margin() -> Operation {
    let mut layer = loss("loss::MultiMarginLoss");
    for (p, margin) in [(1, 1.0), (2, 0.75)] {
        for (name, reduction) in reductions() {
            let reduce = reduction.clone();
            let formula = summed([scores()], move |of| {
                let rows = of.get("x").rows().zip(TARGETS);
                let of_row = |(row, target)| multi_margin_of(row, target as usize, (p, margin));
                reduced_if(&rows.map(of_row).collect::<Vec<_>>(), 4, reduce.as_ref())
            });
            layer = layer.check(format!("[4, 4] p = {p}{name}"), &formula, move |v| {
                let config = MultiMarginLossConfig::new().with_p(p).with_margin(margin);
                let (x, targets) = (v.get("x"), v.ints([4], &TARGETS));
                match &reduction {
                    None => config.init().forward_no_reduction(x, targets),
                    Some(reduction) => config.init().forward(x, targets, reduction.clone()),
                }
            });
        }
    }
    layer
}

/// `sum of max(0, margin - x[target] + x[i])^p over the other classes / classes`
fn multi_margin_of(row: &[Dual], target: usize, (p, margin): (i32, f64)) -> Dual {
    let others = row.iter().enumerate().filter(|(class, _)| *class != target);
    let sum: Dual = others
        .map(|(_, &x)| {
            let short = (x - row[target] + margin).relu();
            if p == 2 { short * short } else { short }
        })
        .sum();
    sum / row.len() as f64
}
