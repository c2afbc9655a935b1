//! Settings from choices: the defaults of a model, and choices that do not apply to it.

use layers::Activation;
use training::{Choices, ModelName, Preset, Settings};

use crate::setup::{linear, mlp, xor};

#[test]
fn settings_of_a_model_are_its_defaults() {
    for &model in ModelName::ALL {
        let settings = Settings::default_for(model);
        assert_eq!((settings.model, settings.seed), (model, 0));
        let is_linear = model == ModelName::LinearRegression;
        assert_eq!(settings.ridge, is_linear.then_some(0.0));
        assert_eq!(settings.activation.is_none(), is_linear);
        assert_eq!(settings.data_dir.is_none(), model == ModelName::XorNet);
        let has_validation = settings.validation_fraction.is_some();
        assert_eq!(has_validation, model == ModelName::MnistMlp);
    }
}

#[test]
fn choices_that_do_not_apply_to_a_model_are_refused_by_name_with_a_remedy() {
    type Refused = (fn() -> Choices, fn(&mut Choices), &'static str);
    let refused: [Refused; 18] = [
        (xor, |c| c.preset = Some(Preset::Fast), "--preset"),
        (xor, |c| c.data_dir = Some("data".into()), "--data-dir"),
        (
            xor,
            |c| c.validation_fraction = Some(0.1),
            "--validation-fraction",
        ),
        (xor, |c| c.hidden = Some(vec![4, 4]), "--hidden"),
        (xor, |c| c.hidden = Some(vec![]), "--hidden"),
        (xor, |c| c.label_smoothing = Some(0.1), "--label-smoothing"),
        (xor, |c| c.ridge = Some(0.0), "--ridge"),
        (mlp, |c| c.ridge = Some(0.0), "--ridge"),
        (linear, |c| c.preset = Some(Preset::Fast), "--preset"),
        (linear, |c| c.hidden = Some(vec![3]), "--hidden"),
        (
            linear,
            |c| c.activation = Some(Activation::Relu),
            "--activation",
        ),
        (linear, |c| c.weight_decay = Some(0.1), "--weight-decay"),
        (
            linear,
            |c| c.label_smoothing = Some(0.1),
            "--label-smoothing",
        ),
        (mlp, |c| c.threads = Some(17), "--threads"),
        (linear, |c| c.dropout = Some(0.5), "--dropout "),
        (linear, |c| c.dropout_input = Some(0.2), "--dropout-input"),
        (xor, |c| c.dropout_input = Some(0.2), "--dropout-input"),
        (
            mlp,
            |c| (c.hidden, c.dropout) = (Some(vec![]), Some(0.5)),
            "--dropout ",
        ),
    ];
    for (choices, choose, option) in refused {
        let mut choices = choices();
        choose(&mut choices);
        let error = Settings::resolve(&choices).expect_err(option).to_string();
        assert!(error.starts_with(option), "{error}");
        assert!(error.contains("; "), "no remedy: {error}");
    }
    let none = Choices {
        weight_decay: Some(0.0),
        ..linear()
    };
    assert!(Settings::resolve(&none).is_ok(), "no decay is allowed");
    let none = Choices {
        dropout: Some(0.0),
        dropout_input: Some(0.0),
        ..linear()
    };
    assert!(Settings::resolve(&none).is_ok(), "no dropout is allowed");
}
