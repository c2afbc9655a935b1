//! The phases of a step. Each computes a range of a matrix's blocks; threads share the ranges.
//!
//! ```text
//! gather    z_0 = x∘m_0/(1 - p_0)                                    m = 1 and p = 0 without dropout
//! forward   z_l = f_l(z_(l-1)·w_l + 1b_lᵀ)∘m_l/(1 - p)             hidden layers
//! output    a_L = z_(L-1)·w_L + 1b_Lᵀ, the loss, δa_L
//! backward  δa_(l-1) = f'(a_(l-1))∘(δa_l·w_lᵀ)∘m_(l-1)/(1 - p)    as (w_l·δa_lᵀ)ᵀ
//! gradient  δw_l = z_(l-1)ᵀ·δa_l, and w_l ← w_l - α rule(δw_l)
//! ```

use std::ops::Range;

use layers::{Activation, Dropout};
use pulp::{Simd, WithSimd};

use crate::activation;
use crate::architecture::Output;
use crate::batch::{Inputs, Targets};
use crate::blocks::{Block, Blocks, SIDE, Scratch, transpose, zeros};
use crate::dropout::{self, Kept};
use crate::number::Number;
use crate::product::{HEIGHT, Plain, Product, Transposed};
use crate::support::Support;
use crate::team::{Groups, Optional};
use crate::update::Update;

/// Walks over `length` blocks from `start` of a matrix with `run` blocks a panel, of which `used` are in
/// use: calls `work` with a panel, the first block in it, and the blocks' places in the range. As many
/// panels as possible pass by before the rows change, so that the product's left factor stays near.
#[inline(always)]
fn walk(
    start: usize,
    length: usize,
    [run, used]: [usize; 2],
    mut work: impl FnMut(usize, usize, Range<usize>),
) {
    let end = start + length;
    for top in (0..used).step_by(HEIGHT) {
        let bottom = (top + HEIGHT).min(used);
        for panel in start / run..end.div_ceil(run) {
            let from = start.max(panel * run + top);
            let to = end.min(panel * run + bottom);
            if from < to {
                work(panel, from - panel * run, from - start..to - start);
            }
        }
    }
}

/// Numbers that are converted in one loop: with fewer, the compiler writes no vectors.
const NUMBERS: usize = 8 * SIDE;

/// Copies the rows of a batch: bytes become numbers on the way, and some of them are left out if there is dropout.
///
/// ```text
/// x = byte / 255        z_0 = x∘m_0/(1 - p_0)
/// ```
pub(crate) struct Gather<'a, T> {
    pub(crate) inputs: Inputs<'a, T>,
    pub(crate) dropout: Dropout,
    pub(crate) width: usize,
    pub(crate) rows: usize,
    pub(crate) start: usize,
    /// Blocks of `x`, strip by strip.
    pub(crate) x: &'a mut [Block<T>],
    /// Where these blocks are not 0.
    pub(crate) support: &'a mut [Support],
}

impl<T: Number> WithSimd for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let wide = self.width.div_ceil(SIDE);
        let mut start = self.start;
        let (mut rest, mut rest_of_support) = (self.x, self.support);
        while !rest.is_empty() {
            // Some adjacent blocks of one strip.
            let (p, q) = (start / wide, start % wide);
            let count = rest.len().min(wide - q).min(NUMBERS / SIDE);
            let (blocks, after) = rest.split_at_mut(count);
            let (support, support_after) = rest_of_support.split_at_mut(count);
            let columns = SIDE * q..(SIDE * (q + count)).min(self.width);
            let rows = SIDE * p..(SIDE * p + SIDE).min(self.rows);
            for row in rows.clone() {
                let mut numbers = [T::default(); NUMBERS];
                let numbers = &mut numbers[..SIDE * count];
                self.inputs.read(row, self.width, columns.clone(), numbers);
                let parts = numbers.as_chunks::<SIDE>().0;
                for (block, part) in blocks.iter_mut().zip(parts) {
                    block[row % SIDE] = *part;
                }
            }
            if self.dropout.drops(0) {
                let scale = T::from_f64(self.dropout.scale(0));
                for (block, q) in blocks.iter_mut().zip(q..) {
                    let kept = dropout::kept(&self.dropout, 0, [p, q]);
                    dropout::apply(&kept, scale, &mut block[..rows.len()]);
                }
            }
            for (support, block) in support.iter_mut().zip(&*blocks) {
                *support = Support::of(block, rows.len());
            }
            (start, rest, rest_of_support) = (start + count, after, support_after);
        }
    }
}

