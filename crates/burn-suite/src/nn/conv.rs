//! Convolutions and transposed convolutions, with every kind of padding.

use burn::module::Module;
use burn::nn::conv::{
    Conv1dConfig, Conv2dConfig, Conv3dConfig, ConvTranspose1dConfig, ConvTranspose2dConfig,
    ConvTranspose3dConfig, DeformConv2dConfig,
};
use burn::nn::{PaddingConfig1d, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::{Device, Tensor};
use burn_gradcheck::{Gradients, Sample, Upstream, Values};

use super::Layer;
use super::witness::{Product, Window, count, pull_back_products, sum_by_channel};
use crate::host::host;
use crate::operation::Operation;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        conv1d().done(),
        conv2d().done(),
        conv3d().done(),
        conv_transpose1d().done(),
        conv_transpose2d().done(),
        conv_transpose3d().done(),
        deform_conv2d().done(),
    ]
}

/// A convolution, of which both Burn's layer and the witness are made. A transposed one is the
/// adjoint: its windows slide over the output.
#[derive(Clone, Copy, Debug)]
struct Conv<const N: usize> {
    batch: usize,
    channels: [usize; 2],
    groups: usize,
    bias: bool,
    transposed: bool,
    window: Window<N>,
}

impl<const N: usize> Conv<N> {
    fn new(batch: usize, channels: [usize; 2], window: Window<N>) -> Self {
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

    /// Padding on both sides alike, and what the output of a transposed convolution has more.
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
        let grid = match self.transposed {
            true => self.window.windows(),
            false => self.window.grid,
        };
        shape(self.batch, self.channels[0], &grid)
    }

    /// The shape of the weights: by rows the channels of the windows' side.
    fn weight_shape<const R: usize>(&self) -> [usize; R] {
        let [windows, cells] = self.sides();
        shape(windows, cells / self.groups, &self.window.kernel)
    }

    /// Channels on the side of the windows and on that of the cells.
    fn sides(&self) -> [usize; 2] {
        let [input, output] = self.channels;
        match self.transposed {
            true => [input, output],
            false => [output, input],
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
                let (out, x) = match self.transposed {
                    true => (on_cells, on_windows),
                    false => (on_windows, on_cells),
                };
                terms.push(Product { out, x, weight });
            }
        }
        terms
    }

    fn gradients<const R: usize>(&self, v: &Values, grad_out: &Upstream) -> Gradients {
        let grad_out = host(grad_out.get::<R>(0));
        let (x, weight) = (host(v.get::<R>("x")), host(v.get::<R>("weight")));
        let (grad_x, grad_weight) = pull_back_products(&self.terms(), &grad_out, &x, &weight);
        let grads = Gradients::new()
            .with("x", v.tensor(self.x_shape::<R>(), &grad_x))
            .with("weight", v.tensor(self.weight_shape::<R>(), &grad_weight));
        if !self.bias {
            return grads;
        }
        let channels = self.channels[1];
        let length = grad_out.len() / self.batch / channels;
        let grad_bias = sum_by_channel(&grad_out, channels, length);
        grads.with("bias", v.tensor([channels], &grad_bias))
    }

    /// Adds the check of this convolution, where `build` makes Burn's.
    fn add<const R: usize, M: Module + 'static>(
        self,
        layer: Layer,
        name: &str,
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, Tensor<R>) -> Tensor<R> + Send + Sync + 'static,
    ) -> Layer {
        layer.with(name, |case| {
            case.input("x", self.x_shape::<R>())
                .module(build, move |layer, v| forward(layer, v.get("x")))
                .vjp(move |v, grad_out| self.gradients::<R>(v, grad_out))
        })
    }
}

fn shape<const R: usize>(first: usize, second: usize, rest: &[usize]) -> [usize; R] {
    let shape = [&[first, second], rest].concat();
    shape.try_into().expect("two dimensions more than the grid")
}

