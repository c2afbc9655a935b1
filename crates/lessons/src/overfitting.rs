//! Overfitting on MNIST: too few images, and what helps.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::DType;
use clap::Args;
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use distortions::{Distortions, Kind, Recipe};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use pages::colours::Colour;
use pages::numbers::{number, percent};
use pages::page::{Page, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};
use training::number::parse::{non_negative, share};
use training::{Evaluation, ScheduleName, Settings, Team, Unwatched, evaluate};

use crate::about;
use crate::arguments::{between, epochs};
use crate::digit_nets::{self, Images};
use crate::setup::{Setup, Teach};
use crate::tensors::read;

/// Rows per step, and rows evaluated at once.
const BATCH: usize = 50;
const ROWS_AT_ONCE: usize = 1000;
/// Units of the hidden layer: many for the few images.
const HIDDEN: usize = 128;
const LEARNING_RATE: f64 = 0.05;
/// Fewest and most training images.
const IMAGES: [usize; 2] = [BATCH, 20_000];
/// Images of the validation set.
const VALIDATION: usize = 2000;

/// Options of `lesson overfitting`.
#[derive(Debug, Args)]
pub struct Options {
    /// Training images to use, from 50 to 20000.
    #[arg(long, default_value = "1000", allow_negative_numbers = true, value_parser = images, value_name = "N")]
    images: usize,

    /// Passes over them, from 1 to 1000.
    #[arg(long, default_value = "30", allow_negative_numbers = true, value_parser = epochs, value_name = "N")]
    epochs: usize,

    /// Factor λ of the weight decay, 0 or more.
    #[arg(long, default_value = "0.005", allow_negative_numbers = true, value_parser = non_negative, value_name = "LAMBDA")]
    weight_decay: f64,

    /// Probability p that dropout leaves a hidden unit out, from 0 to below 1.
    #[arg(long, default_value = "0.5", allow_negative_numbers = true, value_parser = share, value_name = "P")]
    dropout: f64,
}

fn images(text: &str) -> Result<usize, String> {
    between(text, IMAGES[0], IMAGES[1])
}

/// A way to train.
#[derive(Debug, Clone, Copy)]
struct Way {
    name: &'static str,
    colour: Colour,
    decays: bool,
    drops: bool,
    distorts: bool,
}

impl Way {
    /// Training without a remedy.
    const NOTHING: Self = Self {
        name: "nothing",
        colour: Colour::BLUE,
        decays: false,
        drops: false,
        distorts: false,
    };
}

const WAYS: [Way; 5] = [
    Way::NOTHING,
    Way {
        name: "weight decay",
        colour: Colour::ORANGE,
        decays: true,
        ..Way::NOTHING
    },
    Way {
        name: "dropout",
        colour: Colour::RED,
        drops: true,
        ..Way::NOTHING
    },
    Way {
        name: "distorted images",
        colour: Colour::GREEN,
        distorts: true,
        ..Way::NOTHING
    },
    Way {
        name: "all three",
        colour: Colour::PURPLE,
        decays: true,
        drops: true,
        distorts: true,
    },
];

/// The sets of a run.
struct Sets {
    images: ImageSet,
    /// The same images on the device, as they are.
    training: Images,
    validation: Images,
}

/// A run: after each epoch, the evaluation on the training and the validation images.
struct Run {
    way: Way,
    training: Vec<Evaluation>,
    validation: Vec<Evaluation>,
    /// Norm of all weights at the end.
    norm: f64,
}

impl Run {
    fn last(&self) -> Option<(&Evaluation, &Evaluation)> {
        self.training.last().zip(self.validation.last())
    }

