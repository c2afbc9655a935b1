//! The result of a descent.

use std::fmt;

/// How a descent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The gradient's norm came down to the tolerance.
    Converged,
    /// The limit of iterations was reached first.
    IterationLimit,
    /// The value or the gradient became infinite or NaN, or the value's magnitude passed
    /// [`DIVERGENCE_FACTOR`](crate::DIVERGENCE_FACTOR) times the start's (or that factor itself, if
    /// the start's is below 1): the step is too long for this function.
    Diverged,
    /// A line search found no step, however short, that lowers the value: the possible decrease is
    /// below the rounding of `f`. The other minimisers never end this way.
    Stalled,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Converged => "converged",
            Self::IterationLimit => "iteration limit",
            Self::Diverged => "diverged",
            Self::Stalled => "stalled",
        })
    }
}

/// One point of the path, with value and gradient. All numbers are finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Iterate {
    /// The point `x`.
    pub point: Vec<f64>,
    /// `f(x)`.
    pub value: f64,
    /// `∇f(x)`.
    pub gradient: Vec<f64>,
    /// `‖∇f(x)‖`, Euclidean.
    pub gradient_norm: f64,
    /// The step length that led here, a factor of the gradient before; 0 at the start.
    pub step: f64,
}

/// The cost of a descent, in evaluations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evaluations {
    /// Values of `f`.
    pub values: usize,
    /// Gradients of `f`.
    pub gradients: usize,
}

/// A descent: its path from the start, how it ended, and its cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// The start, then one iterate for each iteration. Never empty. If the descent diverged, it ends
    /// with the last iterate at which point, value and gradient are all finite.
    pub path: Vec<Iterate>,
    /// How it ended.
    pub outcome: Outcome,
    /// How often `f` and its gradient were evaluated.
    pub evaluations: Evaluations,
}

impl Descent {
    /// The last iterate.
    ///
    /// # Panics
    ///
    /// If the caller has emptied the path.
    pub fn last(&self) -> &Iterate {
        self.path.last().expect("a path begins with the start")
    }

    /// Number of steps taken.
    pub fn iterations(&self) -> usize {
        self.path.len().saturating_sub(1)
    }

    /// The points, from the start on.
    pub fn points(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.path.iter().map(|iterate| iterate.point.as_slice())
    }

    /// `f` at each point.
    pub fn values(&self) -> impl ExactSizeIterator<Item = f64> {
        self.path.iter().map(|iterate| iterate.value)
    }

    /// `‖∇f‖` at each point.
    pub fn gradient_norms(&self) -> impl ExactSizeIterator<Item = f64> {
        self.path.iter().map(|iterate| iterate.gradient_norm)
    }

    /// How often the path turned back along one coordinate: the number of steps that moved it the
    /// other way than the step before. A descent of `n` steps that zig-zags all the way has `n - 1`
    /// turns along the steep coordinate.
    ///
    /// # Panics
    ///
    /// If there is no such coordinate.
    pub fn turns(&self, coordinate: usize) -> usize {
        let along = |iterate: &Iterate| iterate.point[coordinate];
        self.path
            .windows(3)
            .filter(|three| {
                let before = along(&three[1]) - along(&three[0]);
                let after = along(&three[2]) - along(&three[1]);
                (before > 0.0 && after < 0.0) || (before < 0.0 && after > 0.0)
            })
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(points: &[f64]) -> Descent {
        let iterate = |&x: &f64| Iterate {
            point: vec![x],
            value: x * x,
            gradient: vec![2.0 * x],
            gradient_norm: 2.0 * x.abs(),
            step: 0.5,
        };
        Descent {
            path: points.iter().map(iterate).collect(),
            outcome: Outcome::IterationLimit,
            evaluations: Evaluations::default(),
        }
    }

    #[test]
    fn turns_are_counted_and_equal_points_are_not() {
        assert_eq!(through(&[4.0, -2.0, 1.0, -0.5]).turns(0), 2);
        assert_eq!(through(&[4.0, 2.0, 1.0, 1.5]).turns(0), 1);
        assert_eq!(through(&[4.0, 2.0, 2.0, 3.0]).turns(0), 0);
        assert_eq!(through(&[4.0]).turns(0), 0);
    }

    #[test]
    fn the_path_is_read_by_column() {
        let descent = through(&[3.0, -1.0]);
        assert_eq!(descent.points().collect::<Vec<_>>(), [[3.0], [-1.0]]);
        assert_eq!(descent.values().collect::<Vec<_>>(), [9.0, 1.0]);
        assert_eq!(descent.gradient_norms().collect::<Vec<_>>(), [6.0, 2.0]);
        assert_eq!((descent.iterations(), descent.last().value), (1, 1.0));
    }
}
