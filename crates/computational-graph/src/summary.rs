//! A tensor's content in little space.

use burn::tensor::Tensor;

use crate::number::{aligned, significant};

/// The largest number of cells of a heat strip.
const STRIP: usize = 24;
/// The strongest level of a heat strip's colours, in either direction.
pub(crate) const LEVELS: i8 = 4;
/// Significant digits that a single number has in addition to those of a matrix's elements.
const MORE_DIGITS: usize = 2;
/// The largest numbers of columns and rows of a matrix that is written out.
const COLUMNS: usize = 4;
const ROWS: usize = 8;

/// The part of a tensor that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Summary {
    /// A single number.
    Number(String),
    /// Every element of a small matrix, row by row.
    Matrix(Vec<Vec<String>>),
    /// The Euclidean norm of a large matrix, and the means of consecutive chunks of its elements as
    /// levels from `-LEVELS` to `LEVELS`, relative to the largest; `None` if a chunk has an element
    /// that is not finite.
    Strip {
        norm: String,
        levels: Vec<Option<i8>>,
    },
}

impl Summary {
    /// A matrix of at most `max_cells` elements, 4 columns and 8 rows is written out.
    pub(crate) fn new(tensor: &Tensor<2>, max_cells: usize, digits: usize) -> Self {
        let [rows, columns] = tensor.dims();
        let values = elements(tensor);
        if rows * columns == 1 {
            return Self::Number(significant(values[0], digits + MORE_DIGITS));
        }
        if rows * columns <= max_cells && columns <= COLUMNS && rows <= ROWS {
            let cells = aligned(&values, digits);
            return Self::Matrix(cells.chunks(columns).map(<[_]>::to_vec).collect());
        }
        let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        Self::Strip {
            norm: significant(norm, digits + 1),
            levels: levels(&chunk_means(&values)),
        }
    }
}

/// The elements, row by row.
fn elements(tensor: &Tensor<2>) -> Vec<f64> {
    tensor
        .clone()
        .try_into_vec_as::<f64>()
        .expect("a float tensor reads back as f64")
}

/// The means of at most [`STRIP`] consecutive chunks, whose lengths differ by at most one.
fn chunk_means(values: &[f64]) -> Vec<f64> {
    let count = values.len().min(STRIP);
    let start = |chunk: usize| chunk * values.len() / count;
    (0..count)
        .map(|chunk| &values[start(chunk)..start(chunk + 1)])
        .map(|chunk| chunk.iter().sum::<f64>() / chunk.len() as f64)
        .collect()
}

fn levels(means: &[f64]) -> Vec<Option<i8>> {
    let finite = means.iter().filter(|mean| mean.is_finite());
    let largest = finite.fold(0.0, |m: f64, mean| m.max(mean.abs()));
    let level = |mean: f64| match largest {
        0.0 => 0,
        _ => (mean / largest * f64::from(LEVELS)).round() as i8,
    };
    means
        .iter()
        .map(|&mean| mean.is_finite().then(|| level(mean)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    fn summary(shape: [usize; 2], values: Vec<f64>) -> Summary {
        let data = TensorData::new(values, shape);
        let tensor = Tensor::from_data(data, (&Device::flex(), DType::F64));
        Summary::new(&tensor, 12, 3)
    }

    #[test]
    fn numbers_and_small_matrices_are_shown_in_full() {
        assert_eq!(
            summary([1, 1], vec![215.0]),
            Summary::Number("215".to_owned())
        );
        assert_eq!(
            summary([2, 2], vec![0.5, -1.0, 0.25, 0.0]),
            Summary::Matrix(vec![
                vec!["0.50".to_owned(), "-1.00".to_owned()],
                vec!["0.25".to_owned(), "0.00".to_owned()]
            ])
        );
    }

    #[test]
    fn a_large_matrix_has_its_norm_and_a_strip_of_chunk_means() {
        let values = (0..48).map(|i| if i < 24 { 3.0 } else { -1.5 }).collect();
        let Summary::Strip { norm, levels } = summary([6, 8], values) else {
            panic!("48 elements are too many to show");
        };
        assert_eq!(norm, "16.43"); // √(24·9 + 24·2.25)
        assert_eq!(levels[..12], [Some(4); 12]);
        assert_eq!(levels[12..], [Some(-2); 12]);
    }

    #[test]
    fn strips_of_zeros_and_of_what_is_not_finite() {
        let Summary::Strip { levels, .. } = summary([5, 5], vec![0.0; 25]) else {
            panic!("25 elements are too many to show");
        };
        assert_eq!(levels, [Some(0); STRIP]);
        let mut values = vec![1.0; 25];
        values[0] = f64::NAN;
        let Summary::Strip { norm, levels } = summary([5, 5], values) else {
            panic!("25 elements are too many to show");
        };
        assert_eq!(
            (norm.as_str(), levels[0], levels[1]),
            ("NaN", None, Some(4))
        );
    }
}
