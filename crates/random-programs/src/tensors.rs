//! Burn's tensors with the rank as a value instead of a type.

use burn::tensor::{Bool, Float, Int, Tensor};

/// A tensor of one of the ranks that programs use.
#[derive(Clone, Debug)]
pub(crate) enum Ranked<K: Kind> {
    One(Tensor<1, K>),
    Two(Tensor<2, K>),
    Three(Tensor<3, K>),
    Four(Tensor<4, K>),
}

pub(crate) use burn::tensor::kind::Basic as Kind;

/// A value of a running program.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Float(Ranked<Float>),
    Int(Ranked<Int>),
    Bool(Ranked<Bool>),
}

/// Evaluates an expression in a tensor of any rank.
macro_rules! by_rank {
    ($ranked:expr, $x:ident => $result:expr) => {
        match $ranked {
            $crate::tensors::Ranked::One($x) => $result,
            $crate::tensors::Ranked::Two($x) => $result,
            $crate::tensors::Ranked::Three($x) => $result,
            $crate::tensors::Ranked::Four($x) => $result,
        }
    };
}

/// Evaluates an expression in two tensors of one rank.
macro_rules! by_rank_of_two {
    ($first:expr, $second:expr, $x:ident, $y:ident => $result:expr) => {
        match ($first, $second) {
            ($crate::tensors::Ranked::One($x), $crate::tensors::Ranked::One($y)) => $result,
            ($crate::tensors::Ranked::Two($x), $crate::tensors::Ranked::Two($y)) => $result,
            ($crate::tensors::Ranked::Three($x), $crate::tensors::Ranked::Three($y)) => $result,
            ($crate::tensors::Ranked::Four($x), $crate::tensors::Ranked::Four($y)) => $result,
            _ => panic!("the generator checks ranks"),
        }
    };
}

/// Evaluates an expression with the rank of a shape as the constant `$rank`.
macro_rules! with_rank {
    ($rank:expr, $constant:ident => $result:expr) => {
        match $rank {
            1 => {
                const $constant: usize = 1;
                $result
            }
            2 => {
                const $constant: usize = 2;
                $result
            }
            3 => {
                const $constant: usize = 3;
                $result
            }
            4 => {
                const $constant: usize = 4;
                $result
            }
            rank => panic!("the generator checks ranks: {rank}"),
        }
    };
}

pub(crate) use {by_rank, by_rank_of_two, with_rank};

macro_rules! from_tensor {
    ($($rank:literal $variant:ident),*) => {$(
        impl<K: Kind> From<Tensor<$rank, K>> for Ranked<K> {
            fn from(tensor: Tensor<$rank, K>) -> Self {
                Self::$variant(tensor)
            }
        }

        impl From<Tensor<$rank, Float>> for Value {
            fn from(tensor: Tensor<$rank, Float>) -> Self {
                Self::Float(tensor.into())
            }
        }

        impl From<Tensor<$rank, Int>> for Value {
            fn from(tensor: Tensor<$rank, Int>) -> Self {
                Self::Int(tensor.into())
            }
        }

        impl From<Tensor<$rank, Bool>> for Value {
            fn from(tensor: Tensor<$rank, Bool>) -> Self {
                Self::Bool(tensor.into())
            }
        }
    )*};
}

from_tensor!(1 One, 2 Two, 3 Three, 4 Four);

impl Value {
    pub(crate) fn float(self) -> Ranked<Float> {
        match self {
            Self::Float(ranked) => ranked,
            _ => panic!("the generator checks kinds: expected floats"),
        }
    }

    pub(crate) fn int(self) -> Ranked<Int> {
        match self {
            Self::Int(ranked) => ranked,
            _ => panic!("the generator checks kinds: expected whole numbers"),
        }
    }

    pub(crate) fn bool(self) -> Ranked<Bool> {
        match self {
            Self::Bool(ranked) => ranked,
            _ => panic!("the generator checks kinds: expected truth values"),
        }
    }
}

impl Ranked<Float> {
    /// All elements as f64, in row-major order.
    pub(crate) fn numbers(self) -> Vec<f64> {
        by_rank!(self, x => x.into_data().iter::<f64>().collect())
    }
}
