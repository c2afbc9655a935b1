//! The update rules, and their state on the device that trains.

use burn::module::ParamGroup;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdamConfig, AdamWConfig, DynOptimizer, DynState, LearningRate, ModuleOptimizer, Optimizer,
    SgdConfig, StateSink, StateSource,
};
use burn::tensor::Device;
use burn::tensor::kind::BridgeTensor;
use fused_mlp::Rule;

use crate::choice::OptimizerName;
use crate::settings::Settings;

/// μ of momentum.
const MOMENTUM: f64 = 0.9;
/// β₁, β₂ and ε of Adam.
const ADAM: [f64; 3] = [0.9, 0.999, 1e-8];

/// The update rule of the fused engine.
pub(crate) fn rule(name: OptimizerName) -> Rule {
    let [beta_1, beta_2, epsilon] = ADAM;
    match name {
        OptimizerName::Sgd => Rule::Sgd,
        OptimizerName::Momentum => Rule::Momentum { momentum: MOMENTUM },
        OptimizerName::Nesterov => Rule::Nesterov { momentum: MOMENTUM },
        OptimizerName::Adam => Rule::Adam {
            beta_1,
            beta_2,
            epsilon,
        },
        OptimizerName::Adamw => Rule::AdamW {
            beta_1,
            beta_2,
            epsilon,
        },
    }
}

/// The update rule, with an empty state.
///
/// Momentum is undampened, the ε of Adam and AdamW is 1e-8, AdamW's weight decay is that of the settings: the textbook's rules and PyTorch's defaults,
/// where Burn's own defaults differ.
pub fn new_optimizer(settings: &Settings, device: &Device) -> ModuleOptimizer {
    let weight_decay =
        (settings.weight_decay > 0.0).then(|| WeightDecayConfig::new(settings.weight_decay as f32));
    let sgd = SgdConfig::new().with_weight_decay(weight_decay.clone());
    match settings.optimizer {
        OptimizerName::Sgd => on_device(sgd.build(), device),
        OptimizerName::Momentum | OptimizerName::Nesterov => {
            let momentum = MomentumConfig::new()
                .with_momentum(MOMENTUM)
                .with_dampening(0.0)
                .with_nesterov(settings.optimizer == OptimizerName::Nesterov);
            on_device(sgd.with_momentum(Some(momentum)).build(), device)
        }
        OptimizerName::Adam => {
            let [beta_1, beta_2, epsilon] = ADAM.map(|number| number as f32);
            let adam = AdamConfig::new()
                .with_beta_1(beta_1)
                .with_beta_2(beta_2)
                .with_epsilon(epsilon)
                .with_weight_decay(weight_decay);
            on_device(adam.build(), device)
        }
        OptimizerName::Adamw => {
            let [beta_1, beta_2, epsilon] = ADAM.map(|number| number as f32);
            let adamw = AdamWConfig::new()
                .with_beta_1(beta_1)
                .with_beta_2(beta_2)
                .with_epsilon(epsilon)
                .with_weight_decay(settings.weight_decay as f32);
            on_device(adamw.build(), device)
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
