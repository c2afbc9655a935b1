//! Real runs: what they leave behind, that they repeat to the last bit, and that nets learn.

mod common;

use std::fs;
use std::path::Path;

use common::{CLASSES, Finished, IMAGE_SIZE, IMAGES, SMALL, Workplace, metrics, names};
use serde_json::{Value, json};

/// Backends that run on any machine.
const PROCESSOR_BACKENDS: [&str; 2] = ["ndarray", "flex"];

const ENGINES: [&str; 2] = ["autodiff", "manual"];

const OPTIMIZERS: [&str; 3] = ["sgd", "momentum", "adam"];

/// The weights in a safetensors file: the header, and the bytes of all tensors.
struct Weights {
    header: Value,
    bytes: Vec<u8>,
}

impl Weights {
    /// Eight bytes give the header's length, then come the header and the tensors.
    fn of(run_folder: &Path) -> Self {
        let file = fs::read(run_folder.join("model.safetensors")).expect("the weights can be read");
        let (length, rest) = file
            .split_first_chunk::<8>()
            .expect("the length of the header");
        let (header, bytes) = rest.split_at(u64::from_le_bytes(*length) as usize);
        Self {
            header: serde_json::from_slice(header).expect("the header is JSON"),
            bytes: bytes.to_vec(),
        }
    }

    fn values(&self) -> impl Iterator<Item = f32> {
        let (values, rest) = self.bytes.as_chunks::<4>();
        assert!(rest.is_empty(), "numbers of four bytes");
        values.iter().map(|&value| f32::from_le_bytes(value))
    }
}

/// The events without what differs from run to run: times, rates and the run folder.
fn lasting(events: &[Value]) -> Vec<Value> {
    let mut events = events.to_vec();
    for event in events.iter_mut().filter_map(Value::as_object_mut) {
        event.retain(|field, _| !field.contains("second") && field != "run_dir");
    }
    events
}

/// The losses of a run in the order in which they were said.
fn losses(events: &[Value]) -> Vec<f64> {
    let fields = ["train_loss", "val_loss", "test_loss"];
    let said = events
        .iter()
        .flat_map(|event| fields.map(|field| event[field].as_f64()));
    said.flatten().collect()
}

fn result(events: &[Value]) -> &Value {
    events
        .last()
        .filter(|last| last["event"] == "result")
        .expect("a result at the end")
}

fn test_accuracy(events: &[Value]) -> f64 {
    result(events)["test_accuracy"].as_f64().expect("a number")
}

/// Whether this machine can run wgpu. It must where `REQUIRE_WGPU` is set.
fn wgpu_runs_here() -> bool {
    match backends::Backend::Wgpu.open() {
        Ok(_) => true,
        Err(error) if std::env::var_os("REQUIRE_WGPU").is_some() => {
            panic!("REQUIRE_WGPU is set, but {error}")
        }
        Err(error) => {
            eprintln!("not run: {error}");
            false
        }
    }
}

/// Trains on the small data set until nearly every test image is told rightly.
#[track_caller]
fn assert_learns(arguments: &str) {
    let events = Workplace::new().train(&format!("--epochs 40 {arguments}"));
    let accuracy = test_accuracy(&events);
    assert!(accuracy >= 0.95, "{arguments}: {accuracy}");
}

#[test]
fn a_run_folder_holds_settings_metrics_and_weights() {
    let workplace = Workplace::new();
    let options = "--backend ndarray --engine manual --activation tanh --optimizer adam \
                   --learning-rate 0.004 --weight-decay 0.0001 --epochs 4 --log-every 2 --seed 11 \
                   --validation-fraction 0.25 --min-accuracy 0 --run-name first";
    let events = workplace.train(options);
    let run_folder = workplace.path("runs/first");
    let mut files: Vec<String> = fs::read_dir(&run_folder)
        .expect("the run folder can be listed")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "checkpoints",
            "config.json",
            "lock",
            "metrics.jsonl",
            "model.bpk",
            "model.safetensors",
            "report.html"
        ]
    );
    assert_eq!(metrics(&run_folder), events);
    assert_eq!(names(&events), ["start", "epoch", "epoch", "result"]);

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
        ("burn_version", json!(backends::BURN_VERSION)),
    ] {
        assert_eq!(config[field], value, "{field}");
    }
    let started = config["started"].as_str().expect("a time");
    assert!(started.len() > 19 && started.ends_with('Z'), "{started}");
    let command = config["command"].as_array().expect("a list");
    assert!(
        command.ends_with(&["--run-name".into(), "first".into()]),
        "{command:?}"
    );
}

