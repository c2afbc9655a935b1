//! What the page draws: where nodes are, what they hold, and what each step of the backward pass adds.

use burn::tensor::Tensor;
use computational_graph::{Kind, Node, NodeBox, Operation};
use serde_json::{Value, json};

use crate::graph::math;
use crate::graph::replay::Replayed;
use crate::graph::state::State;
use crate::numbers::{elements, number, numbers};

/// Half the height of a node.
const HALF_NODE: f64 = 16.0;
/// Height of a line of text.
const LINE: f64 = 16.0;
/// Width of a column of numbers.
const COLUMN: f64 = 64.0;
/// Width of a single number.
const SINGLE: f64 = 74.0;
/// Side of a cell of a heat map.
const CELL: f64 = 9.0;
/// Mean width of a character of a name or formula.
const CHARACTER: f64 = 7.4;
/// Space left and right of a label, and between it and the arrow.
const BESIDE: f64 = 9.0;
const APART: f64 = 8.0;

/// The trace of a state.
pub(crate) fn trace(state: &State, replayed: &Replayed) -> Value {
    let nodes = replayed.graph.nodes();
    let boxes = nodes
        .iter()
        .map(|node| Label::new(replayed, node).node_box(node));
    let layout = replayed.graph.layout(&boxes.collect::<Vec<_>>());
    let edges = layout
        .routes
        .iter()
        .map(|route| json!({ "from": route.from, "to": route.to, "points": route.points }));
    let drawn = nodes.iter().zip(&layout.positions).map(|(node, position)| {
        let label = Label::new(replayed, node);
        json!({
            "name": node.name(),
            "math": math::name(node.name()),
            "kind": match node.kind() {
                Kind::Input => "input",
                Kind::Parameter => "parameter",
                Kind::Operation(_) => "operation",
            },
            "text": text(node),
            "formula": replayed.graph.formula(node),
            "operands": node.operands(),
            "shape": node.shape(),
            "asNumbers": is_written_out(node.shape()),
            "x": position.x,
            "y": position.y,
            "right": position.right,
            "width": width(node),
            "labelWidth": label.width,
            "value": node.value().map(|value| numbers(&elements(value))),
            "gradient": node.gradient().map(|gradient| numbers(&elements(gradient))),
        })
    });
    json!({
        "title": replayed.title,
        "source": replayed.source,
        "output": replayed.output,
        "width": layout.width,
        "height": layout.height,
        "sizes": { "halfNode": HALF_NODE, "line": LINE, "column": COLUMN, "cell": CELL, "beside": BESIDE, "apart": APART },
        "nodes": drawn.collect::<Value>(),
        "edges": edges.collect::<Value>(),
        "backward": backward(replayed),
        "losses": numbers(&replayed.losses),
        "rate": number(state.rate),
        "steps": state.steps,
    })
}

/// The backward pass: who passes what to whom, and the sum that is there then.
fn backward(replayed: &Replayed) -> Value {
    let mut sums: Vec<Option<Tensor<2>>> = vec![None; replayed.graph.nodes().len()];
    let steps = replayed
        .backward_steps()
        .into_iter()
        .map(|(node, contributions)| {
            let sent = contributions.into_iter().map(|contribution| {
                let gradient = contribution.gradient;
                let sum = &mut sums[contribution.to];
                let total = match sum.take() {
                    Some(so_far) => so_far + gradient.clone(),
                    None => gradient.clone(),
                };
                *sum = Some(total.clone());
                json!({
                    "to": contribution.to,
                    "operand": contribution.place,
                    "gradient": numbers(&elements(&gradient)),
                    "total": numbers(&elements(&total)),
                })
            });
            json!({ "node": node, "sent": sent.collect::<Value>() })
        });
    steps.collect()
}

/// Whether a matrix is written out; others are heat maps.
fn is_written_out([rows, columns]: [usize; 2]) -> bool {
    rows * columns <= 16 && columns <= 4 && rows <= 8
}

/// What stands in a node: the name of a leaf, the symbol of an operation.
fn text(node: &Node) -> String {
    match node.kind() {
        Kind::Input | Kind::Parameter => node.name().to_owned(),
        // The symbol of the fused loss is wide, and its formula stands next to it.
        Kind::Operation(Operation::SoftmaxCrossEntropy(_)) => "CE∘softmax".to_owned(),
        Kind::Operation(operation) => operation.symbol(),
    }
}

fn width(node: &Node) -> f64 {
    (text(node).chars().count() as f64 * 8.5 + 18.0).max(36.0)
}

/// The size of what stands above and below an arrow.
struct Label {
    width: f64,
    /// Height of the numbers alone.
    content: f64,
}

impl Label {
    fn new(replayed: &Replayed, node: &Node) -> Self {
        let [rows, columns] = node.shape().map(|size| size as f64);
        let (width, content) = match node.shape() {
            [1, 1] => (SINGLE, LINE),
            shape if is_written_out(shape) => (columns * COLUMN, rows * LINE),
            _ => (columns * CELL, rows * CELL),
        };
        let formula = replayed.graph.formula(node).unwrap_or_default();
        let shape = 5.0;
        let heading = (node.name().chars().count() + formula.chars().count()) as f64 + 2.0 + shape;
        Self {
            width: width.max(heading * CHARACTER),
            content,
        }
    }

    fn node_box(&self, node: &Node) -> NodeBox {
        let height = LINE + self.content + APART;
        NodeBox {
            width: width(node) + BESIDE + self.width + BESIDE,
            above: height.max(HALF_NODE),
            below: if node.has_gradient() {
                height.max(HALF_NODE)
            } else {
                HALF_NODE
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::{Memory, trace};
    use crate::place::Place;
    use crate::query::Query;
    use burn::tensor::{DType, Device};
    use serde_json::Value;

    #[test]
    fn what_a_node_is_passed_back_adds_up_to_its_gradient() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        for net in ["four-variables", "composition", "xor"] {
            let query = Query::parse(&format!("net={net}")).unwrap();
            let trace = trace(&place, &Memory::default(), query).unwrap();
            let mut totals = vec![(0, Value::Null); trace["nodes"].as_array().unwrap().len()];
            let steps = trace["backward"].as_array().unwrap();
            for sent in steps
                .iter()
                .flat_map(|step| step["sent"].as_array().unwrap())
            {
                let total = &mut totals[sent["to"].as_u64().unwrap() as usize];
                *total = (total.0 + 1, sent["total"].clone());
            }
            for (node, (_, total)) in totals.iter().enumerate().filter(|(_, total)| total.0 > 0) {
                assert_eq!(trace["nodes"][node]["gradient"], *total, "{net} {node}");
            }
            // The variables of the functions have several uses.
            let is_shared = totals.iter().any(|total| total.0 > 1);
            assert_eq!(is_shared, net != "xor", "{net}");
        }
    }
}
