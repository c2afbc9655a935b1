//! Computed weights: pairs of hidden units that make bumps.

use anyhow::Result;
use pages::colours::Colour;
use pages::numbers::number;
use pages::page::{Section, Table};
use pages::plot::{Mark, Panel, Points, Scale, Series, figure};
use universal_approximation::targets::{self, Target1d};
use universal_approximation::{Approximation1d, Bump, Errors, Interval, errors_1d};

use super::Options;
use super::curves::{POINTS, construct, curve, largest, overlaid};

/// Up to this number of bumps, each is drawn.
const BUMPS_DRAWN: usize = 64;
/// Errors are shown for numbers of bumps that are powers of 2, up to this power.
const DOUBLINGS: u32 = 9;
/// Fractions of the steepness with which a bump is drawn.
const STEEPNESSES: [f64; 3] = [0.1, 0.3, 1.0];

impl Options {
    pub(super) fn one_bump(
        &self,
        target: Target1d,
        constructed: &Approximation1d,
    ) -> Result<Section> {
        let middle = self.bumps / 2;
        let bump = constructed.bumps()[middle];
        let net = constructed.net();
        let units = [2 * middle, 2 * middle + 1];
        let mut table = Table::new(["hidden unit", "W1", "b1", "edge -b1/W1", "W2"]);
        for (unit, edge) in units.into_iter().zip(["rising", "falling"]) {
            let (w, b) = (net.w1()[unit], net.b1()[unit]);
            table.push([
                format!("{} ({edge})", unit + 1),
                number(w),
                number(b),
                number(-b / w),
                number(net.w2()[unit]),
            ]);
        }
        let width = bump.right - bump.left;
        let around = Interval {
            low: bump.left - width,
            high: bump.right + width,
        };
        let pair = vec![
            Series::new(
                format!("unit {}", units[0] + 1),
                Colour::BLUE,
                Mark::Line,
                curve(around, |x| net.unit(units[0], &[x])),
            ),
            Series::new(
                format!("unit {}", units[1] + 1),
                Colour::ORANGE,
                Mark::Line,
                curve(around, |x| net.unit(units[1], &[x])),
            ),
            Series::new(
                "their sum",
                Colour::GREEN,
                Mark::Line,
                curve(around, |x| bump.evaluate(x)),
            ),
        ];
        let steeper = STEEPNESSES
            .iter()
            .zip(Colour::SERIES)
            .map(|(share, colour)| {
                let steepness = share * self.steepness;
                let other = construct(target, self.bumps, steepness)?.bumps()[middle];
                Ok(Series::new(
                    format!("steepness {}", number(steepness)),
                    colour,
                    Mark::Line,
                    curve(around, |x| other.evaluate(x)),
                ))
            });
        let linear = |label| (label, Scale::Linear);
        let panels = [
            Panel::of("Two sigmoids", linear("x"), linear("added to y"), pair),
            Panel::of(
                "The bump, more and less steep",
                linear("x"),
                linear("added to y"),
                steeper.collect::<Result<_>>()?,
            ),
        ];
        Ok(Section::new("Two sigmoids make a bump")
            .formula("bump(x) = height · [ σ(w (x - left)) - σ(w (x - right)) ]        w = steepness / width")
            .text(format!(
                "A steep sigmoid is almost a step. One sigmoid is added, which rises at {}, and another is \
                 subtracted, which rises at {}: a bump remains between them, bump {} of {}. Its height is \
                 the target's value in its middle.",
                number(bump.left),
                number(bump.right),
                middle + 1,
                self.bumps
            ))
            .table(table)
            .figure(
                "one-bump",
                "Left: what the two hidden units add to the output, and their sum. Right: the same bump \
                 with different steepness.",
                figure(&panels, 2)?,
            ))
    }

    /// Numbers of bumps to show.
    fn shown(&self) -> Vec<usize> {
        let mut shown = [self.bumps / 4, self.bumps / 2, self.bumps, 2 * self.bumps]
            .map(|bumps| bumps.max(1))
            .to_vec();
        shown.dedup();
        shown
    }

