//! `trainer export` and `trainer import` from outside: what goes out comes back as the same net, and
//! nothing is guessed, replaced or left half-written.

mod common;
mod documented;

use std::fs;
use std::path::{Path, PathBuf};

use common::{CLASSES, Finished, IMAGE_SIZE, Workplace, metrics, names};
use documented::assert_documented;
use serde_json::{Value, json};

/// Forms that are read again.
const READABLE: [&str; 3] = ["safetensors", "pytorch-safetensors", "burnpack"];

/// A file of the crate that reads weights, as PyTorch wrote it.
fn from_pytorch(name: &str) -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    crates.join("weight-exchange/tests/fixtures").join(name)
}

/// A workplace with a run of a small net in `runs/small`, and the run's last event.
fn trained(arguments: &str) -> (Workplace, Value) {
    let workplace = Workplace::new();
    let events = workplace.train(&format!(
        "--backend flex --epochs 3 --run-name small {arguments}"
    ));
    assert_eq!(
        names(&metrics(&workplace.path("runs/small"))),
        names(&events)
    );
    let result = events.last().expect("a result").clone();
    (workplace, result)
}

/// The one event of a command that succeeds.
fn event(workplace: &Workplace, arguments: &str) -> Value {
    let finished = workplace.run(&format!("{arguments} --format json"));
    assert_eq!(finished.code, Some(0), "{arguments}: {}", finished.stderr);
    let events = finished.events();
    let [event] = &events[..] else {
        panic!("{arguments}: {events:?}");
    };
    assert_documented(event);
    event.clone()
}

/// The loss and the accuracy of a net on the small test set.
fn judged(workplace: &Workplace, net: &str) -> [Value; 2] {
    let arguments = format!("eval {net} --data-dir data --backend flex");
    let event = event(workplace, &arguments);
    ["loss", "accuracy"].map(|field| event[field].clone())
}

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
fn help_of_export() {
    insta::assert_snapshot!(Workplace::new().run("export --help").stdout);
}

#[test]
fn help_of_import() {
    insta::assert_snapshot!(Workplace::new().run("import --help").stdout);
}

#[test]
fn an_exported_net_comes_back_as_the_same() {
    let (workplace, result) = trained("--activation tanh");
    let expected = [&result["test_loss"], &result["test_accuracy"]].map(Value::clone);
    assert_eq!(judged(&workplace, "--run runs/small"), expected);
    for form in READABLE {
        let export = format!("export --run runs/small --to {form} --out {form}.weights");
        let exported = event(&workplace, &export);
        let file = workplace.path(&format!("{form}.weights"));
        assert_eq!(exported["bytes"], fs::metadata(file).unwrap().len());
        assert_eq!(
            exported["sizes"],
            json!([IMAGE_SIZE.iter().product::<usize>(), 12, 8, CLASSES])
        );
        assert_eq!(
            judged(&workplace, &format!("--weights {form}.weights")),
            expected
        );

        let import = format!("import --from {form}.weights --out again/{form}");
        let imported = event(&workplace, &import);
        assert_eq!(imported["activation"], "tanh");
        assert_eq!(judged(&workplace, &format!("--run again/{form}")), expected);
        // The bytes of what an imported run exports are those of what was trained.
        let again = format!("export --run again/{form} --to {form} --out {form}.again");
        event(&workplace, &again);
        let bytes = |name: String| fs::read(workplace.path(&name)).unwrap();
        assert_eq!(
            bytes(format!("{form}.weights")),
            bytes(format!("{form}.again"))
        );
    }
}

#[test]
fn the_files_of_a_run_folder_are_weights_themselves() {
    let (workplace, _) = trained("--activation elu");
    let expected = judged(&workplace, "--run runs/small");
    for file in ["model.bpk", "model.safetensors"] {
        assert_eq!(
            judged(&workplace, &format!("--weights runs/small/{file}")),
            expected
        );
    }
    // Away from their configuration the activation is not known any more.
    fs::copy(
        workplace.path("runs/small/model.safetensors"),
        workplace.path("alone"),
    )
    .unwrap();
    let refused = workplace.run("eval --weights alone --data-dir data --backend flex");
    assert_refused(
        &refused,
        &[
            "alone does not say which activation",
            "trainer import --from alone",
        ],
    );
}

