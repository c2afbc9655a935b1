//! The same on a GPU, or on a driver that computes on the CPU.
//!
//! Every batch that is learned from or evaluated has 30 rows, so that few kernels are compiled.

use backends::Backend;
use training::{Choices, Event, OptimizerName};

use crate::agreement::{assert_losses_agree, initial_weights};
use crate::memory::Memory;
use crate::setup::{linear, mlp, train, xor};

/// A graphics driver may compute exp and log with a few more wrong bits than a CPU.
const ROUNDING: f64 = 1e-4;

/// Whether this machine can run wgpu. It must where `REQUIRE_WGPU` is set.
pub(crate) fn wgpu_runs_here() -> bool {
    match Backend::Wgpu.open() {
        Ok(_) => true,
        Err(error) if std::env::var_os("REQUIRE_WGPU").is_some() => {
            panic!("REQUIRE_WGPU is set, but {error}")
        }
        Err(error) => {
            eprintln!("not run: {error}");
            false
        }
    }
}

/// The same run on wgpu and on flex.
fn on_both(choices: Choices) -> [Memory; 2] {
    let [wgpu, flex] = [Backend::Wgpu, Backend::Flex].map(|backend| {
        train(Choices {
            backend: Some(backend),
            ..choices.clone()
        })
    });
    assert!(matches!(wgpu.events[0], Event::WarmUp { seconds } if seconds > 0.0));
    [wgpu, flex]
}

#[test]
fn wgpu_starts_from_the_same_weights() {
    if wgpu_runs_here() {
        assert!(initial_weights(Backend::Wgpu) == initial_weights(Backend::Flex));
    }
}

#[test]
fn wgpu_learns() {
    if !wgpu_runs_here() {
        return;
    }
    let [mut wgpu, mut flex] = on_both(Choices {
        validation_fraction: Some(0.25),
        batch_size: Some(30),
        hidden: Some(vec![8]),
        epochs: Some(20),
        ..mlp()
    });
    let accuracy = wgpu.result().test_accuracy;
    assert!(accuracy >= 0.95, "{accuracy}");
    // The warm-up and the first epoch; the first epoch.
    wgpu.events.truncate(2);
    flex.events.truncate(1);
    assert_losses_agree(&wgpu, &flex, ROUNDING);
}

/// Other masks on the device would give other losses in the first digits.
#[test]
fn wgpu_has_the_same_masks() {
    if !wgpu_runs_here() {
        return;
    }
    let [mut wgpu, mut flex] = on_both(Choices {
        validation_fraction: Some(0.25),
        batch_size: Some(30),
        hidden: Some(vec![8]),
        epochs: Some(2),
        dropout: Some(0.5),
        dropout_input: Some(0.2),
        ..mlp()
    });
    // The warm-up and both epochs; both epochs.
    wgpu.events.truncate(3);
    flex.events.truncate(2);
    assert_losses_agree(&wgpu, &flex, ROUNDING);
}

/// Fifty steps give the same results as on flex, and the loss falls.
#[test]
fn wgpu_learns_xor() {
    if !wgpu_runs_here() {
        return;
    }
    let [wgpu, flex] = on_both(Choices {
        optimizer: Some(OptimizerName::Sgd),
        epochs: Some(50),
        log_every: Some(1),
        ..xor()
    });
    assert_losses_agree(&wgpu, &flex, ROUNDING);
    let losses = wgpu.losses();
    assert!(losses[50] < losses[0], "{losses:?}");
}

/// Packed bytes give the same closed form, and training goes as on flex.
#[test]
fn wgpu_learns_linear_regression() {
    if !wgpu_runs_here() {
        return;
    }
    let [wgpu, flex] = on_both(Choices {
        batch_size: Some(30),
        ridge: Some(0.5),
        epochs: Some(5),
        ..linear()
    });
    assert_losses_agree(&wgpu, &flex, ROUNDING);
    let [wgpu, flex] = [wgpu, flex].map(|run| run.result().closed_form_loss.expect("a solution"));
    // One rounding in f32 of each pixel.
    assert!((wgpu / flex - 1.0).abs() < 1e-5, "{wgpu} {flex}");
}
