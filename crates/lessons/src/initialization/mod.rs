//! The first weights: gradients that vanish, explode, or keep their size.

mod histograms;
mod learning;
mod scheme;

use anyhow::Result;
use burn::tensor::{Int, Tensor, TensorData};
use clap::Args;
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use layers::Activation;
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::one_hot;
use manual_backprop::nets::mnist::{self, LayerParameters};
use pages::formula::Formula;
use pages::numbers::number;
use pages::page::{Cell, Page, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};

use crate::about;
use crate::arguments::{between, training_steps};
use crate::setup::{Setup, Teach};
use crate::tensors::read;
use histograms::histograms;
use learning::learning;
use scheme::{SCHEMES, Scheme};

/// The most of each: the values of all nets are kept.
const MOST_LAYERS: usize = 30;
const MOST_UNITS: usize = 512;
const MOST_IMAGES: usize = 2000;
/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;

/// Options of `lesson initialization`.
#[derive(Debug, Args)]
pub struct Options {
    /// Hidden layers, from 2 to 30.
    #[arg(long, default_value = "8", allow_negative_numbers = true, value_parser = layers, value_name = "N")]
    layers: usize,

    /// Units of each hidden layer, from 1 to 512.
    #[arg(long, default_value = "64", allow_negative_numbers = true, value_parser = units, value_name = "UNITS")]
    units: usize,

    /// Training images that go forward and back, the first of MNIST, from 1 to 2000.
    #[arg(long, default_value = "200", allow_negative_numbers = true, value_parser = images, value_name = "N")]
    images: usize,

    /// Steps of the short training, from 1 to 1000000.
    #[arg(long, default_value = "100", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,
}

fn layers(text: &str) -> Result<usize, String> {
    between(text, 2, MOST_LAYERS)
}

fn units(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_UNITS)
}

fn images(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_IMAGES)
}

/// Images and one-hot classes.
struct Rows {
    x: Tensor<2>,
    y: Tensor<2>,
}

impl Rows {
    fn first(images: &ImageSet, rows: usize, setup: &Setup) -> Self {
        let pixels = images.pixels().iter().take(rows * images.image_size());
        let pixels = pixels.map(|&byte| f64::from(byte) / WHITE).collect();
        let labels = images.labels().iter().take(rows).map(|&label| label.into());
        let labels = TensorData::new::<i32, _>(labels.collect(), [rows]);
        let labels = Tensor::<1, Int>::from_data(labels, &setup.opened.device);
        Self {
            x: setup.matrix([rows, images.image_size()], pixels),
            y: one_hot(labels, images.class_count(), setup.dtype),
        }
    }
}

/// The hidden layers of an untrained net after a forward and a backward pass.
struct Passed {
    f: Activation,
    scheme: Scheme,
    /// For each hidden layer, the elements of Z.
    activations: Vec<Vec<f64>>,
    /// For each hidden layer, the elements of δA of the sum over the rows.
    gradients: Vec<Vec<f64>>,
}

/// Root of the mean square.
fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
}

impl Passed {
    fn of(f: Activation, scheme: Scheme, parameters: &[LayerParameters], rows: &Rows) -> Self {
        let (x, y) = (rows.x.clone(), rows.y.clone());
        let sum = Reduction::Sum;
        let forward = mnist::forward(f, parameters, x.clone(), y.clone(), sum);
        let gradients = mnist::backward(f, parameters, x, y, sum, &forward);
        let hidden = parameters.len() - 1;
        let values = |tensor: &Tensor<2>| read(tensor).values;
        Self {
            f,
            scheme,
            activations: forward.layers[..hidden]
                .iter()
                .map(|layer| values(&layer.z))
                .collect(),
            gradients: gradients[..hidden]
                .iter()
                .map(|layer| values(&layer.grad_a))
                .collect(),
        }
    }

    /// The factor by which a size changes from layer to layer, on the way from the first to the last.
    fn factor(values: &[Vec<f64>]) -> f64 {
        let ratio = rms(&values[values.len() - 1]) / rms(&values[0]);
        ratio.powf(1.0 / (values.len() - 1) as f64)
    }
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())?;
        let rows = Rows::first(&train, self.images.min(train.len()), setup);
        let [inputs, classes] = [rows.x.dims()[1], rows.y.dims()[1]];
        let hidden = vec![self.units; self.layers];
        let sizes = [&[inputs], &hidden[..], &[classes]].concat();
        let passed = Activation::ALL.iter().flat_map(|&f| {
            let sizes = &sizes;
            let rows = &rows;
            SCHEMES.map(|scheme| Passed::of(f, scheme, &scheme.draw(sizes, setup), rows))
        });
        let passed = passed.collect::<Vec<_>>();
        let mut page = about::INITIALIZATION
            .page()
            .with(self.the_question(&sizes))
            .with(sizes_by_layer(&passed)?);
        for passed in passed.chunks(SCHEMES.len()) {
            page = page.with(histograms(passed)?);
        }
        Ok(page.with(learning(self.steps, &sizes, &rows, setup)?))
    }
}

