//! Gradients checked while a net trains.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor};
use manual_backprop::Reduction;
use training::{
    AnyNet, Choices, Engine, Net, Outcome, Run, Splits, State, StopReason, TrainingError,
};
use xor_net::XorNet;

use crate::memory::Memory;
use crate::setup::{Setup, linear, mlp, train, xor};

#[test]
fn gradients_are_checked_on_the_batches_of_the_run() {
    let regression = Choices {
        ridge: Some(0.3),
        ..linear()
    };
    let dropped = |choices: Choices, engine, dropout_input| Choices {
        engine: Some(engine),
        dropout: Some(0.3),
        dropout_input,
        ..choices
    };
    let of_dropout = Engine::ALL.iter().flat_map(|&engine| {
        let mlp = dropped(mlp(), engine, Some(0.1));
        [(mlp, 2), (dropped(xor(), engine, None), 10)]
    });
    let all = [(mlp(), 2), (xor(), 10), (regression, 2)];
    for (choices, epochs) in all.into_iter().chain(of_dropout) {
        let [checked, unchecked] = [Some(5), None].map(|check_gradients| {
            train(Choices {
                epochs: Some(epochs),
                check_gradients,
                ..choices.clone()
            })
        });
        let steps = checked.checks().into_iter().map(|check| check.step);
        assert_eq!(steps.collect::<Vec<_>>()[..2], [1, 6]);
        for check in checked.checks() {
            assert_eq!(check.verdict, "pass", "{check:?}");
            assert!(check.worst_relative_error <= check.tolerance, "{check:?}");
        }
        // Checking changes no number of the run.
        assert_eq!(checked.numbers(), unchecked.numbers());
        assert!(checked.weights == unchecked.weights);
        assert_eq!(checked.disagreements, 0);
    }
}

/// An XOR net whose formula for the output's bias is wrong.
#[derive(Module, Debug)]
struct Wrong {
    net: XorNet,
}

impl Net for Wrong {
    type Targets = Tensor<2>;

    const REDUCTION: Reduction = Reduction::Sum;

    fn loss(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        self.net.loss(x, y)
    }

    fn manual_gradients(
        &self,
        x: Tensor<2>,
        y: Tensor<2>,
        batch: usize,
    ) -> (Tensor<1>, GradientsParams) {
        let (loss, mut gradients) = Net::manual_gradients(&self.net, x, y, batch);
        let id = self.net.output.bias.as_ref().expect("a bias").id;
        let grad_b = gradients.remove::<1>(id).expect("a gradient");
        gradients.register(id, grad_b.mul_scalar(1.01));
        (loss, gradients)
    }

    fn outputs(&self, x: Tensor<2>) -> Tensor<2> {
        self.net.forward(x)
    }

    fn output_loss(yp: Tensor<2>, y: Tensor<2>) -> Tensor<1> {
        XorNet::output_loss(yp, y)
    }

    fn predicted_classes(yp: Tensor<2>) -> Tensor<1, Int> {
        XorNet::predicted_classes(yp)
    }

    fn scores(yp: Tensor<2>) -> Tensor<1> {
        XorNet::scores(yp)
    }

    fn true_classes(y: Tensor<2>) -> Tensor<1, Int> {
        XorNet::true_classes(y)
    }

    fn class_count(&self) -> usize {
        2
    }
}

#[test]
fn a_net_that_the_fused_engine_does_not_know_is_refused() {
    let Setup {
        settings, opened, ..
    } = &Setup::new(Choices {
        engine: Some(Engine::Fused),
        ..xor()
    });
    let AnyNet::XorNet(net) = AnyNet::build(settings, &[2, 4, 1], &opened.device).unwrap() else {
        unreachable!("the model that was chosen");
    };
    let state = State::fresh(Wrong { net }, settings, &opened.device);
    let splits = Splits::truth_table(opened);
    let run = Run::new(settings, opened, &splits).expect("legal settings");
    let outcome = run.train(state, &mut Memory::default());
    assert!(
        matches!(outcome, Err(TrainingError::NotFused)),
        "{outcome:?}"
    );
}

#[test]
fn a_wrong_formula_stops_the_run_before_the_step() {
    let Setup {
        settings, opened, ..
    } = &Setup::new(Choices {
        check_gradients: Some(3),
        ..xor()
    });
    let AnyNet::XorNet(net) = AnyNet::build(settings, &[2, 4, 1], &opened.device).unwrap() else {
        unreachable!("the model that was chosen");
    };
    let state = State::fresh(Wrong { net }, settings, &opened.device);
    let splits = Splits::truth_table(opened);
    let mut memory = Memory::default();
    let run = Run::new(settings, opened, &splits).expect("legal settings");
    let outcome = run.train(state, &mut memory).expect("the device works");
    assert_eq!(outcome, Outcome::GradientsDisagree);
    assert_eq!((memory.disagreements, memory.checks().len()), (1, 1));
    let stopped = memory.stopped();
    assert_eq!((stopped.epoch, stopped.step), (1, 0));
    let StopReason::GradientsDisagree(words) = &stopped.reason else {
        panic!("{stopped:?}");
    };
    assert!(words.contains("worst in net.output.bias"), "{words}");
}
