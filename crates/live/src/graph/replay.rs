//! From a state to its numbers: all training steps are taken again, so an address alone decides them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use burn::tensor::{Tensor, TensorData};
use computational_graph::{Graph, GraphError, Kind, Node};

use crate::error::RequestError;
use crate::graph::nets::{Built, build};
use crate::graph::state::{Edit, State};
use crate::numbers::elements;
use crate::place::Place;

/// States whose graphs are remembered.
const REMEMBERED: usize = 32;

/// A graph after its training steps, a forward and a backward pass.
#[derive(Debug, Clone)]
pub(crate) struct Replayed {
    pub(crate) graph: Graph,
    pub(crate) output: usize,
    pub(crate) title: &'static str,
    pub(crate) source: &'static str,
    /// The output before each step, and now.
    pub(crate) losses: Vec<f64>,
}

/// The graphs that were asked for last: a later step goes on from them.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<VecDeque<(State, Replayed)>>);

impl Memory {
    /// The graph nearest before a state on its way.
    fn nearest(&self, state: &State) -> Option<(u32, Replayed)> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let on_the_way = remembered
            .iter()
            .filter(|(earlier, _)| leads_to(earlier, state));
        let nearest = on_the_way.max_by_key(|(earlier, _)| earlier.steps);
        nearest.map(|(earlier, replayed)| (earlier.steps, replayed.clone()))
    }

    fn keep(&self, state: &State, replayed: &Replayed) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() == REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((state.clone(), replayed.clone()));
    }
}

/// Whether a state has the numbers of an earlier one on its way.
fn leads_to(earlier: &State, state: &State) -> bool {
    let edits = |of: &State| {
        let before = of.edits.iter().filter(|edit| edit.step <= earlier.steps);
        before.cloned().collect::<Vec<_>>()
    };
    let same = (&earlier.net, earlier.seed, earlier.rate) == (&state.net, state.seed, state.rate);
    same && earlier.steps <= state.steps && edits(earlier) == edits(state)
}

/// Repeats the training steps of a state, from the nearest one that is remembered.
///
/// ```text
/// θ ← θ - rate δθ        for every parameter θ
/// ```
pub(crate) fn replay(
    place: &Place,
    memory: &Memory,
    state: &State,
) -> Result<Replayed, RequestError> {
    let (mut step, mut replayed) = match memory.nearest(state) {
        Some(remembered) => remembered,
        None => (0, start(place, state)?),
    };
    check_edits(&replayed.graph, state)?;
    while step < state.steps {
        let loss = replayed.losses[step as usize];
        if !loss.is_finite() {
            let what = replayed.graph.nodes()[replayed.output].name().to_owned();
            return Err(RequestError::NotFinite { what, step });
        }
        descend(&mut replayed.graph, state.rate)?;
        step += 1;
        evaluate(place, &mut replayed, state, step)?;
    }
    memory.keep(state, &replayed);
    Ok(replayed)
}

/// The graph before the first training step.
fn start(place: &Place, state: &State) -> Result<Replayed, RequestError> {
    let Built {
        graph,
        output,
        title,
        source,
    } = build(place, state)?;
    check_edits(&graph, state)?;
    let output = graph.nodes().iter().position(|node| node.name() == output);
    let mut replayed = Replayed {
        output: output.expect("the graph has its output"),
        graph,
        title,
        source,
        losses: vec![],
    };
    evaluate(place, &mut replayed, state, 0)?;
    Ok(replayed)
}

/// Changes the numbers that are changed before a step, and goes forward and back.
fn evaluate(
    place: &Place,
    replayed: &mut Replayed,
    state: &State,
    step: u32,
) -> Result<(), RequestError> {
    let graph = &mut replayed.graph;
    for edit in state.edits.iter().filter(|edit| edit.step == step) {
        apply(place, graph, edit)?;
    }
    graph.forward();
    let output = graph.nodes()[replayed.output].name().to_owned();
    graph.backward(&output)?;
    replayed.losses.push(elements(&graph.value(&output)?)[0]);
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use burn::tensor::{DType, Device};

    fn state(address: &str) -> State {
        State::take(&mut Query::parse(address).unwrap()).unwrap()
    }

    fn numbers(replayed: &Replayed) -> Vec<Vec<f64>> {
        let values = replayed
            .graph
            .nodes()
            .iter()
            .map(|node| elements(node.value().unwrap()));
        values.chain([replayed.losses.clone()]).collect()
    }

    #[test]
    fn going_on_from_a_remembered_state_gives_the_same_bits() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let memory = Memory::default();
        let edits = "edit=3,w1,0,0,0.25&edit=8,x,1,1,0.5";
        for steps in [0, 5, 20, 7] {
            let state = state(&format!("net=xor&steps={steps}&{edits}"));
            let remembered = replay(&place, &memory, &state).unwrap();
            let alone = replay(&place, &Memory::default(), &state).unwrap();
            assert_eq!(numbers(&remembered), numbers(&alone), "{steps}");
        }
    }

    #[test]
    fn a_number_is_changed_at_its_step() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let first = |address: &str| {
            let replayed = replay(&place, &Memory::default(), &state(address)).unwrap();
            elements(&replayed.graph.value("w1").unwrap())[0]
        };
        assert_eq!(first("net=xor&steps=3&edit=3,w1,0,0,0.25"), 0.25);
        assert_eq!(first("net=xor&edit=0,w1,0,0,0.25"), 0.25);
        assert_eq!(
            first("net=xor&steps=3&edit=4,w1,0,0,0.25"),
            first("net=xor&steps=3")
        );
    }

    #[test]
    fn only_states_on_the_way_are_gone_on_from() {
        let leads = |earlier: &str, later: &str| leads_to(&state(earlier), &state(later));
        assert!(leads("net=xor&steps=3", "net=xor&steps=5"));
        assert!(leads("net=xor&steps=3", "net=xor&steps=5&edit=4,w1,0,0,1"));
        assert!(!leads("net=xor&steps=3", "net=xor&steps=5&edit=3,w1,0,0,1"));
        assert!(!leads("net=xor&steps=3", "net=xor&steps=2"));
        assert!(!leads("net=xor&steps=3", "net=xor&steps=5&rate=2"));
        assert!(!leads("net=xor&steps=3", "net=xor&steps=5&seed=2"));
        assert!(!leads("net=xor&steps=3", "net=general&steps=5"));
    }
}
