//! What the tests share: a small data set, and runs on it, from choices to result.

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use backends::{Backend, Opened};
use burn::tensor::{Int, Tensor};
use datasets::{DataFolder, Mnist};
use run_folder::{
    Config, Entry, FolderRecorder, InitialWeights, Invocation, Listener, Restored, Resumed,
    RunFolder, SavedRun, data_digest,
};
use serde_json::Value;
use training::{
    AnyNet, Choices, Examples, ModelName, Net, Outcome, RecordError, Run, ScheduleName, Settings,
    Splits, Start, State,
};

pub(crate) type AnyError = Box<dyn Error>;

/// Files that are committed.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

pub(crate) fn flex() -> Opened {
    Backend::Flex.open().expect("flex runs anywhere")
}

/// A small net on the small data set.
pub(crate) fn small() -> Choices {
    Choices {
        backend: Some(Backend::Flex),
        hidden: Some(vec![12, 8]),
        batch_size: Some(16),
        schedule: Some(ScheduleName::Constant),
        data_dir: Some(fixture("data")),
        ..Choices::default()
    }
}

pub(crate) fn xor() -> Choices {
    Choices {
        model: Some(ModelName::XorNet),
        backend: Some(Backend::Flex),
        ..Choices::default()
    }
}

pub(crate) fn linear() -> Choices {
    Choices {
        model: Some(ModelName::LinearRegression),
        hidden: None,
        ..small()
    }
}

/// Interrupts a run after some steps.
pub(crate) struct Interrupt {
    steps: Cell<usize>,
}

impl Interrupt {
    pub(crate) fn after(steps: usize) -> Self {
        Self {
            steps: Cell::new(steps),
        }
    }
}

impl Listener for Interrupt {
    fn entry(&mut self, _entry: &Entry) -> Result<(), RecordError> {
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.steps.set(self.steps.get().saturating_sub(1));
        self.steps.get() == 0
    }
}

/// Trains to the end and returns the run's folder.
pub(crate) fn train(out_dir: &Path, name: &str, choices: &Choices) -> PathBuf {
    let (folder, outcome) = start(out_dir, name, choices, ()).expect("it can be trained");
    assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
    folder
}

/// Starts a new run.
pub(crate) fn start(
    out_dir: &Path,
    name: &str,
    choices: &Choices,
    listener: impl Listener + Send,
) -> Result<(PathBuf, Outcome), AnyError> {
    let folder = RunFolder::create(out_dir, name)?;
    let path = folder.path().to_owned();
    let mut choices = choices.clone();
    if let Some(initial) = InitialWeights::of_choices(&choices)? {
        initial.complete(&mut choices)?;
    }
    let settings = Settings::resolve(&choices)?;
    let outcome = run(settings, Origin::New(folder), &choices, listener)?;
    Ok((path, outcome))
}

/// Continues a run.
pub(crate) fn resume(
    path: &Path,
    choices: &Choices,
    listener: impl Listener + Send,
) -> Result<Outcome, AnyError> {
    let resumed = Resumed::open(path, choices)?;
    let settings = resumed.config().settings.clone();
    run(settings, Origin::Old(Box::new(resumed)), choices, listener)
}

enum Origin {
    New(RunFolder),
    Old(Box<Resumed>),
}

fn run(
    settings: Settings,
    origin: Origin,
    choices: &Choices,
    listener: impl Listener + Send,
) -> Result<Outcome, AnyError> {
    let opened = flex();
    if settings.model == ModelName::XorNet {
        let sizes = vec![2, settings.hidden[0], 1];
        let AnyNet::XorNet(net) = AnyNet::build(&settings, &sizes, &opened.device)? else {
            unreachable!("the settings are those of xor-net");
        };
        let splits = Splits::truth_table(&opened);
        return train_net(&settings, (net, sizes), (splits, ""), origin, listener);
    }
    let dir = match &origin {
        Origin::New(_) => settings.data_dir.clone(),
        Origin::Old(resumed) => resumed.data_dir(choices),
    };
    let data = DataFolder::load(&dir.ok_or("the model has a data folder")?)?;
    let Mnist { train, test } = data.sets;
    let (inputs, classes) = (train.image_size(), train.class_count());
    let started_with = match &origin {
        Origin::New(_) => None,
        Origin::Old(resumed) => resumed.data_digest(),
    };
    let digest = data_digest(&train, started_with)?;
    let (training, validation) = match settings.validation_fraction {
        Some(fraction) => {
            let (training, validation) = train.split(fraction, settings.seed)?;
            (training, Some(validation))
        }
        None => (train, None),
    };
    let upload = |images| Examples::from_images(images, &opened);
    let splits: Splits<Tensor<1, Int>> = Splits {
        training: upload(training),
        validation: validation.map(upload),
        test: upload(test),
    };
    let sizes = [&[inputs], &settings.hidden[..], &[classes]].concat();
    let initial = match &origin {
        Origin::New(_) => InitialWeights::of_choices(choices)?,
        Origin::Old(resumed) => resumed.initial_weights()?,
    };
    let mut net = AnyNet::build(&settings, &sizes, &opened.device)?;
    if let Some(initial) = initial {
        initial.put_into(&mut net, &data.class_names)?;
    }
    match net {
        AnyNet::LinearRegression(net) => {
            let splits = splits.map(|examples| examples.one_hot(classes));
            train_net(&settings, (net, sizes), (splits, &digest), origin, listener)
        }
        AnyNet::MnistMlp(net) => {
            train_net(&settings, (net, sizes), (splits, &digest), origin, listener)
        }
        AnyNet::XorNet(_) => unreachable!("its data are not images"),
    }
}

