//! `+`, `-`, `*`, `/` between matrices and numbers, by value or by reference.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::Matrix;

macro_rules! operator {
    ($trait:ident, $method:ident, $sign:tt, $($left:ty, $right:ty);*) => {$(
        impl $trait<$right> for $left {
            type Output = Matrix;

            #[track_caller]
            fn $method(self, other: $right) -> Matrix {
                self.with(&other, stringify!($sign), |a, b| a $sign b)
            }
        }
    )*};
}

macro_rules! operator_with_number {
    ($trait:ident, $method:ident, $sign:tt, $($matrix:ty),*) => {$(
        impl $trait<f64> for $matrix {
            type Output = Matrix;

            fn $method(self, number: f64) -> Matrix {
                self.map(|x| x $sign number)
            }
        }

        impl $trait<$matrix> for f64 {
            type Output = Matrix;

            fn $method(self, matrix: $matrix) -> Matrix {
                matrix.map(|x| self $sign x)
            }
        }
    )*};
}

macro_rules! operators {
    ($($trait:ident, $method:ident, $sign:tt);*) => {$(
        operator!($trait, $method, $sign,
            &Matrix, &Matrix; Matrix, &Matrix; &Matrix, Matrix; Matrix, Matrix);
        operator_with_number!($trait, $method, $sign, Matrix, &Matrix);
    )*};
}

operators!(Add, add, +; Sub, sub, -; Mul, mul, *; Div, div, /);

impl Neg for Matrix {
    type Output = Matrix;

    fn neg(self) -> Matrix {
        -&self
    }
}

impl Neg for &Matrix {
    type Output = Matrix;

    fn neg(self) -> Matrix {
        self.map(|x| -x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_a_column_and_a_number_are_repeated() {
        let x = Matrix::from([[1.0, 2.0], [3.0, 4.0]]);
        let (row, column) = (Matrix::from([[10.0, 20.0]]), Matrix::from([[10.0], [20.0]]));
        assert_eq!(&x + &row, Matrix::from([[11.0, 22.0], [13.0, 24.0]]));
        assert_eq!(&x - &column, Matrix::from([[-9.0, -8.0], [-17.0, -16.0]]));
        assert_eq!(1.0 - &x, Matrix::from([[0.0, -1.0], [-2.0, -3.0]]));
        assert_eq!(-&x / 2.0, Matrix::from([[-0.5, -1.0], [-1.5, -2.0]]));
        assert_eq!((&row * &column).shape(), [2, 2]);
    }

    #[test]
    #[should_panic(expected = "*: [2, 2] and [1, 3] do not fit each other")]
    fn other_shapes_do_not_fit() {
        let _ = Matrix::zeros(2, 2) * Matrix::zeros(1, 3);
    }
}
