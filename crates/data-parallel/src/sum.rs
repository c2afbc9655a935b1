//! Adds up the gradients of the shards.

use std::cmp::Reverse;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::Workers;

/// A matrix parameter and its gradient from each shard.
type Matrix = (ParamId, Vec<Tensor<2>>);

impl Workers {
    /// Adds up the shards' losses and gradients. Each shard gives its share of the batch's.
    ///
    /// # Formula
    ///
    /// ```text
    /// L = Σ_s L_s        ∂L/∂w = Σ_s ∂L_s/∂w        for every parameter w of the module
    /// ```
    ///
    /// The order of addition is that of the shards, so the bits do not depend on which shard finished
    /// first. The workers share the matrices, in groups of nearly equal size.
    ///
    /// Returns the loss, of one element, and the gradient of every parameter of `module`.
    ///
    /// # Panics
    ///
    /// If there is no shard, or if shapes differ.
    pub fn sum_gradients<M: Module>(
        &self,
        module: &M,
        parts: Vec<(Tensor<1>, GradientsParams)>,
    ) -> (Tensor<1>, GradientsParams) {
        let (losses, mut parts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let loss = losses.into_iter().reduce(|sum, loss| sum + loss);
        let loss = loss.expect("a batch has at least one shard");
        if parts.len() == 1 {
            return (loss, parts.remove(0));
        }
        let mut collect = Collect {
            parts: &mut parts,
            matrices: Vec::new(),
            sum: GradientsParams::new(),
        };
        module.visit(&mut collect);
        let Collect {
            matrices, mut sum, ..
        } = collect;
        let sums = self.map(self.evenly(matrices), |matrices: Vec<Matrix>| {
            let sum =
                |(id, shards): Matrix| (id, shards.into_iter().reduce(|sum, next| sum + next));
            matrices.into_iter().map(sum).collect::<Vec<_>>()
        });
        for (id, gradient) in sums.into_iter().flatten() {
            if let Some(gradient) = gradient {
                sum.register(id, gradient);
            }
        }
        (loss, sum)
    }

    /// Groups the matrices, one group a worker: each matrix, largest first, joins the smallest group.
    fn evenly(&self, mut matrices: Vec<Matrix>) -> Vec<Vec<Matrix>> {
        let size = |(_, shards): &Matrix| shards.first().map_or(0, |m| m.shape().num_elements());
        matrices.sort_by_key(|matrix| Reverse(size(matrix)));
        let mut groups = (0..self.count()).map(|_| (0, vec![])).collect::<Vec<_>>();
        for matrix in matrices {
            let least = groups.iter_mut().min_by_key(|(load, _)| *load);
            let (load, group) = least.expect("there is at least one worker");
            *load += size(&matrix);
            group.push(matrix);
        }
        groups.into_iter().map(|(_, group)| group).collect()
    }
}

/// Takes the gradients out of the shards: keeps matrices apart, adds up all others.
struct Collect<'a> {
    parts: &'a mut [GradientsParams],
    matrices: Vec<Matrix>,
    sum: GradientsParams,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D == 2 {
            let shards = self
                .parts
                .iter_mut()
                .filter_map(|part| part.remove::<2>(param.id));
            self.matrices.push((param.id, shards.collect()));
        } else {
            let shards = self
                .parts
                .iter_mut()
                .filter_map(|part| part.remove::<D>(param.id));
            if let Some(gradient) = shards.reduce(|sum, next| sum + next) {
                self.sum.register(param.id, gradient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int};
    use mnist_mlp::MnistMlpConfig;

    use super::*;
    use crate::shards;

    #[test]
    fn the_shards_gradients_add_up_to_the_batch_s() {
        let device = Device::flex();
        let net = MnistMlpConfig::new(5, vec![7, 6], 3)
            .init(1, &device)
            .unwrap();
        let numbers = (0..55).map(|i| (f64::from(i) * 12.9898).sin() as f32);
        let x = Tensor::<1>::from_data(&numbers.collect::<Vec<_>>()[..], &device).reshape([11, 5]);
        let labels = Tensor::<1, Int>::from_data([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1], &device);
        let (loss, whole) = manual_backprop::mnist_mlp::gradients(&net, x.clone(), labels.clone());
        for count in 1..=4 {
            let workers = Workers::new(count).unwrap();
            let (copy, x, labels) = (net.clone(), x.clone(), labels.clone());
            let parts = workers.map(shards(11, count), move |rows| {
                let x = x.clone().narrow(0, rows.start, rows.len());
                let labels = labels.clone().narrow(0, rows.start, rows.len());
                manual_backprop::mnist_mlp::gradients_of_share(&copy, x, labels, 11)
            });
            let (sum, gradients) = workers.sum_gradients(&net, parts);
            let close = |a: Tensor<1>, b: Tensor<1>| {
                let apart = (a.clone() - b).abs().max().into_scalar::<f32>();
                assert!(
                    apart <= 2e-6 * a.abs().max().into_scalar::<f32>(),
                    "{count}: {apart}"
                );
            };
            close(loss.clone(), sum);
            for layer in &net.layers {
                let (w, b) = (layer.weight.id, layer.bias.as_ref().unwrap().id);
                let [of_whole, of_sum] = [&whole, &gradients].map(|of| of.get::<2>(w).unwrap());
                close(of_whole.flatten(0, 1), of_sum.flatten(0, 1));
                close(whole.get(b).unwrap(), gradients.get(b).unwrap());
            }
        }
    }
}
