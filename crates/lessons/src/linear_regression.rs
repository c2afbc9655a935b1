//! Multiple linear regression on MNIST: gradient descent compared with the exact solution.

use std::iter;

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Int, Tensor, TensorData};
use clap::Args;
use datasets::{ImageSet, Mnist, bundled_mnist_dir};
use linear_regression::{
    Initializer, LinearRegression, LinearRegressionConfig, NormalEquations, Solution,
};
use manual_backprop::cross_entropy::one_hot;
use pages::colours::Colour;
use pages::images::{Tile, sheet};
use pages::numbers::{number, percent};
use pages::page::{Page, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};
use training::number::parse::{at_least_one, non_negative};

use crate::about;
use crate::arguments::training_steps;
use crate::setup::{NotFinite, Setup, Teach};
use crate::tensors::{Comparison, layer_gradients, read};

/// The learning rate, as a fraction of the largest with which gradient descent converges.
const STEP_SHARE: f64 = 0.9;
/// Ratio of two consecutive steps at which the net is evaluated; they differ by at least 1.
const EVALUATED_RATIO: f64 = 1.25;
/// Rows of the batch on which gradients are compared.
const COMPARED: usize = 500;
/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;

/// Options of `lesson linear-regression`.
#[derive(Debug, Args)]
pub struct Options {
    /// The ridge term γ, 0 or more; γ = 0 is shown next to it.
    #[arg(long, default_value = "1000", allow_negative_numbers = true, value_parser = non_negative, value_name = "GAMMA")]
    ridge: f64,

    /// Training images to use, the first of the set, 1 or more; time grows in proportion, and all
    /// of them take minutes.
    #[arg(long, default_value = "6000", allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    rows: usize,

    /// Steps of gradient descent, each on all rows, from 1 to 1000000.
    #[arg(long, default_value = "400", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,
}

/// Images and their classes, on the device.
struct Rows {
    x: Tensor<2>,
    /// One-hot.
    y: Tensor<2>,
    labels: Tensor<1, Int>,
}

/// Gradient descent and the exact solution at one ridge term.
struct Fit {
    ridge: f64,
    solution: Solution,
    /// Largest over smallest curvature of the loss.
    condition: f64,
    learning_rate: f64,
    /// Test accuracy of the exact solution.
    exact_accuracy: f64,
    net: LinearRegression,
    evaluated: Vec<Evaluated>,
}

/// The net after some steps.
#[derive(Clone, Copy)]
struct Evaluated {
    step: usize,
    /// Loss above the smallest possible loss, as a fraction of it.
    gap: f64,
    /// `‖W - W*‖ / ‖W*‖`.
    distance: f64,
    /// Test accuracy.
    accuracy: f64,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
        if self.rows > train.len() {
            bail!(
                "--rows {}: there are {} training images; use at most that many",
                self.rows,
                train.len()
            );
        }
        let columns = train.columns();
        let classes = train.class_count();
        let rows = upload(&train, self.rows, classes, setup);
        let test = upload(&test, test.len(), classes, setup);
        let mut equations = NormalEquations::new(train.image_size(), classes)?;
        equations.add(rows.x.clone(), rows.y.clone())?;
        let mut ridges = vec![0.0, self.ridge];
        ridges.dedup();
        let fits = ridges
            .into_iter()
            .map(|ridge| self.fit(ridge, &equations, &rows, &test, setup))
            .collect::<Result<Vec<_>>>()?;
        Ok(about::LINEAR_REGRESSION
            .page()
            .with(the_model(&rows, &test))
            .with(compared(self.ridge, &rows, setup)?)
            .with(closed_forms(&fits, &rows))
            .with(descents(&fits)?)
            .with(weights(&fits, columns)?))
    }
}

