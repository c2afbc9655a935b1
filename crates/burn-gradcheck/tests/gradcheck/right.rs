//! Correct gradients pass, for every kind of function and every way to run a case.

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, Relu};
use burn::tensor::activation::{log_softmax, relu, sigmoid, softmax};
use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{
    Case, Gradients, Masks, Mode, Options, Report, Sample, Target, Verdict, Witness,
};

use crate::{device, f32_target, seeds};

fn matmul() -> Case {
    Case::new("matmul")
        .input("x", [3, 5])
        .input("w", [5, 2])
        .function(|v| v.get::<2>("x").matmul(v.get::<2>("w")))
        .vjp(|v, grad_out| {
            let grad_z = grad_out.get::<2>(0);
            Gradients::new()
                .with("x", grad_z.clone().matmul(v.get::<2>("w").transpose()))
                .with("w", v.get::<2>("x").transpose().matmul(grad_z))
        })
}

#[track_caller]
fn assert_precise(report: &Report) {
    report.assert_pass();
    assert!(report.median.autodiff_finite.unwrap() <= 1e-10, "{report}");
    assert!(report.worst.autodiff_finite.unwrap() <= 1e-8, "{report}");
    if let Some(error) = report.worst.manual_autodiff {
        assert!(error <= 1e-12, "{report}");
    }
}

#[test]
fn a_matrix_product_has_three_witnesses() {
    let report = matmul().check(&device());
    assert_precise(&report);
    assert_eq!((report.elements, report.checked), (25, 25));
    assert!(report.laws.iter().all(|law| law.holds));
    assert_eq!(report.laws.len(), 7);
}

#[test]
fn elementwise_functions() {
    type Elementwise = fn(Tensor<2>) -> Tensor<2>;
    let functions: [(&str, Sample, Elementwise); 8] = [
        ("exp", Sample::Signed, Tensor::exp),
        ("log", Sample::Positive, Tensor::log),
        ("sqrt", Sample::Positive, Tensor::sqrt),
        ("tanh", Sample::Signed, Tensor::tanh),
        ("sigmoid", Sample::Signed, sigmoid),
        ("reciprocal", Sample::Signed, Tensor::recip),
        ("relu", Sample::Signed, relu),
        ("softmax", Sample::Signed, |x| softmax(x, 1)),
    ];
    for (name, sample, function) in functions {
        for shape in [[1, 1], [3, 4], [5, 1]] {
            let case = Case::new(name)
                .input_from("x", shape, sample)
                .function(move |v| function(v.get("x")));
            assert_precise(&case.check(&device()));
        }
    }
}

#[test]
fn any_rank_and_any_number_of_outputs() {
    let report = Case::new("parts")
        .input("x", [2, 3, 2, 2])
        .input("s", [1])
        .function(|v| {
            let x = v.get::<4>("x");
            let product = x.clone() * v.get::<1>("s").reshape([1, 1, 1, 1]);
            (
                product.sum_dim(3).squeeze_dim::<3>(3),
                x.powi_scalar(2).mean(),
            )
        })
        .check(&device());
    assert_precise(&report);
    let three = Case::new("three").input("x", [3]).function(|v| {
        let x = v.get::<1>("x");
        vec![x.clone().sin(), x.clone().cos(), x.exp()]
    });
    assert_precise(&three.check(&device()));
}

#[test]
fn constants_are_read_but_not_differentiated() {
    let report = Case::new("cross-entropy")
        .input("logits", [2, 3])
        .constant("labels", [2, 3], [0.0, 1.0, 0.0, 0.0, 0.0, 1.0])
        .function(|v| -(log_softmax(v.get::<2>("logits"), 1) * v.get::<2>("labels")).sum())
        .vjp(|v, grad_out| {
            let rows = softmax(v.get::<2>("logits"), 1) - v.get::<2>("labels");
            Gradients::new().with("logits", rows * grad_out.get::<1>(0).reshape([1, 1]))
        })
        .check(&device());
    assert_precise(&report);
    assert_eq!(report.elements, 6);
}

#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    activation: Relu,
    out: Linear,
}

impl Mlp {
    fn init(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(4, 6).init(device),
            activation: Relu::new(),
            out: LinearConfig::new(6, 3).with_bias(false).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.out
            .forward(self.activation.forward(self.hidden.forward(x)))
    }
}

fn mlp() -> Case {
    Case::new("mlp")
        .input("x", [5, 4])
        .module(Mlp::init, |mlp, v| mlp.forward(v.get("x")))
        .kinks(|v| {
            let hidden = v.get::<2>("x").matmul(v.get("hidden.weight"));
            Masks::from((hidden + v.get::<1>("hidden.bias").unsqueeze()).greater_elem(0.0))
        })
}