/// A hidden layer.
///
/// ```text
/// z_l = f(z_(l-1)·w_l + 1b_lᵀ)∘m_l/(1 - p)
/// ```
pub(crate) struct Forward<'a, T> {
    pub(crate) f: Activation,
    pub(crate) dropout: Dropout,
    /// `l`.
    pub(crate) layer: usize,
    pub(crate) before: &'a Blocks<T>,
    /// Where `z_(l-1)` is not 0, if it is known.
    pub(crate) support: Option<&'a [Support]>,
    pub(crate) weights: &'a Blocks<T>,
    pub(crate) biases: &'a [T],
    pub(crate) rows: usize,
    /// Blocks of a panel of `z_l`.
    pub(crate) run: usize,
    pub(crate) start: usize,
    /// Blocks of `z_l`, panel by panel.
    pub(crate) z: &'a mut [Block<T>],
    /// Their masks, if there is dropout.
    pub(crate) kept: &'a mut [Kept],
}

impl<T: Number> WithSimd for Forward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let product = affine(self.before, self.support, self.weights, self.rows);
        let used = self.rows.div_ceil(SIDE);
        let scale = T::from_f64(self.dropout.scale(self.layer));
        walk(
            self.start,
            self.z.len(),
            [self.run, used],
            |panel, first, place| {
                let z = &mut self.z[place.clone()];
                product.blocks(simd, panel, first, z);
                let columns = (self.weights.columns - SIDE * panel).min(SIDE);
                let biases = &self.biases[SIDE * panel..SIDE * panel + SIDE];
                for (number, (block, kept)) in z.iter_mut().zip(&mut self.kept[place]).enumerate() {
                    for row in &mut *block {
                        row.iter_mut().zip(biases).for_each(|(a, &b)| *a += b);
                    }
                    if columns == SIDE {
                        activation::forward(self.f, block.as_flattened_mut());
                    } else {
                        for row in &mut *block {
                            activation::forward(self.f, &mut row[..columns]);
                        }
                    }
                    if self.dropout.drops(self.layer) {
                        *kept = dropout::kept(&self.dropout, self.layer, [first + number, panel]);
                        dropout::apply(kept, scale, &mut block[..]);
                    }
                }
            },
        );
    }
}

fn affine<'a, T>(
    z: &'a Blocks<T>,
    support: Option<&'a [Support]>,
    weights: &'a Blocks<T>,
    rows: usize,
) -> Product<'a, T, Plain<'a, T>> {
    Product {
        left: Plain { matrix: z, support },
        right: weights,
        height: rows,
        depth: weights.rows,
        width: weights.columns,
    }
}

/// The output layer.
///
/// ```text
/// a_L = z_(L-1)·w_L + 1b_Lᵀ        L and δa_L as Output says
/// ```
pub(crate) struct Last<'a, T> {
    pub(crate) output: Output,
    pub(crate) before: &'a Blocks<T>,
    /// Where `z_(L-1)` is not 0, if it is known.
    pub(crate) support: Option<&'a [Support]>,
    pub(crate) weights: &'a Blocks<T>,
    pub(crate) biases: &'a [T],
    pub(crate) targets: Targets<'a, T>,
    pub(crate) rows: usize,
    /// Of the sum of the rows' losses.
    pub(crate) factor: T,
    /// The first strip.
    pub(crate) start: usize,
    /// Blocks of `δa_L`, strip by strip.
    pub(crate) delta: Groups<'a, Block<T>>,
    /// Blocks of `δa_Lᵀ`, panel by panel.
    pub(crate) delta_t: Groups<'a, Block<T>>,
    /// For each strip, a row of `a` and one of `y`, and then the losses of its rows.
    pub(crate) memory: Groups<'a, T>,
}

