//! Mistakes that no table names: factors, signs, transpositions, rows in another order.

use exercises::{Matrix, Value};

use crate::figures::figures;
use crate::question::{Question, equal, is_near};

/// A question with its number, and a part of the answer to it.
type Answered<'a> = (usize, &'a Question, &'a Value);

/// What a wrong part has to do with the right one, as a sentence. `others` are all results for each question.
pub(crate) fn recognised(
    part: usize,
    name: &str,
    answered: &[Answered<'_>],
    others: &[&[Value]],
) -> Option<String> {
    let pairs = pairs(part, answered);
    not_finite(&pairs)
        .or_else(|| square_only(&pairs))
        .or_else(|| factor(&pairs).map(|words| format!("{name} {words}")))
        .or_else(|| transposed(name, &pairs))
        .or_else(|| order(name, &pairs))
        .or_else(|| offset(name, &pairs))
        .or_else(|| missing_sum(name, &pairs))
        .or_else(|| swapped(part, name, answered, others))
        .or_else(|| shape(name, &pairs))
}

/// A part of the answers to all questions.
pub(crate) fn pairs<'a>(part: usize, answered: &[Answered<'a>]) -> Vec<Pair<'a>> {
    let pair = |(_, question, value): &Answered<'a>| Pair {
        question,
        value,
        right: &question.right[part],
    };
    answered.iter().map(pair).collect()
}

/// A part of an answer, and what is right.
pub(crate) struct Pair<'a> {
    question: &'a Question,
    value: &'a Value,
    right: &'a Value,
}

impl Pair<'_> {
    fn is_right(&self) -> bool {
        equal(self.value, self.right, self.question.tolerance)
    }

    fn has_shape(&self) -> bool {
        self.value.shape() == self.right.shape()
    }

    fn matrices(&self) -> Option<(&Matrix, &Matrix)> {
        match (self.value, self.right) {
            (Value::Matrix(value), Value::Matrix(right)) => Some((value, right)),
            _ => None,
        }
    }

    fn is(&self, made: &Matrix) -> bool {
        equal(
            self.value,
            &Value::Matrix(made.clone()),
            self.question.tolerance,
        )
    }

    /// The constant that the value is a multiple of the right one by.
    fn ratio(&self) -> Option<f64> {
        let sizes = self.right.numbers().iter().map(|number| number.abs());
        let largest = sizes.fold(0.0, f64::max);
        let at = self
            .right
            .numbers()
            .iter()
            .position(|right| right.abs() == largest)?;
        let ratio = self.value.numbers().get(at)? / largest.copysign(self.right.numbers()[at]);
        let mut pairs = self.value.numbers().iter().zip(self.right.numbers());
        let tolerance = 10.0 * self.question.tolerance;
        // The numbers of a list are quantities of their own, none of which is small beside another one.
        let size = match self.right {
            Value::List(_) => 0.0,
            _ => largest * ratio.abs(),
        };
        let fits = self.has_shape()
            && largest > 0.0
            && pairs.all(|(a, b)| is_near(*a, b * ratio, tolerance, size));
        (fits && ratio.is_finite()).then_some(ratio)
    }
}

