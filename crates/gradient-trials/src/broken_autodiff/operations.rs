//! The operations as extensions of a Burn backend: a right forward pass, a wrong backward pass.
#![cfg_attr(
    feature = "ndarray",
    expect(
        deprecated,
        reason = "this project offers ndarray next to flex, its successor"
    )
)]
#![cfg_attr(
    not(any(feature = "flex", feature = "ndarray")),
    expect(unused_variables, reason = "without a backend nothing uses them")
)]

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

#[cfg(feature = "flex")]
use burn::backend::Flex;
#[cfg(feature = "ndarray")]
use burn::backend::NdArray;

/// An operation on one matrix.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unary {
    Tanh,
    Exp,
    Square,
    Relu,
    SumRows,
    Log,
    Softmax,
    Transpose,
    Sin,
    Recip,
}

/// An operation on two matrices.
#[derive(Debug, Clone, Copy)]
pub(super) enum Binary {
    MatmulUntransposed,
    MatmulOneSided,
    Product,
    AddRow,
    Difference,
    Quotient,
}

impl Unary {
    pub(super) fn apply(self, x: Tensor<2>) -> Tensor<2> {
        Tensor::from_dispatch(<Dispatch as BrokenOperations>::unary(
            x.into_dispatch(),
            self,
        ))
    }

    fn forward<B: Backend>(self, x: FloatTensor<B>) -> FloatTensor<B> {
        match self {
            Self::Tanh => B::float_tanh(x),
            Self::Exp => B::float_exp(x),
            Self::Square => B::float_mul(x.clone(), x),
            Self::Relu => B::float_clamp_min(x, 0.0.into()),
            Self::SumRows => B::float_sum_dim(x, 0),
            Self::Log => B::float_log(x),
            Self::Softmax => {
                let e = B::float_exp(x);
                B::float_div(e.clone(), B::float_sum_dim(e, 1))
            }
            Self::Transpose => B::float_transpose(x),
            Self::Sin => B::float_sin(x),
            Self::Recip => B::float_recip(x),
        }
    }

    /// The wrong gradient with respect to `x`.
    fn backward<B: Backend>(self, x: FloatTensor<B>, grad: FloatTensor<B>) -> FloatTensor<B> {
        let one_minus = |z: FloatTensor<B>| B::float_add_scalar(B::float_neg(z), 1.0.into());
        match self {
            // Right: (1 - tanh²)∘grad.
            Self::Tanh => B::float_mul(one_minus(B::float_tanh(x)), grad),
            // Right: e^x∘grad.
            Self::Exp => B::float_mul(x, grad),
            // Right: 2x∘grad.
            Self::Square => B::float_mul(x, grad),
            // Right: 0 where x ≤ 0.
            Self::Relu => grad,
            // Right: the whole of grad for every row, not a share.
            Self::SumRows => {
                let rows = B::float_sum_dim(B::float_exp(B::float_sub(x.clone(), x.clone())), 0);
                B::float_add(B::float_sub(x.clone(), x), B::float_div(grad, rows))
            }
            // Right: grad/x.
            Self::Log => B::float_mul(x, grad),
            // Right: yp∘(grad - Σ yp∘grad).
            Self::Softmax => {
                let yp = self.forward::<B>(x);
                B::float_mul(B::float_mul(yp.clone(), one_minus(yp)), grad)
            }
            // Right: gradᵀ.
            Self::Transpose => grad,
            // Right: +cos(x)∘grad.
            Self::Sin => B::float_neg(B::float_mul(B::float_cos(x), grad)),
            // Right: -grad/x².
            Self::Recip => B::float_neg(B::float_div(grad, x)),
        }
    }
}

impl Binary {
    pub(super) fn apply(self, x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
        let (x, w) = (x.into_dispatch(), w.into_dispatch());
        Tensor::from_dispatch(<Dispatch as BrokenOperations>::binary(x, w, self))
    }

