//! Batch normalisation, dropout and whole models: PyTorch's logits, or a refusal that names the module.

use std::path::PathBuf;

use crate::nets::{Case, fixture, logits};
use layers::Activation;
use weight_exchange::{ExchangeError, ImportOptions, Imported, InputScale, NormPlace, read};

fn model(name: &str) -> PathBuf {
    fixture("models").join(format!("{name}.pt"))
}

fn import(name: &str, options: &ImportOptions) -> Result<Imported, ExchangeError> {
    read(&model(name), options)
}

#[track_caller]
fn refusal(name: &str, options: &ImportOptions) -> String {
    let refused = import(name, options).expect_err("the file is refused");
    let refused = refused.to_string();
    assert!(!refused.contains('\n'), "{refused}");
    refused
}

fn placed(norm_place: Option<NormPlace>) -> ImportOptions {
    ImportOptions {
        norm_place,
        activation: Some(Activation::Relu),
        ..ImportOptions::default()
    }
}

#[track_caller]
fn assert_logits(case: &Case, imported: &Imported) {
    let activation = imported.stack.activation().expect("one is known");
    case.assert_logits(&logits(&imported.stack, activation, &case.inputs));
}

#[test]
fn batch_normalisation_is_folded_where_the_numbers_show_its_place() {
    for name in ["norm-before", "norm-after", "norm-ends"] {
        let case = &Case::of_model(name);
        let imported = import(name, &placed(None)).expect("it can be folded");
        assert_logits(case, &imported);
        let note = &imported.notes[0];
        assert!(note.contains("ε = 1e-5, PyTorch's default"), "{note}");
        assert_logits(
            case,
            &import(&format!("{name}-whole"), &placed(None)).unwrap(),
        );
    }
}

#[test]
fn batch_normalisation_with_names_needs_its_place() {
    let places = [
        ("named-before", NormPlace::BeforeActivation),
        ("named-after", NormPlace::AfterActivation),
    ];
    for (name, place) in places {
        let case = &Case::of_model(name);
        // The whole model of a class of the user's does not show its program either.
        for file in [name.to_owned(), format!("{name}-whole")] {
            let said = refusal(&file, &placed(None));
            assert!(
                said.contains("'bn1'") && said.contains("--batch-norm"),
                "{said}"
            );
            assert_logits(case, &import(&file, &placed(Some(place))).unwrap());
            let other = places.iter().find(|(other, _)| *other != name).unwrap().1;
            let other = import(&file, &placed(Some(other))).unwrap();
            assert!(case.differs(&logits(&other.stack, Activation::Relu, &case.inputs)));
        }
    }
    let said = refusal("norm-between", &placed(None));
    assert!(said.contains("'3'"), "{said}");
    let said = refusal("norm-between", &placed(Some(NormPlace::AfterActivation)));
    assert!(
        said.contains("3 batch normalisations and 2 hidden layers"),
        "{said}"
    );
}

#[test]
fn a_whole_model_shows_order_and_activation_in_every_container() {
    let case = &Case::of_model("norm-between");
    for file in ["norm-between-whole", "in-checkpoint", "protocol-5"] {
        let imported = import(file, &ImportOptions::default()).expect(file);
        assert_eq!(
            imported.stack.activation(),
            Some(Activation::Relu),
            "{file}"
        );
        assert_eq!(imported.stack.sizes(), [6, 5, 4, 3]);
        assert_logits(case, &imported);
        let notes = imported.notes.join("\n");
        for said in [
            "Flatten '",
            "Dropout '",
            "ε = 0.1)",
            "3' is folded into layer '",
        ] {
            assert!(notes.contains(said), "{file}: {notes}");
        }
    }
    let softmax = import("softmax-whole", &ImportOptions::default()).unwrap();
    assert_logits(&Case::of_model("softmax"), &softmax);
    assert!(softmax.notes[0].starts_with("softmax '3' is passed over"));
}

#[test]
fn modules_that_no_net_here_has_are_refused_by_name() {
    let relu = placed(None);
    for (file, naming) in [
        ("gelu", &["activation.GELU as '1'"][..]),
        ("named-gelu", &["activation.GELU as 'act'"]),
        ("leaky", &["LeakyReLU as '1'"]),
        ("layer-norm", &["LayerNorm as '1'"]),
        ("elu-half", &["ELU as '1'", "alpha = 0.5", "alpha = 1"]),
        ("two-kinds", &["'3'", "another activation"]),
        ("no-activation", &["'1'", "no activation"]),
        ("legacy", &["before PyTorch 1.6", "state_dict"]),
        ("torchscript", &["TorchScript", "state_dict"]),
    ] {
        for options in [&ImportOptions::default(), &relu] {
            let said = refusal(file, options);
            for name in naming {
                assert!(said.contains(name), "no {name:?} in: {said}");
            }
        }
    }
}

#[test]
fn a_place_of_batch_normalisation_that_the_file_contradicts_is_refused() {
    use NormPlace::{AfterActivation, BeforeActivation};
    for (name, here, other) in [
        ("norm-before", BeforeActivation, AfterActivation),
        ("norm-after", AfterActivation, BeforeActivation),
    ] {
        let case = &Case::of_model(name);
        for file in [name.to_owned(), format!("{name}-whole")] {
            assert_logits(case, &import(&file, &placed(Some(here))).unwrap());
            let said = refusal(&file, &placed(Some(other)));
            assert!(said.contains("leave out --batch-norm"), "{said}");
        }
    }
    let said = refusal("softmax-whole", &placed(Some(BeforeActivation)));
    assert!(said.contains("no batch normalisation"), "{said}");
}

#[test]
fn an_activation_that_the_model_contradicts_is_refused() {
    for (file, norm_place) in [
        ("norm-between-whole", None),
        ("named-after-whole", Some(NormPlace::AfterActivation)),
    ] {
        let options = ImportOptions {
            activation: Some(Activation::Tanh),
            norm_place,
            ..ImportOptions::default()
        };
        let said = refusal(file, &options);
        assert!(
            said.contains("relu follows its hidden layers, not tanh"),
            "{said}"
        );
    }
}

#[test]
fn a_scale_is_folded_after_batch_normalisation_of_the_inputs() {
    let case = Case::of_model("norm-ends");
    let scale = InputScale::new(0.5, 0.25).unwrap();
    let options = ImportOptions {
        input_scale: Some(scale),
        ..placed(None)
    };
    let imported = import("norm-ends", &options).unwrap();
    let pixel = |x: &f32| x * 0.25 + 0.5;
    let pixels: Vec<Vec<f32>> = case
        .inputs
        .iter()
        .map(|row| row.iter().map(pixel).collect())
        .collect();
    case.assert_logits(&logits(&imported.stack, Activation::Relu, &pixels));
    assert!(imported.stack.takes_pixels() && imported.stated_scale.is_none());
}
