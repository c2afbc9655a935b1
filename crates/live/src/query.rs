//! The state of a part of the page as it stands in an address: `net=xor&seed=1&steps=12`.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::RequestError;

/// Names and values, each taken once; what nobody takes is an error.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `name=value` pairs with `&` between them, percent-encoded as in a form.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestError> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok::<_, RequestError>((decode(name)?, decode(value)?))
        });
        Ok(Self {
            pairs: decoded.collect::<Result<_, _>>()?,
        })
    }

    /// From names and values.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// What has not been taken.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.pairs
    }

    /// Every value of this name, in order.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<String> {
        let is_taken = |pair: &mut (String, String)| pair.0 == name;
        let taken = self.pairs.extract_if(.., is_taken);
        taken.map(|(_, value)| value).collect()
    }

    /// Every pair with one of these names, in order.
    pub(crate) fn take_pairs(&mut self, names: &[&str]) -> Vec<(String, String)> {
        let is_taken = |pair: &mut (String, String)| names.contains(&pair.0.as_str());
        self.pairs.extract_if(.., is_taken).collect()
    }

    /// The value of this name, if it is there.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<String>, RequestError> {
        let mut values = self.take_all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(RequestError::Twice {
                name: name.to_owned(),
            }),
        }
    }

    /// A number in a range, or the default.
    pub(crate) fn number<T: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        name: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, RequestError> {
        match self.take(name)? {
            None => Ok(default),
            Some(text) => number(name, &text, range),
        }
    }

    /// One of several words, each with its meaning, or the default.
    pub(crate) fn word<T: Copy>(
        &mut self,
        name: &'static str,
        default: T,
        words: &[(&'static str, T)],
    ) -> Result<T, RequestError> {
        match self.take(name)? {
            None => Ok(default),
            Some(text) => word(name, &text, words),
        }
    }

    /// Refuses what has not been taken.
    pub(crate) fn finish(self) -> Result<(), RequestError> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => Err(RequestError::Unknown { name }),
        }
    }
}

/// A number in a range. NaN is in none.
pub(crate) fn number<T: FromStr + PartialOrd + Display>(
    name: &'static str,
    text: &str,
    range: RangeInclusive<T>,
) -> Result<T, RequestError> {
    let parsed = text.parse::<T>().ok();
    parsed
        .filter(|value| range.contains(value))
        .ok_or_else(|| RequestError::Value {
            name,
            got: shortened(text),
            expected: format!("a number from {} to {}", range.start(), range.end()),
        })
}

/// The meaning of one of several words.
pub(crate) fn word<T: Copy>(
    name: &'static str,
    text: &str,
    words: &[(&'static str, T)],
) -> Result<T, RequestError> {
    let found = words.iter().find(|(word, _)| *word == text);
    found
        .map(|&(_, meaning)| meaning)
        .ok_or_else(|| RequestError::Value {
            name,
            got: shortened(text),
            expected: format!(
                "one of {}",
                words
                    .iter()
                    .map(|(word, _)| *word)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        })
}

/// Units of hidden layers with commas between them; none in an empty text.
pub(crate) fn units(text: &str, layers: usize, units: usize) -> Result<Vec<usize>, RequestError> {
    if text.is_empty() {
        return Ok(vec![]);
    }
    let units = text
        .split(',')
        .map(|text| number("hidden", text, 1..=units));
    let units = units.collect::<Result<Vec<_>, _>>()?;
    if units.len() > layers {
        return Err(RequestError::TooMany {
            what: "hidden layers",
            limit: layers,
        });
    }
    Ok(units)
}

/// The beginning of a text that somebody else wrote.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

fn decode(part: &str) -> Result<String, RequestError> {
    let broken = || RequestError::Escape {
        part: shortened(part),
    };
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = after.split_at_checked(2).ok_or_else(broken)?;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let [Some(high), Some(low)] = [digit(digits[0]), digit(digits[1])] else {
                    return Err(broken());
                };
                bytes.push((16 * high + low) as u8);
                rest = after;
            }
            &byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect()
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_read_back(name in "[a-z]{1,8}", value in "\\PC{0,20}") {
            let mut query = Query::parse(&format!("{}={}", encode(&name), encode(&value))).unwrap();
            prop_assert_eq!(query.take(&name), Ok(Some(value)));
            prop_assert_eq!(query.finish(), Ok(()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|[a-z%=&0-9]{0,30}") {
            let _ = Query::parse(&text);
        }

        #[test]
        fn numbers_repeat_to_the_bit(value in proptest::num::f64::NORMAL) {
            let mut query = Query::parse(&format!("rate={value}")).unwrap();
            let read = query.number("rate", 0.0, f64::MIN..=f64::MAX).unwrap();
            prop_assert_eq!(read.to_bits(), value.to_bits());
        }
    }

    #[test]
    fn a_plus_is_a_space_as_in_a_form() {
        let mut query = Query::parse("name=a+b%2Bc").unwrap();
        assert_eq!(query.take("name"), Ok(Some("a b+c".to_owned())));
    }

    #[test]
    fn mistakes_are_named() {
        let message = |text: &str| {
            let mut query = Query::parse(text).map_err(|error| error.to_string())?;
            query
                .number("steps", 0, 0..=100)
                .map_err(|error| error.to_string())?;
            query.finish().map_err(|error| error.to_string())
        };
        for (text, expected) in [
            ("steps=1&steps=2", "'steps' is given twice; give it once"),
            (
                "steps=101",
                "'steps' is '101', expected a number from 0 to 100",
            ),
            ("steps=x", "'steps' is 'x', expected a number from 0 to 100"),
            ("step=1", "unknown parameter 'step'; leave it out"),
            (
                "steps=%1",
                "the address has a broken escape in '%1'; write % and two hexadecimal digits",
            ),
            (
                "steps=%ff",
                "the address has a broken escape in '%ff'; write % and two hexadecimal digits",
            ),
        ] {
            assert_eq!(message(text), Err(expected.to_owned()));
        }
        assert_eq!(message("steps=7"), Ok(()));
        assert!(
            Query::parse("rate=NaN")
                .unwrap()
                .number("rate", 0.0, 0.0..=1.0)
                .is_err()
        );
    }
}
