//! Right functions raise no alarm; wrong cases of every kind are named.

use burn::tensor::{DType, Device};
use burn_gradcheck::{Options, Target};
use gradient_trials::{broken_autodiff, mutants, right, wrong};

use crate::target;

#[test]
fn right_functions_raise_no_alarm() {
    let targets = [DType::F64, DType::F32].map(target);
    for function in right::functions() {
        let tally = function.tally(&targets, 0..2);
        if let Some(report) = tally.alarms.first() {
            panic!("{report}");
        }
        let expected = if function.float_type().is_some() {
            2
        } else {
            4
        };
        assert_eq!(tally.checks(), expected, "{}", function.name());
    }
}

#[test]
fn the_fault_of_every_wrong_case_is_named() {
    for case in wrong::cases() {
        for &dtype in case.float_types() {
            let report = case.check(&target(dtype), &Options::default());
            assert!(case.is_caught(&report), "{}: {report}", case.mistake);
        }
    }
}

/// A case that expects a fault takes no other verdict for it.
#[test]
fn a_right_case_is_not_a_wrong_one() {
    let target = Target::new(Device::flex(), DType::F64);
    let report = right::functions()[0].check(&target, &Options::default());
    let report = report.expect("it works in f64");
    report.assert_pass();
    for case in wrong::cases() {
        assert!(!case.is_caught(&report), "{}", case.name());
    }
}

#[test]
fn there_are_enough_and_each_has_a_name_of_its_own() {
    let distinct = |names: Vec<String>| {
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len());
        sorted.len()
    };
    let right = right::functions();
    let names = right.iter().map(|function| function.name().to_owned());
    assert!(distinct(names.collect()) >= 80);
    let formulas = mutants().into_iter().map(|mutant| mutant.name.to_owned());
    let operations = broken_autodiff::all().into_iter();
    let operations = operations.map(|operation| operation.name.to_owned());
    let wrong = wrong::cases();
    let wrong = wrong.iter().map(|case| case.name().to_owned());
    assert!(distinct(formulas.chain(wrong).collect()) + operations.count() >= 300);
}
