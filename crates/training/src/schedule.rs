//! The learning rate of every step: Burn's schedules, as factors of the chosen rate.
//!
//! With α the chosen rate, W the steps of the warm-up, T all other steps of the run, and t the
//! steps taken since the warm-up:
//!
//! ```text
//! warm-up    α (s + 1)/W            s = 0 .. W - 1, all steps taken
//! constant   α
//! cosine     α ½ (1 + cos(π t/T))
//! linear     α (1 - t/T)
//! step       α 0.1^⌊t/⌈T/3⌉⌋
//! ```
//!
//! Sources: Goyal et al., *Accurate, Large Minibatch SGD*, 2017, section 2.2 (warm-up); Loshchilov
//! and Hutter, *SGDR*, 2017, equation 5 (cosine).
//!
//! A rate depends only on the number of its step, so a run that resumes from a checkpoint has the
//! same rates as an uninterrupted one.

use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::lr_scheduler::step::StepLrSchedulerConfig;

use crate::choice::ScheduleName;
use crate::settings::{Settings, SettingsError, WarmUp};

/// Parts into which the schedule `step` divides a run, each with a tenth of the rate before.
const PARTS: usize = 3;

/// The learning rates of a run, one step after the other.
#[derive(Clone)]
pub struct Schedule {
    factors: ModuleLrScheduler,
    learning_rate: f64,
}

impl Schedule {
    /// The rates from the first step on.
    ///
    /// # Errors
    ///
    /// If the warm-up takes the whole run.
    pub fn new(settings: &Settings, steps_per_epoch: usize) -> Result<Self, SettingsError> {
        let all = settings.epochs * steps_per_epoch;
        let warm_up = settings.warm_up.map(|warm_up| match warm_up {
            // Shorter than the run, but for rounding.
            WarmUp::Epochs(epochs) if epochs < settings.epochs as f64 => {
                warm_up.steps(steps_per_epoch).min(all.saturating_sub(1))
            }
            _ => warm_up.steps(steps_per_epoch),
        });
        let warm_up = warm_up.filter(|&steps| steps > 0);
        let rest = match warm_up {
            Some(steps) if steps >= all => {
                return Err(SettingsError::new(format!(
                    "--warm-up takes {steps} steps, but the run has {all}; give fewer, for example \
                     --warm-up {}steps",
                    (all / 10).max(1)
                )));
            }
            Some(steps) => all - steps,
            None => all,
        };
        let main: LrSchedulerConfig = match settings.schedule {
            ScheduleName::Constant => 1.0.into(),
            ScheduleName::Cosine => CosineAnnealingLrSchedulerConfig::new(1.0, rest).into(),
            ScheduleName::Linear => LinearLrSchedulerConfig::new(1.0, 0.0, rest).into(),
            ScheduleName::Step => StepLrSchedulerConfig::new(1.0, rest.div_ceil(PARTS)).into(),
        };
        let (schedulers, milestones) = match warm_up {
            None => (vec![main], vec![]),
            Some(1) => (vec![1.0.into(), main], vec![1]),
            Some(steps) => {
                let first = 1.0 / steps as f64;
                let rise = LinearLrSchedulerConfig::new(first, 1.0, steps - 1);
                (vec![rise.into(), main], vec![steps])
            }
        };
        let factors = SequentialLrSchedulerConfig::new(schedulers, milestones)
            .init()
            .map_err(|error| {
                SettingsError::new(format!("no learning rates for {all} steps: {error}"))
            })?;
        Ok(Self {
            factors,
            learning_rate: settings.learning_rate,
        })
    }

    /// The rate of the next step.
    pub fn next_rate(&mut self) -> f64 {
        self.learning_rate * self.factors.step().base()
    }

