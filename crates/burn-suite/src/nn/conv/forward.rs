//! Convolutions in one, two and three dimensions.

use burn::nn::conv::{Conv1dConfig, Conv2dConfig, Conv3dConfig};
use burn::nn::{PaddingConfig1d, PaddingConfig2d, PaddingConfig3d};
use burn::tensor::Device;

use super::Conv;
use crate::operation::{Operation, layer};
use crate::witness::SlidingWindow;

pub(super) fn operations() -> Vec<Operation> {
    vec![conv1d(), conv2d(), conv3d()]
}

#[rustfmt::skip]
fn conv1d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig1d, conv: Conv<1>| {
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
        ("[2, 3, 7] kernel 3", PaddingConfig1d::Valid,
            Conv::new(2, [3, 4], SlidingWindow::new([7], [3]))),
        ("[1, 2, 8] same, kernel 3, stride 2", PaddingConfig1d::Same,
            Conv::new(1, [2, 3], SlidingWindow::new([8], [3]).stride([2]).padding([(0, 1)]))),
        ("[2, 2, 5] same, kernel 4, 2 groups", PaddingConfig1d::Same,
            Conv::new(2, [2, 4], SlidingWindow::new([5], [4]).padding([(1, 2)])).groups(2)),
        ("[1, 2, 6] padding 2 and 0, dilation 2, without bias", PaddingConfig1d::Explicit(2, 0),
            Conv::new(1, [2, 3], SlidingWindow::new([6],
                [3]).dilation([2]).padding([(2, 0)])).without_bias()),
        ("[2, 4, 6] 2 groups, stride 3", PaddingConfig1d::Valid,
            Conv::new(2, [4, 2], SlidingWindow::new([6], [2]).stride([3])).groups(2)),
    ];
    checks
        .into_iter()
        .fold(layer("nn::Conv1d"), |layer, (name, padding, conv)| {
            add(layer, name, padding, conv)
        })
}

#[rustfmt::skip]
fn conv2d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig2d, conv: Conv<2>| {
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
        ("[2, 2, 4, 5] kernel 3 2", PaddingConfig2d::Valid,
            Conv::new(2, [2, 3], SlidingWindow::new([4, 5], [3, 2]))),
        ("[1, 2, 4, 5] same, kernel 3 2, stride 2 1", PaddingConfig2d::Same,
            Conv::new(1, [2, 2], SlidingWindow::new([4, 5],
                [3, 2]).stride([2, 1]).padding([(0, 1), (0, 1)]))),
        ("[1, 2, 3, 4] padding 1 0 and 2 1, dilation 2 1, 2 groups",
            PaddingConfig2d::Explicit(1, 0, 2, 1),
            Conv::new(1, [2, 4], SlidingWindow::new([3, 4],
                [2, 2]).dilation([2, 1]).padding([(1, 2), (0, 1)])).groups(2)),
        ("[1, 3, 4, 4] depthwise, rows left over, without bias", PaddingConfig2d::Valid,
            Conv::new(1, [3, 3], SlidingWindow::new([4, 4],
                [3, 1]).stride([2, 3])).groups(3).without_bias()),
    ];
    checks
        .into_iter()
        .fold(layer("nn::Conv2d"), |layer, (name, padding, conv)| {
            add(layer, name, padding, conv)
        })
}

#[rustfmt::skip]
fn conv3d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig3d, conv: Conv<3>| {
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
        ("[1, 2, 3, 3, 4] kernel 2, stride 1 1 2", PaddingConfig3d::Valid,
            Conv::new(1, [2, 2], SlidingWindow::new([3, 3, 4], [2, 2, 2]).stride([1, 1, 2]))),
        ("[1, 1, 2, 2, 3] same, kernel 3 1 3", PaddingConfig3d::Same,
            Conv::new(1, [1, 2], SlidingWindow::new([2, 2, 3],
                [3, 1, 3]).padding([(1, 1), (0, 0), (1, 1)]))),
        ("[1, 2, 2, 3, 2] padding 1 0 1, dilation 2 1 1, 2 groups",
            PaddingConfig3d::Explicit(1, 0, 1),
            Conv::new(1, [2, 2], SlidingWindow::new([2, 3, 2],
                [2, 2, 2]).dilation([2, 1, 1]).padding([(1, 1), (0, 0), (1, 1)])).groups(2)),
        ("[1, 2, 4, 2, 4] 2 groups, stride 3 1 2, cells left over, without bias",
            PaddingConfig3d::Valid, Conv::new(1, [2, 2],
                SlidingWindow::new([4, 2, 4],
                [2, 1, 1]).stride([3, 1, 2])).groups(2).without_bias()),
    ];
    checks
        .into_iter()
        .fold(layer("nn::Conv3d"), |layer, (name, padding, conv)| {
            add(layer, name, padding, conv)
        })
}
