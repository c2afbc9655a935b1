//! How the step size trades truncation for rounding.

use anyhow::Result;
use burn::tensor::{DType, Tensor};
use pages::colours::Colour;
use pages::numbers::number;
use pages::page::{Section, Table};
use pages::plot::{Axis, Mark, Panel, Points, Scale, Series, figure};

use crate::setup::Setup;
use crate::tensors::read;

/// Step sizes: powers of ten from the first to the second, with so many in each decade.
const POWERS: [i32; 2] = [-15, 0];
const PER_DECADE: i32 = 6;

/// A way to take a difference.
struct Quotient {
    name: &'static str,
    /// The power of h in its truncation error.
    order: i32,
    /// The truncation error is this factor times `h^order` times a derivative of f.
    factor: f64,
}

const QUOTIENTS: [Quotient; 2] = [
    Quotient {
        name: "forward",
        order: 1,
        factor: 1.0 / 2.0,
    },
    Quotient {
        name: "central",
        order: 2,
        factor: 1.0 / 6.0,
    },
];

impl Quotient {
    /// The quotient for e^x at each step size, computed by tensors in this float type.
    fn values(&self, x: f64, steps: &[f64], dtype: DType, setup: &Setup) -> Vec<f64> {
        let tensor =
            |values: Vec<f64>| Tensor::<1>::from_data(&values[..], (&setup.opened.device, dtype));
        let at = tensor(vec![x; steps.len()]);
        let h = tensor(steps.to_vec());
        let (right, left, width) = match self.order {
            1 => (at.clone() + h.clone(), at, h),
            _ => (at.clone() + h.clone(), at - h.clone(), h.mul_scalar(2.0)),
        };
        read(&((right.exp() - left.exp()) / width)).values
    }

    /// The step size at which truncation and rounding together are least, for a function whose value and
    /// derivatives are all as large: the minimum of `factor·h^order + ε/h`.
    fn best_step(&self, epsilon: f64) -> f64 {
        (epsilon / (self.factor * f64::from(self.order))).powf(1.0 / f64::from(self.order + 1))
    }
}

/// The rounding of one operation, relative to its result.
fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::EPSILON / 2.0,
        _ => f64::from(f32::EPSILON) / 2.0,
    }
}

/// A quotient's error, relative to the derivative, over the step size; steps that give no change are left out.
fn errors(quotient: &Quotient, x: f64, dtype: DType, setup: &Setup) -> Points {
    let [first, last] = POWERS.map(|power| power * PER_DECADE);
    let steps = (first..=last).map(|i| 10f64.powf(f64::from(i) / f64::from(PER_DECADE)));
    let steps = steps.collect::<Vec<_>>();
    let values = quotient.values(x, &steps, dtype, setup);
    let errors = values.iter().map(|value| (value / x.exp() - 1.0).abs());
    steps.into_iter().zip(errors).collect()
}

/// The point with the least error that is not 0 by chance.
fn least(points: &Points) -> (f64, f64) {
    let found = points.iter().filter(|(_, error)| *error > 0.0);
    let found = found.min_by(|a, b| a.1.total_cmp(&b.1));
    found.copied().unwrap_or((f64::NAN, f64::NAN))
}

