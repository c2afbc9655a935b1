//! The XOR net by the formulas, with all steps of a segment in one operation of the backend.

use std::time::{Duration, Instant};

use anyhow::Result;
use backends::{Backend, Opened};
use manual_backprop::xor_net::descend;
use xor_net::{XorNet, XorNetConfig};

use super::contest::{Contestant, Kind, SEED, XOR_STEPS};
use crate::engine::Team;
use crate::examples::Examples;

/// Step length: with it the net learns its table.
const LEARNING_RATE: f64 = 2.0;

/// A net in descent.
pub(super) struct Descent {
    name: String,
    net: Option<XorNet>,
    examples: Examples<burn::tensor::Tensor<2>>,
    team: Team,
}

impl Descent {
    /// The XOR net on its truth table.
    ///
    /// # Errors
    ///
    /// If there is no thread for it.
    pub(super) fn new(backend: Backend, opened: &Opened) -> Result<Self> {
        Ok(Self {
            name: format!("{backend} manual, {XOR_STEPS} steps a call"),
            net: Some(XorNetConfig::new().init(SEED, &opened.device)?),
            examples: Examples::truth_table(&opened.device),
            team: Team::new(opened, 1)?,
        })
    }
}

impl Contestant for Descent {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Training
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let started = Instant::now();
        let (x, y) = self.examples.narrow(0, self.examples.len());
        let net = self.net.take().expect("a net is there between segments");
        let net = self
            .team
            .run(|| descend(net, x, y, LEARNING_RATE, XOR_STEPS));
        self.net = Some(net);
        Ok((XOR_STEPS, started.elapsed()))
    }
}
