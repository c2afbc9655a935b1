//! Lessons: each walks through one part of the lecture with real numbers, and leaves its figures
//! and a page that puts formula, numbers and figures together.

mod chain_rule;
mod computational_graph;
mod functions;
mod gradient_descent;
mod layer_rules;
mod linear_regression;
mod mnist;
mod scalar_net;
mod softmax_cross_entropy;
mod universal_approximation;
pub(crate) mod xor;

use std::fmt;
use std::path::PathBuf;

use anyhow::Result;
use backends::{Backend, Opened};
use burn::tensor::{DType, Device, Tensor, TensorData};
use clap::{Args, CommandFactory, Parser, Subcommand};
use serde::Serialize;

use crate::Exit;
use crate::cli::{Format, backend};
use crate::output::{Console, complain};
use crate::pages::page::{Folder, Page};

/// Options of `lesson`.
#[derive(Debug, Args)]
pub(crate) struct LessonOptions {
    /// The lesson; without one, list them.
    #[command(subcommand)]
    lesson: Option<Lesson>,
}

/// The lessons, in the order of the lecture's ideas.
#[derive(Debug, Subcommand)]
enum Lesson {
    /// L13: gradient descent on a bowl and in a narrow valley, with momentum and line search.
    GradientDescent(gradient_descent::Options),
    /// L14, L15, L1: the chain rule by hand, on a function of four variables and on a composition.
    ChainRule(chain_rule::Options),
    /// L10, L11, L2: the rules of a layer, derived and computed element by element.
    LayerRules(layer_rules::Options),
    /// L8: softmax and cross-entropy, each alone, in a row, and in one; a batch's mean.
    SoftmaxCrossEntropy(softmax_cross_entropy::Options),
    /// L5: a net of single numbers, forward and backward, every step by hand.
    ScalarNet(scalar_net::Options),
    /// L3, L4, L17: the XOR net, forward, backward, and what training makes of it.
    Xor(xor::Options),
    /// L12: linear regression on MNIST, by gradient descent and exactly, with a ridge term.
    LinearRegression(linear_regression::Options),
    /// L7, L9, L17: the MNIST net, a step by hand, a short training run, and what it has learnt.
    Mnist(mnist::Options),
    /// L1, L6: nets and functions as graphs that draw themselves; a value that is used twice.
    ComputationalGraph(computational_graph::Options),
    /// L16: one hidden layer approximates any function, by computed weights and by training.
    UniversalApproximation(universal_approximation::Options),
}

impl Lesson {
    fn teacher(&self) -> &dyn Teach {
        match self {
            Self::GradientDescent(options) => options,
            Self::ChainRule(options) => options,
            Self::LayerRules(options) => options,
            Self::SoftmaxCrossEntropy(options) => options,
            Self::ScalarNet(options) => options,
            Self::Xor(options) => options,
            Self::LinearRegression(options) => options,
            Self::Mnist(options) => options,
            Self::ComputationalGraph(options) => options,
            Self::UniversalApproximation(options) => options,
        }
    }
}

/// Options of every lesson.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Folder for the results; the lesson's page and figures go to a folder of its name in there.
    #[arg(long, default_value = "lessons", value_name = "FOLDER")]
    out_dir: PathBuf,

    /// Where to compute: ndarray and flex are the processor, wgpu the graphics card.
    #[arg(long, default_value = "ndarray", value_parser = backend(), value_name = "NAME")]
    backend: Backend,

    /// Decides everything that is drawn at random; any whole number from 0.
    #[arg(
        long,
        allow_negative_numbers = true,
        default_value_t = 0,
        value_name = "N"
    )]
    seed: u64,

    /// Form of the walk-through on standard output: text, or JSON in one object.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,

    /// Do not print the walk-through, only where the page is.
    #[arg(long, short)]
    quiet: bool,
}

/// Most steps of a training in a lesson, and most passes over a data set: what they leave is kept to
/// be drawn, and a lesson is to end.
const MOST_STEPS: usize = 1_000_000;
const MOST_EPOCHS: usize = 1000;

/// A number of steps of a training.
fn training_steps(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_STEPS)
}

/// A number of passes over a data set.
fn epochs(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_EPOCHS)
}

