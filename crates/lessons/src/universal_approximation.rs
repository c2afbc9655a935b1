//! One hidden layer approximates any function: by construction, and by training.

mod two_inputs;

use std::iter;

use anyhow::Result;
use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::optim::AdamConfig;
use burn::tensor::{Tensor, TensorData};
use clap::{Args, ValueEnum};
use universal_approximation::targets::{self, Target1d};
use universal_approximation::{
    Approximation1d, Errors, Interval, OneHiddenLayer, approximate_1d, errors_1d,
};
use xor_net::{Activation, Initializer, OutputUnit, XorNet, XorNetConfig};

use super::{Common, Negative, Room, Teach, between, training_steps};
use crate::cli::positive;
use crate::pages::colours::Colour;
use crate::pages::numbers::{Host, number};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Mark, Panel, Scale, Series, figure};

/// Most bumps and most hidden units that are asked for, which take seconds.
const MOST_BUMPS: usize = 4096;
const MOST_HIDDEN: usize = 512;
/// Single bumps are drawn up to so many.
const BUMPS_DRAWN: usize = 64;
/// Points of a curve.
const POINTS: usize = 801;
/// Numbers of bumps of which the error is shown are powers of 2 up to this.
const DOUBLINGS: u32 = 9;
/// Shares of the steepness at which a bump is drawn.
const STEEPNESSES: [f64; 3] = [0.1, 0.3, 1.0];

/// Hidden units of the smallest net that is trained; each net has twice as many as the one before.
const LEAST_HIDDEN: usize = 4;
/// Points that the nets learn from.
const LESSONS: usize = 200;
/// Step length at the start of a training; it falls to 0 along a straight line.
const LEARNING_RATE: f64 = 0.05;
/// At the start, the steepest sigmoid of a net rises over about this many spaces between edges.
const OVERLAP: f64 = 1.5;

/// Options of `lesson universal-approximation`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The function of one variable to approximate.
    #[arg(long, value_enum, default_value_t = Choice::Nielsen, value_name = "NAME")]
    target: Choice,

    /// Bumps of the construction, from 1 to 4096; a quarter, half and twice as many are shown, too.
    #[arg(long, default_value = "16", allow_negative_numbers = true, value_parser = bumps, value_name = "N")]
    bumps: usize,

    /// How steep the edge of a bump is on the scale of its width, greater than 0.
    #[arg(long, default_value = "30", allow_negative_numbers = true, value_parser = positive, value_name = "NUMBER")]
    steepness: f64,

    /// Hidden units of the largest net of one input that is trained, from 4 to 512; half as many, and
    /// so on down to 4, are trained, too.
    #[arg(long, default_value = "64", allow_negative_numbers = true, value_parser = hidden, value_name = "UNITS")]
    hidden: usize,

    /// Steps of each training, from 1 to 1000000.
    #[arg(long, default_value = "4000", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,

    #[command(flatten)]
    common: Common,
}

/// The targets of one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// A jump from 0 to 1.
    Step,
    /// One smooth bump.
    Bump,
    /// Two sines.
    SineMix,
    /// |x|, with its kink.
    Magnitude,
    /// The polynomial with sines of Nielsen's chapter 4.
    Nielsen,
}

impl Choice {
    fn target(self) -> Target1d {
        match self {
            Self::Step => targets::STEP,
            Self::Bump => targets::BUMP,
            Self::SineMix => targets::SINE_MIX,
            Self::Magnitude => targets::MAGNITUDE,
            Self::Nielsen => targets::NIELSEN,
        }
    }
}

fn bumps(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_BUMPS)
}

fn hidden(text: &str) -> Result<usize, String> {
    between(text, LEAST_HIDDEN, MOST_HIDDEN)
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "universal-approximation"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let target = self.target.target();
        let constructed = construct(target, self.bumps, self.steepness)?;
        let trained = self.train_all(target, room)?;
        Ok(
            Page::new("One hidden layer approximates any function", "L16")
                .with(the_question(target))
                .with(self.one_bump(target, &constructed)?)
                .with(self.row_of_bumps(target)?)
                .with(in_burn(&constructed, target, room))
                .with(self.more_bumps(target)?)
                .with(two_inputs::computed(room)?)
                .with(self.training(target, &trained)?)
                .with(self.trained_errors(target, &trained)?)
                .with(two_inputs::trained(self.steps, room)?),
        )
    }
}

