//! The whole table on the processor's backends: what disagrees is in the ledger, what is in the
//! ledger disagrees.

use burn::tensor::{DType, Device};
use burn_gradcheck::Target;
use burn_suite::{Finding, Ledger, Outcome, Place, Selection, operations, run};

fn outcome(backend: &str, device: &Device, seed: u64) -> Outcome {
    let operations = operations();
    let ledger = Ledger::bundled(&operations).expect("the ledger is in order");
    let places = [DType::F64, DType::F32].map(|dtype| Place {
        backend: backend.to_owned(),
        target: Target::new(device.clone(), dtype).with_reference(Device::flex()),
        by_shader: false,
        is_software: false,
    });
    let selection = Selection {
        seed,
        ..Selection::default()
    };
    let nothing = |_: &Finding| Ok::<(), ()>(());
    run(&operations, &ledger, &places, &selection, nothing).expect("no error")
}

fn assert_good(outcome: &Outcome) {
    for finding in &outcome.findings {
        let unlisted: Vec<_> = finding.unlisted().collect();
        assert!(
            unlisted.is_empty(),
            "{} on {} in {}: {unlisted:#?}",
            finding.operation,
            finding.backend,
            finding.dtype
        );
    }
    assert_eq!(outcome.gone, []);
    assert!(outcome.is_good());
}

#[test]
fn flex_has_the_known_disagreements_and_no_other() {
    for seed in 0..3 {
        let outcome = outcome("flex", &Device::flex(), seed);
        assert_good(&outcome);
        assert!(outcome.elements() > 15_000, "{}", outcome.elements());
    }
}

/// What finite differences say of themselves is far below what any verdict rests on.
#[test]
fn the_checker_s_own_error_is_small() {
    let outcome = outcome("flex", &Device::flex(), 0);
    for finding in &outcome.findings {
        let error = finding.finite_error.unwrap_or(0.0);
        assert!(error < 1e-7, "{}: {error:e}", finding.operation);
    }
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_has_the_known_disagreements_and_no_other() {
    #[expect(deprecated, reason = "a backend that the ledger is about")]
    let device = Device::ndarray();
    assert_good(&outcome("ndarray", &device, 0));
}
