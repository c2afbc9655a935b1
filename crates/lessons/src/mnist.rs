//! The MNIST net: one step by hand, then a short training run.

use std::iter;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Int, Tensor};
use clap::Args;
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use layers::Activation;
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::one_hot;
use manual_backprop::nets::mnist::{self, LayerParameters};
use mnist_mlp::{MnistMlp, MnistMlpConfig};

use super::{Common, Negative, Room, Teach, epochs};
use crate::cli::{at_least_one, positive};
use crate::examples::{Examples, epoch_order};
use crate::pages::colours::Colour;
use crate::pages::images::{Tile, sheet};
use crate::pages::numbers::{Comparison, Host, number, steps};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Mark, Panel, Scale, Series, figure};

/// Rows per step.
const BATCH: usize = 128;
/// Share of the velocity that is left after a step.
const MOMENTUM: f64 = 0.9;
/// Losses and gradient norms are kept once in so many steps.
const KEPT: usize = 10;
/// How often the net is judged in an epoch.
const CHECKS: usize = 4;
/// Rows judged at once.
const JUDGED: usize = 1000;
/// Hidden units whose weights are shown.
const UNITS: usize = 32;
/// Digits shown with the net's answers, and as many of its worst mistakes.
const DIGITS: usize = 10;
/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;

/// Options of `lesson mnist`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Units of each hidden layer, separated by commas, each at least 1.
    #[arg(long, default_value = "64,32", value_delimiter = ',', allow_negative_numbers = true, value_parser = at_least_one, value_name = "UNITS")]
    hidden: Vec<usize>,

    /// Passes over the training images, from 1 to 1000.
    #[arg(long, default_value = "3", allow_negative_numbers = true, value_parser = epochs, value_name = "N")]
    epochs: usize,

    /// Step length, greater than 0.
    #[arg(long, default_value = "0.05", allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    learning_rate: f64,

    #[command(flatten)]
    common: Common,
}

/// Images on the device and on the host.
struct Images {
    examples: Examples<Tensor<1, Int>>,
    host: ImageSet,
}

/// What training left behind.
struct Training {
    net: MnistMlp,
    /// Step and training loss of the batch.
    losses: Vec<(f64, f64)>,
    /// For each layer, step and norm of its weights' gradient.
    norms: Vec<Vec<(f64, f64)>>,
    /// Step and what the net is worth then on images it does not learn from.
    validation: Vec<(f64, Judgement)>,
    steps: usize,
}

/// What a net is worth on some images.
#[derive(Clone, Copy)]
struct Judgement {
    loss: f64,
    /// Share of the images whose class is found.
    accuracy: f64,
}

/// The net's answer to an image.
struct Answer {
    index: usize,
    class: usize,
    probability: f64,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "mnist"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
        let (inputs, classes) = (train.image_size(), train.class_count());
        let (train, validation) = train.split(datasets::DEFAULT_VALIDATION_FRACTION, room.seed)?;
        let [train, validation, test] = [train, validation, test].map(|host| Images {
            examples: Examples::from_images(host.clone(), &room.opened),
            host,
        });
        let net = MnistMlpConfig::new(inputs, self.hidden.clone(), classes)
            .init(room.seed, (&room.opened.device, DType::F32))?;

        let sizes = iter::once(inputs)
            .chain(self.hidden.iter().copied())
            .chain([classes]);
        let sizes = sizes.map(|size| size.to_string()).collect::<Vec<_>>();
        let start = Section::new("The net")
            .text(format!(
                "A net {} with ReLU: {} parameters. {} images to learn from, {} to watch the \
                 learning, {} for the test.",
                sizes.join("-"),
                net.num_params(),
                train.host.len(),
                validation.host.len(),
                test.host.len()
            ))
            .formula(net_formula(self.hidden.len() + 1));
        let step = one_step(&net, &train.examples)?;
        let training = self.train(net, room, &train.examples, &validation)?;
        let answers = answers(&training.net, &test)?;
        Ok(Page::new("The MNIST net", "L7, L9, L17")
            .with(start)
            .with(step.forward)
            .with(step.backward)
            .with(step.compared)
            .with(self.learning(&training)?)
            .with(weights(&training.net, &train.host)?)
            .with(digits(&answers, &test.host)?))
    }
}

/// `Z1 = f(X·W1 + b1)   Z2 = ...   Yp = softmax(Z3)`.
fn net_formula(layers: usize) -> String {
    let input = |l: usize| match l {
        1 => "X".to_owned(),
        l => format!("Z{}", l - 1),
    };
    let hidden = (1..layers).map(|l| format!("Z{l} = f({}·W{l} + b{l})   ", input(l)));
    format!(
        "{}Z{layers} = {}·W{layers} + b{layers}   Yp = softmax(Z{layers})\n\
         L = -1/n Σ Y∘ln Yp   (mean over the n images of a batch)",
        hidden.collect::<String>(),
        input(layers)
    )
}

