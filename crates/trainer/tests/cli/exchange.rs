//! `trainer export` and `trainer import` from outside: an exported net comes back unchanged, and
//! nothing is guessed, replaced or left incomplete.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common::{Workplace, metrics, names_in, of_crate};
use crate::documented::assert_documented;

/// Formats that are read again.
const READABLE: [&str; 3] = ["safetensors", "pytorch-safetensors", "burnpack"];

/// A file that PyTorch wrote.
fn from_pytorch(name: &str) -> PathBuf {
    of_crate("weight-exchange/tests/fixtures").join(name)
}

/// Copies a safetensors file without what it says of its net.
fn without_words(file: &Path, copy: &Path) {
    let bytes = fs::read(file).expect("a file");
    let (length, rest) = bytes.split_first_chunk().expect("the length of the header");
    let (header, tensors) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: Value = serde_json::from_slice(header).expect("a header");
    let words = header
        .as_object_mut()
        .expect("an object")
        .remove("__metadata__");
    assert!(words.is_some());
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    fs::write(copy, [&length, header.as_bytes(), tensors].concat()).expect("it can be written");
}

/// A workplace with a run of a small net in `runs/small`, and the run's last event.
fn trained(arguments: &str) -> (Workplace, Value) {
    let workplace = Workplace::new();
    let options = format!("--backend flex --epochs 3 --run-name small {arguments}");
    let result = workplace.train(&options).pop().expect("a result");
    (workplace, result)
}

/// The one event of a command that succeeds.
fn event(workplace: &Workplace, arguments: &str) -> Value {
    let mut events = workplace.events(arguments);
    assert_eq!(events.len(), 1, "{arguments}: {events:?}");
    assert_documented(&events[0]);
    events.remove(0)
}

/// The loss and the accuracy of a net on the small test set.
fn evaluated(workplace: &Workplace, net: &str) -> [Value; 2] {
    let arguments = format!("eval {net} --data-dir data --backend flex");
    let event = event(workplace, &arguments);
    ["loss", "accuracy"].map(|field| event[field].clone())
}

#[test]
fn an_exported_net_comes_back_as_the_same() {
    let (workplace, result) = trained("--activation tanh");
    let expected = [&result["test_loss"], &result["test_accuracy"]].map(Value::clone);
    let bytes = |name: &str| fs::read(workplace.path(name)).expect("the file can be read");
    assert_eq!(evaluated(&workplace, "--run runs/small"), expected);
    for form in READABLE {
        let file = format!("{form}.weights");
        let export = format!("export --run runs/small --to {form} --out {file}");
        let exported = event(&workplace, &export);
        assert_eq!(exported["bytes"], bytes(&file).len());
        assert_eq!(exported["sizes"], json!([30, 12, 8, 3]));
        assert_eq!(
            evaluated(&workplace, &format!("--weights {file}")),
            expected
        );

        let imported = event(
            &workplace,
            &format!("import --from {file} --out again/{form}"),
        );
        assert_eq!(imported["activation"], "tanh");
        assert_eq!(
            evaluated(&workplace, &format!("--run again/{form}")),
            expected
        );
        // An imported run exports the same bytes as the trained one.
        let again = format!("export --run again/{form} --to {form} --out {form}.again");
        event(&workplace, &again);
        assert_eq!(bytes(&file), bytes(&format!("{form}.again")));
    }
    // The weight files of a run folder can be used directly, as long as they are in it.
    for file in ["model.bpk", "model.safetensors"] {
        let weights = format!("--weights runs/small/{file}");
        assert_eq!(evaluated(&workplace, &weights), expected);
    }
    let alone = workplace.path("alone");
    fs::copy(workplace.path("runs/small/model.safetensors"), alone).expect("it can be copied");
    let refused = workplace.run("eval --weights alone --data-dir data --backend flex");
    refused.assert_refused(&["alone", "activation", "trainer import --from alone"]);

    let half = "--to safetensors --dtype f16 --out half";
    let half = event(&workplace, &format!("export --run runs/small {half}"));
    let whole = bytes("safetensors.weights").len() as u64;
    assert!(half["bytes"].as_u64() < Some(whole * 3 / 4), "{half}");
    let [loss, accuracy] = evaluated(&workplace, "--weights half");
    let [loss, whole] = [&loss, &expected[0]].map(|loss| loss.as_f64().expect("a number"));
    assert!(
        (loss - whole).abs() < 1e-3 && loss != whole,
        "{loss} {whole}"
    );
    assert_eq!(accuracy, expected[1]);
}

