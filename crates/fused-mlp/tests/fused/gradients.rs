//! Loss and gradients compared with `manual-backprop`.

use burn::tensor::DType;
use fused_mlp::{Inputs, Rule, Step, Targets};
use layers::{Activation, Dropout};

use crate::common::{Problem, SIZES, assert_close, masks, outputs, tensor, values};

#[test]
fn equal_those_of_manual_backprop_for_every_size_activation_and_output() {
    for (sizes, batch) in SIZES {
        for (first, f) in Activation::ALL.into_iter().enumerate() {
            for output in outputs() {
                let mut problem = Problem::new(sizes, f, output, batch);
                // Each layer has another one.
                let others = Activation::ALL.iter().cycle().skip(first);
                problem.architecture.hidden = others.take(sizes.len() - 2).copied().collect();
                for dropout in [Dropout::NONE, masks()] {
                    let what = format!("{sizes:?}, {batch} rows, {f}, {output:?}, {dropout:?}");
                    let (x, y) = (problem.x(DType::F64), problem.y(DType::F64));
                    let tensors = problem.tensors(DType::F64);
                    let (loss, gradients) = problem.by_manual_backprop(&tensors, x, y, dropout);
                    let mut trainer = problem.trainer::<f64>(Rule::Sgd, 0.0, 2);
                    let got = trainer.gradients(problem.inputs(), problem.targets(), dropout);
                    assert_close(&what, &[got.unwrap()], &[loss], 1e-13);
                    for (layer, (grad_w, grad_b)) in gradients.into_iter().enumerate() {
                        let got = trainer.gradient(layer).unwrap();
                        let what = format!("{what}, layer {layer}");
                        assert_close(&what, &got.weights, &values(grad_w), 1e-12);
                        assert_close(&what, &got.biases, &values(grad_b), 1e-12);
                        let norm = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>().sqrt();
                        let expected = [norm(&got.weights), norm(&got.biases)];
                        let norms = trainer.gradient_norms();
                        assert_close(&what, &norms[2 * layer..][..2], &expected, 1e-12);
                    }
                }
            }
        }
    }
}

#[test]
fn a_step_with_rate_one_subtracts_the_gradient() {
    for (sizes, batch) in SIZES {
        for output in outputs() {
            let problem = Problem::new(sizes, Activation::Tanh, output, batch);
            for rule in [Rule::Sgd, Rule::Momentum { momentum: 0.9 }] {
                let mut trainer = problem.trainer::<f64>(rule, 0.0, 2);
                let loss = trainer.gradients(problem.inputs(), problem.targets(), masks());
                let how = Step {
                    learning_rate: 1.0,
                    clip_norm: None,
                    dropout: masks(),
                };
                let of_step = trainer.step(problem.inputs(), problem.targets(), &how);
                assert_eq!(loss.unwrap(), of_step.unwrap());
                for (number, before) in problem.layers.iter().enumerate() {
                    let gradient = trainer.gradient(number).unwrap();
                    let after = trainer.layer(number).unwrap();
                    let pairs = before.weights.iter().zip(&gradient.weights);
                    let expected: Vec<_> = pairs.map(|(w, g)| w - g).collect();
                    assert_eq!(after.weights, expected, "{sizes:?}, {output:?}, {rule:?}");
                    let pairs = before.biases.iter().zip(&gradient.biases);
                    let expected: Vec<_> = pairs.map(|(b, g)| b - g).collect();
                    assert_eq!(after.biases, expected, "{sizes:?}, {output:?}, {rule:?}");
                }
            }
        }
    }
}

#[test]
fn every_path_of_the_data_gives_the_same_bits() {
    let (sizes, batch) = (&[70, 20, 10], 37);
    for output in outputs() {
        let problem = Problem::new(sizes, Activation::Elu, output, batch);
        let floats: Vec<f32> = problem
            .bytes
            .iter()
            .map(|&p| f32::from(p) / 255.0)
            .collect();
        let one_hot = |&label: &u8| (0..10).map(move |k| if k == label { 1.0 } else { 0.0 });
        let one_hot: Vec<f32> = problem.labels.iter().flat_map(one_hot).collect();
        let rows = &problem.rows[..];
        let inputs = [
            problem.inputs(),
            Inputs::Floats {
                values: &floats,
                rows,
            },
        ];
        let targets = [
            problem.targets(),
            Targets::Values {
                values: &one_hot,
                rows,
            },
        ];
        let mut trainer = problem.trainer::<f32>(Rule::Sgd, 0.0, 1);
        let mut run = |inputs, targets| {
            let loss = trainer.gradients(inputs, targets, Dropout::NONE).unwrap();
            (
                loss,
                trainer.gradient(0).unwrap(),
                trainer.gradient(1).unwrap(),
            )
        };
        let expected = run(inputs[0], targets[0]);
        assert_eq!(run(inputs[1], targets[0]), expected);
        assert_eq!(run(inputs[0], targets[1]), expected);
    }
}

#[test]
fn soft_targets_and_a_shorter_batch_after_a_longer_one() {
    let sizes = &[50, 40, 6];
    for output in outputs() {
        let problem = Problem::new(sizes, Activation::Sigmoid, output, 77);
        let mut trainer = problem.trainer::<f64>(Rule::Sgd, 0.0, 2);
        trainer
            .gradients(problem.inputs(), problem.targets(), Dropout::NONE)
            .unwrap();
        let rows = &problem.rows[5..24];
        let inputs = Inputs::Bytes {
            images: &problem.bytes,
            rows,
        };
        let targets = Targets::Values {
            values: &problem.values,
            rows,
        };
        let got = trainer.gradients(inputs, targets, masks()).unwrap();
        let x = problem.x(DType::F64).narrow(0, 5, 19);
        let row = |&row: &u32| problem.values[6 * row as usize..][..6].to_vec();
        let y = tensor(rows.iter().flat_map(row).collect(), [19, 6], DType::F64);
        let tensors = problem.tensors(DType::F64);
        let (loss, gradients) = problem.by_manual_backprop(&tensors, x, y, masks());
        assert_close("loss", &[got], &[loss], 1e-13);
        for (layer, (grad_w, grad_b)) in gradients.into_iter().enumerate() {
            let got = trainer.gradient(layer).unwrap();
            assert_close("weights", &got.weights, &values(grad_w), 1e-12);
            assert_close("biases", &got.biases, &values(grad_b), 1e-12);
        }
    }
}

#[test]
fn a_shard_has_the_masks_of_its_rows() {
    let problem = Problem::new(&[50, 40, 6], Activation::Tanh, outputs()[2], 77);
    let mut trainer = problem.trainer::<f64>(Rule::Sgd, 0.0, 1);
    let mut sum_of = |ends: &[usize]| {
        let mut sum = vec![0.0; 50 * 40];
        for part in ends.windows(2) {
            let rows = &problem.rows[part[0]..part[1]];
            let inputs = Inputs::Bytes {
                images: &problem.bytes,
                rows,
            };
            let targets = Targets::Labels {
                labels: &problem.labels,
                rows,
            };
            let masks = masks().from_row(part[0]);
            trainer.gradients(inputs, targets, masks).unwrap();
            let gradient = trainer.gradient(0).unwrap().weights;
            sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
        }
        sum
    };
    let (whole, of_shards) = (sum_of(&[0, 77]), sum_of(&[0, 30, 77]));
    assert_close("the sum of the shards", &of_shards, &whole, 1e-12);
}
