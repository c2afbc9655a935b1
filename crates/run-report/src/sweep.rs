//! A sweep: runs that differ in one or two options and in their seeds, as one table and one page.

use pages::PageError;
use pages::colours::Colour;
use pages::numbers::{counted, number};
use pages::page::{Page, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};
use run_folder::Status;
use serde::Serialize;
use training::Epoch;

use crate::recorded::Recorded;

/// Ratio of the largest to the smallest value above which a logarithmic axis shows more.
const MUCH: f64 = 20.0;

/// A run of a sweep.
#[derive(Debug)]
pub struct SweepRun {
    /// Its value of each option that varies, as on the command line.
    pub values: Vec<String>,
    /// Its seed.
    pub seed: u64,
    /// The run, finished or not; none before it begins.
    pub recorded: Option<Recorded>,
}

/// A mean and the deviation from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation of a sample: its squares are divided by one less than their number. None
    /// for a single value.
    pub deviation: Option<f64>,
}

/// The runs with the same values of the options.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The values.
    #[serde(skip)]
    pub values: Vec<String>,
    /// Runs that finished.
    pub finished: usize,
    /// All runs, with those that have not begun.
    pub runs: usize,
    /// Training loss after the epoch that gave the result.
    pub train_loss: Option<Spread>,
    /// Validation loss after that epoch.
    pub val_loss: Option<Spread>,
    /// Validation accuracy after that epoch.
    pub val_accuracy: Option<Spread>,
    /// Test accuracy.
    pub test_accuracy: Option<Spread>,
    /// Seconds of training.
    pub train_seconds: Option<Spread>,
    /// Whether no other has a smaller mean loss on the validation set, or on the training set if there is
    /// none. Only of cells whose runs all finished.
    pub is_best: bool,
}

/// What a finished run came to.
struct Figures {
    train_loss: Option<f64>,
    val_loss: Option<f64>,
    val_accuracy: Option<f64>,
    test_accuracy: f64,
    train_seconds: f64,
}

impl Spread {
    /// Of these values; none if there is none.
    ///
    /// ```
    /// use run_report::sweep::Spread;
    ///
    /// let spread = Spread::of(&[1.0, 2.0, 3.0]).unwrap();
    /// assert_eq!((spread.mean, spread.deviation), (2.0, Some(1.0)));
    /// ```
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, deviation })
    }

    fn text(self, form: fn(f64) -> String) -> String {
        let deviation = self
            .deviation
            .map(|deviation| format!(" ± {}", form(deviation)));
        form(self.mean) + &deviation.unwrap_or_default()
    }
}

impl SweepRun {
    /// Whether it has its result, and its whole history.
    pub fn is_finished(&self) -> bool {
        let recorded = self.recorded.as_ref();
        recorded.is_some_and(|Recorded { history, .. }| {
            history.status == Status::Finished && history.is_whole()
        })
    }

    /// Whether it has not begun, or goes on when it is resumed.
    pub fn can_go_on(&self) -> bool {
        let recorded = self.recorded.as_ref();
        recorded.is_none_or(|recorded| recorded.history.status.can_go_on())
    }

    /// Its state in a word or two.
    pub fn state(&self) -> &'static str {
        match &self.recorded {
            None => "not begun",
            Some(recorded) if !recorded.history.is_whole() => "cut off",
            Some(recorded) => recorded.history.status.name(),
        }
    }

    fn figures(&self) -> Option<Figures> {
        let history = &self.recorded.as_ref()?.history;
        let result = history.result.as_ref().filter(|_| history.is_whole())?;
        let epoch = result.best_epoch.unwrap_or(result.epochs);
        let epoch = history.epochs.iter().find(|other| other.epoch == epoch);
        Some(Figures {
            train_loss: epoch.map(|epoch| epoch.train_loss),
            val_loss: epoch.and_then(Epoch::val_loss_of_candidate),
            val_accuracy: epoch.and_then(Epoch::val_accuracy_of_candidate),
            test_accuracy: result.test_accuracy,
            train_seconds: result.train_seconds,
        })
    }
}

/// The runs by their values, in the order in which the values first appear.
pub fn cells(runs: &[SweepRun]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = vec![];
    for run in runs {
        if cells.iter().any(|cell| cell.values == run.values) {
            continue;
        }
        let same = runs.iter().filter(|other| other.values == run.values);
        let all = same.collect::<Vec<_>>();
        let figures = all.iter().filter_map(|run| run.figures());
        let figures = figures.collect::<Vec<_>>();
        let spread = |figure: fn(&Figures) -> Option<f64>| {
            Spread::of(&figures.iter().filter_map(figure).collect::<Vec<_>>())
        };
        cells.push(Cell {
            values: run.values.clone(),
            finished: all.iter().filter(|run| run.is_finished()).count(),
            runs: all.len(),
            train_loss: spread(|figures| figures.train_loss),
            val_loss: spread(|figures| figures.val_loss),
            val_accuracy: spread(|figures| figures.val_accuracy),
            test_accuracy: spread(|figures| Some(figures.test_accuracy)),
            train_seconds: spread(|figures| Some(figures.train_seconds)),
            is_best: false,
        });
    }
    let losses = cells.iter().map(deciding_loss).collect::<Vec<_>>();
    let least = losses.iter().flatten().copied().min_by(f64::total_cmp);
    for (cell, loss) in cells.iter_mut().zip(losses) {
        cell.is_best = loss.is_some() && loss == least;
    }
    cells
}

