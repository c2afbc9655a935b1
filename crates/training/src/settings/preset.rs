//! What a preset decides.

use backends::Backend;

use super::{Choices, ClassShare, SettingsError, WarmUp};
use crate::choice::{Augment, Engine, OptimizerName, Preset, ScheduleName};

/// The choices, with the preset's values for the others.
///
/// # Errors
///
/// If a choice contradicts a preset that is a recipe.
pub(super) fn with_preset(choices: &Choices) -> Result<Choices, SettingsError> {
    let Some(preset) = choices.preset else {
        return Ok(choices.clone());
    };
    let mut all = match preset {
        Preset::Fast => choices.clone().or(fast(choices.optimizer)),
        Preset::Accurate => with_recipe(choices, preset, accurate())?,
        Preset::Record => with_recipe(choices, preset, record())?,
    };
    if choices.epochs.is_some() {
        all.minutes = choices.minutes;
    }
    if choices.minutes.is_some() {
        all.epochs = choices.epochs;
    }
    if Backend::Flex.is_compiled_in() {
        all.backend.get_or_insert(Backend::Flex);
    }
    let engine = match all.backend.unwrap_or_else(Backend::preferred) {
        Backend::Flex | Backend::Ndarray => Engine::Fused,
        Backend::Wgpu | Backend::Remote => Engine::Manual,
    };
    all.engine.get_or_insert(engine);
    Ok(all)
}

/// 98 % of MNIST's test images after a second; any choice takes precedence. The learning rate is Adam's.
fn fast(optimizer: Option<OptimizerName>) -> Choices {
    use OptimizerName::{Adam, Adamw};
    let is_adam = optimizer.is_none_or(|optimizer| matches!(optimizer, Adam | Adamw));
    Choices {
        epochs: Some(3),
        batch_size: Some(256),
        optimizer: Some(Adam),
        learning_rate: is_adam.then_some(0.012),
        schedule: Some(ScheduleName::Linear),
        warm_up: Some(WarmUp::Epochs(0.5)),
        label_smoothing: Some(0.05),
        ..Choices::default()
    }
}

/// A net for handwritten digits, by images that it never sees twice.
fn accurate() -> Choices {
    let half = |class: &str| ClassShare {
        class: class.to_owned(),
        share: 0.5,
    };
    Choices {
        hidden: Some(vec![1000, 500]),
        batch_size: Some(128),
        learning_rate: Some(0.05),
        schedule: Some(ScheduleName::Cosine),
        warm_up: Some(WarmUp::Steps(0)),
        optimizer: Some(OptimizerName::Momentum),
        weight_decay: Some(1e-5),
        label_smoothing: Some(0.05),
        augment: Some(Augment::Both),
        augment_strength: Some(0.9),
        // A rotated 1 looks like a 7.
        augment_rotation: Some(vec![half("1"), half("7")]),
        minutes: Some(30.0),
        ..Choices::default()
    }
}

/// The same with more units and more time. The sizes are those of Cireșan et al., *Deep, Big, Simple Neural Nets for
/// Handwritten Digit Recognition*, 2010, table 1.
fn record() -> Choices {
    Choices {
        hidden: Some(vec![2500, 2000, 1500, 1000, 500]),
        warm_up: Some(WarmUp::Epochs(1.0)),
        minutes: Some(600.0),
        ..accurate()
    }
}

