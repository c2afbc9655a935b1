//! Dropout: the same masks with every engine and any number of threads, and none in an evaluation.

use training::{Choices, Engine};

use crate::agreement::assert_losses_agree;
use crate::memory::Memory;
use crate::setup::{ENGINES, Setup, mlp, train, xor};

fn dropped(choices: Choices) -> Choices {
    Choices {
        dropout: Some(0.4),
        dropout_input: choices.model.is_none().then_some(0.2),
        validation_fraction: choices.model.is_none().then_some(0.25),
        epochs: Some(3),
        log_every: Some(1),
        ..choices
    }
}

/// A shard with the masks of another one's rows would give another loss in its first digits.
#[test]
fn threads_share_the_masks_of_a_batch() {
    for &engine in ENGINES {
        for choices in [mlp(), xor()] {
            let [alone, together] = [1, 3].map(|threads| {
                train(Choices {
                    engine: Some(engine),
                    threads: Some(threads),
                    ..dropped(choices.clone())
                })
            });
            assert_losses_agree(&alone, &together, 1e-5);
        }
    }
}

#[test]
fn every_step_and_seed_has_masks_of_its_own_and_a_probability_of_0_has_none() {
    for &engine in ENGINES {
        let run = |change: fn(&mut Choices)| {
            let mut choices = Choices {
                engine: Some(engine),
                ..dropped(mlp())
            };
            change(&mut choices);
            train(choices)
        };
        let first = run(|_| {});
        let others: [fn(&mut Choices); 4] = [
            |c| c.dropout = Some(0.3),
            |c| c.dropout_input = None,
            |c| c.dropout = None,
            |c| (c.dropout, c.dropout_input) = (None, None),
        ];
        for change in others {
            assert_ne!(run(change).losses(), first.losses(), "{engine}");
        }
        let [none, zero] = [None, Some(0.0)].map(|probability| {
            train(Choices {
                engine: Some(engine),
                dropout: probability,
                dropout_input: probability,
                ..mlp()
            })
        });
        assert_eq!(none.numbers(), zero.numbers(), "{engine}");
        assert!(none.weights == zero.weights, "{engine}");
    }
}

/// The weights of a run with dropout, evaluated by a run without it.
#[test]
fn an_evaluation_has_no_masks() {
    for &engine in ENGINES {
        for average in [None, Some(1.0)] {
            let choices = Choices {
                engine: Some(engine),
                average,
                ..dropped(mlp())
            };
            let mut first = train(choices.clone());
            let checkpoint = first.checkpoints.pop().expect("a checkpoint");
            let mut again = Memory::default();
            let without = Setup::new(Choices {
                dropout: None,
                dropout_input: None,
                ..choices
            });
            without
                .resume(checkpoint, &mut again)
                .expect("the device works");
            let of = |run: &Memory| {
                let result = run.result();
                (result.test_loss, result.test_accuracy, result.temperature)
            };
            assert_eq!(of(&again), of(&first), "{engine}");
            assert!(of(&first).2.is_some());
        }
    }
}

/// A mask that is right on average leaves a net that learns.
#[test]
fn a_net_learns_with_dropout() {
    let run = train(Choices {
        engine: Some(Engine::Fused),
        hidden: Some(vec![64]),
        epochs: Some(20),
        ..dropped(mlp())
    });
    let accuracy = run.result().test_accuracy;
    assert!(accuracy >= 0.95, "{accuracy}");
}
