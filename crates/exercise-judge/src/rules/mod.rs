//! What the judge knows about each exercise.

pub(crate) mod attention;
pub(crate) mod beyond;
pub(crate) mod descent;
pub(crate) mod lecture;
pub(crate) mod mnist_net;
pub(crate) mod nets;
pub(crate) mod norms;
pub(crate) mod numbers;
pub(crate) mod regression;
pub(crate) mod scalar_net;
mod sentences;
mod trial;