    /// The epoch with the least validation loss, from 1, and that loss.
    fn best(&self) -> Option<(usize, f64)> {
        let losses = (1..).zip(self.validation.iter().map(|evaluation| evaluation.loss));
        losses.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Some of the images, the first of the set.
fn first(images: &ImageSet, count: usize) -> Result<ImageSet> {
    let pixels = images.pixels()[..count * images.image_size()].to_vec();
    let labels = images.labels()[..count].to_vec();
    Ok(ImageSet::new(
        images.rows(),
        images.columns(),
        pixels,
        labels,
    )?)
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())?;
        let validation_share = VALIDATION as f64 / train.len() as f64;
        let (train, validation) = train.split(validation_share, setup.seed)?;
        let images = first(&train, self.images)?;
        let upload = |images: &ImageSet| Images::from_images(images.clone(), &setup.opened);
        let sets = Sets {
            training: upload(&images),
            validation: upload(&validation),
            images,
        };
        let runs = WAYS.map(|way| self.train(way, &sets, setup));
        let runs = runs.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(about::OVERFITTING
            .page()
            .with(self.the_question(&sets))
            .with(what_happens(&runs)?)
            .with(self.what_helps(&runs)?))
    }
}

impl Options {
    fn train(&self, way: Way, sets: &Sets, setup: &Setup) -> Result<Run> {
        let decay = if way.decays { self.weight_decay } else { 0.0 };
        let settings = Settings {
            learning_rate: LEARNING_RATE,
            weight_decay: decay,
            dropout: if way.drops { self.dropout } else { 0.0 },
            schedule: ScheduleName::Linear,
            ..digit_nets::settings(self.epochs, BATCH, setup)
        };
        let examples = if way.distorts {
            let recipe = Recipe::new(Kind::Both, [sets.images.rows(), sets.images.columns()])?;
            let distortions = Distortions::new(&recipe, setup.seed);
            Images::distorted(sets.images.clone(), distortions, &setup.opened)
        } else {
            sets.training.clone()
        };
        let inputs = sets.images.image_size();
        let net = MnistMlpConfig::new(inputs, vec![HIDDEN], sets.images.class_count())
            .init(setup.seed, (&setup.opened.device, DType::F32))?
            .train();
        let mut run = Run {
            way,
            training: vec![],
            validation: vec![],
            norm: 0.0,
        };
        let remedy = format!("try a --weight-decay below {}", self.weight_decay);
        let team = Team::undivided();
        let watch = &mut Unwatched;
        let state = digit_nets::train(net, &settings, &examples, setup, &remedy, watch, |state| {
            let on = |examples| evaluate(state.net(), examples, &team, ROWS_AT_ONCE);
            run.training.push(on(&sets.training)?);
            run.validation.push(on(&sets.validation)?);
            Ok(())
        })?;
        run.norm = norm(&state.net().valid());
        Ok(run)
    }

    fn the_question(&self, sets: &Sets) -> Section {
        let inputs = sets.images.image_size();
        let classes = sets.images.class_count();
        Section::new("More weights than images")
            .text(format!(
                "A net {inputs}-{HIDDEN}-{classes} has {} parameters. It learns from {} images only, and is evaluated on \
                 {} others. With that many parameters it can learn its images by heart: the training loss goes to 0, and \
                 says nothing about images that it has not seen.",
                (inputs + 1) * HIDDEN + (HIDDEN + 1) * classes,
                sets.images.len(),
                sets.validation.len()
            ))
            .formula("L = -1/n Σ Y∘ln Yp + λ/2 Σ‖W‖²        δW = Xᵀ·G + λ W")
            .formula("D = Z∘M/(1 - p)        δZ = δD∘M/(1 - p)")
            .text(format!(
                "Weight decay adds λ W to the gradient, here with λ = {}: every step makes the weights a little smaller, \
                 and only those stay large that the data keep pulling at. Dropout leaves each hidden unit out of each row's \
                 step with the probability p = {}: the mask M is 0 there, and 1 elsewhere. What stays is scaled up, so \
                 that D is Z on average, and the net is evaluated without a mask. No unit can rely on another one, so \
                 the net learns the same thing in several ways. Distorting the images again in every epoch (as \
                 `trainer --augment both` does) gives the net more to learn than it can remember.",
                number(self.weight_decay),
                number(self.dropout)
            ))
    }

