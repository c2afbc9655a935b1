//! The graph's rules: what adds up, what is cut off, what a pass consumes, and what happens at the edges.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, Param};
use burn::optim::{GradientsAccumulator, GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor};

use crate::{assert_close, numbers, vector};

fn leaf(of: &[f64]) -> Tensor<1> {
    vector(of, &Device::flex().autodiff()).require_grad()
}

fn panics<T>(action: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(action)).is_err()
}

/// d(x² + 3x)/dx = 2x + 3: every use adds its share.
#[test]
fn uses_add_up() {
    let x = leaf(&[2.0, -1.0]);
    let grads = (x.clone() * x.clone() + x.clone() * 3.0).sum().backward();
    assert_eq!(numbers(x.grad(&grads).expect("a gradient")), [7.0, 1.0]);
}

/// y = 2x is used by two branches, z = sin(y) + y²: dz/dx = 2 (cos 2x + 4x).
#[test]
fn a_diamond_adds_up_before_it_goes_on() {
    let x = leaf(&[0.5]);
    let y = x.clone() * 2.0;
    let grads = (y.clone().sin() + y.clone() * y).backward();
    let right = 2.0 * (1.0_f64.cos() + 2.0);
    assert_close(
        "diamond",
        &numbers(x.grad(&grads).expect("a gradient")),
        &[right],
        1e-14,
    );
}

/// d(x · detach(x))/dx = x: the detached factor is a constant.
#[test]
fn what_is_detached_is_constant() {
    let x = leaf(&[3.0]);
    let cut = (x.clone() * 2.0).detach();
    assert!(!cut.is_tracked());
    let grads = (x.clone() * cut).backward();
    assert_eq!(numbers(x.grad(&grads).expect("a gradient")), [6.0]);
}

/// What was computed before a tensor is tracked stays untracked.
#[test]
fn tracking_begins_with_require_grad() {
    let w = vector(&[3.0], &Device::flex().autodiff());
    let before = w.clone() * 2.0;
    let x = w.require_grad();
    let grads = (before * x.clone()).backward();
    assert_eq!(
        numbers(x.grad(&grads).expect("a gradient")),
        [6.0],
        "not 12"
    );
}

/// Only leaves can be tracked.
#[test]
fn an_intermediate_value_cannot_be_made_a_leaf() {
    let y = leaf(&[1.0]) * 2.0;
    assert!(panics(|| y.require_grad()));
}

/// A pass from a tensor of several elements starts with ones.
#[test]
fn a_pass_from_several_elements_is_one_from_their_sum() {
    let x = leaf(&[1.0, 2.0, 3.0]);
    let several = (x.clone() * x.clone()).backward();
    let one = (x.clone() * x.clone()).sum().backward();
    let [several, one] = [several, one].map(|grads| numbers(x.grad(&grads).expect("a gradient")));
    assert_eq!(several, [2.0, 4.0, 6.0]);
    assert_eq!(several, one);
}

/// A gradient can be read, taken out once, and replaced.
#[test]
fn gradients_are_read_taken_and_replaced() {
    let x = leaf(&[2.0]);
    let mut grads = (x.clone() * 5.0).backward();
    assert_eq!(numbers(x.grad(&grads).expect("a gradient")), [5.0]);
    x.grad_replace(&mut grads, vector(&[7.0], &Device::flex()));
    assert_eq!(
        numbers(x.grad_remove(&mut grads).expect("a gradient")),
        [7.0]
    );
    assert!(x.grad(&grads).is_none() && x.grad_remove(&mut grads).is_none());
}

/// The graph of a loss can be used once; a second pass through it is refused.
#[test]
fn a_pass_consumes_its_graph() {
    let x = leaf(&[2.0]);
    let y = x.clone() * 3.0;
    let (first, second) = (y.clone() * 2.0, y * 5.0);
    let grads = first.backward();
    assert_eq!(numbers(x.grad(&grads).expect("a gradient")), [6.0]);
    assert!(panics(|| second.backward()), "y has been consumed");
}

/// Graphs that share nothing but a leaf are independent.
#[test]
fn two_passes_of_separate_graphs() {
    let x = leaf(&[2.0]);
    let (first, second) = (x.clone() * 3.0, x.clone() * x.clone());
    for (loss, right) in [(second, 4.0), (first, 3.0)] {
        let grads = loss.backward();
        assert_eq!(numbers(x.grad(&grads).expect("a gradient")), [right]);
    }
}

/// The gradient of an intermediate value is gone after the pass (burn issue 1802). To have it, add a leaf of zeros
/// there: y + 0 has the gradient of y.
#[test]
fn the_gradient_of_an_intermediate_value() {
    let x = leaf(&[0.5, 2.0]);
    let y = x.clone() * x.clone();
    let probe = leaf(&[0.0, 0.0]);
    let grads = (y.clone() + probe.clone()).sin().sum().backward();
    assert!(y.grad(&grads).is_none());
    let right = [0.25_f64.cos(), 4.0_f64.cos()];
    assert_close(
        "probe",
        &numbers(probe.grad(&grads).expect("a gradient")),
        &right,
        1e-14,
    );
}

