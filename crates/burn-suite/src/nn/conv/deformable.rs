//! Deformable convolutions.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::DeformConv2dConfig;

use crate::operation::{Operation, layer};
use crate::witness::{Formula, argument, count};

pub(super) fn deform_conv2d() -> Operation {
    let check =
        |layer: Operation, name: &str, size: usize, config: DeformConv2dConfig, has_mask| {
            let offsets = 2 * config.offset_groups * count(&config.kernel_size);
            let mut inputs = vec![
                argument("x", &[1, 2, size, size]),
                argument("offset", &[1, offsets, 3, 3]).within(0.1, 0.9),
            ];
            if has_mask {
                inputs.push(argument("mask", &[1, offsets / 2, 3, 3]));
            }
            layer.drawn(name, |case| {
                Formula::unknown(inputs).witness(case).module(
                    move |device| config.init(device),
                    move |layer, v| {
                        let mask = has_mask.then(|| v.get("mask"));
                        layer.forward(v.get("x"), v.get("offset"), mask)
                    },
                )
            })
        };
    let layer = layer("nn::DeformConv2d")
        .note("offsets drawn between the points of the grid, where it is smooth");
    let config = || DeformConv2dConfig::new([2, 2], [2, 2]);
    let layer = check(layer, "[1, 2, 4, 4] kernel 2", 4, config(), true);
    let plain = config().with_bias(false).with_weight_groups(2);
    let name = "[1, 2, 4, 4] 2 groups of weights, without mask and bias";
    let layer = check(layer, name, 4, plain, false);
    let groups = config()
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .with_offset_groups(2);
    let name = "[1, 2, 2, 2] padding 1, 2 groups of offsets";
    check(layer, name, 2, groups, true)
}
