//! What a checker must not overlook, and what it must not accuse, in modules.

use burn::module::{Module, Param};
use burn::nn::attention::{MhaInput, MultiHeadAttentionConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Gru, GruConfig, Linear, LinearConfig, LstmConfig};
use burn::tensor::activation::softmax;
use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{Case, Options, Target, Verdict, Witness};

use crate::{assert_severed, device, f32_target, layer, seeds};

fn batch_norm() -> Case {
    Case::new("batch norm").input("x", [5, 3]).module(
        |device| BatchNormConfig::new(3).init(device),
        |norm: &BatchNorm, v| norm.forward(v.get::<2>("x")),
    )
}

#[test]
fn a_weight_cut_off_inside_a_module_is_severed() {
    let report = Case::new("detached weight")
        .input("x", [3, 4])
        .module(
            |device| LinearConfig::new(4, 2).init(device),
            |linear: &Linear, v| {
                let bias = linear.bias.as_ref().map(|bias| bias.val().unsqueeze::<2>());
                v.get::<2>("x").matmul(linear.weight.val().detach()) + bias.unwrap()
            },
        )
        .check(&device());
    assert_severed(&report, "weight");
}

#[test]
fn batch_norm_in_training_passes_in_every_float_type_with_its_reference_on_the_same_device() {
    for options in seeds() {
        batch_norm().run(&f32_target(), &options).assert_pass();
        batch_norm()
            .run(&Target::best(&device()), &options)
            .assert_pass();
    }
}

#[test]
fn a_model_is_checked_at_its_own_values_and_left_as_it_is() {
    for device in [device(), device().autodiff()] {
        let model = BatchNormConfig::new(3).init(&device);
        let before = model.running_mean.value().into_data();
        let report = Case::new("trained")
            .input("x", [5, 3])
            .model(model.clone(), |norm, v| norm.forward(v.get::<2>("x")))
            .check(&device);
        report.assert_pass();
        assert_eq!(report.checked, 15 + 6, "{report}");
        assert_eq!(model.running_mean.value_sync().into_data(), before);
    }
    // The same by a closure that returns what exists.
    let existing = LinearConfig::new(4, 3).init(&device());
    let report = Case::new("existing")
        .input("x", [2, 4])
        .module(
            move |_| existing.clone(),
            |linear, v| linear.forward(v.get::<2>("x")),
        )
        .check(&device());
    report.assert_pass();
    assert_eq!(report.checked, 8 + 12 + 3, "{report}");
}

#[test]
fn a_module_of_which_nothing_is_checked_does_not_pass() {
    let frozen = Case::new("frozen").input("x", [2, 4]).module(
        |device| LinearConfig::new(4, 3).init(device).no_grad(),
        |linear, v| linear.forward(v.get::<2>("x")),
    );
    let report = frozen.check(&device());
    assert!(
        matches!(&report.verdict, Verdict::Invalid { .. }),
        "{report}"
    );
    assert!(report.to_string().contains("Case::frozen"), "{report}");
    frozen.frozen().check(&device()).assert_pass();
}

#[test]
fn a_gradient_that_is_truly_zero_passes_and_is_told_from_a_severed_one() {
    let before_norm = Case::new("bias before batch norm")
        .input("x", [5, 3])
        .input("bias", [1, 3])
        .module(
            |device| BatchNormConfig::new(3).init(device),
            |norm: &BatchNorm, v| norm.forward(v.get::<2>("x") + v.get::<2>("bias")),
        );
    let attention = Case::new("attention").input("x", [2, 3, 4]).module(
        |device| {
            MultiHeadAttentionConfig::new(4, 1)
                .with_dropout(0.0)
                .init(device)
        },
        |attention, v| attention.forward(MhaInput::self_attn(v.get("x"))).context,
    );
    for options in seeds() {
        for target in [Target::best(&device()), f32_target()] {
            let report = before_norm.run(&target, &options);
            report.assert_pass();
            let bias = report.inputs.iter().find(|input| input.name == "bias");
            assert!(bias.unwrap().zero, "{report}");
            if options.seed < 3 {
                attention.run(&target, &options).assert_pass();
            }
            let said = before_norm.clone().zero_gradient("bias");
            said.run(&target, &options).assert_pass();
        }
    }
    let wrongly_said = before_norm.zero_gradient("gamma").check(&device());
    assert!(
        matches!(&wrongly_said.verdict, Verdict::Invalid { .. }),
        "{wrongly_said}"
    );
    // Alone, there is nothing to compare its size with: not certain unless it is said.
    let rows = Case::new("rows of a softmax")
        .input("x", [3, 4])
        .function(|v| softmax(v.get::<2>("x"), 1).sum_dim(1));
    let report = rows.check(&device());
    assert!(
        matches!(&report.verdict, Verdict::Unchecked { .. }),
        "{report}"
    );
    rows.zero_gradient("x").check(&device()).assert_pass();
}

#[test]
fn a_layer_of_one_float_type_is_checked_in_it_alone() {
    let lstm = Case::new("lstm").input("x", [2, 3, 4]).module(
        |device| LstmConfig::new(4, 5, true).init(device),
        |lstm, v| lstm.forward(v.get::<3>("x"), None).0,
    );
    let report = lstm.run(&f32_target(), &Options::default());
    assert_eq!(report.verdict.odd(), Some(Witness::Finite), "{report}");
    let text = report.to_string();
    assert!(
        text.contains("in f64") && text.contains("Target::alone"),
        "{report}"
    );
    let alone = Target::new(device(), DType::F32).alone();
    for options in seeds() {
        let report = lstm.run(&alone, &options);
        assert!(!report.verdict.is_failure(), "{report}");
    }
    let gru = Case::new("gru").input("x", [2, 3, 4]).module(
        |device| GruConfig::new(4, 5, true).init(device),
        |gru: &Gru, v| gru.forward(v.get::<3>("x"), None),
    );
    gru.run(&alone, &Options::default()).assert_pass();
    let wrong = layer().autodiff_function(|v| {
        let x = v.get::<2>("x").detach();
        (x.matmul(v.get("w")) + v.get::<1>("b").unsqueeze()).tanh()
    });
    assert_severed(&wrong.without_vjp().run(&alone, &Options::default()), "x");
}

#[test]
fn tied_weights_are_one_input() {
    let report = Case::new("tied")
        .input("x", [3, 4])
        .module(Tied::init, |tied, v| tied.forward(v.get("x")))
        .check(&device());
    report.assert_pass();
    let names: Vec<&str> = report.inputs.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["x", "into.weight", "into.bias", "out.bias"]);
}

#[test]
fn a_parameter_without_influence_is_refused() {
    let unused = Case::new("unused").input("x", [2, 4]).module(
        |device| LinearConfig::new(4, 4).init(device),
        |_: &Linear, v| v.get::<2>("x").exp(),
    );
    let report = unused.check(&device());
    assert!(
        matches!(&report.verdict, Verdict::Invalid { .. }),
        "{report}"
    );
    assert!(report.to_string().contains("`weight`"), "{report}");
}

#[derive(Module, Debug)]
struct Tied {
    into: Linear,
    out: Linear,
}

impl Tied {
    fn init(device: &Device) -> Self {
        let into = LinearConfig::new(4, 4).init(device);
        let mut out = LinearConfig::new(4, 4).init(device);
        out.weight = Param::initialized(into.weight.id, into.weight.val());
        Self { into, out }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.out.forward(self.into.forward(x).tanh())
    }
}
