//! How long a rank waits for others.

use std::thread;
use std::time::{Duration, Instant};

use super::launch::GRACE;

/// Time without an answer after which a rank is lost, once training has begun.
const PATIENCE: Duration = Duration::from_secs(20);

/// The same where ranks have different things to do: one machine may load the data, or compile an adapter's kernels,
/// long after another has done so; and rank 0 alone writes the page of the run.
const LONG_PATIENCE: Duration = Duration::from_secs(600);

/// What a rank waits for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Phase {
    /// Before the first step.
    Start,
    /// From the first step on.
    Steps,
    /// At the end of a sweep, for as long as it takes: the launcher asks all to end when one dies. Then the others are
    /// doubted soon, and waited for still.
    Meeting {
        /// When it did so, if it was before the meeting.
        asked_to_end: Option<Instant>,
    },
    /// After its last word, for rank 0 to be done.
    LastWord,
    /// Rank 0, which is done, for the others to be so.
    Leaving,
}

impl Phase {
    fn patience(self) -> Duration {
        match self {
            Self::Start | Self::LastWord => LONG_PATIENCE,
            Self::Steps | Self::Leaving => PATIENCE,
            Self::Meeting { .. } => Duration::MAX,
        }
    }

    /// Whether a rank that was asked to end gives the others up, or doubts them, before the launcher kills it.
    fn ends_when_asked(self) -> bool {
        matches!(self, Self::Start | Self::Steps | Self::Meeting { .. })
    }
}

/// Seconds for which `mpirun` leaves processes that it has asked to end, unless [`GRACE`] says otherwise. Others wait longer.
const USUAL_GRACE: f64 = 1.0;

/// Share of this time after which a rank that does not answer is lost.
const SHARE_OF_GRACE: f64 = 0.7;

/// Time without an answer after which a rank is lost, once this process was asked to end.
pub(super) fn patience_at_the_end(by: &str) -> Duration {
    if by != "mpirun" {
        return PATIENCE;
    }
    let chosen = std::env::var(format!("OMPI_MCA_{GRACE}"))
        .ok()
        .and_then(|value| value.parse().ok());
    Duration::from_secs_f64(SHARE_OF_GRACE * chosen.unwrap_or(USUAL_GRACE).clamp(USUAL_GRACE, 1e6))
}

/// Time for which waiting only gives way to other threads; after it, waiting sleeps.
const BRISK: Duration = Duration::from_millis(2);
pub(super) const NAP: Duration = Duration::from_micros(50);
const LONGEST_NAP: Duration = Duration::from_millis(10);

/// A longer pause is one in which this process was stopped, perhaps together with those that it waits for.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Least time for a message, however late it is.
const MOMENT: Duration = Duration::from_millis(100);

/// A time of waiting, without that in which this process was stopped.
pub(super) struct Wait {
    last: Instant,
    waited: Duration,
    /// Of it, the time before this process was asked to end.
    before_the_end: Option<Duration>,
}

impl Wait {
    pub(super) fn begin() -> Self {
        Self {
            last: Instant::now(),
            waited: Duration::ZERO,
            before_the_end: None,
        }
    }

    /// Whether the others are lost.
    pub(super) fn is_over(
        &mut self,
        phase: Phase,
        is_asked_to_end: bool,
        patience_at_the_end: Duration,
    ) -> bool {
        let now = Instant::now();
        self.waited += (now - self.last).min(LONGEST_PAUSE);
        self.last = now;
        if is_asked_to_end {
            self.before_the_end.get_or_insert(self.waited);
        }
        let since_asked = match (phase, self.before_the_end) {
            (
                Phase::Meeting {
                    asked_to_end: Some(at),
                },
                _,
            ) if self.waited > MOMENT => Some(at.elapsed()),
            (_, before) => before.map(|before| self.waited - before),
        };
        let is_end =
            phase.ends_when_asked() && since_asked.is_some_and(|since| since > patience_at_the_end);
        is_end || self.waited > phase.patience()
    }

    /// Lets others work. The longer it takes, the less a moment matters.
    pub(super) fn pause(&self) {
        if self.waited < BRISK {
            thread::yield_now();
        } else {
            thread::sleep((self.waited / 1000).clamp(NAP, LONGEST_NAP));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// As if time had passed since the last look.
    fn later(wait: &mut Wait, time: Duration) {
        wait.last -= time;
    }

    #[test]
    fn a_rank_is_lost_after_a_time_that_depends_on_the_phase() {
        for (phase, seconds) in [
            (Phase::Steps, 20),
            (Phase::Leaving, 20),
            (Phase::Start, 600),
        ] {
            let mut wait = Wait::begin();
            for second in 1..=seconds + 1 {
                later(&mut wait, SECOND);
                let is_over = wait.is_over(phase, false, SECOND);
                assert_eq!(is_over, second > seconds, "{phase:?}, {second} s");
            }
        }
    }

    #[test]
    fn the_time_in_which_a_process_was_stopped_does_not_count() {
        let mut wait = Wait::begin();
        later(&mut wait, 3600 * SECOND);
        assert!(!wait.is_over(Phase::Steps, false, SECOND));
    }

    #[test]
    fn who_is_asked_to_end_waits_less() {
        let meeting = Phase::Meeting { asked_to_end: None };
        for (phase, ends) in [
            (Phase::Steps, true),
            (meeting, true),
            (Phase::Leaving, false),
        ] {
            let mut wait = Wait::begin();
            later(&mut wait, SECOND);
            assert!(!wait.is_over(phase, true, SECOND));
            later(&mut wait, SECOND);
            assert_eq!(wait.is_over(phase, true, SECOND / 2), ends, "{phase:?}");
        }
    }

    #[test]
    fn who_was_asked_before_the_meeting_waits_a_moment_at_least() {
        let asked_to_end = Instant::now().checked_sub(2 * SECOND);
        let meeting = Phase::Meeting { asked_to_end };
        for (waited, is_over) in [(Duration::ZERO, false), (2 * MOMENT, true)] {
            // As of now, however busy the machine is.
            let mut wait = Wait {
                waited,
                ..Wait::begin()
            };
            wait.last += SECOND;
            assert_eq!(wait.is_over(meeting, true, SECOND), is_over);
        }
    }
}
