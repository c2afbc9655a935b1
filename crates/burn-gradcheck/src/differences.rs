//! Finite differences of a case: the function, differentiated along one line at a time.

use std::cell::OnceCell;

use burn::tensor::{DType, Device};

use crate::case::{Case, Function};
use crate::finite::{Estimate, differentiate};
use crate::input::{HostInput, Integers};
use crate::measure::{rms, worse};
use crate::noise::{Care, ROUNDINGS, Sampled, norm_of_products, rounding};
use crate::sample::power_of_two_below;
use crate::tolerance::epsilon;
use crate::values::Values;
use crate::verdict::{Verdict, Witness};
use crate::witness::guarded;

/// A function computes in a coarser float type inside if its values have this many times the rounding of
/// its own.
pub(crate) const COARSER: f64 = 1024.0;
/// Evaluations at the point itself, before a witness is accused.
const REPETITIONS: usize = 8;

/// The function, differentiated along one line at a time, without recording for autodiff.
pub(crate) struct Differences<'a> {
    case: &'a Case,
    function: &'a Function,
    point: &'a [HostInput],
    values: Values,
    /// The values on a device with autodiff, where the function behaves as in training.
    recording: Values,
    pub(crate) weights: Vec<f64>,
    base: Sampled,
    /// The function at the point, by those values.
    recorded: Sampled,
    /// The distance from 1 to the next number of the float type.
    epsilon: f64,
    /// The first step's size, if the options set it.
    step: Option<f64>,
    /// The rounding error of an evaluation, for each input after its first use.
    roundings: Vec<Option<f64>>,
    /// The rounding of an evaluation relative to its value, for each input after its first measurement.
    grains: Vec<Option<f64>>,
    pub(crate) evaluations: usize,
    pub(crate) shrunk: usize,
    pub(crate) worst_error: Option<f64>,
}

/// Where the function is evaluated for finite differences.
pub(crate) struct Place<'a> {
    pub(crate) device: &'a Device,
    pub(crate) dtype: DType,
}

/// A line through the point.
#[derive(Clone, Copy)]
pub(crate) enum Line<'a> {
    /// Along one element.
    Element(usize),
    /// Along a direction of the whole input.
    Direction(&'a [f64]),
}