#[test]
fn a_run_never_overwrites_another() {
    let workplace = Workplace::new();
    for folder in ["again", "again-2", "again-3"] {
        let events = workplace.train("--backend flex --epochs 1 --run-name again");
        assert_eq!(result(&events)["run_dir"], format!("runs/{folder}"));
        assert_eq!(metrics(&workplace.path("runs").join(folder)), events);
    }
}

#[test]
fn a_run_without_a_name_is_named_by_time_model_backend_and_engine() {
    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --engine manual --epochs 1");
    let run_dir = result(&events)["run_dir"].as_str().expect("a path");
    let name = run_dir.strip_prefix("runs/").expect("a folder of runs");
    let (time, rest) = name.split_once('-').expect("parts");
    assert_eq!(rest, "mnist-mlp-flex-manual");
    assert!(
        time.len() == "20260101T000000Z".len() && time.ends_with('Z'),
        "{time}"
    );
}

#[test]
fn the_same_command_gives_the_same_numbers_and_weights() {
    let workplace = Workplace::new();
    for backend in PROCESSOR_BACKENDS {
        for engine in ENGINES {
            let options = format!("--backend {backend} --engine {engine} --epochs 3 --seed 5");
            let run = |more: &str| workplace.train(&format!("{options} --run-name {more}"));
            let (first, second) = (
                format!("{backend}-{engine}-1"),
                format!("{backend}-{engine}-2"),
            );
            assert_eq!(lasting(&run(&first)), lasting(&run(&second)), "{options}");
            let weights = |name: &str| Weights::of(&workplace.path("runs").join(name)).bytes;
            assert!(
                weights(&first) == weights(&second),
                "{options}: other weights"
            );
        }
    }
}

#[test]
fn train_is_the_same_as_no_subcommand() {
    let workplace = Workplace::new();
    let options = format!("{SMALL} --backend flex --epochs 2 --format json");
    let [plain, spelled_out] = ["", "train "].map(|subcommand| {
        let finished = workplace.run(&format!("{subcommand}{options}"));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        lasting(&finished.events())
    });
    assert_eq!(plain, spelled_out);
}

#[test]
fn another_seed_gives_other_numbers_and_weights() {
    let workplace = Workplace::new();
    for backend in PROCESSOR_BACKENDS {
        let [first, second] = [1, 2].map(|seed| {
            let name = format!("{backend}-{seed}");
            let events = workplace.train(&format!(
                "--backend {backend} --epochs 1 --seed {seed} --run-name {name}"
            ));
            (
                losses(&events),
                Weights::of(&workplace.path("runs").join(name)).bytes,
            )
        });
        assert_eq!(first.0.len(), 3);
        for (a, b) in first.0.iter().zip(&second.0) {
            assert_ne!(a, b, "{backend}");
        }
        assert!(first.1 != second.1, "{backend}: the same weights");
    }
}

/// A step of 1e-300 is 0 in f32, so that a run keeps the weights it started with.
#[test]
fn initial_weights_are_the_same_on_every_backend_to_the_last_bit() {
    let workplace = Workplace::new();
    let [ndarray, flex] = PROCESSOR_BACKENDS.map(|backend| {
        let still = "--epochs 1 --optimizer sgd --learning-rate 1e-300 --activation tanh --seed 3";
        workplace.train(&format!("--backend {backend} {still} --run-name {backend}"));
        Weights::of(&workplace.path("runs").join(backend))
    });
    assert_eq!(ndarray.header, flex.header);
    assert!(ndarray.bytes == flex.bytes);
    assert!(ndarray.values().any(|weight| weight != 0.0));
}

