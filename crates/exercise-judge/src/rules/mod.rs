//! What the judge knows about each exercise.

pub(crate) mod beyond;
pub(crate) mod descent;
pub(crate) mod lecture;
pub(crate) mod nets;
pub(crate) mod norms;
pub(crate) mod numbers;
mod sentences;
mod trial;
