//! Gradients of nets of random sizes compared with `manual-backprop`.

use burn::tensor::DType;
use fused_mlp::{Output, Rule};
use layers::{Activation, Dropout};
use proptest::prelude::*;

use crate::common::{Problem, assert_close, masks, outputs, values};

fn output() -> impl Strategy<Value = Output> {
    proptest::sample::select(outputs())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn equal_those_of_manual_backprop(
        sizes in proptest::collection::vec(1..100usize, 2..6),
        batch in 1..150usize,
        threads in 1..4usize,
        f in proptest::collection::vec(proptest::sample::select(Activation::ALL.to_vec()), 4),
        output in output(),
        dropout in proptest::sample::select(vec![Dropout::NONE, masks()]),
    ) {
        let mut problem = Problem::new(&sizes, f[0], output, batch);
        problem.architecture.hidden = f[..sizes.len() - 2].to_vec();
        let (x, y) = (problem.x(DType::F64), problem.y(DType::F64));
        let (loss, gradients) = problem.by_manual_backprop(&problem.tensors(DType::F64), x, y, dropout);
        let mut trainer = problem.trainer::<f64>(Rule::Sgd, 0.0, threads);
        let got = trainer.gradients(problem.inputs(), problem.targets(), dropout);
        assert_close("loss", &[got.unwrap()], &[loss], 1e-12);
        for (layer, (grad_w, grad_b)) in gradients.into_iter().enumerate() {
            let got = trainer.gradient(layer).unwrap();
            assert_close("weights", &got.weights, &values(grad_w), 1e-12);
            assert_close("biases", &got.biases, &values(grad_b), 1e-12);
        }
    }
}