    fn what_helps(&self, runs: &[Run]) -> Result<Section> {
        let mut table = Table::new([
            "way",
            "training loss",
            "training accuracy",
            "validation loss",
            "validation accuracy",
            "norm of the weights",
        ]);
        for run in runs {
            let Some((training, validation)) = run.last() else {
                continue;
            };
            table.push([
                run.way.name.to_owned(),
                number(training.loss),
                percent(training.accuracy),
                number(validation.loss),
                percent(validation.accuracy),
                number(run.norm),
            ]);
        }
        let panel = |title: &str, y: (&str, Scale), of: fn(&Evaluation) -> f64| {
            let series = runs.iter().map(|run| {
                let points = by_epoch(&run.validation, of);
                Series::new(run.way.name, run.way.colour, Mark::Line, points)
            });
            Panel::of(title, ("epoch", Scale::Linear), y, series.collect())
        };
        let panels = [
            panel("Validation loss", ("loss", Scale::Log), |evaluation| {
                evaluation.loss
            }),
            panel(
                "Validation accuracy",
                ("accuracy, %", Scale::Linear),
                |evaluation| 100.0 * evaluation.accuracy,
            ),
        ];
        let best = runs
            .iter()
            .filter_map(|run| Some((run, run.last()?.1.accuracy)));
        let best = best.max_by(|a, b| a.1.total_cmp(&b.1));
        let verdict = best.map(|(run, accuracy)| {
            format!(
                "After {} epochs, the best on images that were not trained on is: {}, with {}.",
                self.epochs,
                run.way.name,
                percent(accuracy)
            )
        });
        Ok(Section::new("What helps")
            .text(verdict.unwrap_or_default())
            .table(table)
            .figure(
                "what-helps",
                "The validation images after every epoch, for each way to train",
                figure(&panels, 2)?,
            ))
    }
}

/// A number after each epoch, from 1.
fn by_epoch(evaluations: &[Evaluation], of: fn(&Evaluation) -> f64) -> Vec<(f64, f64)> {
    let evaluations = (1..).zip(evaluations);
    evaluations
        .map(|(epoch, evaluation)| (f64::from(epoch), of(evaluation)))
        .collect()
}

/// The norm of the weights of all layers.
fn norm(net: &MnistMlp) -> f64 {
    let squares = net
        .layers
        .iter()
        .map(|layer| read(&layer.weight.val()).norm().powi(2));
    squares.sum::<f64>().sqrt()
}

fn what_happens(runs: &[Run]) -> Result<Section> {
    let mut table = Table::new([
        "way",
        "least validation loss",
        "in epoch",
        "at the end",
        "gap at the end",
    ]);
    for run in runs {
        let (Some((epoch, least)), Some((training, validation))) = (run.best(), run.last()) else {
            continue;
        };
        table.push([
            run.way.name.to_owned(),
            number(least),
            epoch.to_string(),
            number(validation.loss),
            number(validation.loss - training.loss),
        ]);
    }
    let panels = runs.iter().map(|run| {
        let loss = |evaluation: &Evaluation| evaluation.loss;
        let series = vec![
            Series::new(
                "training",
                Colour::BLUE,
                Mark::Line,
                by_epoch(&run.training, loss),
            ),
            Series::new(
                "validation",
                Colour::ORANGE,
                Mark::Line,
                by_epoch(&run.validation, loss),
            ),
        ];
        Panel::of(
            run.way.name,
            ("epoch", Scale::Linear),
            ("loss", Scale::Log),
            series,
        )
    });
    Ok(Section::new("Two losses")
        .text(
            "The gap between the loss on the training images and the loss on others is what overfitting is. Where the \
             validation loss rises again, further training does harm: to stop there is the simplest remedy of all.",
        )
        .table(table)
        .figure(
            "losses",
            "The loss on the training images, as they are, and on the validation images after every epoch",
            figure(&panels.collect::<Vec<_>>(), 2)?,
        ))
}
