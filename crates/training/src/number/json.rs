//! Numbers that may not be finite. JSON has no such numbers, so they are the strings "nan", "inf" and
//! "-inf".

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Finite(f64),
    Named(String),
}

/// For `#[serde(with = ..)]`.
///
/// # Errors
///
/// The serializer's error.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        v if v.is_nan() => serializer.serialize_str("nan"),
        v if v.is_infinite() => serializer.serialize_str(if *v > 0.0 { "inf" } else { "-inf" }),
        v => serializer.serialize_f64(*v),
    }
}

/// For `#[serde(with = ..)]`.
///
/// # Errors
///
/// The deserializer's error, or that the value is not a number.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    match Form::deserialize(deserializer)? {
        Form::Finite(value) => Ok(value),
        Form::Named(name) => match name.as_str() {
            "nan" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            other => Err(D::Error::custom(format!("{other:?} is not a number"))),
        },
    }
}

/// As [`json`](self), or absent.
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

/// As [`json`](self), several.
pub mod list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "super")] f64);

    /// For `#[serde(with = ..)]`.
    ///
    /// # Errors
    ///
    /// The serializer's error.
    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|&value| One(value)))
    }

    /// For `#[serde(with = ..)]`.
    ///
    /// # Errors
    ///
    /// The deserializer's error, or that the value is not a number.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<One>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|One(value)| value).collect())
    }
}
