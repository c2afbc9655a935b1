//! The check itself: a point, the witnesses at that point, the judgement, the report.

use burn::tensor::{DType, Device};

use crate::case::{Case, Function, Input, Source};
use crate::finite::{Estimate, norm_of_products};
use crate::flat::{indices, row_major};
use crate::judge::{Testimony, judge};
use crate::laws::{self, LawReport, Upstreams};
use crate::measure::{FLOOR, Pairs, rms};
use crate::referee::Referee;
use crate::report::{ElementReport, FiniteReport, InputReport, Report, device_label, dtype_label};
use crate::sample::Sample;
use crate::target::{Options, Target};
use crate::tolerance::Tolerance;
use crate::values::HostInput;
use crate::verdict::{Law, Verdict, Witness};
use crate::witness::{Bench, HostGradients, guarded};

/// Points drawn anew, at most, because one lay on a kink.
const REDRAWS: u32 = 8;

/// Why a check at one point ended early.
enum Stop {
    Verdict(Verdict),
    OnKink,
}

impl From<Verdict> for Stop {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}

pub(crate) fn run(case: &Case, target: &Target, options: &Options) -> Report {
    run_with(case, target, target.finite_device(), options)
}

/// As [`run`], with finite differences taken on the device given, or not at all.
fn run_with(
    case: &Case,
    target: &Target,
    finite_device: Option<Device>,
    options: &Options,
) -> Report {
    let device = target.device.clone().without_autodiff();
    let mut report = blank_report(case, target, options);
    report.finite.device = finite_device.as_ref().map(device_label);
    let Some(function) = &case.function else {
        panic!("case `{}` has no function: set one first", case.name);
    };
    let inputs = match guarded(Witness::Function, || case.inputs_on(&device)) {
        Ok(inputs) => inputs,
        Err(verdict) => {
            report.verdict = verdict;
            return report;
        }
    };
    let Some(tolerance) = case.tolerance_for(&inputs, target.dtype) else {
        report.verdict = Verdict::Unchecked {
            reason: format!(
                "no tolerance is known for {}: state one by Case::tolerance",
                dtype_label(target.dtype)
            ),
        };
        return report;
    };
    assert_only_exists(case, &inputs, options);
    report.tolerance = Some(tolerance.clone());
    let is_drawn = |input: &Input| matches!(input.source, Source::Drawn(_));
    let redraws = if inputs.iter().any(is_drawn) {
        REDRAWS
    } else {
        0
    };
    for redraw in 0..=redraws {
        report.draw = options.draw + redraw;
        report.finite.redrawn = redraw;
        let point = case.point(&inputs, options.seed, report.draw, target.dtype);
        let check = Check {
            case,
            function,
            device: &device,
            finite_device: finite_device.as_ref(),
            dtype: target.dtype,
            options,
            tolerance: &tolerance,
            point: &point,
            draw: report.draw,
            may_redraw: redraw < redraws,
        };
        match check.run(&mut report) {
            Err(Stop::OnKink) => continue,
            Err(Stop::Verdict(verdict)) => report.verdict = verdict,
            Ok(()) => {}
        }
        break;
    }
    report
}

fn blank_report(case: &Case, target: &Target, options: &Options) -> Report {
    Report {
        case: case.name.clone(),
        verdict: Verdict::Pass,
        device: device_label(&target.device),
        dtype: dtype_label(target.dtype),
        seed: options.seed,
        draw: options.draw,
        tolerance: None,
        elements: 0,
        checked: 0,
        worst: Pairs::default(),
        median: Pairs::default(),
        worst_element: None,
        inputs: Vec::new(),
        finite: FiniteReport::default(),
        laws: Vec::new(),
    }
}

fn assert_only_exists(case: &Case, inputs: &[Input], options: &Options) {
    let Some((name, index)) = &options.only else {
        return;
    };
    let exists = inputs.iter().any(|input| {
        let sizes = input.shape.iter().zip(index);
        let inside = index.len() == input.shape.len() && sizes.clone().all(|(size, i)| i < size);
        input.name == *name && input.differentiated && inside
    });
    assert!(
        exists,
        "case `{}` has no element {index:?} of an input `{name}`",
        case.name
    );
}

/// A case at one point.
struct Check<'a> {
    case: &'a Case,
    function: &'a Function,
    device: &'a Device,
    finite_device: Option<&'a Device>,
    dtype: DType,
    options: &'a Options,
    tolerance: &'a Tolerance,
    point: &'a [HostInput],
    draw: u32,
    may_redraw: bool,
}

