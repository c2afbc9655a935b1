//! Tensors that a caller already has, in any grouping.

use burn::tensor::{DType, Device, Int, Tensor};

use crate::case::Case;
use crate::values::Values;

/// One or several tensors, in the grouping that a function takes them: a tensor, an array of tensors of one
/// rank, a tuple of up to six of these, each of any rank; integer tensors, and tensors in [`Fixed`], are
/// passed on and not differentiated.
///
/// The float tensors are named `x0`, `x1`, ... in their order.
pub trait Tensors: Sized {
    /// Adds the tensors to a case, with the values that they have.
    #[doc(hidden)]
    fn declare(&self, case: Case, next: &mut Naming) -> Case;

    /// The same grouping with the values of a check.
    #[doc(hidden)]
    fn rebuild(values: &Values, next: &mut Naming) -> Self;

    /// Device and float type of the first float tensor.
    #[doc(hidden)]
    fn place(&self) -> Option<(Device, DType)>;
}

/// Counts the tensors of a grouping.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Naming {
    next: usize,
    fixed: bool,
}

impl Naming {
    fn name(&mut self) -> String {
        self.next += 1;
        format!("x{}", self.next - 1)
    }
}

/// Tensors that a function reads but that are not differentiated: targets, masks.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_gradcheck::{Fixed, gradcheck};
///
/// let device = Device::flex();
/// let x = Tensor::<2>::from_data([[0.5, -1.0], [2.0, 0.25]], &device);
/// let target = Tensor::<2>::from_data([[1.0, 0.0], [0.0, 1.0]], &device);
/// let report = gradcheck(|(x, Fixed(y)): (_, Fixed<Tensor<2>>)| (x - y).square().mean(), (x, Fixed(target)));
/// report.assert_pass();
/// assert_eq!(report.elements, 4);
/// ```
#[derive(Clone, Debug)]
pub struct Fixed<T>(pub T);

impl<T: Tensors> Tensors for Fixed<T> {
    fn declare(&self, case: Case, next: &mut Naming) -> Case {
        let outer = std::mem::replace(&mut next.fixed, true);
        let case = self.0.declare(case, next);
        next.fixed = outer;
        case
    }

    fn rebuild(values: &Values, next: &mut Naming) -> Self {
        Self(T::rebuild(values, next))
    }

    fn place(&self) -> Option<(Device, DType)> {
        self.0.place()
    }
}

impl<const D: usize> Tensors for Tensor<D> {
    fn declare(&self, case: Case, next: &mut Naming) -> Case {
        let values: Vec<f64> = self.to_data().iter::<f64>().collect();
        let (name, shape) = (next.name(), self.dims().to_vec());
        if next.fixed {
            case.constant(name, shape, values)
        } else {
            case.input_values(name, shape, values)
        }
    }

    fn rebuild(values: &Values, next: &mut Naming) -> Self {
        values.get(&next.name())
    }

    fn place(&self) -> Option<(Device, DType)> {
        Some((self.device(), self.dtype()))
    }
}

impl<const D: usize> Tensors for Tensor<D, Int> {
    fn declare(&self, case: Case, next: &mut Naming) -> Case {
        let values: Vec<i64> = self.to_data().iter::<i64>().collect();
        case.integers(next.name(), self.dims().to_vec(), values)
    }

    fn rebuild(values: &Values, next: &mut Naming) -> Self {
        values.get_ints(&next.name())
    }

    fn place(&self) -> Option<(Device, DType)> {
        None
    }
}

impl<T: Tensors, const N: usize> Tensors for [T; N] {
    fn declare(&self, case: Case, next: &mut Naming) -> Case {
        self.iter().fold(case, |case, one| one.declare(case, next))
    }

    fn rebuild(values: &Values, next: &mut Naming) -> Self {
        std::array::from_fn(|_| T::rebuild(values, next))
    }

    fn place(&self) -> Option<(Device, DType)> {
        self.iter().find_map(T::place)
    }
}

macro_rules! tuples {
    ($($name:ident),+) => {
        impl<$($name: Tensors),+> Tensors for ($($name,)+) {
            #[expect(non_snake_case, reason = "the members have the names of their types")]
            fn declare(&self, case: Case, next: &mut Naming) -> Case {
                let ($($name,)+) = self;
                $(let case = $name.declare(case, next);)+
                case
            }

            fn rebuild(values: &Values, next: &mut Naming) -> Self {
                ($($name::rebuild(values, next),)+)
            }

            #[expect(non_snake_case, reason = "the members have the names of their types")]
            fn place(&self) -> Option<(Device, DType)> {
                let ($($name,)+) = self;
                None$(.or_else(|| $name.place()))+
            }
        }
    };
}

tuples!(A);
tuples!(A, B);
tuples!(A, B, C);
tuples!(A, B, C, D);
tuples!(A, B, C, D, E);
tuples!(A, B, C, D, E, F);
