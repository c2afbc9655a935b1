//! Nothing is allocated after the first step.

use std::alloc::System;

use fused_mlp::{Architecture, Inputs, Output, Rule, Step, Targets, Trainer};
use layers::{Activation, Dropout};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn nothing_is_allocated_after_the_first_step() {
    let images = [7; 784 * 40];
    let labels = [3; 40];
    let rows: Vec<u32> = (0..40).rev().collect();
    let adam = Rule::Adam {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    };
    for sizes in [vec![784, 100, 50, 10], vec![4, 4, 4]] {
        for clip_norm in [None, Some(0.1)] {
            for threads in [1, 2] {
                let architecture = Architecture {
                    sizes: sizes.clone(),
                    hidden: vec![Activation::Tanh; sizes.len() - 2],
                    output: Output::SoftmaxCrossEntropy { smoothing: 0.1 },
                };
                let mut trainer =
                    Trainer::<f32>::new(architecture, adam, 0.1, 40, threads).unwrap();
                // The training loop runs on a thread of the pool, as it should.
                let pool = trainer.pool();
                let dropout = Dropout::new(0.3, 0.2, 1).expect("probabilities");
                let mut step = |rows: &[u32]| {
                    let how = Step {
                        learning_rate: 0.1,
                        clip_norm,
                        dropout,
                    };
                    let inputs = Inputs::Bytes {
                        images: &images,
                        rows,
                    };
                    let targets = Targets::Labels {
                        labels: &labels,
                        rows,
                    };
                    trainer.step(inputs, targets, &how).unwrap()
                };
                let (first, least) = pool.install(|| {
                    let region = Region::new(ALLOCATOR);
                    step(&rows);
                    let first = region.change().allocations;
                    // Idle threads take memory once, when they first look for work. A step that took
                    // memory would show in every round.
                    let rounds = (0..20).map(|_| {
                        let region = Region::new(ALLOCATOR);
                        for _ in 0..10 {
                            step(&rows);
                            step(&rows[..7]);
                        }
                        let change = region.change();
                        change.allocations + change.reallocations
                    });
                    (first, rounds.min())
                });
                let what = format!("{sizes:?}, clip {clip_norm:?}, {threads} threads");
                assert_eq!(least, Some(0), "{what}");
                // The counter counts: gradients that are kept take memory in the first step.
                assert!(clip_norm.is_none() || first > 0, "{what}");
            }
        }
    }
}
