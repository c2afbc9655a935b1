//! Numbers as short text.

/// A number with `digits` significant digits, without trailing zeros: `0.3679`, `-1126`, `1.2e-7`.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    match exponent(value) {
        _ if value == 0.0 => "0".to_owned(),
        None => not_finite(value),
        Some(e) if (-4..7).contains(&e) => trimmed(&format!("{value:.*}", decimals(e, digits))),
        Some(_) => scientific(value, digits),
    }
}

/// Numbers of one matrix, all with the decimals that the largest needs for `digits` significant
/// digits, so that they align.
pub(crate) fn aligned(values: &[f64], digits: usize) -> Vec<String> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let largest = finite.clone().fold(0.0, |m: f64, value| m.max(value.abs()));
    let whole = finite.clone().all(|value| value.fract() == 0.0);
    let text = |value: f64| match exponent(largest) {
        _ if !value.is_finite() => not_finite(value),
        _ if value == 0.0 && whole => "0".to_owned(),
        Some(e) if whole && e < 7 => format!("{value:.0}"),
        Some(e) if (-3..7).contains(&e) => {
            let text = format!("{value:.*}", decimals(e, digits));
            match text.strip_prefix('-') {
                Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.to_owned(),
                _ => text,
            }
        }
        _ => scientific(value, digits.min(2)),
    };
    values.iter().map(|&value| text(value)).collect()
}

/// The power of ten in a number's scientific form; `None` for zero and if it is not finite.
fn exponent(value: f64) -> Option<i32> {
    let magnitude = value.abs();
    (magnitude > 0.0 && magnitude.is_finite()).then(|| magnitude.log10().floor() as i32)
}

fn decimals(exponent: i32, digits: usize) -> usize {
    usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0)
}

fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    match text.split_once('e') {
        Some((mantissa, exponent)) => format!("{}e{exponent}", trimmed(mantissa)),
        None => text,
    }
}

fn not_finite(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits_without_trailing_zeros() {
        let expected = [
            (0.0, "0"),
            (-0.0, "0"),
            (215.0, "215"),
            (-1126.0, "-1126"),
            (1234567.0, "1234567"),
            (0.367879441, "0.3679"),
            (-1.5, "-1.5"),
            (9.99996, "10"),
            (0.00012346, "0.0001235"),
            (1.25e-7, "1.25e-7"),
            (3e20, "3e20"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in expected {
            assert_eq!(significant(value, 4), text);
        }
    }

    #[test]
    fn a_matrix_has_one_number_of_decimals() {
        assert_eq!(aligned(&[1.0, -2.0, 0.0], 3), ["1", "-2", "0"]);
        assert_eq!(aligned(&[0.5, -0.0001, 12.0], 3), ["0.5", "0.0", "12.0"]);
        assert_eq!(aligned(&[0.0012345, 0.0], 3), ["0.00123", "0.00000"]);
        assert_eq!(aligned(&[1.26e-9, -4e-12], 3), ["1.3e-9", "-4e-12"]);
        assert_eq!(aligned(&[0.0], 3), ["0"]);
        assert_eq!(
            aligned(&[f64::NAN, f64::INFINITY, 2.0], 3),
            ["NaN", "inf", "2"]
        );
    }
}
