//! The truth table of the exclusive or, which no net without a hidden layer can learn.
//!
//! Source: lecture item L3.

use burn_dataset::Dataset;

/// The four inputs, `[4, 2]`, in counting order.
pub const XOR_INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

/// The four targets, `[4, 1]`, in the order of [`XOR_INPUTS`].
pub const XOR_TARGETS: [[f32; 1]; 4] = [[0.0], [1.0], [1.0], [0.0]];

/// One row of the truth table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct XorItem {
    /// The two inputs, each 0 or 1.
    pub input: [f32; 2],
    /// 1 where exactly one input is 1, else 0.
    pub target: [f32; 1],
}

/// The truth table as a data set of four items.
///
/// ```
/// use burn_dataset::Dataset;
/// use datasets::xor::XorDataset;
///
/// let last = XorDataset.get(3)?;
/// assert_eq!((last.input, last.target), ([1.0, 1.0], [0.0]));
/// # Ok::<(), burn_dataset::DatasetError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XorDataset;

impl Dataset<XorItem> for XorDataset {
    fn get(&self, index: usize) -> Result<XorItem, burn_dataset::DatasetError> {
        Ok(XorItem {
            input: XOR_INPUTS[index],
            target: XOR_TARGETS[index],
        })
    }

    fn len(&self) -> usize {
        XOR_INPUTS.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_the_exclusive_or_of_its_inputs() {
        let items: Vec<_> = XorDataset
            .iter()
            .map(|item| item.expect("a constant has no fault"))
            .collect();
        assert_eq!(items.len(), 4);
        for (row, item) in items.iter().enumerate() {
            let bits = [row >> 1, row & 1];
            assert_eq!(item.input, bits.map(|bit| bit as f32));
            assert_eq!(item.target, [(bits[0] ^ bits[1]) as f32]);
        }
    }

    #[test]
    #[should_panic(expected = "out of bounds")]
    fn there_is_no_fifth_row() {
        let _ = XorDataset.get(4);
    }
}
