//! A net as a computational graph: forward in topological order, backward in reverse.

use anyhow::{Context, Result, bail};
use burn::tensor::{Tensor, TensorData};
use clap::{Args, ValueEnum};
use computational_graph::{Graph, GraphBuilder, Kind, SvgOptions, nets};
use datasets::xor::{XOR_INPUTS, XOR_TARGETS};
use datasets::{Mnist, bundled_mnist_dir};
use gradient_descent::Function;
use gradient_descent::functions::{Composition, FourVariables};
use gradient_trials::TensorFunction;
use layers::Activation;
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::one_hot;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, general, mnist, scalar, xor};
use mnist_mlp::MnistMlpConfig;
use pages::formula::Formula;
use pages::numbers::{Array, number};
use pages::page::{Cell, Page, Section, Table};
use xor_net::{OutputUnit, XorNetConfig};

use crate::about;
use crate::graphs;
use crate::setup::{Setup, Teach};
use crate::tensors::{
    Comparison, layer_parameters, parameters, read, scalar as scalar_of, scalar_gradients, tracked,
};

/// Images in the batch of the MNIST net.
const IMAGES: usize = 16;
/// Hidden units of the MNIST net.
const HIDDEN: [usize; 2] = [32, 16];
/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;
/// The x at which x·x² is computed.
const POINT: f64 = 3.0;

/// Options of `lesson computational-graph`.
#[derive(Debug, Args)]
pub struct Options {
    /// The net to walk through node by node; pictures of the others follow.
    #[arg(long, value_enum, default_value_t = Subject::Scalar, value_name = "NAME")]
    net: Subject,
}

/// The nets and functions of the lecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The scalar net (L5).
    Scalar,
    /// The general net with a linear output (L6).
    General,
    /// The XOR net (L3).
    Xor,
    /// The MNIST net on real images (L7).
    Mnist,
    /// The function of four variables (L14).
    FourVariables,
    /// Its composition with x(z) (L15).
    Composition,
}

/// A graph after a forward and a backward pass, and autodiff's gradients of its parameters.
struct Worked {
    graph: Graph,
    autodiff: Vec<(&'static str, Array)>,
}

impl Teach for Options {
    fn teach(&self, setup: &Setup) -> Result<Page> {
        let worked = self.net.work(setup)?;
        let title = self.net.title();
        let mut page = about::COMPUTATIONAL_GRAPH
            .page()
            .with(
                Section::new(title)
                    .text(
                        "A net is a graph without cycles. Its nodes are inputs, parameters and \
                         operations; each has a name and a value, and after the backward pass a \
                         gradient of the same shape. Values flow to the right, gradients to the \
                         left. For a large tensor the picture shows shape, norm and a strip of \
                         colours: means of consecutive parts, purple below 0 and green above 0.",
                    )
                    .figure(
                        self.net.figure_name(),
                        format!("{title}: values in blue, gradients in orange"),
                        graphs::picture(&worked.graph, &SvgOptions::default()),
                    ),
            )
            .with(forward(&worked.graph))
            .with(backward(&worked.graph))
            .with(shared(setup)?)
            .with(compared(&worked)?);
        let mut others = Section::new("The other graphs of the lecture");
        for &subject in Subject::value_variants() {
            if subject != self.net {
                others = others.figure(
                    subject.figure_name(),
                    subject.title(),
                    graphs::picture(&subject.work(setup)?.graph, &SvgOptions::default()),
                );
            }
        }
        page = page.with(others).with(
            Section::new("The graph as text")
                .text("For Graphviz (`dot -Tsvg`):")
                .code(worked.graph.to_dot())
                .text("For Mermaid, which many Markdown viewers render:")
                .code(worked.graph.to_mermaid()),
        );
        Ok(page)
    }
}

impl Subject {
    fn title(self) -> &'static str {
        match self {
            Self::Scalar => "The scalar net (L5)",
            Self::General => "The general net with a linear output (L6)",
            Self::Xor => "The XOR net on its truth table (L3)",
            Self::Mnist => "The MNIST net on real images (L7)",
            Self::FourVariables => "The function of four variables (L14)",
            Self::Composition => "The composition f(x(z)) (L15)",
        }
    }

