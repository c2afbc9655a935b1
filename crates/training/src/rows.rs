//! Which rows of the examples are meant.

use std::ops::Range;
use std::sync::Arc;

/// Some rows, by index.
#[derive(Debug, Clone)]
pub enum Rows<'a> {
    /// Neighbours.
    Range(Range<usize>),
    /// Any, in this order.
    Listed(&'a [u32]),
}

impl Rows<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Range(range) => range.len(),
            Self::Listed(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index of one of them.
    pub(crate) fn index(&self, place: usize) -> usize {
        match self {
            Self::Range(range) => range.start + place,
            Self::Listed(list) => list[place] as usize,
        }
    }

    /// Their indices.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        let (range, list) = match self {
            Self::Range(range) => (range.clone(), &[][..]),
            Self::Listed(list) => (0..0, *list),
        };
        range.chain(list.iter().map(|&index| index as usize))
    }
}

/// Some rows, by index, kept.
#[derive(Debug, Clone)]
pub(crate) enum KeptRows {
    /// As many from the first one.
    First(usize),
    /// A part of a list.
    Listed {
        list: Arc<Vec<u32>>,
        part: Range<usize>,
    },
}

impl KeptRows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::First(count) => *count,
            Self::Listed { part, .. } => part.len(),
        }
    }

    /// The indices; `first` are those of the first rows.
    pub(crate) fn listed<'a>(&'a self, first: &'a [u32]) -> &'a [u32] {
        match self {
            Self::First(count) => &first[..*count],
            Self::Listed { list, part } => &list[part.clone()],
        }
    }

    /// A part of these rows.
    pub(crate) fn part(&self, part: Range<usize>) -> Rows<'_> {
        match self {
            Self::First(_) => Rows::Range(part),
            Self::Listed { list, part: all } => Rows::Listed(&list[all.clone()][part]),
        }
    }
}
