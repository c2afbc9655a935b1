//! A training run from its options to its exit code: device, data, net, run folder, loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use backends::{Hardware, Opened};
use burn::tensor::{Int, Tensor};
use datasets::{DataFolder, Mnist};
use linear_regression::LinearRegressionConfig;
use mnist_mlp::MnistMlpConfig;
use xor_net::XorNetConfig;

use crate::Exit;
use crate::cli::{ModelName, TrainOptions, value_name};
use crate::examples::{Examples, Splits};
use crate::inspect;
use crate::net::{Net, parameter_names};
use crate::output::{Console, Event, Start, complain};
use crate::run_folder::RunFolder;
use crate::settings::Settings;
use crate::training::{Outcome, Run};

/// What is decided before a net and its data are there.
pub(crate) struct Session<'a> {
    options: &'a TrainOptions,
    settings: Settings,
    opened: Opened,
    console: Console,
    interrupt: Arc<AtomicBool>,
    /// When the program started.
    started: Instant,
}

impl<'a> Session<'a> {
    /// Resolves the options and opens the device, before any data are loaded.
    ///
    /// # Errors
    ///
    /// If the options contradict each other or the backend cannot run.
    pub(crate) fn open(options: &'a TrainOptions, started: Instant) -> Result<Self> {
        let settings = Settings::resolve(options)?;
        let opened = options.backend.open()?;
        let console = Console::new(options.format, options.quiet);
        if opened.hardware == Hardware::SoftwareGraphics {
            console.note(&format!(
                "warning: {} is a software adapter: it computes rightly and slowly; flex is the \
                 fastest backend on a processor",
                opened.name
            ));
        }
        Ok(Self {
            options,
            settings,
            opened,
            console,
            interrupt: watch_for_interrupt()?,
            started,
        })
    }

    /// Loads the data, makes the net, trains it.
    ///
    /// # Errors
    ///
    /// If the data cannot be read, or the device or the run folder fails.
    pub(crate) fn train(self) -> Result<Exit> {
        match self.options.model {
            ModelName::MnistMlp => self.train_mnist_mlp(),
            ModelName::XorNet => self.train_xor_net(),
            ModelName::LinearRegression => self.train_linear_regression(),
        }
    }

    /// Images and classes on the device, with the size of an image and the number of classes; the
    /// names of the classes, where folders name them, become part of the settings.
    fn load_images(&mut self) -> Result<(Splits<Tensor<1, Int>>, [usize; 2])> {
        let dir = self.settings.data_dir.as_ref();
        let data = DataFolder::load(dir.context("the model has a data folder")?)?;
        if let Some(images) = &data.image_folder {
            self.console.note(&inspect::describe(images));
            self.settings.class_names = data.class_names;
        }
        let Mnist { train, test } = data.sets;
        let sizes = [train.image_size(), train.class_count()];
        let (training, validation) = match self.settings.validation_fraction {
            Some(fraction) => {
                let (training, validation) = train.split(fraction, self.settings.seed)?;
                (training, Some(validation))
            }
            None => (train, None),
        };
        let upload = |images| Examples::from_images(images, &self.opened);
        let splits = Splits {
            training: upload(training),
            validation: validation.map(upload),
            test: upload(test),
        };
        Ok((splits, sizes))
    }

    fn train_mnist_mlp(mut self) -> Result<Exit> {
        let (splits, [inputs, classes]) = self.load_images()?;
        let Settings {
            hidden,
            activation,
            seed,
            ..
        } = &self.settings;
        let activation = activation.context("mnist-mlp has an activation")?;
        let net = MnistMlpConfig::new(inputs, hidden.clone(), classes)
            .with_activation(activation)
            .init(*seed, &self.opened.device)?;
        let sizes = [&[inputs], &hidden[..], &[classes]].concat();
        self.run(net, sizes, &splits)
    }

