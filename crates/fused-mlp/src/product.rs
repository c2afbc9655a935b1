//! The matrix product that all three products of a layer are.

use pulp::Simd;

use crate::blocks::{Block, Blocks, Row, SIDE, zeros};
use crate::number::Number;
use crate::number::vectors::Vectors;
use crate::support::Support;

/// Vectors of a row that a tile holds in registers.
const WIDTH: usize = 2;

/// Steps of the sum that are written out, so that the loop around them costs little.
const UNROLLED: usize = 4;

/// Terms of a block's sum up to which those that are not 0 are looked up: more are faster all in a row.
const SPARSE: u32 = 28;

/// Bytes of the right factor that stay in the first-level cache while the left factor passes.
const NEAR_BYTES: usize = 16 << 10;

/// Rows of blocks of the left factor that stay in the second-level cache while the right factor passes.
pub(crate) const HEIGHT: usize = 4;

/// The left factor of a product.
pub(crate) trait Left<T: Number>: Copy {
    /// Adds a part of the sum to a tile.
    ///
    /// ```text
    /// tile_rj ← tile_rj + Σ_k left_(top + r)k right_kj        all k of one block
    /// ```
    fn add_block<S: Simd, const ROWS: usize>(
        self,
        simd: S,
        tile: Tile<T, S, ROWS>,
        place: Place,
        right: &[Row<T>; SIDE],
    ) -> Tile<T, S, ROWS>;

    /// As [`add_block`](Self::add_block), for the first rows of `right`: the end of the sum. It is apart
    /// because a loop of unknown length moves tiles from registers to memory and back.
    fn add_rest<S: Simd, const ROWS: usize>(
        self,
        simd: S,
        tile: Tile<T, S, ROWS>,
        place: Place,
        right: &[Row<T>],
    ) -> Tile<T, S, ROWS>;
}

/// Where a tile takes its numbers from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Strip of the left factor.
    p: usize,
    /// Its first row in the strip.
    top: usize,
    /// Block of the sum.
    k: usize,
    /// First vector of the right factor's rows.
    column: usize,
}

/// Sums in registers.
type Tile<T, S, const ROWS: usize> = [[<T as Vectors>::Vector<S>; WIDTH]; ROWS];

/// The matrix itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<'a, T> {
    pub(crate) matrix: &'a Blocks<T>,
    pub(crate) support: Option<&'a [Support]>,
}

/// The matrix, transposed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transposed<'a, T> {
    pub(crate) matrix: &'a Blocks<T>,
    pub(crate) support: Option<&'a [Support]>,
}

/// What is multiplied: `C = A·B` with `A: [height, depth]` and `B: [depth, width]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<'a, T, L> {
    pub(crate) left: L,
    pub(crate) right: &'a Blocks<T>,
    pub(crate) height: usize,
    pub(crate) depth: usize,
    pub(crate) width: usize,
}

