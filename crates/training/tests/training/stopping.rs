//! Runs that end before their last epoch.

use training::{Choices, Event, OptimizerName, Outcome, StopReason, TrainingError};

use crate::memory::{Memory, weights};
use crate::setup::{Setup, linear, mlp, train, xor};

/// Runs to an end before the last epoch.
fn run(choices: Choices) -> (Outcome, Memory) {
    let mut memory = Memory::default();
    let outcome = Setup::new(choices).run(&mut memory);
    (outcome.expect("the device works"), memory)
}

/// What a run keeps when its loss is not finite is what it had before the epoch.
#[test]
fn a_loss_that_is_not_finite_leaves_the_weights_before_it() {
    let choices = Choices {
        optimizer: Some(OptimizerName::Sgd),
        learning_rate: Some(1e30),
        epochs: Some(3),
        ..mlp()
    };
    let training::AnyNet::MnistMlp(net) = Setup::new(choices.clone()).net() else {
        unreachable!("the default model");
    };
    let (outcome, memory) = run(choices);
    assert_eq!(outcome, Outcome::NotFinite);
    assert!(memory.weights == weights(&net), "the initial weights");
    let stopped = memory.stopped();
    assert_eq!(
        stopped.reason,
        StopReason::NotFinite {
            kept_epoch: 0,
            too_large: "--learning-rate",
        }
    );
    assert_eq!((stopped.epoch, stopped.step), (1, 2));
    assert_eq!(memory.events.len(), 1);
}

/// With one step an epoch no later step shows what the last update has done.
#[test]
fn a_loss_that_the_last_update_spoils_is_noticed() {
    for validation_fraction in [None, Some(0.5)] {
        let (outcome, memory) = run(Choices {
            batch_size: Some(120),
            epochs: Some(1),
            learning_rate: Some(1e30),
            validation_fraction,
            ..linear()
        });
        assert_eq!(outcome, Outcome::NotFinite);
        let kept = StopReason::NotFinite {
            kept_epoch: 0,
            too_large: "--learning-rate",
        };
        assert_eq!(memory.stopped().reason, kept);
        assert!(memory.weights.iter().all(|weight| weight.is_finite()));
    }
}

/// Large steps make the validation loss rise again.
#[test]
fn a_run_that_stops_early_leaves_the_best_weights() {
    let choices = |epochs, early_stop| Choices {
        learning_rate: Some(0.5),
        epochs: Some(epochs),
        early_stop,
        ..mlp()
    };
    let early = train(choices(200, Some(3)));
    let stop = early.events.iter().find_map(|event| match *event {
        Event::EarlyStop {
            epoch,
            best_epoch,
            best_loss,
        } => Some((epoch, best_epoch, best_loss)),
        _ => None,
    });
    let (epoch, best, best_loss) = stop.expect("it stops early");
    assert_eq!(epoch, best + 3);
    let result = early.result();
    assert_eq!((result.epochs, result.best_epoch), (epoch, Some(best)));
    let losses = early.epochs().into_iter().map(|epoch| epoch.val_loss);
    let losses = losses.collect::<Option<Vec<_>>>().expect("losses");
    assert_eq!(losses[best - 1], best_loss);
    assert!(losses.iter().all(|&loss| loss >= best_loss), "{losses:?}");

    let straight = train(choices(best, None));
    assert!(early.weights == straight.weights, "the best epoch's");
    assert_eq!(result.test_loss, straight.result().test_loss);
}

/// A run without early stopping says where its validation loss has been no better for three epochs, once
/// after each best epoch, but not at its end.
#[test]
fn a_validation_loss_that_no_longer_improves_is_reported() {
    let choices = |epochs, early_stop| Choices {
        learning_rate: Some(0.5),
        epochs: Some(epochs),
        early_stop,
        ..mlp()
    };
    let plateaus = |memory: &Memory| -> Vec<_> {
        let plateau = |event: &Event| match *event {
            Event::Plateau {
                epoch,
                best_epoch,
                best_loss,
            } => Some((epoch, best_epoch, best_loss)),
            _ => None,
        };
        memory.events.iter().filter_map(plateau).collect()
    };
    let run = train(choices(200, None));
    let losses = run.epochs().into_iter().map(|epoch| epoch.val_loss);
    let losses = losses.collect::<Option<Vec<_>>>().expect("losses");
    let mut best = 0;
    let mut expected = vec![];
    for (index, &loss) in losses.iter().enumerate() {
        if loss < losses[best] {
            best = index;
        }
        if index == best + 3 && index + 1 < losses.len() {
            expected.push((index + 1, best + 1, losses[best]));
        }
    }
    assert!(!expected.is_empty(), "{losses:?}");
    assert_eq!(plateaus(&run), expected);

    // At the last epoch there is nothing to save, and early stopping reports itself.
    let (epoch, ..) = expected[0];
    assert_eq!(plateaus(&train(choices(epoch, None))), []);
    assert_eq!(plateaus(&train(choices(200, Some(3)))), []);
}

#[test]
fn an_interrupted_run_keeps_a_checkpoint_and_weights() {
    let mut memory = Memory::interrupting_after(10);
    let setup = Setup::new(mlp());
    let outcome = setup.run(&mut memory).expect("the device works");
    assert_eq!(outcome, Outcome::Interrupted);
    let stopped = memory.stopped();
    assert_eq!(stopped.reason, StopReason::Interrupted);
    assert_eq!((stopped.epoch, stopped.step), (2, 10));
    let (progress, _) = memory.checkpoints.last().expect("a checkpoint");
    assert_eq!(
        (progress.epoch, progress.step_in_epoch, progress.step),
        (1, 3, 10)
    );
    assert_eq!(progress.losses.steps, 3);
    assert!(!memory.weights.is_empty());
}

/// A failing recorder ends the run with its message.
#[test]
fn an_error_of_the_recorder_ends_the_run() {
    for fails in ["event", "weights", "checkpoint"] {
        let mut memory = Memory::failing(fails);
        let setup = Setup::new(Choices {
            epochs: Some(400),
            ..xor()
        });
        let error = setup.run(&mut memory).expect_err("it cannot record");
        assert!(matches!(error, TrainingError::Recorder(_)), "{error:?}");
        assert_eq!(error.to_string(), format!("no space for the {fails}"));
    }
}