impl<'a> Differences<'a> {
    /// Evaluates the function at the point, for the values that differences start from.
    pub(crate) fn new(
        case: &'a Case,
        function: &'a Function,
        (point, integers): (&'a [HostInput], &[Integers]),
        place: &Place<'_>,
        (weights, step): (Vec<f64>, Option<f64>),
    ) -> Result<Self, Verdict> {
        let plain = place.device.clone().without_autodiff();
        let upload = |device: &Device| Values::untracked(point, integers, device, place.dtype);
        let recording = upload(&plain.clone().autodiff());
        let recorded = guarded(Witness::Finite, || sampled(case, function, &recording))?;
        let without = upload(&plain);
        // A device with autodiff keeps books of every operation, though nothing is recorded. Where the
        // function does not behave differently without (as dropout and batch normalisation do), it is
        // evaluated without.
        let plainly = guarded(Witness::Finite, || sampled(case, function, &without));
        let close = |other: &Sampled| is_rounding(&other.outputs, &recorded.outputs, place.dtype);
        let (values, base) = match plainly {
            Ok(plainly) if close(&plainly) => (without, plainly),
            _ => (recording.clone(), recorded.clone()),
        };
        if base.outputs.len() != weights.len() {
            let reason = format!(
                "{} output elements for finite differences, {} on the device under test",
                base.outputs.len(),
                weights.len()
            );
            return Err(Verdict::Shape {
                odd: Witness::Finite,
                reason,
            });
        }
        Ok(Self {
            case,
            function,
            point,
            values,
            recording,
            weights,
            base,
            recorded,
            epsilon: epsilon(place.dtype).unwrap_or(f64::EPSILON),
            step,
            roundings: vec![None; point.len()],
            grains: vec![None; point.len()],
            evaluations: 1,
            shrunk: 0,
            worst_error: None,
        })
    }

    /// The function's value at the point.
    pub(crate) fn outputs(&self) -> &[f64] {
        &self.base.outputs
    }

    /// The derivative along a line of an input.
    pub(crate) fn along(
        &mut self,
        input: usize,
        line: Line<'_>,
        floor: f64,
    ) -> Result<Estimate, Verdict> {
        let step = self.first_step(input, line);
        let known = self.roundings[input];
        let (case, function, values) = (self.case, self.function, &self.values);
        let at = |t| moved(&self.point[input].values, line, t);
        let (weights, base) = (&self.weights, &self.base);
        let around = Around::new(case, function, base);
        let mut sample = |t| around.sampled(&values.with_replaced(input, &at(t)));
        let care = (self.epsilon, Care::Quick);
        let (rounding, estimate) = guarded(Witness::Finite, || {
            let rounding =
                known.unwrap_or_else(|| rounding(weights, base, step, care, &mut sample));
            let care = (rounding, Care::Quick);
            let estimate = differentiate(weights, base, (step, floor), care, &mut sample);
            (rounding, estimate)
        })?;
        around.has_values(&estimate)?;
        self.roundings[input] = Some(rounding);
        self.count(&estimate);
        Ok(estimate)
    }

    /// The same with all care, before a witness is accused: the noise is measured on this line, each
    /// evaluation for it is made twice, and all steps are tried. `weights` are those of the
    /// outputs that depend on the input.
    pub(crate) fn confirm(
        &mut self,
        input: usize,
        line: Line<'_>,
        floor: f64,
        weights: &[f64],
    ) -> Result<Estimate, Verdict> {
        let step = self.first_step(input, line);
        let (case, function, values) = (self.case, self.function, &self.recording);
        let at = |t| moved(&self.point[input].values, line, t);
        // Both devices' values differ by rounding, which a small step would take for a kink.
        let (base, epsilon) = (&self.recorded, self.epsilon);
        let around = Around::new(case, function, base);
        let mut sample = |t| around.sampled(&values.with_replaced(input, &at(t)));
        let grain = self.grains[input].unwrap_or(0.0);
        let estimate = guarded(Witness::Finite, || {
            let mut changed = None;
            let mut twice = |t| {
                let (first, second) = (sample(t), sample(t));
                changed = changed.or_else(|| difference(&first.outputs, &second.outputs));
                first
            };
            for _ in 0..REPETITIONS {
                twice(0.0);
            }
            let care = (epsilon, Care::Thorough);
            let mut rounding = rounding(weights, base, step, care, &mut twice);
            if grain > COARSER * epsilon {
                // On a flat stretch of a line, values rounded to a coarse type show no noise.
                let there = twice(step).outputs;
                let moves = there
                    .iter()
                    .zip(&base.outputs)
                    .map(|(there, here)| there != here);
                let moving = weights.iter().zip(moves);
                let moving: Vec<f64> = moving.map(|(w, m)| if m { *w } else { 0.0 }).collect();
                rounding =
                    rounding.max(ROUNDINGS * grain * norm_of_products(&moving, &base.outputs));
            }
            if let Some((first, second)) = changed {
                return Err(Verdict::Nondeterministic {
                    odd: Witness::Function,
                    first,
                    second,
                });
            }
            let care = (rounding, Care::Thorough);
            Ok(differentiate(
                weights,
                base,
                (step, floor),
                care,
                &mut sample,
            ))
        })??;
        around.has_values(&estimate)?;
        self.count(&estimate);
        Ok(estimate)
    }

    /// The rounding of an evaluation relative to its value, along a direction of the whole input: more than
    /// that of the float type if the function computes in a coarser one inside.
    pub(crate) fn grain(
        &mut self,
        input: usize,
        direction: &[f64],
        weights: &[f64],
    ) -> Result<f64, Verdict> {
        if let Some(known) = self.grains[input] {
            return Ok(known);
        }
        let line = Line::Direction(direction);
        let step = self.first_step(input, line);
        let (case, function, values) = (self.case, self.function, &self.values);
        let at = |t| moved(&self.point[input].values, line, t);
        let around = Around::new(case, function, &self.base);
        let sample = |t| around.sampled(&values.with_replaced(input, &at(t)));
        let care = (self.epsilon, Care::Grain);
        let found = guarded(Witness::Finite, || {
            rounding(weights, &self.base, step, care, sample)
        })?;
        let of_type = norm_of_products(weights, &self.base.outputs) * ROUNDINGS;
        let found = if of_type > 0.0 { found / of_type } else { 0.0 };
        // Where the values are saturated their rounding does not show, but it is there: at least that of
        // the next coarser type.
        let grain = if found > COARSER * self.epsilon {
            found.max(self.next_coarser() / 4.0)
        } else {
            found
        };
        self.grains[input] = Some(grain);
        Ok(grain)
    }

    /// The distance from 1 to the next number of the next coarser float type.
    fn next_coarser(&self) -> f64 {
        let single = f64::from(f32::EPSILON);
        if self.epsilon < single {
            single
        } else {
            epsilon(DType::F16).unwrap_or(single)
        }
    }

    /// Whether each output element changes when the whole input does.
    pub(crate) fn moves(&mut self, input: usize) -> Vec<bool> {
        let at = &self.point[input].values;
        let all: Vec<f64> = at.iter().map(|x| x + first_step(x.abs())).collect();
        let values = self.values.with_replaced(input, &all);
        let there = Around::new(self.case, self.function, &self.base).sampled(&values);
        self.evaluations += 1;
        let pairs = there.outputs.iter().zip(&self.base.outputs);
        pairs.map(|(there, here)| there != here).collect()
    }

    fn count(&mut self, estimate: &Estimate) {
        self.evaluations += estimate.evaluations;
        self.shrunk += usize::from(estimate.shrunk);
        self.worst_error = Some(worse(self.worst_error.unwrap_or(0.0), estimate.error));
    }

    fn first_step(&self, input: usize, line: Line<'_>) -> f64 {
        let values = &self.point[input].values;
        if let Some(step) = self.step {
            return step;
        }
        let size = match line {
            Line::Element(element) if values[element] != 0.0 => values[element].abs(),
            _ => rms(values),
        };
        // With fewer digits, the rounding error of a small step is larger than its truncation error.
        let wider = if self.epsilon > f64::EPSILON {
            4.0
        } else {
            1.0
        };
        first_step(size) * wider
    }
}

/// The function around the point, where its domain may end: a panic there is a value that is not a number, as
/// the logarithm of a negative number is, and a smaller step is tried.
struct Around<'a> {
    case: &'a Case,
    function: &'a Function,
    base: &'a Sampled,
    /// The first panic.
    panicked: OnceCell<Verdict>,
}