impl<T: Number, L: Left<T>> Product<'_, T, L> {
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
        let (depth, whole) = (self.depth.div_ceil(SIDE), self.depth / SIDE);
        for begin in (0..depth).step_by(near) {
            let depths = begin..(begin + near).min(depth);
            for (p, block) in out.iter_mut().enumerate() {
                let p = first + p;
                let rows = (self.height - SIDE * p).min(SIDE);
                if begin == 0 && (rows < SIDE || columns < SIDE) {
                    *block = zeros();
                }
                for top in (0..rows).step_by(ROWS) {
                    for column in (0..columns.div_ceil(lanes)).step_by(WIDTH) {
                        let zero = T::splat(simd, T::default());
                        let mut tile = [[zero; WIDTH]; ROWS];
                        if begin > 0 {
                            let place = rows_from::<T, ROWS>(block, top);
                            for r in 0..ROWS {
                                tile[r] = load::<T, S>(&place[r], column);
                            }
                        }
                        let at = |k| Place { p, top, k, column };
                        for k in depths.start..depths.end.min(whole) {
                            let right = &self.right.at(k, panel);
                            tile = self.left.add_block(simd, tile, at(k), right);
                        }
                        if depths.end > whole {
                            let right = &self.right.at(whole, panel);
                            let right = &right[..self.depth - SIDE * whole];
                            tile = self.left.add_rest(simd, tile, at(whole), right);
                        }
                        let place = block[top..top + ROWS].first_chunk_mut::<ROWS>();
                        let place = place.expect("a tile has this many rows");
                        for r in 0..ROWS {
                            let row =
                                &mut T::vectors_mut::<S>(&mut place[r])[column..column + WIDTH];
                            [row[0], row[1]] = tile[r];
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn rows_from<T, const ROWS: usize>(rows: &[Row<T>; SIDE], top: usize) -> &[Row<T>; ROWS] {
    let rows = rows[top..top + ROWS].first_chunk();
    rows.expect("a tile has this many rows")
}

#[inline(always)]
fn load<T: Number, S: Simd>(row: &Row<T>, column: usize) -> [T::Vector<S>; WIDTH] {
    let row = &T::vectors::<S>(row)[column..column + WIDTH];
    [row[0], row[1]]
}

impl<T: Number> Left<T> for Plain<'_, T> {
    #[inline(always)]
    fn add_block<S: Simd, const ROWS: usize>(
        self,
        simd: S,
        mut tile: Tile<T, S, ROWS>,
        Place { p, top, k, column }: Place,
        right: &[Row<T>; SIDE],
    ) -> Tile<T, S, ROWS> {
        let left = rows_from::<T, ROWS>(self.matrix.at(p, k), top);
        let numbers = |k: usize| left.each_ref().map(|row| row[k]);
        let support = self.support.map(|all| &all[self.matrix.place(p, k)]);
        match support.map(|of_block| of_block.columns_of_rows::<ROWS>(top)) {
            Some(support) if support.count_ones() <= SPARSE => {
                add_support(simd, tile, (support, numbers), right, column)
            }
            _ => {
                for (k, right) in right.as_chunks::<UNROLLED>().0.iter().enumerate() {
                    for (step, right) in right.iter().enumerate() {
                        let numbers = numbers(UNROLLED * k + step);
                        tile = rank_one(simd, tile, numbers, load::<T, S>(right, column));
                    }
                }
                tile
            }
        }
    }

    #[inline(always)]
    fn add_rest<S: Simd, const ROWS: usize>(
        self,
        simd: S,
        mut tile: Tile<T, S, ROWS>,
        Place { p, top, k, column }: Place,
        right: &[Row<T>],
    ) -> Tile<T, S, ROWS> {
        let left = rows_from::<T, ROWS>(self.matrix.at(p, k), top);
        for (k, right) in right.iter().enumerate() {
            let numbers = left.each_ref().map(|row| row[k]);
            tile = rank_one(simd, tile, numbers, load::<T, S>(right, column));
        }
        tile
    }
}

impl<T: Number> Left<T> for Transposed<'_, T> {
    #[inline(always)]
    fn add_block<S: Simd, const ROWS: usize>(
        self,
        simd: S,
        mut tile: Tile<T, S, ROWS>,
        Place { p, top, k, column }: Place,
        right: &[Row<T>; SIDE],
    ) -> Tile<T, S, ROWS> {
        let left = self.matrix.at(k, p);
        let support = self.support.map(|all| &all[self.matrix.place(k, p)]);
        match support.map(|of_block| of_block.rows_of_columns::<ROWS>(top)) {
            Some(support) if support.count_ones() <= SPARSE => {
                let numbers = |k: usize| numbers(&left[k], top);
                add_support(simd, tile, (support, numbers), right, column)
            }
            _ => {
                let left = left.as_chunks::<UNROLLED>().0;
                let right = right.as_chunks::<UNROLLED>().0;
                for (left, right) in left.iter().zip(right) {
                    for (left, right) in left.iter().zip(right) {
                        let row = load::<T, S>(right, column);
                        tile = rank_one(simd, tile, numbers(left, top), row);
                    }
                }
                tile
            }
        }
    }

    #[inline(always)]
    fn add_rest<S: Simd, const ROWS: usize>(
        self,
        simd: S,
        mut tile: Tile<T, S, ROWS>,
        Place { p, top, k, column }: Place,
        right: &[Row<T>],
    ) -> Tile<T, S, ROWS> {
        for (left, right) in self.matrix.at(k, p).iter().zip(right) {
            tile = rank_one(simd, tile, numbers(left, top), load::<T, S>(right, column));
        }
        tile
    }
}

#[inline(always)]
fn numbers<T: Number, const ROWS: usize>(row: &Row<T>, top: usize) -> [T; ROWS] {
    let numbers = row[top..top + ROWS].first_chunk();
    *numbers.expect("a tile has this many rows")
}

/// Adds the terms of a block's sum at which the left factor is not 0. The others would add 0.
///
/// ```text
/// tile_rj ← tile_rj + Σ_k numbers(k)_r right_kj        k in the support, in order
/// ```
#[inline(always)]
fn add_support<T: Number, S: Simd, const ROWS: usize>(
    simd: S,
    mut tile: Tile<T, S, ROWS>,
    (mut support, numbers): (u32, impl Fn(usize) -> [T; ROWS]),
    right: &[Row<T>; SIDE],
    column: usize,
) -> Tile<T, S, ROWS> {
    while support != 0 {
        let k = support.trailing_zeros() as usize % SIDE;
        support &= support - 1;
        tile = rank_one(simd, tile, numbers(k), load::<T, S>(&right[k], column));
    }
    tile
}

/// ```text
/// tile_rj ← tile_rj + numbers_r row_j
/// ```
#[inline(always)]
fn rank_one<T: Number, S: Simd, const ROWS: usize>(
    simd: S,
    mut tile: Tile<T, S, ROWS>,
    numbers: [T; ROWS],
    row: [T::Vector<S>; WIDTH],
) -> Tile<T, S, ROWS> {
    for r in 0..ROWS {
        let number = T::splat(simd, numbers[r]);
        for c in 0..WIDTH {
            tile[r][c] = T::mul_add(simd, number, row[c], tile[r][c]);
        }
    }
    tile
}
