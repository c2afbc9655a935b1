//! Finds the figure in a picture: the connected ink that is most likely a digit.

use image::{
    Luma,
    imageops::{self, FilterType},
};

use super::contrast::Contrast;
use super::parts::{Bounds, Part, parts};
use super::plane::{Ink, median};
use super::ruled::remove_lines;

/// The least contrast that counts as ink, of 1 at most.
pub(crate) const LEAST_CONTRAST: f32 = 16.0 / 255.0;

/// Shares of the strongest ink that are tried as the least level of a figure, in this order.
const LEVELS: [f32; 4] = [0.0, 0.25, 0.4, 0.55];

/// Share of the main part's height within which smaller parts belong to it.
const NEAR: f32 = 0.18;

/// A part of this share of the main part's height is a figure of its own.
const ANOTHER: f32 = 0.5;

/// So many figures are told apart.
const MOST_FIGURES: usize = 100;

/// A part of a smaller share of the main part's height is a dash.
const FLAT: f32 = 0.25;

/// A part of a smaller share of the main part's level may be a shadow, where there are shadows.
const PALE: f32 = 0.25;

/// A part with this share of the main part's pixels is more than a speck.
const SPECK: f32 = 0.02;

/// Strokes wider than this share of a part's longer side are no strokes.
const THICK: f32 = 0.3;

/// A digit at the edge of the picture lies along it for less than this share of its longer side.
const ALONG: f32 = 0.6;

/// Sizes and levels of digits by the same hand differ by less than this factor.
const ALIKE: f32 = 1.5;

/// Strokes next to the digit that are wider than this share of the part's longer side are none: wider than
/// those of a bold 0, which are hard to tell from a dot.
const SOLID: f32 = 0.4;

/// How plausible a part is that lies around another, compared with one that does not.
const AROUND: f32 = 0.2;

/// What figures are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// A background of one level: whatever differs from it was drawn.
    Plain,
    /// Paper, light and things around it: sheets, shadows and their edges differ from it as well.
    Uneven,
}

/// Ink found in a picture.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The contrast of the whole picture.
    pub(crate) ink: Ink,
    /// The figures, the most likely one first.
    pub(crate) figures: Vec<Figure>,
    /// How plausible the first figure is.
    pub(crate) score: f32,
    pub(crate) background: Ink,
    pub(crate) noise: f32,
}

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) bounds: Bounds,
    pub(crate) parts: Vec<Part>,
    pub(crate) level: f32,
    /// Whether it touches the edge of the picture.
    pub(crate) on_edge: bool,
}

impl Figure {
    pub(crate) fn of(part: Part) -> Self {
        Self {
            bounds: part.bounds,
            level: part.level,
            on_edge: part.on_edge > 0.0,
            parts: vec![part],
        }
    }

    pub(crate) fn add(&mut self, part: Part) {
        self.bounds = self.bounds.with(part.bounds);
        self.on_edge |= part.on_edge > 0.0;
        self.parts.push(part);
    }

    pub(crate) fn pixels(&self) -> usize {
        self.parts.iter().map(|part| part.pixels.len()).sum()
    }
}

impl Found {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            ink: Ink::new(0, 0),
            figures: vec![],
            score: 0.0,
            background: Ink::new(0, 0),
            noise: 0.0,
        }
    }

    /// Whether a figure is all ink that there is, but for what is too faint to see.
    pub(crate) fn is_all(&self, figure: &Figure) -> bool {
        let of_figure = figure.parts.iter().flat_map(|part| &part.pixels);
        let sum: f32 = of_figure.map(|&[x, y]| self.ink.get_pixel(x, y).0[0]).sum();
        let all: f32 = self
            .ink
            .as_raw()
            .iter()
            .filter(|level| **level >= 0.125)
            .sum();
        sum >= 0.999 * all
    }
}

