//! A step by plain loops, for nets so small that most of each block is empty: the exclusive or.

use layers::Dropout;

use crate::activation;
use crate::architecture::Architecture;
use crate::batch::Batch;
use crate::blocks::{Block, SIDE, zeros};
use crate::dropout::{self, Kept};
use crate::number::Number;
use crate::parameters::{Parts, Values, part};
use crate::update::Update;

/// The most multiplications forward that plain loops are faster at, if a row is longer than a vector.
const PRODUCTS: usize = 512;

/// Numbers of a row up to which it is one vector: the exclusive or's rows are. Loops of a fixed length have
/// no beginning and no end to take care of, which would cost more than their work.
const SHORT: usize = 8;

/// The memory of a step.
#[derive(Debug)]
pub(crate) struct Tiny<T> {
    /// A block for each layer, of which the first is the input.
    z: Vec<Block<T>>,
    /// Their masks, if there is dropout.
    kept: Vec<Kept>,
    /// Whether no layer has more than [`SHORT`] units.
    is_short: bool,
}

impl<T: Number> Tiny<T> {
    /// `None` for a net that is too large. It does not depend on the rows of a batch, which may be few at
    /// the end of an epoch: one run takes one path.
    pub(crate) fn new(sizes: &[usize], rows_at_most: usize) -> Option<Self> {
        let products = |sizes: &[usize]| rows_at_most * sizes[0] * sizes[1];
        let is_short = sizes.iter().all(|&size| size <= SHORT);
        let is_small = sizes.iter().all(|&size| size <= SIDE)
            && sizes.windows(2).map(products).sum::<usize>() <= PRODUCTS;
        (rows_at_most <= SIDE && (is_short || is_small)).then(|| Self {
            z: vec![zeros(); sizes.len()],
            kept: vec![[0; SIDE]; sizes.len()],
            is_short,
        })
    }

    /// The loss of a batch, without a ridge term; writes the gradients.
    pub(crate) fn gradients(
        &mut self,
        net: &Architecture,
        theta: &[Values<T>],
        gradients: &mut [Values<T>],
        batch: Batch<'_, T>,
        dropout: Dropout,
    ) -> T {
        if self.is_short {
            self.by_vectors::<SHORT>(net, theta, gradients, batch, dropout)
        } else {
            self.by_vectors::<SIDE>(net, theta, gradients, batch, dropout)
        }
    }

