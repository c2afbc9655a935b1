//! A check at one point: what the witnesses say before finite differences, and the rounding that is allowed.

use std::cell::OnceCell;

use burn::tensor::DType;

use crate::case::Case;
use crate::condition::Condition;
use crate::differences::{Differences, Place};
use crate::input::HostInput;
use crate::judge::Scales;
use crate::laws::{self, Allowed, LawReport, Upstreams};
use crate::measure::rms;
use crate::noise::norm_of_products;
use crate::sample::Sample;
use crate::target::Options;
use crate::tolerance::{Tolerance, epsilon};
use crate::verdict::{Law, Verdict, Witness};
use crate::witness::{HostGradients, Subject, Witnesses, compare_values};

use super::gradients::ROUNDINGS;
use super::hints::explained;

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
    /// The case on the device under test.
    pub(super) subject: Subject<'a>,
    /// The function for finite differences, on a device with f64 if there is one.
    pub(super) reference: Option<Subject<'a>>,
    pub(super) options: &'a Options,
    pub(super) tolerance: &'a Tolerance,
    pub(super) draw: u32,
    pub(super) may_redraw: bool,
}

/// What is known about the witnesses before finite differences.
pub(super) struct Heard<'a> {
    pub(super) witnesses: Witnesses<'a>,
    pub(super) upstreams: Upstreams,
    pub(super) autodiff: HostGradients,
    pub(super) manual: Option<HostGradients>,
    /// For each input, the absolute size below which its gradient is only rounding.
    pub(super) rounding: Vec<f64>,
    /// The distance from 1 to the next number of the float type under test.
    pub(super) epsilon: f64,
    pub(super) condition: OnceCell<Condition>,
    /// The rounding of the inputs that has the effect of what the function loses inside.
    pub(super) lost_inside: OnceCell<f64>,
    /// For each element, what rounding changes erratically.
    pub(super) erratic: OnceCell<Vec<Vec<f64>>>,
}

