//! How training images are distorted.

use std::fmt;
use std::str::FromStr;

use distortions::{Distortions, Kind, Recipe};
use serde::{Deserialize, Serialize};

use super::{Settings, SettingsError};
use crate::choice::Augment;

/// The share of the rotation that the images of a class get: `7=0.5`.
///
/// ```
/// use training::ClassShare;
///
/// let seven: ClassShare = "7=0.5".parse()?;
/// assert_eq!((seven.class.as_str(), seven.share, seven.to_string()), ("7", 0.5, "7=0.5".to_owned()));
/// assert!("7=2".parse::<ClassShare>().is_err());
/// # Ok::<(), training::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClassShare {
    /// Name of the class.
    pub class: String,
    /// From 0, not turned at all, to 1.
    pub share: f64,
}

impl FromStr for ClassShare {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let parts = text.rsplit_once('=');
        let read = parts.and_then(|(class, share)| {
            let share = share.parse().ok();
            let share = share.filter(|share| (0.0..=1.0).contains(share))?;
            let class = class.to_owned();
            (!class.is_empty()).then_some(Self { class, share })
        });
        read.ok_or_else(|| {
            SettingsError::new(
                "expected a class and its share of the rotation, from 0 to 1, as in 7=0.5",
            )
        })
    }
}

impl TryFrom<String> for ClassShare {
    type Error = SettingsError;

    fn try_from(text: String) -> Result<Self, SettingsError> {
        text.parse()
    }
}

impl From<ClassShare> for String {
    fn from(share: ClassShare) -> Self {
        share.to_string()
    }
}

impl fmt::Display for ClassShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.class, self.share)
    }
}

/// Classes that are turned less, as an option names them: `1=0.5,7=0.5`, or `none`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassShares(pub Vec<ClassShare>);

impl FromStr for ClassShares {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        if text == "none" {
            return Ok(Self(vec![]));
        }
        let shares = text.split(',').map(str::parse);
        shares.collect::<Result<_, _>>().map(Self)
    }
}

/// Distortions as options name them.
#[derive(Debug, Clone, PartialEq)]
pub struct Augmentation<'a> {
    /// Which.
    pub kind: Augment,
    /// The factor of all of them, from 0 to 3.
    pub strength: f64,
    /// Classes that are turned less.
    pub rotation: &'a [ClassShare],
}

impl Augmentation<'_> {
    /// The distortions of a seed for images of `[rows, columns]` pixels of these classes.
    ///
    /// # Errors
    ///
    /// If the strength is out of its range, the images have a side that is too small or too large, or there is
    /// no such class.
    pub fn distortions(
        &self,
        image: [usize; 2],
        class_names: &[String],
        seed: u64,
    ) -> Result<Distortions, SettingsError> {
        let kind = match self.kind {
            Augment::Affine => Kind::Affine,
            Augment::Elastic => Kind::Elastic,
            Augment::Both => Kind::Both,
        };
        let refused = |error| SettingsError::new(format!("{error}; leave --augment out"));
        let recipe = Recipe::new(kind, image).map_err(refused)?;
        let mut recipe = recipe
            .with_strength(self.strength as f32)
            .map_err(refused)?;
        for ClassShare { class, share } in self.rotation {
            let label = class_names.iter().position(|name| name == class);
            let label = label.ok_or_else(|| {
                SettingsError::new(format!(
                    "--augment-rotation names the class {class}, but the data have the classes {}; name one \
                     of these",
                    class_names.join(", ")
                ))
            })?;
            recipe = recipe
                .with_rotation_of(label, *share as f32)
                .map_err(refused)?;
        }
        Ok(Distortions::new(&recipe, seed))
    }
}

impl Settings {
    /// How the training images are distorted, if they are.
    pub fn augmentation(&self) -> Option<Augmentation<'_>> {
        self.augment.map(|kind| Augmentation {
            kind,
            strength: self.augment_strength.unwrap_or(1.0),
            rotation: &self.augment_rotation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["1", "a=b"].map(str::to_owned).to_vec()
    }

    #[test]
    fn shares_are_read_and_written_in_the_same_words() {
        for text in ["7=0.5", "a=b=1", "seven=0", "7=0.30000000000000004"] {
            let share: ClassShare = text.parse().expect(text);
            assert_eq!(share.to_string(), text);
        }
        let shares = |text: &str| text.parse().map(|ClassShares(shares)| shares.len());
        assert_eq!(shares("1=0.5,7=0.5"), Ok(2));
        assert_eq!(shares("none"), Ok(0));
        assert!(shares("1=0.5,").is_err());
        for text in ["", "7", "=1", "7=", "7=1.01", "7=-0.1", "7=nan"] {
            assert!(text.parse::<ClassShare>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_distorted_is_refused_with_a_remedy() {
        let rotation = ["a=b=0.5".parse().expect("a share")];
        let augmentation = Augmentation {
            kind: Augment::Both,
            strength: 1.0,
            rotation: &rotation,
        };
        assert!(augmentation.distortions([5, 6], &names(), 0).is_ok());
        let error =
            |result: Result<Distortions, SettingsError>| result.expect_err("refused").to_string();
        let line = error(augmentation.distortions([1, 30], &names(), 0));
        assert!(line.contains("got 30x1; leave --augment out"), "{line}");
        let line = error(augmentation.distortions([5, 6], &["1".to_owned()], 0));
        assert!(line.contains("names the class a=b"), "{line}");
        assert!(line.contains("have the classes 1; "), "{line}");
        let strong = Augmentation {
            strength: 3.5,
            ..augmentation
        };
        let line = error(strong.distortions([5, 6], &names(), 0));
        assert!(line.contains("from 0 to 3, got 3.5"), "{line}");
    }
}
