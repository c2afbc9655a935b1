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

    /// The first with other values, one after the other.
    pub(crate) fn first_with(&self, values: &[f64]) -> Vec<Vec<f64>> {
        let mut values = values.iter();
        let take = |own: &Vec<f64>| values.by_ref().take(own.len()).copied().collect();
        self.first.iter().map(take).collect()
    }

    fn zero(&self) -> Vec<Vec<f64>> {
        self.first
            .iter()
            .map(|values| vec![0.0; values.len()])
            .collect()
    }
}

/// What is allowed when laws are tested.
pub(crate) struct Allowed<'a> {
    /// For each input, the absolute difference in its gradient that is only rounding.
    pub(crate) rounding: &'a [f64],
    /// The relative difference.
    pub(crate) tolerance: f64,
    /// How often the same is computed.
    pub(crate) repetitions: usize,
    /// The relative difference between two computations of the same.
    pub(crate) change: f64,
}

/// Tests the function's value for repeatability.
pub(crate) fn of_function(
    witnesses: &Witnesses<'_>,
    allowed: &Allowed<'_>,
) -> Result<LawReport, Verdict> {
    let first = vec![Some(witnesses.outputs.clone())];
    let evaluate = || Ok(vec![Some(witnesses.outputs_again()?)]);
    let allowed = Allowed {
        rounding: &[0.0],
        ..*allowed
    };
    repeatable(Witness::Function, evaluate, &first, &allowed)
}

/// Computes the same again; another result is a verdict.
pub(crate) fn repeatable(
    witness: Witness,
    evaluate: impl Fn() -> Result<HostGradients, Verdict>,
    first: &HostGradients,
    allowed: &Allowed<'_>,
) -> Result<LawReport, Verdict> {
    let mut worst = 0.0;
    for _ in 1..allowed.repetitions {
        let again = evaluate()?;
        let difference = distance(&again, first, allowed.rounding);
        let is_same = difference <= allowed.change;
        if !is_same {
            return Err(nondeterministic(witness, first, &again));
        }
        worst = worse(worst, difference);
    }
    Ok(LawReport::new(
        Law::Repeatable,
        witness,
        worst,
        allowed.change,
    ))
}

/// The verdict, with the two values that are farthest apart.
pub(crate) fn nondeterministic(
    odd: Witness,
    first: &HostGradients,
    again: &HostGradients,
) -> Verdict {
    let values =
        |gradients: &HostGradients| gradients.iter().flatten().flatten().copied().collect();
    let (first, again): (Vec<f64>, Vec<f64>) = (values(first), values(again));
    let apart = |(a, b): &(&f64, &f64)| {
        let difference = (*a - *b).abs();
        if difference.is_nan() {
            f64::INFINITY
        } else {
            difference
        }
    };
    let pairs = first.iter().zip(&again);
    let farthest = pairs.max_by(|a, b| apart(a).total_cmp(&apart(b)));
    let (first, second) = farthest.map_or((f64::NAN, f64::NAN), |(a, b)| (*a, *b));
    Verdict::Nondeterministic { odd, first, second }
}

/// Tests all laws on a witness whose gradient at the first upstream is known.
pub(crate) fn of_gradient(
    witness: Witness,
    gradient: impl Fn(&[Vec<f64>]) -> Result<HostGradients, Verdict>,
    at_first: &HostGradients,
    upstreams: &Upstreams,
    allowed: &Allowed<'_>,
) -> Result<Vec<LawReport>, Verdict> {
    let evaluate = || gradient(&upstreams.first);
    let same = repeatable(witness, evaluate, at_first, allowed)?;
    let at_zero = gradient(&upstreams.zero())?;
    let at_second = gradient(&upstreams.second)?;
    let at_sum = gradient(&upstreams.sum())?;
    let largest_at_zero = at_zero.iter().flatten().flatten().map(|value| value.abs());
    let zero = LawReport::new(
        Law::ZeroUpstream,
        witness,
        largest_at_zero.fold(0.0, worse),
        0.0,
    );
    let linear = LawReport::new(
        Law::LinearUpstream,
        witness,
        distance_from_sum(&at_sum, at_first, &at_second, allowed.rounding),
        allowed.tolerance,
    );
    if !(zero.holds && linear.holds) {
        // A witness that changes from call to call breaks laws by chance.
        let (zero, sum) = (upstreams.zero(), upstreams.sum());
        for (upstream, before) in [
            (&zero, &at_zero),
            (&upstreams.second, &at_second),
            (&sum, &at_sum),
        ] {
            let evaluate = || gradient(upstream);
            repeatable(witness, evaluate, before, allowed)?;
        }
    }
    Ok(vec![same, zero, linear])
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
