//! Normalisations.

use burn::module::{Module, Param, ParamId, RunningState};
use burn::nn::norm::{Normalization, NormalizationConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, GroupNormConfig, InstanceNormConfig, LayerNormConfig,
    LocalResponseNormConfig, RmsNorm,
};
use burn::tensor::{Device, Tensor};
use burn_gradcheck::{Case, Gradients, Upstream, Values};

use super::Layer;
use super::witness::count;
use crate::host::host;
use crate::operation::Operation;

/// Far from the default, so that it is seen in the gradients whether it is taken into account.
const EPSILON: f64 = 0.125;

/// Running statistics of three channels, exact in f32.
const MEAN: [f64; 3] = [0.5, -0.25, 0.125];
const VARIANCE: [f64; 3] = [0.75, 1.5, 0.25];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        batch_norm().done(),
        layer_norm().done(),
        group_norm().done(),
        instance_norm().done(),
        rms_norm().done(),
        local_response_norm().done(),
        normalization().done(),
    ]
}

/// Which elements are normalised together, and by what.
#[derive(Clone, Copy, Debug)]
enum Statistics {
    /// Mean and variance of all elements of a channel (dimension 1).
    OfChannel,
    /// Known ones, for each channel.
    Running,
    /// Mean and variance of so many groups of channels of one item.
    OfGroups(usize),
    /// Mean and variance over the last dimension.
    OfRow,
    /// Mean of the squares over the last dimension.
    OfSquaresOfRow,
}

/// What a normalisation learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affine {
    Nothing,
    Gamma,
    GammaAndBeta,
}

/// A normalisation as its formula has it: the witness.
#[derive(Clone, Copy, Debug)]
struct Norm<const D: usize> {
    shape: [usize; D],
    statistics: Statistics,
    affine: Affine,
}

impl<const D: usize> Norm<D> {
    /// For an element: the number of its group and that of its factor gamma.
    fn place(&self, element: usize) -> (usize, usize) {
        let last = self.shape[D - 1];
        let (row, column) = (element / last, element % last);
        let channels = self.shape[1];
        let channel = element / count(&self.shape[2..]) % channels;
        let item = element / count(&self.shape[1..]);
        match self.statistics {
            Statistics::OfChannel | Statistics::Running => (channel, channel),
            Statistics::OfGroups(groups) => {
                (item * groups + channel / (channels / groups), channel)
            }
            Statistics::OfRow | Statistics::OfSquaresOfRow => (row, column),
        }
    }

    /// The gradients by `x`, gamma and beta:
    /// `grad_x = (g - mean(g) - x̂ mean(g x̂)) / σ` with `g = gamma grad_out`, where the means are
    /// over the group, and only terms of statistics that depend on `x` are there.
    fn pull_back(&self, x: &[f64], gamma: &[f64], grad_out: &[f64]) -> [Vec<f64>; 3] {
        let places: Vec<(usize, usize)> = (0..x.len()).map(|i| self.place(i)).collect();
        let groups = places
            .iter()
            .map(|place| place.0)
            .max()
            .map_or(0, |g| g + 1);
        let mut grad_x = vec![0.0; x.len()];
        let mut grad_gamma = vec![0.0; gamma.len()];
        let mut grad_beta = vec![0.0; gamma.len()];
        for group in 0..groups {
            let members: Vec<usize> = (0..x.len()).filter(|&i| places[i].0 == group).collect();
            let mean = |of: &dyn Fn(usize) -> f64| {
                members.iter().map(|&i| of(i)).sum::<f64>() / members.len() as f64
            };
            let (centre, square) = match self.statistics {
                Statistics::Running => (MEAN[group], VARIANCE[group]),
                Statistics::OfSquaresOfRow => (0.0, mean(&|i| x[i] * x[i])),
                _ => {
                    let centre = mean(&|i| x[i]);
                    (centre, mean(&|i| (x[i] - centre) * (x[i] - centre)))
                }
            };
            let deviation = (square + EPSILON).sqrt();
            let normal = |i: usize| (x[i] - centre) / deviation;
            let pulled = |i: usize| grad_out[i] * gamma[places[i].1];
            let (by_mean, by_square) = match self.statistics {
                Statistics::Running => (0.0, 0.0),
                Statistics::OfSquaresOfRow => (0.0, mean(&|i| pulled(i) * normal(i))),
                _ => (mean(&pulled), mean(&|i| pulled(i) * normal(i))),
            };
            for &i in &members {
                grad_x[i] = (pulled(i) - by_mean - normal(i) * by_square) / deviation;
                grad_gamma[places[i].1] += grad_out[i] * normal(i);
                grad_beta[places[i].1] += grad_out[i];
            }
        }
        [grad_x, grad_gamma, grad_beta]
    }

