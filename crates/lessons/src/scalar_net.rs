//! The scalar net: every variable one number.

use anyhow::{Result, bail};
use burn::tensor::Tensor;
use clap::Args;
use computational_graph::{SvgOptions, nets};
use manual_backprop::nets::scalar::{self, Parameters};
use pages::colours::Colour;
use pages::numbers::number;
use pages::page::{Page, Picture, Section};
use pages::plot::{Axis, Mark, Panel, Points, Scale, Series, figure};
use training::number::parse::finite;

use crate::about;
use crate::graphs;
use crate::setup::{NotFinite, Setup, Teach};
use crate::tensors::{Comparison, scalar as scalar_of, scalar_gradients, steps};

const FORWARD: [&str; 6] = [
    "z1 = x w1",
    "z2 = z1 + b1",
    "z3 = σ(z2)",
    "z4 = z3 w2",
    "yp = z4 + b2",
    "L = ½(yp - y)²",
];

const BACKWARD: [&str; 9] = [
    "δyp = yp - y",
    "δz4 = δyp",
    "δb2 = δyp",
    "δz3 = w2 δz4",
    "δw2 = z3 δz4",
    "δz2 = σ'(z2) δz3",
    "δz1 = δz2",
    "δb1 = δz2",
    "δw1 = x δz1",
];

/// Points of the loss curve.
const SAMPLES: usize = 121;
/// How far the curve extends to each side of w1.
const REACH: f64 = 4.0;

/// Options of `lesson scalar-net`.
#[derive(Debug, Args)]
pub struct Options {
    /// The input x.
    #[arg(long, default_value = "1.5", allow_negative_numbers = true, value_parser = finite, value_name = "NUMBER")]
    x: f64,

    /// The target y.
    #[arg(long, default_value = "0.25", allow_negative_numbers = true, value_parser = finite, value_name = "NUMBER")]
    y: f64,

    /// The parameters w1,b1,w2,b2.
    #[arg(long, default_value = "0.8,-0.4,1.2,0.3", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, value_name = "NUMBERS")]
    parameters: Vec<f64>,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let [w1, b1, w2, b2] = self.parameters[..] else {
            bail!(
                "--parameters: expected four numbers w1,b1,w2,b2, got {}; for example \
                 --parameters 0.8,-0.4,1.2,0.3",
                self.parameters.len()
            );
        };
        let one = |value: f64| setup.vector(vec![value]);
        let (x, y) = (one(self.x), one(self.y));
        let p = Parameters {
            w1: one(w1),
            b1: one(b1),
            w2: one(w2),
            b2: one(b2),
        };
        let forward = scalar::forward(&p, x.clone(), y.clone());
        let by_hand = scalar::backward(&p, x.clone(), y.clone(), &forward);
        let loss = scalar_of(&forward.loss);
        let slope = scalar_of(&by_hand.grad_w1);
        if !loss.is_finite() || !slope.is_finite() {
            return Err(NotFinite(format!(
                "the loss is {} and its slope {} at these numbers; choose smaller ones",
                number(loss),
                number(slope)
            ))
            .into());
        }

        let [w1_grad, b1_grad, w2_grad, b2_grad] = scalar_gradients(&p, &x, &y);
        let comparison = Comparison::new()
            .row("δw1", &by_hand.grad_w1, &w1_grad)
            .row("δb1", &by_hand.grad_b1, &b1_grad)
            .row("δw2", &by_hand.grad_w2, &w2_grad)
            .row("δb2", &by_hand.grad_b2, &b2_grad);

        let curve = loss_along_w1(&p, self.x, self.y, w1, setup);
        let start = Section::new("The net").text(format!(
            "One input, one hidden sigmoid unit, one output: every value in this net is a single \
             number. Here x = {}, y = {}, w1 = {}, b1 = {}, w2 = {}, b2 = {}.",
            number(self.x),
            number(self.y),
            number(w1),
            number(b1),
            number(w2),
            number(b2)
        ));
        Ok(about::SCALAR_NET.page()
            .with(start.formula("yp = σ(x w1 + b1) w2 + b2        L = ½(yp - y)²"))
            .with(
                Section::new("Forward: from the input to the loss")
                    .table(steps("value", &FORWARD, &forward.named())),
            )
            .with(
                Section::new("Backward: from the loss to the parameters")
                    .text(
                        "δv is the gradient of the loss with respect to v. Each step of the forward \
                         pass has a backward step: multiply the gradient that comes from the right by \
                         the derivative of the step. With σ'(z2) = σ(z2)(1 - σ(z2)) = z3(1 - z3):",
                    )
                    .table(steps("gradient", &BACKWARD, &by_hand.named())),
            )
            .with(comparison.shown_in(
                Section::new("The same from automatic differentiation"),
                "Burn's autodiff records the forward pass and derives the backward pass by itself.",
            ))
            .with(
                Section::new("The net as a computational graph").figure(
                    "graph",
                    "Values above the arrows flow to the right, gradients below them flow to the left",
                    graph(&p, x, y)?,
                ),
            )
            .with(
                Section::new("What a gradient is")
                    .text(format!(
                        "Vary w1 alone: the loss is a curve, and δw1 = {} is the slope of its tangent \
                         at w1 = {}. A step against the gradient goes downhill.",
                        number(slope),
                        number(w1)
                    ))
                    .figure(
                        "loss-along-w1",
                        "The loss as a function of w1, and the tangent with the slope δw1",
                        tangent_figure(&curve, w1, loss, slope)?,
                    ),
            ))
    }
}

fn graph(p: &Parameters, x: Tensor<1>, y: Tensor<1>) -> Result<Picture> {
    let mut graph = nets::scalar(p, x, y)?;
    graph.forward();
    graph.backward("loss")?;
    Ok(graphs::picture(&graph, &SvgOptions::default()))
}

/// The loss at `SAMPLES` values of w1 around the given one.
fn loss_along_w1(p: &Parameters, x: f64, y: f64, w1: f64, setup: &Setup) -> Points {
    let at = |i: usize| w1 - REACH + 2.0 * REACH * i as f64 / (SAMPLES - 1) as f64;
    let one = |value: f64| setup.vector(vec![value]);
    (0..SAMPLES)
        .map(|i| {
            let moved = Parameters {
                w1: one(at(i)),
                ..p.clone()
            };
            let loss = scalar::forward(&moved, one(x), one(y)).loss;
            (at(i), scalar_of(&loss))
        })
        .collect()
}

fn tangent_figure(curve: &[(f64, f64)], w1: f64, loss: f64, slope: f64) -> Result<Picture> {
    let x = Axis::fitting("w1", Scale::Linear, curve.iter().map(|point| point.0));
    let y = Axis::fitting("loss L", Scale::Linear, curve.iter().map(|point| point.1));
    let tangent = [-1.0, 1.0].map(|step| (w1 + step, loss + slope * step));
    let label = format!("slope δw1 = {}", number(slope));
    let panel = Panel::new("The loss along w1", x, y)
        .with(Series::new(
            "L(w1)",
            Colour::BLUE,
            Mark::Line,
            curve.iter().copied(),
        ))
        .with(Series::new(label, Colour::ORANGE, Mark::Line, tangent))
        .with(Series::new("", Colour::INK, Mark::Dots, [(w1, loss)]));
    Ok(figure(&[panel], 1)?)
}
