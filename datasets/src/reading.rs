//! What a picture shows: figures in MNIST's format, and what makes them doubtful.

use image::DynamicImage;
use image::imageops::{self, FilterType};

use crate::PictureDoubt;
use crate::figure::find::{Figure, Found, LEAST_CONTRAST, Surface, figures_above, find};
use crate::figure::form::{at_working_size, cut, smooth, stroke_width, thicker};
use crate::figure::parts::parts;
use crate::figure::plane::{Ink, median, quantile};
use crate::mnist_form::{MNIST_SIDE, MnistForm, border, grey, ink, normalised};

/// A picture's figure in MNIST's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The input of a net.
    pub form: MnistForm,
    /// Why the picture is probably not one digit; empty if nothing speaks against it.
    pub doubts: Vec<PictureDoubt>,
}

/// The longer side of the box that a digit fits into.
const BOX: f32 = 20.0;

/// Strokes thinner than this, in pixels of MNIST's images, are drawn wider. At 1.5, thin digits of MNIST
/// itself are changed, too.
const THIN: f32 = 1.0;

/// The same for a figure cut out of its surroundings, whose faint edges are lost.
const THIN_CUT: f32 = 1.5;

/// The width of strokes that are drawn wider; the median of MNIST's images is 2.2.
const WIDENED: f32 = 2.0;

/// Strokes wider than this share of the figure's longer side are no strokes.
const SOLID: f32 = 0.42;

/// A figure with a longer side of fewer pixels is too small to be read.
const FEW_PIXELS: f32 = 10.0;

/// A border pixel that differs by less than this from the border's median belongs to a plain
/// background.
const PLAIN: f32 = 12.0 / 255.0;

/// Share of the border that has to be plain.
const PLAIN_SHARE: f32 = 0.97;

/// What a picture shows, read as one digit; none if there is no ink.
pub(crate) fn reading(image: &DynamicImage) -> Option<Reading> {
    let seen = Seen::of(image)?;
    Some(match seen.kept {
        Some(form) => Reading {
            form,
            doubts: vec![],
        },
        None => seen.read(),
    })
}

/// The figure of an image of a data set: as [`reading`] has it, so that a net gets the same input in
/// training, in evaluation and for a prediction. An image of 28x28 pixels where nothing is found is used as
/// it is.
pub(crate) fn form(image: &DynamicImage) -> Option<MnistForm> {
    if let Some(reading) = reading(image) {
        return Some(reading.form);
    }
    let (pixels, (_, polarity)) = has_the_size(image).zip(ink(image))?;
    let pixels = polarity.light_on_dark(pixels);
    Some(MnistForm { pixels, kept: true })
}

/// The figures from left to right, each read as a digit; none if there is no ink.
pub(crate) fn split_readings(image: &DynamicImage) -> Option<Vec<Reading>> {
    let seen = Seen::of(image)?;
    if let Some(form) = seen.kept {
        let doubts = vec![];
        return Some(vec![Reading { form, doubts }]);
    }
    let mut figures = seen.found.figures.clone();
    figures.sort_by_key(|figure| figure.bounds.left);
    Some(
        figures
            .iter()
            .map(|figure| seen.read_figure(figure))
            .collect(),
    )
}

/// A picture, looked at.
struct Seen {
    found: Found,
    /// All ink of a picture with a plain background, at full size.
    plain: Option<Ink>,
    /// Pixels of the picture for each pixel of `found`.
    scale: f32,
    /// A 28x28 image that is as MNIST's are.
    kept: Option<MnistForm>,
    not_centred: bool,
}

impl Seen {
    fn of(image: &DynamicImage) -> Option<Self> {
        let levels = grey(image);
        let small = at_working_size(&levels);
        let scale = levels.width() as f32 / small.width() as f32;
        let is_plain = has_plain_border(&levels);
        let global = ink(image);
        if let (Some((_, polarity)), Some(pixels)) = (&global, has_the_size(image)) {
            let pixels = polarity.light_on_dark(pixels);
            if is_centred(&pixels) {
                // Not looked at any further.
                let found = Found::nothing();
                let form = MnistForm { pixels, kept: true };
                return Some(Self {
                    found,
                    plain: None,
                    scale,
                    kept: Some(form),
                    not_centred: false,
                });
            }
        }
        let simple = global
            .filter(|_| is_plain)
            .and_then(|(ink, _)| Some((simply_found(&ink, &small)?, ink)))
            .filter(|(found, _)| !is_sheet(found));
        let (found, plain) = match simple {
            Some((found, ink)) => (found, Some(ink)),
            None => (find(&small)?, None),
        };
        Some(Self {
            found,
            plain,
            scale,
            kept: None,
            not_centred: has_the_size(image).is_some(),
        })
    }

    /// All figures as one digit.
    fn read(&self) -> Reading {
        let figures = &self.found.figures;
        let mut all = figures[0].clone();
        // On an uneven background, the others may be a sheet's edge.
        let others = &figures[1..];
        for figure in others.iter().filter(|_| self.plain.is_some()) {
            figure.parts.iter().for_each(|part| all.add(part.clone()));
        }
        let mut reading = self.read_figure(&all);
        if figures.len() > 1 {
            reading
                .doubts
                .insert(0, PictureDoubt::SeveralFigures(figures.len()));
            reading
                .doubts
                .retain(|doubt| *doubt != PictureDoubt::SolidBlock);
        }
        reading
    }

