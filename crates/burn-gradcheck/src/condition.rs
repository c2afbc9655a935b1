//! The rounding error that a gradient has at a point, measured where it matters: before a witness is
//! accused.
//!
//! # Formula
//!
//! With `g(x)` the gradient by autodiff, in the float type of the finite differences, and `ε` that of the
//! type under test:
//!
//! ```text
//! spread = max |g(x∘(1 ± ε)) - g(x)|              over a few random signs, element by element
//! scale  = max rms g(t x)·min(1, |f(x)|/|f(t x)|)  over t = 1, 1/2, 1/4, 1/16
//! allowance = 16·(spread + ε·scale)
//! ```
//!
//! The spread is what rounding of the inputs does to the gradient: a backward-stable computation in the type
//! under test is about that far off. It is large where terms cancel. The scale is the gradient's size
//! on the way to the origin, where nothing is saturated: `1 - tanh²(10 x)` is rounded as a number of size
//! 1 though it may be 1e-8.

use crate::input::HostInput;
use crate::measure::rms;
use crate::noise::norm_of_products;
use crate::sample::Sample;
use crate::verdict::Verdict;
use crate::witness::{HostGradients, Subject, Witnesses};

/// Points around the one checked.
const PERTURBATIONS: u32 = 4;
/// Points on the way to the origin.
const SHARES: [f64; 3] = [0.5, 0.25, 0.0625];
/// Roundings in a computation, each of about the size that the rounding of its inputs has.
const ROUNDINGS: f64 = 16.0;

/// The measured rounding of each input's gradient.
pub(crate) struct Condition {
    /// Absolute error of each element of each input.
    pub(crate) allowance: Vec<Vec<f64>>,
    /// Root mean square of each input's gradient where the function is not saturated.
    pub(crate) scale: Vec<f64>,
    /// Whether autodiff's gradient is exactly zero there too.
    pub(crate) is_zero: Vec<bool>,
    /// The largest change of each output element.
    pub(crate) outputs: Vec<f64>,
}

impl Condition {
    /// No rounding but that of the tolerance.
    pub(crate) fn unknown(point: &[HostInput]) -> Self {
        Self {
            allowance: point.iter().map(|i| vec![0.0; i.values.len()]).collect(),
            scale: vec![0.0; point.len()],
            is_zero: vec![true; point.len()],
            outputs: Vec::new(),
        }
    }

    pub(crate) fn measure(
        subject: &Subject<'_>,
        epsilon: f64,
        upstream: &[Vec<f64>],
    ) -> Result<Self, Verdict> {
        let weights = upstream.concat();
        let gradient = |point: &[HostInput]| {
            let witnesses = Witnesses::new(Subject { point, ..*subject })?;
            Ok::<_, Verdict>((witnesses.autodiff(upstream)?, witnesses.outputs))
        };
        let (at_point, value) = gradient(subject.point)?;
        let size = norm_of_products(&weights, &value);
        let mut outputs = vec![0.0; value.len()];
        let mut spread: Vec<Vec<f64>> = Self::unknown(subject.point).allowance;
        for number in 0..PERTURBATIONS {
            let near = perturbed(subject, epsilon, number);
            let (near, value_near) = gradient(&near)?;
            for (output, (near, here)) in outputs.iter_mut().zip(value_near.iter().zip(&value)) {
                *output = (near - here).abs().max(*output);
            }
            for (input, spread) in spread.iter_mut().enumerate() {
                for (element, spread) in spread.iter_mut().enumerate() {
                    let change = (at(&near, input, element) - at(&at_point, input, element)).abs();
                    if change.is_finite() {
                        *spread = spread.max(change);
                    }
                }
            }
        }
        let mut scale: Vec<f64> = at_point.iter().map(size_of).collect();
        for share in SHARES {
            // A point outside the domain says nothing.
            let Ok((there, value_there)) = gradient(&shrunk(subject.point, share)) else {
                continue;
            };
            let size_there = norm_of_products(&weights, &value_there);
            let fair = if size_there > size {
                size / size_there
            } else {
                1.0
            };
            for (scale, gradient) in scale.iter_mut().zip(&there) {
                *scale = scale.max(fair * size_of(gradient));
            }
        }
        let allowance = spread.iter().zip(&scale).map(|(spread, scale)| {
            let (typical, unsaturated) = (rms(spread), epsilon * scale);
            let of = |&s: &f64| ROUNDINGS * (s.max(typical) + unsaturated);
            spread.iter().map(of).collect()
        });
        let allowance: Vec<Vec<f64>> = allowance.collect();
        let all_zero = |gradient: &Option<Vec<f64>>| gradient.iter().flatten().all(|&g| g == 0.0);
        Ok(Self {
            allowance,
            scale,
            is_zero: at_point.iter().map(all_zero).collect(),
            outputs,
        })
    }
}

fn at(gradients: &HostGradients, input: usize, element: usize) -> f64 {
    gradients[input]
        .as_ref()
        .map_or(0.0, |values| values[element])
}

fn size_of(gradient: &Option<Vec<f64>>) -> f64 {
    gradient.as_deref().map_or(0.0, rms)
}

/// The point with every element of its differentiated inputs larger or smaller by this, relative to itself.
pub(crate) fn perturbed(subject: &Subject<'_>, epsilon: f64, number: u32) -> Vec<HostInput> {
    let number = number.to_string();
    let mut point = subject.point.to_vec();
    for input in point.iter_mut().filter(|input| input.differentiated) {
        let path = [subject.case.name(), &input.name, "rounding", &number];
        let signs = Sample::Signed.draw(input.values.len(), 0, &path);
        for (value, sign) in input.values.iter_mut().zip(signs) {
            *value *= 1.0 + epsilon * sign.signum();
        }
    }
    point
}

fn shrunk(point: &[HostInput], share: f64) -> Vec<HostInput> {
    let mut point = point.to_vec();
    for input in point.iter_mut().filter(|input| input.differentiated) {
        input.values.iter_mut().for_each(|value| *value *= share);
    }
    point
}