    /// The number of elements of gamma.
    fn features(&self) -> usize {
        match self.statistics {
            Statistics::OfRow | Statistics::OfSquaresOfRow => self.shape[D - 1],
            _ => self.shape[1],
        }
    }

    fn gradients(&self, v: &Values, grad_out: &Upstream) -> Gradients {
        let features = self.features();
        let factor = match self.affine {
            Affine::Nothing => vec![1.0; features],
            _ => host(v.get::<1>("gamma")),
        };
        let (x, grad_out) = (host(v.get::<D>("x")), host(grad_out.get::<D>(0)));
        let [grad_x, grad_gamma, grad_beta] = self.pull_back(&x, &factor, &grad_out);
        let mut grads = Gradients::new().with("x", v.tensor(self.shape, &grad_x));
        if self.affine != Affine::Nothing {
            grads = grads.with("gamma", v.tensor([features], &grad_gamma));
        }
        if self.affine == Affine::GammaAndBeta {
            grads = grads.with("beta", v.tensor([features], &grad_beta));
        }
        grads
    }

    /// Adds the check of this normalisation, where `build` makes Burn's.
    fn add<M: Module + 'static>(
        self,
        layer: Layer,
        name: &str,
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, Tensor<D>) -> Tensor<D> + Send + Sync + 'static,
    ) -> Layer {
        layer.with(name, |case| {
            let case = case.input("x", self.shape);
            case.module(build, move |norm, v| forward(norm, v.get("x")))
                .vjp(move |v, grad_out| self.gradients(v, grad_out))
        })
    }
}

fn batch_norm() -> Layer {
    Layer::new("nn::BatchNorm")
        .with("[4, 3] training", |case| trained([4, 3], case))
        .with("[2, 3, 4] training", |case| trained([2, 3, 4], case))
        .with("[2, 3, 2, 2] training", |case| trained([2, 3, 2, 2], case))
        .with("[4, 3] evaluation", |case| evaluated([4, 3], case))
        .with("[1, 3, 2] evaluation", |case| evaluated([1, 3, 2], case))
        .with("[2, 3, 1, 2] evaluation by valid", |case| {
            validated([2, 3, 1, 2], case)
        })
}

fn of_three(device: &Device) -> BatchNorm {
    let config = BatchNormConfig::new(3).with_epsilon(EPSILON);
    config.init(device)
}

/// The layer with running statistics of its own: training changes them, and clones share them.
fn refreshed(norm: &BatchNorm, v: &Values, is_training: bool) -> BatchNorm {
    let state = |values: &[f64; 3]| RunningState::new(v.tensor([3], values));
    BatchNorm {
        training: Param::from_bool(is_training),
        running_mean: state(&MEAN),
        running_var: state(&VARIANCE),
        ..norm.clone()
    }
}

/// With the statistics of the batch.
fn trained<const D: usize>(shape: [usize; D], case: Case) -> Case {
    let witness = Norm {
        shape,
        statistics: Statistics::OfChannel,
        affine: Affine::GammaAndBeta,
    };
    case.input("x", shape)
        .module(of_three, |norm, v| {
            refreshed(norm, v, true).forward(v.get::<D>("x"))
        })
        .vjp(move |v, grad_out| witness.gradients(v, grad_out))
}

/// With the running statistics, as a layer that is frozen within a net in training.
fn evaluated<const D: usize>(shape: [usize; D], case: Case) -> Case {
    let witness = Norm {
        shape,
        statistics: Statistics::Running,
        affine: Affine::GammaAndBeta,
    };
    case.input("x", shape)
        .module(of_three, |norm, v| {
            refreshed(norm, v, false).forward(v.get::<D>("x"))
        })
        .vjp(move |v, grad_out| witness.gradients(v, grad_out))
}

/// The values are those of `valid()`, which has no gradients, and the gradients those of the frozen
/// layer: finite differences see the former, autodiff the latter.
fn validated<const D: usize>(shape: [usize; D], case: Case) -> Case {
    evaluated(shape, case).module(of_three, |norm, v| {
        let x = v.get::<D>("x");
        let valid = refreshed(norm, v, true).valid().forward(x.clone().inner());
        let frozen = refreshed(norm, v, false).forward(x);
        Tensor::from_inner(valid) + frozen.clone() - frozen.detach()
    })
}

