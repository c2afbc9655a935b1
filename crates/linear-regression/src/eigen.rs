//! Eigenvalues of symmetric matrices of any rank.

use nalgebra::{DMatrix, DVector, Dyn, SymmetricEigen};

/// Eigenvalues and eigenvectors of a symmetric matrix whose eigenvalues are not negative.
///
/// nalgebra neglects an entry next to the diagonal if it is small compared with its neighbours on the
/// diagonal. In a matrix of low rank these neighbours are only rounding errors, down to the smallest
/// numbers: the result was NaN, or the decomposition did not end. Adding the largest entry to the
/// diagonal removes such neighbours. The eigenvectors stay the same, and subtracting it from the
/// eigenvalues again costs about `ε λ_max`, which is their uncertainty anyway.
pub(crate) fn eigen(matrix: &DMatrix<f64>) -> SymmetricEigen<f64, Dyn> {
    let shift = matrix.amax();
    let mut eigen = SymmetricEigen::new(add_to_diagonal(matrix, shift));
    eigen.eigenvalues.add_scalar_mut(-shift);
    eigen
}

/// Only the eigenvalues, computed as in [`eigen`].
pub(crate) fn eigenvalues(matrix: &DMatrix<f64>) -> DVector<f64> {
    let shift = matrix.amax();
    let shifted = add_to_diagonal(matrix, shift);
    shifted.symmetric_eigenvalues().add_scalar(-shift)
}

/// The matrix with `value` added to every entry of its diagonal.
pub(crate) fn add_to_diagonal(matrix: &DMatrix<f64>, value: f64) -> DMatrix<f64> {
    let mut sum = matrix.clone();
    for i in 0..sum.nrows() {
        sum[(i, i)] += value;
    }
    sum
}
