//! MNIST's training, shown while it goes on.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use datasets::Mnist;
use serde_json::{Value, json};

use crate::cache::Cache;
use crate::digits::learner::{Learner, Moment, Snapshot};
use crate::digits::plan::{INPUTS, Plan};
use crate::digits::view::Viewer;
use crate::error::RequestError;
use crate::place::Place;
use crate::query::Query;
use crate::watch::{Event, Learns, Stretch, Watcher, watch};

/// The time between two frames, and between two evaluations on test images.
const FRAME: Duration = Duration::from_millis(66);
const EVALUATION: Duration = Duration::from_millis(500);
/// Snapshots that are kept, over all pages: a page that pauses asks for one of the last.
const KEPT: usize = 16;

/// The data, and what is remembered of trainings.
#[derive(Debug)]
pub(crate) struct Training {
    folder: PathBuf,
    mnist: Mutex<Option<Arc<Mnist>>>,
    cache: Cache<Snapshot>,
    running: AtomicUsize,
}

impl Training {
    /// Trainings on the images of a folder, which is read when the first one begins.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            mnist: Mutex::default(),
            cache: Cache::new(KEPT),
            running: AtomicUsize::new(0),
        }
    }

    /// The snapshot of a training after its step, if that was shown lately.
    pub(crate) fn remembered(&self, plan: &Plan) -> Result<Arc<Snapshot>, RequestError> {
        let found = self.cache.find(&plan.history(plan.start), plan.start);
        found.ok_or_else(|| {
            RequestError::Refused(format!(
                "the net of step {} is no longer in memory; train again",
                plan.start
            ))
        })
    }

    fn mnist(&self) -> Result<Arc<Mnist>, RequestError> {
        let mut loaded = self.mnist.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mnist) = &*loaded {
            return Ok(Arc::clone(mnist));
        }
        let mnist =
            Mnist::load(&self.folder).map_err(|error| RequestError::Refused(error.to_string()))?;
        let (size, classes) = (mnist.train.image_size(), mnist.train.class_count());
        if (size, classes) != (INPUTS, crate::digits::plan::CLASSES) {
            return Err(RequestError::Refused(format!(
                "{}: expected images of 784 pixels in 10 classes, got {size} pixels and {classes} classes; \
                 name a folder with MNIST with --data-dir",
                self.folder.display()
            )));
        }
        let mnist = Arc::new(mnist);
        *loaded = Some(Arc::clone(&mnist));
        Ok(mnist)
    }
}

/// Trains as an address says and gives every frame to `send`, until it fails, since the page is closed then,
/// or the training has ended.
///
/// # Errors
///
/// If the address has a mistake, MNIST cannot be read, or too many trainings go on.
pub(crate) fn run(
    place: &Place,
    training: &Training,
    mut query: Query,
    mut send: impl FnMut(&Value) -> io::Result<()>,
) -> Result<(), RequestError> {
    let plan = Plan::take(&mut query)?;
    query.finish()?;
    let mnist = training.mnist()?;
    let train = |watcher: &mut Watcher<'_, Moment>| {
        let mut learner = match training.cache.find(&plan.history(plan.start), plan.start) {
            Some(snapshot) => Learner::resume(&plan.settings(plan.start)?, &mnist, &snapshot)?,
            None => Learner::new(place, &plan.settings(0)?, &mnist)?,
        };
        let mut later = plan.moments();
        later.retain(|&moment| moment > learner.steps());
        later.push(u64::MAX);
        for until in later {
            let settings = plan.settings(learner.steps())?;
            learner = learner.change(&settings)?;
            let stretch = Stretch {
                start: plan.start,
                stop: plan.stop,
                until,
                between: 1,
                pace: plan.pace,
            };
            let pool = learner.pool();
            if !pool.install(|| watcher.train(&mut learner, stretch))? {
                break;
            }
        }
        Ok(())
    };
    let viewer = Viewer::new(place, &mnist);
    let show = |received: &Receiver<Event<Moment>>| {
        show(&plan, &training.cache, received, &viewer, &mut send)
    };
    watch(&training.running, FRAME, train, show)
}

