//! Outputs that are sums over some of the inputs' elements: sliding windows, resized images.

use std::array;

use super::array::{DualArray, count, place};
use super::dual::Dual;

/// A term of a sum: `out[o] += factor · x[i]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) out: usize,
    pub(crate) x: usize,
    pub(crate) factor: f64,
}

/// The array of `shape` whose elements are sums of terms.
pub(crate) fn sum_of_terms(terms: &[Term], x: &DualArray, shape: &[usize]) -> DualArray {
    let mut out = vec![Dual::from(0.0); count(shape)];
    for term in terms {
        out[term.out] = out[term.out] + x.values[term.x] * term.factor;
    }
    DualArray::new(shape, out)
}

/// A term of a sum: `out[o] += x[i] · weight[w]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) out: usize,
    pub(crate) x: usize,
    pub(crate) weight: usize,
}

/// The array of `shape` whose elements are sums of products.
pub(crate) fn sum_of_products(
    terms: &[Product],
    x: &DualArray,
    weight: &DualArray,
    shape: &[usize],
) -> DualArray {
    let mut out = vec![Dual::from(0.0); count(shape)];
    for term in terms {
        out[term.out] = out[term.out] + x.values[term.x] * weight.values[term.weight];
    }
    DualArray::new(shape, out)
}

/// A kernel that slides over a padded grid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlidingWindow<const N: usize> {
    pub(crate) grid: [usize; N],
    pub(crate) kernel: [usize; N],
    pub(crate) stride: [usize; N],
    pub(crate) dilation: [usize; N],
    /// Cells added before and after, for each dimension.
    pub(crate) padding: [(usize, usize); N],
    /// Whether a last window may reach over the end.
    pub(crate) ceil: bool,
}

/// One cell of the kernel in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    pub(crate) window: usize,
    pub(crate) tap: usize,
    /// The cell of the grid; `None` in the padding.
    pub(crate) cell: Option<usize>,
    /// Whether it is also beyond the padding: only in a window that extends past the end.
    pub(crate) is_outside: bool,
}

impl<const N: usize> SlidingWindow<N> {
    /// A kernel with stride 1 and dilation 1, over a grid without padding.
    pub(crate) fn new(grid: [usize; N], kernel: [usize; N]) -> Self {
        Self {
            grid,
            kernel,
            stride: [1; N],
            dilation: [1; N],
            padding: [(0, 0); N],
            ceil: false,
        }
    }

    pub(crate) fn stride(self, stride: [usize; N]) -> Self {
        Self { stride, ..self }
    }

    pub(crate) fn dilation(self, dilation: [usize; N]) -> Self {
        Self { dilation, ..self }
    }

    pub(crate) fn padding(self, padding: [(usize, usize); N]) -> Self {
        Self { padding, ..self }
    }

    pub(crate) fn ceil(self) -> Self {
        Self { ceil: true, ..self }
    }

    /// The number of windows in each dimension. A window that reaches over the end must start before
    /// the padding at that end.
    pub(crate) fn windows(&self) -> [usize; N] {
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
    pub(crate) fn taps(&self) -> Vec<Tap> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Kernel 3 by 2 over 0 [1 2 3 4] 0, the last window reaching one cell over the end.
    #[test]
    fn taps_lie_on_cells_in_the_padding_or_outside() {
        let window = SlidingWindow::new([4], [3]).stride([2]).padding([(1, 1)]);
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
        let window = SlidingWindow::new([3], [2])
            .stride([2])
            .padding([(1, 1)])
            .ceil();
        assert_eq!(window.windows(), [2]);
    }

    #[test]
    fn the_last_dimension_is_the_fastest() {
        let taps = SlidingWindow::new([2, 3], [2, 2]).taps();
        let second: Vec<_> = taps[4..].iter().map(|tap| tap.cell).collect();
        assert_eq!(second, [Some(1), Some(2), Some(4), Some(5)]);
    }
}
