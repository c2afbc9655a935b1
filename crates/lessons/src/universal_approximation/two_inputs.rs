//! One hidden layer on a function of two variables: by plane waves, and by training.

use anyhow::Result;
use pages::colours::Colour;
use pages::numbers::number;
use pages::page::{Section, Table};
use pages::plot::{Axis, Mark, Panel, Scale, Series, figure};
use universal_approximation::targets::{self, Target2d};
use universal_approximation::{Errors, Interval, OneHiddenLayer, approximate_2d, errors_2d};
use xor_net::XorNetConfig;

use super::burn_net::{difference, unload};
use super::curves::POINTS;
use super::training::{LEARNING_RATE, learn, scaled};
use crate::setup::Setup;

/// Hidden units of the computed nets that are shown as maps, and of those whose error is shown.
const MAPS: [usize; 3] = [100, 400, 3200];
const UNITS: [usize; 8] = [25, 50, 100, 200, 400, 800, 1600, 3200];
/// Steepness of the steps.
const STEEPNESS: f64 = 10.0;

/// Hidden units of the nets that are trained.
const TRAINED: [usize; 3] = [4, 12, 36];
/// Points that they learn from, along each side of the square.
const SIDE: usize = 20;
/// Before training, a sigmoid rises from 5 % to 95 % over about this fraction of a side.
const RISE: f64 = 0.5;
/// The edges go through points of a quasi-random sequence. Its steps are powers of the inverse of the
/// plastic number (M. Roberts, "The unreasonable effectiveness of quasirandom
/// sequences", 2018).
const SPREAD: [f64; 2] = [0.754_877_666_246_692_7, 0.569_840_290_998_053_2];

/// A function as colours, over the target's rectangle.
fn map(target: Target2d, title: &str, f: impl Fn([f64; 2]) -> f64) -> Panel {
    let [x, y] = target.domain;
    let axis = |label, side: Interval| Axis::linear(label, side.low..side.high);
    Panel::new(title, axis("x", x), axis("y", y))
        .map(|points| points.iter().map(|&(x, y)| f([x, y])).collect())
}

/// The construction by plane waves, for several numbers of units.
pub(super) fn computed(setup: &Setup) -> Result<Section> {
    let target = targets::HILLS;
    let Target2d {
        function, domain, ..
    } = target;
    let mut errors = vec![];
    let mut table = Table::new(["hidden units", "waves", "largest error", "rms error"]);
    let mut panels = vec![map(target, "target", function)];
    let mut differs = 0.0;
    for units in UNITS {
        let net = approximate_2d(function, domain, units, STEEPNESS)?;
        let off = errors_2d(function, |x| net.evaluate(x), domain);
        table.push([
            units.to_string(),
            net.ridges().len().to_string(),
            number(off.max),
            number(off.rms),
        ]);
        errors.push((units as f64, off));
        if MAPS.contains(&units) {
            panels.push(map(target, &format!("{units} hidden units"), |x| {
                net.evaluate(x)
            }));
            let diagonal = domain[0].points(POINTS).zip(domain[1].points(POINTS));
            let diagonal = diagonal.flat_map(|(x, y)| [x, y]).collect();
            differs = f64::max(differs, difference(net.net(), diagonal, setup));
        }
    }
    let line = |label, colour, what: fn(&Errors) -> f64| {
        let points = errors.iter().map(|(units, off)| (*units, what(off)));
        Series::new(label, colour, Mark::Path, points)
    };
    let falling = Panel::of(
        "Error over hidden units",
        ("hidden units", Scale::Log),
        ("error", Scale::Log),
        vec![
            line("largest", Colour::ORANGE, |off| off.max),
            line("rms", Colour::BLUE, |off| off.rms),
        ],
    );
    Ok(Section::new("Two inputs")
        .formula(target.formula)
        .text(format!(
            "With two inputs, a hidden unit is a step along some direction of the plane. Many steps along \
             one direction make a wave; a sum of waves makes the function (its cosine series). The same \
             Burn module, with two inputs, takes these weights; along the diagonal its output differs by at \
             most {}.",
            number(differs)
        ))
        .table(table)
        .figure(
            "two-inputs",
            "The target and nets of several sizes: blue is -1, white 0, red 1",
            figure(&panels, 2)?,
        )
        .figure(
            "two-inputs-error",
            "Error over the number of hidden units, both axes logarithmic",
            figure(&[falling], 1)?,
        ))
}

