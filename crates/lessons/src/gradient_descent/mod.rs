//! Gradient descent: plain, with momentum, and with a line search.

mod trial;
mod window;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use gradient_descent::Function;
use gradient_descent::functions::{CosineBowl, FourVariables, QuadraticValley, Rosenbrock};
use gradient_descent::{Iterate, LineSearch, Minimum, Momentum, central_gradient};
use gradient_trials::TensorFunction;
use pages::numbers::{number, vector};
use pages::page::{Page, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};
use training::number::parse::{finite, non_negative, positive};

use super::functions::autodiff;
use crate::about;
use crate::arguments::between;
use crate::setup::{Setup, Teach};
use trial::{Run, Trial};
use window::Window;

/// Most iterations: the whole path of each descent is kept.
const MOST_ITERATIONS: usize = 200_000;
/// Points of a curve.
const POINTS: usize = 400;
/// Options of `lesson gradient-descent`.
#[derive(Debug, Args)]
pub struct Options {
    /// The function to minimise.
    #[arg(long, value_enum, default_value_t = Choice::CosineBowl, value_name = "NAME")]
    function: Choice,

    /// Where to start, a number for each variable [default: the function's own start].
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    start: Option<Vec<f64>>,

    /// Step size α of plain descent and of momentum, greater than 0 [default: the function's own,
    /// with which plain descent never increases f].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "STEP")]
    step: Option<f64>,

    /// Momentum μ, 0 or more and less than 1.
    #[arg(long, default_value = "0.5", allow_negative_numbers = true, value_parser = non_negative, value_name = "SHARE")]
    momentum: f64,

    /// Condition number of the valley: its curvature across over its curvature along, 1 or more.
    #[arg(long, default_value = "20", allow_negative_numbers = true, value_parser = positive, value_name = "NUMBER")]
    condition: f64,

    /// Stop a descent when the norm of the gradient is at most this, 0 or more.
    #[arg(long, default_value = "1e-6", allow_negative_numbers = true, value_parser = non_negative, value_name = "NORM")]
    tolerance: f64,

    /// Stop a descent after this many steps, from 1 to 200000.
    #[arg(long, default_value = "50000", allow_negative_numbers = true, value_parser = iterations, value_name = "N")]
    max_iterations: usize,
}

/// The functions to minimise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The lecture's: -(cos²x + cos²y)².
    CosineBowl,
    /// A quadratic valley with the condition number --condition.
    Valley,
    /// Rosenbrock's curved valley.
    Rosenbrock,
    /// The chain rule's function of four variables.
    FourVariables,
}

fn iterations(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_ITERATIONS)
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let valley = QuadraticValley::new(self.condition).context("--condition")?;
        let function: Box<dyn TensorFunction> = match self.function {
            Choice::CosineBowl => Box::new(CosineBowl),
            Choice::Valley => Box::new(valley),
            Choice::Rosenbrock => Box::new(Rosenbrock),
            Choice::FourVariables => Box::new(FourVariables),
        };
        let start = self.start.clone().unwrap_or_else(|| function.start());
        if start.len() != function.dimension() {
            bail!(
                "--start: expected {} numbers for the function {}, got {}; for example --start {}",
                function.dimension(),
                function.name(),
                start.len(),
                joined(&function.start())
            );
        }
        let step = self.step.unwrap_or_else(|| function.step());
        let minimizer = |step| Momentum {
            step,
            momentum: self.momentum,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
        };
        let trial = Trial::run(function, start, minimizer(step))?;
        let in_valley = match self.function {
            Choice::Valley => None,
            _ => {
                let minimizer = minimizer(valley.step());
                Some(Trial::run(Box::new(valley), valley.start(), minimizer)?)
            }
        };
        Ok(about::GRADIENT_DESCENT
            .page()
            .with(self.gradient(&trial, setup))
            .with(self.ways_down(&trial)?)
            .with(falling(&trial)?)
            .with(at_the_minimum(&trial, setup)?)
            .with(zigzag(in_valley.as_ref().unwrap_or(&trial), valley)?))
    }
}

impl Options {
    /// The gradient in symbols.
    fn gradient_formula(&self) -> String {
        match self.function {
            Choice::CosineBowl => {
                "∇f = [ 4 (cos²x + cos²y) cos x sin x,  4 (cos²x + cos²y) cos y sin y ]".to_owned()
            }
            Choice::Valley => format!("∇f = [ x,  {} y ]", self.condition),
            Choice::Rosenbrock => "∇f = [ -2 (1 - x) - 400 x (y - x²),  200 (y - x²) ]".to_owned(),
            Choice::FourVariables => "∂f/∂x1 =   2 (x1 + 10 x2) + 40 (x1 - x4)³\n\
                 ∂f/∂x2 =  20 (x1 + 10 x2) +  4 (x2 + 2 x3)³\n\
                 ∂f/∂x3 =  10 (x3 - x4)    +  8 (x2 + 2 x3)³\n\
                 ∂f/∂x4 = -10 (x3 - x4)    - 40 (x1 - x4)³"
                .to_owned(),
        }
    }

