//! A training run from its options to its exit code: device, data, net, run folder, loop.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use backends::{Backend, Hardware, Opened};
use burn::tensor::{Int, Tensor};
use datasets::{DataFolder, ImageSet, Mnist};
use linear_regression::LinearRegressionConfig;
use mnist_mlp::MnistMlpConfig;
use sha2::{Digest, Sha256};
use xor_net::XorNetConfig;

use crate::Exit;
use crate::cli::{ModelName, TrainOptions, value_name};
use crate::dry_run::dry_run;
use crate::engine::Team;
use crate::examples::{Examples, Splits};
use crate::inspect;
use crate::net::{Net, parameter_names};
use crate::output::{Console, Event, Start, complain};
use crate::report;
use crate::resume::Resumed;
use crate::run_folder::{Config, RunFolder};
use crate::schedule::Schedule;
use crate::settings::Settings;
use crate::signals::{take_file_size_limit_as_error, watch_for_interrupt};
use crate::state::State;
use crate::training::{Outcome, Run};

/// What is decided before a net and its data are there.
pub(crate) struct Session<'a> {
    options: &'a TrainOptions,
    settings: Settings,
    /// The run that goes on, if it is not a new one.
    resumed: Option<Resumed>,
    opened: Opened,
    console: Console,
    interrupt: Arc<AtomicBool>,
    /// SHA-256 of the images and labels to learn from, once they are loaded.
    data_digest: String,
    /// When the program started.
    started: Instant,
}

