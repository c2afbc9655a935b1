//! Points of the plane with classes, or with numbers to fit.

use std::f64::consts::{PI, TAU};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use universal_approximation::targets::HILLS;

use crate::playground::settings::{DataSettings, Shape};

/// Points, those that train first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Data {
    /// Coordinates, `[n, 2]`.
    pub(crate) x: Vec<f64>,
    /// The class of each point; empty for numbers.
    pub(crate) classes: Vec<u8>,
    /// The number at each point; empty for classes.
    pub(crate) numbers: Vec<f64>,
    /// How many of them train.
    pub(crate) training: usize,
}

/// Draws by seed, the same on every machine.
struct Draw(ChaCha8Rng);

impl Draw {
    /// A number from 0 to 1.
    fn share(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// A normally distributed number, by Box and Muller.
    fn normal(&mut self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (TAU * self.share()).cos()
    }

    fn below(&mut self, count: usize) -> usize {
        ((self.share() * count as f64) as usize).min(count - 1)
    }
}

/// A generator of its own for each use of the seed.
fn draw(seed: u32, stream: u64) -> Draw {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(stream);
    Draw(rng)
}

/// The points of some settings. Each point is drawn first and disturbed then, so more noise moves the same
/// points further.
pub(crate) fn points(settings: &DataSettings, seed: u32) -> Data {
    let (mut place, mut noise) = (draw(seed, 1), draw(seed, 2));
    let count = match settings.shape {
        Shape::Own => settings.own.len(),
        _ => settings.count,
    };
    let mut points = (0..count).map(|i| {
        let ([x, y], target) = point(settings, i, &mut place);
        let moved = match settings.shape {
            Shape::Own => [x, y],
            _ => [x, y].map(|value| value + 0.5 * settings.noise * noise.normal()),
        };
        (moved, target)
    });
    let mut points = points.by_ref().collect::<Vec<_>>();
    let mut order = draw(seed, 3);
    for last in (1..points.len()).rev() {
        points.swap(last, order.below(last + 1));
    }
    let test = (settings.test * count as f64) as usize;
    let is_regression = settings.shape.is_regression();
    let numbers = points
        .iter()
        .filter(|_| is_regression)
        .map(|(_, target)| *target);
    let classes = points
        .iter()
        .filter(|_| !is_regression)
        .map(|(_, target)| *target as u8);
    Data {
        x: points.iter().flat_map(|(x, _)| *x).collect(),
        numbers: numbers.collect(),
        classes: classes.collect(),
        training: (count - test).max(1),
    }
}

/// A point without noise, and its class or number.
fn point(settings: &DataSettings, i: usize, draw: &mut Draw) -> ([f64; 2], f64) {
    let classes = settings.classes;
    let anywhere = |draw: &mut Draw| [draw.between(-1.0, 1.0), draw.between(-1.0, 1.0)];
    match settings.shape {
        Shape::Circles => {
            let class = i % 2;
            let radius = if class == 0 {
                draw.between(0.0, 0.45)
            } else {
                draw.between(0.65, 1.0)
            };
            let angle = draw.between(0.0, TAU);
            ([radius * angle.cos(), radius * angle.sin()], class as f64)
        }
        Shape::Xor => {
            let [x, y] = anywhere(draw);
            // A gap along the axes.
            let apart = |value: f64| value.signum() * (0.05 + 0.95 * value.abs());
            (
                [apart(x), apart(y)],
                f64::from(u8::from((x > 0.0) != (y > 0.0))),
            )
        }
        Shape::Blobs => {
            let class = i % classes;
            let angle = TAU * class as f64 / classes as f64 + PI / 4.0;
            let around = |draw: &mut Draw| 0.13 * draw.normal();
            (
                [
                    0.65 * angle.cos() + around(draw),
                    0.65 * angle.sin() + around(draw),
                ],
                class as f64,
            )
        }
        Shape::Spiral => {
            let class = i % classes;
            let along = draw.share();
            let angle =
                1.75 * TAU * along * 2.0 / classes as f64 + TAU * class as f64 / classes as f64;
            let radius = 0.05 + 0.95 * along;
            ([radius * angle.cos(), radius * angle.sin()], class as f64)
        }
        Shape::Moons => {
            let class = i % 2;
            let angle = draw.between(0.0, PI);
            let (x, y) = (0.62 * angle.cos(), 0.62 * angle.sin());
            let place = if class == 0 {
                [x - 0.3, y - 0.2]
            } else {
                [0.3 - x, 0.2 - y]
            };
            (place, class as f64)
        }
        Shape::Stripes => {
            let [x, y] = anywhere(draw);
            let stripe = ((x + y + 2.0) / 4.0 * 2.0 * classes as f64) as usize;
            ([x, y], (stripe % classes) as f64)
        }
        Shape::Plane => {
            let [x, y] = anywhere(draw);
            ([x, y], 0.5 * (x + y))
        }
        Shape::Hills => {
            let [x, y] = anywhere(draw);
            ([x, y], (HILLS.function)([0.5 * (x + 1.0), 0.5 * (y + 1.0)]))
        }
        Shape::Own => (settings.own[i].x, settings.own[i].class as f64),
    }
}

/// The order in which the training points come in an epoch.
pub(crate) fn order(seed: u32, epoch: u64, count: usize, rows: &mut Vec<u32>) {
    rows.clear();
    rows.extend(0..count as u32);
    let mut draw = draw(seed, 1000 + epoch);
    for last in (1..count).rev() {
        rows.swap(last, draw.below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::settings::Plan;
    use crate::query::Query;

    fn of(address: &str) -> Data {
        let plan = Plan::take(Query::parse(address).unwrap()).unwrap();
        let settings = plan.settings(0).unwrap();
        points(&settings.data, settings.seed)
    }

    #[test]
    fn every_kind_of_data_has_its_classes_or_numbers_in_sight() {
        for shape in [
            "circles",
            "xor",
            "blobs&classes=5",
            "spiral&classes=3",
            "moons",
            "stripes&classes=4",
        ] {
            let data = of(&format!("data={shape}&points=200&noise=0&test=0.25"));
            assert_eq!(
                (data.x.len(), data.classes.len(), data.training),
                (400, 200, 150)
            );
            let classes = shape
                .split('=')
                .nth(1)
                .map_or(2, |count| count.parse().unwrap());
            for class in 0..classes {
                assert!(
                    data.classes.iter().filter(|&&c| c == class).count() > 20,
                    "{shape}"
                );
            }
            assert!(data.classes.iter().all(|&class| class < classes));
            assert!(data.x.iter().all(|x| x.abs() < 1.3), "{shape}");
        }
        let hills = of("data=hills");
        assert_eq!((hills.numbers.len(), hills.classes.len()), (300, 0));
    }

    #[test]
    fn the_seed_decides_the_points_and_noise_moves_the_same_ones() {
        assert_eq!(of("seed=4"), of("seed=4"));
        assert_ne!(of("seed=4"), of("seed=5"));
        let [calm, noisy] = ["noise=0", "noise=0.2"].map(of);
        assert_eq!(calm.classes, noisy.classes);
        let moved = calm
            .x
            .iter()
            .zip(&noisy.x)
            .map(|(a, b)| (a - b).powi(2))
            .sum::<f64>();
        let spread = (moved / calm.x.len() as f64).sqrt();
        assert!((spread - 0.1).abs() < 0.02, "{spread}");
    }

    #[test]
    fn every_point_comes_once_in_an_epoch() {
        let mut rows = vec![];
        order(1, 0, 50, &mut rows);
        let first = rows.clone();
        rows.sort_unstable();
        assert_eq!(rows, (0..50).collect::<Vec<_>>());
        order(1, 1, 50, &mut rows);
        assert_ne!(rows, first);
    }
}
