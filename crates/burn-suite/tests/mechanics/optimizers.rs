//! Every optimizer that is a formula, compared with the formula of its paper, written out in f64: the parameters
//! after each of 20 steps.
//!
//! Burn stores betas, momentum, epsilons and weight decays as f32 and computes bias corrections in f32, also for parameters in
//! f64. So the formulas are given the rounded constants, and what uses a correction is compared to f32's digits.

use burn::module::{Module, Param};
use burn::optim::{
    AdaGradConfig, AdamConfig, AdamWConfig, AdanConfig, GradientsParams, LambConfig, LionConfig,
    ModuleOptimizer, RmsPropConfig, SgdConfig, decay::WeightDecayConfig, momentum::MomentumConfig,
};
use burn::tensor::{Device, Tensor};

use crate::{assert_close, numbers, vector};

const STEPS: usize = 20;
const RATE: f64 = 0.05;
const START: [f64; 3] = [0.5, -1.25, 2.0];
/// All digits of f64 but the last few.
const EXACT: f64 = 1e-12;
/// The digits that a constant in f32 leaves.
const BY_F32: f64 = 2e-6;

#[derive(Module, Debug)]
struct Net {
    w: Param<Tensor<1>>,
}

/// A gradient for each step and element, of both signs and different sizes.
fn gradient(step: usize, element: usize) -> f64 {
    (0.3 + 0.7 * step as f64 + 1.9 * element as f64).sin() * (1.0 + element as f64)
}

/// A constant as Burn stores it.
fn stored(number: f64) -> f64 {
    f64::from(number as f32)
}

/// Compares an optimizer with a formula: what it makes of a parameter and its gradient, with a state of its own for
/// each element. `t` counts steps from 1.
fn check<S: Default>(
    name: &str,
    mut optimizer: ModuleOptimizer,
    relative: f64,
    formula: impl Fn(usize, f64, f64, &mut S) -> f64,
) {
    let device = Device::flex();
    let mut net = Net {
        w: Param::from_tensor(vector(&START, &device.clone().autodiff())),
    };
    let mut right = START;
    let mut states: [S; 3] = std::array::from_fn(|_| S::default());
    for step in 0..STEPS {
        let gradients: [f64; 3] = std::array::from_fn(|element| gradient(step, element));
        let mut params = GradientsParams::new();
        params.register(net.w.id, vector(&gradients, &device));
        net = optimizer.step(RATE, net, params);
        for (element, state) in states.iter_mut().enumerate() {
            right[element] = formula(step + 1, right[element], gradients[element], state);
        }
        let got = numbers(net.w.val().inner());
        assert_close(&format!("{name}, step {step}"), &got, &right, relative);
    }
}

/// Stochastic gradient descent: w ← w - η g.
#[test]
fn sgd() {
    check(
        "sgd",
        SgdConfig::new().init(),
        EXACT,
        |_, w, g, _: &mut ()| w - RATE * g,
    );
}

/// L2 weight decay: g ← g + λ w.
#[test]
fn sgd_with_weight_decay() {
    let config = SgdConfig::new().with_weight_decay(Some(WeightDecayConfig::new(0.1)));
    let decay = stored(0.1);
    check("decay", config.init(), EXACT, |_, w, g, _: &mut ()| {
        w - RATE * (g + decay * w)
    });
}

/// Sutskever et al. 2013 as PyTorch has it: v ← μ v + (1 - τ) g, but v = g at first; w ← w - η v, or with
/// Nesterov w ← w - η (g + μ v).
#[test]
fn sgd_with_momentum() {
    for (dampening, nesterov) in [(0.0, false), (0.3, false), (0.0, true), (0.3, true)] {
        let momentum = MomentumConfig::new()
            .with_momentum(0.9)
            .with_dampening(dampening)
            .with_nesterov(nesterov);
        let config = SgdConfig::new().with_momentum(Some(momentum));
        let name = format!("momentum, dampening {dampening}, Nesterov {nesterov}");
        let (mu, share) = (stored(0.9), 1.0 - dampening);
        check(&name, config.init(), EXACT, |t, w, g, v: &mut f64| {
            *v = if t == 1 { g } else { mu * *v + share * g };
            w - RATE * if nesterov { g + mu * *v } else { *v }
        });
    }
}