    fn figure_name(self) -> String {
        let value = self.to_possible_value().expect("no value is hidden");
        format!("graph-{}", value.get_name())
    }

    /// The node whose gradients are computed.
    fn output(self) -> &'static str {
        match self {
            Self::FourVariables | Self::Composition => "f",
            Self::Scalar | Self::General | Self::Xor | Self::Mnist => "loss",
        }
    }

    fn work(self, setup: &Setup) -> Result<Worked> {
        let mut worked = match self {
            Self::Scalar => scalar_net(setup)?,
            Self::General => general_net(setup)?,
            Self::Xor => xor_net(setup)?,
            Self::Mnist => mnist_net(setup)?,
            Self::FourVariables => four_variables(setup)?,
            Self::Composition => composition(setup)?,
        };
        worked.graph.forward();
        worked.graph.backward(self.output())?;
        Ok(worked)
    }
}

fn scalar_net(setup: &Setup) -> Result<Worked> {
    let one = |value: f64| setup.vector(vec![value]);
    let (x, y) = (one(1.5), one(0.25));
    let p = scalar::Parameters {
        w1: one(0.8),
        b1: one(-0.4),
        w2: one(1.2),
        b2: one(0.3),
    };
    let gradients = scalar_gradients(&p, &x, &y);
    let named = ["w1", "b1", "w2", "b2"].into_iter().zip(&gradients);
    Ok(Worked {
        autodiff: named
            .map(|(name, gradient)| (name, row(gradient)))
            .collect(),
        graph: nets::scalar(&p, x, y)?,
    })
}

/// A vector as a matrix of one row, as graphs store it.
fn row(vector: &Tensor<1>) -> Array {
    let values = read(vector).values;
    Array {
        dims: vec![1, values.len()],
        values,
    }
}

fn general_net(setup: &Setup) -> Result<Worked> {
    let config = XorNetConfig::new()
        .with_hidden(3)
        .with_outputs(2)
        .with_output_unit(OutputUnit::Linear);
    let x = Tensor::from_data([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]], setup.float());
    let y = Tensor::from_data([[1.0, 0.0], [-1.0, 0.5], [0.25, 2.0]], setup.float());
    let f = Activation::Tanh;
    let p = one_hidden_layer(&config, setup)?;
    let leaves = tracked_parameters(&p);
    let loss = general::forward(f, &leaves, x.clone().autodiff(), y.clone().autodiff()).loss;
    Ok(Worked {
        graph: nets::general(f, &p, x, y)?,
        autodiff: gradients(&leaves, loss),
    })
}

fn xor_net(setup: &Setup) -> Result<Worked> {
    let x = Tensor::from_data(XOR_INPUTS, setup.float());
    let y = Tensor::from_data(XOR_TARGETS, setup.float());
    let f = Activation::Sigmoid;
    let p = one_hidden_layer(&XorNetConfig::new(), setup)?;
    let leaves = tracked_parameters(&p);
    let loss = xor::forward(f, &leaves, x.clone().autodiff(), y.clone().autodiff()).loss;
    Ok(Worked {
        graph: nets::xor(f, &p, x, y)?,
        autodiff: gradients(&leaves, loss),
    })
}

/// Parameters drawn as for training.
fn one_hidden_layer(config: &XorNetConfig, setup: &Setup) -> Result<Parameters> {
    parameters(&config.init(setup.seed, setup.float())?)
}

fn tracked_parameters(p: &Parameters) -> Parameters {
    Parameters {
        w1: tracked(&p.w1),
        b1: tracked(&p.b1),
        w2: tracked(&p.w2),
        b2: tracked(&p.b2),
    }
}

