//! Central differences with Richardson extrapolation and an error estimate.
//!
//! # Formula
//!
//! With steps `h`, `h/2`, `h/4`, ... (powers of two times the magnitude of `x`, so that `x + h` is
//! exact for drawn values):
//!
//! ```text
//! c(h) = ⟨g, f(x+h) - f(x-h)⟩ / 2h           = f' + c₂h² + c₄h⁴ + ...   central difference
//! j(h) = ⟨g, f(x+h) - 2f(x) + f(x-h)⟩ / h    = J + j₁h + j₃h³ + ...    right minus left slope
//! ```
//!
//! Each is extrapolated to `h = 0` in Neville's triangle (Ridders, *Adv. Eng. Software* 4, 1982; *Numerical Recipes*,
//! section 5.7). The outputs are subtracted element by element, which is nearly free of rounding,
//! and only then multiplied by the upstream gradient `g`; the difference of the two scalar products
//! would lose what they have in common.
//!
//! The error estimate is the disagreement within the triangle plus the rounding of the function's
//! values divided by the step. The rounding is that of the float type, or the value that [`rounding`]
//! measures if that is much larger: a function in f64 may compute in f32 inside. `J` is 0 where the
//! function is smooth, and the size of the kink where it is not.
//!
//! Before a witness is accused, [`Care::Thorough`] compares all step sizes: many small kinks close together
//! (a wide ReLU net has thousands) look like a smooth function at large steps.

/// A directional derivative of `⟨g, f⟩`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// The derivative; NaN if the function was not finite at every step tried.
    pub(crate) value: f64,
    /// Estimated absolute error of `value`.
    pub(crate) error: f64,
    /// Slope from the left and from the right, if they differ.
    pub(crate) kink: Option<(f64, f64)>,
    /// Whether a smaller step than the first was needed.
    pub(crate) shrunk: bool,
    /// Function evaluations.
    pub(crate) evaluations: usize,
}

use crate::noise::{Care, Sampled, Sum};

/// Steps in one triangle, each half of the one before.
const LEVELS: usize = 5;
/// Triangles, each beginning with a step 2^-5 of the one before.
const TRIANGLES: usize = 6;
/// Relative error at which a triangle ends early.
const ENDS_TRIANGLE: f64 = 1e-12;
/// Relative error at which no smaller step is tried.
const ENDS_SEARCH: f64 = 1e-10;
/// A kink must exceed its own error estimate by this factor ...
const SIGNIFICANT: f64 = 10.0;
/// ... and be this large relative to the derivative.
const SMALLEST_KINK: f64 = 1e-6;

/// One attempt with a fixed first step.
struct Triangle {
    central: Neville,
    jump: Neville,
    noise: f64,
    evaluations: usize,
    end: End,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Complete,
    NotFinite,
    BranchChanged,
}

/// Differentiates `t ↦ ⟨weights, f(t)⟩` at `t = 0`.
///
/// `step` is the largest step to try, `floor` the size below which a derivative is not resolved
/// relative to itself, `rounding` the rounding error of `⟨weights, f⟩`, `base` is `f(0)`, and `sample`
/// evaluates `f`.
pub(crate) fn differentiate(
    weights: &[f64],
    base: &Sampled,
    (step, floor): (f64, f64),
    (rounding, care): (f64, Care),
    mut sample: impl FnMut(f64) -> Sampled,
) -> Estimate {
    let mut found: Vec<Estimate> = Vec::new();
    let mut evaluations = 0;
    let mut branch_changed = None;
    for attempt in 0..TRIANGLES {
        let first = step * (-5.0 * attempt as f64).exp2();
        let triangle = triangle(weights, base, (first, floor), rounding, &mut sample);
        evaluations += triangle.evaluations;
        match triangle.end {
            End::NotFinite => continue,
            End::BranchChanged => {
                branch_changed = Some(triangle);
                continue;
            }
            End::Complete => {}
        }
        let estimate = triangle.estimate(attempt > 0, floor);
        found.push(estimate);
        let size = estimate.value.abs().max(floor);
        let precise =
            estimate.error <= ENDS_SEARCH * size || estimate.error <= 4.0 * triangle.noise;
        if precise && care != Care::Thorough {
            break;
        }
    }
    if care == Care::Thorough {
        doubt_the_coarser(&mut found);
    }
    let best = found
        .into_iter()
        .reduce(|best, next| if next.error < best.error { next } else { best });
    let mut estimate = best
        .or_else(|| branch_changed.map(|triangle| triangle.at_a_kink()))
        .unwrap_or(Estimate {
            value: f64::NAN,
            error: f64::NAN,
            kink: None,
            shrunk: true,
            evaluations: 0,
        });
    estimate.evaluations = evaluations;
    estimate
}

/// Adds to the error of each estimate by what the ones at smaller steps contradict it.
fn doubt_the_coarser(estimates: &mut [Estimate]) {
    for index in 0..estimates.len() {
        let (coarser, finer) = estimates.split_at_mut(index + 1);
        let here = &mut coarser[index];
        let contradictions = finer
            .iter()
            .map(|finer| (here.value - finer.value).abs() - 4.0 * finer.error);
        here.error += contradictions.fold(0.0, f64::max);
    }
}

