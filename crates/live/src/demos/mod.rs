//! Part 4: the lecture's demonstrations.

mod bumps;
mod contours;
mod descent;
mod softmax;

pub(crate) use bumps::bumps;
pub(crate) use descent::descent;
pub(crate) use softmax::softmax;
