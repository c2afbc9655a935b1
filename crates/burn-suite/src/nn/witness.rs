//! Gradients of layers on the host in f64, without a tensor operation.

use std::array;

/// A term of a sum: `out[o] += factor · x[i]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) out: usize,
    pub(super) x: usize,
    pub(super) factor: f64,
}

/// The gradient by `x`, of `len` elements, of sums of terms.
pub(super) fn pull_back(terms: &[Term], grad_out: &[f64], len: usize) -> Vec<f64> {
    let mut grad_x = vec![0.0; len];
    for term in terms {
        grad_x[term.x] += term.factor * grad_out[term.out];
    }
    grad_x
}

/// A term of a sum: `out[o] += x[i] · weight[w]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) out: usize,
    pub(super) x: usize,
    pub(super) weight: usize,
}

/// The gradients by `x` and by `weight` of sums of products.
pub(super) fn pull_back_products(
    terms: &[Product],
    grad_out: &[f64],
    x: &[f64],
    weight: &[f64],
) -> (Vec<f64>, Vec<f64>) {
    let (mut grad_x, mut grad_weight) = (vec![0.0; x.len()], vec![0.0; weight.len()]);
    for term in terms {
        grad_x[term.x] += grad_out[term.out] * weight[term.weight];
        grad_weight[term.weight] += grad_out[term.out] * x[term.x];
    }
    (grad_x, grad_weight)
}

/// The sums of a gradient's elements by channel, for elements in rows of `length` of one channel.
pub(super) fn sum_by_channel(grad: &[f64], channels: usize, length: usize) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    for (row, elements) in grad.chunks_exact(length).enumerate() {
        sums[row % channels] += elements.iter().sum::<f64>();
    }
    sums
}

/// A kernel that slides over a padded grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<const N: usize> {
    pub(super) grid: [usize; N],
    pub(super) kernel: [usize; N],
    pub(super) stride: [usize; N],
    pub(super) dilation: [usize; N],
    /// Cells added before and after, for each dimension.
    pub(super) padding: [(usize, usize); N],
    /// Whether a last window may reach over the end.
    pub(super) ceil: bool,
}

/// What one tap of the kernel meets in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tap {
    pub(super) window: usize,
    pub(super) tap: usize,
    /// The cell of the grid; `None` in the padding.
    pub(super) cell: Option<usize>,
    /// Whether it lies beyond the padding too, as only a window that reaches over the end has.
    pub(super) is_outside: bool,
}

impl<const N: usize> Window<N> {
    /// A kernel that moves by 1, without holes, over a grid without padding.
    pub(super) fn new(grid: [usize; N], kernel: [usize; N]) -> Self {
        Self {
            grid,
            kernel,
            stride: [1; N],
            dilation: [1; N],
            padding: [(0, 0); N],
            ceil: false,
        }
    }

    pub(super) fn stride(self, stride: [usize; N]) -> Self {
        Self { stride, ..self }
    }

    pub(super) fn dilation(self, dilation: [usize; N]) -> Self {
        Self { dilation, ..self }
    }

    pub(super) fn padding(self, padding: [(usize, usize); N]) -> Self {
        Self { padding, ..self }
    }

    pub(super) fn ceil(self) -> Self {
        Self { ceil: true, ..self }
    }

    /// The number of windows in each dimension. One that reaches over the end has to start before
    /// the padding there.
    pub(super) fn windows(&self) -> [usize; N] {
        array::from_fn(|d| {
            let (before, after) = self.padding[d];
            let reach = self.dilation[d] * (self.kernel[d] - 1) + 1;
            let span = self.grid[d] + before + after - reach;
            let whole = span / self.stride[d] + 1;
            let starts_inside = whole * self.stride[d] < self.grid[d] + before;
            let is_left_over = !span.is_multiple_of(self.stride[d]);
            let has_partial = self.ceil && is_left_over && starts_inside;
            whole + usize::from(has_partial)
        })
    }

    /// All taps of all windows.
    pub(super) fn taps(&self) -> Vec<Tap> {
        let (windows, taps) = (self.windows(), count(&self.kernel));
        let each = (0..count(&windows)).flat_map(|window| (0..taps).map(move |tap| (window, tap)));
        each.map(|(window, tap)| {
            let (at, offset) = (place(window, windows), place(tap, self.kernel));
            let padded: [usize; N] =
                array::from_fn(|d| at[d] * self.stride[d] + offset[d] * self.dilation[d]);
            let cell = (0..N).try_fold(0, |cell, d| {
                let inside = padded[d].checked_sub(self.padding[d].0)?;
                (inside < self.grid[d]).then_some(cell * self.grid[d] + inside)
            });
            let is_outside = (0..N).any(|d| {
                let (before, after) = self.padding[d];
                padded[d] >= before + self.grid[d] + after
            });
            Tap {
                window,
                tap,
                cell,
                is_outside,
            }
        })
        .collect()
    }
}

/// The number of elements of a shape.
pub(super) fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// The indices of an element by its number.
pub(super) fn place<const N: usize>(mut number: usize, shape: [usize; N]) -> [usize; N] {
    let mut indices = [0; N];
    for d in (0..N).rev() {
        indices[d] = number % shape[d];
        number /= shape[d];
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kernel 3 by 2 over 0 [1 2 3 4] 0, the last window reaching one cell over the end.
    #[test]
    fn taps_meet_cells_padding_and_nothing() {
        let window = Window::new([4], [3]).stride([2]).padding([(1, 1)]);
        assert_eq!(window.windows(), [2]);
        let window = window.ceil();
        assert_eq!(window.windows(), [3]);
        let cells: Vec<_> = window.taps().iter().map(|tap| tap.cell).collect();
        let (first, last) = (&cells[..3], &cells[6..]);
        assert_eq!(first, [None, Some(0), Some(1)]);
        assert_eq!(last, [Some(3), None, None]);
        let outside: Vec<_> = window.taps().iter().map(|tap| tap.is_outside).collect();
        assert_eq!(outside[6..], [false, false, true]);
    }

    #[test]
    fn a_window_that_would_start_in_the_padding_is_dropped() {
        let window = Window::new([3], [2]).stride([2]).padding([(1, 1)]).ceil();
        assert_eq!(window.windows(), [2]);
    }

    #[test]
    fn the_last_dimension_is_the_fastest() {
        let taps = Window::new([2, 3], [2, 2]).taps();
        let second: Vec<_> = taps[4..].iter().map(|tap| tap.cell).collect();
        assert_eq!(second, [Some(1), Some(2), Some(4), Some(5)]);
    }

    #[test]
    fn products_are_pulled_back_to_both_factors() {
        let terms = [
            Product {
                out: 0,
                x: 0,
                weight: 1,
            },
            Product {
                out: 0,
                x: 1,
                weight: 0,
            },
        ];
        let (by_x, by_weight) = pull_back_products(&terms, &[2.0], &[3.0, 5.0], &[7.0, 11.0]);
        assert_eq!(by_x, [22.0, 14.0]);
        assert_eq!(by_weight, [10.0, 6.0]);
    }
}
