//! Sums of products, written out: one element of a matrix formula.

use super::numbers::number;

/// Products on one line.
const PER_LINE: usize = 4;

/// The products that add up to one element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms(Vec<(f64, f64)>);

impl Terms {
    /// A sum of the products of these pairs.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Products of the pairs, added up in their order.
    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().map(|(a, b)| a * b).sum()
    }

    /// `0.5·1 + (-1.5)·0.7`; long sums take several lines.
    pub(crate) fn text(&self) -> String {
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
pub(crate) fn sum_text(values: &[f64]) -> String {
    let values = values.iter().map(|&value| factor(value));
    values.collect::<Vec<_>>().join(" + ")
}

/// A number in a sum or a product: in brackets if it has a sign.
pub(crate) fn factor(value: f64) -> String {
    let text = number(value);
    match text.starts_with('-') {
        true => format!("({text})"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_written_as_it_is_computed() {
        let terms = Terms::new([(0.5, 1.0), (-1.5, 0.5)]);
        assert_eq!(terms.text(), "0.5·1 + (-1.5)·0.5");
        assert_eq!(terms.sum(), -0.25);
        let long = Terms::new([(1.0, 2.0); 5]);
        assert_eq!(sum_text(&[0.5, -1.5]), "0.5 + (-1.5)");
        assert_eq!(long.text(), "1·2 + 1·2 + 1·2 + 1·2\n+ 1·2");
    }
}
