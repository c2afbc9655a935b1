//! The check: draws a point, asks the witnesses there, and reports.

mod erratic;
mod gradients;
mod hints;
mod line_by_line;
mod point;
mod rounding;
mod run;

use burn::tensor::{DType, Device};

use crate::case::Case;
use crate::input::{Input, Source};
use crate::report::{Report, device_label, dtype_label};
use crate::target::{Options, Target};
use crate::verdict::{Verdict, Witness};
use crate::witness::{Subject, guarded};
use point::{PointCheck, Stop};

/// The largest number of points that are replaced because they lie on a kink.
const REDRAWS: u32 = 8;

impl Case {
    /// Checks the gradient on one device with the defaults: [`Target::best`] and
    /// [`Options::default`].
    pub fn check(&self, device: &Device) -> Report {
        self.run(&Target::best(device), &Options::default())
    }

    /// Checks the gradient. A panic in one of the case's own closures becomes the verdict, and so does a
    /// case that can't be checked.
    pub fn run(&self, target: &Target, options: &Options) -> Report {
        run_with(self, target, target.finite_place(), options)
    }
}

/// As [`Case::run`], with finite differences on the given device and in the given float type, or without
/// them.
fn run_with(
    case: &Case,
    target: &Target,
    finite: Option<(Device, DType)>,
    options: &Options,
) -> Report {
    let mut report = Report::blank(
        &case.name,
        (device_label(&target.device), dtype_label(target.dtype)),
        (options.seed, options.draw),
    );
    if let Some((device, dtype)) = &finite {
        report.finite.device = Some(device_label(device));
        report.finite.dtype = dtype_label(*dtype);
    }
    if let Err(verdict) = fill(&mut report, case, target, finite.as_ref(), options) {
        report.verdict = verdict;
    }
    report
}

fn fill(
    report: &mut Report,
    case: &Case,
    target: &Target,
    finite: Option<&(Device, DType)>,
    options: &Options,
) -> Result<(), Verdict> {
    let function = case.function.as_ref().ok_or_else(|| Verdict::Invalid {
        reason: "the case has no function: set one with Case::function".to_owned(),
    })?;
    let device = target.device.clone().without_autodiff();
    let inputs = guarded(Witness::Function, || case.inputs_on(&device, target.dtype))??;
    let tolerance = options.applied_to(case.tolerance_for(&inputs, target.dtype));
    let tolerance = tolerance.ok_or_else(|| Verdict::Unchecked {
        reason: format!(
            "no tolerance is known for {}: set one with Case::tolerance",
            dtype_label(target.dtype)
        ),
    })?;
    exists(&inputs, options)?;
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
        let subject = Subject {
            case,
            function,
            autodiff_function: case.autodiff_function.as_ref().unwrap_or(function),
            point: &point,
            integers: &case.integers,
            device: &target.device,
            dtype: target.dtype,
        };
        let of_reference = case.reference.as_ref().unwrap_or(function);
        let reference = finite.map(|(device, dtype)| Subject {
            function: of_reference,
            autodiff_function: of_reference,
            device,
            dtype: *dtype,
            ..subject
        });
        let check = PointCheck {
            subject,
            reference,
            options,
            tolerance: &tolerance,
            draw: report.draw,
            may_redraw: redraw < redraws,
        };
        match check.run(report) {
            Err(Stop::OnKink) => report.inputs.clear(),
            Err(Stop::Verdict(verdict)) => return Err(verdict),
            Ok(()) => break,
        }
    }
    Ok(())
}

/// That the element which the options name exists.
fn exists(inputs: &[Input], options: &Options) -> Result<(), Verdict> {
    let Some((name, index)) = &options.only else {
        return Ok(());
    };
    let exists = inputs.iter().any(|input| {
        let sizes = input.shape.iter().zip(index);
        let inside = index.len() == input.shape.len() && sizes.clone().all(|(size, i)| i < size);
        input.name == *name && input.differentiated && inside
    });
    if exists {
        return Ok(());
    }
    let known = |input: &Input| format!("`{}` {:?}", input.name, input.shape);
    let known: Vec<String> = inputs
        .iter()
        .filter(|i| i.differentiated)
        .map(known)
        .collect();
    Err(Verdict::Invalid {
        reason: format!(
            "Options::only names element {index:?} of `{name}`, which does not exist: the inputs are {}",
            known.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Gradients;

    #[test]
    fn without_a_device_with_f64_agreement_is_unchecked_and_a_difference_is_undecided() {
        let case = Case::new("square")
            .input("x", [3])
            .function(|v| v.get::<1>("x").powi_scalar(2))
            .vjp(|v, grad_out| {
                let grad_x = v.get::<1>("x") * 2.0 * grad_out.get::<1>(0);
                Gradients::new().with("x", grad_x)
            });
        let target = Target::new(Device::flex(), DType::F32);
        let run = |case: &Case| run_with(case, &target, None, &Options::default());
        let report = run(&case);
        let reason = "the device has no f64 for finite differences: name a reference device, or check \
                      in its own float type with Target::alone";
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
