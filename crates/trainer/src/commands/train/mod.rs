//! `trainer train`: a training run from its options to its exit code: device, data, net, run folder,
//! loop.

mod images;
mod options;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use backends::{Backend, Opened};
use pages::numbers::counted;
use programs::{Exit, complain};
use run_folder::{Config, Entry, FolderRecorder, InitialWeights, Restored, Resumed, RunFolder};
use run_report::{DataState, Written};
use training::{
    AnyNet, Choices, Examples, ModelName, Net, Outcome, Run, Settings, Splits, Start, State,
    dry_run, ensure_same, epochs_in, parameters,
};

pub(crate) use options::{Part, TrainOptions};

use crate::arguments::{invocation, launcher, program, resume_command};
use crate::console::{Console, FrontEnd, Unrecorded};
use crate::ranks::{World, speaks};
use crate::remote::Link;
use crate::signals::{
    leave_ignored_signals_ignored, take_file_size_limit_as_error, watch_for_interrupt,
};
use crate::threads;

/// Trains a net.
///
/// # Errors
///
/// If the options contradict each other or the run to resume, or if the data, the device or the run
/// folder fails.
pub(crate) fn run(options: &TrainOptions, started: Instant) -> Result<Exit> {
    let choices = options.choices();
    let interrupt = prepare(&choices)?;
    let world = World::join(&interrupt)?;
    let session = Session::open(options, choices, interrupt, started, world.as_ref());
    match (&world, session.and_then(Session::train)) {
        // Where one fails, the others would wait for it.
        (Some(world), Err(error)) => world.fail(&error),
        (_, outcome) => outcome,
    }
}

/// Prepares the process for training, before any thread starts: threads, signals. Returns the flag that
/// Ctrl-C raises.
///
/// # Errors
///
/// If the system refuses.
pub(crate) fn prepare(choices: &Choices) -> Result<Arc<AtomicBool>> {
    if threads::may_share_on_ndarray(choices.backend, choices.threads) {
        threads::one_for_each_product();
    }
    leave_ignored_signals_ignored()?;
    take_file_size_limit_as_error()?;
    watch_for_interrupt()
}

/// Trains a net with choices of its own, as part of something else ([`TrainOptions::of_a_part`]).
///
/// # Errors
///
/// As [`run`].
pub(crate) fn run_part(
    options: &TrainOptions,
    choices: Choices,
    interrupt: &Arc<AtomicBool>,
) -> Result<Exit> {
    Session::open(
        options,
        choices,
        Arc::clone(interrupt),
        Instant::now(),
        None,
    )?
    .train()
}

/// The state before the data are loaded.
struct Session<'a> {
    options: &'a TrainOptions,
    choices: Choices,
    settings: Settings,
    /// The run to resume, if it is not a new one.
    resumed: Option<Resumed>,
    /// The weights to start from, if not from random ones.
    initial: Option<InitialWeights>,
    opened: Opened,
    /// The link to the worker, if one computes.
    link: Option<Link>,
    console: Console,
    interrupt: Arc<AtomicBool>,
    /// When the program started.
    started: Instant,
    /// The processes that share the run, if there are several.
    world: Option<&'a World>,
}