    fn forward<B: Backend>(self, x: FloatTensor<B>, w: FloatTensor<B>) -> FloatTensor<B> {
        match self {
            Self::MatmulUntransposed | Self::MatmulOneSided => B::float_matmul(x, w),
            Self::Product => B::float_mul(x, w),
            Self::AddRow => B::float_add(x, w),
            Self::Difference => B::float_sub(x, w),
            Self::Quotient => B::float_div(x, w),
        }
    }

    /// The wrong gradients with respect to `x` and `w`.
    fn backward<B: Backend>(
        self,
        x: FloatTensor<B>,
        w: FloatTensor<B>,
        grad: FloatTensor<B>,
    ) -> (FloatTensor<B>, FloatTensor<B>) {
        match self {
            // Right: grad·wᵀ and xᵀ·grad.
            Self::MatmulUntransposed => {
                let grad_w = B::float_matmul(B::float_transpose(x), grad.clone());
                (B::float_matmul(grad, w), grad_w)
            }
            // Right: grad_w is not zero.
            Self::MatmulOneSided => {
                let grad_x = B::float_matmul(grad, B::float_transpose(w.clone()));
                (grad_x, B::float_sub(w.clone(), w))
            }
            // Right: w∘grad and x∘grad.
            Self::Product => (B::float_mul(x, grad.clone()), B::float_mul(w, grad)),
            // Right: grad_w is the sum of all rows of grad, not their mean.
            Self::AddRow => (grad.clone(), B::float_mean_dim(grad, 0)),
            // Right: grad_w = -grad.
            Self::Difference => (grad.clone(), grad),
            // Right: grad_w = -x∘grad/w².
            Self::Quotient => {
                let grad_x = B::float_div(grad, w.clone());
                (grad_x.clone(), B::float_neg(B::float_div(grad_x, w)))
            }
        }
    }
}

/// The operations, as an extension of every backend that a feature of this crate enables.
#[backend_extension(
    Autodiff,
    NdArray: cfg(feature = "ndarray"),
    Flex: cfg(feature = "flex")
)]
pub(super) trait BrokenOperations: Backend {
    fn unary(x: FloatTensor<Self>, operation: Unary) -> FloatTensor<Self> {
        operation.forward::<Self>(x)
    }

    fn binary(x: FloatTensor<Self>, w: FloatTensor<Self>, operation: Binary) -> FloatTensor<Self> {
        operation.forward::<Self>(x, w)
    }
}

#[cfg(feature = "ndarray")]
impl BrokenOperations for NdArray {}

#[cfg(feature = "flex")]
impl BrokenOperations for Flex {}

impl<B: Backend + BrokenOperations, C: CheckpointStrategy> BrokenOperations for Autodiff<B, C> {
    fn unary(x: FloatTensor<Self>, operation: Unary) -> FloatTensor<Self> {
        match operation
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let x = x.primitive().clone();
                step.finish(x.clone(), B::unary(x, operation))
            }
            OpsKind::UnTracked(step) => step.finish(B::unary(x.into_primitive(), operation)),
        }
    }

    fn binary(x: FloatTensor<Self>, w: FloatTensor<Self>, operation: Binary) -> FloatTensor<Self> {
        match operation
            .prepare::<C>([x.node(), w.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let (x, w) = (x.primitive().clone(), w.primitive().clone());
                step.finish((x.clone(), w.clone()), B::binary(x, w, operation))
            }
            OpsKind::UnTracked(step) => {
                step.finish(B::binary(x.into_primitive(), w.into_primitive(), operation))
            }
        }
    }
}

impl<B: Backend> Backward<B, 1> for Unary {
    /// The operation's input.
    type State = FloatTensor<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, Unary::backward::<B>(self, ops.state, grad));
        }
    }
}

impl<B: Backend> Backward<B, 2> for Binary {
    /// The operation's inputs.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, w) = ops.state;
        let (grad_x, grad_w) = Binary::backward::<B>(self, x, w, grad);
        for (node, grad) in ops.parents.into_iter().zip([grad_x, grad_w]) {
            if let Some(node) = node {
                grads.register::<B>(node.id, grad);
            }
        }
    }
}
