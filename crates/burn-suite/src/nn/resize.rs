//! Interpolations, in every mode.

use burn::nn::interpolate::{Interpolate1dConfig, Interpolate2dConfig, InterpolateMode};
use burn::tensor::Tensor;

use crate::operation::{Operation, layer};
use crate::witness::{Formula, Term, argument, sum_of_terms};

#[rustfmt::skip]
pub(super) fn operations() -> Vec<Operation> {
    let modes = [
        ("nn::Interpolate1d, nearest", "nn::Interpolate2d, nearest", InterpolateMode::Nearest),
        ("nn::Interpolate1d, nearest exact", "nn::Interpolate2d, nearest exact",
            InterpolateMode::NearestExact),
        ("nn::Interpolate1d, linear", "nn::Interpolate2d, linear", InterpolateMode::Linear),
        ("nn::Interpolate1d, cubic", "nn::Interpolate2d, cubic", InterpolateMode::Cubic),
        ("nn::Interpolate1d, Lanczos", "nn::Interpolate2d, Lanczos", InterpolateMode::Lanczos),
    ];
    let both = modes.into_iter();
    both.flat_map(|(one, two, mode)| [one_dimension(one, &mode), two_dimensions(two, &mode)])
        .collect()
}

/// One dimension before and after.
#[derive(Clone, Copy, Debug)]
struct ResizedAxis {
    from: usize,
    to: usize,
    align_corners: bool,
}

/// Elements of the input, with their weights in an output.
type Weights = Vec<(usize, f64)>;

impl ResizedAxis {
    /// The position of an output among the inputs. Either the first and last pixels coincide, or the
    /// outer edges do.
    fn place(&self, out: usize) -> f64 {
        let (from, to, out) = (self.from as f64, self.to as f64, out as f64);
        if !self.align_corners {
            (out + 0.5) * from / to - 0.5
        } else if self.to == 1 {
            0.0
        } else {
            out * (from - 1.0) / (to - 1.0)
        }
    }

    /// The weights of output number `out`.
    fn weights(&self, mode: &InterpolateMode, out: usize) -> Weights {
        let last = self.from - 1;
        let at = self.place(out);
        match mode {
            InterpolateMode::Nearest => vec![(out * self.from / self.to, 1.0)],
            InterpolateMode::NearestExact => {
                vec![((2 * out + 1) * self.from / (2 * self.to), 1.0)]
            }
            InterpolateMode::Linear => {
                let at = at.clamp(0.0, last as f64);
                let low = at.floor();
                let first = low as usize;
                let part = at - low;
                vec![(first, 1.0 - part), ((first + 1).min(last), part)]
            }
            InterpolateMode::Cubic => around(at, 2, last)
                .map(|(element, distance)| (element, cubic(distance)))
                .collect(),
            InterpolateMode::Lanczos => {
                let low = at.floor() as isize;
                let taps = (low - 2..=low + 3).filter(|tap| (0..=last as isize).contains(tap));
                let weight = |tap: isize| (tap as usize, lanczos(at - tap as f64));
                let weights: Weights = taps.map(weight).collect();
                let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
                let scaled = weights.into_iter().map(|(tap, weight)| (tap, weight / sum));
                scaled.collect()
            }
        }
    }
}

/// The elements within `reach` of a position, with the end elements repeated beyond the ends.
fn around(at: f64, reach: isize, last: usize) -> impl Iterator<Item = (usize, f64)> {
    let low = at.floor() as isize;
    (low + 1 - reach..=low + reach).map(move |tap| {
        let element = tap.clamp(0, last as isize) as usize;
        (element, (at - tap as f64).abs())
    })
}

/// The kernel of cubic convolution with a = -3/4.
fn cubic(distance: f64) -> f64 {
    let (d, a) = (distance, -0.75);
    match d {
        d if d <= 1.0 => ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0,
        _ => ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a,
    }
}

/// sinc(x) sinc(x / 3) within 3 of 0.
fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| match x {
        0.0 => 1.0,
        x => (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x),
    };
    if x.abs() < 3.0 {
        sinc(x) * sinc(x / 3.0)
    } else {
        0.0
    }
}

/// The outputs of two channels, with products of the weights of both dimensions.
fn terms(mode: &InterpolateMode, [rows, columns]: [ResizedAxis; 2]) -> Vec<Term> {
    let mut terms = Vec::new();
    for number in 0..2 * rows.to * columns.to {
        let channel = number / (rows.to * columns.to);
        let (row, column) = (number / columns.to % rows.to, number % columns.to);
        for (down, by_row) in rows.weights(mode, row) {
            for (right, by_column) in columns.weights(mode, column) {
                terms.push(Term {
                    out: number,
                    x: (channel * rows.from + down) * columns.from + right,
                    factor: by_row * by_column,
                });
            }
        }
    }
    terms
}

