//! `trainer eval` from outside: what it counts, and what it refuses.

#[allow(dead_code, reason = "each test program uses its part of it")]
mod common;
mod documented;

use common::{CLASSES, Finished, IMAGES, Workplace};
use documented::assert_documented;
use serde_json::Value;

/// A workplace with a short run on the small data set, in `runs/net`, and the run's result.
fn trained(options: &str) -> (Workplace, Value) {
    let workplace = Workplace::new();
    let events = workplace.train(&format!("--backend flex --run-name net {options}"));
    let result = events.last().cloned().expect("a result");
    (workplace, result)
}

/// What `eval --format json` says, successfully.
fn evaluation(workplace: &Workplace, arguments: &str) -> Value {
    let finished = workplace.run(&format!("eval --format json {arguments}"));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let mut events = finished.events();
    assert_eq!(events.len(), 1, "{}", finished.stdout);
    events.remove(0)
}

/// Exit 2, nothing on standard output, one line that names every one of `naming`.
#[track_caller]
fn assert_refused(finished: &Finished, naming: &[&str]) {
    let Finished {
        code,
        stdout,
        stderr,
    } = finished;
    assert_eq!((*code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for name in naming {
        assert!(stderr.contains(name), "no {name:?} in: {stderr}");
    }
}

#[test]
fn a_run_is_judged_as_it_judged_itself() {
    for model in [
        "--epochs 2",
        "--epochs 2 --activation tanh --label-smoothing 0.1",
    ] {
        let (workplace, result) = trained(model);
        let judged = evaluation(&workplace, "--run runs/net");
        assert_eq!(judged["event"], "evaluation");
        assert_documented(&judged);
        assert_eq!(judged["accuracy"], result["test_accuracy"], "{model}");
        let (loss, expected) = (judged["loss"].as_f64(), result["test_loss"].as_f64());
        let difference = (loss.unwrap() - expected.unwrap()).abs();
        assert!(difference < 1e-6, "{model}: {difference}");
        assert_eq!(judged["backend"], "flex");
        assert_eq!(judged["rows"], IMAGES[1]);
    }
}

#[test]
fn the_figures_fit_each_other() {
    let (workplace, _) = trained("--epochs 2");
    let judged = evaluation(&workplace, "--run runs/net");
    let confusion: Vec<Vec<usize>> =
        serde_json::from_value(judged["confusion"].clone()).expect("a matrix");
    assert_eq!(confusion.len(), CLASSES);
    let all = confusion.iter().flatten().sum::<usize>();
    assert_eq!(all, IMAGES[1]);
    let right = (0..CLASSES).map(|class| confusion[class][class]);
    let accuracy = judged["accuracy"].as_f64().expect("a number");
    assert_eq!(right.sum::<usize>() as f64 / all as f64, accuracy);
    let interval: [f64; 2] =
        serde_json::from_value(judged["accuracy_interval"].clone()).expect("two ends");
    assert!(interval[0] <= accuracy && accuracy <= interval[1]);
    assert!(
        interval[1] - interval[0] > 0.05,
        "30 rows say little: {interval:?}"
    );
    for (class, line) in judged["per_class"].as_array().unwrap().iter().enumerate() {
        let row: usize = confusion[class].iter().sum();
        let column: usize = confusion.iter().map(|row| row[class]).sum();
        assert_eq!(
            (&line["count"], &line["answered"]),
            (&row.into(), &column.into())
        );
        let recall = confusion[class][class] as f64 / row as f64;
        assert_eq!(line["recall"].as_f64(), Some(recall));
    }
}

#[test]
fn weights_are_judged_without_their_run() {
    let (workplace, result) = trained("--epochs 2");
    let judged = evaluation(
        &workplace,
        "--weights runs/net/model.safetensors --data-dir data",
    );
    assert_eq!(judged["accuracy"], result["test_accuracy"]);
    assert_eq!(judged["run"], Value::Null);
    assert_eq!(judged["backend"], "ndarray");
}

#[test]
fn the_other_models_are_judged_too() {
    let workplace = Workplace::new();
    workplace.events("--model xor-net --backend flex --run-name xor");
    let judged = evaluation(&workplace, "--run runs/xor");
    assert_eq!(judged["confusion"], serde_json::json!([[2, 0], [0, 2]]));
    assert_eq!(judged["accuracy_interval"], Value::Null);

    let events = workplace.events(
        "--model linear-regression --data-dir data --batch-size 16 --backend flex --epochs 3 \
         --run-name linear",
    );
    let judged = evaluation(&workplace, "--run runs/linear");
    let result = events.last().expect("a result");
    assert_eq!(judged["accuracy"], result["test_accuracy"]);
}

#[test]
fn text_has_the_matrix_and_the_classes() {
    let (workplace, _) = trained("--epochs 20");
    let finished = workplace.run("eval --run runs/net");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let shown = finished.stdout;
    for part in [
        "mnist-mlp 30-12-8-3 of runs/net",
        "30 test rows",
        "test accuracy",
        "95 % interval",
        "is \\ answer",
        "precision",
        "recall",
        "F1",
    ] {
        assert!(shown.contains(part), "no {part:?} in {shown}");
    }
}

#[test]
fn a_run_is_judged_from_any_folder() {
    let (workplace, result) = trained("--epochs 2");
    let mut command = workplace.command("eval --format json --run net");
    let output = command.current_dir(workplace.path("runs")).output();
    let finished = Finished::from(output.expect("the program starts"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(finished.events()[0]["accuracy"], result["test_accuracy"]);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let (workplace, _) = trained("--epochs 1");
    let refused = |arguments: &str, naming: &[&str]| {
        assert_refused(&workplace.run(&format!("eval {arguments}")), naming);
    };
    refused("", &["--run", "--weights"]);
    refused("--run nowhere", &["nowhere", "no run folder"]);
    refused("--run data", &["data", "no run folder"]);
    refused("--run runs/net --weights x", &["--weights"]);
    refused("--run runs/net --data-dir nowhere", &["nowhere"]);
    refused(
        "--weights nowhere.safetensors",
        &["nowhere.safetensors", "; name a file that you may read\n"],
    );
    // MNIST's images are larger than those of the small data set.
    let mnist = datasets::bundled_mnist_dir();
    refused(
        &format!("--run runs/net --data-dir {}", mnist.display()),
        &["30 inputs", "784 pixels", "--data-dir"],
    );
    std::fs::write(workplace.path("runs/net/model.bpk"), b"no record").unwrap();
    refused("--run runs/net", &["model.bpk"]);
}
