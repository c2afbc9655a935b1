//! Tests that rounding is not taken for a mistake, and a mistake not for rounding.

use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::Tolerance;

use super::tests::flex;
use super::*;
use crate::operations;

/// Kinds of the disagreements of a function in f32, with the tolerance of a short formula, at ten seeds.
fn in_f32(
    function: impl Fn(Tensor<1>) -> Tensor<1> + Send + Sync + 'static,
) -> Vec<DisagreementKind> {
    let operation = Operation::new("in f32", Family::Powers).drawn("[4]", |case| {
        let roundings = 64.0 * f64::from(f32::EPSILON);
        let tolerance = Tolerance::new(roundings, roundings, "a short formula");
        case.input("x", [4])
            .tolerance(DType::F32, tolerance)
            .function(move |v| function(v.get::<1>("x")))
    });
    let mut platform = flex(DType::F32);
    platform.target = platform.target.with_reference(Device::flex());
    let selection = TableSelection {
        seeds: 0..10,
        ..TableSelection::default()
    };
    let none = |_: RunProgress<'_>| Ok::<(), ()>(());
    let ledger = Ledger::default();
    let outcome = run(&[operation], &ledger, &[platform], &selection, none).expect("no error");
    let disagreements = outcome.findings[0].disagreements.iter();
    disagreements
        .map(|disagreement| disagreement.kind)
        .collect()
}

/// Autodiff misses a share of the gradient.
fn missing(share: f64, y: Tensor<1>) -> Tensor<1> {
    y.clone() + (y * share).detach()
}

#[test]
fn rounding_that_the_point_magnifies_is_not_accused_in_f32() {
    let saturated = |x: Tensor<1>| (x * 8.0).tanh();
    assert_eq!(in_f32(saturated), []);
    let steep = |x: Tensor<1>| (x * 1000.3).sin();
    assert_eq!(in_f32(steep), []);
}

#[test]
fn a_gradient_that_is_wrong_by_more_than_the_rounding_of_its_point_is_caught_in_f32() {
    let all = [DisagreementKind::Mismatch; 10];
    let exp = |share: f64| in_f32(move |x| missing(share, x.exp()));
    assert_eq!(exp(0.01), all);
    assert_eq!(exp(1e-4), all, "well-conditioned, so 0.01 % is enough");
    assert_eq!(exp(0.0), []);
    let steep = |share: f64| in_f32(move |x| missing(share, (x * 1000.3).sin()));
    assert_eq!(steep(0.2), all);
    let saturated = in_f32(|x| missing(0.01, (x.clone() * 8.0).tanh() + x));
    assert_eq!(saturated, all);
}

/// A small element of a deep net's gradient carries the roundings of all its layers.
#[test]
fn the_roundings_of_many_layers_are_not_accused_in_f32() {
    let encoder = operations()
        .into_iter()
        .find(|operation| operation.name == "nn::TransformerEncoder")
        .expect("it is in the table");
    let mut platform = flex(DType::F32);
    platform.target = platform.target.with_reference(Device::flex());
    let selection = TableSelection {
        seeds: 23..24,
        ..TableSelection::default()
    };
    let none = |_: RunProgress<'_>| Ok::<(), ()>(());
    let ledger = Ledger::default();
    let outcome = run(&[encoder], &ledger, &[platform], &selection, none).expect("no error");
    assert!(outcome.is_good(), "{outcome:?}");
}