fn train_net<N: Net>(
    settings: &Settings,
    (net, sizes): (N, Vec<usize>),
    (splits, digest): (Splits<N::Targets>, &str),
    origin: Origin,
    listener: impl Listener + Send,
) -> Result<Outcome, AnyError> {
    let opened = flex();
    let (state, mut recorder) = match origin {
        Origin::New(folder) => {
            let mut state = State::fresh(net, settings, &opened.device);
            digest.clone_into(&mut state.progress.data_digest);
            let invocation = Invocation {
                version: "1.2.3".to_owned(),
                command: vec!["trainer".to_owned()],
                working_folder: std::env::current_dir()?,
                ..Invocation::default()
            };
            let config = Config {
                data_digest: Some(digest.to_owned()).filter(|digest| !digest.is_empty()),
                ..Config::now(settings, &sizes, "here", &invocation)
            };
            folder.write_config(&config)?;
            let mut recorder = FolderRecorder::new(folder, config, "trainer", listener);
            recorder.start(started(settings, &sizes))?;
            (state, recorder)
        }
        Origin::Old(resumed) => {
            let Restored {
                folder,
                config,
                state,
                checkpoint,
            } = resumed.restore(net, &sizes, digest, &opened.device, |_| Ok(()))?;
            let folder = folder.expect("it was opened to write");
            let mut recorder = FolderRecorder::new(folder, config, "trainer", listener);
            if checkpoint.is_none() {
                recorder.start(started(settings, &sizes))?;
            }
            recorder.resume(&state.progress, checkpoint, 1)?;
            (state, recorder)
        }
    };
    Ok(Run::new(settings, &opened, &splits)?.train(state, &mut recorder)?)
}

fn started(settings: &Settings, sizes: &[usize]) -> Start {
    Start {
        model: settings.model.to_string(),
        sizes: sizes.to_vec(),
        parameters: 0,
        parameters_named: vec![],
        activation: None,
        ridge: settings.ridge,
        optimizer: settings.optimizer.to_string(),
        learning_rate: settings.learning_rate,
        batch_size: settings.batch_size,
        epochs: settings.epochs,
        backend: settings.backend.clone(),
        device: "here".to_owned(),
        engine: settings.engine.to_string(),
        seed: settings.seed,
        training_rows: 120,
        validation_rows: None,
        test_rows: 30,
        ranks: 1,
        setup_seconds: 0.0,
    }
}

/// The run's net, as numbers, layer by layer.
pub(crate) fn weights(run: &Path) -> Vec<Vec<f32>> {
    let net = SavedRun::open(run)
        .and_then(|run| run.net(&flex().device))
        .expect("the run has weights");
    let layers = net.layers().into_iter().flat_map(|layer| {
        let bias = layer.bias.as_ref().expect("the layers have biases");
        [layer.weight.val().flatten(0, 1), bias.val()]
    });
    let numbers = |tensor: Tensor<1>| tensor.try_into_vec_as::<f32>().expect("numbers");
    layers.map(numbers).collect()
}

/// A run's metrics as JSON.
pub(crate) fn metrics(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).expect("the run has metrics");
    let lines = text.lines();
    let lines = lines.map(|line| serde_json::from_str(line).expect("a line is JSON"));
    lines.collect()
}

/// A run's metrics without the differences between runs, and without the events of interruption and
/// resumption.
pub(crate) fn lasting(run: &Path) -> Vec<Value> {
    let mut entries = metrics(run);
    entries.retain(|entry| entry["event"] != "resumed" && entry["event"] != "stopped");
    for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
        // A run that continues with more epochs started with fewer.
        let is_start = entry["event"] == "start";
        entry.retain(|field, _| {
            !field.contains("second") && field != "run_dir" && !(is_start && field == "epochs")
        });
    }
    entries
}

/// Asserts that two runs have the same results, bit for bit.
#[track_caller]
pub(crate) fn assert_same(one: &Path, other: &Path) {
    assert_eq!(lasting(one), lasting(other));
    assert!(weights(one) == weights(other), "the weights differ");
}

/// Files in the folder of the checkpoints, in order.
pub(crate) fn checkpoints(run: &Path) -> Vec<String> {
    let files = fs::read_dir(run.join("checkpoints")).expect("the folder can be listed");
    let name = |file: fs::DirEntry| file.file_name().into_string().expect("UTF-8");
    let mut names: Vec<String> = files.map(|file| name(file.expect("a file"))).collect();
    names.sort_unstable();
    names
}

/// A copy of a folder, with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("the copy can be made");
    for file in fs::read_dir(from).expect("the folder can be listed") {
        let file = file.expect("a file").path();
        let place = to.join(file.file_name().expect("a name"));
        if file.is_dir() {
            copy(&file, &place);
        } else {
            fs::copy(&file, &place).expect("the file can be copied");
        }
    }
}
