//! The output layer: from `a` and `y` to the loss and `δa`, row by row.

use crate::activation::sigmoid;
use crate::architecture::{Output, OutputUnit};
use crate::number::Number;

impl Output {
    /// Turns a row of `a` into the row of `δa`, and a row of `y` into anything; gives the row's loss.
    /// `c` is `1/batch` for the mean over the rows.
    #[inline(always)]
    pub(crate) fn row<T: Number>(self, a: &mut [T], y: &mut [T], c: T) -> T {
        match self {
            Self::SoftmaxCrossEntropy { smoothing } => cross_entropy(a, y, smoothing, c),
            Self::HalfSquaredError { unit, .. } => squared_error(a, y, unit),
        }
    }

    /// The factor of the sum over the rows.
    pub(crate) fn factor(self, rows: usize) -> f64 {
        match self {
            Self::SoftmaxCrossEntropy { .. } => 1.0 / rows as f64,
            Self::HalfSquaredError { .. } => 1.0,
        }
    }
}

/// ```text
/// ys = (1 - ε) y + ε/K        m = max_k a_k        s = Σ_k e^(a_k - m)
/// L = -c Σ_k ys_k (a_k - m - ln s)                 δa = c (yp - ys),  yp_k = e^(a_k - m) / s
/// ```
#[inline(always)]
fn cross_entropy<T: Number>(a: &mut [T], y: &mut [T], smoothing: f64, c: T) -> T {
    if smoothing != 0.0 {
        let (of_y, of_all) = (
            T::from_f64(1.0 - smoothing),
            T::from_f64(smoothing / y.len() as f64),
        );
        y.iter_mut().for_each(|y| *y = of_y * *y + of_all);
    }
    let m = a.iter().fold(a[0], |m, &a| m.max(a));
    let mut s = T::default();
    let mut loss = T::default();
    let mut of_y = T::default();
    for (a, &y) in a.iter_mut().zip(&*y) {
        let shifted = *a - m;
        // 0 · -∞ is NaN, but a class that is not the target adds nothing to the loss.
        loss += if y == T::default() { y } else { y * shifted };
        of_y += y;
        *a = shifted.exp();
        s += *a;
    }
    for (a, &y) in a.iter_mut().zip(&*y) {
        *a = c * (*a / s - y);
    }
    c * (of_y * s.ln() - loss)
}

/// ```text
/// yp = g(a)        L = ½ Σ_k (yp_k - y_k)²        δa = g'(a)∘(yp - y),  σ' = yp (1 - yp)
/// ```
#[inline(always)]
fn squared_error<T: Number>(a: &mut [T], y: &[T], unit: OutputUnit) -> T {
    let mut sum = T::default();
    for (a, &y) in a.iter_mut().zip(y) {
        let (yp, slope) = match unit {
            OutputUnit::Linear => (*a, T::from_f64(1.0)),
            OutputUnit::Sigmoid => {
                let yp = sigmoid(*a);
                (yp, (T::from_f64(1.0) - yp) * yp)
            }
        };
        let error = yp - y;
        sum += error * error;
        *a = slope * error;
    }
    T::from_f64(0.5) * sum
}