/// Two runs in f32 that differ in nothing but the order of additions: each rounding is an error of
/// at most 6e-8, and some dozens of steps add them up.
const ROUNDING: f64 = 1e-5;

/// The same where a graphics driver may compute exp and log with some more bits wrong.
const GRAPHICS_ROUNDING: f64 = 1e-4;

/// Losses of two runs agree, one by one.
///
/// Below 0.1 the bound is absolute: a small cross-entropy is the logarithm of a probability near 1,
/// whose rounding error does not shrink with it.
#[track_caller]
fn assert_losses_agree(a: &[Value], b: &[Value], bound: f64) {
    let (a, b) = (losses(a), losses(b));
    assert!(!a.is_empty() && a.len() == b.len(), "{a:?} {b:?}");
    for (&a, &b) in a.iter().zip(&b) {
        let difference = (a - b).abs() / a.max(b).max(0.1);
        assert!(difference <= bound, "{a} and {b} differ by {difference:e}");
    }
}

/// Other weights at the start or another order of the batches would differ in the first digits.
#[test]
fn backends_agree_on_the_losses_of_an_epoch() {
    let workplace = Workplace::new();
    for engine in ENGINES {
        let [ndarray, flex] = PROCESSOR_BACKENDS.map(|backend| {
            workplace.train(&format!("--backend {backend} --engine {engine} --epochs 1"))
        });
        assert_losses_agree(&ndarray, &flex, ROUNDING);
    }
}

#[test]
fn engines_agree_on_the_losses_of_some_epochs() {
    let workplace = Workplace::new();
    for backend in PROCESSOR_BACKENDS {
        for activation in ["relu", "sigmoid", "tanh", "elu"] {
            let [autodiff, manual] = ENGINES.map(|engine| {
                workplace.train(&format!(
                    "--backend {backend} --engine {engine} --activation {activation} --epochs 4"
                ))
            });
            assert_losses_agree(&autodiff, &manual, ROUNDING);
        }
        let [autodiff, manual] = ENGINES.map(|engine| {
            workplace.events(&format!(
                "--model xor-net --backend {backend} --engine {engine} --epochs 20 --log-every 1"
            ))
        });
        assert_losses_agree(&autodiff, &manual, ROUNDING);
        let [autodiff, manual] = ENGINES.map(|engine| {
            workplace.events(&format!(
                "{LINEAR} --backend {backend} --engine {engine} --epochs 20 --ridge 0.5"
            ))
        });
        assert_losses_agree(&autodiff, &manual, ROUNDING);
    }
}

#[test]
fn ndarray_learns() {
    assert_learns("--backend ndarray");
}

#[test]
fn flex_learns() {
    assert_learns("--backend flex");
}

/// Every batch that is learned from or judged has 30 rows, so that few kernels are compiled.
#[test]
fn wgpu_learns() {
    if !wgpu_runs_here() {
        return;
    }
    let workplace = Workplace::new();
    let options =
        "--data-dir data --validation-fraction 0.25 --batch-size 30 --hidden 8 --epochs 20";
    let [wgpu, flex] = ["wgpu", "flex"].map(|backend| {
        let mut events = workplace.events(&format!("{options} --backend {backend}"));
        events.retain(|event| event["event"] != "warm_up");
        events
    });
    assert_losses_agree(&wgpu[..2], &flex[..2], GRAPHICS_ROUNDING);
    assert!(test_accuracy(&wgpu) >= 0.95, "{}", result(&wgpu));
}

#[test]
fn each_engine_learns_with_each_optimizer() {
    for engine in ENGINES {
        for optimizer in OPTIMIZERS {
            assert_learns(&format!(
                "--backend flex --engine {engine} --optimizer {optimizer}"
            ));
        }
    }
}

/// The loss is below 0.01 and all four rows are right.
#[track_caller]
fn assert_learns_xor(arguments: &str) {
    let events = Workplace::new().events(&format!("--model xor-net {arguments}"));
    let loss = result(&events)["test_loss"].as_f64().expect("a number");
    assert!(loss < 0.01, "{arguments}: {loss}");
    assert_eq!(test_accuracy(&events), 1.0, "{arguments}");
}