    fn gradient(&self, trial: &Trial, setup: &Setup) -> Section {
        let Trial {
            function, start, ..
        } = trial;
        let witnesses = [
            function.gradient(start),
            autodiff(&**function, start, setup).values,
            central_gradient(&**function, start),
        ];
        let off = |witness: usize| {
            let pairs = witnesses[0].iter().zip(&witnesses[witness]);
            number(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max))
        };
        let mut table = Table::new(["gradient", "value", "largest difference"]);
        let names = ["by hand", "autodiff", "central differences"];
        for (i, (name, values)) in names.into_iter().zip(&witnesses).enumerate() {
            let difference = if i == 0 { String::new() } else { off(i) };
            table.push([name.to_owned(), vector(values), difference]);
        }
        Section::new(format!("The function: {}", function.name()))
            .formula(format!("{}\n{}", function.formula(), self.gradient_formula()))
            .text(format!(
                "The gradient has a component for each variable: the slope of f along it. At the \
                 start, {}, f = {}. There the gradient is computed in three ways: by the formula derived \
                 by hand, by Burn's autodiff, and by differences, which use only values of f."
                ,
                vector(start),
                number(function.value(start))
            ))
            .table(table)
    }

    fn ways_down(&self, trial: &Trial) -> Result<Section> {
        let Trial {
            function,
            start,
            step,
            runs,
        } = trial;
        let search = LineSearch::default();
        let minimum = function.minimum().context("the minimum is known")?;
        let mut table = Table::new([
            "minimiser",
            "outcome",
            "iterations",
            "evaluations of f",
            "gradients",
            "f - smallest f",
            "‖∇f‖",
            "last point",
        ]);
        for Run { name, descent, .. } in runs {
            let last = descent.last();
            table.push([
                (*name).to_owned(),
                descent.outcome.to_string(),
                descent.iterations().to_string(),
                descent.evaluations.values.to_string(),
                descent.evaluations.gradients.to_string(),
                number(last.value - minimum.value),
                number(last.gradient_norm),
                vector(&last.point),
            ]);
        }
        let section = Section::new("Three ways down")
            .formula(
                "gradient descent   x ← x - α ∇f(x)\n\
                 momentum           v ← μ v - α ∇f(x),  x ← x + v\n\
                 line search        x ← x - α ∇f(x),  α halved until f(x - α ∇f) ≤ f(x) - c α ‖∇f‖²",
            )
            .text(format!(
                "All start at {} and stop when ‖∇f‖ ≤ {}. The first two have α = {}, momentum has μ = {}. \
                 The line search first tries α = {} at every point, and accepts a step if f falls by at \
                 least the fraction c = {} of what the slope predicts.",
                vector(start),
                number(self.tolerance),
                number(*step),
                number(self.momentum),
                number(search.step),
                number(search.decrease)
            ))
            .table(table);
        // The valley has a section of its own.
        if function.dimension() != 2 || self.function == Choice::Valley {
            return Ok(section);
        }
        let window = Window::of(trial, &minimum);
        let [plain, momentum, search] = runs;
        let panels = [
            window.panel(trial, &minimum, &[plain]),
            window.panel(trial, &minimum, &[momentum, search]),
        ];
        Ok(section.figure(
            "paths",
            "Contour lines of f, from blue (low) to yellow (high), and the paths: plain descent on the left, \
             momentum (orange) and line search (green) on the right. Where both axes have the same scale, \
             a step of plain descent is at a right angle to the contour line through its point. The purple \
             dot is the start, the red dot the minimum.",
            figure(&panels, 2)?,
        ))
    }
}

fn falling(trial: &Trial) -> Result<Section> {
    let Minimum { value, .. } = trial.function.minimum().context("the minimum is known")?;
    let lengths = trial.runs.each_ref().map(|run| run.descent.iterations());
    let (least, most) = lengths
        .iter()
        .fold((usize::MAX, 0), |(a, b), &n| (a.min(n), b.max(n)));
    let scale = if most > POINTS && most > 20 * least {
        Scale::Log
    } else {
        Scale::Linear
    };
    let panel = |title: &str, what: &dyn Fn(&Iterate) -> f64| {
        let curves = trial.runs.iter().map(|run| {
            let path = &run.descent.path;
            let points = sampled(run.descent.iterations(), scale)
                .into_iter()
                .map(|k| (k as f64, what(&path[k])));
            Series::new(run.name, run.colour, Mark::Line, points)
        });
        Panel::of(
            title,
            ("iteration", scale),
            (title, Scale::Log),
            curves.collect(),
        )
    };
    let panels = [
        panel("f - smallest f", &|here| here.value - value),
        panel("‖∇f‖", &|here| here.gradient_norm),
    ];
    Ok(Section::new("How fast f and its gradient fall")
        .text(format!(
            "The smallest value is {}. The figure shows how far f is above it, and the norm of the gradient, \
             iteration by iteration. Over a linear axis of iterations, a straight line means that every \
             step removes the same fraction.",
            number(value)
        ))
        .figure(
            "falling",
            "f above its smallest value, and ‖∇f‖, both on a logarithmic axis",
            figure(&panels, 2)?,
        ))
}

