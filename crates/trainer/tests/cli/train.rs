//! Training from outside: output, files, exit codes, closed pipes.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{
    Finished, SMALL, Workplace, copy_folder, lasting, metrics, names, names_in, of_crate, weights,
};
use crate::documented::assert_documented;

/// Options of linear regression on the small data set.
const LINEAR: &str = "--model linear-regression --data-dir data --batch-size 16 --backend flex";

/// The options of a short run on the small data set, and more.
fn short(more: &str) -> String {
    format!("{SMALL} --backend flex --epochs 3 {more}")
}

#[test]
fn text_has_a_line_an_epoch_and_the_result_last() {
    let workplace = Workplace::new();
    // No bar without a terminal.
    let text = workplace.text(&short("--run-name text"));
    let lines: Vec<&str> = text.lines().collect();
    let first = "mnist-mlp 30-12-8-3 (503 parameters)";
    assert!(lines[0].starts_with(first), "{text}");
    let epochs = lines.iter().filter(|line| line.starts_with("epoch "));
    let epochs: Vec<&&str> = epochs.collect();
    assert_eq!(epochs.len(), 3, "{text}");
    for (epoch, line) in (1..).zip(epochs) {
        let begin = format!("epoch   {epoch}   train loss ");
        assert!(line.starts_with(&begin), "{line}");
        assert!(line.contains("   val accuracy "), "{line}");
    }
    let [.., result, temperature, folder] = lines[..] else {
        panic!("{text}");
    };
    assert!(result.starts_with("test loss "), "{text}");
    let fitted = ", fitted on 10 validation rows: so few show little, so it stays near 1";
    assert!(
        temperature.starts_with("probabilities are given at the temperature ")
            && temperature.ends_with(fitted),
        "{text}"
    );
    assert!(folder.ends_with(" runs/text"), "{text}");

    let quiet = workplace.text(&short("--quiet --run-name quiet"));
    let lines: Vec<&str> = quiet.lines().collect();
    assert_eq!(lines.len(), 3, "{quiet}");
    assert!(lines[0].starts_with("test loss "), "{quiet}");
    assert!(lines[2].ends_with(" runs/quiet"), "{quiet}");
}

#[test]
fn softmax_regression_has_no_hidden_layer_and_no_activation() {
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden none --backend flex --epochs 2 --run-name net";
    let events = workplace.events(options);
    assert_eq!(events[0]["sizes"], json!([30, 3]));
    assert_eq!(events[0]["activation"], Value::Null);
    let line = workplace.events("runs").remove(0);
    let options = line["options"].as_array().expect("options").iter();
    let options: Vec<&Value> = options.map(|option| &option["option"]).collect();
    assert_eq!(options, ["data-dir", "epochs", "hidden"]);
    assert!(workplace.text("runs").contains("--hidden none"));
    workplace
        .run("--data-dir data --hidden none --activation relu")
        .assert_refused(&["--hidden none"]);
}

#[test]
fn a_run_starts_from_weights_of_the_same_classes() {
    let workplace = Workplace::new();
    let first = workplace.train("--backend flex --epochs 3 --run-name first");
    let more = "--data-dir data --backend flex --epochs 1 --init";
    let second = workplace.events(&format!("{more} runs/first --run-name second"));
    let loss = |events: &[Value]| events[1]["train_loss"].as_f64().expect("a loss");
    assert!(loss(&second) < loss(&first), "{second:?}");
    assert_eq!(second[0]["sizes"], json!([30, 12, 8, 3]));
    let said = workplace.run(&format!(
        "{more} runs/first/model.safetensors --run-name third"
    ));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stderr.contains("starting from runs/first/model"),
        "{}",
        said.stderr
    );

    // The bundled net knows the digits, and nothing else.
    let images = of_crate("trainer/tests/cases/three-classes/7");
    for digit in 0..10 {
        for name in [format!("digits/{digit:02}"), format!("words/word-{digit}")] {
            copy_folder(&images, &workplace.path(&name));
        }
    }
    let pretrained = "--backend flex --epochs 1 --init pretrained --data-dir";
    workplace.events(&format!("{pretrained} digits --run-name digits"));
    workplace
        .run(&format!("{pretrained} words"))
        .assert_refused(&["know the classes 0, 1, 2", "word-0, word-1", "--new-head"]);
    workplace.events(&format!("{pretrained} words --new-head --run-name words"));
}

