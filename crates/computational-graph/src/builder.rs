//! Building a graph, node by node.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::tensor::Tensor;
use manual_backprop::Reduction;
use manual_backprop::activation::Activation;

use crate::error::shape_text;
use crate::graph::{Graph, Kind, Node};
use crate::{GraphError, Operation};

/// A node of a graph that is being built: an operand for later nodes of the same builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId {
    builder: u64,
    index: usize,
}

/// Builds a [`Graph`]: first inputs and parameters with their values, then operations on existing
/// nodes, so that there cannot be a cycle.
///
/// Every method that adds a node takes its name first and refuses an empty or taken one.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use computational_graph::{GraphBuilder, GraphError};
///
/// let device = Device::flex();
/// let mut net = GraphBuilder::new();
/// let x = net.input("x", Tensor::from_data([[1.0, 2.0]], &device))?;
/// let w = net.parameter("w", Tensor::from_data([[3.0], [4.0]], &device))?;
/// net.matmul("z", x, w)?;
/// let mut net = net.build();
/// net.forward();
/// assert_eq!(net.value("z")?.into_scalar::<f32>(), 11.0);
/// net.backward("z")?;
/// let grad_w = net.gradient("w")?.expect("`z` depends on `w`");
/// assert_eq!(grad_w.try_into_vec_as::<f32>().unwrap(), [1.0, 2.0]);
/// # Ok::<(), GraphError>(())
/// ```
#[derive(Debug)]
pub struct GraphBuilder {
    id: u64,
    nodes: Vec<Node>,
}