#[test]
fn a_module_is_checked_by_parameter_path() {
    let report = mlp().check(&device());
    assert_precise(&report);
    let names: Vec<_> = report
        .inputs
        .iter()
        .map(|input| input.name.as_str())
        .collect();
    assert_eq!(names, ["x", "hidden.weight", "hidden.bias", "out.weight"]);
    assert!(report.inputs.iter().all(|input| input.connected));
}

#[test]
fn a_module_passes_in_f32() {
    let report = mlp().run(&Target::new(device(), DType::F32), &Options::default());
    report.assert_pass();
    assert!(report.worst.autodiff_finite.unwrap() > 1e-12, "{report}");
}

#[test]
fn running_statistics_are_not_differentiated() {
    let report = Case::new("batch norm")
        .input("x", [4, 2, 3])
        .module(
            |device| BatchNormConfig::new(2).init(device),
            |norm: &BatchNorm, v| norm.forward(v.get::<3>("x")),
        )
        .check(&device());
    assert_precise(&report);
    let names: Vec<_> = report
        .inputs
        .iter()
        .map(|input| input.name.as_str())
        .collect();
    assert_eq!(names, ["x", "gamma", "beta"]);
}

#[test]
fn f32_is_compared_with_f64() {
    let case = Case::new("softmax")
        .input("x", [3, 4])
        .function(|v| softmax(v.get::<2>("x"), 1))
        .vjp(|v, grad_out| {
            let (y, grad_y) = (softmax(v.get::<2>("x"), 1), grad_out.get::<2>(0));
            let inner = (grad_y.clone() * y.clone()).sum_dim(1);
            Gradients::new().with("x", y * (grad_y - inner))
        });
    let report = case.run(&Target::new(device(), DType::F32), &Options::default());
    report.assert_pass();
    let tolerance = report.tolerance.clone().unwrap();
    assert!(
        tolerance.pair < 1e-3 && report.median.manual_finite.unwrap() < 1e-6,
        "{report}"
    );
    let error = report.worst.manual_finite.unwrap();
    assert!(error > 0.0 && error < tolerance.finite, "{report}");
}

#[test]
fn fast_mode_covers_a_large_input() {
    let case = Case::new("large")
        .input("x", [100, 100])
        .function(|v| v.get::<2>("x").tanh().sum_dim(1));
    let report = case.check(&device());
    assert_precise(&report);
    assert_eq!(report.inputs[0].mode, "fast");
    assert!(report.finite.evaluations < 200, "{report}");
    let full = case.run(
        &Target::best(&device()),
        &Options::default().mode(Mode::Fast),
    );
    assert_eq!(full.inputs[0].mode, "fast");
}

#[test]
fn a_disconnected_input_has_a_zero_gradient_and_is_reported() {
    let report = Case::new("ignores y")
        .input("x", [2, 3])
        .input("y", [3])
        .function(|v| {
            let _ = v.get::<1>("y");
            v.get::<2>("x").exp()
        })
        .vjp(|v, grad_out| {
            Gradients::new()
                .with("x", grad_out.get::<2>(0) * v.get::<2>("x").exp())
                .with("y", v.tensor([3], &[0.0; 3]))
        })
        .check(&device());
    assert_precise(&report);
    assert!(!report.inputs[1].connected);
    assert!(
        report
            .to_string()
            .contains("input y: not reached by autodiff")
    );
}

#[test]
fn a_constant_function_has_a_zero_gradient() {
    let report = Case::new("constant")
        .input("x", [2])
        .function(|v| {
            let _ = v.get::<1>("x");
            v.tensor([3], &[1.0, 2.0, 3.0])
        })
        .check(&device());
    report.assert_pass();
    assert!(!report.inputs[0].connected);
}

#[test]
fn an_empty_input_is_allowed_but_not_alone() {
    let empty = Case::new("empty")
        .input("x", [0, 3])
        .function(|v| v.get::<2>("x"));
    let verdict = empty.check(&device()).verdict;
    assert!(matches!(verdict, Verdict::Invalid { .. }), "{verdict}");
    let with_another = Case::new("with another")
        .input("x", [0, 3])
        .input("y", [2])
        .function(|v| (v.get::<2>("x"), v.get::<1>("y").exp()));
    let report = with_another.check(&device());
    report.assert_pass();
    assert_eq!(report.elements, 2);
}

#[test]
fn near_a_kink_the_step_shrinks() {
    // The first step of the first element, 1/16, crosses the kink at 1.
    let shifted = Case::new("shifted")
        .input_values("x", [3], [1.001, 0.25, 2.5])
        .function(|v| relu(v.get::<1>("x") - 1.0))
        .check(&device());
    shifted.assert_pass();
    assert_eq!(shifted.finite.steps_shrunk, 1, "{shifted}");
}

