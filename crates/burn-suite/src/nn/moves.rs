//! Layers that move elements: shuffled pixels, windows laid out in columns and added up again.

use burn::module::Module;
use burn::nn::{Fold4dConfig, PixelShuffleConfig, PixelUnshuffleConfig, Unfold4dConfig};
use burn::tensor::{Device, Tensor};

use crate::operation::{Operation, layer};
use crate::witness::{Formula, SlidingWindow, Tap, Term, argument, count, place, sum_of_terms};

pub(super) fn operations() -> Vec<Operation> {
    vec![pixel_shuffle(), pixel_unshuffle(), unfold4d(), fold4d()]
}

/// Adds a check of a layer from one shape to another, whose outputs are sums of `terms`.
fn add<const R: usize, const S: usize, M: Module + 'static>(
    layer: Operation,
    name: &str,
    (shape, out): ([usize; R], [usize; S]),
    terms: Vec<Term>,
    build: impl Fn(&Device) -> M + Send + Sync + 'static,
    forward: impl Fn(&M, Tensor<R>) -> Tensor<S> + Send + Sync + 'static,
) -> Operation {
    let formula = Formula::new([argument("x", &shape)], move |of| {
        sum_of_terms(&terms, of.get("x"), &out)
    });
    layer.drawn(name, |case| {
        let case = formula.witness(case);
        case.module(build, move |layer, v| forward(layer, v.get("x")))
    })
}

/// The adjoint: a term from `x` to `out` goes from `out` to `x`.
fn reversed(terms: Vec<Term>) -> Vec<Term> {
    let swap = |Term { out, x, factor }| Term {
        out: x,
        x: out,
        factor,
    };
    terms.into_iter().map(swap).collect()
}

/// From `[items, channels · factor², height, width]` to `[items, channels, height · factor, width · factor]`.
fn shuffle([items, channels, height, width]: [usize; 4], factor: usize) -> Vec<Term> {
    let outs = [items, channels, height * factor, width * factor];
    let term = |out: usize| {
        let [item, channel, row, column] = place(out, outs);
        let deep = (channel * factor + row % factor) * factor + column % factor;
        let deep = item * channels * factor * factor + deep;
        Term {
            out,
            x: (deep * height + row / factor) * width + column / factor,
            factor: 1.0,
        }
    };
    (0..count(&outs)).map(term).collect()
}

fn pixel_shuffle() -> Operation {
    add(
        layer("nn::PixelShuffle"),
        "[2, 8, 2, 3] by 2",
        ([2, 8, 2, 3], [2, 2, 4, 6]),
        shuffle([2, 2, 2, 3], 2),
        |_| PixelShuffleConfig::new(2).init(),
        |layer, x: Tensor<4>| layer.forward(x),
    )
}

fn pixel_unshuffle() -> Operation {
    add(
        layer("nn::PixelUnshuffle"),
        "[2, 2, 4, 6] by 2",
        ([2, 2, 4, 6], [2, 8, 2, 3]),
        reversed(shuffle([2, 2, 2, 3], 2)),
        |_| PixelUnshuffleConfig::new(2).init(),
        |layer, x: Tensor<4>| layer.forward(x),
    )
}

/// From `[items, channels, grid]` to `[items, channels · taps, windows]`.
fn unfold(items: usize, channels: usize, window: SlidingWindow<2>) -> Vec<Term> {
    let (cells, windows) = (count(&window.grid), count(&window.windows()));
    let taps = count(&window.kernel);
    let mut terms = Vec::new();
    for channel in 0..items * channels {
        let of_channel = |tap: Tap| {
            tap.cell.map(|cell| Term {
                out: (channel * taps + tap.tap) * windows + tap.window,
                x: channel * cells + cell,
                factor: 1.0,
            })
        };
        terms.extend(window.taps().into_iter().filter_map(of_channel));
    }
    terms
}

/// The shape of two items of two channels, a column for each window.
fn unfolded(window: &SlidingWindow<2>) -> [usize; 3] {
    [2, 2 * count(&window.kernel), count(&window.windows())]
}

/// Windows without and with padding and dilation: Burn computes them in two ways.
fn windows() -> [(&'static str, SlidingWindow<2>); 2] {
    [
        (
            "[2, 2, 3, 4] kernel 2 3, stride 1 1",
            SlidingWindow::new([3, 4], [2, 3]),
        ),
        (
            "[2, 2, 4, 3] kernel 2, stride 2 1, padding 1 0, dilation 1 2",
            SlidingWindow::new([4, 3], [2, 2])
                .stride([2, 1])
                .padding([(1, 1), (0, 0)])
                .dilation([1, 2]),
        ),
    ]
}

fn unfold4d() -> Operation {
    let layer = layer("nn::Unfold4d");
    windows().into_iter().fold(layer, |layer, (name, window)| {
        let config = Unfold4dConfig::new(window.kernel)
            .with_stride(window.stride)
            .with_padding(window.padding.map(|(before, _)| before))
            .with_dilation(window.dilation);
        let [height, width] = window.grid;
        add(
            layer,
            name,
            ([2, 2, height, width], unfolded(&window)),
            unfold(2, 2, window),
            move |_| config.init(),
            |layer, x: Tensor<4>| -> Tensor<3> { layer.forward(x) },
        )
    })
}

fn fold4d() -> Operation {
    let layer = layer("nn::Fold4d");
    windows().into_iter().fold(layer, |layer, (name, window)| {
        let config = Fold4dConfig::new(window.grid, window.kernel)
            .with_stride(window.stride)
            .with_padding(window.padding.map(|(before, _)| before))
            .with_dilation(window.dilation);
        let [height, width] = window.grid;
        add(
            layer,
            &format!("to {name}"),
            (unfolded(&window), [2, 2, height, width]),
            reversed(unfold(2, 2, window)),
            move |_| config.init(),
            |layer, x: Tensor<3>| -> Tensor<4> { layer.forward(x) },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four channels of one pixel become one channel of 2 x 2, row by row.
    #[test]
    fn channels_become_rows_and_columns() {
        let sources: Vec<_> = shuffle([1, 1, 1, 1], 2).iter().map(|term| term.x).collect();
        assert_eq!(sources, [0, 1, 2, 3]);
        let sources: Vec<_> = shuffle([1, 1, 1, 2], 2).iter().map(|term| term.x).collect();
        assert_eq!(sources, [0, 2, 1, 3, 4, 6, 5, 7]);
    }
}