fn gradients(leaves: &Parameters, loss: Tensor<1>) -> Vec<(&'static str, Array)> {
    let tape = loss.backward();
    let missing = "every parameter is tracked";
    let matrix = |leaf: &Tensor<2>| read(&leaf.grad(&tape).expect(missing));
    let vector = |leaf: &Tensor<1>| row(&leaf.grad(&tape).expect(missing));
    vec![
        ("w1", matrix(&leaves.w1)),
        ("b1", vector(&leaves.b1)),
        ("w2", matrix(&leaves.w2)),
        ("b2", vector(&leaves.b2)),
    ]
}

fn mnist_net(setup: &Setup) -> Result<Worked> {
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())?;
    let (inputs, classes) = (train.image_size(), train.class_count());
    let pixels = (0..IMAGES).flat_map(|index| train.image(index));
    let pixels = pixels.map(|&byte| f64::from(byte) / WHITE).collect();
    let x = setup.matrix([IMAGES, inputs], pixels);
    let labels = (0..IMAGES).map(|index| i32::from(train.label(index)));
    let labels = TensorData::new::<i32, _>(labels.collect(), [IMAGES]);
    let labels = Tensor::from_data(labels, &setup.opened.device);
    let y = one_hot(labels, classes, setup.dtype);
    let net =
        MnistMlpConfig::new(inputs, HIDDEN.to_vec(), classes).init(setup.seed, setup.float())?;
    let layers = layer_parameters(&net.layers)?;
    let leaves = layers
        .iter()
        .map(|LayerParameters { w, b }| LayerParameters {
            w: tracked(w),
            b: tracked(b),
        });
    let leaves = leaves.collect::<Vec<_>>();
    let (f, mean) = (Activation::Relu, Reduction::Mean);
    let (tracked_x, tracked_y) = (x.clone().autodiff(), y.clone().autodiff());
    let tape = mnist::forward(f, &leaves, tracked_x, tracked_y, mean)
        .loss
        .backward();
    let missing = "every parameter is tracked";
    let names = [("w1", "b1"), ("w2", "b2"), ("w3", "b3")];
    let autodiff = names.into_iter().zip(&leaves).flat_map(|((w, b), leaf)| {
        [
            (w, read(&leaf.w.grad(&tape).expect(missing))),
            (b, row(&leaf.b.grad(&tape).expect(missing))),
        ]
    });
    Ok(Worked {
        autodiff: autodiff.collect(),
        graph: nets::mnist(f, &layers, x, y, mean)?,
    })
}

fn four_variables(setup: &Setup) -> Result<Worked> {
    let x = setup.vector(FourVariables.start());
    Ok(Worked {
        autodiff: elements(&FourVariables, &x, &["x1", "x2", "x3", "x4"]),
        graph: nets::four_variables(x)?,
    })
}

fn composition(setup: &Setup) -> Result<Worked> {
    let z = setup.vector(Composition.start());
    Ok(Worked {
        autodiff: elements(&Composition, &z, &["z1", "z2"]),
        graph: nets::composition(z)?,
    })
}

