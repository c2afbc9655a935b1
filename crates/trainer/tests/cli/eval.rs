//! `trainer eval` from outside: what it counts, and what it refuses.

use std::fs;

use serde_json::{Value, json};

use crate::common::{Finished, Workplace};
use crate::documented::assert_documented;

/// A workplace with a short run on the small data set, in `runs/net`, and the run's result.
fn trained(options: &str) -> (Workplace, Value) {
    let workplace = Workplace::new();
    let events = workplace.train(&format!("--backend flex --run-name net {options}"));
    let result = events.last().cloned().expect("a result");
    (workplace, result)
}

/// The output of `eval` as JSON.
fn evaluation(workplace: &Workplace, arguments: &str) -> Value {
    let mut events = workplace.events(&format!("eval {arguments}"));
    assert_eq!(events.len(), 1, "{events:?}");
    assert_documented(&events[0]);
    events.remove(0)
}

#[test]
fn a_run_is_evaluated_as_it_evaluated_itself() {
    let options = "--epochs 2 --activation tanh --label-smoothing 0.1";
    let (workplace, result) = trained(options);
    let evaluated = evaluation(&workplace, "--run runs/net");
    assert_eq!(evaluated["event"], "evaluation");
    assert_eq!(evaluated["accuracy"], result["test_accuracy"]);
    let [loss, expected] = [&evaluated["loss"], &result["test_loss"]].map(Value::as_f64);
    let difference = (loss.unwrap() - expected.unwrap()).abs();
    assert!(difference < 1e-6, "{difference}");
    assert_eq!(
        (&evaluated["backend"], &evaluated["rows"]),
        (&json!("flex"), &json!(30))
    );

    // Weights without their run, and the run from another folder.
    let weights = "--weights runs/net/model.safetensors --data-dir data";
    let alone = evaluation(&workplace, weights);
    assert_eq!(alone["accuracy"], result["test_accuracy"]);
    assert_eq!(
        (&alone["run"], &alone["backend"]),
        (&Value::Null, &json!("ndarray"))
    );
    let mut command = workplace.command("eval --format json --run net");
    let output = command.current_dir(workplace.path("runs")).output();
    let finished = Finished::from(output.expect("the program starts"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(finished.events()[0]["accuracy"], result["test_accuracy"]);

    workplace.events("--model xor-net --backend flex --run-name xor");
    let evaluated = evaluation(&workplace, "--run runs/xor");
    assert_eq!(evaluated["confusion"], json!([[2, 0], [0, 2]]));
    assert_eq!(evaluated["accuracy_interval"], Value::Null);
}

#[test]
fn the_figures_fit_each_other_and_are_shown() {
    let (workplace, _) = trained("--epochs 2");
    let evaluated = evaluation(&workplace, "--run runs/net");
    let confusion: Vec<Vec<usize>> =
        serde_json::from_value(evaluated["confusion"].clone()).expect("a matrix");
    assert_eq!((confusion.len(), confusion.concat().iter().sum()), (3, 30));
    let correct = (0..3).map(|class| confusion[class][class]).sum::<usize>();
    let accuracy = evaluated["accuracy"].as_f64().expect("a number");
    assert_eq!(correct as f64 / 30.0, accuracy);
    let interval: [f64; 2] =
        serde_json::from_value(evaluated["accuracy_interval"].clone()).expect("two ends");
    assert!(interval[0] <= accuracy && accuracy <= interval[1]);
    assert!(
        interval[1] - interval[0] > 0.05,
        "30 rows give a wide interval: {interval:?}"
    );
    for (class, line) in evaluated["per_class"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let row: usize = confusion[class].iter().sum();
        let column: usize = confusion.iter().map(|row| row[class]).sum();
        assert_eq!(
            (&line["count"], &line["answered"]),
            (&row.into(), &column.into())
        );
        let recall = confusion[class][class] as f64 / row as f64;
        assert_eq!(line["recall"].as_f64(), Some(recall));
    }

    // The errors of the probabilities as they are, and as predict gives them.
    let percent = |field: &str| format!("{:.2} %", 100.0 * evaluated[field].as_f64().unwrap());
    let line = format!(
        "expected calibration error {}, {} at the temperature {:.2} of predict",
        percent("calibration_error"),
        percent("calibration_error_scaled"),
        evaluated["temperature"].as_f64().unwrap(),
    );
    let shown = workplace.text("eval --run runs/net");
    assert!(
        shown.lines().any(|shown| shown == line),
        "no {line:?} in {shown}"
    );
    for part in [
        "mnist-mlp 30-12-8-3",
        "runs/net",
        "30 test rows",
        "test accuracy",
        "95 % interval",
        "\nexpected calibration error ",
        " of predict\n",
        "true \\ predicted",
        "precision",
        "recall",
        "F1",
    ] {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let (workplace, _) = trained("--epochs 1");
    // MNIST has more classes than the small data set.
    let mnist = datasets::bundled_mnist_dir();
    let too_many = format!("--run runs/net --data-dir {}", mnist.display());
    for (arguments, naming) in [
        ("", &["--run", "--weights"][..]),
        ("--run nowhere", &["nowhere", "run folder"]),
        ("--run data", &["data", "run folder"]),
        ("--run runs/net --weights x", &["--weights"]),
        ("--run runs/net --data-dir nowhere", &["nowhere"]),
        (
            "--weights nowhere.safetensors",
            &["nowhere.safetensors", "; "],
        ),
        (&too_many, &["knows (0, 1, 2), got 0, 1", "--class-map"]),
        (
            "--weights pretrained --data-dir data",
            &["784 inputs", "30 pixels", "--data-dir"],
        ),
    ] {
        workplace
            .run(&format!("eval {arguments}"))
            .assert_refused(naming);
    }
    std::fs::write(workplace.path("runs/net/model.bpk"), b"no record").unwrap();
    workplace
        .run("eval --run runs/net")
        .assert_refused(&["model.bpk"]);
}

#[test]
fn the_bundled_net_is_as_good_as_its_docs_say() {
    let workplace = Workplace::new();
    for backend in ["flex", "ndarray"] {
        let options = format!("--weights pretrained --backend {backend}");
        let accuracy = evaluation(&workplace, &options)["accuracy"].as_f64();
        let difference = accuracy.expect("a number") - mnist_mlp::PRETRAINED_TEST_ACCURACY;
        assert!(difference.abs() < 5e-5, "{backend}: {difference}");
    }
}

#[test]
fn images_that_are_probably_not_as_meant_are_said() {
    let workplace = Workplace::new();
    // Pixels from 0 to 1 instead of 0 to 255; all images of the one are alike.
    let row = |label: usize, place: usize| {
        let pixels = (0..784).map(|i| usize::from(i % 28 == place).to_string());
        let pixels: Vec<String> = pixels.collect();
        format!("{label},{}\n", pixels.join(","))
    };
    let rows = [row(1, 14), row(1, 14), row(7, 9), row(7, 11)].concat();
    fs::write(workplace.path("few.csv"), rows).expect("writable");
    let arguments = "--weights pretrained --backend flex --data-dir few.csv";
    let evaluated = evaluation(&workplace, arguments);
    let doubts = [
        "classes 0, 2, 3, 4, 5, 6, 8, 9 without test images",
        "test pixels span 0 to 1 of 255: scale them to the whole range",
        "all 2 test images of class 1 are alike, pixel for pixel",
    ];
    assert_eq!(evaluated["doubts"], json!(doubts));
    let text = workplace.run(&format!("eval {arguments}"));
    assert_eq!(text.code, Some(0));
    for doubt in doubts {
        let line = format!("warning: {doubt}\n");
        assert!(text.stderr.contains(&line), "{}", text.stderr);
    }
}

/// Only image files are resized: of a table of small images, no size can be chosen.
#[test]
fn images_of_another_size_are_refused_with_a_remedy_that_helps() {
    let workplace = Workplace::new();
    let row = |index: usize| format!("{}{}\n", index % 10, ",9".repeat(49));
    let rows: String = (0..20).map(row).collect();
    fs::write(workplace.path("small.csv"), rows).expect("the file can be written");
    let refused = workplace.run("eval --weights pretrained --data-dir small.csv");
    refused.assert_refused(&["takes 784 inputs", "have 49 pixels; name the data"]);
    assert!(!refused.stderr.contains("--image-size"));
}

#[test]
fn several_runs_answer_together() {
    let (workplace, _) = trained("--epochs 1 --seed 1");
    workplace.train("--backend flex --run-name other --epochs 1 --seed 2");
    let alone = ["net", "other"].map(|run| evaluation(&workplace, &format!("--run runs/{run}")));
    let together = evaluation(&workplace, "--run runs/net --run runs/other");
    assert_eq!(together["run"], Value::Null);
    assert_eq!(alone[0]["committee"], json!([]));
    for (alone, member) in alone
        .iter()
        .zip(together["committee"].as_array().expect("two"))
    {
        for field in ["run", "loss", "accuracy"] {
            assert_eq!(alone[field], member[field], "{field}");
        }
    }
    // The loss is convex: that of the mean is at most the mean of the losses.
    let [a, b] = alone
        .each_ref()
        .map(|event| event["loss"].as_f64().expect("a loss"));
    let loss = together["loss"].as_f64().expect("a loss");
    assert!(
        loss < (a + b) / 2.0 && loss != a && loss != b,
        "{loss} {a} {b}"
    );
    assert_eq!(together["temperature"], Value::Null);
    let text = workplace.text("eval --run runs/net --run runs/other");
    assert!(text.contains("of a committee of 2, on flex"), "{text}");
    assert!(text.contains("\nruns/other: test loss "), "{text}");

    workplace.events("--model xor-net --backend flex --epochs 3 --run-name xor");
    let linear = "--model linear-regression --data-dir data --backend flex --epochs 1";
    workplace.events(&format!("{linear} --run-name linear"));
    for run in ["xor", "linear"] {
        workplace
            .run(&format!("eval --run runs/net --run runs/{run}"))
            .assert_refused(&["cannot be in a committee", "mnist-mlp"]);
    }
    workplace
        .run("eval --run runs/net --run runs/nothing")
        .assert_refused(&["runs/nothing"]);
    workplace
        .run("eval --run runs/net --weights pretrained")
        .assert_refused(&["--weights", "--run"]);
}
