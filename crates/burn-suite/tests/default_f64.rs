//! On a device that is configured for f64, what needs the default float type is checked in f64, too:
//! recurrent layers, encodings of positions, and the losses that make tensors of their own.

use burn::tensor::{DType, Device, FloatDType};
use burn_gradcheck::Target;
use burn_suite::{Finding, Kind, Ledger, Place, Selection, Triage, operations, run};

#[test]
fn what_needs_the_default_type_is_right_where_that_is_f64() {
    let mut device = Device::flex();
    let configured = device.configure(FloatDType::F64);
    configured.expect("no tensor was made before");
    let all = operations();
    let mut ledger = Ledger::bundled(&all).expect("the ledger is in order");
    let needs_default = |entry: &burn_suite::Entry| {
        entry.triage == Triage::Unsupported
            && entry.kinds == [Kind::Panicked]
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
    let place = Place {
        backend: "flex".to_owned(),
        target: Target::new(device, DType::F64),
        by_shader: false,
        is_software: false,
    };
    let selection = Selection::default();
    let nothing = |_: &Finding| Ok::<(), ()>(());
    let outcome = run(&operations, &ledger, &[place], &selection, nothing).expect("no error");
    for finding in &outcome.findings {
        let unlisted: Vec<_> = finding.unlisted().collect();
        assert!(unlisted.is_empty(), "{}: {unlisted:#?}", finding.operation);
        assert!(finding.elements > 0, "{}", finding.operation);
    }
    assert!(outcome.is_good(), "{:?}", outcome.gone);
}
