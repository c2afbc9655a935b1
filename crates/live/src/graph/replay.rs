//! From a state to its numbers: all training steps are taken again, so an address alone decides them.

use burn::tensor::{Tensor, TensorData};
use computational_graph::{Graph, GraphError, Kind, Node};

use crate::error::RequestError;
use crate::graph::nets::{Built, build};
use crate::graph::state::{Edit, State};
use crate::numbers::elements;
use crate::site::Place;

/// A graph after its training steps, a forward and a backward pass.
pub(crate) struct Replayed {
    pub(crate) graph: Graph,
    pub(crate) output: usize,
    pub(crate) title: &'static str,
    pub(crate) source: &'static str,
    /// The output before each step, and now.
    pub(crate) losses: Vec<f64>,
}

/// Repeats the training steps of a state.
///
/// ```text
/// θ ← θ - rate δθ        for every parameter θ
/// ```
pub(crate) fn replay(place: &Place, state: &State) -> Result<Replayed, RequestError> {
    let Built {
        mut graph,
        output,
        title,
        source,
    } = build(place, state)?;
    let mut losses = Vec::with_capacity(state.steps as usize + 1);
    check_edits(&graph, state)?;
    for step in 0..=state.steps {
        for edit in state.edits.iter().filter(|edit| edit.step == step) {
            apply(place, &mut graph, edit)?;
        }
        graph.forward();
        graph.backward(output)?;
        let loss = elements(&graph.value(output)?)[0];
        losses.push(loss);
        if step == state.steps {
            break;
        }
        if !loss.is_finite() {
            return Err(RequestError::NotFinite {
                what: output.to_owned(),
                step,
            });
        }
        descend(&mut graph, state.rate)?;
    }
    let output = graph.nodes().iter().position(|node| node.name() == output);
    Ok(Replayed {
        output: output.expect("the graph has its output"),
        graph,
        title,
        source,
        losses,
    })
}

impl From<GraphError> for RequestError {
    fn from(error: GraphError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// An edit after the last step is kept for later steps, but it must be possible.
fn check_edits(graph: &Graph, state: &State) -> Result<(), RequestError> {
    for Edit { name, element, .. } in &state.edits {
        let node = graph.node(name)?;
        if !node.operands().is_empty() {
            let name = name.clone();
            return Err(GraphError::NotALeaf { name }.into());
        }
        check_element(node, *element)?;
    }
    Ok(())
}

fn check_element(node: &Node, [row, column]: [usize; 2]) -> Result<(), RequestError> {
    let [rows, columns] = node.shape();
    if row < rows && column < columns {
        return Ok(());
    }
    Err(RequestError::Refused(format!(
        "`{}` has {rows} rows and {columns} columns, there is no element {row}, {column}; count from 0",
        node.name()
    )))
}

fn apply(place: &Place, graph: &mut Graph, edit: &Edit) -> Result<(), RequestError> {
    let old = graph.value(&edit.name)?;
    let [rows, columns] = old.dims();
    let mut values = elements(&old);
    values[edit.element[0] * columns + edit.element[1]] = edit.value;
    let data = TensorData::new(values, [rows, columns]);
    let value = Tensor::from_data(data, (&place.device, place.dtype));
    Ok(graph.set_value(&edit.name, value)?)
}

fn descend(graph: &mut Graph, rate: f64) -> Result<(), GraphError> {
    let updated = graph.nodes().iter().filter_map(|node| {
        let is_parameter = node.kind() == Kind::Parameter;
        let (value, gradient) = (node.value()?, node.gradient()?);
        let value = value.clone() - gradient.clone() * rate;
        is_parameter.then(|| (node.name().to_owned(), value))
    });
    for (name, value) in updated.collect::<Vec<_>>() {
        graph.set_value(&name, value)?;
    }
    Ok(())
}

impl Replayed {
    /// The number of a node.
    pub(crate) fn place_of(&self, name: &str) -> Result<usize, RequestError> {
        self.graph.node(name)?;
        let nodes = self.graph.nodes().iter();
        let found = nodes
            .map(|node| node.name())
            .position(|other| other == name);
        Ok(found.expect("the graph has this node"))
    }

    pub(crate) fn check_element(
        &self,
        node: usize,
        element: [usize; 2],
    ) -> Result<(), RequestError> {
        check_element(&self.graph.nodes()[node], element)
    }

    /// What every node passes back, last node first: pairs of a node and its contributions, each with the
    /// number of the operand's node and the place among the operands.
    pub(crate) fn backward_steps(&self) -> Vec<(usize, Vec<Contribution>)> {
        let nodes = self.graph.nodes();
        let steps = (0..=self.output).rev().filter_map(|i| {
            let gradient = nodes[i].gradient()?.clone();
            let mut gradients = self.graph.contributions(i, gradient).into_iter();
            let operands = nodes[i].operands().iter().enumerate();
            let with_gradient = operands.filter(|&(_, &operand)| nodes[operand].has_gradient());
            let contribution = |(place, &to): (usize, &usize)| {
                let (operand, gradient) = gradients.next()?;
                debug_assert_eq!(operand, to);
                Some(Contribution {
                    to,
                    place,
                    gradient,
                })
            };
            let contributions = with_gradient.filter_map(contribution).collect::<Vec<_>>();
            (!contributions.is_empty()).then_some((i, contributions))
        });
        steps.collect()
    }
}

/// What a node passes back to one of its operands.
pub(crate) struct Contribution {
    /// The operand's node.
    pub(crate) to: usize,
    /// Which operand it is.
    pub(crate) place: usize,
    pub(crate) gradient: Tensor<2>,
}
