//! What a checker must not overlook, and what it must not accuse, in functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::nn::LinearConfig;
use burn::tensor::activation::{relu, sigmoid, softmax};
use burn::tensor::{DType, Tensor};
use burn_gradcheck::{
    Case, Gradients, Layout, Mode, Options, Report, Sample, Target, Values, Verdict, Witness,
};

use crate::{assert_severed, device, f32_target, layer, seeds};

#[test]
fn a_cut_graph_is_severed() {
    let whole = Case::new("detached")
        .input("x", [3])
        .function(|v| v.get::<1>("x").detach().sin());
    assert_severed(&whole.check(&device()), "x");
    let text = whole.check(&device()).to_string();
    assert!(!text.contains("was measured and allowed"), "{text}");
    assert_severed(&whole.run(&f32_target(), &Options::default()), "x");
    let through_host = Case::new("through the host")
        .input("x", [2, 3])
        .input("y", [2, 3])
        .function(|v| {
            let x = v.get::<2>("x");
            let host: Vec<f64> = x.into_data().iter::<f64>().collect();
            v.tensor([2, 3], &host).exp() * v.get::<2>("y")
        });
    assert_severed(&through_host.check(&device()), "x");
    let fast = whole.clone().input("x", [5000]);
    assert_severed(&fast.check(&device()), "x");
    let one = Case::new("one row").input("x", [1, 4]).function(|v| {
        let x = v.get::<2>("x");
        (x.clone().detach().sum_dim(0), x.detach())
    });
    assert_severed(&one.check(&device()), "x");
}

#[test]
fn one_use_of_two_cut_off_is_a_mismatch() {
    let report = Case::new("half cut")
        .input("x", [4])
        .function(|v| {
            let x = v.get::<1>("x");
            x.clone().exp() + x.detach().sin()
        })
        .check(&device());
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff), "{report}");
}

#[test]
fn noise_is_measured_where_a_witness_would_be_accused() {
    // The function computes in f32 inside, and its first element is dead.
    let dead_first = Case::new("sine in f32 of a slice")
        .input("x", [6])
        .function(|v| {
            let x = v.get::<1>("x").slice(2..6).cast(DType::F32);
            x.sin().cast(v.dtype())
        });
    let saturated_first = Case::new("sigmoid in f32")
        .input_values("x", [2], [-90.0, 0.5])
        .function(|v| sigmoid(v.get::<1>("x").cast(DType::F32)).cast(v.dtype()));
    let net = Case::new("net in f32")
        .input("x", [3, 4])
        .input_from("w", [4, 2], Sample::Scaled(0.5))
        .function(|v| {
            let hidden = relu(v.get::<2>("x")).matmul(v.get("w"));
            sigmoid(hidden.cast(DType::F32)).cast(v.dtype())
        });
    for options in seeds() {
        for case in [&dead_first, &saturated_first, &net] {
            let report = case.run(&Target::best(&device()), &options);
            report.assert_pass();
        }
    }
    let wrong = net.autodiff_function(|v| {
        let hidden = relu(v.get::<2>("x")).matmul(v.get("w"));
        let right = sigmoid(hidden.clone().cast(DType::F32)).cast(v.dtype());
        right + (hidden.clone() - hidden.detach()) * 0.01
    });
    let report = wrong.check(&device());
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff), "{report}");
}

#[test]
fn other_formulas_must_have_the_functions_value() {
    let sine = Case::new("sine")
        .input("x", [3])
        .function(|v| v.get::<1>("x").sin());
    let off_by_five = |v: &Values| v.get::<1>("x").sin() + 5.0;
    let value = |report: &Report, odd| matches!(&report.verdict, Verdict::Value { odd: other, .. } if *other == odd);
    let report = sine.clone().reference(off_by_five).check(&device());
    assert!(value(&report, Witness::Finite), "{report}");
    let report = sine.clone().autodiff_function(off_by_five).check(&device());
    assert!(value(&report, Witness::Autodiff), "{report}");
    sine.reference(|v| v.get::<1>("x").sin())
        .check(&device())
        .assert_pass();
}

