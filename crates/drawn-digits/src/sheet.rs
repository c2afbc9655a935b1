//! Pens and papers.

use crate::canvas::{Canvas, Colour, Pen};
use crate::random::{Random, smooth_grain};
use crate::skeleton::Point;

/// A pen and the paper that it is used on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    BallPen,
    PencilOnSquares,
    FeltPenOnLines,
    FountainPen,
    Marker,
    Chalk,
    Brush,
    Mouse,
}

impl Sheet {
    pub(crate) const ALL: [Self; 8] = [
        Self::BallPen,
        Self::PencilOnSquares,
        Self::FeltPenOnLines,
        Self::FountainPen,
        Self::Marker,
        Self::Chalk,
        Self::Brush,
        Self::Mouse,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BallPen => "ball pen on white paper",
            Self::PencilOnSquares => "pencil on squared paper",
            Self::FeltPenOnLines => "felt pen on lined paper",
            Self::FountainPen => "fountain pen on cream paper",
            Self::Marker => "marker on coloured paper",
            Self::Chalk => "chalk on a blackboard",
            Self::Brush => "brush on grey paper",
            Self::Mouse => "mouse in a drawing program",
        }
    }

    /// The pen for a digit of a height in pixels.
    pub(crate) fn pen(self, height: f32, random: &mut Random) -> Pen {
        let dark = |random: &mut Random| {
            *random.choice(&[[0.08, 0.08, 0.10], [0.10, 0.14, 0.45], [0.05, 0.05, 0.05]])
        };
        // Width compared with the height, opacity, pressure, grain.
        let (colour, width, [opacity, pressure, grainy]): (Colour, _, _) = match self {
            Self::BallPen => (dark(random), [0.025, 0.05], [0.95, 0.1, 0.1]),
            Self::PencilOnSquares => ([0.25; 3], [0.03, 0.06], [0.85, 0.2, 0.45]),
            Self::FeltPenOnLines => (
                *random.choice(&[[0.10, 0.10, 0.10], [0.10, 0.15, 0.55], [0.60, 0.08, 0.10]]),
                [0.06, 0.10],
                [0.95, 0.05, 0.0],
            ),
            Self::FountainPen => (dark(random), [0.04, 0.08], [0.9, 0.45, 0.0]),
            Self::Marker => (
                *random.choice(&[[0.05, 0.05, 0.05], [0.45, 0.05, 0.08], [0.05, 0.12, 0.40]]),
                [0.11, 0.18],
                [0.97, 0.0, 0.0],
            ),
            Self::Chalk => ([0.93, 0.93, 0.88], [0.05, 0.10], [0.9, 0.15, 0.5]),
            Self::Brush => ([0.10, 0.09, 0.09], [0.08, 0.15], [0.95, 0.5, 0.1]),
            Self::Mouse => ([0.0; 3], [0.05, 0.12], [1.0, 0.0, 0.0]),
        };
        let width = random.between(width[0], width[1]) * height;
        Pen {
            colour,
            width,
            opacity,
            pressure,
            grainy,
            hard: self == Self::Mouse,
        }
    }

    /// Lays the paper on the canvas; a drawing program may also change the pen's colour.
    pub(crate) fn lay(self, canvas: &mut Canvas, height: f32, pen: &mut Pen, random: &mut Random) {
        let paper: Colour = match self {
            Self::BallPen | Self::PencilOnSquares | Self::FeltPenOnLines => [0.95, 0.95, 0.94],
            Self::FountainPen => [0.95, 0.91, 0.80],
            Self::Marker => *random.choice(&[
                [0.80, 0.68, 0.50],
                [0.95, 0.90, 0.45],
                [0.70, 0.85, 0.75],
                [0.95, 0.75, 0.80],
            ]),
            Self::Chalk => *random.choice(&[[0.12, 0.20, 0.16], [0.13, 0.13, 0.14]]),
            Self::Brush => [0.78, 0.77, 0.74],
            Self::Mouse => {
                let (ink, paper) = *random.choice(&[
                    ([0.0; 3], [1.0; 3]),
                    ([1.0; 3], [0.0; 3]),
                    ([0.9, 0.1, 0.1], [1.0; 3]),
                    ([1.0, 0.9, 0.2], [0.1, 0.1, 0.4]),
                    ([0.1, 0.3, 0.8], [0.9, 0.9, 0.9]),
                ]);
                pen.colour = ink;
                paper
            }
        };
        let seed = random.between(0.0, 1e6) as u32;
        let texture = if self == Self::Mouse { 0.0 } else { 0.02 };
        let smears = if self == Self::Chalk { 0.10 } else { 0.02 };
        canvas.each(|x, y, _| {
            let fine = smooth_grain(x, y, 1.7, seed) - 0.5;
            let wide = smooth_grain(x, y, 0.4 * height, seed + 1) - 0.5;
            paper.map(|channel| channel + 2.0 * texture * fine + smears * wide)
        });
        let blue = [0.55, 0.65, 0.85];
        match self {
            Self::FeltPenOnLines => {
                let spacing = height * random.between(0.5, 1.1);
                rule(canvas, blue, spacing, 0.012 * height, false, random);
            }
            Self::PencilOnSquares => {
                let colour = *random.choice(&[blue, [0.72, 0.72, 0.74]]);
                let spacing = height * random.between(0.22, 0.5);
                rule(canvas, colour, spacing, 0.01 * height, true, random);
            }
            _ => {}
        }
    }
}

/// Rules lines, and columns for squared paper.
fn rule(
    canvas: &mut Canvas,
    colour: Colour,
    spacing: f32,
    width: f32,
    squares: bool,
    random: &mut Random,
) {
    let pen = Pen {
        colour,
        width,
        opacity: random.between(0.5, 0.9),
        pressure: 0.0,
        grainy: 0.0,
        hard: false,
    };
    let (sin, cos) = random.around(0.02).sin_cos();
    let [w, h] = [canvas.width as f32, canvas.height as f32];
    let long = w + h;
    let mut lines: Vec<Vec<Point>> = vec![];
    let start = random.between(0.0, spacing);
    for step in -4..(long / spacing) as i32 {
        let away = start + step as f32 * spacing;
        let turned = |[x, y]: Point| [x * cos - y * sin, x * sin + y * cos];
        lines.push(vec![turned([-long, away]), turned([long, away])]);
        if squares {
            lines.push(vec![turned([away, -long]), turned([away, long])]);
        }
    }
    canvas.draw(&lines, &pen, 0);
}
