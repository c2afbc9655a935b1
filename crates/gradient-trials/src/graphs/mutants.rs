//! Wrong ways through a graph, in kind what people get wrong, to put the judge on trial: each must
//! be caught. The rules are right in all of them; it is their composition that is wrong.

use std::collections::VecDeque;

use burn::tensor::Tensor;
use burn_gradcheck::Mutant;
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;

use super::functions::{composition_trial, four_variables_trial, tangle_trial};
use super::nets::{mnist_trial, xor_trial};
use super::trial::{Backward, Trial};
use crate::{Graph, GraphError};

/// Name, mistake, the graphs on which it shows, the wrong backward pass.
type Row = (&'static str, &'static str, fn() -> Vec<Trial>, Backward);

/// Every mutant.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use burn_gradcheck::{Options, Target, Witness};
/// use computational_graph::verify::mutants;
///
/// let target = Target::new(Device::flex(), DType::F64);
/// let mutant = &mutants::all()[0];
/// assert_eq!(mutant.name, "graph: overwrites");
/// let report = mutant.caught(&target, &Options::default()).unwrap();
/// assert_eq!(report.verdict.odd(), Some(Witness::Manual));
/// ```
pub fn all() -> Vec<Mutant> {
    MUTANTS
        .iter()
        .map(|&(name, mistake, trials, backward)| {
            let trials = trials().into_iter();
            Mutant::new(name, mistake, trials.map(|trial| trial.with(backward)))
        })
        .collect()
}

const MUTANTS: &[Row] = &[
    (
        "graph: overwrites",
        "a value used twice keeps the last contribution to its gradient",
        shared,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                for (operand, grad) in graph.contributions(i) {
                    graph.set_gradient(operand, grad);
                }
            })
        },
    ),
    (
        "graph: first contribution",
        "a value used twice keeps the first contribution to its gradient",
        shared,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                for (operand, grad) in graph.contributions(i) {
                    if graph.nodes()[operand].gradient().is_none() {
                        graph.set_gradient(operand, grad);
                    }
                }
            })
        },
    ),
    (
        "graph: mean of contributions",
        "a value used twice gets the mean of its contributions",
        shared,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                for (operand, grad) in graph.contributions(i) {
                    let mean = match graph.nodes()[operand].gradient() {
                        Some(so_far) => (so_far.clone() + grad).mul_scalar(0.5),
                        None => grad,
                    };
                    graph.set_gradient(operand, mean);
                }
            })
        },
    ),
    (
        "graph: second operand forgotten",
        "an operation passes no gradient on to its second operand",
        any,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                let contributions = graph.contributions(i);
                for (operand, grad) in contributions.into_iter().take(1) {
                    graph.accumulate(operand, grad);
                }
            })
        },
    ),
    (
        "graph: operands swapped",
        "where the shapes allow it, the two operands get each other's gradient",
        any,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                let mut contributions = graph.contributions(i);
                if let [(first, a), (second, b)] = &mut contributions[..]
                    && a.dims() == b.dims()
                {
                    std::mem::swap(first, second);
                }
                for (operand, grad) in contributions {
                    graph.accumulate(operand, grad);
                }
            })
        },
    ),
    (
        "graph: same operand once",
        "an operation that uses a value as both operands contributes once",
        both,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                let mut contributions = graph.contributions(i);
                contributions.dedup_by_key(|(operand, _)| *operand);
                for (operand, grad) in contributions {
                    graph.accumulate(operand, grad);
                }
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
            graph.clear_gradients();
            let output = graph.index(output)?;
            pass_on(graph, output, grad);
            Ok(())
        },
    ),
    (
        "graph: order of building",
        "the nodes are done in the order of the forward pass",
        any,
        |graph, output, grad| {
            graph.clear_gradients();
            let output = graph.index(output)?;
            graph.set_gradient(output, grad);
            for i in 0..=output {
                add_contributions(graph, i);
            }
            Ok(())
        },
    ),
    (
        "graph: gradients of the last pass",
        "a second pass adds to the gradients that the first one left",
        any,
        |graph, output, grad| {
            graph.backward_from(output, grad)?;
            for i in (0..=graph.index(output)?).rev() {
                add_contributions(graph, i);
            }
            Ok(())
        },
    ),
    (
        "graph: starts from one",
        "the output's gradient is 1, whatever is given",
        any,
        |graph, output, grad| graph.backward_from(output, grad.ones_like()),
    ),
    (
        "graph: contribution of one step",
        "a gradient does not include that of the node it passes through",
        any,
        |graph, output, grad| {
            in_reverse(graph, output, grad, |graph, i| {
                if let Some(grad) = graph.nodes()[i].gradient().cloned() {
                    graph.set_gradient(i, grad.ones_like());
                    add_contributions(graph, i);
                    graph.set_gradient(i, grad);
                }
            })
        },
    ),
];

/// Nets and functions of every kind.
fn any() -> Vec<Trial> {
    let mut trials = shared();
    trials.push(xor_trial(Activation::Sigmoid, [7, 5, 3]));
    trials.push(mnist_trial(
        Activation::Tanh,
        Reduction::Mean,
        &[7, 5, 4, 3],
    ));
    trials
}

/// Graphs in which values are used more than once.
fn shared() -> Vec<Trial> {
    vec![
        tangle_trial([7, 5, 3]),
        composition_trial([7, 5, 3]),
        four_variables_trial([4, 4, 4]),
    ]
}

/// Graphs with an operation that takes one value as both operands.
fn both() -> Vec<Trial> {
    vec![tangle_trial([4, 4, 4]), tangle_trial([1, 1, 1])]
}

/// The right order, with something else done at each node.
fn in_reverse(
    graph: &mut Graph,
    output: &str,
    grad: Tensor<2>,
    step: fn(&mut Graph, usize),
) -> Result<(), GraphError> {
    graph.clear_gradients();
    let output = graph.index(output)?;
    graph.set_gradient(output, grad);
    for i in (0..=output).rev() {
        step(graph, i);
    }
    Ok(())
}

fn breadth_first(graph: &mut Graph, output: &str, grad: Tensor<2>) -> Result<(), GraphError> {
    graph.clear_gradients();
    let output = graph.index(output)?;
    graph.set_gradient(output, grad);
    let mut reached = vec![false; graph.nodes().len()];
    let mut queue = VecDeque::from([output]);
    while let Some(i) = queue.pop_front() {
        for (operand, grad) in graph.contributions(i) {
            graph.accumulate(operand, grad);
            if !std::mem::replace(&mut reached[operand], true) {
                queue.push_back(operand);
            }
        }
    }
    Ok(())
}

fn pass_on(graph: &mut Graph, i: usize, grad: Tensor<2>) {
    graph.accumulate(i, grad);
    for (operand, grad) in graph.contributions(i) {
        pass_on(graph, operand, grad);
    }
}

fn add_contributions(graph: &mut Graph, i: usize) {
    for (operand, grad) in graph.contributions(i) {
        graph.accumulate(operand, grad);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct() {
        let mut names = all().iter().map(|mutant| mutant.name).collect::<Vec<_>>();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
    }
}
