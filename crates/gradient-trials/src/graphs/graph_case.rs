//! A graph, and the same function written without it.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Values};
use computational_graph::{Graph, GraphError, Kind};

/// The gradient of every node, in the order of [`Graph::nodes`].
pub(super) type NodeGradients = Vec<Option<Tensor<2>>>;

/// A backward pass through an evaluated graph, from the node with this number and this gradient.
pub(super) type Backward = fn(&mut Graph, usize, Tensor<2>) -> NodeGradients;

type Build = dyn Fn(&Values) -> Result<Graph, GraphError> + Send + Sync;

/// A case whose gradient by hand is that of a graph.
///
/// Every input of the case has a node of its name and shape; a vector is a matrix of one row. The
/// node is a parameter if the input is differentiated.
#[derive(Clone)]
pub(super) struct GraphCase {
    case: Case,
    output: &'static str,
    build: Arc<Build>,
}

impl GraphCase {
    /// `function` computes the node `output` without the graph.
    pub(super) fn new(
        case: Case,
        output: &'static str,
        build: impl Fn(&Values) -> Result<Graph, GraphError> + Send + Sync + 'static,
        function: impl Fn(&Values) -> Tensor<2> + Send + Sync + 'static,
    ) -> Self {
        Self {
            case: case.function(function),
            output,
            build: Arc::new(build),
        }
    }

    /// The case with the graph's own backward pass.
    pub(super) fn right(self) -> Case {
        self.with(|graph, output, grad| {
            let name = graph.nodes()[output].name().to_owned();
            graph.backward_from(&name, grad).expect("it has a value");
            let nodes = graph.nodes().iter();
            nodes.map(|node| node.gradient().cloned()).collect()
        })
    }

    /// The case with another backward pass. An input whose node gets no gradient gets zeros.
    pub(super) fn with(self, backward: Backward) -> Case {
        let Self {
            case,
            output,
            build,
        } = self;
        let inputs = case
            .inputs()
            .map(|(name, shape)| (name.to_owned(), shape.len()))
            .collect::<Vec<_>>();
        case.vjp(move |v, grad_out| {
            let mut graph = build(v).expect("the case's sizes fit");
            graph.forward();
            let output = place(&graph, output);
            let node_grads = backward(&mut graph, output, grad_out.get(0));
            let mut grads = Gradients::new();
            for (name, rank) in &inputs {
                let place = place(&graph, name);
                let node = &graph.nodes()[place];
                if node.kind() != Kind::Parameter {
                    continue;
                }
                let value = node.value().expect("a parameter has a value");
                let grad = node_grads[place].clone();
                let grad = grad.unwrap_or_else(|| value.zeros_like());
                grads = match rank {
                    1 => grads.with(name, grad.squeeze_dim::<1>(0)),
                    _ => grads.with(name, grad),
                };
            }
            grads
        })
    }
}

fn place(graph: &Graph, name: &str) -> usize {
    let found = graph.nodes().iter().position(|node| node.name() == name);
    found.expect("the output and each input are nodes")
}