#[test]
fn the_other_models_are_exchanged() {
    for (arguments, model, activation) in [
        ("--model xor-net --epochs 5", "xor-net", json!("sigmoid")),
        (
            "--model linear-regression --data-dir data --epochs 2",
            "linear-regression",
            Value::Null,
        ),
    ] {
        let workplace = Workplace::new();
        workplace.events(&format!("{arguments} --backend flex --run-name net"));
        for form in READABLE {
            let export = format!("export --run runs/net --to {form} --out {form}");
            event(&workplace, &export);
            let imported = event(
                &workplace,
                &format!("import --from {form} --out {form}-run"),
            );
            let got = (&imported["model"], &imported["activation"]);
            assert_eq!(got, (&json!(model), &activation));
            let onnx = format!("export --run {form}-run --to onnx --out {form}.onnx");
            assert_eq!(event(&workplace, &onnx)["model"], model);
        }
        let onnx = READABLE.map(|form| fs::read(workplace.path(&format!("{form}.onnx"))).unwrap());
        assert!(onnx.iter().all(|model| *model == onnx[0]));
    }
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
    assert_eq!(
        (&imported["form"], &imported["layout"]),
        (&json!("pytorch"), &json!("[d_out, d_in]"))
    );
    let run_folder = workplace.path("a/b/net");
    assert_eq!(metrics(&run_folder), std::slice::from_ref(&imported));
    assert_eq!(event(&workplace, "runs a/b")["state"], "imported");
    let files = [
        "config.json",
        "metrics.jsonl",
        "model.bpk",
        "model.safetensors",
        "weights.sha256",
    ];
    assert_eq!(names_in(&run_folder), files);
    let config = fs::read(run_folder.join("config.json")).expect("settings");
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    for (field, value) in [
        ("sizes", json!([6, 5, 4, 3])),
        ("hidden", json!([5, 4])),
        ("activation", json!("relu")),
        ("epochs", json!(0)),
    ] {
        assert_eq!(config[field], value, "{field}");
    }
    assert_eq!(names_in(&workplace.path("a/b")), ["net"]);
    let refused = workplace.run("--resume a/b/net");
    refused.assert_refused(&["a/b/net", "no training"]);
}

#[test]
fn the_usual_scales_are_checked_on_data() {
    let workplace = Workplace::new();
    let mnist = datasets::bundled_mnist_dir();
    let weights = of_crate("mnist-mlp/weights/mnist-784-256-128-10.safetensors");
    without_words(&weights, &workplace.path("silent.safetensors"));
    let import = "import --from silent.safetensors --activation relu";
    let check = format!("{import} --check {}", mnist.display());
    let events = workplace.events(&format!("{check} --out right"));
    assert_documented(&events[0]);
    assert_eq!(
        (&events[0]["event"], &events[0]["rows"]),
        (&json!("scale_check"), &json!(10_000))
    );
    let scales = events[0]["scales"].as_array().expect("a list");
    assert_eq!(scales.len(), 4);
    assert_eq!(
        (&scales[0]["used"], &scales[0]["accuracy"]),
        (&json!(true), &json!(0.994))
    );
    let others = scales[1..]
        .iter()
        .map(|scale| scale["accuracy"].as_f64().expect("a number"));
    assert!(
        others.into_iter().all(|accuracy| accuracy < 0.994),
        "{scales:?}"
    );
    assert_eq!(events[1]["event"], "imported");

    let wrong = "--input-mean 0.5 --input-std 0.5 --out wrong";
    let refused = workplace.run(&format!("{check} {wrong}"));
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("pass --input-mean 0 --input-std 1; no run folder was made"),
        "{}",
        refused.stderr
    );
    assert!(!workplace.path("wrong").exists());
    // Without the check, it is believed.
    let imported = event(&workplace, &format!("{import} {wrong}"));
    assert_eq!(imported["input_scale_from"], "given");

    for (given, naming) in [
        (
            "--input-mean 33.3 --input-std 78.6",
            "--input-mean 0.1306 --input-std 0.3082",
        ),
        ("--input-std 0", "--input-std"),
        ("--batch-norm after-activation", "no batch normalisation"),
    ] {
        let refused = workplace.run(&format!("{import} {given} --out net"));
        refused.assert_refused(&[naming]);
    }
    // A file that says its scale has it already: nothing is folded twice.
    workplace.text("export --run right --to onnx --out net.onnx");
    workplace
        .run("import --from net.onnx --input-mean 0.1307 --input-std 0.3081 --out net")
        .assert_refused(&[
            "takes pixels from 0 to 1, not mean 0.1307",
            "leave out --input-mean",
        ]);
    assert!(!workplace.path("net").exists());
}

