//! The operation of a node: its value, its gradients and the shapes that they need.

use burn::tensor::Tensor;
use manual_backprop::activation::{self, Activation};
use manual_backprop::arithmetic::{add, multiply, power, scale, subtract, sum};
use manual_backprop::cross_entropy::{from_probabilities, softmax_cross_entropy};
use manual_backprop::error::half_squared_error;
use manual_backprop::linear::{add_bias, add_bias_to_columns, matmul};
use manual_backprop::{Reduction, softmax};

/// An operation on one or two matrices, by the rule of the same name in `manual-backprop`.
///
/// A row of biases is a `1×d` matrix here, a column of them `d×1`, and a loss `1×1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operation {
    /// Matrix product `x·w`.
    MatMul,
    /// A row added to every row.
    AddBias,
    /// A column added to every column.
    AddBiasToColumns,
    /// A function of every element.
    Activation(Activation),
    /// Softmax of every row.
    Softmax,
    /// Cross-entropy of probabilities against targets, the second operand.
    CrossEntropy(Reduction),
    /// Softmax and cross-entropy, fused: logits against targets, the second operand.
    SoftmaxCrossEntropy(Reduction),
    /// Half squared error against targets, the second operand.
    HalfSquaredError(Reduction),
    /// Sum of two matrices of one shape.
    Add,
    /// Difference of two matrices of one shape.
    Subtract,
    /// Product of two matrices of one shape, element by element.
    Multiply,
    /// A constant multiple.
    Scale(f64),
    /// A whole power of every element.
    Power(u32),
    /// The sum of all elements.
    Sum,
}

impl Operation {
    /// The number of operands: 1 or 2.
    ///
    /// ```
    /// use computational_graph::Operation;
    ///
    /// assert_eq!((Operation::Add.arity(), Operation::Sum.arity()), (2, 1));
    /// ```
    pub fn arity(self) -> usize {
        match self {
            Self::Activation(_) | Self::Softmax | Self::Scale(_) | Self::Power(_) | Self::Sum => 1,
            _ => 2,
        }
    }

    /// The symbol in the operation's node: `·`, `+`, `σ`, ...
    ///
    /// ```
    /// use computational_graph::Operation;
    ///
    /// assert_eq!(Operation::Power(4).symbol(), "( )⁴");
    /// ```
    pub fn symbol(self) -> String {
        match self {
            Self::MatMul => "·".to_owned(),
            Self::AddBias | Self::AddBiasToColumns | Self::Add => "+".to_owned(),
            Self::Activation(Activation::Sigmoid) => "σ".to_owned(),
            Self::Activation(f) => f.name().to_owned(),
            Self::Softmax => "softmax".to_owned(),
            Self::CrossEntropy(_) => "-Σ y ln".to_owned(),
            Self::SoftmaxCrossEntropy(_) => "-Σ y ln softmax".to_owned(),
            Self::HalfSquaredError(_) => "½‖ ‖²".to_owned(),
            Self::Subtract => "−".to_owned(),
            Self::Multiply => "×".to_owned(),
            Self::Scale(c) => format!("{c} ×"),
            Self::Power(n) => format!("( ){}", superscript(n)),
            Self::Sum => "Σ".to_owned(),
        }
    }

