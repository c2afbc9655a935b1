//! Running the cases on every backend and float type.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Result, bail};
use backends::{Backend, BackendError, Opened};
use burn::tensor::{DType, Device};
use burn_gradcheck::{Options, Target};
use manual_backprop::verify;

use crate::cases::Selection;
use crate::cli::Cli;
use crate::events::{CheckEvent, PytorchEvent, Summary};
use crate::output::Output;

/// The backends that run and the ones that do not.
pub(crate) struct Backends {
    pub(crate) opened: Vec<(Backend, Opened)>,
    pub(crate) missing: Vec<(Backend, BackendError)>,
}

/// Opens the backends named, or all that can run here.
///
/// # Errors
///
/// If one that is named cannot run, or none can.
pub(crate) fn open(named: &[Backend]) -> Result<Backends> {
    let mut opened = Vec::new();
    let mut missing = Vec::new();
    for backend in Backend::ALL {
        if !named.is_empty() && !named.contains(&backend) {
            continue;
        }
        match backend.open() {
            Ok(open) => opened.push((backend, open)),
            Err(error) if named.contains(&backend) => return Err(error.into()),
            Err(error) => missing.push((backend, error)),
        }
    }
    if opened.is_empty() {
        bail!("no backend can run here; build with `--features flex`");
    }
    Ok(Backends { opened, missing })
}

/// A backend in one float type.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) backend: Backend,
    pub(crate) description: String,
    pub(crate) target: Target,
}

impl Backends {
    /// The device of the first backend.
    pub(crate) fn first(&self) -> &Device {
        &self.opened[0].1.device
    }

    /// Every backend in each of its float types.
    pub(crate) fn places(&self) -> Vec<Place> {
        let reference = reference();
        let mut places = Vec::new();
        for (backend, opened) in &self.opened {
            for &dtype in float_types(*backend) {
                let mut target = Target::new(opened.device.clone(), dtype);
                target.reference.clone_from(&reference);
                places.push(Place {
                    backend: *backend,
                    description: opened.description(),
                    target,
                });
            }
        }
        places
    }
}

/// The float types to check in. Some graphics drivers store and add f64, but have no `exp` or `tanh`
/// for it and give other numbers without a word: wgpu is checked in f32 only.
pub(crate) fn float_types(backend: Backend) -> &'static [DType] {
    match backend {
        Backend::Ndarray | Backend::Flex => &[DType::F64, DType::F32],
        Backend::Wgpu => &[DType::F32],
    }
}

/// A device with f64, where finite differences are taken for a backend without.
fn reference() -> Option<Device> {
    let backends = [Backend::Flex, Backend::Ndarray].into_iter();
    backends
        .filter_map(|backend| backend.open().ok())
        .map(|opened| opened.device)
        .next()
}

/// Runs everything selected, place by place.
pub(crate) fn all(
    cli: &Cli,
    backends: &Backends,
    selection: &Selection,
    output: &mut Output,
) -> Result<Summary> {
    let mut summary = Summary::default();
    let places = backends.places();
    output.begin(places.len() * selection.cases.len());
    for place in &places {
        output.place(place)?;
        let options = Options::default().seed(cli.seed).full_limit(FULL_LIMIT);
        in_order(
            &selection.cases,
            |case| verify::check(case, &place.target, &options),
            |report| {
                let event = CheckEvent::new(place, report);
                summary.count(&event);
                output.check(event)
            },
        )?;
        for (name, net) in &selection.nets {
            let comparison = net.compare(&place.target.device, place.target.dtype);
            let event = PytorchEvent::new(name, &selection.pytorch, place, &comparison);
            summary.count_pytorch(&event);
            output.pytorch(event)?;
        }
        output.end_of_place()?;
    }
    output.end();
    Ok(summary)
}

/// Elements of an input up to which finite differences take every one; above, random directions.
const FULL_LIMIT: usize = 512;

/// Does the work on all processors and takes the results one by one, in the order of the tasks.
pub(crate) fn in_order<T: Sync, R: Send>(
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
                    // Lets the workers end after what they have in hand.
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
