//! The witnesses on every function, and the judge on trial, on the Flex backend.

use burn::tensor::{DType, Device};
use burn_gradcheck::{Options, Report, Target, Witness};
use gradient_descent::verify;

fn run_all(dtype: DType, seed: u64) -> Vec<Report> {
    let target = Target::new(Device::flex(), dtype).with_reference(Device::flex());
    let options = Options::default().seed(seed);
    let cases = verify::cases();
    cases
        .iter()
        .map(|case| case.run(&target, &options))
        .collect()
}

#[test]
fn all_three_witnesses_agree_in_f64() {
    for seed in 0..5 {
        run_all(DType::F64, seed)
            .iter()
            .for_each(Report::assert_pass);
    }
}

#[test]
fn all_three_witnesses_agree_in_f32() {
    for seed in 0..5 {
        run_all(DType::F32, seed)
            .iter()
            .for_each(Report::assert_pass);
    }
}

#[test]
fn every_mutant_is_caught() {
    let target = Target::new(Device::flex(), DType::F64);
    for mutant in verify::mutants::all() {
        let report = mutant.caught(&target, &Options::default());
        let report = report.unwrap_or_else(|| panic!("{} got away", mutant.name));
        assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
    }
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
