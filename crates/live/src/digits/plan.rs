//! How a net of digits is trained, as an address says it.

use std::time::Duration;

use fused_mlp::Rule;
use layers::{Activation, Initializer};

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

/// A training.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) hidden: Vec<usize>,
    pub(crate) f: Activation,
    pub(crate) rule: Rule,
    pub(crate) rate: f64,
    pub(crate) batch: usize,
    pub(crate) decay: f64,
    pub(crate) seed: u32,
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
        let speed = query.number("speed", 0, 0..=1_000_000)?;
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
            start: query.number("steps", 0, 0..=STEPS)?,
            stop: query.number("stop", STEPS, 0..=STEPS)?,
            pace: (speed > 0).then(|| Duration::from_secs(1) / speed),
        })
    }

    /// Units of the input and every layer.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        [&[INPUTS], &self.hidden[..], &[CLASSES]].concat()
    }

    pub(crate) fn initializer(&self) -> Initializer {
        Initializer::for_activation(self.f)
    }

    /// Everything that decides the weights after some steps.
    pub(crate) fn history(&self) -> String {
        let Self {
            hidden,
            f,
            rule,
            rate,
            batch,
            decay,
            seed,
            ..
        } = self;
        format!("{hidden:?} {f} {rule:?} {rate:?} {batch} {decay:?} {seed}")
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
        let of = |text: &str| plan(text).unwrap().history();
        for same in ["steps=5", "stop=7", "speed=10", "hidden=64&f=relu&batch=64"] {
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
        ] {
            assert_ne!(of(other), of(""), "{other}");
        }
    }

    #[test]
    fn mistakes_are_refused() {
        for (text, part) in [
            ("hidden=257", "expected a number from 1 to 256"),
            ("hidden=1,1,1,1", "more than 3 hidden layers"),
            ("optimizer=newton", "expected one of sgd, momentum, adam"),
            ("data=own", "unknown parameter 'data'"),
        ] {
            let error = plan(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert_eq!(plan("hidden=").unwrap().sizes(), [784, 10]);
    }
}
