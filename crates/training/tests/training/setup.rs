//! A net, data and a device from a few choices.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backends::{Backend, Opened};
use burn::tensor::{Int, Tensor};
use datasets::{ImageSet, InFile, Mnist, Pixels, bundled_mnist_dir};
use distortions::Distortions;
use training::{
    AnyNet, Choices, DryRun, Engine, Examples, ModelName, Net, OptimizerName, Outcome, Progress,
    Ranks, Records, Run, ScheduleName, Settings, Splits, State, TrainingError, dry_run, epochs_in,
};

use crate::memory::Memory;

pub(crate) const ENGINES: &[Engine] = Engine::ALL;
pub(crate) const OPTIMIZERS: &[OptimizerName] = OptimizerName::ALL;

/// Images of the small training set and of its test set.
const IMAGES: [usize; 2] = [120, 30];

/// Rows and columns of a small image.
const IMAGE_SIZE: [usize; 2] = [6, 5];

const CLASSES: usize = 3;

/// The backends that run on any machine, as far as they are compiled in.
pub(crate) fn processors() -> Vec<Backend> {
    let processors = [Backend::Flex, Backend::Ndarray].into_iter();
    processors
        .filter(|backend| backend.is_compiled_in())
        .collect()
}

/// Choices for a small MLP on flex.
pub(crate) fn mlp() -> Choices {
    Choices {
        backend: Some(Backend::Flex),
        hidden: Some(vec![12, 8]),
        batch_size: Some(16),
        schedule: Some(ScheduleName::Constant),
        ..Choices::default()
    }
}

/// Choices for the XOR net on flex.
pub(crate) fn xor() -> Choices {
    Choices {
        backend: Some(Backend::Flex),
        model: Some(ModelName::XorNet),
        ..Choices::default()
    }
}

/// Choices for linear regression on flex.
pub(crate) fn linear() -> Choices {
    Choices {
        backend: Some(Backend::Flex),
        model: Some(ModelName::LinearRegression),
        batch_size: Some(20),
        ..Choices::default()
    }
}

/// The set to learn from and the test set of small images: class `k` is a bright band over rows `2k`
/// and `2k + 1`, on a dark ground, both uneven.
fn bands() -> [ImageSet; 2] {
    let [rows, columns] = IMAGE_SIZE;
    IMAGES.map(|count| {
        let pixel = |image: usize, i: usize| {
            let is_bright = i / columns / 2 == image % CLASSES;
            let uneven = (image * 37 + i * i * 11 + image * i * 5) % 60;
            (if is_bright { 180 + uneven } else { uneven }) as u8
        };
        let pixels = (0..count).flat_map(|image| (0..rows * columns).map(move |i| pixel(image, i)));
        let labels = (0..count).map(|image| (image % CLASSES) as u8).collect();
        ImageSet::new(rows, columns, pixels.collect(), labels).expect("whole images")
    })
}

/// The same images in a file, to which something happens once it is open. Then it is removed, which changes nothing for
/// those who have it open.
pub(crate) fn in_file(images: &ImageSet, afterwards: impl FnOnce(&Path)) -> ImageSet<InFile> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |name: &str, sizes: &[usize], bytes: &[u8]| {
        let sizes = sizes.iter().map(|&size| (size as u32).to_be_bytes());
        let sizes = sizes.collect::<Vec<_>>();
        let header = [&[0, 0, 8, sizes.len() as u8], sizes.as_flattened()].concat();
        let path = folder.path().join(name);
        fs::write(&path, [&header, bytes].concat()).expect("a file can be made");
        path
    };
    let sizes = [images.len(), images.rows(), images.columns()];
    let pixels = write("images", &sizes, images.pixels());
    let labels = write("labels", &sizes[..1], images.labels());
    let opened = ImageSet::open(&pixels, &labels).expect("the files are whole");
    afterwards(&pixels);
    opened
}

/// Everything that a run needs.
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) opened: Opened,
    images: [ImageSet; 2],
}

impl Setup {
    /// On the small images, or the truth table.
    pub(crate) fn new(choices: Choices) -> Self {
        Self::on(bands(), choices)
    }

    /// On all of MNIST.
    pub(crate) fn on_mnist(choices: Choices) -> Self {
        let Mnist { train, test } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is here");
        Self::on([train, test], choices)
    }

    /// On the test images of MNIST alone: to learn from and to evaluate on.
    pub(crate) fn on_a_sixth_of_mnist(choices: Choices) -> Self {
        let Mnist { test, .. } = Mnist::load(&bundled_mnist_dir()).expect("MNIST is here");
        Self::on([test.clone(), test], choices)
    }

    fn on(images: [ImageSet; 2], choices: Choices) -> Self {
        let backend = choices.backend.expect("every test chooses a backend");
        Self {
            settings: Settings::resolve(&choices).expect("legal choices"),
            opened: backend.open().expect("the backend runs here"),
            images,
        }
    }

    fn image_splits(&self) -> Splits<Tensor<1, Int>> {
        let [train, test] = self.images.clone();
        if self.settings.data_in_file {
            let upload = |images, how| Examples::in_file(images, how, &self.opened);
            self.splits_of(in_file(&train, |_| {}), test, upload)
        } else {
            self.splits_of(train, test, |images, how| match how {
                Some(distortions) => Examples::distorted(images, distortions, &self.opened),
                None => Examples::from_images(images, &self.opened),
            })
        }
    }

