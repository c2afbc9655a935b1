//! Three descents on one function.

use anyhow::Result;
use gradient_descent::{Descent, GradientDescent, LineSearch, Minimizer, Momentum, Outcome};
use gradient_trials::TensorFunction;
use pages::colours::Colour;
use pages::numbers::number;

use crate::setup::NotFinite;

/// A function and the three descents on it.
pub(super) struct Trial {
    pub(super) function: Box<dyn TensorFunction>,
    pub(super) start: Vec<f64>,
    pub(super) step: f64,
    pub(super) runs: [Run; 3],
}

/// A descent and how it is shown.
pub(super) struct Run {
    pub(super) name: &'static str,
    pub(super) colour: Colour,
    pub(super) descent: Descent,
}

impl Trial {
    /// Plain descent and momentum, both with the settings of `momentum`, and a line search with its
    /// limits.
    ///
    /// # Errors
    ///
    /// If a setting does not fit; [`NotFinite`] if a descent diverges.
    pub(super) fn run(
        function: Box<dyn TensorFunction>,
        start: Vec<f64>,
        momentum: Momentum,
    ) -> Result<Self> {
        let Momentum {
            step,
            tolerance,
            max_iterations,
            ..
        } = momentum;
        let plain = GradientDescent {
            step,
            tolerance,
            max_iterations,
        };
        let search = LineSearch {
            tolerance,
            max_iterations,
            ..LineSearch::default()
        };
        let minimizers: [(&dyn Minimizer, Colour); 3] = [
            (&plain, Colour::BLUE),
            (&momentum, Colour::ORANGE),
            (&search, Colour::GREEN),
        ];
        let mut runs = vec![];
        for (minimizer, colour) in minimizers {
            let name = minimizer.name();
            let descent = minimizer.minimize(&*function, &start)?;
            if descent.outcome == Outcome::Diverged {
                return Err(NotFinite(format!(
                    "{name} diverges on {} with a step size of {}, after {} iterations; try --step {}",
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
        Ok(Self {
            function,
            start,
            step,
            runs,
        })
    }
}