/// A plain backward pass through 10 000 operations neither overflows a stack of 2 MiB nor loses anything.
#[test]
fn a_chain_of_ten_thousand_operations() {
    let work = || {
        let x = leaf(&[1.0]);
        let end = (0..10_000).fold(x.clone(), |y, _| y + 1.0);
        let grads = (end.clone() * end).backward();
        numbers(x.grad(&grads).expect("a gradient"))
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work);
    let gradient = thread.expect("a thread starts").join().expect("it ends");
    assert_eq!(gradient, [20_002.0]);
}

#[derive(Module, Debug)]
struct Net {
    w: Param<Tensor<1>>,
}

fn net(of: &[f64]) -> Net {
    let device = Device::flex().autodiff();
    Net {
        w: Param::from_tensor(vector(of, &device)),
    }
}

/// `valid` tracks nothing, `train` tracks again, with the same numbers and the same id.
#[test]
fn valid_and_train() {
    let net = net(&[1.0, 2.0]);
    let valid = net.valid();
    assert!(!valid.w.val().is_tracked());
    let again = valid.train();
    assert!(again.w.val().is_require_grad());
    assert_eq!(again.w.id, net.w.id);
    let grads = (again.w.val() * 3.0).sum().backward();
    assert_eq!(
        numbers(again.w.val().grad(&grads).expect("a gradient")),
        [3.0, 3.0]
    );
    assert!(
        net.w.val().grad(&grads).is_none(),
        "the copy has leaves of its own"
    );
}

/// `fork` makes leaves of its own on a device; without it, a tensor that is moved keeps its place in the graph.
#[test]
fn fork_and_to_device() {
    let device = Device::flex().autodiff();
    let original = net(&[1.0, 2.0]);
    let forked = original.clone().fork(&device);
    let grads = (forked.w.val() * 2.0).sum().backward();
    assert!(original.w.val().grad(&grads).is_none());
    assert_eq!(
        numbers(forked.w.val().grad(&grads).expect("a gradient")),
        [2.0, 2.0]
    );
    let x = leaf(&[4.0]);
    let grads = (x.clone().to_device(&device) * 2.0).backward();
    assert_eq!(numbers(x.grad(&grads).expect("a gradient")), [2.0]);
}

/// A parameter that a net uses twice has one gradient, the sum.
#[test]
fn a_shared_parameter_has_one_gradient() {
    let net = net(&[2.0]);
    let loss = (net.w.val() * 3.0 + net.w.val() * net.w.val()).sum();
    let grads = GradientsParams::from_grads(loss.backward(), &net);
    assert_eq!(grads.len(), 1);
    assert_eq!(
        numbers(grads.get::<1>(net.w.id).expect("a gradient")),
        [7.0]
    );
}

/// The gradient of a mean over 5 rows from batches of 3 and 2, each weighed by its rows: the accumulator adds.
#[test]
fn batches_of_unequal_size_accumulate() {
    let net = net(&[1.5]);
    let rows = [1.0, -2.0, 0.5, 3.0, -1.0];
    let gradient = |rows: &[f64], all: f64| {
        let x = vector(rows, &Device::flex().autodiff());
        let loss = (x * net.w.val()).powi_scalar(2).sum() / all;
        GradientsParams::from_grads(loss.backward(), &net)
    };
    let mut accumulator = GradientsAccumulator::new();
    accumulator.accumulate(&net, gradient(&rows[..3], 5.0));
    accumulator.accumulate(&net, gradient(&rows[3..], 5.0));
    let sum = accumulator.grads();
    let right = rows.iter().map(|x| 2.0 * x * x * 1.5 / 5.0).sum::<f64>();
    assert_close(
        "sum",
        &numbers(sum.get::<1>(net.w.id).expect("a gradient")),
        &[right],
        1e-7,
    );
}

/// What a step of rate 1 takes away is the clipped gradient. By norm, each tensor is clipped alone.
#[test]
fn clipping_by_value_and_by_norm() {
    let step = |clipping: GradientClippingConfig, gradient: &[f64]| {
        let net = net(&[0.0, 0.0]);
        let mut grads = GradientsParams::new();
        grads.register(net.w.id, vector(gradient, &Device::flex()));
        let config = SgdConfig::new().with_gradient_clipping(Some(clipping));
        numbers(config.init().step(1.0, net, grads).w.val().inner())
    };
    let by_value = || GradientClippingConfig::Value(1.0);
    assert_eq!(step(by_value(), &[3.0, -0.5]), [-1.0, 0.5]);
    let by_norm = || GradientClippingConfig::Norm(2.0);
    assert_close("norm 5", &step(by_norm(), &[3.0, -4.0]), &[-1.2, 1.6], 1e-6);
    assert_close("norm 1", &step(by_norm(), &[0.6, -0.8]), &[-0.6, 0.8], 1e-6);
}