fn deciding_loss(cell: &Cell) -> Option<f64> {
    let loss = cell.val_loss.or(cell.train_loss)?.mean;
    (cell.finished == cell.runs && loss.is_finite()).then_some(loss)
}

/// The table: a row for the runs with the same values, with mean and deviation over their seeds.
pub fn table(options: &[String], cells: &[Cell]) -> Table {
    let columns = [
        "runs",
        "val loss",
        "val accuracy",
        "train loss",
        "test accuracy",
        "training",
        "",
    ];
    let columns = options.iter().map(String::as_str).chain(columns);
    let mut table = Table::new(columns);
    let share = |share: f64| format!("{:.2} %", 100.0 * share);
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    let text = |spread: Option<Spread>, form: fn(f64) -> String| {
        spread.map_or(String::new(), |spread| spread.text(form))
    };
    for cell in cells {
        let runs = if cell.finished == cell.runs {
            cell.runs.to_string()
        } else {
            format!("{} of {}", cell.finished, cell.runs)
        };
        let figures = [
            runs,
            text(cell.val_loss, number),
            text(cell.val_accuracy, share),
            text(cell.train_loss, number),
            text(cell.test_accuracy, share),
            text(cell.train_seconds, seconds),
            if cell.is_best { "best" } else { "" }.to_owned(),
        ];
        table.push(cell.values.iter().cloned().chain(figures));
    }
    table.without_empty_columns()
}

/// What decides which row is best, and how sure that is.
pub fn conclusion(options: &[String], cells: &[Cell]) -> String {
    let [finished, runs] = [|cell: &Cell| cell.finished, |cell: &Cell| cell.runs]
        .map(|number| cells.iter().map(number).sum::<usize>());
    let lack = if finished < runs {
        let have = if finished == 1 { "has" } else { "have" };
        format!("{finished} of {} {have} finished. ", counted(runs, "run"))
    } else {
        String::new()
    };
    let Some(best) = cells.iter().find(|cell| cell.is_best) else {
        let is_complete = |cell: &Cell| cell.finished == cell.runs;
        let none = if cells.iter().any(is_complete) {
            "No complete row has a loss to compare."
        } else {
            "No row is complete."
        };
        return format!("{lack}{none}");
    };
    let choice = if lack.is_empty() {
        "Best"
    } else {
        "Best of the complete rows"
    };
    let set = if best.val_loss.is_some() {
        "validation"
    } else {
        "training"
    };
    let named = options.iter().zip(&best.values);
    let named = named.map(|(option, value)| format!("--{option} {value}"));
    let named = named.collect::<Vec<_>>().join(" ");
    let spread = |cell: &Cell| cell.val_loss.or(cell.train_loss);
    let is_other = |cell: &&Cell| !cell.is_best && cell.finished == cell.runs;
    let others = cells.iter().filter(is_other);
    let near = others.filter(|cell| match (spread(best), spread(cell)) {
        (Some(best), Some(other)) => match (best.deviation, other.deviation) {
            (Some(a), Some(b)) => other.mean - best.mean <= a.max(b),
            _ => false,
        },
        _ => false,
    });
    let caution = match (best.runs, near.count()) {
        (1, _) => " One seed tells little: differences between seeds are not known.".to_owned(),
        (_, 0) => String::new(),
        (_, near) => format!(
            " {} within one standard deviation of it: more seeds would tell.",
            if near == 1 {
                "Another row is".to_owned()
            } else {
                format!("{near} other rows are")
            }
        ),
    };
    format!(
        "{lack}{choice} by {set} loss, with which the test set has nothing to do: {named}.{caution} Numbers are mean ± \
         standard deviation over the seeds."
    )
}

/// The page of a sweep: table, figure, and a list of the runs.
///
/// # Errors
///
/// If the figure cannot be drawn.
pub fn page(options: &[String], runs: &[SweepRun]) -> Result<Page, PageError> {
    let cells = cells(runs);
    let title = format!("Sweep of {}", options.join(" and "));
    let mut results = Section::new("Results")
        .text(conclusion(options, &cells))
        .table(table(options, &cells));
    if let Some(panel) = chart(options, runs, &cells) {
        let caption = "The loss that decides, over the values of the first option: a dot for each run, a line \
                       through the means, a colour for each value of the second option";
        results = results.figure("loss", caption, figure(&[panel], 1)?);
    }
    let columns = options.iter().map(String::as_str);
    let columns = columns.chain(["seed", "test accuracy", "state", "folder"]);
    let mut list = Table::new(columns);
    for run in runs {
        let accuracy = run.figures().map(|figures| figures.test_accuracy);
        let recorded = run.recorded.as_ref();
        list.push(run.values.iter().cloned().chain([
            run.seed.to_string(),
            accuracy.map_or("-".to_owned(), |share| format!("{:.2} %", 100.0 * share)),
            match recorded.and_then(|recorded| recorded.history.status.reason()) {
                Some(reason) => format!("{}: {reason}", run.state()),
                None => run.state().to_owned(),
            },
            recorded.map_or(String::new(), Recorded::name),
        ]));
    }
    let runs = Section::new("Runs")
        .text(format!(
            "{}; each that has finished has a page of its own in its folder.",
            counted(runs.len(), "run")
        ))
        .table(list);
    Ok(Page::report(title).with(results).with(runs))
}

