//! Wrong gradients are caught, and the wrong witness is named.

use burn::tensor::activation::softmax;
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{Case, Gradients, Mode, Options, Report, Sample, Target, Verdict, Witness};

use crate::{device, layer};

#[track_caller]
fn assert_manual_is_odd(report: &Report, input: &str) {
    let odd = Verdict::Mismatch {
        odd: Witness::Manual,
    };
    assert_eq!(report.verdict, odd, "{report}");
    assert_eq!(report.worst_element.as_ref().unwrap().input, input);
}

#[test]
fn the_right_layer_passes() {
    layer().check(&device()).assert_pass();
}

#[test]
fn mistakes_in_a_formula_are_blamed_on_the_hand_written_gradient() {
    type Mistake = (&'static str, &'static str, fn(Gradients) -> Gradients);
    let mistakes: [Mistake; 7] = [
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
    for (mistake, input, spoil) in mistakes {
        let report = layer().map_vjp(spoil).check(&device());
        assert_manual_is_odd(&report, input);
        assert!(
            report
                .to_string()
                .contains("the hand-written gradient is the odd one"),
            "{mistake}"
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
fn a_mistake_that_finite_differences_do_not_resolve_is_caught_but_undecided() {
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
fn a_lost_transpose_is_a_panic_or_a_wrong_shape() {
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
    // tanh with a backward pass that uses y in place of y²; the value is still tanh(x).
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
    let value = matches!(
        &report.verdict,
        Verdict::Value {
            odd: Witness::Finite,
            ..
        }
    );
    assert!(value, "{report}");
}

#[test]
fn agreement_on_a_wrong_derivative_is_caught() {
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
fn a_nan_of_autodiff_is_blamed_on_autodiff() {
    // The infinite slope of the unselected branch becomes NaN in the backward pass.
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

#[test]
fn fast_mode_catches_a_wrong_gradient_in_a_large_input() {
    let right = Case::new("large")
        .input("x", [100, 100])
        .function(|v| v.get::<2>("x").sin());
    let wrong = right.clone().autodiff_function(|v| {
        // One row's gradient is lost.
        let x = v.get::<2>("x");
        let lost = x.clone().slice([7..8, 0..100]).detach();
        x.slice_assign([7..8, 0..100], lost).sin()
    });
    let report = wrong.check(&device());
    assert_eq!(report.inputs[0].mode, "fast");
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff), "{report}");
    let by_hand = right.vjp(|v, grad_out| {
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
#[should_panic(expected = "MISMATCH, the hand-written gradient is the odd one")]
fn assert_pass_panics_with_the_report() {
    layer()
        .map_vjp(|g| g.map("w", |g: Tensor<2>| -g))
        .check(&device())
        .assert_pass();
}

#[test]
fn many_seeds_and_modes_give_no_false_alarm() {
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
