//! Wrong gradients are found out, and the right witness is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::activation::{relu, softmax};
use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{
    Case, Gradients, Law, Mode, Options, Report, Sample, Target, Tolerance, Verdict, Witness,
};

fn device() -> Device {
    Device::flex()
}

/// `tanh(x·w + b)` with its gradient.
fn layer() -> Case {
    let activation = |v: &burn_gradcheck::Values| {
        (v.get::<2>("x").matmul(v.get("w")) + v.get::<1>("b").unsqueeze()).tanh()
    };
    Case::new("layer")
        .input("x", [4, 3])
        .input("w", [3, 5])
        .input("b", [5])
        .function(activation)
        .vjp(move |v, grad_out| {
            let y = activation(v);
            let grad_z = grad_out.get::<2>(0) * (-y.powi_scalar(2) + 1.0);
            Gradients::new()
                .with("x", grad_z.clone().matmul(v.get::<2>("w").transpose()))
                .with("w", v.get::<2>("x").transpose().matmul(grad_z.clone()))
                .with("b", grad_z.sum_dim(0).squeeze_dim::<1>(0))
        })
}

#[track_caller]
fn assert_manual_is_odd(report: &Report, input: &str) {
    let odd = Verdict::Mismatch {
        odd: Witness::Manual,
    };
    assert_eq!(report.verdict, odd, "{report}");
    assert_eq!(report.worst_element.as_ref().unwrap().input, input);
}

#[test]
fn the_honest_layer_passes() {
    layer().check(&device()).assert_pass();
}

#[test]
fn slips_in_a_formula_are_the_hand_written_gradients_fault() {
    type Slip = (&'static str, &'static str, fn(Gradients) -> Gradients);
    let slips: [Slip; 7] = [
        ("sign", "w", |g| g.map("w", |g: Tensor<2>| -g)),
        ("factor", "b", |g| g.map("b", |g: Tensor<1>| g * 2.0)),
        ("mean for sum", "b", |g| g.map("b", |g: Tensor<1>| g / 4.0)),
        ("dropped", "x", |g| {
            g.map("x", |g: Tensor<2>| g.zeros_like())
        }),
        ("rows reversed", "w", |g| {
            g.map("w", |g: Tensor<2>| g.flip([0]))
        }),
        ("offset", "x", |g| g.map("x", |g: Tensor<2>| g + 1e-5)),
        ("last digit", "w", |g| {
            g.map("w", |g: Tensor<2>| g * (1.0 + 1e-9))
        }),
    ];
    for (slip, input, spoil) in slips {
        let report = layer().map_vjp(spoil).check(&device());
        assert_manual_is_odd(&report, input);
        assert!(
            report
                .to_string()
                .contains("the hand-written gradient is the odd one"),
            "{slip}"
        );
    }
}