/// Duchi et al. 2011: s ← s + g²; w ← w - η g / (√s + ε), with a rate that decays as in PyTorch.
#[test]
fn adagrad() {
    let config = AdaGradConfig::new().with_lr_decay(0.1).with_epsilon(1e-5);
    let epsilon = stored(1e-5);
    check("adagrad", config.init(), EXACT, |t, w, g, sum: &mut f64| {
        *sum += g * g;
        let rate = RATE / (1.0 + 0.1 * (t as f64 - 1.0));
        w - rate * g / (sum.sqrt() + epsilon)
    });
}

/// The moments of an element.
#[derive(Default)]
struct Moments {
    first: f64,
    second: f64,
    largest: f64,
    difference: f64,
    before: f64,
}

impl Moments {
    /// Kingma and Ba 2015: m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g²; m̂ / (√v̂ + ε) with m̂ = m / (1 - β₁ᵗ) and
    /// v̂ = v / (1 - β₂ᵗ). AMSGrad (Reddi et al. 2018): the largest v so far in the place of v.
    fn adam(
        &mut self,
        t: usize,
        g: f64,
        [beta_1, beta_2, epsilon]: [f64; 3],
        amsgrad: bool,
    ) -> f64 {
        self.first = beta_1 * self.first + (1.0 - beta_1) * g;
        self.second = beta_2 * self.second + (1.0 - beta_2) * g * g;
        self.largest = self.largest.max(self.second);
        let second = if amsgrad { self.largest } else { self.second };
        let correction = |beta: f64| 1.0 - beta.powi(t as i32);
        let root = (second / correction(beta_2)).sqrt();
        self.first / correction(beta_1) / (root + epsilon)
    }
}

const BETAS: [f64; 3] = [0.9, 0.99, 1e-5];

#[test]
fn adam() {
    for amsgrad in [false, true] {
        let config = AdamConfig::new()
            .with_beta_1(0.9)
            .with_beta_2(0.99)
            .with_epsilon(1e-5)
            .with_amsgrad(amsgrad);
        let name = format!("adam, amsgrad {amsgrad}");
        check(
            &name,
            config.init(),
            BY_F32,
            |t, w, g, state: &mut Moments| w - RATE * state.adam(t, g, BETAS.map(stored), amsgrad),
        );
    }
}

/// In f64, the error of the corrections in f32 shows.
#[test]
#[should_panic(expected = "adam, exactly")]
fn adam_corrects_in_f32() {
    let config = AdamConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.99)
        .with_epsilon(1e-5);
    check(
        "adam, exactly",
        config.init(),
        EXACT,
        |t, w, g, state: &mut Moments| w - RATE * state.adam(t, g, BETAS.map(stored), false),
    );
}

#[test]
fn adam_with_weight_decay() {
    let decay = WeightDecayConfig::new(0.1);
    let config = AdamConfig::new()
        .with_beta_2(0.99)
        .with_weight_decay(Some(decay));
    check(
        "adam with L2",
        config.init(),
        BY_F32,
        |t, w, g, state: &mut Moments| {
            w - RATE * state.adam(t, g + stored(0.1) * w, BETAS.map(stored), false)
        },
    );
}

/// Loshchilov and Hutter 2019: the decay is apart from the gradient, w ← w (1 - η λ) - η m̂ / (√v̂ + ε). Cautious
/// (Chen et al. 2025): only where w and m have the same sign.
#[test]
fn adamw() {
    for (amsgrad, cautious) in [(false, false), (true, false), (false, true)] {
        let config = AdamWConfig::new()
            .with_beta_2(0.99)
            .with_weight_decay(0.1)
            .with_amsgrad(amsgrad);
        let config = config.with_cautious_weight_decay(cautious);
        let name = format!("adamw, amsgrad {amsgrad}, cautious {cautious}");
        check(
            &name,
            config.init(),
            BY_F32,
            |t, w, g, state: &mut Moments| {
                let step = state.adam(t, g, BETAS.map(stored), amsgrad);
                let decays = !cautious || (w >= 0.0) == (state.first >= 0.0);
                w * (1.0 - if decays { RATE * stored(0.1) } else { 0.0 }) - RATE * step
            },
        );
    }
}

