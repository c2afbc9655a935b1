//! Extreme logits: where the two rules in a row end.

use anyhow::Result;
use burn::tensor::{DType, Device};
use manual_backprop::Reduction;

use super::SAMPLES;
use super::passes::{Passes, Rows};
use crate::lessons::Room;
use crate::pages::colours::Colour;
use crate::pages::numbers::{Host, number, vector};
use crate::pages::page::{Section, Table};
use crate::pages::plot::{Mark, Panel, Scale, Series, figure};

/// Sizes of two logits, one with the minus sign for the right class, from harmless to hopeless.
const SIZES: [f64; 7] = [1.0, 40.0, 45.0, 50.0, 355.0, 370.0, 1000.0];
/// Dots of each dtype in the figure of failures.
const DOTS: usize = 24;

/// The losses and the gradients of the right class's logit for two logits, the right one `-size` and
/// the other `size`: each by the two rules in a row and by the fused one.
fn extremes(float: (&Device, DType), size: f64) -> [f64; 4] {
    let rows = Rows::on(float, vec![-size, size], 2, &[0]);
    let passes = Passes::of(&rows, Reduction::Sum);
    let first = |values: Host| values.values[0];
    [
        first(Host::of(&passes.loss_in_two)),
        first(Host::of(&passes.loss)),
        first(Host::of(&passes.grad_in_two)),
        first(Host::of(&passes.grad)),
    ]
}

/// Where the two rules in a row fail, and the fused one does not.
pub(super) fn why_fused(room: &Room) -> Result<Section> {
    let device = &room.opened.device;
    let largest = SIZES[SIZES.len() - 1];
    let section = Section::new("Why the fused form is taken").text(format!(
        "Two logits, and the right class has the smaller one. On paper L = ln(1 + e^(z_1 - z_0)): \
         for logits of ±{} that is {}, and yp - y = (-1, 1). The fused form never leaves the \
         logarithm: ln yp_k = z_k - m - ln Σ_j e^(z_j - m). The two rules go through yp_0 itself, \
         and that can be too small to be stored.",
        number(largest),
        number(extremes(room.float(), largest)[1]),
    ));
    let section = section
        .text(narrowest(
            "In f32, in which nets are trained",
            f64::from(f32::MIN_POSITIVE),
            f64::from(f32::from_bits(1)),
        ))
        .table(failures((device, DType::F32)));
    let (section, dtypes) = match room.dtype {
        DType::F64 => {
            let reach = narrowest("In f64", f64::MIN_POSITIVE, f64::from_bits(1));
            let section = section.text(reach).table(failures(room.float()));
            (section, vec![DType::F64, DType::F32])
        }
        _ => (section, vec![DType::F32]),
    };
    Ok(section
        .text(
            "Two things break. ∂L/∂yp_0 = -1/yp_0 becomes too large to be stored, and the softmax rule \
             then takes infinity from infinity: the gradient is NaN. The loss loses digits with yp_0, \
             and once that is 0 the loss is infinite. One such row makes the gradient of its whole \
             batch worthless. Many a graphics card takes numbers of few digits for 0 at once: there both \
             happen together. The fused gradient needs no division: yp - y.",
        )
        .figure(
            "where-two-rules-end",
            "The wrong class's logit further and further ahead. The two rules in a row follow the \
             fused one and break off where their numbers are no longer finite: in f32 first, in f64 \
             later.",
            failures_figure(device, &dtypes, largest)?,
        ))
}

fn narrowest(what: &str, full: f64, smallest: f64) -> String {
    format!(
        "{what}, numbers below {} = e^({}) are stored with fewer and fewer digits, and below {} = e^({}) there is only 0:",
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

/// Loss and gradient against the distance of two logits; dots of one dtype lie between those of
/// another, so that none hides another.
fn failures_figure(device: &Device, dtypes: &[DType], largest: f64) -> Result<String> {
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
        panel("The right class's gradient", ("δz_0", Scale::Linear), 2, 3),
    ];
    figure(&panels, 2)
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
