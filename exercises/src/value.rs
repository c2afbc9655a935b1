//! Arguments and results as text: how the judge and an exercise, two processes, speak with each other.

use crate::Matrix;

/// An argument or a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// True or false.
    Truth(bool),
    /// Several numbers.
    List(Vec<f64>),
    /// A matrix.
    Matrix(Matrix),
}

impl Value {
    /// The numbers in it, in order; 1 is true and 0 is false.
    pub fn numbers(&self) -> &[f64] {
        match self {
            Self::Number(number) => std::slice::from_ref(number),
            Self::Truth(truth) => {
                if *truth {
                    &[1.0]
                } else {
                    &[0.0]
                }
            }
            Self::List(numbers) => numbers,
            Self::Matrix(matrix) => matrix.values(),
        }
    }

    /// Its shape in words: `[3, 2]`, `a number`, `4 numbers`.
    pub fn shape(&self) -> String {
        match self {
            Self::Number(_) => "a number".to_owned(),
            Self::Truth(_) => "true or false".to_owned(),
            Self::List(numbers) => format!("{} numbers", numbers.len()),
            Self::Matrix(matrix) => format!("{:?}", matrix.shape()),
        }
    }

    fn to_text(&self) -> String {
        let head = match self {
            Self::Number(_) => "number".to_owned(),
            Self::Truth(_) => "truth".to_owned(),
            Self::List(_) => "list".to_owned(),
            Self::Matrix(matrix) => format!("{}x{}", matrix.rows(), matrix.columns()),
        };
        let words = self.numbers().iter().map(|number| format!("{number:?}"));
        let words: Vec<String> = std::iter::once(head).chain(words).collect();
        words.join(" ")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let head = words.next()?;
        let numbers: Option<Vec<f64>> = words.map(|word| word.parse().ok()).collect();
        let numbers = numbers?;
        match head {
            "number" => (numbers.len() == 1).then(|| Self::Number(numbers[0])),
            "truth" => (numbers.len() == 1).then(|| Self::Truth(numbers[0] == 1.0)),
            "list" => Some(Self::List(numbers)),
            shape => {
                let (rows, columns) = shape.split_once('x')?;
                let (rows, columns) = (rows.parse().ok()?, columns.parse().ok()?);
                (numbers.len() == rows * columns)
                    .then(|| Self::Matrix(Matrix::new(rows, columns, numbers)))
            }
        }
    }
}

/// Values as a line of text.
pub fn to_line(values: &[Value]) -> String {
    let texts: Vec<String> = values.iter().map(Value::to_text).collect();
    texts.join(" | ")
}

/// The values of a line, `None` if it is none of [`to_line`].
pub fn parse_line(line: &str) -> Option<Vec<Value>> {
    line.split('|').map(Value::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_as_text() {
        let values = [
            Value::Number(0.1),
            Value::Truth(true),
            Value::Truth(false),
            Value::List(vec![f64::INFINITY, -0.0, 1e-300]),
            Value::Matrix(Matrix::from([[1.0, 2.5, 1.0 / 3.0]])),
        ];
        assert_eq!(parse_line(&to_line(&values)), Some(values.to_vec()));
        assert_eq!(parse_line("2x2 1 2 3"), None);
    }
}