#[test]
fn what_is_not_clear_is_refused_and_nothing_is_made_or_replaced() {
    let workplace = Workplace::new();
    let [square, chained] =
        ["square.safetensors", "chained.pt"].map(|name| from_pytorch(name).display().to_string());
    for (arguments, naming) in [
        (
            format!("import --from {square} --activation tanh"),
            &["--layout pytorch"][..],
        ),
        (
            format!("import --from {square} --layout pytorch"),
            &["--activation"],
        ),
        (format!("import --from {chained}"), &["--activation"]),
        (
            format!("import --from {chained} --activation relu --layout burn"),
            &["do not fit together"],
        ),
        (
            format!("import --from {chained} --activation relu --model xor-net"),
            &["xor-net", "--model mnist-mlp"],
        ),
        (
            format!("import --from {chained} --activation relu --map 7=layers.0"),
            &["no tensor is named '7'", "0.bias, 0.weight"],
        ),
        (
            "import --from missing.pt --activation relu".to_owned(),
            &["missing.pt"],
        ),
        ("import --from data --activation relu".to_owned(), &["data"]),
        (
            "import --from data/t10k-labels-idx1-ubyte --activation relu".to_owned(),
            &["data/t10k-labels-idx1-ubyte", "safetensors"],
        ),
        (format!("import --from {chained} --map 0"), &["FROM=TO"]),
        (
            format!("import --from {chained} --layout keras"),
            &["auto, burn, pytorch"],
        ),
        (
            "export --to onnx --run data".to_owned(),
            &["data", "run folder"],
        ),
        (
            "export --to onnx --weights data".to_owned(),
            &["data is a folder", "--run"],
        ),
        (
            "export --to onnx --weights missing".to_owned(),
            &["cannot read missing"],
        ),
        ("export --to onnx".to_owned(), &["--run", "--weights"]),
        (
            "export --to onnx --run a --weights b".to_owned(),
            &["--run", "--weights"],
        ),
        (
            format!("export --to onnx --weights {square}"),
            &["trainer import", "square.safetensors", "--layout pytorch"],
        ),
        (
            format!("export --to onnx --weights {chained}"),
            &["trainer import --from", "--activation relu"],
        ),
        (
            "export --to onnx --weights pretrained --dtype f16".to_owned(),
            &["--dtype f16", "onnx"],
        ),
    ] {
        let finished = workplace.run(&format!("{arguments} --out net"));
        finished.assert_refused(naming);
        for file in ["net", "net.part"] {
            assert!(!workplace.path(file).exists(), "{arguments}: {file}");
        }
    }
    let maps = "--map fc1=a.0 --map fc2=a.1 --map fc3=a.2";
    let import = format!("import --from {square} --activation tanh --layout pytorch {maps}");
    let imported = event(&workplace, &format!("{import} --out net"));
    assert_eq!(imported["sizes"], json!([4, 4, 4, 4]));

    // What exists is not replaced, not even the unfinished folder of an earlier import.
    fs::create_dir(workplace.path("later.part")).expect("a folder can be made");
    fs::write(workplace.path("later.part/mine"), "precious").expect("it can be written");
    let export = "export --run net --to onnx";
    for (arguments, naming) in [
        (
            format!("{export} --out net/model.bpk"),
            ["net/model.bpk already exists", "--out"],
        ),
        (format!("{export} --out no/such/net"), ["no/such/net", "; "]),
        (
            format!("{import} --out net"),
            ["net already exists", "--out"],
        ),
        (format!("{import} --out later"), ["later", "; "]),
    ] {
        workplace.run(&arguments).assert_refused(&naming);
    }
    assert!(!workplace.path("later").exists());
    let kept = fs::read(workplace.path("later.part/mine")).expect("it is there");
    assert_eq!(kept, b"precious");
}
