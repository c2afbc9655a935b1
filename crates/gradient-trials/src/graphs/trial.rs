//! A graph, and the same function written without it.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Gradients, Values};

use crate::{Graph, GraphError, Kind};

/// A way back through a graph from its output, which has this name and this gradient.
pub(super) type Backward = fn(&mut Graph, &str, Tensor<2>) -> Result<(), GraphError>;

type Build = dyn Fn(&Values) -> Result<Graph, GraphError> + Send + Sync;

/// A case without a hand-written gradient, and the graph that is to give it.
///
/// Every input of the case has a node of its name, of the same shape or, for a vector, of one row: a
/// parameter if it is differentiated, otherwise an input.
#[derive(Clone)]
pub(super) struct Trial {
    case: Case,
    output: &'static str,
    build: Arc<Build>,
}

impl Trial {
    /// `function` is the graph's function, without the graph; it returns what the node `output` is.
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

    /// The case with the graph's own gradients.
    pub(super) fn honest(self) -> Case {
        self.with(Graph::backward_from)
    }

    /// The case with gradients that come about in another way. An input whose node is left
    /// without a gradient gets zeros.
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
            backward(&mut graph, output, grad_out.get(0)).expect("the output has a value");
            let mut grads = Gradients::new();
            for (name, rank) in &inputs {
                let node = graph.node(name).expect("each input has a node of its name");
                if node.kind() != Kind::Parameter {
                    continue;
                }
                let value = node.value().expect("a parameter has a value");
                let grad = node.gradient().cloned();
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
