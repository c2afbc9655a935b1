//! A net that learns step by step in the fused engine.

use std::sync::Arc;

use burn::tensor::Tensor;
use fused_mlp::{
    Architecture, FusedError, Inputs, LayerValues, Output, OutputUnit, State, Step, Targets,
    Trainer,
};
use layers::{Dropout, dense};
use rayon::ThreadPool;

use crate::error::RequestError;
use crate::place::Place;
use crate::playground::data::{Data, order, points};
use crate::playground::settings::Settings;

/// A net and where it is in its data.
pub(crate) struct Learner {
    trainer: Trainer<f64>,
    /// Computes gradients over all training points: its memory has more rows than a step needs, and steps are faster
    /// in little memory.
    gauge: Trainer<f64>,
    settings: Settings,
    data: Data,
    steps: u64,
    epoch: u64,
    /// The order of the epoch, and the place in it.
    rows: Vec<u32>,
    place: usize,
}

/// Everything that a net knows after some steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) layers: Vec<LayerValues<f64>>,
    state: State<f64>,
    pub(crate) steps: u64,
    pub(crate) epoch: u64,
    place: usize,
}

impl From<FusedError> for RequestError {
    fn from(error: FusedError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Learner {
    /// A net with its first weights.
    pub(crate) fn new(place: &Place, settings: Settings) -> Result<Self, RequestError> {
        let data = points(&settings.data, settings.seed);
        let mut trainer = trainer(&settings, settings.batch)?;
        let sizes = settings.sizes();
        for (layer, sizes) in sizes.windows(2).enumerate() {
            let [d_in, d_out] = [sizes[0], sizes[1]];
            let path = format!("layer{}", layer + 1);
            let options = (&place.device, place.dtype);
            let drawn = dense(
                d_in,
                d_out,
                settings.initializer(layer),
                settings.seed.into(),
                &path,
                options,
            );
            trainer.set_layer(layer, &read(drawn.weight.val()), &vec![0.0; d_out])?;
        }
        let mut learner = Self {
            trainer,
            gauge: self::trainer(&settings, data.training)?,
            settings,
            data,
            steps: 0,
            epoch: 0,
            rows: vec![],
            place: 0,
        };
        learner.begin_epoch();
        Ok(learner)
    }

    /// A net as it was.
    pub(crate) fn resume(settings: Settings, snapshot: &Snapshot) -> Result<Self, RequestError> {
        let data = points(&settings.data, settings.seed);
        let mut trainer = trainer(&settings, settings.batch)?;
        for (layer, values) in snapshot.layers.iter().enumerate() {
            trainer.set_layer(layer, &values.weights, &values.biases)?;
        }
        if snapshot.state.buffers.len() == settings.rule.buffers() {
            trainer.set_state(&snapshot.state)?;
        }
        let mut learner = Self {
            trainer,
            gauge: self::trainer(&settings, data.training)?,
            settings,
            data,
            steps: snapshot.steps,
            epoch: snapshot.epoch,
            rows: vec![],
            place: 0,
        };
        learner.begin_epoch();
        learner.place = snapshot.place.min(learner.rows.len());
        Ok(learner)
    }

    /// Goes on with other settings. An optimizer of another kind begins with an empty state.
    pub(crate) fn change(self, settings: Settings) -> Result<Self, RequestError> {
        if settings == self.settings {
            return Ok(self);
        }
        let snapshot = self.snapshot()?;
        Self::resume(settings, &snapshot)
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, RequestError> {
        Ok(Snapshot {
            layers: self.layers()?,
            state: self.trainer.state(),
            steps: self.steps,
            epoch: self.epoch,
            place: self.place,
        })
    }

    fn layers(&self) -> Result<Vec<LayerValues<f64>>, FusedError> {
        let count = self.trainer.architecture().layers();
        (0..count).map(|layer| self.trainer.layer(layer)).collect()
    }

    /// Takes a step; gives the loss of its batch.
    pub(crate) fn step(&mut self) -> Result<f64, RequestError> {
        if self.place == self.rows.len() {
            self.epoch += 1;
            self.begin_epoch();
        }
        let end = (self.place + self.settings.batch).min(self.rows.len());
        let rows = &self.rows[self.place..end];
        let how = Step {
            learning_rate: self.settings.rate,
            clip_norm: self.settings.clip,
            dropout: self.settings.dropout.at_step(self.steps),
        };
        let loss = self
            .trainer
            .step(inputs(&self.data, rows), targets(&self.data, rows), &how)?;
        self.place = end;
        self.steps += 1;
        Ok(loss)
    }

    /// The gradients of the loss over all training points, a list for each layer.
    pub(crate) fn gradients(&mut self) -> Result<Vec<LayerValues<f64>>, RequestError> {
        for (layer, values) in self.layers()?.iter().enumerate() {
            self.gauge
                .set_layer(layer, &values.weights, &values.biases)?;
        }
        let rows = (0..self.data.training as u32).collect::<Vec<_>>();
        self.gauge.gradients(
            inputs(&self.data, &rows),
            targets(&self.data, &rows),
            Dropout::NONE,
        )?;
        let count = self.gauge.architecture().layers();
        let gradients = (0..count).map(|layer| self.gauge.gradient(layer));
        Ok(gradients.collect::<Result<_, _>>()?)
    }

    /// The engine's own thread: a step there need not wake it.
    pub(crate) fn pool(&self) -> Arc<ThreadPool> {
        self.trainer.pool()
    }

    fn begin_epoch(&mut self) {
        order(
            self.settings.seed,
            self.epoch,
            self.data.training,
            &mut self.rows,
        );
        self.place = 0;
    }
}

/// The engine for batches of at most so many rows.
fn trainer(settings: &Settings, rows: usize) -> Result<Trainer<f64>, FusedError> {
    let output = if settings.data.shape.is_regression() {
        Output::HalfSquaredError {
            unit: OutputUnit::Linear,
            ridge: None,
        }
    } else {
        Output::SoftmaxCrossEntropy { smoothing: 0.0 }
    };
    let architecture = Architecture {
        sizes: settings.sizes(),
        hidden: settings.f.clone(),
        output,
    };
    Trainer::new(architecture, settings.rule, settings.decay, rows, 1)
}

fn inputs<'a>(data: &'a Data, rows: &'a [u32]) -> Inputs<'a, f64> {
    Inputs::Floats {
        values: &data.x,
        rows,
    }
}

fn targets<'a>(data: &'a Data, rows: &'a [u32]) -> Targets<'a, f64> {
    if data.classes.is_empty() {
        return Targets::Values {
            values: &data.numbers,
            rows,
        };
    }
    Targets::Labels {
        labels: &data.classes,
        rows,
    }
}

/// The elements of a tensor.
fn read(tensor: Tensor<2>) -> Vec<f64> {
    crate::numbers::elements(&tensor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::settings::Plan;
    use crate::query::Query;
    use burn::tensor::{DType, Device};

    fn learner(address: &str) -> Learner {
        let place = Place {
            device: Device::flex(),
            dtype: DType::F64,
        };
        let plan = Plan::take(Query::parse(address).unwrap()).unwrap();
        Learner::new(&place, plan.settings(0).unwrap()).unwrap()
    }

    #[test]
    fn circles_are_learned() {
        let mut learner = learner("data=circles&optimizer=adam&rate=0.02");
        let first = learner.step().unwrap();
        let mut last = first;
        for _ in 0..1500 {
            last = learner.step().unwrap();
        }
        assert!(first > 0.5 && last < 0.1, "{first} {last}");
    }

    #[test]
    fn a_limited_gradient_moves_the_weights_by_no_more_than_rate_times_limit() {
        let moved = |address: &str| {
            let mut learner = learner(address);
            let before = learner.layers().unwrap();
            learner.step().unwrap();
            let after = learner.layers().unwrap();
            let squares = before.iter().zip(&after).flat_map(|(before, after)| {
                let before = before.weights.iter().chain(&before.biases);
                before
                    .zip(after.weights.iter().chain(&after.biases))
                    .map(|(before, after)| (before - after).powi(2))
            });
            squares.sum::<f64>().sqrt()
        };
        assert!(moved("data=xor&rate=0.5") > 0.01);
        let limited = moved("data=xor&rate=0.5&clip=0.001");
        assert!((limited - 0.0005).abs() < 1e-9, "{limited}");
    }

    #[test]
    fn dropout_changes_steps_and_may_change_on_the_way() {
        let address = "data=circles&dropout=0.5";
        let plan = Plan::take(Query::parse(&format!("{address}&change=3,dropout,0")).unwrap());
        let plan = plan.unwrap();
        let (mut dropped, mut without) = (learner(address), learner("data=circles"));
        for _ in 0..3 {
            assert_ne!(dropped.step().unwrap(), without.step().unwrap());
        }
        let at_3 = dropped.snapshot().unwrap();
        let mut changed = Learner::resume(plan.settings(3).unwrap(), &at_3).unwrap();
        let mut plain = Learner::resume(without.settings().clone(), &at_3).unwrap();
        assert_eq!(changed.step().unwrap(), plain.step().unwrap());
        assert_ne!(dropped.step().unwrap(), changed.step().unwrap());
    }

    #[test]
    fn a_net_as_it_was_goes_on_to_the_same_bits() {
        for rule in ["sgd", "momentum", "adam"] {
            let address =
                format!("data=spiral&classes=3&optimizer={rule}&batch=7&decay=0.001&dropout=0.3");
            let mut straight = learner(&address);
            for _ in 0..40 {
                straight.step().unwrap();
            }
            let snapshot = straight.snapshot().unwrap();
            let mut resumed = Learner::resume(straight.settings().clone(), &snapshot).unwrap();
            for _ in 0..60 {
                straight.step().unwrap();
                resumed.step().unwrap();
            }
            assert_eq!(
                straight.snapshot().unwrap(),
                resumed.snapshot().unwrap(),
                "{rule}"
            );
        }
    }
}
