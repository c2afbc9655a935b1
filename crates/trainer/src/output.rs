//! What a run says: events for people or as JSON on standard output, progress on standard error.

use std::fmt::{self, Display};
use std::io::{self, Write};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::cli::Format;
use crate::pages::numbers::counted;

/// One thing worth saying. As JSON it is one line with its name under `"event"`; accuracies are
/// fractions, and numbers that are not finite are the strings "nan", "inf" and "-inf".
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// Data and net are ready.
    Start(Start),
    /// Kernels of a graphics backend are compiled and tuned.
    WarmUp {
        /// How long that took.
        seconds: f64,
    },
    /// A pass over the training set is done.
    Epoch(Epoch),
    /// Gradients were checked on a batch of the run.
    GradientCheck(GradientCheck),
    /// No epoch was better for as long as was asked for.
    EarlyStop {
        /// Epochs done.
        epoch: usize,
        /// The epoch whose weights are the result.
        best_epoch: usize,
        /// Its loss on the validation set, or on the training set where there is no other.
        best_loss: f64,
    },
    /// The run goes on from a checkpoint; what came after that is gone.
    Resumed {
        /// Epochs done.
        epoch: usize,
        /// Steps taken in all.
        step: usize,
        /// File of the checkpoint; none if the run was stopped before its first.
        checkpoint: Option<String>,
        run_dir: String,
    },
    /// The run ended before its last epoch.
    Stopped {
        /// Why, in words.
        reason: String,
        /// The epoch that was not finished, from 1.
        epoch: usize,
        /// Steps taken in all.
        step: usize,
        /// The command that goes on with the run, where that is of use.
        #[serde(default)]
        resume: Option<String>,
    },
    /// One batch has gone through everything.
    DryRun(DryRun),
    /// The run is over.
    Result(RunResult),
    /// A backend of the list.
    Backend(BackendLine),
    /// The run folder was made of a file of weights.
    Imported(Imported),
}

/// What is about to be trained.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) model: String,
    pub(crate) sizes: Vec<usize>,
    pub(crate) parameters: usize,
    /// The parameter tensors by dotted path, in the order of an epoch's gradient norms.
    #[serde(default)]
    pub(crate) parameters_named: Vec<String>,
    pub(crate) activation: Option<String>,
    pub(crate) ridge: Option<f64>,
    pub(crate) optimizer: String,
    pub(crate) learning_rate: f64,
    pub(crate) batch_size: usize,
    pub(crate) epochs: usize,
    pub(crate) backend: String,
    pub(crate) device: String,
    pub(crate) engine: String,
    pub(crate) seed: u64,
    pub(crate) training_rows: usize,
    pub(crate) validation_rows: Option<usize>,
    pub(crate) test_rows: usize,
    /// Seconds from the start of the program until data and net are ready.
    pub(crate) setup_seconds: f64,
    pub(crate) run_dir: String,
}

/// One pass over the training set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Epoch {
    /// From 1.
    pub(crate) epoch: usize,
    /// Loss of the training batches, each taken before its own step.
    #[serde(with = "number")]
    pub(crate) train_loss: f64,
    #[serde(with = "optional_number", default)]
    pub(crate) val_loss: Option<f64>,
    pub(crate) val_accuracy: Option<f64>,
    /// Seconds of training, validation not included.
    pub(crate) seconds: f64,
    /// Training rows a second.
    pub(crate) images_per_second: f64,
    /// Step length of the epoch's last step.
    #[serde(default)]
    pub(crate) learning_rate: f64,
    /// Euclidean norm of each parameter tensor's gradient in the epoch's last step, before any
    /// clipping.
    #[serde(with = "numbers", default)]
    pub(crate) gradient_norms: Vec<f64>,
}

/// What hand-derived formulas, autodiff and finite differences say of a batch's gradients.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GradientCheck {
    /// The epoch, from 1.
    pub(crate) epoch: usize,
    /// The step that the batch is for, from 1 over all epochs.
    pub(crate) step: usize,
    /// The conclusion, in words.
    pub(crate) verdict: String,
    /// Largest relative error of any parameter between formulas and autodiff.
    #[serde(with = "optional_number", default)]
    pub(crate) worst_relative_error: Option<f64>,
    /// The largest that passes.
    #[serde(with = "optional_number", default)]
    pub(crate) tolerance: Option<f64>,
    /// The parameter with the largest error.
    pub(crate) worst_parameter: Option<String>,
    /// Seconds that the check took.
    pub(crate) seconds: f64,
}