fn upload(images: &ImageSet, rows: usize, classes: usize, setup: &Setup) -> Rows {
    let pixels = images.pixels().iter().take(rows * images.image_size());
    let pixels = pixels.map(|&byte| f64::from(byte) / WHITE).collect();
    let x = TensorData::new::<f64, _>(pixels, [rows, images.image_size()]);
    let labels = images.labels().iter().take(rows).map(|&label| label.into());
    let labels = TensorData::new::<i32, _>(labels.collect(), [rows]);
    let labels = Tensor::<1, Int>::from_data(labels, &setup.opened.device);
    Rows {
        x: Tensor::from_data(x, (&setup.opened.device, DType::F32)),
        y: one_hot(labels.clone(), classes, DType::F32),
        labels,
    }
}

/// Share of the rows whose class is predicted correctly.
fn accuracy(net: &LinearRegression, rows: &Rows) -> f64 {
    let right = net.predict(rows.x.clone()).equal(rows.labels.clone());
    right.int().sum().into_scalar::<i64>() as f64 / rows.x.dims()[0] as f64
}

impl Options {
    /// Gradient descent from zero on all rows, with the gradients derived by hand.
    fn fit(
        &self,
        ridge: f64,
        equations: &NormalEquations,
        rows: &Rows,
        test: &Rows,
        setup: &Setup,
    ) -> Result<Fit> {
        let solution = equations.solve(ridge)?;
        let curvature = equations.curvature(ridge)?;
        let learning_rate = STEP_SHARE * curvature.largest_step();
        let [inputs, classes] = [rows.x.dims()[1], rows.y.dims()[1]];
        let mut net = LinearRegressionConfig::new(inputs, classes)
            .with_ridge(ridge)
            .init(setup.seed, (&setup.opened.device, DType::F32))?
            .train();
        let mut optimizer = SgdConfig::new().init();
        let due = evaluated_steps(self.steps);
        let mut evaluated = vec![];
        for step in 0..=self.steps {
            let plain = net.valid();
            if due.contains(&step) {
                let loss = equations.loss(&plain)?;
                if !loss.is_finite() {
                    return Err(NotFinite(format!(
                        "the loss is not finite at step {step} with γ = {}; choose a smaller --ridge",
                        number(ridge)
                    ))
                    .into());
                }
                evaluated.push(Evaluated {
                    step,
                    gap: loss / solution.loss - 1.0,
                    distance: solution.distance(&plain)?,
                    accuracy: accuracy(&plain, test),
                });
            }
            let (_, gradients) = manual_backprop::linear_regression::gradients(
                &plain,
                rows.x.clone(),
                rows.y.clone(),
            );
            net = optimizer.step(learning_rate, net, gradients);
        }
        Ok(Fit {
            ridge,
            condition: curvature.condition(),
            learning_rate,
            exact_accuracy: accuracy(&solution.net((&setup.opened.device, DType::F32)), test),
            solution,
            net: net.valid(),
            evaluated,
        })
    }
}

/// Steps from 0 to the last, at growing distances.
fn evaluated_steps(last: usize) -> Vec<usize> {
    let next = |&step: &usize| Some(((step as f64 * EVALUATED_RATIO) as usize).max(step + 1));
    iter::successors(Some(0), next)
        .take_while(|&step| step < last)
        .chain([last])
        .collect()
}

fn the_model(rows: &Rows, test: &Rows) -> Section {
    let [n, inputs] = rows.x.dims();
    let constant = {
        let lowest = read(&rows.x.clone().min_dim(0)).values;
        let highest = read(&rows.x.clone().max_dim(0)).values;
        let pairs = lowest.iter().zip(&highest);
        pairs.filter(|(low, high)| low == high).count()
    };
    Section::new("The model")
        .text(format!(
            "Each of the {} classes gets one output, a weighted sum of all {inputs} pixels; the largest \
             output decides the class. Targets are one-hot. There are {n} training images and {} test \
             images. (`trainer --model linear-regression` trains on all training images.)",
            rows.y.dims()[1],
            test.x.dims()[0]
        ))
        .formula(
            "Yp = X·W + 1bᵀ\n\
             J  = ½‖Yp - Y‖² + γ/2 ‖W‖²              summed over all images, b not penalised",
        )
        .text(
            "The gradient by hand: the half squared error gives Yp - Y, the affine map passes it to W \
             and b, and the ridge term adds γW.",
        )
        .formula(
            "∇W = Xᵀ(X·W + 1bᵀ - Y) + γW            ∇b = Σ_rows (Yp - Y)\n\
             at b = 0:  ∇W = (XᵀX + γI)·W - XᵀY      as on the slides",
        )
        .text(format!(
            "{constant} of the {inputs} pixels are the same in all {n} images. The data says nothing \
             about their weights: XᵀX has no inverse, and without a ridge term many W are equally \
             good. The one with the smallest ‖W‖ is used.",
        ))
}

