//! A graph that is evaluated forward and differentiated backward.

use burn::tensor::Tensor;

use crate::error::shape_text;
use crate::{GraphError, Operation};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Data: a value that is given and gets no gradient.
    Input,
    /// A value that is given and has a gradient.
    Parameter,
    /// A value that is computed from the values of other nodes.
    Operation(Operation),
}

/// A named value and, after a backward pass, its gradient.
#[derive(Debug, Clone)]
pub struct Node {
    name: String,
    kind: Kind,
    operands: Vec<usize>,
    shape: [usize; 2],
    has_gradient: bool,
    pub(crate) value: Option<Tensor<2>>,
    gradient: Option<Tensor<2>>,
}

impl Node {
    pub(crate) fn new(
        name: &str,
        kind: Kind,
        operands: Vec<usize>,
        shape: [usize; 2],
        has_gradient: bool,
    ) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            operands,
            shape,
            has_gradient,
            value: None,
            gradient: None,
        }
    }

    /// The node's name, which no other node of the graph has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Input, parameter or operation.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The numbers of the operands in [`Graph::nodes`], in the order of the operation; none for a
    /// leaf. One number can occur twice.
    pub fn operands(&self) -> &[usize] {
        &self.operands
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// Whether the node is a parameter or depends on one.
    pub fn has_gradient(&self) -> bool {
        self.has_gradient
    }

    /// The value, if it is known: that of a leaf always, that of an operation after
    /// [`Graph::forward`].
    pub fn value(&self) -> Option<&Tensor<2>> {
        self.value.as_ref()
    }

    /// The gradient, as [`Graph::gradient`] gives it.
    pub fn gradient(&self) -> Option<&Tensor<2>> {
        self.gradient.as_ref()
    }
}