impl<T: Number> WithSimd for Last<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let product = affine(self.before, self.support, self.weights, self.rows);
        let width = self.weights.columns;
        let strips = self.delta.slice.chunks_mut(self.delta.size);
        let strips_t = self.delta_t.slice.chunks_mut(self.delta_t.size);
        let memory = self.memory.slice.chunks_mut(self.memory.size);
        for (number, ((strip, strip_t), memory)) in strips.zip(strips_t).zip(memory).enumerate() {
            let p = self.start + number;
            for (panel, block) in strip.iter_mut().enumerate() {
                product.blocks(simd, panel, p, std::slice::from_mut(block));
            }
            let (a, memory) = memory.split_at_mut(width);
            let (y, losses) = memory.split_at_mut(width);
            for (row, loss) in (SIDE * p..self.rows).zip(losses) {
                let at = row % SIDE;
                for (j, a) in a.iter_mut().enumerate() {
                    *a = strip[j / SIDE][at][j % SIDE] + self.biases[j];
                }
                self.targets.write(row, y);
                *loss = self.output.row(a, y, self.factor);
                for (j, &a) in a.iter().enumerate() {
                    strip[j / SIDE][at][j % SIDE] = a;
                }
            }
            for (block, block_t) in strip.iter().zip(strip_t) {
                transpose(block, block_t);
            }
        }
    }
}

/// Back through the weights of a layer, and through dropout and activation before it.
///
/// ```text
/// δa_(l-1) = f'(a_(l-1))∘(δa_l·w_lᵀ)∘m_(l-1)/(1 - p)        with (δa_l·w_lᵀ)ᵀ = w_l·δa_lᵀ
/// ```
pub(crate) struct Backward<'a, T> {
    pub(crate) f: Activation,
    pub(crate) dropout: Dropout,
    /// `l - 1`.
    pub(crate) layer: usize,
    /// The masks of the blocks of `z_(l-1)`, if there is dropout.
    pub(crate) kept: &'a [Kept],
    pub(crate) weights: &'a Blocks<T>,
    /// `δa_lᵀ`.
    pub(crate) after_t: &'a Blocks<T>,
    /// `z_(l-1)`.
    pub(crate) z: &'a Blocks<T>,
    pub(crate) rows: usize,
    pub(crate) start: usize,
    /// Blocks of `δa_(l-1)ᵀ`, panel by panel.
    pub(crate) delta_t: &'a mut [Block<T>],
    /// Blocks of `δa_(l-1)`, strip by strip.
    pub(crate) delta: &'a mut [Block<T>],
    /// Whether `δa_(l-1)ᵀ` is used again.
    pub(crate) goes_on: bool,
}

impl<T: Number> WithSimd for Backward<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let product = Product {
            left: Plain {
                matrix: self.weights,
                support: None,
            },
            right: self.after_t,
            height: self.weights.rows,
            depth: self.weights.columns,
            width: self.rows,
        };
        let run = self.weights.rows.div_ceil(SIDE);
        let scale = T::from_f64(self.dropout.scale(self.layer));
        walk(
            self.start,
            self.delta.len(),
            [run, run],
            |panel, first, place| {
                product.blocks(simd, panel, first, &mut self.delta_t[place.clone()]);
                let blocks_t = self.delta_t[place.clone()].iter_mut();
                let blocks = self.delta[place].iter_mut();
                for (p, (block_t, block)) in blocks_t.zip(blocks).enumerate() {
                    transpose(block_t, block);
                    let place = self.z.place(panel, first + p);
                    let z = &self.z.blocks[place];
                    if self.dropout.drops(self.layer) {
                        let mut z = *z;
                        dropout::undo(&self.dropout, self.layer, z.as_flattened_mut());
                        dropout::apply(&self.kept[place], scale, &mut block[..]);
                        activation::backward(self.f, z.as_flattened(), block.as_flattened_mut());
                    } else {
                        activation::backward(self.f, z.as_flattened(), block.as_flattened_mut());
                    }
                    if self.goes_on {
                        transpose(block, block_t);
                    }
                }
            },
        );
    }
}

/// The product of a weight gradient.
///
/// ```text
/// δw_l = z_(l-1)ᵀ·δa_l + γ w_l        γ is 0 but for a ridge term
/// ```
pub(crate) struct WeightGradient<'a, T> {
    /// `z_(l-1)`.
    pub(crate) before: &'a Blocks<T>,
    /// Where `z_(l-1)` is not 0, if it is known.
    pub(crate) support: Option<&'a [Support]>,
    /// `δa_l`.
    pub(crate) delta: &'a Blocks<T>,
    pub(crate) rows: usize,
    pub(crate) ridge: T,
    pub(crate) start: usize,
}

