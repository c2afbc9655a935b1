//! Numbers that survive JSON to the last bit.
//!
//! A reader of JSON may be off by the last bit for a number of seventeen digits. Such a number is
//! written as a string; all others are plain numbers.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Number(f64),
    Digits(String),
}

/// For `#[serde(with = ..)]`.
///
/// # Errors
///
/// The serializer's error.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if survives(*value) {
        serializer.serialize_f64(*value)
    } else {
        serializer.serialize_str(&value.to_string())
    }
}

/// For `#[serde(with = ..)]`.
///
/// # Errors
///
/// The deserializer's error, or that the value is not a number.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    match Form::deserialize(deserializer)? {
        Form::Number(value) => Ok(value),
        Form::Digits(digits) => digits.parse().map_err(D::Error::custom),
    }
}

fn survives(value: f64) -> bool {
    let text = serde_json::to_string(&value).unwrap_or_default();
    serde_json::from_str::<f64>(&text).is_ok_and(|read| read.to_bits() == value.to_bits())
}

/// As [`exact`](self), or absent.
pub mod optional {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Present(#[serde(with = "super")] f64);

    /// For `#[serde(with = ..)]`.
    ///
    /// # Errors
    ///
    /// The serializer's error.
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Present).serialize(serializer)
    }

    /// For `#[serde(with = ..)]`.
    ///
    /// # Errors
    ///
    /// The deserializer's error, or that the value is not a number.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        let value = Option::<Present>::deserialize(deserializer)?;
        Ok(value.map(|Present(value)| value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    #[derive(Serialize, Deserialize)]
    struct Holder(#[serde(with = "self::optional")] Option<f64>);

    use super::optional;

    #[test]
    fn every_number_comes_back_with_all_its_bits() {
        let mut bits = 0x1234_5678_9abc_def0_u64;
        let drawn = std::iter::repeat_with(|| {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            f64::from_bits(bits)
        });
        let chosen = [0.05, -0.0, f64::INFINITY, 1.0 / 3.0, 5e-324, f64::MAX];
        for value in chosen.into_iter().chain(drawn.take(20_000)) {
            let text = serde_json::to_string(&Holder(Some(value))).expect("a number");
            let Holder(read) = serde_json::from_str(&text).expect("a number");
            let read = read.expect("present");
            assert!(
                read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()),
                "{value:?} {text} {read:?}"
            );
        }
        assert_eq!(serde_json::to_string(&Holder(Some(0.05))).unwrap(), "0.05");
        assert_eq!(serde_json::to_string(&Holder(None)).unwrap(), "null");
    }
}
