//! Averaged weights, and runs whose number of epochs is chosen by time.

use std::time::Duration;

use training::{Choices, Engine, Outcome};

use crate::memory::Memory;
use crate::setup::{ENGINES, Setup, linear, mlp, train, xor};

/// Steps so long that the weights go to and fro.
fn unsteady(engine: Engine, average: Option<f64>) -> Choices {
    Choices {
        engine: Some(engine),
        learning_rate: Some(0.1),
        epochs: Some(12),
        average,
        ..mlp()
    }
}

#[test]
fn the_average_is_evaluated_beside_the_weights_and_is_the_result() {
    for &engine in ENGINES {
        let plain = train(unsteady(engine, None));
        let averaged = train(unsteady(engine, Some(3.0)));
        for (plain, averaged) in plain.epochs().into_iter().zip(averaged.epochs()) {
            // Averaging changes no step.
            assert_eq!(plain.train_loss, averaged.train_loss);
            assert_eq!(plain.val_loss, averaged.val_loss);
            assert_eq!(plain.average_val_loss, None);
            assert_eq!(plain.val_loss_of_candidate(), plain.val_loss);
            let of_average = averaged.average_val_loss.expect("an average");
            assert_eq!(averaged.val_loss_of_candidate(), Some(of_average));
        }
        let first = averaged.epochs()[0];
        assert_ne!(first.average_val_loss, first.val_loss);
        assert!(plain.weights != averaged.weights, "{engine}");
        assert_ne!(plain.result().test_loss, averaged.result().test_loss);
    }
}

/// An average that forgets at once is the weights.
#[test]
fn a_short_average_is_the_weights() {
    for choices in [mlp(), xor(), linear()] {
        let run = |average| {
            train(Choices {
                epochs: Some(4),
                log_every: Some(1),
                average,
                ..choices.clone()
            })
        };
        let (plain, averaged) = (run(None), run(Some(1e-3)));
        for (plain, averaged) in plain.weights.iter().zip(&averaged.weights) {
            assert!((plain - averaged).abs() < 1e-6, "{plain} {averaged}");
        }
        if choices.model.is_none() {
            let epoch = averaged.epochs()[3];
            let (average, last) = (epoch.average_val_loss.unwrap(), epoch.val_loss.unwrap());
            assert!((average - last).abs() < 1e-5, "{average} {last}");
        }
    }
}

#[test]
fn the_best_average_is_kept_by_early_stopping() {
    let setup = Setup::new(Choices {
        early_stop: Some(2),
        epochs: Some(60),
        learning_rate: Some(0.3),
        average: Some(1.0),
        ..mlp()
    });
    let memory = setup.train();
    let epochs = memory.epochs();
    let best = epochs.iter().min_by(|a, b| {
        let [a, b] = [a, b].map(|epoch| epoch.average_val_loss.expect("an average"));
        a.total_cmp(&b)
    });
    let best = best.expect("epochs").epoch;
    assert_eq!(memory.result().best_epoch, Some(best));
}

#[test]
fn a_diverging_average_leaves_the_last_finite_net() {
    for &engine in ENGINES {
        let setup = Setup::new(Choices {
            learning_rate: Some(1e30),
            ..unsteady(engine, Some(1.0))
        });
        let mut memory = Memory::default();
        let outcome = setup.run(&mut memory).expect("the device works");
        assert_eq!(outcome, Outcome::NotFinite);
        assert!(memory.weights.iter().all(|weight| weight.is_finite()));
    }
}

/// How many depends on the machine.
#[test]
fn some_epochs_fit_a_time_and_one_fits_any() {
    let setup = Setup::new(Choices {
        engine: Some(Engine::Fused),
        ..mlp()
    });
    let [none, some] =
        [1e-6, 45.0].map(|seconds| setup.epochs_in(Duration::from_secs_f64(seconds)));
    assert_eq!(none, 1);
    assert!(some > 1, "{some}");
}
