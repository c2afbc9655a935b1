//! A plane of numbers, and what images are prepared with.

use image::{ImageBuffer, Luma};

/// Ink of each pixel, or another number, mostly from 0 to 1.
pub(crate) type Ink = ImageBuffer<Luma<f32>, Vec<f32>>;

/// The number that a share of the values, from 0 to 1, is below. There must be a value.
pub(crate) fn quantile(mut values: Vec<f32>, share: f32) -> f32 {
    let index = (share * values.len() as f32) as usize;
    let index = index.min(values.len() - 1);
    *values.select_nth_unstable_by(index, f32::total_cmp).1
}

/// The middle value in order, the upper one of two. There must be a value.
pub(crate) fn median(values: Vec<f32>) -> f32 {
    quantile(values, 0.5)
}

/// The largest value within `radius` columns and rows of each pixel.
pub(crate) fn highest_around(plane: &Ink, radius: usize) -> Ink {
    along_lines(plane, |line| extreme(line, radius, f32::max))
}

/// The smallest value within `radius` columns and rows of each pixel.
pub(crate) fn lowest_around(plane: &Ink, radius: usize) -> Ink {
    along_lines(plane, |line| extreme(line, radius, f32::min))
}

/// The mean within `radius` columns and rows of each pixel.
pub(crate) fn mean_around(plane: &Ink, radius: usize) -> Ink {
    along_lines(plane, |line| {
        let mut sums = vec![0.0_f64];
        for &value in line {
            sums.push(sums[sums.len() - 1] + f64::from(value));
        }
        let mean = |at: usize| {
            let (start, end) = window(at, radius, line.len());
            ((sums[end] - sums[start]) / (end - start) as f64) as f32
        };
        (0..line.len()).map(mean).collect()
    })
}

/// Start and end of the places within `radius` of one.
fn window(at: usize, radius: usize, length: usize) -> (usize, usize) {
    (at.saturating_sub(radius), (at + radius + 1).min(length))
}

/// The extreme value within `radius` of each place, in time that does not grow with the radius: the
/// line is cut into blocks as long as a window; a window is the end of one and the start of the
/// next (van Herk; Gil and Werman).
fn extreme(line: &[f32], radius: usize, of: fn(f32, f32) -> f32) -> Vec<f32> {
    let block = 2 * radius + 1;
    let mut forward = line.to_vec();
    let mut backward = line.to_vec();
    for place in 1..line.len() {
        if place % block != 0 {
            forward[place] = of(forward[place], forward[place - 1]);
        }
        let place = line.len() - 1 - place;
        if !(place + 1).is_multiple_of(block) {
            backward[place] = of(backward[place], backward[place + 1]);
        }
    }
    let at = |at: usize| {
        let (start, end) = window(at, radius, line.len());
        if start / block == (end - 1) / block {
            // The window is cut off at an end of the line: it lies in one block.
            line[start..end].iter().copied().fold(line[start], of)
        } else {
            of(backward[start], forward[end - 1])
        }
    };
    (0..line.len()).map(at).collect()
}

/// Replaces every row, then every column.
fn along_lines(plane: &Ink, change: impl Fn(&[f32]) -> Vec<f32>) -> Ink {
    let (width, height) = plane.dimensions();
    let rows = plane.as_raw().chunks(width.max(1) as usize);
    let values: Vec<f32> = rows.flat_map(&change).collect();
    let mut changed = Ink::from_raw(width, height, values).expect("as many as before");
    for x in 0..width {
        let column: Vec<f32> = (0..height).map(|y| changed.get_pixel(x, y).0[0]).collect();
        for (y, value) in (0..height).zip(change(&column)) {
            changed.put_pixel(x, y, Luma([value]));
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_means_are_those_of_the_windows() {
        let plane = Ink::from_fn(17, 11, |x, y| Luma([((x * 7 + y * 13) % 19) as f32]));
        for radius in [0, 1, 2, 5, 9, 30] {
            let highest = highest_around(&plane, radius);
            let lowest = lowest_around(&plane, radius);
            let mean = mean_around(&plane, radius);
            for (x, y, value) in highest.enumerate_pixels() {
                let near = |a: u32, b: u32| a.abs_diff(b) as usize <= radius;
                let pixels = plane.enumerate_pixels();
                let around: Vec<f32> = pixels
                    .filter(|(u, v, _)| near(*u, x) && near(*v, y))
                    .map(|(_, _, level)| level.0[0])
                    .collect();
                let expected = around.iter().copied().fold(f32::MIN, f32::max);
                assert_eq!(value.0[0], expected, "{radius} {x} {y}");
                let expected = around.iter().copied().fold(f32::MAX, f32::min);
                assert_eq!(lowest.get_pixel(x, y).0[0], expected, "{radius} {x} {y}");
                let expected = around.iter().sum::<f32>() / around.len() as f32;
                assert!((mean.get_pixel(x, y).0[0] - expected).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn quantiles_of_a_few_values() {
        let values = || vec![3.0, 1.0, 2.0, 4.0];
        let of = |share| quantile(values(), share);
        assert_eq!([of(0.0), of(0.5), of(1.0)], [1.0, 3.0, 4.0]);
        assert_eq!(median(values()), 3.0);
    }
}
