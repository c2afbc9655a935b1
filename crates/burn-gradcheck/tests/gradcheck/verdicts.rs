//! Kinks, broken laws, and checks that certify nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::activation::relu;
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Law, Report, Tolerance, Verdict, Witness};

use crate::{device, layer};

fn relu_at_zero() -> Case {
    Case::new("relu at zero")
        .input_values("x", [2], [0.0, 0.5])
        .function(|v| relu(v.get::<1>("x")))
        .vjp(|v, grad_out| {
            let slope = v.get::<1>("x").greater_elem(0.0).float().cast(v.dtype());
            Gradients::new().with("x", grad_out.get::<1>(0) * slope)
        })
}

#[test]
fn a_kink_is_reported_if_conventions_agree() {
    let report = relu_at_zero().check(&device());
    assert_eq!(report.verdict, Verdict::Kink, "{report}");
    assert_eq!(report.finite.kinks, 1);
    assert_eq!(report.worst.manual_autodiff, Some(0.0));
    let element = report.worst_element.as_ref().unwrap();
    assert_eq!(element.index, Some(vec![0]));
    assert!(
        element.left == Some(0.0) || element.right == Some(0.0),
        "{report}"
    );
}

#[test]
fn a_kink_is_a_mismatch_if_conventions_differ() {
    let report = relu_at_zero()
        .vjp(|v, grad_out| {
            let slope = v
                .get::<1>("x")
                .greater_equal_elem(0.0)
                .float()
                .cast(v.dtype());
            Gradients::new().with("x", grad_out.get::<1>(0) * slope)
        })
        .check(&device());
    let odd = Verdict::Mismatch {
        odd: Witness::Undecided,
    };
    assert_eq!(report.verdict, odd, "{report}");
}

#[test]
fn a_slope_beyond_both_sides_of_a_kink_is_a_mismatch() {
    let steep = |slope: f64| {
        relu_at_zero()
            .without_vjp()
            .autodiff_function(move |v| {
                let x = v.get::<1>("x");
                let at_zero = x.clone().equal_elem(0.0);
                relu(x.clone()).mask_where(at_zero, x * slope)
            })
            .check(&device())
            .verdict
    };
    assert_eq!(steep(0.25), Verdict::Kink);
    let odd = Verdict::Mismatch {
        odd: Witness::Autodiff,
    };
    assert_eq!((steep(2.0), steep(-1.0)), (odd.clone(), odd));
}

#[test]
fn a_function_that_changes_is_not_repeatable() {
    let calls = Arc::new(AtomicUsize::new(0));
    let report = Case::new("changing")
        .input("x", [3])
        .function(move |v| v.get::<1>("x") * calls.fetch_add(1, Ordering::Relaxed) as f64)
        .check(&device());
    let changes = Verdict::Nondeterministic {
        odd: Witness::Function,
        first: -0.0,
        second: -5.375,
    };
    assert_eq!(report.verdict, changes, "{report}");
}

#[test]
fn a_backward_pass_that_changes_is_not_repeatable() {
    let calls = Arc::new(AtomicUsize::new(0));
    let report = Case::new("changing backward")
        .input("x", [3])
        .function(|v| v.get::<1>("x").exp())
        .autodiff_function(move |v| {
            let x = v.get::<1>("x");
            let noise =
                (x.clone() - x.clone().detach()) * calls.fetch_add(1, Ordering::Relaxed) as f64;
            x.exp() + noise
        })
        .check(&device());
    let changes = |verdict: &Verdict| {
        matches!(
            verdict,
            Verdict::Nondeterministic {
                odd: Witness::Autodiff,
                ..
            }
        )
    };
    assert!(changes(&report.verdict), "{report}");
}

#[test]
fn a_vjp_that_is_not_linear_in_the_upstream_gradient_is_caught() {
    let law_of = |report: &Report, law| {
        let of_manual =
            |l: &&burn_gradcheck::LawReport| l.witness == Witness::Manual && l.law == law;
        report.laws.iter().find(of_manual).unwrap().holds
    };
    let square = || {
        Case::new("square")
            .input("x", [3])
            .function(|v| v.get::<1>("x").powi_scalar(2))
    };
    let ignores = square().vjp(|v, _| Gradients::new().with("x", v.get::<1>("x") * 2.0));
    let report = ignores.check(&device());
    assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
    assert!(!law_of(&report, Law::ZeroUpstream) && !law_of(&report, Law::LinearUpstream));
    let bends = square().vjp(|v, grad_out| {
        let grad = grad_out.get::<1>(0);
        Gradients::new().with("x", v.get::<1>("x") * 2.0 * grad.clone() * grad.abs())
    });
    let report = bends.check(&device());
    assert!(law_of(&report, Law::ZeroUpstream) && !law_of(&report, Law::LinearUpstream));
    // Right for the first upstream gradient, wrong at zero: only the law detects it.
    let leaks = square().vjp(|v, grad_out| {
        let grad = grad_out.get::<1>(0);
        let is_zero = grad.clone().equal_elem(0.0).float().cast(v.dtype());
        Gradients::new().with("x", v.get::<1>("x") * 2.0 * grad + is_zero)
    });
    let verdict = Verdict::Unlawful {
        odd: Witness::Manual,
        law: Law::ZeroUpstream,
    };
    assert_eq!(leaks.check(&device()).verdict, verdict);
}

#[test]
fn a_gradient_lost_in_rounding_is_unchecked() {
    let tiny = |factor: f64| {
        Case::new("tiny")
            .input("x", [3])
            .function(|v| v.get::<1>("x") * 1e-20 + 1.0)
            .vjp(move |_, grad_out| Gradients::new().with("x", grad_out.get::<1>(0) * factor))
            .check(&device())
            .verdict
    };
    assert!(
        matches!(tiny(1e-20), Verdict::Unchecked { .. }),
        "{}",
        tiny(1e-20)
    );
    assert!(
        matches!(tiny(2e-20), Verdict::Unchecked { .. }),
        "{}",
        tiny(2e-20)
    );
    let small = Case::new("small but exact")
        .input("x", [3])
        .function(|v| v.get::<1>("x") * 1e-20);
    small.check(&device()).assert_pass();
}

#[test]
fn a_tolerance_of_the_case_is_applied() {
    let spoil = |g: Gradients| g.map("w", |g: Tensor<2>| g * (1.0 + 1e-9));
    let tolerance = Tolerance::new(1e-8, 1e-7, "the formula is an approximation");
    layer()
        .map_vjp(spoil)
        .tolerance(DType::F64, tolerance)
        .check(&device())
        .assert_pass();
}

#[test]
fn an_output_of_another_float_type_is_reported() {
    let report = Case::new("cast")
        .input("x", [2])
        .function(|v| v.get::<1>("x").cast(DType::F32))
        .check(&device());
    assert_eq!(report.verdict.odd(), Some(Witness::Function), "{report}");
}

#[test]
fn a_steep_function_is_ill_conditioned_rather_than_wrong() {
    // 1e9 + sin(x): the value's rounding is 1e-7 of the derivative.
    let case = Case::new("offset")
        .input("x", [4])
        .function(|v| v.get::<1>("x").sin() + 1e9);
    let report = case.check(&device());
    assert!(!report.verdict.is_failure(), "{report}");
    assert!(
        report.finite.worst_error_estimate.unwrap() > 1e-8,
        "{report}"
    );
}
