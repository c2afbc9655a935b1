//! The three witnesses on every graph, and the judge on trial, on the Flex backend.
#![cfg(feature = "verify")]

use burn::tensor::{DType, Device};
use burn_gradcheck::{Options, Report, Target, Witness};
use computational_graph::verify;

/// Sizes of each graph: the chosen ones and two that are drawn.
const SHAPES: usize = 10;

fn run_all(dtype: DType, seed: u64) -> Vec<Report> {
    let target = Target::new(Device::flex(), dtype);
    let options = Options::default().seed(seed);
    let cases = verify::cases(SHAPES, seed);
    cases
        .into_iter()
        .map(|case| case.run(&target, &options))
        .collect()
}

#[test]
fn all_three_witnesses_agree_in_f64() {
    let reports = run_all(DType::F64, 0);
    reports.iter().for_each(Report::assert_pass);
    for report in reports {
        let worst = report.worst.manual_autodiff.expect("three witnesses");
        assert!(worst <= 1e-12, "{report}");
    }
}

#[test]
fn all_three_witnesses_agree_in_f32() {
    run_all(DType::F32, 1).iter().for_each(Report::assert_pass);
}

#[test]
fn every_mutant_is_caught_as_the_odd_one_out() {
    let target = Target::new(Device::flex(), DType::F64);
    for mutant in verify::mutants::all() {
        let report = mutant.caught(&target, &Options::default());
        let report = report.unwrap_or_else(|| panic!("{} got away", mutant.name));
        assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
    }
}
