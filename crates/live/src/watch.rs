//! A training that is shown while it goes on.
//!
//! One thread trains, the connection's thread shows. A moment is offered at most thirty times a second and left
//! out while the page is not ready for it, so that training never waits, and nothing piles up.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::RequestError;

/// Trainings at once, over all pages.
const AT_ONCE: usize = 8;
/// The longest sleep of a training that is slowed down, so that it hears soon that its page is closed.
const NAP: Duration = Duration::from_millis(50);

/// A net that can take a step.
pub(crate) trait Learns {
    /// What a page is shown of a moment.
    type Moment: Send;

    /// Steps taken.
    fn steps(&self) -> u64;

    /// Takes a step; gives the loss of its batch.
    fn step(&mut self) -> Result<f64, RequestError>;

    /// What there is to show now.
    fn moment(&mut self) -> Result<Self::Moment, RequestError>;
}

/// What the training thread says.
pub(crate) enum Event<M> {
    Moment(M),
    /// The steps before the first one that is shown are repeated.
    Repeating(u64),
    Error(RequestError),
    /// A loss that is not finite at this step.
    NotFinite(u64),
}

/// A stretch of steps with the same settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// The first step that is shown; earlier ones are repeated.
    pub(crate) start: u64,
    /// The step after which the training has ended.
    pub(crate) stop: u64,
    /// The step at which other settings begin.
    pub(crate) until: u64,
    /// Steps between two looks at the clock.
    pub(crate) between: u64,
    /// The least time that a step takes, so that it can be watched.
    pub(crate) pace: Option<Duration>,
}

/// The training thread's side.
pub(crate) struct Watcher<'a, M> {
    stop: &'a AtomicBool,
    events: SyncSender<Event<M>>,
    frame: Duration,
    last: Option<Instant>,
}

impl<M: Send> Watcher<'_, M> {
    /// Trains with the same settings up to a step; whether the training goes on from there.
    pub(crate) fn train<L: Learns<Moment = M>>(
        &mut self,
        learner: &mut L,
        stretch: Stretch,
    ) -> Result<bool, RequestError> {
        let mut due = Instant::now();
        loop {
            let step = learner.steps();
            let is_first = step == stretch.start;
            let is_last = step >= stretch.stop && step >= stretch.start;
            let looks = is_first || is_last || step.is_multiple_of(stretch.between);
            if looks && self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let is_time = looks && self.last.is_none_or(|last| last.elapsed() >= self.frame);
            if is_first || is_last || is_time {
                self.last = Some(Instant::now());
                let event = if step < stretch.start {
                    Event::Repeating(step)
                } else {
                    Event::Moment(learner.moment()?)
                };
                let is_closed = if is_first || is_last {
                    self.events.send(event).is_err()
                } else {
                    // A page that is not ready for another moment goes without.
                    matches!(
                        self.events.try_send(event),
                        Err(TrySendError::Disconnected(_))
                    )
                };
                if is_closed {
                    return Ok(false);
                }
            }
            if is_last {
                return Ok(false);
            }
            if step == stretch.until {
                return Ok(true);
            }
            if let Some(pace) = stretch.pace.filter(|_| step >= stretch.start) {
                due = due.max(Instant::now()) + pace;
                if self.sleeps_until(due) {
                    return Ok(false);
                }
            }
            if !learner.step()?.is_finite() {
                // Whoever has closed the page does not want to know.
                let _ = self.events.send(Event::NotFinite(step));
                return Ok(false);
            }
        }
    }

    /// Sleeps; whether the page was closed meanwhile.
    fn sleeps_until(&self, due: Instant) -> bool {
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || self.stop.load(Ordering::Relaxed) {
                return self.stop.load(Ordering::Relaxed);
            }
            thread::sleep(left.min(NAP));
        }
    }
}

