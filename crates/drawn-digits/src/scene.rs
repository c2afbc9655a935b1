//! Lights and cameras: what happens to a sheet until it is a file.

use crate::canvas::{Canvas, Colour, Pen};
use crate::random::{Random, grain, smooth_grain};
use crate::skeleton::Point;

/// How a sheet is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    Scanner,
    LampAtOneSide,
    DarkCorners,
    Shadow,
    LittleLight,
    Table,
    Frame,
    SmallAndBlurred,
}

/// Where the digit is and how large the picture is.
pub(crate) struct Place {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Height of the digit in pixels.
    pub(crate) digit: f32,
    /// Its middle.
    pub(crate) middle: Point,
}

impl Scene {
    pub(crate) const ALL: [Self; 8] = [
        Self::Scanner,
        Self::LampAtOneSide,
        Self::DarkCorners,
        Self::Shadow,
        Self::LittleLight,
        Self::Table,
        Self::Frame,
        Self::SmallAndBlurred,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scanner => "scanned",
            Self::LampAtOneSide => "with a lamp at one side",
            Self::DarkCorners => "with dark corners",
            Self::Shadow => "in a shadow's edge",
            Self::LittleLight => "with little light",
            Self::Table => "on a table",
            Self::Frame => "in a frame or next to a dark strip",
            Self::SmallAndBlurred => "small and out of focus",
        }
    }

    /// Size of the picture, size and place of the digit.
    pub(crate) fn place(self, random: &mut Random) -> Place {
        let side = random.between(180.0, 320.0);
        let wide = random.between(0.8, 1.3);
        let (width, height) = (side * wide.max(1.0), side / wide.min(1.0));
        let share = match self {
            Self::SmallAndBlurred => random.between(0.18, 0.30),
            Self::Table => random.between(0.32, 0.45),
            Self::Frame => random.between(0.40, 0.55),
            _ => random.between(0.40, 0.75),
        };
        let digit = share * width.min(height);
        let free = |random: &mut Random, length: f32, share: f32| {
            let room = (length - 1.35 * digit).max(0.0) / 2.0;
            length / 2.0 + share * random.between(-room, room)
        };
        let share = match self {
            Self::Table | Self::Frame => 0.3,
            _ => 0.8,
        };
        Place {
            middle: [free(random, width, share), free(random, height, share)],
            width: width as usize,
            height: height as usize,
            digit,
        }
    }

    /// Light, surroundings and camera.
    pub(crate) fn take(self, canvas: &mut Canvas, place: &Place, random: &mut Random) {
        let [w, h] = [canvas.width as f32, canvas.height as f32];
        let angle = random.between(0.0, std::f32::consts::TAU);
        let (sin, cos) = angle.sin_cos();
        let seed = random.between(0.0, 1e6) as u32;
        match self {
            Self::Scanner => noise(canvas, 0.01, seed),
            Self::LampAtOneSide => {
                let dark = random.between(0.25, 0.5);
                light(canvas, |x, y| {
                    let along = ((x / w - 0.5) * cos + (y / h - 0.5) * sin) / 1.4 + 0.5;
                    dark + (1.05 - dark) * along
                });
                noise(canvas, 0.02, seed);
            }
            Self::DarkCorners => {
                let middle = [0.5 + 0.2 * cos, 0.5 + 0.2 * sin];
                let dark = random.between(0.5, 0.8);
                light(canvas, |x, y| {
                    let away = (x / w - middle[0]).hypot(y / h - middle[1]);
                    1.0 - dark * (away / 0.9).powi(2).min(1.0)
                });
                noise(canvas, 0.02, seed);
            }
            Self::Shadow => {
                let dark = random.between(0.5, 0.7);
                let soft = random.between(0.03, 0.12);
                let start = random.between(-0.3, 0.25);
                light(canvas, |x, y| {
                    let bend = 0.15 * smooth_grain(x, y, 0.4 * w, seed);
                    let along = (x / w - 0.5) * cos + (y / h - 0.5) * sin + bend - start;
                    dark + (1.0 - dark) / (1.0 + (-along / soft).exp())
                });
                noise(canvas, 0.02, seed);
            }
            Self::LittleLight => {
                let bright = random.between(0.30, 0.50);
                let warm = [1.0, 0.9, 0.72];
                canvas.each(|_, _, colour| [0, 1, 2].map(|c| bright * warm[c] * colour[c] + 0.04));
                canvas.blur(1);
                noise(canvas, random.between(0.025, 0.04), seed);
            }
            Self::Table => {
                put_on_table(canvas, place, random);
                light(canvas, |x, y| 0.85 + 0.12 * ((x / w) * cos + (y / h) * sin));
                noise(canvas, 0.015, seed);
            }
            Self::Frame => {
                frame(canvas, place, random);
                noise(canvas, 0.01, seed);
            }
            Self::SmallAndBlurred => {
                let radius = (0.025 * place.digit).clamp(1.0, 4.0) as usize;
                canvas.blur(radius);
                light(canvas, |x, y| 0.9 + 0.1 * ((x / w) * cos + (y / h) * sin));
                noise(canvas, 0.015, seed);
            }
        }
    }

    /// Quality of the JPEG, or none for a PNG.
    pub(crate) fn quality(self, random: &mut Random) -> Option<u8> {
        match self {
            Self::Scanner | Self::Frame => None,
            Self::LittleLight => Some(random.between(45.0, 70.0) as u8),
            _ => Some(random.between(70.0, 92.0) as u8),
        }
    }
}