    /// The operation on operands of these names: `x·w1`.
    ///
    /// # Panics
    ///
    /// If the number of names is not that of operands.
    ///
    /// ```
    /// use computational_graph::Operation;
    ///
    /// assert_eq!(Operation::Power(2).formula(&["x1"]), "x1²");
    /// assert_eq!(Operation::MatMul.formula(&["x", "w1"]), "x·w1");
    /// ```
    pub fn formula(self, operands: &[&str]) -> String {
        assert_eq!(operands.len(), self.arity(), "operands of {self:?}");
        let x = operands[0];
        let y = operands.last().expect("an operation has an operand");
        match self {
            Self::MatMul => format!("{x}·{y}"),
            Self::AddBias | Self::AddBiasToColumns | Self::Add => format!("{x} + {y}"),
            Self::Activation(_) => format!("{}({x})", self.symbol()),
            Self::Softmax => format!("softmax({x})"),
            Self::CrossEntropy(Reduction::Sum) => format!("-Σ {y} ln {x}"),
            Self::CrossEntropy(Reduction::Mean) => format!("-1/n Σ {y} ln {x}"),
            Self::SoftmaxCrossEntropy(Reduction::Sum) => format!("-Σ {y} ln softmax({x})"),
            Self::SoftmaxCrossEntropy(Reduction::Mean) => format!("-1/n Σ {y} ln softmax({x})"),
            Self::HalfSquaredError(Reduction::Sum) => format!("½‖{x} - {y}‖²"),
            Self::HalfSquaredError(Reduction::Mean) => format!("1/(2n) ‖{x} - {y}‖²"),
            Self::Subtract => format!("{x} - {y}"),
            Self::Multiply => format!("{x} × {y}"),
            Self::Scale(c) => format!("{c} {x}"),
            Self::Power(n) => format!("{x}{}", superscript(n)),
            Self::Sum => format!("Σ {x}"),
        }
    }

    /// Whether the second operand is data that gets no gradient.
    pub(crate) fn has_targets(self) -> bool {
        matches!(
            self,
            Self::CrossEntropy(_) | Self::SoftmaxCrossEntropy(_) | Self::HalfSquaredError(_)
        )
    }

    /// The value's shape for operands of these shapes, or the shapes that the operation needs.
    pub(crate) fn shape(self, operands: &[[usize; 2]]) -> Result<[usize; 2], &'static str> {
        let [rows, columns] = operands[0];
        let other = *operands.last().expect("an operation has an operand");
        let (fits, expected, shape) = match self {
            Self::MatMul => (
                columns == other[0],
                "as many columns on the left as rows on the right",
                [rows, other[1]],
            ),
            Self::AddBias => (
                other == [1, columns],
                "a bias of one row with as many columns",
                [rows, columns],
            ),
            Self::AddBiasToColumns => (
                other == [rows, 1],
                "a bias of one column with as many rows",
                [rows, columns],
            ),
            Self::Activation(_) | Self::Softmax | Self::Scale(_) | Self::Power(_) => {
                (true, "", [rows, columns])
            }
            Self::Sum => (true, "", [1, 1]),
            Self::CrossEntropy(_) | Self::SoftmaxCrossEntropy(_) | Self::HalfSquaredError(_) => {
                (operands[0] == other, "two operands of one shape", [1, 1])
            }
            Self::Add | Self::Subtract | Self::Multiply => (
                operands[0] == other,
                "two operands of one shape",
                [rows, columns],
            ),
        };
        if fits { Ok(shape) } else { Err(expected) }
    }

    /// The value for operands whose shapes fit.
    pub(crate) fn forward(self, operands: &[Tensor<2>]) -> Tensor<2> {
        let x = operands[0].clone();
        let y = || operands[1].clone();
        match self {
            Self::MatMul => matmul::forward(x, y()),
            Self::AddBias => add_bias::forward(x, y().squeeze_dim(0)),
            Self::AddBiasToColumns => add_bias_to_columns::forward(x, y().squeeze_dim(1)),
            Self::Activation(f) => activation::forward(f, x),
            Self::Softmax => softmax::forward(x),
            Self::CrossEntropy(r) => from_probabilities::forward(x, y(), r).reshape([1, 1]),
            Self::SoftmaxCrossEntropy(r) => {
                softmax_cross_entropy::forward(x, y(), r).0.reshape([1, 1])
            }
            Self::HalfSquaredError(r) => half_squared_error::forward(x, y(), r).reshape([1, 1]),
            Self::Add => add::forward(x, y()),
            Self::Subtract => subtract::forward(x, y()),
            Self::Multiply => multiply::forward(x, y()),
            Self::Scale(c) => scale::forward(x, c),
            Self::Power(n) => power::forward(x, n),
            Self::Sum => sum::forward(x).reshape([1, 1]),
        }
    }

    /// The gradients of the operands from the gradient `grad_z` of the value `z`, in the order of the
    /// operands; targets get none.
    pub(crate) fn backward(
        self,
        operands: &[Tensor<2>],
        z: Tensor<2>,
        grad_z: Tensor<2>,
    ) -> Vec<Tensor<2>> {
        let x = operands[0].clone();
        let y = || operands[1].clone();
        match self {
            Self::MatMul => pair(matmul::backward(x, y(), grad_z)),
            Self::AddBias => {
                let (grad_x, grad_b) = add_bias::backward(grad_z);
                vec![grad_x, grad_b.unsqueeze_dim(0)]
            }
            Self::AddBiasToColumns => {
                let (grad_x, grad_b) = add_bias_to_columns::backward(grad_z);
                vec![grad_x, grad_b.unsqueeze_dim(1)]
            }
            Self::Activation(f) => vec![activation::backward(f, x, z, grad_z)],
            Self::Softmax => vec![softmax::backward(z, grad_z)],
            Self::CrossEntropy(r) => vec![from_probabilities::backward(x, y(), r) * grad_z],
            Self::SoftmaxCrossEntropy(r) => {
                let (_, yp) = softmax_cross_entropy::forward(x, y(), r);
                vec![softmax_cross_entropy::backward(yp, y(), r) * grad_z]
            }
            Self::HalfSquaredError(r) => vec![half_squared_error::backward(x, y(), r) * grad_z],
            Self::Add => pair(add::backward(grad_z)),
            Self::Subtract => pair(subtract::backward(grad_z)),
            Self::Multiply => pair(multiply::backward(x, y(), grad_z)),
            Self::Scale(c) => vec![scale::backward(c, grad_z)],
            Self::Power(n) => vec![power::backward(x, n, grad_z)],
            Self::Sum => vec![sum::backward(x.dims(), grad_z.reshape([1]))],
        }
    }
}

