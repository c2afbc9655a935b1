//! The files of a run folder, and reading them.

#[allow(dead_code, reason = "each test program uses its part of it")]
mod common;

use std::fs;
use std::path::Path;

use backends::{Backend, Opened};
use common::{
    copy, fixture, flex, lasting, linear, metrics, resume, small, start, train, weights, xor,
};
use datasets::TestRowsOf;
use run_folder::{
    Checkpoint, Config, History, Invocation, NetData, Resumed, RunFolder, SavedRun, Status,
    TestRows, backend_of,
};
use serde_json::{Value, json};
use tempfile::tempdir;
use training::{Answers, Choices, Engine, ModelName, Outcome, Settings};

#[test]
fn a_run_folder_holds_configuration_metrics_weights_and_checkpoints() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        engine: Some(Engine::Manual),
        epochs: Some(4),
        log_every: Some(2),
        learning_rate: Some(0.004),
        min_accuracy: Some(0.0),
        seed: Some(11),
        ..small()
    };
    let run = train(runs.path(), "first", &choices);
    let mut files: Vec<String> = fs::read_dir(&run)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    let expected = [
        "checkpoints",
        "config.json",
        "lock",
        "metrics.jsonl",
        "model.bpk",
        "model.safetensors",
        "weights.sha256",
    ];
    assert_eq!(files, expected);

    let entries = metrics(&run);
    let names: Vec<&Value> = entries.iter().map(|entry| &entry["event"]).collect();
    assert_eq!(names, ["start", "epoch", "epoch", "result"]);
    let run_dir = Some(run.to_str().unwrap());
    assert!(
        [0, 3]
            .iter()
            .all(|&i| entries[i]["run_dir"].as_str() == run_dir)
    );

    let config: Value =
        serde_json::from_slice(&fs::read(run.join("config.json")).unwrap()).unwrap();
    for (field, value) in [
        ("model", json!("mnist-mlp")),
        ("backend", json!("flex")),
        ("engine", json!("manual")),
        ("hidden", json!([12, 8])),
        ("activation", json!("relu")),
        ("ridge", Value::Null),
        ("epochs", json!(4)),
        ("batch_size", json!(16)),
        ("learning_rate", json!(0.004)),
        ("seed", json!(11)),
        ("min_accuracy", json!(0.0)),
        ("log_every", json!(2)),
        ("sizes", json!([30, 12, 8, 3])),
        ("device", json!("here")),
        ("trainer_version", json!("1.2.3")),
        ("burn_version", json!(backends::BURN_VERSION)),
        ("command", json!(["trainer"])),
    ] {
        assert_eq!(config[field], value, "{field}");
    }
    let started = config["started"].as_str().unwrap();
    assert!(started.len() > 19 && started.ends_with('Z'), "{started}");
}

#[test]
fn a_default_name_has_time_model_backend_and_engine() {
    let name = RunFolder::default_name(&Settings::default_for(ModelName::XorNet));
    let (time, rest) = name.split_once('-').unwrap();
    assert_eq!(rest, "xor-net-ndarray-autodiff");
    assert!(time.len() == "20260101T000000Z".len() && time.ends_with('Z'));
}

#[test]
fn what_cannot_be_written_is_said_with_the_remedy() {
    let runs = tempdir().unwrap();
    let file = runs.path().join("file");
    fs::write(&file, "mine").unwrap();
    let error = RunFolder::create(&file, "run").unwrap_err().to_string();
    assert!(
        error.contains("cannot write to out-dir") && error.ends_with("--out-dir"),
        "{error}"
    );
    let mut folder = RunFolder::create(runs.path(), "run").unwrap();
    folder.resumes_with(&["--token-file".to_owned(), "my token".to_owned()]);
    let blocked = folder.path().join("config.json");
    fs::create_dir(&blocked).unwrap();
    let settings = Settings::default_for(ModelName::XorNet);
    let config = Config::now(&settings, &[2, 4, 1], "here", &Invocation::default());
    let error = folder.write_config(&config).unwrap_err().to_string();
    assert!(error.contains("cannot write config.json in"), "{error}");
    let path = folder.path().display();
    let ending = format!("--resume {path} --token-file 'my token'");
    assert!(error.ends_with(&ending), "{error}");
}

#[test]
fn a_loss_that_is_not_finite_leaves_the_weights_before_it() {
    let runs = tempdir().unwrap();
    let with = |learning_rate| Choices {
        epochs: Some(1),
        learning_rate: Some(learning_rate),
        ..small()
    };
    let still = train(runs.path(), "still", &with(1e-300));
    let (diverged, outcome) = start(runs.path(), "diverged", &with(1e30), ()).unwrap();
    assert_eq!(outcome, Outcome::NotFinite);
    assert!(weights(&still) == weights(&diverged));
    let reason = metrics(&diverged).pop().unwrap()["reason"].to_string();
    let expected = format!(
        "the initial weights are kept in {}; try",
        diverged.display()
    );
    assert!(
        reason.contains("not finite at step") && reason.contains(&expected),
        "{reason}"
    );
}

