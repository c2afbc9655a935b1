//! The whole table on flex: every disagreement is in the ledger, and every entry still occurs.

use std::panic;

use burn::tensor::{DType, Device};
use burn_gradcheck::Target;
use burn_suite::{AuditOutcome, Ledger, Platform, RunProgress, TableSelection, operations, run};

fn outcome(backend: &str, device: &Device, seed: u64) -> AuditOutcome {
    let operations = operations();
    let ledger = Ledger::bundled(&operations).expect("the ledger is in order");
    let platforms = [DType::F64, DType::F32].map(|dtype| Platform {
        backend: backend.to_owned(),
        target: Target::new(device.clone(), dtype).with_reference(Device::flex()),
        by_shader: false,
        is_software: false,
    });
    let selection = TableSelection {
        seeds: seed..seed + 1,
        ..TableSelection::default()
    };
    let nothing = |_: RunProgress<'_>| Ok::<(), ()>(());
    // Panics are findings. The hook would print each with its stack.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let outcome = run(&operations, &ledger, &platforms, &selection, nothing);
    panic::set_hook(hook);
    outcome.expect("no error")
}

fn assert_good(outcome: &AuditOutcome) {
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

/// Operations that compute in f32 inside, whatever their inputs.
const COARSE: [&str; 3] = ["Tensor::cast", "module::deform_conv2d", "nn::DeformConv2d"];

/// At other points than those of the gate, which runs the whole table with seed 0.
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