fn construct(target: Target1d, bumps: usize, steepness: f64) -> Result<Approximation1d> {
    Ok(approximate_1d(
        target.function,
        target.interval,
        bumps,
        steepness,
    )?)
}

/// The largest error, where it says something: not at a jump.
fn largest(target: Target1d, off: Errors) -> String {
    match target.lipschitz {
        Some(_) => number(off.max),
        None => "-".to_owned(),
    }
}

/// A curve over an interval.
fn curve(interval: Interval, f: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    interval.points(POINTS).map(|x| (x, f(x))).collect()
}

/// The target, and what approximates it.
fn beside(target: Target1d, net: impl Fn(f64) -> f64) -> [Series; 2] {
    let line = |colour, points| Series::new("", colour, Mark::Line, points);
    [
        line(Colour::ORANGE, curve(target.interval, target.function)),
        line(Colour::BLUE, curve(target.interval, net)),
    ]
}

fn the_question(target: Target1d) -> Section {
    Section::new("The question")
        .formula("y(x) = σ(x·W1 + b1)·W2 + b2")
        .text(
            "A net with one hidden layer of sigmoids and a linear output. Given any continuous function, \
             are there weights with which the net is as close to it as one likes? There are, with enough \
             hidden units. First the weights are computed, with no training at all; then they are learnt.",
        )
        .formula(format!(
            "{}        {} ≤ x ≤ {}",
            target.formula,
            number(target.interval.low),
            number(target.interval.high)
        ))
}

impl Options {
    fn one_bump(&self, target: Target1d, constructed: &Approximation1d) -> Result<Section> {
        let middle = self.bumps / 2;
        let bump = constructed.bumps()[middle];
        let net = constructed.net();
        let units = [2 * middle, 2 * middle + 1];
        let mut table = Table::new(["hidden unit", "W1", "b1", "edge -b1/W1", "W2"]);
        for (unit, edge) in units.into_iter().zip(["rising", "falling"]) {
            let (w, b) = (net.w1()[unit], net.b1()[unit]);
            table.push([
                format!("{} ({edge})", unit + 1),
                number(w),
                number(b),
                number(-b / w),
                number(net.w2()[unit]),
            ]);
        }
        let width = bump.right - bump.left;
        let around = Interval {
            low: bump.left - width,
            high: bump.right + width,
        };
        let pair = vec![
            Series::new(
                format!("unit {}", units[0] + 1),
                Colour::BLUE,
                Mark::Line,
                curve(around, |x| net.unit(units[0], &[x])),
            ),
            Series::new(
                format!("unit {}", units[1] + 1),
                Colour::ORANGE,
                Mark::Line,
                curve(around, |x| net.unit(units[1], &[x])),
            ),
            Series::new(
                "their sum",
                Colour::GREEN,
                Mark::Line,
                curve(around, |x| bump.evaluate(x)),
            ),
        ];
        let steeper = STEEPNESSES
            .iter()
            .zip(Colour::SERIES)
            .map(|(share, colour)| {
                let steepness = share * self.steepness;
                let other = construct(target, self.bumps, steepness)?.bumps()[middle];
                Ok(Series::new(
                    format!("steepness {}", number(steepness)),
                    colour,
                    Mark::Line,
                    curve(around, |x| other.evaluate(x)),
                ))
            });
        let linear = |label| (label, Scale::Linear);
        let panels = [
            Panel::of("Two sigmoids", linear("x"), linear("added to y"), pair),
            Panel::of(
                "The bump, more and less steep",
                linear("x"),
                linear("added to y"),
                steeper.collect::<Result<_>>()?,
            ),
        ];
        Ok(Section::new("Two sigmoids make a bump")
            .formula("bump(x) = height · [ σ(w (x - left)) - σ(w (x - right)) ]        w = steepness / width")
            .text(format!(
                "A steep sigmoid is a step. One that rises at {} and one that is taken away from {} on \
                 leave a bump between: bump {} of {}. Its height is the target's value in its middle.",
                number(bump.left),
                number(bump.right),
                middle + 1,
                self.bumps
            ))
            .table(table)
            .figure(
                "one-bump",
                "Left: what the two hidden units add to the output, and their sum. Right: the same bump \
                 with other steepnesses.",
                figure(&panels, 2)?,
            ))
    }

