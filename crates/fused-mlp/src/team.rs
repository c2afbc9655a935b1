//! Threads that share the blocks of a matrix.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::FusedError;

/// Ranges for each thread: a thread that another program holds up leaves its ranges to the others.
const RANGES_EACH: usize = 4;

/// The threads of a trainer.
#[derive(Debug, Clone)]
pub(crate) struct Team {
    pool: Arc<ThreadPool>,
    threads: usize,
}

impl Team {
    pub(crate) fn new(threads: usize) -> Result<Self, FusedError> {
        let threads = threads.max(1);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("fused-{number}"))
            .build()
            .map_err(|source| FusedError::Threads { threads, source })?;
        // A thread takes memory while it starts: wait for the last.
        pool.broadcast(|_| ());
        Ok(Self {
            pool: Arc::new(pool),
            threads,
        })
    }

    pub(crate) fn pool(&self) -> Arc<ThreadPool> {
        Arc::clone(&self.pool)
    }

    /// Runs `work` where [`share`](Self::share) has all threads.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.threads == 1 {
            return work();
        }
        self.pool.install(work)
    }

    /// Calls `work` with adjacent ranges of `parts`, and the index at which each begins. All calls have
    /// returned when this returns.
    pub(crate) fn share<P: Parts>(&self, parts: P, work: impl Fn(usize, P) + Sync) {
        let ranges = match self.threads {
            1 => 1,
            threads => RANGES_EACH * threads,
        };
        halves(ranges, 0, parts, &work);
    }
}

fn halves<P: Parts>(ranges: usize, start: usize, parts: P, work: &(impl Fn(usize, P) + Sync)) {
    let length = parts.length();
    let ranges = ranges.min(length);
    if ranges <= 1 {
        if length > 0 {
            work(start, parts);
        }
        return;
    }
    let left = ranges / 2;
    let middle = length * left / ranges;
    let (before, after) = parts.split(middle);
    rayon::join(
        || halves(left, start, before, work),
        || halves(ranges - left, start + middle, after, work),
    );
}

/// Slices that are split at the same index.
pub(crate) trait Parts: Send + Sized {
    fn length(&self) -> usize;
    fn split(self, at: usize) -> (Self, Self);
}

impl<X: Send> Parts for &mut [X] {
    fn length(&self) -> usize {
        self.len()
    }

    fn split(self, at: usize) -> (Self, Self) {
        self.split_at_mut(at)
    }
}

/// A slice that may be empty where others are not.
pub(crate) struct Optional<'a, X>(pub(crate) &'a mut [X]);

impl<X: Send> Parts for Optional<'_, X> {
    fn length(&self) -> usize {
        self.0.len()
    }

    fn split(self, at: usize) -> (Self, Self) {
        let (before, after) = self.0.split_at_mut(at.min(self.0.len()));
        (Self(before), Self(after))
    }
}

/// A slice of groups of equal size, split between two groups.
pub(crate) struct Groups<'a, X> {
    pub(crate) slice: &'a mut [X],
    pub(crate) size: usize,
}

impl<X: Send> Parts for Groups<'_, X> {
    fn length(&self) -> usize {
        self.slice.len() / self.size
    }

    fn split(self, at: usize) -> (Self, Self) {
        let size = self.size;
        let (before, after) = self.slice.split_at_mut(at * size);
        let part = |slice| Groups { slice, size };
        (part(before), part(after))
    }
}

/// The first slice decides the length.
impl<A: Parts, B: Parts> Parts for (A, B) {
    fn length(&self) -> usize {
        self.0.length()
    }

    fn split(self, at: usize) -> (Self, Self) {
        let ((a, after_a), (b, after_b)) = (self.0.split(at), self.1.split(at));
        ((a, b), (after_a, after_b))
    }
}

/// The first slice decides the length.
impl<A: Parts, B: Parts, C: Parts> Parts for (A, B, C) {
    fn length(&self) -> usize {
        self.0.length()
    }

    fn split(self, at: usize) -> (Self, Self) {
        let (a, after_a) = self.0.split(at);
        let (b, after_b) = self.1.split(at);
        let (c, after_c) = self.2.split(at);
        ((a, b, c), (after_a, after_b, after_c))
    }
}