fn triangle(
    weights: &[f64],
    base: &Sampled,
    (first, floor): (f64, f64),
    rounding: f64,
    sample: &mut impl FnMut(f64) -> Sampled,
) -> Triangle {
    let mut made = Triangle {
        central: Neville::new(4.0),
        jump: Neville::new(2.0),
        noise: 0.0,
        evaluations: 0,
        end: End::Complete,
    };
    for level in 0..LEVELS {
        let h = first * (-(level as f64)).exp2();
        let (right, left) = (sample(h), sample(-h));
        made.evaluations += 2;
        let mut rise = Sum::default();
        let mut bend = Sum::default();
        for (index, weight) in weights.iter().enumerate() {
            let (r, m, l) = (
                right.outputs[index],
                base.outputs[index],
                left.outputs[index],
            );
            rise.add(weight * (r - l));
            bend.add(weight * ((r - m) - (m - l)));
        }
        made.noise = rounding / h;
        made.central.push(rise.total() / (2.0 * h));
        made.jump.push(bend.total() / h);
        if !(rise.total().is_finite() && bend.total().is_finite()) {
            made.end = End::NotFinite;
            break;
        }
        if right.masks != base.masks || left.masks != base.masks {
            made.end = End::BranchChanged;
            break;
        }
        if level >= 1 && made.is_precise(floor, level) {
            break;
        }
    }
    made
}

impl Triangle {
    fn is_precise(&self, floor: f64, level: usize) -> bool {
        let size = self.central.best.abs().max(floor);
        let precise =
            self.central.error <= ENDS_TRIANGLE * size || self.central.error <= self.noise;
        // Two steps cannot distinguish a jump of the slope from curvature: continue if there may be
        // one.
        let smooth = self.jump.best.abs() <= 16.0 * self.noise;
        precise && (smooth || level >= 2)
    }

    fn estimate(&self, shrunk: bool, floor: f64) -> Estimate {
        let value = self.central.best;
        let jump = self.jump.best;
        let stands_out = jump.abs() > SIGNIFICANT * (self.jump.error + self.noise);
        let is_kink = stands_out && jump.abs() > SMALLEST_KINK * value.abs().max(floor);
        Estimate {
            value,
            error: self.central.error + self.noise,
            kink: is_kink.then_some((value - jump / 2.0, value + jump / 2.0)),
            shrunk,
            evaluations: self.evaluations,
        }
    }

    /// The slopes of both sides at the smallest step, at which the branch still changed.
    fn at_a_kink(&self) -> Estimate {
        let (value, jump) = (self.central.last, self.jump.last);
        Estimate {
            value,
            error: jump.abs() / 2.0 + self.noise,
            kink: Some((value - jump / 2.0, value + jump / 2.0)),
            shrunk: true,
            evaluations: self.evaluations,
        }
    }
}

/// Neville's triangle for steps that are halved.
struct Neville {
    /// The factor by which halving the step reduces the leading error term.
    leading: f64,
    row: Vec<f64>,
    /// The last difference quotient, not extrapolated.
    last: f64,
    /// The extrapolated value with the smallest error estimate.
    best: f64,
    error: f64,
}

impl Neville {
    /// `leading` is 4 for an expansion in h², h⁴, ... and 2 for one in h, h³, h⁵, ...
    fn new(leading: f64) -> Self {
        Self {
            leading,
            row: Vec::with_capacity(LEVELS),
            last: f64::NAN,
            best: f64::NAN,
            error: f64::INFINITY,
        }
    }