/// What a first step came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DryRun {
    pub(crate) model: String,
    pub(crate) backend: String,
    pub(crate) device: String,
    pub(crate) engine: String,
    /// Rows and columns of the batch.
    pub(crate) batch: [usize; 2],
    pub(crate) training_rows: usize,
    pub(crate) validation_rows: Option<usize>,
    pub(crate) test_rows: usize,
    pub(crate) parameters: usize,
    pub(crate) shapes: Vec<TensorShape>,
    #[serde(with = "number")]
    pub(crate) loss: f64,
    /// Loss of as many rows of the validation set, or of the test set, after the step.
    #[serde(with = "number")]
    pub(crate) loss_after_a_step: f64,
    pub(crate) learning_rate: f64,
    /// Norm of all gradients, before any clipping.
    #[serde(with = "number")]
    pub(crate) gradient_norm: f64,
    /// All rows on the device.
    pub(crate) data_bytes: usize,
    pub(crate) parameter_bytes: usize,
    pub(crate) gradient_bytes: usize,
    pub(crate) optimizer_bytes: usize,
    /// Estimate of what a batch's values and their gradients take.
    pub(crate) batch_bytes: usize,
    /// Sum of the five.
    pub(crate) total_bytes: usize,
    /// A checkpoint on the disk, nearly.
    pub(crate) checkpoint_bytes: usize,
    /// Whether formulas, autodiff and finite differences agree, if that was asked for.
    #[serde(default)]
    pub(crate) gradients_agree: Option<bool>,
    /// What the check said, and of which parameter the worst.
    pub(crate) gradients_checked: Option<String>,
}

/// A parameter tensor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TensorShape {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
}

/// The end of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunResult {
    pub(crate) model: String,
    pub(crate) backend: String,
    pub(crate) engine: String,
    /// Epochs done.
    pub(crate) epochs: usize,
    /// The epoch whose weights are the result, where that is the best and not the last.
    #[serde(default)]
    pub(crate) best_epoch: Option<usize>,
    #[serde(with = "number")]
    pub(crate) test_loss: f64,
    pub(crate) test_accuracy: f64,
    /// Accuracy on the test set of the exact solution, where there is one in closed form; so the
    /// next four.
    pub(crate) closed_form_test_accuracy: Option<f64>,
    /// The exact solution's loss over the training set.
    #[serde(with = "optional_number", default)]
    pub(crate) closed_form_loss: Option<f64>,
    /// How much larger the trained net's loss over the training set is.
    #[serde(with = "optional_number", default)]
    pub(crate) loss_above_closed_form: Option<f64>,
    /// `‖W - W*‖ / ‖W*‖`, with `W` of the trained net and `W*` of the exact solution.
    #[serde(with = "optional_number", default)]
    pub(crate) distance_to_closed_form: Option<f64>,
    /// Seconds that the exact solution took.
    pub(crate) closed_form_seconds: Option<f64>,
    /// Seconds of training, warm-up and judging not included.
    pub(crate) train_seconds: f64,
    pub(crate) images_per_second: f64,
    pub(crate) seed: u64,
    pub(crate) run_dir: String,
}

/// Weights from elsewhere, made a run folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Imported {
    /// The file.
    pub(crate) from: String,
    pub(crate) form: String,
    /// Which way weights lie in the file.
    pub(crate) layout: String,
    pub(crate) model: String,
    pub(crate) sizes: Vec<usize>,
    pub(crate) activation: Option<String>,
    pub(crate) run_dir: String,
}

/// Whether a backend can run here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BackendLine {
    pub(crate) backend: String,
    pub(crate) available: bool,
    pub(crate) device: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) software: Option<bool>,
    pub(crate) dtypes: Vec<String>,
    pub(crate) reason: Option<String>,
}

/// Numbers that may not be finite, which JSON itself has no form for.
pub(crate) mod number {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Finite(f64),
        Named(String),
    }

    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            v if v.is_nan() => serializer.serialize_str("nan"),
            v if v.is_infinite() => serializer.serialize_str(if *v > 0.0 { "inf" } else { "-inf" }),
            v => serializer.serialize_f64(*v),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Finite(value) => Ok(value),
            Form::Named(name) => match name.as_str() {
                "nan" => Ok(f64::NAN),
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                other => Err(D::Error::custom(format!("{other:?} is no number"))),
            },
        }
    }
}

/// As [`number`], or absent.
mod optional_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Present(#[serde(with = "super::number")] f64);

    pub(super) fn serialize<S: Serializer>(
        value: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Present).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        let value = Option::<Present>::deserialize(deserializer)?;
        Ok(value.map(|Present(value)| value))
    }
}

