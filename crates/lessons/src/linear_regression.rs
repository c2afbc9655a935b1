//! Multiple linear regression on MNIST: gradient descent beside the exact solution.

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

use super::{Common, Negative, Room, Teach, training_steps};
use crate::cli::{at_least_one, non_negative};
use crate::pages::colours::Colour;
use crate::pages::images::{Tile, sheet};
use crate::pages::numbers::{Comparison, Host, number};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Mark, Panel, Scale, Series, figure};

/// Share of the largest step at which gradient descent still converges.
const STEP_SHARE: f64 = 0.9;
/// Each judged step is this many times the one before, or the next.
const JUDGED_RATIO: f64 = 1.25;
/// Rows of the batch on which gradients are compared.
const COMPARED: usize = 500;
/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;

/// Options of `lesson linear-regression`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The ridge term γ beside which γ = 0 is shown, 0 or more.
    #[arg(long, default_value = "1000", allow_negative_numbers = true, value_parser = non_negative, value_name = "GAMMA")]
    ridge: f64,

    /// Training images to learn from, the first of the set, from 1; every step takes time in
    /// proportion, and all of them some minutes.
    #[arg(long, default_value = "6000", allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    rows: usize,

    /// Steps of gradient descent, each on all rows, from 1 to 1000000.
    #[arg(long, default_value = "400", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,

    #[command(flatten)]
    common: Common,
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
    step_length: f64,
    /// Share of the test images whose class the exact solution finds.
    exact_accuracy: f64,
    net: LinearRegression,
    judged: Vec<Judged>,
}

/// The net after so many steps.
#[derive(Clone, Copy)]
struct Judged {
    step: usize,
    /// Loss above the smallest possible, as a share of that.
    gap: f64,
    /// `‖W - W*‖ / ‖W*‖`.
    distance: f64,
    /// Share of the test images whose class is found.
    accuracy: f64,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "linear-regression"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
        if self.rows > train.len() {
            bail!(
                "--rows is {}, but there are {} training images; take at most as many",
                self.rows,
                train.len()
            );
        }
        let columns = train.columns();
        let classes = train.class_count();
        let rows = upload(&train, self.rows, classes, room);
        let test = upload(&test, test.len(), classes, room);
        let mut equations = NormalEquations::new(train.image_size(), classes)?;
        equations.add(rows.x.clone(), rows.y.clone())?;
        let mut ridges = vec![0.0, self.ridge];
        ridges.dedup();
        let fits = ridges
            .into_iter()
            .map(|ridge| self.fit(ridge, &equations, &rows, &test, room))
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::new("Linear regression on MNIST", "L12")
            .with(the_model(&rows, &test))
            .with(compared(self.ridge, &rows, room)?)
            .with(closed_forms(&fits, &rows))
            .with(descents(&fits)?)
            .with(weights(&fits, columns)?))
    }
}

fn upload(images: &ImageSet, rows: usize, classes: usize, room: &Room) -> Rows {
    let pixels = images.pixels().iter().take(rows * images.image_size());
    let pixels = pixels.map(|&byte| f64::from(byte) / WHITE).collect();
    let x = TensorData::new::<f64, _>(pixels, [rows, images.image_size()]);
    let labels = images.labels().iter().take(rows).map(|&label| label.into());
    let labels = TensorData::new::<i32, _>(labels.collect(), [rows]);
    let labels = Tensor::<1, Int>::from_data(labels, &room.opened.device);
    Rows {
        x: Tensor::from_data(x, (&room.opened.device, DType::F32)),
        y: one_hot(labels.clone(), classes, DType::F32),
        labels,
    }
}