impl<'a> Session<'a> {
    /// Resolves the options and opens the device, before any data are loaded.
    fn open(
        options: &'a TrainOptions,
        mut choices: Choices,
        interrupt: Arc<AtomicBool>,
        started: Instant,
        world: Option<&'a World>,
    ) -> Result<Self> {
        let console = options.output.console();
        let same = world.map(|world| world.ensure_same_program(false));
        same.transpose()?;
        let resumed = options.checkpoints.resume.as_deref().map(|path| {
            if world.is_none() || speaks() {
                Resumed::open(path, &choices)
            } else {
                Resumed::follow(path, &choices)
            }
        });
        let resumed = resumed.transpose()?;
        // Said for a part of a sweep, too.
        for note in resumed.iter().flat_map(Resumed::notes) {
            if !options.output.quiet && (world.is_none() || speaks()) {
                complain(format_args!("warning: {note}"));
            }
        }
        let initial = match &resumed {
            Some(resumed) => resumed.initial_weights()?,
            None => InitialWeights::of_choices(&choices)?,
        };
        let mut settings = match (&resumed, &initial) {
            (Some(resumed), _) => resumed.config().settings.clone(),
            (None, initial) => {
                if let Some(initial) = initial {
                    initial.complete(&mut choices)?;
                }
                Settings::resolve(&choices)?
            }
        };
        let backend = settings.backend.parse::<Backend>()?;
        if let Some(world) = world {
            let (share, note) = world.threads(backend, settings.batch_size)?;
            settings.threads = choices.threads.unwrap_or(share);
            let is_resumed = u64::from(resumed.is_some());
            ensure_same(
                &*world.ranks(),
                "another choice of a new or a resumed run",
                is_resumed,
            )?;
            if let (Some(note), None) = (note, choices.threads) {
                console.note(format_args!("note: {note}"));
            }
        }
        if world.is_some() && backend == Backend::Remote {
            bail!(
                "several ranks cannot share one worker; start this process alone, or choose --backend flex"
            );
        }
        let process = world.map(World::rank_on_this_machine);
        let adapter = options.device(backend, process);
        let (opened, link) = options.remote().open(backend, adapter)?;
        if let (Some(link), Some(part)) = (&link, &options.output.part) {
            link.set_run(&options.output.out_dir, resume_command(&part.resume), true);
        }
        if let Some(advice) = opened.advice() {
            console.note(format_args!("warning: {advice}"));
        }
        Ok(Self {
            options,
            choices,
            settings,
            resumed,
            initial,
            opened,
            link,
            console,
            interrupt,
            started,
            world,
        })
    }

    /// Trains. If the worker is lost on the way, this does not return.
    fn train(self) -> Result<Exit> {
        let link = self.link.clone();
        self.load_and_train().inspect_err(|_| {
            if let Some(link) = link {
                link.end_if_lost();
            }
        })
    }

    /// Loads the data, builds the net, trains it.
    fn load_and_train(mut self) -> Result<Exit> {
        if let Some(result) = self.resumed.as_ref().and_then(Resumed::result) {
            if self.is_responsible() {
                self.write_missing_report();
            }
            return self.show_finished(&result);
        }
        let images = match self.settings.model {
            ModelName::XorNet => None,
            ModelName::MnistMlp | ModelName::LinearRegression => Some(self.load_images()?),
        };
        let [inputs, outputs] = images
            .as_ref()
            .map_or([2, 1], |images| [images.pixels, images.classes]);
        let sizes = [&[inputs], &self.settings.hidden[..], &[outputs]].concat();
        let mut net = AnyNet::build(&self.settings, &sizes, &self.opened.device)?;
        if let Some(initial) = self.initial.take() {
            initial.put_into(&mut net, &self.settings.class_names)?;
            self.console.note(initial.describe());
            if let Some(doubt) = initial.doubt(&self.settings.class_names) {
                self.console.note(format_args!("warning: {doubt}"));
            }
        }
        match (net, images) {
            (AnyNet::MnistMlp(net), Some(images)) => {
                self.train_net(net, &sizes, images.splits, images.digest)
            }
            (AnyNet::LinearRegression(net), Some(images)) => {
                let one_hot = |examples: Examples<_>| examples.one_hot(images.classes);
                let splits = images.splits.map(one_hot);
                self.train_net(net, &sizes, splits, images.digest)
            }
            (AnyNet::XorNet(net), _) => {
                let splits = Splits::truth_table(&self.opened);
                self.train_net(net, &sizes, splits, String::new())
            }
            (_, None) => unreachable!("only xor-net learns without images"),
        }
    }