/// Hinton 2012 and Graves 2013: v ← α v + (1 - α) g², centered v - ḡ²; then momentum: b ← μ b + g / (√v + ε).
#[test]
fn rmsprop() {
    for (momentum, centered) in [(0.0, false), (0.9, false), (0.9, true)] {
        let config = RmsPropConfig::new()
            .with_alpha(0.95)
            .with_momentum(momentum)
            .with_centered(centered);
        let config = config.with_epsilon(1e-3);
        let (alpha, mu, epsilon) = (stored(0.95), stored(f64::from(momentum)), stored(1e-3));
        let name = format!("rmsprop, momentum {momentum}, centered {centered}");
        check(
            &name,
            config.init(),
            1e-7,
            |_, w, g, state: &mut Moments| {
                state.second = alpha * state.second + (1.0 - alpha) * g * g;
                state.first = alpha * state.first + (1.0 - alpha) * g;
                let mean = if centered { state.first } else { 0.0 };
                let scaled = g / ((state.second - mean * mean).sqrt() + epsilon);
                state.before = mu * state.before + scaled;
                w - RATE * state.before
            },
        );
    }
}

/// Chen et al. 2023: w ← w - η (sign(β₁ m + (1 - β₁) g) + λ w); m ← β₂ m + (1 - β₂) g.
#[test]
fn lion() {
    let config = LionConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.99)
        .with_weight_decay(0.1);
    let [beta_1, beta_2, decay] = [0.9, 0.99, 0.1].map(stored);
    check("lion", config.init(), EXACT, |_, w, g, m: &mut f64| {
        let direction = (beta_1 * *m + (1.0 - beta_1) * g).signum();
        *m = beta_2 * *m + (1.0 - beta_2) * g;
        w - RATE * (direction + decay * w)
    });
}

/// Xie et al. 2022: m ← β₁ m + (1 - β₁) g; d ← β₂ d + (1 - β₂) (g - g₋₁); n ← β₃ n + (1 - β₃) (g + β₂ (g - g₋₁))²;
/// w ← (w - η (m̂ + β₂ d̂) / (√n̂ + ε)) / (1 + η λ). Here β weighs what was, as in their code.
#[test]
fn adan() {
    let config = AdanConfig::new().with_weight_decay(0.1);
    let [beta_1, beta_2, beta_3, epsilon, decay] = [0.98, 0.92, 0.99, 1e-8, 0.1].map(stored);
    check(
        "adan",
        config.init(),
        BY_F32,
        |t, w, g, state: &mut Moments| {
            let change = if t == 1 { 0.0 } else { g - state.before };
            state.before = g;
            state.first = beta_1 * state.first + (1.0 - beta_1) * g;
            state.difference = beta_2 * state.difference + (1.0 - beta_2) * change;
            state.second = beta_3 * state.second + (1.0 - beta_3) * (g + beta_2 * change).powi(2);
            let correction = |beta: f64| 1.0 - beta.powi(t as i32);
            let size = (state.second / correction(beta_3)).sqrt() + epsilon;
            let step =
                state.first / correction(beta_1) + beta_2 * state.difference / correction(beta_2);
            (w - RATE * step / size) / (1.0 + RATE * decay)
        },
    );
}

/// You et al. 2020 without the ratio of norms: Adam's step plus λ w, times η.
#[test]
fn lamb_without_its_ratio() {
    let config = LambConfig::new()
        .with_beta_2(0.99)
        .with_epsilon(1e-5)
        .with_weight_decay(0.1);
    check(
        "lamb",
        config.with_use_trust_ratio(false).init(),
        BY_F32,
        |t, w, g, state: &mut Moments| {
            w - RATE * (state.adam(t, g, BETAS.map(stored), false) + stored(0.1) * w)
        },
    );
}

/// With it: the step is as long as η ‖w‖.
#[test]
fn lamb() {
    let device = Device::flex();
    let mut net = Net {
        w: Param::from_tensor(vector(&START, &device.clone().autodiff())),
    };
    let mut optimizer = LambConfig::new()
        .with_beta_2(0.99)
        .with_epsilon(1e-5)
        .init();
    let mut moments: [Moments; 3] = Default::default();
    let mut right = START;
    for step in 0..STEPS {
        let gradients: [f64; 3] = std::array::from_fn(|element| gradient(step, element));
        let mut params = GradientsParams::new();
        params.register(net.w.id, vector(&gradients, &device));
        net = optimizer.step(RATE, net, params);
        let updates: [f64; 3] = std::array::from_fn(|element| {
            moments[element].adam(step + 1, gradients[element], BETAS.map(stored), false)
        });
        let norm = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>().sqrt();
        let ratio = norm(&right) / norm(&updates);
        for (w, update) in right.iter_mut().zip(updates) {
            *w -= RATE * ratio * update;
        }
        assert_close(
            &format!("lamb, step {step}"),
            &numbers(net.w.val().inner()),
            &right,
            BY_F32,
        );
    }
}
