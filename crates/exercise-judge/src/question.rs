//! A task: what an exercise's function is asked, the right answers, and known wrong ones.

use std::sync::Arc;

use exercises::{Exercise, MARK, Value, parse_line, respond, to_line};

use crate::quiet::quietly;

/// What is known about an exercise.
pub struct Task {
    /// The calls of the function.
    pub questions: Vec<Question>,
    /// Wrong answers that people give.
    pub known: Vec<Known>,
    /// Right answers by other formulas, which tests put in.
    pub alternatives: Vec<Known>,
}

impl Task {
    /// With one more question, and with the mistakes that show in it.
    pub(crate) fn and(mut self, arguments: Vec<Value>, formula: Formula, wrong: &[Row]) -> Self {
        self.questions.push(Question::new(arguments, formula));
        self.known.extend(known(wrong, &self.questions));
        self
    }
}

/// A witness's name, and its results.
pub type Testimony = (&'static str, Vec<Value>);

/// One call of the function.
#[derive(Clone)]
pub struct Question {
    /// The arguments.
    pub arguments: Vec<Value>,
    /// The results by the hand-derived formula.
    pub right: Vec<Value>,
    /// Other results that are right as well.
    pub also: Vec<Vec<Value>>,
    /// The results by other witnesses, for when somebody asks.
    pub(crate) witnesses: Option<Arc<dyn Fn() -> Vec<Testimony> + Send + Sync>>,
    /// How far a right answer may be off, relative.
    pub tolerance: f64,
}

/// An answer by a known formula.
#[derive(Clone)]
pub struct Known {
    /// Rule and mistake, short.
    pub name: String,
    /// What it is, as a sentence.
    pub sentence: String,
    /// Its results for the questions, in their order; `None` where it has none. It says nothing about questions
    /// beyond them.
    pub answers: Vec<Option<Vec<Value>>>,
}

/// A function as an exercise has it: from arguments to results.
pub(crate) type Formula = fn(&[Value]) -> Option<Vec<Value>>;

/// Calls a function as the exercise's process does.
pub(crate) fn call<A>(function: impl Exercise<A>, arguments: &[Value]) -> Option<Vec<Value>> {
    let response = respond(function, &to_line(arguments));
    parse_line(response.trim_start().strip_prefix(MARK)?)
}

/// The relative tolerance of a formula without a loop.
const TOLERANCE: f64 = 1e-10;

impl Question {
    /// The question with these arguments, answered by a formula.
    pub(crate) fn new(arguments: Vec<Value>, formula: Formula) -> Self {
        let right = formula(&arguments).expect("a solution takes its exercise's arguments");
        Self {
            arguments,
            right,
            also: vec![],
            witnesses: None,
            tolerance: TOLERANCE,
        }
    }

    /// The results by Burn's autodiff and by finite differences, where the question is about a gradient.
    pub fn witnesses(&self) -> Vec<Testimony> {
        self.witnesses.as_ref().map_or_else(Vec::new, |ask| ask())
    }

    /// Whether a value is right for this part of the results.
    pub(crate) fn accepts(&self, part: usize, value: &Value) -> bool {
        let mut all = std::iter::once(&self.right).chain(&self.also);
        all.any(|right| equal(value, &right[part], self.tolerance))
    }

    /// A value's shape as sizes, for a comparison with factors: rows and columns of the arguments.
    pub(crate) fn sizes(&self) -> Vec<[usize; 2]> {
        let matrices = self.arguments.iter().filter_map(|value| match value {
            Value::Matrix(matrix) => Some(matrix.shape()),
            _ => None,
        });
        matrices.collect()
    }

    /// Whether all matrices are square and of one size.
    pub(crate) fn is_square(&self) -> bool {
        let mut sizes = self.sizes().into_iter().flatten().filter(|size| *size != 1);
        let first = sizes.next();
        first.is_some() && sizes.all(|size| Some(size) == first)
    }
}

/// A row of a table of answers: name, sentence, formula.
pub(crate) type Row = (&'static str, &'static str, Formula);

/// The known answers of a table, for these questions.
pub(crate) fn known(rows: &[Row], questions: &[Question]) -> Vec<Known> {
    let of = |&(name, sentence, formula): &Row| Known {
        name: name.to_owned(),
        sentence: sentence.to_owned(),
        answers: questions
            .iter()
            .map(|question| quietly(|| formula(&question.arguments)).flatten())
            .collect(),
    };
    rows.iter().map(of).collect()
}

/// Whether two results are the same within a relative tolerance.
pub(crate) fn equal(a: &Value, b: &Value, tolerance: f64) -> bool {
    first_difference(a, b, tolerance).is_none() && a.shape() == b.shape()
}

/// The first element in which two results of one shape differ.
pub(crate) fn first_difference(a: &Value, b: &Value, tolerance: f64) -> Option<usize> {
    let size = rms(b.numbers()) * 1e-3;
    let mut pairs = a.numbers().iter().zip(b.numbers());
    pairs.position(|(a, b)| !is_near(*a, *b, tolerance, size))
}

/// Whether two numbers are the same within a tolerance relative to them or to `size`; NaN is the same as NaN.
pub(crate) fn is_near(a: f64, b: f64, tolerance: f64, size: f64) -> bool {
    let same = a == b || (a.is_nan() && b.is_nan());
    let is_near = (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(size);
    same || (is_near && a.is_finite() && b.is_finite())
}

fn rms(numbers: &[f64]) -> f64 {
    let sum: f64 = numbers.iter().map(|number| number * number).sum();
    (sum / numbers.len().max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_finite_number_is_near_infinity_or_nan() {
        assert!(is_near(1.0, 1.0 + 1e-12, 1e-10, 0.0));
        assert!(!is_near(1.0, 1.0 + 1e-8, 1e-10, 0.0));
        assert!(!is_near(f64::INFINITY, 3550.0, 1e-10, 1.0));
        assert!(!is_near(f64::NAN, 3550.0, 1e-10, 1.0));
        assert!(is_near(f64::NAN, f64::NAN, 1e-10, 1.0));
    }
}
