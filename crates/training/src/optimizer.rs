//! The update rules, and their state on the device that trains.

use burn::module::ParamGroup;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdamConfig, DynOptimizer, DynState, LearningRate, ModuleOptimizer, Optimizer, SgdConfig,
    StateSink, StateSource,
};
use burn::tensor::Device;
use burn::tensor::kind::BridgeTensor;

use crate::choice::OptimizerName;
use crate::settings::Settings;

/// The update rule, with an empty state.
///
/// Momentum is undampened, Adam's ε is 1e-8: the textbook's rules and PyTorch's defaults,
/// where Burn's own defaults differ.
pub fn new_optimizer(settings: &Settings, device: &Device) -> ModuleOptimizer {
    let weight_decay =
        (settings.weight_decay > 0.0).then(|| WeightDecayConfig::new(settings.weight_decay as f32));
    let sgd = SgdConfig::new().with_weight_decay(weight_decay.clone());
    match settings.optimizer {
        OptimizerName::Sgd => on_device(sgd.build(), device),
        OptimizerName::Momentum => {
            let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
            on_device(sgd.with_momentum(Some(momentum)).build(), device)
        }
        OptimizerName::Adam => {
            let adam = AdamConfig::new()
                .with_weight_decay(weight_decay)
                .with_epsilon(1e-8);
            on_device(adam.build(), device)
        }
    }
}

fn on_device<O: Optimizer>(rule: O, device: &Device) -> ModuleOptimizer {
    let placed = OnDevice {
        rule: rule.clone(),
        device: device.clone(),
    };
    ModuleOptimizer::from(rule).with_group(ParamGroup::all(), placed, None)
}

/// A rule whose state is read back onto a chosen device.
///
/// Burn reads the state of an optimizer back onto its default device: a GPU if support for one is
/// compiled in, which panics on a machine without one.
struct OnDevice<O> {
    rule: O,
    device: Device,
}

impl<O: Optimizer> DynOptimizer for OnDevice<O> {
    fn step_dyn(
        &self,
        rank: usize,
        learning_rate: LearningRate,
        tensor: BridgeTensor,
        gradient: BridgeTensor,
        state: Option<DynState>,
    ) -> (BridgeTensor, Option<DynState>) {
        self.rule
            .step_dyn(rank, learning_rate, tensor, gradient, state)
    }

    fn to_device_dyn(&self, state: DynState, device: &Device) -> DynState {
        self.rule.to_device_dyn(state, device)
    }

    fn state_flatten(&self, prefix: &str, state: &DynState, out: &mut StateSink) {
        self.rule.state_flatten(prefix, state, out);
    }

    fn state_unflatten(
        &self,
        rank: usize,
        prefix: &str,
        source: &mut StateSource,
        _default: &Device,
    ) -> Option<DynState> {
        self.rule
            .state_unflatten(rank, prefix, source, &self.device)
    }
}
