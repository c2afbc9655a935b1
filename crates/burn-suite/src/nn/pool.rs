//! Poolings, with every kind of padding.

use burn::module::Module;
use burn::nn::pool::{
    AdaptiveAvgPool1dConfig, AdaptiveAvgPool2dConfig, AdaptiveAvgPool3dConfig, AvgPool1dConfig,
    AvgPool2dConfig, MaxPool1dConfig, MaxPool2dConfig,
};
use burn::nn::{PaddingConfig1d, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use crate::operation::{Operation, layer};
use crate::witness::{
    DualArray, Formula, SlidingWindow, Tap, Term, argument, count, place, sum_of_terms,
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        avg_pool1d(),
        avg_pool2d(),
        max_pool1d(),
        max_pool2d(),
        adaptive_avg_pool1d(),
        adaptive_avg_pool2d(),
        adaptive_avg_pool3d(),
    ]
}

/// How a window becomes one number.
#[derive(Clone, Copy, Debug)]
enum Pooling {
    Max,
    /// The mean of the cells only.
    Mean,
    /// The mean of the cells and the padding, without what lies beyond.
    MeanWithPadding,
}

/// A pooling of two channels, from which both Burn's layer and the formula are made.
#[derive(Clone, Copy, Debug)]
struct Pool<const N: usize> {
    kind: Pooling,
    window: SlidingWindow<N>,
}

impl<const N: usize> Pool<N> {
    fn of(kind: Pooling, window: SlidingWindow<N>) -> Self {
        Self { kind, window }
    }

    /// The terms of the outputs. Those of maxima depend on the input.
    fn terms(&self, x: &DualArray) -> Vec<Term> {
        let x = &x.values;
        let (cells, windows) = (count(&self.window.grid), count(&self.window.windows()));
        let (taps, size) = (self.window.taps(), count(&self.window.kernel));
        let mut terms = Vec::new();
        for channel in 0..x.len() / cells {
            for (number, window) in taps.chunks_exact(size).enumerate() {
                let of_cell = |cell: usize, factor: f64| Term {
                    out: channel * windows + number,
                    x: channel * cells + cell,
                    factor,
                };
                let inside = window.iter().filter_map(|tap| tap.cell);
                let size = match self.kind {
                    Pooling::Max => {
                        let value = |cell: &usize| x[channel * cells + cell].value;
                        let largest = inside.max_by(|a, b| value(a).total_cmp(&value(b)));
                        terms.extend(largest.map(|cell| of_cell(cell, 1.0)));
                        continue;
                    }
                    Pooling::Mean => inside.clone().count(),
                    Pooling::MeanWithPadding => {
                        let is_counted = |tap: &&Tap| !tap.is_outside;
                        window.iter().filter(is_counted).count()
                    }
                };
                terms.extend(inside.map(|cell| of_cell(cell, 1.0 / size as f64)));
            }
        }
        terms
    }

    /// Adds a check of this pooling; `build` makes Burn's layer.
    fn add<const R: usize, M: Module + 'static>(
        self,
        layer: Operation,
        name: &str,
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, Tensor<R>) -> Tensor<R> + Send + Sync + 'static,
    ) -> Operation {
        let grids = [self.window.grid, self.window.windows()];
        let shapes = grids.map(|grid| of_two_channels(&grid));
        let terms = move |x: &DualArray| self.terms(x);
        add(layer, name, shapes, build, forward, terms)
    }
}

/// Adds a check of a pooling from `shape` to `out`, whose outputs are sums of `terms`.
fn add<const R: usize, M: Module + 'static>(
    layer: Operation,
    name: &str,
    [shape, out]: [[usize; R]; 2],
    build: impl Fn(&Device) -> M + Send + Sync + 'static,
    forward: impl Fn(&M, Tensor<R>) -> Tensor<R> + Send + Sync + 'static,
    terms: impl Fn(&DualArray) -> Vec<Term> + Send + Sync + 'static,
) -> Operation {
    let formula = Formula::new([argument("x", &shape)], move |of| {
        let x = of.get("x");
        sum_of_terms(&terms(x), x, &out)
    });
    layer.drawn(name, |case| {
        let case = formula.witness(case);
        case.module(build, move |pool, v| forward(pool, v.get("x")))
    })
}

