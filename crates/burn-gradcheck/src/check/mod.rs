//! The check: draws a point, asks the witnesses there, and reports.

mod point;

use burn::tensor::Device;

use crate::case::Case;
use crate::input::{Input, Source};
use crate::measure::Pairs;
use crate::report::{FiniteReport, Report, device_label, dtype_label};
use crate::target::{Options, Target};
use crate::verdict::{Verdict, Witness};
use crate::witness::guarded;
use point::{PointCheck, Stop};

/// The largest number of points that are replaced because they lie on a kink.
const REDRAWS: u32 = 8;

impl Case {
    /// Checks the gradient on one device with the defaults: [`Target::best`] and
    /// [`Options::default`].
    ///
    /// # Panics
    ///
    /// As [`Case::run`].
    pub fn check(&self, device: &Device) -> Report {
        self.run(&Target::best(device), &Options::default())
    }

    /// Checks the gradient.
    ///
    /// # Panics
    ///
    /// If the case has no function, or [`Options::only`] names an element that does not exist. A
    /// panic in one of the case's own closures becomes the verdict.
    pub fn run(&self, target: &Target, options: &Options) -> Report {
        run_with(self, target, target.finite_device(), options)
    }
}

/// As [`Case::run`], with finite differences on the given device, or without them.
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
                "no tolerance is known for {}: set one with Case::tolerance",
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
        let check = PointCheck {
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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::DType;

    use crate::values::Gradients;

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