/// A run's predictions for its test set, on the run's own backend.
fn answers(run: &SavedRun, data: &Path, opened: &Opened) -> Answers {
    let net = run.net(&opened.device).expect("the run has weights");
    let rows = TestRows::load(&net, data, &NetData::of_run(run)).expect("the data load");
    let batch_size = run.config().settings.batch_size;
    rows.answered_by(&net, opened, Some(batch_size))
        .expect("the device computes")
}

#[test]
fn a_saved_run_is_evaluated_as_it_evaluated_itself() {
    let smooth = Choices {
        label_smoothing: Some(0.1),
        activation: Some(layers::Activation::Tanh),
        ..small()
    };
    let two = |choices| Choices {
        epochs: Some(2),
        ..choices
    };
    for choices in [two(small()), two(smooth), two(linear()), xor()] {
        let runs = tempdir().unwrap();
        let path = train(runs.path(), "net", &choices);
        let run = SavedRun::open(&path).unwrap();
        let result = History::of(&run).unwrap().result.expect("it is finished");
        let found = answers(&run, &fixture("data"), &flex());
        let confusion = found.confusion();
        assert_eq!(confusion.accuracy(), result.test_accuracy);
        assert_eq!(confusion.total(), found.rows.len());
        assert!((found.loss - result.test_loss).abs() < 1e-6);
    }
}

#[test]
fn weights_are_loaded_without_their_run() {
    use run_folder::weights::{PRETRAINED, load, of_run, read};

    let runs = tempdir().unwrap();
    let path = train(
        runs.path(),
        "net",
        &Choices {
            epochs: Some(1),
            ..small()
        },
    );
    let device = flex().device;
    // The configuration next to the file has the activation.
    let file = path.join("model.safetensors");
    assert_eq!(load(&file, &device).unwrap().sizes(), [30, 12, 8, 3]);
    let run = SavedRun::open(&path).unwrap();
    assert_eq!(of_run(&run).unwrap().sizes(), read(&file).unwrap().sizes());
    let bundled = load(Path::new(PRETRAINED), &device).unwrap();
    assert_eq!(
        (bundled.model(), bundled.sizes()[0]),
        (ModelName::MnistMlp, 784)
    );

    let alone = runs.path().join("alone.safetensors");
    fs::rename(&file, &alone).unwrap();
    let error = |path: &Path| load(path, &device).unwrap_err().to_string();
    assert!(
        error(&alone).contains("--activation relu (or another)"),
        "{}",
        error(&alone)
    );
    assert!(error(&path).contains("is a folder; name a run folder with --run"));
    assert!(error(&runs.path().join("none")).contains("none"));
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let runs = tempdir().unwrap();
    let path = train(
        runs.path(),
        "net",
        &Choices {
            epochs: Some(1),
            ..small()
        },
    );
    let run = SavedRun::open(&path).unwrap();
    let device = flex().device;
    let net = run.net(&device).unwrap();
    let mnist = datasets::bundled_mnist_dir();
    let error = TestRows::load(&net, &mnist, &NetData::of_run(&run))
        .unwrap_err()
        .to_string();
    assert!(error.contains("knows (0, 1, 2), got 0, 1, 2, 3"), "{error}");
    let known = NetData::of_pretrained();
    let bundled = run_folder::weights::load("pretrained".as_ref(), &device).unwrap();
    let error = TestRows::load(&bundled, &fixture("data"), &known).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("784 inputs") && error.contains("have 30 pixels"),
        "{error}"
    );
    let error = TestRows::load(&net, Path::new("nowhere"), &NetData::default()).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
    let xor_run = SavedRun::open(&train(runs.path(), "xor", &xor())).unwrap();
    let truth_table =
        TestRows::load(&xor_run.net(&device).unwrap(), &mnist, &NetData::default()).unwrap();
    assert!(truth_table.answered_by(&net, &flex(), None).is_err());
    assert_eq!(truth_table.class_names(2), ["0", "1"]);

    fs::write(path.join("model.bpk"), b"no record").unwrap();
    let error = run.net(&device).unwrap_err().to_string();
    assert!(
        error.contains("model.bpk") && error.ends_with("train again"),
        "{error}"
    );
    for (text, said) in [
        ("{", "config.json is damaged"),
        ("{\"sizes\": 3}", "another version"),
    ] {
        fs::write(path.join("config.json"), text).unwrap();
        let error = SavedRun::open(&path).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    let error = SavedRun::open(runs.path()).unwrap_err().to_string();
    assert!(error.contains("is not a run folder"), "{error}");
}

