//! The check of one input: finite differences along each of its lines, and what they say of the other
//! witnesses.

use burn::tensor::DType;

use crate::differences::{Differences, Line};
use crate::finite::Estimate;
use crate::input::HostInput;
use crate::judge::{Finding, Testimony};
use crate::layout::row_major;
use crate::measure::{Pairs, rms};
use crate::noise::norm_of_products;
use crate::report::InputReport;
use crate::tolerance::smallest_normal;
use crate::verdict::{Verdict, Witness};

use super::gradients::{InputGradients, Zero, zero};
use super::point::{Heard, PointCheck, Stop};

/// In f32, a gradient is below the rounding of the function's value up to this many times the rounding of its
/// norm: terms that cancel are rounded one by one.
const ROUNDINGS_OF_TERMS: f64 = 8.0;
/// Comparisons without a mismatch that are looked at again with more care, for each input.
const LOOKED_AT_AGAIN: usize = 64;

/// The check of one input.
pub(super) struct InputCheck<'c> {
    check: &'c PointCheck<'c>,
    heard: &'c Heard<'c>,
    index: usize,
    gradients: InputGradients,
    directions: Vec<Vec<f64>>,
    mode: &'static str,
    pub(super) testimonies: Vec<Testimony>,
    /// Whether autodiff's gradient is missing or zero and should not be.
    severed: bool,
    /// Whether its gradient is zero as far as finite differences can tell.
    pub(super) may_be_zero: bool,
    /// The rounding that was measured and allowed.
    rounding: Option<f64>,
    /// The gradient was said to be zero, and is not; or the parameter has no influence.
    pub(super) invalid: Option<Verdict>,
    /// The gradient is too small for the float type.
    pub(super) underflow: Option<Verdict>,
}

impl<'c> InputCheck<'c> {
    pub(super) fn new(
        check: &'c PointCheck<'c>,
        heard: &'c Heard<'c>,
        index: usize,
        gradients: InputGradients,
    ) -> Self {
        Self {
            check,
            heard,
            index,
            gradients,
            directions: Vec::new(),
            mode: "none",
            testimonies: Vec::new(),
            severed: false,
            may_be_zero: false,
            rounding: None,
            invalid: None,
            underflow: None,
        }
    }

