//! Matrices in square blocks.

use crate::number::Float;

/// Rows and columns of a block.
pub(crate) const SIDE: usize = 32;

/// One block, row-major.
pub(crate) type Block<T> = [[T; SIDE]; SIDE];

/// A matrix `[rows, columns]`, stored in blocks of [`SIDE`] rows and columns. The blocks of a panel,
/// [`SIDE`] columns, are adjacent, from top to bottom; the panels follow each other. Blocks at the edges
/// are filled up with zeros.
///
/// ```text
/// element (i, j)  =  block (i / 32, j / 32) [i % 32][j % 32]
/// block (p, q)    =  blocks[q · ⌈rows / 32⌉ + p]
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Blocks<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) blocks: Vec<Block<T>>,
}

impl<T: Float> Blocks<T> {
    pub(crate) fn zeros(rows: usize, columns: usize) -> Self {
        let count = rows.div_ceil(SIDE) * columns.div_ceil(SIDE);
        Self {
            rows,
            columns,
            blocks: vec![[[T::default(); SIDE]; SIDE]; count],
        }
    }

    /// Blocks of a panel.
    pub(crate) fn panel_blocks(&self) -> usize {
        self.rows.div_ceil(SIDE)
    }

    /// The elements, row-major.
    pub(crate) fn to_rows(&self) -> Vec<T> {
        let indices = (0..self.rows).flat_map(|i| (0..self.columns).map(move |j| (i, j)));
        indices.map(|(i, j)| self.get(i, j)).collect()
    }

    /// Takes over row-major elements, as many as the matrix has.
    pub(crate) fn set_rows(&mut self, values: &[T]) {
        for (i, row) in values.chunks_exact(self.columns).enumerate() {
            for (j, &value) in row.iter().enumerate() {
                self.set(i, j, value);
            }
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, i: usize, j: usize) -> T {
        self.blocks[j / SIDE * self.panel_blocks() + i / SIDE][i % SIDE][j % SIDE]
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, i: usize, j: usize, value: T) {
        let block = j / SIDE * self.panel_blocks() + i / SIDE;
        self.blocks[block][i % SIDE][j % SIDE] = value;
    }

    /// All elements in order of storage, with the zeros at the edges.
    pub(crate) fn elements(&self) -> &[T] {
        self.blocks.as_flattened().as_flattened()
    }

    /// As [`elements`](Self::elements).
    pub(crate) fn elements_mut(&mut self) -> &mut [T] {
        self.blocks.as_flattened_mut().as_flattened_mut()
    }
}