pub(super) fn step_sizes(x: f64, setup: &Setup) -> Result<Section> {
    let mut dtypes = vec![setup.dtype, DType::F32];
    dtypes.dedup();
    let mut table = Table::new([
        "difference",
        "float type",
        "h by the formula",
        "error there",
        "least error of all",
        "its h",
    ]);
    let mut panels = vec![];
    for quotient in &QUOTIENTS {
        let mut series = vec![];
        for (&dtype, colour) in dtypes.iter().zip([Colour::BLUE, Colour::ORANGE]) {
            let points = errors(quotient, x, dtype, setup);
            let expected = quotient.best_step(epsilon(dtype));
            let there = quotient.values(x, &[expected], dtype, setup)[0];
            let (step, error) = least(&points);
            table.push([
                quotient.name.to_owned(),
                dtype.name().to_owned(),
                number(expected),
                number((there / x.exp() - 1.0).abs()),
                number(error),
                number(step),
            ]);
            series.push(Series::new(dtype.name(), colour, Mark::Path, points));
        }
        let truncation = POWERS.map(|power| 10f64.powi(power));
        let truncation = truncation.map(|h| (h, quotient.factor * h.powi(quotient.order)));
        let rounding = POWERS.map(|power| 10f64.powi(power));
        let rounding = rounding.map(|h| (h, epsilon(setup.dtype) / h));
        series.push(Series::new(
            "truncation",
            Colour::GREEN,
            Mark::Dashed,
            truncation,
        ));
        series.push(Series::new(
            "rounding",
            Colour::MUTED,
            Mark::Dashed,
            rounding,
        ));
        let [first, last] = POWERS.map(|power| 10f64.powi(power));
        let axes = (
            Axis::fitting("step size h", Scale::Log, [first, last]),
            Axis::fitting("relative error", Scale::Log, [1e-16, 10.0]),
        );
        let panel = Panel::new(format!("{} difference", quotient.name), axes.0, axes.1);
        panels.push(series.into_iter().fold(panel, Panel::with));
    }
    Ok(Section::new("How small a step")
        .text(format!(
            "For f(x) = eˣ at x = {} every derivative is f(x) itself, so both errors are known. A large h \
             truncates: the next term of the series is left out. A small h rounds: f(x + h) and f(x - h) agree \
             in most of their digits, and these cancel. Rounding leaves ε |f(x)| / h, where ε is half the \
             distance of 1 to the next number.",
            number(x)
        ))
        .formula(
            "forward   h/2 |f''| + ε |f|/h   is least at   h = √(2 ε)\n\
             central   h²/6 |f'''| + ε |f|/h   is least at   h = (3 ε)^(1/3)",
        )
        .table(table)
        .figure(
            "step-size",
            "The error over the step size, both axes logarithmic. Dashed: the two terms of the formula, the \
             rounding for the widest float type. To the right the line has the slope of the truncation, to the \
             left the error grows as h gets smaller; where nothing is left of f(x + h) - f(x), it is 1.",
            figure(&panels, 2)?,
        )
        .text(
            "A central difference costs twice as many values and gains digits: its error falls with h². In f32 \
             neither resolves a gradient well enough to find a small mistake. So gradients are checked in f64, \
             even those of a net that is trained in f32.",
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    #[test]
    fn the_formula_s_step_is_close_to_the_best_one() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 0);
        for quotient in &QUOTIENTS {
            for dtype in [DType::F64, DType::F32] {
                let expected = quotient.best_step(epsilon(dtype));
                let at = |step: f64| {
                    // The mean over a few steps: rounding is by chance.
                    let steps = [0.8, 0.9, 1.0, 1.1, 1.2].map(|factor| factor * step);
                    let values = quotient.values(1.0, &steps, dtype, &setup);
                    let errors = values.iter().map(|value| (value / 1f64.exp() - 1.0).abs());
                    errors.sum::<f64>()
                };
                assert!(
                    at(expected) < at(expected / 100.0) / 3.0,
                    "{}",
                    quotient.name
                );
                assert!(
                    at(expected) < at(expected * 100.0) / 3.0,
                    "{}",
                    quotient.name
                );
            }
        }
    }

    #[test]
    fn halving_a_large_step_shows_the_order() {
        let setup = Setup::new(Backend::Flex.open().unwrap(), 0);
        for quotient in &QUOTIENTS {
            let values = quotient.values(1.0, &[1e-2, 5e-3], DType::F64, &setup);
            let [error, half] = [0, 1].map(|i| (values[i] / 1f64.exp() - 1.0).abs());
            let order = (error / half).log2();
            assert!((order - f64::from(quotient.order)).abs() < 0.02, "{order}");
        }
    }
}
