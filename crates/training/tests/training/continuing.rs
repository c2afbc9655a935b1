//! Runs that were interrupted and continue to the same bits.

use training::{
    Augment, Choices, Engine, OptimizerName, Outcome, ScheduleName, TrainingError, WarmUp,
};

use crate::memory::Memory;
use crate::setup::{Setup, linear, mlp, processors, train, xor};

/// Every choice that has a state between steps.
fn everything() -> Choices {
    Choices {
        schedule: Some(ScheduleName::Cosine),
        warm_up: Some(WarmUp::Epochs(1.0)),
        clip_norm: Some(0.5),
        label_smoothing: Some(0.1),
        augment: Some(Augment::Both),
        average: Some(1.0),
        dropout: Some(0.3),
        dropout_input: Some(0.1),
        ..mlp()
    }
}

/// Interrupts a run after some steps of every process, continues it from its last checkpoint, and
/// compares it with an uninterrupted run.
fn assert_continues(choices: &Choices, steps: usize) {
    let straight = train(choices.clone());
    let setup = Setup::new(choices.clone());
    let mut all = Memory::default();
    let (mut outcome, mut part) = (Outcome::Interrupted, Memory::default());
    let mut interrupts = 0;
    while outcome == Outcome::Interrupted {
        let from = part.checkpoints.pop();
        part = Memory::interrupting_after(steps);
        outcome = match from {
            None => setup.run(&mut part),
            Some(checkpoint) => setup.resume(checkpoint, &mut part),
        }
        .expect("the device works");
        if outcome == Outcome::Interrupted {
            part.events.pop();
            interrupts += 1;
        }
        all.events.append(&mut part.events);
    }
    assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
    assert!(interrupts > 1, "{choices:?}");
    assert_eq!(all.numbers(), straight.numbers(), "{choices:?}");
    assert!(part.weights == straight.weights, "{choices:?}");
}

#[test]
fn an_interrupted_run_continues_to_the_same_bits() {
    for backend in processors() {
        for &engine in Engine::ALL {
            for &optimizer in OptimizerName::ALL {
                let choices = Choices {
                    backend: Some(backend),
                    engine: Some(engine),
                    optimizer: Some(optimizer),
                    weight_decay: Some(0.001),
                    epochs: Some(4),
                    ..everything()
                };
                // Within an epoch of 7 steps, and at the end of each.
                for steps in [5, 7] {
                    assert_continues(&choices, steps);
                }
            }
        }
    }
}

#[test]
fn every_model_continues_to_the_same_bits() {
    let early = Choices {
        early_stop: Some(4),
        epochs: Some(8),
        ..mlp()
    };
    let rarely = Choices {
        epochs: Some(60),
        log_every: Some(7),
        checkpoint_every: Some(100),
        dropout: Some(0.25),
        ..xor()
    };
    let linear = Choices {
        epochs: Some(6),
        ridge: Some(0.1),
        ..linear()
    };
    for choices in [early, rarely, linear] {
        assert_continues(&choices, 11);
    }
}

#[test]
fn a_finished_run_continues_with_more_epochs() {
    let choices = |epochs| Choices {
        optimizer: Some(OptimizerName::Adam),
        epochs: Some(epochs),
        ..mlp()
    };
    let mut first = train(choices(2));
    let checkpoint = first.checkpoints.pop().expect("a checkpoint");
    let longer = Setup::new(choices(5));
    let mut rest = Memory::default();
    let outcome = longer.resume(checkpoint, &mut rest);
    assert!(matches!(outcome, Ok(Outcome::Finished { .. })));
    first.events.pop();
    first.events.append(&mut rest.events);
    let straight = train(choices(5));
    assert_eq!(first.numbers(), straight.numbers());
    assert!(rest.weights == straight.weights);
}

#[test]
fn records_of_another_net_are_refused() {
    let mut memory = train(Choices {
        epochs: Some(1),
        ..mlp()
    });
    let (progress, records) = memory.checkpoints.pop().expect("a checkpoint");
    let mut spoiled = records.clone();
    spoiled.model.truncate(records.model.len() / 2);
    let other = Setup::new(Choices {
        hidden: Some(vec![12, 9]),
        ..mlp()
    });
    let same = Setup::new(mlp());
    for (setup, records) in [(other, records), (same, spoiled)] {
        let error = setup.resume((progress.clone(), records), &mut Memory::default());
        assert!(matches!(error, Err(TrainingError::Misfit(_))), "{error:?}");
    }
}

/// The weights of the checkpoint are evaluated, not those that the settings would draw.
#[test]
fn a_finished_run_is_evaluated_again_from_its_checkpoint() {
    let choices = |seed| Choices {
        epochs: Some(5),
        seed: Some(seed),
        ..mlp()
    };
    let mut first = train(choices(1));
    let checkpoint = first.checkpoints.pop().expect("a checkpoint");
    let mut again = Memory::default();
    let outcome = Setup::new(choices(2)).resume(checkpoint, &mut again);
    assert!(matches!(outcome, Ok(Outcome::Finished { .. })));
    assert_eq!(again.events.len(), 1);
    assert_eq!(again.result().test_loss, first.result().test_loss);
}
