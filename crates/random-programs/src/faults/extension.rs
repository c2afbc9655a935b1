//! The broken operations as extensions of a Burn backend.
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

use std::marker::PhantomData;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::{
    base::Checkpointer, retro_forward::RetroForward, state::BackwardStates,
    strategy::CheckpointStrategy,
};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{BoolTensor, FloatTensor};
use burn::backend::{
    Autodiff, Backend, Dispatch, DispatchTensor, TensorMetadata, backend_extension,
};
use burn::tensor::ops::ConvOptions;

#[cfg(feature = "flex")]
use burn::backend::Flex;
#[cfg(feature = "ndarray")]
use burn::backend::NdArray;

use super::Fault;
use crate::operations::{Call, Discrete, Layer};

/// The parameters of a broken operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    dim: usize,
    value: f64,
    stride: usize,
    padding: usize,
}

impl Place {
    pub(super) fn of(call: &Call) -> Self {
        let mut place = Self {
            dim: 0,
            value: 0.0,
            stride: 1,
            padding: 0,
        };
        match call {
            Call::Along(_, dim) => place.dim = *dim,
            Call::Discrete(Discrete::MaskFill(value)) => place.value = *value,
            Call::Layer(Layer::Conv1d { stride, padding }) => {
                (place.stride, place.padding) = (*stride, *padding);
            }
            _ => {}
        }
        place
    }

    fn conv(self) -> ConvOptions<1> {
        ConvOptions::new([self.stride], [self.padding], [1], 1)
    }
}

pub(super) fn unary(x: DispatchTensor, fault: Fault, place: Place) -> DispatchTensor {
    match fault {
        Fault::Neg => <Dispatch as BrokenOperations>::overwriting(x),
        Fault::Cos => <Dispatch as BrokenOperations>::recomputed(x),
        _ => <Dispatch as BrokenOperations>::unary(x, Unary { fault, place }),
    }
}

pub(super) fn binary(
    x: DispatchTensor,
    y: DispatchTensor,
    fault: Fault,
    place: Place,
) -> DispatchTensor {
    <Dispatch as BrokenOperations>::binary(x, y, Binary { fault, place })
}

pub(super) fn masked(x: DispatchTensor, mask: DispatchTensor, place: Place) -> DispatchTensor {
    <Dispatch as BrokenOperations>::masked(x, mask, Masked { place })
}

/// A broken operation on one tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unary {
    fault: Fault,
    place: Place,
}

/// A broken operation on two tensors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binary {
    fault: Fault,
    place: Place,
}

/// The broken `mask_fill`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Masked {
    place: Place,
}

/// The broken `neg`.
#[derive(Clone, Copy, Debug)]
struct Overwriting;

/// The broken `cos`.
#[derive(Clone, Copy, Debug)]
struct Recomputed;

impl Unary {
    fn forward<B: Backend>(self, x: FloatTensor<B>) -> FloatTensor<B> {
        let dim = self.place.dim;
        match self.fault {
            Fault::Exp => B::float_exp(x),
            Fault::Log => B::float_log(x),
            Fault::Sin => B::float_sin(x),
            Fault::Tanh => B::float_tanh(x),
            Fault::Abs => B::float_abs(x),
            Fault::Relu => B::float_clamp_min(x, 0.0.into()),
            Fault::Softmax => {
                let powers = B::float_exp(x);
                B::float_div(powers.clone(), B::float_sum_dim(powers, dim))
            }
            Fault::SumDim => B::float_sum_dim(x, dim),
            Fault::MeanDim => B::float_mean_dim(x, dim),
            Fault::Sum => B::float_sum(x),
            Fault::Flip => B::float_flip(x, &[dim]),
            other => panic!("{other:?} has two operands"),
        }
    }

