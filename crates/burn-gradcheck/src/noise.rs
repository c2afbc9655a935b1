//! The rounding error of a function's values.

/// The function at one point of the stencil.
#[derive(Clone, Debug)]
pub(crate) struct Sampled {
    /// All outputs' elements.
    pub(crate) outputs: Vec<f64>,
    /// The branch that was taken, if the case reports it.
    pub(crate) masks: Vec<bool>,
}

/// How much is evaluated for one derivative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Steps shrink until one is precise.
    Quick,
    /// For the noise alone: whether the function computes in a coarser float type inside.
    Grain,
    /// All steps, and what the finer ones say of the coarser ones.
    Thorough,
}

/// Roundings of f64 in an evaluation of the function, relative to its values.
pub(crate) const ROUNDINGS: f64 = 4.0;
/// Evaluations by which the noise of a function is measured, and the order of their differences.
const NOISE_POINTS: usize = 16;
const NOISE_ORDER: usize = 4;
/// Their spacing, relative to the first step: fourth differences of a smooth function vanish there.
const NOISE_SPACING: f64 = 1.0 / 4096.0;
/// The median of the square of a normal variable of variance 1.
const MEDIAN_OF_SQUARES: f64 = 0.455;
/// Its multiples by squares have fractions without a pattern, unlike its other multiples.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
/// Noise counts if it is more than this many times the rounding of the float type.
const NOISY: f64 = 64.0;

/// The rounding error of one evaluation of `⟨weights, f⟩`: that of the float type with this `epsilon` or,
/// if it is much larger, the noise by which close evaluations deviate from a cubic.
///
/// # Formula
///
/// A divided difference of fourth order, `Σ cᵢ fᵢ` with `cᵢ = Π 1 / (tᵢ - tⱼ)` over `j ≠ i`, is 0 for
/// cubics and has the variance `σ² Σ cᵢ²` for independent errors of variance `σ²` (as Hamming,
/// *Numerical Methods for Scientists and Engineers*, chapter 10, but at uneven distances: at even
/// ones, numbers that are rounded to multiples may rise evenly). The evaluations lie on one side of
/// the point, where there may be a kink.
///
/// The first, quick look takes the mean of these variances, which a kink in the row raises. With more care
/// it is their median. A function so flat that its rounded values do not change along the row shows
/// no noise; values that are all numbers of f32 are therefore taken as rounded to f32 then.
pub(crate) fn rounding(
    weights: &[f64],
    base: &Sampled,
    step: f64,
    (epsilon, care): (f64, Care),
    mut sample: impl FnMut(f64) -> Sampled,
) -> f64 {
    let of_type = epsilon * norm_of_products(weights, &base.outputs);
    let mut all_are_f32 = care != Care::Quick && epsilon < f64::from(f32::EPSILON);
    let places = (1..=NOISE_POINTS).map(|number| {
        let uneven = ((number * number) as f64 * GOLDEN_RATIO).fract();
        (number as f64 + uneven / 2.0) * NOISE_SPACING * step
    });
    let row: Vec<(f64, f64)> = places
        .map(|t| {
            let mut rise = Sum::default();
            let outputs = sample(t).outputs;
            for (weight, (there, here)) in weights.iter().zip(outputs.iter().zip(&base.outputs)) {
                rise.add(weight * (there - here));
                all_are_f32 &= *weight == 0.0 || f64::from(*there as f32) == *there;
            }
            (t, rise.total())
        })
        .collect();
    let mut variances: Vec<f64> = row.windows(NOISE_ORDER + 1).map(variance).collect();
    let variance = if care == Care::Quick {
        variances.iter().sum::<f64>() / variances.len() as f64
    } else {
        variances.sort_by(f64::total_cmp);
        variances[variances.len() / 2] / MEDIAN_OF_SQUARES
    };
    // A point outside the domain gives no information about noise.
    let mut noise = if variance.is_finite() {
        variance.sqrt()
    } else {
        0.0
    };
    if all_are_f32 {
        noise = noise.max(of_type / epsilon * f64::from(f32::EPSILON) / 4.0);
    }
    ROUNDINGS
        * if noise > NOISY * of_type {
            noise
        } else {
            of_type
        }
}

/// The variance of the errors in values at these places, by one divided difference.
fn variance(values: &[(f64, f64)]) -> f64 {
    let (mut difference, mut squares) = (0.0, 0.0);
    for (i, (t, value)) in values.iter().enumerate() {
        let others = values.iter().enumerate().filter(|(j, _)| *j != i);
        let coefficient: f64 = others.map(|(_, (other, _))| (t - other).recip()).product();
        difference += coefficient * value;
        squares += coefficient * coefficient;
    }
    difference * difference / squares
}

/// Neumaier's compensated sum.
#[derive(Default)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() {
            (self.sum - sum) + term
        } else {
            (term - sum) + self.sum
        };
        self.sum = sum;
    }

    pub(crate) fn total(&self) -> f64 {
        self.sum + self.lost
    }
}

/// `√(Σ (wᵢ fᵢ)²)`: how independent roundings of the outputs add up.
pub(crate) fn norm_of_products(weights: &[f64], outputs: &[f64]) -> f64 {
    let square = |(w, f): (&f64, &f64)| (w * f) * (w * f);
    weights.iter().zip(outputs).map(square).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_in_f64_is_not_noisy() {
        for f in [f64::exp, f64::sin, f64::ln, |x: f64| x.powi(9)] {
            let sample = |t: f64| Sampled {
                outputs: vec![f(0.75 + t)],
                masks: Vec::new(),
            };
            let care = (f64::EPSILON, Care::Quick);
            let rounding = rounding(&[1.0], &sample(0.0), 0.03125, care, sample);
            assert_eq!(rounding, ROUNDINGS * f64::EPSILON * f(0.75).abs());
        }
    }

    #[test]
    fn values_rounded_to_f32_are_noticed_where_they_do_not_change() {
        let flat = |x: f64| f64::from((1.0 + 1e-5 * x) as f32);
        let sample = |t: f64| Sampled {
            outputs: vec![flat(0.3 + t)],
            masks: Vec::new(),
        };
        let care = (f64::EPSILON, Care::Grain);
        let rounding = rounding(&[1.0], &sample(0.0), 0.03125, care, sample);
        assert!(rounding > 5e-8, "{rounding:e}");
    }
}
