//! Arithmetic on tensors of any rank: sum, difference and product of two tensors of one shape,
//! multiple and power of one tensor, and the sum of its elements.

use burn::tensor::Tensor;

/// Addition of two tensors of one shape.
///
/// # Formula
///
/// ```text
/// z = x + y        grad_x = grad_z        grad_y = grad_z
/// ```
///
/// # Shapes
///
/// `x`, `y`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// Only z_i depends on x_i and y_i:  ∂z_i/∂x_i = 1,  ∂z_i/∂y_i = 1
/// ```
///
/// # Panics
///
/// If the shapes differ: nothing is broadcast.
///
/// # Source
///
/// Lecture item L1.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::arithmetic::add;
///
/// let x = Tensor::<1>::from_data([1.0, 2.0], &Device::flex());
/// let y = Tensor::<1>::from_data([3.0, 5.0], &Device::flex());
/// assert_eq!(add::forward(x, y.clone()).try_into_vec_as::<f32>().unwrap(), [4.0, 7.0]);
/// let (grad_x, grad_y) = add::backward(y);
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [3.0, 5.0]);
/// assert_eq!(grad_y.try_into_vec_as::<f32>().unwrap(), [3.0, 5.0]);
/// ```
pub mod add {
    use super::{Tensor, assert_one_shape};

    /// `z = x + y`.
    pub fn forward<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        assert_one_shape(&x, &y);
        x + y
    }

    /// `(grad_x, grad_y)`.
    pub fn backward<const D: usize>(grad_z: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        (grad_z.clone(), grad_z)
    }
}

/// Subtraction of two tensors of one shape.
///
/// # Formula
///
/// ```text
/// z = x - y        grad_x = grad_z        grad_y = -grad_z
/// ```
///
/// # Shapes
///
/// `x`, `y`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// Only z_i depends on x_i and y_i:  ∂z_i/∂x_i = 1,  ∂z_i/∂y_i = -1
/// ```
///
/// # Panics
///
/// If the shapes differ: nothing is broadcast.
///
/// # Source
///
/// Lecture items L14 and L15.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::arithmetic::subtract;
///
/// let x = Tensor::<1>::from_data([1.0, 2.0], &Device::flex());
/// let y = Tensor::<1>::from_data([3.0, 5.0], &Device::flex());
/// assert_eq!(subtract::forward(x, y.clone()).try_into_vec_as::<f32>().unwrap(), [-2.0, -3.0]);
/// let (grad_x, grad_y) = subtract::backward(y);
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [3.0, 5.0]);
/// assert_eq!(grad_y.try_into_vec_as::<f32>().unwrap(), [-3.0, -5.0]);
/// ```
pub mod subtract {
    use super::{Tensor, assert_one_shape};

    /// `z = x - y`.
    pub fn forward<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        assert_one_shape(&x, &y);
        x - y
    }

    /// `(grad_x, grad_y)`.
    pub fn backward<const D: usize>(grad_z: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        (grad_z.clone(), grad_z.neg())
    }
}

/// Product of two tensors of one shape, element by element.
///
/// # Formula
///
/// ```text
/// z = x∘y        grad_x = y∘grad_z        grad_y = x∘grad_z
/// ```
///
/// # Shapes
///
/// `x`, `y`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// Only z_i depends on x_i and y_i:  ∂z_i/∂x_i = y_i,  ∂z_i/∂y_i = x_i
/// ```
///
/// # Panics
///
/// If the shapes differ: nothing is broadcast.
///
/// # Source
///
/// Lecture items L5 (scalars) and L15.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::arithmetic::multiply;
///
/// let x = Tensor::<1>::from_data([1.0, 2.0], &Device::flex());
/// let y = Tensor::<1>::from_data([3.0, 5.0], &Device::flex());
/// let z = multiply::forward(x.clone(), y.clone());
/// assert_eq!(z.clone().try_into_vec_as::<f32>().unwrap(), [3.0, 10.0]);
/// let (grad_x, grad_y) = multiply::backward(x, y, z.ones_like());
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [3.0, 5.0]);
/// assert_eq!(grad_y.try_into_vec_as::<f32>().unwrap(), [1.0, 2.0]);
/// ```
pub mod multiply {
    use super::{Tensor, assert_one_shape};

    /// `z = x∘y`.
    pub fn forward<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        assert_one_shape(&x, &y);
        x * y
    }

    /// `(grad_x, grad_y)`.
    pub fn backward<const D: usize>(
        x: Tensor<D>,
        y: Tensor<D>,
        grad_z: Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        (y * grad_z.clone(), x * grad_z)
    }
}

/// A constant multiple of a tensor.
///
/// # Formula
///
/// ```text
/// z = c x        grad_x = c grad_z
/// ```
///
/// # Shapes
///
/// `x`, `z` and their gradients have one shape; `c` is a number.
///
/// # Derivation
///
/// ```text
/// Only z_i depends on x_i:  ∂z_i/∂x_i = c
/// ```
///
/// # Source
///
/// Lecture item L14.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::arithmetic::scale;
///
/// let x = Tensor::<1>::from_data([1.0, -2.0], &Device::flex());
/// assert_eq!(scale::forward(x.clone(), 10.0).try_into_vec_as::<f32>().unwrap(), [10.0, -20.0]);
/// let grad_x = scale::backward(10.0, x.ones_like());
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [10.0, 10.0]);
/// ```
pub mod scale {
    use super::Tensor;