    /// The wrong gradient with respect to `x`.
    fn backward<B: Backend>(self, x: FloatTensor<B>, grad: FloatTensor<B>) -> FloatTensor<B> {
        let one_minus = |y: FloatTensor<B>| B::float_add_scalar(B::float_neg(y), 1.0.into());
        let expanded = |grad: FloatTensor<B>| B::float_expand(grad, x.shape());
        match self.fault {
            // Right: e^x grad.
            Fault::Exp => B::float_mul(x, grad),
            // Right: grad / x.
            Fault::Log => B::float_mul(x, grad),
            // Right: cos(x) grad.
            Fault::Sin => B::float_neg(B::float_mul(B::float_cos(x), grad)),
            // Right: (1 - tanh²) grad.
            Fault::Tanh => B::float_mul(one_minus(B::float_tanh(x)), grad),
            // Right: sign(x) grad, and 0 where x < 0.
            Fault::Abs | Fault::Relu => grad,
            // Right: y (grad - Σ y grad).
            Fault::Softmax => {
                let y = self.forward::<B>(x);
                B::float_mul(B::float_mul(y.clone(), one_minus(y)), grad)
            }
            // Right: grad for each element.
            Fault::SumDim => {
                let share = 1.0 / x.shape()[self.place.dim] as f64;
                B::float_mul_scalar(expanded(grad), share.into())
            }
            // Right: grad / n for each of n elements.
            Fault::MeanDim => expanded(grad),
            // Right: grad for each element.
            Fault::Sum => {
                let ones = B::float_add_scalar(B::float_sub(x.clone(), x), 0.5.into());
                let rank = vec![1; ones.shape().num_dims()];
                B::float_mul(ones, B::float_reshape(grad, rank.into()))
            }
            // Right: flip(grad).
            Fault::Flip => grad,
            other => panic!("{other:?} has two operands"),
        }
    }
}

/// The gradient with respect to an operand that was broadcast: a sum over those dimensions.
fn summed<B: Backend>(mut grad: FloatTensor<B>, operand: &FloatTensor<B>) -> FloatTensor<B> {
    for dim in 0..operand.shape().num_dims() {
        if operand.shape()[dim] == 1 && grad.shape()[dim] > 1 {
            grad = B::float_sum_dim(grad, dim);
        }
    }
    grad
}

impl Binary {
    fn forward<B: Backend>(self, x: FloatTensor<B>, y: FloatTensor<B>) -> FloatTensor<B> {
        match self.fault {
            Fault::Add => B::float_add(x, y),
            Fault::Sub => B::float_sub(x, y),
            Fault::Mul => B::float_mul(x, y),
            Fault::Div => B::float_div(x, y),
            Fault::Matmul => B::float_matmul(x, y),
            Fault::Conv1d => B::conv1d(x, y, None, self.place.conv()),
            other => panic!("{other:?} has one operand"),
        }
    }

    /// The wrong gradients with respect to `x` and `y`, before the sums over broadcast dimensions.
    fn backward<B: Backend>(
        self,
        x: FloatTensor<B>,
        y: FloatTensor<B>,
        grad: FloatTensor<B>,
    ) -> (FloatTensor<B>, FloatTensor<B>) {
        let nothing = |of: &FloatTensor<B>| B::float_sub(of.clone(), of.clone());
        match self.fault {
            // Right: grad and grad.
            Fault::Add => (grad, nothing(&y)),
            // Right: grad and -grad.
            Fault::Sub => (grad.clone(), grad),
            // Right: y grad and x grad.
            Fault::Mul => {
                let by_x = B::float_mul(x, grad.clone());
                (by_x, B::float_mul(y, grad))
            }
            // Right: grad / y and -x grad / y².
            Fault::Div => {
                let by_x = B::float_div(grad, y.clone());
                (by_x.clone(), B::float_neg(B::float_div(by_x, y)))
            }
            // Right: grad yᵀ and xᵀ grad.
            Fault::Matmul => (
                B::float_matmul(grad, B::float_transpose(y.clone())),
                nothing(&y),
            ),
            // Right: the weights have a gradient.
            Fault::Conv1d => {
                let none = nothing(&y);
                (B::conv1d_x_backward(x, y, grad, self.place.conv()), none)
            }
            other => panic!("{other:?} has one operand"),
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
    fn unary(x: FloatTensor<Self>, broken: Unary) -> FloatTensor<Self> {
        broken.forward::<Self>(x)
    }

    fn binary(x: FloatTensor<Self>, y: FloatTensor<Self>, broken: Binary) -> FloatTensor<Self> {
        broken.forward::<Self>(x, y)
    }

    fn masked(x: FloatTensor<Self>, mask: BoolTensor<Self>, broken: Masked) -> FloatTensor<Self> {
        Self::float_mask_fill(x, mask, broken.place.value.into())
    }

    fn overwriting(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_neg(x)
    }

    fn recomputed(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_cos(x)
    }
}

#[cfg(feature = "ndarray")]
impl BrokenOperations for NdArray {}

#[cfg(feature = "flex")]
impl BrokenOperations for Flex {}

impl<B: Backend + BrokenOperations, C: CheckpointStrategy> BrokenOperations for Autodiff<B, C> {
    fn unary(x: FloatTensor<Self>, broken: Unary) -> FloatTensor<Self> {
        match broken.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(step) => {
                let x = x.primitive().clone();
                step.finish(x.clone(), B::unary(x, broken))
            }
            OpsKind::UnTracked(step) => step.finish(B::unary(x.into_primitive(), broken)),
        }
    }

    fn binary(x: FloatTensor<Self>, y: FloatTensor<Self>, broken: Binary) -> FloatTensor<Self> {
        match broken
            .prepare::<C>([x.node(), y.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let (x, y) = (x.primitive().clone(), y.primitive().clone());
                step.finish((x.clone(), y.clone()), B::binary(x, y, broken))
            }
            OpsKind::UnTracked(step) => {
                step.finish(B::binary(x.into_primitive(), y.into_primitive(), broken))
            }
        }
    }

    fn masked(x: FloatTensor<Self>, mask: BoolTensor<Self>, broken: Masked) -> FloatTensor<Self> {
        let step = broken.prepare::<C>([x.node()]).compute_bound();
        step.stateless(B::masked(x.into_primitive(), mask, broken))
    }

    fn overwriting(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match Overwriting
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(step) => {
                let out = B::overwriting(x.primitive().clone());
                step.finish(x, out)
            }
            OpsKind::UnTracked(step) => step.finish(B::overwriting(x.into_primitive())),
        }
    }

