//! A net as a computational graph: forward in topological order, backward in reverse.

use anyhow::{Context, Result, bail};
use burn::tensor::{Tensor, TensorData};
use clap::{Args, ValueEnum};
use computational_graph::{Graph, GraphBuilder, Kind, SvgOptions, nets};
use datasets::xor::{XOR_INPUTS, XOR_TARGETS};
use datasets::{Mnist, bundled_mnist_dir};
use gradient_descent::Function;
use gradient_descent::functions::{Composition, FourVariables};
use gradient_descent::verify::TensorFunction;
use layers::Activation;
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::one_hot;
use manual_backprop::nets::mnist::LayerParameters;
use manual_backprop::nets::{Parameters, general, mnist, scalar, xor};
use mnist_mlp::MnistMlpConfig;
use xor_net::{OutputUnit, XorNetConfig};

use super::{Common, Room, Teach};
use crate::cli::value_name;
use crate::pages::numbers::{Comparison, Host, number};
use crate::pages::page::{Page, Section, Table};

/// Images in the batch of the MNIST net.
const IMAGES: usize = 16;
/// Hidden units of the MNIST net.
const HIDDEN: [usize; 2] = [32, 16];
/// Largest value of a pixel's byte.
const WHITE: f64 = 255.0;
/// Where x·x² is looked at.
const POINT: f64 = 3.0;

/// Options of `lesson computational-graph`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The net to go through node by node; pictures of the others follow.
    #[arg(long, value_enum, default_value_t = Subject::Scalar, value_name = "NAME")]
    net: Subject,

    #[command(flatten)]
    common: Common,
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

/// A graph that went forward and back, and what autodiff says of its parameters.
struct Worked {
    graph: Graph,
    autodiff: Vec<(&'static str, Host)>,
}

impl Teach for Options {
    fn name(&self) -> &'static str {
        "computational-graph"
    }

    fn common(&self) -> &Common {
        &self.common
    }

    fn teach(&self, room: &Room) -> Result<Page> {
        let worked = self.net.work(room)?;
        let title = self.net.title();
        let mut page = Page::new("Computational graphs", "L1, L6")
            .with(
                Section::new(title)
                    .text(
                        "A net is a graph without cycles. Its nodes are inputs, parameters and \
                         operations; each has a name and a value, and after the backward pass a \
                         gradient of the same shape. Values flow to the right, gradients to the \
                         left. Of a large tensor the picture shows shape, norm and a strip of \
                         colours: the means of consecutive parts, purple below 0 and green above.",
                    )
                    .figure(
                        self.net.figure_name(),
                        format!("{title}: values in blue, gradients in orange"),
                        worked.graph.to_svg(&SvgOptions::default()),
                    ),
            )
            .with(forward(&worked.graph))
            .with(backward(&worked.graph))
            .with(shared(room)?)
            .with(compared(&worked)?);
        let mut others = Section::new("The other graphs of the lecture");
        for &subject in Subject::value_variants() {
            if subject != self.net {
                others = others.figure(
                    subject.figure_name(),
                    subject.title(),
                    subject.work(room)?.graph.to_svg(&SvgOptions::default()),
                );
            }
        }
        page = page.with(others).with(
            Section::new("The graph as text")
                .text("For Graphviz (`dot -Tsvg`):")
                .formula(worked.graph.to_dot())
                .text("For Mermaid, which many Markdown viewers draw:")
                .formula(worked.graph.to_mermaid()),
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
        format!("graph-{}", value_name(self))
    }

    /// The node that gradients are taken of.
    fn output(self) -> &'static str {
        match self {
            Self::FourVariables | Self::Composition => "f",
            Self::Scalar | Self::General | Self::Xor | Self::Mnist => "loss",
        }
    }

    fn work(self, room: &Room) -> Result<Worked> {
        let mut worked = match self {
            Self::Scalar => scalar_net(room)?,
            Self::General => general_net(room)?,
            Self::Xor => xor_net(room)?,
            Self::Mnist => mnist_net(room)?,
            Self::FourVariables => four_variables(room)?,
            Self::Composition => composition(room)?,
        };
        worked.graph.forward();
        worked.graph.backward(self.output())?;
        Ok(worked)
    }
}

/// A leaf of autodiff's tape with the value of a tensor.
fn tracked<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.clone().autodiff().require_grad()
}

fn scalar_net(room: &Room) -> Result<Worked> {
    let one = |value: f64| Tensor::<1>::from_data([value], room.float());
    let (x, y) = (one(1.5), one(0.25));
    let p = scalar::Parameters {
        w1: one(0.8),
        b1: one(-0.4),
        w2: one(1.2),
        b2: one(0.3),
    };
    let leaves = scalar::Parameters {
        w1: tracked(&p.w1),
        b1: tracked(&p.b1),
        w2: tracked(&p.w2),
        b2: tracked(&p.b2),
    };
    let tape = scalar::forward(&leaves, x.clone().autodiff(), y.clone().autodiff())
        .loss
        .backward();
    let of = |leaf: &Tensor<1>| row(&leaf.grad(&tape).expect("every parameter is tracked"));
    Ok(Worked {
        graph: nets::scalar(&p, x, y)?,
        autodiff: vec![
            ("w1", of(&leaves.w1)),
            ("b1", of(&leaves.b1)),
            ("w2", of(&leaves.w2)),
            ("b2", of(&leaves.b2)),
        ],
    })
}

