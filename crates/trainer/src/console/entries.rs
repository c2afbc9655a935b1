//! The entries of a run's metrics, in words.

use pages::numbers::{counted, number, percent, thousands};
use run_folder::{Entry, Imported, InFolder, ScaleSource};
use run_report::tables::why_so_far;
use training::{DryRun, Epoch, GradientCheck, RunResult, Start};
use weight_exchange::InputScale;

use super::Shown;

impl Shown for Entry {
    fn to_text(&self) -> String {
        match self {
            Self::Start(start) => start_text(&start.event),
            Self::WarmUp { seconds } => {
                format!("warm-up before the first step: {seconds:.1} s")
            }
            Self::Epoch(epoch) => epoch_text(epoch),
            Self::GradientCheck(check) => gradient_check_text(check),
            Self::EarlyStop {
                epoch,
                best_epoch,
                best_loss,
            } => format!(
                "stopped early after epoch {epoch}: epoch {best_epoch} is still the best, with loss \
                 {best_loss:.4}; its weights are the result"
            ),
            Self::Plateau {
                epoch,
                best_epoch,
                best_loss,
            } => format!(
                "validation loss is no better than after epoch {best_epoch} ({best_loss:.4}); \
                 --early-stop {} would stop here and keep the weights of that epoch",
                epoch - best_epoch
            ),
            Self::Resumed {
                epoch,
                step,
                checkpoint,
                ranks,
                run_dir,
            } => {
                let on_ranks = on_ranks(*ranks);
                match checkpoint {
                    Some(file) => format!(
                        "{run_dir} resumes from {file}{on_ranks}: {} done, {} in all",
                        counted(*epoch, "epoch"),
                        counted(*step, "step")
                    ),
                    None => format!("{run_dir} has no checkpoint yet and starts again{on_ranks}"),
                }
            }
            Self::Stopped {
                reason,
                epoch,
                step,
                resume,
            } => {
                let resume = resume
                    .iter()
                    .map(|command| format!("; resume with: {command}"));
                format!(
                    "stopped in epoch {epoch} after {}: {reason}{}",
                    counted(*step, "step"),
                    resume.collect::<String>()
                )
            }
            Self::DryRun(dry_run) => dry_run_text(dry_run),
            Self::Result(result) => result_text(result),
            Self::Imported(imported) => imported_text(imported),
        }
    }

    fn is_progress(&self) -> bool {
        !matches!(
            self,
            Self::Result(_) | Self::Stopped { .. } | Self::DryRun(_) | Self::Imported(_)
        )
    }
}

/// ` on 4 ranks`, where there are several.
fn on_ranks(ranks: usize) -> String {
    if ranks == 1 {
        String::new()
    } else {
        format!(" on {ranks} ranks")
    }
}

/// Sizes of a net's layers: `784-256-10`.
pub(crate) fn layer_sizes(sizes: &[usize]) -> String {
    joined(sizes, "-")
}

fn joined(sizes: &[usize], between: &str) -> String {
    let sizes = sizes.iter().map(usize::to_string);
    sizes.collect::<Vec<_>>().join(between)
}

fn start_text(start: &Start) -> String {
    let activation = start.activation.iter().map(|f| format!("{f}, "));
    let ridge = start.ridge.iter().map(|gamma| format!("ridge {gamma}, "));
    let validation = start.validation_rows.iter();
    let validation = validation.map(|rows| format!("{rows} validation rows, "));
    format!(
        "{} {} ({} parameters), {}{} with learning rate {}, batches of {}\n\
         {} on {}{}: {}\n\
         {} training rows, {}{} test rows; ready after {:.2} s",
        start.model,
        layer_sizes(&start.sizes),
        start.parameters,
        activation.chain(ridge).collect::<String>(),
        start.optimizer,
        start.learning_rate,
        start.batch_size,
        start.engine,
        start.backend,
        on_ranks(start.ranks),
        start.device,
        start.training_rows,
        validation.collect::<String>(),
        start.test_rows,
        start.setup_seconds,
    )
}

fn epoch_text(epoch: &Epoch) -> String {
    let validation = match (epoch.val_loss, epoch.val_accuracy) {
        (Some(loss), Some(accuracy)) => {
            format!("   val loss {loss:.4}   val accuracy {}", percent(accuracy))
        }
        _ => String::new(),
    };
    let average = match (epoch.average_val_loss, epoch.average_val_accuracy) {
        (Some(loss), Some(accuracy)) => {
            format!("   averaged {loss:.4}, {}", percent(accuracy))
        }
        _ => String::new(),
    };
    format!(
        "epoch {:>3}   train loss {:.4}{validation}{average}   {:.2} s ({} rows/s)",
        epoch.epoch,
        epoch.train_loss,
        epoch.seconds,
        thousands(epoch.images_per_second),
    )
}

fn gradient_check_text(check: &GradientCheck) -> String {
    let error = check.worst_relative_error.unwrap_or(0.0);
    format!(
        "gradients checked at step {}: {}, formulas and autodiff differ by at most {error:.1e} ({:.2} s)",
        check.step, check.verdict, check.seconds
    )
}

