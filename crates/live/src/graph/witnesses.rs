//! The gradient of one node by three witnesses: the hand-derived rules, Burn's autodiff, and finite
//! differences.

use burn::tensor::{DType, Tensor, TensorData};
use computational_graph::Graph;

use crate::graph::replay::Replayed;
use crate::numbers::elements;
use crate::place::Place;

/// The first step of a central difference relative to the number, a power of two; two halvings follow.
const STEP: f64 = 1.0 / 64.0;

/// What each witness says about the gradient of a node, element by element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Witnesses {
    pub(crate) manual: Vec<f64>,
    pub(crate) autodiff: Vec<f64>,
    /// Finite differences with their estimated errors.
    pub(crate) finite: Vec<(f64, f64)>,
}

/// Asks the witnesses about a node that has a gradient.
///
/// Autodiff differentiates the same graph with a tracked zero added to the node. Finite differences add a
/// small number to one element at a time; in f64 where the device has it, else in the device's own type.
pub(crate) fn witnesses(place: &Place, replayed: &Replayed, node: usize) -> Option<Witnesses> {
    let gradient = replayed.graph.nodes()[node].gradient()?;
    let value = elements(replayed.graph.nodes()[node].value()?);
    let differences = (0..value.len()).map(|i| difference(place, replayed, node, i, value[i]));
    Some(Witnesses {
        manual: elements(gradient),
        autodiff: autodiff(replayed, node),
        finite: differences.collect(),
    })
}

/// The gradient by autodiff; zeros if the output does not depend on the node.
fn autodiff(replayed: &Replayed, node: usize) -> Vec<f64> {
    let mut graph = replayed.graph.clone();
    let [rows, columns] = graph.nodes()[node].shape();
    let value = graph.nodes()[node].value();
    let zero = value.expect("the graph has been evaluated").zeros_like();
    let zero = zero.autodiff().require_grad();
    graph.forward_with(|i, value| {
        let value = value.autodiff();
        if i == node {
            value + zero.clone()
        } else {
            value
        }
    });
    let tape = output(&graph, replayed).backward();
    match zero.grad(&tape) {
        Some(gradient) => elements(&gradient),
        None => vec![0.0; rows * columns],
    }
}

/// The derivative with respect to one element, and its estimated error.
///
/// ```text
/// c(h) = [f(v + h) - f(v - h)] / 2h        c₁(h) = [4 c(h/2) - c(h)] / 3        c₂ = [16 c₁(h/2) - c₁(h)] / 15
/// ```
///
/// The estimate is `c₂`, and its error `|c₂ - c₁(h/2)|`.
fn difference(
    place: &Place,
    replayed: &Replayed,
    node: usize,
    element: usize,
    value: f64,
) -> (f64, f64) {
    let step = STEP * 2f64.powf(value.abs().max(1.0).log2().floor());
    // A device of f32 cannot resolve small steps.
    let step = if place.dtype == DType::F64 {
        step
    } else {
        4.0 * step
    };
    let at = |shift: f64| shifted(place, replayed, node, element, shift);
    let central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
    let [c, half, quarter] = [step, step / 2.0, step / 4.0].map(central);
    let [first, second] = [(4.0 * half - c) / 3.0, (4.0 * quarter - half) / 3.0];
    let best = (16.0 * second - first) / 15.0;
    (best, (best - second).abs())
}

/// The output with a number added to one element of a node.
fn shifted(place: &Place, replayed: &Replayed, node: usize, element: usize, shift: f64) -> f64 {
    let mut graph = replayed.graph.clone();
    let [rows, columns] = graph.nodes()[node].shape();
    let mut shifts = vec![0.0; rows * columns];
    shifts[element] = shift;
    let data = TensorData::new(shifts, [rows, columns]);
    let shifts = Tensor::<2>::from_data(data, (&place.device, place.dtype));
    graph.forward_with(|i, value| {
        if i == node {
            value + shifts.clone()
        } else {
            value
        }
    });
    elements(&output(&graph, replayed))[0]
}

fn output(graph: &Graph, replayed: &Replayed) -> Tensor<2> {
    let value = graph.nodes()[replayed.output].value();
    value.expect("the graph has been evaluated").clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::replay::{Memory, replay};
    use crate::graph::state::State;
    use crate::query::Query;
    use burn::tensor::Device;

    #[test]
    fn the_three_witnesses_agree_on_every_node_of_every_net() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        for address in [
            "net=scalar",
            "net=general&steps=2",
            "net=xor&steps=20",
            "net=classifier&f=tanh",
            "net=four-variables",
            "net=composition",
            "net=own&layers=3:elu,3&loss=cross-entropy",
        ] {
            let state = State::take(&mut Query::parse(address).unwrap()).unwrap();
            let replayed = replay(&place, &Memory::default(), &state).unwrap();
            for (i, node) in replayed.graph.nodes().iter().enumerate() {
                let Some(witnesses) = witnesses(&place, &replayed, i) else {
                    continue;
                };
                let name = node.name();
                let scale = witnesses
                    .manual
                    .iter()
                    .fold(1e-3, |m: f64, g| m.max(g.abs()));
                for (k, manual) in witnesses.manual.iter().enumerate() {
                    let (finite, error) = witnesses.finite[k];
                    let off = (manual - witnesses.autodiff[k]).abs();
                    assert!(
                        off <= 1e-12 * scale,
                        "{address} {name}: autodiff is off by {off}"
                    );
                    let off = (manual - finite).abs();
                    assert!(
                        off <= 1e-8 * scale,
                        "{address} {name}: finite differences are off by {off}"
                    );
                    assert!(
                        off <= error + 1e-10 * scale,
                        "{address} {name}: {off} {error}"
                    );
                }
            }
        }
    }
}
