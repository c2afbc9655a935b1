//! Numbers side by side.

/// Pixels that are computed side by side.
pub(crate) const LANES: usize = 16;

/// Numbers side by side.
pub(crate) type Lanes = [f32; LANES];

/// Numbers in arrays of [`LANES`], the last one filled up with zeros.
pub(crate) fn in_lanes(numbers: impl Iterator<Item = f32>) -> Vec<Lanes> {
    let numbers = numbers.collect::<Vec<_>>();
    let parts = numbers.chunks(LANES).map(|part| {
        let mut lanes = [0.0; LANES];
        lanes[..part.len()].copy_from_slice(part);
        lanes
    });
    parts.collect()
}