/// The figures in a picture, of the polarity that gives the more plausible one.
pub(crate) fn find(grey: &Ink) -> Option<Found> {
    let [darker, lighter] = deviations(grey);
    // The ratio's cube root: a sheet on a dark table deviates strongly, but is no digit.
    let of = |is_dark| find_polarity(grey, is_dark);
    match (of(true), of(false)) {
        (Some(dark), Some(light)) if light.score * lighter.cbrt() > dark.score * darker.cbrt() => {
            Some(light)
        }
        (Some(dark), _) => Some(dark),
        (None, light) => light,
    }
}

/// How much pixels are darker, and lighter, than the median around them: sums of squares, the
/// middle of the picture counts more.
fn deviations(grey: &Ink) -> [f32; 2] {
    let background = medians_around(grey);
    let [width, height] = [grey.width() as f32, grey.height() as f32];
    let mut sums = [0.0_f64; 2];
    for (x, y, level) in grey.enumerate_pixels() {
        let away = (x as f32 / width - 0.5).hypot(y as f32 / height - 0.5);
        let deviation = level.0[0] - background.get_pixel(x, y).0[0];
        let weight = (-(away / 0.4).powi(2)).exp();
        sums[usize::from(deviation > 0.0)] += f64::from(weight * deviation * deviation);
    }
    sums.map(|sum| sum as f32)
}

/// The median of a wide square around each pixel, computed on a small copy.
fn medians_around(grey: &Ink) -> Ink {
    const SMALL: u32 = 40;
    const REACH: u32 = 9;
    let (width, height) = grey.dimensions();
    let [columns, rows] = [width.min(SMALL), height.min(SMALL)];
    let small = imageops::resize(grey, columns, rows, FilterType::Triangle);
    let medians = Ink::from_fn(columns, rows, |x, y| {
        let around = |at: u32, size: u32| at.saturating_sub(REACH)..(at + REACH + 1).min(size);
        let levels = around(y, rows).flat_map(|v| around(x, columns).map(move |u| (u, v)));
        Luma([median(
            levels.map(|(u, v)| small.get_pixel(u, v).0[0]).collect(),
        )])
    });
    imageops::resize(&medians, width, height, FilterType::Triangle)
}

fn find_polarity(grey: &Ink, is_dark: bool) -> Option<Found> {
    let Contrast {
        mut ink,
        background,
        noise,
    } = Contrast::new(grey, is_dark);
    let least = noise.max(0.6 * LEAST_CONTRAST);
    remove_lines(&mut ink, least);
    let strongest = super::plane::quantile(ink.as_raw().clone(), 0.998);
    let mut best: Option<(f32, Vec<Figure>)> = None;
    for level in LEVELS {
        let Some((score, figures)) =
            figures_above(&ink, least.max(level * strongest), Surface::Uneven)
        else {
            continue;
        };
        // A higher level only if what is found at a lower one hangs together with the surroundings.
        if best.as_ref().is_none_or(|(before, _)| score > 1.5 * before) {
            best = Some((score, figures));
        }
    }
    let (score, figures) = best?;
    Some(Found {
        ink,
        figures,
        score,
        background,
        noise,
    })
}

/// The figures above a level, the most plausible one first, with its score.
pub(crate) fn figures_above(ink: &Ink, least: f32, surface: Surface) -> Option<(f32, Vec<Figure>)> {
    let mut all = parts(ink, least);
    all.retain(|part| part.pixels.len() >= 4 && part.level >= LEAST_CONTRAST);
    let frames: Vec<bool> = all.iter().map(|part| is_frame(part, &all)).collect();
    let mut frames = frames.into_iter();
    all.retain(|_| !frames.next().unwrap_or(false));
    let scored = all.iter().enumerate().map(|(at, part)| {
        let contained = if contains_another(part, &all) {
            AROUND
        } else {
            1.0
        };
        (contained * score(ink, part, least), at)
    });
    let (score, main) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    let main = gathered(main, &mut all);
    let mut figures = vec![main.clone()];
    for _ in 0..MOST_FIGURES {
        let tallest = (0..all.len()).max_by_key(|&at| all[at].bounds.height());
        let Some(tallest) = tallest else {
            break;
        };
        let figure = gathered(tallest, &mut all);
        if is_figure(ink, &figure, &main, least, surface) {
            figures.push(figure);
        }
    }
    Some((score, figures))
}