fn dry_run_text(dry_run: &DryRun) -> String {
    let names = dry_run.shapes.iter().map(|tensor| tensor.name.len());
    let width = names.max().unwrap_or(0);
    let row = |name: &str, shape: &[usize]| format!("{name:<width$}  {}", joined(shape, " x "));
    let mib = |bytes: usize| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let mut lines = vec![
        format!(
            "{}, {} on {}: {}",
            dry_run.model, dry_run.engine, dry_run.backend, dry_run.device
        ),
        row("batch", &dry_run.batch),
    ];
    let shapes = dry_run.shapes.iter();
    lines.extend(shapes.map(|tensor| row(&tensor.name, &tensor.shape)));
    lines.push(format!(
        "{} parameters; loss {:.4}, gradient norm {:.4}, {:.4} after a step with learning rate {}",
        dry_run.parameters,
        dry_run.loss,
        dry_run.gradient_norm,
        dry_run.loss_after_a_step,
        dry_run.learning_rate
    ));
    lines.push(format!(
        "memory, about {}: data {}, parameters {}, gradients {}, optimizer {}, batch {}; a checkpoint \
         {}",
        mib(dry_run.total_bytes),
        mib(dry_run.data_bytes),
        mib(dry_run.parameter_bytes),
        mib(dry_run.gradient_bytes),
        mib(dry_run.optimizer_bytes),
        mib(dry_run.batch_bytes),
        mib(dry_run.checkpoint_bytes),
    ));
    let checked = dry_run.gradients_checked.iter();
    lines.extend(checked.map(|verdict| format!("gradients checked: {verdict}")));
    lines.push("dry run: nothing was written".to_owned());
    lines.join("\n")
}

fn result_text(InFolder { event, run_dir }: &InFolder<RunResult>) -> String {
    format!(
        "test loss {:.4}   test accuracy {}   trained in {:.1} s ({} rows/s)\n{}{}kept in {run_dir}",
        event.test_loss,
        percent(event.test_accuracy),
        event.train_seconds,
        thousands(event.images_per_second),
        temperature_text(event).unwrap_or_default(),
        exact_solution_text(event).unwrap_or_default(),
    )
}

/// Fewer rows than this show little about the temperature.
const FEW_ROWS: usize = 50;

/// The line about the temperature, if there is one.
fn temperature_text(result: &RunResult) -> Option<String> {
    let (temperature, rows) = (result.temperature?, result.temperature_rows?);
    let why = if rows < FEW_ROWS {
        ": so few show little, so it stays near 1"
    } else {
        ""
    };
    Some(format!(
        "probabilities are given at the temperature {temperature:.2}, fitted on {}{why}\n",
        counted(rows, "validation row"),
    ))
}

/// Lines about the exact solution, if there is one.
fn exact_solution_text(result: &RunResult) -> Option<String> {
    let (loss, gap) = (result.closed_form_loss?, result.loss_above_closed_form?);
    let distance = result.distance_to_closed_form?;
    let share = gap / loss;
    let in_percent = if share.is_finite() {
        format!(" ({:.1} %)", 100.0 * share)
    } else {
        String::new()
    };
    let why = why_so_far(distance, share);
    let why = why.map(|why| format!("{why}\n")).unwrap_or_default();
    Some(format!(
        "exact solution: training loss {}; gradient descent is {}{in_percent} above it; test accuracy {}\n\
         weights: ‖W - W*‖ = {} ‖W*‖, with W* of the exact solution, solved in {:.1} s\n{why}",
        number(loss),
        number(gap),
        percent(result.closed_form_test_accuracy?),
        number(distance),
        result.closed_form_seconds?,
    ))
}

fn imported_text(imported: &Imported) -> String {
    let activation = imported.activation.iter().map(|f| format!(", {f}"));
    let notes = imported.notes.iter().map(|note| format!("note: {note}\n"));
    let images = imported.images.iter().zip(&imported.image_size);
    let images = images.map(|(images, size)| format!("images: taken as {images}, {size}\n"));
    let temperature = imported.temperature.iter();
    let temperature = temperature
        .map(|temperature| format!("temperature of the probabilities: {temperature:.2}\n"));
    format!(
        "{} {}{} from {} ({}, weights {})\n{}{}{}{}kept in {}",
        imported.model,
        layer_sizes(&imported.sizes),
        activation.collect::<String>(),
        imported.from,
        imported.form,
        imported.layout,
        notes.collect::<String>(),
        scale_text(imported).unwrap_or_default(),
        images.collect::<String>(),
        temperature.collect::<String>(),
        imported.run_dir,
    )
}

/// The line about the scale of the inputs.
fn scale_text(imported: &Imported) -> Option<String> {
    let scale = InputScale::new(imported.input_mean?, imported.input_std?).ok()?;
    Some(match imported.input_scale_from? {
        ScaleSource::Assumed => format!(
            "inputs: {scale}, assumed, since the file does not say; if the net was trained on normalised \
             inputs, pass their --input-mean and --input-std (0.1307 and 0.3081 in most PyTorch \
             examples), or compare the usual ones with --check DATA\n"
        ),
        ScaleSource::File => format!("inputs: {scale}, as the file says; {}\n", folded(scale)),
        ScaleSource::Given => format!("inputs: {scale}, as given; {}\n", folded(scale)),
    })
}