    /// Numbers of bumps to show side by side.
    fn shown(&self) -> Vec<usize> {
        let mut shown = [self.bumps / 4, self.bumps / 2, self.bumps, 2 * self.bumps]
            .map(|bumps| bumps.max(1))
            .to_vec();
        shown.dedup();
        shown
    }

    fn row_of_bumps(&self, target: Target1d) -> Result<Section> {
        let mut table = Table::new([
            "bumps",
            "hidden units",
            "largest error",
            "rms error",
            "mean error",
        ]);
        let mut panels = vec![];
        for bumps in self.shown() {
            let approximation = construct(target, bumps, self.steepness)?;
            let off = errors_1d(
                target.function,
                |x| approximation.evaluate(x),
                target.interval,
            );
            table.push([
                bumps.to_string(),
                approximation.net().hidden().to_string(),
                largest(target, off),
                number(off.rms),
                number(off.mean),
            ]);
            let mut series = vec![];
            if bumps <= BUMPS_DRAWN {
                series.extend(approximation.bumps().iter().map(|bump| {
                    let points = single(bump, target.interval);
                    Series::new("", Colour::MUTED, Mark::Thin, points)
                }));
            }
            series.extend(beside(target, |x| approximation.evaluate(x)));
            panels.push(Panel::of(
                format!("{bumps} bumps, {} hidden units", 2 * bumps),
                ("x", Scale::Linear),
                ("y", Scale::Linear),
                series,
            ));
        }
        Ok(Section::new("Bumps side by side make the function")
            .formula("y(x) = Σ_i f(middle_i) [ σ(w (x - edge_i)) - σ(w (x - edge_i+1)) ]")
            .table(table)
            .figure(
                "bumps",
                "The target (orange), the net (blue), and the single bumps that add up to it (grey)",
                figure(&panels, 2)?,
            ))
    }

    fn more_bumps(&self, target: Target1d) -> Result<Section> {
        let counts = (1..=DOUBLINGS).map(|power| 2usize.pow(power));
        let mut by_target = vec![];
        for (other, colour) in targets::ALL_1D.into_iter().zip(Colour::SERIES) {
            let mut errors = vec![];
            for bumps in counts.clone() {
                let net = construct(other, bumps, self.steepness)?;
                let off = errors_1d(other.function, |x| net.evaluate(x), other.interval);
                errors.push((bumps as f64, off));
            }
            by_target.push((other, colour, errors));
        }
        let panel = |title: &str, jumps: bool, what: fn(&Errors) -> f64| {
            let continuous = |target: &Target1d| target.lipschitz.is_some();
            let shown = by_target
                .iter()
                .filter(|(target, ..)| jumps || continuous(target));
            let series = shown.map(|(target, colour, errors)| {
                let points = errors.iter().map(|(bumps, off)| (*bumps, what(off)));
                Series::new(target.name, *colour, Mark::Path, points)
            });
            Panel::of(
                title,
                ("bumps", Scale::Log),
                (title, Scale::Log),
                series.collect(),
            )
        };
        let panels = [
            panel("rms error", true, |off| off.rms),
            panel("largest error", false, |off| off.max),
        ];
        let mut table = Table::new([
            "target",
            "bumps",
            "rms error",
            "with twice as many",
            "largest error",
            "with twice as many",
        ]);
        for (other, _, errors) in &by_target {
            if let [.., (bumps, off), (_, twice)] = &errors[..] {
                table.push([
                    other.name.to_owned(),
                    bumps.to_string(),
                    number(off.rms),
                    number(twice.rms),
                    largest(*other, *off),
                    largest(*other, *twice),
                ]);
            }
        }
        let mut section = Section::new("More bumps, less error").text(
            "With steep edges, twice as many bumps halve the error of a continuous function. The step cannot be \
             met at its jump, where the net passes through all values in between: its largest error \
             stays, but the stretch on which it errs gets shorter, and the rms error falls.",
        );
        if let Some(lipschitz) = target.lipschitz {
            let net = construct(target, self.bumps, self.steepness)?;
            if let Some(bound) = net.error_bound(lipschitz) {
                section = section.text(format!(
                    "That it must fall can be proved. The slope of the target is at most K = {}; with {} \
                     bumps the error is nowhere larger than about K·width/2, here {}.",
                    number(lipschitz),
                    self.bumps,
                    number(bound)
                ));
            }
        }
        Ok(section.table(table).figure(
            "error-by-bumps",
            "Error against the number of bumps, both axes logarithmic. The step is left out on the right.",
            figure(&panels, 2)?,
        ))
    }
}

