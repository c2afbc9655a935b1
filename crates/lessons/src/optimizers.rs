//! Optimizers compared on one surface, each with its own best learning rate.

use anyhow::{Context, Result};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use clap::{Args, ValueEnum};
use gradient_descent::Function;
use gradient_descent::functions::{QuadraticValley, Rosenbrock};
use pages::colours::Colour;
use pages::numbers::{number, vector};
use pages::page::{Page, Section, Table};
use pages::plot::{Axis, Mark, Panel, Points, Scale, Series, figure, levels};
use training::{ModelName, OptimizerName, Settings, new_optimizer};

use crate::about;
use crate::arguments::between;
use crate::setup::{Setup, Teach};
use crate::tensors::read;

/// Most steps: every path is kept.
const MOST_STEPS: usize = 10_000;
/// Learning rates that are tried: powers of ten from the first to the second, so many in each decade.
const POWERS: [i32; 2] = [-5, 1];
const PER_DECADE: i32 = 6;
/// Beyond this value of f a path counts as diverged.
const DIVERGED: f64 = 1e9;
/// μ of momentum; β₁, β₂ and ε of Adam.
const MOMENTUM: f64 = 0.9;
const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;
/// Contour lines.
const LEVELS: usize = 14;

/// Options of `lesson optimizers`.
#[derive(Debug, Args)]
pub struct Options {
    /// The surface.
    #[arg(long, value_enum, default_value_t = Surface::Rosenbrock, value_name = "NAME")]
    function: Surface,

    /// Steps of each optimizer, from 1 to 10000.
    #[arg(long, default_value = "300", allow_negative_numbers = true, value_parser = steps, value_name = "N")]
    steps: usize,
}

/// Surfaces over a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Surface {
    /// Rosenbrock's curved valley.
    Rosenbrock,
    /// A quadratic valley, much steeper across than along.
    Valley,
}

fn steps(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_STEPS)
}

/// An update rule, written out for two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Sgd,
    Momentum,
    Nesterov,
    Adam,
}

const RULES: [Rule; 4] = [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::Adam];

impl Rule {
    /// The same rule of the trainer.
    fn optimizer(self) -> OptimizerName {
        match self {
            Self::Sgd => OptimizerName::Sgd,
            Self::Momentum => OptimizerName::Momentum,
            Self::Nesterov => OptimizerName::Nesterov,
            Self::Adam => OptimizerName::Adam,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sgd => "gradient descent",
            Self::Momentum => "momentum",
            Self::Nesterov => "Nesterov",
            Self::Adam => "Adam",
        }
    }

    fn colour(self) -> Colour {
        match self {
            Self::Sgd => Colour::BLUE,
            Self::Momentum => Colour::ORANGE,
            Self::Nesterov => Colour::GREEN,
            Self::Adam => Colour::PURPLE,
        }
    }

    /// Walks from the function's start; the points, up to the last one before it diverges.
    fn walk(self, function: &dyn Function, rate: f64, steps: usize) -> Vec<[f64; 2]> {
        let start = function.start();
        let mut at = [start[0], start[1]];
        let (mut first, mut second) = ([0.0; 2], [0.0; 2]);
        let mut path = vec![at];
        for step in 1..=steps {
            let gradient = function.gradient(&at);
            for i in 0..2 {
                let g = gradient[i];
                at[i] -= rate
                    * match self {
                        Self::Sgd => g,
                        Self::Momentum => {
                            first[i] = MOMENTUM * first[i] + g;
                            first[i]
                        }
                        Self::Nesterov => {
                            first[i] = MOMENTUM * first[i] + g;
                            g + MOMENTUM * first[i]
                        }
                        Self::Adam => {
                            let [b1, b2] = BETAS;
                            first[i] = b1 * first[i] + (1.0 - b1) * g;
                            second[i] = b2 * second[i] + (1.0 - b2) * g * g;
                            let mean = first[i] / (1.0 - b1.powi(step as i32));
                            let square = second[i] / (1.0 - b2.powi(step as i32));
                            mean / (square.sqrt() + EPSILON)
                        }
                    };
            }
            let value = function.value(&at);
            if !value.is_finite() || value > DIVERGED {
                break;
            }
            path.push(at);
        }
        path
    }
}

/// An optimizer with each learning rate, and its path with the best one.
struct Trial {
    rule: Rule,
    /// Learning rate and last f, if it did not diverge.
    ends: Points,
    rate: f64,
    path: Vec<[f64; 2]>,
}

