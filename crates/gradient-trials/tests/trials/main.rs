//! Every case, mutant and alternative on the Flex backend.

mod more_witnesses;
mod right_and_wrong;

use burn::tensor::{DType, Device};
use burn_gradcheck::{Options, Report, Target, Witness};
use gradient_trials::{Origin, alternatives, check, mutants};

/// Sizes of each rule in f64: the chosen ones and two that are drawn. In f32 the program `verify-grads`
/// checks the chosen ones; here are the first three.
const SHAPES: [usize; 2] = [10, 3];

/// Of f64 cases, the largest error between gradients that is accepted.
const PAIR: f64 = 1e-12;

fn target(dtype: DType) -> Target {
    Target::new(Device::flex(), dtype).with_reference(Device::flex())
}

fn reports(origin: Origin, dtype: DType, seed: u64) -> Vec<Report> {
    let options = Options::default().seed(seed);
    let shapes = SHAPES[usize::from(dtype == DType::F32)];
    let cases = origin.cases(shapes, seed, None).into_iter();
    let reports = cases.map(|case| check(&case, &target(dtype), &options));
    let reports = reports.collect::<Vec<_>>();
    reports.iter().for_each(Report::assert_pass);
    reports
}

fn worst(reports: &[Report], error: impl Fn(&Report) -> Option<f64>) -> f64 {
    let errors = reports
        .iter()
        .map(|report| error(report).expect("three witnesses"));
    errors.fold(0.0, f64::max)
}

#[test]
fn the_rules_nets_and_models_agree_in_f64() {
    let reports = reports(Origin::ManualBackprop, DType::F64, 0);
    let pair = worst(&reports, |report| report.worst.manual_autodiff);
    let finite = worst(&reports, |report| report.worst.manual_finite);
    assert!(pair <= PAIR, "{pair:e}");
    assert!(finite <= 1e-7, "{finite:e}");
    let medians = reports.iter().map(|report| report.median.manual_finite);
    let mut medians = medians.flatten().collect::<Vec<_>>();
    medians.sort_by(f64::total_cmp);
    let median = medians[medians.len() / 2];
    assert!(median <= 1e-9, "{median:e}");
}

#[test]
fn the_rules_nets_and_models_agree_in_f32() {
    reports(Origin::ManualBackprop, DType::F32, 1);
}

#[test]
fn the_fused_engine_agrees_in_f64_and_f32() {
    let in_f64 = reports(Origin::FusedMlp, DType::F64, 0);
    let pair = worst(&in_f64, |report| report.worst.manual_autodiff);
    assert!(pair <= PAIR, "{pair:e}");
    reports(Origin::FusedMlp, DType::F32, 1);
}

#[test]
fn the_graphs_agree_in_f64_and_f32() {
    let in_f64 = reports(Origin::ComputationalGraph, DType::F64, 0);
    let pair = worst(&in_f64, |report| report.worst.manual_autodiff);
    assert!(pair <= PAIR, "{pair:e}");
    reports(Origin::ComputationalGraph, DType::F32, 1);
}

#[test]
fn the_functions_agree_in_f64_and_f32() {
    for seed in 0..5 {
        reports(Origin::GradientDescent, DType::F64, seed);
        reports(Origin::GradientDescent, DType::F32, seed);
    }
}

#[test]
fn every_mutant_is_caught() {
    for origin in Origin::ALL {
        for mutant in origin.mutants() {
            let report = mutant.caught(&target(DType::F64), &Options::default());
            let report = report.unwrap_or_else(|| panic!("{} was not caught", mutant.name));
            // A mistake in a rule can be below the error estimate of finite differences.
            if origin != Origin::ManualBackprop {
                assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
            }
        }
    }
}

#[test]
fn right_formulas_written_differently_raise_no_alarm() {
    for alternative in alternatives() {
        let report = alternative.false_alarm(&target(DType::F64), &Options::default());
        if let Some(report) = report {
            panic!("{}: {report}", alternative.name);
        }
    }
}

#[test]
fn names_are_distinct() {
    let cases = Origin::GradientDescent.cases(1, 0, None);
    let cases = cases.iter().map(|case| case.name().to_owned());
    let mutants = mutants().into_iter().map(|mutant| mutant.name.to_owned());
    let alternatives = alternatives().into_iter();
    let alternatives = alternatives.map(|alternative| alternative.name.to_owned());
    for mut names in [
        cases.collect::<Vec<_>>(),
        mutants.collect(),
        alternatives.collect(),
    ] {
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

#[test]
fn every_function_has_cases_and_mutants() {
    let cases = Origin::GradientDescent.cases(1, 0, None);
    let mutants = Origin::GradientDescent.mutants();
    for function in gradient_descent::functions::all() {
        let name = format!("{} [", function.name());
        let count = cases.iter().filter(|case| case.name().starts_with(&name));
        assert!(count.count() >= 5, "{name}");
        let of_function = |name: &str| name.starts_with(function.name());
        assert!(mutants.iter().any(|mutant| of_function(mutant.name)));
    }
}
