//! Normalisations.

use burn::module::{Module, Param, ParamId, RunningState};
use burn::nn::norm::{Normalization, NormalizationConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, GroupNormConfig, InstanceNormConfig, LayerNormConfig,
    LocalResponseNormConfig, RmsNorm,
};
use burn::tensor::{Device, Tensor};
use burn_gradcheck::Values;

use crate::operation::{Operation, layer};
use crate::witness::{Dual, DualArray, Formula, argument, count, sum};

/// Far from the default, so that the gradients show whether the layer uses it.
const EPSILON: f64 = 0.125;

/// Running statistics of three channels, exact in f32.
const MEAN: [f64; 3] = [0.5, -0.25, 0.125];
const VARIANCE: [f64; 3] = [0.75, 1.5, 0.25];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        batch_norm(),
        layer_norm(),
        group_norm(),
        instance_norm(),
        rms_norm(),
        local_response_norm(),
        normalization(),
    ]
}

/// Which elements are normalised together, and with which statistics.
#[derive(Clone, Copy, Debug)]
enum Statistics {
    /// Mean and variance of all elements of a channel (dimension 1).
    OfChannel,
    /// Given mean and variance, for each channel.
    Running,
    /// Mean and variance of this many groups of channels of one item.
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

/// A normalisation, with its formula.
#[derive(Clone, Copy, Debug)]
struct Norm<const D: usize> {
    shape: [usize; D],
    statistics: Statistics,
    affine: Affine,
}

impl<const D: usize> Norm<D> {
    /// The numbers of an element's group and of its factor gamma.
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

    /// `gamma (x - mean) / sqrt(variance + epsilon) + beta`, with the statistics of each group.
    fn normalise(
        &self,
        x: &DualArray,
        gamma: Option<&DualArray>,
        beta: Option<&DualArray>,
    ) -> DualArray {
        let places: Vec<_> = (0..x.values.len()).map(|i| self.place(i)).collect();
        let of_group = |group: usize| {
            let members = places.iter().zip(&x.values);
            let members = members.filter(|((other, _), _)| *other == group);
            let members: Vec<Dual> = members.map(|(_, &x)| x).collect();
            let mean = |numbers: &[Dual]| sum(numbers) / numbers.len() as f64;
            let square = |centre: Dual| {
                let squares = members.iter().map(|&x| (x - centre) * (x - centre));
                mean(&squares.collect::<Vec<_>>())
            };
            let (centre, square) = match self.statistics {
                Statistics::Running => (MEAN[group].into(), VARIANCE[group].into()),
                Statistics::OfSquaresOfRow => (0.0.into(), square(0.0.into())),
                _ => (mean(&members), square(mean(&members))),
            };
            (centre, (square + EPSILON).sqrt())
        };
        let groups = 1 + places.iter().map(|place| place.0).max().unwrap_or(0);
        let statistics: Vec<_> = (0..groups).map(of_group).collect();
        let values = x.values.iter().zip(&places).map(|(&x, &(group, feature))| {
            let (centre, deviation) = statistics[group];
            let normal = (x - centre) / deviation;
            let scaled = gamma.map_or(normal, |gamma| normal * gamma.values[feature]);
            beta.map_or(scaled, |beta| scaled + beta.values[feature])
        });
        DualArray::new(x.shape.clone(), values.collect())
    }

    /// The number of elements of gamma.
    fn features(&self) -> usize {
        match self.statistics {
            Statistics::OfRow | Statistics::OfSquaresOfRow => self.shape[D - 1],
            _ => self.shape[1],
        }
    }

    fn formula(self) -> Formula {
        let features = self.features();
        let learned: &[&str] = match self.affine {
            Affine::Nothing => &[],
            Affine::Gamma => &["gamma"],
            Affine::GammaAndBeta => &["gamma", "beta"],
        };
        let learned = learned.iter().map(|name| argument(*name, &[features]));
        let inputs = std::iter::once(argument("x", &self.shape)).chain(learned);
        Formula::new(inputs, move |of| {
            self.normalise(of.get("x"), of.find("gamma"), of.find("beta"))
        })
    }

    /// Adds a check of this normalisation; `build` makes Burn's layer.
    fn add<M: Module + 'static>(
        self,
        layer: Operation,
        name: &str,
        build: impl Fn(&Device) -> M + Send + Sync + 'static,
        forward: impl Fn(&M, Tensor<D>) -> Tensor<D> + Send + Sync + 'static,
    ) -> Operation {
        layer.drawn(name, |case| {
            let case = self.formula().witness(case);
            case.module(build, move |norm, v| forward(norm, v.get("x")))
        })
    }
}

