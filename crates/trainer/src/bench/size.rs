//! The sizes of the MNIST net that are measured.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Hidden layers and batch size of the MNIST net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Size {
    pub(crate) hidden: [usize; 2],
    pub(crate) batch: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [h1, h2] = self.hidden;
        write!(f, "784-{h1}-{h2}-10, batch {}", self.batch)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected HIDDEN-HIDDEN:BATCH, for example 256-128:128".to_owned();
        let number = |text: &str| text.parse().ok().filter(|&n: &usize| n > 0);
        let (hidden, batch) = text.split_once(':').ok_or_else(expected)?;
        let (h1, h2) = hidden.split_once('-').ok_or_else(expected)?;
        match (number(h1), number(h2), number(batch)) {
            (Some(h1), Some(h2), Some(batch)) => Ok(Self {
                hidden: [h1, h2],
                batch,
            }),
            _ => Err(expected()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_others_refused() {
        let size = "256-128:64".parse::<Size>().unwrap();
        assert_eq!((size.hidden, size.batch), ([256, 128], 64));
        assert_eq!(size.to_string(), "784-256-128-10, batch 64");
        for bad in ["", "256", "256-128", "0-1:2", "1-2:0", "1-2-3:4", "a-b:c"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }
}
