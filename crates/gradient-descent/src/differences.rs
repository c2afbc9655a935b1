//! Derivatives by central differences, from values alone.

use crate::Function;

/// `∇f(x)` by central differences, without any derivative. It is correct to about ten digits if `f` is
/// neither large nor strongly curved.
///
/// # Formula
///
/// ```text
/// ∂f/∂xi ≈ [f(x + h ei) - f(x - h ei)] / 2h        h = ε^⅓ max(1, |xi|)
/// ```
///
/// # Derivation
///
/// ```text
/// f(x ± h ei) = f ± h f′ + ½h² f″ ± ⅙h³ f‴ + ..., so the quotient is f′ + ⅙h² f‴ + ...
/// Rounding of f adds about ε|f|/h. The sum is smallest near h = ε^⅓, with ε = 2⁻⁵².
/// ```
///
/// # Panics
///
/// If `x` does not have `dimension` coordinates.
///
/// # Example
///
/// ```
/// use gradient_descent::{Function, central_gradient, functions::Rosenbrock};
///
/// let x = [-1.0, 2.0];
/// for (estimate, exact) in central_gradient(&Rosenbrock, &x).iter().zip(Rosenbrock.gradient(&x)) {
///     assert!((estimate - exact).abs() < 1e-6);
/// }
/// ```
pub fn central_gradient(function: &dyn Function, x: &[f64]) -> Vec<f64> {
    let quotient = |i: usize| {
        let (below, above) = around(x, i);
        (function.value(&above) - function.value(&below)) / (above[i] - below[i])
    };
    (0..x.len()).map(quotient).collect()
}

/// The Hessian of `f` at `x`, row by row, by central differences of the gradient.
///
/// # Formula
///
/// ```text
/// H_ij = ∂²f/∂xi∂xj ≈ [∂f/∂xi(x + h ej) - ∂f/∂xi(x - h ej)] / 2h
/// ```
///
/// # Panics
///
/// If `x` does not have `dimension` coordinates.
///
/// # Example
///
/// ```
/// use gradient_descent::{central_hessian, functions::QuadraticValley};
///
/// let hessian = central_hessian(&QuadraticValley::new(10.0)?, &[0.0, 0.0]);
/// assert_eq!(hessian, [[1.0, 0.0], [0.0, 10.0]]);
/// # Ok::<(), gradient_descent::DescentError>(())
/// ```
pub fn central_hessian(function: &dyn Function, x: &[f64]) -> Vec<Vec<f64>> {
    let column = |j: usize| {
        let (below, above) = around(x, j);
        let width = above[j] - below[j];
        let pairs = function.gradient(&above).into_iter();
        pairs
            .zip(function.gradient(&below))
            .map(|(above, below)| (above - below) / width)
            .collect::<Vec<_>>()
    };
    let columns = (0..x.len()).map(column).collect::<Vec<_>>();
    let row = |i: usize| columns.iter().map(|column| column[i]).collect();
    (0..x.len()).map(row).collect()
}

/// The points one small step below and above `x` along coordinate `i`.
fn around(x: &[f64], i: usize) -> (Vec<f64>, Vec<f64>) {
    let step = f64::EPSILON.cbrt() * x[i].abs().max(1.0);
    let moved = |by: f64| {
        let mut point = x.to_vec();
        point[i] += by;
        point
    };
    (moved(-step), moved(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions;

    #[test]
    fn they_agree_with_every_gradient_derived_by_hand() {
        for function in functions::all() {
            let start = function.start();
            let exact = function.gradient(&start);
            for (estimate, exact) in central_gradient(&*function, &start).iter().zip(&exact) {
                let off = (estimate - exact).abs() / exact.abs().max(1.0);
                assert!(off < 1e-8, "{}: {estimate} for {exact}", function.name());
            }
        }
    }

    #[test]
    fn the_hessian_of_four_variables_at_its_minimum_by_hand() {
        let hessian = central_hessian(&functions::FourVariables, &[0.0; 4]);
        let expected = [
            [2.0, 20.0, 0.0, 0.0],
            [20.0, 200.0, 0.0, 0.0],
            [0.0, 0.0, 10.0, -10.0],
            [0.0, 0.0, -10.0, 10.0],
        ];
        for (row, expected) in hessian.iter().zip(expected) {
            for (got, expected) in row.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-7, "{got} for {expected}");
            }
        }
    }
}