impl Check<'_> {
    fn run(&self, report: &mut Report) -> Result<(), Stop> {
        let bench = Bench::new(
            self.case,
            self.function,
            self.point,
            self.device,
            self.dtype,
        )?;
        let upstreams = Upstreams {
            first: self.draw_upstream(&bench, "upstream"),
            second: self.draw_upstream(&bench, "second upstream"),
        };
        let autodiff = bench.autodiff(&upstreams.first)?;
        let manual = bench.manual(&upstreams.first)?;
        let weights: Vec<f64> = upstreams.first.concat();
        let objective = norm_of_products(&weights, &bench.outputs);
        let rounding_of = |input| rounding_of(input, self.dtype, objective);
        let rounding: Vec<f64> = self.point.iter().map(rounding_of).collect();
        report.laws = self.laws(&bench, &autodiff, manual.as_ref(), &upstreams, &rounding)?;
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
        if bench.outputs.iter().any(|value| !value.is_finite()) {
            report.verdict = Verdict::NonFinite {
                odd: Witness::Function,
            };
            return Ok(());
        }
        let finite = self.finite_device.map(|device| {
            Referee::new(
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
            let gradients = Gradients {
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

    fn draw_upstream(&self, bench: &Bench<'_>, purpose: &str) -> Vec<Vec<f64>> {
        let draw = |(output, shape): (usize, &Vec<usize>)| {
            let (output, draw) = (output.to_string(), self.draw.to_string());
            let path = [self.case.name.as_str(), purpose, &output, &draw];
            Sample::Signed.draw(shape.iter().product(), self.options.seed, &path)
        };
        bench.shapes.iter().enumerate().map(draw).collect()
    }

    fn laws(
        &self,
        bench: &Bench<'_>,
        autodiff: &HostGradients,
        manual: Option<&HostGradients>,
        upstreams: &Upstreams,
        rounding: &[f64],
    ) -> Result<Vec<LawReport>, Verdict> {
        let tolerance = self.tolerance.pair;
        let mut found = vec![laws::of_function(bench, tolerance)?];
        let by_autodiff = |upstream: &[Vec<f64>]| bench.autodiff(upstream);
        found.extend(laws::of_gradient(
            Witness::Autodiff,
            by_autodiff,
            autodiff,
            upstreams,
            rounding,
            tolerance,
        )?);
        if let Some(manual) = manual {
            let by_hand = |upstream: &[Vec<f64>]| Ok(bench.manual(upstream)?.unwrap_or_default());
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

    /// Collects what the witnesses say about one input; says how finite differences covered it.
    fn testify(
        &self,
        index: usize,
        gradients: &Gradients,
        finite: Option<&mut Referee<'_>>,
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

    /// Leaves a point that lies on a kink, if another one may be drawn.
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
        finite: Option<&Referee<'_>>,
    ) {
        let judgement = judge(testimonies, self.tolerance);
        let relative: Vec<Pairs> = testimonies.iter().map(Testimony::relative).collect();
        report.worst = Pairs::worst(&relative);
        report.median = Pairs::median(&relative);
        report.checked = report.inputs.iter().map(|input| input.checked).sum();
        report.finite.kinks = judgement.kinks;
        report.finite.uncertified = judgement.uncertified;
        if let Some(finite) = finite {
            report.finite.evaluations = finite.evaluations;
            report.finite.steps_shrunk = finite.shrunk;
            report.finite.worst_error_estimate = finite.worst_error;
        }
        report.worst_element = judgement.worst.map(|worst| {
            let testimony = &testimonies[worst];
            element_report(testimony, &self.point[testimony.input])
        });
        report.verdict = self.verdict(judgement.verdict, &report.laws);
    }

    /// The most serious of the judgement, a broken law, and the absence of finite differences.
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

/// What the two gradients say about one input.
struct Gradients {
    connected: bool,
    autodiff: Vec<f64>,
    manual: Option<Vec<f64>>,
    /// Absolute size below which there is only rounding.
    rounding: f64,
}

impl Gradients {
    fn rms(&self) -> f64 {
        rms(&self.autodiff).max(self.manual.as_deref().map_or(0.0, rms))
    }

    fn floor(&self) -> f64 {
        FLOOR * self.rms()
    }
}

/// The absolute size of a gradient below which there is only rounding: a change of the input by its
/// own size would change the objective by no more than a few roundings of its terms.
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
    gradients: &Gradients,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_device_with_f64_agreement_is_unchecked_and_a_difference_is_undecided() {
        let case = Case::new("square")
            .input("x", [3])
            .function(|v| v.get::<1>("x").powi_scalar(2))
            .vjp(|v, grad_out| {
                let grad_x = v.get::<1>("x") * 2.0 * grad_out.get::<1>(0);
                crate::Gradients::new().with("x", grad_x)
            });
        let target = Target::new(Device::flex(), DType::F32);
        let run = |case: &Case| run_with(case, &target, None, &Options::default());
        let report = run(&case);
        let reason = "the device has no f64 for finite differences: name a reference device";
        let unchecked = Verdict::Unchecked {
            reason: reason.to_owned(),
        };
        assert_eq!(report.verdict, unchecked, "{report}");
        assert_eq!((report.checked, report.finite.device.clone()), (3, None));
        assert_eq!(run(&case.clone().without_vjp()).checked, 0);
        let wrong = case.map_vjp(|g| g.map("x", |g: burn::Tensor<1>| -g));
        let undecided = Verdict::Mismatch {
            odd: Witness::Undecided,
        };
        assert_eq!(run(&wrong).verdict, undecided);
    }
}
