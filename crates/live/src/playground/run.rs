//! A training that is shown while it goes on.
//!
//! One thread trains, the connection's thread shows. A frame is offered thirty times a second and left out
//! while the page is not ready for it, so that training never waits, and nothing piles up.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::RequestError;
use crate::numbers::{number, numbers};
use crate::place::Place;
use crate::playground::cache::Cache;
use crate::playground::data::Data;
use crate::playground::frame::{Moment, Painter};
use crate::playground::learner::Learner;
use crate::playground::settings::Plan;
use crate::query::Query;

/// Trainings at once.
const AT_ONCE: usize = 8;
/// The time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// Steps between two looks at the clock.
const BETWEEN: u64 = 8;

/// The trainings under way, and what is remembered of earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Training {
    cache: Cache,
    running: AtomicUsize,
}

/// What the training thread says.
enum Event {
    Moment(Moment),
    /// The steps before the first one that is shown are repeated.
    Repeating(u64),
    Error(RequestError),
    /// A loss that is not finite at this step.
    NotFinite(u64),
}

/// Why a training has ended.
enum End {
    /// The page has been closed.
    Closed,
    Steps,
    NotFinite,
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
    let _counted = Counted::new(&training.running)?;
    let stop = AtomicBool::new(false);
    let (events, received) = sync_channel(1);
    thread::scope(|scope| {
        let train = || {
            if let Err(error) = train(place, &training.cache, &plan, &stop, &events) {
                // The page may be closed.
                let _ = events.send(Event::Error(error));
            }
            drop(events);
        };
        let spawned = thread::Builder::new()
            .name("training".to_owned())
            .spawn_scoped(scope, train);
        if let Err(error) = spawned {
            return Err(RequestError::Refused(format!(
                "no thread to train in ({error}); close a page"
            )));
        }
        let mut painter = Painter::new(place);
        let shown = show(&plan, &received, &mut painter, &mut send);
        stop.store(true, Ordering::Relaxed);
        // The training thread may wait to send its last event.
        drop(received);
        // A closed page is the usual end.
        let _ = shown;
        Ok(())
    })
}

/// Sends frames until the training ends or its loss on the test points is low enough.
fn show(
    plan: &Plan,
    received: &Receiver<Event>,
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
    cache: &Cache,
    plan: &Plan,
    stop: &AtomicBool,
    events: &SyncSender<Event>,
) -> Result<(), RequestError> {
    let mut learner = match cache.find(&plan.history(plan.start), plan.start) {
        Some(snapshot) => Learner::resume(plan.settings(plan.start)?, &snapshot)?,
        None => Learner::new(place, plan.settings(0)?)?,
    };
    let mut later = plan.moments();
    later.retain(|&moment| moment > learner.steps());
    later.push(u64::MAX);
    for next in later {
        let settings = plan.settings(learner.steps())?;
        learner = learner.change(settings)?;
        let pool = learner.pool();
        let end = pool.install(|| stretch(&mut learner, cache, plan, next, stop, events))?;
        if let Some(End::Closed | End::Steps | End::NotFinite) = end {
            return Ok(());
        }
    }
    Ok(())
}

/// Trains with the same settings up to a step; `None` if it gets there.
fn stretch(
    learner: &mut Learner,
    cache: &Cache,
    plan: &Plan,
    until: u64,
    stop: &AtomicBool,
    events: &SyncSender<Event>,
) -> Result<Option<End>, RequestError> {
    let data = Arc::new(learner.data().clone());
    let mut last = None::<Instant>;
    loop {
        let step = learner.steps();
        let is_first = step == plan.start;
        let is_last = step >= plan.stop && step >= plan.start;
        let looks = is_first || is_last || step.is_multiple_of(BETWEEN);
        if looks && stop.load(Ordering::Relaxed) {
            return Ok(Some(End::Closed));
        }
        let is_time = looks && last.is_none_or(|last| last.elapsed() >= FRAME);
        if is_first || is_last || is_time {
            last = Some(Instant::now());
            let event = event(learner, cache, plan, &data)?;
            let is_closed = if is_first || is_last {
                events.send(event).is_err()
            } else {
                // A page that is not ready for another frame goes without.
                matches!(events.try_send(event), Err(TrySendError::Disconnected(_)))
            };
            if is_closed {
                return Ok(Some(End::Closed));
            }
        }
        if is_last {
            return Ok(Some(End::Steps));
        }
        if step == until {
            return Ok(None);
        }
        if !learner.step()?.is_finite() {
            // Whoever has closed the page does not want to know.
            let _ = events.send(Event::NotFinite(step));
            return Ok(Some(End::NotFinite));
        }
    }
}

/// What is there to show now.
fn event(
    learner: &mut Learner,
    cache: &Cache,
    plan: &Plan,
    data: &Arc<Data>,
) -> Result<Event, RequestError> {
    let steps = learner.steps();
    if steps < plan.start {
        return Ok(Event::Repeating(steps));
    }
    let snapshot = Arc::new(learner.snapshot()?);
    cache.keep(plan.history(steps), Arc::clone(&snapshot));
    Ok(Event::Moment(Moment {
        snapshot,
        gradients: learner.gradients()?,
        settings: learner.settings().clone(),
        data: Arc::clone(data),
    }))
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
