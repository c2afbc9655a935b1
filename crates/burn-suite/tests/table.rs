//! The whole table on the processor's backends: what disagrees is in the ledger, what is in the
//! ledger disagrees.

use std::panic;

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
    // Panics are findings; each would otherwise be written with its stack.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = run(&operations, &ledger, &places, &selection, nothing);
    panic::set_hook(hook);
    outcome.expect("no error")
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

/// Operations that compute in f32 inside, whatever their inputs are.
const COARSE: [&str; 3] = ["Tensor::cast", "module::deform_conv2d", "nn::DeformConv2d"];

/// At other points than the gate, which runs the whole table on every backend with seed 0.
#[test]
fn flex_has_the_known_disagreements_and_no_other_at_other_points() {
    let outcome = outcome("flex", &Device::flex(), 1);
    assert_good(&outcome);
    assert!(outcome.elements() > 30_000, "{}", outcome.elements());
    for finding in &outcome.findings {
        let error = finding.finite_error.unwrap_or(0.0);
        let is_coarse = COARSE.contains(&finding.operation);
        assert!(
            error < 1e-7 || is_coarse,
            "{}: {error:e}",
            finding.operation
        );
        for disagreement in &finding.disagreements {
            let Some(evidence) = disagreement.evidence else {
                continue;
            };
            assert!(
                evidence.blames_autodiff(),
                "{}: {evidence}",
                finding.operation
            );
        }
    }
}
