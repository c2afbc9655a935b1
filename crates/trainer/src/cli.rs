//! The command line: what can be asked for, and in which units and ranges.

use std::path::PathBuf;

use backends::Backend;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use layers::Activation;

use crate::about::CompletionsOptions;
use crate::bench::BenchOptions;
use crate::eval::EvalOptions;
use crate::exchange::{ExportOptions, ImportOptions};
use crate::inspect::InspectOptions;
use crate::lessons::LessonOptions;
use crate::predict::PredictOptions;
use crate::report::ReportOptions;
use crate::runs::RunsOptions;
use crate::schedule::WarmUp;

/// Train the lecture's nets on real data, on the processor or on a graphics card.
#[derive(Debug, Parser)]
#[command(
    name = "trainer",
    version,
    long_version = crate::about::long_version(),
    args_conflicts_with_subcommands = true,
    help_expected = true,
    after_help = "Exit codes: 0 success; 1 the loss is not finite, the accuracy is below \
                  --min-accuracy, or --check-gradients found a disagreement; 2 it could not run; \
                  130 interrupted."
)]
pub(crate) struct Cli {
    /// What to do; without a subcommand, train.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) options: TrainOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a net (the same as no subcommand).
    Train(Box<TrainOptions>),
    /// List each backend: whether it can run here, on what device, with which float types.
    Backends(BackendsOptions),
    /// Walk through a part of the lecture: real numbers, figures and a page.
    Lesson(Box<LessonOptions>),
    /// Measure the speed of training, in turns and beside other frameworks.
    Bench(Box<BenchOptions>),
    /// Judge a trained net by a test set: loss, accuracy, confusion matrix, figures of each class.
    Eval(EvalOptions),
    /// Say which class a trained net sees in images of your own.
    Predict(PredictOptions),
    /// Say what a data set holds: classes, sizes, duplicates, a sheet of samples.
    Inspect(InspectOptions),
    /// Write a page about a run, or one that compares several.
    Report(ReportOptions),
    /// List the runs of a folder: when, what, how far, how good.
    Runs(RunsOptions),
    /// Write weights for another program: safetensors, PyTorch, ONNX, or Burn's own form.
    Export(ExportOptions),
    /// Make a run folder of weights from elsewhere: safetensors, PyTorch, or Burn's own form.
    Import(ImportOptions),
    /// Print the script that has a shell complete this program's command line.
    Completions(CompletionsOptions),
    /// Print a page of all commands for man: trainer man | man -l -
    Man,
}

/// Options of `backends`.
#[derive(Debug, Args)]
pub(crate) struct BackendsOptions {
    /// Form of the list: text, or JSON with one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    pub(crate) format: Format,
}

