//! What the first weights do to the first steps.

use anyhow::Result;
use layers::Activation;
use manual_backprop::Reduction;
use manual_backprop::nets::mnist::{self, LayerParameters};
use pages::numbers::number;
use pages::page::{Section, Table};
use pages::plot::{Mark, Panel, Points, Scale, Series, figure};

use super::Rows;
use super::scheme::{SCHEMES, Scheme};
use crate::setup::Setup;
use crate::tensors::scalar;

/// The learning rate.
const RATE: f64 = 0.1;

/// Gradient descent on all rows: the loss before every step, up to the first that is not finite.
fn losses(
    f: Activation,
    scheme: Scheme,
    steps: usize,
    sizes: &[usize],
    rows: &Rows,
    setup: &Setup,
) -> Points {
    let mut parameters = scheme.draw(sizes, setup);
    let mut losses = vec![];
    for step in 0..steps {
        let (x, y, mean) = (rows.x.clone(), rows.y.clone(), Reduction::Mean);
        let forward = mnist::forward(f, &parameters, x.clone(), y.clone(), mean);
        let loss = scalar(&forward.loss);
        if !loss.is_finite() {
            break;
        }
        losses.push((step as f64, loss));
        let gradients = mnist::backward(f, &parameters, x, y, mean, &forward);
        let layers = parameters.iter().zip(gradients);
        parameters = layers
            .map(|(layer, gradient)| LayerParameters {
                w: layer.w.clone() - gradient.grad_w.mul_scalar(RATE),
                b: layer.b.clone() - gradient.grad_b.mul_scalar(RATE),
            })
            .collect();
    }
    losses
}

pub(super) fn learning(
    steps: usize,
    sizes: &[usize],
    rows: &Rows,
    setup: &Setup,
) -> Result<Section> {
    let functions = [Activation::Tanh, Activation::Relu];
    let mut table = Table::new(["activation", "initialiser", "loss before", "loss after"]);
    let mut panels = vec![];
    for f in functions {
        let mut series = vec![];
        for scheme in SCHEMES {
            let losses = losses(f, scheme, steps, sizes, rows, setup);
            let [first, last] = [losses.first(), losses.last()].map(|at| at.map(|at| number(at.1)));
            let complete = losses.len() == steps;
            table.push([
                f.name().to_owned(),
                scheme.name().to_owned(),
                first.unwrap_or_else(|| "not finite".to_owned()),
                last.filter(|_| complete)
                    .unwrap_or_else(|| "not finite".to_owned()),
            ]);
            series.push(Series::new(
                scheme.name(),
                scheme.colour(),
                Mark::Line,
                losses,
            ));
        }
        panels.push(Panel::of(
            f.name(),
            ("step", Scale::Linear),
            ("loss L", Scale::Log),
            series,
        ));
    }
    Ok(Section::new("What it does to learning")
        .formula("θ ← θ - α δθ")
        .text(format!(
            "The same images, {steps} steps of plain gradient descent with α = {}. Where the gradient has vanished, the \
             loss stays at ln 10 = {}, that of a net that knows nothing; where values explode, it starts far above it.",
            number(RATE),
            number(10f64.ln())
        ))
        .table(table)
        .figure("learning", "The loss at every step", figure(&panels, 2)?))
}
