//! Every learning-rate schedule of Burn, compared with its formula. Step `t` counts from 0.

use std::f64::consts::PI;

use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::composed::{ComposedLrSchedulerConfig, SchedulerReduction};
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::exponential::ExponentialLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::noam::NoamLrSchedulerConfig;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::lr_scheduler::step::StepLrSchedulerConfig;

use crate::assert_close;

fn check(name: &str, scheduler: Result<ModuleLrScheduler, String>, formula: impl Fn(f64) -> f64) {
    let mut scheduler = scheduler.expect("the settings are allowed");
    let got: Vec<_> = (0..25).map(|_| scheduler.step().base()).collect();
    let right: Vec<_> = (0..25).map(|t| formula(f64::from(t))).collect();
    assert_close(name, &got, &right, 1e-12);
}

/// η
#[test]
fn constant() {
    check("constant", Ok(ModuleLrScheduler::from(0.3)), |_| 0.3);
}

/// From η₀ to η₁ in n steps, then η₁.
fn line(t: f64) -> f64 {
    0.8 + (0.1 - 0.8) * (t / 10.0).min(1.0)
}

#[test]
fn linear() {
    check(
        "linear",
        LinearLrSchedulerConfig::new(0.8, 0.1, 10).init(),
        line,
    );
}

/// Loshchilov and Hutter 2017: η₁ + (η₀ - η₁) (1 + cos(π t / n)) / 2. Burn goes on after n steps: up again.
fn cosine_at(t: f64) -> f64 {
    0.1 + (0.8 - 0.1) * (1.0 + (PI * t / 10.0).cos()) / 2.0
}

fn cosine_config() -> CosineAnnealingLrSchedulerConfig {
    CosineAnnealingLrSchedulerConfig::new(0.8, 10).with_min_lr(0.1)
}

#[test]
fn cosine() {
    check("cosine", cosine_config().init(), cosine_at);
}

/// η₀ γᵗ
#[test]
fn exponential() {
    check(
        "exponential",
        ExponentialLrSchedulerConfig::new(0.8, 0.9).init(),
        |t| 0.8 * 0.9_f64.powf(t),
    );
}

/// η₀ γ^⌊t / k⌋
#[test]
fn step() {
    let config = StepLrSchedulerConfig::new(0.8, 4).with_gamma(0.5);
    check("step", config.init(), |t| {
        0.8 * 0.5_f64.powf((t / 4.0).floor())
    });
}

/// Vaswani et al. 2017: c d^-½ min(s^-½, s w^-1½) at step s = t + 1.
#[test]
fn noam() {
    let config = NoamLrSchedulerConfig::new(2.0)
        .with_warmup_steps(8)
        .with_model_size(64);
    check("noam", config.init(), |t| {
        let s = t + 1.0;
        2.0 * 64_f64.powf(-0.5) * s.powf(-0.5).min(s * 8_f64.powf(-1.5))
    });
}

/// Mean, sum and product of schedules.
#[test]
fn composed() {
    type Combine = fn(f64, f64) -> f64;
    let reductions: [(SchedulerReduction, Combine); 3] = [
        (SchedulerReduction::Avg, |a, b| (a + b) / 2.0),
        (SchedulerReduction::Sum, |a, b| a + b),
        (SchedulerReduction::Prod, |a, b| a * b),
    ];
    for (reduction, combine) in reductions {
        let name = format!("composed, {reduction:?}");
        let config = ComposedLrSchedulerConfig::new().with_reduction(reduction);
        let config = config
            .linear(LinearLrSchedulerConfig::new(0.8, 0.1, 10))
            .cosine(cosine_config());
        check(&name, config.init(), |t| combine(line(t), cosine_at(t)));
    }
}

/// One after the other; each counts its own steps.
#[test]
fn sequential() {
    let line_config = LrSchedulerConfig::Linear(LinearLrSchedulerConfig::new(0.8, 0.1, 10));
    let schedulers = vec![line_config, LrSchedulerConfig::Cosine(cosine_config())];
    let config = SequentialLrSchedulerConfig::new(schedulers, vec![7]);
    check("sequential", config.init(), |t| {
        if t < 7.0 { line(t) } else { cosine_at(t - 7.0) }
    });
}