impl<'a> Around<'a> {
    fn new(case: &'a Case, function: &'a Function, base: &'a Sampled) -> Self {
        Self {
            case,
            function,
            base,
            panicked: OnceCell::new(),
        }
    }

    fn sampled(&self, values: &Values) -> Sampled {
        let there = guarded(Witness::Finite, || {
            sampled(self.case, self.function, values)
        });
        there.unwrap_or_else(|panicked| {
            self.panicked.get_or_init(|| panicked);
            Sampled {
                outputs: vec![f64::NAN; self.base.outputs.len()],
                masks: self.base.masks.clone(),
            }
        })
    }

    /// The first panic, if the function has values at no step.
    fn has_values(self, estimate: &Estimate) -> Result<(), Verdict> {
        match self.panicked.into_inner() {
            Some(panicked) if estimate.value.is_nan() => Err(panicked),
            _ => Ok(()),
        }
    }
}

/// The input's values at a distance along a line.
fn moved(values: &[f64], line: Line<'_>, t: f64) -> Vec<f64> {
    match line {
        Line::Element(element) => {
            let mut moved = values.to_vec();
            moved[element] += t;
            moved
        }
        Line::Direction(direction) => {
            let pairs = values.iter().zip(direction);
            pairs.map(|(x, v)| x + t * v).collect()
        }
    }
}

/// The first two values that differ; NaN is the same as NaN.
pub(crate) fn difference(first: &[f64], second: &[f64]) -> Option<(f64, f64)> {
    let mut pairs = first.iter().zip(second);
    let found = pairs.find(|(a, b)| a.to_bits() != b.to_bits() && a != b);
    found.map(|(a, b)| (*a, *b))
}

/// Whether two values of a function differ by rounding alone: fused operations round differently.
fn is_rounding(a: &[f64], b: &[f64], dtype: DType) -> bool {
    let largest = b.iter().fold(0.0, |largest: f64, b| largest.max(b.abs()));
    let allowed = 64.0 * epsilon(dtype).unwrap_or(0.0) * largest;
    let mut pairs = a.iter().zip(b);
    a.len() == b.len() && pairs.all(|(a, b)| (a - b).abs() <= allowed)
}

fn sampled(case: &Case, function: &Function, values: &Values) -> Sampled {
    Sampled {
        outputs: function(values).download(),
        masks: case
            .kinks
            .as_ref()
            .map_or_else(Vec::new, |masks| masks(values).into_bits()),
    }
}

/// A sixteenth of the largest power of two that is at most `size`; a sixteenth if `size` is 0.
fn first_step(size: f64) -> f64 {
    if size > 0.0 && size.is_finite() {
        power_of_two_below(size) / 16.0
    } else {
        1.0 / 16.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_steps_are_powers_of_two() {
        assert_eq!(first_step(0.75), 1.0 / 32.0);
        assert_eq!(first_step(1.5), 1.0 / 16.0);
        assert_eq!(first_step(0.0), 1.0 / 16.0);
    }

    #[test]
    fn two_values_are_named_where_they_differ() {
        assert_eq!(
            difference(&[1.0, 2.0, 0.0], &[1.0, 3.0, 1.0]),
            Some((2.0, 3.0))
        );
        assert_eq!(difference(&[f64::NAN, 0.0], &[f64::NAN, -0.0]), None);
    }
}
