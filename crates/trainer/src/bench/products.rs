//! The matrix products of a training step and nothing else: what no training on the same backend
//! exceeds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use backends::{Backend, Hardware, Opened};
use burn::tensor::{Device, Distribution, Tensor};

use super::contest::{Contestant, Kind, Size};

/// Inputs and classes of MNIST.
const INPUTS: usize = 784;
const CLASSES: usize = 10;
/// A segment lasts about so long.
const SEGMENT: Duration = Duration::from_millis(400);

/// The products of each layer: forward X·W, backward Xᵀ·G and, but for the first layer, G·Wᵀ.
pub(crate) struct Products {
    name: String,
    device: Device,
    hardware: Hardware,
    batch: usize,
    layers: Vec<Layer>,
}

struct Layer {
    x: Tensor<2>,
    w: Tensor<2>,
    g: Tensor<2>,
    first: bool,
}

impl Products {
    /// Random matrices of the net's sizes.
    pub(crate) fn new(backend: Backend, opened: &Opened, size: Size) -> Self {
        let [h1, h2] = size.hidden;
        let device = &opened.device;
        let random = |rows, columns| {
            Tensor::<2>::random([rows, columns], Distribution::Uniform(-1.0, 1.0), device)
        };
        let sizes = [(INPUTS, h1), (h1, h2), (h2, CLASSES)];
        let layers = sizes.map(|(d_in, d_out)| Layer {
            x: random(size.batch, d_in),
            w: random(d_in, d_out),
            g: random(size.batch, d_out),
            first: d_in == INPUTS,
        });
        Self {
            name: format!("{backend} products alone"),
            device: device.clone(),
            hardware: opened.hardware,
            batch: size.batch,
            layers: layers.into(),
        }
    }

    fn step(&self) {
        for Layer { x, w, g, first } in &self.layers {
            black_box(x.clone().matmul(w.clone()));
            black_box(x.clone().transpose().matmul(g.clone()));
            if !first {
                black_box(g.clone().matmul(w.clone().transpose()));
            }
        }
    }
}

impl Contestant for Products {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Products
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let started = Instant::now();
        let mut rows = 0;
        while started.elapsed() < SEGMENT {
            self.step();
            rows += self.batch;
        }
        if self.hardware != Hardware::Processor {
            self.device
                .sync()
                .map_err(|error| anyhow!("the device failed: {error}"))?;
        }
        Ok((rows, started.elapsed()))
    }
}
