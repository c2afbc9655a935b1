//! The XOR net: forward, backward, and trained.

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::Tensor;
use clap::Args;
use computational_graph::{SvgOptions, nets};
use datasets::xor::{XOR_INPUTS, XOR_TARGETS};
use layers::Activation;
use manual_backprop::nets::xor;
use pages::colours::Colour;
use pages::formula::Formula;
use pages::numbers::number;
use pages::page::{Cell, Page, Section, Table};
use pages::plot::{Panel, Scale, Series, decision_map, figure};
use training::number::parse::positive;
use xor_net::{XorNet, XorNetConfig};

use crate::about;
use crate::arguments::{activation, between, training_steps};
use crate::graphs;
use crate::setup::{NotFinite, Setup, Teach};
use crate::tensors::{Comparison, layer_gradients, parameters, read, steps};

const FORWARD: [&str; 7] = [
    "Z1 = X·W1",
    "Z2 = Z1 + b1",
    "Z3 = f(Z2)",
    "Z4 = Z3·W2",
    "Z5 = Z4 + b2",
    "Yp = σ(Z5)",
    "L = ½‖Yp - Y‖²",
];

const BACKWARD: [&str; 10] = [
    "δYp = Yp - Y",
    "δZ5 = σ(Z5)(1 - σ(Z5))∘δYp",
    "δZ4 = δZ5",
    "δb2 = Σ_rows δZ5",
    "δZ3 = δZ4·W2ᵀ",
    "δW2 = Z3ᵀ·δZ4",
    "δZ2 = f'(Z2)∘δZ3",
    "δZ1 = δZ2",
    "δb1 = Σ_rows δZ2",
    "δW1 = Xᵀ·δZ1",
];

/// Most hidden units: the graph of a larger net cannot be read.
const MOST_HIDDEN: usize = 1024;
/// Fractions of the training after which the decision surface is drawn.
const SURFACES: [f64; 6] = [0.0, 0.05, 0.1, 0.2, 0.4, 1.0];
/// Margin of the surface around the unit square.
const MARGIN: f64 = 0.25;

/// Options of `lesson xor`.
#[derive(Debug, Args)]
pub struct Options {
    /// Hidden units, from 1 to 1024.
    #[arg(long, default_value = "4", allow_negative_numbers = true, value_parser = hidden, value_name = "UNITS")]
    hidden: usize,

    /// Activation f of the hidden units.
    #[arg(long, default_value = "sigmoid", value_parser = activation(), value_name = "NAME")]
    activation: Activation,

    /// Training steps, each on all four rows, from 1 to 1000000.
    #[arg(long, default_value = "3000", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,

    /// Learning rate, greater than 0.
    #[arg(long, default_value = "2", allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    learning_rate: f64,
}

fn hidden(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_HIDDEN)
}

/// The rows of the truth table, on the device.
struct Rows {
    x: Tensor<2>,
    y: Tensor<2>,
}

/// The net after some steps.
struct Moment {
    step: usize,
    net: XorNet,
}

/// The results of training.
struct Training {
    losses: Vec<f64>,
    moments: Vec<Moment>,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let rows = Rows {
            x: Tensor::from_data(XOR_INPUTS, setup.float()),
            y: Tensor::from_data(XOR_TARGETS, setup.float()),
        };
        let net = XorNetConfig::new()
            .with_hidden(self.hidden)
            .with_activation(self.activation)
            .init(setup.seed, setup.float())?;
        let training = self.train(net, &rows)?;
        let [before, .., after] = &training.moments[..] else {
            bail!("training returned no net; this is a defect, please report it");
        };
        let f = self.activation;
        let mut page = about::XOR
            .page()
            .with(self.the_net(setup))
            .with(forward(f, before, &rows)?)
            .with(backward(f, before, &rows)?)
            .with(compared(f, before, &rows)?)
            .with(graph(f, before, &rows, "before")?)
            .with(self.learning(&training)?);
        if let Some(section) = dead_units(f, &training.moments, &rows)? {
            page = page.with(section);
        }
        Ok(page
            .with(surfaces(&training.moments, setup)?)
            .with(answers(before, after, &rows))
            .with(graph(f, after, &rows, "after")?))
    }
}

impl Options {
    fn the_net(&self, setup: &Setup) -> Section {
        Section::new("The net")
            .text(format!(
                "Two inputs, {} hidden units with f = {}, one output. The batch is the whole truth \
                 table: four rows. The weights are drawn at random from seed {}; the biases are 0.",
                self.hidden, self.activation, setup.seed
            ))
            .formula("Yp = σ(f(X·W1 + b1)·W2 + b2)        L = ½‖Yp - Y‖²")
    }

