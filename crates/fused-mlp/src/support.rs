//! Where the inputs are not 0: four fifths of a digit's image are background, and a product by 0 is known.

use crate::blocks::{Block, SIDE};
use crate::number::Number;

/// Rows or columns that share a mask: as many as the smallest tile has.
const GROUP: usize = 4;

/// Where a block has numbers other than 0.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Support {
    /// For each group of rows, the columns in which one of them is not 0, a bit each.
    rows: [u32; SIDE / GROUP],
    /// For each group of columns, the rows in which one of them is not 0, a bit each.
    columns: [u32; SIDE / GROUP],
}

impl Support {
    /// Of the first `rows` rows of a block.
    #[inline(always)]
    pub(crate) fn of<T: Number>(block: &Block<T>, rows: usize) -> Self {
        let mut found = Self::default();
        for (i, row) in block[..rows].iter().enumerate() {
            let mut mask = 0;
            for (j, &x) in row.iter().enumerate() {
                mask |= u32::from(x != T::default()) << j;
            }
            found.rows[i / GROUP] |= mask;
            for (group, columns) in found.columns.iter_mut().enumerate() {
                let of_group = mask >> (GROUP * group) & ((1 << GROUP) - 1);
                *columns |= u32::from(of_group != 0) << i;
            }
        }
        found
    }

    /// The columns in which one of `COUNT` rows from `top` is not 0.
    #[inline(always)]
    pub(crate) fn columns_of_rows<const COUNT: usize>(&self, top: usize) -> u32 {
        any::<COUNT>(&self.rows, top)
    }

    /// The rows in which one of `COUNT` columns from `left` is not 0.
    #[inline(always)]
    pub(crate) fn rows_of_columns<const COUNT: usize>(&self, left: usize) -> u32 {
        any::<COUNT>(&self.columns, left)
    }
}

#[inline(always)]
fn any<const COUNT: usize>(groups: &[u32; SIDE / GROUP], from: usize) -> u32 {
    let groups = &groups[from / GROUP..(from + COUNT) / GROUP];
    groups.iter().fold(0, |any, group| any | group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::zeros;

    #[test]
    fn masks_name_the_columns_and_the_rows() {
        let mut block = zeros::<f32>();
        block[1][30] = 0.5;
        block[6][2] = -1.0;
        block[7][9] = f32::NAN;
        block[20][0] = 1.0;
        let support = Support::of(&block, 8);
        assert_eq!(support.columns_of_rows::<4>(0), 1 << 30);
        assert_eq!(support.columns_of_rows::<8>(0), 1 << 30 | 1 << 2 | 1 << 9);
        assert_eq!(support.columns_of_rows::<8>(16), 0);
        assert_eq!(support.rows_of_columns::<4>(0), 1 << 6);
        assert_eq!(support.rows_of_columns::<8>(8), 1 << 7);
        assert_eq!(support.rows_of_columns::<4>(28), 1 << 1);
    }
}
