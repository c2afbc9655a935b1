//! The options of a training run, in groups. Those without a default here depend on the model; see
//! `training::Settings`.
//!
//! Short options are for the five that are typed most: backend, model, epochs, seed and quiet. Each is
//! the first letter, and has no other meaning in another command.

mod part;

use std::path::PathBuf;

use backends::{Backend, adapter_of_process};
use clap::Args;
use layers::Activation;
use programs::Format;
use training::number::parse::{
    at_least_one, fraction, non_negative, positive, proper_fraction, seed as parse_seed, share,
};
use training::{
    Choices, ClassShares, Engine, HiddenUnits, ModelName, OptimizerName, Preset, ScheduleName,
    WarmUp,
};

pub(crate) use self::part::Part;
use crate::arguments::{AugmentOptions, DeviceOption, ImageOptions, activation, any_backend};
use crate::console::Console;
use crate::ranks::speaks;
use crate::remote::RemoteOptions;

/// Options of `train`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrainOptions {
    #[command(flatten, next_help_heading = "Net")]
    net: ModelOptions,
    #[command(flatten, next_help_heading = "Computation")]
    computation: ComputationOptions,
    #[command(flatten, next_help_heading = "Optimisation")]
    optimisation: OptimisationOptions,
    #[command(flatten, next_help_heading = "Data")]
    data: DataOptions,
    #[command(flatten, next_help_heading = "Output")]
    pub(crate) output: OutputOptions,
    #[command(flatten, next_help_heading = "Checkpoints")]
    pub(crate) checkpoints: CheckpointOptions,
}

/// What is trained.
#[derive(Debug, Clone, Args)]
struct ModelOptions {
    /// Which net to train [default: mnist-mlp].
    #[arg(long, short, value_enum, value_name = "NAME")]
    model: Option<ModelName>,

    /// Recommended settings. fast reaches 98 % on MNIST after about a second of training on a CPU; options you
    /// give take precedence. accurate and record are fixed recipes for handwritten digits, 30 minutes
    /// for a net 784-1000-500-10 and ten hours for a larger one; --minutes or --epochs changes how long. For
    /// mnist-mlp only.
    #[arg(long, value_enum, value_name = "NAME", conflicts_with = "resume")]
    preset: Option<Preset>,

    /// Units of each hidden layer, separated by commas, each at least 1, or none for softmax regression
    /// [default: mnist-mlp 256,128; xor-net 4]. xor-net has one hidden layer, linear-regression has none.
    #[arg(long, allow_negative_numbers = true, value_name = "UNITS")]
    hidden: Option<HiddenUnits>,

    /// Activation of the hidden layers [default: mnist-mlp relu; xor-net sigmoid]. Not for
    /// linear-regression.
    #[arg(long, value_parser = activation(), value_name = "NAME")]
    activation: Option<Activation>,

    /// Start from the weights of a run folder or of a file, or from "pretrained", the bundled net, instead
    /// of random ones. Model, hidden layers and activation are those of the weights; the data must have
    /// images of their size, and their classes.
    #[arg(long, value_name = "RUN|FILE", conflicts_with = "resume")]
    init: Option<PathBuf>,

    /// Draw the last layer of these weights again, for data with other classes.
    #[arg(long, requires = "init")]
    new_head: bool,

    /// Factor γ of the penalty γ/2 ‖W‖² on the weights, not the bias, in the loss over the whole
    /// training set, 0 or more [default: 0]. For linear-regression only.
    #[arg(long, allow_negative_numbers = true, value_parser = non_negative, value_name = "FACTOR")]
    ridge: Option<f64>,
}

/// What computes, and how it is checked.
#[derive(Debug, Clone, Args)]
struct ComputationOptions {
    /// Where to compute: ndarray and flex use the CPU, wgpu a graphics adapter [default: the first of
    /// these that is compiled in]; remote the device of a `trainer worker` (with the feature remote).
    #[arg(long, short, value_parser = any_backend(), value_name = "NAME")]
    backend: Option<Backend>,

    #[command(flatten)]
    device: DeviceOption,

    #[command(flatten)]
    remote: RemoteOptions,

    /// Where gradients come from: Burn's autodiff, or the hand-derived formulas; fused takes whole steps
    /// by these, on a CPU [default: autodiff].
    #[arg(long, value_enum, value_name = "NAME")]
    engine: Option<Engine>,