fn conv1d() -> Layer {
    let add = |layer: Layer, name: &str, padding: PaddingConfig1d, conv: Conv<1>| {
        let [d_in, d_out] = conv.channels;
        let window = conv.window;
        let config = Conv1dConfig::new(d_in, d_out, window.kernel[0])
            .with_stride(window.stride[0])
            .with_dilation(window.dilation[0])
            .with_groups(conv.groups)
            .with_bias(conv.bias)
            .with_padding(padding);
        let build = move |device: &Device| config.init(device);
        conv.add(layer, name, build, |layer, x| layer.forward(x))
    };
    let checks = [
        (
            "[2, 3, 7] kernel 3",
            PaddingConfig1d::Valid,
            Conv::new(2, [3, 4], Window::new([7], [3])),
        ),
        (
            "[1, 2, 8] same, kernel 3, stride 2",
            PaddingConfig1d::Same,
            Conv::new(
                1,
                [2, 3],
                Window::new([8], [3]).stride([2]).padding([(0, 1)]),
            ),
        ),
        (
            "[2, 2, 5] same, kernel 4, 2 groups",
            PaddingConfig1d::Same,
            Conv::new(2, [2, 4], Window::new([5], [4]).padding([(1, 2)])).groups(2),
        ),
        (
            "[1, 2, 6] padding 2 and 0, dilation 2, without bias",
            PaddingConfig1d::Explicit(2, 0),
            Conv::new(
                1,
                [2, 3],
                Window::new([6], [3]).dilation([2]).padding([(2, 0)]),
            )
            .without_bias(),
        ),
        (
            "[2, 4, 6] 2 groups, stride 3",
            PaddingConfig1d::Valid,
            Conv::new(2, [4, 2], Window::new([6], [2]).stride([3])).groups(2),
        ),
    ];
    checks
        .into_iter()
        .fold(Layer::new("nn::Conv1d"), |layer, (name, padding, conv)| {
            add(layer, name, padding, conv)
        })
}

fn conv2d() -> Layer {
    let add = |layer: Layer, name: &str, padding: PaddingConfig2d, conv: Conv<2>| {
        let window = conv.window;
        let config = Conv2dConfig::new(conv.channels, window.kernel)
            .with_stride(window.stride)
            .with_dilation(window.dilation)
            .with_groups(conv.groups)
            .with_bias(conv.bias)
            .with_padding(padding);
        let build = move |device: &Device| config.init(device);
        conv.add(layer, name, build, |layer, x| layer.forward(x))
    };
    let checks = [
        (
            "[2, 2, 4, 5] kernel 3 2",
            PaddingConfig2d::Valid,
            Conv::new(2, [2, 3], Window::new([4, 5], [3, 2])),
        ),
        (
            "[1, 2, 4, 5] same, kernel 3 2, stride 2 1",
            PaddingConfig2d::Same,
            Conv::new(
                1,
                [2, 2],
                Window::new([4, 5], [3, 2])
                    .stride([2, 1])
                    .padding([(0, 1), (0, 1)]),
            ),
        ),
        (
            "[1, 2, 3, 4] padding 1 0 and 2 1, dilation 2 1, 2 groups",
            PaddingConfig2d::Explicit(1, 0, 2, 1),
            Conv::new(
                1,
                [2, 4],
                Window::new([3, 4], [2, 2])
                    .dilation([2, 1])
                    .padding([(1, 2), (0, 1)]),
            )
            .groups(2),
        ),
        (
            "[1, 3, 4, 4] depthwise, rows left over, without bias",
            PaddingConfig2d::Valid,
            Conv::new(1, [3, 3], Window::new([4, 4], [3, 1]).stride([2, 3]))
                .groups(3)
                .without_bias(),
        ),
    ];
    checks
        .into_iter()
        .fold(Layer::new("nn::Conv2d"), |layer, (name, padding, conv)| {
            add(layer, name, padding, conv)
        })
}

