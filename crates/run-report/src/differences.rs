//! The options in which runs differ: from the defaults of their model, or from each other.

use serde_json::{Map, Value};
use training::{Choices, Settings};

use crate::error::ReportError;

/// An option by its name on the command line, with its value as text.
pub type Choice = (String, String);

/// All options of a run.
///
/// # Errors
///
/// [`ReportError::NotJson`] for a path that is not UTF-8; the same for the others.
pub fn choices(settings: &Settings) -> Result<Vec<Choice>, ReportError> {
    let choices = fields(settings)?.into_iter();
    Ok(choices
        .map(|(name, value)| (option(&name), text(&value)))
        .collect())
}

/// The options in which a run differs from the defaults of its model, each with its value and the
/// default. Model, backend and engine are left out: they name the run.
///
/// # Errors
///
/// As [`choices`].
pub fn from_defaults(settings: &Settings) -> Result<Vec<(Choice, String)>, ReportError> {
    let defaults = fields(&Settings::default_for(settings.model))?;
    // The default learning rate, its warm-up, and the numbers of epochs and threads follow from these.
    let following = fields(&Settings::resolve(&Choices {
        model: Some(settings.model),
        optimizer: Some(settings.optimizer),
        batch_size: Some(settings.batch_size),
        schedule: Some(settings.schedule),
        ..Choices::default()
    })?)?;
    let differing = fields(settings)?.into_iter().filter_map(|(name, value)| {
        let defaults = match name.as_str() {
            "model" | "backend" | "engine" => return None,
            "optimizer" | "batch_size" | "schedule" => &defaults,
            _ => &following,
        };
        let default = defaults.get(&name).unwrap_or(&Value::Null);
        (*default != value).then(|| ((option(&name), text(&value)), text(default)))
    });
    Ok(differing.collect())
}

/// The options in which not all of these runs agree, with the value in each of them.
///
/// # Errors
///
/// As [`choices`].
pub fn among(runs: &[&Settings]) -> Result<Vec<(String, Vec<String>)>, ReportError> {
    let runs = runs.iter().map(|run| fields(run));
    let runs = runs.collect::<Result<Vec<_>, _>>()?;
    // An option that a run does not use may be absent from it.
    let mut names: Vec<&String> = vec![];
    for name in runs.iter().flat_map(Map::keys) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let differing = names.into_iter().filter_map(|name| {
        let values = runs.iter().map(|run| run.get(name).unwrap_or(&Value::Null));
        let values = values.collect::<Vec<_>>();
        let differ = values.iter().any(|other| *other != values[0]);
        differ.then(|| (option(name), values.into_iter().map(text).collect()))
    });
    Ok(differing.collect())
}

fn fields(settings: &Settings) -> Result<Map<String, Value>, ReportError> {
    let mut fields = match serde_json::to_value(settings)? {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    // They come with the data and are not an option.
    fields.remove("class_names");
    fields.remove("class_map");
    // They became a number of epochs, which repeats the run.
    fields.remove("minutes");
    // Without a hidden layer, nothing can be chosen.
    if settings.hidden.is_empty() {
        fields.remove("activation");
    }
    Ok(fields)
}

fn option(field: &str) -> String {
    field.replace('_', "-")
}

/// A value as on the command line.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;
    use training::{Augment, Engine, ModelName, OptimizerName, ScheduleName};

    fn settings(choices: Choices) -> Settings {
        Settings::resolve(&choices).unwrap()
    }

    #[test]
    fn a_default_run_differs_in_nothing() {
        for &model in ModelName::ALL {
            let run = settings(Choices {
                model: Some(model),
                engine: Some(Engine::Manual),
                ..Choices::default()
            });
            assert_eq!(from_defaults(&run).unwrap(), [], "{model}");
        }
    }

    #[test]
    fn without_a_hidden_layer_there_is_no_activation_to_choose() {
        let run = settings(Choices {
            hidden: Some(vec![]),
            ..Choices::default()
        });
        let differences = from_defaults(&run).unwrap();
        let names: Vec<&str> = differences.iter().map(|((name, _), _)| &name[..]).collect();
        assert_eq!(names, ["hidden"]);
        assert!(
            choices(&run)
                .unwrap()
                .iter()
                .all(|(name, _)| name != "activation")
        );
    }

    #[test]
    fn a_learning_rate_that_follows_from_the_optimizer_is_no_difference() {
        let run = settings(Choices {
            optimizer: Some(OptimizerName::Adam),
            hidden: Some(vec![8, 4]),
            ..Choices::default()
        });
        let differences = from_defaults(&run).unwrap();
        let expected = [
            (("hidden", "8,4"), "256,128"),
            (("optimizer", "adam"), "momentum"),
        ]
        .map(|((name, value), default)| ((name.to_owned(), value.to_owned()), default.to_owned()));
        assert_eq!(differences, expected);
    }

    #[test]
    fn a_constant_rate_is_one_difference_with_its_own_epochs() {
        let run = settings(Choices {
            schedule: Some(ScheduleName::Constant),
            ..Choices::default()
        });
        let differences = from_defaults(&run).unwrap();
        let ((name, value), default) = &differences[0];
        assert_eq!(
            [name, value, default].map(String::as_str),
            ["schedule", "constant", "linear"]
        );
        assert_eq!(differences.len(), 1, "{differences:?}");
    }

    #[test]
    fn runs_are_told_apart_by_what_they_do_not_share() {
        let with = |seed, backend| {
            settings(Choices {
                seed: Some(seed),
                backend: Some(backend),
                ..Choices::default()
            })
        };
        let (a, b) = (with(1, Backend::Ndarray), with(2, Backend::Flex));
        let expected = [("backend", ["ndarray", "flex"]), ("seed", ["1", "2"])]
            .map(|(name, values)| (name.to_owned(), values.map(str::to_owned).to_vec()));
        assert_eq!(among(&[&a, &b]).unwrap(), expected);
        assert_eq!(among(&[&a, &a]).unwrap(), []);
    }

    /// The plain run says nothing about distortions.
    #[test]
    fn an_option_that_only_one_run_uses_tells_them_apart() {
        let plain = settings(Choices::default());
        let distorted = settings(Choices {
            augment: Some(Augment::Both),
            ..Choices::default()
        });
        for (name, value) in [("augment", "both"), ("augment-strength", "1.0")] {
            let row = |values: [&str; 2]| (name.to_owned(), values.map(str::to_owned).to_vec());
            assert!(
                among(&[&plain, &distorted])
                    .unwrap()
                    .contains(&row(["none", value]))
            );
            assert!(
                among(&[&distorted, &plain])
                    .unwrap()
                    .contains(&row([value, "none"]))
            );
        }
        let differences = from_defaults(&distorted).unwrap();
        assert_eq!(differences.len(), 2, "{differences:?}");
    }
}
