//! Steps compared with Burn's optimizers, with gradients by `manual-backprop`.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{DType, Device, Tensor};
use fused_mlp::{Float, Output, Rule, Step};
use layers::{Activation, Dropout};
use manual_backprop::gradient_norm::clipped;

use crate::common::{Problem, assert_close, masks, outputs, values};

const RULES: [Rule; 5] = [
    Rule::Sgd,
    Rule::Momentum { momentum: 0.9 },
    Rule::Adam {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    },
    Rule::Nesterov { momentum: 0.9 },
    Rule::AdamW {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    },
];

#[derive(Module, Debug)]
struct Net {
    layers: Vec<Linear>,
}

impl Net {
    fn new(problem: &Problem, dtype: DType) -> Self {
        let layer = |(w, b): (Tensor<2>, Tensor<1>)| {
            let mut linear = LinearConfig::new(1, 1).init(&Device::flex());
            // An optimizer steps modules on an autodiff device only.
            linear.weight = Param::from_tensor(Tensor::from_inner(w));
            linear.bias = Some(Param::from_tensor(Tensor::from_inner(b)));
            linear
        };
        Self {
            layers: problem.tensors(dtype).into_iter().map(layer).collect(),
        }
    }
}

/// As `training` builds them.
fn optimizer(rule: Rule, factor: f64) -> ModuleOptimizer {
    let decay = (factor > 0.0).then(|| WeightDecayConfig::new(factor as f32));
    let sgd = SgdConfig::new().with_weight_decay(decay.clone());
    match rule {
        Rule::Sgd => sgd.init(),
        Rule::Momentum { momentum } => {
            let momentum = MomentumConfig::new()
                .with_momentum(momentum)
                .with_dampening(0.0);
            sgd.with_momentum(Some(momentum)).init()
        }
        Rule::Adam { .. } => AdamConfig::new()
            .with_weight_decay(decay)
            .with_epsilon(1e-8)
            .init(),
        Rule::Nesterov { momentum } => {
            let momentum = MomentumConfig::new()
                .with_momentum(momentum)
                .with_dampening(0.0)
                .with_nesterov(true);
            sgd.with_momentum(Some(momentum)).init()
        }
        Rule::AdamW { .. } => AdamWConfig::new()
            .with_weight_decay(factor as f32)
            .with_epsilon(1e-8)
            .init(),
        other => panic!("{other:?} is not tested"),
    }
}

/// `tolerance` of the largest number of each tensor after five steps, with the rate changing.
fn equal_burn_s<T: Float>(rules: &[Rule], dtype: DType, tolerance: f64) {
    let nets: [(&[usize], usize, Output); 4] = [
        (&[2, 4, 1], 4, outputs()[3]),
        (&[50, 40, 33, 10], 45, outputs()[1]),
        (&[100, 10], 40, outputs()[4]),
        (&[784, 30, 10], 32, outputs()[0]),
    ];
    for (sizes, batch, output) in nets {
        for &rule in rules {
            for decay in [0.0, 0.03] {
                for clip_norm in [None, Some(0.2), Some(1e9)] {
                    let what = format!("{sizes:?}, {rule:?}, decay {decay}, clip {clip_norm:?}");
                    let problem = Problem::new(sizes, Activation::Tanh, output, batch);
                    let (x, y) = (problem.x(dtype), problem.y(dtype));
                    let mut net = Net::new(&problem, dtype);
                    let mut optimizer = optimizer(rule, decay);
                    let mut trainer = problem.trainer::<T>(rule, decay, 2);
                    for step in 0..5u32 {
                        let learning_rate = 0.003 / f64::from(step + 1);
                        let dropout = masks().at_step(step.into());
                        let of_net = |layer: &Linear| {
                            let bias = layer.bias.as_ref().unwrap();
                            (layer.weight.val(), bias.val())
                        };
                        let tensors: Vec<_> = net.valid().layers.iter().map(of_net).collect();
                        let (loss, by_hand) =
                            problem.by_manual_backprop(&tensors, x.clone(), y.clone(), dropout);
                        let mut gradients = GradientsParams::new();
                        for (layer, (grad_w, grad_b)) in net.layers.iter().zip(by_hand) {
                            gradients.register(layer.weight.id, grad_w);
                            gradients.register(layer.bias.as_ref().unwrap().id, grad_b);
                        }
                        if let Some(limit) = clip_norm {
                            gradients = clipped(&net.valid(), gradients, limit);
                        }
                        net = optimizer.step(learning_rate, net, gradients);
                        let how = Step {
                            learning_rate,
                            clip_norm,
                            dropout,
                        };
                        let got = trainer.step(problem.inputs(), problem.targets(), &how);
                        assert_close(&what, &[got.unwrap()], &[loss], tolerance);
                    }
                    for (number, layer) in net.valid().layers.iter().enumerate() {
                        let got = trainer.layer(number).unwrap();
                        assert_close(&what, &got.weights, &values(layer.weight.val()), tolerance);
                        let bias = layer.bias.as_ref().unwrap().val();
                        assert_close(&what, &got.biases, &values(bias), tolerance);
                    }
                }
            }
        }
    }
}

