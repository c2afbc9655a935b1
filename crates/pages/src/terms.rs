//! Sums of products, written out: how one element of a matrix product is computed.

use crate::numbers::number;

/// Products on one line of text.
const PER_LINE: usize = 4;

/// A sum of products of two numbers.
///
/// ```
/// let element = pages::terms::Terms::new([(0.5, 1.0), (-1.5, 0.5)]);
/// assert_eq!(element.text(), "0.5·1 + (-1.5)·0.5");
/// assert_eq!(element.sum(), -0.25);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Terms(Vec<(f64, f64)>);

impl Terms {
    /// The sum of the products of these pairs.
    pub fn new(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Its value; the products are added in their order.
    pub fn sum(&self) -> f64 {
        self.0.iter().map(|(a, b)| a * b).sum()
    }

    /// `0.5·1 + (-1.5)·0.7`; long sums take several lines.
    pub fn text(&self) -> String {
        let products = self
            .0
            .iter()
            .map(|&(a, b)| format!("{}·{}", factor(a), factor(b)));
        let products = products.collect::<Vec<_>>();
        let lines = products.chunks(PER_LINE).map(|line| line.join(" + "));
        lines.collect::<Vec<_>>().join("\n+ ")
    }
}

/// `0.5 + (-1.5)`.
pub fn sum_text(values: &[f64]) -> String {
    let values = values.iter().map(|&value| factor(value));
    values.collect::<Vec<_>>().join(" + ")
}

/// A number in a sum or a product: in parentheses if it is negative.
pub fn factor(value: f64) -> String {
    let text = number(value);
    if text.starts_with('-') {
        format!("({text})")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sum_takes_several_lines() {
        let long = Terms::new([(1.0, 2.0); 5]);
        assert_eq!(sum_text(&[0.5, -1.5]), "0.5 + (-1.5)");
        assert_eq!(long.text(), "1·2 + 1·2 + 1·2 + 1·2\n+ 1·2");
    }
}