fn pair((grad_x, grad_y): (Tensor<2>, Tensor<2>)) -> Vec<Tensor<2>> {
    vec![grad_x, grad_y]
}

/// `12` as `¹²`.
fn superscript(n: u32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| DIGITS[c as usize - '0' as usize];
    n.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_read_as_on_the_slides() {
        let formulas = [
            (Operation::MatMul, "x·w"),
            (Operation::AddBias, "x + w"),
            (Operation::Activation(Activation::Sigmoid), "σ(x)"),
            (Operation::HalfSquaredError(Reduction::Sum), "½‖x - w‖²"),
            (Operation::Scale(10.0), "10 x"),
            (Operation::Power(12), "x¹²"),
        ];
        for (operation, formula) in formulas {
            assert_eq!(operation.formula(&["x", "w"][..operation.arity()]), formula);
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        assert_eq!(Operation::MatMul.shape(&[[4, 2], [2, 3]]), Ok([4, 3]));
        assert!(Operation::MatMul.shape(&[[4, 2], [3, 2]]).is_err());
        assert_eq!(Operation::AddBias.shape(&[[4, 2], [1, 2]]), Ok([4, 2]));
        assert!(Operation::AddBias.shape(&[[4, 2], [4, 1]]).is_err());
        let columns = Operation::AddBiasToColumns;
        assert_eq!(columns.shape(&[[4, 2], [4, 1]]), Ok([4, 2]));
        assert!(columns.shape(&[[4, 2], [1, 2]]).is_err());
        assert!(Operation::Add.shape(&[[4, 2], [1, 2]]).is_err());
        assert_eq!(Operation::Sum.shape(&[[4, 2]]), Ok([1, 1]));
    }
}
