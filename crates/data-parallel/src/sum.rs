//! The sum of the shards' gradients.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Loss and gradients of a batch from those of its shards, each its share of the whole.
///
/// # Formula
///
/// ```text
/// L = Σ_s L_s        ∂L/∂w = Σ_s ∂L_s/∂w        for every parameter w of the module
/// ```
///
/// Added in the order of the shards: the same bits, whichever was done first.
///
/// # Panics
///
/// If there is no shard, or shapes differ.
pub fn sum_gradients<M: Module>(
    module: &M,
    parts: impl IntoIterator<Item = (Tensor<1>, GradientsParams)>,
) -> (Tensor<1>, GradientsParams) {
    let mut parts = parts.into_iter();
    let first = parts.next().expect("a batch has at least one shard");
    parts.fold(first, |(loss, mut sum), (other_loss, mut other)| {
        module.visit(&mut Sum {
            sum: &mut sum,
            other: &mut other,
        });
        (loss + other_loss, sum)
    })
}

struct Sum<'a> {
    sum: &'a mut GradientsParams,
    other: &'a mut GradientsParams,
}

impl ModuleVisitor for Sum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradients = [&mut *self.sum, &mut *self.other].map(|of| of.remove::<D>(param.id));
        if let Some(sum) = gradients.into_iter().flatten().reduce(|a, b| a + b) {
            self.sum.register(param.id, sum);
        }
    }
}