/// Share of the rows whose class is found.
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
        room: &Room,
    ) -> Result<Fit> {
        let solution = equations.solve(ridge)?;
        let curvature = equations.curvature(ridge)?;
        let step_length = STEP_SHARE * curvature.largest_step();
        let [inputs, classes] = [rows.x.dims()[1], rows.y.dims()[1]];
        let mut net = LinearRegressionConfig::new(inputs, classes)
            .with_ridge(ridge)
            .init(room.seed, (&room.opened.device, DType::F32))?
            .train();
        let mut optimizer = SgdConfig::new().init();
        let due = judged_steps(self.steps);
        let mut judged = vec![];
        for step in 0..=self.steps {
            let plain = net.valid();
            if due.contains(&step) {
                let loss = equations.loss(&plain)?;
                if !loss.is_finite() {
                    return Err(Negative(format!(
                        "the loss is not finite at step {step} with γ = {}; name a smaller --ridge",
                        number(ridge)
                    ))
                    .into());
                }
                judged.push(Judged {
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
            net = optimizer.step(step_length, net, gradients);
        }
        Ok(Fit {
            ridge,
            condition: curvature.condition(),
            step_length,
            exact_accuracy: accuracy(&solution.net((&room.opened.device, DType::F32)), test),
            solution,
            net: net.valid(),
            judged,
        })
    }
}

/// Steps from 0 to the last, ever further apart.
fn judged_steps(last: usize) -> Vec<usize> {
    let next = |&step: &usize| Some(((step as f64 * JUDGED_RATIO) as usize).max(step + 1));
    iter::successors(Some(0), next)
        .take_while(|&step| step < last)
        .chain([last])
        .collect()
}

fn the_model(rows: &Rows, test: &Rows) -> Section {
    let [n, inputs] = rows.x.dims();
    let constant = {
        let lowest = Host::of(&rows.x.clone().min_dim(0)).values;
        let highest = Host::of(&rows.x.clone().max_dim(0)).values;
        let pairs = lowest.iter().zip(&highest);
        pairs.filter(|(low, high)| low == high).count()
    };
    Section::new("The model")
        .text(format!(
            "Each of the {} classes gets one number, a weighted sum of all {inputs} pixels; the \
             largest names the class. Targets are one-hot. {n} images to learn from, {} for the test. \
             (`trainer --model linear-regression` learns from all of them.)",
            rows.y.dims()[1],
            test.x.dims()[0]
        ))
        .formula(
            "Yp = X·W + 1bᵀ\n\
             J  = ½‖Yp - Y‖² + γ/2 ‖W‖²              summed over all images, b not penalised",
        )
        .text(
            "The gradient by hand: the half squared error gives Yp - Y, the affine map sends it to W \
             and b, and the ridge term adds γW.",
        )
        .formula(
            "∇W = Xᵀ(X·W + 1bᵀ - Y) + γW            ∇b = Σ_rows (Yp - Y)\n\
             at b = 0:  ∇W = (XᵀX + γI)·W - XᵀY      the slides' form",
        )
        .text(format!(
            "{constant} of the {inputs} pixels are the same in all {n} images. Along them X says \
             nothing: XᵀX has no inverse, and without a ridge term many W are equally good. The one \
             with the smallest ‖W‖ is taken.",
        ))
}

fn compared(ridge: f64, rows: &Rows, room: &Room) -> Result<Section> {
    let n = COMPARED.min(rows.x.dims()[0]);
    let (x, y) = (
        rows.x.clone().narrow(0, 0, n),
        rows.y.clone().narrow(0, 0, n),
    );
    let (x, y) = (x.cast(room.dtype), y.cast(room.dtype));
    // At zero weights the ridge term would not show.
    let net = LinearRegressionConfig::new(x.dims()[1], y.dims()[1])
        .with_ridge(ridge)
        .with_initializer(Initializer::GlorotUniform)
        .init(room.seed, room.float())?;
    let bias = |net: &LinearRegression| net.linear.bias.as_ref().map(|bias| bias.id);
    let bias = bias(&net).context("the model has a bias")?;
    let weight = net.linear.weight.id;
    let (_, by_hand) = manual_backprop::linear_regression::gradients(&net, x.clone(), y.clone());
    let tracked = net.train();
    let loss = tracked.loss(x.autodiff(), y.autodiff());
    let tape = GradientsParams::from_grads(loss.backward(), &tracked);
    let missing = "both parameters have gradients";
    let of_weight = |grads: &GradientsParams| grads.get::<2>(weight).context(missing);
    let of_bias = |grads: &GradientsParams| grads.get::<1>(bias).context(missing);
    let comparison = Comparison::new()
        .row("∇W", &of_weight(&by_hand)?, &of_weight(&tape)?)
        .row("∇b", &of_bias(&by_hand)?, &of_bias(&tape)?);
    Ok(Section::new("By hand and by automatic differentiation")
        .text(format!(
            "On the first {n} images with γ = {}, at weights drawn at random, where no term vanishes. \
             Largest difference: {}.",
            number(ridge),
            number(comparison.largest())
        ))
        .table(comparison.into_table()))
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
            "Where the gradient is 0, ∇b = 0 gives b, and what is left is a system of linear \
             equations for W, with X̃ and Ỹ for X and Y less their means over the images:",
        )
        .formula("(X̃ᵀX̃ + γI)·W* = X̃ᵀỸ        b* = ȳ - W*ᵀx̄")
        .text(format!(
            "A Cholesky decomposition solves it for γ > 0, an eigendecomposition for γ = 0, where the \
             {} directions without variation are left out.",
            rows.x.dims()[1] - fits[0].solution.rank
        ))
        .table(table)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn descents(fits: &[Fit]) -> Result<Section> {
    let mut table = Table::new([
        "γ",
        "condition",
        "step α",
        "steps",
        "J/J* - 1",
        "‖W - W*‖/‖W*‖",
        "test accuracy",
        "exact",
    ]);
    for fit in fits {
        let last = fit.judged.last().context("the last step is judged")?;
        table.push([
            number(fit.ridge),
            number(fit.condition),
            number(fit.step_length),
            last.step.to_string(),
            number(last.gap),
            number(last.distance),
            percent(last.accuracy),
            percent(fit.exact_accuracy),
        ]);
    }
    let curves = |of: fn(&Judged) -> f64| {
        let fits = fits.iter().zip(Colour::SERIES);
        let curves = fits.map(|(fit, colour)| {
            let points = fit
                .judged
                .iter()
                .filter(|judged| judged.step > 0)
                .map(|judged| (judged.step as f64, of(judged)));
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
    let mut accuracies = curves(|j| j.accuracy);
    for (fit, colour) in fits.iter().zip(Colour::SERIES) {
        let ends = [1, fit.judged.last().map_or(1, |judged| judged.step)];
        let line = ends.map(|step| (step as f64, fit.exact_accuracy));
        let label = format!("exact, γ = {}", number(fit.ridge));
        accuracies.push(Series::new(label, colour, Mark::Dashed, line));
    }
    let accuracy = Panel::of(
        "Test accuracy",
        steps,
        ("share found", Scale::Linear),
        accuracies,
    );
    Ok(Section::new("Gradient descent")
        .formula("W ← W - α∇W        b ← b - α∇b        from W = 0, b = 0")
        .text(format!(
            "Above a step of 2 over the largest curvature of J descent diverges; {} of that is taken. \
             Along the direction of the smallest curvature the error shrinks by the condition's \
             inverse, about, in each step: with a large γ the weights arrive, without one they are far \
             from W* for a very long time. The test accuracy does not wait for that.",
            percent(STEP_SHARE)
        ))
        .table(table)
        .figure(
            "descent",
            "Loss, weights and accuracy against the step; dashed: the exact solutions",
            figure(&[gap, distance, accuracy], 2)?,
        ))
}

fn weights(fits: &[Fit], columns: usize) -> Result<Section> {
    let mut section = Section::new("What the weights look like").text(
        "A column of W is an image: ink on red speaks for the class, ink on blue against it. The exact \
         solution without a ridge term gives large weights to pixels that hardly ever have ink; they \
         are noise. Few steps of descent, or a ridge term, keep them small.",
    );
    for fit in fits {
        let name = number(fit.ridge);
        let descended = Host::of(&fit.net.linear.weight.val());
        let classes = descended.dims[1];
        let tiles = |values: &[f64]| {
            let tiles = (0..classes).map(|class| {
                let column = values.iter().skip(class).step_by(classes).copied();
                Tile::signed(&column.collect::<Vec<_>>(), columns, class.to_string())
            });
            tiles.collect::<Vec<_>>()
        };
        let steps = fit.judged.last().map_or(0, |judged| judged.step);
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
    fn steps_are_judged_first_and_last_and_ever_more_seldom() {
        let steps = judged_steps(100);
        assert_eq!(steps[..5], [0, 1, 2, 3, 4]);
        assert_eq!(steps.last(), Some(&100));
        assert!(steps.is_sorted() && steps.len() < 30, "{steps:?}");
        assert_eq!(judged_steps(1), [0, 1]);
    }
}