/// One item of two channels.
fn of_two_channels<const R: usize>(grid: &[usize]) -> [usize; R] {
    let shape = [&[1, 2], grid].concat();
    shape.try_into().expect("two dimensions more than the grid")
}

#[rustfmt::skip]
fn avg_pool1d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig1d, pool: Pool<1>| {
        let window = pool.window;
        let config = AvgPool1dConfig::new(window.kernel[0])
            .with_stride(window.stride[0])
            .with_padding(padding)
            .with_count_include_pad(matches!(pool.kind, Pooling::MeanWithPadding))
            .with_ceil_mode(window.ceil);
        let build = move |_: &Device| config.init();
        pool.add(layer, name, build, |pool, x: Tensor<3>| pool.forward(x))
    };
    let checks = [
        ("[1, 2, 7] 3 by 2", PaddingConfig1d::Valid,
            Pool::of(Pooling::MeanWithPadding, SlidingWindow::new([7], [3]).stride([2]))),
        ("[1, 2, 6] same, 2 by 1", PaddingConfig1d::Same,
            Pool::of(Pooling::MeanWithPadding, SlidingWindow::new([6], [2]).padding([(0, 1)]))),
        ("[1, 2, 6] padding 2 and 1, not counted", PaddingConfig1d::Explicit(2, 1),
            Pool::of(Pooling::Mean, SlidingWindow::new([6], [3]).stride([2]).padding([(2, 1)]))),
        ("[1, 2, 6] padding 1, ceiling", PaddingConfig1d::Explicit(1, 1),
            Pool::of(Pooling::MeanWithPadding,
                SlidingWindow::new([6], [3]).stride([2]).padding([(1, 1)]).ceil())),
    ];
    checks
        .into_iter()
        .fold(layer("nn::AvgPool1d"), |layer, (name, padding, pool)| {
            add(layer, name, padding, pool)
        })
}

#[rustfmt::skip]
fn avg_pool2d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig2d, pool: Pool<2>| {
        let window = pool.window;
        let config = AvgPool2dConfig::new(window.kernel)
            .with_strides(window.stride)
            .with_padding(padding)
            .with_count_include_pad(matches!(pool.kind, Pooling::MeanWithPadding))
            .with_ceil_mode(window.ceil);
        let build = move |_: &Device| config.init();
        pool.add(layer, name, build, |pool, x: Tensor<4>| pool.forward(x))
    };
    let checks = [
        ("[1, 2, 5, 4] 2 3 by 2 1", PaddingConfig2d::Valid,
            Pool::of(Pooling::MeanWithPadding, SlidingWindow::new([5, 4], [2, 3]).stride([2, 1]))),
        ("[1, 2, 4, 3] same, 2 3 by 1", PaddingConfig2d::Same,
            Pool::of(Pooling::MeanWithPadding,
                SlidingWindow::new([4, 3], [2, 3]).padding([(0, 1), (1, 1)]))),
        ("[1, 2, 4, 3] padding 1 0 and 0 1, not counted", PaddingConfig2d::Explicit(1, 0, 0, 1),
            Pool::of(Pooling::Mean, SlidingWindow::new([4, 3], [2, 2]).padding([(1, 0), (0, 1)]))),
        ("[1, 2, 4, 5] padding 1, not counted, ceiling", PaddingConfig2d::Explicit(1, 1, 1, 1),
            Pool::of(Pooling::Mean, SlidingWindow::new([4, 5],
                [3, 2]).stride([2, 2]).padding([(1, 1), (1, 1)]).ceil())),
        ("[1, 2, 4, 5] padding 1, ceiling", PaddingConfig2d::Explicit(1, 1, 1, 1),
            Pool::of(Pooling::MeanWithPadding,
                SlidingWindow::new([4, 5], [3, 2]).stride([2, 2]).padding([(1, 1),
                (1, 1)]).ceil())),
    ];
    checks
        .into_iter()
        .fold(layer("nn::AvgPool2d"), |layer, (name, padding, pool)| {
            add(layer, name, padding, pool)
        })
}

