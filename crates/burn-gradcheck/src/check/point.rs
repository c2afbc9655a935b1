//! The check at one point: the witnesses, their testimonies, the conclusion.

use burn::tensor::{DType, Device};

use crate::case::{Case, Function};
use crate::differences::Differences;
use crate::finite::{Estimate, norm_of_products};
use crate::flat::{indices, row_major};
use crate::input::HostInput;
use crate::judge::{Conclusion, Testimony, judge};
use crate::laws::{self, LawReport, Upstreams};
use crate::measure::{FLOOR, Pairs, rms};
use crate::report::{ElementReport, InputReport, Report};
use crate::sample::Sample;
use crate::target::Options;
use crate::tolerance::Tolerance;
use crate::verdict::{Law, Verdict, Witness};
use crate::witness::{HostGradients, Witnesses};

/// The reason why a check at one point ends early.
pub(super) enum Stop {
    Verdict(Verdict),
    OnKink,
}

impl From<Verdict> for Stop {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}

/// The check of a case at one point.
pub(super) struct PointCheck<'a> {
    pub(super) case: &'a Case,
    pub(super) function: &'a Function,
    pub(super) device: &'a Device,
    pub(super) finite_device: Option<&'a Device>,
    pub(super) dtype: DType,
    pub(super) options: &'a Options,
    pub(super) tolerance: &'a Tolerance,
    pub(super) point: &'a [HostInput],
    pub(super) draw: u32,
    pub(super) may_redraw: bool,
}

