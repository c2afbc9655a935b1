//! Work on all CPU cores, with results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Makes the calling thread a rayon pool of its own, for as long as the result lives. Tensor operations of
/// ndarray then run on it instead of waiting for another thread to wake up, which takes most of the time of
/// a small one. `None` if it belongs to a pool already.
#[must_use]
pub fn pool_of_one() -> Option<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(1);
    pool.use_current_thread().build().ok()
}

/// Does the work on all CPU cores and passes the results to `take` one by one, in the order of the
/// tasks.
///
/// # Errors
///
/// The first error of `take`, which ends the work.
pub fn in_order<T: Sync, R: Send>(
    tasks: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.min(tasks.len()) {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                let _pool = pool_of_one();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(task) = tasks.get(number) else {
                        return;
                    };
                    if send.send((number, work(task))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut expected = 0;
        for (number, result) in receive {
            early.insert(number, result);
            while let Some(result) = early.remove(&expected) {
                expected += 1;
                if let Err(error) = take(result) {
                    // Lets the workers end after their current task.
                    next.store(tasks.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn results_come_in_the_order_of_the_tasks() {
        let tasks = (0..50).collect::<Vec<u64>>();
        let mut results = Vec::new();
        let work = |&task: &u64| {
            thread::sleep(std::time::Duration::from_micros(task % 7 * 100));
            task
        };
        in_order(&tasks, work, |result| {
            results.push(result);
            Ok(())
        })
        .expect("nothing fails");
        assert_eq!(results, tasks);
    }

    #[test]
    fn an_error_ends_the_run() {
        let tasks = (0..50).collect::<Vec<u64>>();
        let error = in_order(&tasks, |&task| task, |_| bail!("enough"));
        assert!(error.is_err());
    }
}
