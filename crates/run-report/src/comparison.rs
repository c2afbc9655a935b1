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
    let settings = runs.iter().map(Recorded::settings);
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

/// A row for each figure, a column for each run.
fn results(runs: &[Recorded], labels: &[String]) -> Table {
    let mut table = Table::new(std::iter::once(String::new()).chain(labels.to_vec()));
    let mut row = |name: &str, figure: fn(&Recorded) -> Option<String>| {
        let figures = runs.iter().map(figure);
        let figures = figures.map(|figure| figure.unwrap_or_else(|| "-".to_owned()));
        table.push(std::iter::once(name.to_owned()).chain(figures));
    };
    row("model", |run| Some(value_name(run.settings().model)));
    row("backend", |run| Some(run.settings().backend.clone()));
    row("engine", |run| Some(value_name(run.settings().engine)));
    row("parameters", |run| {
        let start = run.history.start.as_ref()?;
        Some(thousands(start.parameters as f64))
    });
    row("epochs", |run| {
        let (done, all) = (run.history.epochs_done(), run.settings().epochs);
        Some(format!("{done} of {all}"))
    });
    row("state", |run| Some(run.history.state.name().to_owned()));
    row("test accuracy", |run| {
        Some(percent(run.history.result.as_ref()?.test_accuracy))
    });
    row("95 % interval", |run| {
        let [low, high] = interval(run)?;
        Some(format!("{:.2} to {:.2} %", 100.0 * low, 100.0 * high))
    });
    row("test loss", |run| {
        Some(number(run.history.result.as_ref()?.test_loss))
    });
    row("training", |run| {
        let seconds = run.history.result.as_ref()?.train_seconds;
        Some(format!("{seconds:.1} s"))
    });
    row("rows a second", |run| {
        let rate = run.history.result.as_ref()?.images_per_second;
        Some(thousands(rate))
    });
    table
}

/// Where the test accuracy on other rows of the kind lies.
fn interval(run: &Recorded) -> Option<[f64; 2]> {
    let (start, result) = (run.history.start.as_ref()?, run.history.result.as_ref()?);
    match run.settings().model {
        // Its truth table is all there is: there are no other rows to infer on.
        ModelName::XorNet => None,
        ModelName::MnistMlp | ModelName::LinearRegression => {
            let right = (result.test_accuracy * start.test_rows as f64).round();
            wilson_interval(right as usize, start.test_rows)
        }
    }
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
