//! The graphs on trial: every net and function of the lecture as a [`Case`], whose witnesses are
//! the gradient that the graph's backward pass computes by the manual rules, Burn's autodiff through
//! a forward pass written without the graph, and finite differences.
//!
//! - [`cases`]: what must agree.
//! - [`mutants`]: wrong ways through a graph, each of which must be caught.
//!
//! A case is named after its graph, with its sizes in brackets: `xor graph sigmoid [7x5x5x3]`.

pub mod mutants;

mod functions;
mod nets;
mod trial;

use burn_gradcheck::Case;
use manual_backprop::activation::Activation;
use manual_backprop::verify::sizes;

use trial::Trial;

/// Every graph: `shapes` sizes of each net, the first eight of them chosen (odd, square, one row, one
/// column, all one, a large batch) and the others drawn from `seed`, and as many points of the
/// functions. Nets have every activation at the first two sizes and one, in turn, at the others.
///
/// ```
/// use burn::tensor::Device;
/// use computational_graph::verify;
///
/// for case in verify::cases(1, 0) {
///     case.check(&Device::flex()).assert_pass();
/// }
/// ```
pub fn cases(shapes: usize, seed: u64) -> Vec<Case> {
    let mut trials = vec![
        functions::four_variables_of_the_lecture(),
        functions::composition_of_the_lecture(),
    ];
    for (i, size) in sizes::sizes(shapes, seed).into_iter().enumerate() {
        let all = &Activation::ALL[..];
        let one = &all[i % all.len()..][..1];
        trials.extend(nets::all(if i < 2 { all } else { one }, size));
        trials.extend(functions::all(size));
    }
    trials.into_iter().map(Trial::honest).collect()
}