fn conv3d() -> Layer {
    let add = |layer: Layer, name: &str, padding: PaddingConfig3d, conv: Conv<3>| {
        let window = conv.window;
        let config = Conv3dConfig::new(conv.channels, window.kernel)
            .with_stride(window.stride)
            .with_dilation(window.dilation)
            .with_groups(conv.groups)
            .with_bias(conv.bias)
            .with_padding(padding);
        let build = move |device: &Device| config.init(device);
        conv.add(layer, name, build, |layer, x| layer.forward(x))
    };
    let checks = [
        (
            "[1, 2, 3, 3, 4] kernel 2, stride 1 1 2",
            PaddingConfig3d::Valid,
            Conv::new(
                1,
                [2, 2],
                Window::new([3, 3, 4], [2, 2, 2]).stride([1, 1, 2]),
            ),
        ),
        (
            "[1, 1, 2, 2, 3] same, kernel 3 1 3",
            PaddingConfig3d::Same,
            Conv::new(
                1,
                [1, 2],
                Window::new([2, 2, 3], [3, 1, 3]).padding([(1, 1), (0, 0), (1, 1)]),
            ),
        ),
        (
            "[1, 2, 2, 3, 2] padding 1 0 1, dilation 2 1 1, 2 groups",
            PaddingConfig3d::Explicit(1, 0, 1),
            Conv::new(
                1,
                [2, 2],
                Window::new([2, 3, 2], [2, 2, 2])
                    .dilation([2, 1, 1])
                    .padding([(1, 1), (0, 0), (1, 1)]),
            )
            .groups(2),
        ),
        (
            "[1, 2, 4, 2, 4] 2 groups, stride 3 1 2, cells left over, without bias",
            PaddingConfig3d::Valid,
            Conv::new(
                1,
                [2, 2],
                Window::new([4, 2, 4], [2, 1, 1]).stride([3, 1, 2]),
            )
            .groups(2)
            .without_bias(),
        ),
    ];
    checks
        .into_iter()
        .fold(Layer::new("nn::Conv3d"), |layer, (name, padding, conv)| {
            add(layer, name, padding, conv)
        })
}

fn conv_transpose1d() -> Layer {
    let add = |layer: Layer, name: &str, conv: Conv<1>| {
        let conv = conv.transposed();
        let (window, (padding, more)) = (conv.window, conv.paddings());
        let config = ConvTranspose1dConfig::new(conv.channels, window.kernel[0])
            .with_stride(window.stride[0])
            .with_dilation(window.dilation[0])
            .with_groups(conv.groups)
            .with_bias(conv.bias)
            .with_padding(padding[0])
            .with_padding_out(more[0]);
        let build = move |device: &Device| config.init(device);
        conv.add(layer, name, build, |layer, x| layer.forward(x))
    };
    let checks = [
        (
            "[2, 3, 4] to 8, kernel 3, stride 2, padding 1",
            Conv::new(
                2,
                [3, 2],
                Window::new([8], [3]).stride([2]).padding([(1, 1)]),
            ),
        ),
        (
            "[1, 4, 3] to 6, 2 groups, stride 2",
            Conv::new(1, [4, 2], Window::new([6], [2]).stride([2])).groups(2),
        ),
        (
            "[1, 2, 3] to 8, 2 groups, stride 3, without bias",
            Conv::new(1, [2, 4], Window::new([8], [2]).stride([3]))
                .groups(2)
                .without_bias(),
        ),
        (
            "[1, 2, 3] to 5, dilation 2",
            Conv::new(1, [2, 1], Window::new([5], [2]).dilation([2])),
        ),
    ];
    let layer = Layer::new("nn::ConvTranspose1d");
    checks
        .into_iter()
        .fold(layer, |layer, (name, conv)| add(layer, name, conv))
}

fn conv_transpose2d() -> Layer {
    let add = |layer: Layer, name: &str, conv: Conv<2>| {
        let conv = conv.transposed();
        let (window, (padding, more)) = (conv.window, conv.paddings());
        let config = ConvTranspose2dConfig::new(conv.channels, window.kernel)
            .with_stride(window.stride)
            .with_dilation(window.dilation)
            .with_groups(conv.groups)
            .with_bias(conv.bias)
            .with_padding(padding)
            .with_padding_out(more);
        let build = move |device: &Device| config.init(device);
        conv.add(layer, name, build, |layer, x| layer.forward(x))
    };
    let checks = [
        (
            "[1, 2, 3, 2] to 7 2, kernel 2 3, stride 2 1, padding 0 1",
            Conv::new(
                1,
                [2, 3],
                Window::new([7, 2], [2, 3])
                    .stride([2, 1])
                    .padding([(0, 0), (1, 1)]),
            ),
        ),
        (
            "[2, 4, 2, 2] to 3 5, 2 groups, dilation 1 2, stride 1 2, without bias",
            Conv::new(
                2,
                [4, 2],
                Window::new([3, 5], [2, 2]).dilation([1, 2]).stride([1, 2]),
            )
            .groups(2)
            .without_bias(),
        ),
    ];
    let layer = Layer::new("nn::ConvTranspose2d");
    checks
        .into_iter()
        .fold(layer, |layer, (name, conv)| add(layer, name, conv))
}

