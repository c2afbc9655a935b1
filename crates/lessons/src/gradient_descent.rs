//! Gradient descent: plain, with momentum, and with a line search.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use gradient_descent::functions::{CosineBowl, FourVariables, QuadraticValley, Rosenbrock};
use gradient_descent::verify::TensorFunction;
use gradient_descent::{
    Descent, Function, GradientDescent, Iterate, LineSearch, Minimizer, Minimum, Momentum, Outcome,
    central_gradient,
};

use super::functions::autodiff;
use super::{Common, Negative, Room, Teach, between};
use crate::cli::{finite, non_negative, positive};
use crate::pages::colours::Colour;
use crate::pages::numbers::{number, vector};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Axis, Mark, Panel, Scale, Series, figure, levels};

/// Most iterations: the whole path of each descent is kept.
const MOST_ITERATIONS: usize = 200_000;
/// Contour lines.
const LEVELS: usize = 14;
/// Side of the grid on which their heights are chosen.
const COARSE: usize = 41;
/// Points of a curve.
const POINTS: usize = 400;
/// Points of a path that are nearer than this share of the window to the last one are not drawn.
const NEAR: f64 = 1.0 / 150.0;
/// A chart is so many times as wide as it is high.
const ASPECT: f64 = 1.35;
/// A window that is longer than this, by its height, is stretched instead of made higher.
const LONGEST: f64 = 4.0;

/// Options of `lesson gradient-descent`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The function to go down on.
    #[arg(long, value_enum, default_value_t = Choice::CosineBowl, value_name = "NAME")]
    function: Choice,

    /// Where to start, a number for each variable [default: the function's own start].
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    start: Option<Vec<f64>>,

    /// Step length α of plain descent and of momentum, greater than 0 [default: the function's own,
    /// with which plain descent never climbs].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "STEP")]
    step: Option<f64>,

    /// Momentum μ, from 0, less than 1.
    #[arg(long, default_value = "0.5", allow_negative_numbers = true, value_parser = non_negative, value_name = "SHARE")]
    momentum: f64,

    /// How much steeper the valley is across than along, from 1.
    #[arg(long, default_value = "20", allow_negative_numbers = true, value_parser = positive, value_name = "NUMBER")]
    condition: f64,

    /// A descent stops where the norm of the gradient is at most this, from 0.
    #[arg(long, default_value = "1e-6", allow_negative_numbers = true, value_parser = non_negative, value_name = "NORM")]
    tolerance: f64,

    /// A descent stops after so many steps, from 1 to 200000.
    #[arg(long, default_value = "50000", allow_negative_numbers = true, value_parser = iterations, value_name = "N")]
    max_iterations: usize,

    #[command(flatten)]
    common: Common,
}

/// The functions to go down on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The lecture's: -(cos²x + cos²y)².
    CosineBowl,
    /// A quadratic valley, narrow as --condition says.
    Valley,
    /// Rosenbrock's bent valley.
    Rosenbrock,
    /// The chain rule's function of four variables.
    FourVariables,
}

fn iterations(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_ITERATIONS)
}

/// A function and the three descents on it.
struct Trial {
    function: Box<dyn TensorFunction>,
    start: Vec<f64>,
    step: f64,
    runs: [Run; 3],
}

/// A descent and how it is shown.
struct Run {
    name: &'static str,
    colour: Colour,
    descent: Descent,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "gradient-descent"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
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
                "--start has {} numbers, expected {} for the function {}; for example --start {}",
                start.len(),
                function.dimension(),
                function.name(),
                joined(&function.start())
            );
        }
        let step = self.step.unwrap_or_else(|| function.step());
        let trial = self.descend(function, start, step)?;
        let in_valley = match self.function {
            Choice::Valley => None,
            _ => Some(self.descend(Box::new(valley), valley.start(), valley.step())?),
        };
        Ok(Page::new("Gradient descent", "L13")
            .with(self.gradient(&trial, room))
            .with(self.ways_down(&trial)?)
            .with(falling(&trial)?)
            .with(at_the_minimum(&trial, room)?)
            .with(zigzag(in_valley.as_ref().unwrap_or(&trial), valley)?))
    }
}

