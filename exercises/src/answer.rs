//! From the judge's arguments to a function, and from its results back.

use crate::value::{parse_line, to_line};
use crate::{Matrix, Objective, Value};

/// What the line with the results begins with; the other lines are the exercise's own output.
pub const MARK: &str = "#answer ";

/// A type that an exercise's function can take.
pub trait Argument: Sized {
    /// From the judge's value.
    fn from_value(value: &Value) -> Option<Self>;
}

/// A type that an exercise's function can return.
pub trait Answer {
    /// The values for the judge.
    fn into_values(self) -> Vec<Value>;
}

/// A function that solves an exercise, with arguments `A`.
pub trait Exercise<A> {
    /// Calls it; `None` if the arguments do not fit.
    fn call(&self, arguments: &[Value]) -> Option<Vec<Value>>;
}

impl Argument for f64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// A matrix that lives as long as the process, which makes one call.
impl Argument for &'static Matrix {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Matrix(matrix) => Some(Box::leak(Box::new(matrix.clone()))),
            _ => None,
        }
    }
}

impl<const N: usize> Argument for [f64; N] {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::List(numbers) => numbers.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

impl Argument for Objective {
    fn from_value(value: &Value) -> Option<Self> {
        f64::from_value(value).and_then(Self::numbered)
    }
}

impl Answer for f64 {
    fn into_values(self) -> Vec<Value> {
        vec![Value::Number(self)]
    }
}

impl Answer for bool {
    fn into_values(self) -> Vec<Value> {
        vec![Value::Truth(self)]
    }
}

impl Answer for Matrix {
    fn into_values(self) -> Vec<Value> {
        vec![Value::Matrix(self)]
    }
}

impl<const N: usize> Answer for [f64; N] {
    fn into_values(self) -> Vec<Value> {
        vec![Value::List(self.to_vec())]
    }
}

macro_rules! answers {
    ($(($($name:ident)*)),*) => {$(
        impl<$($name: Answer),*> Answer for ($($name,)*) {
            #[expect(non_snake_case, reason = "one name for a type and its value")]
            fn into_values(self) -> Vec<Value> {
                let ($($name,)*) = self;
                let mut values = vec![];
                $(values.extend($name.into_values());)*
                values
            }
        }
    )*};
}

answers!((A B), (A B C), (A B C D), (A B C D E F));

macro_rules! exercises {
    ($(($($name:ident $place:tt)*)),*) => {$(
        impl<F, R: Answer, $($name: Argument),*> Exercise<($($name,)*)> for F
        where
            F: Fn($($name),*) -> R,
        {
            fn call(&self, arguments: &[Value]) -> Option<Vec<Value>> {
                const COUNT: usize = [$($place),*].len();
                if arguments.len() != COUNT {
                    return None;
                }
                Some(self($($name::from_value(&arguments[$place])?),*).into_values())
            }
        }
    )*};
}

exercises!(
    (A 0),
    (A 0 B 1),
    (A 0 B 1 C 2),
    (A 0 B 1 C 2 D 3),
    (A 0 B 1 C 2 D 3 E 4),
    (A 0 B 1 C 2 D 3 E 4 G 5),
    (A 0 B 1 C 2 D 3 E 4 G 5 H 6),
    (A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7)
);

/// Hands a function to the judge: reads its arguments from standard input, calls it, and writes the results to
/// standard output.
pub fn answer<A>(function: impl Exercise<A>) {
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line).is_err() || line.trim().is_empty() {
        println!("this function is called by the judge: run `cargo xtask exercise`");
        return;
    }
    println!("{}", respond(function, &line));
}

/// The line with the results of a function, or one that says that the arguments are other ones.
pub fn respond<A>(function: impl Exercise<A>, line: &str) -> String {
    let arguments = parse_line(line).unwrap_or_default();
    match function.call(&arguments) {
        Some(results) => format!("\n{MARK}{}", to_line(&results)),
        None => format!("\n{MARK}arguments"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(x: &Matrix, factor: f64) -> (Matrix, f64) {
        (x * factor, factor)
    }

    #[test]
    fn a_function_of_references_and_numbers_is_called_with_values() {
        assert_eq!(
            respond(product, "1x2 1 2 | number 3"),
            "\n#answer 1x2 3.0 6.0 | number 3.0"
        );
    }

    #[test]
    fn other_arguments_are_told() {
        assert_eq!(respond(product, "1x2 1 2"), "\n#answer arguments");
        assert_eq!(respond(product, "1x2 1 2 | list 3"), "\n#answer arguments");
    }
}
