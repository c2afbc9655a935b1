//! The errors of building and using a graph.

/// A graph that cannot be built, or a request that it cannot serve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// A name that cannot be shown, or an empty one.
    #[error(
        "the name {name:?} is empty or has control characters; \
         give the node a name of visible characters"
    )]
    InvalidName {
        /// The name as given.
        name: String,
    },
    /// Two nodes of one name.
    #[error("there already is a node `{name}`; give each node its own name")]
    DuplicateName {
        /// The name that was given twice.
        name: String,
    },
    /// A name that no node has.
    #[error("there is no node `{name}`, expected one of {expected}")]
    UnknownName {
        /// The name as given.
        name: String,
        /// The names that exist.
        expected: String,
    },
    /// An operand from another builder.
    #[error("an operand of `{name}` is a node of another graph; pass nodes of this builder")]
    ForeignNode {
        /// The node that should have this operand.
        name: String,
    },
    /// Operands whose shapes do not fit the operation.
    #[error("`{name} = {formula}` needs {expected}, got {got}; change the operands' shapes")]
    Shape {
        /// The node.
        name: String,
        /// Its operation on its operands' names.
        formula: String,
        /// What the operation needs.
        expected: &'static str,
        /// The operands' shapes.
        got: String,
    },
    /// A value of a leaf without elements, or without the shape or the dtype that the graph needs.
    #[error("the value of `{name}` must be {expected}, got {got}; convert it first")]
    Value {
        /// The leaf.
        name: String,
        /// The shape or dtype that is needed.
        expected: String,
        /// The shape or dtype that the value has.
        got: String,
    },
    /// A loss whose targets depend on a parameter.
    #[error(
        "the targets `{targets}` of `{name}` depend on a parameter, but a loss passes no \
         gradient to its targets; make them an input"
    )]
    DependentTargets {
        /// The loss.
        name: String,
        /// Its targets.
        targets: String,
    },
    /// A value given to an operation, which computes its own.
    #[error("`{name}` is an operation and computes its value; set an input or a parameter")]
    NotALeaf {
        /// The operation.
        name: String,
    },
    /// A value that has not been computed yet.
    #[error("`{name}` has no value yet; call `forward` first")]
    NotEvaluated {
        /// The node.
        name: String,
    },
    /// A backward pass from a node that is not a single number.
    #[error(
        "`{name}` has the shape {shape}, expected 1×1; \
         give its gradient to `backward_from`"
    )]
    NotANumber {
        /// The node.
        name: String,
        /// Its shape.
        shape: String,
    },
    /// A backward pass from a node that depends on no parameter.
    #[error(
        "`{name}` depends on no parameter; declare the variables of the gradient as parameters"
    )]
    NoParameter {
        /// The node.
        name: String,
    },
}

/// `4×2`.
pub(crate) fn shape_text([rows, columns]: [usize; 2]) -> String {
    format!("{rows}×{columns}")
}
