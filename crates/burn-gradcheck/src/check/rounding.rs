//! How much rounding a gradient is allowed at a point, before a witness is accused.

use burn::tensor::DType;

use crate::condition::{Condition, perturbed};
use crate::differences::{COARSER, Differences};
use crate::flat::rounded;
use crate::input::HostInput;
use crate::measure::rms;
use crate::verdict::{Verdict, Witness};
use crate::witness::{Subject, Witnesses};

use super::point::{Heard, PointCheck};

/// The measured rounding of one input's gradient.
pub(super) struct Rounding {
    /// Absolute error of each element.
    pub(super) allowance: Vec<f64>,
    /// Relative error, above 0 if the function computes in a coarser float type inside.
    pub(super) relative: f64,
    /// The size that errors are relative to at least.
    pub(super) floor: f64,
}

/// A function's values at one point in two float types.
struct InBoth {
    /// In the type under test.
    got: Vec<f64>,
    /// In the finite differences' type.
    exact: Vec<f64>,
}

/// The distance from 1 to the next number, as a multiple of the standard deviation of rounding to it.
const EPSILON_BY_NOISE: f64 = 4.0;
/// The tolerance then, as a multiple of that rounding: that of f32 at the shortest reduction.
const RELATIVE_ROUNDINGS: f64 = 8000.0;
/// The values of a function differ between float types by this many times what rounding of its inputs
/// does to them, at most, if nothing cancels inside.
const NOTHING_CANCELS: f64 = 16.0;
/// Of what its values show, the share that gradients are measured by: they get sixteen times its effect.
const SHARE: f64 = 0.25;
/// The largest rounding of the inputs that a gradient can still be judged by.
const LARGEST: f64 = 1.0 / 64.0;

/// Points around the one checked, and how far away they are, relative to each element.
const AROUND: u32 = 4;
const NEAR: f64 = 1.0 / 128.0;

