//! Where each pixel of a distorted image comes from, and its value there.
//!
//! Every loop is over arrays of [`LANES`] numbers, without a branch or a check, and inlined into [`Distort`], which `pulp`
//! has compiled for each kind of vectors: so the compiler writes the processor's widest. Only the pixels are fetched one by
//! one. Products and sums are rounded one by one, so that every processor computes the same bits.

use pulp::{Simd, WithSimd};

use crate::Uniform;
use crate::fields::Field;
use crate::lanes::{LANES, Lanes, in_lanes};
use crate::recipe::Recipe;

/// Largest rotation at strength 1, in degrees.
const ROTATION: f32 = 15.0;

/// Largest change of an axis' length, and largest shear, at strength 1.
const STRETCH: f32 = 0.15;

/// Largest shift at strength 1, in pixels of an image of 28x28.
const SHIFT: f32 = 1.0;

/// Standard deviation of the elastic displacements at strength 1, in such pixels.
const DISPLACEMENT: f32 = 1.15;

/// Places are counted in parts of a pixel, of which there are `1 << PART_BITS`.
const PART_BITS: u32 = 8;
const PARTS: f32 = (1 << PART_BITS) as f32;

/// Added to a number from 0 to 2^23, this leaves the nearest whole number in the lower bits.
const WHOLE: f32 = (1 << 23) as f32;

/// The places of all pixels `[down, right]`, counted from the image's centre.
#[derive(Debug, Clone)]
pub(crate) struct Grid([Vec<Lanes>; 2]);

impl Grid {
    pub(crate) fn new([height, width]: [usize; 2]) -> Self {
        let pixels = height * width;
        let from_centre = |at: usize, side: usize| at as f32 - (side as f32 - 1.0) / 2.0;
        let down = (0..pixels).map(|i| from_centre(i / width, height));
        let right = (0..pixels).map(|i| from_centre(i % width, width));
        Self([in_lanes(down), in_lanes(right)])
    }
}

/// A map from a pixel's place to the place that it comes from: affine, and a displacement.
pub(crate) struct Warp<'a> {
    /// `[[down by down, down by right], [right by down, right by right]]`, in parts of a pixel.
    matrix: [[f32; 2]; 2],
    /// Where the centre comes from, in a framed image and in parts of a pixel.
    centre: [f32; 2],
    field: Option<Field<'a>>,
}

impl<'a> Warp<'a> {
    /// Draws the map for an image. `field` draws a field of displacements, given their standard deviation, if
    /// there are fields.
    pub(crate) fn draw(
        recipe: &Recipe,
        class: Option<usize>,
        random: &mut Uniform,
        field: impl FnOnce(&mut Uniform, f32) -> Option<Field<'a>>,
    ) -> Self {
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
        let centre = |axis: usize| {
            let middle = (recipe.image()[axis] as f32 - 1.0) / 2.0;
            PARTS * (middle + shift[axis] + FRAME as f32)
        };
        Self {
            matrix: matrix.map(|row| row.map(|x| PARTS * x)),
            centre: [centre(0), centre(1)],
            field: field(random, PARTS * strength * DISPLACEMENT * recipe.pixel()),
        }
    }

    /// Where some pixels come from, along one axis, without their displacement.
    #[inline(always)]
    fn affine(&self, axis: usize, down: &Lanes, right: &Lanes) -> Lanes {
        let ([by_down, by_right], centre) = (self.matrix[axis], self.centre[axis]);
        let mut place = [0.0; LANES];
        for lane in 0..LANES {
            place[lane] = centre + by_down * down[lane] + by_right * right[lane];
        }
        place
    }

    /// Fills `distorted` from `image`.
    #[inline(always)]
    fn apply(&self, image: &Framed, grid: &Grid, distorted: &mut [f32]) {
        let [last_y, last_x] = [image.height, image.width].map(|side| PARTS * (side as f32 + 1.0));
        let Grid([down, right]) = grid;
        let places = down.iter().zip(right);
        for (part, (out, (down, right))) in distorted.chunks_mut(LANES).zip(places).enumerate() {
            let mut place = [self.affine(0, down, right), self.affine(1, down, right)];
            if let Some(field) = &self.field {
                field.add(0, part, &mut place[0]);
                field.add(1, part, &mut place[1]);
            }
            let [mut y, mut x] = [[0; LANES]; 2];
            for lane in 0..LANES {
                y[lane] = in_parts(place[0][lane], last_y);
                x[lane] = in_parts(place[1][lane], last_x);
            }
            let mut numbers = [0; LANES];
            for lane in 0..LANES {
                numbers[lane] = image.number(y[lane] >> PART_BITS, x[lane] >> PART_BITS);
            }
            let quads = image.quads(&numbers);
            let mut values = [0.0; LANES];
            for lane in 0..LANES {
                values[lane] = interpolated(quads[lane], share(y[lane]), share(x[lane]));
            }
            out.copy_from_slice(&values[..out.len()]);
        }
    }
}