fn compared(ridge: f64, rows: &Rows, setup: &Setup) -> Result<Section> {
    let n = COMPARED.min(rows.x.dims()[0]);
    let (x, y) = (
        rows.x.clone().narrow(0, 0, n),
        rows.y.clone().narrow(0, 0, n),
    );
    let (x, y) = (x.cast(setup.dtype), y.cast(setup.dtype));
    // With zero weights the ridge term would have no effect.
    let net = LinearRegressionConfig::new(x.dims()[1], y.dims()[1])
        .with_ridge(ridge)
        .with_initializer(Initializer::GlorotUniform)
        .init(setup.seed, setup.float())?;
    let (_, by_hand) = manual_backprop::linear_regression::gradients(&net, x.clone(), y.clone());
    let tracked = net.train();
    let loss = tracked.loss(x.autodiff(), y.autodiff());
    let tape = GradientsParams::from_grads(loss.backward(), &tracked);
    let (grad_w, grad_b) = layer_gradients(&tracked.linear, &by_hand)?;
    let (by_autodiff_w, by_autodiff_b) = layer_gradients(&tracked.linear, &tape)?;
    let comparison =
        Comparison::new()
            .row("∇W", &grad_w, &by_autodiff_w)
            .row("∇b", &grad_b, &by_autodiff_b);
    let compared = format!(
        "On the first {n} images with γ = {}, with random weights, where no term is 0.",
        number(ridge)
    );
    let section = Section::new("By hand and by automatic differentiation");
    Ok(comparison.shown_in(section, &compared))
}

fn closed_forms(fits: &[Fit], rows: &Rows) -> Section {
    let mut table = Table::new([
        "γ",
        "rank of X̃",
        "condition of X̃ᵀX̃ + γI",
        "‖W*‖",
        "J*",
        "test accuracy",
    ]);
    for fit in fits {
        let norm = fit
            .solution
            .weight
            .iter()
            .map(|w| w * w)
            .sum::<f64>()
            .sqrt();
        table.push([
            number(fit.ridge),
            fit.solution.rank.to_string(),
            number(fit.solution.condition),
            number(norm),
            number(fit.solution.loss),
            percent(fit.exact_accuracy),
        ]);
    }
    Section::new("The exact solution")
        .text(
            "Set the gradient to 0: ∇b = 0 gives b, and a system of linear equations for W remains. \
             X̃ and Ỹ are X and Y minus their means over the images:",
        )
        .formula("(X̃ᵀX̃ + γI)·W* = X̃ᵀỸ        b* = ȳ - W*ᵀx̄")
        .text(format!(
            "A Cholesky decomposition solves it for γ > 0, an eigendecomposition for γ = 0, which leaves \
             out the {} directions without variation.",
            rows.x.dims()[1] - fits[0].solution.rank
        ))
        .table(table)
}

