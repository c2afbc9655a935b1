//! Numbers as people read them.

use std::fmt;

/// A number in seven digits.
pub(crate) struct Short(pub(crate) f64);

/// A number with all its digits, without rows of zeros.
pub(crate) struct Full(pub(crate) f64);

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = *self;
        match value.abs() {
            0.0 | f64::INFINITY | 1e-4..1e7 => write!(f, "{value}"),
            _ => write!(f, "{value:e}"),
        }
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value) = *self;
        let digits = format!("{value:.6e}").parse().unwrap_or(value);
        write!(f, "{}", Full(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let short = [0.0, -0.5, 1e-30, f64::NEG_INFINITY, 2.0_f64.powi(80)];
        let texts = short.map(|number| Short(number).to_string());
        assert_eq!(texts[..4], ["0", "-0.5", "1e-30", "-inf"]);
        assert_eq!(texts[4], "1.208926e24");
        assert_eq!(Full(2.0_f64.powi(80)).to_string(), "1.2089258196146292e24");
    }
}
