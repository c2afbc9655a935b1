//! Nets learn, with each engine, each optimizer and on each backend.

use training::{Choices, Event, Now};

use crate::setup::{ENGINES, OPTIMIZERS, linear, mlp, processors, train, xor};

/// These choices with every CPU backend, engine and optimizer.
fn each(choices: impl Fn() -> Choices) -> Vec<Choices> {
    let mut all = vec![];
    for backend in processors() {
        for &engine in ENGINES {
            for &optimizer in OPTIMIZERS {
                all.push(Choices {
                    backend: Some(backend),
                    engine: Some(engine),
                    optimizer: Some(optimizer),
                    ..choices()
                });
            }
        }
    }
    all
}

/// Nearly every test image is classified correctly.
#[test]
fn each_engine_learns_with_each_optimizer() {
    for choices in each(mlp) {
        let choices = Choices {
            epochs: Some(40),
            ..choices
        };
        let accuracy = train(choices.clone()).result().test_accuracy;
        assert!(accuracy >= 0.95, "{choices:?}: {accuracy}");
    }
}

/// The loss is below 0.01 and all four rows are right.
#[track_caller]
fn assert_learns_xor(choices: Choices) {
    let memory = train(choices.clone());
    let result = memory.result();
    assert!(result.test_loss < 0.01, "{choices:?}: {}", result.test_loss);
    assert_eq!(result.test_accuracy, 1.0, "{choices:?}");
}

#[test]
fn each_engine_learns_xor_with_each_optimizer() {
    each(xor).into_iter().for_each(assert_learns_xor);
}

#[test]
fn xor_is_learned_from_each_of_ten_seeds() {
    for seed in 0..10 {
        let seed = Some(seed);
        assert_learns_xor(Choices { seed, ..xor() });
    }
}

/// Nearly every test image is classified correctly, as by the closed form.
#[test]
fn each_engine_learns_linear_regression_with_each_optimizer() {
    for choices in each(linear) {
        let choices = Choices {
            epochs: Some(60),
            ..choices
        };
        let memory = train(choices.clone());
        let result = memory.result();
        assert!(result.test_accuracy >= 0.95, "{choices:?}");
        assert_eq!(result.closed_form_test_accuracy, Some(1.0), "{choices:?}");
        assert!(result.loss_above_closed_form > Some(0.0), "{choices:?}");
    }
}

#[test]
fn a_run_reports_every_epoch_that_is_due_and_the_last() {
    for (every, epochs, expected) in [
        (2, 5, &[2, 4, 5][..]),
        (2, 4, &[2, 4]),
        (100, 3, &[3]),
        (1, 3, &[1, 2, 3]),
    ] {
        let memory = train(Choices {
            epochs: Some(epochs),
            log_every: Some(every),
            ..mlp()
        });
        let reported = memory.epochs().into_iter().map(|epoch| epoch.epoch);
        assert_eq!(reported.collect::<Vec<_>>(), expected);
        assert_eq!(memory.events.len(), expected.len() + 1, "and the result");
    }
}

#[test]
fn an_epoch_is_evaluated_on_the_validation_set_if_there_is_one() {
    for (choices, is_there) in [
        (mlp(), true),
        (xor(), false),
        (linear(), false),
        (
            Choices {
                validation_fraction: Some(0.25),
                ..linear()
            },
            true,
        ),
    ] {
        let memory = train(Choices {
            epochs: Some(1),
            ..choices
        });
        let epoch = memory.epochs()[0];
        assert_eq!(epoch.val_loss.is_some(), is_there, "{epoch:?}");
        assert_eq!(epoch.val_accuracy.is_some(), is_there, "{epoch:?}");
    }
}

#[test]
fn checkpoints_come_when_they_are_due_and_at_the_end() {
    let memory = train(Choices {
        epochs: Some(7),
        checkpoint_every: Some(3),
        ..mlp()
    });
    let epochs = memory.checkpoints.iter().map(|(done, _)| done.epoch);
    assert_eq!(epochs.collect::<Vec<_>>(), [3, 6, 7]);
    let (last, _) = memory.checkpoints.last().expect("checkpoints");
    assert_eq!((last.step, last.step_in_epoch), (7 * 7, 0));
}

/// 110 rows; losses are read every 16 steps and at the end of an epoch.
#[test]
fn progress_goes_from_the_first_row_to_the_last() {
    let choices = Choices {
        epochs: Some(1),
        batch_size: Some(5),
        ..mlp()
    };
    let memory = train(choices);
    let [
        Now::EpochBegins {
            epoch: 1,
            rows: 110,
        },
        Now::RowsDone { rows: 80, .. },
        Now::RowsDone { rows: 110, loss },
        Now::EpochEnds,
    ] = memory.progress[..]
    else {
        panic!("{:?}", memory.progress);
    };
    assert_eq!(loss, memory.epochs()[0].train_loss);
    assert!(matches!(memory.events[0], Event::Epoch(_)), "no warm-up");
}

#[test]
fn threads_that_share_a_batch_learn_the_same() {
    for backend in processors() {
        let [alone, shared] = [1, 3].map(|threads| {
            train(Choices {
                backend: Some(backend),
                threads: Some(threads),
                epochs: Some(4),
                ..mlp()
            })
        });
        for (one, other) in alone.losses().iter().zip(shared.losses()) {
            assert!((one - other).abs() < 1e-5, "{backend}: {one} {other}");
        }
    }
}
