//! A second thread, on which a program runs at the same time as on the first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rayon::ThreadPoolBuilder;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one job after the other, until it is dropped.
#[derive(Debug)]
pub(crate) struct Companion(Sender<Job>);

impl Companion {
    /// Starts the thread. It is a rayon pool of its own: ndarray would hand over each small operation to
    /// another thread otherwise, and wait for it.
    pub(crate) fn start() -> Self {
        let (send, jobs) = channel::<Job>();
        thread::spawn(move || {
            let _pool = ThreadPoolBuilder::new()
                .num_threads(1)
                .use_current_thread()
                .build();
            jobs.into_iter().for_each(|job| job());
        });
        Self(send)
    }

    /// Starts work there. The result arrives at the receiver; nothing does if the work panics.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Receiver<R> {
        let (send, result) = channel();
        let job = move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Fails only if nobody waits any more.
                let _ = send.send(done);
            }
        };
        self.0
            .send(Box::new(job))
            .expect("the thread lives as long as this sender");
        result
    }
}
