//! Numbers in files: how they are stored, and how they become grey levels or labels.

use std::path::Path;

use crate::ArrayError;

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// 0 or 1 in a byte.
    #[cfg_attr(
        not(feature = "images"),
        expect(dead_code, reason = "only .npy files have them")
    )]
    Bool,
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    #[cfg_attr(
        not(feature = "images"),
        expect(dead_code, reason = "IDX files have none")
    )]
    Little,
    Big,
}

impl Element {
    /// Bytes of a number.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Unsigned(size) | Self::Signed(size) | Self::Float(size) => size,
        }
    }

    /// The number that these bytes are; there must be as many as it has.
    pub(crate) fn value(self, bytes: &[u8], endian: Endian) -> f64 {
        // The bytes in ascending order, and the sign's bits above them.
        let mut ordered = [0; 8];
        let size = bytes.len();
        ordered[..size].copy_from_slice(bytes);
        if endian == Endian::Big {
            ordered[..size].reverse();
        }
        let unsigned = u64::from_le_bytes(ordered);
        match self {
            Self::Bool | Self::Unsigned(_) => unsigned as f64,
            Self::Signed(_) => {
                let shift = 64 - 8 * size as u32;
                ((unsigned << shift).cast_signed() >> shift) as f64
            }
            Self::Float(4) => f32::from_bits(unsigned as u32).into(),
            Self::Float(2) => half_precision(unsigned as u16),
            Self::Float(_) => f64::from_bits(unsigned),
        }
    }
}

/// The value of a number in half precision.
fn half_precision(bits: u16) -> f64 {
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let size = match exponent {
        0 => fraction * 2_f64.powi(-14),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    };
    if bits >> 15 == 0 { size } else { -size }
}

/// Numbers that become grey levels: those from 0 to 255 as they are, rounded; fractions that are all
/// from 0 to 1 times 255.
#[derive(Debug)]
pub(crate) struct Levels {
    levels: Vec<u8>,
    /// The same as shares of 255, while no number is larger than 1 and all may be fractions.
    shares: Option<Vec<u8>>,
    whole: Whole,
    least: f64,
    most: f64,
    is_whole: bool,
}

/// What numbers mean that are all 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Grey levels: their type is that of whole numbers.
    Levels,
    /// No ink or full ink: their type is that of fractions.
    Shares,
}

impl Levels {
    /// No numbers yet. `whole` is the meaning of numbers that are all 0 or 1.
    pub(crate) fn new(whole: Whole) -> Self {
        Self {
            levels: Vec::new(),
            shares: Some(Vec::new()),
            whole,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            is_whole: true,
        }
    }

    /// Adds a number.
    pub(crate) fn push(&mut self, value: f64) {
        // A number that is none spoils the extremes, so that it shows in the end.
        self.least = if value.is_nan() || self.least.is_nan() {
            f64::NAN
        } else {
            self.least.min(value)
        };
        self.most = self.most.max(value);
        self.is_whole &= value.fract() == 0.0;
        self.levels.push(value.round().clamp(0.0, 255.0) as u8);
        if value > 1.0 {
            self.shares = None;
        } else if let Some(shares) = &mut self.shares {
            shares.push((255.0 * value).round().clamp(0.0, 255.0) as u8);
        }
    }

    /// The grey levels, and what was done to the numbers, if anything.
    ///
    /// # Errors
    ///
    /// [`ArrayError::Levels`] if a number is not from 0 to 255.
    pub(crate) fn finish(self, path: &Path) -> Result<(Vec<u8>, Option<&'static str>), ArrayError> {
        if !(self.least >= 0.0 && self.most <= 255.0) {
            return Err(ArrayError::Levels {
                path: path.into(),
                least: self.least,
                most: self.most,
            });
        }
        let are_shares = !self.is_whole || self.whole == Whole::Shares;
        Ok(match self.shares {
            Some(shares) if are_shares => (shares, Some("pixels from 0 to 1 scaled to 0 to 255")),
            _ if self.is_whole => (self.levels, None),
            _ => (self.levels, Some("pixels rounded to whole numbers")),
        })
    }
}

