//! Where gradients come from: engines that give the same gradients for the same rows.

use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use manual_backprop::Reduction;

use crate::choice::Engine;
use crate::fused;
use crate::net::Net;
use crate::targets::Targets;

impl Engine {
    /// Loss of a shard of a batch of `batch` rows (off autodiff, one element) and the gradient of
    /// every parameter; over all shards they add up to the batch's.
    ///
    /// `net` is on the autodiff side of its device ([`burn::module::Module::train`]): Burn's optimizers update no
    /// other net, wherever the gradients come from.
    pub fn gradients<N: Net>(
        self,
        net: &N,
        x: Tensor<2>,
        targets: N::Targets,
        batch: usize,
    ) -> (Tensor<1>, GradientsParams) {
        match self {
            Self::Autodiff => {
                let net = leaves_of_its_own(net);
                let loss = shard_loss(&net, x, targets, batch);
                let gradients = GradientsParams::from_grads(loss.backward(), &net);
                (loss.without_autodiff(), gradients)
            }
            Self::Manual => net.valid().manual_gradients(x, targets, batch),
            Self::Fused => fused::gradients(&net.valid(), x, targets, batch),
        }
    }
}

/// The net with leaves of its own. Burn locks a graph while it goes backward through it. Shards that
/// share parameters share a graph, and their threads can deadlock.
pub fn leaves_of_its_own<N: Net>(net: &N) -> N {
    net.valid().train()
}

/// A shard's contribution to the loss of a batch of `batch` rows, on the autodiff side, one
/// element.
pub fn shard_loss<N: Net>(net: &N, x: Tensor<2>, targets: N::Targets, batch: usize) -> Tensor<1> {
    let rows = x.dims()[0];
    let loss = net.loss(x.autodiff(), targets.autodiff());
    match N::REDUCTION {
        Reduction::Mean if rows != batch => loss * (rows as f64 / batch as f64),
        Reduction::Mean | Reduction::Sum => loss,
    }
}
