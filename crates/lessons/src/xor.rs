//! The XOR net: forward, backward, and what training makes of it.

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use clap::Args;
use computational_graph::{SvgOptions, nets};
use datasets::xor::{XOR_INPUTS, XOR_TARGETS};
use layers::Activation;
use manual_backprop::nets::{Parameters, xor};
use xor_net::{XorNet, XorNetConfig};

use super::{Common, Negative, Room, Teach, between, training_steps};
use crate::cli::{activation, positive};
use crate::pages::colours::Colour;
use crate::pages::numbers::{Comparison, Host, number, steps};
use crate::pages::page::{Page, Section, Table};
use crate::pages::plot::{Axis, Mark, Panel, Scale, Series, figure};

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

/// Most hidden units: of a larger net the graph shows nothing more.
const MOST_HIDDEN: usize = 1024;
/// Shares of the training at which the decision surface is drawn.
const SURFACES: [f64; 6] = [0.0, 0.05, 0.1, 0.2, 0.4, 1.0];
/// The surface reaches so far beyond the unit square.
const MARGIN: f64 = 0.25;

/// Options of `lesson xor`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Hidden units, from 1 to 1024.
    #[arg(long, default_value = "4", allow_negative_numbers = true, value_parser = hidden, value_name = "UNITS")]
    hidden: usize,

    /// Activation f of the hidden units.
    #[arg(long, default_value = "sigmoid", value_parser = activation(), value_name = "NAME")]
    activation: Activation,

    /// Steps of training, each on all four rows, from 1 to 1000000.
    #[arg(long, default_value = "3000", allow_negative_numbers = true, value_parser = training_steps, value_name = "N")]
    steps: usize,

    /// Step length, greater than 0.
    #[arg(long, default_value = "2", allow_negative_numbers = true, value_parser = positive, value_name = "RATE")]
    learning_rate: f64,

    #[command(flatten)]
    common: Common,
}

fn hidden(text: &str) -> Result<usize, String> {
    between(text, 1, MOST_HIDDEN)
}

/// The rows of the truth table, on the device.
struct Rows {
    x: Tensor<2>,
    y: Tensor<2>,
}

/// The net after so many steps.
struct Moment {
    step: usize,
    net: XorNet,
}

/// What training left behind.
struct Training {
    losses: Vec<f64>,
    moments: Vec<Moment>,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "xor"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let rows = Rows {
            x: Tensor::from_data(XOR_INPUTS, room.float()),
            y: Tensor::from_data(XOR_TARGETS, room.float()),
        };
        let net = XorNetConfig::new()
            .with_hidden(self.hidden)
            .with_activation(self.activation)
            .init(room.seed, room.float())?;
        let training = self.train(net, &rows)?;
        let [before, .., after] = &training.moments[..] else {
            bail!("training left no net; this is a defect, please report it");
        };
        let f = self.activation;
        Ok(Page::new("The XOR net", "L3, L4, L17")
            .with(self.the_net(room))
            .with(forward(f, before, &rows))
            .with(backward(f, before, &rows))
            .with(compared(f, before, &rows))
            .with(graph(f, before, &rows, "before")?)
            .with(self.learning(&training)?)
            .with(surfaces(&training.moments, room)?)
            .with(answers(before, after, &rows))
            .with(graph(f, after, &rows, "after")?))
    }
}