    fn train_linear_regression(mut self) -> Result<Exit> {
        let (splits, [inputs, classes]) = self.load_images()?;
        let Settings { ridge, seed, .. } = self.settings;
        let splits = splits.map(|examples| examples.one_hot(classes));
        let net = LinearRegressionConfig::new(inputs, classes)
            .with_ridge(ridge.context("linear-regression has a ridge term")?)
            .with_training_rows(Some(splits.training.len()))
            .init(seed, &self.opened.device)?;
        self.run(net, vec![inputs, classes], &splits)
    }

    fn train_xor_net(self) -> Result<Exit> {
        let Settings {
            hidden,
            activation,
            seed,
            ..
        } = &self.settings;
        let activation = activation.context("xor-net has an activation")?;
        let table = Examples::truth_table(&self.opened.device);
        let splits = Splits {
            training: table.clone(),
            validation: None,
            test: table,
        };
        let net = XorNetConfig::new()
            .with_hidden(hidden[0])
            .with_activation(activation)
            .init(*seed, &self.opened.device)?;
        let sizes = vec![2, hidden[0], 1];
        self.run(net, sizes, &splits)
    }

    /// Makes the run folder and trains. `sizes` are the units of every layer, inputs first.
    fn run<N: Net>(
        mut self,
        net: N,
        sizes: Vec<usize>,
        splits: &Splits<N::Targets>,
    ) -> Result<Exit> {
        let Settings { model, backend, .. } = &self.settings;
        let model = value_name(*model);
        let engine = value_name(self.settings.engine);
        let default_name = || RunFolder::default_name(&model, backend, &engine);
        let name = self.options.run_name.clone().unwrap_or_else(default_name);
        let mut folder = RunFolder::create(&self.options.out_dir, &name)?;
        let device = self.opened.description();
        folder.write_config(&self.settings, &sizes, &device)?;
        let event = Event::Start(Start {
            model: model.clone(),
            sizes,
            parameters: net.num_params(),
            parameters_named: parameter_names(&net),
            activation: self.settings.activation.map(|f| f.name().to_owned()),
            ridge: self.settings.ridge,
            optimizer: value_name(self.settings.optimizer),
            learning_rate: self.settings.learning_rate,
            batch_size: self.settings.batch_size,
            epochs: self.settings.epochs,
            backend: backend.clone(),
            device,
            engine,
            seed: self.settings.seed,
            training_rows: splits.training.len(),
            validation_rows: splits.validation.as_ref().map(Examples::len),
            test_rows: splits.test.len(),
            setup_seconds: self.started.elapsed().as_secs_f64(),
            run_dir: folder.path().display().to_string(),
        });
        folder.record(&event)?;
        self.console.say(&event)?;
        let run = Run {
            settings: &self.settings,
            opened: &self.opened,
            splits,
            folder: &mut folder,
            console: &mut self.console,
            interrupt: &self.interrupt,
        };
        Ok(match run.train(net)? {
            Outcome::NotFinite => Exit::Negative,
            Outcome::Interrupted => Exit::Interrupted,
            Outcome::Finished { test_accuracy } => self.verdict(test_accuracy),
        })
    }

    /// Success, unless the accuracy is below what was asked for.
    fn verdict(&self, test_accuracy: f64) -> Exit {
        match self.settings.min_accuracy {
            Some(wanted) if test_accuracy < wanted => {
                complain(format_args!(
                    "test accuracy {test_accuracy} is below --min-accuracy {wanted}"
                ));
                Exit::Negative
            }
            _ => Exit::Success,
        }
    }
}

/// The flag that the first Ctrl-C raises; the second ends the program at once.
fn watch_for_interrupt() -> Result<Arc<AtomicBool>> {
    let interrupt = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&interrupt);
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        complain("interrupted: finishing this step, then saving (once more to stop at once)");
    })
    .context("cannot watch for Ctrl-C")?;
    Ok(interrupt)
}
