//! How a net of digits is trained, as an address says it.

use std::time::Duration;

use fused_mlp::Rule;
use layers::{Activation, Initializer};

use crate::changes::Changes;
use crate::error::RequestError;
use crate::query::{self, Query};

/// The most steps of a training.
pub(crate) const STEPS: u64 = 200_000;
/// The most hidden layers, and units of one.
const LAYERS: usize = 3;
const UNITS: usize = 256;
/// Pixels of an image, and classes.
pub(crate) const INPUTS: usize = 784;
pub(crate) const CLASSES: usize = 10;

/// The settings of a training, and those of them that may change while the net learns.
const SETTINGS: [&str; 7] = ["hidden", "f", "optimizer", "rate", "batch", "decay", "seed"];
const CHANGEABLE: [&str; 4] = ["rate", "batch", "optimizer", "decay"];

/// All settings at a moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) hidden: Vec<usize>,
    pub(crate) f: Activation,
    pub(crate) rule: Rule,
    pub(crate) rate: f64,
    pub(crate) batch: usize,
    pub(crate) decay: f64,
    pub(crate) seed: u32,
}

/// A training: what it starts from, what changes and when, and where it stops.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    settings: Changes,
    /// Where to go on: everything before is repeated if it is not remembered.
    pub(crate) start: u64,
    /// Where to stop.
    pub(crate) stop: u64,
    /// The least time that a step takes.
    pub(crate) pace: Option<Duration>,
}

impl Plan {
    /// Takes the training from an address.
    pub(crate) fn take(query: &mut Query) -> Result<Self, RequestError> {
        let changes = Changes::take(query, &CHANGEABLE, STEPS)?;
        let speed = query.number("speed", 0, 0..=1_000_000)?;
        let plan = Self {
            settings: changes.of(query.take_pairs(&SETTINGS)),
            start: query.number("steps", 0, 0..=STEPS)?,
            stop: query.number("stop", STEPS, 0..=STEPS)?,
            pace: (speed > 0).then(|| Duration::from_secs(1) / speed),
        };
        // Every moment must be possible before the first one comes.
        for step in plan.moments() {
            plan.settings(step)?;
        }
        Ok(plan)
    }

    /// The steps from which other settings apply, the first one included.
    pub(crate) fn moments(&self) -> Vec<u64> {
        self.settings.moments()
    }

    /// The settings with which this step is taken.
    pub(crate) fn settings(&self, step: u64) -> Result<Settings, RequestError> {
        Settings::take(&mut self.settings.settings(step))
    }

    /// Everything that decided the weights after this many steps.
    pub(crate) fn history(&self, step: u64) -> String {
        self.settings.history(step)
    }
}

impl Settings {
    fn take(query: &mut Query) -> Result<Self, RequestError> {
        let rules = [
            ("sgd", Rule::Sgd),
            ("momentum", Rule::Momentum { momentum: 0.9 }),
            (
                "adam",
                Rule::Adam {
                    beta_1: 0.9,
                    beta_2: 0.999,
                    epsilon: 1e-8,
                },
            ),
        ];
        let rule = query.word("optimizer", Rule::Sgd, &rules)?;
        Ok(Self {
            hidden: hidden(query)?,
            f: query.word(
                "f",
                Activation::Relu,
                &Activation::ALL.map(|f| (f.name(), f)),
            )?,
            rule,
            rate: query.number("rate", usual_rate(rule), 0.0..=100.0)?,
            batch: query.number("batch", 64, 1..=1024)?,
            decay: query.number("decay", 0.0, 0.0..=10.0)?,
            seed: query.number("seed", 1, 0..=u32::MAX)?,
        })
    }

    /// Units of the input and every layer.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        [&[INPUTS], &self.hidden[..], &[CLASSES]].concat()
    }

    pub(crate) fn initializer(&self) -> Initializer {
        Initializer::for_activation(self.f)
    }
}

/// The rate that is taken where the address has none.
fn usual_rate(rule: Rule) -> f64 {
    match rule {
        Rule::Sgd => 0.1,
        Rule::Momentum { .. } => 0.02,
        _ => 0.001,
    }
}

fn hidden(query: &mut Query) -> Result<Vec<usize>, RequestError> {
    let text = query.take("hidden")?.unwrap_or_else(|| "64".to_owned());
    query::units(&text, LAYERS, UNITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, String> {
        let mut query = Query::parse(text).map_err(|error| error.to_string())?;
        let plan = Plan::take(&mut query).map_err(|error| error.to_string())?;
        query.finish().map_err(|error| error.to_string())?;
        Ok(plan)
    }

    #[test]
    fn what_decides_the_weights_is_in_the_history_and_nothing_else() {
        let of = |text: &str| plan(text).unwrap().history(600);
        for same in ["steps=5", "stop=7", "speed=10", "change=600,rate,1"] {
            assert_eq!(of(same), of(""), "{same}");
        }
        for other in [
            "hidden=64,32",
            "f=tanh",
            "optimizer=adam",
            "rate=0.2",
            "batch=32",
            "decay=0.1",
            "seed=2",
            "change=599,rate,1",
        ] {
            assert_ne!(of(other), of(""), "{other}");
        }
    }

    #[test]
    fn settings_change_from_their_step_on() {
        let plan =
            plan("rate=0.2&change=500,optimizer,adam&change=500,rate,0.01&change=200,batch,32")
                .unwrap();
        assert_eq!(plan.moments(), [0, 200, 500]);
        let at = |step| {
            plan.settings(step)
                .map(|s| (s.rate, s.batch, s.rule.buffers()))
                .unwrap()
        };
        assert_eq!([at(0), at(199)], [(0.2, 64, 0); 2]);
        assert_eq!([at(200), at(499)], [(0.2, 32, 0); 2]);
        assert_eq!(at(500), (0.01, 32, 2));
    }

    #[test]
    fn mistakes_are_refused() {
        for (text, part) in [
            ("hidden=257", "expected a number from 1 to 256"),
            ("hidden=1,1,1,1", "more than 3 hidden layers"),
            ("optimizer=newton", "expected one of sgd, momentum, adam"),
            ("data=own", "unknown parameter 'data'"),
            ("rate=0.1&rate=0.2", "'rate' is given twice"),
            ("change=5,seed,3", "one of rate, batch, optimizer, decay"),
            ("change=5,rate,fast", "'rate' is 'fast'"),
            ("change=200001,rate,1", "expected a number from 0 to 200000"),
        ] {
            let error = plan(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        let many = "change=1,rate,0.1&".repeat(51);
        assert!(plan(&many).unwrap_err().contains("more than 50 changes"));
        assert_eq!(
            plan("hidden=").unwrap().settings(0).unwrap().sizes(),
            [784, 10]
        );
    }
}