impl Options {
    fn the_net(&self, room: &Room) -> Section {
        Section::new("The net")
            .text(format!(
                "Two inputs, {} hidden units with f = {}, one output. The batch is the whole truth \
                 table: four rows. The weights are drawn at random from seed {}; the biases are 0.",
                self.hidden, self.activation, room.seed
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
        let losses = Host::of(&Tensor::cat(losses, 0)).values;
        if let Some(step) = losses.iter().position(|loss| !loss.is_finite()) {
            return Err(Negative(format!(
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
                "{} steps with α = {} take the loss from {} to {}.",
                self.steps,
                number(self.learning_rate),
                number(first),
                number(last)
            ))
            .figure("loss", "The loss at every step", figure(&[panel], 1)?))
    }
}

/// The parameters of a net as the formulas take them.
pub(super) fn parameters(net: &XorNet) -> Parameters {
    let bias = |layer: &burn::nn::Linear| layer.bias.as_ref().expect("layers have biases").val();
    Parameters {
        w1: net.hidden.weight.val(),
        b1: bias(&net.hidden),
        w2: net.output.weight.val(),
        b2: bias(&net.output),
    }
}

fn forward(f: Activation, before: &Moment, rows: &Rows) -> Section {
    let p = parameters(&before.net);
    let values = xor::forward(f, &p, rows.x.clone(), rows.y.clone());
    let given = Table::new(["given", "shape", "value"])
        .row(cells("X", &rows.x))
        .row(cells("Y", &rows.y))
        .row(cells("W1", &p.w1))
        .row(cells("b1", &p.b1))
        .row(cells("W2", &p.w2))
        .row(cells("b2", &p.b2));
    Section::new("Forward, before training")
        .text("One row for each row of the truth table, one column for each unit.")
        .table(given)
        .table(steps("value", &FORWARD, &values.named()))
}

fn cells<const D: usize>(name: &str, tensor: &Tensor<D>) -> [String; 3] {
    let host = Host::of(tensor);
    [name.to_owned(), host.shape(), host.text()]
}

fn backward(f: Activation, before: &Moment, rows: &Rows) -> Section {
    let p = parameters(&before.net);
    let values = xor::forward(f, &p, rows.x.clone(), rows.y.clone());
    let gradients = xor::backward(f, &p, rows.x.clone(), rows.y.clone(), &values);
    Section::new("Backward, before training")
        .text(
            "From the loss to the left, one step of the forward pass at a time. Every gradient has \
             the shape of its variable.",
        )
        .table(steps("gradient", &BACKWARD, &gradients.named()))
}

fn compared(f: Activation, before: &Moment, rows: &Rows) -> Section {
    let p = parameters(&before.net);
    let values = xor::forward(f, &p, rows.x.clone(), rows.y.clone());
    let by_hand = xor::backward(f, &p, rows.x.clone(), rows.y.clone(), &values);
    let net = before.net.clone().train();
    let loss = net.loss(rows.x.clone().autodiff(), rows.y.clone().autodiff());
    let tape = GradientsParams::from_grads(loss.backward(), &net);
    let missing = "every parameter has a gradient";
    let weight = |layer: &burn::nn::Linear| tape.get::<2>(layer.weight.id).expect(missing);
    let bias = |layer: &burn::nn::Linear| {
        let id = layer.bias.as_ref().expect("layers have biases").id;
        tape.get::<1>(id).expect(missing)
    };
    let comparison = Comparison::new()
        .row("δW1", &by_hand.grad_w1, &weight(&net.hidden))
        .row("δb1", &by_hand.grad_b1, &bias(&net.hidden))
        .row("δW2", &by_hand.grad_w2, &weight(&net.output))
        .row("δb2", &by_hand.grad_b2, &bias(&net.output));
    Section::new("The same from automatic differentiation")
        .text(format!(
            "Burn's autodiff on the net as a module. Largest difference: {}.",
            number(comparison.largest())
        ))
        .table(comparison.into_table())
}

fn graph(f: Activation, moment: &Moment, rows: &Rows, when: &str) -> Result<Section> {
    let p = parameters(&moment.net);
    let mut graph = nets::xor(f, &p, rows.x.clone(), rows.y.clone())?;
    graph.forward();
    graph.backward("loss").context("the graph has a loss")?;
    let svg = graph.to_svg(&SvgOptions::default());
    Ok(
        Section::new(format!("The computational graph {when} training")).figure(
            format!("graph-{when}"),
            format!(
                "The net as a graph after {} steps: values above the arrows flow to the right, \
                 gradients below them flow to the left",
                moment.step
            ),
            svg,
        ),
    )
}

/// The output of a net over its two inputs: blue is 0, white ½, red 1. The dots are the four rows of
/// the truth table, black with target 1, white with target 0. `float` is the type of its weights.
pub(crate) fn surface(title: String, net: &XorNet, float: (&Device, DType)) -> Panel {
    let class = |target: f32| {
        let rows = XOR_INPUTS.into_iter().zip(XOR_TARGETS);
        rows.filter(move |(_, [y])| *y == target)
            .map(|([x1, x2], _)| (f64::from(x1), f64::from(x2)))
            .collect::<Vec<_>>()
    };
    let axis = |label| Axis::linear(label, -MARGIN..1.0 + MARGIN);
    Panel::new(title, axis("x1"), axis("x2"))
        .map(|points| {
            let inputs = points.iter().flat_map(|&(x1, x2)| [x1, x2]).collect();
            let inputs = TensorData::new::<f64, _>(inputs, [points.len(), 2]);
            let yp = net.forward(Tensor::from_data(inputs, float));
            Host::of(&yp)
                .values
                .iter()
                .map(|yp| 2.0 * yp - 1.0)
                .collect()
        })
        .with(Series::new("", Colour::BLACK, Mark::Marbles, class(1.0)))
        .with(Series::new("", Colour::WHITE, Mark::Marbles, class(0.0)))
}

fn surfaces(moments: &[Moment], room: &Room) -> Result<Section> {
    let panels = moments.iter().map(|Moment { step, net }| {
        let title = format!("after {step} steps");
        surface(title, net, room.float())
    });
    let panels = panels.collect::<Vec<_>>();
    Ok(Section::new("The decision surface").figure(
        "surface",
        "The output over the inputs: blue is 0, white ½, red 1. The dots are the four rows, black with \
         target 1, white with target 0: no straight line parts them.",
        figure(&panels, 3)?,
    ))
}

fn answers(before: &Moment, after: &Moment, rows: &Rows) -> Section {
    let output = |moment: &Moment| Host::of(&moment.net.forward(rows.x.clone())).values;
    let (first, last) = (output(before), output(after));
    let mut table = Table::new(["x1, x2", "target", "before", "after"]);
    let mut right = 0;
    for (i, ([x1, x2], [y])) in XOR_INPUTS.into_iter().zip(XOR_TARGETS).enumerate() {
        right += usize::from((last[i] > 0.5) == (y > 0.5));
        table.push([
            format!("{x1}, {x2}"),
            y.to_string(),
            number(first[i]),
            number(last[i]),
        ]);
    }
    Section::new("The answers")
        .text(format!(
            "After training, {right} of {} rows lie on the right side of ½.",
            last.len()
        ))
        .table(table)
}
