//! The shapes of the digits: strokes as points that a curve goes through, written down for this
//! crate. They come from no font and no data set.

use crate::random::Random;

/// A point: `x` to the right, `y` downward, the digit's height is 1.
pub(crate) type Point = [f32; 2];

/// A stroke of a shape: the points, and whether the curve is smooth or has corners there.
pub(crate) struct Stroke {
    smooth: bool,
    points: &'static [Point],
}

pub(crate) const fn curve(points: &'static [Point]) -> Stroke {
    Stroke {
        smooth: true,
        points,
    }
}

pub(crate) const fn corners(points: &'static [Point]) -> Stroke {
    Stroke {
        smooth: false,
        points,
    }
}

/// The ways to write each digit.
const SHAPES: [&[&[Stroke]]; 10] = [
    &[
        &[curve(&[
            [0.34, 0.01],
            [0.14, 0.14],
            [0.04, 0.45],
            [0.10, 0.82],
            [0.30, 0.99],
            [0.52, 0.86],
            [0.62, 0.52],
            [0.56, 0.17],
            [0.36, 0.01],
        ])],
        &[curve(&[
            [0.46, 0.05],
            [0.26, 0.02],
            [0.08, 0.24],
            [0.03, 0.58],
            [0.16, 0.92],
            [0.40, 0.98],
            [0.60, 0.76],
            [0.64, 0.38],
            [0.52, 0.09],
            [0.34, 0.03],
        ])],
    ],
    &[
        &[corners(&[[0.30, 0.0], [0.30, 1.0]])],
        &[corners(&[[0.12, 0.22], [0.34, 0.0], [0.34, 1.0]])],
        &[
            corners(&[[0.10, 0.24], [0.32, 0.0], [0.32, 1.0]]),
            corners(&[[0.10, 1.0], [0.56, 1.0]]),
        ],
    ],
    &[
        &[
            curve(&[
                [0.08, 0.24],
                [0.20, 0.05],
                [0.40, 0.01],
                [0.57, 0.14],
                [0.54, 0.38],
                [0.34, 0.68],
                [0.06, 0.97],
            ]),
            corners(&[[0.06, 0.97], [0.64, 0.96]]),
        ],
        &[curve(&[
            [0.10, 0.20],
            [0.24, 0.03],
            [0.46, 0.04],
            [0.56, 0.24],
            [0.44, 0.56],
            [0.18, 0.90],
            [0.08, 0.92],
            [0.14, 0.80],
            [0.30, 0.84],
            [0.44, 0.95],
            [0.66, 0.90],
        ])],
    ],
    &[
        &[
            curve(&[
                [0.10, 0.12],
                [0.28, 0.01],
                [0.50, 0.08],
                [0.52, 0.30],
                [0.38, 0.44],
                [0.24, 0.47],
            ]),
            curve(&[
                [0.24, 0.47],
                [0.46, 0.51],
                [0.60, 0.70],
                [0.50, 0.93],
                [0.28, 1.0],
                [0.06, 0.89],
            ]),
        ],
        &[
            corners(&[[0.08, 0.02], [0.56, 0.02], [0.28, 0.40]]),
            curve(&[
                [0.28, 0.40],
                [0.50, 0.44],
                [0.60, 0.66],
                [0.52, 0.90],
                [0.28, 1.0],
                [0.06, 0.90],
            ]),
        ],
    ],
    &[
        &[
            corners(&[[0.42, 0.0], [0.04, 0.66], [0.66, 0.66]]),
            corners(&[[0.46, 0.34], [0.46, 1.0]]),
        ],
        &[
            corners(&[[0.12, 0.0], [0.08, 0.52], [0.60, 0.50]]),
            corners(&[[0.52, 0.02], [0.48, 1.0]]),
        ],
        &[corners(&[
            [0.46, 1.0],
            [0.46, 0.0],
            [0.04, 0.68],
            [0.66, 0.68],
        ])],
    ],
    &[
        &[
            curve(&[
                [0.14, 0.44],
                [0.34, 0.36],
                [0.56, 0.50],
                [0.60, 0.74],
                [0.44, 0.95],
                [0.20, 0.99],
                [0.04, 0.90],
            ]),
            corners(&[[0.14, 0.44], [0.18, 0.02], [0.58, 0.01]]),
        ],
        &[
            corners(&[[0.56, 0.02], [0.16, 0.02], [0.12, 0.46]]),
            curve(&[
                [0.12, 0.46],
                [0.36, 0.38],
                [0.58, 0.56],
                [0.54, 0.84],
                [0.32, 1.0],
                [0.06, 0.94],
            ]),
        ],
    ],
    &[
        &[curve(&[
            [0.50, 0.01],
            [0.26, 0.22],
            [0.08, 0.54],
            [0.08, 0.82],
            [0.26, 0.99],
            [0.50, 0.92],
            [0.58, 0.72],
            [0.44, 0.54],
            [0.24, 0.56],
            [0.09, 0.74],
        ])],
        &[curve(&[
            [0.38, 0.0],
            [0.18, 0.28],
            [0.06, 0.62],
            [0.12, 0.92],
            [0.34, 1.0],
            [0.54, 0.84],
            [0.50, 0.62],
            [0.32, 0.54],
            [0.10, 0.70],
        ])],
    ],
    &[
        &[corners(&[[0.06, 0.02], [0.60, 0.02], [0.26, 1.0]])],
        &[
            corners(&[[0.06, 0.03], [0.60, 0.02], [0.24, 1.0]]),
            corners(&[[0.20, 0.50], [0.58, 0.48]]),
        ],
        &[
            corners(&[[0.06, 0.14], [0.08, 0.03], [0.60, 0.02]]),
            curve(&[[0.60, 0.02], [0.40, 0.42], [0.28, 1.0]]),
        ],
    ],
    &[
        &[curve(&[
            [0.52, 0.14],
            [0.34, 0.01],
            [0.12, 0.10],
            [0.14, 0.34],
            [0.36, 0.48],
            [0.58, 0.68],
            [0.54, 0.94],
            [0.30, 1.0],
            [0.08, 0.90],
            [0.10, 0.66],
            [0.34, 0.48],
            [0.54, 0.30],
            [0.52, 0.12],
        ])],
        &[
            curve(&[
                [0.34, 0.47],
                [0.14, 0.34],
                [0.16, 0.10],
                [0.34, 0.0],
                [0.53, 0.11],
                [0.53, 0.35],
                [0.34, 0.47],
            ]),
            curve(&[
                [0.34, 0.47],
                [0.10, 0.62],
                [0.08, 0.88],
                [0.34, 1.0],
                [0.60, 0.88],
                [0.58, 0.62],
                [0.34, 0.47],
            ]),
        ],
    ],
    &[
        &[
            curve(&[
                [0.54, 0.22],
                [0.40, 0.02],
                [0.16, 0.06],
                [0.06, 0.28],
                [0.20, 0.48],
                [0.44, 0.42],
                [0.55, 0.20],
            ]),
            corners(&[[0.55, 0.20], [0.52, 0.60], [0.48, 1.0]]),
        ],
        &[curve(&[
            [0.56, 0.16],
            [0.36, 0.0],
            [0.12, 0.12],
            [0.08, 0.36],
            [0.28, 0.50],
            [0.52, 0.36],
            [0.57, 0.14],
            [0.58, 0.52],
            [0.46, 0.88],
            [0.24, 1.0],
            [0.08, 0.92],
        ])],
    ],
];