/// The same target, learnt by nets with few units.
pub(super) fn trained(steps: usize, setup: &Setup) -> Result<Section> {
    let target = targets::HILLS;
    let Target2d {
        function, domain, ..
    } = target;
    let [along, across] = domain.map(|side| side.points(SIDE).collect::<Vec<_>>());
    let points = (0..SIDE * SIDE).map(|i| [along[i % SIDE], across[i / SIDE]]);
    let inside = |[x, y]: [f64; 2]| [scaled(domain[0], x), scaled(domain[1], y)];
    let x = setup.matrix([points.len(), 2], points.clone().flat_map(inside).collect());
    let y = setup.matrix([points.len(), 1], points.map(function).collect());
    let mut table = Table::new([
        "hidden units",
        "parameters",
        "largest error",
        "rms error",
        "rms error of as many units in waves",
    ]);
    let mut panels = vec![map(target, "target", function)];
    for hidden in TRAINED {
        let (net, _) = learn(&start(hidden, setup)?, &x, &y, steps, setup)?;
        let output = |point| net.evaluate(&inside(point));
        let off = errors_2d(function, output, domain);
        let waves = approximate_2d(function, domain, hidden, STEEPNESS)?;
        let in_waves = errors_2d(function, |x| waves.evaluate(x), domain);
        table.push([
            hidden.to_string(),
            (4 * hidden + 1).to_string(),
            number(off.max),
            number(off.rms),
            number(in_waves.rms),
        ]);
        panels.push(map(
            target,
            &format!("{hidden} hidden units, trained"),
            output,
        ));
    }
    Ok(Section::new("Two inputs, by training")
        .text(format!(
            "The same target of two variables, learnt from {} points in {steps} steps of Adam, with a \
             learning rate that falls from {LEARNING_RATE} to 0. Before training, the edges of the sigmoids \
             go through evenly distributed points in random directions (seed {}), and W2 and b2 are 0. \
             Waves work for any target; training turns the edges to where this target needs them.",
            SIDE * SIDE,
            setup.seed
        ))
        .table(table)
        .figure(
            "two-inputs-trained",
            "The target and trained nets: blue is -1, white 0, red 1",
            figure(&panels, 2)?,
        ))
}

/// A net before training: all sigmoids equally steep, in random directions, their edges through points
/// that are distributed over the square from -1 to 1; the output is 0.
fn start(hidden: usize, setup: &Setup) -> Result<OneHiddenLayer> {
    let drawn = XorNetConfig::new()
        .with_inputs(2)
        .with_hidden(hidden)
        .init(setup.seed, setup.float())?;
    let drawn = unload(&drawn)?;
    let (along, across) = drawn.w1().split_at(hidden);
    // σ goes from 5 % to 95 % over 2 ln 19; a side is 2 long.
    let steepness = 19.0_f64.ln() / RISE;
    let place =
        |unit: usize| SPREAD.map(|step| 2.0 * (0.5 + step * (unit + 1) as f64).fract() - 1.0);
    let (mut w1, mut b1) = ([vec![], vec![]], vec![]);
    for unit in 0..hidden {
        let direction = [along[unit], across[unit]];
        let length = direction[0].hypot(direction[1]).max(f64::MIN_POSITIVE);
        let w = direction.map(|part| steepness * part / length);
        let [x, y] = place(unit);
        b1.push(-w[0] * x - w[1] * y);
        w1[0].push(w[0]);
        w1[1].push(w[1]);
    }
    Ok(OneHiddenLayer::new(
        2,
        w1.concat(),
        b1,
        vec![0.0; hidden],
        0.0,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use backends::Backend;

    fn setup() -> Setup {
        Setup::new(Backend::Flex.open().unwrap(), 0)
    }

    #[test]
    fn a_net_starts_at_0_with_equally_steep_edges_inside_the_square() {
        let net = start(9, &setup()).unwrap();
        assert_eq!(net.evaluate(&[0.3, -0.8]), 0.0);
        let (along, across) = net.w1().split_at(9);
        for unit in 0..9 {
            let steepness = along[unit].hypot(across[unit]);
            assert!((steepness - 19.0_f64.ln() / RISE).abs() < 1e-12);
            // The edge crosses the square if it is not further out than the corners.
            let distance = net.b1()[unit].abs() / steepness;
            assert!(distance < 2.0_f64.sqrt(), "{distance}");
        }
    }

    #[test]
    fn training_beats_as_many_units_in_waves() {
        let json = serde_json::to_value(trained(300, &setup()).unwrap()).unwrap();
        let rows = json["blocks"][1]["rows"].as_array().unwrap();
        assert_eq!(rows.len(), TRAINED.len());
        for row in rows {
            let [learnt, waves] =
                [3, 4].map(|column| row[column].as_str().unwrap().parse::<f64>().unwrap());
            assert!(learnt < waves, "{row}");
        }
    }
}
