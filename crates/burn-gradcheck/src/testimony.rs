//! What one witness says at one point, element by element.

use burn::tensor::{DType, Device};

use crate::case::Case;
use crate::differences::{Differences, Line, Place};
use crate::input::HostInput;
use crate::tolerance::Tolerance;
use crate::verdict::{Verdict, Witness};
use crate::witness::{HostGradients, Subject, Witnesses};

/// The gradient by one witness, and the point that it belongs to: a check without a verdict, for those who compare
/// gradients with others of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Testimony {
    /// Every input of the case and, of a module, every parameter.
    pub inputs: Vec<NamedValues>,
    /// The upstream gradient of every output, named by its number.
    pub upstream: Vec<NamedValues>,
    /// The gradient of every differentiated input.
    pub gradients: Vec<NamedValues>,
}

/// A tensor on the host, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedValues {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its values.
    pub values: Vec<f64>,
}

impl Case {
    /// The gradient in f64 at the point of seed 0 by one witness: by the hand-written formula, autodiff or finite
    /// differences. `upstream` gives an output's upstream gradient for the number and the shape of the output.
    ///
    /// # Errors
    ///
    /// The verdict of a case that cannot be asked: a closure panics, a gradient has another shape than its input, there
    /// is no such witness.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::Device;
    /// use burn_gradcheck::{Case, Witness};
    ///
    /// let square = Case::new("square")
    ///     .input_values("x", [2], [1.0, -3.0])
    ///     .function(|v| v.get::<1>("x").powi_scalar(2));
    /// let ones = |_: usize, shape: &[usize]| vec![1.0; shape.iter().product()];
    /// let said = square.testimony(Witness::Autodiff, &Device::flex(), ones).unwrap();
    /// assert_eq!(said.gradients[0].values, [2.0, -6.0]);
    /// ```
    pub fn testimony(
        &self,
        witness: Witness,
        device: &Device,
        upstream: impl Fn(usize, &[usize]) -> Vec<f64>,
    ) -> Result<Testimony, Verdict> {
        let absent = |what: &str| Verdict::Invalid {
            reason: format!("the case has no {what}"),
        };
        let function = self.function.as_ref();
        let function = function.ok_or_else(|| absent("function: set one with Case::function"))?;
        let inputs = self.inputs_on(&device.clone().without_autodiff(), DType::F64)?;
        let point = self.point(&inputs, 0, 0, DType::F64);
        let subject = Subject {
            case: self,
            function,
            autodiff_function: self.autodiff_function.as_ref().unwrap_or(function),
            point: &point,
            integers: &self.integers,
            device,
            dtype: DType::F64,
        };
        let witnesses = Witnesses::new(subject)?;
        let shapes = witnesses.shapes.iter().enumerate();
        let upstream: Vec<_> = shapes
            .map(|(output, shape)| NamedValues {
                name: output.to_string(),
                shape: shape.clone(),
                values: upstream(output, shape),
            })
            .collect();
        let weights: Vec<_> = upstream
            .iter()
            .map(|output| output.values.clone())
            .collect();
        let gradients = match witness {
            Witness::Manual => witnesses.manual(&weights)?,
            Witness::Autodiff => Some(witnesses.autodiff(&weights)?),
            Witness::Finite => Some(by_differences(subject, weights.concat())?),
            Witness::Function | Witness::Undecided => None,
        };
        let gradients = gradients.ok_or_else(|| absent("such witness"))?;
        let named = |(input, values): (&HostInput, Vec<f64>)| NamedValues {
            name: input.name.clone(),
            shape: input.shape.clone(),
            values,
        };
        Ok(Testimony {
            gradients: point
                .iter()
                .zip(gradients)
                .filter_map(|(input, values)| values.map(|values| named((input, values))))
                .collect(),
            inputs: point
                .iter()
                .map(|input| named((input, input.values.clone())))
                .collect(),
            upstream,
        })
    }
}

fn by_differences(subject: Subject<'_>, weights: Vec<f64>) -> Result<HostGradients, Verdict> {
    let place = Place {
        device: subject.device,
        dtype: subject.dtype,
    };
    let at = (subject.point, subject.integers);
    let floor = Tolerance::of(subject.dtype, 1).map_or(0.0, |tolerance| tolerance.floor);
    let mut differences =
        Differences::new(subject.case, subject.function, at, &place, (weights, None))?;
    let of = |(number, input): (usize, &HostInput)| {
        if !input.differentiated {
            return Ok(None);
        }
        let mut element = |element| {
            let along = differences.along(number, Line::Element(element), floor)?;
            Ok(along.value)
        };
        let values: Result<Vec<f64>, Verdict> = (0..input.values.len()).map(&mut element).collect();
        values.map(Some)
    };
    subject.point.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Gradients;

    #[test]
    fn the_witnesses_speak_of_one_point_and_agree() {
        let case = Case::new("product")
            .input("x", [2, 3])
            .input("w", [3, 2])
            .function(|v| v.get::<2>("x").matmul(v.get::<2>("w")))
            .vjp(|v, grad_out| {
                let grad = grad_out.get::<2>(0);
                Gradients::new()
                    .with("w", v.get::<2>("x").transpose().matmul(grad.clone()))
                    .with("x", grad.matmul(v.get::<2>("w").transpose()))
            });
        let upstream = |output: usize, shape: &[usize]| {
            let count: usize = shape.iter().product();
            (0..count).map(|i| 0.5 - (i + output) as f64).collect()
        };
        let ask = |witness| case.testimony(witness, &Device::flex(), upstream).unwrap();
        let manual = ask(Witness::Manual);
        assert_eq!(manual.upstream[0].values, [0.5, -0.5, -1.5, -2.5]);
        assert_eq!(manual.gradients[0].name, "x");
        for other in [ask(Witness::Autodiff), ask(Witness::Finite)] {
            assert_eq!(other.inputs, manual.inputs);
            for (one, two) in other.gradients.iter().zip(&manual.gradients) {
                for (a, b) in one.values.iter().zip(&two.values) {
                    assert!((a - b).abs() < 1e-9, "{a} {b}");
                }
            }
        }
        let none = case.testimony(Witness::Function, &Device::flex(), upstream);
        assert!(matches!(none, Err(Verdict::Invalid { .. })));
    }
}
