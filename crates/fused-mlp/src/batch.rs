//! A batch: rows of data that stay where they are, chosen by index.

use std::ops::Range;

use crate::error::FusedError;
use crate::number::Number;

/// The inputs of a batch, `[rows, d_in]`.
#[derive(Debug, Clone, Copy)]
pub enum Inputs<'a, T> {
    /// Bytes, each for a number of the unit interval: `x = byte / 255`.
    Bytes {
        /// All images, one after the other, `[n, d_in]`.
        images: &'a [u8],
        /// The indices of the batch's rows, in order.
        rows: &'a [u32],
    },
    /// Numbers.
    Floats {
        /// All rows, one after the other, `[n, d_in]`.
        values: &'a [T],
        /// The indices of the batch's rows, in order.
        rows: &'a [u32],
    },
}

/// The targets of a batch, one a row of the inputs.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a, T> {
    /// Classes: `y_ik = 1` if `labels_i = k`, else 0, for either loss.
    Labels {
        /// The class of every row of the data, `[n]`.
        labels: &'a [u8],
        /// The indices of the batch's rows, in order.
        rows: &'a [u32],
    },
    /// Numbers. For softmax cross-entropy, every row must add up to 1.
    Values {
        /// All rows, one after the other, `[n, d_out]`.
        values: &'a [T],
        /// The indices of the batch's rows, in order.
        rows: &'a [u32],
    },
}

/// Inputs and targets that fit: a batch, or some rows of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a, T> {
    pub(crate) inputs: Inputs<'a, T>,
    pub(crate) targets: Targets<'a, T>,
    /// Rows that are there.
    pub(crate) rows: usize,
    /// Rows of the batch that they are a share of.
    pub(crate) of: usize,
}

impl<T: Number> Inputs<'_, T> {
    fn parts(&self) -> (usize, &[u32]) {
        match self {
            Self::Bytes { images, rows } => (images.len(), rows),
            Self::Floats { values, rows } => (values.len(), rows),
        }
    }
}

impl<T: Number> Targets<'_, T> {
    fn rows(&self) -> &[u32] {
        match self {
            Self::Labels { rows, .. } | Self::Values { rows, .. } => rows,
        }
    }

    /// `y` of the batch's row number `row` into `y`.
    pub(crate) fn write(&self, row: usize, y: &mut [T]) {
        match self {
            Self::Labels { labels, rows } => {
                y.fill(T::default());
                y[usize::from(labels[rows[row] as usize])] = T::from_f64(1.0);
            }
            Self::Values { values, rows } => {
                let start = rows[row] as usize * y.len();
                y.copy_from_slice(&values[start..start + y.len()]);
            }
        }
    }
}

/// Checks a batch, or some rows of one of `of` rows, against the sizes of a net and of its workspace.
pub(crate) fn check<'a, T: Number>(
    inputs: Inputs<'a, T>,
    targets: Targets<'a, T>,
    [d_in, d_out]: [usize; 2],
    at_most: usize,
    of: Option<usize>,
) -> Result<Batch<'a, T>, FusedError> {
    let (elements, rows) = inputs.parts();
    let got = rows.len();
    if got == 0 {
        return Err(FusedError::EmptyBatch);
    }
    if got > at_most {
        return Err(FusedError::TooManyRows { got, at_most });
    }
    if targets.rows().len() != got {
        return Err(FusedError::RowsDiffer {
            inputs: got,
            targets: targets.rows().len(),
        });
    }
    whole_rows("the inputs", elements, d_in, rows)?;
    match targets {
        Targets::Labels { labels, rows } => {
            whole_rows("the labels", labels.len(), 1, rows)?;
            for &row in rows {
                let label = labels[row as usize];
                if usize::from(label) >= d_out {
                    return Err(FusedError::NoSuchClass {
                        row,
                        label,
                        classes: d_out,
                    });
                }
            }
        }
        Targets::Values { values, rows } => {
            whole_rows("the targets", values.len(), d_out, rows)?;
        }
    }
    Ok(Batch {
        inputs,
        targets,
        rows: got,
        of: of.unwrap_or(got),
    })
}

fn whole_rows(
    what: &'static str,
    elements: usize,
    width: usize,
    indices: &[u32],
) -> Result<(), FusedError> {
    if !elements.is_multiple_of(width) {
        return Err(FusedError::NotWholeRows {
            what,
            got: elements,
            width,
        });
    }
    let rows = elements / width;
    match indices.iter().find(|&&row| row as usize >= rows) {
        Some(&row) => Err(FusedError::NoSuchRow { what, row, rows }),
        None => Ok(()),
    }
}

impl<T: Number> Inputs<'_, T> {
    /// Some columns of the batch's row number `row`, of `width` columns, into the beginning of `x`.
    #[inline(always)]
    pub(crate) fn read(&self, row: usize, width: usize, columns: Range<usize>, x: &mut [T]) {
        let place = |row: u32| {
            let start = row as usize * width;
            start + columns.start..start + columns.end
        };
        match self {
            Self::Bytes { images, rows } => {
                let image = &images[place(rows[row])];
                x.iter_mut()
                    .zip(image)
                    .for_each(|(x, &p)| *x = T::from_byte(p));
            }
            Self::Floats { values, rows } => {
                x[..columns.len()].copy_from_slice(&values[place(rows[row])]);
            }
        }
    }
}