impl Options {
    fn the_question(&self, sizes: &[usize]) -> Section {
        let mut table = Table::new([
            "initialiser",
            "bound of the weights",
            "of a hidden layer here",
        ]);
        for scheme in SCHEMES {
            table.push([
                scheme.name().into(),
                Cell::from(Formula::new(scheme.formula())),
                number(scheme.bound(sizes[1], sizes[2])).into(),
            ]);
        }
        Section::new("A product of many factors")
            .text(format!(
                "In a net with {} hidden layers a value is multiplied by a matrix and a derivative in every layer, \
                 forward and again backward. If each layer makes it a little smaller, nothing is left in the end; if \
                 each makes it a little larger, it explodes. The variance of a sum of d_in products tells which:",
                self.layers
            ))
            .formula(
                "Var(a_l) = d_in Var(w) mean(z_(l-1)²)        Var(δz_(l-1)) = d_out Var(w) mean(δa_l²)        \
                 Var(w) = bound² / 3",
            )
            .text(
                "Weights are drawn evenly from -bound to bound. Forward, the variance stays if d_in Var(w) times what \
                 the activation leaves of it is 1. ReLU leaves half: He's bound. Glorot's is the compromise between \
                 forward and backward for functions with slope 1 at 0.",
            )
            .table(table)
            .text(format!(
                "Below, {} images of MNIST go forward and back through untrained nets of {} hidden layers with {} \
                 units, for each initialiser and each activation. The gradient is that of the summed cross-entropy.",
                self.images, self.layers, self.units
            ))
    }
}

fn sizes_by_layer(passed: &[Passed]) -> Result<Section> {
    let mut table = Table::new([
        "activation",
        "initialiser",
        "Z of the last layer",
        "Z, factor by layer",
        "δA of the first layer",
        "δA, factor by layer",
    ]);
    for one in passed {
        table.push([
            one.f.name().to_owned(),
            one.scheme.name().to_owned(),
            number(rms(&one.activations[one.activations.len() - 1])),
            number(Passed::factor(&one.activations)),
            number(rms(&one.gradients[0])),
            number(1.0 / Passed::factor(&one.gradients)),
        ]);
    }
    let panels = |what: &str, of: fn(&Passed) -> &[Vec<f64>]| {
        let panels = passed.chunks(SCHEMES.len()).map(|passed| {
            let series = passed.iter().map(|one| {
                let sizes = (1..)
                    .zip(of(one))
                    .map(|(l, values)| (f64::from(l), rms(values)));
                Series::new(one.scheme.name(), one.scheme.colour(), Mark::Path, sizes)
            });
            let (x, y) = (("layer", Scale::Linear), (what, Scale::Log));
            Panel::of(passed[0].f.name(), x, y, series.collect())
        });
        figure(&panels.collect::<Vec<_>>(), 2)
    };
    Ok(Section::new("Layer by layer")
        .text(
            "The size of a layer is the root of the mean square of its elements. A factor of 1 keeps it; what is far \
             from 1 is to be taken to the power of the number of layers. The gradient's factor is that of one layer on \
             the way back.",
        )
        .table(table)
        .figure(
            "activations",
            "The size of Z in each hidden layer",
            panels("rms of Z", |one| &one.activations)?,
        )
        .figure(
            "gradients",
            "The size of δA in each hidden layer: the gradient arrives on the right and leaves on the left",
            panels("rms of δA", |one| &one.gradients)?,
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    #[test]
    fn he_keeps_the_size_through_relu_and_small_weights_do_not() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 1);
        let train = Mnist::load(&bundled_mnist_dir()).unwrap().train;
        let rows = Rows::first(&train, 50, &setup);
        let sizes = [784, 100, 100, 100, 100, 100, 100, 10];
        let factors = |scheme: Scheme| {
            let passed = Passed::of(
                Activation::Relu,
                scheme,
                &scheme.draw(&sizes, &setup),
                &rows,
            );
            [
                Passed::factor(&passed.activations),
                1.0 / Passed::factor(&passed.gradients),
            ]
        };
        for factor in factors(Scheme::He) {
            assert!((0.8..1.25).contains(&factor), "{factor}");
        }
        assert!(factors(Scheme::Small).iter().all(|factor| *factor < 0.1));
        assert!(factors(Scheme::Large).iter().all(|factor| *factor > 3.0));
    }
}