impl<T: Number> WeightGradient<'_, T> {
    fn product(&self) -> Product<'_, T, Transposed<'_, T>> {
        Product {
            left: Transposed {
                matrix: self.before,
                support: self.support,
            },
            right: self.delta,
            height: self.before.columns,
            depth: self.rows,
            width: self.delta.columns,
        }
    }

    #[inline(always)]
    fn add_ridge(&self, weights: &[Block<T>], gradient: &mut [Block<T>]) {
        if self.ridge != T::default() {
            let gradient = gradient.as_flattened_mut().as_flattened_mut().iter_mut();
            let pairs = gradient.zip(weights.as_flattened().as_flattened());
            pairs.for_each(|(gradient, &w)| *gradient += w * self.ridge);
        }
    }
}

/// A weight gradient into memory.
pub(crate) struct Keep<'a, T> {
    pub(crate) gradient: WeightGradient<'a, T>,
    pub(crate) weights: &'a [Block<T>],
    pub(crate) kept: &'a mut [Block<T>],
}

impl<T: Number> WithSimd for Keep<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let product = self.gradient.product();
        let (run, start) = (product.height.div_ceil(SIDE), self.gradient.start);
        walk(start, self.kept.len(), [run, run], |panel, first, place| {
            let weights = &self.weights[start + place.start..start + place.end];
            let kept = &mut self.kept[place];
            product.blocks(simd, panel, first, kept);
            self.gradient.add_ridge(weights, kept);
        });
    }
}

/// A weight gradient that changes the weights while it is in the cache, and is dropped.
///
/// ```text
/// w_l ← w_l - α rule(δw_l)        for SGD: w_l ← w_l - α z_(l-1)ᵀ·δa_l
/// ```
pub(crate) struct Descend<'a, T> {
    pub(crate) gradient: WeightGradient<'a, T>,
    pub(crate) update: Update<T>,
    pub(crate) weights: &'a mut [Block<T>],
    pub(crate) first: Optional<'a, Block<T>>,
    pub(crate) second: Optional<'a, Block<T>>,
}

impl<T: Number> WithSimd for Descend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let product = self.gradient.product();
        let (run, start) = (product.height.div_ceil(SIDE), self.gradient.start);
        let mut scratch = Scratch([zeros(); HEIGHT]);
        walk(
            start,
            self.weights.len(),
            [run, run],
            |panel, first, place| {
                let scratch = &mut scratch.0[..place.len()];
                product.blocks(simd, panel, first, scratch);
                let weights = &mut self.weights[place.clone()];
                self.gradient.add_ridge(weights, scratch);
                let first = self.first.0.get_mut(place.clone()).unwrap_or_default();
                let second = self.second.0.get_mut(place).unwrap_or_default();
                apply(self.update, weights, scratch, first, second);
            },
        );
    }
}

/// The update by gradients in memory.
pub(crate) struct Apply<'a, T> {
    pub(crate) update: Update<T>,
    pub(crate) gradient: &'a [Block<T>],
    pub(crate) weights: &'a mut [Block<T>],
    pub(crate) first: Optional<'a, Block<T>>,
    pub(crate) second: Optional<'a, Block<T>>,
}

impl<T: Number> WithSimd for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (first, second) = (self.first.0, self.second.0);
        apply(self.update, self.weights, self.gradient, first, second);
    }
}

#[inline(always)]
fn apply<T: Number>(
    update: Update<T>,
    weights: &mut [Block<T>],
    gradient: &[Block<T>],
    first: &mut [Block<T>],
    second: &mut [Block<T>],
) {
    let [weights, first, second] =
        [weights, first, second].map(|blocks| blocks.as_flattened_mut().as_flattened_mut());
    let gradient = gradient.as_flattened().as_flattened();
    update.apply(weights, gradient, first, second);
}

/// The gradient of biases.
///
/// ```text
/// δb_l = Σ_rows δa_l
/// ```
pub(crate) struct BiasGradient<'a, T> {
    pub(crate) delta: &'a Blocks<T>,
    pub(crate) rows: usize,
    pub(crate) gradient: &'a mut [T],
}

impl<T: Number> WithSimd for BiasGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (q, sums) in self
            .gradient
            .as_chunks_mut::<SIDE>()
            .0
            .iter_mut()
            .enumerate()
        {
            let mut sum = [T::default(); SIDE];
            for top in (0..self.rows).step_by(SIDE) {
                let rows = (self.rows - top).min(SIDE);
                for row in &self.delta.at(top / SIDE, q)[..rows] {
                    sum.iter_mut()
                        .zip(row)
                        .for_each(|(sum, &delta)| *sum += delta);
                }
            }
            *sums = sum;
        }
    }
}