    /// CPU threads. Results repeat bit for bit only with the same number; with --engine fused, with any
    /// [default: one per core, with at least 32 rows of a batch each]. From 1 to 1024. Not for wgpu and remote.
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    threads: Option<usize>,

    /// At the first step and every Nth after it, compare the formulas' gradients with autodiff and with
    /// finite differences on the batch of that step; if they disagree, the run ends with exit code 1
    /// [default: never].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    check_gradients: Option<usize>,
}

/// Optimisation.
#[derive(Debug, Clone, Args)]
struct OptimisationOptions {
    /// Passes over the training set, at least 1 [default: mnist-mlp 6, or 15 with a constant or step
    /// schedule; linear-regression 15; xor-net 2000].
    #[arg(long, short, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    epochs: Option<usize>,

    /// Choose the number of epochs by the time that they take here, in minutes, evaluation included; it is
    /// measured before the run. Not together with --epochs.
    #[arg(long, allow_negative_numbers = true, value_parser = minutes, value_name = "MINUTES")]
    minutes: Option<f64>,

    /// On several ranks: each takes K steps on its own rows, then parameters and optimizer are averaged, for slow
    /// networks [default: the ranks add up their gradients in every step]. For mnist-mlp only; not together with
    /// --average.
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "K")]
    average_every: Option<usize>,

    /// Rows per step, at least 1; the last batch of an epoch may be shorter [default: mnist-mlp 128;
    /// xor-net 4; linear-regression 1000].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "ROWS")]
    batch_size: Option<usize>,

    /// Learning rate, greater than 0 [default: mnist-mlp sgd 0.3, momentum 0.15, adam 0.003, or a third of
    /// that with a constant or step schedule; xor-net sgd 2, momentum 0.5, adam 0.05; linear-regression, whose loss is a sum over the ROWS of a batch,
    /// sgd 0.02/ROWS, momentum 0.005/ROWS, adam 0.001; nesterov as momentum, adamw as adam].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    learning_rate: Option<f64>,

    /// Learning-rate schedule over the steps of the run [default: mnist-mlp linear; others constant].
    #[arg(long, value_enum, value_name = "NAME")]
    schedule: Option<ScheduleName>,

    /// How long the learning rate first rises in equal steps: in epochs (2, or 0.5), or in steps
    /// (300steps); 0 for no warm-up; the schedule starts after it [default: mnist-mlp 0.5, or 0 with a
    /// constant or step schedule; others 0].
    #[arg(long, allow_negative_numbers = true, value_name = "LENGTH")]
    warm_up: Option<WarmUp>,

    /// Update rule [default: momentum].
    #[arg(long, value_enum, value_name = "NAME")]
    optimizer: Option<OptimizerName>,

    /// Factor of the L2 penalty added to every gradient, 0 or more [default: 0]. Not for
    /// linear-regression, which has --ridge.
    #[arg(long, allow_negative_numbers = true, value_parser = non_negative, value_name = "FACTOR")]
    weight_decay: Option<f64>,

    /// Largest norm of the whole gradient, greater than 0: a longer gradient is scaled down to it before
    /// the update [default: no limit].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "NORM")]
    clip_norm: Option<f64>,

    /// Share ε of the targets that the training loss spreads over all classes, from 0 to below 1
    /// [default: 0]. Validation and test loss stay plain. For mnist-mlp only.
    #[arg(long, allow_negative_numbers = true, value_parser = share, value_name = "SHARE")]
    label_smoothing: Option<f64>,

    /// Dropout: the probability that a unit of a hidden layer is left out of a row's training step, from 0 to below
    /// 1; those that stay count 1/(1 - P) times. Evaluation and predictions have no dropout [default: 0]. Not for
    /// linear-regression.
    #[arg(long, allow_negative_numbers = true, value_parser = share, value_name = "P")]
    dropout: Option<f64>,

    /// Dropout of the inputs, as --dropout of hidden layers [default: 0]. For mnist-mlp only.
    #[arg(long, allow_negative_numbers = true, value_parser = share, value_name = "P")]
    dropout_input: Option<f64>,

    /// Average the weights over the steps, with a memory of this many epochs, and make the average the result.
    /// Both are evaluated on the validation set [default: no average; 1 if no number is given].
    #[arg(long, allow_negative_numbers = true, num_args = 0..=1, default_missing_value = "1", value_parser = positive, value_name = "EPOCHS")]
    average: Option<f64>,

    /// Stop after this many epochs without a better validation loss (training loss if there is no
    /// validation set), at least 1; the weights of the best epoch are the result [default: never].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "EPOCHS")]
    early_stop: Option<usize>,

    /// Seed of initial weights, validation set, batch order, distortions and dropout; a whole number from 0 [default: 0].
    #[arg(long, short, allow_negative_numbers = true, value_parser = parse_seed, value_name = "N")]
    seed: Option<u64>,
}