/// As [`number`], several.
mod numbers {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "super::number")] f64);

    pub(super) fn serialize<S: Serializer>(
        values: &[f64],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|&value| One(value)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<One>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|One(value)| value).collect())
    }
}

impl Event {
    /// The event as one line of JSON, without the line's end.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an event is made of strings and numbers")
    }

    fn to_text(&self) -> String {
        match self {
            Self::Start(start) => start.to_text(),
            Self::WarmUp { seconds } => {
                format!("warm-up (kernels compiled and tuned): {seconds:.1} s")
            }
            Self::Epoch(epoch) => epoch.to_text(),
            Self::Stopped {
                reason,
                epoch,
                step,
                resume,
            } => {
                let resume = resume
                    .iter()
                    .map(|command| format!("; go on with: {command}"));
                format!(
                    "stopped in epoch {epoch} after {}: {reason}{}",
                    counted(*step, "step"),
                    resume.collect::<String>()
                )
            }
            Self::GradientCheck(check) => check.to_text(),
            Self::EarlyStop {
                epoch,
                best_epoch,
                best_loss,
            } => format!(
                "stopped early after epoch {epoch}: none was better than epoch {best_epoch}, with \
                 loss {best_loss:.4}; its weights are the result"
            ),
            Self::Resumed {
                epoch,
                step,
                checkpoint,
                run_dir,
            } => match checkpoint {
                Some(file) => format!(
                    "{run_dir} goes on from {file}: {} done, {} in all",
                    counted(*epoch, "epoch"),
                    counted(*step, "step")
                ),
                None => format!("{run_dir} had no checkpoint yet and begins again"),
            },
            Self::DryRun(dry_run) => dry_run.to_text(),
            Self::Result(result) => result.to_text(),
            Self::Backend(line) => line.to_text(),
            Self::Imported(imported) => imported.to_text(),
        }
    }

    /// Whether `--quiet` leaves the event out of standard output.
    fn is_progress(&self) -> bool {
        !matches!(
            self,
            Self::Result(_)
                | Self::Backend(_)
                | Self::Stopped { .. }
                | Self::DryRun(_)
                | Self::Imported(_)
        )
    }
}

impl Start {
    fn to_text(&self) -> String {
        let sizes = self.sizes.iter().map(usize::to_string);
        let validation = match self.validation_rows {
            Some(rows) => format!("{rows} for validation, "),
            None => String::new(),
        };
        let activation = self.activation.iter().map(|f| format!("{f}, "));
        let ridge = self.ridge.iter().map(|gamma| format!("ridge {gamma}, "));
        format!(
            "{} {} ({} parameters), {}{} with learning rate {}, batches of {}\n\
             {} on {}: {}\n\
             {} rows to learn from, {}{} for the test; ready after {:.2} s",
            self.model,
            sizes.collect::<Vec<_>>().join("-"),
            self.parameters,
            activation.chain(ridge).collect::<String>(),
            self.optimizer,
            self.learning_rate,
            self.batch_size,
            self.engine,
            self.backend,
            self.device,
            self.training_rows,
            validation,
            self.test_rows,
            self.setup_seconds,
        )
    }
}

impl Epoch {
    fn to_text(&self) -> String {
        let validation = match (self.val_loss, self.val_accuracy) {
            (Some(loss), Some(accuracy)) => format!(
                "   val loss {loss:.4}   val accuracy {:.2} %",
                100.0 * accuracy
            ),
            _ => String::new(),
        };
        format!(
            "epoch {:>3}   train loss {:.4}{validation}   {:.2} s ({} rows/s)",
            self.epoch,
            self.train_loss,
            self.seconds,
            thousands(self.images_per_second),
        )
    }
}

impl GradientCheck {
    fn to_text(&self) -> String {
        let error = self.worst_relative_error.unwrap_or(0.0);
        format!(
            "gradients checked at step {}: {}, formulas and autodiff at most {error:.1e} apart \
             ({:.2} s)",
            self.step, self.verdict, self.seconds
        )
    }
}

