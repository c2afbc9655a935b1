//! Learnt weights: nets of growing size, trained on points of the target.

use std::iter;

use anyhow::Result;
use burn::module::Module;
use burn::optim::AdamConfig;
use burn::tensor::Tensor;
use pages::colours::Colour;
use pages::numbers::number;
use pages::page::{Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};
use universal_approximation::targets::Target1d;
use universal_approximation::{Errors, Interval, OneHiddenLayer, errors_1d};
use xor_net::{Initializer, OutputUnit, XorNetConfig};

use super::burn_net::{load, unload};
use super::curves::{POINTS, construct, largest, overlaid};
use super::{LEAST_HIDDEN, Options};
use crate::setup::{NotFinite, Setup};
use crate::tensors::read;

/// Points that the nets learn from.
const EXAMPLES: usize = 200;
/// Learning rate at the start of training; it falls linearly to 0.
pub(super) const LEARNING_RATE: f64 = 0.05;
/// Before training, the steepest sigmoid of a net rises over about this many distances between edges.
const OVERLAP: f64 = 1.5;

/// A trained net, and how its training went.
pub(super) struct Trained {
    hidden: usize,
    net: OneHiddenLayer,
    losses: Vec<f64>,
    errors: Errors,
}

/// A point of an interval, scaled to -1 to 1 for the net.
pub(super) fn scaled(interval: Interval, x: f64) -> f64 {
    2.0 * (x - interval.low) / interval.length() - 1.0
}

impl Options {
    /// Hidden units of the nets to train: each twice the one before, the last as chosen.
    fn sizes(&self) -> Vec<usize> {
        let sizes = iter::successors(Some(LEAST_HIDDEN), |&size| Some(2 * size));
        let smaller = sizes.take_while(|&size| size < self.hidden);
        smaller.chain([self.hidden]).collect()
    }

    pub(super) fn train_all(&self, target: Target1d, setup: &Setup) -> Result<Vec<Trained>> {
        let sizes = self.sizes().into_iter();
        sizes
            .map(|hidden| self.train(target, hidden, setup))
            .collect()
    }

    fn train(&self, target: Target1d, hidden: usize, setup: &Setup) -> Result<Trained> {
        let points = target.interval.points(EXAMPLES);
        let inputs = points.clone().map(|x| scaled(target.interval, x)).collect();
        let x = setup.matrix([EXAMPLES, 1], inputs);
        let y = setup.matrix([EXAMPLES, 1], points.map(target.function).collect());
        let (net, losses) = learn(&start(hidden, setup)?, &x, &y, self.steps, setup)?;
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
/// [`NotFinite`] if a loss is not finite.
pub(super) fn learn(
    start: &OneHiddenLayer,
    x: &Tensor<2>,
    y: &Tensor<2>,
    steps: usize,
    setup: &Setup,
) -> Result<(OneHiddenLayer, Vec<f64>)> {
    let mut net = load(start, setup).train();
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let mut losses = Vec::with_capacity(steps);
    for step in 0..steps {
        let (loss, gradients) =
            manual_backprop::xor_net::gradients(&net.valid(), x.clone(), y.clone());
        losses.push(loss);
        let left = 1.0 - step as f64 / steps as f64;
        net = optimizer.step(LEARNING_RATE * left, net, gradients);
    }
    let losses = read(&Tensor::cat(losses, 0)).values;
    if let Some(step) = losses.iter().position(|loss| !loss.is_finite()) {
        return Err(NotFinite(format!(
            "with {} hidden units the loss is not finite at step {step}; try another --seed",
            start.hidden()
        ))
        .into());
    }
    Ok((unload(&net.valid())?, losses))
}

/// A net before training: edges evenly spaced over the interval, slopes of random sign and size,
/// steeper if there are more units; the output is 0.
fn start(hidden: usize, setup: &Setup) -> Result<OneHiddenLayer> {
    let drawn = XorNetConfig::new()
        .with_inputs(1)
        .with_hidden(hidden)
        .with_output_unit(OutputUnit::Linear)
        .init(setup.seed, setup.float())?;
    let bound = Initializer::GlorotUniform.bound(1, hidden);
    let steepest = 4.0 * hidden as f64 / (2.0 * OVERLAP);
    let drawn = unload(&drawn)?;
    let w1 = drawn.w1().iter().map(|w| {
        // From half of the largest steepness to all of it.
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
    pub(super) fn training(
        &self,
        target: Target1d,
        trained: &[Trained],
        seed: u64,
    ) -> Result<Section> {
        let fits = trained.iter().map(|trained| {
            let fit = |x| trained.net.evaluate(&[scaled(target.interval, x)]);
            Panel::of(
                format!("{} hidden units, trained", trained.hidden),
                ("x", Scale::Linear),
                ("y", Scale::Linear),
                overlaid(target, fit).into(),
            )
        });
        // The largest nets are the most interesting.
        let fits = fits.rev().take(4).collect::<Vec<_>>();
        let fits = fits.into_iter().rev().collect::<Vec<_>>();
        Ok(Section::new("The same by training")
            .formula("L = ½ Σ (y(x) - f(x))²        θ ← θ - Adam(δθ)        for θ = W1, b1, W2, b2")
            .text(format!(
                "Now the weights are learnt: from {} points of the target, in {} steps of Adam, each on all \
                 points, with the gradients derived by hand. x is scaled to lie between -1 and 1. Before \
                 training, the edges of the sigmoids are evenly spaced over the interval, their slopes are \
                 random (seed {}), and W2 and b2 are 0. The learning rate falls from {} to 0.",
                EXAMPLES, self.steps, seed, LEARNING_RATE
            ))
            .figure(
                "fits",
                "The target (orange) and the trained nets (blue)",
                figure(&fits, 2)?,
            ))
    }

    pub(super) fn trained_errors(&self, target: Target1d, trained: &[Trained]) -> Result<Section> {
        let mut table = Table::new([
            "hidden units",
            "parameters",
            "rms error",
            "largest error",
            "rms error of as many units in bumps",
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
            "Error over hidden units",
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

/// Whether each larger net is better than the one before.
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
            "{said} But training finds good weights, not the best: here {}, although a net can do what a \
             smaller one does, with W2 = 0 for the other units. More --steps or another --seed may find \
             better weights.",
            failed.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;
    use universal_approximation::targets;

    fn setup() -> Setup {
        Setup::new(Backend::Flex.open().unwrap(), 0)
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
    fn sizes_are_doubled_up_to_the_one_asked_for() {
        assert_eq!(options(32, 1).sizes(), [4, 8, 16, 32]);
        assert_eq!(options(20, 1).sizes(), [4, 8, 16, 20]);
        assert_eq!(options(4, 1).sizes(), [4]);
    }

    #[test]
    fn a_net_starts_at_0_with_its_edges_spread_and_learns() {
        let setup = setup();
        let begin = start(8, &setup).unwrap();
        for (unit, (w, b)) in begin.w1().iter().zip(begin.b1()).enumerate() {
            let edge = -1.0 + 0.25 * (unit as f64 + 0.5);
            assert!((-b / w - edge).abs() < 1e-12);
        }
        assert_eq!(begin.evaluate(&[0.3]), 0.0);
        let trained = options(8, 300).train(targets::BUMP, 8, &setup).unwrap();
        let (first, last) = (trained.losses[0], trained.losses[299]);
        assert!(last < first / 100.0, "{last} after {first}");
        assert!(trained.errors.rms < 0.05, "{:?}", trained.errors);
    }

    #[test]
    fn a_larger_net_that_is_no_better_is_named() {
        let net = start(4, &setup()).unwrap();
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