    fn read_figure(&self, figure: &Figure) -> Reading {
        let ink = cut(&self.found, figure);
        let longer = figure.bounds.width().max(figure.bounds.height()) as f32;
        let width = stroke_width(&ink);
        let pixel = longer / BOX;
        // At full size if nothing has to be left out or changed.
        let whole = self.plain.as_ref().filter(|_| self.found.is_all(figure));
        let thin = if whole.is_some() { THIN } else { THIN_CUT };
        let pixels = match whole {
            _ if width < thin * pixel => {
                normalised(&thicker(&smooth(&ink), WIDENED * pixel - width))
            }
            Some(ink) => normalised(ink),
            None => normalised(&ink),
        };
        Reading {
            form: MnistForm {
                pixels,
                kept: false,
            },
            doubts: self.doubts(figure, width / longer),
        }
    }

    fn doubts(&self, figure: &Figure, width: f32) -> Vec<PictureDoubt> {
        let bounds = figure.bounds;
        let longer = bounds.width().max(bounds.height()) as f32;
        let shorter = bounds.width().min(bounds.height()) as f32;
        let mut doubts = vec![];
        if figure.on_edge {
            doubts.push(PictureDoubt::TouchesEdge);
        }
        let filled = figure.pixels() as f32 / (longer * shorter);
        if width > SOLID || (filled > 0.8 && shorter > 0.4 * longer) {
            doubts.push(PictureDoubt::SolidBlock);
        }
        if longer * self.scale < FEW_PIXELS {
            doubts.push(PictureDoubt::FewPixels((longer * self.scale).round() as u32));
        }
        if figure.level < 1.5 * LEAST_CONTRAST || figure.level < 1.5 * self.found.noise {
            doubts.push(PictureDoubt::LittleContrast);
        }
        let around: Vec<f32> = self.found.background.as_raw().clone();
        if !around.is_empty() {
            let spread = quantile(around.clone(), 0.9) - quantile(around, 0.1);
            if spread > 3.0 * figure.level {
                doubts.push(PictureDoubt::UnevenBackground);
            }
        }
        if self.not_centred && figure.on_edge {
            doubts.push(PictureDoubt::NotCentred);
        }
        doubts
    }
}

/// Whether the border has one level.
fn has_plain_border(levels: &Ink) -> bool {
    let all: Vec<f32> = border(levels).collect();
    let middle = median(all.clone());
    let plain = all
        .iter()
        .filter(|level| (**level - middle).abs() < PLAIN)
        .count();
    plain as f32 >= PLAIN_SHARE * all.len() as f32
}

/// Whether what is found is the paper within a frame rather than a figure on it.
fn is_sheet(found: &Found) -> bool {
    let bounds = found.figures[0].bounds;
    let (width, height) = found.ink.dimensions();
    let pixels = found.figures[0].pixels() as f32;
    let size = (bounds.width() * bounds.height()) as f32;
    pixels > 0.6 * size && size > 0.5 * (width * height) as f32
}

/// The figures of a picture with a plain background.
fn simply_found(ink: &Ink, small: &Ink) -> Option<Found> {
    let (width, height) = small.dimensions();
    let ink = if ink.dimensions() == (width, height) {
        ink.clone()
    } else {
        imageops::resize(ink, width, height, FilterType::Triangle)
    };
    let (score, figures) = figures_above(&ink, 0.125, Surface::Plain).or_else(|| {
        // A few pixels are all there is.
        let most = parts(&ink, 0.02)
            .into_iter()
            .max_by_key(|part| part.pixels.len());
        Some((0.0, vec![Figure::of(most?)]))
    })?;
    Some(Found {
        background: Ink::new(0, 0),
        noise: 0.0,
        score,
        figures,
        ink,
    })
}

/// The pixels of an image that is grey, opaque and 28x28.
fn has_the_size(image: &DynamicImage) -> Option<Vec<u8>> {
    let side = MNIST_SIDE as u32;
    if [image.width(), image.height()] != [side; 2] {
        return None;
    }
    let pixels = image.to_rgba8();
    let grey = pixels.pixels().map(|pixel| match pixel.0 {
        [r, g, b, 255] if r == g && g == b => Some(r),
        _ => None,
    });
    grey.collect()
}

/// Whether 28x28 pixels lie as in MNIST's images: in a box of 20 pixels, with the centre of mass in
/// the middle; or whether they fill the image, so that they are something else than strokes.
fn is_centred(pixels: &[u8]) -> bool {
    let mut mass = 0.0;
    let mut moments = [0.0; 2];
    let (mut low, mut high) = ([MNIST_SIDE; 2], [0; 2]);
    for (index, &level) in pixels.iter().enumerate() {
        let place = [index % MNIST_SIDE, index / MNIST_SIDE];
        let level = f32::from(level) / 255.0;
        mass += level;
        for axis in 0..2 {
            moments[axis] += level * place[axis] as f32;
            if level > 0.25 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
    }
    let lengths = [0, 1].map(|axis| (high[axis] + 1).saturating_sub(low[axis]));
    let is_box = (15..=21).contains(&lengths[0].max(lengths[1]));
    let is_middle = moments
        .iter()
        .all(|moment| (moment / mass - 14.0).abs() < 1.6);
    is_box && is_middle
}
