//! How long adding up gradients took, as a run on several ranks says it at its end.

use std::fmt;
use std::str::FromStr;

/// Additions over the ranks, and their time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sums {
    pub(crate) ranks: usize,
    /// One for each step.
    pub(crate) additions: u64,
    /// Of one of them, with all that a step needs of the other ranks, on average.
    pub(crate) milliseconds: f64,
}

/// The words between the numbers.
const WORDS: [&str; 3] = [
    " ranks added up ",
    " times, in ",
    " ms each on average, waiting for the slowest rank included",
];

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ranks,
            additions,
            milliseconds,
        } = self;
        let [first, second, third] = WORDS;
        write!(
            f,
            "{ranks}{first}{additions}{second}{milliseconds:.3}{third}"
        )
    }
}

impl FromStr for Sums {
    type Err = ();

    /// Reads what is printed.
    fn from_str(text: &str) -> Result<Self, ()> {
        let [first, second, third] = WORDS;
        let (ranks, rest) = text.split_once(first).ok_or(())?;
        let (additions, rest) = rest.split_once(second).ok_or(())?;
        let milliseconds = rest.strip_suffix(third).ok_or(())?;
        Ok(Self {
            ranks: ranks.parse().map_err(|_| ())?,
            additions: additions.parse().map_err(|_| ())?,
            milliseconds: milliseconds.parse().map_err(|_| ())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        let sums = Sums {
            ranks: 4,
            additions: 1290,
            milliseconds: 0.287,
        };
        assert_eq!(sums.to_string().parse(), Ok(sums));
        assert_eq!("4 ranks added up".parse::<Sums>(), Err(()));
    }
}