fn layer_norm() -> Layer {
    let norm = |config: LayerNormConfig| {
        let config = config.with_epsilon(EPSILON);
        move |device: &Device| config.init(device)
    };
    let rows = Norm {
        shape: [3, 5],
        statistics: Statistics::OfRow,
        affine: Affine::GammaAndBeta,
    };
    let layer = rows.add(
        Layer::new("nn::LayerNorm"),
        "[3, 5]",
        norm(LayerNormConfig::new(5)),
        |norm, x| norm.forward(x),
    );
    let without_bias = Norm {
        shape: [2, 2, 4],
        statistics: Statistics::OfRow,
        affine: Affine::Gamma,
    };
    without_bias.add(
        layer,
        "[2, 2, 4] without bias",
        norm(LayerNormConfig::new(4).with_bias(false)),
        |norm, x| norm.forward(x),
    )
}

fn group_norm() -> Layer {
    let groups = Norm {
        shape: [2, 4, 3],
        statistics: Statistics::OfGroups(2),
        affine: Affine::GammaAndBeta,
    };
    let layer = groups.add(
        Layer::new("nn::GroupNorm"),
        "[2, 4, 3] 2 groups",
        |device| {
            let config = GroupNormConfig::new(2, 4).with_epsilon(EPSILON);
            config.init(device)
        },
        |norm, x| norm.forward(x),
    );
    let one_group = Norm {
        shape: [2, 3, 2, 2],
        statistics: Statistics::OfGroups(1),
        affine: Affine::Nothing,
    };
    one_group.add(
        layer,
        "[2, 3, 2, 2] 1 group, not affine",
        |device| {
            let config = GroupNormConfig::new(1, 3).with_epsilon(EPSILON);
            config.with_affine(false).init(device)
        },
        |norm, x| norm.forward(x),
    )
}

fn instance_norm() -> Layer {
    let affine = Norm {
        shape: [2, 3, 4],
        statistics: Statistics::OfGroups(3),
        affine: Affine::GammaAndBeta,
    };
    let layer = affine.add(
        Layer::new("nn::InstanceNorm"),
        "[2, 3, 4]",
        |device| {
            let config = InstanceNormConfig::new(3).with_epsilon(EPSILON);
            config.init(device)
        },
        |norm, x| norm.forward(x),
    );
    let plain = Norm {
        shape: [1, 2, 3, 2],
        statistics: Statistics::OfGroups(2),
        affine: Affine::Nothing,
    };
    plain.add(
        layer,
        "[1, 2, 3, 2] not affine",
        |device| {
            let config = InstanceNormConfig::new(2).with_epsilon(EPSILON);
            config.with_affine(false).init(device)
        },
        |norm, x| norm.forward(x),
    )
}

fn rms_norm() -> Layer {
    Layer::new("nn::RmsNorm")
        .with("[3, 5]", |case| {
            rms([3, 5], case, |norm, x| norm.forward(x))
        })
        .with("[2, 1, 4]", |case| {
            rms([2, 1, 4], case, |norm, x| norm.forward(x))
        })
}

/// Finite differences of the definition: Burn's layer computes in f32 whatever the tensor's type.
fn rms<const D: usize>(
    shape: [usize; D],
    case: Case,
    forward: fn(RmsNorm, Tensor<D>) -> Tensor<D>,
) -> Case {
    let features = shape[D - 1];
    let witness = Norm {
        shape,
        statistics: Statistics::OfSquaresOfRow,
        affine: Affine::Gamma,
    };
    case.input("x", shape)
        .input("gamma", [features])
        .function(|v| {
            let (x, gamma) = (v.get::<D>("x"), v.get::<1>("gamma"));
            let root = (x.clone().square().mean_dim(D - 1) + EPSILON).sqrt();
            x / root * gamma.unsqueeze()
        })
        .autodiff_function(move |v| {
            let norm = RmsNorm {
                gamma: Param::initialized(ParamId::new(), v.get("gamma")),
                epsilon: EPSILON,
            };
            forward(norm, v.get::<D>("x"))
        })
        .vjp(move |v, grad_out| witness.gradients(v, grad_out))
}

