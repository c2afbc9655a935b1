//! Pixels as numbers.

/// Appends pixels, scaled to the unit interval: `p / 255`, rounded once.
///
/// ```
/// let mut numbers = vec![0.5];
/// datasets::append_scaled(&[0, 51, 255], &mut numbers);
/// assert_eq!(numbers, [0.5, 0.0, 0.2, 1.0]);
/// ```
pub fn append_scaled(pixels: &[u8], numbers: &mut Vec<f32>) {
    numbers.extend(pixels.iter().map(|&p| f32::from(p) / 255.0));
}