/// Options of a training run. Those without a value here depend on the model; see `settings`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TrainOptions {
    /// Where to compute: ndarray and flex are the processor, wgpu the graphics card [default:
    /// ndarray].
    #[arg(long, value_parser = backend(), value_name = "NAME")]
    pub(crate) backend: Option<Backend>,

    /// Which net to train [default: mnist-mlp].
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) model: Option<ModelName>,

    /// Where gradients come from: Burn's autodiff, or the formulas derived by hand [default:
    /// autodiff].
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) engine: Option<Engine>,

    /// Options that go well together, each where it is not given: fast is the shortest way to 98 % of
    /// MNIST's test images on a processor. For mnist-mlp only.
    #[arg(long, value_enum, value_name = "NAME", conflicts_with = "resume")]
    pub(crate) preset: Option<Preset>,

    /// Units of each hidden layer, separated by commas, each at least 1; the XOR net has one
    /// hidden layer, linear regression has none [default: mnist-mlp 256,128; xor-net 4].
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true, value_parser = at_least_one, value_name = "UNITS")]
    pub(crate) hidden: Option<Vec<usize>>,

    /// Activation of the hidden layers [default: mnist-mlp relu; xor-net sigmoid]. Not for
    /// linear-regression.
    #[arg(long, value_parser = activation(), value_name = "NAME")]
    pub(crate) activation: Option<Activation>,

    /// Factor γ of the penalty γ/2 ‖W‖² on the weights, but not the bias, in the loss over the
    /// whole training set, 0 or more [default: 0]. For linear-regression only.
    #[arg(long, allow_negative_numbers = true, value_parser = non_negative, value_name = "FACTOR")]
    pub(crate) ridge: Option<f64>,

    /// Passes over the training set, at least 1 [default: mnist-mlp and linear-regression 15;
    /// xor-net 2000].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    pub(crate) epochs: Option<usize>,

    /// Rows per step, at least 1; the last, shorter batch of an epoch is used too [default:
    /// mnist-mlp 128; xor-net 4; linear-regression 1000].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "ROWS")]
    pub(crate) batch_size: Option<usize>,

    /// Threads of the processor that share the rows of each step, at least 1; their number decides
    /// the last bits of the results [default: as many as the processor has cores, as long as each
    /// has 32 rows]. Not for wgpu.
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// Step length, greater than 0 [default: mnist-mlp sgd 0.1, momentum 0.05, adam 0.001;
    /// xor-net sgd 2, momentum 0.5, adam 0.05; linear-regression, whose loss is a sum over the ROWS
    /// of a batch, sgd 0.02/ROWS, momentum 0.005/ROWS, adam 0.001].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    pub(crate) learning_rate: Option<f64>,

    /// How the learning rate changes over the steps of the run [default: constant].
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) schedule: Option<ScheduleName>,

    /// How long the learning rate first rises in equal steps, in epochs (2, or 0.5), or in steps
    /// (300steps); the schedule begins after it [default: no warm-up].
    #[arg(long, allow_negative_numbers = true, value_name = "LENGTH")]
    pub(crate) warm_up: Option<WarmUp>,

    /// Update rule [default: momentum].
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) optimizer: Option<OptimizerName>,

    /// Factor of the L2 penalty added to every gradient, 0 or more [default: 0]. Not for
    /// linear-regression, which has --ridge.
    #[arg(long, allow_negative_numbers = true, value_parser = non_negative, value_name = "FACTOR")]
    pub(crate) weight_decay: Option<f64>,

    /// Largest norm of all gradients taken as one vector, greater than 0: longer ones are
    /// shortened to it, before the update rule sees them [default: no limit].
    #[arg(long, allow_negative_numbers = true, value_parser = positive, value_name = "NORM")]
    pub(crate) clip_norm: Option<f64>,

    /// Share ε of the targets that the training loss spreads over all classes, from 0 to below 1
    /// [default: 0]. Validation and test keep the plain loss. For mnist-mlp only.
    #[arg(long, allow_negative_numbers = true, value_parser = share, value_name = "SHARE")]
    pub(crate) label_smoothing: Option<f64>,

    /// Decides initial weights, validation set and batch order; any whole number from 0 [default:
    /// 0].
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Folder with four IDX files in MNIST's form, plain or gzip, or with a folder of images (PNG,
    /// JPEG, BMP) for each class, which become 28x28 like MNIST's [default: MNIST as it comes with
    /// this project]. Not for xor-net.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Share of the training set that is kept for validation, greater than 0 and less than 1
    /// [default: mnist-mlp 1/12; linear-regression none]. Not for xor-net, whose truth table is all
    /// there is.
    #[arg(long, allow_negative_numbers = true, value_parser = proper_fraction, value_name = "SHARE")]
    pub(crate) validation_fraction: Option<f64>,

    /// Folder that holds the run folders; made if missing.
    #[arg(long, default_value = "runs", value_name = "FOLDER")]
    pub(crate) out_dir: PathBuf,

    /// Name of the run folder [default: TIME-MODEL-BACKEND-ENGINE, in UTC]. A number is added
    /// if it exists.
    #[arg(long, value_parser = run_name, value_name = "NAME")]
    pub(crate) run_name: Option<String>,

    /// Accuracy on the test set below which the exit code is 1, as a fraction from 0 to 1.
    #[arg(long, allow_negative_numbers = true, value_parser = fraction, value_name = "SHARE")]
    pub(crate) min_accuracy: Option<f64>,

    /// Print every Nth epoch, and the last, at least 1 [default: mnist-mlp and linear-regression 1;
    /// xor-net 200]. The run folder's metrics hold the same lines.
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    pub(crate) log_every: Option<usize>,

    /// Make a checkpoint after every Nth epoch, and the last, at least 1 [default: mnist-mlp and
    /// linear-regression 1; xor-net as --log-every].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    pub(crate) checkpoint_every: Option<usize>,

    /// How many of the last checkpoints are kept, at least 1, beside the one with the best loss
    /// [default: 2].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "K")]
    pub(crate) keep_checkpoints: Option<usize>,

    /// Go on with the run in this folder from its newest checkpoint, to the same numbers as if it
    /// had never been stopped. --epochs, --log-every, --min-accuracy and --data-dir may be given
    /// anew; any other option must be what the run was begun with.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out_dir", "run_name", "dry_run"])]
    pub(crate) resume: Option<PathBuf>,

    /// End the run after so many epochs without a better loss on the validation set (on the
    /// training set where there is none), at least 1; the weights of the best epoch are the result
    /// [default: never].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "EPOCHS")]
    pub(crate) early_stop: Option<usize>,

    /// At the first step and every Nth after it, hold the formulas' gradients against autodiff's
    /// and against finite differences on the batch of that step; the run ends with exit code 1 if
    /// they disagree [default: never].
    #[arg(long, allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    pub(crate) check_gradients: Option<usize>,

    /// Take one batch through everything, say shapes, sizes and memory, and leave nothing behind.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Form of the results on standard output: text, or JSON with one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    pub(crate) format: Format,

    /// Print only the results: no progress, no warnings, no epoch lines.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// The nets that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModelName {
    /// A multi-layer perceptron on MNIST-shaped images (lecture item L7).
    MnistMlp,
    /// One hidden layer on the truth table of the exclusive or (lecture item L3).
    XorNet,
    /// One affine map on MNIST-shaped images, with its exact solution beside it (lecture item L12).
    LinearRegression,
}