/// The sections about the first step.
struct FirstStep {
    forward: Section,
    backward: Section,
    compared: Section,
}

/// Forward and backward of the untrained net on the first batch.
fn one_step(net: &MnistMlp, train: &Examples<Tensor<1, Int>>) -> Result<FirstStep> {
    let (x, labels) = train.narrow(0, BATCH.min(train.len()));
    let parameters = net
        .layers
        .iter()
        .map(|layer| {
            let bias = layer.bias.as_ref().context("layers have biases")?;
            Ok(LayerParameters {
                w: layer.weight.val(),
                b: bias.val(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let last = parameters.len();
    let [_, classes] = parameters[last - 1].w.dims();
    let y = one_hot(labels.clone(), classes, DType::F32);
    let (f, mean) = (Activation::Relu, Reduction::Mean);
    let forward = mnist::forward(f, &parameters, x.clone(), y.clone(), mean);
    let gradients = mnist::backward(f, &parameters, x.clone(), y, mean, &forward);

    let input = |l: usize| match l {
        1 => "X".to_owned(),
        l => format!("Z{}", l - 1),
    };
    let mut values = vec![];
    for l in 1..=last {
        values.push(format!("A{l} = {}·W{l} + b{l}", input(l)));
        values.push(match l == last {
            true => format!("Z{l} = A{l}"),
            false => format!("Z{l} = f(A{l})"),
        });
    }
    values.extend([format!("Yp = softmax(Z{last})"), "L".to_owned()]);
    let values = values.iter().map(String::as_str).collect::<Vec<_>>();

    let (mut formulas, mut named) = (vec![], vec![]);
    for l in (1..=last).rev() {
        formulas.push(match l == last {
            true => format!("δZ{l} = (Yp - Y)/n"),
            false => format!("δZ{l} = δA{}·W{}ᵀ", l + 1, l + 1),
        });
        formulas.push(match l == last {
            true => format!("δA{l} = δZ{l}"),
            false => format!("δA{l} = f'(A{l})∘δZ{l}"),
        });
        formulas.push(format!("δW{l} = {}ᵀ·δA{l}", input(l)));
        formulas.push(format!("δb{l} = Σ_rows δA{l}"));
        named.extend(gradients[l - 1].named(l));
    }
    let formulas = formulas.iter().map(String::as_str).collect::<Vec<_>>();

    let tracked = net.clone().train();
    let loss = tracked.loss(x.autodiff(), labels.autodiff());
    let tape = GradientsParams::from_grads(loss.backward(), &tracked);
    let mut comparison = Comparison::new();
    for (l, (layer, by_hand)) in (1..).zip(tracked.layers.iter().zip(&gradients)) {
        let bias = layer.bias.as_ref().context("layers have biases")?.id;
        let weight = tape.get::<2>(layer.weight.id);
        let weight = weight.context("every weight has a gradient")?;
        let bias = tape.get::<1>(bias).context("every bias has a gradient")?;
        comparison = comparison
            .row(&format!("δW{l}"), &by_hand.grad_w, &weight)
            .row(&format!("δb{l}"), &by_hand.grad_b, &bias);
    }
    Ok(FirstStep {
        forward: Section::new("Forward: the first batch, before training")
            .text(
                "One row for each image. Of large tensors the table shows the norm, the root of the \
                 sum of squares.",
            )
            .table(steps("value", &values, &forward.named())),
        backward: Section::new("Backward: the first batch, before training")
            .text(
                "Softmax and cross-entropy together give Yp - Y; the mean divides by n once. From \
                 there each layer is one rule: G = f'(A)∘δZ, δW = Xᵀ·G, δb = Σ_rows G, δX = G·Wᵀ. The \
                 images are data: they need no gradient.",
            )
            .table(steps("gradient", &formulas, &named)),
        compared: Section::new("The same from automatic differentiation")
            .text(format!(
                "Burn's autodiff on the net as a module, in f32. Largest difference of an element: \
                 {}.",
                number(comparison.largest())
            ))
            .table(comparison.into_table()),
    })
}

impl Options {
    /// The training loop of item L17, with the gradients derived by hand.
    fn train(
        &self,
        net: MnistMlp,
        room: &Room,
        train: &Examples<Tensor<1, Int>>,
        validation: &Images,
    ) -> Result<Training> {
        let rows = train.len();
        let momentum = MomentumConfig::new()
            .with_momentum(MOMENTUM)
            .with_dampening(0.0);
        let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();
        let mut net = net.train();
        let (mut losses, mut norms, mut judgements) = (vec![], vec![], vec![]);
        let check = rows.div_ceil(BATCH).div_ceil(CHECKS);
        let mut step = 0;
        for epoch in 1..=self.epochs {
            let order = epoch_order(rows, room.seed, epoch as u64, &room.opened.device);
            for start in (0..rows).step_by(BATCH) {
                let batch = BATCH.min(rows - start);
                let plain = net.valid();
                if step % check == 0 {
                    judgements.push((step as f64, judge(&plain, validation)?));
                }
                let (x, labels) = train.select(order.clone().narrow(0, start, batch));
                let (loss, gradients) = manual_backprop::mnist_mlp::gradients(&plain, x, labels);
                if step % KEPT == 0 {
                    losses.push(loss);
                    norms.extend(plain.layers.iter().map(|layer| {
                        let gradient = gradients.get::<2>(layer.weight.id);
                        let gradient = gradient.expect("every weight has a gradient");
                        gradient.square().sum().sqrt()
                    }));
                }
                net = optimizer.step(self.learning_rate, net, gradients);
                step += 1;
            }
        }
        let net = net.valid();
        judgements.push((step as f64, judge(&net, validation)?));

        let at = |i: usize| (i * KEPT) as f64;
        let losses = Host::of(&Tensor::cat(losses, 0)).values;
        let norms = Host::of(&Tensor::cat(norms, 0)).values;
        let of_batches = losses.iter().enumerate().map(|(i, loss)| (at(i), *loss));
        let of_validation = judgements.iter().map(|(step, judged)| (*step, judged.loss));
        let mut all = of_batches.chain(of_validation);
        if let Some((step, _)) = all.find(|(_, loss)| !loss.is_finite()) {
            return Err(Negative(format!(
                "the loss is not finite at step {step}; try a --learning-rate below {}",
                number(self.learning_rate)
            ))
            .into());
        }
        let layers = net.layers.len();
        let of_layer = |l: usize| norms.iter().skip(l).step_by(layers).enumerate();
        Ok(Training {
            losses: losses
                .iter()
                .enumerate()
                .map(|(i, &y)| (at(i), y))
                .collect(),
            norms: (0..layers)
                .map(|l| of_layer(l).map(|(i, &y)| (at(i), y)).collect())
                .collect(),
            validation: judgements,
            net,
            steps: step,
        })
    }

    fn learning(&self, training: &Training) -> Result<Section> {
        let validation = || training.validation.iter();
        let loss = Panel::of(
            "Loss",
            ("step", Scale::Linear),
            ("cross-entropy", Scale::Log),
            vec![
                Series::new(
                    "training batches",
                    Colour::BLUE,
                    Mark::Thin,
                    training.losses.iter().copied(),
                ),
                Series::new(
                    "validation",
                    Colour::ORANGE,
                    Mark::Path,
                    validation().map(|(step, judged)| (*step, judged.loss)),
                ),
            ],
        );
        let accuracy = Panel::of(
            "Accuracy",
            ("step", Scale::Linear),
            ("share of images found", Scale::Linear),
            vec![Series::new(
                "validation",
                Colour::ORANGE,
                Mark::Path,
                validation().map(|(step, judged)| (*step, judged.accuracy)),
            )],
        );
        let norms = (1..)
            .zip(&training.norms)
            .zip(Colour::SERIES.into_iter().cycle())
            .map(|((l, norms), colour)| {
                Series::new(
                    format!("‖δW{l}‖"),
                    colour,
                    Mark::Thin,
                    norms.iter().copied(),
                )
            });
        let norms = Panel::of(
            "Gradient norm of each layer",
            ("step", Scale::Linear),
            ("norm", Scale::Log),
            norms.collect(),
        );
        let mut table = Table::new(["step", "validation loss", "validation accuracy"]);
        for (step, judged) in validation() {
            table.push([
                number(*step),
                number(judged.loss),
                format!("{:.2} %", 100.0 * judged.accuracy),
            ]);
        }
        Ok(Section::new("Learning")
            .formula(format!(
                "v ← {MOMENTUM} v + δθ        θ ← θ - α v        for every W and b"
            ))
            .text(format!(
                "{} steps of {BATCH} images with momentum and α = {}, in an order drawn anew for each \
                 epoch.",
                training.steps,
                number(self.learning_rate)
            ))
            .table(table)
            .figure(
                "learning",
                format!("Every {KEPT}th batch, and the validation images from time to time"),
                figure(&[loss, accuracy, norms], 2)?,
            ))
    }
}

fn judge(net: &MnistMlp, images: &Images) -> Result<Judgement> {
    let rows = images.host.len();
    let (mut loss, mut right) = (0.0, 0);
    for start in (0..rows).step_by(JUDGED) {
        let length = JUDGED.min(rows - start);
        let (x, labels) = images.examples.narrow(start, length);
        let logits = net.forward(x);
        let classes = logits.clone().argmax(1).squeeze_dim::<1>(1);
        right += classes
            .equal(labels.clone())
            .int()
            .sum()
            .into_scalar::<i64>();
        loss += Host::of(&mnist_mlp::cross_entropy(logits, labels)).values[0] * length as f64;
    }
    Ok(Judgement {
        loss: loss / rows as f64,
        accuracy: right as f64 / rows as f64,
    })
}

fn answers(net: &MnistMlp, images: &Images) -> Result<Vec<Answer>> {
    let rows = images.host.len();
    let mut answers = Vec::with_capacity(rows);
    for start in (0..rows).step_by(JUDGED) {
        let (x, _) = images.examples.narrow(start, JUDGED.min(rows - start));
        let predictions = net.predict(x);
        let classes = predictions.classes.into_data();
        let probabilities = Host::of(&predictions.probabilities).values;
        for (class, probability) in classes.iter::<i64>().zip(probabilities) {
            answers.push(Answer {
                index: answers.len(),
                class: usize::try_from(class)?,
                probability,
            });
        }
    }
    Ok(answers)
}

fn weights(net: &MnistMlp, images: &ImageSet) -> Result<Section> {
    let weight = Host::of(&net.layers[0].weight.val());
    let units = weight.dims[1];
    let tiles = (0..units.min(UNITS)).map(|unit| {
        let column = weight.values.iter().skip(unit).step_by(units).copied();
        let column = column.collect::<Vec<_>>();
        Tile::signed(&column, images.columns(), unit.to_string())
    });
    let tiles = tiles.collect::<Vec<_>>();
    Ok(Section::new("What the first layer looks for")
        .text(
            "A column of W1 has one weight for each pixel: it is an image. The unit is active where \
             ink lies on red and none on blue.",
        )
        .figure(
            "weights",
            format!(
                "Weights of the first {} of {units} units: blue negative, white 0, red positive, \
                 each at its own scale",
                tiles.len()
            ),
            sheet(&tiles, 8, 3.0)?,
        ))
}

fn digits(answers: &[Answer], images: &ImageSet) -> Result<Section> {
    let tile = |answer: &Answer| {
        let ink = images.image(answer.index).iter();
        let ink = ink.map(|&byte| f64::from(byte) / WHITE).collect::<Vec<_>>();
        let percent = 100.0 * answer.probability;
        let caption = match answer.is_right(images) {
            true => format!("{} at {percent:.1} %", answer.class),
            false => format!(
                "{} at {percent:.1} %, is {}",
                answer.class,
                images.label(answer.index)
            ),
        };
        Tile::grey(&ink, images.columns(), caption)
    };
    let right = answers.iter().filter(|answer| answer.is_right(images));
    let accuracy = right.count() as f64 / answers.len() as f64;
    let first = answers.iter().take(DIGITS).map(tile).collect::<Vec<_>>();
    let mut mistakes = answers
        .iter()
        .filter(|answer| !answer.is_right(images))
        .collect::<Vec<_>>();
    mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    let worst = mistakes.into_iter().take(DIGITS).map(tile);
    let worst = worst.collect::<Vec<_>>();
    let section = Section::new("What the net answers")
        .text(format!(
            "It finds the class of {:.2} % of the {} test images.",
            100.0 * accuracy,
            answers.len()
        ))
        .figure(
            "digits",
            "The first images of the test set, with the answer and its probability",
            sheet(&first, 5, 3.0)?,
        );
    match worst.is_empty() {
        true => Ok(section),
        false => Ok(section.figure(
            "mistakes",
            "The mistakes of which the net is surest, with the right class",
            sheet(&worst, 5, 3.0)?,
        )),
    }
}

impl Answer {
    fn is_right(&self, images: &ImageSet) -> bool {
        self.class == usize::from(images.label(self.index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_has_a_line_of_layers() {
        let formula = net_formula(3);
        let (layers, _) = formula.split_once('\n').unwrap();
        assert_eq!(
            layers,
            "Z1 = f(X·W1 + b1)   Z2 = f(Z1·W2 + b2)   Z3 = Z2·W3 + b3   Yp = softmax(Z3)"
        );
    }
}