    pub(super) fn row_of_bumps(&self, target: Target1d) -> Result<Section> {
        let mut table = Table::new([
            "bumps",
            "hidden units",
            "largest error",
            "rms error",
            "mean error",
        ]);
        let mut panels = vec![];
        for bumps in self.shown() {
            let approximation = construct(target, bumps, self.steepness)?;
            let off = errors_1d(
                target.function,
                |x| approximation.evaluate(x),
                target.interval,
            );
            table.push([
                bumps.to_string(),
                approximation.net().hidden().to_string(),
                largest(target, off),
                number(off.rms),
                number(off.mean),
            ]);
            let mut series = vec![];
            if bumps <= BUMPS_DRAWN {
                series.extend(approximation.bumps().iter().map(|bump| {
                    let points = single(bump, target.interval);
                    Series::new("", Colour::MUTED, Mark::Thin, points)
                }));
            }
            series.extend(overlaid(target, |x| approximation.evaluate(x)));
            panels.push(Panel::of(
                format!("{bumps} bumps, {} hidden units", 2 * bumps),
                ("x", Scale::Linear),
                ("y", Scale::Linear),
                series,
            ));
        }
        Ok(Section::new("Bumps side by side make the function")
            .formula("y(x) = Σ_i f(middle_i) [ σ(w (x - edge_i)) - σ(w (x - edge_(i+1))) ]")
            .table(table)
            .figure(
                "bumps",
                "The target (orange), the net (blue), and the bumps that add up to it (grey)",
                figure(&panels, 2)?,
            ))
    }

    pub(super) fn more_bumps(&self, target: Target1d) -> Result<Section> {
        let counts = (1..=DOUBLINGS).map(|power| 2usize.pow(power));
        let mut by_target = vec![];
        for (other, colour) in targets::ALL_1D.into_iter().zip(Colour::SERIES) {
            let mut errors = vec![];
            for bumps in counts.clone() {
                let net = construct(other, bumps, self.steepness)?;
                let off = errors_1d(other.function, |x| net.evaluate(x), other.interval);
                errors.push((bumps as f64, off));
            }
            by_target.push((other, colour, errors));
        }
        let panel = |title: &str, jumps: bool, what: fn(&Errors) -> f64| {
            let continuous = |target: &Target1d| target.lipschitz.is_some();
            let shown = by_target
                .iter()
                .filter(|(target, ..)| jumps || continuous(target));
            let series = shown.map(|(target, colour, errors)| {
                let points = errors.iter().map(|(bumps, off)| (*bumps, what(off)));
                Series::new(target.name, *colour, Mark::Path, points)
            });
            Panel::of(
                title,
                ("bumps", Scale::Log),
                (title, Scale::Log),
                series.collect(),
            )
        };
        let panels = [
            panel("rms error", true, |off| off.rms),
            panel("largest error", false, |off| off.max),
        ];
        let mut table = Table::new([
            "target",
            "bumps",
            "rms error",
            "with twice as many",
            "largest error",
            "with twice as many",
        ]);
        for (other, _, errors) in &by_target {
            if let [.., (bumps, off), (_, twice)] = &errors[..] {
                table.push([
                    other.name.to_owned(),
                    bumps.to_string(),
                    number(off.rms),
                    number(twice.rms),
                    largest(*other, *off),
                    largest(*other, *twice),
                ]);
            }
        }
        let mut section = Section::new("More bumps, less error").text(
            "With steep edges, doubling the number of bumps halves the error of a continuous function. The net cannot \
             follow the step at its jump, where it passes through all values in between: the largest error \
             stays, but the interval with large errors gets shorter, and the rms error falls.",
        );
        if let Some(lipschitz) = target.lipschitz {
            let net = construct(target, self.bumps, self.steepness)?;
            if let Some(bound) = net.error_bound(lipschitz) {
                section = section.text(format!(
                    "There is a proof that it must fall. The slope of the target is at most K = {}; with {} \
                     bumps the error is nowhere larger than about K·width/2, here {}.",
                    number(lipschitz),
                    self.bumps,
                    number(bound)
                ));
            }
        }
        Ok(section.table(table).figure(
            "error-by-bumps",
            "Error over the number of bumps, both axes logarithmic. The step is left out on the right.",
            figure(&panels, 2)?,
        ))
    }
}

/// A bump's curve where the bump is not 0.
fn single(bump: &Bump, interval: Interval) -> Points {
    let margin = (bump.right - bump.left) / 2.0;
    let near = Interval {
        low: (bump.left - margin).max(interval.low),
        high: (bump.right + margin).min(interval.high),
    };
    near.points(POINTS / 8)
        .map(|x| (x, bump.evaluate(x)))
        .collect()
}
