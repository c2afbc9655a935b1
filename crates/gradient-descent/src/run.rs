//! The loop that all minimisers share: evaluate, record, stop or step.

use crate::{Descent, DescentError, Evaluations, Function, Iterate, Outcome};

/// A descent counts as [`Outcome::Diverged`] if the magnitude of a value is this many times that of
/// the start (or 1, if that is larger).
pub const DIVERGENCE_FACTOR: f64 = 1e9;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) tolerance: f64,
    pub(crate) max_iterations: usize,
}

/// A step from an iterate.
pub(crate) struct Move {
    pub(crate) point: Vec<f64>,
    /// `f(point)`, if it was computed to choose the step.
    pub(crate) value: Option<f64>,
    pub(crate) step: f64,
}

/// A function whose evaluations are counted.
pub(crate) struct Counted<'a> {
    function: &'a dyn Function,
    evaluations: Evaluations,
}

impl Counted<'_> {
    pub(crate) fn value(&mut self, x: &[f64]) -> f64 {
        self.evaluations.values += 1;
        self.function.value(x)
    }

    fn gradient(&mut self, x: &[f64]) -> Vec<f64> {
        self.evaluations.gradients += 1;
        self.function.gradient(x)
    }

    /// Value and gradient at a point, or `None` if one of them is not finite.
    fn iterate(&mut self, moved: Move) -> Option<Iterate> {
        let Move { point, value, step } = moved;
        let value = value.unwrap_or_else(|| self.value(&point));
        let gradient = self.gradient(&point);
        let gradient_norm = norm(&gradient);
        let finite = value.is_finite() && gradient_norm.is_finite();
        (finite && point.iter().all(|x| x.is_finite())).then_some(Iterate {
            point,
            value,
            gradient,
            gradient_norm,
            step,
        })
    }
}

/// Descends from `start` by the moves that `next` chooses, until it has none.
pub(crate) fn descend(
    function: &dyn Function,
    start: &[f64],
    limits: Limits,
    mut next: impl FnMut(&mut Counted<'_>, &Iterate) -> Option<Move>,
) -> Result<Descent, DescentError> {
    let Limits {
        tolerance,
        max_iterations,
    } = limits;
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(DescentError::Tolerance { tolerance });
    }
    check_start(function, start)?;
    let mut counted = Counted {
        function,
        evaluations: Evaluations::default(),
    };
    let at_start = Move {
        point: start.to_vec(),
        value: None,
        step: 0.0,
    };
    let mut here = counted
        .iterate(at_start)
        .ok_or_else(|| DescentError::StartOverflows {
            function: function.name().to_owned(),
        })?;
    let bound = DIVERGENCE_FACTOR * here.value.abs().max(1.0);

    let mut path = Vec::new();
    let outcome = loop {
        if here.gradient_norm <= tolerance {
            break Outcome::Converged;
        }
        if here.value.abs() > bound {
            break Outcome::Diverged;
        }
        if path.len() == max_iterations {
            break Outcome::IterationLimit;
        }
        let Some(moved) = next(&mut counted, &here) else {
            break Outcome::Stalled;
        };
        let Some(there) = counted.iterate(moved) else {
            break Outcome::Diverged;
        };
        path.push(std::mem::replace(&mut here, there));
    };
    path.push(here);
    Ok(Descent {
        path,
        outcome,
        evaluations: counted.evaluations,
    })
}

pub(crate) fn check_step(step: f64) -> Result<(), DescentError> {
    if step > 0.0 && step.is_finite() {
        Ok(())
    } else {
        Err(DescentError::Step { step })
    }
}

fn check_start(function: &dyn Function, start: &[f64]) -> Result<(), DescentError> {
    if start.len() != function.dimension() {
        return Err(DescentError::StartLength {
            function: function.name().to_owned(),
            expected: function.dimension(),
            got: start.len(),
        });
    }
    match start.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(DescentError::StartNotFinite {
            index,
            value: start[index],
        }),
        None => Ok(()),
    }
}

/// Euclidean norm.
pub(crate) fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// `x + factor·direction`.
pub(crate) fn along(x: &[f64], factor: f64, direction: &[f64]) -> Vec<f64> {
    x.iter()
        .zip(direction)
        .map(|(x, d)| x + factor * d)
        .collect()
}
