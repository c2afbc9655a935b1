//! Part 2: a net that learns in the plane while one watches.

mod data;
mod frame;
mod learner;
mod run;
mod settings;

pub(crate) use data::order;
pub(crate) use run::{Training, export, run};