/// A bump's curve where it is not 0.
fn single(bump: &universal_approximation::Bump, interval: Interval) -> Vec<(f64, f64)> {
    let margin = (bump.right - bump.left) / 2.0;
    let near = Interval {
        low: (bump.left - margin).max(interval.low),
        high: (bump.right + margin).min(interval.high),
    };
    near.points(POINTS / 8)
        .map(|x| (x, bump.evaluate(x)))
        .collect()
}

/// The same net as a module of Burn.
fn load(net: &OneHiddenLayer, room: &Room) -> XorNet {
    let weight =
        |values: &[f64], shape: [usize; 2]| Param::from_tensor(room.matrix(shape, values.to_vec()));
    let bias = |values: &[f64]| {
        let data = TensorData::new::<f64, _>(values.to_vec(), [values.len()]);
        Some(Param::from_tensor(Tensor::from_data(data, room.float())))
    };
    let (inputs, hidden) = (net.inputs(), net.hidden());
    XorNet {
        hidden: Linear {
            weight: weight(net.w1(), [inputs, hidden]),
            bias: bias(net.b1()),
        },
        output: Linear {
            weight: weight(net.w2(), [hidden, 1]),
            bias: bias(net.b2()),
        },
        activation: Activation::Sigmoid,
        output_unit: OutputUnit::Linear,
    }
}

/// The other way: a module's weights on the host.
fn unload(net: &XorNet) -> Result<OneHiddenLayer> {
    let values = |layer: &Linear| Host::of(&layer.weight.val());
    let bias = |layer: &Linear| {
        let bias = layer.bias.as_ref().expect("layers have biases");
        Host::of(&bias.val()).values
    };
    let w1 = values(&net.hidden);
    Ok(OneHiddenLayer::new(
        w1.dims[0],
        w1.values,
        bias(&net.hidden),
        values(&net.output).values,
        bias(&net.output)[0],
    )?)
}

/// The largest difference between a net's output and its Burn module's, at some points.
fn difference(net: &OneHiddenLayer, inputs: Vec<f64>, room: &Room) -> f64 {
    let rows = inputs.len() / net.inputs();
    let expected = inputs.chunks(net.inputs()).map(|x| net.evaluate(x));
    let expected = Host {
        dims: vec![rows, 1],
        values: expected.collect(),
    };
    let x = room.matrix([rows, net.inputs()], inputs);
    Host::of(&load(net, room).forward(x)).largest_difference(&expected)
}

