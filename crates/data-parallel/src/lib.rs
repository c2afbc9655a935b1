//! Data parallelism on a processor: a batch in shards, each on a thread of its own.
//!
//! A loss that is a sum over rows has a gradient that is the sum over rows, whoever computes which:
//!
//! ```text
//! L = Σ_s L_s  over shards s of the rows,  so  ∂L/∂w = Σ_s ∂L_s/∂w
//! ```
//!
//! With a mean over n rows, the loss of a shard of n_s rows counts n_s/n.
//!
//! For nets of a lecture's size this is faster than threads within each matrix product, of which a
//! training step has eight, each waiting for its last thread; here the threads meet once a step. And
//! a [worker](Workers) computes serially: what is too small to be shared among threads is not handed
//! to any.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use data_parallel::{Workers, shards};
//! use mnist_mlp::MnistMlpConfig;
//!
//! let device = Device::flex();
//! let net = MnistMlpConfig::new(784, vec![32], 10).init(0, &device)?;
//! let (x, labels) = (
//!     Tensor::<2>::ones([100, 784], &device),
//!     Tensor::<1, Int>::ones([100], &device),
//! );
//! let workers = Workers::new(2)?;
//! let shards = shards(100, 2);
//! assert_eq!(shards, [0..50, 50..100]);
//! let copy = net.clone();
//! let parts = workers.map(shards, move |rows| {
//!     let x = x.clone().narrow(0, rows.start, rows.len());
//!     let labels = labels.clone().narrow(0, rows.start, rows.len());
//!     manual_backprop::mnist_mlp::gradients_of_share(&copy, x, labels, 100)
//! });
//! let (loss, gradients) = workers.sum_gradients(&net, parts);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod sum;
mod workers;

pub use workers::{Workers, processor_cores, shards};