fn descents(fits: &[Fit]) -> Result<Section> {
    let mut table = Table::new([
        "γ",
        "condition",
        "α",
        "steps",
        "J/J* - 1",
        "‖W - W*‖/‖W*‖",
        "test accuracy",
        "exact solution",
    ]);
    for fit in fits {
        let last = fit
            .evaluated
            .last()
            .context("the net is evaluated after the last step")?;
        table.push([
            number(fit.ridge),
            number(fit.condition),
            number(fit.learning_rate),
            last.step.to_string(),
            number(last.gap),
            number(last.distance),
            percent(last.accuracy),
            percent(fit.exact_accuracy),
        ]);
    }
    let curves = |of: fn(&Evaluated) -> f64| {
        let fits = fits.iter().zip(Colour::SERIES);
        let curves = fits.map(|(fit, colour)| {
            let points = fit
                .evaluated
                .iter()
                .filter(|evaluated| evaluated.step > 0)
                .map(|evaluated| (evaluated.step as f64, of(evaluated)));
            Series::new(
                format!("γ = {}", number(fit.ridge)),
                colour,
                Mark::Line,
                points,
            )
        });
        curves.collect::<Vec<_>>()
    };
    let steps = ("step", Scale::Log);
    let gap = Panel::of(
        "Loss above the smallest",
        steps,
        ("J/J* - 1", Scale::Log),
        curves(|j| j.gap),
    );
    let distance = Panel::of(
        "Distance of the weights",
        steps,
        ("‖W - W*‖ / ‖W*‖", Scale::Log),
        curves(|j| j.distance),
    );
    let mut accuracies = curves(|j| 100.0 * j.accuracy);
    for (fit, colour) in fits.iter().zip(Colour::SERIES) {
        let ends = [
            1,
            fit.evaluated.last().map_or(1, |evaluated| evaluated.step),
        ];
        let line = ends.map(|step| (step as f64, 100.0 * fit.exact_accuracy));
        let label = format!("exact, γ = {}", number(fit.ridge));
        accuracies.push(Series::new(label, colour, Mark::Dashed, line));
    }
    let accuracy = Panel::of(
        "Test accuracy",
        steps,
        ("accuracy, %", Scale::Linear),
        accuracies,
    );
    Ok(Section::new("Gradient descent")
        .formula("W ← W - α∇W        b ← b - α∇b        from W = 0, b = 0")
        .text(format!(
            "With a learning rate above 2 / (largest curvature of J) gradient descent diverges; α is {} \
             of that. In the direction of the smallest curvature, each step reduces the error by a \
             share of about 1 / condition. With a large γ the weights converge; without it they stay far \
             from W* for a very long time. The test accuracy is good long before.",
            percent(STEP_SHARE)
        ))
        .table(table)
        .figure(
            "descent",
            "Loss, weights and accuracy over the steps; dashed: the exact solutions",
            figure(&[gap, distance, accuracy], 2)?,
        ))
}

fn weights(fits: &[Fit], columns: usize) -> Result<Section> {
    let mut section = Section::new("What the weights look like").text(
        "A column of W is an image: ink on red speaks for the class, ink on blue against it. The exact \
         solution without a ridge term gives large weights to pixels that hardly ever have ink; they \
         are noise. Stopping gradient descent early, or a ridge term, keeps them small.",
    );
    for fit in fits {
        let name = number(fit.ridge);
        let descended = read(&fit.net.linear.weight.val());
        let classes = descended.dims[1];
        let tiles = |values: &[f64]| Tile::of_units(values, classes, columns).collect::<Vec<_>>();
        let steps = fit.evaluated.last().map_or(0, |evaluated| evaluated.step);
        section = section
            .figure(
                format!("descended-{name}"),
                format!("γ = {name}: after {steps} steps of gradient descent"),
                sheet(&tiles(&descended.values), 10, 2.5)?,
            )
            .figure(
                format!("exact-{name}"),
                format!("γ = {name}: the exact solution"),
                sheet(&tiles(&fit.solution.weight), 10, 2.5)?,
            );
    }
    Ok(section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_step_are_evaluated_and_fewer_later_on() {
        let steps = evaluated_steps(100);
        assert_eq!(steps[..5], [0, 1, 2, 3, 4]);
        assert_eq!(steps.last(), Some(&100));
        assert!(steps.is_sorted() && steps.len() < 30, "{steps:?}");
        assert_eq!(evaluated_steps(1), [0, 1]);
    }
}
