//! The MNIST net: one step by hand, then a short training run.

mod answers;
mod distorted;
mod first_step;
mod learning;

use anyhow::Result;
use burn::module::Module;
use burn::tensor::DType;
use clap::Args;
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use mnist_mlp::MnistMlpConfig;
use pages::page::{Page, Section};
use training::number::parse::{at_least_one, positive};
use training::{Team, answers};

use crate::about;
use crate::arguments::epochs;
use crate::digit_nets::Images;
use crate::setup::{Setup, Teach};
use answers::{digits, weights};
use distorted::distorted;
use first_step::FirstStep;

/// Rows per step.
const BATCH: usize = 128;
/// Rows evaluated at once.
const ROWS_AT_ONCE: usize = 1000;

/// Options of `lesson mnist`.
#[derive(Debug, Args)]
pub struct Options {
    /// Units of each hidden layer, separated by commas, each at least 1.
    #[arg(long, default_value = "64,32", value_delimiter = ',', allow_negative_numbers = true, value_parser = at_least_one, value_name = "UNITS")]
    hidden: Vec<usize>,

    /// Passes over the training images, from 1 to 1000.
    #[arg(long, default_value = "3", allow_negative_numbers = true, value_parser = epochs, value_name = "N")]
    epochs: usize,

    /// Learning rate, greater than 0.
    #[arg(long, default_value = "0.05", allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    learning_rate: f64,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
        let (inputs, classes) = (train.image_size(), train.class_count());
        let (train, validation) = train.split(datasets::DEFAULT_VALIDATION_FRACTION, setup.seed)?;
        let upload = |images: &ImageSet| Images::from_images(images.clone(), &setup.opened);
        let (training_images, test_images) = (upload(&train), upload(&test));
        let net = MnistMlpConfig::new(inputs, self.hidden.clone(), classes)
            .init(setup.seed, (&setup.opened.device, DType::F32))?;

        let sizes = [&[inputs], &self.hidden[..], &[classes]].concat();
        let sizes = sizes.iter().map(usize::to_string).collect::<Vec<_>>();
        let start = Section::new("The net")
            .text(format!(
                "A net {} with ReLU: {} parameters. {} training images, {} validation images, {} \
                 test images.",
                sizes.join("-"),
                net.num_params(),
                train.len(),
                validation.len(),
                test.len()
            ))
            .formula(net_formula(self.hidden.len() + 1));
        let step = FirstStep::of(&net, &training_images)?;
        let training = self.train(net, setup, &training_images, &upload(&validation))?;
        let team = Team::undivided();
        let answers = answers(&training.net, &test_images, &team, ROWS_AT_ONCE)?;
        Ok(about::MNIST
            .page()
            .with(start)
            .with(step.forward)
            .with(step.backward)
            .with(step.compared)
            .with(self.learning(&training)?)
            .with(weights(&training.net, train.columns())?)
            .with(digits(&answers, &test)?)
            .with(distorted(&train, setup.seed)?))
    }
}

/// `Z1 = f(X·W1 + b1)   Z2 = ...   Yp = softmax(Z3)`.
fn net_formula(layers: usize) -> String {
    let hidden = (1..layers).map(|l| format!("Z{l} = f({}·W{l} + b{l})   ", input_of(l)));
    format!(
        "{}Z{layers} = {}·W{layers} + b{layers}   Yp = softmax(Z{layers})\n\
         L = -1/n Σ Y∘ln Yp   (mean over the n images of a batch)",
        hidden.collect::<String>(),
        input_of(layers)
    )
}

/// The input of a layer, counted from 1.
fn input_of(layer: usize) -> String {
    match layer {
        1 => "X".to_owned(),
        _ => format!("Z{}", layer - 1),
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
