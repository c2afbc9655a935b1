//! What an update rule keeps between steps, from the fused engine to Burn's optimizer and back: a checkpoint
//! has the same form with every engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::module::ParamGroup;
use burn::nn::Linear;
use burn::optim::momentum::MomentumState;
use burn::optim::{
    AdamState, AdaptiveMomentumState, DynOptimizer, DynState, GradientsParams, LearningRate,
    ModuleOptimizer, Optimizer, SgdConfig, SgdState, StateSink, StateSource,
};
use burn::tensor::kind::BridgeTensor;
use burn::tensor::{Device, Tensor};
use fused_mlp::{LayerValues, State};
use fused_nets::tensors;

use super::{by_id, dense};
use crate::choice::OptimizerName;
use crate::error::TrainingError;
use crate::net::Net;

/// The optimizer of `fresh`'s rule, in this state.
pub(super) fn into_burn<N: Net>(
    state: &State<f32>,
    net: &N,
    fresh: ModuleOptimizer,
    rule: OptimizerName,
) -> ModuleOptimizer {
    if state.steps == 0 {
        return fresh;
    }
    let valid = net.valid();
    let device = &valid.devices()[0];
    let as_gradients = |buffer: &Vec<LayerValues<f32>>| {
        let tensors = buffer.iter().map(|values| tensors(values.clone(), device));
        by_id(dense(&valid), tensors)
    };
    let buffers = state.buffers.iter().map(as_gradients);
    let steps = usize::try_from(state.steps).unwrap_or(usize::MAX);
    let adopted = match rule {
        OptimizerName::Sgd => {
            // Nothing is kept; any gradients will do.
            let parameters = dense(&valid).layers().into_iter().map(|layer| {
                let bias = layer.bias.as_ref().expect("every layer has a bias");
                (layer.weight.val(), bias.val())
            });
            let any = by_id(dense(&valid), parameters);
            adopt(
                AdoptSgd {
                    has_momentum: false,
                },
                net,
                [any].into_iter(),
            )
        }
        OptimizerName::Momentum | OptimizerName::Nesterov => {
            adopt(AdoptSgd { has_momentum: true }, net, buffers)
        }
        // Both keep their moments under the same names.
        OptimizerName::Adam | OptimizerName::Adamw => adopt(AdoptAdam { steps }, net, buffers),
    };
    fresh.load_record(adopted.to_record())
}

/// Has an optimizer take over buffers, one at a time, as if they were gradients.
fn adopt<N: Net>(
    rule: impl Optimizer,
    net: &N,
    buffers: impl Iterator<Item = GradientsParams>,
) -> ModuleOptimizer {
    let mut optimizer = ModuleOptimizer::from(rule);
    for buffer in buffers {
        optimizer.step(0.0, net.clone(), buffer);
    }
    optimizer
}

/// Takes the velocity over.
#[derive(Clone)]
struct AdoptSgd {
    has_momentum: bool,
}

impl Optimizer for AdoptSgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        _: LearningRate,
        parameter: Tensor<D>,
        buffer: Tensor<D>,
        _: Option<SgdState<D>>,
    ) -> (Tensor<D>, Option<SgdState<D>>) {
        let velocity = self.has_momentum.then(|| MomentumState::new(buffer));
        (parameter, Some(SgdState::new(velocity)))
    }

    fn to_device<const D: usize>(state: SgdState<D>, _: &Device) -> SgdState<D> {
        state
    }
}

/// Takes the first moment over, then the second.
#[derive(Clone)]
struct AdoptAdam {
    steps: usize,
}

impl Optimizer for AdoptAdam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        _: LearningRate,
        parameter: Tensor<D>,
        buffer: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let first = state.map_or_else(|| buffer.clone(), |state| state.momentum.moment_1);
        let moments = AdaptiveMomentumState::new(self.steps, first, buffer);
        (parameter, Some(AdamState::new(moments)))
    }

    fn to_device<const D: usize>(state: AdamState<D>, _: &Device) -> AdamState<D> {
        state
    }
}

/// The state of Burn's optimizer; none before the first step.
///
/// # Errors
///
/// If it has no state for one of the layers, or one of another rule.
pub(super) fn from_burn(
    optimizer: &ModuleOptimizer,
    layers: &[&Linear],
    rule: OptimizerName,
) -> Result<Option<State<f32>>, TrainingError> {
    let names: &[&str] = match rule {
        OptimizerName::Sgd => &[],
        OptimizerName::Momentum | OptimizerName::Nesterov => &["momentum.velocity"],
        OptimizerName::Adam | OptimizerName::Adamw => &["momentum.moment_1", "momentum.moment_2"],
    };
    let found = Arc::new(Mutex::new(HashMap::new()));
    let tap = Tap {
        names,
        found: Arc::clone(&found),
    };
    ModuleOptimizer::from(SgdConfig::new().build())
        .with_group(ParamGroup::all(), tap, None)
        .load_record(optimizer.to_record());
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    if found.is_empty() {
        return Ok(None);
    }
    let lacks = || TrainingError::Misfit("the optimizer's state lacks a parameter".to_owned());
    let mut state = State {
        steps: 1,
        buffers: vec![vec![]; names.len()],
    };
    for layer in layers {
        let bias = layer.bias.as_ref().expect("every layer has a bias");
        let mut take = |id: u64| found.remove(&id.to_string()).ok_or_else(lacks);
        let (weights, biases) = (take(layer.weight.id.val())?, take(bias.id.val())?);
        state.steps = weights.steps.unwrap_or(1);
        let pairs = weights.buffers.into_iter().zip(biases.buffers);
        for (buffer, (weights, biases)) in state.buffers.iter_mut().zip(pairs) {
            buffer.push(LayerValues {
                weights: weights.ok_or_else(lacks)?,
                biases: biases.ok_or_else(lacks)?,
            });
        }
    }
    Ok(Some(state))
}

/// What is kept for a parameter.
struct Kept {
    steps: Option<u64>,
    buffers: Vec<Option<Vec<f32>>>,
}

/// Looks at a record while it is read: the states of all parameters, by id.
struct Tap {
    names: &'static [&'static str],
    found: Arc<Mutex<HashMap<String, Kept>>>,
}

impl DynOptimizer for Tap {
    fn step_dyn(
        &self,
        _: usize,
        _: LearningRate,
        parameter: BridgeTensor,
        _: BridgeTensor,
        state: Option<DynState>,
    ) -> (BridgeTensor, Option<DynState>) {
        (parameter, state)
    }

    fn to_device_dyn(&self, state: DynState, _: &Device) -> DynState {
        state
    }

    fn state_flatten(&self, _: &str, _: &DynState, _: &mut StateSink) {}

    fn state_unflatten(
        &self,
        _: usize,
        prefix: &str,
        source: &mut StateSource,
        _: &Device,
    ) -> Option<DynState> {
        let steps = source.take_scalar(prefix, "momentum.time");
        let mut buffer = |name: &&str| {
            let data = source.take_tensor(prefix, name)?;
            Some(data.iter::<f32>().collect())
        };
        let kept = Kept {
            steps: steps.and_then(|steps| u64::try_from(steps).ok()),
            buffers: self.names.iter().map(&mut buffer).collect(),
        };
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(prefix.to_owned(), kept);
        None
    }
}
