//! Numbers with as many digits as tell them apart.

/// The numbers in figures: six digits of each, or as many as tell the first two apart.
pub(crate) fn figures(numbers: &[f64]) -> Vec<String> {
    let mut digits = 6;
    loop {
        let texts: Vec<String> = numbers.iter().map(|n| figure(*n, digits)).collect();
        let is_told_apart = texts.len() < 2 || texts[0] != texts[1];
        if is_told_apart || digits == ALL_DIGITS {
            return texts;
        }
        digits += 1;
    }
}

/// Digits by which any two numbers differ.
const ALL_DIGITS: usize = 17;

/// A number with so many digits, by a power of ten if it is huge or tiny.
fn figure(number: f64, digits: usize) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -4..7) => {
            let decimals = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
            trimmed(&format!("{number:.decimals$}")).to_owned()
        }
        _ => format!("{}e{exponent}", trimmed(mantissa)),
    }
}

/// Without zeros at the end of the decimals.
fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_differ_are_told_apart() {
        assert_eq!(figures(&[0.0492171, 0.02227]), ["0.0492171", "0.02227"]);
        assert_eq!(figures(&[1.5e-9, 0.0]), ["1.5e-9", "0"]);
        assert_eq!(figures(&[24.0, 23.0, -0.0]), ["24", "23", "0"]);
        assert_eq!(figures(&[7.25e70, 1e6]), ["7.25e70", "1000000"]);
        assert_eq!(
            figures(&[-0.009541001, -0.009541002, 1.0 / 3.0]),
            ["-0.009541001", "-0.009541002", "0.3333333"]
        );
        assert_eq!(figures(&[f64::NAN, f64::INFINITY]), ["NaN", "inf"]);
        let next = 1.0 + f64::EPSILON;
        assert_eq!(figures(&[next, 1.0]), ["1.0000000000000002", "1"]);
        assert_eq!(figures(&[0.5]), ["0.5"]);
    }
}