fn folded(scale: InputScale) -> &'static str {
    if scale == InputScale::UNIT {
        "nothing to fold"
    } else {
        "folded into the first layer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// An entry of each kind with its required fields; optional fields appear when it is read and
    /// written.
    fn samples() -> Vec<Value> {
        let common: Value = serde_json::from_str(
            r#"{
            "model": "m", "sizes": [2, 1], "parameters": 3, "optimizer": "sgd", "backend": "b",
            "learning_rate": 0.5, "batch_size": 4, "epochs": 1, "device": "d", "engine": "e",
            "seed": 0, "training_rows": 4, "test_rows": 4, "setup_seconds": 0.5, "run_dir": "r",
            "seconds": 1.0, "epoch": 1, "step": 1, "train_loss": 1.0, "images_per_second": 4.0,
            "verdict": "v", "best_epoch": 1, "best_loss": 1.0, "reason": "why", "batch": [4, 2],
            "shapes": [], "loss": 1.0, "loss_after_a_step": 1.0, "gradient_norm": 1.0,
            "data_bytes": 1, "parameter_bytes": 1, "gradient_bytes": 1, "optimizer_bytes": 1,
            "batch_bytes": 1, "total_bytes": 5, "checkpoint_bytes": 1, "test_loss": 1.0,
            "test_accuracy": 1.0, "train_seconds": 1.0, "from": "f", "form": "f", "layout": "l"
            }"#,
        )
        .unwrap();
        let unknown = serde_json::from_value::<Entry>(json!({"event": "?"})).unwrap_err();
        let message = unknown.to_string();
        let names = message.split('`').skip(3).step_by(2);
        let sample = |name: &str| {
            let mut entry = common.clone();
            entry["event"] = name.into();
            let entry: Entry = serde_json::from_value(entry).unwrap();
            serde_json::to_value(entry).unwrap()
        };
        names.map(sample).collect()
    }

    #[test]
    fn every_field_of_every_entry_is_documented() {
        let page = include_str!("../../../../docs/metrics.md");
        let samples = samples();
        assert!(samples.len() > 8, "{samples:?}");
        for entry in samples {
            let name = entry["event"].as_str().unwrap();
            let (_, section) = page
                .split_once(&format!("\n## `{name}`\n"))
                .unwrap_or_else(|| panic!("no section about {name}"));
            let section = section.split("\n## ").next().unwrap();
            let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
            let mut documented = rows
                .filter_map(|row| Some(row.split_once('`')?.0))
                .collect::<Vec<_>>();
            let fields = entry.as_object().unwrap().keys().map(String::as_str);
            let mut fields = fields.filter(|field| *field != "event").collect::<Vec<_>>();
            documented.sort_unstable();
            fields.sort_unstable();
            assert_eq!(documented, fields, "{name}");
        }
    }

    #[test]
    fn a_result_says_how_little_a_few_rows_show_of_the_temperature() {
        let result = json!({
            "model": "mnist-mlp", "backend": "b", "engine": "e", "epochs": 1, "test_loss": 1.0,
            "test_accuracy": 0.5, "temperature": 0.936, "temperature_rows": 4, "train_seconds": 1.0,
            "images_per_second": 4.0, "seed": 0,
        });
        let mut result: RunResult = serde_json::from_value(result).unwrap();
        assert_eq!(
            temperature_text(&result).unwrap(),
            "probabilities are given at the temperature 0.94, fitted on 4 validation rows: so few show \
             little, so it stays near 1\n"
        );
        result.temperature_rows = Some(5000);
        let text = temperature_text(&result).unwrap();
        assert!(
            text.ends_with("0.94, fitted on 5000 validation rows\n"),
            "{text}"
        );
        result.temperature = None;
        assert_eq!(temperature_text(&result), None);
    }

    #[test]
    fn gradient_descent_is_compared_with_the_exact_solution() {
        let result = json!({
            "model": "linear-regression", "backend": "b", "engine": "e", "epochs": 1,
            "test_loss": 1.0, "test_accuracy": 0.5, "closed_form_test_accuracy": 0.86,
            "closed_form_loss": 11400.5636, "loss_above_closed_form": 340.9,
            "distance_to_closed_form": 0.352, "closed_form_seconds": 0.5, "train_seconds": 1.0,
            "images_per_second": 4.0, "seed": 0,
        });
        let result = serde_json::from_value(result).unwrap();
        let text = exact_solution_text(&result).unwrap();
        let expected = "exact solution: training loss 11400.6; gradient descent is 340.9 (3.0 %) above it; \
                        test accuracy 86.00 %";
        assert_eq!(text.lines().next(), Some(expected));
        let mut lines = text.lines().skip(1);
        let weights =
            "weights: ‖W - W*‖ = 0.352 ‖W*‖, with W* of the exact solution, solved in 0.5 s";
        assert_eq!(lines.next(), Some(weights));
        let why = lines.next().expect("a reason");
        assert!(why.starts_with("far in weights, near in loss"), "{why}");
    }
}
