//! The layout of the weights in a file.

use std::fmt;

/// The layout of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[d_in, d_out]`, as in Burn's `Linear` and in this workspace.
    Burn,
    /// `[d_out, d_in]`, as in `torch.nn.Linear`.
    Pytorch,
}

impl Layout {
    pub(crate) const ALL: [Self; 2] = [Self::Burn, Self::Pytorch];

    /// The value of `layout` in a file's metadata.
    pub(crate) fn metadata(self) -> &'static str {
        match self {
            Self::Burn => "weights are [d_in, d_out]",
            Self::Pytorch => "weights are [d_out, d_in]",
        }
    }

    /// `[d_in, d_out]` of a weight of the given shape.
    pub(crate) fn sizes(self, [rows, columns]: [usize; 2]) -> [usize; 2] {
        match self {
            Self::Burn => [rows, columns],
            Self::Pytorch => [columns, rows],
        }
    }

    /// A matrix `[rows, columns]` of this layout as `[d_in, d_out]`, row by row.
    pub(crate) fn to_burn(self, [rows, columns]: [usize; 2], values: Vec<f32>) -> Vec<f32> {
        match self {
            Self::Burn => values,
            Self::Pytorch => transposed([rows, columns], &values),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Burn => "[d_in, d_out]",
            Self::Pytorch => "[d_out, d_in]",
        })
    }
}

/// The transpose of a matrix `[rows, columns]`, row by row.
pub(crate) fn transposed([rows, columns]: [usize; 2], values: &[f32]) -> Vec<f32> {
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}