/// How a hand writes.
pub(crate) struct Hand {
    /// To the right at the top, for each unit of height.
    pub(crate) slant: f32,
    /// Width of the digits, compared with the shapes above.
    pub(crate) width: f32,
    /// Radians.
    pub(crate) turn: f32,
    /// Deviation of the points.
    pub(crate) unsteady: f32,
    /// Chooses among the ways to write a digit.
    pub(crate) habit: usize,
}

/// The shape of a digit as a hand writes it.
pub(crate) fn digit_shape(digit: usize, hand: &Hand) -> &'static [Stroke] {
    let shapes = SHAPES[digit];
    shapes[(hand.habit / (digit + 1)) % shapes.len()]
}

/// The strokes of a shape as lines of many points. Its height is about 1, its middle at 0.
pub(crate) fn strokes(shape: &[Stroke], hand: &Hand, random: &mut Random) -> Vec<Vec<Point>> {
    let mut seen: Vec<(Point, Point)> = vec![];
    let mut moved = |point: Point| {
        // Strokes that meet still meet.
        if let Some((_, moved)) = seen.iter().find(|(before, _)| *before == point) {
            return *moved;
        }
        let [x, y] = point;
        let (x, y) = ((x - 0.33) * hand.width, y - 0.5);
        let x = x - hand.slant * y + random.around(hand.unsteady);
        let y = y + random.around(hand.unsteady);
        let (sin, cos) = hand.turn.sin_cos();
        let moved = [x * cos - y * sin, x * sin + y * cos];
        seen.push((point, moved));
        moved
    };
    let strokes = shape.iter().map(|stroke| {
        let points: Vec<Point> = stroke.points.iter().map(|&point| moved(point)).collect();
        if stroke.smooth {
            through(&points)
        } else {
            points
        }
    });
    strokes.collect()
}

/// A curve through points (Catmull and Rom).
fn through(points: &[Point]) -> Vec<Point> {
    const PARTS: usize = 12;
    let at = |index: isize| points[index.clamp(0, points.len() as isize - 1) as usize];
    let mut curve = vec![points[0]];
    for start in 0..points.len() as isize - 1 {
        let [a, b, c, d] = [-1, 0, 1, 2].map(|offset| at(start + offset));
        for part in 1..=PARTS {
            let t = part as f32 / PARTS as f32;
            curve.push([0, 1].map(|axis| {
                let (a, b, c, d) = (a[axis], b[axis], c[axis], d[axis]);
                0.5 * (2.0 * b
                    + (c - a) * t
                    + (2.0 * a - 5.0 * b + 4.0 * c - d) * t * t
                    + (3.0 * b - a - 3.0 * c + d) * t * t * t)
            }));
        }
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_through_its_points() {
        let points = [[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]];
        let curve = through(&points);
        for point in points {
            let nearest = curve
                .iter()
                .map(|p| (p[0] - point[0]).hypot(p[1] - point[1]));
            assert!(nearest.fold(f32::INFINITY, f32::min) < 1e-6, "{point:?}");
        }
    }
}
