//! The fused engine in a run: the same bits with any number of threads, checkpoints that other engines read, and
//! what it refuses.

use backends::Backend;
use training::{
    Augment, Choices, Engine, OptimizerName, Outcome, ScheduleName, Settings, WarmUp,
    default_threads,
};

use crate::agreement::assert_losses_agree;
use crate::memory::Memory;
use crate::setup::{Setup, linear, mlp, train, xor};

fn fused(choices: Choices) -> Choices {
    Choices {
        engine: Some(Engine::Fused),
        ..choices
    }
}

/// Everything that a step can have, and a validation set to evaluate on.
fn everything(optimizer: OptimizerName) -> Choices {
    Choices {
        optimizer: Some(optimizer),
        schedule: Some(ScheduleName::Cosine),
        warm_up: Some(WarmUp::Epochs(1.0)),
        weight_decay: Some(0.001),
        clip_norm: Some(0.5),
        label_smoothing: Some(0.1),
        augment: Some(Augment::Both),
        dropout: Some(0.3),
        dropout_input: Some(0.1),
        epochs: Some(3),
        ..fused(mlp())
    }
}

#[test]
fn threads_change_no_bit() {
    for choices in [
        everything(OptimizerName::Adam),
        Choices {
            epochs: Some(30),
            log_every: Some(10),
            ..fused(xor())
        },
        Choices {
            epochs: Some(3),
            ridge: Some(0.1),
            augment: Some(Augment::Affine),
            ..fused(linear())
        },
    ] {
        let with = |threads| {
            train(Choices {
                threads: Some(threads),
                ..choices.clone()
            })
        };
        let alone = with(1);
        for threads in [2, 3, 8] {
            let together = with(threads);
            assert_eq!(together.numbers(), alone.numbers(), "{threads}");
            assert!(together.weights == alone.weights, "{threads}");
        }
    }
}

#[test]
fn a_run_continues_with_other_threads_to_the_same_bits() {
    let choices = |threads| Choices {
        threads: Some(threads),
        ..everything(OptimizerName::Momentum)
    };
    let straight = train(choices(1));
    let mut first = Memory::interrupting_after(5);
    let outcome = Setup::new(choices(1)).run(&mut first);
    assert!(matches!(outcome, Ok(Outcome::Interrupted)), "{outcome:?}");
    let checkpoint = first.checkpoints.pop().expect("a checkpoint");
    let started = Settings::resolve(&choices(1)).expect("legal choices");
    let continued = started
        .continued(&choices(3))
        .expect("other threads are allowed");
    assert_eq!(continued.threads, 3);
    let mut rest = Memory::default();
    let outcome = Setup::new(choices(3)).resume(checkpoint, &mut rest);
    assert!(
        matches!(outcome, Ok(Outcome::Finished { .. })),
        "{outcome:?}"
    );
    assert!(rest.weights == straight.weights);
}

/// A state that lost a buffer or its time would take other steps.
#[test]
fn a_checkpoint_serves_every_engine() {
    for &optimizer in OptimizerName::ALL {
        let with = |engine| Choices {
            engine: Some(engine),
            ..everything(optimizer)
        };
        let straight = train(with(Engine::Manual));
        for [from, to] in [
            [Engine::Fused, Engine::Manual],
            [Engine::Manual, Engine::Fused],
        ] {
            let mut first = Memory::interrupting_after(10);
            let outcome = Setup::new(with(from)).run(&mut first);
            assert!(matches!(outcome, Ok(Outcome::Interrupted)), "{outcome:?}");
            let checkpoint = first.checkpoints.pop().expect("a checkpoint");
            let mut rest = Memory::default();
            let outcome = Setup::new(with(to)).resume(checkpoint, &mut rest);
            assert!(
                matches!(outcome, Ok(Outcome::Finished { .. })),
                "{outcome:?}"
            );
            first.events.pop();
            first.events.append(&mut rest.events);
            assert_losses_agree(&first, &straight, 1e-5);
        }
    }
}

/// Between two evaluations nobody looks at the net, which may be many epochs old.
#[test]
fn a_net_that_is_looked_at_rarely_is_the_same() {
    let every = |log_every| {
        train(Choices {
            epochs: Some(60),
            log_every: Some(log_every),
            checkpoint_every: Some(log_every),
            optimizer: Some(OptimizerName::Adam),
            ..fused(xor())
        })
    };
    let [often, rarely] = [1, 60].map(every);
    assert!(often.weights == rarely.weights);
    assert_eq!(often.result().test_loss, rarely.result().test_loss);
}

#[test]
fn gradients_of_the_engine_are_checked_in_a_run() {
    let memory = train(Choices {
        check_gradients: Some(4),
        ..everything(OptimizerName::Momentum)
    });
    let checks = memory.checks();
    assert_eq!(checks.len(), 6);
    assert!(
        checks.iter().all(|check| check.verdict == "pass"),
        "{checks:?}"
    );
    let unchecked = train(everything(OptimizerName::Momentum));
    assert!(
        memory.weights == unchecked.weights,
        "a check changes nothing"
    );
}

#[test]
fn a_diverging_run_keeps_the_last_finite_net() {
    let setup = Setup::new(Choices {
        learning_rate: Some(1e30),
        ..fused(mlp())
    });
    let mut memory = Memory::default();
    let outcome = setup.run(&mut memory).expect("the engine works");
    assert_eq!(outcome, Outcome::NotFinite);
    assert!(memory.weights.iter().all(|weight| weight.is_finite()));
}

#[test]
fn adapters_are_refused_with_a_remedy() {
    let error = Settings::resolve(&Choices {
        backend: Some(Backend::Wgpu),
        ..fused(mlp())
    });
    let error = error.expect_err("no processor").to_string();
    assert!(
        error.starts_with("--engine fused does not apply to wgpu"),
        "{error}"
    );
    assert!(error.contains("; use --backend flex"), "{error}");
}

#[test]
fn a_thread_need_not_have_a_row() {
    let settings = Settings::resolve(&Choices {
        threads: Some(40),
        ..fused(mlp())
    });
    assert_eq!(settings.expect("legal choices").threads, 40);
    let default = Settings::resolve(&fused(mlp())).expect("legal choices");
    assert_eq!(default.threads, default_threads(Some(Backend::Flex), 16));
}
