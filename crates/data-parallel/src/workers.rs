//! The worker threads, and the rows of each.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// How long an idle worker spins before it sleeps. Waking it up takes some 50 µs, a tenth of a
/// training step, and a worker is idle for about as long between two steps.
const SPIN_TIME: Duration = Duration::from_micros(500);

/// Threads that compute independently of each other.
///
/// Each worker is a rayon thread pool of one thread. Matrix products and other operations of Burn's CPU
/// backends use the current pool, so they run serially on the worker that calls them.
#[derive(Debug)]
pub struct Workers {
    first: ThreadPool,
    others: Vec<Worker>,
}

/// A thread that does one job after the other until the sender of jobs is dropped.
#[derive(Debug)]
struct Worker {
    jobs: Sender<Job>,
    _thread: ThreadPool,
}

type Job = Box<dyn FnOnce() + Send>;

impl Workers {
    /// Starts `count` workers, at least one.
    ///
    /// # Errors
    ///
    /// If the operating system refuses another thread.
    pub fn new(count: usize) -> Result<Self, ThreadPoolBuildError> {
        let others = (1..count).map(|number| {
            let (jobs, received) = channel::<Job>();
            let thread = pool_of_one(number)?;
            thread.spawn(move || {
                while let Some(job) = wait_for(&received) {
                    job();
                }
            });
            Ok(Worker {
                jobs,
                _thread: thread,
            })
        });
        Ok(Self {
            first: pool_of_one(0)?,
            others: others.collect::<Result<_, _>>()?,
        })
    }

    /// The number of workers.
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// Runs `work` on the first worker's thread and waits for it.
    ///
    /// Run the training loop here: a call of [`map`](Self::map) inside `work` then uses this thread as
    /// one of the workers.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.first.install(work)
    }

    /// Applies `work` to all items at the same time, one item a worker, the first on the calling
    /// thread. Returns the results in the order of the items, after dropping every copy of `work`.
    ///
    /// `work` must not call `map`: a worker would wait for itself.
    ///
    /// # Panics
    ///
    /// If there are more items than workers, or if `work` panics.
    pub fn map<T, R>(&self, items: Vec<T>, work: impl Fn(T) -> R + Clone + Send + 'static) -> Vec<R>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        assert!(items.len() <= self.count(), "more items than workers");
        let mut items = items.into_iter();
        let first = items.next();
        let others = items.zip(&self.others).map(|(item, worker)| {
            let (result, received) = channel();
            let work = work.clone();
            let job = move || {
                let outcome = catch_unwind(AssertUnwindSafe(move || work(item)));
                // Fails only if the calling thread has panicked and waits no longer.
                let _ = result.send(outcome);
            };
            let sent = worker.jobs.send(Box::new(job));
            sent.expect("a worker lives as long as it can be sent jobs");
            received
        });
        let others = others.collect::<Vec<_>>();
        let first = first.map(&work);
        drop(work);
        let others = others.into_iter().map(|received| {
            let outcome = wait_for(&received).expect("a worker answers every job");
            outcome.unwrap_or_else(|panic| resume_unwind(panic))
        });
        first.into_iter().chain(others).collect()
    }
}

fn pool_of_one(number: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new()
        .num_threads(1)
        .thread_name(move |_| format!("worker-{number}"))
        .build()
}

/// Waits for the next message, first spinning, then asleep; `None` when the sender is gone.
fn wait_for<T>(received: &Receiver<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < SPIN_TIME {
        match received.try_recv() {
            Ok(next) => return Some(next),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => thread::yield_now(),
        }
    }
    received.recv().ok()
}

/// The number of physical cores: a core's second hardware thread does not speed up matrix products.
pub fn processor_cores() -> usize {
    num_cpus::get_physical()
}

/// Splits `rows` rows into at most `count` ranges of nearly equal length, longer ones first. No range is
/// empty, except the single one for no rows.
pub fn shards(rows: usize, count: usize) -> Vec<Range<usize>> {
    let count = count.clamp(1, rows.max(1));
    let (length, longer) = (rows / count, rows % count);
    let start = |shard: usize| shard * length + shard.min(longer);
    (0..count)
        .map(|shard| start(shard)..start(shard + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn shards_cover_every_row_once() {
        for rows in 0..40 {
            for count in 1..9 {
                let shards = shards(rows, count);
                assert!(shards.len() <= count);
                assert_eq!(shards.iter().cloned().flatten().count(), rows);
                assert!(shards.windows(2).all(|pair| pair[0].end == pair[1].start));
                let lengths = shards.iter().map(ExactSizeIterator::len);
                let (least, most) = (lengths.clone().min(), lengths.max());
                assert!(
                    most.zip(least)
                        .is_some_and(|(most, least)| most - least <= 1)
                );
            }
        }
    }

    #[test]
    fn each_worker_has_exactly_one_thread() {
        let workers = Workers::new(3).unwrap();
        let names = workers.run(|| {
            workers.map(vec![0, 1, 2], |item| {
                let thread = std::thread::current();
                (
                    item,
                    rayon::current_num_threads(),
                    thread.name().map(str::to_owned),
                )
            })
        });
        let named = |worker: usize| (worker, 1, Some(format!("worker-{worker}")));
        assert_eq!(names, [named(0), named(1), named(2)]);
    }

    #[test]
    fn map_drops_every_copy_of_its_closure() {
        let workers = Workers::new(2).unwrap();
        let held = Arc::new(());
        for _ in 0..100 {
            let copy = Arc::clone(&held);
            workers.map(vec![1, 2], move |_| Arc::strong_count(&copy));
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }

    #[test]
    fn a_sleeping_worker_wakes_up() {
        let workers = Workers::new(2).unwrap();
        for _ in 0..3 {
            assert_eq!(workers.map(vec![1, 2], |item| item), [1, 2]);
            thread::sleep(4 * SPIN_TIME);
        }
    }

    #[test]
    fn fewer_items_than_workers_and_none() {
        let workers = Workers::new(4).unwrap();
        assert_eq!(workers.map(vec![5, 6], |item| item * 2), [10, 12]);
        assert!(workers.map(vec![], |item: i32| item).is_empty());
    }

    #[test]
    #[should_panic(expected = "the second")]
    fn a_worker_s_panic_reaches_the_caller() {
        Workers::new(2)
            .unwrap()
            .map(vec![1, 2], |item| assert!(item == 1, "the second"));
    }
}