/// A part with what is near and small, taken out of all: the top of a 5, the dashes of a pencil.
fn gathered(main: usize, all: &mut Vec<Part>) -> Figure {
    let main = all.swap_remove(main);
    let mut figure = Figure::of(main);
    let Figure { bounds, level, .. } = figure;
    let near = (NEAR * bounds.height().max(bounds.width()) as f32) as u32;
    loop {
        let joins = |part: &Part| {
            part.bounds.gap(figure.bounds) <= near
                && part.on_edge == 0.0
                && part.level > 0.4 * level
                && !is_another(part.bounds, bounds)
        };
        let Some(at) = all.iter().position(joins) else {
            return figure;
        };
        figure.add(all.swap_remove(at));
    }
}

/// Whether what was found next to the most plausible figure is a figure, too.
///
/// What is as tall as that one counts, pale or bold, and on a plain background also where it reaches the
/// edge of the picture. Smaller parts may be specks.
fn is_figure(ink: &Ink, figure: &Figure, main: &Figure, least: f32, surface: Surface) -> bool {
    let [height, expected] = [figure, main].map(|figure| figure.bounds.height() as f32);
    let is_tall = height >= ANOTHER * expected;
    let is_speck = (figure.pixels() as f32) < SPECK * main.pixels() as f32
        || height < FLAT * expected
        || figure.level < 0.5 * main.level;
    match surface {
        Surface::Plain => is_tall || !figure.on_edge && !is_speck,
        Surface::Uneven => {
            let is_pale = figure.level < PALE * main.level;
            let is_inside = !figure.on_edge || is_tall && is_cut_digit(ink, figure, main, least);
            (is_tall && !is_pale || !is_speck) && is_inside && !is_block(ink, figure, least)
        }
    }
}

/// Whether a figure at the edge of the picture is a digit that it cuts: of about the same height, and drawn
/// with the same pen as the main one. Sheets and shadows are larger and lie along the edge.
fn is_cut_digit(ink: &Ink, figure: &Figure, main: &Figure, least: f32) -> bool {
    let [part, of_main] = [figure, main].map(|figure| &figure.parts[0]);
    let alike = |a: f32, b: f32| a.max(b) < ALIKE * a.min(b);
    part.on_edge < ALONG
        && alike(part.level, of_main.level)
        && alike(
            stroke_width(ink, part, least),
            stroke_width(ink, of_main, least),
        )
        && alike(part.bounds.height() as f32, of_main.bounds.height() as f32)
}

/// Whether a figure fills its box and has no strokes: a sheet, a shadow, the corner between a sheet and
/// the edge.
fn is_block(ink: &Ink, figure: &Figure, least: f32) -> bool {
    let (width, height) = (figure.bounds.width(), figure.bounds.height());
    let part = &figure.parts[0];
    2 * figure.pixels() > (width * height) as usize
        && 2 * width > height
        && stroke_width(ink, part, least) > SOLID * part.longer()
}

/// Whether a part next to another is a figure of its own rather than a part of it.
fn is_another(part: Bounds, main: Bounds) -> bool {
    let is_tall = part.height() as f32 >= ANOTHER * main.height() as f32;
    let narrower = part.width().min(main.width()).max(1);
    is_tall && 2 * part.shared_columns(main) < narrower
}

