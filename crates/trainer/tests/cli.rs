//! The built program from outside: help, exit codes, messages, what it prints and where.

mod common;

use std::fs;
use std::path::Path;

use common::{Finished, SMALL, Workplace, metrics, names};
use serde_json::{Value, json};

/// Options of linear regression on the small data set.
const LINEAR: &str = "--model linear-regression --data-dir data --batch-size 16";

/// The options of a short run on the small data set, and more.
fn short(more: &str) -> String {
    format!("{SMALL} --backend flex --epochs 3 {more}")
}

fn help(arguments: &str) -> String {
    let finished = Workplace::new().run(arguments);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    finished.stdout
}

/// The program could not run: exit 2, nothing on standard output, no folder of runs, and one
/// message that names every one of `naming`.
#[track_caller]
fn assert_refused(workplace: &Workplace, finished: &Finished, naming: &[&str]) {
    let Finished {
        code,
        stdout,
        stderr,
    } = finished;
    assert_eq!((*code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert_eq!(stderr.matches("error: ").count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for name in naming {
        assert!(stderr.contains(name), "no {name:?} in: {stderr}");
    }
    assert!(!workplace.path("runs").exists(), "a run folder was made");
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(help("--help"));
}

#[test]
fn help_of_train() {
    insta::assert_snapshot!(help("train --help"));
}

#[test]
fn help_of_backends() {
    insta::assert_snapshot!(help("backends --help"));
}

#[test]
fn train_takes_the_options_of_the_program() {
    let options = |help: String| {
        let (_, options) = help.split_once("\nOptions:\n").expect("a list of options");
        let (options, _) = options.split_once("-h, --help").expect("help comes last");
        options.to_owned()
    };
    assert_eq!(options(help("--help")), options(help("train --help")));
}

#[test]
fn values_out_of_range_are_refused_by_the_option_s_name() {
    let workplace = Workplace::new();
    for (option, values) in [
        ("--batch-size", &["0", "1.5", "x"][..]),
        ("--epochs", &["0"]),
        ("--log-every", &["0"]),
        ("--learning-rate", &["NaN", "inf", "-1", "0"]),
        ("--weight-decay", &["nan", "-0.1"]),
        ("--ridge", &["nan", "inf", "-1", "x"]),
        ("--hidden", &["", "0", "8,0", "8,,8", "-3"]),
        ("--seed", &["-1", "0.5"]),
        ("--backend", &["cuda"]),
        ("--model", &["perceptron"]),
        ("--engine", &["numeric"]),
        ("--activation", &["gelu"]),
        ("--optimizer", &["rmsprop"]),
        ("--format", &["xml"]),
        ("--min-accuracy", &["98", "-0.5", "nan"]),
        ("--validation-fraction", &["0", "1", "2"]),
        ("--run-name", &["", "a/b", "..", "a b"]),
    ] {
        for value in values {
            for given in [
                &[format!("{option}={value}")][..],
                &[option.into(), (*value).into()],
            ] {
                let mut command = workplace.command("--data-dir data");
                let output = command.args(given).output();
                let finished = Finished::from(output.expect("the program starts"));
                assert_refused(&workplace, &finished, &[option]);
            }
        }
    }
}

#[test]
fn nets_too_large_for_memory_are_refused() {
    let workplace = Workplace::new();
    for units in ["999999999999999999", "8,100000000"] {
        let finished = workplace.run(&format!("--data-dir data --hidden {units}"));
        assert_refused(&workplace, &finished, &["use fewer units"]);
    }
}

#[test]
fn what_exists_is_said_where_a_name_is_unknown() {
    let workplace = Workplace::new();
    for (arguments, known) in [
        ("--backend cuda", &["ndarray", "flex", "wgpu"][..]),
        (
            "--model perceptron",
            &["mnist-mlp", "xor-net", "linear-regression"],
        ),
        ("--engine numeric", &["autodiff", "manual"]),
        ("--activation gelu", &["relu", "sigmoid", "tanh", "elu"]),
        ("--optimizer rmsprop", &["sgd", "momentum", "adam"]),
    ] {
        assert_refused(&workplace, &workplace.run(arguments), known);
    }
}

#[test]
fn options_that_xor_net_does_not_have_are_refused() {
    let workplace = Workplace::new();
    for (arguments, naming) in [
        ("--data-dir data", "--data-dir"),
        ("--validation-fraction 0.1", "--validation-fraction"),
        ("--hidden 4,4", "--hidden"),
    ] {
        let finished = workplace.run(&format!("--model xor-net {arguments}"));
        assert_refused(&workplace, &finished, &[naming, "xor-net"]);
    }
}

#[test]
fn options_that_linear_regression_does_not_have_are_refused() {
    let workplace = Workplace::new();
    for (arguments, naming) in [
        ("--hidden 3", "--hidden"),
        ("--activation relu", "--activation"),
        ("--weight-decay 0.1", "--ridge"),
    ] {
        let finished = workplace.run(&format!("--model linear-regression {arguments}"));
        assert_refused(&workplace, &finished, &[naming, "linear-regression"]);
    }
}

#[test]
fn a_ridge_term_is_refused_for_other_models() {
    let workplace = Workplace::new();
    for model in ["mnist-mlp", "xor-net"] {
        let finished = workplace.run(&format!("--model {model} --ridge 0"));
        assert_refused(&workplace, &finished, &["--ridge", model, "--weight-decay"]);
    }
}

#[test]
fn options_before_a_subcommand_are_refused() {
    let workplace = Workplace::new();
    for subcommand in ["train", "backends"] {
        let finished = workplace.run(&format!("--seed 1 {subcommand}"));
        assert_refused(&workplace, &finished, &["--seed", subcommand]);
    }
}

#[test]
fn missing_data_are_refused_with_path_and_remedy() {
    let workplace = Workplace::new();
    let finished = workplace.run("--data-dir no-such-folder --backend flex");
    assert_refused(
        &workplace,
        &finished,
        &["no-such-folder", "name one that holds"],
    );

    let labels = workplace.path("data/t10k-labels-idx1-ubyte");
    fs::remove_file(labels).expect("the labels can be removed");
    let finished = workplace.run(&short(""));
    assert_refused(
        &workplace,
        &finished,
        &["data: ", "t10k-labels-idx1-ubyte", "name another folder"],
    );
}

#[test]
fn corrupt_data_are_refused_with_the_file_and_a_remedy() {
    type Spoil = fn(&mut Vec<u8>);
    let cases: [(&str, Spoil, &str); 5] = [
        (
            "train-images-idx3-ubyte",
            |bytes| bytes.truncate(100),
            "copy the file again",
        ),
        (
            "train-labels-idx1-ubyte",
            |bytes| bytes.push(0),
            "copy the file again",
        ),
        (
            "t10k-images-idx3-ubyte",
            |bytes| bytes[3] = 1,
            "magic number",
        ),
        ("t10k-labels-idx1-ubyte", |bytes| bytes[20] = 200, "200"),
        (
            "train-images-idx3-ubyte",
            |bytes| bytes[..2].copy_from_slice(&[0x1f, 0x8b]),
            "gzip",
        ),
    ];
    for (name, spoil, remedy) in cases {
        let workplace = Workplace::new();
        let path = workplace.path("data").join(name);
        let mut bytes = fs::read(&path).expect("the data can be read");
        spoil(&mut bytes);
        fs::write(&path, bytes).expect("the data can be written");
        assert_refused(&workplace, &workplace.run(&short("")), &[name, remedy]);
    }
}

#[test]
fn an_out_dir_that_cannot_be_made_is_refused_with_the_remedy() {
    let workplace = Workplace::new();
    fs::write(workplace.path("file"), "").expect("the temporary folder can be written");
    let finished = workplace.run(&short("--out-dir file/below"));
    assert_refused(&workplace, &finished, &["file/below", "with --out-dir"]);
}

/// Hides every driver from the loaders of Vulkan and EGL.
#[cfg(target_os = "linux")]
#[test]
fn no_adapter_is_said_with_what_to_install() {
    let workplace = Workplace::new();
    let nowhere = workplace.path("no-driver.json");
    let mut command = workplace.command(&format!("{SMALL} --backend wgpu --epochs 1"));
    for variable in [
        "VK_DRIVER_FILES",
        "VK_ICD_FILENAMES",
        "__EGL_VENDOR_LIBRARY_FILENAMES",
    ] {
        command.env(variable, &nowhere);
    }
    let finished = Finished::from(command.output().expect("the program starts"));
    assert_refused(
        &workplace,
        &finished,
        &["wgpu", "mesa-vulkan-drivers", "--backend flex"],
    );
}

#[test]
fn text_has_a_line_an_epoch_and_the_result_last() {
    let workplace = Workplace::new();
    let finished = workplace.run(&short("--run-name text"));
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(0), ""),
        "no bar without a terminal"
    );
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert!(
        lines[0].starts_with("mnist-mlp 30-12-8-3 (503 parameters)"),
        "{}",
        lines[0]
    );
    let epochs: Vec<&str> = lines
        .iter()
        .filter(|line| line.starts_with("epoch "))
        .copied()
        .collect();
    assert_eq!(epochs.len(), 3, "{}", finished.stdout);
    for (epoch, line) in (1..).zip(&epochs) {
        assert!(
            line.starts_with(&format!("epoch   {epoch}   train loss ")),
            "{line}"
        );
        assert!(line.contains("   val accuracy "), "{line}");
    }
    assert!(
        lines[lines.len() - 2].starts_with("test loss "),
        "{}",
        finished.stdout
    );
    assert_eq!(lines.last(), Some(&"kept in runs/text"));
}

#[test]
fn quiet_leaves_only_the_result() {
    let workplace = Workplace::new();
    let text = workplace.run(&short("--quiet --run-name text"));
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = text.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", text.stdout);
    assert!(lines[0].starts_with("test loss "), "{}", lines[0]);
    assert_eq!(lines[1], "kept in runs/text");

    let json = workplace.run(&short("-q --format json --run-name json"));
    assert_eq!((json.code, json.stderr.as_str()), (Some(0), ""));
    assert_eq!(names(&json.events()), ["result"]);
    let kept = metrics(&workplace.path("runs/json"));
    assert_eq!(names(&kept), ["start", "epoch", "epoch", "epoch", "result"]);
}

/// The names of an object's fields.
fn fields(event: &Value) -> Vec<&str> {
    let object = event.as_object().expect("an event is an object");
    let mut fields: Vec<&str> = object.keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

#[test]
fn json_is_start_then_epochs_then_result() {
    let workplace = Workplace::new();
    let finished = workplace.run(&short("--format json --seed 7 --run-name json"));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let events = finished.events();
    assert_eq!(
        names(&events),
        ["start", "epoch", "epoch", "epoch", "result"]
    );

    for (epoch, event) in (1..).zip(&events[1..4]) {
        assert_eq!(event["epoch"], epoch);
        let expected = [
            "epoch",
            "event",
            "gradient_norms",
            "images_per_second",
            "learning_rate",
            "seconds",
            "train_loss",
            "val_accuracy",
            "val_loss",
        ];
        assert_eq!(fields(event), expected);
        for field in ["train_loss", "val_loss", "seconds", "images_per_second"] {
            assert!(event[field].as_f64() > Some(0.0), "{field} of {event}");
        }
        let accuracy = event["val_accuracy"].as_f64().expect("a number");
        assert!((0.0..=1.0).contains(&accuracy), "a fraction: {event}");
    }

    let result = &events[4];
    let expected = [
        "backend",
        "best_epoch",
        "closed_form_loss",
        "closed_form_seconds",
        "closed_form_test_accuracy",
        "distance_to_closed_form",
        "engine",
        "epochs",
        "event",
        "images_per_second",
        "loss_above_closed_form",
        "model",
        "run_dir",
        "seed",
        "test_accuracy",
        "test_loss",
        "train_seconds",
    ];
    assert_eq!(fields(result), expected);
    for field in expected
        .iter()
        .filter(|field| field.contains("closed_form"))
    {
        assert_eq!(result[field], Value::Null, "{field}");
    }
    for (field, value) in [
        ("model", json!("mnist-mlp")),
        ("backend", json!("flex")),
        ("engine", json!("autodiff")),
        ("epochs", json!(3)),
        ("seed", json!(7)),
        ("run_dir", json!("runs/json")),
    ] {
        assert_eq!(result[field], value, "{field}");
    }
    for field in ["test_loss", "train_seconds", "images_per_second"] {
        assert!(result[field].as_f64() > Some(0.0), "{field} of {result}");
    }
    let accuracy = result["test_accuracy"].as_f64().expect("a number");
    assert!((0.0..=1.0).contains(&accuracy), "a fraction: {result}");
}

#[test]
fn the_start_tells_what_the_data_make_of_the_net() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --epochs 1");
    for (field, value) in [
        ("sizes", json!([30, 12, 8, 3])),
        ("parameters", json!(30 * 12 + 12 + 12 * 8 + 8 + 8 * 3 + 3)),
        ("training_rows", json!(110)),
        ("validation_rows", json!(10)),
        ("test_rows", json!(30)),
    ] {
        assert_eq!(events[0][field], value, "{field}");
    }
}

#[test]
fn xor_has_no_validation() {
    let workplace = Workplace::new();
    let events = workplace.events("--model xor-net --backend flex --epochs 2 --log-every 1");
    assert_eq!(names(&events), ["start", "epoch", "epoch", "result"]);
    assert_eq!(events[0]["sizes"], json!([2, 4, 1]));
    assert_eq!(events[0]["validation_rows"], Value::Null);
    for epoch in &events[1..3] {
        for field in ["val_loss", "val_accuracy"] {
            assert_eq!(epoch.get(field), Some(&Value::Null), "{field}");
        }
    }
}

#[test]
fn linear_regression_tells_the_closed_form_beside_its_own() {
    let workplace = Workplace::new();
    let options = format!("{LINEAR} --backend flex --epochs 3 --ridge 2.5");
    let events = workplace.events(&format!("{options} --run-name json"));
    assert_eq!(
        names(&events),
        ["start", "epoch", "epoch", "epoch", "result"]
    );
    for (field, value) in [
        ("sizes", json!([30, 3])),
        ("parameters", json!(30 * 3 + 3)),
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
    let accuracy = result["closed_form_test_accuracy"].as_f64();
    assert!((Some(0.95)..=Some(1.0)).contains(&accuracy), "{result}");

    let text = workplace.run(&format!("{options} --run-name text"));
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""));
    let lines: Vec<&str> = text.stdout.lines().collect();
    let first = "linear-regression 30-3 (93 parameters), ridge 2.5, momentum";
    assert!(lines[0].starts_with(first), "{}", lines[0]);
    let line = lines[lines.len() - 2];
    assert!(line.starts_with("closed form: test accuracy "), "{line}");
    let distance = result["distance_to_closed_form"]
        .as_f64()
        .expect("a number");
    assert!(line.contains(&format!("{distance:.3e} ‖W*‖")), "{line}");
}

