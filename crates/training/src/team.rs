//! Who shares a batch: the workers of this process, and other processes.

use std::ops::Range;
use std::sync::Arc;

use backends::{Hardware, Opened};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use data_parallel::{Workers, shards};
use layers::Dropout;

use crate::choice::Engine;
use crate::error::TrainingError;
use crate::examples::Batch;
use crate::net::Net;
use crate::ranks::{Ranks, Shared};

/// Computes the gradients of a batch: on a CPU, by threads that each take a shard of its rows; on a
/// GPU, by the GPU. If other processes share the batch, it is this one's part of its rows.
#[derive(Debug)]
pub struct Team {
    workers: Option<Workers>,
    shared: Option<Shared>,
}

impl Team {
    /// A team of `threads` workers on a CPU.
    ///
    /// # Errors
    ///
    /// If the operating system refuses a thread.
    pub fn new(opened: &Opened, threads: usize) -> Result<Self, TrainingError> {
        let workers = match opened.hardware {
            Hardware::Processor => {
                let workers = Workers::new(threads).map_err(|error| TrainingError::Threads {
                    count: threads,
                    why: error.to_string(),
                })?;
                Some(workers)
            }
            Hardware::Graphics | Hardware::SoftwareGraphics | Hardware::Remote => None,
        };
        Ok(Self {
            workers,
            shared: None,
        })
    }

    /// The team of one of several processes, which share every step, or take so many steps apart.
    #[must_use]
    pub(crate) fn among(self, ranks: Arc<dyn Ranks>, apart: Option<usize>) -> Self {
        let shared = Some(Shared::new(ranks, apart));
        Self { shared, ..self }
    }

    /// The processes, if there are several.
    pub(crate) fn shared(&self) -> Option<&Shared> {
        self.shared.as_ref()
    }

    /// The calling thread alone; the backend's operations may use more threads.
    pub fn undivided() -> Self {
        Self {
            workers: None,
            shared: None,
        }
    }

    /// Runs a training loop on a worker, so that its operations use no further threads.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.workers {
            Some(workers) => workers.run(work),
            None => work(),
        }
    }

    /// Loss (off autodiff, one element) and gradients of a batch with the masks of a step.
    ///
    /// # Errors
    ///
    /// If the rows cannot be read.
    pub fn gradients<N: Net>(
        &self,
        engine: Engine,
        net: &N,
        batch: &Batch<N::Targets>,
        dropout: Dropout,
    ) -> Result<(Tensor<1>, GradientsParams), TrainingError> {
        let all = 0..batch.len();
        self.gradients_of_part(engine, net, (batch, all, batch.len()), dropout)
    }

    /// What some rows, at least one, of a batch contribute to loss and gradients of `whole` rows.
    pub(crate) fn gradients_of_part<N: Net>(
        &self,
        engine: Engine,
        net: &N,
        (batch, part, whole): (&Batch<N::Targets>, Range<usize>, usize),
        dropout: Dropout,
    ) -> Result<(Tensor<1>, GradientsParams), TrainingError> {
        let (copy, rows_of) = (net.clone(), batch.clone());
        let parts = self.map(self.shards(part.len()), move |shard| {
            let shard = part.start + shard.start..part.start + shard.end;
            let net = copy.clone().with_dropout(dropout.from_row(shard.start));
            let (x, targets) = rows_of.part(shard)?;
            Ok(engine.gradients(&net, x, targets, whole))
        });
        let parts = parts.into_iter().collect::<Result<_, TrainingError>>()?;
        Ok(self.sum(net, parts))
    }

    /// Loss and gradients of a batch from those of its shards.
    pub fn sum<N: Net>(
        &self,
        net: &N,
        mut parts: Vec<(Tensor<1>, GradientsParams)>,
    ) -> (Tensor<1>, GradientsParams) {
        match &self.workers {
            Some(workers) => workers.sum_gradients(net, parts),
            None => parts.pop().expect("one part, the whole batch"),
        }
    }

    /// The rows of each worker.
    pub fn shards(&self, batch: usize) -> Vec<Range<usize>> {
        shards(batch, self.workers.as_ref().map_or(1, Workers::count))
    }

    /// The result of `work` for each worker's item.
    pub fn map<T: Send + 'static, R: Send + 'static>(
        &self,
        items: Vec<T>,
        work: impl Fn(T) -> R + Clone + Send + 'static,
    ) -> Vec<R> {
        match &self.workers {
            Some(workers) => workers.map(items, work),
            None => items.into_iter().map(work).collect(),
        }
    }
}