impl DryRun {
    fn to_text(&self) -> String {
        let mut lines = vec![format!(
            "{}, {} on {}: {}",
            self.model, self.engine, self.backend, self.device
        )];
        let shape = |sizes: &[usize]| {
            let sizes = sizes.iter().map(usize::to_string);
            sizes.collect::<Vec<_>>().join(" x ")
        };
        let width = self.shapes.iter().map(|tensor| tensor.name.len());
        let width = width.max().unwrap_or(0);
        lines.push(format!("{:<width$}  {}", "batch", shape(&self.batch)));
        for tensor in &self.shapes {
            lines.push(format!("{:<width$}  {}", tensor.name, shape(&tensor.shape)));
        }
        lines.push(format!(
            "{} parameters; loss {:.4}, gradient norm {:.4}, {:.4} after a step with learning rate \
             {}",
            self.parameters,
            self.loss,
            self.gradient_norm,
            self.loss_after_a_step,
            self.learning_rate
        ));
        let mib = |bytes: usize| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
        lines.push(format!(
            "memory, about {}: data {}, parameters {}, gradients {}, optimizer {}, batch {}; a \
             checkpoint {}",
            mib(self.total_bytes),
            mib(self.data_bytes),
            mib(self.parameter_bytes),
            mib(self.gradient_bytes),
            mib(self.optimizer_bytes),
            mib(self.batch_bytes),
            mib(self.checkpoint_bytes),
        ));
        let checked = self.gradients_checked.iter();
        lines.extend(checked.map(|verdict| format!("gradients checked: {verdict}")));
        lines.push("dry run: nothing was written".to_owned());
        lines.join("\n")
    }
}

impl RunResult {
    fn to_text(&self) -> String {
        format!(
            "test loss {:.4}   test accuracy {:.2} %   trained in {:.1} s ({} rows/s)\n\
             {}kept in {}",
            self.test_loss,
            100.0 * self.test_accuracy,
            self.train_seconds,
            thousands(self.images_per_second),
            self.closed_form_to_text().unwrap_or_default(),
            self.run_dir,
        )
    }

    /// A line of its own about the exact solution.
    fn closed_form_to_text(&self) -> Option<String> {
        Some(format!(
            "closed form: test accuracy {:.2} %   training loss {:.4}, here {:.3e} more   \
             ‖W - W*‖ = {:.3e} ‖W*‖   solved in {:.1} s\n",
            100.0 * self.closed_form_test_accuracy?,
            self.closed_form_loss?,
            self.loss_above_closed_form?,
            self.distance_to_closed_form?,
            self.closed_form_seconds?,
        ))
    }
}

impl Imported {
    fn to_text(&self) -> String {
        let sizes = self.sizes.iter().map(usize::to_string);
        let activation = self.activation.iter().map(|f| format!(", {f}"));
        format!(
            "{} {}{} from {}, a {} file with weights {}\nkept in {}",
            self.model,
            sizes.collect::<Vec<_>>().join("-"),
            activation.collect::<String>(),
            self.from,
            self.form,
            self.layout,
            self.run_dir,
        )
    }
}

impl BackendLine {
    fn to_text(&self) -> String {
        let name = &self.backend;
        match (&self.device, &self.reason) {
            (Some(device), _) => {
                let driver = self.driver.iter().map(|driver| format!(", {driver}"));
                let software = match self.software {
                    Some(true) => " (software adapter: right, but slow)",
                    _ => "",
                };
                format!(
                    "{name:<8} ready    {device}{}{software}; {}",
                    driver.collect::<String>(),
                    self.dtypes.join(", "),
                )
            }
            (None, reason) => {
                let reason = reason.as_deref().unwrap_or("unknown");
                format!("{name:<8} missing  {reason}")
            }
        }
    }
}

/// A whole number with spaces between groups of three digits.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes a line to standard error. Nobody is left to tell if that is gone.
pub(crate) fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Standard output and standard error of a run.
#[derive(Debug)]
pub(crate) struct Console {
    format: Format,
    quiet: bool,
    reader_left: bool,
}

impl Console {
    pub(crate) fn new(format: Format, quiet: bool) -> Self {
        Self {
            format,
            quiet,
            reader_left: false,
        }
    }

    /// Says an event on standard output. If whoever read it has left, the run goes on unheard.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written for another reason, a full disk for example.
    pub(crate) fn say(&mut self, event: &Event) -> Result<()> {
        if self.quiet && event.is_progress() {
            return Ok(());
        }
        let line = match self.format {
            Format::Text => event.to_text(),
            Format::Json => event.to_json(),
        };
        self.print(&line)
    }