#[test]
fn linear_regression_learns_from_all_rows_unless_some_are_kept() {
    let workplace = Workplace::new();
    for (arguments, training, validation) in [
        ("", json!(120), Value::Null),
        ("--validation-fraction 0.25", json!(90), json!(30)),
    ] {
        let events = workplace.events(&format!("{LINEAR} --backend flex --epochs 1 {arguments}"));
        assert_eq!(events[0]["training_rows"], training);
        assert_eq!(events[0]["validation_rows"], validation);
        let epoch = &events[1];
        assert_eq!(epoch["val_accuracy"].is_number(), validation.is_number());
    }
}

#[test]
fn log_every_thins_the_epochs_but_keeps_the_last() {
    let workplace = Workplace::new();
    for (every, epochs, expected) in [
        (2, 5, &[2, 4, 5][..]),
        (2, 4, &[2, 4]),
        (100, 3, &[3]),
        (1, 3, &[1, 2, 3]),
    ] {
        let events = workplace.train(&format!(
            "--backend flex --epochs {epochs} --log-every {every}"
        ));
        let printed: Vec<i64> = events
            .iter()
            .filter(|event| event["event"] == "epoch")
            .filter_map(|event| event["epoch"].as_i64())
            .collect();
        assert_eq!(printed, expected, "every {every} of {epochs}");
    }
}

