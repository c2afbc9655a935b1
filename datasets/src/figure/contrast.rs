//! How far each pixel differs from the background around it.

use image::Luma;

use super::plane::{Ink, highest_around, lowest_around, mean_around, median, quantile};

/// Share of the shorter side within which the background is searched: wider than half a stroke.
const REACH: f32 = 0.13;

/// Below this share of the brightest background, contrast is not relative to the background any
/// more: in the dark, noise would look like ink.
const DARK: f32 = 0.25;

/// This many times the median deviation of all pixels counts as noise.
const NOISE_FACTOR: f32 = 4.0;

/// The contrast of ink of one polarity.
pub(crate) struct Contrast {
    /// How much darker, or lighter, each pixel is than the background around it, from 0 to 1.
    pub(crate) ink: Ink,
    /// The background.
    pub(crate) background: Ink,
    /// Contrast that is no more than noise.
    pub(crate) noise: f32,
}

impl Contrast {
    /// The contrast of dark ink, or of light ink.
    ///
    /// The background of dark ink is what remains when everything dark and narrow is filled up from
    /// around it (a morphological closing): it follows slow changes of the light and the edges of
    /// large things. As light multiplies, contrast is relative to the background.
    pub(crate) fn new(grey: &Ink, is_dark: bool) -> Self {
        let (width, height) = grey.dimensions();
        let reach = ((REACH * width.min(height) as f32).round() as usize).max(2);
        let smooth = mean_around(grey, 1);
        let background = if is_dark {
            lowest_around(&highest_around(&smooth, reach), reach)
        } else {
            highest_around(&lowest_around(&smooth, reach), reach)
        };
        let brightest = quantile(background.as_raw().clone(), 0.95).max(1e-3);
        let mut ink = Ink::new(width, height);
        let pairs = grey.as_raw().iter().zip(background.as_raw());
        for (place, (grey, background)) in ink.pixels_mut().zip(pairs) {
            *place = Luma([if is_dark {
                (background - grey) / background.max(DARK * brightest)
            } else {
                grey - background
            }]);
        }
        // The filled-up background lies above the mean of a noisy one.
        let usual = median(ink.as_raw().clone());
        let deviations = ink.as_raw().iter().map(|level| (level - usual).abs());
        let noise = NOISE_FACTOR * median(deviations.collect());
        for level in ink.pixels_mut() {
            level.0[0] = (level.0[0] - usual).clamp(0.0, 1.0);
        }
        Self {
            ink,
            background,
            noise,
        }
    }
}
