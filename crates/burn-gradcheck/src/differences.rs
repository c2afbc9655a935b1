//! Finite differences of a case: the function in f64, differentiated along one line at a time.

use burn::tensor::{DType, Device};

use crate::case::{Case, Function};
use crate::finite::{Estimate, Sampled, differentiate, rounding};
use crate::input::HostInput;
use crate::measure::{rms, worse};
use crate::sample::power_of_two_below;
use crate::values::Values;
use crate::verdict::{Verdict, Witness};
use crate::witness::guarded;

/// The function in f64, differentiated along one line at a time, without recording for autodiff.
pub(crate) struct Differences<'a> {
    case: &'a Case,
    function: &'a Function,
    point: &'a [HostInput],
    values: Values,
    weights: Vec<f64>,
    base: Sampled,
    /// The rounding error of an evaluation, for each input after its first use.
    roundings: Vec<Option<f64>>,
    pub(crate) evaluations: usize,
    pub(crate) shrunk: usize,
    pub(crate) worst_error: Option<f64>,
}

impl<'a> Differences<'a> {
    /// Evaluates the function at the point, for the values that differences start from.
    pub(crate) fn new(
        case: &'a Case,
        function: &'a Function,
        point: &'a [HostInput],
        device: &Device,
        weights: Vec<f64>,
    ) -> Result<Self, Verdict> {
        let device = device.clone().autodiff();
        let values = Values::untracked(point, &device, DType::F64);
        let base = guarded(Witness::Function, || sampled(case, function, &values))?;
        if base.outputs.len() != weights.len() {
            let reason = format!(
                "{} output elements in f64, {} on the device under test",
                base.outputs.len(),
                weights.len()
            );
            return Err(Verdict::Shape {
                odd: Witness::Function,
                reason,
            });
        }
        Ok(Self {
            case,
            function,
            point,
            values,
            weights,
            base,
            roundings: vec![None; point.len()],
            evaluations: 1,
            shrunk: 0,
            worst_error: None,
        })
    }

    /// The derivative with respect to one element.
    pub(crate) fn element(
        &mut self,
        input: usize,
        element: usize,
        floor: f64,
    ) -> Result<Estimate, Verdict> {
        let values = &self.point[input].values;
        let mut moved = values.clone();
        let size = match values[element].abs() {
            0.0 => rms(values),
            size => size,
        };
        self.line(input, first_step(size), floor, |t| {
            moved[element] = values[element] + t;
            moved.clone()
        })
    }

    /// The derivative along a direction of the whole input.
    pub(crate) fn along(
        &mut self,
        input: usize,
        direction: &[f64],
        floor: f64,
    ) -> Result<Estimate, Verdict> {
        let values = &self.point[input].values;
        self.line(input, first_step(rms(values)), floor, |t| {
            values
                .iter()
                .zip(direction)
                .map(|(x, v)| x + t * v)
                .collect()
        })
    }

    fn line(
        &mut self,
        input: usize,
        step: f64,
        floor: f64,
        mut at: impl FnMut(f64) -> Vec<f64>,
    ) -> Result<Estimate, Verdict> {
        let (case, function, values) = (self.case, self.function, &self.values);
        let (weights, base) = (&self.weights, &self.base);
        let mut sample = |t| sampled(case, function, &values.with_replaced(input, &at(t)));
        let known = self.roundings[input];
        let (rounding, estimate) = guarded(Witness::Function, || {
            let rounding = known.unwrap_or_else(|| rounding(weights, base, step, &mut sample));
            let estimate = differentiate(weights, base, step, floor, rounding, &mut sample);
            (rounding, estimate)
        })?;
        self.roundings[input] = Some(rounding);
        self.evaluations += estimate.evaluations;
        self.shrunk += usize::from(estimate.shrunk);
        self.worst_error = Some(worse(self.worst_error.unwrap_or(0.0), estimate.error));
        Ok(estimate)
    }
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
}