#[test]
fn backends_are_listed_as_json() {
    let workplace = Workplace::new();
    let finished = workplace.run("backends --format json");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let lines = finished.events();
    assert_eq!(names(&lines), ["backend"; 3]);
    let listed: Vec<&Value> = lines.iter().map(|line| &line["backend"]).collect();
    assert_eq!(listed, ["ndarray", "flex", "wgpu"]);
    for line in &lines {
        let expected = [
            "available",
            "backend",
            "device",
            "driver",
            "dtypes",
            "event",
            "reason",
            "software",
        ];
        assert_eq!(fields(line), expected);
        assert_eq!(
            line["device"].is_string(),
            line["available"] == true,
            "{line}"
        );
        assert_eq!(
            line["reason"].is_string(),
            line["available"] == false,
            "{line}"
        );
    }
    for line in &lines[..2] {
        assert_eq!(line["available"], true, "{line}");
        for dtype in ["f32", "f64"] {
            let dtypes = line["dtypes"].as_array().expect("a list");
            assert!(dtypes.contains(&json!(dtype)), "{line}");
        }
    }
}

#[test]
fn backends_are_listed_as_text() {
    let workplace = Workplace::new();
    let finished = workplace.run("backends");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", finished.stdout);
    for (line, name) in lines.iter().zip(["ndarray", "flex"]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..2], [name, "ready"], "{line}");
        assert!(line.contains("f32") && line.ends_with("f64"), "{line}");
    }
    assert!(
        lines[2].starts_with("wgpu     ready    ") || lines[2].starts_with("wgpu     missing  ")
    );
}

