//! Trainers that share a batch: their gradients add up to the batch's, and a step by the sum is the batch's step.

use std::ops::Range;

use fused_mlp::{FusedError, Inputs, Output, OutputUnit, Ridge, Rule, Step, Targets, Trainer};
use layers::{Activation, Dropout};

use crate::common::Problem;

const SOFTMAX: Output = Output::SoftmaxCrossEntropy { smoothing: 0.1 };
const SQUARED: Output = Output::HalfSquaredError {
    unit: OutputUnit::Linear,
    ridge: Some(Ridge {
        gamma: 0.3,
        training_rows: Some(70),
    }),
};

fn how(clip_norm: Option<f64>, dropout: Dropout) -> Step {
    Step {
        learning_rate: 0.1,
        clip_norm,
        dropout,
    }
}

const BLOCK: usize = Trainer::<f64>::BLOCK;

/// Makes the gradients of every trainer the sums of all.
fn add_up(team: &mut [Trainer<f64>]) {
    let read = |trainer: &mut Trainer<f64>| {
        let lists = trainer.gradient_lists().flatten();
        lists.flat_map(|list| list.to_vec()).collect::<Vec<_>>()
    };
    let all: Vec<Vec<f64>> = team.iter_mut().map(read).collect();
    for trainer in team {
        let numbers = trainer.gradient_lists().flatten().flatten();
        for (i, number) in numbers.enumerate() {
            *number = all.iter().map(|list| list[i]).sum();
        }
    }
}

/// Gives every trainer the others' parts of lists of blocks, layer by layer.
fn share_out(
    team: &mut [Trainer<f64>],
    parts: &[Vec<Range<usize>>],
    lists: impl Fn(&mut Trainer<f64>) -> Vec<&mut [f64]>,
) {
    for owner in 0..team.len() {
        let owned: Vec<Vec<f64>> = lists(&mut team[owner]).iter().map(|l| l.to_vec()).collect();
        for trainer in &mut *team {
            for (number, list) in lists(trainer).into_iter().enumerate() {
                let part = &parts[owner][number % parts[owner].len()];
                let part = BLOCK * part.start..BLOCK * part.end;
                list[part.clone()].copy_from_slice(&owned[number][part]);
            }
        }
    }
}

/// Three trainers take steps together, each with its rows and its part of the weights, and one takes them alone.
fn compare(problem: &Problem, rule: Rule, clip_norm: Option<f64>, dropout: Dropout) {
    let mut alone = problem.trainer::<f64>(rule, 1e-3, 1);
    let mut team: Vec<Trainer<f64>> = (0..3).map(|_| problem.trainer(rule, 1e-3, 1)).collect();
    let rows = problem.rows.len();
    let cuts = [0, rows / 4, rows / 2, rows];
    let blocks: Vec<usize> = team[0].weight_lists().map(|w| w.len() / BLOCK).collect();
    let parts = [0, 1, 2].map(|number| {
        let part = |&blocks: &usize| blocks * number / 3..blocks * (number + 1) / 3;
        blocks.iter().map(part).collect::<Vec<_>>()
    });
    for step in 0..4 {
        let dropout = dropout.at_step(step);
        let how = how(clip_norm, dropout);
        let expected = alone.step(problem.inputs(), problem.targets(), &how);
        let mut loss = 0.0;
        for (trainer, cut) in team.iter_mut().zip(cuts.windows(2)) {
            let part = &problem.rows[cut[0]..cut[1]];
            let inputs = Inputs::Bytes {
                images: &problem.bytes,
                rows: part,
            };
            let targets = Targets::Labels {
                labels: &problem.labels,
                rows: part,
            };
            let masks = dropout.from_row(cut[0]);
            let share = trainer.gradients_of_share(inputs, targets, masks, rows);
            loss += share.unwrap();
        }
        assert!((loss - expected.unwrap()).abs() < 1e-12 * loss.abs());
        add_up(&mut team);
        let of_parts = team.iter_mut().zip(&parts);
        let norms: Vec<Vec<[f64; 2]>> = of_parts
            .map(|(trainer, parts)| trainer.norms_of_parts(parts).unwrap())
            .collect();
        let of_weights = norms.iter().flatten().map(|[of_weights, _]| *of_weights);
        let of_biases = norms[0].iter().map(|[_, of_biases]| *of_biases);
        let norm = of_weights.chain(of_biases).fold(0.0, f64::hypot);
        for (trainer, parts) in team.iter_mut().zip(&parts) {
            trainer.step_on_parts(parts, &how, Some(norm)).unwrap();
        }
        share_out(&mut team, &parts, |trainer| {
            trainer.weight_lists().collect()
        });
    }
    share_out(&mut team, &parts, |trainer| {
        trainer.buffer_lists().collect()
    });
    let [mut expected, mut got] = [vec![], vec![]];
    alone.append_values(&mut expected);
    team[0].append_values(&mut got);
    let scale = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let apart = expected.iter().zip(&got).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f64::max) < 1e-12 * scale, "{rule:?}");
    for other in &team[1..] {
        let mut same = vec![];
        other.append_values(&mut same);
        assert_eq!(same, got);
        assert_eq!(other.state(), team[0].state());
    }
}

#[test]
fn trainers_that_share_a_batch_take_its_step() {
    let momentum = Rule::Momentum { momentum: 0.9 };
    let adam = Rule::Adam {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    };
    let masks = Dropout::new(0.5, 0.2, 3).unwrap();
    let large = Problem::new(&[50, 40, 7], Activation::Tanh, SOFTMAX, 37);
    let ridge = Problem::new(&[50, 7], Activation::Relu, SQUARED, 37);
    let tiny = Problem::new(&[2, 4, 2], Activation::Sigmoid, SOFTMAX, 9);
    for rule in [Rule::Sgd, momentum, adam] {
        compare(&large, rule, None, Dropout::NONE);
        compare(&large, rule, Some(0.01), masks);
        compare(&ridge, rule, None, Dropout::NONE);
        compare(&tiny, rule, None, masks);
    }
}

#[test]
fn values_move_to_a_trainer_of_the_same_net_only() {
    let rule = Rule::Momentum { momentum: 0.9 };
    let problem = Problem::new(&[50, 40, 7], Activation::Tanh, SOFTMAX, 37);
    let step = how(None, Dropout::NONE);
    let mut from = problem.trainer::<f32>(rule, 0.0, 1);
    from.step(problem.inputs(), problem.targets(), &step)
        .unwrap();
    let mut values = vec![];
    from.append_values(&mut values);
    let mut to = problem.trainer::<f32>(rule, 0.0, 1);
    to.set_values(&values).unwrap();
    assert_eq!(to.layer(1).unwrap(), from.layer(1).unwrap());
    assert_eq!(to.state().buffers, from.state().buffers);
    let mut other = problem.trainer::<f32>(Rule::Sgd, 0.0, 1);
    for misfit in [other.set_values(&values), to.set_values(&values[1..])] {
        assert!(matches!(misfit, Err(FusedError::NotOfThisNet { .. })));
    }
    for parts in [&[0..4, 0..2, 0..1][..], &[0..4, 0..3], &[0..5, 0..2]] {
        for misfit in [
            to.step_on_parts(parts, &step, None),
            to.norms_of_parts(parts).map(|_| ()),
        ] {
            assert!(matches!(misfit, Err(FusedError::NoSuchBlocks { .. })));
        }
    }
    assert_eq!(to.layer(1).unwrap(), from.layer(1).unwrap());
}
