//! Matrices in square blocks.

use aligned_vec::{AVec, ConstAlign, avec};

use crate::number::Number;

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

/// Rows and columns of a block.
pub(crate) const SIDE: usize = 32;

/// A row of a block.
pub(crate) type Row<T> = [T; SIDE];

/// One block, row-major. Vectors are loaded from its rows, so it should begin with a cache line.
pub(crate) type Block<T> = [Row<T>; SIDE];

/// Numbers of a block.
pub(crate) const BLOCK: usize = SIDE * SIDE;

pub(crate) fn zeros<T: Number>() -> Block<T> {
    [[T::default(); SIDE]; SIDE]
}

/// The transposed block into `to`.
#[inline(always)]
pub(crate) fn transpose<T: Number>(block: &Block<T>, to: &mut Block<T>) {
    for (i, row) in to.iter_mut().enumerate() {
        *row = std::array::from_fn(|j| block[j][i]);
    }
}

/// Blocks on the stack that begin with a cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Scratch<T, const COUNT: usize>(pub(crate) [Block<T>; COUNT]);

/// In which order a matrix stores its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Panel by panel: [`SIDE`] columns, from top to bottom.
    Panels,
    /// Strip by strip: [`SIDE`] rows, from left to right.
    Strips,
}

/// A matrix `[rows, columns]` in blocks of [`SIDE`] rows and columns. Blocks at the lower and right edge
/// are filled up.
///
/// ```text
/// element (i, j)  =  block (i / 32, j / 32) [i % 32][j % 32]
/// ```
///
/// A product reads blocks from one end to the other, whereas rows of a row-major matrix are as far apart as
/// pages. Threads share a matrix by ranges of blocks, which are adjacent slices.
#[derive(Debug, Clone)]
pub(crate) struct Blocks<T> {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// From a block to the one below it.
    row_step: usize,
    /// From a block to the one at its right.
    column_step: usize,
    pub(crate) blocks: AVec<Block<T>, ConstAlign<CACHE_LINE>>,
}

impl<T: Number> Blocks<T> {
    pub(crate) fn zeros(rows: usize, columns: usize, order: Order) -> Self {
        let [high, wide] = [rows, columns].map(|length| length.div_ceil(SIDE));
        let (row_step, column_step) = match order {
            Order::Panels => (1, high),
            Order::Strips => (wide, 1),
        };
        Self {
            rows,
            columns,
            row_step,
            column_step,
            blocks: avec![[CACHE_LINE] | zeros(); high * wide],
        }
    }

    /// Block `(p, q)`.
    #[inline(always)]
    pub(crate) fn at(&self, p: usize, q: usize) -> &Block<T> {
        &self.blocks[self.place(p, q)]
    }

    /// The place of block `(p, q)` among the blocks.
    #[inline(always)]
    pub(crate) fn place(&self, p: usize, q: usize) -> usize {
        p * self.row_step + q * self.column_step
    }

    /// Blocks between the beginnings of two panels or strips, whichever are stored one by one.
    pub(crate) fn run(&self) -> usize {
        self.row_step.max(self.column_step)
    }

    /// All elements, block after block.
    pub(crate) fn elements(&self) -> &[T] {
        self.blocks.as_flattened().as_flattened()
    }

    /// All elements, block after block.
    pub(crate) fn elements_mut(&mut self) -> &mut [T] {
        self.blocks.as_flattened_mut().as_flattened_mut()
    }

    /// The elements, row-major.
    pub(crate) fn to_rows(&self) -> Vec<T> {
        let indices = (0..self.rows).flat_map(|i| (0..self.columns).map(move |j| (i, j)));
        let element = |(i, j): (usize, usize)| self.at(i / SIDE, j / SIDE)[i % SIDE][j % SIDE];
        indices.map(element).collect()
    }

    /// Takes over row-major elements, as many as the matrix has.
    pub(crate) fn set_rows(&mut self, values: &[T]) {
        for (i, row) in values.chunks_exact(self.columns).enumerate() {
            for (q, part) in row.chunks(SIDE).enumerate() {
                let block = i / SIDE * self.row_step + q * self.column_step;
                self.blocks[block][i % SIDE][..part.len()].copy_from_slice(part);
            }
        }
    }
}