impl<'a> Session<'a> {
    /// Resolves the options and opens the device, before any data are loaded.
    ///
    /// # Errors
    ///
    /// If the options contradict each other or the run that goes on, that run cannot be read, or
    /// the backend cannot run.
    pub(crate) fn open(options: &'a TrainOptions, started: Instant) -> Result<Self> {
        take_file_size_limit_as_error()?;
        let console = Console::new(options.format, options.quiet);
        let resumed = match &options.resume {
            Some(path) => Some(Resumed::open(path, options, &console)?),
            None => None,
        };
        let settings = match &resumed {
            Some(resumed) => resumed.config.settings.clone(),
            None => Settings::resolve(options)?,
        };
        let opened = settings.backend.parse::<Backend>()?.open()?;
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
            resumed,
            opened,
            console,
            interrupt: watch_for_interrupt()?,
            data_digest: String::new(),
            started,
        })
    }

    /// Loads the data, makes the net, trains it.
    ///
    /// # Errors
    ///
    /// If the data cannot be read, or the device or the run folder fails.
    pub(crate) fn train(mut self) -> Result<Exit> {
        if let Some(result) = self.resumed.as_ref().and_then(Resumed::result) {
            return self.say_that_it_is_over(&result);
        }
        match self.settings.model {
            ModelName::MnistMlp => self.train_mnist_mlp(),
            ModelName::XorNet => self.train_xor_net(),
            ModelName::LinearRegression => self.train_linear_regression(),
        }
    }

    /// Images and classes on the device, with the size of an image and the number of classes; the
    /// names of the classes, where folders name them, become part of the settings.
    fn load_images(&mut self) -> Result<(Splits<Tensor<1, Int>>, [usize; 2])> {
        let dir = match &self.resumed {
            Some(resumed) => resumed.data_dir(self.options),
            None => self.settings.data_dir.clone(),
        };
        let data = DataFolder::load(&dir.context("the model has a data folder")?)?;
        if let Some(images) = &data.image_folder {
            self.console.note(&inspect::describe(images));
            self.settings.class_names = data.class_names;
        }
        let Mnist { train, test } = data.sets;
        let sizes = [train.image_size(), train.class_count()];
        self.data_digest = digest(&train);
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
            .with_label_smoothing(self.settings.label_smoothing)
            .init(*seed, &self.opened.device)?;
        let sizes = [&[inputs], &hidden[..], &[classes]].concat();
        self.run(net, sizes, splits)
    }

    fn train_linear_regression(mut self) -> Result<Exit> {
        let (splits, [inputs, classes]) = self.load_images()?;
        let Settings { ridge, seed, .. } = self.settings;
        let splits = splits.map(|examples| examples.one_hot(classes));
        let net = LinearRegressionConfig::new(inputs, classes)
            .with_ridge(ridge.context("linear-regression has a ridge term")?)
            .with_training_rows(Some(splits.training.len()))
            .init(seed, &self.opened.device)?;
        self.run(net, vec![inputs, classes], splits)
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
        self.run(net, sizes, splits)
    }

    /// Makes the run folder, or opens that of the run that goes on, and trains. `sizes` are the
    /// units of every layer, inputs first.
    fn run<N: Net>(
        mut self,
        net: N,
        sizes: Vec<usize>,
        splits: Splits<N::Targets>,
    ) -> Result<Exit> {
        let rows = splits.training.len();
        let steps_per_epoch = rows.div_ceil(self.settings.batch_size);
        let schedule = Schedule::new(&self.settings, steps_per_epoch)?;
        let (state, config, mut folder) = match self.resumed.take() {
            Some(resumed) => self.go_on(resumed, net, &sizes, &splits)?,
            None => {
                let config = Config::now(&self.settings, &sizes, &self.opened.description());
                let state =
                    State::fresh(net, &self.settings, &self.opened.device, &self.data_digest);
                if self.options.dry_run {
                    let event = dry_run(&config, &self.opened, &splits, state, schedule)?;
                    let disagree = event.gradients_agree == Some(false);
                    self.console.say(&Event::DryRun(event))?;
                    return Ok(match disagree {
                        true => Exit::Negative,
                        false => Exit::Success,
                    });
                }
                let folder = self.begin(&config, &state.net, &splits)?;
                (state, config, folder)
            }
        };
        let run = Run {
            config: &config,
            opened: &self.opened,
            splits: &splits,
            folder: &mut folder,
            console: &mut self.console,
            interrupt: &self.interrupt,
            team: &Team::new(&self.opened, config.settings.threads)?,
            schedule,
        };
        let outcome = run.train(state)?;
        // The report reads the test set again: beside all the others, that would be the most memory
        // that the run ever has.
        drop(splits);
        if let Err(error) = report::write_in(folder.path(), &self.opened) {
            self.console.note(&format!(
                "warning: there is no report of the run: {error:#}"
            ));
        }
        Ok(match outcome {
            Outcome::NotFinite | Outcome::GradientsDisagree => Exit::Negative,
            Outcome::Interrupted => Exit::Interrupted,
            Outcome::Finished { test_accuracy } => self.verdict(test_accuracy),
        })
    }

    /// Makes the run folder, and says what is about to be trained.
    fn begin<N: Net>(
        &mut self,
        config: &Config,
        net: &N,
        splits: &Splits<N::Targets>,
    ) -> Result<RunFolder> {
        let Settings { model, backend, .. } = &self.settings;
        let (model, engine) = (value_name(*model), value_name(self.settings.engine));
        let default_name = || RunFolder::default_name(&model, backend, &engine);
        let name = self.options.run_name.clone().unwrap_or_else(default_name);
        let mut folder = RunFolder::create(&self.options.out_dir, &name)?;
        folder.write_config(config)?;
        self.say_start(&mut folder, config, net, splits)?;
        Ok(folder)
    }

    /// The run as its newest checkpoint has it, with everything after that dropped.
    fn go_on<N: Net>(
        &mut self,
        resumed: Resumed,
        net: N,
        sizes: &[usize],
        splits: &Splits<N::Targets>,
    ) -> Result<(State<N>, Config, RunFolder)> {
        let Resumed {
            mut folder,
            config,
            checkpoint,
            ..
        } = resumed;
        let device = &self.opened.device;
        if config.sizes != sizes {
            bail!(
                "the data need a net of the sizes {sizes:?}, but the run has {:?}; name the data \
                 that the run was begun with by --data-dir",
                config.sizes
            );
        }
        let (state, from) = match checkpoint {
            Some((checkpoint, file)) => {
                if checkpoint.progress.data_digest != self.data_digest {
                    bail!(
                        "the data are not those that the run was begun with; name the folder where \
                         those are by --data-dir"
                    );
                }
                folder.rewind_metrics(checkpoint.metrics_bytes)?;
                let settings = &config.settings;
                (
                    State::restored(net, checkpoint, settings, device)?,
                    Some(file),
                )
            }
            None => {
                folder.rewind_metrics(0)?;
                let state = State::fresh(net, &config.settings, device, &self.data_digest);
                self.say_start(&mut folder, &config, &state.net, splits)?;
                (state, None)
            }
        };
        folder.write_config(&config)?;
        let event = Event::Resumed {
            epoch: state.progress.epoch,
            step: state.progress.step,
            checkpoint: from,
            run_dir: folder.path().display().to_string(),
        };
        folder.record(&event)?;
        self.console.say(&event)?;
        Ok((state, config, folder))
    }

    fn say_start<N: Net>(
        &mut self,
        folder: &mut RunFolder,
        config: &Config,
        net: &N,
        splits: &Splits<N::Targets>,
    ) -> Result<()> {
        let settings = &config.settings;
        let event = Event::Start(Start {
            model: value_name(settings.model),
            sizes: config.sizes.clone(),
            parameters: net.num_params(),
            parameters_named: parameter_names(net),
            activation: settings.activation.map(|f| f.name().to_owned()),
            ridge: settings.ridge,
            optimizer: value_name(settings.optimizer),
            learning_rate: settings.learning_rate,
            batch_size: settings.batch_size,
            epochs: settings.epochs,
            backend: settings.backend.clone(),
            device: config.device.clone(),
            engine: value_name(settings.engine),
            seed: settings.seed,
            training_rows: splits.training.len(),
            validation_rows: splits.validation.as_ref().map(Examples::len),
            test_rows: splits.test.len(),
            setup_seconds: self.started.elapsed().as_secs_f64(),
            run_dir: folder.path().display().to_string(),
        });
        folder.record(&event)?;
        self.console.say(&event)
    }

    /// Says again what a run came to that has nothing left to do.
    fn say_that_it_is_over(&mut self, event: &Event) -> Result<Exit> {
        self.console.note(
            "the run is finished already; to go on with it, give a larger --epochs than it has",
        );
        self.console.say(event)?;
        Ok(match event {
            Event::Result(result) => self.verdict(result.test_accuracy),
            _ => Exit::Success,
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

/// SHA-256 of all pixels and labels, in hexadecimal digits.
fn digest(images: &ImageSet) -> String {
    let digest = Sha256::new()
        .chain_update(images.pixels())
        .chain_update(images.labels())
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