impl PointCheck<'_> {
    pub(super) fn run(&self, report: &mut Report) -> Result<(), Stop> {
        let witnesses = Witnesses::new(
            self.case,
            self.function,
            self.point,
            self.device,
            self.dtype,
        )?;
        let upstreams = Upstreams {
            first: self.draw_upstream(&witnesses, "upstream"),
            second: self.draw_upstream(&witnesses, "second upstream"),
        };
        let autodiff = witnesses.autodiff(&upstreams.first)?;
        let manual = witnesses.manual(&upstreams.first)?;
        let weights: Vec<f64> = upstreams.first.concat();
        let objective = norm_of_products(&weights, &witnesses.outputs);
        let rounding_of = |input| rounding_of(input, self.dtype, objective);
        let rounding: Vec<f64> = self.point.iter().map(rounding_of).collect();
        report.laws = self.laws(
            &witnesses,
            &autodiff,
            manual.as_ref(),
            &upstreams,
            &rounding,
        )?;
        report.elements = self
            .point
            .iter()
            .filter(|i| i.differentiated)
            .map(|i| i.values.len())
            .sum();
        if let Some(verdict) = broken(&report.laws, |law| law == Law::Repeatable) {
            report.verdict = verdict;
            return Ok(());
        }
        if witnesses.outputs.iter().any(|value| !value.is_finite()) {
            report.verdict = Verdict::NonFinite {
                odd: Witness::Function,
            };
            return Ok(());
        }
        let finite = self.finite_device.map(|device| {
            Differences::new(
                self.case,
                self.case.reference.as_ref().unwrap_or(self.function),
                self.point,
                device,
                weights.clone(),
            )
        });
        let mut finite = finite.transpose()?;
        let mut testimonies = Vec::new();
        for (index, input) in self.point.iter().enumerate() {
            if !self.is_checked(input) {
                continue;
            }
            let gradients = InputGradients {
                connected: autodiff[index].is_some(),
                autodiff: autodiff[index]
                    .clone()
                    .unwrap_or_else(|| vec![0.0; input.values.len()]),
                manual: manual.as_ref().and_then(|manual| manual[index].clone()),
                rounding: rounding[index],
            };
            let first = testimonies.len();
            let mode = self.testify(index, &gradients, finite.as_mut(), &mut testimonies)?;
            report
                .inputs
                .push(input_report(input, mode, &gradients, &testimonies[first..]));
        }
        self.conclude(report, &testimonies, finite.as_ref());
        Ok(())
    }

    /// Whether the options ask for this input.
    fn is_checked(&self, input: &HostInput) -> bool {
        let asked = |(name, _): &(String, Vec<usize>)| *name == input.name;
        input.differentiated && self.options.only.as_ref().is_none_or(asked)
    }

    fn draw_upstream(&self, witnesses: &Witnesses<'_>, purpose: &str) -> Vec<Vec<f64>> {
        let draw = |(output, shape): (usize, &Vec<usize>)| {
            let (output, draw) = (output.to_string(), self.draw.to_string());
            let path = [self.case.name.as_str(), purpose, &output, &draw];
            Sample::Signed.draw(shape.iter().product(), self.options.seed, &path)
        };
        witnesses.shapes.iter().enumerate().map(draw).collect()
    }

    fn laws(
        &self,
        witnesses: &Witnesses<'_>,
        autodiff: &HostGradients,
        manual: Option<&HostGradients>,
        upstreams: &Upstreams,
        rounding: &[f64],
    ) -> Result<Vec<LawReport>, Verdict> {
        let tolerance = self.tolerance.pair;
        let mut found = vec![laws::of_function(witnesses, tolerance)?];
        let by_autodiff = |upstream: &[Vec<f64>]| witnesses.autodiff(upstream);
        found.extend(laws::of_gradient(
            Witness::Autodiff,
            by_autodiff,
            autodiff,
            upstreams,
            rounding,
            tolerance,
        )?);
        if let Some(manual) = manual {
            let by_hand =
                |upstream: &[Vec<f64>]| Ok(witnesses.manual(upstream)?.unwrap_or_default());
            found.extend(laws::of_gradient(
                Witness::Manual,
                by_hand,
                manual,
                upstreams,
                rounding,
                tolerance,
            )?);
        }
        Ok(found)
    }

    /// Collects the testimonies about one input; returns how finite differences covered it.
    fn testify(
        &self,
        index: usize,
        gradients: &InputGradients,
        finite: Option<&mut Differences<'_>>,
        testimonies: &mut Vec<Testimony>,
    ) -> Result<&'static str, Stop> {
        let input = &self.point[index];
        let one = self
            .options
            .only
            .as_ref()
            .map(|(_, element)| row_major(&input.shape, element));
        let full = one.is_some() || self.options.is_full(input.values.len());
        let elements = match one {
            Some(element) => element..element + 1,
            None => 0..input.values.len(),
        };
        let mut estimates = vec![None; input.values.len()];
        let mut directions = Vec::new();
        let mode = match (finite, full) {
            (None, _) => "none",
            (Some(finite), true) => {
                for element in elements.clone() {
                    let estimate = finite.element(index, element, gradients.floor())?;
                    self.accept(&estimate)?;
                    estimates[element] = Some(estimate);
                }
                "full"
            }
            (Some(finite), false) => {
                for number in 0..self.options.directions {
                    let direction = self.draw_direction(input, number);
                    let floor = gradients.floor() * norm(&direction);
                    let estimate = finite.along(index, &direction, floor)?;
                    self.accept(&estimate)?;
                    directions.push((direction, estimate));
                }
                "fast"
            }
        };
        let found: Vec<f64> = estimates
            .iter()
            .flatten()
            .map(|estimate: &Estimate| estimate.value)
            .collect();
        let floor = gradients.floor().max(FLOOR * rms(&found));
        let negligible = gradients.rms() <= gradients.rounding;
        testimonies.extend(elements.map(|element| Testimony {
            input: index,
            element: Some(element),
            direction: None,
            manual: gradients.manual.as_ref().map(|manual| manual[element]),
            autodiff: gradients.autodiff[element],
            finite: estimates[element],
            floor,
            negligible,
        }));
        for (number, (direction, estimate)) in directions.into_iter().enumerate() {
            testimonies.push(Testimony {
                input: index,
                element: None,
                direction: Some(number),
                manual: gradients
                    .manual
                    .as_ref()
                    .map(|manual| dot(manual, &direction)),
                autodiff: dot(&gradients.autodiff, &direction),
                finite: Some(estimate),
                floor: floor * norm(&direction),
                negligible,
            });
        }
        Ok(mode)
    }

    /// Stops at a point on a kink, if another one may be drawn.
    fn accept(&self, estimate: &Estimate) -> Result<(), Stop> {
        if self.may_redraw && estimate.kink.is_some() {
            return Err(Stop::OnKink);
        }
        Ok(())
    }

    fn draw_direction(&self, input: &HostInput, number: usize) -> Vec<f64> {
        let (number, draw) = (number.to_string(), self.draw.to_string());
        let path = [
            self.case.name.as_str(),
            &input.name,
            "direction",
            &number,
            &draw,
        ];
        Sample::Signed.draw(input.values.len(), self.options.seed, &path)
    }

    fn conclude(
        &self,
        report: &mut Report,
        testimonies: &[Testimony],
        finite: Option<&Differences<'_>>,
    ) {
        let Conclusion {
            verdict,
            worst,
            kinks,
            uncertified,
        } = judge(testimonies, self.tolerance);
        let relative: Vec<Pairs> = testimonies.iter().map(Testimony::relative).collect();
        report.worst = Pairs::worst(&relative);
        report.median = Pairs::median(&relative);
        report.checked = report.inputs.iter().map(|input| input.checked).sum();
        report.finite.kinks = kinks;
        report.finite.uncertified = uncertified;
        if let Some(finite) = finite {
            report.finite.evaluations = finite.evaluations;
            report.finite.steps_shrunk = finite.shrunk;
            report.finite.worst_error_estimate = finite.worst_error;
        }
        report.worst_element = worst.map(|worst| {
            let testimony = &testimonies[worst];
            element_report(testimony, &self.point[testimony.input])
        });
        report.verdict = self.verdict(verdict, &report.laws);
    }

    /// The most serious of three: the verdict of the witnesses, a broken law, and missing finite
    /// differences.
    fn verdict(&self, judged: Verdict, laws: &[LawReport]) -> Verdict {
        if matches!(judged, Verdict::Mismatch { .. } | Verdict::NonFinite { .. }) {
            return judged;
        }
        if let Some(verdict) = broken(laws, |_| true) {
            return verdict;
        }
        if judged.is_pass() && self.finite_device.is_none() {
            return Verdict::Unchecked {
                reason: "the device has no f64 for finite differences: name a reference device"
                    .to_owned(),
            };
        }
        judged
    }
}

