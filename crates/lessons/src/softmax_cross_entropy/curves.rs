//! Curves along one logit: the probabilities with their slopes, and the loss with its tangents.

use anyhow::Result;
use manual_backprop::Reduction;
use manual_backprop::cross_entropy::softmax_cross_entropy;
use pages::colours::Colour;
use pages::numbers::number;
use pages::page::{Picture, Section};
use pages::plot::{Axis, Mark, Panel, Scale, Series, figure, spread};

use super::Options;
use super::passes::{Passes, Rows, jacobian_of};
use crate::setup::Setup;
use crate::tensors::{read, scalar};

/// Points of a curve.
const SAMPLES: usize = 121;
/// How far a curve goes beyond the points of interest.
const REACH: f64 = 4.0;
/// Half the length of a tangent along the horizontal axis.
const TANGENT: f64 = 1.5;

impl Options {
    /// All probabilities as functions of the true class's logit, and their slopes.
    pub(super) fn probabilities_figure(
        &self,
        setup: &Setup,
        jacobian: &[f64],
        yp: &[f64],
    ) -> Result<Picture> {
        let (n, c) = (self.logits.len(), self.class);
        let others = self.logits.iter().enumerate().filter(|&(k, _)| k != c);
        let rival = others.map(|(_, &z)| z).fold(f64::MIN, f64::max);
        let z = self.logits[c];
        let (start, end) = (z.min(rival) - REACH, z.max(rival) + REACH);
        // However far apart the two are, the curves change where the true class overtakes its rival.
        let close = spread(rival - REACH, rival + REACH, SAMPLES);
        let mut places = [spread(start, end, SAMPLES), close].concat();
        places.sort_by(f64::total_cmp);
        let column = |jacobian: &[f64]| (0..n).map(|k| jacobian[k * n + c]).collect::<Vec<_>>();
        let (probabilities, slopes) = places
            .iter()
            .map(|&place| {
                let row = Rows::new(setup, self.moved(c, place), &[c]);
                let one = Passes::of(&row, Reduction::Sum);
                let jacobian = read(&jacobian_of(&row, &one)).values;
                (read(&one.yp).values, column(&jacobian))
            })
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let draw = |mut panel: Panel, name: &str, curves: &[Vec<f64>], now: &[f64]| {
            for (k, &value) in now.iter().enumerate() {
                let colour = Colour::SERIES[k % Colour::SERIES.len()];
                let mark = if k < Colour::SERIES.len() {
                    Mark::Line
                } else {
                    Mark::Dashed
                };
                let curve = places.iter().zip(curves);
                let curve = curve.map(|(&place, values)| (place, values[k]));
                let label = match name {
                    "" => String::new(),
                    name => format!("{name}_{k}"),
                };
                panel = panel
                    .with(Series::new(label, colour, mark, curve))
                    .with(Series::new("", colour, Mark::Dots, [(z, value)]));
            }
            panel
        };
        let label = format!("logit z_{c}");
        let left = Panel::new(
            "Probabilities",
            Axis::linear(&label, start..end),
            Axis::linear("probability", -0.03..1.03),
        );
        let slope = Axis::fitting("slope", Scale::Linear, slopes.iter().flatten().copied());
        let right = Panel::new("Their slopes", Axis::linear(&label, start..end), slope);
        let panels = [
            draw(left, "yp", &probabilities, yp),
            draw(right, "", &slopes, &column(jacobian)),
        ];
        Ok(figure(&panels, 2)?)
    }

    /// The logits with one of them changed.
    fn moved(&self, k: usize, place: f64) -> Vec<f64> {
        let mut logits = self.logits.clone();
        logits[k] = place;
        logits
    }

    /// The loss along the true class's logit and along its strongest rival's.
    pub(super) fn tangents(&self, setup: &Setup, one: &Passes) -> Result<Section> {
        let (loss, grad) = (scalar(&one.loss), read(&one.grad).values);
        let rival = (0..self.logits.len())
            .filter(|&k| k != self.class)
            .max_by(|&a, &b| self.logits[a].total_cmp(&self.logits[b]))
            .expect("there are two classes at least");
        let panel = |k: usize, title: &str| {
            let z = self.logits[k];
            let curve = spread(z - REACH, z + REACH, SAMPLES)
                .into_iter()
                .map(|place| {
                    let rows = Rows::new(setup, self.moved(k, place), &[self.class]);
                    let (loss, _) = softmax_cross_entropy::forward(rows.z, rows.y, Reduction::Sum);
                    (place, scalar(&loss))
                });
            let tangent = [-TANGENT, TANGENT].map(|step| (z + step, loss + grad[k] * step));
            let slope = format!("slope {}", number(grad[k]));
            Panel::of(
                title,
                (&format!("logit z_{k}"), Scale::Linear),
                ("loss L", Scale::Linear),
                vec![
                    Series::new("", Colour::BLUE, Mark::Line, curve),
                    Series::new(slope, Colour::ORANGE, Mark::Line, tangent),
                    Series::new("", Colour::INK, Mark::Dots, [(z, loss)]),
                ],
            )
        };
        let panels = [
            panel(self.class, &format!("The true class, {}", self.class)),
            panel(rival, &format!("Its strongest rival, {rival}")),
        ];
        Ok(Section::new("The loss along one logit")
            .text(format!(
                "Vary a single logit: the loss is a curve, and yp - y is the slope of its tangent, {} for \
                 the true class and {} for its strongest rival. The slope for the true class lies between \
                 -1 and 0, the slope for any other class between 0 and 1: however wrong the net is, no \
                 gradient is larger.",
                number(grad[self.class]),
                number(grad[rival])
            ))
            .figure(
                "loss-along-logits",
                "The loss along two logits, and its tangents with slopes yp - y",
                figure(&panels, 2)?,
            ))
    }
}
