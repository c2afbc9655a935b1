//! The same numbers: again from the same seed, from every engine, and on every backend.

use backends::Backend;
use layers::Activation;
use training::{AnyNet, Choices, Engine, ModelName};

use crate::memory::{Memory, weights};
use crate::setup::{ENGINES, Setup, linear, mlp, processors, train, xor};

/// Two runs in f32 that differ only in the order of additions: each rounding is an error of at most
/// 6e-8, and some dozens of steps add them up.
const ROUNDING: f64 = 1e-5;

/// Losses of two runs agree, one by one.
///
/// Below 0.1 the bound is absolute: a small cross-entropy is the logarithm of a probability near 1,
/// whose rounding error does not shrink with it.
#[track_caller]
pub(crate) fn assert_losses_agree(a: &Memory, b: &Memory, bound: f64) {
    let (a, b) = (a.losses(), b.losses());
    assert!(!a.is_empty() && a.len() == b.len(), "{a:?} {b:?}");
    for (&a, &b) in a.iter().zip(&b) {
        let difference = (a - b).abs() / a.max(b).max(0.1);
        assert!(difference <= bound, "{a} and {b} differ by {difference:e}");
    }
}

#[test]
fn the_same_seed_gives_the_same_numbers_and_weights() {
    for backend in processors() {
        for &engine in ENGINES {
            for choices in [mlp(), xor(), linear()] {
                let run = |seed| {
                    train(Choices {
                        backend: Some(backend),
                        engine: Some(engine),
                        epochs: Some(3),
                        log_every: Some(1),
                        seed: Some(seed),
                        ..choices.clone()
                    })
                };
                let [first, second, other] = [5, 5, 6].map(run);
                assert_eq!(first.numbers(), second.numbers());
                assert!(first.weights == second.weights, "{backend} {engine}");
                assert_ne!(first.losses(), other.losses());
                assert!(first.weights != other.weights, "{backend} {engine}");
                // The solution depends on the data alone.
                let exact = [&first, &other].map(|run| run.result().closed_form_loss);
                assert_eq!(exact[0], exact[1]);
                assert_eq!(
                    exact[0].is_some(),
                    choices.model == Some(ModelName::LinearRegression)
                );
            }
        }
    }
}

/// Initial weights of every model, in order.
pub(crate) fn initial_weights(backend: Backend) -> Vec<Vec<f32>> {
    let choices = [mlp(), xor(), linear()];
    let nets = choices.map(|choices| {
        let setup = Setup::new(Choices {
            backend: Some(backend),
            seed: Some(3),
            ..choices
        });
        match setup.net() {
            AnyNet::MnistMlp(net) => weights(&net),
            AnyNet::XorNet(net) => weights(&net),
            AnyNet::LinearRegression(net) => weights(&net),
        }
    });
    nets.to_vec()
}

#[test]
fn initial_weights_are_the_same_on_every_backend_to_the_last_bit() {
    let on_flex = initial_weights(Backend::Flex);
    assert!(on_flex.concat().iter().any(|&weight| weight != 0.0));
    for backend in processors() {
        assert!(initial_weights(backend) == on_flex, "{backend}");
    }
}

/// Other weights at the start or another order of the batches would differ in the first digits.
#[test]
fn backends_agree_on_the_losses_of_an_epoch() {
    for &engine in ENGINES {
        let mut runs = processors().into_iter().map(|backend| {
            train(Choices {
                backend: Some(backend),
                engine: Some(engine),
                epochs: Some(1),
                ..mlp()
            })
        });
        let on_flex = runs.next().expect("flex runs everywhere");
        for run in runs {
            assert_losses_agree(&on_flex, &run, ROUNDING);
        }
    }
}

#[test]
fn engines_agree_on_the_losses_of_some_epochs() {
    let mut all = Activation::ALL.map(|activation| Choices {
        activation: Some(activation),
        epochs: Some(4),
        ..mlp()
    });
    let all = all.iter_mut().map(std::mem::take).chain([
        Choices {
            label_smoothing: Some(0.2),
            clip_norm: Some(0.5),
            epochs: Some(6),
            ..mlp()
        },
        Choices {
            dropout: Some(0.4),
            dropout_input: Some(0.2),
            threads: Some(3),
            epochs: Some(6),
            ..mlp()
        },
        Choices {
            dropout: Some(0.4),
            epochs: Some(20),
            log_every: Some(1),
            ..xor()
        },
        Choices {
            epochs: Some(20),
            log_every: Some(1),
            ..xor()
        },
        Choices {
            epochs: Some(20),
            ridge: Some(0.5),
            ..linear()
        },
    ]);
    for choices in all {
        for backend in processors() {
            let [autodiff, manual, fused] =
                [Engine::Autodiff, Engine::Manual, Engine::Fused].map(|engine| {
                    train(Choices {
                        backend: Some(backend),
                        engine: Some(engine),
                        ..choices.clone()
                    })
                });
            assert_losses_agree(&autodiff, &manual, ROUNDING);
            assert_losses_agree(&fused, &manual, ROUNDING);
        }
    }
}
