//! What a run does during an epoch beside the steps: gradient checks, progress, norms of gradients.

use std::time::Instant;

use backends::Opened;
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use manual_backprop::gradient_norm;

use crate::epoch::Watch;
use crate::error::TrainingError;
use crate::event::{Event, GradientCheck, StopReason, Stopped};
use crate::examples::Batch;
use crate::gradient_check;
use crate::net::Net;
use crate::recorder::{Now, Recorder};
use crate::settings::Settings;
use crate::state::State;

/// A run's observer of an epoch.
pub(crate) struct EpochWatch<'a, R> {
    pub(crate) settings: &'a Settings,
    pub(crate) opened: &'a Opened,
    /// Whether the last step's gradients are measured.
    pub(crate) keeps_norms: bool,
    /// The norms of that step's gradients.
    pub(crate) gradient_norms: Vec<Tensor<1>>,
    pub(crate) recorder: &'a mut R,
}

impl<N: Net, R: Recorder<N>> Watch<N> for EpochWatch<'_, R> {
    /// Checks the gradients of the batch when that is due.
    fn may_step(
        &mut self,
        state: &State<N>,
        batch: &Batch<N::Targets>,
    ) -> Result<bool, TrainingError> {
        if !self.settings.checks(state.progress.step) {
            return Ok(true);
        }
        let (epoch, step) = (state.progress.epoch + 1, state.progress.step + 1);
        let started = Instant::now();
        let seed = self.settings.seed.wrapping_add(step as u64);
        let (x, targets) = batch.all()?;
        let masks = self.settings.masks(state.progress.step);
        let report = gradient_check::check(
            &state.net().clone().with_dropout(masks),
            x,
            &targets,
            self.settings.engine,
            self.opened,
            seed,
        );
        let worst = report.worst_element.as_ref();
        self.recorder.event(&Event::GradientCheck(GradientCheck {
            epoch,
            step,
            verdict: report.verdict.to_string(),
            worst_relative_error: report.worst.manual_autodiff,
            tolerance: report.tolerance.as_ref().map(|tolerance| tolerance.pair),
            worst_parameter: worst.map(|worst| worst.input.clone()),
            seconds: started.elapsed().as_secs_f64(),
        }))?;
        let disagree = gradient_check::is_disagreement(&report);
        if disagree {
            self.recorder.disagreement(&report);
            self.recorder.event(&Event::Stopped(Stopped {
                reason: StopReason::GradientsDisagree(gradient_check::in_words(&report)),
                epoch,
                step: state.progress.step,
            }))?;
        }
        Ok(!disagree)
    }

    fn rows_done(&mut self, rows: usize, loss: f64) {
        self.recorder.progress(Now::RowsDone { rows, loss });
    }

    fn is_interrupted(&self) -> bool {
        self.recorder.is_interrupted()
    }

    fn wants_gradients(&self, is_last: bool) -> bool {
        is_last && self.keeps_norms
    }

    fn gradients(&mut self, net: &N, gradients: &GradientsParams) {
        self.gradient_norms = gradient_norm::norms(net, gradients);
    }

    fn gradient_norms(&mut self, norms: &[f64]) {
        let norms = TensorData::new::<f64, _>(norms.to_vec(), [norms.len()]);
        self.gradient_norms = vec![Tensor::from_data(norms, &self.opened.device)];
    }
}