#[test]
fn what_changes_once_in_sixteen_calls_is_not_deterministic() {
    let now_and_then = |calls: &Arc<AtomicUsize>| {
        if calls.fetch_add(1, Ordering::Relaxed) % 8 == 7 {
            0.1
        } else {
            0.0
        }
    };
    let calls = Arc::new(AtomicUsize::new(0));
    let function = Case::new("function")
        .input("x", [3])
        .function(move |v| v.get::<1>("x").exp() + now_and_then(&calls));
    let calls = Arc::new(AtomicUsize::new(0));
    let by_hand = layer().map_vjp(move |g| {
        let extra = now_and_then(&calls);
        g.map("b", move |g: Tensor<1>| g + extra)
    });
    for (case, odd) in [(function, Witness::Function), (by_hand, Witness::Manual)] {
        let report = case.check(&device());
        let changes =
            matches!(&report.verdict, Verdict::Nondeterministic { odd: o, .. } if *o == odd);
        assert!(changes, "{report}");
    }
}

#[test]
fn a_large_output_that_does_not_depend_on_an_input_hides_no_mistake_in_its_gradient() {
    let two = Case::new("large and small")
        .input("x", [2])
        .input("y", [2])
        .function(|v| (v.get::<1>("x") * 1e16, v.get::<1>("y").sin()))
        .vjp(|v, grad_out| {
            Gradients::new()
                .with("x", grad_out.get::<1>(0) * 1e16)
                .with("y", grad_out.get::<1>(1) * v.get::<1>("y").cos())
        });
    two.check(&device()).assert_pass();
    let doubled = two.map_vjp(|g| g.map("y", |g: Tensor<1>| g * 2.0));
    let report = doubled.check(&device());
    let manual = Verdict::Mismatch {
        odd: Witness::Manual,
    };
    assert_eq!(report.verdict, manual, "{report}");
    // Where the large output does depend on it, nothing can be said.
    let swallowed = Case::new("swallowed")
        .input("x", [2])
        .function(|v| v.get::<1>("x") + 1e17);
    let report = swallowed.check(&device());
    assert!(!report.verdict.is_failure(), "{report}");
}

#[test]
fn gradient_checkpointing_of_the_device_is_used_and_named() {
    let checkpointing = device().autodiff().gradient_checkpointing();
    let report = layer().check(&checkpointing);
    report.assert_pass();
    assert!(report.device.contains("gradient checkpointing"), "{report}");
    assert!(!layer().check(&device()).device.contains("checkpointing"));
}

#[test]
fn saturation_in_f32_is_not_a_mistake() {
    type Elementwise = fn(Tensor<2>) -> Tensor<2>;
    let functions: [(&str, Elementwise); 5] = [
        ("tanh of 10 x", |x| (x * 10.0).tanh()),
        ("tanh of 5 x", |x| (x * 5.0).tanh()),
        ("sigmoid of 10 x", |x| sigmoid(x * 10.0)),
        ("softmax of 20 x", |x| softmax(x * 20.0, 1)),
        ("tanh of 8 x, all large", |x| {
            ((x.clone() + x.sign()) * 8.0).tanh()
        }),
    ];
    for (name, function) in functions {
        let case = Case::new(name)
            .input("x", [3, 4])
            .function(move |v| function(v.get("x")));
        for seed in 0..40 {
            let report = case.run(&f32_target(), &Options::default().seed(seed));
            assert!(!report.verdict.is_failure(), "{report}");
        }
    }
    // A slope that is wrong where the function is saturated is still found.
    let wrong = Case::new("tanh of 10 x")
        .input("x", [3, 4])
        .function(|v| (v.get::<2>("x") * 10.0).tanh())
        .vjp(|v, grad_out| {
            let y = (v.get::<2>("x") * 10.0).tanh();
            Gradients::new().with("x", grad_out.get::<2>(0) * (-y.abs() + 1.001) * 10.0)
        });
    let report = wrong.run(&f32_target(), &Options::default());
    assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
}