/// The deciding loss over the values of the first option; none if no run finished.
fn chart(options: &[String], runs: &[SweepRun], cells: &[Cell]) -> Option<Panel> {
    let first = |values: &[String]| values.first().cloned().unwrap_or_default();
    let names = cells.iter().fold(vec![], |mut names: Vec<String>, cell| {
        let name = first(&cell.values);
        if !names.contains(&name) {
            names.push(name);
        }
        names
    });
    let numbers = names.iter().map(|name| name.parse().ok());
    let numbers: Option<Vec<f64>> = numbers.collect();
    let label = options.first().map_or("", String::as_str);
    // Values that are not numbers are numbered.
    let (places, label) = match numbers {
        Some(numbers) => (numbers, label.to_owned()),
        None => {
            let places = (1..=names.len()).map(|place| place as f64).collect();
            (places, format!("{label}: {}", names.join(", ")))
        }
    };
    let place = |values: &[String]| {
        let found = names.iter().position(|name| *name == first(values));
        found.map(|found| places[found])
    };
    let has_validation = cells.iter().any(|cell| cell.val_loss.is_some());
    let mut groups: Vec<&[String]> = vec![];
    for cell in cells {
        if !groups.contains(&&cell.values[1..]) {
            groups.push(&cell.values[1..]);
        }
    }
    let mut series = vec![];
    for (group, colour) in groups.iter().zip(Colour::SERIES.into_iter().cycle()) {
        let means = cells.iter().filter(|cell| cell.values[1..] == **group);
        let means = means.filter_map(|cell| {
            let spread = if has_validation {
                cell.val_loss
            } else {
                cell.train_loss
            };
            Some((place(&cell.values)?, spread?.mean))
        });
        let mut means = means.collect::<Vec<_>>();
        means.sort_by(|a, b| a.0.total_cmp(&b.0));
        let dots = runs.iter().filter(|run| run.values[1..] == **group);
        let dots = dots.filter_map(|run| {
            let figures = run.figures()?;
            let loss = if has_validation {
                figures.val_loss
            } else {
                figures.train_loss
            };
            Some((place(&run.values)?, loss?))
        });
        series.push(Series::new("", colour, Mark::Dots, dots));
        series.push(Series::new(group.join(" "), colour, Mark::Line, means));
    }
    let scale = |range: &dyn Fn(&Series) -> Option<std::ops::Range<f64>>| {
        let ranges = series.iter().filter_map(range);
        let (least, most) = ranges.fold((f64::INFINITY, 0.0_f64), |(least, most), range| {
            (least.min(range.start), most.max(range.end))
        });
        if least > 0.0 && most / least > MUCH {
            Scale::Log
        } else {
            Scale::Linear
        }
    };
    let y = scale(&|series| series.range());
    let (least, most) = places
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(least, most), place| {
            (least.min(*place), most.max(*place))
        });
    let x = if least > 0.0 && most / least > MUCH {
        Scale::Log
    } else {
        Scale::Linear
    };
    series.retain(|series| series.has_points(x, y));
    let what = if has_validation {
        "Validation loss"
    } else {
        "Training loss"
    };
    (!series.is_empty()).then(|| Panel::of(what, (label.as_str(), x), ("loss", y), series))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs that have not begun count, so a row with one is not whole.
    #[test]
    fn what_has_not_finished_is_said_and_cannot_be_best() {
        let run = |value: &str, seed| SweepRun {
            values: vec![value.to_owned()],
            seed,
            recorded: None,
        };
        let options = ["epochs".to_owned()];
        let mut cells = cells(&[run("1", 0), run("1", 1), run("2", 0), run("2", 1)]);
        let counts = cells.iter().map(|cell| (cell.finished, cell.runs));
        assert!(counts.eq([(0, 2), (0, 2)]));
        assert_eq!(
            conclusion(&options, &cells),
            "0 of 4 runs have finished. No row is complete."
        );
        cells[1].finished = 2;
        assert_eq!(
            conclusion(&options, &cells),
            "2 of 4 runs have finished. No complete row has a loss to compare."
        );
        cells[1].is_best = true;
        cells[1].train_loss = Spread::of(&[0.5, 0.5]);
        let partly = conclusion(&options, &cells);
        let expected = "2 of 4 runs have finished. Best of the complete rows by training loss";
        assert!(partly.starts_with(expected), "{partly}");
        cells[0].finished = 2;
        let whole = conclusion(&options, &cells);
        assert!(whole.starts_with("Best by training loss"), "{whole}");
    }
}