fn in_burn(constructed: &Approximation1d, target: Target1d, room: &Room) -> Section {
    let points = target.interval.points(POINTS).collect::<Vec<_>>();
    let net = constructed.net();
    let table = Table::new(["tensor", "shape"])
        .row(["W1".to_owned(), format!("{:?}", [1, net.hidden()])])
        .row(["b1".to_owned(), format!("{:?}", [net.hidden()])])
        .row(["W2".to_owned(), format!("{:?}", [net.hidden(), 1])])
        .row(["b2".to_owned(), format!("{:?}", [1])]);
    Section::new("It is the net of the lecture")
        .text(format!(
            "The weights, loaded into the Burn module that learns XOR, with one input, {} hidden units \
             and a linear output: at {} points its output differs from the row of bumps by at most {} \
             (computed in {}).",
            net.hidden(),
            points.len(),
            number(difference(net, points, room)),
            room.dtype.name()
        ))
        .table(table)
}

/// A net that was trained, and how.
struct Trained {
    hidden: usize,
    net: OneHiddenLayer,
    losses: Vec<f64>,
    errors: Errors,
}

/// The interval as the net sees it, from -1 to 1.
fn scaled(interval: Interval, x: f64) -> f64 {
    2.0 * (x - interval.low) / interval.length() - 1.0
}

impl Options {
    /// Numbers of hidden units to train: doubled from one to the next, the last as asked for.
    fn sizes(&self) -> Vec<usize> {
        let sizes = iter::successors(Some(LEAST_HIDDEN), |&size| Some(2 * size));
        let smaller = sizes.take_while(|&size| size < self.hidden);
        smaller.chain([self.hidden]).collect()
    }

    fn train_all(&self, target: Target1d, room: &Room) -> Result<Vec<Trained>> {
        let sizes = self.sizes().into_iter();
        sizes
            .map(|hidden| self.train(target, hidden, room))
            .collect()
    }

    fn train(&self, target: Target1d, hidden: usize, room: &Room) -> Result<Trained> {
        let points = target.interval.points(LESSONS);
        let inputs = points.clone().map(|x| scaled(target.interval, x)).collect();
        let x = room.matrix([LESSONS, 1], inputs);
        let y = room.matrix([LESSONS, 1], points.map(target.function).collect());
        let (net, losses) = learn(&start(hidden, room)?, &x, &y, self.steps, room)?;
        let output = |x| net.evaluate(&[scaled(target.interval, x)]);
        Ok(Trained {
            hidden,
            errors: errors_1d(target.function, output, target.interval),
            net,
            losses,
        })
    }
}

/// Adam on all points at once, with the gradients derived by hand: the trained net, and the loss at
/// every step.
///
/// # Errors
///
/// [`Negative`] if a loss is not finite.
fn learn(
    start: &OneHiddenLayer,
    x: &Tensor<2>,
    y: &Tensor<2>,
    steps: usize,
    room: &Room,
) -> Result<(OneHiddenLayer, Vec<f64>)> {
    let mut net = load(start, room).train();
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut losses = Vec::with_capacity(steps);
    for step in 0..steps {
        let (loss, gradients) =
            manual_backprop::xor_net::gradients(&net.valid(), x.clone(), y.clone());
        losses.push(loss);
        let left = 1.0 - step as f64 / steps as f64;
        net = optimizer.step(LEARNING_RATE * left, net, gradients);
    }
    let losses = Host::of(&Tensor::cat(losses, 0)).values;
    if let Some(step) = losses.iter().position(|loss| !loss.is_finite()) {
        return Err(Negative(format!(
            "with {} hidden units the loss is not finite at step {step}; try another --seed",
            start.hidden()
        ))
        .into());
    }
    Ok((unload(&net.valid())?, losses))
}

/// A net before its training: edges evenly spread over the interval, slopes up and down at random,
/// steeper where there are more units; the output is 0.
fn start(hidden: usize, room: &Room) -> Result<OneHiddenLayer> {
    let drawn = XorNetConfig::new()
        .with_inputs(1)
        .with_hidden(hidden)
        .with_output_unit(OutputUnit::Linear)
        .init(room.seed, room.float())?;
    let bound = Initializer::GlorotUniform.bound(1, hidden);
    let steepest = 4.0 * hidden as f64 / (2.0 * OVERLAP);
    let drawn = unload(&drawn)?;
    let w1 = drawn.w1().iter().map(|w| {
        // From half as steep to as steep as that.
        let share = w / bound;
        steepest * (share + share.signum()) / 2.0
    });
    let w1 = w1.collect::<Vec<_>>();
    let edge = |unit: usize| 2.0 * (unit as f64 + 0.5) / hidden as f64 - 1.0;
    let b1 = w1.iter().enumerate().map(|(unit, w)| -w * edge(unit));
    let b1 = b1.collect();
    Ok(OneHiddenLayer::new(1, w1, b1, vec![0.0; hidden], 0.0)?)
}