#[test]
fn images_are_held_out_only_of_the_data_that_the_run_had() {
    let work = tempdir().unwrap();
    let data = work.path().join("data.csv");
    let row = |i: usize| format!("{},{},{},{},{}\n", i % 3, i, 7 * i % 256, 31 * i % 256, 9);
    fs::write(&data, (0..63).map(row).collect::<String>()).unwrap();
    let choices = Choices {
        epochs: Some(1),
        data_dir: Some(data.clone()),
        ..small()
    };
    let path = train(work.path(), "net", &choices);
    let run = SavedRun::open(&path).unwrap();
    let net = run.net(&flex().device).unwrap();
    let load = || TestRows::load(&net, &data, &NetData::of_run(&run));
    let TestRows::Images(set) = load().unwrap() else {
        panic!("images");
    };
    assert_eq!(set.rows_of, TestRowsOf::HeldOut);

    // One image more, and another seventh is held out.
    fs::write(&data, (0..64).map(row).collect::<String>()).unwrap();
    let refused = load().unwrap_err().to_string();
    assert!(
        refused.contains("differ from those that the net was trained on"),
        "{refused}"
    );
    // Of an earlier version's run, a checkpoint has the digest.
    let config = fs::read_to_string(path.join("config.json")).unwrap();
    let older = config.replace("data_digest", "something_else");
    assert_ne!(config, older);
    fs::write(path.join("config.json"), older).unwrap();
    let run = SavedRun::open(&path).unwrap();
    assert!(TestRows::load(&net, &data, &NetData::of_run(&run)).is_err());
    // A run that has just ended need not look.
    let known = NetData::of_run(&run).with_unchanged_data();
    assert!(TestRows::load(&net, &data, &known).is_ok());
}

#[test]
fn a_temperature_that_is_none_is_refused_and_one_in_a_lost_log_is_missed() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(1),
        ..small()
    };
    let path = train(runs.path(), "net", &choices);
    let run = SavedRun::open(&path).unwrap();
    let last = metrics(&path).pop().unwrap();
    let kept = run.temperature().unwrap();
    assert!(
        kept.is_some() && kept == last["temperature"].as_f64(),
        "{last}"
    );
    assert_eq!(last["temperature_rows"], 10);
    fs::remove_file(path.join("metrics.jsonl")).unwrap();
    assert_eq!(run.temperature().unwrap(), kept);

    let config = fs::read_to_string(path.join("config.json")).unwrap();
    let mut edited: Value = serde_json::from_str(&config).unwrap();
    edited["temperature"] = json!(0.0);
    fs::write(path.join("config.json"), edited.to_string()).unwrap();
    let refused = SavedRun::open(&path).unwrap_err().to_string();
    assert!(
        refused.contains("the temperature is 0, expected"),
        "{refused}"
    );

    let old = runs.path().join("old");
    copy(&fixture("straight"), &old);
    fs::remove_file(old.join("metrics.jsonl")).unwrap();
    let run = SavedRun::open(&old).unwrap();
    let gap = NetData::of_run(&run);
    assert!(gap.temperature_gap().unwrap().contains("metrics.jsonl"));
    assert!(run.net(&flex().device).is_ok());
}

#[test]
fn a_backend_is_the_one_asked_for_or_the_runs() {
    let mut settings = Settings::default_for(ModelName::XorNet);
    settings.backend = "flex".to_owned();
    let of = |asked, run| backend_of(asked, run).unwrap();
    assert_eq!(
        of(Some(Backend::Ndarray), Some(&settings)),
        Backend::Ndarray
    );
    assert_eq!(of(None, Some(&settings)), Backend::Flex);
    assert_eq!(of(None, None), Backend::Ndarray);
    settings.backend = "abacus".to_owned();
    assert!(backend_of(None, Some(&settings)).is_err());
}