#[test]
fn ndarray_learns_xor() {
    assert_learns_xor("--backend ndarray");
}

#[test]
fn flex_learns_xor_from_each_of_ten_seeds() {
    for seed in 0..10 {
        assert_learns_xor(&format!("--backend flex --seed {seed}"));
    }
}

#[test]
fn each_engine_learns_xor_with_each_optimizer() {
    for engine in ENGINES {
        for optimizer in OPTIMIZERS {
            assert_learns_xor(&format!(
                "--backend flex --engine {engine} --optimizer {optimizer}"
            ));
        }
    }
}

/// Fifty steps go as they go on flex, and the loss falls.
#[test]
fn wgpu_learns_xor() {
    if !wgpu_runs_here() {
        return;
    }
    let workplace = Workplace::new();
    let [wgpu, flex] = ["wgpu", "flex"].map(|backend| {
        let options = "--model xor-net --optimizer sgd --epochs 50 --log-every 1";
        workplace.events(&format!("{options} --backend {backend}"))
    });
    assert_losses_agree(&wgpu, &flex, GRAPHICS_ROUNDING);
    let losses = losses(&wgpu);
    assert!(losses[50] < losses[0], "{losses:?}");
}

/// Options of linear regression on the small data set.
const LINEAR: &str = "--model linear-regression --data-dir data --batch-size 20";

fn number(event: &Value, field: &str) -> f64 {
    let number = event[field].as_f64();
    number.unwrap_or_else(|| panic!("{field} is no number in {event}"))
}

/// With each optimizer, nearly every test image is told rightly, as by the closed form.
#[test]
fn each_engine_learns_linear_regression_with_each_optimizer() {
    let workplace = Workplace::new();
    for backend in PROCESSOR_BACKENDS {
        for engine in ENGINES {
            for optimizer in OPTIMIZERS {
                let options = format!(
                    "--backend {backend} --engine {engine} --optimizer {optimizer} --epochs 60"
                );
                let events = workplace.events(&format!("{LINEAR} {options}"));
                assert!(test_accuracy(&events) >= 0.95, "{options}");
                assert_eq!(number(result(&events), "closed_form_test_accuracy"), 1.0);
            }
        }
    }
}

/// Steps over all rows end at the closed form, as near as weights in f32 can be; the seed, which
/// decides the order of the rows, matters only to rounding.
#[test]
fn whole_batches_converge_to_the_closed_form() {
    let workplace = Workplace::new();
    for (arguments, seed) in [
        ("--backend ndarray --engine autodiff", 1),
        ("--backend ndarray --engine manual", 2),
        ("--backend flex --engine autodiff", 3),
        ("--backend flex --engine manual", 4),
    ] {
        let events = workplace.events(&format!(
            "--model linear-regression --data-dir data --batch-size 120 --ridge 5 --epochs 600 --checkpoint-every 600 \
             --log-every 600 --learning-rate 0.002 --seed {seed} {arguments}"
        ));
        let result = result(&events);
        let distance = number(result, "distance_to_closed_form");
        assert!(distance < 1e-5, "{arguments}: {distance:e}");
        let gap = number(result, "loss_above_closed_form") / number(result, "closed_form_loss");
        assert!(gap.abs() < 1e-10, "{arguments}: {gap:e}");
        assert_eq!(result["test_accuracy"], result["closed_form_test_accuracy"]);
        assert_eq!(losses(&events).len(), 2);
    }
}