    /// `z = c x`.
    pub fn forward<const D: usize>(x: Tensor<D>, c: f64) -> Tensor<D> {
        x.mul_scalar(c)
    }

    /// `grad_x`.
    pub fn backward<const D: usize>(c: f64, grad_z: Tensor<D>) -> Tensor<D> {
        grad_z.mul_scalar(c)
    }
}

/// A whole power of every element.
///
/// # Formula
///
/// ```text
/// z = xⁿ,  n = 0, 1, 2, ...        grad_x = n xⁿ⁻¹∘grad_z, which is 0 for n = 0
/// ```
///
/// Computed as `x∘x∘...∘x`, which is exact where the products are, also for negative `x`.
///
/// # Shapes
///
/// `x`, `z` and their gradients have one shape.
///
/// # Derivation
///
/// ```text
/// Only z_i depends on x_i. By the product rule, each of the n factors in turn leaves
/// the n - 1 others:  ∂z_i/∂x_i = n x_iⁿ⁻¹
/// ```
///
/// # Panics
///
/// `backward`, if the shapes differ.
///
/// # Source
///
/// Lecture items L14 and L15.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::arithmetic::power;
///
/// let x = Tensor::<1>::from_data([3.0, -2.0], &Device::flex());
/// assert_eq!(power::forward(x.clone(), 4).try_into_vec_as::<f32>().unwrap(), [81.0, 16.0]);
/// let grad_x = power::backward(x.clone(), 4, x.ones_like());
/// assert_eq!(grad_x.try_into_vec_as::<f32>().unwrap(), [108.0, -32.0]);
/// ```
pub mod power {
    use super::{Tensor, assert_one_shape};

    /// `z = xⁿ`.
    pub fn forward<const D: usize>(x: Tensor<D>, n: u32) -> Tensor<D> {
        match n {
            0 => x.ones_like(),
            _ => (1..n).fold(x.clone(), |z, _| z * x.clone()),
        }
    }

    /// `grad_x`.
    pub fn backward<const D: usize>(x: Tensor<D>, n: u32, grad_z: Tensor<D>) -> Tensor<D> {
        assert_one_shape(&x, &grad_z);
        match n {
            0 => grad_z.zeros_like(),
            _ => forward(x, n - 1).mul_scalar(f64::from(n)) * grad_z,
        }
    }
}

/// The sum of all elements.
///
/// # Formula
///
/// ```text
/// z = Σ_i x_i        grad_x_i = grad_z
/// ```
///
/// # Shapes
///
/// `z` and `grad_z` have one element, `grad_x` has the shape of `x`.
///
/// # Derivation
///
/// ```text
/// ∂z/∂x_i = 1 for every i
/// ```
///
/// # Source
///
/// Lecture item L1.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use manual_backprop::arithmetic::sum;
///
/// let x = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &Device::flex());
/// assert_eq!(sum::forward(x.clone()).into_scalar::<f32>(), 10.0);
/// let grad_z = Tensor::<1>::from_data([0.5], &Device::flex());
/// assert_eq!(sum::backward(x.dims(), grad_z).try_into_vec_as::<f32>().unwrap(), [0.5; 4]);
/// ```
pub mod sum {
    use super::Tensor;

    /// `z = Σ x`.
    pub fn forward<const D: usize>(x: Tensor<D>) -> Tensor<1> {
        x.sum()
    }

    /// `grad_x`, of the shape `dims` that `x` has.
    pub fn backward<const D: usize>(dims: [usize; D], grad_z: Tensor<1>) -> Tensor<D> {
        grad_z.reshape([1; D]).expand(dims)
    }
}

fn assert_one_shape<const D: usize>(x: &Tensor<D>, y: &Tensor<D>) {
    assert_eq!(x.dims(), y.dims(), "operands differ in shape");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{tensor, values};

    #[test]
    fn a_power_is_a_product_and_its_slope_follows() {
        let x = [-2.0, -1.0, 0.0, 0.5, 3.0];
        for n in 0..6 {
            let z = values(power::forward(tensor([5], &x), n));
            let grad_x = values(power::backward(tensor([5], &x), n, tensor([5], &[2.0; 5])));
            for i in 0..5 {
                assert_eq!(z[i], x[i].powi(n as i32));
                let slope = match n {
                    0 => 0.0,
                    _ => f64::from(n) * x[i].powi(n as i32 - 1),
                };
                assert_eq!(grad_x[i], 2.0 * slope);
            }
        }
    }

    #[test]
    #[should_panic(expected = "operands differ in shape")]
    fn nothing_is_broadcast() {
        multiply::forward(tensor([2, 2], &[1.0; 4]), tensor([1, 2], &[1.0; 2]));
    }
}