/// Trains on a thread of its own and shows on this one, at most every `frame`, until either of them ends.
///
/// # Errors
///
/// If too many trainings go on, or there is no thread to have. What the training itself fails with comes as an
/// event.
pub(crate) fn watch<M: Send>(
    running: &AtomicUsize,
    frame: Duration,
    train: impl FnOnce(&mut Watcher<'_, M>) -> Result<(), RequestError> + Send,
    show: impl FnOnce(&Receiver<Event<M>>) -> io::Result<()>,
) -> Result<(), RequestError> {
    let _counted = Counted::new(running)?;
    let stop = AtomicBool::new(false);
    let (events, received) = sync_channel(1);
    thread::scope(|scope| {
        let mut watcher = Watcher {
            stop: &stop,
            events,
            frame,
            last: None,
        };
        let train = move || {
            if let Err(error) = train(&mut watcher) {
                // The page may be closed.
                let _ = watcher.events.send(Event::Error(error));
            }
        };
        let spawned = thread::Builder::new()
            .name("training".to_owned())
            .spawn_scoped(scope, train);
        if let Err(error) = spawned {
            return Err(RequestError::Refused(format!(
                "no thread to train in ({error}); close a page"
            )));
        }
        let shown = show(&received);
        stop.store(true, Ordering::Relaxed);
        // The training thread may wait to send its last event.
        drop(received);
        // A closed page is the usual end.
        let _ = shown;
        Ok(())
    })
}

/// A training, counted until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(running: &'a AtomicUsize) -> Result<Self, RequestError> {
        let counted = Self(running);
        if running.fetch_add(1, Ordering::Relaxed) >= AT_ONCE {
            return Err(RequestError::TooMany {
                what: "trainings at once",
                limit: AT_ONCE,
            });
        }
        Ok(counted)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts its steps; its loss is not finite at one of them.
    struct Counter {
        steps: u64,
        fails_at: u64,
    }

    impl Learns for Counter {
        type Moment = u64;

        fn steps(&self) -> u64 {
            self.steps
        }

        fn step(&mut self) -> Result<f64, RequestError> {
            self.steps += 1;
            Ok(if self.steps > self.fails_at {
                f64::NAN
            } else {
                0.5
            })
        }

        fn moment(&mut self) -> Result<u64, RequestError> {
            Ok(self.steps)
        }
    }

    const ALL: Stretch = Stretch {
        start: 0,
        stop: 1000,
        until: u64::MAX,
        between: 1,
        pace: None,
    };

    /// Everything that is said of a training, moments by their steps.
    fn said(fails_at: u64, stretch: Stretch, frame: Duration) -> Vec<String> {
        let mut said = vec![];
        let train = |watcher: &mut Watcher<'_, u64>| {
            let mut counter = Counter { steps: 0, fails_at };
            watcher.train(&mut counter, stretch).map(drop)
        };
        let show = |received: &Receiver<Event<u64>>| {
            said = received
                .iter()
                .map(|event| match event {
                    Event::Moment(step) => format!("moment {step}"),
                    Event::Repeating(step) => format!("repeating {step}"),
                    Event::Error(error) => error.to_string(),
                    Event::NotFinite(step) => format!("not finite at {step}"),
                })
                .collect();
            Ok(())
        };
        watch(&AtomicUsize::new(0), frame, train, show).unwrap();
        said
    }

    #[test]
    fn the_first_and_the_last_moment_come_even_if_no_other_is_due() {
        let hour = Duration::from_secs(3600);
        assert_eq!(said(u64::MAX, ALL, hour), ["moment 0", "moment 1000"]);
        let later = Stretch { start: 900, ..ALL };
        assert_eq!(
            said(u64::MAX, later, hour),
            ["repeating 0", "moment 900", "moment 1000"]
        );
        assert_eq!(said(70, ALL, hour), ["moment 0", "not finite at 70"]);
    }

    #[test]
    fn a_pace_slows_steps_down() {
        let started = Instant::now();
        let slow = Stretch {
            stop: 20,
            pace: Some(Duration::from_millis(2)),
            ..ALL
        };
        said(u64::MAX, slow, Duration::ZERO);
        assert!(started.elapsed() >= Duration::from_millis(36));
    }

    /// Takes steps without end, which others can count.
    struct Endless<'a>(&'a AtomicUsize);

    impl Learns for Endless<'_> {
        type Moment = ();

        fn steps(&self) -> u64 {
            self.0.load(Ordering::Relaxed) as u64
        }

        fn step(&mut self) -> Result<f64, RequestError> {
            let taken = self.0.fetch_add(1, Ordering::Relaxed);
            assert!(taken < 200_000_000, "it goes on without a page");
            Ok(0.5)
        }

        fn moment(&mut self) -> Result<(), RequestError> {
            Ok(())
        }
    }

    #[test]
    fn a_page_that_does_not_read_holds_nothing_up_and_one_that_closes_ends_the_training() {
        // Also between two moments, when nothing is sent that would not arrive.
        for frame in [Duration::ZERO, Duration::from_secs(3600)] {
            reads_little_and_closes(frame);
        }
    }

    fn reads_little_and_closes(frame: Duration) {
        let taken = AtomicUsize::new(0);
        let train = |watcher: &mut Watcher<'_, ()>| {
            let endless = Stretch {
                stop: u64::MAX,
                ..ALL
            };
            watcher.train(&mut Endless(&taken), endless).map(drop)
        };
        let show = |received: &Receiver<Event<()>>| {
            // Reads one moment, then nothing while many more are offered, then goes.
            received.recv().ok();
            let started = Instant::now();
            while taken.load(Ordering::Relaxed) < 100 {
                assert!(started.elapsed() < Duration::from_secs(20), "it waits");
                thread::yield_now();
            }
            Ok(())
        };
        watch(&AtomicUsize::new(0), frame, train, show).unwrap();
    }

    #[test]
    fn too_many_trainings_are_refused() {
        let running = AtomicUsize::new(AT_ONCE);
        let refused = watch(
            &running,
            Duration::ZERO,
            |_: &mut Watcher<'_, u64>| Ok(()),
            |_| Ok(()),
        );
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("more than 8 trainings")
        );
        assert_eq!(running.load(Ordering::Relaxed), AT_ONCE);
    }
}
