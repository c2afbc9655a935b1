//! `trainer`: trains the lecture's nets on real data, on any backend, by either engine.

mod cli;
mod examples;
mod net;
mod output;
mod run_folder;
mod settings;
mod training;

use std::any::Any;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use backends::{Backend, Hardware, Opened};
use burn::tensor::{Int, Tensor};
use datasets::Mnist;
use mnist_mlp::MnistMlpConfig;
use xor_net::XorNetConfig;

use cli::{Cli, Command, Format, ModelName, TrainOptions, value_name};
use examples::{Examples, Splits};
use net::Net;
use output::{BackendLine, Console, Event, Start};
use run_folder::RunFolder;
use settings::Settings;
use training::{Outcome, Run};

/// Why the program ends, as its exit code tells.
#[derive(Debug, Clone, Copy)]
enum Exit {
    Success = 0,
    /// It ran, and the verdict is negative.
    Negative = 1,
    /// It could not run.
    Failure = 2,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

fn main() -> ExitCode {
    let cli = cli::parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let exit = match panic::catch_unwind(|| run(cli)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(error)) => {
            eprintln!("error: {error:#}");
            Exit::Failure
        }
        Err(payload) => {
            eprintln!("{}", defect(payload.as_ref()));
            Exit::Failure
        }
    };
    exit.into()
}

fn defect(payload: &(dyn Any + Send)) -> String {
    let what = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    format!(
        "error: a defect in this program: {what}; please report it with the command that you ran"
    )
}

fn run(cli: Cli) -> Result<Exit> {
    match cli.command {
        None => train(&cli.options),
        Some(Command::Train(options)) => train(&options),
        Some(Command::Backends(options)) => list_backends(options.format),
    }
}

fn list_backends(format: Format) -> Result<Exit> {
    let mut console = Console::new(format, false);
    for backend in Backend::ALL {
        let opened = backend.open();
        console.say(&Event::Backend(BackendLine {
            backend: backend.name().to_owned(),
            available: opened.is_ok(),
            device: opened.as_ref().ok().map(|opened| opened.name.clone()),
            driver: opened.as_ref().ok().and_then(|opened| opened.driver.clone()),
            software: opened
                .as_ref()
                .ok()
                .map(|opened| opened.hardware == Hardware::SoftwareGraphics),
            dtypes: opened.as_ref().map_or_else(
                |_| vec![],
                |opened| {
                    let dtypes = opened.float_dtypes().into_iter();
                    dtypes.map(|dtype| dtype.name().to_owned()).collect()
                },
            ),
            reason: opened.err().map(|error| error.to_string()),
        }))?;
    }
    Ok(Exit::Success)
}

fn train(options: &TrainOptions) -> Result<Exit> {
    let settings = Settings::resolve(options)?;
    let opened = options.backend.open()?;
    let mut console = Console::new(options.format, options.quiet);
    if opened.hardware == Hardware::SoftwareGraphics {
        console.note(&format!(
            "warning: {} is a software adapter: it computes rightly and slowly; flex is the \
             fastest backend on a processor",
            opened.name
        ));
    }
    let interrupt = watch_for_interrupt()?;
    match options.model {
        ModelName::MnistMlp => {
            let splits = mnist(&settings, &opened)?;
            let (inputs, classes) = (splits.inputs, splits.classes);
            let net = MnistMlpConfig::new(inputs, settings.hidden.clone(), classes)
                .with_activation(settings.activation)
                .init(settings.seed, &opened.device)?;
            let sizes = [&[inputs], &settings.hidden[..], &[classes]].concat();
            let parts = (net, sizes, splits.splits);
            start(options, &settings, &opened, &mut console, &interrupt, parts)
        }
        ModelName::XorNet => {
            let net = XorNetConfig::new()
                .with_hidden(settings.hidden[0])
                .with_activation(settings.activation)
                .init(settings.seed, &opened.device)?;
            let table = Examples::truth_table(&opened.device);
            let splits = Splits {
                training: table.clone(),
                validation: None,
                test: table,
            };
            let parts = (net, vec![2, settings.hidden[0], 1], splits);
            start(options, &settings, &opened, &mut console, &interrupt, parts)
        }
    }
}

/// Makes the run folder and trains.
fn start<N: Net>(
    options: &TrainOptions,
    settings: &Settings,
    opened: &Opened,
    console: &mut Console,
    interrupt: &AtomicBool,
    (net, sizes, splits): (N, Vec<usize>, Splits<N::Targets>),
) -> Result<Exit> {
    let engine = value_name(settings.engine);
    let name = options
        .run_name
        .clone()
        .unwrap_or_else(|| RunFolder::default_name(&settings.model, &settings.backend, &engine));
    let mut folder = RunFolder::create(&options.out_dir, &name)?;
    let device = opened.description();
    folder.write_config(settings, &device)?;
    let event = Event::Start(Start {
        model: settings.model.clone(),
        sizes,
        parameters: net.num_params(),
        activation: settings.activation.name().to_owned(),
        optimizer: value_name(settings.optimizer),
        learning_rate: settings.learning_rate,
        batch_size: settings.batch_size,
        epochs: settings.epochs,
        backend: settings.backend.clone(),
        device,
        engine,
        seed: settings.seed,
        training_rows: splits.training.len(),
        validation_rows: splits.validation.as_ref().map(Examples::len),
        test_rows: splits.test.len(),
        run_dir: folder.path().display().to_string(),
    });
    folder.record(&event)?;
    console.say(&event)?;
    let run = Run {
        settings,
        opened,
        splits: &splits,
        folder: &mut folder,
        console,
        interrupt,
    };
    Ok(match run.train(net)? {
        Outcome::NotFinite => Exit::Negative,
        Outcome::Interrupted => Exit::Interrupted,
        Outcome::Finished { test_accuracy } => match settings.min_accuracy {
            Some(wanted) if !(test_accuracy >= wanted) => {
                eprintln!("test accuracy {test_accuracy} is below --min-accuracy {wanted}");
                Exit::Negative
            }
            _ => Exit::Success,
        },
    })
}

/// MNIST-shaped data on the device, and the sizes that a net for it must have.
struct MnistSplits {
    splits: Splits<Tensor<1, Int>>,
    inputs: usize,
    classes: usize,
}

fn mnist(settings: &Settings, opened: &Opened) -> Result<MnistSplits> {
    let dir = settings.data_dir.as_ref().context("mnist-mlp has a data folder")?;
    let fraction = settings
        .validation_fraction
        .context("mnist-mlp has a validation share")?;
    let Mnist { train, test } = Mnist::load(dir)?;
    let (inputs, classes) = (train.image_size(), train.class_count());
    let (training, validation) = train.split(fraction, settings.seed)?;
    Ok(MnistSplits {
        splits: Splits {
            training: Examples::from_images(training, opened),
            validation: Some(Examples::from_images(validation, opened)),
            test: Examples::from_images(test, opened),
        },
        inputs,
        classes,
    })
}

/// The flag that the first Ctrl-C raises; the second ends the program at once.
fn watch_for_interrupt() -> Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&interrupt);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        eprintln!("interrupted: finishing this step, then saving (once more to stop at once)");
    })
    .context("cannot watch for Ctrl-C")?;
    Ok(interrupt)
}
