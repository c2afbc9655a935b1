//! The rounding of a gradient that no condition foretells: in a deep net, each layer adds its own.

use burn::tensor::DType;

use crate::input::HostInput;
use crate::measure::rms;
use crate::witness::{HostGradients, Subject, Witnesses};

use super::point::{Heard, PointCheck};

/// Points around the one checked, and how many roundings they are away, relative to each element.
const AROUND: u32 = 8;
const AWAY: f64 = 8.0;
/// Of these, as many as a deviation needs.
const FEWEST: usize = 4;
/// Standard deviations that are allowed: errors of many elements are compared, and the deviation itself is
/// known from a few points only.
const DEVIATIONS: f64 = 8.0;

impl PointCheck<'_> {
    /// How erratic autodiff is in f32, element by element: measured at the first request. Zeros in f64, or
    /// where the function has no gradient in f64.
    ///
    /// # Formula
    ///
    /// ```text
    /// d_k = g₃₂(x_k) - g(x_k)          g in f64, x_k = x∘(1 ± 8ε) in f32, k = 1 .. 8
    /// allowed = 8·std_k d_k            at least the root mean square of the tensor's
    /// ```
    ///
    /// Rounding changes from point to point. A mistake does not: it is the same at all of them.
    pub(super) fn erratic<'h>(&self, heard: &'h Heard<'_>) -> &'h [Vec<f64>] {
        heard.erratic.get_or_init(|| {
            let is_f64 = |subject: &Subject<'_>| subject.dtype == DType::F64;
            let reference = self.reference.as_ref().filter(|subject| is_f64(subject));
            let measured = match reference {
                Some(reference) if self.subject.dtype == DType::F32 => {
                    self.deviations(heard, reference)
                }
                _ => None,
            };
            let zeros = |input: &HostInput| vec![0.0; input.values.len()];
            measured.unwrap_or_else(|| self.point().iter().map(zeros).collect())
        })
    }

    fn deviations(&self, heard: &Heard<'_>, reference: &Subject<'_>) -> Option<Vec<Vec<f64>>> {
        let mut errors = Vec::new();
        for number in 0..AROUND {
            let point = self.nearby(AWAY * heard.epsilon, number);
            let gradient = |subject: &Subject<'_>| {
                let point = &point;
                let there = Witnesses::new(Subject { point, ..*subject })?;
                there.autodiff(&heard.upstreams.first)
            };
            // A point outside the domain says nothing.
            if let (Ok(got), Ok(exact)) = (gradient(&self.subject), gradient(reference)) {
                errors.push((got, exact));
            }
        }
        let input = |index: usize| allowed(&errors, index, self.point()[index].values.len());
        (0..self.point().len()).map(input).collect()
    }
}

/// What is allowed for the elements of an input: nothing if a gradient is missing; `None` if the function has
/// one at too few of the points.
fn allowed(
    errors: &[(HostGradients, HostGradients)],
    input: usize,
    elements: usize,
) -> Option<Vec<f64>> {
    let mut differences = Vec::new();
    for (got, exact) in errors {
        match (&got[input], &exact[input]) {
            (Some(got), Some(exact)) => {
                let pairs = got.iter().zip(exact);
                differences.push(pairs.map(|(got, exact)| got - exact).collect::<Vec<_>>());
            }
            _ => return Some(vec![0.0; elements]),
        }
    }
    if differences.len() < FEWEST {
        return None;
    }
    let count = differences.len() as f64;
    let deviation = |element: usize| {
        let of_element = || differences.iter().map(|difference| difference[element]);
        let mean = of_element().sum::<f64>() / count;
        let squares = of_element().map(|difference| (difference - mean).powi(2));
        (squares.sum::<f64>() / (count - 1.0)).sqrt()
    };
    let deviations: Vec<f64> = (0..elements).map(deviation).collect();
    let typical = rms(&deviations);
    let all = deviations.iter();
    Some(all.map(|own| DEVIATIONS * own.max(typical)).collect())
}