#[test]
fn linear_regression_repeats_and_follows_its_seed() {
    let workplace = Workplace::new();
    for backend in PROCESSOR_BACKENDS {
        let run = |seed: usize, name: &str| {
            let options = format!("--backend {backend} --epochs 2 --ridge 0.5 --seed {seed}");
            let events = workplace.events(&format!("{LINEAR} {options} --run-name {name}"));
            let weights = Weights::of(&workplace.path("runs").join(name));
            assert_eq!(weights.header["linear.weight"]["shape"], json!([30, 3]));
            (lasting(&events), weights.bytes)
        };
        let names = ["first", "second", "third"].map(|name| format!("{backend}-{name}"));
        let [first, second, third] = [(1, 0), (1, 1), (2, 2)].map(|(seed, i)| run(seed, &names[i]));
        assert!(first == second, "{backend}: the same seed, other numbers");
        assert!(
            first.1 != third.1,
            "{backend}: another seed, the same weights"
        );
        for field in ["closed_form_loss", "closed_form_test_accuracy"] {
            assert_eq!(
                first.0[3][field], third.0[3][field],
                "{backend}: the same data"
            );
        }
        let config = fs::read(workplace.path("runs").join(&names[0]).join("config.json"));
        let config = config.expect("the settings can be read");
        let config: Value = serde_json::from_slice(&config).expect("the settings are JSON");
        assert_eq!(
            (&config["ridge"], &config["hidden"]),
            (&json!(0.5), &json!([]))
        );
    }
}

/// Packed bytes give the same closed form, and training goes as on flex.
#[test]
fn wgpu_learns_linear_regression() {
    if !wgpu_runs_here() {
        return;
    }
    let workplace = Workplace::new();
    let options =
        "--model linear-regression --data-dir data --batch-size 30 --ridge 0.5 --epochs 5";
    let [wgpu, flex] = ["wgpu", "flex"].map(|backend| {
        let mut events = workplace.events(&format!("{options} --backend {backend}"));
        events.retain(|event| event["event"] != "warm_up");
        events
    });
    assert_losses_agree(&wgpu, &flex, GRAPHICS_ROUNDING);
    let [wgpu, flex] = [&wgpu, &flex].map(|events| number(result(events), "closed_form_loss"));
    // One rounding in f32 of each pixel.
    assert!((wgpu / flex - 1.0).abs() < 1e-5, "{wgpu} {flex}");
}

/// What the lecture says of MNIST (item L12), and the crate of its closed form.
#[test]
fn mnist_is_singular_without_a_ridge_term() {
    use burn::tensor::{DType, Tensor, TensorData};
    use linear_regression::NormalEquations;

    let device = backends::Backend::Flex.open().expect("flex runs anywhere");
    let mnist = datasets::Mnist::load(&datasets::bundled_mnist_dir());
    let (pixels, labels) = mnist
        .expect("MNIST comes with the source")
        .train
        .into_parts();
    let black = |column: usize| pixels.iter().skip(column).step_by(784).all(|&p| p == 0);
    assert_eq!((0..784).filter(|&column| black(column)).count(), 67);

    let mut equations = NormalEquations::new(784, 10).expect("sizes from 1");
    for (pixels, labels) in pixels.chunks(784 * 4000).zip(labels.chunks(4000)) {
        let x = pixels.iter().map(|&pixel| f64::from(pixel) / 255.0);
        let y = labels
            .iter()
            .flat_map(|&label| (0..10).map(move |class| f64::from(u8::from(class == label))));
        let tensor = |values: Vec<f64>, columns| {
            let shape = [labels.len(), columns];
            Tensor::<2>::from_data(TensorData::new(values, shape), (&device.device, DType::F64))
        };
        let block = equations.add(tensor(x.collect(), 784), tensor(y.collect(), 10));
        block.expect("finite data");
    }
    let solution = equations.solve(0.0).expect("rows were added");
    assert_eq!((solution.rows, solution.rank), (60_000, 712));
    let flat = equations.curvature(0.0).expect("rows were added");
    assert!(
        (flat.largest_step() / 8.54e-7 - 1.0).abs() < 1e-3,
        "{flat:?}"
    );
    assert!(flat.smallest < 1e-6, "{flat:?}");
    let curved = equations.curvature(1000.0).expect("rows were added");
    assert!((curved.condition() - 2342.0).abs() < 1.0, "{curved:?}");
}

