//! Laws of every vector-Jacobian product: tests that are cheap and need no other witness.

use serde::Serialize;

use crate::measure::worse;
use crate::number;
use crate::verdict::{Law, Verdict, Witness};
use crate::witness::{HostGradients, Witnesses};

/// One law, tested on one witness.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LawReport {
    /// The law.
    pub law: Law,
    /// The witness that was tested.
    pub witness: Witness,
    /// Whether it holds.
    pub holds: bool,
    /// Largest difference from the value that the law demands, relative to the largest value; for
    /// [`Law::ZeroUpstream`] the largest value itself. 0 means equal bit for bit.
    #[serde(serialize_with = "number::one")]
    pub difference: f64,
}

impl LawReport {
    /// The law holds if `difference <= tolerance`, which is false for NaN.
    fn new(law: Law, witness: Witness, difference: f64, tolerance: f64) -> Self {
        Self {
            law,
            witness,
            holds: difference <= tolerance,
            difference,
        }
    }
}

/// The upstream gradients at which the laws are tested.
pub(crate) struct Upstreams {
    pub(crate) first: Vec<Vec<f64>>,
    pub(crate) second: Vec<Vec<f64>>,
}

impl Upstreams {
    /// The sum, exact since both are multiples of a power of two.
    fn sum(&self) -> Vec<Vec<f64>> {
        let add = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a + b).collect();
        self.first.iter().zip(&self.second).map(add).collect()
    }

    fn zero(&self) -> Vec<Vec<f64>> {
        self.first
            .iter()
            .map(|values| vec![0.0; values.len()])
            .collect()
    }
}

/// Tests the function's value for repeatability.
pub(crate) fn of_function(witnesses: &Witnesses<'_>, tolerance: f64) -> Result<LawReport, Verdict> {
    let again = vec![Some(witnesses.outputs_again()?)];
    let difference = distance(&again, &vec![Some(witnesses.outputs.clone())], &[0.0]);
    Ok(LawReport::new(
        Law::Repeatable,
        Witness::Function,
        difference,
        tolerance,
    ))
}

/// Tests all laws on a witness whose gradient at the first upstream is known. `rounding` is the
/// absolute difference in each input's gradient that is only rounding.
pub(crate) fn of_gradient(
    witness: Witness,
    gradient: impl Fn(&[Vec<f64>]) -> Result<HostGradients, Verdict>,
    at_first: &HostGradients,
    upstreams: &Upstreams,
    rounding: &[f64],
    tolerance: f64,
) -> Result<Vec<LawReport>, Verdict> {
    let again = gradient(&upstreams.first)?;
    let at_zero = gradient(&upstreams.zero())?;
    let at_second = gradient(&upstreams.second)?;
    let at_sum = gradient(&upstreams.sum())?;
    let largest_at_zero = at_zero.iter().flatten().flatten().map(|value| value.abs());
    Ok(vec![
        LawReport::new(
            Law::Repeatable,
            witness,
            distance(&again, at_first, rounding),
            tolerance,
        ),
        LawReport::new(
            Law::ZeroUpstream,
            witness,
            largest_at_zero.fold(0.0, worse),
            0.0,
        ),
        LawReport::new(
            Law::LinearUpstream,
            witness,
            distance_from_sum(&at_sum, at_first, &at_second, rounding),
            tolerance,
        ),
    ])
}

/// Largest difference between two gradients, relative to the largest value of the same input; 0 if it
/// is not above rounding.
fn distance(a: &HostGradients, b: &HostGradients, rounding: &[f64]) -> f64 {
    let nothing: HostGradients = vec![None; b.len()];
    distance_from_sum(a, b, &nothing, rounding)
}

/// Largest difference between a gradient and the sum of two, relative to the largest value of the
/// same input among the three.
fn distance_from_sum(
    sum: &HostGradients,
    a: &HostGradients,
    b: &HostGradients,
    rounding: &[f64],
) -> f64 {
    let mut worst = 0.0;
    for (index, sum) in sum.iter().enumerate() {
        let at = |gradients: &HostGradients, element: usize| {
            gradients[index]
                .as_ref()
                .map_or(0.0, |values| values[element])
        };
        let (mut difference, mut size) = (0.0, 0.0);
        for (element, &value) in sum.iter().flatten().enumerate() {
            let (a, b) = (at(a, element), at(b, element));
            if b == 0.0 && value.to_bits() == a.to_bits() && !a.is_finite() {
                // The same NaN twice is repeatable; another verdict reports the NaN.
                continue;
            }
            difference = worse(difference, (value - (a + b)).abs());
            size = worse(size, value.abs().max(a.abs()).max(b.abs()));
        }
        let is_rounding = difference <= rounding[index];
        if !is_rounding {
            worst = worse(worst, difference / size);
        }
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_relative_and_keep_nan() {
        let of = |values: &[f64]| vec![Some(values.to_vec())];
        let apart = |a: &[f64], b: &[f64]| distance(&of(a), &of(b), &[1e-16]);
        assert_eq!(apart(&[1.0, 4.0], &[1.0, 2.0]), 0.5);
        assert_eq!(apart(&[0.0], &[0.0]), 0.0);
        assert_eq!(apart(&[1e-17], &[-1e-17]), 0.0);
        assert!(apart(&[f64::NAN], &[1.0]).is_nan());
        assert_eq!(apart(&[f64::NAN], &[f64::NAN]), 0.0);
        let of_sum = distance_from_sum(&of(&[3.0]), &of(&[1.0]), &of(&[2.0]), &[0.0]);
        assert_eq!(of_sum, 0.0);
    }
}
