//! Extreme logits: where the two separate rules fail.

use anyhow::Result;
use burn::tensor::{DType, Device};
use manual_backprop::Reduction;
use pages::colours::Colour;
use pages::numbers::{number, vector};
use pages::page::{Picture, Section, Table};
use pages::plot::{Mark, Panel, Scale, Series, figure};

use super::passes::{Passes, Rows};
use crate::setup::Setup;
use crate::tensors::scalar;

/// Sizes of two logits, from harmless to extreme; the true class has the minus sign.
const SIZES: [f64; 7] = [1.0, 40.0, 45.0, 50.0, 355.0, 370.0, 1000.0];
/// Points of a curve, and dots of each dtype.
const SAMPLES: usize = 121;
const DOTS: usize = 24;

/// Losses and gradients of the true class's logit for two logits, `-size` for the true class and
/// `size` for the other: each by the two separate rules and by the fused rule.
fn extremes(float: (&Device, DType), size: f64) -> [f64; 4] {
    let rows = Rows::on(float, vec![-size, size], 2, &[0]);
    let passes = Passes::of(&rows, Reduction::Sum);
    [
        scalar(&passes.loss_in_two),
        scalar(&passes.loss),
        scalar(&passes.grad_in_two),
        scalar(&passes.grad),
    ]
}

/// Where the two separate rules fail, and the fused rule does not.
pub(super) fn why_fused(setup: &Setup) -> Result<Section> {
    let device = &setup.opened.device;
    let largest = SIZES[SIZES.len() - 1];
    let section = Section::new("Why the fused form is used").text(format!(
        "Two logits; the true class has the smaller one. On paper L = ln(1 + e^(z_1 - z_0)): for logits \
         of ±{} this is {}, and yp - y = (-1, 1). The fused form computes only the logarithm: \
         ln yp_k = z_k - m - ln Σ_j e^(z_j - m). The two separate rules need yp_0 itself, and that can \
         be too small to be stored.",
        number(largest),
        number(extremes(setup.float(), largest)[1]),
    ));
    let section = section
        .text(narrowest(
            "In f32, in which nets are trained",
            f64::from(f32::MIN_POSITIVE),
            f64::from(f32::from_bits(1)),
        ))
        .table(failures((device, DType::F32)));
    let (section, dtypes) = match setup.dtype {
        DType::F64 => {
            let reach = narrowest("In f64", f64::MIN_POSITIVE, f64::from_bits(1));
            let section = section.text(reach).table(failures(setup.float()));
            (section, vec![DType::F64, DType::F32])
        }
        _ => (section, vec![DType::F32]),
    };
    Ok(section
        .text(
            "Two things break. ∂L/∂yp_0 = -1/yp_0 becomes too large to be stored, and the softmax rule \
             then subtracts infinity from infinity: the gradient is NaN. The loss loses digits as yp_0 \
             does, and is infinite once yp_0 is 0. One such row spoils the gradient of its whole batch. \
             Many graphics cards replace numbers with few digits by 0: there both happen at the same \
             size. The fused gradient needs no division: yp - y.",
        )
        .figure(
            "where-two-rules-end",
            "The logit of the wrong class gets further and further ahead. The two separate rules follow \
             the fused rule until their numbers are no longer finite: first in f32, later in f64.",
            failures_figure(device, &dtypes, largest)?,
        ))
}

fn narrowest(what: &str, full: f64, smallest: f64) -> String {
    format!(
        "{what}, numbers below {} = e^({}) are stored with fewer and fewer digits, and numbers below \
         {} = e^({}) become 0:",
        number(full),
        number(full.ln()),
        number(smallest),
        number(smallest.ln())
    )
}

fn failures(float: (&Device, DType)) -> Table {
    let mut table = Table::new([
        "logits",
        "L, two rules",
        "L, fused",
        "difference",
        "δz_0, two rules",
        "δz_0, fused",
    ]);
    for size in SIZES {
        let [loss_in_two, loss, grad_in_two, grad] = extremes(float, size);
        table.push([
            vector(&[-size, size]),
            number(loss_in_two),
            number(loss),
            number((loss_in_two - loss).abs()),
            number(grad_in_two),
            number(grad),
        ]);
    }
    table
}

/// Loss and gradient as functions of the distance between two logits. Dots of one dtype are between
/// those of the other, so that none is hidden.
fn failures_figure(device: &Device, dtypes: &[DType], largest: f64) -> Result<Picture> {
    let (start, end) = (0.1_f64.ln(), (2.0 * largest).ln());
    let at = |place: f64| (start + (end - start) * place).exp();
    let widest = (device, dtypes[0]);
    let curve = (0..SAMPLES).map(|i| at(i as f64 / (SAMPLES - 1) as f64));
    let curve = curve.map(|gap| (gap, extremes(widest, gap / 2.0)));
    let curve = curve.collect::<Vec<_>>();
    let dots = dtypes.iter().enumerate().map(|(turn, &dtype)| {
        let share = (turn as f64 + 0.5) / dtypes.len() as f64;
        let gaps = (0..DOTS).map(|i| at((i as f64 + share) / DOTS as f64));
        let dots = gaps.map(|gap| (gap, extremes((device, dtype), gap / 2.0)));
        (dtype, dots.collect::<Vec<_>>())
    });
    let dots = dots.collect::<Vec<_>>();
    let panel = |title: &str, y: (&str, Scale), in_two: usize, fused: usize| {
        let line = curve.iter().map(|(gap, values)| (*gap, values[fused]));
        let mut series = vec![Series::new("fused", Colour::BLUE, Mark::Line, line)];
        for ((dtype, dots), colour) in dots.iter().zip([Colour::ORANGE, Colour::GREEN]) {
            let dots = dots.iter().map(|(gap, values)| (*gap, values[in_two]));
            let dots = dots.filter(|dot| dot.1.is_finite());
            let label = format!("two rules, {}", dtype.name());
            series.push(Series::new(label, colour, Mark::Dots, dots));
        }
        Panel::of(title, ("z_1 - z_0", Scale::Log), y, series)
    };
    let panels = [
        panel("The loss", ("loss L", Scale::Log), 0, 1),
        panel("The true class's gradient", ("δz_0", Scale::Linear), 2, 3),
    ];
    Ok(figure(&panels, 2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fused_form_survives_extreme_logits() {
        for dtype in [DType::F32, DType::F64] {
            let [loss_in_two, loss, grad_in_two, grad] = extremes((&Device::flex(), dtype), 1000.0);
            assert_eq!((loss, grad), (2000.0, -1.0));
            assert!(loss_in_two.is_infinite() && grad_in_two.is_nan());
        }
    }
}