/// Options that go well together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preset {
    /// --backend flex --engine manual --epochs 6 --learning-rate 0.15 --schedule linear --warm-up 0.5
    Fast,
}

/// Where gradients come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Burn's autodiff.
    Autodiff,
    /// The formulas derived by hand.
    Manual,
}

/// Update rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OptimizerName {
    /// θ ← θ - α δθ.
    Sgd,
    /// v ← 0.9 v + δθ; θ ← θ - α v.
    Momentum,
    /// Adam with β1 0.9, β2 0.999, ε 1e-8.
    Adam,
}

/// How the learning rate changes over a run; with a warm-up, after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScheduleName {
    /// It stays.
    Constant,
    /// Half a cosine, down to 0 at the end.
    Cosine,
    /// A straight line, down to 0 at the end.
    Linear,
    /// A tenth after a third of the steps, a hundredth after two thirds.
    Step,
}

impl ScheduleName {
    /// Whether another number of epochs would change the rates of all steps.
    pub(crate) fn depends_on_length(self) -> bool {
        self != Self::Constant
    }
}

/// Form of the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// The name by which a value is chosen on the command line.
pub(crate) fn value_name(value: impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

pub(crate) fn backend() -> impl TypedValueParser<Value = Backend> {
    PossibleValuesParser::new(Backend::ALL.map(Backend::name)).try_map(|name| name.parse())
}

pub(crate) fn activation() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name)).try_map(|name| name.parse())
}

pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

fn number(text: &str, expected: &str, legal: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|&number: &f64| number.is_finite() && legal(number))
        .ok_or_else(|| format!("expected {expected}"))
}

/// Any number that is not NaN and not infinite.
pub(crate) fn finite(text: &str) -> Result<f64, String> {
    number(text, "a number", |_| true)
}

pub(crate) fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number greater than 0", |number| number > 0.0)
}

pub(crate) fn non_negative(text: &str) -> Result<f64, String> {
    number(text, "a number from 0", |number| number >= 0.0)
}

fn fraction(text: &str) -> Result<f64, String> {
    number(text, "a fraction from 0 to 1, for example 0.98", |number| {
        (0.0..=1.0).contains(&number)
    })
}

fn share(text: &str) -> Result<f64, String> {
    let expected = "a share from 0 to below 1, for example 0.1";
    number(text, expected, |number| (0.0..1.0).contains(&number))
}

fn proper_fraction(text: &str) -> Result<f64, String> {
    let expected = "a fraction greater than 0 and less than 1, for example 0.1";
    number(text, expected, |number| number > 0.0 && number < 1.0)
}

fn run_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.chars().all(plain) && !text.starts_with('.') {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, '-', '_' or '.', not starting with '.'".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for bad in ["nan", "inf", "0", "-1", "x", ""] {
            assert!(positive(bad).is_err(), "{bad}");
        }
        for bad in ["-0.1", "1.1", "nan", "98%"] {
            assert!(fraction(bad).is_err(), "{bad}");
        }
        for bad in ["0", "-1", "1.5", ""] {
            assert!(at_least_one(bad).is_err(), "{bad}");
        }
        for bad in ["", "..", "a/b", ".hidden"] {
            assert!(run_name(bad).is_err(), "{bad}");
        }
    }
}
