//! The matrix products of a training step alone.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use backends::{Backend, Hardware, Opened};
use burn::tensor::{Device, Distribution, Tensor};
use training::{Team, TrainingError, default_threads};

use super::contest::{Contestant, Kind};
use super::size::Size;

/// Inputs and classes of MNIST.
const INPUTS: usize = 784;
const CLASSES: usize = 10;
/// Approximate duration of a segment.
const SEGMENT: Duration = Duration::from_millis(400);

/// The products of each layer: forward X·W, backward Xᵀ·G and, but for the first layer, G·Wᵀ.
///
/// For the whole batch, with the threads that the backend uses for a product. On ndarray, for each
/// worker's shard, because its products have one thread each while workers share a batch.
pub(crate) struct Products {
    name: String,
    device: Device,
    hardware: Hardware,
    batch: usize,
    shards: Option<Arc<Team>>,
    layers: Vec<Vec<Layer>>,
}

#[derive(Clone)]
struct Layer {
    x: Tensor<2>,
    w: Tensor<2>,
    g: Tensor<2>,
    first: bool,
}

impl Products {
    /// Random matrices of the net's sizes.
    ///
    /// # Errors
    ///
    /// If the workers' threads cannot start.
    pub(crate) fn new(backend: Backend, opened: &Opened, size: Size) -> Result<Self> {
        let [h1, h2] = size.hidden;
        let device = &opened.device;
        let random = |rows, columns| {
            Tensor::<2>::random([rows, columns], Distribution::Uniform(-1.0, 1.0), device)
        };
        let sizes = [(INPUTS, h1), (h1, h2), (h2, CLASSES)];
        let weights = sizes.map(|(d_in, d_out)| random(d_in, d_out));
        let layers = |batch| {
            let layer = |((d_in, d_out), w): ((usize, usize), &Tensor<2>)| Layer {
                x: random(batch, d_in),
                w: w.clone(),
                g: random(batch, d_out),
                first: d_in == INPUTS,
            };
            sizes.into_iter().zip(&weights).map(layer).collect()
        };
        let (shards, layers) = match backend {
            Backend::Ndarray => {
                let team = Team::new(opened, default_threads(Some(backend), size.batch))?;
                let shards = team.shards(size.batch).into_iter();
                let layers = shards.map(|rows| layers(rows.len())).collect();
                (Some(Arc::new(team)), layers)
            }
            Backend::Flex | Backend::Wgpu | Backend::Remote => (None, vec![layers(size.batch)]),
        };
        Ok(Self {
            name: format!("{backend} products alone"),
            device: device.clone(),
            hardware: opened.hardware,
            batch: size.batch,
            shards,
            layers,
        })
    }

    /// Runs steps for about the duration of a segment; returns the number of rows.
    fn multiply(&self) -> usize {
        let started = Instant::now();
        let mut rows = 0;
        while started.elapsed() < SEGMENT {
            match &self.shards {
                Some(team) => drop(team.map(self.layers.clone(), |layers| step(&layers))),
                None => self.layers.iter().for_each(|layers| step(layers)),
            }
            rows += self.batch;
        }
        rows
    }
}

fn step(layers: &[Layer]) {
    for Layer { x, w, g, first } in layers {
        black_box(x.clone().matmul(w.clone()));
        black_box(x.clone().transpose().matmul(g.clone()));
        if !first {
            black_box(g.clone().matmul(w.clone().transpose()));
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
        let rows = match &self.shards {
            Some(team) => team.run(|| self.multiply()),
            None => self.multiply(),
        };
        if self.hardware != Hardware::Processor {
            self.device.sync().map_err(TrainingError::device)?;
        }
        Ok((rows, started.elapsed()))
    }
}
