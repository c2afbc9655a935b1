//! The lecture's functions, each with its gradient derived by hand.

mod composition;
mod cosine_bowl;
mod four_variables;
mod quadratic_valley;
mod rosenbrock;

pub use composition::{Composition, inner};
pub use cosine_bowl::CosineBowl;
pub use four_variables::FourVariables;
pub use quadratic_valley::QuadraticValley;
pub use rosenbrock::Rosenbrock;

use crate::Function;

/// Every function: the valley with its default condition number.
///
/// ```
/// let functions = gradient_descent::functions::all();
/// let names = functions.iter().map(|function| function.name()).collect::<Vec<_>>();
/// assert_eq!(
///     names,
///     ["cosine bowl", "quadratic valley", "rosenbrock", "four variables", "composition"]
/// );
/// ```
pub fn all() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(CosineBowl),
        Box::new(QuadraticValley::default()),
        Box::new(Rosenbrock),
        Box::new(FourVariables),
        Box::new(Composition),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GradientDescent, Minimizer, Outcome};

    #[test]
    fn the_gradient_vanishes_at_the_minimum_and_the_value_is_as_stated() {
        for function in all() {
            let minimum = function.minimum().expect("known");
            assert_eq!(function.value(&minimum.point), minimum.value);
            let gradient = function.gradient(&minimum.point);
            assert_eq!(gradient.len(), function.dimension());
            let name = function.name();
            assert!(gradient.iter().all(|&d| d == 0.0), "{name}: {gradient:?}");
        }
    }

    #[test]
    fn the_suggested_step_lowers_every_function_from_its_suggested_start() {
        for function in all() {
            let minimizer = GradientDescent {
                step: function.step(),
                max_iterations: 2000,
                ..GradientDescent::default()
            };
            let descent = minimizer
                .minimize(&*function, &function.start())
                .expect("valid");
            assert!(descent.iterations() > 20, "{}", function.name());
            assert_ne!(descent.outcome, Outcome::Diverged);
            let values = descent.values().collect::<Vec<_>>();
            let falls = values.is_sorted_by(|before, after| before > after);
            assert!(falls, "{}", function.name());
        }
    }
}