fn not_finite(pairs: &[Pair<'_>]) -> Option<String> {
    let mut numbers = pairs.iter().flat_map(|pair| pair.value.numbers());
    let bad = numbers.find(|number| !number.is_finite())?;
    let expected = pairs.iter().flat_map(|pair| pair.right.numbers());
    expected.copied().all(f64::is_finite).then(|| {
        format!("it has an element {bad}: look for a division by 0, a logarithm of 0 or an exponential that overflows")
    })
}

fn square_only(pairs: &[Pair<'_>]) -> Option<String> {
    let squares = pairs.iter().filter(|pair| pair.question.is_square());
    let mut others = pairs.iter().filter(|pair| !pair.question.is_square());
    let (mut count, mut right) = (0, true);
    for pair in squares {
        count += 1;
        right &= pair.is_right();
    }
    (count > 0 && right && others.any(|pair| !pair.is_right())).then(|| {
        "it is right for square matrices only: a size is taken for another one, or a transpose is missing".to_owned()
    })
}

/// The factor that a part is off by, as words that follow its name.
pub(crate) fn factor(pairs: &[Pair<'_>]) -> Option<String> {
    let ratios: Option<Vec<f64>> = pairs.iter().map(Pair::ratio).collect();
    let ratios = ratios?;
    let all = |factor: &dyn Fn(&Question) -> Option<f64>| {
        let mut known = pairs.iter().zip(&ratios);
        known.all(|(pair, ratio)| {
            factor(pair.question).is_some_and(|factor| is_near(*ratio, factor, 1e-7, 0.0))
        })
    };
    let constants: [(f64, &str); 6] = [
        (0.0, "is zero everywhere"),
        (-1.0, "has the wrong sign"),
        (
            2.0,
            "is twice the right one: look for a factor 2, or something that is added twice",
        ),
        (
            0.5,
            "is half of the right one: look for a factor ½ or a missing 2",
        ),
        (-2.0, "has the wrong sign and is twice too large"),
        (
            -0.5,
            "has the wrong sign and is half as large as it should be",
        ),
    ];
    for (constant, words) in constants {
        if all(&|_| Some(constant)) {
            return Some(words.to_owned());
        }
    }
    // Rows or columns of an argument, and what they are to the loss.
    for argument in 0..pairs.iter().map(|pair| pair.question.sizes().len()).min()? {
        for (axis, what) in [(0, "rows"), (1, "columns")] {
            let size = |question: &Question| question.sizes()[argument][axis] as f64;
            let n = format!(
                "the number of {what} ({})",
                list(pairs.iter().map(|pair| size(pair.question)))
            );
            let cases: [(&str, &dyn Fn(f64) -> f64); 6] = [
                ("is divided by {}, once more than it should be", &|n| {
                    1.0 / n
                }),
                (
                    "is multiplied by {}: a division is missing, or a sum stands for a mean",
                    &|n| n,
                ),
                (
                    "is divided by {}, and that twice more than it should be",
                    &|n| 1.0 / (n * n),
                ),
                ("has the wrong sign and is divided by {}", &|n| -1.0 / n),
                ("has the wrong sign and is multiplied by {}", &|n| -n),
                ("is multiplied by the square of {}", &|n| n * n),
            ];
            for (words, factor) in cases {
                if all(&|question| Some(factor(size(question)))) {
                    return Some(words.replace("{}", &n));
                }
            }
        }
    }
    let first = ratios[0];
    ratios
        .iter()
        .all(|ratio| is_near(*ratio, first, 1e-7, 0.0))
        .then(|| {
            let factor = figures(&[first, 1.0]).swap_remove(0);
            format!("is the right one times {factor}, in all elements: a constant factor is wrong")
        })
}

fn list(numbers: impl Iterator<Item = f64>) -> String {
    let words: Vec<String> = numbers.map(|number| number.to_string()).collect();
    words.join(" and ")
}

fn transposed(name: &str, pairs: &[Pair<'_>]) -> Option<String> {
    let every = |made: &dyn Fn(&Matrix) -> Matrix| {
        pairs.iter().all(|pair| {
            pair.matrices()
                .is_some_and(|(_, right)| pair.is(&made(right)))
        })
    };
    if every(&Matrix::t) {
        return Some(format!(
            "{name} is the transpose of the right one: swap the factors, each transposed"
        ));
    }
    every(&|right| -right.t()).then(|| format!("{name} is transposed and has the wrong sign"))
}

fn order(name: &str, pairs: &[Pair<'_>]) -> Option<String> {
    let permuted = |axis: usize| {
        pairs.iter().all(|pair| {
            pair.matrices().is_some_and(|(value, right)| {
                let (value, right) = if axis == 0 {
                    (value.clone(), right.clone())
                } else {
                    (value.t(), right.t())
                };
                value.shape() == right.shape()
                    && value.rows() > 1
                    && is_permutation(&value, &right, pair.question.tolerance)
            })
        })
    };
    for (axis, what) in [(0, "rows"), (1, "columns")] {
        if permuted(axis) {
            return Some(format!("{name} has the right {what} in another order"));
        }
    }
    None
}

fn is_permutation(value: &Matrix, right: &Matrix, tolerance: f64) -> bool {
    let rows = |matrix: &Matrix| {
        (0..matrix.rows())
            .map(|i| Value::Matrix(matrix.row(i)))
            .collect::<Vec<_>>()
    };
    let mut left = rows(right);
    rows(value).iter().all(|row| {
        let found = left.iter().position(|other| equal(row, other, tolerance));
        found.map(|at| left.swap_remove(at)).is_some()
    })
}

fn offset(name: &str, pairs: &[Pair<'_>]) -> Option<String> {
    let constant = |pair: &Pair<'_>| {
        let differences = pair
            .value
            .numbers()
            .iter()
            .zip(pair.right.numbers())
            .map(|(a, b)| a - b);
        let differences: Vec<f64> = differences.collect();
        let first = *differences.first()?;
        let same =
            differences.len() > 1 && differences.iter().all(|d| is_near(*d, first, 1e-7, 0.0));
        (pair.has_shape() && same).then_some(first)
    };
    let found: Option<Vec<f64>> = pairs.iter().map(constant).collect();
    let first = *found?.first()?;
    Some(format!(
        "{name} is off by the same number in all elements, {} at first: a term is added or missing",
        figures(&[first]).concat()
    ))
}

fn swapped(
    part: usize,
    name: &str,
    answered: &[Answered<'_>],
    others: &[&[Value]],
) -> Option<String> {
    let parts = others.first()?.len();
    let is = |other: usize| {
        answered.iter().all(|(_, question, value)| {
            question
                .right
                .get(other)
                .is_some_and(|right| equal(value, right, question.tolerance))
        })
    };
    let found = (0..parts).find(|other| *other != part && is(*other))?;
    let is_right = answered
        .iter()
        .zip(others)
        .all(|((_, question, _), results)| {
            let value = results.get(found);
            value.is_some_and(|value| question.accepts(found, value))
        });
    let number = found + 1;
    Some(if is_right {
        format!(
            "{name} equals result number {number}, which is right: what tells the two apart is missing"
        )
    } else {
        format!("{name} is what result number {number} should be: the results are in another order")
    })
}

fn missing_sum(name: &str, pairs: &[Pair<'_>]) -> Option<String> {
    let wrong = pairs.iter().find(|pair| !pair.has_shape())?;
    let (value, right) = wrong.matrices()?;
    let ([rows, columns], [n, d]) = (value.shape(), right.shape());
    let over = match (rows == n, columns == d) {
        (false, true) if n == 1 => "rows",
        (true, false) if d == 1 => "columns",
        _ => return None,
    };
    Some(format!(
        "{name} has another shape: a sum over the {over} is missing"
    ))
}

fn shape(name: &str, pairs: &[Pair<'_>]) -> Option<String> {
    let wrong = pairs.iter().find(|pair| !pair.has_shape())?;
    let is_exchanged = |(value, right): (&Matrix, &Matrix)| value.t().shape() == right.shape();
    Some(if wrong.matrices().is_some_and(is_exchanged) {
        format!("{name} has another shape: rows and columns are exchanged")
    } else if pairs.iter().any(Pair::has_shape) {
        format!("{name} has the right shape only where sizes happen to be equal")
    } else {
        format!("{name} has another shape: a gradient has the shape of what it belongs to")
    })
}

/// Only some elements of a part are wrong: where, counted from 1.
pub(crate) fn few(part: usize, name: &str, answered: &[Answered<'_>]) -> Option<String> {
    let pairs = pairs(part, answered);
    let wrong = pairs.iter().find(|pair| !pair.is_right())?;
    let numbers = || wrong.value.numbers().iter().zip(wrong.right.numbers());
    let is_bad = |(a, b): (&f64, &f64)| !is_near(*a, *b, wrong.question.tolerance, 0.0);
    let bad: Vec<usize> = numbers()
        .enumerate()
        .filter(|(_, pair)| is_bad(*pair))
        .map(|(at, _)| at)
        .collect();
    let all = wrong.right.numbers().len();
    // A zero is right for many reasons.
    let says_much = numbers().any(|(a, b)| *b != 0.0 && !is_bad((a, b)));
    if bad.is_empty() || 2 * bad.len() > all || !says_much {
        return None;
    }
    let Some((_, right)) = wrong.matrices() else {
        let numbers: Vec<String> = bad.iter().map(|at| (at + 1).to_string()).collect();
        return Some(match numbers.as_slice() {
            [number] => format!("only number {number} of {all} is wrong"),
            _ => format!(
                "only the numbers {} of {all} are wrong",
                numbers.join(" and ")
            ),
        });
    };
    let [rows, columns] = right.shape();
    let (row, column) = (bad[0] / columns, bad[0] % columns);
    if rows > 1 && bad.len() > 1 && bad.iter().all(|at| at / columns == row) {
        return Some(format!("{name} is wrong in row {} only", row + 1));
    }
    if columns > 1 && bad.len() > 1 && bad.iter().all(|at| at % columns == column) {
        return Some(format!("{name} is wrong in column {} only", column + 1));
    }
    Some(format!(
        "{name} is right but for {} of {all} elements",
        bad.len()
    ))
}
