//! The page that sets runs beside each other.

use anyhow::Result;

use super::{Recorded, curves};
use crate::cli::{ModelName, value_name};
use crate::differences::among;
use crate::eval::percent;
use crate::judgement::wilson_interval;
use crate::output::thousands;
use crate::pages::numbers::number;
use crate::pages::page::{Page, Section, Table};

/// Characters of a name up to which it fits a legend; longer ones are numbered there.
const LEGEND_WIDTH: usize = 20;

/// The page of several runs.
///
/// # Errors
///
/// If a chart cannot be drawn.
pub(super) fn page(runs: &[Recorded]) -> Result<Page> {
    let names = runs.iter().map(Recorded::name).collect::<Vec<_>>();
    let labels = labels(&names);
    let mut section = Section::new("Results").table(results(runs, &labels));
    if labels != names {
        let mut table = Table::new(["run", "folder"]);
        for (label, run) in labels.iter().zip(runs) {
            table.push([label.clone(), run.run.path().display().to_string()]);
        }
        section = section.table(table);
    }
    let settings = runs.iter().map(|run| &run.run.config().settings);
    let settings = settings.collect::<Vec<_>>();
    let mut options = Table::new(std::iter::once("option".to_owned()).chain(labels.clone()));
    let differing = among(&settings)?;
    for (option, values) in &differing {
        options.push(std::iter::once(option.clone()).chain(values.iter().cloned()));
    }
    let different = Section::new("Options that differ");
    let different = match differing.is_empty() {
        true => different.text("None: the runs were asked for the same."),
        false => different.table(options),
    };
    let models = settings.iter().map(|settings| settings.model);
    let of_one_model = models
        .clone()
        .all(|model| Some(model) == models.clone().next());
    let mut curves = curves::of_several(runs, &labels)?;
    if !of_one_model {
        curves = curves.text(
            "The losses of different models are different quantities: compare their course, not \
             their size.",
        );
    }
    Ok(Page::report(format!("{} runs compared", runs.len()))
        .with(section)
        .with(different)
        .with(curves))
}

/// The runs' names, as far as they are short and differ; else numbers.
fn labels(names: &[String]) -> Vec<String> {
    let fits = |name: &String| name.chars().count() <= LEGEND_WIDTH;
    let repeated = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    match names.iter().all(fits) && !names.iter().any(repeated) {
        true => names.to_vec(),
        false => (1..=names.len()).map(|i| format!("run {i}")).collect(),
    }
}

fn results(runs: &[Recorded], labels: &[String]) -> Table {
    let columns = ["run", "model", "backend", "engine", "parameters", "epochs"];
    let figures = [
        "test accuracy",
        "95 % interval",
        "test loss",
        "training",
        "rows/s",
        "state",
    ];
    let mut table = Table::new(columns.into_iter().chain(figures));
    for (run, label) in runs.iter().zip(labels) {
        let settings = &run.run.config().settings;
        let history = &run.history;
        let result = history.result.as_ref();
        let judged = history.start.as_ref().zip(result);
        let interval = judged.and_then(|(start, result)| match settings.model {
            // Its truth table is all there is: there are no other rows to infer on.
            ModelName::XorNet => None,
            ModelName::MnistMlp | ModelName::LinearRegression => {
                let right = (result.test_accuracy * start.test_rows as f64).round();
                wilson_interval(right as usize, start.test_rows)
            }
        });
        let parameters = history.start.as_ref().map(|start| start.parameters as f64);
        let shown = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        table.push([
            label.clone(),
            value_name(settings.model),
            settings.backend.clone(),
            value_name(settings.engine),
            shown(parameters.map(thousands)),
            format!("{} of {}", history.epochs_done(), settings.epochs),
            shown(result.map(|result| percent(result.test_accuracy))),
            shown(
                interval.map(|[low, high]| format!("{:.2} to {:.2} %", 100.0 * low, 100.0 * high)),
            ),
            shown(result.map(|result| number(result.test_loss))),
            shown(result.map(|result| format!("{:.1} s", result.train_seconds))),
            shown(result.map(|result| thousands(result.images_per_second))),
            history.state.name().to_owned(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_has_short_names_or_numbers() {
        let names = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        assert_eq!(labels(&names(["adam", "sgd"])), names(["adam", "sgd"]));
        assert_eq!(labels(&names(["a", "a"])), names(["run 1", "run 2"]));
        let long = "20261122T153423Z-mnist-mlp-flex-autodiff";
        assert_eq!(labels(&names([long, "a"])), names(["run 1", "run 2"]));
    }
}
