//! In which options runs differ: from the defaults of their model, or from each other.

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::{Map, Value};

use crate::cli::{Cli, value_name};
use crate::settings::Settings;

/// An option by its name on the command line, with its value as text.
pub(crate) type Choice = (String, String);

/// All options of a run.
///
/// # Errors
///
/// Never: settings are made of strings and numbers.
pub(crate) fn choices(settings: &Settings) -> Result<Vec<Choice>> {
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
/// If the defaults cannot be had.
pub(crate) fn from_defaults(settings: &Settings) -> Result<Vec<(Choice, String)>> {
    let model = value_name(settings.model);
    let plain = fields(&defaults(&[("--model", &model)])?)?;
    // The default step length follows from these two.
    let like_this = fields(&defaults(&[
        ("--model", &model),
        ("--optimizer", &value_name(settings.optimizer)),
        ("--batch-size", &settings.batch_size.to_string()),
    ])?)?;
    let differing = fields(settings)?.into_iter().filter_map(|(name, value)| {
        let defaults = match name.as_str() {
            "model" | "backend" | "engine" => return None,
            "optimizer" | "batch_size" => &plain,
            _ => &like_this,
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
/// Never: settings are made of strings and numbers.
pub(crate) fn among(runs: &[&Settings]) -> Result<Vec<(String, Vec<String>)>> {
    let runs = runs.iter().map(|run| fields(run));
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let Some(first) = runs.first() else {
        return Ok(vec![]);
    };
    let differing = first.iter().filter_map(|(name, value)| {
        let values = runs.iter().map(|run| run.get(name).unwrap_or(&Value::Null));
        let values = values.collect::<Vec<_>>();
        let differ = values.iter().any(|other| *other != value);
        differ.then(|| (option(name), values.into_iter().map(text).collect()))
    });
    Ok(differing.collect())
}

/// What a run has if these options alone are given.
fn defaults(options: &[(&str, &str)]) -> Result<Settings> {
    let options = options.iter().flat_map(|&(name, value)| [name, value]);
    let cli = Cli::try_parse_from(std::iter::once("trainer").chain(options))?;
    Settings::resolve(&cli.options)
}

fn fields(settings: &Settings) -> Result<Map<String, Value>> {
    let Value::Object(mut fields) = serde_json::to_value(settings)? else {
        return None.context("settings are an object");
    };
    // They come with the data and are no option.
    fields.remove("class_names");
    Ok(fields)
}

fn option(field: &str) -> String {
    field.replace('_', "-")
}

/// A value as one writes it on the command line.
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

    fn settings(options: &[(&str, &str)]) -> Settings {
        defaults(options).unwrap()
    }

    #[test]
    fn a_default_run_differs_in_nothing() {
        for model in ["mnist-mlp", "xor-net", "linear-regression"] {
            let run = settings(&[("--model", model), ("--engine", "manual")]);
            assert_eq!(from_defaults(&run).unwrap(), [], "{model}");
        }
    }

    #[test]
    fn a_step_length_that_follows_from_the_optimizer_is_no_difference() {
        let run = settings(&[("--optimizer", "adam"), ("--hidden", "8,4")]);
        let differences = from_defaults(&run).unwrap();
        let expected = [
            (("hidden", "8,4"), "256,128"),
            (("optimizer", "adam"), "momentum"),
        ]
        .map(|((name, value), default)| ((name.to_owned(), value.to_owned()), default.to_owned()));
        assert_eq!(differences, expected);
    }

    #[test]
    fn runs_are_told_apart_by_what_they_do_not_share() {
        let a = settings(&[("--seed", "1")]);
        let b = settings(&[("--seed", "2"), ("--backend", "flex")]);
        let expected = [("backend", ["ndarray", "flex"]), ("seed", ["1", "2"])]
            .map(|(name, values)| (name.to_owned(), values.map(str::to_owned).to_vec()));
        assert_eq!(among(&[&a, &b]).unwrap(), expected);
        assert_eq!(among(&[&a, &a]).unwrap(), []);
    }
}
