//! The warm-up: before a run is timed, a graphics adapter compiles and tunes every kernel of it, on batches
//! of its sizes. That takes seconds to minutes and cannot be broken off, so it happens on a thread of its own.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use backends::Opened;

use crate::epoch::Pass;
use crate::error::TrainingError;
use crate::evaluation::{evaluate, rows_at_once};
use crate::event::Event;
use crate::examples::Splits;
use crate::learner::Learner;
use crate::net::Net;
use crate::optimizer::new_optimizer;
use crate::recorder::{Now, Recorder};
use crate::settings::Settings;
use crate::step::step;
use crate::team::Team;

/// Time between two reports of the progress.
const POLL: Duration = Duration::from_millis(100);

/// What the warm-up computes with. Its results are dropped.
pub(crate) struct Rehearsal<N: Net> {
    pub(crate) net: N,
    pub(crate) settings: Settings,
    pub(crate) opened: Opened,
    pub(crate) splits: Splits<N::Targets>,
}

/// A piece of the warm-up, with its number of rows.
#[derive(Debug, Clone, Copy)]
enum Part {
    Step(usize),
    Validation(usize),
    Test(usize),
}

impl<N: Net> Rehearsal<N> {
    /// Warms up and reports it. Returns whether it was completed: an interrupt leaves the thread alone,
    /// because its device does not answer before it is done. Nothing else may then use the device.
    ///
    /// # Errors
    ///
    /// If the device, the recorder, or the start of the thread fails.
    pub(crate) fn run(self, recorder: &mut impl Recorder<N>) -> Result<bool, TrainingError> {
        let started = Instant::now();
        let parts = self.parts();
        let (count, mut done) = (parts.len(), 0);
        let (report, reports) = mpsc::channel();
        let work = move || {
            let outcome = self.work(&parts, || {
                // Nobody listens after an interrupt.
                let _ = report.send(None);
            });
            let _ = report.send(Some(outcome));
        };
        let thread = thread::Builder::new().name("warm-up".to_owned());
        thread.spawn(work).map_err(|error| TrainingError::Threads {
            count: 1,
            why: error.to_string(),
        })?;
        loop {
            recorder.progress(Now::WarmingUp {
                done,
                parts: count,
                time: started.elapsed(),
            });
            match reports.recv_timeout(POLL) {
                Ok(None) => done += 1,
                Ok(Some(outcome)) => {
                    outcome?;
                    let seconds = started.elapsed().as_secs_f64();
                    recorder.event(&Event::WarmUp { seconds })?;
                    return Ok(true);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(TrainingError::device("it broke off the warm-up"));
                }
            }
            if recorder.is_interrupted() {
                return Ok(false);
            }
        }
    }

    /// Steps on a full and on the last batch, and evaluations of as many rows as the run evaluates at once.
    fn parts(&self) -> Vec<Part> {
        let Splits {
            training,
            validation,
            test,
        } = &self.splits;
        let rest =
            |rows: usize, at_once: usize| [rows.min(at_once), rows % at_once.min(rows).max(1)];
        let at_once = rows_at_once(&self.opened, self.settings.batch_size);
        let steps = rest(training.len(), self.settings.batch_size).map(Part::Step);
        let validations = validation.iter();
        let validations =
            validations.flat_map(|set| rest(set.len(), at_once).map(Part::Validation));
        let tests = rest(test.len(), at_once).map(Part::Test);
        let parts = steps.into_iter().chain(validations).chain(tests);
        parts
            .filter(|part| match part {
                Part::Step(rows) | Part::Validation(rows) | Part::Test(rows) => *rows > 0,
            })
            .collect()
    }

    fn work(self, parts: &[Part], mut done: impl FnMut()) -> Result<(), TrainingError> {
        let Self {
            net,
            settings,
            opened,
            splits,
        } = self;
        let (team, device) = (Team::undivided(), &opened.device);
        let optimizer = new_optimizer(&settings, device);
        let mut learner = Learner::Tensors { net, optimizer };
        let order = splits.training.order(settings.batch_size, settings.seed, 0);
        let pass = Pass::new(&settings, &team);
        let at_once = rows_at_once(&opened, settings.batch_size);
        for part in parts {
            let (set, rows) = match *part {
                Part::Step(rows) => {
                    let batch = splits.training.batch(&order, 0..rows);
                    let how = pass.stepping(settings.learning_rate, 0);
                    (learner, _) = step(learner, &batch, &how, None)?;
                    (None, rows)
                }
                Part::Validation(rows) => (splits.validation.as_ref(), rows),
                Part::Test(rows) => (Some(&splits.test), rows),
            };
            if let Some(set) = set {
                evaluate(learner.net(), &set.head(rows), &team, at_once)?;
            }
            device.sync().map_err(TrainingError::device)?;
            done();
        }
        Ok(())
    }
}