#[test]
fn equal_those_of_burn_s_optimizers_in_f64() {
    equal_burn_s::<f64>(&RULES, DType::F64, 1e-11);
}

#[test]
fn equal_those_of_burn_s_optimizers_in_f32() {
    // Adam divides the gradient by its own size: where that is no more than rounding, so is the step.
    equal_burn_s::<f32>(&RULES[..2], DType::F32, 3e-5);
}

#[test]
fn a_limited_norm_is_the_step_s_length() {
    for sizes in [&[2, 4, 2][..], &[50, 40, 10]] {
        for output in outputs() {
            let problem = Problem::new(sizes, Activation::Sigmoid, output, 30);
            let mut trainer = problem.trainer::<f64>(Rule::Sgd, 0.0, 2);
            let how = Step {
                learning_rate: 1.0,
                clip_norm: Some(0.01),
                dropout: Dropout::NONE,
            };
            trainer
                .step(problem.inputs(), problem.targets(), &how)
                .unwrap();
            let mut sum = 0.0;
            for (number, before) in problem.layers.iter().enumerate() {
                let after = trainer.layer(number).unwrap();
                let weights = before.weights.iter().zip(&after.weights);
                let pairs = weights.chain(before.biases.iter().zip(&after.biases));
                sum += pairs
                    .map(|(before, after)| (before - after).powi(2))
                    .sum::<f64>();
            }
            assert!(
                (sum.sqrt() - 0.01).abs() < 1e-14,
                "{sizes:?}, {output:?}: {}",
                sum.sqrt()
            );
        }
    }
}

#[test]
fn a_gradient_whose_square_overflows_is_clipped_too() {
    let output = outputs()[2];
    let problem = Problem::new(&[40, 40, 3], Activation::Relu, output, 8);
    let mut trainer = problem.trainer::<f64>(Rule::Sgd, 0.0, 1);
    for layer in 0..2 {
        let values = trainer.layer(layer).unwrap();
        let large: Vec<_> = values.weights.iter().map(|w| 1e90 * w).collect();
        trainer.set_layer(layer, &large, &values.biases).unwrap();
    }
    let before = trainer.layer(1).unwrap();
    let how = Step {
        learning_rate: 1e89,
        clip_norm: Some(1.0),
        dropout: Dropout::NONE,
    };
    trainer
        .step(problem.inputs(), problem.targets(), &how)
        .unwrap();
    let after = trainer.layer(1).unwrap();
    assert!(after.weights.iter().all(|w| w.is_finite()));
    assert_ne!(before, after);
}

#[test]
fn a_loss_that_is_not_finite_is_returned() {
    for sizes in [&[2, 4, 1][..], &[50, 40, 10]] {
        for output in outputs() {
            let problem = Problem::new(sizes, Activation::Relu, output, 4);
            let mut trainer = problem.trainer::<f32>(Rule::Sgd, 0.0, 1);
            let mut layer = trainer.layer(1).unwrap();
            layer.biases[0] = f32::NAN;
            trainer.set_layer(1, &layer.weights, &layer.biases).unwrap();
            let how = Step {
                learning_rate: 0.1,
                clip_norm: None,
                dropout: Dropout::NONE,
            };
            let loss = trainer
                .step(problem.inputs(), problem.targets(), &how)
                .unwrap();
            assert!(loss.is_nan(), "{sizes:?}, {output:?}: {loss}");
        }
    }
}