/// Autodiff's gradient of a function, element by element.
fn elements(
    function: &impl TensorFunction,
    x: &Tensor<1>,
    names: &[&'static str],
) -> Vec<(&'static str, Array)> {
    let x = tracked(x);
    let tape = function.tensor_value(x.clone()).backward();
    let gradient = read(&x.grad(&tape).expect("x is tracked")).values;
    let elements = names.iter().zip(gradient).map(|(&name, value)| {
        let dims = vec![1, 1];
        let values = vec![value];
        (name, Array { dims, values })
    });
    elements.collect()
}

fn forward(graph: &Graph) -> Section {
    let mut table = Table::new(["node", "operation", "shape", "value"]);
    for node in graph.nodes() {
        let kind = match node.kind() {
            Kind::Input => Cell::from("input"),
            Kind::Parameter => "parameter".into(),
            Kind::Operation(_) => Formula::new(graph.formula(node).unwrap_or_default()).into(),
        };
        let value = node.value().map(read);
        let shape = value.as_ref().map(Array::shape).unwrap_or_default();
        let name = Formula::new(node.name());
        table.push([
            name.into(),
            kind,
            shape.into(),
            value.map_or_else(|| Cell::from(""), Cell::from),
        ]);
    }
    Section::new("Forward: in topological order")
        .text("Every node comes after its operands: it needs their values.")
        .table(table.without_empty_columns())
}

fn backward(graph: &Graph) -> Section {
    let mut table = Table::new(["node", "used by", "shape", "gradient"]);
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        let Some(gradient) = node.gradient().map(read) else {
            continue;
        };
        let users = graph.nodes().iter().flat_map(|user| {
            let uses = user.operands().iter().filter(move |&&operand| operand == i);
            uses.map(|_| user.name())
        });
        table.push([
            Cell::from(Formula::new(node.name())),
            Formula::new(users.collect::<Vec<_>>().join(", ")).into(),
            gradient.shape().into(),
            gradient.into(),
        ]);
    }
    Section::new("Backward: in reverse order")
        .text(
            "The gradient of the output with respect to itself is 1. Every operation takes the gradient \
             of its result and gives each operand its part, by the rule of this operation alone. In \
             reverse order, a node's gradient is complete before it is passed on. Inputs are data and \
             need no gradient.",
        )
        .formula("δ(operand) += (∂ result / ∂ operand)ᵀ · δ(result)")
        .table(table.without_empty_columns())
}

/// A value that is used twice: its gradient is the sum of two contributions. Each is computed alone
/// from a graph in which the other path is cut.
fn shared(setup: &Setup) -> Result<Section> {
    let both = product(setup, Path::Both)?;
    let gradient = |graph: &Graph| -> Result<f64> {
        let gradient = graph.gradient("x")?.context("f depends on x")?;
        Ok(scalar_of(&gradient))
    };
    let [direct, through] = [Path::Direct, Path::ThroughSquare].map(|path| product(setup, path));
    let (direct, through, total) = (gradient(&direct?)?, gradient(&through?)?, gradient(&both)?);
    if direct + through != total {
        bail!(
            "{direct} and {through} do not add up to {total}; this is a defect, please report it"
        );
    }
    Ok(Section::new("A value that is used twice")
        .text(format!(
            "In f = x × x² the value x = {} takes two paths. The direct path contributes {}, the path \
             through the square {}; the gradient is the sum, {} = 3x². To keep only the last \
             contribution, or to pass a gradient on before it is complete, is the most common mistake \
             in backpropagation; `verify-grads` checks that both are caught.",
            number(POINT),
            number(direct),
            number(through),
            number(total)
        ))
        .figure(
            "graph-shared",
            "Two arrows leave x; two contributions come back",
            graphs::picture(&both, &SvgOptions::default()),
        ))
}

/// The paths from x to f = x × x² on which x is a parameter; on the others it is an input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Path {
    Both,
    Direct,
    ThroughSquare,
}

fn product(setup: &Setup, path: Path) -> Result<Graph> {
    let one = || Tensor::<2>::from_data([[POINT]], setup.float());
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", one())?;
    let cut = match path {
        Path::Both => x,
        Path::Direct | Path::ThroughSquare => graph.input("x, cut off", one())?,
    };
    let (factor, base) = match path {
        Path::Both | Path::Direct => (x, cut),
        Path::ThroughSquare => (cut, x),
    };
    let square = graph.power("square", base, 2)?;
    graph.multiply("f", factor, square)?;
    let mut graph = graph.build();
    graph.forward();
    graph.backward("f")?;
    Ok(graph)
}

fn compared(worked: &Worked) -> Result<Section> {
    let mut comparison = Comparison::new();
    for (name, autodiff) in &worked.autodiff {
        let gradient = worked.graph.gradient(name)?;
        let by_hand = read(&gradient.context("every parameter has a gradient")?);
        comparison = comparison.array_row(&format!("δ{name}"), &by_hand, autodiff);
    }
    Ok(comparison.shown_in(
        Section::new("The same from automatic differentiation"),
        "The graph's backward pass uses the rules derived by hand; Burn's autodiff differentiates the \
         same function without the graph.",
    ))
}