fn local_response_norm() -> Layer {
    let check = |case: Case, size: usize| {
        case.input("x", [2, 4, 3])
            .module(
                move |_| {
                    let config = LocalResponseNormConfig::new(size);
                    config.with_alpha(0.5).with_beta(0.75).with_k(2.0).init()
                },
                |norm, v| norm.forward(v.get::<3>("x")),
            )
            .vjp(move |v, grad_out| {
                let (x, grad_out) = (host(v.get::<3>("x")), host(grad_out.get::<3>(0)));
                let grad = local_response_gradient(&x, &grad_out, size);
                Gradients::new().with("x", v.tensor([2, 4, 3], &grad))
            })
    };
    Layer::new("nn::LocalResponseNorm")
        .with("[2, 4, 3] size 3", |case| check(case, 3))
        .with("[2, 4, 3] size 2", |case| check(case, 2))
}

/// Of `x_c / s_c^β` with `s_c = k + α/size Σ x_d²` over the channels d around c, for [2, 4, 3].
fn local_response_gradient(x: &[f64], grad_out: &[f64], size: usize) -> Vec<f64> {
    let (alpha, beta, k) = (0.5 / size as f64, 0.75, 2.0);
    let element =
        |item: usize, channel: usize, position: usize| (item * 4 + channel) * 3 + position;
    let mut grad_x = vec![0.0; x.len()];
    for (item, position) in (0..2).flat_map(|item| (0..3).map(move |position| (item, position))) {
        for centre in 0..4_usize {
            let first = centre.saturating_sub((size - 1) / 2);
            let around = first..(centre + size / 2 + 1).min(4);
            let squares = around
                .clone()
                .map(|d| x[element(item, d, position)].powi(2));
            let sum = k + alpha * squares.sum::<f64>();
            let at = element(item, centre, position);
            grad_x[at] += grad_out[at] * sum.powf(-beta);
            let by_sum = -beta * grad_out[at] * x[at] * sum.powf(-beta - 1.0);
            for d in around {
                let other = element(item, d, position);
                grad_x[other] += by_sum * 2.0 * alpha * x[other];
            }
        }
    }
    grad_x
}

/// Each variant of the enum.
fn normalization() -> Layer {
    let configs: [(&str, NormalizationConfig); 5] = [
        ("Identity", NormalizationConfig::Identity),
        ("Batch", BatchNormConfig::new(3).into()),
        ("Group", GroupNormConfig::new(3, 3).into()),
        ("Instance", InstanceNormConfig::new(3).into()),
        ("Layer", LayerNormConfig::new(3).into()),
    ];
    let layer = Layer::new("nn::Normalization").with("Rms", |case| {
        rms([3, 5], case, |norm, x| Normalization::from(norm).forward(x))
    });
    configs.into_iter().fold(layer, |layer, (name, config)| {
        layer.module(
            name,
            &[("x", &[3, 3, 3])],
            move |device| config.init(device),
            |norm, v| {
                let norm = match norm {
                    Normalization::Batch(norm) => refreshed(norm, v, true).into(),
                    other => other.clone(),
                };
                norm.forward(v.get::<3>("x"))
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two elements are normalised to ±d/√(d² + ε) with half their difference d, here 1/√1.125.
    #[test]
    fn the_witness_of_a_pair_is_the_derivative_of_its_closed_form() {
        let pair = Norm {
            shape: [1, 2],
            statistics: Statistics::OfRow,
            affine: Affine::Gamma,
        };
        let [grad_x, grad_gamma, grad_beta] = pair.pull_back(&[3.0, 5.0], &[1.0, 1.0], &[0.0, 1.0]);
        let by_half_difference = EPSILON / 1.125_f64.powf(1.5);
        assert!((grad_x[1] - by_half_difference / 2.0).abs() < 1e-15);
        assert!((grad_x[0] + by_half_difference / 2.0).abs() < 1e-15);
        assert_eq!(grad_gamma, [0.0, 1.0 / 1.125_f64.sqrt()]);
        assert_eq!(grad_beta, [0.0, 1.0]);
    }

    #[test]
    fn groups_are_of_neighbouring_channels_of_one_item() {
        let norm = Norm {
            shape: [2, 4, 3],
            statistics: Statistics::OfGroups(2),
            affine: Affine::Nothing,
        };
        assert_eq!(norm.place(5), (0, 1));
        assert_eq!(norm.place(6), (1, 2));
        assert_eq!(norm.place(12), (2, 0));
    }
}
