//! One hidden layer of sigmoids approximates a function, by construction: every weight is computed,
//! none is trained (lecture item L16).
//!
//! - [`OneHiddenLayer`]: `y = σ(x·W1 + b1)·W2 + b2`, on plain `f64`, with its weights in the layout
//!   of the XOR net of this workspace.
//! - [`approximate_1d`]: Nielsen's construction. A pair of steep sigmoids makes a bump, bumps side by
//!   side make a function.
//! - [`approximate_2d`]: a sum of plane waves, each made of steps along its direction.
//! - [`targets`]: functions to try it on; [`errors_1d`] and [`errors_2d`]: how far off it is.
//!
//! ```
//! use universal_approximation::{approximate_1d, errors_1d, targets};
//!
//! let target = targets::NIELSEN;
//! for bumps in [8, 32, 128] {
//!     let approximation = approximate_1d(target.function, target.interval, bumps, 30.0)?;
//!     let off = errors_1d(target.function, |x| approximation.evaluate(x), target.interval);
//!     println!("{bumps} bumps: at most {:.3}, rms {:.3}", off.max, off.rms);
//!     assert_eq!(approximation.net().hidden(), 2 * bumps);
//!     assert!(off.max <= approximation.error_bound(target.lipschitz.unwrap()).unwrap());
//! }
//! # Ok::<(), universal_approximation::ApproximationError>(())
//! ```

mod error;
mod interval;
mod measure;
mod net;
mod one_dimension;
mod series;
pub mod targets;
mod two_dimensions;

pub use error::ApproximationError;
pub use interval::Interval;
pub use measure::{Errors, GRID_1D, GRID_2D, errors_1d, errors_2d};
pub use net::{OneHiddenLayer, sigmoid};
pub use one_dimension::{Approximation1d, Bump, approximate_1d};
pub use two_dimensions::{Approximation2d, Ridge, Wave, approximate_2d};
