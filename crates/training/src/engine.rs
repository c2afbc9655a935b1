//! Where gradients come from: two engines, and the workers that share a batch.

use std::ops::Range;

use anyhow::{Context, Result};
use backends::{Hardware, Opened};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use data_parallel::{Workers, shards};

use crate::cli::Engine;
use crate::net::{Net, Reduction, Targets};

impl Engine {
    /// Loss of a shard of a batch of `batch` rows (off autodiff, one element) and the gradient of
    /// every parameter; over all shards they add up to the batch's.
    ///
    /// `net` is on the autodiff side of its device ([`burn::module::Module::train`]): Burn's
    /// optimizers step on no other, wherever the gradients come from.
    pub(crate) fn gradients<N: Net>(
        self,
        net: &N,
        x: Tensor<2>,
        targets: N::Targets,
        batch: usize,
    ) -> (Tensor<1>, GradientsParams) {
        match self {
            Self::Autodiff => {
                // Leaves of its own: Burn locks a graph while it goes back through it, and shards that
                // shared their parameters would share a graph.
                let net = &net.valid().train();
                let rows = x.dims()[0];
                let loss = net.loss(x.autodiff(), targets.autodiff());
                let loss = match N::REDUCTION {
                    Reduction::Mean if rows != batch => loss * (rows as f64 / batch as f64),
                    Reduction::Mean | Reduction::Sum => loss,
                };
                let gradients = GradientsParams::from_grads(loss.backward(), net);
                (loss.without_autodiff(), gradients)
            }
            Self::Manual => net.valid().manual_gradients(x, targets, batch),
        }
    }
}

/// Those who compute the gradients of a batch: on a processor, threads that each take a shard of
/// its rows; on a graphics adapter, the adapter.
pub(crate) struct Team {
    workers: Option<Workers>,
}

impl Team {
    /// As many workers on a processor as there are to be `threads`.
    ///
    /// # Errors
    ///
    /// If the system gives no more threads.
    pub(crate) fn new(opened: &Opened, threads: usize) -> Result<Self> {
        let workers = match opened.hardware {
            Hardware::Processor => Some(Workers::new(threads).with_context(|| {
                format!("cannot start {threads} threads; choose fewer by --threads")
            })?),
            Hardware::Graphics | Hardware::SoftwareGraphics => None,
        };
        Ok(Self { workers })
    }

    /// Runs a training loop where its operations are not shared among threads once more.
    pub(crate) fn run<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.workers {
            Some(workers) => workers.run(work),
            None => work(),
        }
    }

    /// Loss (off autodiff, one element) and gradients of a batch, whose rows `take` gives.
    pub(crate) fn gradients<N: Net>(
        &self,
        engine: Engine,
        net: &N,
        batch: usize,
        take: impl Fn(Range<usize>) -> (Tensor<2>, N::Targets) + Clone + Send + 'static,
    ) -> (Tensor<1>, GradientsParams) {
        let copy = net.clone();
        let parts = self.map(self.shards(batch), move |rows| {
            let (x, targets) = take(rows);
            engine.gradients(&copy, x, targets, batch)
        });
        self.sum(net, parts)
    }

    /// Loss and gradients of a batch from those of its shards.
    pub(crate) fn sum<N: Net>(
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
    pub(crate) fn shards(&self, batch: usize) -> Vec<Range<usize>> {
        shards(batch, self.workers.as_ref().map_or(1, Workers::count))
    }

    /// What `work` makes of each worker's item.
    pub(crate) fn map<T: Send + 'static, R: Send + 'static>(
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
