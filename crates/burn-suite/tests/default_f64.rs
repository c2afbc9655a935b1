//! Operations that need the default float type, checked in f64 on a device configured for it: recurrent
//! layers, encodings of positions, and losses that make tensors of their own.

use burn::tensor::{DType, Device, FloatDType};
use burn_gradcheck::Target;
use burn_suite::{
    DisagreementKind, Ledger, Platform, RunProgress, TableSelection, Triage, operations, run,
};

#[test]
fn operations_that_need_the_default_type_are_right_in_f64() {
    let mut device = Device::flex();
    let configured = device.configure(FloatDType::F64);
    configured.expect("no tensor was made before");
    let all = operations();
    let mut ledger = Ledger::bundled(&all).expect("the ledger is in order");
    let needs_default = |entry: &burn_suite::LedgerEntry| {
        entry.triage == Triage::Unsupported
            && entry.kinds == [DisagreementKind::Panicked]
            && entry.reproduction == "layers_and_losses_need_the_default_type"
    };
    let mut names: Vec<String> = Vec::new();
    for entry in ledger.entries.iter().filter(|entry| needs_default(entry)) {
        names.push(entry.operation.clone());
        names.extend(entry.through.iter().cloned());
    }
    ledger.entries.retain(|entry| !needs_default(entry));
    let operations: Vec<_> = all
        .into_iter()
        .filter(|operation| names.iter().any(|name| name == operation.name))
        .collect();
    assert!(operations.len() > 10, "{names:?}");
    let platform = Platform {
        backend: "flex".to_owned(),
        target: Target::new(device, DType::F64),
        by_shader: false,
        is_software: false,
    };
    let selection = TableSelection::default();
    let nothing = |_: RunProgress<'_>| Ok::<(), ()>(());
    let outcome = run(&operations, &ledger, &[platform], &selection, nothing).expect("no error");
    for finding in &outcome.findings {
        let unlisted: Vec<_> = finding.unlisted().collect();
        assert!(unlisted.is_empty(), "{}: {unlisted:#?}", finding.operation);
        assert!(finding.elements > 0, "{}", finding.operation);
    }
    assert!(outcome.is_good(), "{:?}", outcome.gone);
}