#[test]
fn json_is_start_then_epochs_then_result() {
    let workplace = Workplace::new();
    let finished = workplace.run(&short("--format json --seed 7 --run-name json"));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let events = finished.events();
    let expected = ["start", "epoch", "epoch", "epoch", "result"];
    assert_eq!(names(&events), expected);
    events.iter().for_each(assert_documented);
    let [start, epoch, .., result] = &events[..] else {
        unreachable!("there are five");
    };
    for (event, field, value) in [
        (start, "sizes", json!([30, 12, 8, 3])),
        (start, "parameters", json!(503)),
        (start, "training_rows", json!(110)),
        (start, "validation_rows", json!(10)),
        (start, "test_rows", json!(30)),
        (epoch, "epoch", json!(1)),
        (result, "model", json!("mnist-mlp")),
        (result, "backend", json!("flex")),
        (result, "engine", json!("autodiff")),
        (result, "epochs", json!(3)),
        (result, "seed", json!(7)),
        (result, "run_dir", json!("runs/json")),
        (result, "closed_form_loss", Value::Null),
        (result, "best_epoch", Value::Null),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    for (event, field) in [
        (epoch, "train_loss"),
        (epoch, "val_loss"),
        (epoch, "seconds"),
        (epoch, "images_per_second"),
        (result, "test_loss"),
        (result, "train_seconds"),
    ] {
        assert!(event[field].as_f64() > Some(0.0), "{field} of {event}");
    }
    for accuracy in [&epoch["val_accuracy"], &result["test_accuracy"]] {
        let accuracy = accuracy.as_f64().expect("a number");
        assert!((0.0..=1.0).contains(&accuracy), "a fraction: {accuracy}");
    }

    // `train` is the same as no command; quiet prints the result alone, and keeps the others.
    let quiet = workplace.events(&format!("train {}", short("-q --seed 7 --run-name quiet")));
    assert_eq!(names(&quiet), ["result"]);
    let kept = metrics(&workplace.path("runs/quiet"));
    assert_eq!(lasting(kept), lasting(events));
}

#[test]
fn the_other_models_report_what_they_have() {
    let workplace = Workplace::new();
    let events = workplace.events("--model xor-net --backend flex --epochs 2 --log-every 1");
    assert_eq!(names(&events), ["start", "epoch", "epoch", "result"]);
    assert_eq!(events[0]["sizes"], json!([2, 4, 1]));
    assert_eq!(events[0]["validation_rows"], Value::Null);
    for field in ["val_loss", "val_accuracy"] {
        assert_eq!(events[1].get(field), Some(&Value::Null), "{field}");
    }

    let options = format!("{LINEAR} --epochs 3 --ridge 2.5");
    let events = workplace.events(&options);
    for (field, value) in [
        ("sizes", json!([30, 3])),
        ("parameters", json!(30 * 3 + 3)),
        ("training_rows", json!(120)),
        ("validation_rows", Value::Null),
        ("activation", Value::Null),
        ("ridge", json!(2.5)),
    ] {
        assert_eq!(events[0][field], value, "{field}");
    }
    let result = &events[4];
    for field in [
        "closed_form_loss",
        "closed_form_seconds",
        "distance_to_closed_form",
        "loss_above_closed_form",
    ] {
        assert!(result[field].as_f64() > Some(0.0), "{field} of {result}");
    }
    let text = workplace.text(&options);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("linear-regression 30-3 (93 parameters), ridge 2.5, momentum"),
        "{text}"
    );
    let exact = result["closed_form_loss"].as_f64().expect("a number");
    let exact = format!("training loss {exact:.4}");
    let after = text.split_once("test loss ").expect("the result").1;
    assert!(after.contains(&exact), "{text}");
}

