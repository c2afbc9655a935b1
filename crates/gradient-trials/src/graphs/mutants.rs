//! Wrong paths through a graph: the rules are correct, but composed wrongly.

use std::collections::VecDeque;

use burn::tensor::Tensor;
use burn_gradcheck::Mutant;
use computational_graph::Graph;
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;

use super::functions::{composition_case, four_variables_case, tangle_case};
use super::graph_case::{Backward, GraphCase, NodeGradients};
use super::nets::{mnist_case, xor_case};

/// Name, mistake, the graphs on which it shows, the wrong backward pass.
type Row = (&'static str, &'static str, fn() -> Vec<GraphCase>, Backward);

/// Every mutant.
pub(crate) fn mutants() -> Vec<Mutant> {
    MUTANTS
        .iter()
        .map(|&(name, mistake, cases, backward)| {
            let cases = cases().into_iter();
            Mutant::new(name, mistake, cases.map(|case| case.with(backward)))
        })
        .collect()
}

const MUTANTS: &[Row] = &[
    (
        "graph: overwrites",
        "a value used twice keeps the last contribution to its gradient",
        shared,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                for (operand, grad) in pass.contributions(i) {
                    pass.grads[operand] = Some(grad);
                }
            })
        },
    ),
    (
        "graph: first contribution",
        "a value used twice keeps the first contribution to its gradient",
        shared,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                for (operand, grad) in pass.contributions(i) {
                    pass.grads[operand].get_or_insert(grad);
                }
            })
        },
    ),
    (
        "graph: mean of contributions",
        "a value used twice gets the mean of its contributions",
        shared,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                for (operand, grad) in pass.contributions(i) {
                    pass.grads[operand] = Some(match pass.grads[operand].take() {
                        Some(so_far) => (so_far + grad).mul_scalar(0.5),
                        None => grad,
                    });
                }
            })
        },
    ),
    (
        "graph: second operand forgotten",
        "an operation passes no gradient on to its second operand",
        any,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                let contributions = pass.contributions(i);
                pass.add(contributions.into_iter().take(1));
            })
        },
    ),
    (
        "graph: operands swapped",
        "where the shapes allow it, the two operands get each other's gradient",
        any,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                let mut contributions = pass.contributions(i);
                if let [(first, a), (second, b)] = &mut contributions[..]
                    && a.dims() == b.dims()
                {
                    std::mem::swap(first, second);
                }
                pass.add(contributions);
            })
        },
    ),
    (
        "graph: same operand once",
        "an operation that uses a value as both operands contributes once",
        both,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                let mut contributions = pass.contributions(i);
                contributions.dedup_by_key(|(operand, _)| *operand);
                pass.add(contributions);
            })
        },
    ),
    (
        "graph: as soon as reached",
        "a node passes its gradient on when the first contribution has come, breadth first",
        shared,
        breadth_first,
    ),
    (
        "graph: at every arrival",
        "a node passes its whole sum on again with every contribution that comes",
        shared,
        |graph, output, grad| {
            let mut pass = Pass::new(graph);
            pass.arrive(output, grad);
            pass.grads
        },
    ),
    (
        "graph: order of building",
        "the nodes are done in the order of the forward pass",
        any,
        |graph, output, grad| {
            let mut pass = Pass::new(graph);
            pass.grads[output] = Some(grad);
            for i in 0..=output {
                pass.step(i);
            }
            pass.grads
        },
    ),
    (
        "graph: gradients of the last pass",
        "a second pass adds to the gradients that the first one left",
        any,
        |graph, output, grad| {
            let mut pass = Pass::new(graph);
            pass.grads[output] = Some(grad);
            for _ in 0..2 {
                for i in (0..=output).rev() {
                    pass.step(i);
                }
            }
            pass.grads
        },
    ),
    (
        "graph: starts from one",
        "the output's gradient is 1, whatever is given",
        any,
        |graph, output, grad| in_reverse(graph, output, grad.ones_like(), |pass, i| pass.step(i)),
    ),
    (
        "graph: contribution of one step",
        "a gradient does not include that of the node it passes through",
        any,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |pass, i| {
                if let Some(grad) = pass.grads[i].take() {
                    pass.grads[i] = Some(grad.ones_like());
                    pass.step(i);
                    pass.grads[i] = Some(grad);
                }
            })
        },
    ),
];

/// Nets and functions of every kind.
fn any() -> Vec<GraphCase> {
    let mut cases = shared();
    cases.push(xor_case(Activation::Sigmoid, [7, 5, 3]));
    cases.push(mnist_case(Activation::Tanh, Reduction::Mean, &[7, 5, 4, 3]));
    cases
}

/// Graphs in which values are used more than once.
fn shared() -> Vec<GraphCase> {
    vec![
        tangle_case([7, 5, 3]),
        composition_case([7, 5, 3]),
        four_variables_case([4, 4, 4]),
    ]
}

/// Graphs with an operation that takes one value as both operands.
fn both() -> Vec<GraphCase> {
    vec![tangle_case([4, 4, 4]), tangle_case([1, 1, 1])]
}

/// A backward pass in progress.
struct Pass<'a> {
    graph: &'a Graph,
    grads: NodeGradients,
}

impl<'a> Pass<'a> {
    fn new(graph: &'a Graph) -> Self {
        let grads = vec![None; graph.nodes().len()];
        Self { graph, grads }
    }

    /// The contribution of node `i`, with its current gradient, to its operands' gradients.
    fn contributions(&self, i: usize) -> Vec<(usize, Tensor<2>)> {
        let grad = self.grads[i].clone();
        grad.map_or(Vec::new(), |grad| self.graph.contributions(i, grad))
    }

    fn add(&mut self, contributions: impl IntoIterator<Item = (usize, Tensor<2>)>) {
        for (operand, grad) in contributions {
            let so_far = self.grads[operand].take();
            self.grads[operand] = Some(match so_far {
                Some(so_far) => so_far + grad,
                None => grad,
            });
        }
    }

    /// The right step.
    fn step(&mut self, i: usize) {
        self.add(self.contributions(i));
    }

    fn arrive(&mut self, i: usize, grad: Tensor<2>) {
        self.add([(i, grad)]);
        for (operand, grad) in self.contributions(i) {
            self.arrive(operand, grad);
        }
    }
}

/// The right order, with another step at each node.
fn in_reverse(
    graph: &Graph,
    output: usize,
    grad: Tensor<2>,
    step: fn(&mut Pass<'_>, usize),
) -> NodeGradients {
    let mut pass = Pass::new(graph);
    pass.grads[output] = Some(grad);
    for i in (0..=output).rev() {
        step(&mut pass, i);
    }
    pass.grads
}

fn breadth_first(graph: &mut Graph, output: usize, grad: Tensor<2>) -> NodeGradients {
    let mut pass = Pass::new(graph);
    pass.grads[output] = Some(grad);
    let mut reached = vec![false; graph.nodes().len()];
    let mut queue = VecDeque::from([output]);
    while let Some(i) = queue.pop_front() {
        for (operand, grad) in pass.contributions(i) {
            pass.add([(operand, grad)]);
            if !std::mem::replace(&mut reached[operand], true) {
                queue.push_back(operand);
            }
        }
    }
    pass.grads
}