    /// Writes lines to standard output, or nothing if whoever read it has left.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written for another reason, a full disk for example.
    pub(crate) fn print(&mut self, lines: &str) -> Result<()> {
        if self.reader_left {
            return Ok(());
        }
        match writeln!(io::stdout().lock(), "{lines}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_left = true;
                Ok(())
            }
            outcome => outcome.context(
                "cannot write to standard output; make room where it goes, or send it elsewhere",
            ),
        }
    }

    /// Says something on standard error that is no result.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// A bar on standard error for `rows` rows, invisible without a terminal.
    pub(crate) fn bar(&self, rows: u64, title: String) -> ProgressBar {
        let target = match self.quiet {
            true => ProgressDrawTarget::hidden(),
            false => ProgressDrawTarget::stderr(),
        };
        let style = ProgressStyle::with_template(
            "{prefix} [{bar:30}] {pos}/{len}  {rate} rows/s  {msg}  {eta} left",
        )
        .expect("the template is well-formed")
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(out, "{}", thousands(state.per_sec()));
        })
        .progress_chars("=> ");
        ProgressBar::with_draw_target(Some(rows), target)
            .with_style(style)
            .with_prefix(title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_keeps_what_is_not_finite_readable() {
        let event = Event::Epoch(Epoch {
            epoch: 3,
            train_loss: f64::NAN,
            val_loss: Some(f64::NEG_INFINITY),
            val_accuracy: None,
            seconds: 0.5,
            images_per_second: 10.0,
            learning_rate: 0.25,
            gradient_norms: vec![1.5, f64::INFINITY],
        });
        let line = r#"{"event":"epoch","epoch":3,"train_loss":"nan","val_loss":"-inf","val_accuracy":null,"seconds":0.5,"images_per_second":10.0,"learning_rate":0.25,"gradient_norms":[1.5,"inf"]}"#;
        assert_eq!(event.to_json(), line);
        let read: Event = serde_json::from_str(line).unwrap();
        assert_eq!(read.to_json(), line);
    }

    /// Each event with what it must have; what it may have is added when it is read and written.
    fn samples() -> Vec<serde_json::Value> {
        let mut common = json!({
            "model": "m", "sizes": [2, 1], "parameters": 3, "optimizer": "sgd", "backend": "b",
            "learning_rate": 0.5, "batch_size": 4, "epochs": 1, "device": "d", "engine": "e",
            "seed": 0, "training_rows": 4, "test_rows": 4, "setup_seconds": 0.5, "run_dir": "r",
            "seconds": 1.0, "epoch": 1, "step": 1, "train_loss": 1.0, "images_per_second": 4.0,
            "verdict": "v", "best_epoch": 1, "best_loss": 1.0, "reason": "why", "batch": [4, 2],
            "shapes": [], "loss": 1.0, "loss_after_a_step": 1.0, "gradient_norm": 1.0,
            "data_bytes": 1, "parameter_bytes": 1, "gradient_bytes": 1, "optimizer_bytes": 1,
            "batch_bytes": 1, "total_bytes": 5, "checkpoint_bytes": 1, "test_loss": 1.0,
            "test_accuracy": 1.0, "train_seconds": 1.0, "available": true, "dtypes": [],
        });
        for field in ["from", "form", "layout"] {
            common[field] = field.into();
        }
        let unknown = serde_json::from_value::<Event>(json!({"event": "?"})).unwrap_err();
        let message = unknown.to_string();
        let names = message.split('`').skip(3).step_by(2);
        let sample = |name: &str| {
            let mut event = common.clone();
            event["event"] = name.into();
            let event: Event = serde_json::from_value(event).unwrap();
            serde_json::to_value(event).unwrap()
        };
        names.map(sample).collect()
    }

    #[test]
    fn every_field_of_every_event_is_documented() {
        let page = include_str!("../../../docs/metrics.md");
        let samples = samples();
        assert!(samples.len() > 8, "{samples:?}");
        for event in samples {
            let name = event["event"].as_str().unwrap();
            let (_, section) = page
                .split_once(&format!("\n## `{name}`\n"))
                .unwrap_or_else(|| panic!("no section about {name}"));
            let section = section.split("\n## ").next().unwrap();
            let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
            let mut documented = rows
                .filter_map(|row| Some(row.split_once('`')?.0))
                .collect::<Vec<_>>();
            let fields = event.as_object().unwrap().keys().map(String::as_str);
            let mut fields = fields.filter(|field| *field != "event").collect::<Vec<_>>();
            documented.sort_unstable();
            fields.sort_unstable();
            assert_eq!(documented, fields, "{name}");
        }
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(thousands(7.0), "7");
        assert_eq!(thousands(1234.4), "1 234");
        assert_eq!(thousands(1_234_567.0), "1 234 567");
    }
}