#[test]
fn a_drawn_point_on_a_kink_is_drawn_again() {
    // The kink lies exactly at the first draw.
    let sample = Sample::Within {
        low: 0.0,
        high: 3.0,
    };
    let on_grid = |v: &burn_gradcheck::Values| relu(v.get::<1>("x") - v.get::<1>("kink"));
    let first = sample.draw(1, 0, &["redrawn", "x", "0"])[0];
    let case = Case::new("redrawn")
        .input_from("x", [1], sample)
        .constant("kink", [1], [first])
        .function(on_grid);
    let report = case.check(&device());
    report.assert_pass();
    assert_eq!((report.finite.redrawn, report.draw), (1, 1), "{report}");
    let again = case.run(&Target::best(&device()), &Options::default().draw(1));
    assert_eq!(again.worst, report.worst);
}

#[test]
fn one_element_alone_is_the_same_check() {
    let case = matmul();
    let all = case.check(&device());
    let worst = all.worst_element.as_ref().unwrap();
    let options = Options::default().only(worst.input.clone(), worst.index.clone().unwrap());
    let one = case.run(&Target::best(&device()), &options);
    one.assert_pass();
    assert_eq!(one.checked, 1);
    assert_eq!(one.worst_element.unwrap().finite, worst.finite);
}

#[test]
fn a_run_is_reproducible_and_seeds_differ() {
    let run = |seed| {
        matmul()
            .run(&Target::best(&device()), &Options::default().seed(seed))
            .to_json()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn cases_can_be_shared_between_threads() {
    let case = mlp();
    let threads: Vec<_> = (0..2)
        .map(|seed| {
            let case = case.clone();
            std::thread::spawn(move || {
                case.run(&Target::best(&device()), &Options::default().seed(seed))
                    .assert_pass();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// `sin((x + offset) - offset)`, times 1 by its value and times `factor` by its gradient.
fn cancelling(offset: f64, factor: f64) -> Case {
    let inside = move |x: Tensor<1>| (x + offset) - offset;
    Case::new("cancelling inside")
        .input("x", [6])
        .function(move |v| inside(v.get("x")).sin())
        .vjp(move |v, grad_out| {
            let slope = inside(v.get("x")).cos() * factor;
            Gradients::new().with("x", grad_out.get::<1>(0) * slope)
        })
}

#[test]
fn what_cancels_inside_a_function_in_f32_is_told_by_its_value_and_hides_no_mistake() {
    let f32 = Target::new(device(), DType::F32).with_reference(device());
    for seed in 0..20 {
        let options = Options::default().seed(seed);
        for offset in [1e3, 1e4, 1e5, 5e5] {
            cancelling(offset, 1.0).run(&f32, &options).assert_pass();
            let alone = cancelling(offset, 1.0).without_vjp();
            alone.run(&f32, &options).assert_pass();
            for factor in [-1.0, 0.5, 2.0] {
                let report = cancelling(offset, factor).run(&f32, &options);
                let odd = report.verdict.odd();
                assert_eq!(odd, Some(burn_gradcheck::Witness::Manual), "{report}");
            }
        }
        let report = cancelling(1e8, 1.0).run(&f32, &options);
        assert_eq!(report.verdict.name(), "value", "{report}");
        assert!(report.to_string().contains("check in f64"), "{report}");
    }
}

/// `√(1 - x²)` summed, for functions that panic outside of -1..1.
fn half_circle(x: Tensor<2>) -> Tensor<1> {
    let largest = x.clone().abs().max().into_scalar::<f64>();
    assert!(largest <= 1.0, "{largest} is not between -1 and 1");
    (-x.clone() * x + 1.0).sqrt().sum()
}

#[test]
fn a_domain_may_end_next_to_the_point() {
    let case = Case::new("half circle")
        .input_values("x", [1, 3], vec![0.9997, -0.25, -0.5])
        .function(|v| half_circle(v.get("x")));
    for target in [Target::new(device(), DType::F64), f32_target()] {
        for options in seeds() {
            case.run(&target, &options).assert_pass();
        }
    }
}

#[test]
fn at_the_end_of_the_domain_the_panic_is_told() {
    let case = Case::new("half circle")
        .input_values("x", [1, 3], vec![0.5, 1.0, -0.5])
        .function(|v| half_circle(v.get("x").powi_scalar(2)));
    let report = case.run(&Target::new(device(), DType::F64), &Options::default());
    assert!(
        matches!(&report.verdict, Verdict::Panicked { odd: Witness::Finite, message }
            if message.contains("is not between -1 and 1")),
        "{report}"
    );
}