#[rustfmt::skip]
fn max_pool1d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig1d, window: SlidingWindow<1>| {
        let config = MaxPool1dConfig::new(window.kernel[0])
            .with_stride(window.stride[0])
            .with_dilation(window.dilation[0])
            .with_padding(padding)
            .with_ceil_mode(window.ceil);
        let build = move |_: &Device| config.init();
        let pool = Pool::of(Pooling::Max, window);
        pool.add(layer, name, build, |pool, x: Tensor<3>| pool.forward(x))
    };
    let checks = [
        ("[1, 2, 7] 3 by 1, dilation 2", PaddingConfig1d::Valid,
            SlidingWindow::new([7], [3]).dilation([2])),
        ("[1, 2, 7] same, 4 by 2", PaddingConfig1d::Same,
            SlidingWindow::new([7], [4]).stride([2]).padding([(1, 2)])),
        ("[1, 2, 6] padding 0 and 2, ceiling", PaddingConfig1d::Explicit(0, 2),
            SlidingWindow::new([6], [3]).stride([2]).padding([(0, 2)]).ceil()),
    ];
    checks
        .into_iter()
        .fold(layer("nn::MaxPool1d"), |layer, (name, padding, window)| {
            add(layer, name, padding, window)
        })
}

#[rustfmt::skip]
fn max_pool2d() -> Operation {
    let add = |layer: Operation, name: &str, padding: PaddingConfig2d, window: SlidingWindow<2>| {
        let config = MaxPool2dConfig::new(window.kernel)
            .with_strides(window.stride)
            .with_dilation(window.dilation)
            .with_padding(padding)
            .with_ceil_mode(window.ceil);
        let build = move |_: &Device| config.init();
        let pool = Pool::of(Pooling::Max, window);
        pool.add(layer, name, build, |pool, x: Tensor<4>| pool.forward(x))
    };
    let checks = [
        ("[1, 2, 5, 4] 2 3 by 1", PaddingConfig2d::Valid, SlidingWindow::new([5, 4], [2, 3])),
        ("[1, 2, 4, 3] same, 2 2 by 1", PaddingConfig2d::Same,
            SlidingWindow::new([4, 3], [2, 2]).padding([(0, 1), (0, 1)])),
        ("[1, 2, 4, 3] padding 1 0 and 0 1, dilation 2 1", PaddingConfig2d::Explicit(1, 0, 0, 1),
            SlidingWindow::new([4, 3], [2, 2]).dilation([2, 1]).padding([(1, 0), (0, 1)])),
        ("[1, 2, 5, 5] padding 1, 2 2 by 2, ceiling", PaddingConfig2d::Explicit(1, 1, 1, 1),
            SlidingWindow::new([5, 5], [2, 2]).stride([2, 2]).padding([(1, 1), (1, 1)]).ceil()),
    ];
    checks
        .into_iter()
        .fold(layer("nn::MaxPool2d"), |layer, (name, padding, window)| {
            add(layer, name, padding, window)
        })
}