impl Trial {
    fn of(rule: Rule, function: &dyn Function, steps: usize) -> Result<Self> {
        let rates = (POWERS[0] * PER_DECADE..=POWERS[1] * PER_DECADE)
            .map(|i| 10f64.powf(f64::from(i) / f64::from(PER_DECADE)));
        let ends = rates.filter_map(|rate| {
            let path = rule.walk(function, rate, steps);
            let last = path.last().filter(|_| path.len() == steps + 1)?;
            Some((rate, function.value(last)))
        });
        let ends = ends.collect::<Points>();
        let best = ends.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        let (rate, _) = *best.context("the smallest learning rate does not diverge")?;
        Ok(Self {
            rule,
            ends,
            rate,
            path: rule.walk(function, rate, steps),
        })
    }
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let function: Box<dyn Function> = match self.function {
            Surface::Rosenbrock => Box::new(Rosenbrock),
            Surface::Valley => Box::new(QuadraticValley::default()),
        };
        let function = &*function;
        let trials = RULES.map(|rule| Trial::of(rule, function, self.steps));
        let trials = trials.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(about::OPTIMIZERS
            .page()
            .with(rules())
            .with(self.paths(function, &trials)?)
            .with(sensitivity(&trials)?)
            .with(in_burn(function, &trials, self.steps, setup)))
    }
}

fn rules() -> Section {
    Section::new("Four rules")
        .text(
            "All four take the same gradient and differ in what they remember. Momentum keeps a velocity: gradients \
             that point the same way add up, those that change sign cancel. Nesterov's rule looks one step of the \
             velocity ahead. Adam divides each component by the root of its mean square: it takes steps of about α \
             in every direction, steep or flat.",
        )
        .formula(format!(
            "gradient descent   θ ← θ - α δθ\n\
             momentum   v ← μ v + δθ   θ ← θ - α v\n\
             Nesterov   v ← μ v + δθ   θ ← θ - α (δθ + μ v)\n\
             Adam   m ← β1 m + (1 - β1) δθ   s ← β2 s + (1 - β2) δθ²   θ ← θ - α (m / (1 - β1^t)) / (√(s / (1 - β2^t)) + ε)\n\
             μ = {}   β1 = {}   β2 = {}   ε = {}",
            number(MOMENTUM),
            number(BETAS[0]),
            number(BETAS[1]),
            number(EPSILON)
        ))
}

impl Options {
    fn paths(&self, function: &dyn Function, trials: &[Trial]) -> Result<Section> {
        let minimum = function.minimum().context("the minimum is known")?;
        let mut table = Table::new([
            "optimizer",
            "best α",
            "f at the end",
            "distance to the minimum",
        ]);
        for Trial {
            rule, rate, path, ..
        } in trials
        {
            let last = path.last().context("a path has a start")?;
            let distance = (last[0] - minimum.point[0]).hypot(last[1] - minimum.point[1]);
            table.push([
                rule.name().to_owned(),
                number(*rate),
                number(function.value(last)),
                number(distance),
            ]);
        }
        let panels = trials.iter().map(|trial| contours(function, trial));
        let panels = panels.collect::<Result<Vec<_>>>()?;
        let falling = trials.iter().map(|trial| {
            let path = trial.path.iter().enumerate();
            let points = path.map(|(step, point)| (step as f64, function.value(point)));
            Series::new(trial.rule.name(), trial.rule.colour(), Mark::Line, points)
        });
        let falling = Panel::of(
            "f over the steps",
            ("step", Scale::Linear),
            ("f", Scale::Log),
            falling.collect(),
        );
        Ok(Section::new("Paths on one surface")
            .formula(function.formula())
            .text(format!(
                "Each optimizer takes {} steps from {}. Learning rates of different rules mean different things, so \
                 each rule is given the one with which it ends lowest, of {} rates from {} to {}.",
                self.steps,
                vector(&function.start()),
                (POWERS[1] - POWERS[0]) * PER_DECADE + 1,
                number(10f64.powi(POWERS[0])),
                number(10f64.powi(POWERS[1]))
            ))
            .table(table)
            .figure(
                "paths",
                "The paths with the best learning rates over the contour lines of f, from blue (low) to yellow \
                 (high). The red dot is the minimum.",
                figure(&panels, 2)?,
            )
            .figure(
                "falling",
                "f at every step, on a logarithmic axis",
                figure(&[falling], 1)?,
            ))
    }
}

/// A path over the contour lines.
fn contours(function: &dyn Function, trial: &Trial) -> Result<Panel> {
    let minimum = function.minimum().context("the minimum is known")?;
    let points = trial.path.iter().map(|&[x, y]| (x, y));
    let all = || points.clone().chain([(minimum.point[0], minimum.point[1])]);
    let x = Axis::fitting("x", Scale::Linear, all().map(|point| point.0));
    let y = Axis::fitting("y", Scale::Linear, all().map(|point| point.1));
    // The lines are dense where f is low: their levels are fourth powers of even steps.
    let highest = trial.path.iter().map(|point| function.value(point));
    let highest = highest.fold(0.0, f64::max);
    let heights = levels(minimum.value..highest, LEVELS, 4.0);
    let title = format!("{}, α = {}", trial.rule.name(), number(trial.rate));
    Ok(Panel::new(title, x, y)
        .contours(&heights, |x, y| function.value(&[x, y]))
        .with(Series::new("", trial.rule.colour(), Mark::Path, points))
        .with(Series::new(
            "",
            Colour::RED,
            Mark::Dots,
            [(minimum.point[0], minimum.point[1])],
        )))
}