#[test]
fn a_last_line_that_was_cut_off_is_left_out_and_another_is_an_error() {
    let run = tempdir().unwrap();
    let path = run.path().join("old");
    copy(&fixture("linear"), &path);
    let file = path.join("metrics.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    let end = text.rfind("test_loss").unwrap();
    fs::write(&file, &text[..end]).unwrap();
    let saved = SavedRun::open(&path).unwrap();
    assert_eq!(History::of(&saved).unwrap().status, Status::Unfinished);
    fs::write(&file, format!("{text}no event\n{text}")).unwrap();
    let error = saved.entries().unwrap_err().to_string();
    let line = text.lines().count() + 1;
    assert!(error.contains(&format!("line {line} of")), "{error}");
}

/// The losses and accuracies of a run are those of another, which may be of an earlier version, but for
/// rounding.
#[track_caller]
fn assert_close(one: &Path, other: &Path) {
    fn close(one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::Number(a), Value::Number(b)) => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() <= 1e-4 * (1.0 + b.abs())
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                // Of what came after the other's version there is nothing to compare with.
                b.iter()
                    .all(|(name, b)| a.get(name).is_some_and(|a| close(a, b)))
            }
            (a, b) => a == b,
        }
    }
    let (one_metrics, other_metrics) = (lasting(one), lasting(other));
    assert_eq!(one_metrics.len(), other_metrics.len());
    for (a, b) in one_metrics.iter().zip(&other_metrics) {
        assert!(close(a, b), "{a}\n{b}");
    }
    for (a, b) in weights(one)
        .iter()
        .flatten()
        .zip(weights(other).iter().flatten())
    {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}

/// A copy of a run of an earlier version.
fn old(runs: &Path, name: &str) -> std::path::PathBuf {
    let copied = runs.join(name);
    copy(&fixture(name), &copied);
    copied
}

#[test]
fn runs_of_an_earlier_version_open() {
    for (name, model, sizes) in [
        ("xor", ModelName::XorNet, &[2, 4, 1][..]),
        ("linear", ModelName::LinearRegression, &[30, 3]),
        ("straight", ModelName::MnistMlp, &[30, 12, 8, 3]),
    ] {
        let run = SavedRun::open(&fixture(name)).unwrap();
        let history = History::of(&run).unwrap();
        assert_eq!(history.status, Status::Finished, "{name}");
        let result = history.result.unwrap();
        let net = run.net(&flex().device).unwrap();
        assert_eq!((net.model(), &net.sizes()[..]), (model, sizes));
        let found = answers(&run, &fixture("data"), &flex());
        assert_eq!(found.confusion().accuracy(), result.test_accuracy, "{name}");
        assert!(
            (found.loss - result.test_loss).abs() < 1e-4,
            "{name}: {}",
            found.loss
        );
        // An entry that is read and written again has the same text, but for what came later; a number may lose its
        // last digit.
        let words = |line: &str| {
            let later = [
                r#""temperature":null,"temperature_rows":null,"#,
                r#""average_val_loss":null,"average_val_accuracy":null,"#,
                r#""ranks":1,"#,
            ];
            let of_all = |line: String, later: &&str| line.replace(later, "");
            let earlier = later.iter().fold(line.to_owned(), of_all);
            earlier.replace(|c: char| c.is_ascii_digit(), "")
        };
        let lines = fs::read_to_string(fixture(name).join("metrics.jsonl")).unwrap();
        let written = run.entries().unwrap();
        let written = written.iter().map(|entry| words(&entry.to_json()));
        assert_eq!(
            written.collect::<Vec<_>>(),
            lines.lines().map(words).collect::<Vec<_>>()
        );
    }
    let stopped = SavedRun::open(&fixture("stopped")).unwrap();
    let history = History::of(&stopped).unwrap();
    assert_eq!(history.status.reason(), Some("interrupted"));
    assert_eq!(
        (history.epochs_done(), history.start.unwrap().parameters),
        (15, 503)
    );
}

#[test]
fn checkpoints_of_an_earlier_version_are_read_and_written_in_the_same_bytes() {
    for name in [
        "xor/checkpoints/epoch-000200.ckpt",
        "stopped/checkpoints/epoch-000017-step-000042.ckpt",
    ] {
        let bytes = fs::read(fixture(name)).unwrap();
        let checkpoint = Checkpoint::decode(&bytes[..], bytes.len() as u64).unwrap();
        assert_eq!(
            checkpoint.records.best_model.is_some(),
            name.starts_with("stopped")
        );
        assert!(checkpoint.encode().unwrap() == bytes, "{name}");
    }
}

#[test]
fn runs_of_an_earlier_version_continue_to_its_numbers() {
    let runs = tempdir().unwrap();
    let xor_run = old(runs.path(), "xor");
    let is_over = Resumed::open(&xor_run, &Choices::default())
        .unwrap()
        .result();
    assert!(is_over.is_some(), "it is finished");
    fs::remove_file(xor_run.join("checkpoints/epoch-000400.ckpt")).unwrap();
    resume(&xor_run, &Choices::default(), ()).unwrap();
    assert_close(&xor_run, &fixture("xor"));

    let stopped = old(runs.path(), "stopped");
    let data = Choices {
        data_dir: Some(fixture("data")),
        ..Choices::default()
    };
    resume(&stopped, &data, ()).unwrap();
    assert_close(&stopped, &fixture("straight"));
}
