//! Linear regression compared with its exact solution.

use burn::tensor::{DType, Tensor, TensorData};
use datasets::{Mnist, bundled_mnist_dir};
use linear_regression::NormalEquations;
use training::{Choices, Engine, Outcome, StopReason};

use crate::memory::Memory;
use crate::setup::{ENGINES, Setup, linear, processors, train};

/// Steps over all rows end at the closed form, as near as weights in f32 can be; the seed, which
/// decides the order of the rows, matters only to rounding.
#[test]
fn full_batches_converge_to_the_closed_form() {
    for backend in processors() {
        for (seed, &engine) in (1..).zip(ENGINES) {
            let memory = train(Choices {
                backend: Some(backend),
                engine: Some(engine),
                seed: Some(seed),
                batch_size: Some(120),
                ridge: Some(5.0),
                epochs: Some(600),
                checkpoint_every: Some(600),
                log_every: Some(600),
                learning_rate: Some(0.002),
                ..linear()
            });
            let result = memory.result();
            assert_ends_at_the_closed_form(&memory, 1e-5, 1e-10);
            assert_eq!(
                Some(result.test_accuracy),
                result.closed_form_test_accuracy,
                "{backend} {engine}"
            );
            assert_eq!(memory.losses().len(), 2);
        }
    }
}

/// The distance of the weights is below `distance`, and so is the loss's, relatively, below `gap`.
#[track_caller]
fn assert_ends_at_the_closed_form(memory: &Memory, distance: f64, gap: f64) {
    let result = memory.result();
    let got = result.distance_to_closed_form.expect("a solution");
    assert!(got < distance, "{result:?}");
    let above = result.loss_above_closed_form.expect("a solution");
    let loss = result.closed_form_loss.expect("a solution");
    assert!((above / loss).abs() < gap, "{result:?}");
}

#[test]
fn a_regression_that_diverges_has_no_closed_form_in_its_events() {
    let mut memory = Memory::default();
    let setup = Setup::new(Choices {
        epochs: Some(30),
        learning_rate: Some(0.1),
        ..linear()
    });
    assert_eq!(setup.run(&mut memory).unwrap(), Outcome::NotFinite);
    assert!(matches!(
        memory.stopped().reason,
        StopReason::NotFinite { .. }
    ));
    assert!(memory.weights.iter().all(|weight| weight.is_finite()));
}

/// The lecture's facts about MNIST (item L12), and those of the crate of its exact solution.
#[test]
fn mnist_is_singular_without_a_ridge_term() {
    let mnist = Mnist::load(&bundled_mnist_dir()).expect("MNIST is here");
    let (pixels, labels) = mnist.train.into_parts();
    let is_black = |column: usize| pixels.iter().skip(column).step_by(784).all(|&p| p == 0);
    assert_eq!((0..784).filter(|&column| is_black(column)).count(), 67);

    let device = backends::Backend::Flex.open().expect("flex runs").device;
    let mut equations = NormalEquations::new(784, 10).expect("sizes from 1");
    for (pixels, labels) in pixels.chunks(784 * 4000).zip(labels.chunks(4000)) {
        let x = pixels.iter().map(|&pixel| f64::from(pixel) / 255.0);
        let one_hot = |&label| (0..10).map(move |class| f64::from(u8::from(class == label)));
        let y = labels.iter().flat_map(one_hot);
        let tensor = |values: Vec<f64>, columns| {
            let data = TensorData::new(values, [labels.len(), columns]);
            Tensor::<2>::from_data(data, (&device, DType::F64))
        };
        let block = equations.add(tensor(x.collect(), 784), tensor(y.collect(), 10));
        block.expect("finite data");
    }
    let solution = equations.solve(0.0).expect("rows were added");
    assert_eq!((solution.rows, solution.rank), (60_000, 712));
    let flat = equations.curvature(0.0).expect("rows were added");
    let step = flat.largest_step();
    assert!((step / 8.54e-7 - 1.0).abs() < 1e-3, "{flat:?}");
    assert!(flat.smallest < 1e-6, "{flat:?}");
    let curved = equations.curvature(1000.0).expect("rows were added");
    assert!((curved.condition() - 2342.0).abs() < 1.0, "{curved:?}");
}

/// MNIST's test images, to learn from too, at a ridge term of 1000 for each six: the largest
/// curvature is about 2300 times the smallest. 600 steps over all rows, each 1.7 times as long as plain
/// descent could take, leave 3e-6 of the distance, which is about what rounding in f32 leaves.
#[test]
fn well_conditioned_descent_on_mnist_ends_at_the_closed_form() {
    let memory = Setup::on_a_sixth_of_mnist(Choices {
        engine: Some(Engine::Manual),
        ridge: Some(1000.0 / 6.0),
        epochs: Some(600),
        checkpoint_every: Some(600),
        log_every: Some(600),
        batch_size: Some(10_000),
        learning_rate: Some(6.0 * 1.45e-6),
        ..linear()
    })
    .train();
    assert_ends_at_the_closed_form(&memory, 5e-6, 1e-11);
    let result = memory.result();
    let exact = result.closed_form_test_accuracy.expect("a solution");
    assert!((result.test_accuracy - exact).abs() < 2.5e-4, "two images");
}

/// All of MNIST with the defaults.
#[test]
fn linear_regression_classifies_mnist_as_well_as_the_closed_form() {
    let memory = Setup::on_mnist(Choices {
        batch_size: None,
        ..linear()
    })
    .train();
    let result = memory.result();
    let exact = result.closed_form_test_accuracy.expect("a solution");
    assert!((exact - 0.8603).abs() < 5e-4, "{exact}");
    assert!(result.test_accuracy >= exact - 0.003, "{result:?}");
    assert!(result.loss_above_closed_form > Some(0.0), "{result:?}");
}
