//! The matrix product that all three products of a layer are.

use pulp::Simd;

use crate::blocks::{Block, Blocks, Row, SIDE};
use crate::number::Float;

/// Vectors of a row that a tile holds in registers.
const WIDTH: usize = 2;

/// Steps of the sum that are written out, so that the loop around them costs little.
const UNROLLED: usize = 4;

/// Bytes of the right factor that stay in the first-level cache while the left factor passes.
const NEAR_BYTES: usize = 16 << 10;

/// Rows of blocks of the left factor that stay in the second-level cache while the right factor passes.
pub(crate) const HEIGHT: usize = 4;

/// The left factor of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Left<'a, T> {
    /// The matrix.
    Plain(&'a Blocks<T>),
    /// The matrix, transposed.
    Transposed(&'a Blocks<T>),
}

/// What is multiplied: `C = A·B` with `A: [height, depth]` and `B: [depth, width]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<'a, T> {
    pub(crate) left: Left<'a, T>,
    pub(crate) right: &'a Blocks<T>,
    pub(crate) height: usize,
    pub(crate) depth: usize,
    pub(crate) width: usize,
}

impl<T: Float> Product<'_, T> {
    /// Blocks `(first, panel)`, `(first + 1, panel)` and so on of the product into `out`.
    ///
    /// ```text
    /// C_ij = Σ_k A_ik B_kj        summed in the order of k, in one accumulator an element
    /// ```
    ///
    /// So an element does not depend on how the blocks are shared out. What is beyond `height` and `width`
    /// follows from what the factors hold there, or is 0.
    #[inline(always)]
    pub(crate) fn blocks<S: Simd>(
        &self,
        simd: S,
        panel: usize,
        first: usize,
        out: &mut [Block<T>],
    ) {
        if S::REGISTER_COUNT >= 32 {
            self.tiles::<S, 8>(simd, panel, first, out);
        } else {
            self.tiles::<S, 4>(simd, panel, first, out);
        }
    }

    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize>(
        &self,
        simd: S,
        panel: usize,
        first: usize,
        out: &mut [Block<T>],
    ) {
        let lanes = size_of::<T::Vector<S>>() / size_of::<T>();
        let columns = (self.width - SIDE * panel).min(SIDE);
        let near = (NEAR_BYTES / size_of::<Block<T>>()).max(1);
        let depth = self.depth.div_ceil(SIDE);
        for begin in (0..depth).step_by(near) {
            let depths = begin..(begin + near).min(depth);
            for (p, block) in out.iter_mut().enumerate() {
                let p = first + p;
                let rows = (self.height - SIDE * p).min(SIDE);
                if begin == 0 && (rows < SIDE || columns < SIDE) {
                    *block = Block::zeros();
                }
                for top in (0..rows).step_by(ROWS) {
                    for column in (0..columns.div_ceil(lanes)).step_by(WIDTH) {
                        let zero = T::splat(simd, T::default());
                        let mut tile = [[zero; WIDTH]; ROWS];
                        let place = &mut block.0[top..top + ROWS];
                        if begin > 0 {
                            for (tile, row) in tile.iter_mut().zip(&*place) {
                                *tile = load::<T, S>(row, column);
                            }
                        }
                        for k in depths.clone() {
                            let right = &self.right.at(k, panel).0;
                            let right = &right[..(self.depth - SIDE * k).min(SIDE)];
                            tile = match self.left {
                                Left::Plain(left) => {
                                    let left = &left.at(p, k).0[top..top + ROWS];
                                    plain(simd, tile, left, right, column)
                                }
                                Left::Transposed(left) => {
                                    let left = &left.at(k, p).0;
                                    transposed(simd, tile, left, top, right, column)
                                }
                            };
                        }
                        for (tile, row) in tile.iter().zip(place) {
                            let row = &mut T::vectors_mut::<S>(row)[column..column + WIDTH];
                            row.copy_from_slice(tile);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn load<T: Float, S: Simd>(row: &Row<T>, column: usize) -> [T::Vector<S>; WIDTH] {
    let row = &T::vectors::<S>(row)[column..column + WIDTH];
    [row[0], row[1]]
}

/// ```text
/// tile_rj ← tile_rj + Σ_k left_rk right_kj
/// ```
#[inline(always)]
fn plain<T: Float, S: Simd, const ROWS: usize>(
    simd: S,
    mut tile: [[T::Vector<S>; WIDTH]; ROWS],
    left: &[Row<T>],
    right: &[Row<T>],
    column: usize,
) -> [[T::Vector<S>; WIDTH]; ROWS] {
    let left: &[Row<T>; ROWS] = left.first_chunk().expect("a tile has this many rows");
    let (whole, rest) = right.as_chunks::<UNROLLED>();
    for (k, right) in whole.iter().enumerate().take(SIDE / UNROLLED) {
        for (step, right) in right.iter().enumerate() {
            let numbers = left.each_ref().map(|row| row[UNROLLED * k + step]);
            tile = rank_one(simd, tile, numbers, load::<T, S>(right, column));
        }
    }
    let done = right.len() - rest.len();
    for (k, right) in rest.iter().enumerate() {
        let numbers = left.each_ref().map(|row| row[done + k]);
        tile = rank_one(simd, tile, numbers, load::<T, S>(right, column));
    }
    tile
}

/// ```text
/// tile_rj ← tile_rj + Σ_k left_k(top + r) right_kj
/// ```
#[inline(always)]
fn transposed<T: Float, S: Simd, const ROWS: usize>(
    simd: S,
    mut tile: [[T::Vector<S>; WIDTH]; ROWS],
    left: &[Row<T>; SIDE],
    top: usize,
    right: &[Row<T>],
    column: usize,
) -> [[T::Vector<S>; WIDTH]; ROWS] {
    let numbers = |row: &Row<T>| -> [T; ROWS] {
        let numbers = row[top..top + ROWS].first_chunk();
        *numbers.expect("a tile has this many rows")
    };
    let (whole, rest) = right.as_chunks::<UNROLLED>();
    let (left_whole, _) = left.as_chunks::<UNROLLED>();
    for (left, right) in left_whole.iter().zip(whole) {
        for (left, right) in left.iter().zip(right) {
            tile = rank_one(simd, tile, numbers(left), load::<T, S>(right, column));
        }
    }
    let done = right.len() - rest.len();
    for (left, right) in left[done..].iter().zip(rest) {
        tile = rank_one(simd, tile, numbers(left), load::<T, S>(right, column));
    }
    tile
}

/// ```text
/// tile_rj ← tile_rj + numbers_r row_j
/// ```
#[inline(always)]
fn rank_one<T: Float, S: Simd, const ROWS: usize>(
    simd: S,
    mut tile: [[T::Vector<S>; WIDTH]; ROWS],
    numbers: [T; ROWS],
    row: [T::Vector<S>; WIDTH],
) -> [[T::Vector<S>; WIDTH]; ROWS] {
    for r in 0..ROWS {
        let number = T::splat(simd, numbers[r]);
        for c in 0..WIDTH {
            tile[r][c] = T::mul_add(simd, number, row[c], tile[r][c]);
        }
    }
    tile
}