/// Sends frames until the training ends.
fn show(
    plan: &Plan,
    cache: &Cache<Snapshot>,
    received: &Receiver<Event<Moment>>,
    viewer: &Viewer,
    send: &mut impl FnMut(&Value) -> io::Result<()>,
) -> io::Result<()> {
    let mut evaluated = None::<Instant>;
    for event in received {
        let moment = match event {
            Event::Moment(moment) => moment,
            Event::Repeating(step) => {
                send(&json!({ "repeating": step }))?;
                continue;
            }
            Event::NotFinite(step) => {
                let text = format!(
                    "the loss is not finite at step {step}; the weights grew without bound: take a smaller rate"
                );
                return send(&json!({ "end": text }));
            }
            Event::Error(error) => return send(&json!({ "end": error.to_string() })),
        };
        let steps = moment.snapshot.steps;
        cache.keep(plan.history(steps), steps, Arc::clone(&moment.snapshot));
        let mut frame = viewer.frame(&moment);
        let is_last = steps >= plan.stop;
        if is_last || evaluated.is_none_or(|last| last.elapsed() >= EVALUATION) {
            match viewer.net(&moment) {
                Ok(net) if is_last => frame["evaluation"] = viewer.evaluate_all(&net),
                Ok(net) => frame["evaluation"] = viewer.evaluate_some(&net),
                Err(error) => return send(&json!({ "end": error.to_string() })),
            }
            evaluated = Some(Instant::now());
        }
        send(&frame)?;
        if is_last {
            return send(&json!({ "end": format!("step {steps} is where you asked it to stop") }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    fn place() -> Place {
        Place {
            device: Device::flex(),
            dtype: DType::F64,
        }
    }

    /// Everything that is sent for an address.
    fn sent(training: &Training, address: &str) -> Result<Vec<Value>, RequestError> {
        let mut sent = vec![];
        run(&place(), training, Query::parse(address)?, |value| {
            sent.push(value.clone());
            Ok(())
        })?;
        Ok(sent)
    }

    #[test]
    fn mnist_is_learned_and_going_on_gives_the_same_bits() {
        let training = Training::new(datasets::bundled_mnist_dir());
        let frames = sent(&training, "hidden=32&stop=600&seed=3").unwrap();
        let last = &frames[frames.len() - 2];
        assert_eq!((&last["step"], &last["epoch"]), (&json!(600), &json!(0)));
        let evaluation = &last["evaluation"];
        assert_eq!(evaluation["images"], 10_000);
        assert!(
            evaluation["accuracy"].as_f64().unwrap() > 0.85,
            "{evaluation}"
        );
        let mistakes = evaluation["mistakes"].as_array().unwrap();
        assert_eq!(mistakes.len(), 12);
        assert!(
            mistakes
                .iter()
                .all(|mistake| mistake["label"] != mistake["predicted"])
        );
        // The worst comes first.
        let losses = mistakes.iter().map(|mistake| mistake["loss"].as_f64());
        let losses = losses.collect::<Vec<_>>();
        assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
        // From the remembered step, and from the beginning in another program.
        let on = sent(&training, "hidden=32&steps=600&stop=650&seed=3").unwrap();
        let other = Training::new(datasets::bundled_mnist_dir());
        let straight = sent(&other, "hidden=32&steps=650&stop=650&seed=3").unwrap();
        let weights = |frames: &[Value]| frames[frames.len() - 2]["weights"].clone();
        assert_eq!(weights(&on), weights(&straight));
        assert_ne!(weights(&on), weights(&frames));
    }

    #[test]
    fn a_rate_that_changes_while_it_learns_counts_from_its_step_on() {
        let training = Training::new(datasets::bundled_mnist_dir());
        let weights = |training: &Training, address: &str| {
            let frames = sent(training, address).unwrap();
            let frame = &frames[frames.len() - 2];
            (frame["step"].clone(), frame["weights"].clone())
        };
        let start = "hidden=8&seed=5&optimizer=momentum";
        let change = "change=30,rate,0.2&change=30,batch,16";
        weights(&training, &format!("{start}&steps=30&stop=30"));
        // From the remembered step, and from the beginning in another program.
        let on = weights(&training, &format!("{start}&{change}&steps=30&stop=50"));
        let other = Training::new(datasets::bundled_mnist_dir());
        let straight = weights(&other, &format!("{start}&{change}&steps=50&stop=50"));
        assert_eq!(on, straight);
        let unchanged = weights(&training, &format!("{start}&steps=30&stop=50"));
        assert_ne!(on, unchanged);
        // The optimizer's state goes on, too.
        let straight = weights(&other, &format!("{start}&steps=50&stop=50"));
        assert_eq!(unchanged, straight);
        // What changes later has no part in this.
        let later = format!("{start}&change=50,rate,0&steps=30&stop=50");
        assert_eq!(weights(&training, &later), unchanged);
        // An optimizer of another kind begins with an empty state.
        let other = format!("{start}&change=30,optimizer,adam&steps=30&stop=50");
        assert_eq!(weights(&training, &other).0, json!(50));
    }

    #[test]
    fn a_missing_folder_and_a_rate_that_is_too_large_are_told() {
        let missing = Training::new("no/such/folder".into());
        let error = sent(&missing, "").unwrap_err().to_string();
        assert!(
            error.contains("no/such/folder: expected a folder"),
            "{error}"
        );
        let training = Training::new(datasets::bundled_mnist_dir());
        let frames = sent(&training, "hidden=8&rate=10&decay=10&stop=5000").unwrap();
        let end = frames.last().unwrap()["end"].as_str().unwrap();
        assert!(end.contains("not finite at step"), "{end}");
    }
}
