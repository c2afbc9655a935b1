//! Convolutions and transposed convolutions, with every kind of padding.

mod deformable;
mod forward;
mod transposed;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::operation::Operation;
use crate::witness::{
    DualArray, Formula, Product, SlidingWindow, argument, count, parameter, sum_of_products,
};

pub(super) fn operations() -> Vec<Operation> {
    let mut all = forward::operations();
    all.extend(transposed::operations());
    all.push(deformable::deform_conv2d());
    all
}

/// A convolution, from which both Burn's layer and the formula are made. A transposed one is the
/// adjoint: its windows slide over the output.
#[derive(Clone, Copy, Debug)]
struct Conv<const N: usize> {
    batch: usize,
    channels: [usize; 2],
    groups: usize,
    bias: bool,
    transposed: bool,
    window: SlidingWindow<N>,
}

impl<const N: usize> Conv<N> {
    fn new(batch: usize, channels: [usize; 2], window: SlidingWindow<N>) -> Self {
        Self {
            batch,
            channels,
            groups: 1,
            bias: true,
            transposed: false,
            window,
        }
    }

    fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    fn without_bias(self) -> Self {
        Self {
            bias: false,
            ..self
        }
    }

    fn transposed(self) -> Self {
        Self {
            transposed: true,
            ..self
        }
    }

    /// The padding on both sides, and how much longer the output of a transposed convolution is.
    fn paddings(&self) -> ([usize; N], [usize; N]) {
        let before = self.window.padding.map(|(before, _)| before);
        let windows = self.window.windows();
        let more = std::array::from_fn(|d| {
            let reach = self.window.dilation[d] * (self.window.kernel[d] - 1) + 1;
            let least = (windows[d] - 1) * self.window.stride[d] + reach;
            self.window.grid[d] + 2 * before[d] - least
        });
        (before, more)
    }

    /// The shape of `x`, for `R = N + 2`.
    fn x_shape<const R: usize>(&self) -> [usize; R] {
        let grid = if self.transposed {
            self.window.windows()
        } else {
            self.window.grid
        };
        shape(self.batch, self.channels[0], &grid)
    }

    fn grid_after(&self) -> [usize; N] {
        if self.transposed {
            self.window.grid
        } else {
            self.window.windows()
        }
    }

    /// The shape of the weights; their rows are the channels on the windows' side.
    fn weight_shape<const R: usize>(&self) -> [usize; R] {
        let [windows, cells] = self.sides();
        shape(windows, cells / self.groups, &self.window.kernel)
    }

    /// The numbers of channels on the windows' side and on the cells' side.
    fn sides(&self) -> [usize; 2] {
        let [input, output] = self.channels;
        if self.transposed {
            [input, output]
        } else {
            [output, input]
        }
    }

    fn terms(&self) -> Vec<Product> {
        let (windows, cells) = (count(&self.window.windows()), count(&self.window.grid));
        let taps = self.window.taps();
        let (taps_of_one, [rows, columns]) = (count(&self.window.kernel), self.sides());
        let columns_of_group = columns / self.groups;
        let mut terms = Vec::new();
        for number in 0..self.batch * rows * columns_of_group {
            let column = number % columns_of_group;
            let row = number / columns_of_group % rows;
            let item = number / columns_of_group / rows;
            let first_column = row / (rows / self.groups) * columns_of_group;
            for tap in &taps {
                let Some(cell) = tap.cell else { continue };
                let on_windows = (item * rows + row) * windows + tap.window;
                let on_cells = (item * columns + first_column + column) * cells + cell;
                let weight = (row * columns_of_group + column) * taps_of_one + tap.tap;
                let (out, x) = if self.transposed {
                    (on_cells, on_windows)
                } else {
                    (on_windows, on_cells)
                };
                terms.push(Product { out, x, weight });
            }
        }
        terms
    }

    /// The output: sums of products, and the bias of each channel.
    fn formula<const R: usize>(self) -> Formula {
        let mut inputs = vec![
            argument("x", &self.x_shape::<R>()),
            parameter("weight", &self.weight_shape::<R>()),
        ];
        if self.bias {
            inputs.push(parameter("bias", &self.channels[1..]));
        }
        let out: [usize; R] = shape(self.batch, self.channels[1], &self.grid_after());
        let terms = self.terms();
        Formula::new(inputs, move |of| {
            let products = sum_of_products(&terms, of.get("x"), of.get("weight"), &out);
            let Some(bias) = of.find("bias") else {
                return products;
            };
            DualArray::by_index(out, |at| products.at(at) + bias.values[at[1]])
        })
    }

    /// Adds a check of this convolution; `build` makes Burn's layer.
    fn add<const R: usize, M: Module + 'static>(
        self,
        layer: Operation,
        name: &str,
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, Tensor<R>) -> Tensor<R> + Send + Sync + 'static,
    ) -> Operation {
        let formula = self.formula::<R>();
        layer.drawn(name, |case| {
            let case = formula.witness(case);
            case.module(build, move |layer, v| forward(layer, v.get("x")))
        })
    }
}

fn shape<const R: usize>(first: usize, second: usize, rest: &[usize]) -> [usize; R] {
    let shape = [&[first, second], rest].concat();
    shape.try_into().expect("two dimensions more than the grid")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (1 2 3) with the kernel (10 1), by hand: out = (12, 23), grad = (1, 5).
    #[test]
    fn a_convolution_multiplies_each_window() {
        let conv = Conv::new(1, [1, 1], SlidingWindow::new([3], [2])).without_bias();
        let numbers = |shape, values: &[f64]| {
            DualArray::new(shape, values.iter().copied().map(Into::into).collect())
        };
        let x = numbers(vec![1, 1, 3], &[1.0, 2.0, 3.0]);
        let weight = numbers(vec![1, 1, 2], &[10.0, 1.0]);
        let out = sum_of_products(&conv.terms(), &x, &weight, &[1, 1, 2]);
        let out: Vec<f64> = out.values.iter().map(|number| number.value).collect();
        assert_eq!(out, [12.0, 23.0]);
    }

    #[test]
    fn the_output_padding_of_a_transposed_convolution_follows_from_its_shape() {
        let window = SlidingWindow::new([8], [3]).stride([2]).padding([(1, 1)]);
        let conv = Conv::new(2, [3, 2], window).transposed();
        assert_eq!(conv.x_shape::<3>(), [2, 3, 4]);
        assert_eq!(conv.paddings(), ([1], [1]));
    }
}