    fn splits_of<P: Pixels>(
        &self,
        train: ImageSet<P>,
        test: ImageSet,
        upload: impl Fn(ImageSet<P>, Option<Distortions>) -> Examples<Tensor<1, Int>>,
    ) -> Splits<Tensor<1, Int>> {
        let Settings {
            validation_fraction,
            seed,
            ..
        } = self.settings;
        let (training, validation) = match validation_fraction {
            Some(share) => {
                let (training, validation) = train.split(share, seed).expect("both have rows");
                (training, Some(validation))
            }
            None => (train, None),
        };
        let image = [training.rows(), training.columns()];
        let classes = (0..training.class_count()).map(|class| class.to_string());
        let distortions = self.settings.augmentation().map(|how| {
            let classes = classes.collect::<Vec<_>>();
            how.distortions(image, &classes, seed)
                .expect("images of these classes")
        });
        Splits {
            training: upload(training, distortions),
            validation: validation.map(|images| upload(images, None)),
            test: Examples::from_images(test, &self.opened),
        }
    }

    /// The net before its first step.
    pub(crate) fn net(&self) -> AnyNet {
        let image = &self.images[0];
        let sizes = match self.settings.model {
            ModelName::XorNet => [2, self.settings.hidden[0], 1].to_vec(),
            _ => [
                &[image.image_size()],
                &self.settings.hidden[..],
                &[image.class_count()],
            ]
            .concat(),
        };
        AnyNet::build(&self.settings, &sizes, &self.opened.device).expect("legal sizes")
    }

    /// Has something done with the net, whatever it is, and its data.
    fn with<T: Task>(&self, task: T) -> T::Output {
        match self.net() {
            AnyNet::MnistMlp(net) => task.run(self, net, &self.image_splits()),
            AnyNet::XorNet(net) => task.run(self, net, &Splits::truth_table(&self.opened)),
            AnyNet::LinearRegression(net) => {
                let classes = self.images[0].class_count();
                let splits = self
                    .image_splits()
                    .map(|examples| examples.one_hot(classes));
                task.run(self, net, &splits)
            }
        }
    }

    /// Trains from the start, to whatever end.
    pub(crate) fn run(&self, memory: &mut Memory) -> Result<Outcome, TrainingError> {
        self.with(Train {
            from: None,
            ranks: None,
            memory,
        })
    }

    /// Trains from the start as one of several ranks.
    pub(crate) fn run_among(
        &self,
        ranks: Arc<dyn Ranks>,
        memory: &mut Memory,
    ) -> Result<Outcome, TrainingError> {
        let ranks = Some(ranks);
        self.with(Train {
            from: None,
            ranks,
            memory,
        })
    }

    /// Continues from a checkpoint as one of several ranks.
    pub(crate) fn resume_among(
        &self,
        ranks: Arc<dyn Ranks>,
        checkpoint: (Progress, Records),
        memory: &mut Memory,
    ) -> Result<Outcome, TrainingError> {
        self.with(Train {
            from: Some(checkpoint),
            ranks: Some(ranks),
            memory,
        })
    }

    /// Continues from a checkpoint.
    pub(crate) fn resume(
        &self,
        checkpoint: (Progress, Records),
        memory: &mut Memory,
    ) -> Result<Outcome, TrainingError> {
        let from = Some(checkpoint);
        self.with(Train {
            from,
            ranks: None,
            memory,
        })
    }

    /// Trains to the last epoch.
    #[track_caller]
    pub(crate) fn train(&self) -> Memory {
        let mut memory = Memory::default();
        let outcome = self.run(&mut memory).expect("the run continues to its end");
        assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
        memory
    }

    /// The epochs that fit a time.
    pub(crate) fn epochs_in(&self, time: Duration) -> usize {
        self.with(Fit(time))
    }

    /// One step, evaluated.
    pub(crate) fn dry_run(&self) -> DryRun {
        self.with(DryStep)
    }
}

/// Trains with these choices, to the last epoch.
#[track_caller]
pub(crate) fn train(choices: Choices) -> Memory {
    Setup::new(choices).train()
}

/// Something that is done with any net.
trait Task {
    type Output;

    fn run<N: Net>(self, setup: &Setup, net: N, splits: &Splits<N::Targets>) -> Self::Output;
}

struct Train<'a> {
    from: Option<(Progress, Records)>,
    ranks: Option<Arc<dyn Ranks>>,
    memory: &'a mut Memory,
}

impl Task for Train<'_> {
    type Output = Result<Outcome, TrainingError>;

    fn run<N: Net>(self, setup: &Setup, net: N, splits: &Splits<N::Targets>) -> Self::Output {
        let Setup {
            settings, opened, ..
        } = setup;
        let state = match self.from {
            None => State::fresh(net, settings, &opened.device),
            Some((progress, records)) => {
                State::restored(net, records, progress, settings, &opened.device)?
            }
        };
        let run = Run::new(settings, opened, splits)?;
        let run = match self.ranks {
            Some(ranks) => run.among(ranks)?,
            None => run,
        };
        run.train(state, self.memory)
    }
}

struct Fit(Duration);

impl Task for Fit {
    type Output = usize;

    fn run<N: Net>(self, setup: &Setup, net: N, splits: &Splits<N::Targets>) -> usize {
        let Setup {
            settings, opened, ..
        } = setup;
        epochs_in(self.0, settings, opened, splits, net).expect("the device works")
    }
}

struct DryStep;

impl Task for DryStep {
    type Output = DryRun;

    fn run<N: Net>(self, setup: &Setup, net: N, splits: &Splits<N::Targets>) -> DryRun {
        let Setup {
            settings, opened, ..
        } = setup;
        let state = State::fresh(net, settings, &opened.device);
        dry_run(settings, opened, splits, state).expect("the device works")
    }
}
