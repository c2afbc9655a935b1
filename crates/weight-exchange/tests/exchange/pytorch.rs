//! Weights from PyTorch give PyTorch's logits, in every format and layout.

use std::fs;

use crate::nets::{Case, fixture, logits};
use weight_exchange::{
    ExchangeError, Form, ImportOptions, Imported, Layout, Precision, read, to_burnpack,
    to_safetensors,
};

fn import(file: &str, layout: Option<Layout>) -> Result<Imported, ExchangeError> {
    let options = ImportOptions {
        layout,
        ..ImportOptions::default()
    };
    read(&fixture(file), &options)
}

#[track_caller]
fn assert_pytorchs_logits(case: &str, file: &str, layout: Option<Layout>) -> Imported {
    let case = Case::named(case);
    let imported = import(file, layout).expect("the fixture can be read");
    case.assert_logits(&logits(&imported.stack, case.activation, &case.inputs));
    imported
}

#[test]
fn state_dicts_and_safetensors_of_pytorch_give_its_logits() {
    for (case, file, form) in [
        ("chained", "chained.pt", Form::Pytorch),
        ("chained", "chained.safetensors", Form::Safetensors),
        ("square", "square.pt", Form::Pytorch),
        ("square", "square-told.safetensors", Form::Safetensors),
        ("mixed", "mixed.pt", Form::Pytorch),
        ("mixed", "mixed.safetensors", Form::Safetensors),
        ("checkpoint", "checkpoint.pt", Form::Pytorch),
    ] {
        let imported = assert_pytorchs_logits(case, file, None);
        assert_eq!(
            (imported.form, imported.layout),
            (form, Layout::Pytorch),
            "{file}"
        );
    }
}

#[test]
fn sizes_and_order_follow_from_the_file() {
    let stack = import("chained.pt", None).unwrap().stack;
    assert_eq!(stack.sizes(), [6, 5, 4, 3]);
    let names: Vec<&str> = stack.layers().iter().map(|layer| layer.name()).collect();
    assert_eq!(names, ["0", "2", "4"]);
    // A state dict does not contain functions.
    assert!(matches!(
        stack.inner_activation(),
        Err(ExchangeError::NoActivation { layers: 3 })
    ));
}

#[test]
fn square_layers_do_not_come_in_transposed() {
    let refused = import("square.safetensors", None).unwrap_err();
    assert!(
        matches!(refused, ExchangeError::AmbiguousLayout { .. }),
        "{refused}"
    );
    assert_pytorchs_logits("square", "square.safetensors", Some(Layout::Pytorch));

    // In the other layout it is another net: the fixture distinguishes the two.
    let case = Case::named("square");
    let other = import("square.safetensors", Some(Layout::Burn)).unwrap();
    assert!(case.differs(&logits(&other.stack, case.activation, &case.inputs)));
}

#[test]
fn a_layout_that_the_sizes_contradict_is_refused() {
    let refused = import("chained.safetensors", Some(Layout::Burn)).unwrap_err();
    assert!(
        matches!(refused, ExchangeError::DoesNotChain { .. }),
        "{refused}"
    );
}

#[test]
fn every_form_written_reads_back_as_the_same_net() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["chained", "square"] {
        let case = Case::named(name);
        let stack = import(&format!("{name}.pt"), None).unwrap().stack;
        let stack = stack.with_activation(Some(case.activation));
        let path = folder.path().join(name);
        for (bytes, form, layout) in [
            (
                to_safetensors(&stack, Layout::Burn, Precision::F32),
                Form::Safetensors,
                Layout::Burn,
            ),
            (
                to_safetensors(&stack, Layout::Pytorch, Precision::F32),
                Form::Safetensors,
                Layout::Pytorch,
            ),
            (to_burnpack(&stack), Form::Burnpack, Layout::Burn),
        ] {
            fs::write(&path, bytes.unwrap()).unwrap();
            let imported = read(&path, &ImportOptions::default()).unwrap();
            assert_eq!((imported.form, imported.layout), (form, layout));
            assert_eq!(imported.stack.activation(), Some(case.activation));
            let pairs = imported.stack.layers().iter().zip(stack.layers());
            for (got, want) in pairs {
                assert_eq!(got.clone().named(""), want.clone().named(""));
            }
        }
    }
}

#[test]
fn f16_rounds_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let case = Case::named("chained");
    let stack = import("chained.pt", None).unwrap().stack;
    let bytes = to_safetensors(&stack, Layout::Pytorch, Precision::F16).unwrap();
    fs::write(&path, &bytes).unwrap();
    let rounded = read(&path, &ImportOptions::default()).unwrap().stack;
    for (got, want) in rounded.layers().iter().zip(stack.layers()) {
        for (got, want) in got.weight().iter().zip(want.weight()) {
            // Half a unit in the last of 11 places.
            assert!(
                (got - want).abs() <= want.abs() * 2f32.powi(-11) + 1e-7,
                "{got} {want}"
            );
        }
    }
    let rounded = logits(&rounded, case.activation, &case.inputs);
    assert!(!case.differs(&rounded), "{rounded:?}");
}

#[test]
fn the_same_net_gives_the_same_bytes() {
    let stack = import("mixed.pt", None).unwrap().stack;
    let bytes = || to_safetensors(&stack, Layout::Burn, Precision::F16).unwrap();
    assert_eq!(bytes(), bytes());
}
