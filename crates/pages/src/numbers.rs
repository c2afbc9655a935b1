//! Numbers as text.

/// Elements, and columns, that are written out; larger arrays show their norm alone.
const WRITTEN_OUT: usize = 16;
const COLUMNS: usize = 8;

/// A number with four significant digits; zeros at the end of a fraction are left out, so that a number looks
/// the same whether it is exact or rounded.
///
/// ```
/// use pages::numbers::number;
///
/// let shown = [306.0, -0.5, 3.21654, 1234.56, 1.5e-7, -3.99999999].map(number);
/// assert_eq!(shown, ["306", "-0.5", "3.217", "1234.6", "1.50e-7", "-4"]);
/// ```
pub fn number(value: f64) -> String {
    let plain = value.to_string();
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e6 if plain.len() <= 6 => plain,
        1e-3..1.0 => without_zeros(&format!("{value:.4}")),
        1.0..10.0 => without_zeros(&format!("{value:.3}")),
        10.0..100.0 => without_zeros(&format!("{value:.2}")),
        100.0..1e6 => without_zeros(&format!("{value:.1}")),
        _ => format!("{value:.2e}"),
    }
}

/// A number without zeros at the end of its fraction.
fn without_zeros(text: &str) -> String {
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    };
    text.to_owned()
}

/// A number of things: `1 epoch`, `2 epochs`.
pub fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// A whole number with spaces between groups of three digits; fractions are rounded.
///
/// ```
/// use pages::numbers::thousands;
///
/// assert_eq!([7.0, 1234.4, 1_234_567.0].map(thousands), ["7", "1 234", "1 234 567"]);
/// ```
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A fraction as a percentage with two decimals.
///
/// ```
/// assert_eq!(pages::numbers::percent(0.97573), "97.57 %");
/// ```
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// Numbers in parentheses: `(306, -144)`.
///
/// ```
/// assert_eq!(pages::numbers::vector(&[306.0, -144.0]), "(306, -144)");
/// ```
pub fn vector(values: &[f64]) -> String {
    let numbers = values.iter().map(|&value| number(value));
    format!("({})", numbers.collect::<Vec<_>>().join(", "))
}

/// Numbers in a group: all have as many decimals as the largest needs for four significant digits, or fewer
/// if the last ones are 0 in all of them. Exact zeros have none.
fn aligned(values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if !(1e-3..1e6).contains(&largest) {
        return values.iter().map(|&value| number(value)).collect();
    }
    let most = (3.0 - largest.log10().floor()).clamp(0.0, 4.0) as usize;
    let written = values.iter().map(|value| match *value {
        0.0 => "0".to_owned(),
        _ => format!("{value:.most$}"),
    });
    let written = written.collect::<Vec<_>>();
    let decimals = |text: &String| {
        let shortest = without_zeros(text);
        shortest
            .find('.')
            .map_or(0, |point| shortest.len() - point - 1)
    };
    let needed = written.iter().map(decimals).max().unwrap_or(0);
    let cut = |text: String| match text.find('.') {
        Some(point) if needed == 0 => text[..point].to_owned(),
        Some(point) => text[..=point + needed].to_owned(),
        None => text,
    };
    written.into_iter().map(cut).collect()
}

/// Numbers with a shape: a vector, a matrix, or more.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its sizes, `[rows, columns]` for a matrix.
    pub dims: Vec<usize>,
    /// Its elements, row by row.
    pub values: Vec<f64>,
}

impl Array {
    /// A vector, `[n]`.
    pub fn vector(values: Vec<f64>) -> Self {
        Self {
            dims: vec![values.len()],
            values,
        }
    }

    /// Euclidean norm of all elements.
    pub fn norm(&self) -> f64 {
        self.values.iter().map(|v| v * v).sum::<f64>().sqrt()
    }

    /// `[4, 2]`, or nothing for a single number.
    pub fn shape(&self) -> String {
        match self.values.len() {
            1 => String::new(),
            _ => format!("{:?}", self.dims),
        }
    }

    /// All elements, a line for each row; or the norm, if there are many.
    pub fn text(&self) -> String {
        let Some(rows) = self.rows() else {
            return match self.values[..] {
                [value] => number(value),
                _ => format!("norm {}", number(self.norm())),
            };
        };
        let width = rows.iter().flatten().map(String::len).max().unwrap_or(0);
        let row = |row: &Vec<String>| {
            let cells = row.iter().map(|cell| format!("{cell:>width$}"));
            cells.collect::<Vec<_>>().join("  ")
        };
        let rows = rows.iter().map(row);
        rows.collect::<Vec<_>>().join("\n")
    }

    /// All elements as text, row by row, with the same number of decimals; `None` for a single number, and
    /// if there are too many.
    pub(crate) fn rows(&self) -> Option<Vec<Vec<String>>> {
        let columns = self.dims.last().copied().unwrap_or(1).max(1);
        let fits = self.values.len() <= WRITTEN_OUT && columns <= COLUMNS;
        (fits && self.values.len() != 1).then(|| {
            let written = aligned(&self.values);
            written.chunks(columns).map(<[_]>::to_vec).collect()
        })
    }

    /// The largest difference between two elements at the same place; NaN counts as infinite.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn largest_difference(&self, other: &Self) -> f64 {
        assert_eq!(self.dims, other.dims, "the arrays differ in shape");
        let pairs = self.values.iter().zip(&other.values);
        pairs
            .map(|(a, b)| (a - b).abs())
            .map(|d| if d.is_nan() { f64::INFINITY } else { d })
            .fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_arrays_are_written_out_and_large_ones_show_their_norm() {
        let small = Array {
            dims: vec![2, 2],
            values: vec![1.0, -10.0, 0.5, 2.0],
        };
        assert_eq!(small.text(), "  1.0  -10.0\n  0.5    2.0");
        let mixed = Array::vector(vec![0.12345, -1e-4, 0.0]);
        assert_eq!(mixed.text(), " 0.1235  -0.0001        0");
        let rounded = Array::vector(vec![-3.999_999_99, 0.5]);
        assert_eq!(rounded.text(), Array::vector(vec![-4.0, 0.5]).text());
        assert_eq!(Array::vector(vec![1.0; 25]).text(), "norm 5");
    }

    #[test]
    fn nan_differs_infinitely_even_from_itself() {
        let array = |value| Array::vector(vec![value]);
        assert_eq!(array(1.0).largest_difference(&array(3.5)), 2.5);
        let nan = array(f64::NAN);
        assert_eq!(nan.largest_difference(&nan), f64::INFINITY);
    }
}