#[test]
fn half_precision_has_a_verdict() {
    for dtype in [DType::F16, DType::BF16] {
        let target = Target::new(device(), dtype).with_reference(device());
        for options in seeds() {
            layer().run(&target, &options).assert_pass();
        }
        let wrong = layer().map_vjp(|g| g.map("w", |g: Tensor<2>| g * 2.0));
        let report = wrong.run(&target, &Options::default());
        assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
    }
    let small = Case::new("underflow")
        .input("x", [4])
        .function(|v| v.get::<1>("x").sin() * 1e-4 * 1e-4);
    let report = small.run(
        &Target::new(device(), DType::F16).with_reference(device()),
        &Options::default(),
    );
    assert!(
        !report.is_pass() && !report.verdict.is_failure(),
        "{report}"
    );
    assert!(
        report.to_string().contains("smallest normal number"),
        "{report}"
    );
}

#[test]
fn rounding_inside_counts_as_a_mistake_on_request() {
    let case = Case::new("exp in f32")
        .input("x", [5])
        .function(|v| v.get::<1>("x").cast(DType::F32).exp().cast(v.dtype()));
    case.check(&device()).assert_pass();
    let options = Options::default().coarse_inside(false);
    let report = case.run(&Target::best(&device()), &options);
    assert!(report.verdict.is_failure(), "{report}");
}

#[test]
fn names_that_nothing_reads_are_refused() {
    let misspelt = Case::new("misspelt")
        .input("x", [3, 4])
        .input_values("weigth", [4, 2], vec![0.5; 8])
        .module(
            |device| LinearConfig::new(4, 2).init(device),
            |linear, v| linear.forward(v.get::<2>("x")),
        );
    let text = misspelt.check(&device()).to_string();
    assert!(
        text.contains("`weigth`") && text.contains("\"weight\""),
        "{text}"
    );
    for case in [
        layer().layout("z", Layout::Window),
        layer().zero_gradient("z"),
    ] {
        let verdict = case.check(&device()).verdict;
        assert!(matches!(verdict, Verdict::Invalid { .. }), "{verdict}");
    }
    let options = Options::default().only("w", [9, 9]);
    let verdict = layer().run(&Target::best(&device()), &options).verdict;
    assert!(matches!(verdict, Verdict::Invalid { .. }), "{verdict}");
}

#[test]
fn layouts_in_memory_change_nothing() {
    for layout in [Layout::ColumnMajor, Layout::Window] {
        let case = layer()
            .layout("w", layout)
            .layout("x", layout)
            .layout("b", layout);
        case.check(&device()).assert_pass();
        case.run(&f32_target(), &Options::default()).assert_pass();
        let wrong = case.map_vjp(|g| g.map("w", |g: Tensor<2>| g * 1.001));
        let report = wrong.check(&device());
        assert_eq!(report.verdict.odd(), Some(Witness::Manual), "{report}");
    }
}

#[test]
fn a_wide_relu_net_passes_with_the_default_options() {
    let net = Case::new("wide")
        .input("x", [32, 20])
        .input_from("w", [20, 400], Sample::Scaled(0.25))
        .input_from("v", [400, 5], Sample::Scaled(0.05))
        .function(|v| relu(v.get::<2>("x").matmul(v.get("w"))).matmul(v.get("v")));
    let options = Options::default().mode(Mode::Fast);
    for seed in 0..5 {
        let options = options.clone().seed(seed);
        let report = net.run(&Target::best(&device()), &options);
        report.assert_pass();
    }
    let wrong = net.autodiff_function(|v| {
        let hidden = v.get::<2>("x").matmul(v.get("w"));
        (relu(hidden.clone()) + (hidden.clone() - hidden.detach()) * 1e-4).matmul(v.get("v"))
    });
    let report = wrong.run(&Target::best(&device()), &options);
    assert_eq!(report.verdict.odd(), Some(Witness::Autodiff), "{report}");
}

#[test]
fn steps_do_not_shrink_into_the_noise_of_f32() {
    // Far out a sigmoid in f32 does not change from step to step, and then it does.
    let sample = Sample::Within {
        low: -3.0,
        high: 3.0,
    };
    let silu = Case::new("silu in f32")
        .input_from("x", [3, 4], sample)
        .function(|v| {
            let x = v.get::<2>("x") * 10.0;
            x.clone() * sigmoid(x.cast(DType::F32)).cast(v.dtype())
        });
    for seed in 0..40 {
        let report = silu.run(&Target::best(&device()), &Options::default().seed(seed));
        assert!(!report.verdict.is_failure(), "{report}");
    }
}
