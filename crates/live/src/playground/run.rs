//! A net of the playground that is shown while it learns.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cache::Cache;
use crate::error::RequestError;
use crate::export::{self, Export};
use crate::numbers::{number, numbers};
use crate::place::Place;
use crate::playground::data::Data;
use crate::playground::frame::{Moment, Painter};
use crate::playground::learner::{Learner, Snapshot};
use crate::playground::settings::Plan;
use crate::query::Query;
use crate::watch::{Event, Learns, Stretch, Watcher, watch};

/// The time between two frames.
const FRAME: Duration = Duration::from_millis(34);
/// Steps between two looks at the clock.
const BETWEEN: u64 = 8;
/// Snapshots that are kept, over all pages.
const KEPT: usize = 128;

/// The trainings under way, and what is remembered of earlier ones.
#[derive(Debug)]
pub(crate) struct Training {
    cache: Cache<Snapshot>,
    running: AtomicUsize,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            cache: Cache::new(KEPT),
            running: AtomicUsize::new(0),
        }
    }
}

/// A net, and where its snapshots are kept.
struct Shown<'a> {
    learner: Learner,
    data: Arc<Data>,
    cache: &'a Cache<Snapshot>,
    plan: &'a Plan,
}

impl Learns for Shown<'_> {
    type Moment = Moment;

    fn steps(&self) -> u64 {
        self.learner.steps()
    }

    fn step(&mut self) -> Result<f64, RequestError> {
        self.learner.step()
    }

    fn moment(&mut self) -> Result<Moment, RequestError> {
        let snapshot = Arc::new(self.learner.snapshot()?);
        let steps = snapshot.steps;
        self.cache
            .keep(self.plan.history(steps), steps, Arc::clone(&snapshot));
        Ok(Moment {
            snapshot,
            gradients: self.learner.gradients()?,
            settings: self.learner.settings().clone(),
            data: Arc::clone(&self.data),
        })
    }
}

/// Trains as an address says and gives every frame to `send`, until it fails, since the page is closed then,
/// or the training has ended.
///
/// # Errors
///
/// If the address has a mistake, or too many trainings go on.
pub(crate) fn run(
    place: &Place,
    training: &Training,
    query: Query,
    mut send: impl FnMut(&Value) -> io::Result<()>,
) -> Result<(), RequestError> {
    let plan = Plan::take(query)?;
    let train = |watcher: &mut Watcher<'_, Moment>| train(place, &training.cache, &plan, watcher);
    let show = |received: &Receiver<Event<Moment>>| {
        let mut painter = Painter::new(place);
        show(&plan, received, &mut painter, &mut send)
    };
    watch(&training.running, FRAME, train, show)
}

/// The weights after the address's step, as a file.
///
/// # Errors
///
/// If the address has a mistake, or its step was not shown lately.
pub(crate) fn export(training: &Training, mut query: Query) -> Result<Export, RequestError> {
    let form = export::take_form(&mut query)?;
    let plan = Plan::take(query)?;
    let found = training.cache.find(&plan.history(plan.start), plan.start);
    let snapshot = found.ok_or_else(|| {
        RequestError::Refused(format!(
            "the net of step {} is no longer in memory; reload the page",
            plan.start
        ))
    })?;
    let settings = plan.settings(plan.start)?;
    let is_classifier = settings.data.classes > 0;
    export::of_layers(&snapshot.layers, &settings.f, is_classifier, form)
}