impl PointCheck<'_> {
    pub(super) fn case(&self) -> &Case {
        self.subject.case
    }

    pub(super) fn point(&self) -> &[HostInput] {
        self.subject.point
    }

    fn epsilon(&self) -> f64 {
        epsilon(self.subject.dtype).unwrap_or(f64::from(f32::EPSILON))
    }

    /// Asks the function, autodiff and the hand-written gradient.
    pub(super) fn hear(&self) -> Result<Heard<'_>, Verdict> {
        let witnesses = Witnesses::new(self.subject)?;
        let mut unread = witnesses.unread().into_iter();
        if let Some(name) = unread.find(|name| self.case().declares(name)) {
            return Err(self.never_read(name));
        }
        let upstreams = Upstreams {
            first: self.draw_upstream(&witnesses, "upstream"),
            second: self.draw_upstream(&witnesses, "second upstream"),
        };
        let (autodiff, value) = witnesses.autodiff_with_outputs(&upstreams.first)?;
        if self.case().autodiff_function.is_some() {
            let function = &witnesses.outputs;
            compare_values(Witness::Autodiff, &value, function, self.tolerance)?;
        }
        let manual = witnesses.manual(&upstreams.first)?;
        let objective = norm_of_products(&upstreams.first.concat(), &witnesses.outputs);
        let rounding = self
            .point()
            .iter()
            .map(|input| rounding_of(input, self.epsilon(), objective));
        Ok(Heard {
            rounding: rounding.collect(),
            epsilon: self.epsilon(),
            witnesses,
            upstreams,
            autodiff,
            manual,
            condition: OnceCell::new(),
            lost_inside: OnceCell::new(),
            erratic: OnceCell::new(),
        })
    }

    /// The absolute size of an input's gradient below which it is only rounding, by these weights of the
    /// outputs.
    pub(super) fn rounding_of(&self, input: usize, weights: &[f64], heard: &Heard<'_>) -> f64 {
        let objective = norm_of_products(weights, &heard.witnesses.outputs);
        rounding_of(&self.point()[input], heard.epsilon, objective)
    }

    /// The size of an input's gradient at which it would be as important for the objective as the most
    /// important of the other inputs: their gradient times their size, by its size.
    pub(super) fn natural(
        &self,
        index: usize,
        gradients: &HostGradients,
        heard: &Heard<'_>,
    ) -> f64 {
        let importance = |(other, input): (usize, &HostInput)| {
            let gradient = gradients[other].as_deref().map_or(0.0, rms);
            let is_signal = other != index && gradient > 64.0 * heard.rounding[other];
            if is_signal {
                gradient * rms(&input.values)
            } else {
                0.0
            }
        };
        let most = self.point().iter().enumerate().map(importance);
        let most = most.fold(0.0, f64::max);
        let size = rms(&self.point()[index].values);
        if size > 0.0 { most / size } else { most }
    }

    fn never_read(&self, name: &str) -> Verdict {
        let parameters = self.point().iter().map(|input| input.name.as_str());
        let others: Vec<&str> = parameters.filter(|other| *other != name).collect();
        Verdict::Invalid {
            reason: format!(
                "input `{name}` is never read by the function: remove it, or spell it as one of \
                 {others:?}"
            ),
        }
    }

    pub(super) fn differences(&self, heard: &Heard<'_>) -> Result<Option<Differences<'_>>, Stop> {
        let Some(reference) = &self.reference else {
            return Ok(None);
        };
        let explain = |verdict| explained(verdict, reference.device, reference.dtype);
        let place = Place {
            device: reference.device,
            dtype: reference.dtype,
        };
        let weights = heard.upstreams.first.concat();
        let differences = Differences::new(
            reference.case,
            reference.function,
            (reference.point, reference.integers),
            &place,
            (weights, self.options.eps),
        )
        .map_err(explain)?;
        if self.case().reference.is_some() {
            let (got, function) = (differences.outputs(), &heard.witnesses.outputs);
            compare_values(Witness::Finite, got, function, self.tolerance)?;
        }
        Ok(Some(differences))
    }

    fn draw_upstream(&self, witnesses: &Witnesses<'_>, purpose: &str) -> Vec<Vec<f64>> {
        let draw = |(output, shape): (usize, &Vec<usize>)| {
            let (output, draw) = (output.to_string(), self.draw.to_string());
            let path = [self.case().name(), purpose, &output, &draw];
            Sample::Signed.draw(shape.iter().product(), self.options.seed, &path)
        };
        witnesses.shapes.iter().enumerate().map(draw).collect()
    }

    /// The laws of all witnesses; a broken one is tested again with the measured rounding.
    pub(super) fn laws(
        &self,
        heard: &Heard<'_>,
        mut finite: Option<&mut Differences<'_>>,
    ) -> Result<Vec<LawReport>, Verdict> {
        let found = self.laws_within(heard, &heard.rounding)?;
        let is_broken = |law: &LawReport| !law.holds && law.law == Law::LinearUpstream;
        if !self.may_widen() || !found.iter().any(is_broken) {
            return Ok(found);
        }
        let mut widened = Vec::new();
        for input in 0..self.point().len() {
            let weights = match finite.as_deref_mut() {
                Some(finite) => self.weights_that_matter(heard, input, finite)?,
                None => Vec::new(),
            };
            let measured = self.rounding(heard, input, finite.as_deref_mut(), &weights)?;
            let largest = |values: &[f64]| values.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            let gradient = heard.autodiff[input].as_deref().map_or(0.0, largest);
            let natural = self.natural(input, &heard.autodiff, heard);
            widened.push(
                heard.rounding[input].max(ROUNDINGS * heard.epsilon * natural)
                    + 4.0 * largest(&measured.allowance)
                    + 4.0 * measured.relative * gradient
                    + 4.0 * self.tolerance.pair * measured.floor,
            );
        }
        self.laws_within(heard, &widened)
    }

    /// Whether measured rounding is allowed: not if the tolerance is the caller's choice for this run, or
    /// demands equality.
    pub(super) fn may_widen(&self) -> bool {
        let chosen = self.options.atol.is_some() || self.options.rtol.is_some();
        !chosen && self.tolerance.pair > 0.0
    }

    /// The weights of the outputs, 0 for those that do not depend on the input by any witness: the rounding
    /// of a large one would hide the others.
    pub(super) fn weights_that_matter(
        &self,
        heard: &Heard<'_>,
        input: usize,
        finite: &mut Differences<'_>,
    ) -> Result<Vec<f64>, Verdict> {
        let mut weights = finite.weights.clone();
        let moves = finite.moves(input);
        if moves.iter().all(|moves| *moves) {
            return Ok(weights);
        }
        let mut still = heard.upstreams.first.clone();
        for (weight, moves) in still.iter_mut().flatten().zip(&moves) {
            if *moves {
                *weight = 0.0;
            }
        }
        let witnesses = &heard.witnesses;
        let is_zero = |gradients: &HostGradients| {
            let own = gradients[input].iter().flatten();
            own.into_iter().all(|value| *value == 0.0)
        };
        let by_autodiff = is_zero(&witnesses.autodiff(&still)?);
        let by_hand = witnesses
            .manual(&still)?
            .is_none_or(|manual| is_zero(&manual));
        if by_autodiff && by_hand {
            for (weight, moves) in weights.iter_mut().zip(&moves) {
                if !moves {
                    *weight = 0.0;
                }
            }
        }
        Ok(weights)
    }

    /// A random direction of a whole input.
    pub(super) fn draw_direction(&self, input: &HostInput, purpose: &str) -> Vec<f64> {
        let draw = self.draw.to_string();
        let path = [self.case().name(), &input.name, "direction", purpose, &draw];
        Sample::Signed.draw(input.values.len(), self.options.seed, &path)
    }

    /// What is allowed when the same is computed again, or laws are tested.
    pub(super) fn allowed<'r>(&self, rounding: &'r [f64]) -> Allowed<'r> {
        let elements: usize = self.point().iter().map(|input| input.values.len()).sum();
        let affordable = if elements > MANY_ELEMENTS {
            4
        } else {
            usize::MAX
        };
        Allowed {
            rounding,
            tolerance: self.tolerance.pair,
            repetitions: self.options.repetitions.min(affordable),
            change: 64.0 * self.epsilon(),
        }
    }

    fn laws_within(&self, heard: &Heard<'_>, rounding: &[f64]) -> Result<Vec<LawReport>, Verdict> {
        let allowed = self.allowed(rounding);
        let mut found = vec![laws::of_function(&heard.witnesses, &allowed)?];
        let by_autodiff = |upstream: &[Vec<f64>]| heard.witnesses.autodiff(upstream);
        found.extend(laws::of_gradient(
            Witness::Autodiff,
            by_autodiff,
            &heard.autodiff,
            &heard.upstreams,
            &allowed,
        )?);
        if let Some(manual) = &heard.manual {
            let by_hand =
                |upstream: &[Vec<f64>]| Ok(heard.witnesses.manual(upstream)?.unwrap_or_default());
            found.extend(laws::of_gradient(
                Witness::Manual,
                by_hand,
                manual,
                &heard.upstreams,
                &allowed,
            )?);
        }
        Ok(found)
    }

    /// The share of a tensor's size that errors are relative to at least: all of it where finite differences
    /// are in a coarse float type.
    pub(super) fn floor(&self) -> f64 {
        let is_coarse = self
            .reference
            .as_ref()
            .is_some_and(|r| r.dtype != DType::F64);
        if is_coarse { 1.0 } else { self.tolerance.floor }
    }

    /// What findings are measured by. Within the error of the finite differences, a gradient is certified by
    /// a part of the digits that extrapolation leaves in their float type: seven of f64's, two of f32's; in
    /// f16 and bf16 the size.
    pub(super) fn scales(&self) -> Scales<'_> {
        let coarse = self.reference.as_ref().map_or(DType::F64, |r| r.dtype);
        let certified = match coarse {
            DType::F64 => 1e-7,
            DType::F32 => 1e-2,
            _ => 0.25,
        };
        Scales {
            tolerance: self.tolerance,
            certified,
        }
    }
}

/// Elements above which the same is not computed as often.
const MANY_ELEMENTS: usize = 16_384;

/// The absolute size of a gradient below which it is only rounding: a change of the input by its own
/// size would change the objective by only a few roundings of its terms.
fn rounding_of(input: &HostInput, epsilon: f64, objective: f64) -> f64 {
    let size = rms(&input.values);
    if size > 0.0 {
        4.0 * epsilon * objective / size
    } else {
        0.0
    }
}