#[test]
fn an_imported_run_is_a_run_folder() {
    let workplace = Workplace::new();
    let file = from_pytorch("chained.pt");
    let import = format!(
        "import --from {} --activation relu --out a/b/net",
        file.display()
    );
    let imported = event(&workplace, &import);
    assert_eq!(imported["sizes"], json!([6, 5, 4, 3]));
    assert_eq!(imported["form"], "pytorch");
    assert_eq!(imported["layout"], "[d_out, d_in]");
    assert_eq!(
        metrics(&workplace.path("a/b/net")),
        std::slice::from_ref(&imported)
    );
    let listed = event(&workplace, "runs a/b");
    assert_eq!(listed["state"], "imported");
    let mut files: Vec<String> = fs::read_dir(workplace.path("a/b/net"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "config.json",
            "metrics.jsonl",
            "model.bpk",
            "model.safetensors"
        ]
    );
    let config = fs::read(workplace.path("a/b/net/config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config["sizes"], json!([6, 5, 4, 3]));
    assert_eq!(config["hidden"], json!([5, 4]));
    assert_eq!(
        (&config["activation"], &config["epochs"]),
        (&json!("relu"), &json!(0))
    );
    assert_eq!(fs::read_dir(workplace.path("a/b")).unwrap().count(), 1);
}

#[test]
fn every_model_is_exchanged() {
    for (arguments, model, activation) in [
        (
            "--model xor-net --epochs 5 --backend flex",
            "xor-net",
            json!("sigmoid"),
        ),
        (
            "--model linear-regression --data-dir data --epochs 2 --backend flex",
            "linear-regression",
            Value::Null,
        ),
    ] {
        let workplace = Workplace::new();
        workplace.events(&format!("{arguments} --run-name net"));
        for form in READABLE {
            event(
                &workplace,
                &format!("export --run runs/net --to {form} --out {form}"),
            );
            let imported = event(
                &workplace,
                &format!("import --from {form} --out {form}-run"),
            );
            assert_eq!(
                (&imported["model"], &imported["activation"]),
                (&json!(model), &activation)
            );
            let onnx = format!("export --run {form}-run --to onnx --out {form}.onnx");
            assert_eq!(event(&workplace, &onnx)["model"], model);
        }
        let onnx = READABLE.map(|form| fs::read(workplace.path(&format!("{form}.onnx"))).unwrap());
        assert!(onnx.iter().all(|model| *model == onnx[0]));
    }
}

#[test]
fn what_is_not_clear_is_refused_and_nothing_is_made() {
    let workplace = Workplace::new();
    let square = from_pytorch("square.safetensors");
    let square = square.display();
    let chained = from_pytorch("chained.pt");
    let chained = chained.display();
    for (arguments, naming) in [
        (
            format!("--from {square} --activation tanh"),
            &["--layout pytorch"][..],
        ),
        (
            format!("--from {square} --layout pytorch"),
            &["--activation"],
        ),
        (format!("--from {chained}"), &["--activation"]),
        (
            format!("--from {chained} --activation relu --layout burn"),
            &["do not fit together"],
        ),
        (
            format!("--from {chained} --activation relu --model xor-net"),
            &["are no xor-net", "--model mnist-mlp"],
        ),
        (
            format!("--from {chained} --activation relu --map 7=layers.0"),
            &["no tensor is named '7'", "0.bias, 0.weight"],
        ),
        (
            "--from missing.pt --activation relu".to_owned(),
            &["missing.pt"],
        ),
        ("--from data --activation relu".to_owned(), &["data"]),
        (
            "--from data/t10k-labels-idx1-ubyte --activation relu".to_owned(),
            &["no file of weights"],
        ),
        (format!("--from {chained} --map 0"), &["FROM=TO"]),
        (
            format!("--from {chained} --layout keras"),
            &["auto, burn, pytorch"],
        ),
    ] {
        let finished = workplace.run(&format!("import {arguments} --out net"));
        assert_refused(&finished, naming);
        assert!(!workplace.path("net").exists(), "{arguments}");
        assert!(!workplace.path("net.part").exists(), "{arguments}");
    }
    let taken = format!("--from {square} --activation tanh --layout pytorch --map fc1=a.0");
    let imported = event(
        &workplace,
        &format!("import {taken} --map fc2=a.1 --map fc3=a.2 --out net"),
    );
    assert_eq!(imported["sizes"], json!([4, 4, 4, 4]));
}

#[test]
fn nothing_that_exists_is_replaced() {
    let (workplace, _) = trained("");
    let export = "export --run runs/small --to onnx --out";
    let finished = workplace.run(&format!("{export} runs/small/model.bpk"));
    assert_refused(&finished, &["runs/small/model.bpk exists", "--out"]);
    let import = "import --from runs/small/model.bpk --activation relu --out";
    assert_refused(
        &workplace.run(&format!("{import} runs/small")),
        &["runs/small exists"],
    );
    assert_refused(
        &workplace.run(&format!("{export} no/such/folder/net")),
        &["no/such/folder/net"],
    );
    let finished = workplace.run(&format!("{export} net.onnx --dtype f16"));
    assert_refused(&finished, &["--dtype f16", "onnx"]);
    assert!(!workplace.path("net.onnx").exists());
}

#[test]
fn what_is_no_run_is_refused() {
    let workplace = Workplace::new();
    for (arguments, naming) in [
        ("--run data", &["data is no run folder"][..]),
        ("--weights data", &["data is a folder", "--run"]),
        ("--weights missing", &["cannot read missing"]),
        ("", &["--run", "--weights"]),
        ("--run a --weights b", &["--run", "--weights"]),
    ] {
        let finished = workplace.run(&format!("export {arguments} --to onnx --out net.onnx"));
        assert_refused(&finished, naming);
    }
}

#[test]
fn half_precision_halves_the_file_and_keeps_the_answers() {
    let (workplace, result) = trained("");
    let export = |dtype: &str| {
        let options = format!("--to safetensors --dtype {dtype} --out {dtype}.safetensors");
        event(&workplace, &format!("export --run runs/small {options}"))["bytes"].clone()
    };
    let [whole, half] = ["f32", "f16"].map(|dtype| export(dtype).as_u64().unwrap());
    assert!(half < whole * 3 / 4, "{half} {whole}");
    let [loss, accuracy] = judged(&workplace, "--weights f16.safetensors");
    let difference = loss.as_f64().unwrap() - result["test_loss"].as_f64().unwrap();
    assert!(difference.abs() < 1e-3 && difference != 0.0, "{difference}");
    assert_eq!(accuracy, result["test_accuracy"]);
}

#[test]
fn the_weights_that_come_along_are_as_good_as_their_docs_say() {
    let workplace = Workplace::new();
    for backend in ["flex", "ndarray"] {
        let event = event(
            &workplace,
            &format!("eval --weights pretrained --backend {backend}"),
        );
        let accuracy = event["accuracy"].as_f64().expect("a number");
        let documented = mnist_mlp::PRETRAINED_TEST_ACCURACY;
        assert!(
            (accuracy - documented).abs() < 5e-5,
            "{backend}: {accuracy} {documented}"
        );
    }
}

#[test]
fn weights_that_import_must_be_asked_about_name_it() {
    let workplace = Workplace::new();
    let square = from_pytorch("square.safetensors");
    let finished = workplace.run(&format!(
        "export --weights {} --to onnx --out net.onnx",
        square.display()
    ));
    assert_refused(
        &finished,
        &["trainer import", "square.safetensors", "--layout pytorch"],
    );
    let chained = from_pytorch("chained.pt");
    let finished = workplace.run(&format!(
        "export --weights {} --to onnx --out net.onnx",
        chained.display()
    ));
    assert_refused(&finished, &["trainer import --from", "--activation relu"]);
}

#[test]
fn an_unfinished_folder_of_before_is_not_touched() {
    let workplace = Workplace::new();
    fs::create_dir(workplace.path("net.part")).unwrap();
    fs::write(workplace.path("net.part/mine"), "precious").unwrap();
    let chained = from_pytorch("chained.pt");
    let import = format!(
        "import --from {} --activation relu --out net",
        chained.display()
    );
    assert_refused(&workplace.run(&import), &["cannot make run folder net"]);
    assert!(!workplace.path("net").exists());
    assert_eq!(
        fs::read(workplace.path("net.part/mine")).unwrap(),
        b"precious"
    );
}