impl Options {
    /// All three descents.
    ///
    /// # Errors
    ///
    /// If a setting does not fit; [`Negative`] if a descent diverges.
    fn descend(
        &self,
        function: Box<dyn TensorFunction>,
        start: Vec<f64>,
        step: f64,
    ) -> Result<Trial> {
        let &Self {
            momentum,
            tolerance,
            max_iterations,
            ..
        } = self;
        let minimizers: [(&dyn Minimizer, Colour); 3] = [
            (
                &GradientDescent {
                    step,
                    tolerance,
                    max_iterations,
                },
                Colour::BLUE,
            ),
            (
                &Momentum {
                    step,
                    momentum,
                    tolerance,
                    max_iterations,
                },
                Colour::ORANGE,
            ),
            (
                &LineSearch {
                    tolerance,
                    max_iterations,
                    ..LineSearch::default()
                },
                Colour::GREEN,
            ),
        ];
        let mut runs = vec![];
        for (minimizer, colour) in minimizers {
            let name = minimizer.name();
            let descent = minimizer.minimize(&*function, &start)?;
            if descent.outcome == Outcome::Diverged {
                return Err(Negative(format!(
                    "{name} diverges on {} with a step of {}, after {} iterations; try --step {}",
                    function.name(),
                    number(step),
                    descent.iterations(),
                    number(function.step().min(step / 10.0))
                ))
                .into());
            }
            runs.push(Run {
                name,
                colour,
                descent,
            });
        }
        let Ok(runs) = <[Run; 3]>::try_from(runs) else {
            unreachable!("there are three minimisers");
        };
        Ok(Trial {
            function,
            start,
            step,
            runs,
        })
    }

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

    fn gradient(&self, trial: &Trial, room: &Room) -> Section {
        let Trial {
            function, start, ..
        } = trial;
        let witnesses = [
            function.gradient(start),
            autodiff(&**function, start, room).values,
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
                 start, {}, f = {}. There the formula derived by hand, Burn's autodiff and differences \
                 of f, which know no derivative, say:",
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
            "values of f",
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
                "All start at {} and stop where ‖∇f‖ ≤ {}. α = {} for the first two, μ = {}; the line \
                 search tries α = {} first at every point and demands the share c = {} of what the \
                 slope promises.",
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
            "Lines of equal f, from blue (low) to yellow (high), and the paths: plain descent on the left, \
             momentum (orange) and line search (green) on the right. A step of plain descent leaves its \
             point at a right angle to the line through it, where both axes have the same scale. The \
             purple dot is the start, the red one the minimum.",
            figure(&panels, 2)?,
        ))
    }
}

/// The part of the plane that a chart shows.
struct Window {
    x: Range<f64>,
    y: Range<f64>,
}

impl Window {
    /// A window around all paths and the minimum.
    fn of(trial: &Trial, minimum: &Minimum) -> Self {
        let paths = trial.runs.iter().flat_map(|run| run.descent.points());
        Self::holding(&paths.chain([&minimum.point[..]]).collect::<Vec<_>>())
    }

    /// A window around points of the plane, of equal scales unless that leaves it mostly empty.
    fn holding(points: &[&[f64]]) -> Self {
        let range = |axis: usize| {
            let along = points.iter().map(|point| point[axis]);
            let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
            (f64::midpoint(low, high), (high - low) / 2.0)
        };
        let [(x, mut half_x), (y, mut half_y)] = [range(0), range(1)];
        // Points on a line, or a single one, still have a plane around them.
        let least = match half_x.max(half_y) {
            0.0 => 1.0,
            longer => longer / 20.0,
        };
        half_x = 1.15 * half_x.max(least);
        half_y = 1.15 * half_y.max(least);
        let ratio = half_x / (half_y * ASPECT);
        if (1.0 / LONGEST..LONGEST).contains(&ratio) {
            half_x = half_x.max(half_y * ASPECT);
            half_y = half_y.max(half_x / ASPECT);
        }
        Self {
            x: x - half_x..x + half_x,
            y: y - half_y..y + half_y,
        }
    }

    /// Contours with the paths of some runs.
    fn panel(&self, trial: &Trial, minimum: &Minimum, runs: &[&Run]) -> Panel {
        let function = &trial.function;
        let names = runs.iter().map(|run| run.name).collect::<Vec<_>>();
        let axis = |label: &str, range: &Range<f64>| Axis::linear(label, range.clone());
        let panel = Panel::new(names.join(", "), axis("x", &self.x), axis("y", &self.y))
            .contours(&self.levels(&**function), |x, y| function.value(&[x, y]));
        let panel = runs.iter().fold(panel, |panel, run| {
            let path = self.thinned(run.descent.points());
            panel.with(Series::new("", run.colour, Mark::Path, path))
        });
        let dot =
            |colour, point: &[f64]| Series::new("", colour, Mark::Dots, [(point[0], point[1])]);
        panel
            .with(dot(Colour::PURPLE, &trial.start))
            .with(dot(Colour::RED, &minimum.point))
    }