    /// Makes the run folder, or opens that of the run to resume, and trains. `sizes` are the units of
    /// every layer, inputs first; `digest` identifies the training set.
    fn train_net<N: Net>(
        mut self,
        net: N,
        sizes: &[usize],
        splits: Splits<N::Targets>,
        digest: String,
    ) -> Result<Exit> {
        if self.options.output.dry_run {
            return self.dry_run(net, &splits);
        }
        self.fit_minutes(&net, &splits)?;
        let settings = self.settings.clone();
        let mut run = Run::new(&settings, &self.opened, &splits)?;
        if let Some(world) = self.world {
            run = run.among(world.ranks())?;
        }
        let is_resumed = self.resumed.is_some();
        let Restored {
            folder,
            config,
            state,
            checkpoint,
        } = match self.resumed.take() {
            Some(resumed) => {
                let device = &self.opened.device;
                let ensure_same = |state: &State<N>| run.ensure_same(state);
                resumed.restore(net, sizes, &digest, device, ensure_same)?
            }
            None => self.begin(&run, net, sizes, digest)?,
        };
        if let Some(world) = self.world {
            world.share_folder(folder.as_ref().map(RunFolder::path))?;
        }
        let Some(mut folder) = folder else {
            let outcome = run.train(state, &mut Unrecorded(Arc::clone(&self.interrupt)))?;
            if outcome == Outcome::InterruptedInWarmUp {
                // As below.
                std::mem::forget(run);
                std::mem::forget(splits);
            }
            return Ok(self.exit(outcome));
        };
        let start = self.start(&config, state.net(), &splits);
        let program = program();
        let part = self.options.output.part.as_ref();
        match part {
            Some(part) => folder.resumes_as(&part.resume),
            None => folder.resumes_with(&self.options.remote().words()),
        }
        folder.resumes_by(&launcher());
        if let (Some(link), None) = (&self.link, part) {
            link.set_run(folder.path(), folder.resume_command(&program), false);
        }
        let ranks = self.ranks();
        let console = self.options.output.console();
        let front_end = FrontEnd::new(console, Arc::clone(&self.interrupt), self.opened.hardware);
        let mut recorder = FolderRecorder::new(folder, config, program, front_end);
        if checkpoint.is_none() {
            recorder.start(start)?;
        }
        if is_resumed {
            recorder.resume(&state.progress, checkpoint, ranks)?;
        }
        let outcome = run.train(state, &mut recorder)?;
        if let Some(sums) = self.world.and_then(World::sums) {
            self.console.note(sums);
        }
        if outcome == Outcome::InterruptedInWarmUp {
            // The device answers nobody before its warm-up is done, so nothing here may wait for it.
            std::mem::forget(run);
            std::mem::forget(splits);
            return Ok(Exit::Interrupted);
        }
        // The report loads the test set again. Together with the other sets, it would need more
        // memory than the rest of the run.
        drop(run);
        drop(splits);
        self.write_report(recorder.path(), DataState::Unchanged);
        if outcome == Outcome::Interrupted {
            let path = recorder.path().display();
            self.console.note(format_args!("weights kept in {path}"));
        }
        Ok(self.exit(outcome))
    }

    fn exit(&self, outcome: Outcome) -> Exit {
        match outcome {
            Outcome::NotFinite | Outcome::GradientsDisagree => Exit::Negative,
            Outcome::Interrupted | Outcome::InterruptedInWarmUp => Exit::Interrupted,
            Outcome::Finished { test_accuracy } => self.verdict(test_accuracy),
        }
    }

    /// Chooses the number of epochs that fit the time of a new run, if it is to be chosen by that.
    fn fit_minutes<N: Net>(&mut self, net: &N, splits: &Splits<N::Targets>) -> Result<()> {
        let (Some(minutes), None) = (self.settings.minutes, &self.resumed) else {
            return Ok(());
        };
        if self.world.is_some() {
            bail!(
                "--minutes is measured by one process, and this run has several; choose the number of epochs with \
                 --epochs"
            );
        }
        let time = Duration::from_secs_f64(60.0 * minutes);
        let net = net.clone();
        self.settings.epochs = epochs_in(time, &self.settings, &self.opened, splits, net)?;
        let epochs = self.settings.epochs;
        self.console.note(format_args!(
            "{minutes} min are enough for {} at the speed measured now; --epochs {epochs} repeats the run",
            counted(epochs, "epoch")
        ));
        Ok(())
    }

    /// Writes the page of the run. Without it, the run is still complete.
    fn write_report(&self, folder: &Path, data: DataState) {
        let lack = match run_report::write_in(folder, &self.opened, data) {
            Ok(Written::Whole) => return,
            Ok(Written::WithoutPredictions { why }) => {
                format!("the page of the run has no predictions: {why}")
            }
            Ok(Written::Kept { why }) => format!("the page of the run is unchanged: {why}"),
            Err(error) => format!("no report was written: {:#}", anyhow::Error::from(error)),
        };
        self.console.note(format_args!("warning: {lack}"));
    }

