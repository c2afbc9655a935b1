//! Properties of a step: learning rate, length, loss.

use training::{Choices, Engine, OptimizerName, ScheduleName, WarmUp};

use crate::memory::{Memory, weights};
use crate::setup::{ENGINES, Setup, linear, mlp, train, xor};

/// 110 rows are 7 steps an epoch.
#[test]
fn learning_rates_follow_the_schedule() {
    let rates = |choices| {
        let memory = train(Choices {
            epochs: Some(4),
            ..choices
        });
        let rates = memory.epochs().into_iter().map(|epoch| epoch.learning_rate);
        rates.collect::<Vec<_>>()
    };
    let constant = rates(Choices {
        learning_rate: Some(0.25),
        ..mlp()
    });
    assert_eq!(constant, [0.25; 4]);
    let linear = rates(Choices {
        learning_rate: Some(2.0),
        schedule: Some(ScheduleName::Linear),
        warm_up: Some(WarmUp::Epochs(0.0)),
        ..mlp()
    });
    for (rate, epoch) in linear.into_iter().zip(1..) {
        let expected = 2.0 * (1.0 - (7.0 * f64::from(epoch) - 1.0) / 28.0);
        assert!((rate - expected).abs() < 1e-12, "{rate} {expected}");
    }
    let warm = rates(Choices {
        learning_rate: Some(0.7),
        warm_up: Some(WarmUp::Steps(14)),
        ..mlp()
    });
    assert_eq!(warm, [0.35, 0.7, 0.7, 0.7]);
}

/// The length of a vector.
fn length(step: &[f64]) -> f64 {
    step.iter().map(|d| d * d).sum::<f64>().sqrt()
}

/// One step of plain descent with rate 1 is the gradient itself.
#[test]
fn clipped_steps_are_no_longer_than_the_limit() {
    for &engine in ENGINES {
        let choices = |clip_norm| Choices {
            engine: Some(engine),
            optimizer: Some(OptimizerName::Sgd),
            learning_rate: Some(1.0),
            batch_size: Some(200),
            epochs: Some(1),
            clip_norm,
            ..mlp()
        };
        let training::AnyNet::MnistMlp(net) = Setup::new(choices(None)).net() else {
            unreachable!("the default model");
        };
        let start = weights(&net);
        let step = |memory: &Memory| {
            let pairs = memory.weights.iter().zip(&start);
            pairs
                .map(|(&to, &from)| f64::from(to) - f64::from(from))
                .collect::<Vec<_>>()
        };
        let [free, clipped] = [None, Some(0.125)].map(|limit| train(choices(limit)));
        let norms = &clipped.epochs()[0].gradient_norms;
        let (free, clipped) = (step(&free), step(&clipped));
        assert!(length(&free) > 0.25, "{}", length(&free));
        assert!((length(&clipped) - 0.125).abs() < 1e-6);
        let along: f64 = free.iter().zip(&clipped).map(|(a, b)| a * b).sum();
        let cosine = along / length(&free) / length(&clipped);
        assert!((cosine - 1.0).abs() < 1e-9, "{cosine}");
        // The events have the norms before clipping, one for each parameter tensor.
        assert_eq!(norms.len(), 6);
        assert!((length(norms) - length(&free)).abs() < 1e-5);
    }
}

#[test]
fn smoothed_labels_raise_the_training_loss() {
    let [plain, smooth] = [None, Some(0.2)].map(|label_smoothing| {
        let memory = train(Choices {
            epochs: Some(6),
            label_smoothing,
            ..mlp()
        });
        memory.epochs()[5].train_loss
    });
    assert!(smooth > plain + 0.1, "{smooth} {plain}");
}

#[test]
fn weight_decay_shrinks_the_weights() {
    for &engine in ENGINES {
        for &optimizer in OptimizerName::ALL {
            // AdamW takes away αλ of every weight, with a small α; the others add λθ to the gradient.
            let factor = if optimizer == OptimizerName::Adamw {
                5.0
            } else {
                0.1
            };
            let [free, decayed] = [0.0, factor].map(|weight_decay| {
                let memory = train(Choices {
                    engine: Some(engine),
                    optimizer: Some(optimizer),
                    weight_decay: Some(weight_decay),
                    epochs: Some(5),
                    ..mlp()
                });
                let weights = memory.weights.into_iter().map(f64::from);
                length(&weights.collect::<Vec<_>>())
            });
            assert!(decayed < 0.95 * free, "{engine} {optimizer}");
        }
    }
}

#[test]
fn a_dry_run_tells_shapes_losses_and_memory() {
    let dry_run = Setup::new(Choices {
        check_gradients: Some(1),
        clip_norm: Some(1.0),
        ..mlp()
    })
    .dry_run();
    assert_eq!(dry_run.batch, [16, 30]);
    assert_eq!(dry_run.parameters, 30 * 12 + 12 + 12 * 8 + 8 + 8 * 3 + 3);
    let first = &dry_run.shapes[0];
    assert_eq!(
        (first.name.as_str(), &first.shape[..]),
        ("layers.0.weight", &[30, 12][..])
    );
    assert_eq!(dry_run.gradients_agree, Some(true));
    assert_eq!(
        (
            dry_run.training_rows,
            dry_run.validation_rows,
            dry_run.test_rows
        ),
        (110, Some(10), 30)
    );
    // A byte for each pixel and each class.
    assert_eq!(dry_run.data_bytes, 150 * (30 + 1), "{dry_run:?}");
    assert_eq!(dry_run.parameter_bytes, 4 * dry_run.parameters);
    let parts = [
        dry_run.data_bytes,
        dry_run.parameter_bytes,
        dry_run.gradient_bytes,
        dry_run.optimizer_bytes,
        dry_run.batch_bytes,
    ];
    assert_eq!(dry_run.total_bytes, parts.into_iter().sum::<usize>());
    assert!(dry_run.loss > 0.0 && dry_run.loss_after_a_step > 0.0);
    assert!(dry_run.gradient_norm > 0.0);
}

#[test]
fn a_dry_run_works_for_every_model_and_engine() {
    for choices in [mlp(), xor(), linear()] {
        let [autodiff, manual, fused] =
            [Engine::Autodiff, Engine::Manual, Engine::Fused].map(|engine| {
                Setup::new(Choices {
                    engine: Some(engine),
                    ..choices.clone()
                })
                .dry_run()
            });
        assert_eq!(autodiff.loss, manual.loss);
        assert!((fused.loss - manual.loss).abs() < 1e-5 * manual.loss);
        for other in [&autodiff, &fused] {
            let difference = (other.gradient_norm - manual.gradient_norm).abs();
            assert!(difference < 1e-5 * manual.gradient_norm, "{difference}");
        }
        assert_eq!(autodiff.gradients_agree, None);
    }
}
