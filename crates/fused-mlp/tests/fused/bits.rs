//! The number of threads, and what path is taken, change no bit or no more than rounding.

use fused_mlp::{Float, LayerValues, Rule, Step, Trainer};
use layers::{Activation, Dropout};

use crate::common::{Problem, assert_close, masks, outputs};

const ADAM: Rule = Rule::Adam {
    beta_1: 0.9,
    beta_2: 0.999,
    epsilon: 1e-8,
};

/// Everything that steps leave behind, as bits.
fn bits<T: Float>(trainer: &Trainer<T>, losses: &[T]) -> Vec<u64> {
    let layers = (0..trainer.architecture().layers()).map(|layer| trainer.layer(layer).unwrap());
    let layers: Vec<LayerValues<T>> = layers.collect();
    let buffers = trainer.state().buffers;
    let all = layers.iter().chain(buffers.iter().flatten());
    let numbers = all.flat_map(|layer| layer.weights.iter().chain(&layer.biases));
    numbers
        .chain(losses)
        .map(|x| x.to_f64().to_bits())
        .collect()
}

fn same_bits_for_any_number_of_threads<T: Float>() {
    let nets: [(&[usize], usize); 4] = [
        (&[784, 100, 50, 10], 128),
        (&[70, 257, 10], 65),
        (&[33, 31, 34], 1),
        (&[100, 20, 35], 300),
    ];
    for (sizes, batch) in nets {
        for (output, rule) in outputs()
            .into_iter()
            .zip([Rule::Sgd, ADAM].into_iter().cycle())
        {
            for (clip_norm, dropout) in
                [(None, Dropout::NONE), (None, masks()), (Some(0.5), masks())]
            {
                let problem = Problem::new(sizes, Activation::Elu, output, batch);
                let how = Step {
                    learning_rate: 1e-5,
                    clip_norm,
                    dropout,
                };
                let run = |threads| {
                    let mut trainer = problem.trainer::<T>(rule, 0.01, threads);
                    let mut step = || trainer.step(problem.inputs(), problem.targets(), &how);
                    let losses = [step().unwrap(), step().unwrap(), step().unwrap()];
                    assert!(losses[0] != losses[2] && losses[2].to_f64().is_finite());
                    bits(&trainer, &losses)
                };
                let one = run(1);
                for threads in [2, 3, 8] {
                    assert!(
                        run(threads) == one,
                        "{sizes:?}, {output:?}, {threads} threads"
                    );
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits_in_f32() {
    same_bits_for_any_number_of_threads::<f32>();
}

#[test]
fn any_number_of_threads_gives_the_same_bits_in_f64() {
    same_bits_for_any_number_of_threads::<f64>();
}

#[test]
fn plain_loops_and_blocks_agree_to_rounding() {
    for output in outputs() {
        for f in Activation::ALL {
            for rule in [Rule::Sgd, Rule::Momentum { momentum: 0.9 }, ADAM] {
                let problem = Problem::new(&[2, 4, 3, 1], f, output, 4);
                let how = Step {
                    learning_rate: 0.05,
                    clip_norm: Some(2.0),
                    dropout: masks(),
                };
                // A workspace of more rows than a block has takes the path of large nets.
                let run = |rows_at_most| {
                    let net = problem.architecture.clone();
                    let trainer = Trainer::<f64>::new(net, rule, 0.01, rows_at_most, 1);
                    let mut trainer = trainer.unwrap();
                    problem.set(&mut trainer).unwrap();
                    let mut step = || trainer.step(problem.inputs(), problem.targets(), &how);
                    let losses: Vec<_> = (0..20).map(|_| step().unwrap()).collect();
                    (losses, trainer)
                };
                let ((losses, tiny), (of_blocks, blocks)) = (run(4), run(100));
                assert_close("losses", &losses, &of_blocks, 1e-12);
                for layer in 0..3 {
                    let [tiny, blocks] = [&tiny, &blocks].map(|of| of.layer(layer).unwrap());
                    assert_close("weights", &tiny.weights, &blocks.weights, 1e-10);
                    assert_close("biases", &tiny.biases, &blocks.biases, 1e-10);
                }
            }
        }
    }
}

#[test]
fn a_state_that_is_read_and_set_goes_on_with_the_same_bits() {
    for sizes in [&[40, 50, 10][..], &[2, 4, 1]] {
        for rule in [Rule::Sgd, Rule::Momentum { momentum: 0.9 }, ADAM] {
            let problem = Problem::new(sizes, Activation::Relu, outputs()[2], 4);
            let how = Step {
                learning_rate: 0.01,
                clip_norm: None,
                dropout: Dropout::NONE,
            };
            let mut trainer = problem.trainer::<f32>(rule, 0.1, 2);
            let mut other = problem.trainer::<f32>(rule, 0.1, 2);
            trainer
                .step(problem.inputs(), problem.targets(), &how)
                .unwrap();
            assert_eq!(trainer.state().steps, 1);
            other.set_state(&trainer.state()).unwrap();
            for layer in 0..problem.layers.len() {
                let values = trainer.layer(layer).unwrap();
                other
                    .set_layer(layer, &values.weights, &values.biases)
                    .unwrap();
            }
            let losses = [&mut trainer, &mut other]
                .map(|of| of.step(problem.inputs(), problem.targets(), &how).unwrap());
            assert_eq!(bits(&trainer, &losses[..1]), bits(&other, &losses[1..]));
        }
    }
}