    /// Gradient descent on all rows, with the gradients derived by hand.
    fn train(&self, net: XorNet, rows: &Rows) -> Result<Training> {
        let due = SURFACES.map(|share| (share * self.steps as f64).round() as usize);
        let mut net = net.train();
        let mut optimizer = SgdConfig::new().init();
        let mut losses = Vec::with_capacity(self.steps + 1);
        let mut moments: Vec<Moment> = vec![];
        for step in 0..=self.steps {
            let plain = net.valid();
            let (loss, gradients) =
                manual_backprop::xor_net::gradients(&plain, rows.x.clone(), rows.y.clone());
            losses.push(loss);
            if due.contains(&step) {
                moments.push(Moment { step, net: plain });
            }
            net = optimizer.step(self.learning_rate, net, gradients);
        }
        let losses = read(&Tensor::cat(losses, 0)).values;
        if let Some(step) = losses.iter().position(|loss| !loss.is_finite()) {
            return Err(NotFinite(format!(
                "the loss is not finite at step {step}; try a --learning-rate below {}",
                number(self.learning_rate)
            ))
            .into());
        }
        Ok(Training { losses, moments })
    }

    fn learning(&self, training: &Training) -> Result<Section> {
        let (first, last) = (training.losses[0], training.losses[self.steps]);
        let curve = Series::by_index("", Colour::BLUE, &training.losses);
        let panel = Panel::of(
            "Loss of the four rows",
            ("step", Scale::Linear),
            ("L", Scale::Log),
            vec![curve],
        );
        Ok(Section::new("Learning")
            .formula("θ ← θ - α δθ        for θ = W1, b1, W2, b2")
            .text(format!(
                "{} steps with α = {} reduce the loss from {} to {}.",
                self.steps,
                number(self.learning_rate),
                number(first),
                number(last)
            ))
            .figure("loss", "The loss at every step", figure(&[panel], 1)?))
    }
}

/// Explains units that a ReLU has switched off, if the training has left any.
fn dead_units(f: Activation, moments: &[Moment], rows: &Rows) -> Result<Option<Section>> {
    if f != Activation::Relu {
        return Ok(None);
    }
    let largest = moments
        .iter()
        .map(|moment| largest_inputs(&moment.net, rows));
    let largest = largest.collect::<Result<Vec<_>>>()?;
    let (Some(at_end), Some(after)) = (largest.last(), moments.last()) else {
        return Ok(None);
    };
    let mut table = Table::new(["hidden unit", "largest Z2 of the four rows", "dead"]);
    let mut dead = vec![];
    for (unit, z2) in at_end.iter().enumerate() {
        // A dead unit stays dead, so the first of the moments tells since when.
        let first = largest.iter().position(|largest| largest[unit] <= 0.0);
        let name = (unit + 1).to_string();
        let state = match first.map(|moment| moments[moment].step) {
            Some(0) => "from the start".to_owned(),
            Some(step) => format!("after {step} steps"),
            None => "no".to_owned(),
        };
        if first.is_some() {
            dead.push(name.clone());
        }
        table.push([name, number(*z2), state]);
    }
    let right = right_answers(&read(&after.net.forward(rows.x.clone())).values);
    let outcome = match (right, at_end.len() - dead.len()) {
        (4, _) => "The other units are enough for the four rows.",
        (_, 0) => "No unit is left: all four rows have the same output.",
        (_, 1) => {
            "One unit is left. One ReLU divides the plane by one straight line only, and no straight \
             line separates the rows."
        }
        (_, _) => "The other units have not found an answer for all four rows.",
    };
    let remedy = "Try another --seed, more --hidden units, a smaller --learning-rate, or --activation \
                  elu, whose derivative is never 0.";
    let (noun, verb) = match dead.len() {
        0 => return Ok(None),
        1 => ("Hidden unit", "is"),
        _ => ("Hidden units", "are"),
    };
    let section = Section::new("Dead units")
        .formula("f(z) = max(0, z)        f'(z) = 0 for z ≤ 0        δZ2 = f'(Z2)∘δZ3")
        .text(format!(
            "{noun} {} {verb} dead: Z2 ≤ 0 in all four rows. So f'(Z2) = 0 in all four rows, the unit's \
             column of δZ2 is 0, and with it those of δW1 = Xᵀ·δZ2 and of δb1. No further step changes \
             its W1 and b1: it gives 0 for ever. {outcome} {}",
            dead.join(", "),
            if right == 4 { "" } else { remedy },
        ))
        .table(table);
    Ok(Some(section))
}

/// The largest input of each hidden unit's activation over the rows.
fn largest_inputs(net: &XorNet, rows: &Rows) -> Result<Vec<f64>> {
    let p = parameters(net)?;
    let z2 = xor::forward(Activation::Relu, &p, rows.x.clone(), rows.y.clone()).z2;
    Ok(read(&z2.max_dim(0)).values)
}

/// How many outputs lie on the correct side of ½.
fn right_answers(outputs: &[f64]) -> usize {
    let pairs = outputs.iter().zip(XOR_TARGETS);
    pairs
        .filter(|(output, [target])| (**output > 0.5) == (*target > 0.5))
        .count()
}