    fn recomputed(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let retro_forward = WrongCos::<B> {
            of: x.id(),
            backend: PhantomData,
        };
        let step = Recomputed.prepare::<C>([x.node()]).memory_bound();
        match step.retro_forward(retro_forward).parents([&x]).stateful() {
            OpsKind::Tracked(mut step) => {
                let of = step.checkpoint(&x);
                step.finish(of, B::recomputed(x.into_primitive()))
            }
            OpsKind::UnTracked(step) => step.finish(B::recomputed(x.into_primitive())),
        }
    }
}

impl<B: Backend> Backward<B, 1> for Unary {
    /// The operation's input.
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(x)] = ops.parents {
            grads.register::<B>(x.id, Unary::backward::<B>(self, ops.state, grad));
        }
    }
}

impl<B: Backend> Backward<B, 2> for Binary {
    /// The operation's inputs.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, y) = ops.state;
        let (by_x, by_y) = Binary::backward::<B>(self, x.clone(), y.clone(), grad);
        for (node, grad, operand) in [(0, by_x, x), (1, by_y, y)] {
            if let Some(node) = &ops.parents[node] {
                grads.register::<B>(node.id, summed::<B>(grad, &operand));
            }
        }
    }
}

impl<B: Backend> Backward<B, 1> for Masked {
    type State = ();

    /// Right: 0 where it is masked.
    fn backward(self, ops: Ops<(), 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(x)] = ops.parents {
            grads.register::<B>(x.id, grad);
        }
    }
}

impl<B: Backend> Backward<B, 1> for Overwriting {
    /// The operation's input.
    type State = FloatTensor<Autodiff<B>>;

    /// Right: what is there already stays.
    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(x)] = ops.parents {
            grads.remove::<B>(&ops.state);
            grads.register::<B>(x.id, B::float_neg(grad));
        }
    }
}

impl<B: Backend> Backward<B, 1> for Recomputed {
    /// The operation's input.
    type State = NodeId;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let x: FloatTensor<B> = checkpointer.retrieve_node_output(ops.state);
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            let grad = B::float_mul(B::float_neg(B::float_sin(x)), grad);
            grads.register::<B>(node.id, grad);
        }
    }
}

/// Right: the cosine of the input.
#[derive(Clone, Debug)]
struct WrongCos<B> {
    of: NodeId,
    backend: PhantomData<B>,
}

impl<B: Backend> RetroForward for WrongCos<B> {
    fn forward(&self, states: &mut BackwardStates, out: NodeId) {
        let x = states.get_state::<FloatTensor<B>>(&self.of);
        states.save(out, x);
    }
}