impl Options {
    fn training(&self, target: Target1d, trained: &[Trained]) -> Result<Section> {
        let fits = trained.iter().map(|trained| {
            let fit = |x| trained.net.evaluate(&[scaled(target.interval, x)]);
            Panel::of(
                format!("{} hidden units, trained", trained.hidden),
                ("x", Scale::Linear),
                ("y", Scale::Linear),
                beside(target, fit).into(),
            )
        });
        // The largest nets are the interesting ones.
        let fits = fits.rev().take(4).collect::<Vec<_>>();
        let fits = fits.into_iter().rev().collect::<Vec<_>>();
        Ok(Section::new("The same by training")
            .formula("L = ½ Σ (y(x) - f(x))²        θ ← θ - Adam(δθ)        for θ = W1, b1, W2, b2")
            .text(format!(
                "Now nobody computes the weights: {} points of the target are learnt by {} steps of Adam, \
                 each on all points, with the gradients derived by hand. x is scaled to lie between -1 \
                 and 1. At the start the edges of the sigmoids are spread evenly over the interval, their \
                 slopes are drawn from seed {}, and W2 and b2 are 0. The step length falls from {} to 0.",
                LESSONS, self.steps, self.common.seed, LEARNING_RATE
            ))
            .figure(
                "fits",
                "The target (orange) and what the nets have learnt (blue)",
                figure(&fits, 2)?,
            ))
    }

    fn trained_errors(&self, target: Target1d, trained: &[Trained]) -> Result<Section> {
        let mut table = Table::new([
            "hidden units",
            "parameters",
            "rms error",
            "largest error",
            "rms error of as many in bumps",
        ]);
        let mut by_bumps = vec![];
        for Trained { hidden, errors, .. } in trained {
            let net = construct(target, hidden / 2, self.steepness)?;
            let off = errors_1d(target.function, |x| net.evaluate(x), target.interval);
            by_bumps.push((*hidden as f64, off.rms));
            table.push([
                hidden.to_string(),
                (3 * hidden + 1).to_string(),
                number(errors.rms),
                largest(target, *errors),
                number(off.rms),
            ]);
        }
        let after = trained.iter();
        let after = after.map(|trained| (trained.hidden as f64, trained.errors.rms));
        let errors = Panel::of(
            "Error against hidden units",
            ("hidden units", Scale::Log),
            ("rms error", Scale::Log),
            vec![
                Series::new("by bumps", Colour::ORANGE, Mark::Path, by_bumps),
                Series::new("by training", Colour::BLUE, Mark::Path, after),
            ],
        );
        let looks = [Mark::Thin, Mark::Dashed].into_iter();
        let looks = looks.flat_map(|mark| Colour::SERIES.map(|colour| (mark, colour)));
        let losses = trained.iter().zip(looks).map(|(trained, (mark, colour))| {
            let label = format!("{} units", trained.hidden);
            let every = trained.losses.len().div_ceil(POINTS);
            let points = trained.losses.iter().enumerate().step_by(every);
            let points = points.map(|(step, loss)| (step as f64, *loss));
            Series::new(label, colour, mark, points)
        });
        let losses = Panel::of(
            "Loss while training",
            ("step", Scale::Linear),
            ("L", Scale::Log),
            losses.collect(),
        );
        Ok(Section::new("More hidden units, less error")
            .text(verdict(trained))
            .table(table)
            .figure(
                "trained-error",
                "Left: the rms error of the trained nets and of as many hidden units in bumps. Right: the \
                 loss at every step.",
                figure(&[errors, losses], 2)?,
            ))
    }
}

