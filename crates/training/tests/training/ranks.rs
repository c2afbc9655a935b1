//! Several processes that share every batch; here they are threads.

use std::sync::Arc;
use std::thread;

use training::{Choices, Engine, OptimizerName, Outcome, Ranks, TrainingError};

use crate::memory::Memory;
use crate::setup::{ENGINES, Setup, linear, mlp, processors, xor};
use crate::threads_as_ranks::Thread;

type Ended = (Result<Outcome, TrainingError>, Memory);

/// Trains on several ranks, each with choices and a memory of its own.
fn run(ranks: Vec<(Choices, Memory)>) -> Vec<Ended> {
    let teams = Thread::team(ranks.len()).into_iter();
    let run = |(ranks, (choices, mut memory)): (Arc<dyn Ranks>, (Choices, Memory))| {
        let outcome = Setup::new(choices).run_among(ranks, &mut memory);
        (outcome, memory)
    };
    thread::scope(|scope| {
        let runs = teams.zip(ranks);
        let runs: Vec<_> = runs.map(|rank| scope.spawn(|| run(rank))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    })
}

/// Trains on ranks with the same choices, to the last epoch; all have the same results.
fn train(count: usize, choices: &Choices) -> Memory {
    let ranks = (0..count).map(|_| (choices.clone(), Memory::default()));
    let mut memories = run(ranks.collect()).into_iter().map(|(outcome, memory)| {
        assert!(
            matches!(outcome, Ok(Outcome::Finished { .. })),
            "{outcome:?}"
        );
        memory
    });
    let first = memories.next().unwrap();
    for other in memories {
        assert_eq!(other.weights, first.weights);
        assert_eq!(other.result().test_loss, first.result().test_loss);
    }
    first
}

/// A net with so many weights that each rank of the fused engine updates only its part of them.
fn wide() -> Choices {
    Choices {
        hidden: Some(vec![150, 100]),
        ..mlp()
    }
}

fn losses(memory: &Memory) -> Vec<[Option<f64>; 2]> {
    let epochs = memory.epochs().into_iter();
    epochs
        .map(|epoch| [Some(epoch.train_loss), epoch.val_loss])
        .collect()
}

/// The order of addition is that of the shards.
#[test]
fn ranks_of_one_thread_are_threads_of_one_process() {
    for backend in processors() {
        for engine in [Engine::Autodiff, Engine::Manual] {
            for choices in [mlp(), xor(), linear()] {
                let choices = Choices {
                    backend: Some(backend),
                    engine: Some(engine),
                    epochs: Some(2),
                    clip_norm: Some(0.5),
                    ..choices
                };
                for count in [2, 3] {
                    let one_process = Choices {
                        threads: Some(count),
                        ..choices.clone()
                    };
                    let one_process = Setup::new(one_process).train();
                    let ranks = train(
                        count,
                        &Choices {
                            threads: Some(1),
                            ..choices.clone()
                        },
                    );
                    assert_eq!(
                        ranks.weights, one_process.weights,
                        "{backend} {engine} {count}"
                    );
                    assert_eq!(losses(&ranks), losses(&one_process));
                }
            }
        }
    }
}

/// Masks and distortions are those of the rows, whichever rank has them.
#[test]
fn the_fused_engine_is_shared_as_well() {
    for choices in [mlp(), wide(), xor(), linear()] {
        for (optimizer, clip_norm) in [
            (OptimizerName::Sgd, None),
            (OptimizerName::Sgd, Some(0.05)),
            (OptimizerName::Adam, None),
        ] {
            let choices = Choices {
                engine: Some(Engine::Fused),
                optimizer: Some(optimizer),
                clip_norm,
                epochs: Some(2),
                ..choices.clone()
            };
            let alone = Setup::new(choices.clone()).train();
            // More than the last layer has blocks, and of unequal parts.
            let has_rows = |count: &usize| choices.model != xor().model || *count <= 4;
            for count in [2, 3, 7].into_iter().filter(has_rows) {
                let ranks = train(count, &choices);
                for (shared, alone) in ranks.epochs().into_iter().zip(alone.epochs()) {
                    let norms = shared.gradient_norms.iter().zip(&alone.gradient_norms);
                    assert_eq!(norms.len(), alone.gradient_norms.len());
                    for (&shared, &alone) in norms {
                        assert!((shared / alone - 1.0).abs() < 1e-3, "{shared} {alone}");
                    }
                }
                let pairs = ranks.weights.iter().zip(&alone.weights);
                for (&shared, &alone) in pairs {
                    assert!(
                        (shared - alone).abs() < 2e-4,
                        "{optimizer}: {shared} {alone}"
                    );
                }
            }
        }
    }
}

#[test]
fn masks_and_distortions_are_those_of_the_rows() {
    for &engine in ENGINES {
        let choices = Choices {
            engine: Some(engine),
            epochs: Some(1),
            dropout: Some(0.3),
            augment: Some(training::Augment::Both),
            optimizer: Some(OptimizerName::Sgd),
            threads: Some(1),
            ..mlp()
        };
        let alone = Setup::new(choices.clone()).train();
        let ranks = train(3, &choices);
        for (&shared, &alone) in ranks.weights.iter().zip(&alone.weights) {
            assert!((shared - alone).abs() < 2e-5, "{engine}: {shared} {alone}");
        }
    }
}

/// The last batch of an epoch may have fewer rows than there are ranks.
#[test]
fn a_rank_may_have_no_row_of_a_batch() {
    for &engine in ENGINES {
        let choices = Choices {
            engine: Some(engine),
            epochs: Some(1),
            batch_size: Some(7),
            threads: Some(1),
            validation_fraction: None,
            ..mlp()
        };
        // 120 = 17·7 + 1.
        let alone = Setup::new(choices.clone()).train();
        let ranks = train(4, &choices);
        for (&shared, &alone) in ranks.weights.iter().zip(&alone.weights) {
            assert!((shared - alone).abs() < 2e-5, "{engine}: {shared} {alone}");
        }
    }
}

/// Any rank may ask for it; all stop after the same step, and the run goes on with another number of ranks.
#[test]
fn ranks_stop_together_and_fewer_go_on() {
    stop_and_go_on(Choices {
        engine: Some(Engine::Manual),
        ..mlp()
    });
}

/// Each rank has the optimizer's buffers of its part alone, until they meet for a checkpoint.
#[test]
fn a_checkpoint_has_all_ranks_buffers() {
    for optimizer in [OptimizerName::Momentum, OptimizerName::Adam] {
        stop_and_go_on(Choices {
            engine: Some(Engine::Fused),
            optimizer: Some(optimizer),
            learning_rate: Some(0.001),
            ..wide()
        });
    }
}

fn stop_and_go_on(choices: Choices) {
    let choices = Choices {
        epochs: Some(4),
        ..choices
    };
    let whole = train(4, &choices);
    let memories = (0..4).map(|rank| match rank {
        2 => Memory::interrupting_after(10),
        _ => Memory::default(),
    });
    let ranks = memories.map(|memory| (choices.clone(), memory)).collect();
    let ended = run(ranks);
    let checkpoints = ended.iter().map(|(outcome, memory)| {
        assert!(matches!(outcome, Ok(Outcome::Interrupted)), "{outcome:?}");
        memory.checkpoints.last().unwrap()
    });
    let checkpoints: Vec<_> = checkpoints.collect();
    let steps: Vec<_> = checkpoints
        .iter()
        .map(|(progress, _)| progress.step)
        .collect();
    assert!(steps.iter().all(|&step| step == steps[0]), "{steps:?}");
    assert!((10..12).contains(&steps[0]), "{steps:?}");

    let mut resumed = Memory::default();
    let setup = Setup::new(Choices {
        threads: Some(1),
        ..choices
    });
    setup.resume(checkpoints[0].clone(), &mut resumed).unwrap();
    for (&resumed, &whole) in resumed.weights.iter().zip(&whole.weights) {
        assert!((resumed - whole).abs() < 2e-5, "{resumed} {whole}");
    }
}

#[test]
fn ranks_that_would_train_other_runs_are_refused() {
    let other = [
        (
            Choices {
                seed: Some(7),
                ..mlp()
            },
            "--seed",
        ),
        // Rank 0 has none.
        (
            Choices {
                average: Some(2.0),
                ..mlp()
            },
            "--average",
        ),
        // The learning rate follows from it.
        (
            Choices {
                optimizer: Some(OptimizerName::Adam),
                ..mlp()
            },
            "--optimizer, --learning-rate",
        ),
    ];
    for (choices, what) in other {
        let ranks = [mlp(), mlp(), choices];
        let ended = run(ranks.map(|choices| (choices, Memory::default())).into());
        for (outcome, memory) in ended {
            let error = outcome.expect_err("another run").to_string();
            let expected = format!("rank 2 has other options ({what}) than rank 0");
            assert!(error.starts_with(&expected), "{error}");
            assert!(memory.events.is_empty() && memory.weights.is_empty());
        }
    }
    let threads = Choices {
        threads: Some(3),
        ..mlp()
    };
    let ranks = [mlp(), threads].map(|choices| (choices, Memory::default()));
    let ended = run(ranks.into());
    assert!(ended.iter().all(|(outcome, _)| outcome.is_ok()));
}

#[test]
fn every_rank_needs_a_row() {
    let ranks = (0..5).map(|_| (xor(), Memory::default()));
    for (outcome, _) in run(ranks.collect()) {
        let error = outcome.expect_err("four rows").to_string();
        let refused = error.contains("5 ranks cannot share batches of 4 rows");
        assert!(refused, "{error}");
    }
}

/// With a step in between, the mean of two nets is a step by the mean of their gradients: of plain descent, to rounding.
#[test]
fn nets_that_are_averaged_after_each_step_of_descent_take_the_batch_s_step() {
    for &engine in ENGINES {
        let choices = Choices {
            engine: Some(engine),
            optimizer: Some(OptimizerName::Sgd),
            epochs: Some(2),
            threads: Some(1),
            ..mlp()
        };
        let together = train(2, &choices);
        let apart = Choices {
            average_every: Some(1),
            ..choices
        };
        let apart = train(2, &apart);
        for (&apart, &together) in apart.weights.iter().zip(&together.weights) {
            assert!(
                (apart - together).abs() < 2e-5,
                "{engine}: {apart} {together}"
            );
        }
        for (apart, together) in losses(&apart).into_iter().zip(losses(&together)) {
            let apart_by = (apart[0].unwrap() - together[0].unwrap()).abs();
            assert!(apart_by < 1e-5, "{apart:?} {together:?}");
        }
    }
}

/// Optimizers with a state have the mean of it too, with every engine.
#[test]
fn nets_that_go_apart_for_some_steps_learn() {
    for &engine in ENGINES {
        for optimizer in [OptimizerName::Momentum, OptimizerName::Adam] {
            let choices = Choices {
                engine: Some(engine),
                optimizer: Some(optimizer),
                average_every: Some(3),
                epochs: Some(12),
                threads: Some(1),
                ..mlp()
            };
            let memory = train(3, &choices);
            let accuracy = memory.result().test_accuracy;
            assert!(accuracy > 0.9, "{engine} {optimizer}: {accuracy}");
        }
    }
}

/// They stop where they meet, and go on from there to the same numbers.
#[test]
fn ranks_that_went_apart_stop_where_they_meet() {
    let choices = Choices {
        engine: Some(Engine::Fused),
        average_every: Some(4),
        batch_size: Some(8),
        epochs: Some(3),
        threads: Some(1),
        ..mlp()
    };
    let whole = train(2, &choices);
    let ranks = vec![
        (choices.clone(), Memory::interrupting_after(5)),
        (choices.clone(), Memory::default()),
    ];
    let checkpoints = run(ranks).into_iter().map(|(outcome, memory)| {
        assert!(matches!(outcome, Ok(Outcome::Interrupted)), "{outcome:?}");
        memory.checkpoints.last().unwrap().clone()
    });
    let checkpoints: Vec<_> = checkpoints.collect();
    let steps = checkpoints.iter().map(|(progress, _)| progress.step);
    assert_eq!(steps.collect::<Vec<_>>(), [8, 8]);
    let resumed = thread::scope(|scope| {
        let teams = Thread::team(2).into_iter().zip(checkpoints);
        let runs = teams.map(|(ranks, checkpoint)| {
            let choices = choices.clone();
            scope.spawn(move || {
                let mut memory = Memory::default();
                let setup = Setup::new(choices);
                setup
                    .resume_among(ranks, checkpoint, &mut memory)
                    .map(|_| memory)
            })
        });
        let runs: Vec<_> = runs.collect();
        let memories = runs.into_iter().map(|run| run.join().unwrap().unwrap());
        memories.collect::<Vec<_>>()
    });
    assert_eq!(resumed[0].weights, whole.weights);
    assert_eq!(resumed[0].result().test_loss, whole.result().test_loss);
}

#[test]
fn a_loss_of_one_rank_that_is_not_finite_ends_the_run_of_all() {
    for average_every in [None, Some(3)] {
        let choices = Choices {
            engine: Some(Engine::Fused),
            optimizer: Some(OptimizerName::Sgd),
            learning_rate: Some(1e30),
            average_every,
            ..mlp()
        };
        let ranks = (0..3).map(|_| (choices.clone(), Memory::default()));
        for (outcome, _) in run(ranks.collect()) {
            assert!(matches!(outcome, Ok(Outcome::NotFinite)), "{outcome:?}");
        }
    }
}

#[test]
fn a_process_alone_averages_with_nobody() {
    let choices = Choices {
        average_every: Some(5),
        ..mlp()
    };
    let alone = Setup::new(choices.clone()).run(&mut Memory::default());
    assert!(matches!(alone, Err(TrainingError::Alone)), "{alone:?}");
    for refused in [
        Choices {
            average: Some(1.0),
            ..choices.clone()
        },
        Choices {
            average_every: Some(5),
            ..xor()
        },
        Choices {
            average_every: Some(5),
            ..linear()
        },
        Choices {
            average_every: Some(0),
            ..mlp()
        },
    ] {
        let error = training::Settings::resolve(&refused).expect_err("refused");
        assert!(error.to_string().contains("--average-every"), "{error}");
    }
}