/// How plausible it is that a part is the digit.
fn score(ink: &Ink, part: &Part, least: f32) -> f32 {
    let [width, height] = [ink.width() as f32, ink.height() as f32];
    let Bounds {
        left,
        top,
        right,
        bottom,
    } = part.bounds;
    let middle = [
        (left + right) as f32 / 2.0 / width,
        (top + bottom) as f32 / 2.0 / height,
    ];
    let away = (middle[0] - 0.5).hypot(middle[1] - 0.5);
    let central = (-(away / 0.45).powi(2)).exp();
    let size = (part.bounds.width().max(part.bounds.height()) as f32 / width.min(height)).min(0.7);
    let edge = if part.on_edge > 0.3 {
        0.05
    } else if part.on_edge > 0.0 {
        0.3
    } else {
        1.0
    };
    let flat = part.bounds.width() as f32 / part.bounds.height() as f32;
    let box_size = (part.bounds.width() * part.bounds.height()) as f32;
    let filled = part.pixels.len() as f32 / box_size;
    // Things that lie flat, and the sheet itself.
    let shape = match () {
        () if flat > 3.0 => 0.3,
        () if filled > 0.55 && flat > 0.5 => 0.05,
        () if stroke_width(ink, part, least) > THICK * part.longer() => 0.05,
        () => 1.0,
    };
    // Specks have few pixels for their box.
    let fill = (filled / 0.05).min(1.0);
    part.level.sqrt() * size * central * edge * shape * fill
}

/// The mean width of a part's strokes: its area, divided by half of its outline.
fn stroke_width(ink: &Ink, part: &Part, least: f32) -> f32 {
    let (width, height) = ink.dimensions();
    let is_outside = |x: u32, y: u32| ink.get_pixel(x, y).0[0] <= least;
    let is_outline = |&&[x, y]: &&[u32; 2]| {
        x == 0
            || y == 0
            || x + 1 == width
            || y + 1 == height
            || is_outside(x - 1, y)
            || is_outside(x + 1, y)
            || is_outside(x, y - 1)
            || is_outside(x, y + 1)
    };
    let outline = part.pixels.iter().filter(is_outline).count();
    2.0 * part.pixels.len() as f32 / outline.max(1) as f32
}

/// Whether a part lies around another that could be the digit.
fn contains_another(part: &Part, all: &[Part]) -> bool {
    all.iter().any(|other| {
        other.bounds != part.bounds
            && part.bounds.contains(other.bounds)
            && 4.0 * other.longer() > part.longer()
    })
}

/// Whether a part is a box drawn around another one.
fn is_frame(part: &Part, all: &[Part]) -> bool {
    let Bounds {
        left,
        top,
        right,
        bottom,
    } = part.bounds;
    let (width, height) = (part.bounds.width(), part.bounds.height());
    if width < 20 || height < 20 {
        return false;
    }
    let margin = (width.min(height) / 8).max(3);
    let (mut rows, mut columns) = (vec![0_u8; height as usize], vec![0_u8; width as usize]);
    let mut inside = 0;
    for &[x, y] in &part.pixels {
        if x < left + margin {
            rows[(y - top) as usize] |= 1;
        }
        if x + margin >= right {
            rows[(y - top) as usize] |= 2;
        }
        if y < top + margin {
            columns[(x - left) as usize] |= 1;
        }
        if y + margin >= bottom {
            columns[(x - left) as usize] |= 2;
        }
        let is_inside =
            x >= left + margin && x + margin < right && y >= top + margin && y + margin < bottom;
        inside += usize::from(is_inside);
    }
    let covered = |lines: &[u8]| {
        let of = |side: u8| lines.iter().filter(|seen| **seen & side != 0).count();
        10 * of(1).min(of(2)) > 8 * lines.len()
    };
    covered(&rows)
        && covered(&columns)
        && 5 * inside < part.pixels.len()
        && all.iter().any(|other| {
            let larger = other.bounds.height().max(other.bounds.width());
            other.bounds != part.bounds && part.bounds.contains(other.bounds) && 5 * larger > height
        })
}
