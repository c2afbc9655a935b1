//! The check at one point, from the first question to the verdict.

use crate::differences::Differences;
use crate::input::HostInput;
use crate::judge::{Conclusion, Testimony, judge};
use crate::measure::Pairs;
use crate::report::Report;
use crate::verdict::{Verdict, Witness};
use crate::witness::Subject;

use super::gradients::InputGradients;
use super::hints::explained;
use super::line_by_line::InputCheck;
use super::point::{PointCheck, Stop};

impl PointCheck<'_> {
    pub(super) fn run(&self, report: &mut Report) -> Result<(), Stop> {
        let Subject { device, dtype, .. } = self.subject;
        let explain = |verdict| explained(verdict, device, dtype);
        let heard = self.hear().map_err(explain)?;
        report.elements = self
            .point()
            .iter()
            .filter(|i| i.differentiated)
            .map(|i| i.values.len())
            .sum();
        let mut finite = self.differences(&heard)?;
        report.laws = self.laws(&heard, finite.as_mut()).map_err(explain)?;
        if !heard
            .witnesses
            .outputs
            .iter()
            .all(|value| value.is_finite())
        {
            report.verdict = Verdict::NonFinite {
                odd: Witness::Function,
            };
            return Ok(());
        }
        let mut testimonies = Vec::new();
        let mut underflow = None;
        let mut may_be_zero = None;
        for (index, input) in self.point().iter().enumerate() {
            if !self.is_checked(input) {
                continue;
            }
            let gradients = InputGradients::new(
                heard.autodiff[index].clone(),
                heard
                    .manual
                    .as_ref()
                    .and_then(|manual| manual[index].clone()),
                (input.values.len(), self.floor()),
            );
            let mut check = InputCheck::new(self, &heard, index, gradients);
            check.run(finite.as_mut())?;
            report.inputs.push(check.report());
            if let Some(verdict) = check.invalid {
                return Err(verdict.into());
            }
            if check.may_be_zero {
                may_be_zero = Some(input.name.as_str());
            }
            match check.underflow {
                Some(verdict) => underflow = Some(verdict),
                None => testimonies.extend(check.testimonies),
            }
        }
        self.conclude(report, &testimonies, finite.as_ref());
        if let (Verdict::Unchecked { reason }, Some(name)) = (&mut report.verdict, may_be_zero) {
            reason.push_str(&format!(
                "; if the gradient of `{name}` is zero, say so with Case::zero_gradient"
            ));
        }
        if let Some(verdict) = underflow
            && (testimonies.is_empty() || !report.verdict.is_failure())
        {
            report.verdict = verdict;
        }
        Ok(())
    }

    /// Whether the options ask for this input.
    fn is_checked(&self, input: &HostInput) -> bool {
        let asked = |(name, _): &(String, Vec<usize>)| *name == input.name;
        input.differentiated && self.options.only.as_ref().is_none_or(asked)
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
        } = judge(testimonies, &self.scales());
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
            testimony.report(&self.point()[testimony.input])
        });
        report.verdict = self.verdict(verdict, report);
    }

    /// The most serious of three: the verdict of the witnesses, a broken law, and missing finite
    /// differences.
    fn verdict(&self, judged: Verdict, report: &Report) -> Verdict {
        if let Verdict::Mismatch { odd } = &judged
            && *odd != Witness::Manual
            && let Some(element) = &report.worst_element
            && let Some(input) = report.inputs.iter().find(|i| i.name == element.input)
            && input.severed
        {
            return Verdict::Severed {
                input: input.name.clone(),
            };
        }
        if matches!(judged, Verdict::Mismatch { .. } | Verdict::NonFinite { .. }) {
            return judged;
        }
        if let Some(law) = report.laws.iter().find(|law| !law.holds) {
            return Verdict::Unlawful {
                odd: law.witness,
                law: law.law,
            };
        }
        if judged.is_pass() && self.reference.is_none() {
            return Verdict::Unchecked {
                reason:
                    "the device has no f64 for finite differences: name a reference device, or \
                         check in its own float type with Target::alone"
                        .to_owned(),
            };
        }
        judged
    }
}
