//! A function on a rectangle as a sum of plane waves.

use std::f64::consts::PI;

use crate::error::ApproximationError;
use crate::interval::Interval;

/// A plane wave. It changes in one direction only, so one hidden layer can approximate it.
///
/// # Formula
///
/// ```text
/// amplitude · cos t  with  t = frequency · (x, y) + phase
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wave {
    /// Its amplitude, positive or negative.
    pub amplitude: f64,
    /// Its frequency, in radians per unit of `x` and of `y`: the direction in which it changes.
    pub frequency: [f64; 2],
    /// Its phase in radians.
    pub phase: f64,
    /// The range of `t` over the rectangle.
    pub range: Interval,
}

impl Wave {
    /// `t` at a point.
    pub fn argument(&self, [x, y]: [f64; 2]) -> f64 {
        self.frequency[0] * x + self.frequency[1] * y + self.phase
    }

    /// The wave's value at a point.
    pub fn evaluate(&self, x: [f64; 2]) -> f64 {
        self.profile(self.argument(x))
    }

    /// The wave's value at `t`.
    pub(crate) fn profile(&self, t: f64) -> f64 {
        self.amplitude * t.cos()
    }
}

/// A constant and waves; their sum is the cosine series of a function.
///
/// # Formula
///
/// ```text
/// f(x, y) ≈ Σ_pq c_pq cos πpu cos πqv,  p, q < order,  with u, v from 0 to 1 across the rectangle
/// c_pq = a_p a_q · mean over nodes of f cos πpu cos πqv,  a_0 = 1, otherwise 2
/// cos A cos B = ½ cos(A + B) + ½ cos(A - B):  two plane waves for each p, q > 0
/// ```
///
/// The nodes are the middles of `2·order` equal parts of each side.
pub(crate) fn waves(
    target: impl Fn([f64; 2]) -> f64,
    domain: [Interval; 2],
    order: usize,
) -> Result<(f64, Vec<Wave>), ApproximationError> {
    let coefficients = coefficients(target, domain, order)?;
    let mut waves = Vec::new();
    for (p, row) in coefficients.iter().enumerate() {
        for (q, &c) in row.iter().enumerate() {
            match (p, q) {
                (0, 0) => {}
                (_, 0) | (0, _) => waves.push(wave(c, [p as f64, q as f64], domain)),
                _ => {
                    waves.push(wave(c / 2.0, [p as f64, q as f64], domain));
                    waves.push(wave(c / 2.0, [p as f64, -(q as f64)], domain));
                }
            }
        }
    }
    Ok((coefficients[0][0], waves))
}

/// `amplitude · cos π(pu + qv)`, in the rectangle's own coordinates.
fn wave(amplitude: f64, [p, q]: [f64; 2], domain: [Interval; 2]) -> Wave {
    let frequency = [PI * p / domain[0].length(), PI * q / domain[1].length()];
    Wave {
        amplitude,
        frequency,
        phase: -frequency[0] * domain[0].low - frequency[1] * domain[1].low,
        range: Interval {
            low: PI * q.min(0.0),
            high: PI * (p + q.max(0.0)),
        },
    }
}

/// `c_pq`, first summed along one side, then along the other.
fn coefficients(
    target: impl Fn([f64; 2]) -> f64,
    domain: [Interval; 2],
    order: usize,
) -> Result<Vec<Vec<f64>>, ApproximationError> {
    let count = 2 * order;
    let node = |i: usize| (i as f64 + 0.5) / count as f64;
    let cosines = (0..order)
        .map(|p| {
            let scale = if p == 0 { 1.0 } else { 2.0 } / count as f64;
            (0..count)
                .map(|i| scale * (PI * p as f64 * node(i)).cos())
                .collect()
        })
        .collect::<Vec<Vec<f64>>>();
    let transform = |values: &[f64]| -> Vec<f64> {
        let along = |row: &Vec<f64>| row.iter().zip(values).map(|(c, f)| c * f).sum();
        cosines.iter().map(along).collect()
    };

    let mut by_column = vec![Vec::with_capacity(count); order];
    for i in 0..count {
        let x = domain[0].low + domain[0].length() * node(i);
        let values = (0..count)
            .map(|j| {
                let at = [x, domain[1].low + domain[1].length() * node(j)];
                ApproximationError::check_target(&at, target(at))
            })
            .collect::<Result<Vec<_>, _>>()?;
        for (q, c) in transform(&values).into_iter().enumerate() {
            by_column[q].push(c);
        }
    }
    let by_column = by_column
        .iter()
        .map(|column| transform(column))
        .collect::<Vec<_>>();
    Ok((0..order)
        .map(|p| by_column.iter().map(|column| column[p]).collect())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAIN: [Interval; 2] = [
        Interval {
            low: -1.0,
            high: 3.0,
        },
        Interval {
            low: 2.0,
            high: 2.5,
        },
    ];

    /// A function that is such a sum is its own series, exactly.
    #[test]
    fn a_sum_of_cosines_is_its_own_series() {
        let target = |[x, y]: [f64; 2]| {
            let (u, v) = ((x + 1.0) / 4.0, (y - 2.0) / 0.5);
            0.75 + 2.0 * (PI * u).cos() - (2.0 * PI * u).cos() * (3.0 * PI * v).cos()
        };
        let (constant, waves) = waves(target, DOMAIN, 4).expect("finite");
        assert!((constant - 0.75).abs() < 1e-14);
        assert_eq!(waves.len(), 2 * 3 + 2 * 9);
        let present = waves.iter().filter(|wave| wave.amplitude.abs() > 1e-13);
        assert_eq!(present.count(), 3);
        for at in [[-1.0, 2.0], [0.3, 2.1], [2.9, 2.45]] {
            let sum: f64 = waves.iter().map(|wave| wave.evaluate(at)).sum();
            assert!((constant + sum - target(at)).abs() < 1e-13);
        }
    }

    #[test]
    fn the_range_is_that_of_the_corners() {
        let (_, waves) = waves(|[x, y]| x * y, DOMAIN, 3).expect("finite");
        for wave in waves {
            let corners = [-1.0, 3.0].map(|x| [2.0, 2.5].map(|y| wave.argument([x, y])));
            let corners = corners.as_flattened();
            let low = corners.iter().copied().fold(f64::INFINITY, f64::min);
            let high = corners.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert!((low - wave.range.low).abs() < 1e-12, "{wave:?}");
            assert!((high - wave.range.high).abs() < 1e-12, "{wave:?}");
        }
    }
}