#[test]
fn one_element_off_by_a_millionth_is_named() {
    let spoil = |g: Gradients| {
        g.map("w", |g: Tensor<2>| {
            let one = g.clone().slice([1..2, 3..4]) * (1.0 + 1e-6);
            g.slice_assign([1..2, 3..4], one)
        })
    };
    let report = layer().map_vjp(spoil).check(&device());
    assert_manual_is_odd(&report, "w");
    let element = report.worst_element.as_ref().unwrap();
    assert_eq!(element.index, Some(vec![1, 3]));
    let error = element.relative.manual_autodiff.unwrap();
    assert!((error / 1e-6 - 1.0).abs() < 1e-3, "{report}");
    assert!(
        report.repeat().contains(r#".only("w", [1, 3])"#),
        "{}",
        report.repeat()
    );
}

#[test]
fn a_slip_below_the_referees_resolution_is_caught_but_undecided() {
    // The large constant costs finite differences six digits, the two gradients none.
    let offset = Case::new("offset")
        .input("x", [4])
        .function(|v| v.get::<1>("x").sin() + 1e6)
        .vjp(|v, grad_out| {
            Gradients::new().with("x", grad_out.get::<1>(0) * v.get::<1>("x").cos())
        });
    offset.check(&device()).assert_pass();
    let report = offset
        .map_vjp(|g| g.map("x", |g: Tensor<1>| g * (1.0 + 1e-11)))
        .check(&device());
    let odd = Verdict::Mismatch {
        odd: Witness::Undecided,
    };
    assert_eq!(report.verdict, odd, "{report}");
    assert!(report.worst.manual_autodiff.unwrap() > 9e-12, "{report}");
}

#[test]
fn a_softmax_without_its_cross_terms_is_caught() {
    let report = Case::new("softmax")
        .input("x", [3, 4])
        .function(|v| softmax(v.get::<2>("x"), 1))
        .vjp(|v, grad_out| {
            let y = softmax(v.get::<2>("x"), 1);
            Gradients::new().with("x", grad_out.get::<2>(0) * y.clone() * (-y + 1.0))
        })
        .check(&device());
    assert_manual_is_odd(&report, "x");
}

#[test]
fn a_lost_transpose_is_a_panic_or_a_shape() {
    let panics = Case::new("matmul")
        .input("x", [3, 5])
        .function(|v| v.get::<2>("x").matmul(v.get::<2>("x").transpose()))
        .vjp(|v, grad_out| {
            Gradients::new().with("x", v.get::<2>("x").matmul(grad_out.get::<2>(0)))
        });
    let verdict = panics.check(&device()).verdict;
    assert!(
        matches!(
            verdict,
            Verdict::Panicked {
                odd: Witness::Manual,
                ..
            }
        ),
        "{verdict}"
    );
    let spoil = |g: Gradients| g.map("w", |g: Tensor<2>| g.transpose());
    let verdict = layer().map_vjp(spoil).check(&device()).verdict;
    let reason = "gradient for input `w` of shape [5, 3], expected [3, 5]".to_owned();
    assert_eq!(
        verdict,
        Verdict::Shape {
            odd: Witness::Manual,
            reason
        }
    );
}

#[test]
fn missing_and_unknown_gradients_are_reported() {
    let missing = layer().vjp(|v, _| Gradients::new().with("x", v.get::<2>("x")));
    assert_eq!(
        missing.check(&device()).verdict.odd(),
        Some(Witness::Manual)
    );
    let unknown = layer().map_vjp(|g| g.with("bias", Tensor::<1>::zeros([1], &device())));
    let verdict = unknown.check(&device()).verdict;
    assert!(verdict.to_string().contains("`bias`"), "{verdict}");
}

#[test]
fn autodiff_can_be_the_odd_one() {
    // tanh with a backward that takes y for y²: the value of the expression is tanh(x) all the same.
    let broken = |v: &burn_gradcheck::Values| {
        let z = v.get::<2>("x").matmul(v.get("w")) + v.get::<1>("b").unsqueeze();
        let y = z.clone().tanh();
        let slope = -y.clone().detach() + 1.0;
        let linear = z * slope;
        y.detach() + (linear.clone() - linear.detach())
    };
    let report = layer().autodiff_function(broken).check(&device());
    let odd = Verdict::Mismatch {
        odd: Witness::Autodiff,
    };
    assert_eq!(report.verdict, odd, "{report}");
    let two = layer()
        .without_vjp()
        .autodiff_function(broken)
        .check(&device());
    assert_eq!(two.verdict, odd, "{two}");
}

#[test]
fn a_reference_of_another_function_is_the_odd_one() {
    let report = layer()
        .reference(|v| (v.get::<2>("x").matmul(v.get("w")) + v.get::<1>("b").unsqueeze()).sin())
        .check(&device());
    let odd = Verdict::Mismatch {
        odd: Witness::Finite,
    };
    assert_eq!(report.verdict, odd, "{report}");
}

#[test]
fn agreement_on_something_else_than_the_derivative_is_caught() {
    let report = Case::new("detached")
        .input("x", [3])
        .function(|v| {
            let x = v.get::<1>("x");
            x.clone() * x.detach()
        })
        .vjp(|v, grad_out| Gradients::new().with("x", grad_out.get::<1>(0) * v.get::<1>("x")))
        .check(&device());
    let odd = Verdict::Mismatch {
        odd: Witness::Finite,
    };
    assert_eq!(report.verdict, odd, "{report}");
}

#[test]
fn nan_never_passes() {
    let spoil = |g: Gradients| g.map("b", |g: Tensor<1>| g * f64::NAN);
    let report = layer().map_vjp(spoil).check(&device());
    let manual = Verdict::NonFinite {
        odd: Witness::Manual,
    };
    assert_eq!(report.verdict, manual, "{report}");
    assert!(report.worst.manual_autodiff.unwrap().is_nan());
    assert!(report.to_json().contains(r#""manual":"nan""#));
    let function = Case::new("log of a negative number")
        .input_values("x", [1], [-1.0])
        .function(|v| v.get::<1>("x").log());
    assert_eq!(
        function.check(&device()).verdict,
        Verdict::NonFinite {
            odd: Witness::Function
        }
    );
}

#[test]
fn autodiffs_nan_is_autodiffs() {
    // The unselected branch's infinite slope becomes NaN in the backward pass.
    let report = Case::new("masked root")
        .input_values("x", [2], [0.0, 0.5])
        .function(|v| {
            let x = v.get::<1>("x");
            let masked = x.clone().lower_equal_elem(0.25);
            x.clone().sqrt().mask_where(masked, x * 2.0)
        })
        .vjp(|v, grad_out| {
            let slope = v.tensor([2], &[2.0, 0.5 / 0.5_f64.sqrt()]);
            Gradients::new().with("x", grad_out.get::<1>(0) * slope)
        })
        .check(&device());
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff), "{report}");
}

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
fn a_kink_is_a_kink_where_conventions_agree() {
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
fn a_kink_is_a_mismatch_where_conventions_differ() {
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
    let verdict = Verdict::Unlawful {
        odd: Witness::Function,
        law: Law::Repeatable,
    };
    assert_eq!(report.verdict, verdict, "{report}");
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
    let verdict = Verdict::Unlawful {
        odd: Witness::Autodiff,
        law: Law::Repeatable,
    };
    assert_eq!(report.verdict, verdict, "{report}");
}

#[test]
fn a_vjp_that_ignores_or_bends_the_upstream_gradient_is_caught() {
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
    // Right for the first upstream gradient, wrong at zero: only the law finds it.
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
fn fast_mode_catches_a_wrong_gradient_in_a_large_input() {
    let honest = Case::new("large")
        .input("x", [100, 100])
        .function(|v| v.get::<2>("x").sin());
    let wrong = honest.clone().autodiff_function(|v| {
        // One row's gradient is lost.
        let x = v.get::<2>("x");
        let lost = x.clone().slice([7..8, 0..100]).detach();
        x.slice_assign([7..8, 0..100], lost).sin()
    });
    let report = wrong.check(&device());
    assert_eq!(report.inputs[0].mode, "fast");
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff), "{report}");
    let by_hand = honest.vjp(|v, grad_out| {
        let grad = grad_out.get::<2>(0) * v.get::<2>("x").cos();
        let element = grad.clone().slice([99..100, 0..1]) * 1.01;
        Gradients::new().with("x", grad.slice_assign([99..100, 0..1], element))
    });
    let report = by_hand.check(&device());
    assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
    assert_eq!(report.worst_element.unwrap().index, Some(vec![99, 0]));
}

#[test]
fn a_wrong_formula_is_caught_in_f32() {
    let target = Target::new(device(), DType::F32);
    let spoil = |g: Gradients| g.map("w", |g: Tensor<2>| g * 1.01);
    let report = layer().map_vjp(spoil).run(&target, &Options::default());
    assert_manual_is_odd(&report, "w");
}

#[test]
fn without_a_tolerance_nothing_is_certified() {
    let target = Target::new(device(), DType::BF16);
    let verdict = layer().run(&target, &Options::default()).verdict;
    assert!(matches!(verdict, Verdict::Unchecked { .. }), "{verdict}");
}

#[test]
fn a_tolerance_of_ones_own_is_applied() {
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

#[test]
#[should_panic(expected = "MISMATCH, the hand-written gradient is the odd one")]
fn assert_pass_panics_with_the_report() {
    layer()
        .map_vjp(|g| g.map("w", |g: Tensor<2>| -g))
        .check(&device())
        .assert_pass();
}

#[test]
fn a_catalogue_of_seeds_and_modes_gives_no_false_alarm() {
    for seed in 0..20 {
        for mode in [Mode::Full, Mode::Fast] {
            let options = Options::default().seed(seed).mode(mode);
            layer()
                .run(&Target::best(&device()), &options)
                .assert_pass();
            layer()
                .run(&Target::new(device(), DType::F32), &options)
                .assert_pass();
        }
    }
    let positive = Case::new("ratio")
        .input_from("x", [3, 3], Sample::Positive)
        .input_from("y", [3, 3], Sample::Positive)
        .function(|v| (v.get::<2>("x") / v.get::<2>("y")).log());
    for seed in 0..20 {
        let options = Options::default().seed(seed);
        positive
            .run(&Target::best(&device()), &options)
            .assert_pass();
    }
}
