//! The nets in the fused engine: its gradients, asked for directly and by a step.

use burn::tensor::Tensor;
use burn_gradcheck::{Case, Mutant};
use fused_nets::{FusedNet, LayerGradients, Way};
use manual_backprop::activation::Activation;
use mnist_mlp::Dropout;

use crate::formulas::MnistBatch;
use crate::formulas::models::{
    self, BATCHES, By, Ridge, dropout_mlp_case, linear_regression_case, mlp_case, smoothed_mlp_case,
};
use crate::sizes::{self, Size};

/// Every net at `shapes` sizes in both ways, and the MNIST model on a real batch if it is given.
pub(crate) fn cases(shapes: usize, seed: u64, mnist: Option<&MnistBatch>) -> Vec<Case> {
    let mut cases = Vec::new();
    for by in [Way::Direct, Way::Step].map(By::engine) {
        for (size, activations) in sizes::with_activations(shapes, seed) {
            cases.extend(models::all(activations, size, by));
        }
        cases.extend(mnist.map(|batch| models::mnist_batch_case(batch, by)));
    }
    cases
}

/// What a mistake makes of a net's right gradients.
type Wrong = fn(&dyn FusedNet, Vec<LayerGradients>) -> Vec<LayerGradients>;

/// Name, mistake, the case, the wrong gradients.
type Row<F = Wrong> = (&'static str, &'static str, fn(By) -> Case, F);

/// What a mistake makes of a step's masks.
type WrongMasks = fn(Dropout) -> Dropout;

/// Mistakes of an engine that does several things at once.
pub(crate) fn mutants() -> Vec<Mutant> {
    let mutant = |&(name, mistake, case, read): &Row| {
        let masks = |masks| masks;
        let by = |way| case(By::Engine { way, read, masks });
        Mutant::new(name, mistake, [Way::Direct, Way::Step].map(by))
    };
    let mutant_of_masks = |&(name, mistake, case, masks): &Row<WrongMasks>| {
        let read: Wrong = |_, layers| layers;
        let by = |way| case(By::Engine { way, read, masks });
        Mutant::new(name, mistake, [Way::Direct, Way::Step].map(by))
    };
    let of_masks = OF_MASKS.iter().map(mutant_of_masks);
    MUTANTS.iter().map(mutant).chain(of_masks).collect()
}

const SIZES: Size = [7, 5, 3];

fn regression(by: By) -> Case {
    linear_regression_case(Ridge::Whole, SIZES, by)
}

fn share(by: By) -> Case {
    linear_regression_case(Ridge::Share, SIZES, by)
}

/// Equal layers, so that one layer's values fit another.
fn mlp(by: By) -> Case {
    mlp_case(Activation::Tanh, &[7, 5, 5, 5, 5], by)
}

fn smoothed(by: By) -> Case {
    smoothed_mlp_case(&[7, 5, 4, 3], by)
}

fn dropped(by: By) -> Case {
    dropout_mlp_case(Activation::Elu, &[7, 5, 6, 6, 3], by)
}

const OF_MASKS: &[Row<WrongMasks>] = &[
    (
        "fused: masks of the step before",
        "m_l of step 4 in step 5",
        dropped,
        |masks| masks.at_step(4),
    ),
    (
        "fused: masks of other rows",
        "the masks of the batch's rows 1, 2, ... for rows 0, 1, ...",
        dropped,
        |masks| masks.from_row(1),
    ),
    (
        "fused: dropout forgotten",
        "m_l = 1 and p = 0",
        dropped,
        |_| Dropout::NONE,
    ),
];

const MUTANTS: &[Row] = &[
    (
        "fused: weight decay in the step",
        "δw + 0.1 w, as a step with weight decay changes them",
        mlp,
        |net, layers| with_weights(net, layers, 0.1),
    ),
    (
        "fused: momentum twice",
        "v = 1.9 δθ, as after two steps",
        mlp,
        |_, layers| map_all(layers, |_, layer| scaled_by(layer, 1.9)),
    ),
    (
        "fused: half of the first layer",
        "δw1 and δb1 as if of half of the rows",
        mlp,
        |_, layers| {
            map_all(layers, |l, layer| {
                scaled_by(layer, if l == 0 { 0.5 } else { 1.0 })
            })
        },
    ),
    (
        "fused: panels in the wrong order",
        "the columns of δw in reverse order",
        mlp,
        |_, layers| {
            map_all(layers, |_, layer| LayerGradients {
                weights: layer.weights.flip([1]),
                ..layer
            })
        },
    ),
    (
        "fused: blocks not transposed back",
        "δwᵀ for δw of a square layer",
        mlp,
        |_, layers| {
            map_all(layers, |_, layer| LayerGradients {
                weights: layer.weights.transpose(),
                ..layer
            })
        },
    ),
    (
        "fused: biases of the layer before",
        "δb_(l-1) for δb_l",
        mlp,
        |_, mut layers| {
            let biases = layers.iter().map(|layer| layer.biases.clone());
            let mut biases = biases.collect::<Vec<_>>();
            biases.rotate_right(1);
            let pairs = layers.iter_mut().zip(biases);
            pairs.for_each(|(layer, biases)| layer.biases = biases);
            layers
        },
    ),
    (
        "fused: padding in a bias",
        "δb of the last unit is 0",
        mlp,
        |_, layers| {
            map_all(layers, |_, layer| {
                let [units] = layer.biases.dims();
                let device = layer.biases.device();
                let zero = Tensor::zeros([1], (&device, layer.biases.dtype()));
                let biases = Tensor::cat(vec![layer.biases.narrow(0, 0, units - 1), zero], 0);
                LayerGradients { biases, ..layer }
            })
        },
    ),
    (
        "fused: mean of the rows twice",
        "δθ/n for a loss that is a mean already",
        smoothed,
        |_, layers| map_all(layers, |_, layer| scaled_by(layer, 1.0 / 7.0)),
    ),
    (
        "fused: ridge forgotten",
        "δW = xᵀ(yp - y)",
        regression,
        |net, layers| with_weights(net, layers, -crate::common::GAMMA),
    ),
    (
        "fused: whole ridge for a batch",
        "δW = xᵀ(yp - y) + γW where a batch bears γ n/N",
        share,
        |net, layers| {
            let rest = 1.0 - 1.0 / BATCHES as f64;
            with_weights(net, layers, rest * crate::common::GAMMA)
        },
    ),
];

fn map_all(
    layers: Vec<LayerGradients>,
    change: impl Fn(usize, LayerGradients) -> LayerGradients,
) -> Vec<LayerGradients> {
    let layers = layers.into_iter().enumerate();
    layers.map(|(l, layer)| change(l, layer)).collect()
}

fn scaled_by(layer: LayerGradients, factor: f64) -> LayerGradients {
    LayerGradients {
        weights: layer.weights * factor,
        biases: layer.biases * factor,
    }
}

/// `δw + factor · w`.
fn with_weights(
    net: &dyn FusedNet,
    layers: Vec<LayerGradients>,
    factor: f64,
) -> Vec<LayerGradients> {
    map_all(layers, |l, layer| LayerGradients {
        weights: layer.weights + net.layers()[l].weight.val() * factor,
        ..layer
    })
}