/// Means of parts of nearly equal size: part i of n reaches from ⌊i·size/n⌋ to ⌈(i+1)·size/n⌉.
fn parts<const N: usize>(grid: [usize; N], out: [usize; N], channels: usize) -> Vec<Term> {
    let (cells, outs) = (count(&grid), count(&out));
    let mut terms = Vec::new();
    for (output, cell) in (0..outs).flat_map(|o| (0..cells).map(move |c| (o, c))) {
        let (part, at) = (place(output, out), place(cell, grid));
        let range = |d: usize| {
            let end = ((part[d] + 1) * grid[d]).div_ceil(out[d]);
            part[d] * grid[d] / out[d]..end
        };
        if (0..N).all(|d| range(d).contains(&at[d])) {
            let size: usize = (0..N).map(|d| range(d).len()).product();
            terms.extend((0..channels).map(|channel| Term {
                out: channel * outs + output,
                x: channel * cells + cell,
                factor: 1.0 / size as f64,
            }));
        }
    }
    terms
}

fn adaptive_avg_pool1d() -> Operation {
    let check = |layer: Operation, name: &str, size: usize, out: usize| {
        let build = move |_: &Device| AdaptiveAvgPool1dConfig::new(out).init();
        let shapes = [size, out].map(|size| of_two_channels::<3>(&[size]));
        let terms = move |_: &DualArray| parts([size], [out], 2);
        add(layer, name, shapes, build, |pool, x| pool.forward(x), terms)
    };
    let layer = check(layer("nn::AdaptiveAvgPool1d"), "[1, 2, 7] to 3", 7, 3);
    check(layer, "[1, 2, 3] to 5", 3, 5)
}

fn adaptive_avg_pool2d() -> Operation {
    let check = |layer: Operation, name: &str, size: [usize; 2], out: [usize; 2]| {
        let build = move |_: &Device| AdaptiveAvgPool2dConfig::new(out).init();
        let shapes = [size, out].map(|size| of_two_channels::<4>(&size));
        let terms = move |_: &DualArray| parts(size, out, 2);
        add(layer, name, shapes, build, |pool, x| pool.forward(x), terms)
    };
    let layer = layer("nn::AdaptiveAvgPool2d");
    let layer = check(layer, "[1, 2, 5, 4] to 2 3", [5, 4], [2, 3]);
    check(layer, "[1, 2, 2, 3] to 3 1", [2, 3], [3, 1])
}

fn adaptive_avg_pool3d() -> Operation {
    let (size, out) = ([3, 4, 2], [2, 3, 1]);
    let build = move |_: &Device| AdaptiveAvgPool3dConfig::new(out).init();
    let shapes = [size, out].map(|size| of_two_channels::<5>(&size));
    let terms = move |_: &DualArray| parts(size, out, 2);
    let layer = layer("nn::AdaptiveAvgPool3d");
    let name = "[1, 2, 3, 4, 2] to 2 3 1";
    add(layer, name, shapes, build, |pool, x| pool.forward(x), terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maximum_is_one_cell_and_a_mean_all() {
        let window = SlidingWindow::new([3], [2]);
        let x = DualArray::vector([1.0, 3.0, 2.0].map(Into::into).to_vec());
        let cells = |terms: Vec<Term>| terms.iter().map(|term| term.x).collect::<Vec<_>>();
        assert_eq!(cells(Pool::of(Pooling::Max, window).terms(&x)), [1, 1]);
        assert_eq!(
            cells(Pool::of(Pooling::Mean, window).terms(&x)),
            [0, 1, 1, 2]
        );
    }

    #[test]
    fn padding_counts_if_asked_and_cells_beyond_it_never_do() {
        let window = SlidingWindow::new([2], [3])
            .stride([2])
            .padding([(1, 1)])
            .ceil();
        let x = DualArray::vector([1.0, 2.0].map(Into::into).to_vec());
        let first = |kind| Pool::of(kind, window).terms(&x)[0].factor;
        assert_eq!(first(Pooling::Mean), 1.0 / 2.0);
        assert_eq!(first(Pooling::MeanWithPadding), 1.0 / 3.0);
    }

    /// Two parts of three cells share the middle one.
    #[test]
    fn parts_overlap_where_the_size_is_not_a_multiple() {
        let cells: Vec<_> = parts([3], [2], 1).iter().map(|term| term.x).collect();
        assert_eq!(cells, [0, 1, 1, 2]);
    }
}
