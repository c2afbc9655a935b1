//! Gradient descent on contours: plain, with momentum, and with a line search, side by side.

use gradient_descent::functions::{CosineBowl, QuadraticValley, Rosenbrock};
use gradient_descent::{
    Descent, DescentError, Function, GradientDescent, LineSearch, Minimizer, Momentum, Outcome,
};
use serde_json::{Value, json};

use crate::demos::contours::{Window, contours};
use crate::error::RequestError;
use crate::numbers::{number, numbers};
use crate::query::Query;

/// The most iterations.
const ITERATIONS: usize = 1000;

/// What descends on what, from where.
struct State {
    function: Box<dyn Function>,
    window: Window,
    start: [f64; 2],
    step: f64,
    momentum: f64,
    iterations: usize,
    /// Steps from this one on leave the minimum, where that is known.
    limit: Option<f64>,
}

#[derive(Clone, Copy)]
enum Kind {
    Bowl,
    Valley,
    Rosenbrock,
}

impl State {
    fn take(query: &mut Query) -> Result<Self, RequestError> {
        let kinds = [
            ("valley", Kind::Valley),
            ("bowl", Kind::Bowl),
            ("rosenbrock", Kind::Rosenbrock),
        ];
        let kind = query.word("function", Kind::Valley, &kinds)?;
        let (function, window, limit): (Box<dyn Function>, _, _) = match kind {
            Kind::Valley => {
                let condition = query.number("condition", 20.0, 1.0..=1000.0)?;
                let window = Window {
                    x: [-10.0, 10.0],
                    y: [-4.0, 4.0],
                };
                (
                    Box::new(QuadraticValley::new(condition)?),
                    window,
                    Some(2.0 / condition),
                )
            }
            // The curvature at the minimum is 8 in every direction.
            Kind::Bowl => {
                let window = Window {
                    x: [-1.6, 1.6],
                    y: [-1.6, 1.6],
                };
                (Box::new(CosineBowl), window, Some(2.0 / 8.0))
            }
            Kind::Rosenbrock => {
                let window = Window {
                    x: [-2.0, 2.0],
                    y: [-1.0, 3.0],
                };
                (Box::new(Rosenbrock), window, None)
            }
        };
        // The valley's own start is as far away as it is narrow, out of sight.
        let start = match kind {
            Kind::Valley => vec![9.0, 3.0],
            Kind::Bowl | Kind::Rosenbrock => function.start(),
        };
        Ok(Self {
            window,
            start: [
                query.number("x", start[0], -100.0..=100.0)?,
                query.number("y", start[1], -100.0..=100.0)?,
            ],
            step: query.number("step", function.step(), 1e-6..=10.0)?,
            momentum: query.number("momentum", 0.8, 0.0..=0.999)?,
            iterations: query.number("iterations", 100, 1..=ITERATIONS)?,
            function,
            limit,
        })
    }

    /// Takes the three ways down.
    fn descend(&self) -> Result<[(&'static str, Descent); 3], DescentError> {
        let (step, max_iterations) = (self.step, self.iterations);
        let plain = GradientDescent {
            step,
            max_iterations,
            ..GradientDescent::default()
        };
        let momentum = Momentum {
            step,
            momentum: self.momentum,
            max_iterations,
            ..Momentum::default()
        };
        let search = LineSearch {
            max_iterations,
            ..LineSearch::default()
        };
        let minimizers: [&dyn Minimizer; 3] = [&plain, &momentum, &search];
        let [one, two, three] = minimizers.map(|minimizer| {
            let descent = minimizer.minimize(&*self.function, &self.start)?;
            Ok::<_, DescentError>((minimizer.name(), descent))
        });
        Ok([one?, two?, three?])
    }
}

impl From<DescentError> for RequestError {
    fn from(error: DescentError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// The paths of three minimisers, and the lines of equal value below them.
pub(crate) fn descent(mut query: Query) -> Result<Value, RequestError> {
    let state = State::take(&mut query)?;
    query.finish()?;
    let paths = state.descend()?;
    let paths = paths
        .iter()
        .map(|(name, descent)| path(name, descent))
        .collect::<Value>();
    let lines = contours(&*state.function, state.window)?;
    let lines = lines
        .into_iter()
        .map(|line| json!({ "level": line.level, "paths": line.paths }));
    let minimum = state.function.minimum();
    Ok(json!({
        "formula": state.function.formula(),
        "window": { "x": state.window.x, "y": state.window.y },
        "start": state.start,
        "step": state.step,
        "momentum": state.momentum,
        "iterations": state.iterations,
        "limit": state.limit.map(number),
        "minimum": minimum.map(|minimum| json!({ "point": minimum.point, "value": minimum.value })),
        "contours": lines.collect::<Value>(),
        "paths": paths,
    }))
}

fn path(name: &str, descent: &Descent) -> Value {
    let points = descent.points().map(numbers).collect::<Value>();
    let steps = descent.path.iter().map(|iterate| number(iterate.step));
    json!({
        "name": name,
        "points": points,
        "values": numbers(&descent.values().collect::<Vec<_>>()),
        "norms": numbers(&descent.gradient_norms().collect::<Vec<_>>()),
        "steps": steps.collect::<Value>(),
        "outcome": match descent.outcome {
            Outcome::Converged => "converged",
            Outcome::IterationLimit => "not there yet",
            Outcome::Diverged => "diverged",
            Outcome::Stalled => "no smaller value found",
        },
        "iterations": descent.iterations(),
        "turns": (0..2).map(|coordinate| descent.turns(coordinate)).max(),
        "evaluations": { "values": descent.evaluations.values, "gradients": descent.evaluations.gradients },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(address: &str) -> Value {
        descent(Query::parse(address).unwrap()).unwrap()["paths"][0].clone()
    }

    #[test]
    fn the_step_decides_between_smooth_zig_zag_and_divergence() {
        // κ = 20: smooth below 1/κ = 0.05, zig-zag up to 2/κ = 0.1, then divergence.
        let smooth = plain("function=valley&step=0.04&iterations=1000");
        assert_eq!(
            (&smooth["outcome"], &smooth["turns"]),
            (&json!("converged"), &json!(0))
        );
        let zigzag = plain("function=valley&step=0.095&iterations=1000");
        assert_eq!(zigzag["outcome"], "converged");
        assert!(zigzag["turns"].as_u64().unwrap() > 50);
        let diverging = plain("function=valley&step=0.11&iterations=1000");
        assert_eq!(diverging["outcome"], "diverged");
    }

    #[test]
    fn the_second_way_has_the_momentum_that_was_asked_for() {
        let points = |address: &str, way: usize| {
            let answer = descent(Query::parse(address).unwrap()).unwrap();
            answer["paths"][way]["points"].clone()
        };
        assert_eq!(points("momentum=0", 1), points("momentum=0", 0));
        assert_ne!(points("momentum=0.5", 1), points("momentum=0.8", 1));
        assert_eq!(points("momentum=0.8", 1), points("", 1));
    }

    #[test]
    fn the_page_is_told_which_steps_leave_the_minimum() {
        let limit =
            |address: &str| descent(Query::parse(address).unwrap()).unwrap()["limit"].clone();
        assert_eq!(limit("condition=20"), 0.1);
        assert_eq!(limit("function=bowl"), 0.25);
        assert_eq!(limit("function=rosenbrock"), Value::Null);
    }

    #[test]
    fn a_start_where_the_function_overflows_is_refused() {
        let query = Query::parse("function=bowl&x=nan").unwrap();
        assert!(
            descent(query)
                .unwrap_err()
                .to_string()
                .starts_with("'x' is 'nan', expected")
        );
    }
}
