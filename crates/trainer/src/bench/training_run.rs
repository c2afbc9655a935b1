//! Training by this project, as a contestant.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use backends::{Backend, Hardware, Opened};
use burn::tensor::Device;
use datasets::ImageSet;
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use training::{
    Choices, Engine, EpochEnd, Examples, ModelName, Net, OptimizerName, Pass, Schedule,
    ScheduleName, Settings, State, Team, TrainingError, Unwatched, epoch, step,
};
use xor_net::{XorNet, XorNetConfig};

use super::contest::{Contestant, Kind};
use super::size::Size;

/// Step length of plain gradient descent; the time does not depend on it.
const LEARNING_RATE: f64 = 0.01;
/// Steps of a segment of the XOR net: about a tenth of a second, beside which its beginning takes no time.
fn xor_steps(engine: Engine) -> usize {
    match engine {
        Engine::Autodiff | Engine::Manual => 2000,
        Engine::Fused => 100_000,
    }
}

/// A net in training.
pub(crate) struct TrainingRun<N: Net> {
    pub(super) name: String,
    pub(super) device: Device,
    pub(super) hardware: Hardware,
    pub(super) settings: Settings,
    pub(super) team: Arc<Team>,
    pub(super) examples: Examples<N::Targets>,
    /// `None` while the net learns.
    pub(super) state: Option<State<N>>,
    schedule: Schedule,
    /// Passes over the examples in a segment.
    passes: usize,
}

impl TrainingRun<MnistMlp> {
    /// The MNIST net of a size; a segment is one pass over all training images.
    ///
    /// # Errors
    ///
    /// If its threads cannot start.
    pub(crate) fn mnist(
        backend: Backend,
        opened: &Opened,
        engine: Engine,
        size: Size,
        train: &ImageSet,
    ) -> Result<Self> {
        let choices = Choices {
            hidden: Some(size.hidden.to_vec()),
            batch_size: Some(size.batch),
            ..choices(ModelName::MnistMlp, backend, engine)
        };
        let settings = Settings::resolve(&choices)?;
        let [inputs, classes] = [train.image_size(), train.class_count()];
        let net = MnistMlpConfig::new(inputs, size.hidden.to_vec(), classes)
            .init(settings.seed, &opened.device)?;
        let examples = Examples::from_images(train.clone(), opened);
        Self::new(opened, settings, net, examples, 1)
    }
}

impl TrainingRun<XorNet> {
    /// The XOR net on its truth table; a segment has [`xor_steps`].
    ///
    /// # Errors
    ///
    /// If its threads cannot start.
    pub(crate) fn xor(backend: Backend, opened: &Opened, engine: Engine) -> Result<Self> {
        let settings = Settings::resolve(&choices(ModelName::XorNet, backend, engine))?;
        let net = XorNetConfig::new().init(settings.seed, &opened.device)?;
        let examples = Examples::truth_table(opened);
        Self::new(opened, settings, net, examples, xor_steps(engine))
    }
}

/// Plain gradient descent.
fn choices(model: ModelName, backend: Backend, engine: Engine) -> Choices {
    Choices {
        model: Some(model),
        backend: Some(backend),
        engine: Some(engine),
        optimizer: Some(OptimizerName::Sgd),
        learning_rate: Some(LEARNING_RATE),
        schedule: Some(ScheduleName::Constant),
        ..Choices::default()
    }
}

impl<N: Net> TrainingRun<N> {
    fn new(
        opened: &Opened,
        settings: Settings,
        net: N,
        examples: Examples<N::Targets>,
        passes: usize,
    ) -> Result<Self> {
        let steps_per_epoch = examples.len().div_ceil(settings.batch_size);
        let state = State::fresh(net, &settings, &opened.device);
        Ok(Self {
            name: format!("{} {}", settings.backend, settings.engine),
            device: opened.device.clone(),
            hardware: opened.hardware,
            team: Arc::new(Team::new(opened, settings.threads)?),
            schedule: Schedule::new(&settings, steps_per_epoch)?,
            state: Some(state.prepared(&settings, examples.len())?),
            examples,
            settings,
            passes,
        })
    }

    /// Passes over the examples.
    fn train(&mut self, mut state: State<N>) -> Result<()> {
        let pass = Pass::new(&self.settings, &self.team);
        if self.passes == 1 {
            let end;
            let schedule = &mut self.schedule;
            (state, end) = epoch(state, &self.examples, &pass, schedule, &mut Unwatched)?;
            if !matches!(end, EpochEnd::Done(_)) {
                bail!("the loss is not finite");
            }
        } else {
            // A pass is one step on all rows: an epoch around it would cost as much.
            let (rows, how) = (self.examples.len(), pass.stepping(LEARNING_RATE, 0));
            for _ in 0..self.passes {
                let batch = self.examples.first(rows);
                (state.learner, _) = step(state.learner, &batch, &how, None)?;
            }
        }
        self.state = Some(state);
        Ok(())
    }

    /// Waits until the device has finished; a CPU already has.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub(super) fn wait(&self) -> Result<()> {
        if self.hardware != Hardware::Processor {
            self.device.sync().map_err(TrainingError::device)?;
        }
        Ok(())
    }
}

impl<N: Net> Contestant for TrainingRun<N> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Training
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let rows = self.examples.len();
        let started = Instant::now();
        let team = Arc::clone(&self.team);
        let state = self.state.take().expect("a net is there between segments");
        state.at_work(&team, |state| self.train(state))?;
        self.wait()?;
        // A pass of XOR is one step on all four rows, so steps are counted.
        let items = if self.passes > 1 { 1 } else { rows };
        Ok((self.passes * items, started.elapsed()))
    }
}
