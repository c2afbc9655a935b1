//! The witnesses on every rule and net, and the judge on trial, on the Flex backend.

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_gradcheck::{Case, Gradients, Options, Report, Target, Verdict};
use manual_backprop::activation::{self, Activation};
use manual_backprop::verify;

/// Sizes of each rule: the chosen ones and two that are drawn.
const SHAPES: usize = 10;

fn run_all(dtype: DType, seed: u64) -> Vec<Report> {
    let target = Target::new(Device::flex(), dtype);
    let options = Options::default().seed(seed);
    let cases = verify::cases(SHAPES, seed, None);
    cases
        .into_iter()
        .map(|case| verify::check(&case, &target, &options))
        .collect()
}

fn worst(reports: &[Report], error: impl Fn(&Report) -> Option<f64>) -> f64 {
    let errors = reports
        .iter()
        .map(|report| error(report).expect("three witnesses"));
    errors.fold(0.0, f64::max)
}

#[test]
fn all_three_witnesses_agree_in_f64() {
    let reports = run_all(DType::F64, 0);
    reports.iter().for_each(Report::assert_pass);
    let pair = worst(&reports, |report| report.worst.manual_autodiff);
    let finite = worst(&reports, |report| report.worst.manual_finite);
    assert!(pair <= 1e-12, "{pair:e}");
    assert!(finite <= 1e-7, "{finite:e}");
    let mut medians = reports
        .iter()
        .filter_map(|report| report.median.manual_finite)
        .collect::<Vec<_>>();
    medians.sort_by(f64::total_cmp);
    let median = medians[medians.len() / 2];
    assert!(median <= 1e-9, "{median:e}");
}

#[test]
fn all_three_witnesses_agree_in_f32() {
    run_all(DType::F32, 1).iter().for_each(Report::assert_pass);
}

#[test]
fn every_mutant_is_caught() {
    let target = Target::new(Device::flex(), DType::F64);
    let escaped = verify::mutants::all()
        .iter()
        .filter(|mutant| mutant.caught(&target, &Options::default()).is_none())
        .map(|mutant| mutant.name)
        .collect::<Vec<_>>();
    assert_eq!(escaped, [""; 0]);
}

#[test]
fn right_formulas_written_differently_raise_no_alarm() {
    let target = Target::new(Device::flex(), DType::F64);
    for alternative in verify::alternatives::all() {
        if let Some(report) = alternative.false_alarm(&target, &Options::default()) {
            panic!("{}: {report}", alternative.name);
        }
    }
}

#[test]
fn autodiff_is_named_where_its_operation_is_broken() {
    let target = Target::new(Device::flex(), DType::F64);
    let operations = verify::broken_autodiff::all();
    assert!(operations.len() >= 10);
    for operation in operations {
        let (report, caught) = operation.caught(&target, &Options::default());
        assert!(caught, "{}: {report}", operation.name);
    }
}

#[test]
fn pytorch_agrees() {
    for dtype in [DType::F64, DType::F32] {
        let target = Target::new(Device::flex(), dtype);
        for net in verify::pytorch::fixture().nets {
            let comparison = net.compare(&target.device, dtype);
            assert!(comparison.is_pass(), "{}: {comparison:?}", net.net);
            net.case().run(&target, &Options::default()).assert_pass();
        }
    }
}

/// The convention at the kink: ReLU'(0) = 0 and ELU'(0) = 1, for autodiff too.
#[test]
fn at_the_kink_both_gradients_follow_the_convention() {
    let at_zero = |f: Activation| {
        Case::new(format!("{f} at zero"))
            .input_values("a", [1], [0.0])
            .function(move |v| activation::forward::<1>(f, v.get("a")))
            .vjp(move |v, grad_out| {
                let a = v.get::<1>("a");
                let z = activation::forward(f, a.clone());
                Gradients::new().with("a", activation::backward(f, a, z, grad_out.get(0)))
            })
    };
    let relu = at_zero(Activation::Relu).check(&Device::flex());
    assert_eq!(relu.verdict, Verdict::Kink);
    let element = relu.worst_element.expect("one element was checked");
    assert_eq!((element.manual, element.autodiff), (Some(0.0), 0.0));

    let elu = at_zero(Activation::Elu).check(&Device::flex());
    assert_eq!(elu.worst.manual_autodiff, Some(0.0));
    let a = Tensor::<1>::from_data(
        TensorData::new(vec![0.0], [1]),
        (&Device::flex(), DType::F64),
    );
    let slope = activation::elu::backward(a.clone(), a.ones_like());
    assert_eq!(slope.into_scalar::<f64>(), 1.0);
}
