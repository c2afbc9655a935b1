//! What training requires of a net.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor};
use burn_gradcheck::Masks;
use fused_nets::FusedNet;
use layers::Dropout;
use manual_backprop::Reduction;

use crate::error::TrainingError;
use crate::targets::Targets;

/// The exact solution of a net's training problem, compared with the trained net.
pub struct ClosedForm<N> {
    /// The solution.
    pub net: N,
    /// Its loss over all training rows: the minimum.
    pub loss: f64,
    /// The trained net's loss minus this minimum.
    pub loss_gap: f64,
    /// `‖W - W*‖ / ‖W*‖`, with `W` of the trained net and `W*` of the solution.
    pub distance: f64,
}

/// A net that can be trained and evaluated here.
pub trait Net: Module + Sync + 'static {
    /// The kind of targets.
    type Targets: Targets;

    /// How the losses of a batch's rows become one number.
    const REDUCTION: Reduction;

    /// The net, told how many rows it learns from in all, where its loss depends on that: a penalty on
    /// the weights counts once over the training set, so each batch carries its share.
    fn with_training_rows(self, _rows: usize) -> Self {
        self
    }

    /// The net with the masks of a training step in its loss and its gradients; a net without dropout stays as it
    /// is.
    #[must_use]
    fn with_dropout(self, _dropout: Dropout) -> Self {
        self
    }

    /// Loss of a batch in training, one element.
    fn loss(&self, x: Tensor<2>, targets: Self::Targets) -> Tensor<1>;

    /// Loss of a shard of a batch of `batch` rows, and its gradients by the hand-derived formulas:
    /// over all shards they add up to the batch's.
    fn manual_gradients(
        &self,
        x: Tensor<2>,
        targets: Self::Targets,
        batch: usize,
    ) -> (Tensor<1>, GradientsParams);

    /// The net for the fused engine, if it is one of dense layers.
    fn fused(&self) -> Option<&dyn FusedNet> {
        None
    }

    /// The same, for replacement of the layers.
    fn fused_mut(&mut self) -> Option<&mut dyn FusedNet> {
        None
    }

    /// Outputs `[n, d_out]` for `x: [n, d_in]`.
    fn outputs(&self, x: Tensor<2>) -> Tensor<2>;

    /// Loss by which a net is evaluated, one element: the training loss without smoothing or penalty.
    fn output_loss(outputs: Tensor<2>, targets: Self::Targets) -> Tensor<1>;

    /// The class of each row's outputs, `[n]`.
    fn predicted_classes(outputs: Tensor<2>) -> Tensor<1, Int>;

    /// The score of each row's class, `[n]`: its probability, or the output for it.
    fn scores(outputs: Tensor<2>) -> Tensor<1>;

    /// The class of each target, `[n]`.
    fn true_classes(targets: Self::Targets) -> Tensor<1, Int>;

    /// Number of classes.
    fn class_count(&self) -> usize;

    /// Which units of hidden layers are active for a batch, where the slope of the activation jumps
    /// at 0: the loss is smooth only as long as they stay the same. None for a smooth net.
    fn branches(&self, _x: Tensor<2>) -> Masks {
        Masks::default()
    }

    /// The minimum of the loss over all training rows, computed from the rows in parts, if there is
    /// a formula for it.
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn closed_form(
        &self,
        _training: impl Iterator<Item = (Tensor<2>, Self::Targets)>,
    ) -> Result<Option<ClosedForm<Self>>, TrainingError> {
        Ok(None)
    }

    /// The temperature for which the probabilities of these rows, given in parts, fit their classes
    /// best, if outputs are logits ([`fitted_temperature`](crate::fitted_temperature)).
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn temperature(
        &self,
        _validation: impl Iterator<Item = (Tensor<2>, Self::Targets)>,
    ) -> Result<Option<f64>, TrainingError> {
        Ok(None)
    }
}