/// A vector as a matrix of one row, as a graph has it.
fn row(vector: &Tensor<1>) -> Host {
    let host = Host::of(vector);
    Host {
        dims: vec![1, host.values.len()],
        ..host
    }
}

fn general_net(room: &Room) -> Result<Worked> {
    let config = XorNetConfig::new()
        .with_hidden(3)
        .with_outputs(2)
        .with_output_unit(OutputUnit::Linear);
    let x = Tensor::from_data([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5]], room.float());
    let y = Tensor::from_data([[1.0, 0.0], [-1.0, 0.5], [0.25, 2.0]], room.float());
    let f = Activation::Tanh;
    let p = one_hidden_layer(&config, room)?;
    let leaves = tracked_parameters(&p);
    let loss = general::forward(f, &leaves, x.clone().autodiff(), y.clone().autodiff()).loss;
    Ok(Worked {
        graph: nets::general(f, &p, x, y)?,
        autodiff: gradients(&leaves, loss),
    })
}

fn xor_net(room: &Room) -> Result<Worked> {
    let x = Tensor::from_data(XOR_INPUTS, room.float());
    let y = Tensor::from_data(XOR_TARGETS, room.float());
    let f = Activation::Sigmoid;
    let p = one_hidden_layer(&XorNetConfig::new(), room)?;
    let leaves = tracked_parameters(&p);
    let loss = xor::forward(f, &leaves, x.clone().autodiff(), y.clone().autodiff()).loss;
    Ok(Worked {
        graph: nets::xor(f, &p, x, y)?,
        autodiff: gradients(&leaves, loss),
    })
}

/// Parameters as the trainer draws them.
fn one_hidden_layer(config: &XorNetConfig, room: &Room) -> Result<Parameters> {
    Ok(super::xor::parameters(
        &config.init(room.seed, room.float())?,
    ))
}

fn tracked_parameters(p: &Parameters) -> Parameters {
    Parameters {
        w1: tracked(&p.w1),
        b1: tracked(&p.b1),
        w2: tracked(&p.w2),
        b2: tracked(&p.b2),
    }
}

fn gradients(leaves: &Parameters, loss: Tensor<1>) -> Vec<(&'static str, Host)> {
    let tape = loss.backward();
    let missing = "every parameter is tracked";
    let matrix = |leaf: &Tensor<2>| Host::of(&leaf.grad(&tape).expect(missing));
    let vector = |leaf: &Tensor<1>| row(&leaf.grad(&tape).expect(missing));
    vec![
        ("w1", matrix(&leaves.w1)),
        ("b1", vector(&leaves.b1)),
        ("w2", matrix(&leaves.w2)),
        ("b2", vector(&leaves.b2)),
    ]
}

fn mnist_net(room: &Room) -> Result<Worked> {
    let Mnist { train, .. } = Mnist::load(&bundled_mnist_dir())?;
    let (inputs, classes) = (train.image_size(), train.class_count());
    let pixels = (0..IMAGES).flat_map(|index| train.image(index));
    let pixels = pixels.map(|&byte| f64::from(byte) / WHITE).collect();
    let x = TensorData::new::<f64, _>(pixels, [IMAGES, inputs]);
    let x = Tensor::<2>::from_data(x, room.float());
    let labels = (0..IMAGES).map(|index| i32::from(train.label(index)));
    let labels = TensorData::new::<i32, _>(labels.collect(), [IMAGES]);
    let labels = Tensor::from_data(labels, &room.opened.device);
    let y = one_hot(labels, classes, room.dtype);
    let net =
        MnistMlpConfig::new(inputs, HIDDEN.to_vec(), classes).init(room.seed, room.float())?;
    let layers = net.layers.iter().map(|layer| {
        let bias = layer.bias.as_ref().context("layers have biases")?;
        Ok(LayerParameters {
            w: layer.weight.val(),
            b: bias.val(),
        })
    });
    let layers = layers.collect::<Result<Vec<_>>>()?;
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
            (w, Host::of(&leaf.w.grad(&tape).expect(missing))),
            (b, row(&leaf.b.grad(&tape).expect(missing))),
        ]
    });
    Ok(Worked {
        autodiff: autodiff.collect(),
        graph: nets::mnist(f, &layers, x, y, mean)?,
    })
}