    /// The same in rows of `LANES` numbers, at least as many as there are units. Those beyond a layer's units
    /// come from zeros in its weights and biases, and are read by nobody.
    ///
    /// ```text
    /// z_0 = x∘m_0/(1 - p_0)    a_l = z_(l-1)·w_l + 1b_lᵀ    z_l = f_l(a_l)∘m_l/(1 - p)    δa_L from the loss
    /// δw_l = z_(l-1)ᵀ·δa_l + γ w_l                          δb_l = Σ_rows δa_l
    /// δa_(l-1) = f_(l-1)'(a_(l-1))∘(δa_l·w_lᵀ)∘m_(l-1)/(1 - p)
    /// ```
    ///
    /// `δa_l` takes the place of `z_l`.
    #[inline(always)]
    fn by_vectors<const LANES: usize>(
        &mut self,
        net: &Architecture,
        theta: &[Values<T>],
        gradients: &mut [Values<T>],
        Batch {
            inputs,
            targets,
            rows,
            of,
        }: Batch<'_, T>,
        dropout: Dropout,
    ) -> T {
        let last = theta.len() - 1;
        let scale = |layer| T::from_f64(dropout.scale(layer));
        for (row, z) in self.z[0][..rows].iter_mut().enumerate() {
            inputs.read(row, net.sizes[0], 0..net.sizes[0], z);
        }
        if dropout.drops(0) {
            let kept = dropout::kept(&dropout, 0, [0, 0]);
            dropout::apply(&kept, scale(0), &mut self.z[0][..rows]);
        }
        for (l, Values { weights, biases }) in theta.iter().enumerate() {
            let (d_in, d_out) = (weights.rows, weights.columns);
            let w = &weights.blocks[0][..d_in];
            let (before, after) = self.z.split_at_mut(l + 1);
            for (z, a) in before[l][..rows].iter().zip(&mut after[0]) {
                let mut sum = *lanes::<T, LANES>(biases);
                for (&z, w) in z.iter().zip(w) {
                    add_multiple(&mut sum, z, lanes(w));
                }
                if let Some(&f) = net.hidden.get(l) {
                    activation::forward(f, &mut sum[..d_out]);
                }
                *lanes_mut(a) = sum;
            }
            let layer = l + 1;
            if layer <= last && dropout.drops(layer) {
                self.kept[layer] = dropout::kept(&dropout, layer, [0, 0]);
                dropout::apply(&self.kept[layer], scale(layer), &mut after[0][..rows]);
            }
        }
        let c = T::from_f64(net.output.factor(of));
        let mut loss = T::default();
        let mut y = [T::default(); SIDE];
        let y = &mut y[..net.outputs()];
        for (row, a) in self.z[last + 1][..rows].iter_mut().enumerate() {
            targets.write(row, y);
            loss += net.output.row(&mut a[..y.len()], y, c);
        }
        let ridge = T::from_f64(net.ridge(rows));
        for l in (0..=last).rev() {
            let Values { weights, .. } = &theta[l];
            let (d_in, d_out) = (weights.rows, weights.columns);
            let (before, after) = self.z.split_at_mut(l + 1);
            let (z, delta) = (&mut before[l][..rows], &after[0][..rows]);
            let w = &weights.blocks[0][..d_in];
            let grad_w = &mut gradients[l].weights.blocks[0][..d_in];
            for (grad_w, w) in grad_w.iter_mut().zip(w) {
                *lanes_mut::<T, LANES>(grad_w) = lanes::<T, LANES>(w).map(|w| ridge * w);
            }
            let mut grad_b = [T::default(); LANES];
            for ((z, delta), &kept) in z.iter_mut().zip(delta).zip(&self.kept[l]) {
                let delta: &[T; LANES] = lanes(delta);
                add_multiple(&mut grad_b, T::from_f64(1.0), delta);
                for (&z, grad_w) in z.iter().zip(&mut *grad_w) {
                    add_multiple(lanes_mut(grad_w), z, delta);
                }
                if l > 0 {
                    let mut grad_z = [T::default(); LANES];
                    let delta = &delta[..d_out];
                    for (grad_z, w) in grad_z.iter_mut().zip(w) {
                        *grad_z = w.iter().zip(delta).map(|(&w, &delta)| delta * w).sum();
                    }
                    let (z, grad_z) = (&mut z[..d_in], &mut grad_z[..d_in]);
                    if dropout.drops(l) {
                        dropout::undo(&dropout, l, z);
                        dropout::apply_to_row(kept, scale(l), grad_z);
                    }
                    activation::backward(net.hidden[l - 1], z, grad_z);
                    z.copy_from_slice(grad_z);
                }
            }
            *lanes_mut(&mut gradients[l].biases) = grad_b;
        }
        loss
    }
}

/// The first numbers of a row.
#[inline(always)]
fn lanes<T, const LANES: usize>(row: &[T]) -> &[T; LANES] {
    row.first_chunk().expect("a row has as many as a block")
}

/// The first numbers of a row.
#[inline(always)]
fn lanes_mut<T, const LANES: usize>(row: &mut [T]) -> &mut [T; LANES] {
    row.first_chunk_mut().expect("a row has as many as a block")
}

/// ```text
/// to ← to + z row
/// ```
#[inline(always)]
fn add_multiple<T: Number, const LANES: usize>(to: &mut [T; LANES], z: T, row: &[T; LANES]) {
    to.iter_mut().zip(row).for_each(|(to, &x)| *to += z * x);
}

/// Changes the biases, and the weights of the layers whose block is named, by gradients that were kept.
pub(crate) fn apply<T: Number>(
    theta: &mut [Values<T>],
    gradients: &[Values<T>],
    [first, second]: &mut [Vec<Values<T>>; 2],
    (update, parts): (Update<T>, Option<&Parts>),
) {
    let (mut first, mut second) = (first.iter_mut(), second.iter_mut());
    for (layer, (theta, gradient)) in theta.iter_mut().zip(gradients).enumerate() {
        let (mut first, mut second) = (first.next(), second.next());
        let rows = theta.weights.rows;
        let from = if part(parts, layer, &theta.weights).is_empty() {
            rows
        } else {
            0
        };
        for i in from..=rows {
            let first = first.as_mut().map_or(&mut [][..], |values| values.row(i));
            let second = second.as_mut().map_or(&mut [][..], |values| values.row(i));
            update.apply(theta.row(i), gradient.row_ref(i), first, second);
        }
    }
}

impl<T: Number> Values<T> {
    /// The weights of an input of a layer of one block, or, after them, its biases.
    fn row(&mut self, i: usize) -> &mut [T] {
        let columns = self.weights.columns;
        match self.weights.blocks[0][..self.weights.rows].get_mut(i) {
            Some(row) => &mut row[..columns],
            None => &mut self.biases[..columns],
        }
    }

    fn row_ref(&self, i: usize) -> &[T] {
        let columns = self.weights.columns;
        match self.weights.blocks[0][..self.weights.rows].get(i) {
            Some(row) => &row[..columns],
            None => &self.biases[..columns],
        }
    }
}
