//! The learning rate of every step: Burn's schedules, as factors of the rate that was asked for.
//!
//! With α the rate asked for, W the steps of the warm-up, T all other steps of the run, and t the
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
//! A rate depends on the number of its step and on nothing else, so a run that goes on from a
//! checkpoint has the rates of one that was never stopped.

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, anyhow, bail};
use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::lr_scheduler::step::StepLrSchedulerConfig;
use serde::{Deserialize, Serialize};

use crate::cli::ScheduleName;
use crate::settings::Settings;

/// Parts into which the schedule `step` divides a run, each with a tenth of the rate before.
const PARTS: usize = 3;

/// How long the learning rate rises to what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum WarmUp {
    Epochs(f64),
    Steps(usize),
}

impl FromStr for WarmUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let steps = text.strip_suffix("steps").map(|number| number.trim_end());
        let parsed = match steps {
            Some(number) => number.parse().ok().filter(|&n| n > 0).map(Self::Steps),
            None => text
                .parse()
                .ok()
                .filter(|&epochs: &f64| epochs.is_finite() && epochs > 0.0)
                .map(Self::Epochs),
        };
        parsed.ok_or_else(|| {
            "expected epochs greater than 0, for example 2 or 0.5, or steps, for example 300steps"
                .to_owned()
        })
    }
}

impl fmt::Display for WarmUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epochs(epochs) => write!(f, "{epochs}"),
            Self::Steps(steps) => write!(f, "{steps}steps"),
        }
    }
}

impl TryFrom<String> for WarmUp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<WarmUp> for String {
    fn from(warm_up: WarmUp) -> Self {
        warm_up.to_string()
    }
}

impl WarmUp {
    fn steps(self, steps_per_epoch: usize) -> usize {
        match self {
            Self::Epochs(epochs) => (epochs * steps_per_epoch as f64).round().max(1.0) as usize,
            Self::Steps(steps) => steps,
        }
    }
}

/// The learning rates of a run, one step after the other.
#[derive(Clone)]
pub(crate) struct Schedule {
    factors: ModuleLrScheduler,
    learning_rate: f64,
}

impl Schedule {
    /// The rates from the first step on.
    ///
    /// # Errors
    ///
    /// If the warm-up takes the whole run.
    pub(crate) fn new(settings: &Settings, steps_per_epoch: usize) -> Result<Self> {
        let all = settings.epochs * steps_per_epoch;
        let warm_up = settings
            .warm_up
            .map(|warm_up| warm_up.steps(steps_per_epoch));
        let rest = match warm_up {
            Some(steps) if steps >= all => bail!(
                "--warm-up takes {steps} steps, but the run has {all}; give fewer, for example \
                 --warm-up {}steps",
                (all / 10).max(1)
            ),
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
            .map_err(|error| anyhow!("no learning rates for {all} steps: {error}"))?;
        Ok(Self {
            factors,
            learning_rate: settings.learning_rate,
        })
    }

    /// The rate of the next step.
    pub(crate) fn next_rate(&mut self) -> f64 {
        self.learning_rate * self.factors.step().base()
    }

    /// Leaves out as many steps as have been taken already.
    pub(crate) fn skip(&mut self, steps: usize) {
        for _ in 0..steps {
            self.factors.step();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;

    /// Rates of all steps of a run of ten epochs of three steps.
    fn rates(options: &str) -> Vec<f64> {
        let settings = settings(&format!("--epochs 10 --learning-rate 2 {options}"));
        let mut schedule = Schedule::new(&settings, 3).expect("a legal schedule");
        (0..30).map(|_| schedule.next_rate()).collect()
    }

    #[test]
    fn the_rates_are_those_of_the_formulas() {
        let pi = std::f64::consts::PI;
        type Formula = fn(f64) -> f64;
        let cases: [(&str, Formula); 4] = [
            ("--schedule constant", |_| 2.0),
            ("--schedule cosine", |t| {
                1.0 + (std::f64::consts::PI * t / 30.0).cos()
            }),
            ("--schedule linear", |t| 2.0 * (1.0 - t / 30.0)),
            ("--schedule step", |t| 2.0 * 0.1f64.powi((t / 10.0) as i32)),
        ];
        for (options, formula) in cases {
            for (step, rate) in rates(options).into_iter().enumerate() {
                let expected = formula(step as f64);
                assert!((rate - expected).abs() < 1e-14, "{options} {step}: {rate}");
            }
        }
        let warm = rates("--schedule cosine --warm-up 2");
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
    fn a_constant_rate_is_what_was_asked_for_to_the_last_bit() {
        let settings = settings("--epochs 2 --learning-rate 0.1");
        let mut schedule = Schedule::new(&settings, 3).expect("a legal schedule");
        assert_eq!(schedule.next_rate().to_bits(), 0.1f64.to_bits());
    }

    #[test]
    fn rates_after_a_gap_are_the_same() {
        for options in [
            "--schedule step --warm-up 1steps",
            "--schedule cosine --warm-up 0.5",
        ] {
            let settings = settings(&format!("--epochs 10 --learning-rate 2 {options}"));
            let mut schedule = Schedule::new(&settings, 3).expect("a legal schedule");
            schedule.skip(17);
            let rest: Vec<f64> = (17..30).map(|_| schedule.next_rate()).collect();
            assert_eq!(rest, rates(options)[17..]);
        }
    }

    #[test]
    fn a_warm_up_as_long_as_the_run_is_refused() {
        let settings = settings("--epochs 2 --warm-up 6steps");
        let error = Schedule::new(&settings, 3).err().expect("no step is left");
        assert!(
            error.to_string().contains("--warm-up takes 6 steps"),
            "{error}"
        );
    }

    #[test]
    fn warm_ups_are_read_and_said_in_the_same_words() {
        for text in ["2", "0.5", "300steps"] {
            assert_eq!(text.parse::<WarmUp>().expect("legal").to_string(), text);
        }
        for text in ["0", "-1", "nan", "steps", "0steps", "2.5steps", "inf", ""] {
            assert!(text.parse::<WarmUp>().is_err(), "{text}");
        }
    }
}