/// Adds a check. Some backends lack the nearest exact mode, so its finite differences are those of
/// the formula.
fn add<const R: usize>(
    layer: Operation,
    name: &str,
    mode: InterpolateMode,
    axes: [ResizedAxis; 2],
    burn: impl Fn(Tensor<R>) -> Tensor<R> + Send + Sync + 'static,
) -> Operation {
    let shape = |rows: usize, columns: usize| -> [usize; R] {
        let shape = [1, 2, rows, columns];
        let shape: &[usize] = if R == 3 { &[1, 2, columns] } else { &shape };
        shape.try_into().expect("images of one or two dimensions")
    };
    let [rows, columns] = axes;
    let out = shape(rows.to, columns.to);
    let terms = terms(&mode, axes);
    let formula = Formula::new(
        [argument("x", &shape(rows.from, columns.from))],
        move |of| sum_of_terms(&terms, of.get("x"), &out),
    );
    let formula = match mode {
        InterpolateMode::NearestExact => formula.with_differences(),
        _ => formula,
    };
    layer.check(name, &formula, move |v| burn(v.get("x")))
}

fn one_dimension(name: &'static str, mode: &InterpolateMode) -> Operation {
    let check = |layer: Operation, name: &str, axis: ResizedAxis, config: Interpolate1dConfig| {
        let config = config
            .with_mode(mode.clone())
            .with_align_corners(axis.align_corners);
        let still = ResizedAxis {
            from: 1,
            to: 1,
            align_corners: axis.align_corners,
        };
        add::<3>(layer, name, mode.clone(), [still, axis], move |x| {
            config.clone().init().forward(x)
        })
    };
    let axis = |from, to, align_corners| ResizedAxis {
        from,
        to,
        align_corners,
    };
    let to = |size| Interpolate1dConfig::new().with_output_size(Some(size));
    let by = |factor| Interpolate1dConfig::new().with_scale_factor(Some(factor));
    let layer = layer(name);
    let layer = check(layer, "[1, 2, 4] to 7", axis(4, 7, true), to(7));
    let layer = check(layer, "[1, 2, 5] by 1.5", axis(5, 7, false), by(1.5));
    check(layer, "[1, 2, 6] to 4", axis(6, 4, false), to(4))
}

fn two_dimensions(name: &'static str, mode: &InterpolateMode) -> Operation {
    let check =
        |layer: Operation, name: &str, axes: [ResizedAxis; 2], config: Interpolate2dConfig| {
            let config = config
                .with_mode(mode.clone())
                .with_align_corners(axes[0].align_corners);
            add::<4>(layer, name, mode.clone(), axes, move |x| {
                config.clone().init().forward(x)
            })
        };
    let axes = |from: [usize; 2], to: [usize; 2], align_corners| {
        std::array::from_fn(|d| ResizedAxis {
            from: from[d],
            to: to[d],
            align_corners,
        })
    };
    let to = |size| Interpolate2dConfig::new().with_output_size(Some(size));
    let by = |factors| Interpolate2dConfig::new().with_scale_factor(Some(factors));
    let layer = layer(name);
    let aligned = axes([3, 4], [5, 1], true);
    let layer = check(layer, "[1, 2, 3, 4] to 5 1", aligned, to([5, 1]));
    let scaled = axes([2, 4], [4, 6], false);
    let layer = check(layer, "[1, 2, 2, 4] by 2 1.5", scaled, by([2.0, 1.5]));
    let smaller = axes([5, 6], [2, 4], false);
    check(layer, "[1, 2, 5, 6] to 2 4", smaller, to([2, 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_every_output_add_up_to_one() {
        let axis = ResizedAxis {
            from: 5,
            to: 7,
            align_corners: false,
        };
        for mode in [
            InterpolateMode::Nearest,
            InterpolateMode::NearestExact,
            InterpolateMode::Linear,
            InterpolateMode::Cubic,
            InterpolateMode::Lanczos,
        ] {
            for out in 0..7 {
                let weights = axis.weights(&mode, out);
                let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
                assert!((sum - 1.0).abs() < 1e-14, "{mode:?} {out}: {weights:?}");
            }
        }
    }

    /// From two pixels to four: outer ones at the ends, inner ones at 1/4 and 3/4.
    #[test]
    fn pixels_are_placed_by_their_ends() {
        let axis = ResizedAxis {
            from: 2,
            to: 4,
            align_corners: false,
        };
        let second = axis.weights(&InterpolateMode::Linear, 1);
        assert_eq!(second, [(0, 0.75), (1, 0.25)]);
        let nearest = |mode| [0, 1, 2, 3].map(|out| axis.weights(&mode, out)[0].0);
        assert_eq!(nearest(InterpolateMode::Nearest), [0, 0, 1, 1]);
        assert_eq!(nearest(InterpolateMode::NearestExact), [0, 0, 1, 1]);
    }
}
