//! A net in the fused engine: a whole step is one operation, in place, on the memory of the host.

mod optimizer_state;
mod sharing;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use fused_mlp::{FusedError, Inputs, LayerValues, Step, Trainer};
use fused_nets::{FusedNet, Way, load, store, tensors};
use layers::Dropout;
use manual_backprop::Reduction;
use rayon::ThreadPool;

use crate::error::TrainingError;
use crate::examples::{Batch, HostInputs};
use crate::net::Net;
use crate::optimizer::{new_optimizer, rule};
use crate::settings::Settings;
use crate::targets::Targets;
use optimizer_state::{from_burn, into_burn};
use sharing::Sharing;

/// Nets that are not dense are refused before.
const IS_DENSE: &str = "the engine trains dense nets";

/// A net whose parameters, while it learns, are in the fused engine. The Burn module is brought up to date
/// when somebody looks at it.
#[derive(Debug)]
pub struct Fused<N> {
    engine: Trainer<f32>,
    settings: Settings,
    /// The module; its parameters may be those of an earlier step.
    form: N,
    /// The module with the parameters of now, once somebody has looked.
    seen: OnceLock<N>,
    /// The indices of a batch that has the first rows in order.
    first_rows: Vec<u32>,
    /// Room for the distorted images of a batch.
    distorted: Vec<f32>,
    /// Room for the images of a batch that are otherwise in their file.
    read: Vec<u8>,
    /// Where other processes come in, once they have.
    sharing: Sharing,
}

impl<N: Net> Fused<N> {
    /// Takes over a net, on the autodiff side of its device, and the state of its optimizer, for batches of
    /// at most `rows_at_most` rows.
    ///
    /// # Errors
    ///
    /// If the engine cannot train the net, or its threads cannot start.
    pub(crate) fn new(
        net: N,
        optimizer: &ModuleOptimizer,
        settings: &Settings,
        rows_at_most: usize,
    ) -> Result<Self, TrainingError> {
        let dense = net.fused().ok_or(TrainingError::NotFused)?;
        let mut engine = Trainer::new(
            dense.architecture(),
            rule(settings.optimizer),
            settings.weight_decay,
            rows_at_most,
            settings.threads,
        )?;
        load(&mut engine, &dense.layers())?;
        if let Some(state) = from_burn(optimizer, &dense.layers(), settings.optimizer)? {
            engine.set_state(&state)?;
        }
        Ok(Self {
            engine,
            settings: settings.clone(),
            seen: OnceLock::from(net.clone()),
            form: net,
            first_rows: (0..rows_at_most as u32).collect(),
            distorted: vec![],
            read: vec![],
            sharing: Sharing::default(),
        })
    }

    /// Takes one step on a part of a batch; gives its loss before it.
    pub(crate) fn step(
        &mut self,
        batch: &Batch<N::Targets>,
        part: Range<usize>,
        how: &Step,
    ) -> Result<f64, TrainingError> {
        self.seen.take();
        let how = &Step {
            dropout: how.dropout.from_row(part.start),
            ..*how
        };
        let loss = self.with_rows(batch, part, |engine, inputs, targets| {
            engine.step(inputs, targets, how)
        });
        Ok(f64::from(loss?))
    }

    /// The gradients of a batch with these masks, by parameter id; nothing is changed.
    pub(crate) fn gradients(
        &mut self,
        batch: &Batch<N::Targets>,
        dropout: Dropout,
    ) -> Result<GradientsParams, TrainingError> {
        self.with_rows(batch, 0..batch.len(), |engine, inputs, targets| {
            engine.gradients(inputs, targets, dropout)
        })?;
        let layers = 0..self.engine.architecture().layers();
        let values = layers.map(|layer| self.engine.gradient(layer));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let net = self.net().valid();
        let device = &net.devices()[0];
        let gradients = values.into_iter().map(|values| tensors(values, device));
        Ok(by_id(dense(&net), gradients))
    }

    /// The norms of the gradients of a part of a batch with the masks of a step, in the order of the parameters; nothing is
    /// changed. They take no tensors.
    pub(crate) fn gradient_norms(
        &mut self,
        batch: &Batch<N::Targets>,
        part: Range<usize>,
        dropout: Dropout,
    ) -> Result<Vec<f64>, TrainingError> {
        let masks = dropout.from_row(part.start);
        self.with_rows(batch, part, |engine, inputs, targets| {
            engine.gradients(inputs, targets, masks)
        })?;
        Ok(self.engine.gradient_norms())
    }