/// Data.
#[derive(Debug, Clone, Args)]
struct DataOptions {
    /// Data set: a folder of images per class, also within train, val and test; IDX files of MNIST, EMNIST
    /// or QMNIST; CSV; .npz or .npy arrays. A folder, a file, or the start of the names of several files
    /// [default: the bundled MNIST]. Not for xor-net.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    images: ImageOptions,

    #[command(flatten)]
    augment: AugmentOptions,

    /// Leave out images that cannot be read, and list them, instead of refusing the folder. Not for
    /// xor-net.
    #[arg(long)]
    skip_bad: bool,

    /// Leave the training and validation images in their IDX file, which may be larger than memory, and read the rows of
    /// each batch from it. The file must not be compressed, and the data must have a test set. Not for xor-net.
    #[arg(long)]
    data_in_file: bool,

    /// Share of the training set kept for validation, greater than 0 and less than 1 [default:
    /// mnist-mlp 1/12; linear-regression none]. Not for xor-net, which learns its whole truth table.
    #[arg(long, allow_negative_numbers = true, value_parser = proper_fraction, value_name = "SHARE")]
    validation_fraction: Option<f64>,
}

/// Output.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputOptions {
    /// Folder for the run folders; created if missing.
    #[arg(long, default_value = "runs", value_name = "FOLDER")]
    pub(crate) out_dir: PathBuf,

    /// Name of the run folder [default: TIME-MODEL-BACKEND-ENGINE, in UTC]. If it exists, a number is
    /// added.
    #[arg(long, value_parser = run_name, value_name = "NAME")]
    pub(crate) run_name: Option<String>,

    /// Test accuracy below which the exit code is 1, as a fraction from 0 to 1.
    #[arg(long, allow_negative_numbers = true, value_parser = fraction, value_name = "SHARE")]
    min_accuracy: Option<f64>,

    /// Report every Nth epoch and the last, at least 1 [default: mnist-mlp and linear-regression 1;
    /// xor-net 200]. The run folder's metrics have the same lines.
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    log_every: Option<usize>,

    /// Take one batch through the whole training step, print shapes and memory, and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    pub(crate) format: Format,

    /// Print only the results: no progress, no warnings, no epoch lines.
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// What a run knows of the sweep that it is part of, and that shows its results.
    #[arg(skip)]
    pub(super) part: Option<Part>,
}

/// Checkpoints.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckpointOptions {
    /// Make a checkpoint after every Nth epoch and the last, at least 1 [default: mnist-mlp and
    /// linear-regression 1; xor-net as --log-every].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    checkpoint_every: Option<usize>,

    /// How many of the last checkpoints to keep, at least 1, in addition to the one with the best loss
    /// [default: 2].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "K")]
    keep_checkpoints: Option<usize>,

    /// Resume the run in this folder from its newest checkpoint; the numbers are those of an
    /// uninterrupted run. Only --epochs, --log-every, --min-accuracy, --data-dir, --data-in-file, --class-map,
    /// --skip-bad and --device may change, --threads with the fused engine, --url and --token-file, and the number of
    /// ranks; every other option must be as at the start of the run.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out_dir", "run_name", "dry_run"])]
    pub(crate) resume: Option<PathBuf>,
}

impl OutputOptions {
    /// Where a run shows its results.
    pub(crate) fn console(&self) -> Console {
        if self.part.is_some() || !speaks() {
            Console::silent()
        } else {
            Console::new(self.format, self.quiet)
        }
    }
}

impl TrainOptions {
    /// The graphics adapter for a run on this backend, if it is not the preferred one: the chosen one, or of
    /// several processes on this machine, by the number of this one, each its own.
    pub(crate) fn device(&self, backend: Backend, process: Option<usize>) -> Option<usize> {
        let process = process.filter(|_| backend == Backend::Wgpu);
        let chosen = self.computation.device.device;
        chosen.or_else(|| adapter_of_process(process?))
    }