fn four_variables(room: &Room) -> Result<Worked> {
    let x = Tensor::<1>::from_data(FourVariables.start().as_slice(), room.float());
    Ok(Worked {
        autodiff: elements(&FourVariables, &x, &["x1", "x2", "x3", "x4"]),
        graph: nets::four_variables(x)?,
    })
}

fn composition(room: &Room) -> Result<Worked> {
    let z = Tensor::<1>::from_data(Composition.start().as_slice(), room.float());
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
) -> Vec<(&'static str, Host)> {
    let x = tracked(x);
    let tape = function.tensor_value(x.clone()).backward();
    let gradient = Host::of(&x.grad(&tape).expect("x is tracked")).values;
    let elements = names.iter().zip(gradient).map(|(&name, value)| {
        let values = vec![value];
        (
            name,
            Host {
                dims: vec![1, 1],
                values,
            },
        )
    });
    elements.collect()
}

fn forward(graph: &Graph) -> Section {
    let mut table = Table::new(["node", "operation", "shape", "value"]);
    for node in graph.nodes() {
        let kind = match node.kind() {
            Kind::Input => "input".to_owned(),
            Kind::Parameter => "parameter".to_owned(),
            Kind::Operation(_) => graph.formula(node).unwrap_or_default(),
        };
        let value = node.value().map(Host::of);
        let text = |show: fn(&Host) -> String| value.as_ref().map(show).unwrap_or_default();
        table.push([
            node.name().to_owned(),
            kind,
            text(Host::shape),
            text(Host::text),
        ]);
    }
    Section::new("Forward: in topological order")
        .text("Every node after its operands, so that their values are there when it needs them.")
        .table(table.without_empty_columns())
}

fn backward(graph: &Graph) -> Section {
    let mut table = Table::new(["node", "used by", "shape", "gradient"]);
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        let Some(gradient) = node.gradient().map(Host::of) else {
            continue;
        };
        let users = graph.nodes().iter().flat_map(|user| {
            let uses = user.operands().iter().filter(move |&&operand| operand == i);
            uses.map(|_| user.name())
        });
        table.push([
            node.name().to_owned(),
            users.collect::<Vec<_>>().join(", "),
            gradient.shape(),
            gradient.text(),
        ]);
    }
    Section::new("Backward: in reverse order")
        .text(
            "The output's gradient with respect to itself is 1. Every operation takes the gradient of \
             its result and gives each operand its share, by the rule of the operation alone. In \
             reverse order a node's own gradient is complete before it is handed on. Inputs are data \
             and need none.",
        )
        .formula("δ(operand) += (∂ result / ∂ operand)ᵀ · δ(result)")
        .table(table.without_empty_columns())
}

/// A value used twice: the sum of two contributions, each of them had alone from a graph in which
/// the other way is cut.
fn shared(room: &Room) -> Result<Section> {
    let both = product(room, Way::Both)?;
    let gradient = |graph: &Graph| -> Result<f64> {
        let gradient = graph.gradient("x")?.context("f depends on x")?;
        Ok(Host::of(&gradient).values[0])
    };
    let [direct, through] = [Way::Direct, Way::ThroughSquare].map(|way| product(room, way));
    let (direct, through, total) = (gradient(&direct?)?, gradient(&through?)?, gradient(&both)?);
    if direct + through != total {
        bail!(
            "{direct} and {through} do not add up to {total}; this is a defect, please report it"
        );
    }
    Ok(Section::new("A value that is used twice")
        .text(format!(
            "In f = x × x² the value x = {} goes two ways. Directly it contributes {}, through the \
             square {}; the gradient is the sum, {} = 3x². Whoever keeps only the last contribution, \
             or hands a gradient on before it is complete, has the most common mistake in \
             backpropagation; verify-grads puts both on trial.",
            number(POINT),
            number(direct),
            number(through),
            number(total)
        ))
        .figure(
            "graph-shared",
            "Two arrows leave x; two contributions come back",
            both.to_svg(&SvgOptions::default()),
        ))
}

/// The ways from x to f = x × x² on which x is a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Both,
    Direct,
    ThroughSquare,
}

fn product(room: &Room, way: Way) -> Result<Graph> {
    let one = || Tensor::<2>::from_data([[POINT]], room.float());
    let mut graph = GraphBuilder::new();
    let x = graph.parameter("x", one())?;
    let cut = match way {
        Way::Both => x,
        Way::Direct | Way::ThroughSquare => graph.input("x, cut off", one())?,
    };
    let (factor, base) = match way {
        Way::Both | Way::Direct => (x, cut),
        Way::ThroughSquare => (cut, x),
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
        let by_hand = Host::of(&gradient.context("every parameter has a gradient")?);
        comparison = comparison.host_row(&format!("δ{name}"), &by_hand, autodiff);
    }
    Ok(Section::new("The same from automatic differentiation")
        .text(format!(
            "The graph goes back by the rules derived by hand. Burn's autodiff, on the same function \
             without the graph, differs by at most {}.",
            number(comparison.largest())
        ))
        .table(comparison.into_table()))
}