fn conv_transpose3d() -> Layer {
    let add = |layer: Layer, name: &str, conv: Conv<3>| {
        let conv = conv.transposed();
        let (window, (padding, more)) = (conv.window, conv.paddings());
        let config = ConvTranspose3dConfig::new(conv.channels, window.kernel)
            .with_stride(window.stride)
            .with_dilation(window.dilation)
            .with_groups(conv.groups)
            .with_bias(conv.bias)
            .with_padding(padding)
            .with_padding_out(more);
        let build = move |device: &Device| config.init(device);
        conv.add(layer, name, build, |layer, x| layer.forward(x))
    };
    let checks = [
        (
            "[1, 2, 2, 2, 2] to 3 3 3, kernel 2, stride 1 2 1, padding 0 1 0",
            Conv::new(
                1,
                [2, 2],
                Window::new([3, 3, 3], [2, 2, 2])
                    .stride([1, 2, 1])
                    .padding([(0, 0), (1, 1), (0, 0)]),
            ),
        ),
        (
            "[1, 2, 2, 1, 2] to 4 2 4, 2 groups, dilation 2 1 1, stride 1 1 2, without bias",
            Conv::new(
                1,
                [2, 2],
                Window::new([4, 2, 4], [2, 2, 2])
                    .dilation([2, 1, 1])
                    .stride([1, 1, 2]),
            )
            .groups(2)
            .without_bias(),
        ),
    ];
    let layer = Layer::new("nn::ConvTranspose3d");
    checks
        .into_iter()
        .fold(layer, |layer, (name, conv)| add(layer, name, conv))
}

fn deform_conv2d() -> Layer {
    let add = |layer: Layer, name: &str, size: usize, config: DeformConv2dConfig, has_mask| {
        let offsets = 2 * config.offset_groups * count(&config.kernel_size);
        layer.with(name, |case| {
            let between_the_points = Sample::Within {
                low: 0.1,
                high: 0.9,
            };
            let case = case.input("x", [1, 2, size, size]);
            let case = case.input_from("offset", [1, offsets, 3, 3], between_the_points);
            let case = match has_mask {
                true => case.input("mask", [1, offsets / 2, 3, 3]),
                false => case,
            };
            case.module(
                move |device| config.init(device),
                move |layer, v| {
                    let mask = has_mask.then(|| v.get("mask"));
                    layer.forward(v.get("x"), v.get("offset"), mask)
                },
            )
        })
    };
    let layer = Layer::new("nn::DeformConv2d")
        .note("offsets drawn between the points of the grid, where it is smooth");
    let config = || DeformConv2dConfig::new([2, 2], [2, 2]);
    let layer = add(layer, "[1, 2, 4, 4] kernel 2", 4, config(), true);
    let plain = config().with_bias(false).with_weight_groups(2);
    let layer = add(
        layer,
        "[1, 2, 4, 4] 2 groups of weights, without mask and bias",
        4,
        plain,
        false,
    );
    let groups = config()
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .with_offset_groups(2);
    add(
        layer,
        "[1, 2, 2, 2] padding 1, 2 groups of offsets",
        2,
        groups,
        true,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (1 2 3) with the kernel (10 1), by hand: out = (12, 23), grad = (1, 5).
    #[test]
    fn the_witness_of_a_convolution_is_its_adjoint() {
        let terms = Conv::new(1, [1, 1], Window::new([3], [2])).terms();
        let (by_x, by_weight) =
            pull_back_products(&terms, &[1.0, 5.0], &[1.0, 2.0, 3.0], &[10.0, 1.0]);
        assert_eq!(by_x, [10.0, 51.0, 5.0]);
        assert_eq!(by_weight, [11.0, 17.0]);
    }

    #[test]
    fn what_a_transposed_convolution_adds_at_the_end_is_told_from_its_shape() {
        let window = Window::new([8], [3]).stride([2]).padding([(1, 1)]);
        let conv = Conv::new(2, [3, 2], window).transposed();
        assert_eq!(conv.x_shape::<3>(), [2, 3, 4]);
        assert_eq!(conv.paddings(), ([1], [1]));
    }
}
