//! Trainers that share a batch: their gradients add up to the batch's, and a step by the sum is the batch's step.

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

/// Three trainers take steps together, each with its rows, and one takes them alone.
fn compare(problem: &Problem, rule: Rule, clip_norm: Option<f64>, dropout: Dropout) {
    let mut alone = problem.trainer::<f64>(rule, 1e-3, 1);
    let mut team: Vec<Trainer<f64>> = (0..3).map(|_| problem.trainer(rule, 1e-3, 1)).collect();
    let rows = problem.rows.len();
    let cuts = [0, rows / 4, rows / 2, rows];
    for step in 0..4 {
        let dropout = dropout.at_step(step);
        let how = how(clip_norm, dropout);
        let expected = alone.step(problem.inputs(), problem.targets(), &how);
        let (mut sum, mut loss) = (vec![], 0.0);
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
            let factor = match problem.architecture.output {
                Output::SoftmaxCrossEntropy { .. } => part.len() as f64 / rows as f64,
                Output::HalfSquaredError { .. } => 1.0,
            };
            let of_part = trainer.gradients(inputs, targets, dropout.from_row(cut[0]));
            loss += factor * of_part.unwrap();
            let mut gradients = vec![];
            trainer.append_gradients(factor, &mut gradients);
            sum.resize(gradients.len(), 0.0);
            sum.iter_mut().zip(gradients).for_each(|(sum, g)| *sum += g);
        }
        assert!((loss - expected.unwrap()).abs() < 1e-12 * loss.abs());
        for trainer in &mut team {
            trainer.step_by(&sum, &how).unwrap();
        }
    }
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
    for misfit in [
        other.set_values(&values),
        to.set_values(&values[1..]),
        to.step_by(&values, &step),
    ] {
        assert!(matches!(misfit, Err(FusedError::NotOfThisNet { .. })));
    }
    assert_eq!(to.layer(1).unwrap(), from.layer(1).unwrap());
}