/// A whole number of this range, both ends included.
fn between(text: &str, least: usize, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("expected a whole number from {least} to {most}"))
}

/// What a lesson computes on.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) opened: Opened,
    /// The widest float type of the device.
    pub(crate) dtype: DType,
    pub(crate) seed: u64,
}

impl Room {
    /// Device and dtype, as Burn takes them to make a tensor.
    pub(crate) fn float(&self) -> (&Device, DType) {
        (&self.opened.device, self.dtype)
    }

    /// A matrix of these numbers, row by row.
    pub(crate) fn matrix(&self, dims: [usize; 2], values: Vec<f64>) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values, dims), self.float())
    }
}

/// A lesson with its options.
pub(crate) trait Teach {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it has in common with the others.
    fn common(&self) -> &Common;

    /// Computes all numbers and figures.
    ///
    /// # Errors
    ///
    /// If an option does not fit, or the data or the device fails; [`Negative`] if the lesson ran
    /// and its numbers are worth nothing.
    fn teach(&self, room: &Room) -> Result<Page>;
}

/// Why the numbers of a lesson that ran are worth nothing: the exit code is 1 then.
#[derive(Debug)]
pub(crate) struct Negative(pub(crate) String);

impl fmt::Display for Negative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Negative {}

/// A lesson as one object of JSON.
#[derive(Debug, Serialize)]
struct Told<'a> {
    event: &'static str,
    lesson: &'a str,
    backend: &'a str,
    device: String,
    dtype: &'static str,
    seed: u64,
    file: String,
    page: Page,
}

/// Gives the lesson that was asked for, or lists them all.
///
/// # Errors
///
/// If the backend cannot run, an option does not fit, or the folder cannot be written.
pub(crate) fn run(options: &LessonOptions) -> Result<Exit> {
    let Some(lesson) = &options.lesson else {
        Console::new(Format::Text, false).print(&list())?;
        return Ok(Exit::Success);
    };
    let lesson = lesson.teacher();
    let common = lesson.common();
    let folder = Folder::make(common.out_dir.join(lesson.name()))?;
    let opened = common.backend.open()?;
    let dtype = widest(&opened);
    let room = Room {
        opened,
        dtype,
        seed: common.seed,
    };
    let page = match lesson.teach(&room) {
        Ok(page) => page,
        Err(error) => {
            let negative = error.downcast::<Negative>()?;
            complain(format_args!("error: {negative}"));
            return Ok(Exit::Negative);
        }
    };
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let command = arguments.collect::<Vec<_>>().join(" ");
    let file = page.write(folder.path(), &format!("trainer {command}"))?;
    let mut console = Console::new(common.format, common.quiet);
    match common.format {
        Format::Text if common.quiet => console.print(&file.display().to_string())?,
        Format::Text => {
            console.print(&format!("{}\npage: {}", page.to_text(), file.display()))?;
        }
        Format::Json => console.print(&serde_json::to_string(&Told {
            event: "lesson",
            lesson: lesson.name(),
            backend: common.backend.name(),
            device: room.opened.description(),
            dtype: room.dtype.name(),
            seed: common.seed,
            file: file.display().to_string(),
            page: page.without_pictures(),
        })?)?,
    }
    Ok(Exit::Success)
}

fn widest(opened: &Opened) -> DType {
    let dtypes = opened.float_dtypes();
    match dtypes.contains(&DType::F64) {
        true => DType::F64,
        false => DType::F32,
    }
}

/// Name and content of every lesson, a line each.
fn list() -> String {
    /// The lessons as clap knows them.
    #[derive(Parser)]
    struct Lessons {
        #[command(subcommand)]
        _lesson: Lesson,
    }
    let command = Lessons::command();
    let lines = command.get_subcommands().map(|lesson| {
        let about = lesson.get_about().map(ToString::to_string);
        format!("{:<24} {}", lesson.get_name(), about.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lesson_is_listed_with_its_item() {
        for line in list().lines() {
            let (_, about) = line.split_once(" L").expect("an item of the lecture");
            assert!(about.starts_with(|c: char| c.is_ascii_digit()), "{line}");
        }
    }
}