    /// Skips the steps that have already been taken.
    pub fn skip(&mut self, steps: usize) {
        for _ in 0..steps {
            self.factors.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Choices;

    const COSINE: ScheduleName = ScheduleName::Cosine;

    /// A run of ten epochs with learning rate 2.
    fn settings(schedule: ScheduleName, warm_up: Option<WarmUp>) -> Settings {
        let choices = Choices {
            epochs: Some(10),
            learning_rate: Some(2.0),
            schedule: Some(schedule),
            ..Choices::default()
        };
        let settings = Settings::resolve(&choices).expect("legal choices");
        Settings {
            warm_up,
            ..settings
        }
    }

    /// Rates of all steps, three in each epoch.
    fn rates(settings: &Settings) -> Vec<f64> {
        let mut schedule = Schedule::new(settings, 3).expect("a legal schedule");
        (0..30).map(|_| schedule.next_rate()).collect()
    }

    #[test]
    fn the_rates_are_those_of_the_formulas() {
        let pi = std::f64::consts::PI;
        type Formula = fn(f64) -> f64;
        let cases: [(ScheduleName, Formula); 4] = [
            (ScheduleName::Constant, |_| 2.0),
            (COSINE, |t| 1.0 + (std::f64::consts::PI * t / 30.0).cos()),
            (ScheduleName::Linear, |t| 2.0 * (1.0 - t / 30.0)),
            (ScheduleName::Step, |t| 2.0 * 0.1f64.powi((t / 10.0) as i32)),
        ];
        for (name, formula) in cases {
            for (step, rate) in rates(&settings(name, None)).into_iter().enumerate() {
                let expected = formula(step as f64);
                assert!((rate - expected).abs() < 1e-14, "{name} {step}: {rate}");
            }
        }
        let warm = rates(&settings(COSINE, Some(WarmUp::Epochs(2.0))));
        assert_eq!(warm.len(), 30);
        for (step, rate) in warm.into_iter().enumerate() {
            let expected = match step {
                0..6 => 2.0 * (step + 1) as f64 / 6.0,
                _ => 1.0 + (pi * (step - 6) as f64 / 24.0).cos(),
            };
            assert!((rate - expected).abs() < 1e-14, "{step}: {rate} {expected}");
        }
    }

    #[test]
    fn a_constant_rate_is_the_chosen_one_to_the_last_bit() {
        let mut settings = settings(ScheduleName::Constant, None);
        settings.learning_rate = 0.1;
        let mut schedule = Schedule::new(&settings, 3).expect("a legal schedule");
        assert_eq!(schedule.next_rate().to_bits(), 0.1f64.to_bits());
    }

    #[test]
    fn rates_after_a_gap_are_the_same() {
        for (name, warm_up) in [
            (ScheduleName::Step, WarmUp::Steps(1)),
            (COSINE, WarmUp::Epochs(0.5)),
        ] {
            let settings = settings(name, Some(warm_up));
            let mut schedule = Schedule::new(&settings, 3).expect("a legal schedule");
            schedule.skip(17);
            let rest: Vec<f64> = (17..30).map(|_| schedule.next_rate()).collect();
            assert_eq!(rest, rates(&settings)[17..]);
        }
    }

    #[test]
    fn half_an_epoch_fits_a_run_of_one_step() {
        let mut settings = settings(ScheduleName::Linear, Some(WarmUp::Epochs(0.5)));
        settings.epochs = 1;
        let rates = |steps: usize| {
            let mut schedule = Schedule::new(&settings, steps).expect("a legal schedule");
            (0..steps).map(|_| schedule.next_rate()).collect::<Vec<_>>()
        };
        assert_eq!(rates(1), [2.0]);
        assert_eq!(rates(2), [2.0, 2.0]);
    }

    #[test]
    fn a_warm_up_as_long_as_the_run_is_refused() {
        let settings = settings(COSINE, Some(WarmUp::Steps(30)));
        let error = Schedule::new(&settings, 3).err().expect("no step is left");
        assert!(
            error.to_string().contains("--warm-up takes 30 steps"),
            "{error}"
        );
    }
}