/// Whether each larger net came out better than the one before.
fn verdict(trained: &[Trained]) -> String {
    let failed = trained.windows(2).filter_map(|pair| {
        let (fewer, more) = (&pair[0], &pair[1]);
        let improved = more.errors.rms < fewer.errors.rms;
        (!improved).then(|| format!("{} units are no better than {}", more.hidden, fewer.hidden))
    });
    let failed = failed.collect::<Vec<_>>();
    let said = "Learnt weights put the edges where the target needs them.";
    match (failed.is_empty(), trained.len()) {
        (true, 0 | 1) => said.to_owned(),
        (true, _) => format!("{said} Here every larger net has a smaller error."),
        (false, _) => format!(
            "{said} But training finds good weights, not the best: here {}, though a net can do all that \
             a smaller one does, with 0 for the other units' W2. More --steps or another --seed may \
             find better ones.",
            failed.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;
    use burn::tensor::DType;
    use universal_approximation::approximate_2d;

    fn room() -> Room {
        let backend = "flex".parse::<Backend>().unwrap();
        Room {
            opened: backend.open().unwrap(),
            dtype: DType::F64,
            seed: 0,
        }
    }

    fn options(hidden: usize, steps: usize) -> Options {
        #[derive(clap::Parser)]
        struct Program {
            #[command(flatten)]
            options: Options,
        }
        let arguments = [
            "",
            "--hidden",
            &hidden.to_string(),
            "--steps",
            &steps.to_string(),
        ];
        <Program as clap::Parser>::parse_from(arguments).options
    }

    #[test]
    fn a_net_is_the_same_in_burn_and_comes_back_whole() {
        let room = room();
        let target = targets::NIELSEN;
        let net = construct(target, 8, 30.0).unwrap().net().clone();
        assert_eq!(unload(&load(&net, &room)).unwrap(), net);
        let points = target.interval.points(50).collect();
        assert!(difference(&net, points, &room) < 1e-14);
        let square = approximate_2d(targets::HILLS.function, targets::HILLS.domain, 40, 10.0);
        let points = vec![0.1, 0.9, 0.7, 0.2, 0.5, 0.5];
        assert!(difference(square.unwrap().net(), points, &room) < 1e-13);
    }

    #[test]
    fn sizes_are_doubled_up_to_the_one_asked_for() {
        assert_eq!(options(32, 1).sizes(), [4, 8, 16, 32]);
        assert_eq!(options(20, 1).sizes(), [4, 8, 16, 20]);
        assert_eq!(options(4, 1).sizes(), [4]);
    }

    #[test]
    fn a_net_starts_at_0_with_its_edges_spread_and_learns() {
        let room = room();
        let begin = start(8, &room).unwrap();
        for (unit, (w, b)) in begin.w1().iter().zip(begin.b1()).enumerate() {
            let edge = -1.0 + 0.25 * (unit as f64 + 0.5);
            assert!((-b / w - edge).abs() < 1e-12);
        }
        assert_eq!(begin.evaluate(&[0.3]), 0.0);
        let trained = options(8, 300).train(targets::BUMP, 8, &room).unwrap();
        let (first, last) = (trained.losses[0], trained.losses[299]);
        assert!(last < first / 100.0, "{last} after {first}");
        assert!(trained.errors.rms < 0.05, "{:?}", trained.errors);
    }

    #[test]
    fn what_did_not_get_better_is_said() {
        let net = start(4, &room()).unwrap();
        let trained = |hidden, rms| Trained {
            hidden,
            net: net.clone(),
            losses: vec![],
            errors: Errors {
                max: rms,
                rms,
                mean: rms,
            },
        };
        let better = [trained(4, 0.2), trained(8, 0.1)];
        assert!(verdict(&better).contains("every larger net"));
        let worse = [trained(4, 0.2), trained(8, 0.1), trained(16, 0.1)];
        assert!(verdict(&worse).contains("here 16 units are no better than 8,"));
    }
}
