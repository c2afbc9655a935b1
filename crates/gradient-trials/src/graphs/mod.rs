//! The nets and functions of the lecture as graphs.
//!
//! The gradient under test is the one that a graph's backward pass computes by the rules of
//! `manual-backprop`. Autodiff and finite differences use a forward pass written without the graph.

mod functions;
mod graph_case;
mod mutants;
mod nets;

pub(crate) use mutants::mutants;

use burn_gradcheck::Case;

use crate::sizes;
use graph_case::GraphCase;

/// Every graph at `shapes` sizes, and the functions at as many points.
pub(crate) fn cases(shapes: usize, seed: u64) -> Vec<Case> {
    let mut cases = vec![
        functions::four_variables_of_the_lecture(),
        functions::composition_of_the_lecture(),
    ];
    for (size, activations) in sizes::with_activations(shapes, seed) {
        cases.extend(nets::all(activations, size));
        cases.extend(functions::all(size));
    }
    cases.into_iter().map(GraphCase::right).collect()
}
