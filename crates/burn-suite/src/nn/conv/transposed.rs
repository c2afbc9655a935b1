//! Transposed convolutions in one, two and three dimensions.

use burn::nn::conv::{ConvTranspose1dConfig, ConvTranspose2dConfig, ConvTranspose3dConfig};
use burn::tensor::Device;

use super::Conv;
use crate::operation::{Operation, layer};
use crate::witness::SlidingWindow;

pub(super) fn operations() -> Vec<Operation> {
    vec![conv_transpose1d(), conv_transpose2d(), conv_transpose3d()]
}

#[rustfmt::skip]
fn conv_transpose1d() -> Operation {
    let add = |layer: Operation, name: &str, conv: Conv<1>| {
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
        ("[2, 3, 4] to 8, kernel 3, stride 2, padding 1",
            Conv::new(2, [3, 2], SlidingWindow::new([8], [3]).stride([2]).padding([(1, 1)]))),
        ("[1, 4, 3] to 6, 2 groups, stride 2",
            Conv::new(1, [4, 2], SlidingWindow::new([6], [2]).stride([2])).groups(2)),
        ("[1, 2, 3] to 8, 2 groups, stride 3, without bias",
            Conv::new(1, [2, 4], SlidingWindow::new([8],
                [2]).stride([3])).groups(2).without_bias()),
        ("[1, 2, 3] to 5, dilation 2", Conv::new(1, [2, 1],
                SlidingWindow::new([5], [2]).dilation([2]))),
    ];
    let layer = layer("nn::ConvTranspose1d");
    checks
        .into_iter()
        .fold(layer, |layer, (name, conv)| add(layer, name, conv))
}

#[rustfmt::skip]
fn conv_transpose2d() -> Operation {
    let add = |layer: Operation, name: &str, conv: Conv<2>| {
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
        ("[1, 2, 3, 2] to 7 2, kernel 2 3, stride 2 1, padding 0 1",
            Conv::new(1, [2, 3], SlidingWindow::new([7, 2],
                [2, 3]).stride([2, 1]).padding([(0, 0), (1, 1)]))),
        ("[2, 4, 2, 2] to 3 5, 2 groups, dilation 1 2, stride 1 2, without bias",
            Conv::new(2, [4, 2], SlidingWindow::new([3, 5],
                [2, 2]).dilation([1, 2]).stride([1, 2])).groups(2).without_bias()),
    ];
    let layer = layer("nn::ConvTranspose2d");
    checks
        .into_iter()
        .fold(layer, |layer, (name, conv)| add(layer, name, conv))
}

#[rustfmt::skip]
fn conv_transpose3d() -> Operation {
    let add = |layer: Operation, name: &str, conv: Conv<3>| {
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
        ("[1, 2, 2, 2, 2] to 3 3 3, kernel 2, stride 1 2 1, padding 0 1 0",
            Conv::new(1, [2, 2], SlidingWindow::new([3, 3, 3],
                [2, 2, 2]).stride([1, 2, 1]).padding([(0, 0), (1, 1), (0, 0)]))),
        ("[1, 2, 2, 1, 2] to 4 2 4, 2 groups, dilation 2 1 1, stride 1 1 2, without bias",
            Conv::new(1, [2, 2], SlidingWindow::new([4, 2, 4],
                [2, 2, 2]).dilation([2, 1, 1]).stride([1, 1, 2])).groups(2).without_bias()),
    ];
    let layer = layer("nn::ConvTranspose3d");
    checks
        .into_iter()
        .fold(layer, |layer, (name, conv)| add(layer, name, conv))
}
