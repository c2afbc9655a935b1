//! A recorder that keeps everything in memory, and can interrupt the run or fail.

use std::cell::Cell;

use training::{
    Epoch, Event, GradientCheck, Net, Now, Progress, RecordError, Recorder, Records, RunResult,
    State, Stopped, parameters,
};

/// What a run reported.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) events: Vec<Event>,
    /// All weights that were recorded last, in the order of the parameters.
    pub(crate) weights: Vec<f32>,
    pub(crate) checkpoints: Vec<(Progress, Records)>,
    pub(crate) progress: Vec<Now>,
    /// Full reports of gradient checks that failed.
    pub(crate) disagreements: usize,
    interrupt_after: Option<usize>,
    fails: Option<&'static str>,
    steps: Cell<usize>,
}

impl Memory {
    /// Interrupts the run after this many steps.
    pub(crate) fn interrupting_after(steps: usize) -> Self {
        Self {
            interrupt_after: Some(steps),
            ..Self::default()
        }
    }

    /// Cannot record one of `event`, `weights` and `checkpoint`.
    pub(crate) fn failing(what: &'static str) -> Self {
        Self {
            fails: Some(what),
            ..Self::default()
        }
    }

    fn record(&self, what: &str) -> Result<(), RecordError> {
        if self.fails == Some(what) {
            return Err(format!("no space for the {what}").into());
        }
        Ok(())
    }

    pub(crate) fn epochs(&self) -> Vec<&Epoch> {
        let epochs = self.events.iter().filter_map(|event| match event {
            Event::Epoch(epoch) => Some(epoch),
            _ => None,
        });
        epochs.collect()
    }

    pub(crate) fn checks(&self) -> Vec<&GradientCheck> {
        let checks = self.events.iter().filter_map(|event| match event {
            Event::GradientCheck(check) => Some(check),
            _ => None,
        });
        checks.collect()
    }

    #[track_caller]
    pub(crate) fn result(&self) -> &RunResult {
        match self.events.last() {
            Some(Event::Finished(result)) => result,
            other => panic!("a result at the end, not {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn stopped(&self) -> &Stopped {
        match self.events.last() {
            Some(Event::Stopped(stopped)) => stopped,
            other => panic!("the run stopped, but its end is {other:?}"),
        }
    }

    /// Training and validation losses in order, and the test loss if there is a result.
    pub(crate) fn losses(&self) -> Vec<f64> {
        let epochs = self.epochs().into_iter();
        let mut losses = epochs
            .flat_map(|epoch| [Some(epoch.train_loss), epoch.val_loss])
            .flatten()
            .collect::<Vec<_>>();
        if let Some(Event::Finished(result)) = self.events.last() {
            losses.push(result.test_loss);
        }
        losses
    }

    /// Every number of the run that is not a time.
    pub(crate) fn numbers(&self) -> Vec<f64> {
        let mut numbers = self.losses();
        for epoch in self.epochs() {
            numbers.extend([epoch.epoch as f64, epoch.learning_rate]);
            numbers.extend(epoch.val_accuracy);
            numbers.extend(epoch.average_val_loss);
            numbers.extend(epoch.average_val_accuracy);
            numbers.extend(&epoch.gradient_norms);
        }
        if let Some(Event::Finished(result)) = self.events.last() {
            numbers.extend([result.epochs as f64, result.test_accuracy]);
            numbers.extend(result.best_epoch.map(|epoch| epoch as f64));
            numbers.extend(result.closed_form_loss);
            numbers.extend(result.closed_form_test_accuracy);
        }
        numbers
    }
}

impl<N: Net> Recorder<N> for Memory {
    fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        self.record("event")?;
        self.events.push(event.clone());
        Ok(())
    }

    fn weights(&mut self, net: &N) -> Result<(), RecordError> {
        self.record("weights")?;
        self.weights = weights(net);
        Ok(())
    }

    fn checkpoint(&mut self, state: &State<N>) -> Result<(), RecordError> {
        self.record("checkpoint")?;
        let records = state.records()?;
        self.checkpoints.push((state.progress.clone(), records));
        Ok(())
    }

    fn progress(&mut self, now: Now) {
        self.progress.push(now);
    }

    fn disagreement(&mut self, report: &burn_gradcheck::Report) {
        assert!(!report.is_pass(), "{report}");
        self.disagreements += 1;
    }

    /// A run asks once for every step. Like Ctrl-C, an interrupt lasts.
    fn is_interrupted(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        let steps = self.steps.get();
        self.interrupt_after.is_some_and(|after| steps >= after)
    }
}

/// All weights of a net, in the order of its parameters.
pub(crate) fn weights<N: Net>(net: &N) -> Vec<f32> {
    let values = parameters(&net.valid()).into_iter();
    let values = values.map(|parameter| parameter.values.try_into_vec_as::<f32>());
    values.flat_map(|values| values.expect("numbers")).collect()
}