/// Iterations from 0 to the last: all, or evenly spaced on the axis.
fn sampled(last: usize, scale: Scale) -> Vec<usize> {
    let at = |i: usize| {
        let share = i as f64 / POINTS as f64;
        match scale {
            Scale::Linear => (share * last as f64).round() as usize,
            Scale::Log => (last as f64).powf(share).round() as usize,
        }
    };
    let mut iterations = match last {
        0..=POINTS => (0..=last).collect(),
        _ => (0..=POINTS).map(at).collect::<Vec<_>>(),
    };
    iterations.dedup();
    iterations
}

fn at_the_minimum(trial: &Trial, setup: &Setup) -> Result<Section> {
    let function = &*trial.function;
    let Minimum { point, .. } = function.minimum().context("the minimum is known")?;
    let mut table = Table::new(["point", "f", "∇f by hand", "∇f by autodiff"]);
    let ends = trial.runs.iter();
    let ends = ends.map(|run| (format!("last of {}", run.name), &run.descent.last().point));
    for (name, point) in ends.chain([("minimum".to_owned(), &point)]) {
        table.push([
            format!("{name}, {}", vector(point)),
            number(function.value(point)),
            vector(&function.gradient(point)),
            vector(&autodiff(function, point, setup).values),
        ]);
    }
    Ok(Section::new("Where the gradient vanishes")
        .text(
            "At a minimum, f does not change to first order in any direction: ∇f = 0. There a descent stops \
             by itself, and so the norm of the gradient shows when to stop. The gradient also vanishes at \
             maxima and saddle points: a descent that starts on one stays there.",
        )
        .table(table))
}

fn zigzag(trial: &Trial, valley: QuadraticValley) -> Result<Section> {
    let minimum = valley.minimum().context("the minimum is known")?;
    let [plain, momentum, search] = &trial.runs;
    let mut table = Table::new([
        "minimiser",
        "outcome",
        "iterations",
        "turns across the valley",
    ]);
    for Run { name, descent, .. } in &trial.runs {
        table.push([
            (*name).to_owned(),
            descent.outcome.to_string(),
            descent.iterations().to_string(),
            descent.turns(1).to_string(),
        ]);
    }
    let window = Window::of(trial, &minimum);
    let panels = [
        window.panel(trial, &minimum, &[plain]),
        window.panel(trial, &minimum, &[momentum, search]),
    ];
    // Rounded, so that 1 - 0.09·20 is shown as -0.8.
    let factor = |curvature: f64| number((1e9 * (1.0 - trial.step * curvature)).round() / 1e9);
    Ok(Section::new("The zig-zag in a narrow valley")
        .formula(format!("{}        ∇f = [ x,  {} y ]", valley.formula(), valley.condition()))
        .text(format!(
            "The curvature is 1 along the valley and κ = {} across. A step of plain descent multiplies \
             x by 1 - α and y by 1 - ακ. With α = {}: x by {}, y by {}. A step large enough to make \
             progress along the valley jumps across its floor; with α above 2/κ = {} each step climbs \
             higher.",
            number(valley.condition()),
            number(trial.step),
            factor(1.0),
            factor(valley.condition()),
            number(2.0 / valley.condition())
        ))
        .table(table)
        .figure(
            "zigzag",
            "The valley: plain descent on the left, momentum (orange) and line search (green) on the \
             right. The purple dot is the start, the red dot the minimum.",
            figure(&panels, 2)?,
        ))
}

/// Numbers as they are written on the command line.
fn joined(values: &[f64]) -> String {
    let numbers = values.iter().map(f64::to_string);
    numbers.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_their_ends_and_not_too_many_points() {
        for scale in [Scale::Linear, Scale::Log] {
            for last in [0, 3, POINTS, 50_000] {
                let iterations = sampled(last, scale);
                assert_eq!(iterations.last(), Some(&last));
                assert!(iterations.is_sorted_by(|a, b| a < b));
                assert!(iterations.len() <= POINTS + 1);
            }
        }
    }
}