    fn push(&mut self, quotient: f64) {
        let mut row = Vec::with_capacity(self.row.len() + 1);
        row.push(quotient);
        let mut factor = self.leading;
        for (column, above) in self.row.iter().enumerate() {
            let finer: f64 = row[column];
            let extrapolated = (factor * finer - above) / (factor - 1.0);
            let error = (extrapolated - finer)
                .abs()
                .max((extrapolated - above).abs());
            if error <= self.error {
                self.best = extrapolated;
                self.error = error;
            }
            row.push(extrapolated);
            factor *= 4.0;
        }
        self.last = quotient;
        self.row = row;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::rounding;

    fn scalar(f: impl Fn(f64) -> f64, x: f64, step: f64) -> Estimate {
        let sample = |t: f64| Sampled {
            outputs: vec![f(x + t)],
            masks: Vec::new(),
        };
        let care = Care::Quick;
        let rounding = rounding(&[1.0], &sample(0.0), step, (f64::EPSILON, care), sample);
        differentiate(&[1.0], &sample(0.0), (step, 0.0), (rounding, care), sample)
    }

    #[test]
    fn smooth_functions_are_differentiated_to_eleven_digits_and_the_error_estimate_holds() {
        type Case = (&'static str, fn(f64) -> f64, f64, f64);
        let cases: [Case; 6] = [
            ("exp", f64::exp, 0.75, 0.75_f64.exp()),
            ("sin", f64::sin, 1.25, 1.25_f64.cos()),
            ("ln", f64::ln, 0.125, 8.0),
            ("sqrt", f64::sqrt, 0.5, 0.5 / 0.5_f64.sqrt()),
            ("tanh", f64::tanh, -0.5, 1.0 - 0.5_f64.tanh().powi(2)),
            ("1/x", f64::recip, 0.25, -16.0),
        ];
        for (name, f, x, exact) in cases {
            let estimate = scalar(f, x, x.abs() / 16.0);
            let off = (estimate.value - exact).abs();
            assert!(off <= 1e-11 * exact.abs(), "{name}: off by {off:e}");
            assert!(
                off <= 4.0 * estimate.error,
                "{name}: off by {off:e}, said {:e}",
                estimate.error
            );
            assert_eq!(estimate.kink, None, "{name}");
        }
    }

    #[test]
    fn the_error_estimate_holds_where_the_function_computes_in_f32() {
        let coarse = |x: f64| f64::from(x.exp() as f32) * 0.75 + x;
        for number in 0..200 {
            let x = f64::from(number - 100) / 64.0;
            let estimate = scalar(coarse, x, 0.0625);
            let off = (estimate.value - (0.75 * x.exp() + 1.0)).abs();
            assert!(
                off <= 4.0 * estimate.error,
                "at {x}: off by {off:e}, said {:e}",
                estimate.error
            );
        }
    }

    #[test]
    fn a_linear_function_needs_two_steps() {
        let estimate = scalar(|x| 3.0 * x, 0.5, 0.0625);
        assert_eq!((estimate.value, estimate.evaluations), (3.0, 4));
    }

    #[test]
    fn the_absolute_value_has_a_kink_at_zero_with_both_slopes() {
        let estimate = scalar(f64::abs, 0.0, 0.0625);
        assert_eq!(estimate.kink, Some((-1.0, 1.0)));
    }

    #[test]
    fn a_small_kink_on_a_curved_function_is_found() {
        let estimate = scalar(|x| (3.0 * x).exp() + 1e-3 * x.abs(), 0.0, 0.0625);
        let (left, right) = estimate.kink.expect("a kink");
        assert!((right - left - 2e-3).abs() < 1e-6, "{left} {right}");
    }

    #[test]
    fn a_kink_next_to_the_point_makes_the_step_shrink() {
        let estimate = scalar(|x| x.max(0.0), 0.001, 0.0625);
        assert_eq!(
            (estimate.value, estimate.kink, estimate.shrunk),
            (1.0, None, true)
        );
    }

    #[test]
    fn a_changed_mask_makes_the_step_shrink_and_at_the_kink_it_is_one() {
        let at = |x: f64| {
            let sample = move |t: f64| Sampled {
                outputs: vec![(x + t).max(0.0)],
                masks: vec![x + t > 0.0],
            };
            let care = (1e-15, Care::Quick);
            differentiate(&[1.0], &sample(0.0), (0.0625, 0.0), care, sample)
        };
        assert_eq!((at(0.001).value, at(0.001).shrunk), (1.0, true));
        assert_eq!(at(0.0).kink, Some((0.0, 1.0)));
    }

    #[test]
    fn a_thousand_small_kinks_are_seen_by_comparing_steps() {
        // A polygon close to a parabola, as a wide ReLU net is: 1/512 from corner to corner.
        let polygon = |x: f64| {
            let left = (x * 512.0).floor() / 512.0;
            left * left + (x - left) * (2.0 * left + 1.0 / 512.0)
        };
        let (x, slope) = (0.3, 2.0 * 153.0 / 512.0 + 1.0 / 512.0);
        let sample = |t: f64| Sampled {
            outputs: vec![polygon(x + t)],
            masks: Vec::new(),
        };
        let at = |care| differentiate(&[1.0], &sample(0.0), (0.0625, 0.0), (1e-15, care), sample);
        let (quick, thorough) = (at(Care::Quick), at(Care::Thorough));
        assert!((thorough.value - slope).abs() <= 4.0 * thorough.error && thorough.error < 1e-9);
        // Large steps see the parabola, and are sure of it.
        assert!((quick.value - slope).abs() > 4.0 * quick.error, "{quick:?}");
    }

    #[test]
    fn outside_the_domain_is_not_a_number() {
        assert!(scalar(f64::sqrt, -1.0, 0.0625).value.is_nan());
    }

    #[test]
    fn the_step_shrinks_into_the_domain() {
        let estimate = scalar(f64::ln, 0.01, 0.0625);
        assert!((estimate.value - 100.0).abs() < 1e-8 && estimate.shrunk);
    }

    #[test]
    fn a_derivative_lost_in_rounding_has_an_error_above_itself() {
        let estimate = scalar(|x| 1.0 + 1e-20 * x, 0.5, 0.0625);
        assert!(estimate.error > 1e-20);
    }
}