#[test]
fn an_accuracy_below_the_minimum_exits_1() {
    let workplace = Workplace::new();
    let untrained = "--backend flex --epochs 1 --learning-rate 1e-9 --min-accuracy 1.0";
    let finished = workplace.run(&format!("{SMALL} {untrained}"));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("below --min-accuracy 1"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stdout.contains("test accuracy"),
        "{}",
        finished.stdout
    );
}

#[test]
fn an_accuracy_that_reaches_the_minimum_exits_0() {
    let workplace = Workplace::new();
    let finished = workplace.run(&format!(
        "{SMALL} --backend flex --epochs 30 --min-accuracy 1.0"
    ));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
}

/// The weights of a run are there, in both forms, and nothing half-written.
#[track_caller]
fn assert_weights_kept(run_folder: &Path) {
    for name in ["model.bpk", "model.safetensors"] {
        assert!(run_folder.join(name).is_file(), "no {name}");
        assert!(
            !run_folder.join(format!("{name}.part")).exists(),
            "half of {name}"
        );
    }
}

#[test]
fn a_loss_that_is_not_finite_exits_1_and_keeps_the_weights() {
    let workplace = Workplace::new();
    let diverging = short("--learning-rate 1e30");
    let text = workplace.run(&format!("{diverging} --run-name text"));
    assert_eq!(text.code, Some(1), "{}", text.stderr);
    for part in [
        "the loss is not finite at step 2",
        "try a smaller --learning-rate",
        "runs/text",
    ] {
        assert!(
            text.stdout.contains(part),
            "no {part:?} in: {}",
            text.stdout
        );
    }
    assert_weights_kept(&workplace.path("runs/text"));

    let json = workplace.run(&format!("{diverging} --run-name json --format json"));
    assert_eq!(json.code, Some(1), "{}", json.stderr);
    let events = json.events();
    assert_eq!(names(&events), ["start", "stopped"]);
    assert_eq!(
        (&events[1]["epoch"], &events[1]["step"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(metrics(&workplace.path("runs/json")), events);
}

#[test]
fn a_diverging_regression_exits_1_and_tells_no_closed_form() {
    let workplace = Workplace::new();
    let diverging = format!("{LINEAR} --backend flex --epochs 30 --learning-rate 0.1");
    let finished = workplace.run(&format!("{diverging} --format json --run-name diverging"));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let events = finished.events();
    let stopped = events.last().expect("events");
    let reason = stopped["reason"].as_str().expect("a reason");
    assert!(reason.contains("try a smaller --learning-rate"), "{reason}");
    assert_weights_kept(&workplace.path("runs/diverging"));
}

/// One step an epoch, so that no later step tells what the update has done.
#[test]
fn a_loss_that_the_last_update_spoils_exits_1_and_keeps_the_weights() {
    let workplace = Workplace::new();
    let one_step = "--data-dir data --backend flex --hidden 12,8 --batch-size 120";
    let finished = workplace.run(&format!(
        "{one_step} --epochs 1 --learning-rate 1e30 --run-name spoiled"
    ));
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(
        finished.stdout.contains("the initial weights are kept"),
        "{}",
        finished.stdout
    );
    assert_weights_kept(&workplace.path("runs/spoiled"));
}

#[test]
fn nobody_listening_on_standard_error_changes_no_exit_code() {
    let workplace = Workplace::new();
    let below = short("--learning-rate 1e-300 --min-accuracy 1");
    for (arguments, code) in [("--data-dir nowhere", 2), (below.as_str(), 1)] {
        let mut program = workplace
            .command(arguments)
            .spawn()
            .expect("the program starts");
        drop(program.stderr.take());
        let status = program.wait_with_output().expect("the program ends").status;
        assert_eq!(status.code(), Some(code), "{arguments}");
    }
}

#[test]
fn a_reader_that_leaves_does_not_end_the_training() {
    let workplace = Workplace::new();
    let command = workplace
        .command(&short("--format json --run-name unheard"))
        .spawn();
    let mut program = command.expect("the program starts");
    drop(program.stdout.take());
    let output = program.wait_with_output().expect("the program ends");
    let finished = Finished::from(output);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    let run_folder = workplace.path("runs/unheard");
    assert_weights_kept(&run_folder);
    assert_eq!(
        names(&metrics(&run_folder)),
        ["start", "epoch", "epoch", "epoch", "result"]
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_exits_130_and_keeps_the_weights() {
    use std::io::{BufRead, BufReader};
    use std::process::Command;

    let workplace = Workplace::new();
    let long = "--backend flex --epochs 100000 --log-every 10 --format json --run-name stopped";
    let command = workplace.command(&format!("{SMALL} {long}")).spawn();
    let mut program = command.expect("the program starts");
    let stdout = program.stdout.take().expect("standard output is a pipe");
    let mut lines = BufReader::new(stdout)
        .lines()
        .map(|line| line.expect("a line of text"));
    lines
        .by_ref()
        .find(|line| line.contains(r#""event":"epoch""#))
        .expect("an epoch is reported");

    let kill = Command::new("kill")
        .args(["-INT", &program.id().to_string()])
        .status();
    assert!(kill.expect("kill starts").success());
    let last = lines.last().expect("the program says that it stopped");
    let finished = Finished::from(program.wait_with_output().expect("the program ends"));

    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("weights kept in runs/stopped"),
        "{}",
        finished.stderr
    );
    let run_folder = workplace.path("runs/stopped");
    assert_weights_kept(&run_folder);
    let stopped = metrics(&run_folder).pop().expect("the metrics have lines");
    assert_eq!(stopped, serde_json::from_str::<Value>(&last).expect("JSON"));
    assert_eq!(
        (&stopped["event"], &stopped["reason"]),
        (&json!("stopped"), &json!("interrupted"))
    );
}
