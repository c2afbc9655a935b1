//! `verify-grads` from outside, and the formulas on real images.

use std::process::{Command, Output};

use backends::Backend;
use burn::module::Module;
use burn::optim::AdamConfig;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use datasets::{Mnist, bundled_mnist_dir};
use mnist_mlp::{MnistMlp, MnistMlpConfig};
use serde_json::Value;

fn verify_grads(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify-grads"));
    command
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the program writes UTF-8")
}

/// Runs with JSON; gives exit code and events.
fn events(arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = verify_grads(&[arguments, &["--format", "json"]].concat());
    let lines = text(&output.stdout).lines();
    let events = lines.map(|line| serde_json::from_str(line).expect("every line is JSON"));
    (output.status.code(), events.collect())
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["event"] == kind)
        .collect()
}

#[test]
fn all_agree_on_the_processor_and_the_judge_does_well() {
    let shapes = ["--shapes", "2", "--mutate"];
    let (code, events) =
        events(&[&["--backend", "flex", "--backend", "ndarray"], &shapes[..]].concat());
    assert_eq!(code, Some(0));

    let cases = of_kind(&events, "case");
    for case in &cases {
        assert_eq!(case["verdict"], "pass", "{case}");
    }
    for (backend, dtype) in [
        ("flex", "f64"),
        ("flex", "f32"),
        ("ndarray", "f64"),
        ("ndarray", "f32"),
    ] {
        let is_here = |case: &&&Value| case["backend"] == backend && case["dtype"] == dtype;
        assert!(
            cases.iter().filter(is_here).count() > 50,
            "{backend} {dtype}"
        );
    }
    let real = cases.iter().find(|case| {
        case["case"]
            .as_str()
            .is_some_and(|name| name.contains("real"))
    });
    let elements = real.expect("the case at real size")["elements"].as_u64();
    assert_eq!(
        elements,
        Some(784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10)
    );

    for comparison in of_kind(&events, "pytorch") {
        assert_eq!(comparison["verdict"], "pass", "{comparison}");
    }
    let mutants = of_kind(&events, "mutant");
    assert!(mutants.len() >= 70, "{}", mutants.len());
    for mutant in &mutants {
        assert_eq!(mutant["caught"], true, "{mutant}");
        if mutant["mutated"] == "autodiff" {
            assert_eq!(mutant["odd"], "autodiff", "{mutant}");
        }
    }
    let summary = of_kind(&events, "summary")[0];
    assert_eq!(summary["failed"], 0);
    assert_eq!(summary["caught"], summary["mutants"]);
    assert_eq!(summary["false_alarms"], 0);
    let finite = summary["worst_by_dtype"]["f64"]["finite"]
        .as_f64()
        .expect("a number");
    assert!(finite <= 1e-7, "{finite:e}");
    assert_eq!(events.last(), Some(summary));
}

#[test]
fn without_mutate_the_summary_says_nothing_of_mutants() {
    let (code, events) = events(&["--backend", "flex", "--case", "matmul", "--shapes", "1"]);
    assert_eq!(code, Some(0));
    let cases = of_kind(&events, "case");
    assert_eq!(cases.len(), 2, "matmul in f64 and f32");
    assert_eq!(
        cases[0]["shape"],
        serde_json::json!({"w": [5, 3], "x": [7, 5]})
    );
    let summary = of_kind(&events, "summary")[0];
    for absent in ["mutants", "caught", "false_alarms"] {
        assert_eq!(summary[absent], Value::Null);
    }
}

#[test]
fn the_table_has_a_row_for_a_rule_and_a_summary_line() {
    let output = verify_grads(&["--backend", "flex", "--case", "softmax", "--shapes", "3"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    let rows = stdout
        .lines()
        .filter(|line| line.starts_with("softmax "))
        .collect::<Vec<_>>();
    assert_eq!(rows.len(), 2, "{stdout}");
    for (row, dtype) in rows.iter().zip(["f64", "f32"]) {
        let words = row.split_whitespace().collect::<Vec<_>>();
        assert_eq!(words[..4], ["softmax", "flex", dtype, "3"]);
        assert_eq!(words.last(), Some(&"pass"));
    }
    assert!(
        stdout
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("all agree: "))
    );
}

#[test]
fn a_seed_gives_the_same_numbers_again() {
    let run = |seed| {
        events(&[
            "--backend",
            "flex",
            "--case",
            "xor",
            "--shapes",
            "9",
            "--seed",
            seed,
        ])
        .1
    };
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
}

#[test]
fn a_pattern_without_a_match_is_an_error() {
    let output = verify_grads(&["--backend", "flex", "--case", "no such rule"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        "error: no case has 'no such rule' in its name; run without `--case` to see the names\n"
    );
}

#[test]
fn wrong_options_are_refused() {
    for arguments in [["--backend", "abacus"], ["--shapes", "0"], ["--seed", "-1"]] {
        assert_eq!(
            verify_grads(&arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_named_backend_must_run_and_wgpu_is_checked_in_f32() {
    let (code, events) = events(&["--backend", "wgpu", "--case", "matmul", "--shapes", "1"]);
    match Backend::Wgpu.open() {
        Ok(_) => {
            assert_eq!(code, Some(0));
            let cases = of_kind(&events, "case");
            assert!(!cases.is_empty());
            for case in cases {
                assert_eq!(
                    (&case["backend"], &case["dtype"]),
                    (&"wgpu".into(), &"f32".into())
                );
            }
        }
        Err(_) => assert_eq!((code, events.len()), (Some(2), 0)),
    }
}

/// The first images of MNIST and the lecture's net, in f64 on Flex.
fn lecture() -> (MnistMlp, Tensor<2>, Tensor<1, Int>) {
    const BATCH: usize = 64;
    let device = Device::flex();
    let Mnist { train, .. } =
        Mnist::load(&bundled_mnist_dir()).expect("MNIST comes with the project");
    let pixels = (0..BATCH).flat_map(|index| train.image(index));
    let pixels = pixels
        .map(|&byte| f64::from(byte) / 255.0)
        .collect::<Vec<_>>();
    let labels = (0..BATCH)
        .map(|index| i64::from(train.label(index)))
        .collect::<Vec<_>>();
    let net = MnistMlpConfig::new(784, vec![256, 128], 10)
        .init(0, (&device, DType::F64))
        .expect("a legal configuration");
    let x = Tensor::from_data(TensorData::new(pixels, [BATCH, 784]), (&device, DType::F64));
    (
        net,
        x,
        Tensor::from_data(TensorData::new(labels, [BATCH]), &device),
    )
}

#[test]
fn the_first_loss_is_near_that_of_guessing() {
    let (net, x, labels) = lecture();
    let (loss, _) = manual_backprop::mnist_mlp::gradients(&net, x, labels);
    let loss = loss.into_scalar::<f64>();
    assert!(
        (loss - 10f64.ln()).abs() < 0.3,
        "{loss}, ln 10 is {}",
        10f64.ln()
    );
}

#[test]
fn a_real_batch_is_learnt_by_heart() {
    let (net, x, labels) = lecture();
    let mut adam = AdamConfig::new().init();
    let mut net = net.train();
    for _ in 0..60 {
        let plain = net.valid();
        let (_, grads) = manual_backprop::mnist_mlp::gradients(&plain, x.clone(), labels.clone());
        net = adam.step(0.002, net, grads);
    }
    let loss = net.valid().loss(x, labels).into_scalar::<f64>();
    assert!(loss < 1e-3, "{loss}");
}
