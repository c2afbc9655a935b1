//! Reads arguments as numbers in a range; an error says which numbers are expected.

/// A whole number from 1.
///
/// # Errors
///
/// If the text is not such a number; the same for the others.
///
/// ```
/// use training::number::parse;
///
/// assert_eq!(parse::at_least_one("3"), Ok(3));
/// assert_eq!(parse::at_least_one("0"), Err("expected a whole number from 1".to_owned()));
/// assert_eq!(parse::fraction("0.98"), Ok(0.98));
/// assert!(parse::positive("nan").is_err());
/// ```
pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// A seed.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn seed(text: &str) -> Result<u64, String> {
    let expected = || format!("expected a whole number from 0 to {}", u64::MAX);
    text.parse().map_err(|_| expected())
}

fn number(text: &str, expected: &str, is_legal: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|&number: &f64| number.is_finite() && is_legal(number))
        .ok_or_else(|| format!("expected {expected}"))
}

/// Any number that is not NaN and not infinite.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn finite(text: &str) -> Result<f64, String> {
    number(text, "a number", |_| true)
}

/// A number greater than 0.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number greater than 0", |number| number > 0.0)
}

/// A number from 0.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn non_negative(text: &str) -> Result<f64, String> {
    number(text, "a number from 0", |number| number >= 0.0)
}

/// A fraction from 0 to 1, both included.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn fraction(text: &str) -> Result<f64, String> {
    let expected = "a fraction from 0 to 1, for example 0.98";
    number(text, expected, |number| (0.0..=1.0).contains(&number))
}

/// A share from 0 to below 1.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn share(text: &str) -> Result<f64, String> {
    let expected = "a share from 0 to below 1, for example 0.1";
    number(text, expected, |number| (0.0..1.0).contains(&number))
}

/// A fraction greater than 0 and less than 1.
///
/// # Errors
///
/// As [`at_least_one`].
pub fn proper_fraction(text: &str) -> Result<f64, String> {
    let expected = "a fraction greater than 0 and less than 1, for example 0.1";
    number(text, expected, |number| number > 0.0 && number < 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for bad in ["nan", "inf", "0", "-1", "x", ""] {
            assert!(positive(bad).is_err(), "{bad}");
        }
        for bad in ["-0.1", "1.1", "nan", "98%"] {
            assert!(fraction(bad).is_err(), "{bad}");
        }
        for bad in ["0", "-1", "1.5", ""] {
            assert!(at_least_one(bad).is_err(), "{bad}");
        }
        assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
        for bad in ["-1", "18446744073709551616", "1e3", "x"] {
            let error = seed(bad).expect_err(bad);
            assert!(
                error.starts_with("expected a whole number from 0 to 1844"),
                "{error}"
            );
        }
    }
}
