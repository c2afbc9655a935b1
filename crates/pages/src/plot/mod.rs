//! Charts as SVG: curves, and curves over a function of two variables.
//!
//! A [`Panel`] is one chart: two axes, its series, and optionally contours or a coloured map behind
//! them. [`figure`] draws several panels as one picture.

mod axis;
mod draw;
mod field;
mod panel;
mod series;

pub use axis::{Axis, Scale, spread};
pub use draw::figure;
pub use field::levels;
pub use panel::{Panel, decision_map};
pub use series::{Mark, Points, Series};