    /// Which worker computes, if one does.
    pub(crate) fn remote(&self) -> &RemoteOptions {
        &self.computation.remote
    }

    /// The choices.
    pub(crate) fn choices(&self) -> Choices {
        let Self {
            net,
            computation,
            optimisation,
            data,
            output,
            checkpoints,
        } = self;
        Choices {
            model: net.model,
            backend: computation.backend,
            engine: computation.engine,
            preset: net.preset,
            hidden: net.hidden.clone().map(|HiddenUnits(units)| units),
            init: net.init.clone(),
            new_head: net.new_head,
            activation: net.activation,
            ridge: net.ridge,
            epochs: optimisation.epochs,
            batch_size: optimisation.batch_size,
            threads: computation.threads,
            learning_rate: optimisation.learning_rate,
            schedule: optimisation.schedule,
            warm_up: optimisation.warm_up,
            optimizer: optimisation.optimizer,
            weight_decay: optimisation.weight_decay,
            clip_norm: optimisation.clip_norm,
            average_every: optimisation.average_every,
            label_smoothing: optimisation.label_smoothing,
            dropout: optimisation.dropout,
            dropout_input: optimisation.dropout_input,
            average: optimisation.average,
            minutes: optimisation.minutes,
            augment: data.augment.augment,
            augment_strength: data.augment.augment_strength,
            augment_rotation: data
                .augment
                .augment_rotation
                .clone()
                .map(|ClassShares(shares)| shares),
            seed: optimisation.seed,
            data_dir: data.data_dir.clone(),
            class_map: data.images.class_map.clone(),
            skip_bad: data.skip_bad,
            data_in_file: data.data_in_file,
            images: data.images.images,
            image_size: data.images.image_size,
            validation_fraction: data.validation_fraction,
            min_accuracy: output.min_accuracy,
            log_every: output.log_every,
            checkpoint_every: checkpoints.checkpoint_every,
            keep_checkpoints: checkpoints.keep_checkpoints,
            early_stop: optimisation.early_stop,
            check_gradients: computation.check_gradients,
        }
    }
}

/// Minutes of a run: more than none, and at most a year.
fn minutes(text: &str) -> Result<f64, String> {
    let minutes = positive(text)?;
    if minutes > MOST_MINUTES {
        return Err(format!("expected at most {MOST_MINUTES}, which is a year"));
    }
    Ok(minutes)
}

/// A year.
const MOST_MINUTES: f64 = 525_600.0;

/// A name of a run's folder. Letters of every script are allowed; what a shell or another system would
/// take as something else is not.
fn run_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| match c {
        // Invisible marks that change the direction of a text, or nothing at all.
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => false,
        '\u{2060}'..='\u{206f}' | '\u{feff}' => false,
        _ if c.is_ascii() => c.is_alphanumeric() || matches!(c, '-' | '_' | '.'),
        _ => !c.is_whitespace() && !c.is_control(),
    };
    if text.len() > LONGEST_RUN_NAME {
        return Err(format!(
            "a folder's name has at most {LONGEST_RUN_NAME} bytes here, this one has {}; choose a \
             shorter one",
            text.len()
        ));
    }
    if text.is_empty() || !text.chars().all(is_plain) || text.starts_with('.') {
        return Err("expected letters, digits, '-', '_' or '.', not starting with '.'".to_owned());
    }
    Ok(text.to_owned())
}

/// In bytes; file systems allow 255, and a number may follow.
const LONGEST_RUN_NAME: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_name_is_a_plain_file_name() {
        for good in [
            "a-1_b.c",
            "größer",
            "Über-1",
            "e\u{301}tude",
            "試し",
            "тест",
            "हिन्दी",
        ] {
            assert_eq!(run_name(good), Ok(good.to_owned()));
        }
        for bad in [
            "",
            "..",
            "a/b",
            ".hidden",
            "a b",
            "a\n",
            "a*",
            "a\u{202e}b",
            "a;b",
        ] {
            assert!(run_name(bad).is_err(), "{bad}");
        }
        assert!(run_name(&"n".repeat(200)).is_ok());
        for long in ["n".repeat(300), "ü".repeat(101)] {
            let error = run_name(&long).expect_err("too long");
            assert!(error.contains("at most 200 bytes"), "{error}");
        }
    }
}