    /// Takes one batch through the whole training step, and writes nothing.
    fn dry_run<N: Net>(&mut self, net: N, splits: &Splits<N::Targets>) -> Result<Exit> {
        let Self {
            settings, opened, ..
        } = self;
        let state = State::fresh(net, settings, &opened.device);
        let event = dry_run(settings, opened, splits, state)?;
        let disagree = event.gradients_agree == Some(false);
        self.console.show(&Entry::DryRun(event))?;
        Ok(if disagree {
            Exit::Negative
        } else {
            Exit::Success
        })
    }

    /// A new run in a folder of its own, which of several processes one makes.
    fn begin<N: Net>(
        &self,
        run: &Run<'_, N>,
        net: N,
        sizes: &[usize],
        digest: String,
    ) -> Result<Restored<N>> {
        let (settings, output) = (&self.settings, &self.options.output);
        let description = self.opened.description();
        let config = Config {
            data_digest: Some(digest.clone()).filter(|digest| !digest.is_empty()),
            ranks: self.ranks(),
            ..Config::now(settings, sizes, &description, &invocation())
        };
        let mut state = State::fresh(net, settings, &self.opened.device);
        state.progress.data_digest = digest;
        run.ensure_same(&state)?;
        let folder = if self.is_responsible() {
            let default_name = || RunFolder::default_name(settings);
            let name = output.run_name.clone().unwrap_or_else(default_name);
            let part = output.part.as_ref();
            let again = part.map_or_else(|| "the same command".to_owned(), Part::resume_words);
            let folder = RunFolder::create(&output.out_dir, &name)?;
            Some(folder.begin(&config, &again)?)
        } else {
            None
        };
        Ok(Restored {
            folder,
            config,
            state,
            checkpoint: None,
        })
    }

    /// The start event of a run.
    fn start<N: Net>(&self, config: &Config, net: &N, splits: &Splits<N::Targets>) -> Start {
        let settings = &config.settings;
        Start {
            model: settings.model.to_string(),
            sizes: config.sizes.clone(),
            parameters: net.num_params(),
            parameters_named: parameters(net).into_iter().map(|p| p.path).collect(),
            activation: settings.activation.map(|f| f.name().to_owned()),
            ridge: settings.ridge,
            optimizer: settings.optimizer.to_string(),
            learning_rate: settings.learning_rate,
            batch_size: settings.batch_size,
            epochs: settings.epochs,
            backend: settings.backend.clone(),
            device: config.device.clone(),
            engine: settings.engine.to_string(),
            ranks: self.ranks(),
            seed: settings.seed,
            training_rows: splits.training.len(),
            validation_rows: splits.validation.as_ref().map(Examples::len),
            test_rows: splits.test.len(),
            setup_seconds: self.started.elapsed().as_secs_f64(),
        }
    }

    /// Writes the page of a finished run that was killed before it had one.
    fn write_missing_report(&self) {
        if let Some(folder) = self.resumed.as_ref().map(Resumed::path)
            && !run_report::is_current(folder)
        {
            self.write_report(folder, DataState::Unknown);
        }
    }

    /// Shows the result of a finished run.
    fn show_finished(&mut self, result: &Entry) -> Result<Exit> {
        let Settings { schedule, .. } = self.settings;
        if schedule.depends_on_length() {
            self.console.note(format_args!(
                "this run is already finished, and so is its {schedule} schedule; to train longer, start a new run from \
                 these weights with --init"
            ));
        } else {
            self.console
                .note("this run is already finished; to continue it, pass a larger --epochs");
        }
        self.console.show(result)?;
        Ok(match result {
            Entry::Result(result) => self.verdict(result.event.test_accuracy),
            _ => Exit::Success,
        })
    }

    /// How many processes share the run: of a sweep's, each trains its runs by itself.
    fn ranks(&self) -> usize {
        self.world.map_or(1, |world| world.ranks().count())
    }

    /// Whether this process writes and speaks for the run: of a sweep's processes, each for its own runs.
    fn is_responsible(&self) -> bool {
        self.world.is_none() || speaks()
    }

    /// Success, unless the accuracy is below `--min-accuracy`.
    fn verdict(&self, test_accuracy: f64) -> Exit {
        match self.settings.min_accuracy {
            Some(wanted) if test_accuracy < wanted => {
                if self.is_responsible() {
                    complain(format_args!(
                        "test accuracy {test_accuracy} is below --min-accuracy {wanted}"
                    ));
                }
                Exit::Negative
            }
            _ => Exit::Success,
        }
    }
}