/// All of MNIST at a ridge term of 1000, where the largest curvature is 2.342e6 and the smallest
/// 1000: 600 steps over all rows, 1.7 times as long as plain descent could take, leave 2e-6 of the
/// distance, and more steps no less than 1.5e-6, which is rounding in f32.
#[test]
fn well_conditioned_descent_on_mnist_ends_at_the_closed_form() {
    let workplace = Workplace::new();
    let events = workplace.events(
        "--model linear-regression --backend flex --engine manual --ridge 1000 --epochs 600 --checkpoint-every 600 \
         --batch-size 60000 --learning-rate 1.45e-6 --log-every 600",
    );
    let result = result(&events);
    let distance = number(result, "distance_to_closed_form");
    assert!(distance < 5e-6, "{result}");
    let gap = number(result, "loss_above_closed_form") / number(result, "closed_form_loss");
    assert!(gap.abs() < 1e-11, "{result}");
    let accuracy = test_accuracy(&events) - number(result, "closed_form_test_accuracy");
    assert!(accuracy.abs() < 2.5e-4, "{result}"); // two images
}

/// All of MNIST with the defaults.
#[test]
fn linear_regression_tells_mnist_as_well_as_the_closed_form() {
    let workplace = Workplace::new();
    let events = workplace.events("--model linear-regression --backend flex");
    assert_eq!(events[0]["training_rows"], 60_000);
    let result = result(&events);
    let exact = number(result, "closed_form_test_accuracy");
    assert!((exact - 0.8603).abs() < 5e-4, "{exact}");
    assert!(number(result, "test_accuracy") >= exact - 0.003, "{result}");
    assert!(number(result, "loss_above_closed_form") > 0.0, "{result}");
}

/// Burn's record, read by Burn into a net of another seed, judges the test set as the run did.
#[test]
fn kept_weights_are_the_ones_that_were_judged() {
    use burn::module::Module;
    use burn::store::ModuleRecord;
    use burn::tensor::{Int, Tensor, TensorData};
    use mnist_mlp::MnistMlpConfig;

    let workplace = Workplace::new();
    let events = workplace.train("--backend flex --epochs 5 --run-name kept");
    let run_folder = workplace.path("runs/kept");

    let device = backends::Backend::Flex
        .open()
        .expect("flex runs anywhere")
        .device;
    let inputs = IMAGE_SIZE.iter().product();
    let record = ModuleRecord::load(run_folder.join("model.bpk")).expect("a record of Burn's");
    let net = MnistMlpConfig::new(inputs, vec![12, 8], CLASSES).init(99, &device);
    let net = net.expect("sizes above zero").load_record(record);

    let test = datasets::Mnist::load(&workplace.path("data"))
        .expect("the data load")
        .test;
    let (pixels, labels) = test.into_parts();
    let pixels: Vec<f32> = pixels
        .into_iter()
        .map(|pixel| f32::from(pixel) / 255.0)
        .collect();
    let labels: Vec<i32> = labels.into_iter().map(i32::from).collect();
    let x = Tensor::<2>::from_data(TensorData::new(pixels, [IMAGES[1], inputs]), &device);
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [IMAGES[1]]), &device);
    let loss = f64::from(net.loss(x, labels).into_scalar::<f32>());
    assert_eq!(Some(loss), result(&events)["test_loss"].as_f64());

    let weights = Weights::of(&run_folder);
    let shape = &weights.header["layers.0.weight"]["shape"];
    assert_eq!(shape, &json!([inputs, 12]), "{}", weights.header);
    assert_eq!(weights.values().count(), 503);
    let first = net.layers[0]
        .weight
        .val()
        .try_into_vec_as::<f32>()
        .expect("f32");
    let kept: Vec<f32> = weights.values().collect();
    assert!(kept.windows(first.len()).any(|part| part == first));
}

/// What a run keeps when its loss is not finite is what it had before the epoch.
#[test]
fn a_loss_that_is_not_finite_leaves_the_weights_before_it() {
    let workplace = Workplace::new();
    let options = "--backend flex --epochs 1 --optimizer sgd --seed 4";
    workplace.train(&format!(
        "{options} --learning-rate 1e-300 --run-name still"
    ));
    let diverging = format!("{SMALL} {options} --learning-rate 1e30 --run-name diverging");
    let Finished {
        code,
        stdout,
        stderr,
    } = workplace.run(&diverging);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    let [still, kept] =
        ["still", "diverging"].map(|name| Weights::of(&workplace.path("runs").join(name)));
    assert!(kept.bytes == still.bytes);
    assert!(kept.values().all(f32::is_finite));
}