/// Sends frames until the training ends or its loss on the test points is low enough.
fn show(
    plan: &Plan,
    received: &Receiver<Event<Moment>>,
    painter: &mut Painter,
    send: &mut impl FnMut(&Value) -> io::Result<()>,
) -> io::Result<()> {
    let mut sent = None;
    for event in received {
        match event {
            Event::Moment(moment) => {
                let mut frame = painter.frame(&moment);
                // The points come with the first frame, and again when other noise has moved them.
                if sent
                    .as_ref()
                    .is_none_or(|sent| !Arc::ptr_eq(sent, &moment.data))
                {
                    frame.value["points"] = points(&moment.data);
                    sent = Some(Arc::clone(&moment.data));
                }
                send(&frame.value)?;
                if plan.stop_loss > 0.0 && frame.loss <= plan.stop_loss {
                    return send(&json!({ "end": "the loss is as low as you asked for" }));
                }
                if plan.stop_accuracy > 0.0 && frame.accuracy >= plan.stop_accuracy {
                    return send(&json!({ "end": "the accuracy is as high as you asked for" }));
                }
                if moment.snapshot.steps >= plan.stop {
                    let steps = moment.snapshot.steps;
                    return send(
                        &json!({ "end": format!("step {steps} is where you asked it to stop") }),
                    );
                }
            }
            Event::Repeating(step) => send(&json!({ "repeating": step }))?,
            Event::NotFinite(step) => {
                let why =
                    "the weights grew without bound: take a smaller rate, or limit the gradient";
                let text = format!("the loss is not finite at step {step}; {why}");
                return send(&json!({ "end": text, "notFinite": number(step as f64) }));
            }
            Event::Error(error) => return send(&json!({ "end": error.to_string() })),
        }
    }
    Ok(())
}

fn points(data: &Data) -> Value {
    let are_numbers = data.classes.is_empty();
    let targets = if are_numbers {
        numbers(&data.numbers)
    } else {
        json!(data.classes)
    };
    json!({
        "x": numbers(&data.x),
        "targets": targets,
        "areNumbers": are_numbers,
        "training": data.training,
    })
}

/// Trains until something stops it.
fn train(
    place: &Place,
    cache: &Cache<Snapshot>,
    plan: &Plan,
    watcher: &mut Watcher<'_, Moment>,
) -> Result<(), RequestError> {
    let mut learner = match cache.find(&plan.history(plan.start), plan.start) {
        Some(snapshot) => Learner::resume(plan.settings(plan.start)?, &snapshot)?,
        None => Learner::new(place, plan.settings(0)?)?,
    };
    let mut later = plan.moments();
    later.retain(|&moment| moment > learner.steps());
    later.push(u64::MAX);
    for until in later {
        let settings = plan.settings(learner.steps())?;
        learner = learner.change(settings)?;
        let stretch = Stretch {
            start: plan.start,
            stop: plan.stop,
            until,
            between: BETWEEN,
            pace: None,
        };
        let pool = learner.pool();
        let mut shown = Shown {
            data: Arc::new(learner.data().clone()),
            learner,
            cache,
            plan,
        };
        let goes_on = pool.install(|| watcher.train(&mut shown, stretch))?;
        if !goes_on {
            return Ok(());
        }
        learner = shown.learner;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    #[test]
    fn a_training_ends_where_it_was_asked_to_and_says_so() {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let start = "data=blobs&optimizer=adam&rate=0.05&stop=20000";
        for (asked, reason) in [
            (
                "stop-accuracy=0.9",
                "the accuracy is as high as you asked for",
            ),
            ("stop-loss=0.2", "the loss is as low as you asked for"),
            ("stop-step=40", "step 40 is where you asked it to stop"),
        ] {
            let mut sent = vec![];
            let query = Query::parse(&format!("{start}&{asked}")).unwrap();
            let keep = |value: &Value| {
                sent.push(value.clone());
                Ok(())
            };
            run(&place, &Training::default(), query, keep).unwrap();
            let [.., frame, end] = &sent[..] else {
                panic!("{asked}: {sent:?}");
            };
            assert_eq!(end["end"], reason, "{asked}");
            let test = |name: &str| frame["test"][name].as_f64().unwrap();
            match asked {
                "stop-accuracy=0.9" => assert!(test("accuracy") >= 0.9),
                "stop-loss=0.2" => assert!(test("loss") <= 0.2),
                _ => assert_eq!(frame["step"], 40),
            }
        }
    }
}