fn batch_norm() -> Operation {
    let layer = layer("nn::BatchNorm");
    let layer = trained(layer, "[4, 3] training", [4, 3]);
    let layer = trained(layer, "[2, 3, 4] training", [2, 3, 4]);
    let layer = trained(layer, "[2, 3, 2, 2] training", [2, 3, 2, 2]);
    let layer = evaluated(layer, "[4, 3] evaluation", [4, 3]);
    let layer = evaluated(layer, "[1, 3, 2] evaluation", [1, 3, 2]);
    validated(layer, "[2, 3, 1, 2] evaluation by valid", [2, 3, 1, 2])
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

fn of_channels<const D: usize>(shape: [usize; D], statistics: Statistics) -> Formula {
    let norm = Norm {
        shape,
        statistics,
        affine: Affine::GammaAndBeta,
    };
    norm.formula()
}

/// With the statistics of the batch.
fn trained<const D: usize>(layer: Operation, name: &str, shape: [usize; D]) -> Operation {
    let formula = of_channels(shape, Statistics::OfChannel);
    layer.drawn(name, |case| {
        formula.witness(case).module(of_three, |norm, v| {
            refreshed(norm, v, true).forward(v.get::<D>("x"))
        })
    })
}

/// With the running statistics, as a frozen layer of a net in training.
fn evaluated<const D: usize>(layer: Operation, name: &str, shape: [usize; D]) -> Operation {
    let formula = of_channels(shape, Statistics::Running);
    layer.drawn(name, |case| {
        formula.witness(case).module(of_three, |norm, v| {
            refreshed(norm, v, false).forward(v.get::<D>("x"))
        })
    })
}

/// The values come from `valid()`, which has no gradients, and the gradients from the frozen layer:
/// finite differences see the former, autodiff the latter.
fn validated<const D: usize>(layer: Operation, name: &str, shape: [usize; D]) -> Operation {
    let formula = of_channels(shape, Statistics::Running);
    layer.drawn(name, |case| {
        formula.witness(case).module(of_three, |norm, v| {
            let x = v.get::<D>("x");
            let valid = refreshed(norm, v, true).valid().forward(x.clone().inner());
            let frozen = refreshed(norm, v, false).forward(x);
            Tensor::from_inner(valid) + frozen.clone() - frozen.detach()
        })
    })
}

fn layer_norm() -> Operation {
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
        layer("nn::LayerNorm"),
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

fn group_norm() -> Operation {
    let groups = Norm {
        shape: [2, 4, 3],
        statistics: Statistics::OfGroups(2),
        affine: Affine::GammaAndBeta,
    };
    let layer = groups.add(
        layer("nn::GroupNorm"),
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

fn instance_norm() -> Operation {
    let affine = Norm {
        shape: [2, 3, 4],
        statistics: Statistics::OfGroups(3),
        affine: Affine::GammaAndBeta,
    };
    let layer = affine.add(
        layer("nn::InstanceNorm"),
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

fn rms_norm() -> Operation {
    let layer = layer("nn::RmsNorm");
    let layer = rms(layer, "[3, 5]", [3, 5], |norm, x| norm.forward(x));
    rms(layer, "[2, 1, 4]", [2, 1, 4], |norm, x| norm.forward(x))
}

/// Finite differences of the formula: Burn's layer computes in f32 whatever the tensor's type.
fn rms<const D: usize>(
    layer: Operation,
    name: &str,
    shape: [usize; D],
    forward: fn(RmsNorm, Tensor<D>) -> Tensor<D>,
) -> Operation {
    let norm = Norm {
        shape,
        statistics: Statistics::OfSquaresOfRow,
        affine: Affine::Gamma,
    };
    layer.check(name, &norm.formula().with_differences(), move |v| {
        let norm = RmsNorm {
            gamma: Param::initialized(ParamId::new(), v.get("gamma")),
            epsilon: EPSILON,
        };
        forward(norm, v.get::<D>("x"))
    })
}

/// `x_c / (k + α/size Σ x_d²)^β`, summed over the channels d around c.
fn local_response_norm() -> Operation {
    let check = |layer: Operation, name: &str, size: usize| {
        let formula = Formula::new([argument("x", &[2, 4, 3])], move |of| {
            let x = of.get("x");
            DualArray::by_index([2, 4, 3], |[item, channel, position]| {
                let first = channel.saturating_sub((size - 1) / 2);
                let around = first..(channel + size / 2 + 1).min(4);
                let squares = around.map(|d| x.at([item, d, position]).powf(2.0));
                let sum = squares.sum::<Dual>() * (0.5 / size as f64) + 2.0;
                x.at([item, channel, position]) / sum.powf(0.75)
            })
        });
        layer.check(name, &formula, move |v| {
            let config = LocalResponseNormConfig::new(size);
            let norm = config.with_alpha(0.5).with_beta(0.75).with_k(2.0).init();
            norm.forward(v.get::<3>("x"))
        })
    };
    let layer = check(layer("nn::LocalResponseNorm"), "[2, 4, 3] size 3", 3);
    check(layer, "[2, 4, 3] size 2", 2)
}

/// Each variant of the enum.
fn normalization() -> Operation {
    let configs: [(&str, NormalizationConfig); 5] = [
        ("Identity", NormalizationConfig::Identity),
        ("Batch", BatchNormConfig::new(3).into()),
        ("Group", GroupNormConfig::new(3, 3).into()),
        ("Instance", InstanceNormConfig::new(3).into()),
        ("Layer", LayerNormConfig::new(3).into()),
    ];
    let layer = layer("nn::Normalization");
    let layer = rms(layer, "Rms", [3, 5], |norm, x| {
        Normalization::from(norm).forward(x)
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
    fn a_pair_has_the_derivative_of_its_closed_form() {
        let pair = Norm {
            shape: [1, 2],
            statistics: Statistics::OfRow,
            affine: Affine::Nothing,
        };
        let [first, second] = [0, 1].map(|i| {
            let second = |x| {
                let pair_of = DualArray::new([1, 2], vec![3.0.into(), x]);
                pair.normalise(&pair_of, None, None).values[i]
            };
            Dual::derivative(second, 5.0)
        });
        let by_half_difference = EPSILON / 1.125_f64.powf(1.5);
        assert!((second - by_half_difference / 2.0).abs() < 1e-15);
        assert!((first + by_half_difference / 2.0).abs() < 1e-15);
    }

    #[test]
    fn a_group_has_neighbouring_channels_of_one_item() {
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
