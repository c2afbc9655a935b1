//! Threads, and who gets which rows.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// So long a thread that waits stays awake. Waking it takes some 50 µs, a tenth of a training step;
/// between two steps it waits for about as long.
const PATIENCE: Duration = Duration::from_micros(500);

/// Threads that each compute for themselves.
///
/// Whatever a worker calls finds a thread pool of one thread, its own: matrix products and other
/// operations of Burn's processor backends then run on that thread alone.
#[derive(Debug)]
pub struct Workers {
    first: ThreadPool,
    others: Vec<Worker>,
}

/// A thread that does one job after the other, until nobody can send any more.
#[derive(Debug)]
struct Worker {
    jobs: Sender<Job>,
    _thread: ThreadPool,
}

type Job = Box<dyn FnOnce() + Send>;

impl Workers {
    /// Starts as many workers; at least one.
    ///
    /// # Errors
    ///
    /// If the system gives no more threads.
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

    /// How many there are.
    pub fn count(&self) -> usize {
        1 + self.others.len()
    }

    /// Runs work on the first worker's thread, and waits for it.
    ///
    /// [`map`](Self::map) called from there has that thread work, too, instead of waiting: a training
    /// loop belongs here.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        self.first.install(work)
    }

    /// What `work` makes of each item, in their order: one item a worker, all at once, the first on
    /// the calling thread. When it returns, every copy of `work` and what it held is gone.
    ///
    /// Not to be called from within `work`: a worker would wait for itself.
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
                // Nobody waits any more if the calling thread has panicked.
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

/// What comes next, awake for a while and asleep after that; `None` if nothing can come.
fn wait_for<T>(received: &Receiver<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        match received.try_recv() {
            Ok(next) => return Some(next),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => thread::yield_now(),
        }
    }
    received.recv().ok()
}

/// Cores of the processor: a core's second hardware thread adds nothing to matrix products.
pub fn processor_cores() -> usize {
    num_cpus::get_physical()
}

/// `rows` rows in at most `count` ranges of nearly one length, the longer ones first; none is empty,
/// except the only one of no rows.
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
    fn each_worker_has_a_thread_and_no_other() {
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
    fn whatever_work_holds_is_gone_when_it_is_done() {
        let workers = Workers::new(2).unwrap();
        let held = Arc::new(());
        for _ in 0..100 {
            let copy = Arc::clone(&held);
            workers.map(vec![1, 2], move |_| Arc::strong_count(&copy));
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }

    #[test]
    fn a_worker_that_has_fallen_asleep_wakes_up() {
        let workers = Workers::new(2).unwrap();
        for _ in 0..3 {
            assert_eq!(workers.map(vec![1, 2], |item| item), [1, 2]);
            thread::sleep(4 * PATIENCE);
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
    fn a_panic_of_a_worker_comes_through() {
        Workers::new(2)
            .unwrap()
            .map(vec![1, 2], |item| assert!(item == 1, "the second"));
    }
}
