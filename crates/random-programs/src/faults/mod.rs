//! Injected faults: custom operations of Burn with a right value and a wrong backward pass. The random
//! programs must find each of them, which shows that they would find such a fault in Burn.

mod extension;

use burn::tensor::{Bool, Float};

use crate::operations::{Along, Binary, Call, Discrete, Layer, Unary, Whole};
use crate::program::{Program, Step};
use crate::tensors::{Ranked, Value, by_rank, with_rank};
use extension::Place;

macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident $name:literal $call:pat,)*) => {
        /// A wrong backward pass of one operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault { $($(#[$doc])* $variant),* }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Operation and mistake, short: `tanh: square dropped`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Whether it breaks this operation.
            pub(crate) fn breaks(self, call: &Call) -> bool {
                match self { $(Self::$variant => matches!(call, $call)),* }
            }
        }
    };
}

faults! {
    /// Arithmetic.
    Add "add: the second operand gets none" Call::Binary(Binary::Add),
    /// Arithmetic.
    Sub "sub: sign" Call::Binary(Binary::Sub),
    /// Arithmetic.
    Mul "mul: factors swapped" Call::Binary(Binary::Mul),
    /// Arithmetic.
    Div "div: numerator dropped" Call::Binary(Binary::Div),
    /// Powers.
    Exp "exp: input for output" Call::Unary(Unary::Exp),
    /// Powers.
    Log "log: multiplied instead of divided" Call::Unary(Unary::Log),
    /// Trigonometry.
    Sin "sin: sign" Call::Unary(Unary::Sin),
    /// Trigonometry.
    Tanh "tanh: square dropped" Call::Unary(Unary::Tanh),
    /// Pieces.
    Abs "abs: sign lost" Call::Unary(Unary::Abs),
    /// Masks.
    MaskFill "mask_fill: masked elements get a gradient" Call::Discrete(Discrete::MaskFill(_)),
    /// Activations.
    Relu "relu: mask missing" Call::Unary(Unary::Relu),
    /// Activations.
    Softmax "softmax: diagonal only" Call::Along(Along::Softmax, _),
    /// Reductions.
    SumDim "sum_dim: the gradient of the mean" Call::Along(Along::SumDim, _),
    /// Reductions.
    MeanDim "mean_dim: the gradient of the sum" Call::Along(Along::MeanDim, _),
    /// Reductions.
    Sum "sum: half the gradient" Call::Whole(Whole::Sum),
    /// Products.
    Matmul "matmul: the second operand gets none" Call::Layer(Layer::Matmul),
    /// Shapes.
    Flip "flip: not flipped back" Call::Along(Along::Flip, _),
    /// Layers.
    Conv1d "conv1d: the weights get none" Call::Layer(Layer::Conv1d { .. }),
    /// The graph: what another use of the value has added is lost, as in candle's pull request 3507.
    Neg "neg: overwrites the gradient of other uses" Call::Unary(Unary::Neg),
    /// The graph: gradient checkpointing computes another value than the forward pass.
    Cos "cos: recomputed as its input" Call::Unary(Unary::Cos),
}

impl Fault {
    /// Whether a program has an operation that it breaks.
    pub fn is_in(self, program: &Program) -> bool {
        let mut steps = program.steps();
        steps.any(|step| matches!(step, Step::Call { call, .. } if self.breaks(call)))
    }

    /// The result of the broken operation.
    pub(crate) fn apply(self, call: &Call, operands: Vec<Value>) -> Value {
        let place = Place::of(call);
        let mut operands = operands.into_iter();
        let mut float = || operands.next().expect("the generator counts operands");
        let x = float().float();
        let (rank, x) = (rank_of(&x), by_rank!(x, x => x.into_dispatch()));
        let result = match self {
            Self::MaskFill => {
                let mask: Ranked<Bool> = float().bool();
                let mask = by_rank!(mask, mask => mask.into_dispatch());
                extension::masked(x, mask, place)
            }
            Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Matmul | Self::Conv1d => {
                let y = float().float();
                let y = by_rank!(y, y => y.into_dispatch());
                extension::binary(x, y, self, place)
            }
            _ => extension::unary(x, self, place),
        };
        let rank = if self == Self::Sum { 1 } else { rank };
        with_rank!(rank, D => burn::tensor::Tensor::<D>::from_dispatch(result).into())
    }
}

fn rank_of(x: &Ranked<Float>) -> usize {
    by_rank!(x, x => x.dims().len())
}