/// The label that a number is.
///
/// # Errors
///
/// [`ArrayError::Label`] unless it is a whole number from 0 to 255.
pub(crate) fn label(value: f64, index: usize, path: &Path) -> Result<u8, ArrayError> {
    if value.fract() == 0.0 && (0.0..=255.0).contains(&value) {
        Ok(value as u8)
    } else {
        Err(ArrayError::Label {
            path: path.into(),
            index,
            got: value.to_string(),
        })
    }
}

/// Colours as grey levels, in place: each group of three or four bytes becomes its luma (Rec. 709).
#[cfg_attr(
    not(feature = "images"),
    expect(dead_code, reason = "IDX files have no colours")
)]
pub(crate) fn grey_of_colours(mut bytes: Vec<u8>, channels: usize) -> Vec<u8> {
    let count = bytes.len() / channels;
    for index in 0..count {
        let colour = &bytes[index * channels..];
        let [r, g, b] = [0, 1, 2].map(|channel| u32::from(colour[channel]));
        bytes[index] = ((2126 * r + 7152 * g + 722 * b + 5000) / 10_000) as u8;
    }
    bytes.truncate(count);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_number_is_read_in_both_orders() {
        let little = |element: Element, bytes: &[u8]| element.value(bytes, Endian::Little);
        let big = |element: Element, bytes: &[u8]| element.value(bytes, Endian::Big);
        assert_eq!(little(Element::Unsigned(1), &[200]), 200.0);
        assert_eq!(little(Element::Signed(1), &[200]), -56.0);
        assert_eq!(big(Element::Unsigned(2), &[1, 2]), 258.0);
        assert_eq!(little(Element::Signed(4), &(-7_i32).to_le_bytes()), -7.0);
        assert_eq!(big(Element::Signed(8), &(-7_i64).to_be_bytes()), -7.0);
        assert_eq!(big(Element::Float(4), &0.25_f32.to_be_bytes()), 0.25);
        assert_eq!(little(Element::Float(8), &(-1.5_f64).to_le_bytes()), -1.5);
        for (bits, value) in [
            (0x3c00_u16, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x0001, 5.960_464_477_539_063e-8),
        ] {
            assert_eq!(little(Element::Float(2), &bits.to_le_bytes()), value);
        }
    }

    fn levels(values: &[f64], whole: Whole) -> Result<Vec<u8>, ArrayError> {
        let mut levels = Levels::new(whole);
        values.iter().for_each(|&value| levels.push(value));
        levels.finish("file".as_ref()).map(|(levels, _)| levels)
    }

    #[test]
    fn fractions_up_to_one_are_shares_of_full_ink() {
        for whole in [Whole::Levels, Whole::Shares] {
            assert_eq!(levels(&[0.0, 0.5, 1.0], whole).unwrap(), [0, 128, 255]);
            assert_eq!(levels(&[0.0, 1.0, 255.0], whole).unwrap(), [0, 1, 255]);
            assert_eq!(levels(&[0.0, 12.5, 254.4], whole).unwrap(), [0, 13, 254]);
        }
        assert_eq!(levels(&[0.0, 1.0], Whole::Levels).unwrap(), [0, 1]);
        assert_eq!(levels(&[0.0, 1.0], Whole::Shares).unwrap(), [0, 255]);
        for bad in [
            &[0.0, -0.1][..],
            &[256.0],
            &[f64::NAN, 1.0],
            &[1.0, f64::NAN],
            &[f64::INFINITY],
        ] {
            assert!(levels(bad, Whole::Shares).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn colours_become_grey_by_their_weights() {
        let bytes = vec![255, 255, 255, 255, 0, 0, 0, 255, 0];
        assert_eq!(grey_of_colours(bytes, 3), [255, 54, 182]);
        assert_eq!(grey_of_colours(vec![9, 9, 9, 200, 0, 0, 0, 1], 4), [9, 0]);
    }
}
