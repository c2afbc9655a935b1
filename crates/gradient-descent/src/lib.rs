//! Gradient descent, momentum and line search on the lecture's functions (items L13 to L15).
//!
//! - [`Function`]: a value and its gradient, derived by hand. [`functions`] has the cosine bowl, a
//!   narrow valley, Rosenbrock's, the lecture's function of four variables, and its composition with
//!   a map of two variables, whose Jacobian is written out.
//! - [`Minimizer`]: [`GradientDescent`], [`Momentum`] and [`LineSearch`], all run the same way.
//! - [`central_gradient`], [`central_hessian`]: derivatives by differences, for comparison.
//! - [`Descent`]: what comes of it. The whole path with point, value, gradient and step of every
//!   iteration, the number of evaluations, and the [`Outcome`].
//!
//! ```
//! use gradient_descent::functions::QuadraticValley;
//! use gradient_descent::{Function, GradientDescent, LineSearch, Minimizer, Outcome};
//!
//! let valley = QuadraticValley::new(20.0)?;
//! let plain = GradientDescent { step: 0.09, tolerance: 1e-6, max_iterations: 1000 };
//! let descent = plain.minimize(&valley, &valley.start())?;
//! assert_eq!(descent.outcome, Outcome::Converged);
//! assert!(descent.last().value < 1e-12);
//! // The zig-zag: every step crosses the floor of the valley.
//! assert_eq!(descent.turns(1), descent.iterations() - 1);
//!
//! let searching = LineSearch { tolerance: 1e-6, ..LineSearch::default() };
//! let minimizers: [&dyn Minimizer; 2] = [&plain, &searching];
//! for minimizer in minimizers {
//!     let descent = minimizer.minimize(&valley, &[3.0, -1.0])?;
//!     println!("{}: {} after {}", minimizer.name(), descent.outcome, descent.iterations());
//! }
//! # Ok::<(), gradient_descent::DescentError>(())
//! ```
//!
//! Everything here is plain `f64`. The crate `gradient-trials` compares every gradient with Burn's
//! autodiff and with finite differences.

mod descent;
mod differences;
mod error;
mod function;
pub mod functions;
mod minimizers;
mod run;

pub use descent::{Descent, Evaluations, Iterate, Outcome};
pub use differences::{central_gradient, central_hessian};
pub use error::DescentError;
pub use function::{Function, Minimum};
pub use minimizers::{GradientDescent, LineSearch, Minimizer, Momentum};
pub use run::DIVERGENCE_FACTOR;
