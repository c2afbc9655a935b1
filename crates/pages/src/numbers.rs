//! Numbers and tensors as text, and gradients by hand beside autodiff's.

use burn::tensor::Tensor;

use super::page::Table;

/// Elements, and columns, that are written out; of larger tensors only shape and norm are shown.
const WRITTEN_OUT: usize = 16;
const COLUMNS: usize = 8;

/// A number in four significant digits, or in fewer if those are exact.
pub(crate) fn number(value: f64) -> String {
    let plain = value.to_string();
    match value.abs() {
        0.0 => "0".to_owned(),
        1e-3..1e6 if plain.len() <= 6 => plain,
        1e-3..1.0 => format!("{value:.4}"),
        1.0..10.0 => format!("{value:.3}"),
        10.0..100.0 => format!("{value:.2}"),
        100.0..1e6 => format!("{value:.1}"),
        _ => format!("{value:.2e}"),
    }
}

/// A number of things: `1 epoch`, `2 epochs`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

/// Numbers that are read together, all with as many decimals as the largest needs for four
/// significant digits.
fn alike(values: &[f64]) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let exact = values.iter().all(|value| value.to_string().len() <= 5);
    let written = |value: &f64| match largest {
        1e-3..1e6 if !exact && *value != 0.0 => {
            let decimals = (3.0 - largest.log10().floor()).clamp(0.0, 4.0) as usize;
            format!("{value:.decimals$}")
        }
        _ => number(*value),
    };
    values.iter().map(written).collect()
}

/// Numbers in brackets: `(306, -144)`.
pub(crate) fn vector(values: &[f64]) -> String {
    let numbers = values.iter().map(|&value| number(value));
    format!("({})", numbers.collect::<Vec<_>>().join(", "))
}

/// A tensor read back from its device.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Host {
    pub(crate) dims: Vec<usize>,
    /// Row by row.
    pub(crate) values: Vec<f64>,
}

impl Host {
    /// Reads a tensor back.
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        Self {
            dims: tensor.dims().to_vec(),
            values: tensor.to_data().iter::<f64>().collect(),
        }
    }

    /// Euclidean length of all elements.
    pub(crate) fn norm(&self) -> f64 {
        self.values.iter().map(|v| v * v).sum::<f64>().sqrt()
    }

    /// `[4, 2]`, or nothing for a single number.
    pub(crate) fn shape(&self) -> String {
        match self.values.len() {
            1 => String::new(),
            _ => format!("{:?}", self.dims),
        }
    }

    /// All numbers, a line for each row; or the norm, if there are many.
    pub(crate) fn text(&self) -> String {
        let columns = self.dims.last().copied().unwrap_or(1).max(1);
        if self.values.len() > WRITTEN_OUT || columns > COLUMNS {
            return format!("norm {}", number(self.norm()));
        }
        let written = alike(&self.values);
        let width = written.iter().map(String::len).max().unwrap_or(0);
        let row = |row: &[String]| {
            let cells = row.iter().map(|cell| format!("{cell:>width$}"));
            cells.collect::<Vec<_>>().join("  ")
        };
        let rows = written.chunks(columns).map(row);
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The largest difference of an element from its counterpart; NaN counts as infinite.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub(crate) fn largest_difference(&self, other: &Self) -> f64 {
        assert_eq!(self.dims, other.dims, "the tensors differ in shape");
        let pairs = self.values.iter().zip(&other.values);
        pairs
            .map(|(a, b)| (a - b).abs())
            .map(|d| if d.is_nan() { f64::INFINITY } else { d })
            .fold(0.0, f64::max)
    }
}

/// One row for each step of a computation: its formula, and the value that it gave. A bias's
/// gradient, which comes as a matrix of one row, is shown as the vector that it is.
///
/// # Panics
///
/// If there are not as many formulas as values.
pub(crate) fn steps(what: &str, formulas: &[&str], values: &[(String, Tensor<2>)]) -> Table {
    assert_eq!(formulas.len(), values.len(), "each step has a formula");
    let mut table = Table::new(["step", "shape", what]);
    for (formula, (name, value)) in formulas.iter().zip(values) {
        let mut value = Host::of(value);
        if name.starts_with("grad_b") {
            value.dims.remove(0);
        }
        table.push([(*formula).to_owned(), value.shape(), value.text()]);
    }
    table.without_empty_columns()
}

/// Gradients derived by hand beside autodiff's, a row each.
#[derive(Debug)]
pub(crate) struct Comparison {
    table: Table,
    largest: f64,
}

impl Comparison {
    /// A comparison without rows.
    pub(crate) fn new() -> Self {
        Self {
            table: Table::new(["gradient", "shape", "by hand", "autodiff", "difference"]),
            largest: 0.0,
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub(crate) fn row<const D: usize>(
        self,
        name: &str,
        by_hand: &Tensor<D>,
        autodiff: &Tensor<D>,
    ) -> Self {
        self.host_row(name, &Host::of(by_hand), &Host::of(autodiff))
    }

    /// Adds a row of numbers that are on the host already.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub(crate) fn host_row(mut self, name: &str, by_hand: &Host, autodiff: &Host) -> Self {
        let difference = by_hand.largest_difference(autodiff);
        self.largest = self.largest.max(difference);
        self.table.push([
            name.to_owned(),
            by_hand.shape(),
            by_hand.text(),
            autodiff.text(),
            number(difference),
        ]);
        self
    }

    /// The largest difference of any element.
    pub(crate) fn largest(&self) -> f64 {
        self.largest
    }

    /// The table.
    pub(crate) fn into_table(self) -> Table {
        self.table.without_empty_columns()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_need() {
        let shown = [306.0, -0.5, 3.21654, 47.1234, 1234.56, 1.5e-7, 0.0].map(number);
        assert_eq!(
            shown,
            ["306", "-0.5", "3.217", "47.12", "1234.6", "1.50e-7", "0"]
        );
        assert_eq!(vector(&[306.0, -144.0]), "(306, -144)");
    }

    #[test]
    fn small_tensors_are_written_out_and_large_ones_summed_up() {
        let small = Host {
            dims: vec![2, 2],
            values: vec![1.0, -10.0, 0.5, 2.0],
        };
        assert_eq!(small.text(), "  1  -10\n0.5    2");
        let mixed = Host {
            dims: vec![3],
            values: vec![0.12345, -1e-4, 0.0],
        };
        assert_eq!(mixed.text(), " 0.1235  -0.0001        0");
        let large = Host {
            dims: vec![25],
            values: vec![1.0; 25],
        };
        assert_eq!(large.text(), "norm 5");
    }

    #[test]
    fn a_gradient_has_the_shape_of_its_variable() {
        let row = || Tensor::<2>::ones([1, 3], &burn::tensor::Device::flex());
        let values = ["grad_w1", "grad_b1"].map(|name| (name.to_owned(), row()));
        let table = steps("gradient", &["δW1", "δb1"], &values);
        let rows = serde_json::to_value(&table).unwrap();
        assert_eq!(rows["rows"][0][1], "[1, 3]");
        assert_eq!(rows["rows"][1][1], "[3]");
    }

    #[test]
    fn nan_is_as_different_as_can_be() {
        let host = |value| Host {
            dims: vec![1],
            values: vec![value],
        };
        assert_eq!(host(1.0).largest_difference(&host(3.5)), 2.5);
        assert_eq!(
            host(f64::NAN).largest_difference(&host(f64::NAN)),
            f64::INFINITY
        );
    }
}