impl Default for GraphBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl GraphBuilder {
    /// A builder with no nodes.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            nodes: Vec::new(),
        }
    }

    /// Data, which gets no gradient.
    ///
    /// # Errors
    ///
    /// A name that is taken or invalid; a value without elements, or with another dtype than the
    /// previous leaves.
    pub fn input(&mut self, name: &str, value: Tensor<2>) -> Result<NodeId, GraphError> {
        self.leaf(name, Kind::Input, value)
    }

    /// A value with respect to which the gradient is taken: weights, biases, variables of a function.
    ///
    /// # Errors
    ///
    /// As for [`GraphBuilder::input`].
    pub fn parameter(&mut self, name: &str, value: Tensor<2>) -> Result<NodeId, GraphError> {
        self.leaf(name, Kind::Parameter, value)
    }

    /// Any operation on existing nodes; the methods below are short forms of it.
    ///
    /// # Errors
    ///
    /// A name that is taken or invalid, a node of another builder, shapes that do not fit, or a
    /// loss whose targets depend on a parameter.
    ///
    /// # Panics
    ///
    /// If the number of operands is not that of the operation.
    pub fn operation(
        &mut self,
        name: &str,
        operation: Operation,
        operands: &[NodeId],
    ) -> Result<NodeId, GraphError> {
        self.check_name(name)?;
        assert_eq!(
            operands.len(),
            operation.arity(),
            "operands of {operation:?}"
        );
        if operands.iter().any(|operand| operand.builder != self.id) {
            return Err(GraphError::ForeignNode {
                name: name.to_owned(),
            });
        }
        let operands = operands.iter().map(|id| id.index).collect::<Vec<_>>();
        let nodes = operands.iter().map(|&operand| &self.nodes[operand]);
        let names = nodes.clone().map(Node::name).collect::<Vec<_>>();
        let shapes = nodes.clone().map(Node::shape).collect::<Vec<_>>();
        let shape = operation
            .shape(&shapes)
            .map_err(|expected| GraphError::Shape {
                name: name.to_owned(),
                formula: operation.formula(&names),
                expected,
                got: shapes
                    .into_iter()
                    .map(shape_text)
                    .collect::<Vec<_>>()
                    .join(" and "),
            })?;
        if operation.has_targets() && self.nodes[operands[1]].has_gradient() {
            return Err(GraphError::DependentTargets {
                name: name.to_owned(),
                targets: names[1].to_owned(),
            });
        }
        let differentiable = nodes.clone().any(Node::has_gradient);
        let kind = Kind::Operation(operation);
        Ok(self.push(Node::new(name, kind, operands, shape, differentiable)))
    }

    /// `x·w`. Errors as for [`GraphBuilder::operation`].
    pub fn matmul(&mut self, name: &str, x: NodeId, w: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::MatMul, &[x, w])
    }

    /// `x + b`, the row `b: [1, d]` added to every row. Errors as for [`GraphBuilder::operation`].
    pub fn add_bias(&mut self, name: &str, x: NodeId, b: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::AddBias, &[x, b])
    }

    /// `x + b`, the column `b: [d, 1]` added to every column. Errors as for [`GraphBuilder::operation`].
    pub fn add_bias_to_columns(
        &mut self,
        name: &str,
        x: NodeId,
        b: NodeId,
    ) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::AddBiasToColumns, &[x, b])
    }

    /// `f(a)` of every element. Errors as for [`GraphBuilder::operation`].
    pub fn activation(
        &mut self,
        name: &str,
        f: Activation,
        a: NodeId,
    ) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Activation(f), &[a])
    }

    /// Softmax of every row. Errors as for [`GraphBuilder::operation`].
    pub fn softmax(&mut self, name: &str, z: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Softmax, &[z])
    }

    /// Cross-entropy of the probabilities `yp` against the targets `y`. Errors as for
    /// [`GraphBuilder::operation`].
    pub fn cross_entropy(
        &mut self,
        name: &str,
        yp: NodeId,
        y: NodeId,
        reduction: Reduction,
    ) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::CrossEntropy(reduction), &[yp, y])
    }

    /// Softmax of the logits `z` and cross-entropy against the targets `y`, fused. Errors as for
    /// [`GraphBuilder::operation`].
    pub fn softmax_cross_entropy(
        &mut self,
        name: &str,
        z: NodeId,
        y: NodeId,
        reduction: Reduction,
    ) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::SoftmaxCrossEntropy(reduction), &[z, y])
    }

    /// `½‖yp - y‖²`, for [`Reduction::Mean`] divided by the number of rows. Errors as for
    /// [`GraphBuilder::operation`].
    pub fn half_squared_error(
        &mut self,
        name: &str,
        yp: NodeId,
        y: NodeId,
        reduction: Reduction,
    ) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::HalfSquaredError(reduction), &[yp, y])
    }

    /// `x + y`, of one shape. Errors as for [`GraphBuilder::operation`].
    pub fn add(&mut self, name: &str, x: NodeId, y: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Add, &[x, y])
    }

    /// `x - y`, of one shape. Errors as for [`GraphBuilder::operation`].
    pub fn subtract(&mut self, name: &str, x: NodeId, y: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Subtract, &[x, y])
    }

    /// `x∘y`, of one shape. Errors as for [`GraphBuilder::operation`].
    pub fn multiply(&mut self, name: &str, x: NodeId, y: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Multiply, &[x, y])
    }

    /// `c x`. Errors as for [`GraphBuilder::operation`].
    pub fn scale(&mut self, name: &str, x: NodeId, c: f64) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Scale(c), &[x])
    }

    /// `xⁿ` of every element. Errors as for [`GraphBuilder::operation`].
    pub fn power(&mut self, name: &str, x: NodeId, n: u32) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Power(n), &[x])
    }

    /// The sum of all elements. Errors as for [`GraphBuilder::operation`].
    pub fn sum(&mut self, name: &str, x: NodeId) -> Result<NodeId, GraphError> {
        self.operation(name, Operation::Sum, &[x])
    }

    /// The graph, not evaluated yet.
    pub fn build(self) -> Graph {
        Graph::new(self.nodes)
    }

    fn leaf(&mut self, name: &str, kind: Kind, value: Tensor<2>) -> Result<NodeId, GraphError> {
        self.check_name(name)?;
        if value.dims().contains(&0) {
            return Err(GraphError::Value {
                name: name.to_owned(),
                expected: "a matrix with elements".to_owned(),
                got: shape_text(value.dims()),
            });
        }
        let first = self.nodes.iter().find_map(Node::value);
        if let Some(first) = first.filter(|first| first.dtype() != value.dtype()) {
            return Err(GraphError::Value {
                name: name.to_owned(),
                expected: format!("{:?} like the previous leaves", first.dtype()),
                got: format!("{:?}", value.dtype()),
            });
        }
        let mut node = Node::new(name, kind, vec![], value.dims(), kind == Kind::Parameter);
        node.value = Some(value);
        Ok(self.push(node))
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId {
            builder: self.id,
            index: self.nodes.len() - 1,
        }
    }

    fn check_name(&self, name: &str) -> Result<(), GraphError> {
        // Also refuses what XML cannot contain, because names are drawn.
        let unfit = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        if name.trim().is_empty() || name.contains(unfit) {
            return Err(GraphError::InvalidName {
                name: name.to_owned(),
            });
        }
        if self.nodes.iter().any(|node| node.name() == name) {
            return Err(GraphError::DuplicateName {
                name: name.to_owned(),
            });
        }
        Ok(())
    }
}