/// Distorts one image, with vectors of the processor.
pub(crate) struct Distort<'a> {
    pub(crate) warp: &'a Warp<'a>,
    /// `[height · width]`.
    pub(crate) image: &'a [u8],
    /// Is made the frame of `image`.
    pub(crate) framed: &'a mut Framed,
    pub(crate) grid: &'a Grid,
    /// `[height · width]`.
    pub(crate) distorted: &'a mut [f32],
}

impl WithSimd for Distort<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.framed.set(self.image);
        self.warp.apply(self.framed, self.grid, self.distorted);
    }
}

/// A place in whole parts of a pixel. Places further out than `last` or below 0 are moved to there: all is 0 beyond.
#[inline(always)]
fn in_parts(at: f32, last: f32) -> u32 {
    // Comparisons, since `f32::max` also looks for NaN.
    let at = if at > 0.0 { at } else { 0.0 };
    let at = if at < last { at } else { last };
    (at + WHOLE).to_bits() & 0x7f_ffff
}

/// The part of a place after its pixel, from 0 to below 1.
#[inline(always)]
fn share(at: u32) -> f32 {
    (at & ((1 << PART_BITS) - 1)) as i32 as f32 * (1.0 / PARTS)
}

/// Four pixels, interpolated bilinearly, as a number of the unit interval.
#[inline(always)]
fn interpolated(quad: u32, below: f32, beside: f32) -> f32 {
    let byte = |number: u32| ((quad >> (8 * number)) & 0xff) as i32 as f32;
    let upper = byte(0) + beside * (byte(1) - byte(0));
    let lower = byte(2) + beside * (byte(3) - byte(2));
    (upper + below * (lower - upper)) / 255.0
}

/// Pixels of the frame before each side.
const FRAME: usize = 1;

/// Quads of a small image. That there are as many is known before an index is, so it is not checked, and the processor
/// gathers them.
const SMALL: usize = 1 << 10;

/// An image with a frame of zeros: one pixel before each side, two after it.
#[derive(Debug, Clone)]
pub(crate) struct Framed {
    /// Framed rows; from one to the next are `1 << shift` bytes.
    bytes: Vec<u8>,
    /// For every pixel but those of the last row, the pixel, and those at its right, below it, and at the right
    /// of that, the lowest byte first.
    quads: Vec<u32>,
    shift: u32,
    height: usize,
    width: usize,
}

impl Framed {
    pub(crate) fn new([height, width]: [usize; 2]) -> Self {
        let shift = (width + 3).next_power_of_two().trailing_zeros();
        Self {
            // One more, at the right of the last.
            bytes: vec![0; ((height + 3) << shift) + 1],
            quads: vec![0; ((height + 2) << shift).max(SMALL)],
            shift,
            height,
            width,
        }
    }

    pub(crate) fn size(&self) -> [usize; 2] {
        [self.height, self.width]
    }

    #[inline(always)]
    fn set(&mut self, image: &[u8]) {
        let stride = 1 << self.shift;
        let framed = self.bytes.chunks_exact_mut(stride).skip(FRAME);
        for (framed, line) in framed.zip(image.chunks_exact(self.width)) {
            framed[FRAME..FRAME + self.width].copy_from_slice(line);
        }
        let (upper, lower) = (&self.bytes, &self.bytes[stride..]);
        let upper = upper.iter().zip(&upper[1..]);
        let lower = lower.iter().zip(&lower[1..]);
        for (quad, ((&a, &b), (&c, &d))) in self.quads.iter_mut().zip(upper.zip(lower)) {
            *quad = u32::from_le_bytes([a, b, c, d]);
        }
    }

    /// The quads of these numbers.
    #[inline(always)]
    fn quads(&self, numbers: &[u32; LANES]) -> [u32; LANES] {
        let mut quads = [0; LANES];
        if let Ok(all) = <&[u32; SMALL]>::try_from(&self.quads[..]) {
            for lane in 0..LANES {
                quads[lane] = all[numbers[lane] as usize % SMALL];
            }
        } else {
            for lane in 0..LANES {
                quads[lane] = self.quads[numbers[lane] as usize];
            }
        }
        quads
    }

    /// The number of the quad at a place.
    #[inline(always)]
    fn number(&self, y: u32, x: u32) -> u32 {
        (y << self.shift) | x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Distortions, Kind, Moment, Recipe};
    use pulp::Arch;

    #[test]
    fn places_are_rounded_to_parts_and_kept_inside() {
        let last = 29.0 * PARTS;
        for (at, expected) in [
            (0.0, 0),
            (256.4, 256),
            (256.6, 257),
            (7423.0, 7423),
            (-3.0, 0),
            (9e9, 7424),
        ] {
            assert_eq!(in_parts(at, last), expected, "{at}");
        }
        assert_eq!(share(256 + 64), 0.25);
    }