    fn input(&self) -> &'c HostInput {
        &self.check.subject.point[self.index]
    }

    /// Collects the testimonies. Where they do not agree, the rounding of the gradient is measured, and
    /// then the finite differences are taken again with more care.
    pub(super) fn run(&mut self, mut finite: Option<&mut Differences<'_>>) -> Result<(), Stop> {
        self.testify(finite.as_deref_mut())?;
        self.invalid = self.has_no_influence();
        self.recognise_zero(finite.as_deref_mut())?;
        if self.agrees() {
            return Ok(());
        }
        let weights = match finite.as_deref_mut() {
            Some(finite) => self
                .check
                .weights_that_matter(self.heard, self.index, finite)?,
            None => Vec::new(),
        };
        if self.check.may_widen() {
            self.allow_rounding(finite.as_deref_mut(), &weights)?;
        }
        if let Some(finite) = finite
            && !self.agrees()
        {
            self.look_again(finite, &weights)?;
        }
        if self.is_accusing() && self.check.may_widen() {
            let erratic = self.check.erratic(self.heard);
            self.allow(&erratic[self.index]);
        }
        if self.is_accusing() {
            self.still_the_same()?;
            self.severed = self.gradients.autodiff_is_zero()
                && !self.gradients.manual_is_zero()
                && self.may_be_cut();
            self.underflow = self.find_underflow();
        }
        Ok(())
    }

    fn finding(&self, testimony: &Testimony) -> Finding {
        testimony.finding(&self.check.scales())
    }

    fn is_accusing(&self) -> bool {
        let is_mismatch = |testimony| matches!(self.finding(testimony), Finding::Mismatch(_));
        self.testimonies.iter().any(is_mismatch)
    }

    fn agrees(&self) -> bool {
        let agrees = |testimony| self.finding(testimony) == Finding::Agrees;
        self.testimonies.iter().all(agrees)
    }

    fn testify(&mut self, finite: Option<&mut Differences<'_>>) -> Result<(), Stop> {
        let input = self.input();
        let options = self.check.options;
        let only = options.only.as_ref();
        let one = only.map(|(_, element)| row_major(&input.shape, element));
        let elements = match one {
            Some(element) => element..element + 1,
            None => 0..input.values.len(),
        };
        let full = one.is_some() || options.is_full(input.values.len());
        let floor = self.gradients.floor();
        let mut estimates = vec![None; input.values.len()];
        let mut along = Vec::new();
        match (finite, full) {
            (None, _) => {}
            (Some(finite), true) => {
                self.mode = "full";
                for element in elements.clone() {
                    let line = Line::Element(element);
                    let estimate = finite.along(self.index, line, floor)?;
                    estimates[element] = Some(self.accept(estimate, line, floor, finite)?);
                }
            }
            (Some(finite), false) => {
                self.mode = "fast";
                for number in 0..options.directions {
                    let direction = self.check.draw_direction(input, &number.to_string());
                    let (line, floor) = (Line::Direction(&direction), floor * norm(&direction));
                    let estimate = finite.along(self.index, line, floor)?;
                    along.push(self.accept(estimate, line, floor, finite)?);
                    self.directions.push(direction);
                }
            }
        }
        let found: Vec<f64> = estimates
            .iter()
            .flatten()
            .map(|e: &Estimate| e.value)
            .collect();
        let floor = floor.max(self.check.floor() * rms(&found));
        let gradients = &self.gradients;
        self.testimonies = elements
            .map(|element| Testimony {
                input: self.index,
                element: Some(element),
                direction: None,
                manual: gradients.manual.as_ref().map(|manual| manual[element]),
                autodiff: gradients.autodiff[element],
                finite: estimates[element],
                floor,
                rounding: 0.0,
                relative_rounding: 0.0,
                zero: false,
                negligible: false,
            })
            .collect();
        for (number, estimate) in along.into_iter().enumerate() {
            let direction = &self.directions[number];
            let manual = gradients.manual.as_ref();
            self.testimonies.push(Testimony {
                input: self.index,
                element: None,
                direction: Some(number),
                manual: manual.map(|manual| dot(manual, direction)),
                autodiff: dot(&gradients.autodiff, direction),
                finite: Some(estimate),
                floor: floor * norm(direction),
                rounding: 0.0,
                relative_rounding: 0.0,
                zero: false,
                negligible: false,
            });
        }
        Ok(())
    }

    /// Stops at a point on a kink, if another one may be drawn. A kink may turn out to be many small
    /// ones on the way to the point.
    fn accept(
        &self,
        estimate: Estimate,
        line: Line<'_>,
        floor: f64,
        finite: &mut Differences<'_>,
    ) -> Result<Estimate, Stop> {
        if estimate.kink.is_none() {
            return Ok(estimate);
        }
        let weights = finite.weights.clone();
        self.check.grain(self.index, finite, &weights)?;
        let again = finite.confirm(self.index, line, floor, &weights)?;
        if self.check.may_redraw && again.kink.is_some() {
            return Err(Stop::OnKink);
        }
        Ok(again)
    }

    /// A gradient that all witnesses call zero within rounding is agreement.
    fn recognise_zero(&mut self, finite: Option<&mut Differences<'_>>) -> Result<(), Stop> {
        let Some(finite) = finite else {
            return Ok(());
        };
        let heard = self.heard;
        let expected = self.check.case().expects_zero(&self.input().name);
        let mut scale = self.check.natural(self.index, &heard.autodiff, heard);
        let mut rounding = heard.rounding[self.index];
        let mut found = self.zero((scale, rounding), expected);
        if matches!(found, Zero::Certain) && !expected {
            // Small by the side of outputs that do not depend on it is not zero.
            let weights = self.check.weights_that_matter(heard, self.index, finite)?;
            let some_matter = weights.iter().any(|weight| *weight != 0.0);
            if some_matter && weights != finite.weights {
                self.confirm_all(finite, &weights)?;
                let upstream = heard.upstreams.first_with(&weights);
                let gradients = heard.witnesses.autodiff(&upstream)?;
                scale = self.check.natural(self.index, &gradients, heard);
                rounding = self.check.rounding_of(self.index, &weights, heard);
                found = self.zero((scale, rounding), expected);
            }
        }
        self.may_be_zero = matches!(found, Zero::Unresolved);
        if matches!(found, Zero::Certain) {
            self.testimonies.iter_mut().for_each(|t| t.zero = true);
        } else if expected {
            self.invalid = Some(self.was_said_to_be_zero());
        }
        Ok(())
    }

    fn zero(&self, (natural, rounding): (f64, f64), expected: bool) -> Zero {
        let estimates: Vec<Estimate> = self.testimonies.iter().filter_map(|t| t.finite).collect();
        let sizes = (natural, rounding, self.heard.epsilon);
        zero(&self.gradients, &estimates, sizes, expected)
    }

    /// A parameter that no output depends on: the function uses another module than the one it is given, or
    /// replaced the parameter.
    fn has_no_influence(&self) -> Option<Verdict> {
        let name = &self.input().name;
        let case = self.check.case();
        let is_parameter = !case.declares(name) && !case.expects_zero(name);
        let mut estimates = self.testimonies.iter().filter_map(|t| t.finite).peekable();
        let unmoved = estimates.peek().is_some() && estimates.all(|e| e.value == 0.0);
        (is_parameter && unmoved && !self.gradients.connected).then(|| Verdict::Invalid {
            reason: format!(
                "no output depends on parameter `{name}`: use the module that the function is given, or \
                 say Case::zero_gradient"
            ),
        })
    }

    fn was_said_to_be_zero(&self) -> Verdict {
        let estimates = self.testimonies.iter().filter_map(|t| t.finite);
        let largest = estimates.map(|e| e.value.abs()).fold(0.0, f64::max);
        Verdict::Invalid {
            reason: format!(
                "the gradient of `{}` was said to be zero and is not: up to {:.1e} by autodiff, \
                 {largest:.1e} by finite differences; remove Case::zero_gradient",
                self.input().name,
                self.gradients.rms()
            ),
        }
    }

    fn confirm_all(&mut self, finite: &mut Differences<'_>, weights: &[f64]) -> Result<(), Stop> {
        for number in 0..self.testimonies.len() {
            let testimony = &self.testimonies[number];
            if testimony.finite.is_some() {
                let line = self.line(testimony);
                let again = finite.confirm(self.index, line, testimony.floor, weights)?;
                self.testimonies[number].finite = Some(again);
            }
        }
        Ok(())
    }

    /// The line that a testimony is about.
    fn line(&self, testimony: &Testimony) -> Line<'_> {
        let direction = testimony.direction.map(|number| &self.directions[number]);
        match (testimony.element, direction) {
            (Some(element), _) => Line::Element(element),
            (None, direction) => Line::Direction(direction.map_or(&[], Vec::as_slice)),
        }
    }

    /// Measures the rounding of the gradient at this point and allows for it.
    fn allow_rounding(
        &mut self,
        finite: Option<&mut Differences<'_>>,
        weights: &[f64],
    ) -> Result<(), Stop> {
        let measured = self
            .check
            .rounding(self.heard, self.index, finite, weights)?;
        let negligible = self.is_negligible();
        for testimony in &mut self.testimonies {
            let length = match (testimony.element, testimony.direction) {
                (Some(_), _) => 1.0,
                (None, number) => norm(&self.directions[number.unwrap_or_default()]),
            };
            testimony.relative_rounding = measured.relative;
            testimony.floor = testimony.floor.max(measured.floor * length);
            testimony.negligible = negligible;
        }
        self.allow(&measured.allowance);
        Ok(())
    }

    /// Allows at least this error of each element.
    fn allow(&mut self, allowance: &[f64]) {
        for testimony in &mut self.testimonies {
            let rounding = match (testimony.element, testimony.direction) {
                (Some(element), _) => allowance[element],
                (None, number) => {
                    let direction = &self.directions[number.unwrap_or_default()];
                    norm_of_products(allowance, direction)
                }
            };
            testimony.rounding = testimony.rounding.max(rounding);
            self.rounding = Some(self.rounding.unwrap_or(0.0).max(testimony.rounding));
        }
    }

    /// Whether the gradient, by all witnesses, is below the rounding of the function's value in a coarse
    /// type, and not cut off.
    fn is_negligible(&self) -> bool {
        let estimates = self.testimonies.iter().filter_map(|t| t.finite);
        let estimates: Vec<f64> = estimates.map(|estimate| estimate.value).collect();
        let size = self.gradients.rms().max(rms(&estimates));
        // In f16 and bf16, one rounding is already a large part of the value.
        let roundings = match self.check.subject.dtype {
            DType::F64 => return false,
            DType::F32 => ROUNDINGS_OF_TERMS,
            _ => 1.0,
        };
        size <= roundings * self.heard.rounding[self.index] && !self.may_be_cut()
    }

    /// Whether autodiff finds a zero in the finite differences' type too. Cut is cut in any type; but a
    /// gradient can be rounded to zero in a coarse one.
    fn may_be_cut(&self) -> bool {
        self.check.case().autodiff_function.is_some()
            || self.check.condition(self.heard).is_zero[self.index]
    }

    /// Takes the finite differences of what does not agree once more, with all care, the worst first.
    /// One confirmed mismatch is enough.
    fn look_again(&mut self, finite: &mut Differences<'_>, weights: &[f64]) -> Result<(), Stop> {
        let mut open: Vec<usize> = (0..self.testimonies.len())
            .filter(|&number| self.finding(&self.testimonies[number]) != Finding::Agrees)
            .collect();
        let tolerance = self.check.tolerance;
        open.sort_by(|&a, &b| {
            let excess = |number: usize| self.testimonies[number].excess(tolerance);
            excess(b).total_cmp(&excess(a))
        });
        let mut others = 0;
        for number in open {
            let testimony = &self.testimonies[number];
            let was_mismatch = matches!(self.finding(testimony), Finding::Mismatch(_));
            others += usize::from(!was_mismatch);
            if testimony.finite.is_none() || (!was_mismatch && others > LOOKED_AT_AGAIN) {
                continue;
            }
            let line = self.line(testimony);
            let again = finite.confirm(self.index, line, testimony.floor, weights)?;
            self.testimonies[number].finite = Some(again);
            let now = self.finding(&self.testimonies[number]);
            if matches!(now, Finding::Mismatch(_)) {
                break;
            }
        }
        self.recognise_zero(Some(finite))
    }

    /// That autodiff and the hand-written gradient still say the same, before one is accused.
    fn still_the_same(&self) -> Result<(), Verdict> {
        let Heard {
            witnesses,
            upstreams,
            autodiff,
            manual,
            ..
        } = self.heard;
        let allowed = |input: usize| {
            let own = if input == self.index {
                self.rounding
            } else {
                None
            };
            own.unwrap_or(self.heard.rounding[input])
        };
        let rounding: Vec<f64> = (0..autodiff.len()).map(allowed).collect();
        let allowed = self.check.allowed(&rounding);
        let again = || witnesses.autodiff(&upstreams.first);
        crate::laws::repeatable(Witness::Autodiff, again, autodiff, &allowed)?;
        if let Some(manual) = manual {
            let again = || Ok(witnesses.manual(&upstreams.first)?.unwrap_or_default());
            crate::laws::repeatable(Witness::Manual, again, manual, &allowed)?;
        }
        Ok(())
    }

    /// A gradient below the smallest normal number of its float type, lost there and not by a mistake.
    fn find_underflow(&self) -> Option<Verdict> {
        let smallest = smallest_normal(self.check.subject.dtype);
        let estimates = self.testimonies.iter().filter_map(|t| t.finite);
        let largest = estimates.map(|e| e.value.abs()).fold(0.0, f64::max);
        let is_lost = largest < smallest && self.gradients.rms() < smallest;
        let has_estimate = self.testimonies.iter().any(|t| t.finite.is_some());
        (has_estimate && is_lost).then(|| Verdict::Unchecked {
            reason: format!(
                "the gradient of `{}`, about {largest:.1e}, is below the smallest normal number of its \
                 float type, {smallest:.1e}, and loses its digits there: scale the objective",
                self.input().name
            ),
        })
    }

    pub(super) fn report(&self) -> InputReport {
        let input = self.input();
        let relative: Vec<Pairs> = self.testimonies.iter().map(Testimony::relative).collect();
        let is_compared = self.mode != "none" || self.gradients.manual.is_some();
        let of_elements = self.testimonies.iter().filter(|t| t.element.is_some());
        InputReport {
            name: input.name.clone(),
            shape: input.shape.clone(),
            mode: self.mode,
            elements: input.values.len(),
            checked: if is_compared { of_elements.count() } else { 0 },
            connected: self.gradients.connected,
            severed: self.severed,
            zero: self.testimonies.iter().any(|t| t.zero),
            rounding: self.rounding,
            size: self.gradients.rms(),
            worst: Pairs::worst(&relative),
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(values: &[f64]) -> f64 {
    dot(values, values).sqrt()
}
