//! Where each pixel of a distorted image comes from, and its value there.

use crate::Uniform;
use crate::recipe::Recipe;

/// Largest rotation at strength 1, in degrees.
const ROTATION: f32 = 15.0;

/// Largest change of an axis' length, and largest shear, at strength 1.
const STRETCH: f32 = 0.15;

/// Largest shift at strength 1, in pixels of an image of 28x28.
const SHIFT: f32 = 1.0;

/// Standard deviation of the elastic displacements at strength 1, in such pixels.
const DISPLACEMENT: f32 = 1.15;

/// An affine map from a pixel's place to the place it comes from, and the size of its displacement.
pub(crate) struct Warp {
    /// `[[down by down, down by right], [right by down, right by right]]`.
    matrix: [[f32; 2]; 2],
    shift: [f32; 2],
    /// The factor of the elastic field, in pixels.
    displacement: f32,
    height: usize,
    width: usize,
}

impl Warp {
    /// Draws the map for an image.
    pub(crate) fn draw(recipe: &Recipe, class: Option<usize>, random: &mut Uniform) -> Self {
        let [height, width] = recipe.image();
        let elastic = if recipe.is_elastic() { 1.0 } else { 0.0 };
        let strength = recipe.strength();
        let affine = if recipe.is_affine() { strength } else { 0.0 };
        let mut up_to = |most: f32| affine * most * random.signed();
        let rotation = up_to(ROTATION.to_radians()) * recipe.rotation_of(class);
        let [tall, wide] = [1.0 + up_to(STRETCH), 1.0 + up_to(STRETCH)];
        let shear = up_to(STRETCH);
        let shift = [(); 2].map(|()| up_to(SHIFT * recipe.pixel()));
        let (sin, cos) = rotation.sin_cos();
        // R(θ) S, with S = [[tall, 0], [shear, wide]].
        let matrix = [
            [cos * tall - sin * shear, -sin * wide],
            [sin * tall + cos * shear, cos * wide],
        ];
        Self {
            matrix,
            shift,
            displacement: elastic * strength * DISPLACEMENT * recipe.pixel(),
            height,
            width,
        }
    }

    /// Fills `distorted` from `image`; `field` gives the displacements of some pixels of a row, from a pixel on.
    pub(crate) fn apply(
        &self,
        image: &Framed,
        distorted: &mut [f32],
        field: impl Fn(usize, &mut [[f32; LANES]; 2]),
    ) {
        let centre = [self.height, self.width].map(|side| (side as f32 - 1.0) / 2.0);
        let [[a, b], [c, d]] = self.matrix;
        let mut moved = [[0.0; LANES]; 2];
        let mut sources = Sources::default();
        for (row, line) in distorted.chunks_exact_mut(self.width).enumerate() {
            let down = row as f32 - centre[0];
            let y = centre[0] + a * down + self.shift[0];
            let x = centre[1] + c * down + self.shift[1];
            for (part, line) in line.chunks_mut(LANES).enumerate() {
                let first = part * LANES;
                field(row * self.width + first, &mut moved);
                let lanes = moved[0].iter().zip(&moved[1]).enumerate();
                for (lane, (moved_down, moved_right)) in lanes {
                    let right = (first + lane) as f32 - centre[1];
                    let y = y + b * right + self.displacement * moved_down;
                    let x = x + d * right + self.displacement * moved_right;
                    sources.set(lane, [y, x], image);
                }
                sources.read(image, line);
            }
        }
    }
}

/// Pixels that are computed side by side.
pub(crate) const LANES: usize = 16;

/// An image as floats in the unit interval, with a frame of zeros: one pixel before each side, two after it.
#[derive(Debug, Clone)]
pub(crate) struct Framed {
    pixels: Vec<f32>,
    height: usize,
    width: usize,
}

impl Framed {
    pub(crate) fn new([height, width]: [usize; 2]) -> Self {
        Self {
            pixels: vec![0.0; (height + 3) * (width + 3)],
            height,
            width,
        }
    }

    pub(crate) fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    fn stride(&self) -> usize {
        self.width + 3
    }

    pub(crate) fn set(&mut self, image: &[u8]) {
        let stride = self.stride();
        let framed = self.pixels.chunks_exact_mut(stride).skip(1);
        for (framed, line) in framed.zip(image.chunks_exact(self.width)) {
            for (framed, &byte) in framed[1..].iter_mut().zip(line) {
                *framed = f32::from(byte) / 255.0;
            }
        }
    }
}

/// Where pixels come from: the pixel of a framed image at or before the place, and the distance from there.
#[derive(Default)]
struct Sources {
    start: [u32; LANES],
    below: [f32; LANES],
    beside: [f32; LANES],
}

impl Sources {
    /// Sets one, to a place counted from the image's first pixel. Places further out than a pixel are moved to
    /// there: all is 0 beyond.
    #[inline]
    fn set(&mut self, lane: usize, [y, x]: [f32; 2], image: &Framed) {
        let framed = |at: f32, side: usize| (at + 1.0).max(0.0).min(side as f32 + 1.0);
        let (y, x) = (framed(y, image.height), framed(x, image.width));
        // Truncation: `floor` is a call on processors that have no instruction for it.
        let (top, left) = (y as i32, x as i32);
        self.start[lane] = top as u32 * image.stride() as u32 + left as u32;
        self.below[lane] = y - top as f32;
        self.beside[lane] = x - left as f32;
    }

    /// Interpolates bilinearly, as many pixels as there is room for.
    fn read(&self, image: &Framed, out: &mut [f32]) {
        let stride = image.stride();
        let places = self.start.iter().zip(&self.below).zip(&self.beside);
        for (out, ((&start, below), beside)) in out.iter_mut().zip(places) {
            let corners = &image.pixels[start as usize..][..stride + 2];
            let [a, b, c, d] = [corners[0], corners[1], corners[stride], corners[stride + 1]];
            let upper = a + beside * (b - a);
            let lower = c + beside * (d - c);
            *out = upper + below * (lower - upper);
        }
    }
}