/// The choices and the recipe, which they must not contradict: a figure that a recipe is known for would not be its
/// own. How long it takes, where it is computed, the seed and the classes that are turned less may be chosen.
fn with_recipe(
    choices: &Choices,
    preset: Preset,
    recipe: Choices,
) -> Result<Choices, SettingsError> {
    fn differs<T: PartialEq>(given: &Option<T>, recipe: &Option<T>) -> bool {
        given.is_some() && given != recipe
    }
    let contradicting = [
        ("--hidden", differs(&choices.hidden, &recipe.hidden)),
        (
            "--activation",
            choices
                .activation
                .is_some_and(|f| f != layers::Activation::Relu),
        ),
        (
            "--batch-size",
            differs(&choices.batch_size, &recipe.batch_size),
        ),
        (
            "--learning-rate",
            differs(&choices.learning_rate, &recipe.learning_rate),
        ),
        ("--schedule", differs(&choices.schedule, &recipe.schedule)),
        ("--warm-up", differs(&choices.warm_up, &recipe.warm_up)),
        (
            "--optimizer",
            differs(&choices.optimizer, &recipe.optimizer),
        ),
        (
            "--weight-decay",
            differs(&choices.weight_decay, &recipe.weight_decay),
        ),
        ("--clip-norm", choices.clip_norm.is_some()),
        (
            "--label-smoothing",
            differs(&choices.label_smoothing, &recipe.label_smoothing),
        ),
        ("--dropout", choices.dropout.is_some()),
        ("--dropout-input", choices.dropout_input.is_some()),
        ("--average", choices.average.is_some()),
        ("--augment", differs(&choices.augment, &recipe.augment)),
        (
            "--augment-strength",
            differs(&choices.augment_strength, &recipe.augment_strength),
        ),
    ];
    match contradicting.into_iter().find(|(_, differs)| *differs) {
        Some((option, _)) => Err(SettingsError::new(format!(
            "{option} contradicts --preset {preset}, which is a fixed recipe; leave one of them out"
        ))),
        None => Ok(choices.clone().or(recipe)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn settings(choices: Choices) -> Result<Settings, SettingsError> {
        Settings::resolve(&choices)
    }

    fn preset(preset: Preset) -> Choices {
        Choices {
            preset: Some(preset),
            ..Choices::default()
        }
    }

    #[test]
    fn fast_decides_only_what_is_not_chosen() {
        let chosen = settings(preset(Preset::Fast)).expect("legal");
        assert_eq!(
            (chosen.backend.as_str(), chosen.engine),
            ("flex", Engine::Fused)
        );
        assert_eq!((chosen.epochs, chosen.learning_rate), (3, 0.012));
        let chosen = settings(Choices {
            backend: Some(Backend::Ndarray),
            epochs: Some(2),
            hidden: Some(vec![3]),
            optimizer: Some(OptimizerName::Sgd),
            ..preset(Preset::Fast)
        });
        let chosen = chosen.expect("legal");
        assert_eq!(
            (chosen.backend.as_str(), chosen.engine),
            ("ndarray", Engine::Fused)
        );
        let alone = settings(Choices {
            optimizer: Some(OptimizerName::Sgd),
            batch_size: Some(256),
            ..Choices::default()
        });
        let rate = alone.expect("legal").learning_rate;
        assert_eq!((chosen.epochs, chosen.learning_rate), (2, rate));
        let chosen = settings(Choices {
            backend: Some(Backend::Wgpu),
            minutes: Some(2.0),
            ..preset(Preset::Fast)
        });
        let chosen = chosen.expect("legal");
        assert_eq!((chosen.engine, chosen.minutes), (Engine::Manual, Some(2.0)));
    }

    #[test]
    fn a_recipe_is_taken_as_a_whole() {
        let minutes = |preset: Preset, epochs, minutes| {
            let chosen = settings(Choices {
                epochs,
                minutes,
                ..self::preset(preset)
            });
            chosen.expect("legal").minutes
        };
        for (preset, time) in [(Preset::Accurate, 30.0), (Preset::Record, 600.0)] {
            assert_eq!(minutes(preset, None, None), Some(time));
            assert_eq!(minutes(preset, None, Some(2.0)), Some(2.0));
            assert_eq!(minutes(preset, Some(2), None), None);
            let chosen = settings(self::preset(preset)).expect("legal");
            assert_eq!(
                (chosen.augment, chosen.augment_strength),
                (Some(Augment::Both), Some(0.9))
            );
            type Change = fn(&mut Choices);
            let others: [(&str, Change); 15] = [
                ("--hidden", |c| c.hidden = Some(vec![5])),
                ("--activation", |c| {
                    c.activation = Some(layers::Activation::Tanh)
                }),
                ("--batch-size", |c| c.batch_size = Some(3)),
                ("--learning-rate", |c| c.learning_rate = Some(0.25)),
                ("--schedule", |c| c.schedule = Some(ScheduleName::Linear)),
                ("--warm-up", |c| c.warm_up = Some(WarmUp::Epochs(3.0))),
                ("--optimizer", |c| c.optimizer = Some(OptimizerName::Adam)),
                ("--weight-decay", |c| c.weight_decay = Some(1.0)),
                ("--clip-norm", |c| c.clip_norm = Some(1.0)),
                ("--label-smoothing", |c| c.label_smoothing = Some(0.1)),
                ("--dropout", |c| c.dropout = Some(0.5)),
                ("--dropout-input", |c| c.dropout_input = Some(0.2)),
                ("--average", |c| c.average = Some(1.0)),
                ("--augment", |c| c.augment = Some(Augment::Affine)),
                ("--augment-strength", |c| c.augment_strength = Some(1.0)),
            ];
            for (option, change) in others {
                let mut choices = self::preset(preset);
                change(&mut choices);
                let error = settings(choices).expect_err(option).to_string();
                let begin = format!("{option} contradicts --preset {preset}");
                assert!(error.starts_with(&begin), "{error}");
            }
            let other = settings(Choices {
                seed: Some(3),
                threads: Some(2),
                engine: Some(Engine::Manual),
                hidden: settings(self::preset(preset)).ok().map(|same| same.hidden),
                augment_rotation: Some(vec![]),
                ..self::preset(preset)
            });
            assert_eq!(other.expect("legal").augment_rotation, []);
        }
    }
}