    #[test]
    fn four_pixels_are_mixed_by_their_shares() {
        let quad = u32::from_le_bytes([0, 255, 51, 102]);
        assert_eq!(interpolated(quad, 0.0, 0.0), 0.0);
        assert_eq!(interpolated(quad, 0.0, 0.5), 0.5);
        assert!((interpolated(quad, 1.0, 0.25) - 0.25).abs() < 1e-7);
        assert!((interpolated(quad, 0.5, 0.5) - 0.4).abs() < 1e-7);
    }

    #[test]
    fn a_framed_image_has_its_pixels_and_zeros_around_them() {
        let mut framed = Framed::new([2, 3]);
        framed.set(&[9; 6]);
        framed.set(&[1, 2, 3, 4, 5, 6]);
        let quad = |y, x| framed.quads[framed.number(y, x) as usize].to_le_bytes();
        assert_eq!(quad(0, 0), [0, 0, 0, 1]);
        assert_eq!(quad(1, 1), [1, 2, 4, 5]);
        assert_eq!(quad(2, 3), [6, 0, 0, 0]);
        assert_eq!(quad(3, 4), [0; 4]);
    }

    /// A distorted image by the formula, one pixel after the other.
    fn one_by_one(distortions: &Distortions, moment: Moment, image: &[u8]) -> Vec<f32> {
        let size @ [height, width] = distortions.image();
        let mut random = Uniform::new(distortions.seed, moment);
        let field = |random: &mut Uniform, deviation| distortions.fields.draw(random, deviation);
        let warp = Warp::draw(&distortions.recipe, None, &mut random, field);
        let byte = |row: usize, column: usize| {
            let [row, column] = [row.checked_sub(FRAME), column.checked_sub(FRAME)];
            let is_inside =
                row.is_some_and(|row| row < height) && column.is_some_and(|column| column < width);
            if is_inside {
                image[row.unwrap() * width + column.unwrap()]
            } else {
                0
            }
        };
        let value = |pixel: usize| {
            let displacement = [0, 1].map(|axis| {
                let mut displacement = [0.0; LANES];
                if let Some(field) = &warp.field {
                    field.add(axis, pixel / LANES, &mut displacement);
                }
                displacement[pixel % LANES]
            });
            let from_centre = |at: usize, axis: usize| at as f32 - (size[axis] as f32 - 1.0) / 2.0;
            let [down, right] = [from_centre(pixel / width, 0), from_centre(pixel % width, 1)];
            let [y, x] = [0, 1].map(|axis| {
                let [by_down, by_right] = warp.matrix[axis];
                let affine = warp.centre[axis] + by_down * down + by_right * right;
                let last = PARTS * (size[axis] as f32 + 1.0);
                in_parts(affine + displacement[axis], last)
            });
            let [row, column] = [y, x].map(|at| (at >> PART_BITS) as usize);
            let quad = [(0, 0), (0, 1), (1, 0), (1, 1)];
            let quad = quad.map(|(below, beside)| byte(row + below, column + beside));
            interpolated(u32::from_le_bytes(quad), share(y), share(x))
        };
        (0..height * width).map(value).collect()
    }

    /// No vectors, and smaller ones than the processor has.
    fn other_archs() -> Vec<Arch> {
        let mut archs = vec![Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
        archs
    }

    #[test]
    fn every_kind_of_vectors_gives_the_bits_of_the_formula() {
        let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<_>>();
        let recipes = [
            (Kind::Affine, 1.0),
            (Kind::Elastic, 1.0),
            (Kind::Both, 0.9),
            (Kind::Both, 3.0),
        ];
        for size in [[28, 28], [2, 2], [5, 7], [16, 16], [31, 13], [40, 57]] {
            for (kind, strength) in recipes {
                let recipe = Recipe::new(kind, size).and_then(|r| r.with_strength(strength));
                let with_vectors = Distortions::new(&recipe.unwrap(), 5);
                let others = other_archs().into_iter().map(|arch| Distortions {
                    arch,
                    ..with_vectors.clone()
                });
                let all: Vec<_> = others.chain([with_vectors.clone()]).collect();
                let mut workspace = with_vectors.workspace();
                for row in 0..40 {
                    let moment = Moment { epoch: 2, row };
                    let pixels = 0..(size[0] * size[1]) as u64;
                    let image: Vec<u8> = pixels
                        .map(|i| ((i + row).pow(2) * 31 % 257) as u8)
                        .collect();
                    let expected = bits(one_by_one(&with_vectors, moment, &image));
                    for distortions in &all {
                        let mut out = vec![f32::NAN; image.len()];
                        distortions.apply(moment, None, &image, &mut out, &mut workspace);
                        assert_eq!(bits(out), expected, "{size:?} {kind:?} {strength} {row}");
                    }
                }
            }
        }
    }
}
