//! The processor's limit: a loop of fused multiply-adds that wait for nothing, on every core.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use backends::Backend;
use pulp::{Arch, Simd, WithSimd};
use training::default_threads;

use super::contest::{Contestant, Kind};
use super::report::operations;
use super::size::Size;

/// Accumulators: more than a processor begins additions before the first one is done.
const SUMS: usize = 16;
/// Rounds of a segment: some tenths of a second.
const ROUNDS: u64 = 1 << 22;

/// The images per second that a net of this size could have if the processor did nothing but its
/// multiplications and additions, in `f32`.
pub(crate) struct Limit {
    size: Size,
    cores: usize,
}

impl Limit {
    /// The limit of all cores for a size.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            size,
            cores: default_threads(Some(Backend::Flex), usize::MAX),
        }
    }
}

impl Contestant for Limit {
    fn name(&self) -> String {
        format!("limit of {} cores", self.cores)
    }

    fn kind(&self) -> Kind {
        Kind::Limit
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let started = Instant::now();
        let done = thread::scope(|scope| {
            let cores = 0..self.cores;
            let work = || Arch::new().dispatch(MultiplyAdds);
            let threads = cores.map(|_| scope.spawn(work)).collect::<Vec<_>>();
            let done = threads.into_iter().map(|thread| thread.join());
            done.map(|done| done.expect("nothing here panics"))
                .sum::<u64>()
        });
        let images = done as f64 / operations(self.size);
        Ok((images as usize, started.elapsed()))
    }
}

/// `s ← s m + m`, over and over, for [`SUMS`] vectors `s`.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    /// The number of multiplications and additions.
    type Output = u64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u64 {
        let m = simd.splat_f32s(black_box(0.5));
        let mut sums = [m; SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_e_f32s(*sum, m, m);
            }
        }
        black_box(sums);
        2 * ROUNDS * (SUMS * S::F32_LANES) as u64
    }
}
