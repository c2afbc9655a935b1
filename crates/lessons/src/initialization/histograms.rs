//! Histograms of activations and gradients, by layer.

use anyhow::Result;
use pages::colours::Colour;
use pages::numbers::percent;
use pages::page::{Section, Table};
use pages::plot::{Axis, Mark, Panel, Points, Scale, Series, figure};

use super::Passed;

/// Sizes that a histogram covers, as powers of ten, and its bins in each power.
const POWERS: [i32; 2] = [-12, 4];
const PER_DECADE: i32 = 3;
/// From this absolute value on, a tanh counts as saturated.
const SATURATED: f64 = 0.99;

/// The share of values in each bin of size; zeros are in none.
fn histogram(values: &[f64]) -> Points {
    let bins = ((POWERS[1] - POWERS[0]) * PER_DECADE) as usize;
    let mut counts = vec![0; bins];
    for value in values.iter().filter(|value| **value != 0.0) {
        let place = (value.abs().log10() - f64::from(POWERS[0])) * f64::from(PER_DECADE);
        counts[(place.max(0.0) as usize).min(bins - 1)] += 1;
    }
    let middle = |bin: usize| {
        let power = (bin as f64 + 0.5) / f64::from(PER_DECADE) + f64::from(POWERS[0]);
        10f64.powf(power)
    };
    let shares = counts.into_iter().enumerate();
    shares
        .map(|(bin, count)| (middle(bin), 100.0 * f64::from(count) / values.len() as f64))
        .collect()
}

/// The histograms of the first, the middle and the last layer, a panel for each initialiser.
fn panels(passed: &[Passed], what: &str, of: fn(&Passed) -> &[Vec<f64>]) -> Vec<Panel> {
    let panels = passed.iter().map(|one| {
        let layers = of(one);
        let last = layers.len() - 1;
        let mut shown = vec![0, last / 2, last];
        shown.dedup();
        let axis = Axis::fitting(what, Scale::Log, POWERS.map(|power| 10f64.powi(power)));
        let histograms = shown.iter().map(|&l| histogram(&layers[l]));
        let histograms = histograms.collect::<Vec<_>>();
        let shares = histograms.iter().flatten().map(|bin| bin.1);
        let shares = Axis::fitting("share, %", Scale::Linear, shares);
        let panel = Panel::new(one.scheme.name(), axis, shares);
        let colours = [Colour::BLUE, Colour::GREEN, Colour::ORANGE];
        let series = shown.iter().zip(histograms).zip(colours);
        series.fold(panel, |panel, ((l, bins), colour)| {
            let label = format!("layer {}", l + 1);
            panel.with(Series::new(label, colour, Mark::Line, bins))
        })
    });
    panels.collect()
}

/// The share of values for which something holds.
fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> f64 {
    values.iter().filter(|&&value| holds(value)).count() as f64 / values.len() as f64
}

/// The section of one activation: all initialisers, activations and gradients.
pub(super) fn histograms(passed: &[Passed]) -> Result<Section> {
    let f = passed[0].f;
    let above = format!("|Z| above {SATURATED}, last layer");
    let mut table = Table::new([
        "initialiser",
        "Z = 0, last layer",
        above.as_str(),
        "δA = 0, first layer",
    ]);
    for one in passed {
        let last = &one.activations[one.activations.len() - 1];
        table.push([
            one.scheme.name().to_owned(),
            percent(share(last, |z| z == 0.0)),
            percent(share(last, |z| z.abs() > SATURATED)),
            percent(share(&one.gradients[0], |grad| grad == 0.0)),
        ]);
    }
    Ok(Section::new(format!("Histograms: {f}"))
        .table(table)
        .figure(
            format!("activations-{f}"),
            "How large the elements of Z are, in the first, the middle and the last hidden layer: the share of the \
             elements in each third of a power of ten. Zeros are in none.",
            figure(&panels(passed, "|Z|", |one| &one.activations), 2)?,
        )
        .figure(
            format!("gradients-{f}"),
            "The same for the elements of the gradient δA",
            figure(&panels(passed, "|δA|", |one| &one.gradients), 2)?,
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_but_zeros_is_in_one_bin() {
        let bins = histogram(&[0.0, 1.5, -1.5, 1e-30, 1e30]);
        let total = bins.iter().map(|bin| bin.1).sum::<f64>();
        assert!((total - 80.0).abs() < 1e-9, "{total}");
        let fullest = bins.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert!((1.0..2.2).contains(&fullest.0), "{fullest:?}");
    }
}