fn sensitivity(trials: &[Trial]) -> Result<Section> {
    let mut table = Table::new([
        "optimizer",
        "largest α that does not diverge",
        "rates within 10 times the best f",
    ]);
    for Trial { rule, ends, .. } in trials {
        let best = ends.iter().map(|end| end.1).fold(f64::INFINITY, f64::min);
        let near = ends.iter().filter(|end| end.1 <= 10.0 * best).count();
        let largest = ends.iter().map(|end| end.0).fold(0.0, f64::max);
        table.push([rule.name().to_owned(), number(largest), near.to_string()]);
    }
    let series = trials.iter().map(|trial| {
        let ends = trial.ends.iter().copied();
        Series::new(trial.rule.name(), trial.rule.colour(), Mark::Path, ends)
    });
    let panel = Panel::of(
        "f at the end",
        ("learning rate α", Scale::Log),
        ("f", Scale::Log),
        series.collect(),
    );
    Ok(Section::new("How much the learning rate matters")
        .text(
            "A rule that is fast with its best learning rate is of little use if the next one diverges. Each dot is a \
             run; where a curve ends on the right, larger rates diverge.",
        )
        .table(table)
        .figure(
            "learning-rates",
            "f after the last step over the learning rate, both axes logarithmic",
            figure(&[panel], 1)?,
        ))
}

/// Two numbers as a module, for Burn's optimizers.
#[derive(Module, Debug)]
struct Place {
    at: Param<Tensor<1>>,
}

/// Where a rule of the trainer ends, with the gradients by hand.
fn end_in_burn(trial: &Trial, function: &dyn Function, steps: usize, setup: &Setup) -> Vec<f64> {
    let settings = Settings {
        optimizer: trial.rule.optimizer(),
        weight_decay: 0.0,
        ..Settings::default_for(ModelName::MnistMlp)
    };
    let mut optimizer = new_optimizer(&settings, &setup.opened.device);
    let mut place = Place {
        at: Param::from_tensor(setup.vector(function.start())),
    }
    .train();
    for _ in 0..steps {
        let at = read(&place.at.val().inner()).values;
        let mut gradients = GradientsParams::new();
        gradients.register(place.at.id, setup.vector(function.gradient(&at)));
        place = optimizer.step(trial.rate, place, gradients);
    }
    read(&place.at.val().inner()).values
}

fn in_burn(function: &dyn Function, trials: &[Trial], steps: usize, setup: &Setup) -> Section {
    let mut table = Table::new([
        "optimizer",
        "last point by hand",
        "by Burn's optimizer",
        "difference",
    ]);
    for trial in trials {
        let by_hand = trial.path.last().copied().unwrap_or_default();
        let by_burn = end_in_burn(trial, function, steps, setup);
        let difference = (by_hand[0] - by_burn[0])
            .abs()
            .max((by_hand[1] - by_burn[1]).abs());
        table.push([
            trial.rule.name().to_owned(),
            vector(&by_hand),
            vector(&by_burn),
            number(difference),
        ]);
    }
    Section::new("The same from Burn's optimizers")
        .text(format!(
            "The paths above are computed by the formulas, in plain numbers. Here the trainer's own optimizers take \
             the same {steps} steps in {}. (Burn keeps β and μ in f32, so the last digits differ, most where the path \
             is unstable.)",
            setup.dtype.name()
        ))
        .table(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    #[test]
    fn the_rules_are_those_of_the_trainer() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 0);
        let valley = QuadraticValley::default();
        for rule in RULES {
            let trial = Trial {
                rule,
                ends: vec![],
                rate: 0.01,
                path: rule.walk(&valley, 0.01, 30),
            };
            let by_burn = end_in_burn(&trial, &valley, 30, &setup);
            for (ours, theirs) in trial.path[30].iter().zip(&by_burn) {
                assert!((ours - theirs).abs() < 1e-5, "{rule:?}: {ours} {theirs}");
            }
        }
    }

    #[test]
    fn a_rate_that_diverges_is_left_out() {
        let trial = Trial::of(Rule::Sgd, &QuadraticValley::default(), 200).unwrap();
        // Above 2/κ each step climbs higher.
        let largest = trial.ends.iter().map(|end| end.0).fold(0.0, f64::max);
        assert!(largest < 0.12, "{largest}");
        assert!(trial.rate > 0.05, "{}", trial.rate);
    }
}