#[test]
fn a_run_folder_holds_settings_metrics_and_weights() {
    let workplace = Workplace::new();
    let options = "--backend ndarray --engine manual --activation tanh --optimizer adam \
                   --learning-rate 0.004 --weight-decay 0.0001 --epochs 4 --log-every 2 --seed 11 \
                   --validation-fraction 0.25 --min-accuracy 0";
    let events = workplace.train(&format!("{options} --run-name first"));
    let run_folder = workplace.path("runs/first");
    let expected = [
        "checkpoints",
        "config.json",
        "lock",
        "metrics.jsonl",
        "model.bpk",
        "model.safetensors",
        "report.html",
        "weights.sha256",
    ];
    assert_eq!(names_in(&run_folder), expected);
    assert_eq!(metrics(&run_folder), events);
    let (header, bytes) = weights(&run_folder);
    assert_eq!(header["layers.0.weight"]["shape"], json!([30, 12]));
    assert_eq!(bytes.len(), 4 * 503);

    let config = fs::read(run_folder.join("config.json")).expect("the settings can be read");
    let config: Value = serde_json::from_slice(&config).expect("the settings are JSON");
    for (field, value) in [
        ("model", json!("mnist-mlp")),
        ("backend", json!("ndarray")),
        ("engine", json!("manual")),
        ("hidden", json!([12, 8])),
        ("activation", json!("tanh")),
        ("ridge", Value::Null),
        ("epochs", json!(4)),
        ("batch_size", json!(16)),
        ("learning_rate", json!(0.004)),
        ("optimizer", json!("adam")),
        ("weight_decay", json!(0.0001)),
        ("seed", json!(11)),
        ("validation_fraction", json!(0.25)),
        ("data_dir", json!("data")),
        ("min_accuracy", json!(0.0)),
        ("log_every", json!(2)),
        ("device", events[0]["device"].clone()),
        ("trainer_version", json!(env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(config[field], value, "{field}");
    }
    let version = format!(
        "\nBurn {}\n",
        config["burn_version"].as_str().expect("text")
    );
    assert!(workplace.text("--version").contains(&version), "{version}");
    let started = config["started"].as_str().expect("a time");
    assert!(started.len() > 19 && started.ends_with('Z'), "{started}");
    let command = config["command"].as_array().expect("a list");
    let end = ["--run-name".into(), "first".into()];
    assert!(command[..command.len() - 2].ends_with(&end), "{command:?}");

    // A second run gets a folder of its own; without --run-name, its name has time, model, backend
    // and engine.
    let events = workplace.train(&format!("{options} --run-name first"));
    assert_eq!(events[events.len() - 1]["run_dir"], "runs/first-2");
    let again = metrics(&workplace.path("runs/first-2"));
    assert_eq!(lasting(again), lasting(metrics(&run_folder)));
    let events = workplace.train(options);
    let run_dir = events[events.len() - 1]["run_dir"].as_str();
    let name = run_dir.and_then(|path| path.strip_prefix("runs/"));
    let (time, rest) = name.and_then(|name| name.split_once('-')).expect("parts");
    assert_eq!(rest, "mnist-mlp-ndarray-manual");
    assert_eq!((time.len(), time.ends_with('Z')), (16, true), "{time}");
}

#[test]
fn an_accuracy_below_the_minimum_exits_1() {
    let workplace = Workplace::new();
    let untrained = workplace.run(&short("--learning-rate 1e-9 --min-accuracy 1.0"));
    assert_eq!(untrained.code, Some(1), "{}", untrained.stderr);
    let complaint = &untrained.stderr;
    assert!(complaint.contains("below --min-accuracy 1"), "{complaint}");
    assert!(untrained.stdout.contains("test accuracy"));
    workplace.text(&short("--epochs=30 --min-accuracy 1.0").replace("--epochs 3 ", ""));
}

/// The weights of a run are there, in both forms, and nothing half-written.
#[track_caller]
fn assert_weights_kept(run_folder: &Path) {
    let files = names_in(run_folder);
    for name in ["model.bpk", "model.safetensors"] {
        assert!(files.contains(&name.to_owned()), "no {name}");
    }
    assert!(!files.iter().any(|name| name.ends_with(".part")));
}

#[test]
fn a_loss_that_is_not_finite_exits_1_and_keeps_the_weights() {
    let workplace = Workplace::new();
    let diverging = short("--learning-rate 1e30");
    let text = workplace.run(&format!("{diverging} --run-name text"));
    assert_eq!(text.code, Some(1), "{}", text.stderr);
    for part in ["not finite at step 2", "--learning-rate", "runs/text"] {
        assert!(text.stdout.contains(part), "{part:?}: {}", text.stdout);
    }
    assert_weights_kept(&workplace.path("runs/text"));

    let json = workplace.run(&format!("{diverging} --run-name json --format json"));
    assert_eq!(json.code, Some(1), "{}", json.stderr);
    let events = json.events();
    assert_eq!(names(&events), ["start", "stopped"]);
    assert_documented(&events[1]);
    let place = (&events[1]["epoch"], &events[1]["step"]);
    assert_eq!(place, (&json!(1), &json!(2)));
    assert_eq!(metrics(&workplace.path("runs/json")), events);

    let decay = workplace.run(&short("--weight-decay 1e10 --run-name decay"));
    assert_eq!(decay.code, Some(1), "{}", decay.stderr);
    assert!(decay.stdout.contains("try a smaller --weight-decay"));

    // With one step per epoch, no later step shows the result of the update.
    let one_step = "--data-dir data --backend flex --hidden 12,8 --batch-size 120 --epochs 1";
    let spoiled = workplace.run(&format!("{one_step} --learning-rate 1e30 --run-name last"));
    assert_eq!(spoiled.code, Some(1), "{}", spoiled.stderr);
    assert!(spoiled.stdout.contains("initial weights"));
    assert_weights_kept(&workplace.path("runs/last"));
}

#[test]
fn early_stops_and_gradient_checks_are_reported() {
    let workplace = Workplace::new();
    let options = "--backend flex --epochs 200 --learning-rate 0.5 --schedule constant --early-stop 3 \
                   --check-gradients 50";
    let events = workplace.train(options);
    let names = names(&events);
    let last = events.len() - 2;
    assert_eq!(
        (names[1], &names[last..]),
        ("gradient_check", &["early_stop", "result"][..])
    );
    events.iter().for_each(assert_documented);
    let best = events[last]["best_epoch"].as_u64().expect("a number");
    assert_eq!(events[last]["epoch"], best + 3);
    assert_eq!(events[last + 1]["best_epoch"], best);

    // Without early stopping, the same place is named, and training goes on.
    let on = "--backend flex --epochs 200 --learning-rate 0.5 --schedule constant";
    let events = workplace.train(&format!("{on} --run-name on"));
    let plateau = events.iter().find(|event| event["event"] == "plateau");
    let plateau = plateau.expect("validation gets no better");
    assert_documented(plateau);
    assert_eq!(plateau["best_epoch"], best);
    assert_eq!(plateau["epoch"], best + 3);
    let text = workplace.text(&format!("{SMALL} {on}"));
    let line = format!("validation loss is no better than after epoch {best} (");
    assert!(
        text.contains(&line) && text.contains("--early-stop 3 would"),
        "{text}"
    );
}

#[test]
fn a_dry_run_leaves_nothing() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --dry-run --check-gradients 1");
    assert_eq!(names(&events), ["dry_run"]);
    assert_documented(&events[0]);
    assert_eq!(events[0]["batch"], json!([16, 30]));
    assert_eq!(events[0]["gradients_agree"], true);
    let text = workplace.text(&format!("{SMALL} --backend flex --dry-run"));
    assert!(text.ends_with("dry run: nothing was written\n"), "{text}");
    assert!(!workplace.path("runs").exists());
}

#[test]
fn readers_that_leave_change_no_exit_code() {
    let workplace = Workplace::new();
    let below = short("--learning-rate 1e-300 --min-accuracy 1");
    for (arguments, code) in [("--data-dir nowhere", 2), (below.as_str(), 1)] {
        let mut program = workplace.command(arguments).spawn().expect("it starts");
        drop(program.stderr.take());
        let status = program.wait_with_output().expect("it ends").status;
        assert_eq!(status.code(), Some(code), "{arguments}");
    }

    let unheard = short("--format json --run-name unheard");
    let mut program = workplace.command(&unheard).spawn().expect("it starts");
    drop(program.stdout.take());
    let finished = Finished::from(program.wait_with_output().expect("it ends"));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let run_folder = workplace.path("runs/unheard");
    assert_weights_kept(&run_folder);
    let expected = ["start", "epoch", "epoch", "epoch", "result"];
    assert_eq!(names(&metrics(&run_folder)), expected);
}