/// The two gradients with respect to one input.
struct InputGradients {
    connected: bool,
    autodiff: Vec<f64>,
    manual: Option<Vec<f64>>,
    /// Absolute size below which there is only rounding.
    rounding: f64,
}

impl InputGradients {
    fn rms(&self) -> f64 {
        rms(&self.autodiff).max(self.manual.as_deref().map_or(0.0, rms))
    }

    fn floor(&self) -> f64 {
        FLOOR * self.rms()
    }
}

/// The absolute size of a gradient below which it is only rounding: a change of the input by its own
/// size would change the objective by only a few roundings of its terms.
fn rounding_of(input: &HostInput, dtype: DType, objective: f64) -> f64 {
    let epsilon = if dtype == DType::F64 {
        f64::EPSILON
    } else {
        f64::from(f32::EPSILON)
    };
    let size = rms(&input.values);
    if size > 0.0 {
        4.0 * epsilon * objective / size
    } else {
        0.0
    }
}

/// The first broken law of a kind, as a verdict.
fn broken(laws: &[LawReport], of: impl Fn(Law) -> bool) -> Option<Verdict> {
    let found = laws.iter().find(|law| !law.holds && of(law.law))?;
    Some(Verdict::Unlawful {
        odd: found.witness,
        law: found.law,
    })
}

fn input_report(
    input: &HostInput,
    mode: &'static str,
    gradients: &InputGradients,
    testimonies: &[Testimony],
) -> InputReport {
    let relative: Vec<Pairs> = testimonies.iter().map(Testimony::relative).collect();
    let checked = if mode == "none" && gradients.manual.is_none() {
        0
    } else {
        testimonies
            .iter()
            .filter(|testimony| testimony.element.is_some())
            .count()
    };
    InputReport {
        name: input.name.clone(),
        shape: input.shape.clone(),
        mode,
        elements: input.values.len(),
        checked,
        connected: gradients.connected,
        worst: Pairs::worst(&relative),
    }
}

fn element_report(testimony: &Testimony, input: &HostInput) -> ElementReport {
    ElementReport {
        input: input.name.clone(),
        index: testimony
            .element
            .map(|element| indices(&input.shape, element)),
        direction: testimony.direction,
        value: testimony.element.map(|element| input.values[element]),
        manual: testimony.manual,
        autodiff: testimony.autodiff,
        finite: testimony.finite.map(|estimate| estimate.value),
        finite_error: testimony.finite.map(|estimate| estimate.error),
        left: testimony.finite.and_then(|estimate| Some(estimate.kink?.0)),
        right: testimony.finite.and_then(|estimate| Some(estimate.kink?.1)),
        absolute: testimony.absolute(),
        relative: testimony.relative(),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}