fn forward(f: Activation, before: &Moment, rows: &Rows) -> Result<Section> {
    let p = parameters(&before.net)?;
    let values = xor::forward(f, &p, rows.x.clone(), rows.y.clone());
    let given = Table::new(["given", "shape", "value"])
        .row(cells("X", &rows.x))
        .row(cells("Y", &rows.y))
        .row(cells("W1", &p.w1))
        .row(cells("b1", &p.b1))
        .row(cells("W2", &p.w2))
        .row(cells("b2", &p.b2));
    Ok(Section::new("Forward, before training")
        .text("One row for each row of the truth table, one column for each unit.")
        .table(given)
        .table(steps("value", &FORWARD, &values.named())))
}

fn cells<const D: usize>(name: &str, tensor: &Tensor<D>) -> [Cell; 3] {
    let host = read(tensor);
    [Formula::new(name).into(), host.shape().into(), host.into()]
}

fn backward(f: Activation, before: &Moment, rows: &Rows) -> Result<Section> {
    let p = parameters(&before.net)?;
    let values = xor::forward(f, &p, rows.x.clone(), rows.y.clone());
    let gradients = xor::backward(f, &p, rows.x.clone(), rows.y.clone(), &values);
    Ok(Section::new("Backward, before training")
        .text(
            "Back from the loss, one step of the forward pass at a time. Every gradient has the shape \
             of its variable.",
        )
        .table(steps("gradient", &BACKWARD, &gradients.named())))
}

fn compared(f: Activation, before: &Moment, rows: &Rows) -> Result<Section> {
    let p = parameters(&before.net)?;
    let values = xor::forward(f, &p, rows.x.clone(), rows.y.clone());
    let by_hand = xor::backward(f, &p, rows.x.clone(), rows.y.clone(), &values);
    let net = before.net.clone().train();
    let loss = net.loss(rows.x.clone().autodiff(), rows.y.clone().autodiff());
    let tape = GradientsParams::from_grads(loss.backward(), &net);
    let [hidden, output] = [&net.hidden, &net.output].map(|layer| layer_gradients(layer, &tape));
    let ((w1, b1), (w2, b2)) = (hidden?, output?);
    let comparison = Comparison::new()
        .row("δW1", &by_hand.grad_w1, &w1)
        .row("δb1", &by_hand.grad_b1, &b1)
        .row("δW2", &by_hand.grad_w2, &w2)
        .row("δb2", &by_hand.grad_b2, &b2);
    Ok(comparison.shown_in(
        Section::new("The same from automatic differentiation"),
        "Burn's autodiff on the net as a module.",
    ))
}

fn graph(f: Activation, moment: &Moment, rows: &Rows, when: &str) -> Result<Section> {
    let p = parameters(&moment.net)?;
    let mut graph = nets::xor(f, &p, rows.x.clone(), rows.y.clone())?;
    graph.forward();
    graph.backward("loss").context("the graph has a loss")?;
    let picture = graphs::picture(&graph, &SvgOptions::default());
    Ok(
        Section::new(format!("The computational graph {when} training")).figure(
            format!("graph-{when}"),
            format!(
                "The net as a graph after {} steps: values above the arrows flow to the right, \
                 gradients below them flow to the left",
                moment.step
            ),
            picture,
        ),
    )
}

/// The output of a net over its two inputs, with the rows of the truth table as dots.
fn surface(title: String, net: &XorNet, setup: &Setup) -> Panel {
    let rows = XOR_INPUTS.into_iter().zip(XOR_TARGETS);
    let rows = rows.map(|(inputs, [target])| (inputs.map(f64::from), target == 1.0));
    let range = -MARGIN..1.0 + MARGIN;
    decision_map(title, range, &rows.collect::<Vec<_>>(), |points| {
        let inputs = points.iter().flat_map(|&(x1, x2)| [x1, x2]).collect();
        read(&net.forward(setup.matrix([points.len(), 2], inputs))).values
    })
}

fn surfaces(moments: &[Moment], setup: &Setup) -> Result<Section> {
    let panels = moments.iter().map(|Moment { step, net }| {
        let title = format!("after {step} steps");
        surface(title, net, setup)
    });
    let panels = panels.collect::<Vec<_>>();
    Ok(Section::new("The decision surface").figure(
        "surface",
        "The output over the inputs: blue is 0, white ½, red 1. The dots are the four rows, black with \
         target 1, white with target 0: no straight line separates them.",
        figure(&panels, 3)?,
    ))
}

fn answers(before: &Moment, after: &Moment, rows: &Rows) -> Section {
    let output = |moment: &Moment| read(&moment.net.forward(rows.x.clone())).values;
    let (first, last) = (output(before), output(after));
    let mut table = Table::new(["x1, x2", "target", "before", "after"]);
    let right = right_answers(&last);
    for (i, ([x1, x2], [y])) in XOR_INPUTS.into_iter().zip(XOR_TARGETS).enumerate() {
        table.push([
            format!("{x1}, {x2}"),
            y.to_string(),
            number(first[i]),
            number(last[i]),
        ]);
    }
    Section::new("The outputs, before and after training")
        .text(format!(
            "After training, {right} of {} outputs lie on the correct side of ½.",
            last.len()
        ))
        .table(table)
}