fn light(canvas: &mut Canvas, light: impl Fn(f32, f32) -> f32) {
    canvas.each(|x, y, colour| colour.map(|channel| channel * light(x, y)));
}

fn noise(canvas: &mut Canvas, strength: f32, seed: u32) {
    canvas.each(|x, y, colour| {
        let (x, y) = (x as i32, y as i32);
        let grey = grain(x, y, seed) + grain(x, y, seed + 1) - 1.0;
        [0, 1, 2].map(|c| {
            let own = grain(x, y, seed + 2 + c as u32) - 0.5;
            colour[c] + strength * (2.4 * grey + 1.5 * own)
        })
    });
}

/// Cuts the sheet to a turned rectangle around the digit and lays it on wood, stone or cloth.
fn put_on_table(canvas: &mut Canvas, place: &Place, random: &mut Random) {
    let table: Colour = *random.choice(&[
        [0.45, 0.30, 0.18],
        [0.25, 0.22, 0.20],
        [0.55, 0.56, 0.58],
        [0.20, 0.28, 0.36],
    ]);
    let (sin, cos) = random.around(0.10).sin_cos();
    let half = [0, 1].map(|_| place.digit * random.between(0.85, 1.15));
    let middle = [0, 1].map(|axis| place.middle[axis] + random.around(0.08) * place.digit);
    let seed = random.between(0.0, 1e6) as u32;
    canvas.each(|x, y, colour| {
        let (x0, y0) = (x - middle[0], y - middle[1]);
        let (u, v) = (x0 * cos + y0 * sin, y0 * cos - x0 * sin);
        let inside = (half[0] - u.abs()).min(half[1] - v.abs());
        let share = (inside + 0.5).clamp(0.0, 1.0);
        let veins = 0.12 * (smooth_grain(x * 0.2, y, 3.0, seed) - 0.5);
        // The sheet throws a small shadow.
        let shade = 1.0 - 0.35 * (1.0 + inside / 6.0).clamp(0.0, 1.0);
        [0, 1, 2].map(|c| share * colour[c] + (1.0 - share) * (table[c] + veins) * shade)
    });
}

/// A drawn box around the digit, a frame at the picture's edge, or a dark strip along one side.
fn frame(canvas: &mut Canvas, place: &Place, random: &mut Random) {
    let [w, h] = [canvas.width as f32, canvas.height as f32];
    let level = random.between(0.05, 0.35);
    let colour = [level; 3];
    let pen = |width: f32| Pen {
        colour,
        width,
        opacity: 1.0,
        pressure: 0.0,
        grainy: 0.0,
        hard: false,
    };
    let kind = random.between(0.0, 3.0);
    if kind < 1.0 {
        let half = place.digit * random.between(0.72, 0.8);
        let [x, y] = place.middle;
        let (left, right) = ((x - half).max(4.0), (x + half).min(w - 5.0));
        let (top, bottom) = ((y - half).max(4.0), (y + half).min(h - 5.0));
        let corners = [
            [left, top],
            [right, top],
            [right, bottom],
            [left, bottom],
            [left, top],
        ];
        canvas.draw(&[corners.to_vec()], &pen(random.between(1.5, 4.0)), 0);
    } else if kind < 2.0 {
        let thick = random.between(2.0, 7.0);
        canvas.each(|x, y, paper| {
            let inside = x.min(y).min(w - 1.0 - x).min(h - 1.0 - y);
            if inside < thick { colour } else { paper }
        });
    } else {
        let thick = random.between(0.04, 0.10) * w;
        let side = random.between(0.0, 4.0) as u8;
        let lean = random.around(0.03);
        canvas.each(|x, y, paper| {
            let inside = match side {
                0 => x + lean * y,
                1 => w - 1.0 - x + lean * y,
                2 => y + lean * x,
                _ => h - 1.0 - y + lean * x,
            };
            let share = ((thick - inside) / 3.0 + 0.5).clamp(0.0, 1.0);
            [0, 1, 2].map(|c| share * colour[c] + (1.0 - share) * paper[c])
        });
    }
}