impl PointCheck<'_> {
    /// The rounding of the gradients, measured at the first request.
    pub(super) fn condition<'h>(&self, heard: &'h Heard<'_>) -> &'h Condition {
        let measure = || self.measured(heard, heard.epsilon);
        heard.condition.get_or_init(measure)
    }

    /// The effect of a rounding of the inputs: by the finite differences' function or, if that is a formula
    /// without a gradient of its own, by the function under test.
    fn measured(&self, heard: &Heard<'_>, epsilon: f64) -> Condition {
        let measure = |subject: &Subject<'_>| {
            Condition::measure(subject, epsilon, &heard.upstreams.first).ok()
        };
        let has_gradient = |condition: &Condition| condition.is_zero.contains(&false);
        let by_reference = self.reference.as_ref().and_then(measure);
        by_reference
            .filter(has_gradient)
            .or_else(|| measure(&self.subject))
            .unwrap_or_else(|| Condition::unknown(self.point()))
    }

    /// The rounding of the function's values, relative to them.
    pub(super) fn grain(
        &self,
        input: usize,
        finite: &mut Differences<'_>,
        weights: &[f64],
    ) -> Result<f64, Verdict> {
        let direction = self.draw_direction(&self.point()[input], "grain");
        finite.grain(input, &direction, weights)
    }

    /// The measured rounding of one input's gradient.
    pub(super) fn rounding(
        &self,
        heard: &Heard<'_>,
        input: usize,
        finite: Option<&mut Differences<'_>>,
        weights: &[f64],
    ) -> Result<Rounding, Verdict> {
        let (mut grain, mut inside) = (0.0, 0.0);
        if let Some(finite) = finite {
            let measured = self.grain(input, finite, weights)?;
            if self.options.coarse_inside {
                grain = EPSILON_BY_NOISE * measured;
                inside = match heard.lost_inside.get() {
                    Some(measured) => *measured,
                    None => {
                        let measured = self.cancelled_inside(heard, finite)?;
                        *heard.lost_inside.get_or_init(|| measured)
                    }
                };
            }
        }
        let mut relative = 0.0;
        let mut coarser = None;
        if grain > COARSER * heard.epsilon {
            relative = RELATIVE_ROUNDINGS * grain;
            coarser = Some(self.measured(heard, grain));
        } else if inside > 0.0 {
            coarser = Some(self.measured(heard, inside));
        }
        let condition = coarser.as_ref().unwrap_or_else(|| self.condition(heard));
        Ok(Rounding {
            allowance: condition.allowance[input].clone(),
            relative,
            floor: self.floor() * condition.scale[input],
        })
    }

    /// The rounding of the inputs that has the effect of what the function loses inside, in f32: 0 if that is
    /// only what rounding of its inputs explains.
    ///
    /// # Formula
    ///
    /// ```text
    /// r = max over outputs of rms(f₃₂ - f) / rms(Δf + ε|f|)      f in f64, Δf by a rounding of the inputs
    /// ε r/4 if r > 16
    /// ```
    ///
    /// `sin((x + 1e6) - 1e6)` has a condition of about 1, and `r` = 1e5: a gradient in f32 is that of a
    /// point as far away as the value tells.
    fn cancelled_inside(
        &self,
        heard: &Heard<'_>,
        finite: &Differences<'_>,
    ) -> Result<f64, Verdict> {
        let reference = self.reference.as_ref().map(|reference| reference.dtype);
        if self.subject.dtype != DType::F32 || reference != Some(DType::F64) {
            return Ok(0.0);
        }
        let pairs = self.values_around(heard, finite);
        let spread = &self.condition(heard).outputs;
        let mut most = 0.0_f64;
        let mut first = 0;
        for shape in &heard.witnesses.shapes {
            let output = first..first + shape.iter().product::<usize>();
            first = output.end;
            let Some(spread) = spread.get(output.clone()) else {
                return Ok(0.0);
            };
            let lost = pairs.iter().flat_map(|InBoth { got, exact }| {
                let (got, exact) = (&got[output.clone()], &exact[output.clone()]);
                got.iter().zip(exact).map(|(got, exact)| got - exact)
            });
            let lost: Vec<f64> = lost.collect();
            let InBoth { got, exact } = &pairs[0];
            let (got, exact) = (&got[output.clone()], &exact[output.clone()]);
            let explained = exact.iter().zip(spread);
            let explained = explained.map(|(exact, change)| change + heard.epsilon * exact.abs());
            let ratio = rms(&lost) / rms(&explained.collect::<Vec<_>>());
            if ratio > NOTHING_CANCELS && heard.epsilon * ratio * SHARE > LARGEST {
                return Err(Verdict::Value {
                    odd: Witness::Function,
                    reason: lost_in_f32(got, exact),
                });
            }
            most = most.max(if ratio.is_finite() { ratio } else { 0.0 });
        }
        Ok(if most > NOTHING_CANCELS {
            heard.epsilon * most * SHARE
        } else {
            0.0
        })
    }

    /// The function's values in the type under test and in the finite differences' type, at the point and at
    /// some around it: a single point may lose nothing by chance. A point where the function has no finite
    /// value, or panics, is left out: its domain may end before.
    fn values_around(&self, heard: &Heard<'_>, finite: &Differences<'_>) -> Vec<InBoth> {
        let here = InBoth {
            got: heard.witnesses.outputs.clone(),
            exact: finite.outputs().to_owned(),
        };
        let mut pairs = vec![here];
        for number in 0..AROUND {
            let point = self.nearby(NEAR, number);
            let at = |subject: &Subject<'_>| {
                let there = Witnesses::new(Subject {
                    point: &point,
                    ..*subject
                })?;
                Ok::<_, Verdict>(there.outputs)
            };
            let reference = self.reference.as_ref().unwrap_or(&self.subject);
            let (Ok(got), Ok(exact)) = (at(&self.subject), at(reference)) else {
                continue;
            };
            let is_alike = got.len() == exact.len() && got.len() == pairs[0].got.len();
            if is_alike && got.iter().chain(&exact).all(|value| value.is_finite()) {
                pairs.push(InBoth { got, exact });
            }
        }
        pairs
    }

    /// A point around the one checked, this far away relative to each element, in the type under test.
    pub(super) fn nearby(&self, away: f64, number: u32) -> Vec<HostInput> {
        let mut point = perturbed(&self.subject, away, number);
        for input in &mut point {
            input.values = rounded(std::mem::take(&mut input.values), self.subject.dtype);
        }
        point
    }
}

/// The element that differs most between the float types, in words.
fn lost_in_f32(got: &[f64], exact: &[f64]) -> String {
    let pairs = got.iter().zip(exact).enumerate();
    let apart = |(_, (a, b)): &(usize, (&f64, &f64))| (*a - *b).abs();
    let farthest = pairs.max_by(|a, b| apart(a).total_cmp(&apart(b)));
    farthest.map_or_else(String::new, |(element, (got, exact))| {
        format!(
            "output element {element} is {got:e} in f32 and {exact:e} in f64: either terms cancel inside \
             so that f32 keeps too few digits (check in f64), or the function computes something else \
             in f32"
        )
    })
}