    /// Heights of contour lines, of which half lie below the median height in the window.
    fn levels(&self, function: &dyn Function) -> Vec<f64> {
        let at = |range: &Range<f64>, i: usize| {
            range.start + (range.end - range.start) * i as f64 / (COARSE - 1) as f64
        };
        let mut values = (0..COARSE * COARSE)
            .map(|i| function.value(&[at(&self.x, i % COARSE), at(&self.y, i / COARSE)]))
            .collect::<Vec<_>>();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[0], values[values.len() - 1]);
        let median = (values[values.len() / 2] - low) / (high - low);
        let power = median.log(0.5);
        levels(
            low..high,
            LEVELS,
            if power.is_finite() {
                power.clamp(1.0, 3.0)
            } else {
                1.0
            },
        )
    }

    /// A path without the points that would lie on each other.
    fn thinned<'a>(&self, path: impl Iterator<Item = &'a [f64]>) -> Vec<(f64, f64)> {
        let share = |range: &Range<f64>, length: f64| length / (range.end - range.start);
        let mut kept: Vec<(f64, f64)> = vec![];
        for point in path {
            let (x, y) = (point[0], point[1]);
            let far = |&(kept_x, kept_y): &(f64, f64)| {
                share(&self.x, x - kept_x).hypot(share(&self.y, y - kept_y)) > NEAR
            };
            if kept.last().is_none_or(far) {
                kept.push((x, y));
            }
        }
        kept
    }
}

fn falling(trial: &Trial) -> Result<Section> {
    let Minimum { value, .. } = trial.function.minimum().context("the minimum is known")?;
    let lengths = trial.runs.each_ref().map(|run| run.descent.iterations());
    let (least, most) = lengths
        .iter()
        .fold((usize::MAX, 0), |(a, b), &n| (a.min(n), b.max(n)));
    let scale = match most > POINTS && most > 20 * least {
        true => Scale::Log,
        false => Scale::Linear,
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
            "The smallest value is {}; what is above it, and the norm of the gradient, iteration by \
             iteration. A straight line on a linear axis of iterations means: every step takes off the \
             same share.",
            number(value)
        ))
        .figure(
            "falling",
            "f above its smallest value, and ‖∇f‖, both on a logarithmic axis",
            figure(&panels, 2)?,
        ))
}

/// Iterations from 0 to the last, all or evenly spread on the axis.
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

fn at_the_minimum(trial: &Trial, room: &Room) -> Result<Section> {
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
            vector(&autodiff(function, point, room).values),
        ]);
    }
    Ok(Section::new("Where the gradient vanishes")
        .text(
            "At a minimum f changes in no direction to first order: ∇f = 0. That is where a descent \
             stops by itself, and why the norm of the gradient tells when to stop. It vanishes at \
             maxima and saddles, too: a descent that starts on one stays there.",
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
             x by 1 - α and y by 1 - ακ. With α = {}: x by {}, y by {}. A step long enough to get on \
             along the valley leaps over its floor; one above 2/κ = {} climbs higher each time.",
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
             right. The purple dot is the start, the red one the minimum.",
            figure(&panels, 2)?,
        ))
}

/// Numbers as on the command line.
fn joined(values: &[f64]) -> String {
    let numbers = values.iter().map(f64::to_string);
    numbers.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_its_points_and_is_never_flat() {
        let points = [[1.3, 0.9], [0.0, 0.0], [-0.1, 0.2]];
        let window = Window::holding(&points.each_ref().map(|point| &point[..]));
        assert!(
            points
                .iter()
                .all(|p| window.x.contains(&p[0]) && window.y.contains(&p[1]))
        );
        let scale = |range: &Range<f64>| range.end - range.start;
        assert!((scale(&window.x) / scale(&window.y) - ASPECT).abs() < 1e-12);
        for flat in [[[20.0, 0.0], [0.0, 0.0]], [[0.0; 2]; 2]] {
            let window = Window::holding(&flat.each_ref().map(|point| &point[..]));
            assert!(scale(&window.x) > 0.0 && scale(&window.y) > 0.0);
        }
    }

    #[test]
    fn a_thinned_path_keeps_its_shape() {
        let window = Window {
            x: 0.0..1.0,
            y: 0.0..1.0,
        };
        let path = [[0.0, 0.0], [0.5, 0.5], [0.5, 0.5001], [0.6, 0.5]];
        let thinned = window.thinned(path.iter().map(|point| &point[..]));
        assert_eq!(thinned, [(0.0, 0.0), (0.5, 0.5), (0.6, 0.5)]);
    }

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