    /// Gives a part of a batch to the engine: as rows of the examples that lie on the host, or of copies that were
    /// distorted, or read from their file.
    fn with_rows<R>(
        &mut self,
        batch: &Batch<N::Targets>,
        part: Range<usize>,
        work: impl FnOnce(
            &mut Trainer<f32>,
            Inputs<'_, f32>,
            fused_mlp::Targets<'_, f32>,
        ) -> Result<R, FusedError>,
    ) -> Result<R, TrainingError> {
        let batch = batch.on_host().ok_or(TrainingError::NotOnHost)?;
        let Self {
            engine,
            first_rows,
            distorted,
            read,
            ..
        } = self;
        let rows = &batch.rows.listed(first_rows)[part.clone()];
        let targets = <N::Targets as Targets>::in_engine(&batch.examples.targets, rows);
        let pool = engine.pool();
        let inputs = if pool.install(|| batch.distort(part, distorted))? {
            Inputs::Floats {
                values: distorted,
                rows: &first_rows[..rows.len()],
            }
        } else {
            match &batch.examples.inputs {
                HostInputs::Bytes(images) => Inputs::Bytes { images, rows },
                HostInputs::InFile(images) => {
                    images.read(rows.iter().map(|&row| row as usize), read)?;
                    Inputs::Bytes {
                        images: read,
                        rows: &first_rows[..rows.len()],
                    }
                }
                HostInputs::Floats(values) => Inputs::Floats { values, rows },
            }
        };
        Ok(work(engine, inputs, targets)?)
    }

    /// The net with its parameters of now, on the autodiff side of its device.
    pub(crate) fn net(&self) -> &N {
        self.seen.get_or_init(|| {
            let mut net = self.form.valid();
            store(
                self.parameters(),
                net.fused_mut().expect(IS_DENSE).layers_mut(),
            );
            net.train()
        })
    }

    /// The engine's threads. On one of them, a step begins without a delay.
    pub(crate) fn threads(&self) -> Arc<ThreadPool> {
        self.engine.pool()
    }

    fn parameters(&self) -> Vec<LayerValues<f32>> {
        let layers = 0..self.engine.architecture().layers();
        let read = |layer| self.engine.layer(layer).expect("the layer exists");
        layers.map(read).collect()
    }

    /// Burn's optimizer in the state of now.
    pub(crate) fn optimizer(&self) -> ModuleOptimizer {
        let net = self.net();
        let device = &net.valid().devices()[0];
        let fresh = new_optimizer(&self.settings, device);
        into_burn(&self.engine.state(), net, fresh, self.settings.optimizer)
    }
}

/// Loss (one element) and gradients of a shard of a batch of `batch` rows, by an engine of its own, in the
/// numbers of `x`. `net` is off autodiff.
///
/// # Panics
///
/// If the engine cannot train the net, or the shard does not fit it.
pub(crate) fn gradients<N: Net>(
    net: &N,
    x: Tensor<2>,
    targets: N::Targets,
    batch: usize,
) -> (Tensor<1>, GradientsParams) {
    let share = match N::REDUCTION {
        Reduction::Mean => x.dims()[0] as f64 / batch as f64,
        Reduction::Sum => 1.0,
    };
    let dense = dense(net);
    let computed = fused_nets::gradients(dense, x, targets.in_batch(), Way::Direct);
    let (loss, gradients) = computed.expect("the shard fits the net");
    let gradients = gradients.into_iter();
    let gradients = gradients.map(|layer| (layer.weights * share, layer.biases * share));
    (loss * share, by_id(dense, gradients))
}

fn dense<N: Net>(net: &N) -> &dyn FusedNet {
    net.fused().expect(IS_DENSE)
}

/// The gradients of the layers' weights and biases, by parameter id.
fn by_id(
    net: &dyn FusedNet,
    gradients: impl Iterator<Item = (Tensor<2>, Tensor<1>)>,
) -> GradientsParams {
    let mut all = GradientsParams::new();
    for (layer, (weights, biases)) in net.layers().into_iter().zip(gradients) {
        let bias = layer.bias.as_ref().expect("every layer has a bias");
        all.register(layer.weight.id, weights);
        all.register(bias.id, biases);
    }
    all
}
