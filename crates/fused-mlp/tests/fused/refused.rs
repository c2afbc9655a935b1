//! What is refused, and the words for it.

use fused_mlp::{Architecture, Inputs, Output, Rule, Step, Targets, Trainer};
use layers::{Activation, Dropout};

use crate::common::{Problem, outputs};

fn net(sizes: &[usize], output: Output) -> Architecture {
    Architecture {
        sizes: sizes.to_vec(),
        hidden: vec![Activation::Relu; sizes.len().saturating_sub(2)],
        output,
    }
}

fn refusal(architecture: Architecture, rule: Rule, decay: f64, rows: usize) -> String {
    let error = Trainer::<f32>::new(architecture, rule, decay, rows, 1).expect_err("not legal");
    error.to_string()
}

#[test]
fn nets_and_rules_that_do_not_exist() {
    let softmax = outputs()[0];
    let fits = || net(&[3, 2], softmax);
    assert_eq!(
        refusal(net(&[3], softmax), Rule::Sgd, 0.0, 1),
        "got 1 layer sizes, expected at least 2; give the sizes of input and output"
    );
    let mut two = net(&[3, 4, 2], softmax);
    two.hidden.push(Activation::Tanh);
    assert_eq!(
        refusal(two, Rule::Sgd, 0.0, 1),
        "got 2 activations, expected 1; give one for each hidden layer"
    );
    assert!(refusal(net(&[3, 0, 2], softmax), Rule::Sgd, 0.0, 1).contains("size 0"));
    assert!(refusal(net(&[1 << 20, 1 << 20], softmax), Rule::Sgd, 0.0, 1).contains("fewer units"));
    let smoothing = Output::SoftmaxCrossEntropy { smoothing: 1.0 };
    assert!(refusal(net(&[3, 2], smoothing), Rule::Sgd, 0.0, 1).contains("label smoothing is 1"));
    assert_eq!(
        refusal(fits(), Rule::Sgd, -1.0, 1),
        "weight decay is -1, expected a finite number, 0 or more; use 0 for none"
    );
    assert!(refusal(fits(), Rule::Momentum { momentum: 1.0 }, 0.0, 1).contains("momentum is 1"));
    let adam = |epsilon| Rule::Adam {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon,
    };
    assert!(refusal(fits(), adam(0.0), 0.0, 1).starts_with("Adam's epsilon is 0, expected"));
    assert!(refusal(fits(), adam(f64::NAN), 0.0, 1).starts_with("Adam's epsilon is NaN"));
    assert!(refusal(fits(), Rule::Sgd, 0.0, 0).starts_with("0 rows at most"));
}

#[test]
fn batches_that_do_not_fit() {
    let problem = Problem::new(&[5, 3], Activation::Relu, outputs()[0], 4);
    let mut trainer = problem.trainer::<f32>(Rule::Sgd, 0.0, 1);
    let before = trainer.layer(0).unwrap();
    let mut refusal = |inputs, targets| {
        let how = Step {
            learning_rate: 1.0,
            clip_norm: None,
            dropout: Dropout::NONE,
        };
        trainer
            .step(inputs, targets, &how)
            .expect_err("does not fit")
            .to_string()
    };
    let bytes = |rows| Inputs::Bytes {
        images: &[1; 20],
        rows,
    };
    let labels = |rows| Targets::Labels {
        labels: &[0, 2, 3, 1],
        rows,
    };
    assert_eq!(
        refusal(bytes(&[]), labels(&[])),
        "the batch has no rows, expected at least 1; pass the indices of its rows"
    );
    assert_eq!(
        refusal(bytes(&[0; 5]), labels(&[0; 5])),
        "the batch has 5 rows, expected at most 4; use smaller batches, or a larger workspace"
    );
    assert_eq!(
        refusal(bytes(&[0, 1]), labels(&[0])),
        "2 rows of inputs and 1 of targets, expected as many; pass one target a row"
    );
    assert_eq!(
        refusal(bytes(&[0, 4]), labels(&[0, 1])),
        "row 4 of the inputs does not exist, expected an index below 4; check the indices"
    );
    assert_eq!(
        refusal(bytes(&[0, 1]), labels(&[0, 2])),
        "row 2 has label 3, expected a class below 3; check the labels"
    );
    let odd = Inputs::Floats {
        values: &[1.0; 6],
        rows: &[0],
    };
    assert_eq!(
        refusal(odd, labels(&[0])),
        "the inputs have 6 elements, expected a multiple of 5; pass whole rows"
    );
    let odd = Targets::Values {
        values: &[1.0; 4],
        rows: &[0],
    };
    assert!(refusal(bytes(&[0]), odd).starts_with("the targets have 4 elements"));
    assert_eq!(trainer.layer(0).unwrap(), before);
    assert_eq!(trainer.state().steps, 0);
}

#[test]
fn parameters_and_states_that_do_not_fit() {
    let problem = Problem::new(&[5, 3], Activation::Relu, outputs()[0], 4);
    let momentum = Rule::Momentum { momentum: 0.9 };
    let mut trainer = problem.trainer::<f32>(momentum, 0.0, 1);
    let error = trainer.set_layer(0, &[1.0; 14], &[0.0; 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "layer 0: got 14 weights, expected 15; use a net of the same sizes"
    );
    let error = trainer.set_layer(0, &[1.0; 15], &[0.0; 4]).unwrap_err();
    assert!(error.to_string().contains("got 4 biases, expected 3"));
    let error = trainer.layer(1).unwrap_err();
    assert!(error.to_string().contains("layer 1 does not exist"));
    let sgd = problem.trainer::<f32>(Rule::Sgd, 0.0, 1);
    let error = trainer.set_state(&sgd.state()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state has 0 buffers a parameter, expected 1; use a state of the same rule"
    );
    let deeper = Problem::new(&[5, 3, 3], Activation::Relu, outputs()[0], 4);
    let error = trainer.set_state(&deeper.trainer::<f32>(momentum, 0.0, 1).state());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("has 2 layers, expected 1")
    );
    let wider = Problem::new(&[6, 3], Activation::Relu, outputs()[0], 4);
    let error = trainer.set_state(&wider.trainer::<f32>(momentum, 0.0, 1).state());
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("got 18 weights, expected 15")
    );
}