/// Named nodes, each after its operands: a topological order.
///
/// A [`GraphBuilder`](crate::GraphBuilder) makes it. The nodes and their operations are fixed; the
/// values of the leaves can be set again.
#[derive(Debug, Clone)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    pub(crate) fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// Every node, in topological order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of this name.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn node(&self, name: &str) -> Result<&Node, GraphError> {
        Ok(&self.nodes[self.index(name)?])
    }

    /// The value of a node.
    ///
    /// # Errors
    ///
    /// If there is no such node, or it is an operation and [`Graph::forward`] has not run since
    /// a value was set.
    pub fn value(&self, name: &str) -> Result<Tensor<2>, GraphError> {
        self.node(name)?
            .value
            .clone()
            .ok_or_else(|| GraphError::NotEvaluated {
                name: name.to_owned(),
            })
    }

    /// The gradient of the last backward pass's output with respect to a node, of the node's
    /// shape.
    ///
    /// `None` before the backward pass, for a node that neither is a parameter nor depends on one,
    /// and for a node that the output does not depend on (its gradient would be zero).
    ///
    /// # Errors
    ///
    /// If there is no such node.
    pub fn gradient(&self, name: &str) -> Result<Option<Tensor<2>>, GraphError> {
        Ok(self.node(name)?.gradient.clone())
    }

    /// The operation of a node on its operands' names, `x·w1`; `None` for a leaf.
    ///
    /// # Panics
    ///
    /// If the node is not one of this graph.
    pub fn formula(&self, node: &Node) -> Option<String> {
        let Kind::Operation(operation) = node.kind else {
            return None;
        };
        let names = node.operands.iter().map(|&i| self.nodes[i].name());
        Some(operation.formula(&names.collect::<Vec<_>>()))
    }

    /// Gives an input or a parameter another value, and drops the values of all operations and all
    /// gradients.
    ///
    /// # Errors
    ///
    /// If there is no such leaf, or the value does not have the shape and the dtype of the old one.
    pub fn set_value(&mut self, name: &str, value: Tensor<2>) -> Result<(), GraphError> {
        let index = self.index(name)?;
        let node = &self.nodes[index];
        let Some(old) = node.value.as_ref().filter(|_| node.operands.is_empty()) else {
            return Err(GraphError::NotALeaf {
                name: name.to_owned(),
            });
        };
        let describe =
            |value: &Tensor<2>| format!("{} of {:?}", shape_text(value.dims()), value.dtype());
        if describe(old) != describe(&value) {
            return Err(GraphError::Value {
                name: name.to_owned(),
                expected: describe(old),
                got: describe(&value),
            });
        }
        self.nodes[index].value = Some(value);
        let operations = |node: &&mut Node| !node.operands.is_empty();
        for node in self.nodes.iter_mut().filter(operations) {
            node.value = None;
        }
        self.clear_gradients();
        Ok(())
    }

    /// Computes the value of every operation, in topological order, and drops all gradients.
    pub fn forward(&mut self) {
        self.forward_with(|_, value| value);
    }

    /// As [`Graph::forward`], but passes each value to `change` with the node's number as soon as it is
    /// known, leaves included, and goes on with what it returns.
    ///
    /// A number added to one value shows what the output does then; a tracked zero added to every value
    /// has autodiff compute the gradient of every node.
    ///
    /// # Panics
    ///
    /// If `change` returns a value of another shape.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use computational_graph::nets;
    ///
    /// let x = Tensor::<1>::from_data([3.0, -1.0, 0.0, 1.0], &Device::flex());
    /// let mut f = nets::four_variables(x)?;
    /// let s4 = f.nodes().iter().position(|node| node.name() == "s4").unwrap();
    /// f.forward_with(|i, value| if i == s4 { value + 1.0 } else { value });
    /// assert_eq!(f.value("f")?.into_scalar::<f32>(), 865.0); // 215 + 10 (3⁴ - 2⁴)
    /// # Ok::<(), computational_graph::GraphError>(())
    /// ```
    pub fn forward_with(&mut self, mut change: impl FnMut(usize, Tensor<2>) -> Tensor<2>) {
        for i in 0..self.nodes.len() {
            let node = &self.nodes[i];
            let value = match node.kind {
                Kind::Operation(operation) => operation.forward(&self.operand_values(node)),
                Kind::Input | Kind::Parameter => node.value.clone().expect("a leaf has a value"),
            };
            let value = change(i, value);
            assert_eq!(value.dims(), node.shape, "shape of `{}`", node.name);
            self.nodes[i].value = Some(value);
        }
        self.clear_gradients();
    }

    /// Computes the gradient of `output`, a single number, with respect to every node on a path from a
    /// parameter to it.
    ///
    /// # Formula
    ///
    /// ```text
    /// δoutput = 1        δu = Σ over the uses of u as operand of v:  Jᵀ·δv,  J = ∂v/∂u
    /// ```
    ///
    /// # Derivation
    ///
    /// The chain rule of several variables. In reverse topological order all uses of `u` come before
    /// `u`, so that its sum is complete. Each product `Jᵀ·δv` is a rule of `manual-backprop`, which
    /// never forms `J`.
    ///
    /// # Errors
    ///
    /// If there is no such node, or it is not a single number, has no value yet, or depends on no
    /// parameter.
    ///
    /// # Source
    ///
    /// Lecture items L1 and L15.
    pub fn backward(&mut self, output: &str) -> Result<(), GraphError> {
        let node = self.node(output)?;
        if node.shape != [1, 1] {
            return Err(GraphError::NotANumber {
                name: output.to_owned(),
                shape: shape_text(node.shape),
            });
        }
        let one = self.value(output)?.ones_like();
        self.backward_from(output, one)
    }

    /// As [`Graph::backward`], from an `output` of any shape whose own gradient is given: a
    /// vector-Jacobian product through the whole graph.
    ///
    /// # Errors
    ///
    /// As for [`Graph::backward`], and if `grad_output` does not have the output's shape.
    pub fn backward_from(
        &mut self,
        output: &str,
        grad_output: Tensor<2>,
    ) -> Result<(), GraphError> {
        let index = self.index(output)?;
        let shape = self.value(output)?.dims();
        if grad_output.dims() != shape {
            return Err(GraphError::Value {
                name: format!("δ{output}"),
                expected: shape_text(shape),
                got: shape_text(grad_output.dims()),
            });
        }
        if !self.nodes[index].has_gradient {
            return Err(GraphError::NoParameter {
                name: output.to_owned(),
            });
        }
        self.clear_gradients();
        self.accumulate(index, grad_output);
        for i in (0..=index).rev() {
            let Some(grad) = self.nodes[i].gradient.clone() else {
                continue;
            };
            for (operand, grad) in self.contributions(i, grad) {
                self.accumulate(operand, grad);
            }
        }
        Ok(())
    }

    /// The gradients that node number `i` passes on to its operands if its own gradient is `grad`:
    /// one step of a backward pass.
    ///
    /// Each comes with the operand's number in [`Graph::nodes`]; an operand used twice is listed
    /// twice. Operands that get no gradient are left out, so a leaf gives an empty list.
    ///
    /// # Panics
    ///
    /// If there is no such node, it has no value yet, or `grad` does not have its shape.
    pub fn contributions(&self, i: usize, grad: Tensor<2>) -> Vec<(usize, Tensor<2>)> {
        let node = &self.nodes[i];
        let Kind::Operation(operation) = node.kind else {
            return Vec::new();
        };
        let value = node.value.clone().expect("the node has a value");
        let grads = operation.backward(&self.operand_values(node), value, grad);
        let operands = node.operands.iter().copied();
        operands
            .zip(grads)
            .filter(|&(operand, _)| self.nodes[operand].has_gradient)
            .collect()
    }

    fn accumulate(&mut self, i: usize, grad: Tensor<2>) {
        let gradient = &mut self.nodes[i].gradient;
        *gradient = Some(match gradient.take() {
            Some(so_far) => so_far + grad,
            None => grad,
        });
    }

    fn clear_gradients(&mut self) {
        for node in &mut self.nodes {
            node.gradient = None;
        }
    }

    fn operand_values(&self, node: &Node) -> Vec<Tensor<2>> {
        let value = |&i: &usize| {
            let value = self.nodes[i].value.clone();
            value.expect("operands come before their node")
        };
        node.operands.iter().map(value).collect()
    }

    fn index(&self, name: &str) -> Result<usize, GraphError> {
        let found = self.nodes.iter().position(|node| node.name == name);
        found.ok_or_else(|| GraphError::UnknownName {
            name: name.to_owned(),
            expected: self
                .nodes
                .iter()
                .map(Node::name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }
}
