//! New runs that start from weights: of another run, of a file, of the bundled net.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;
use std::path::Path;

use common::{Interrupt, assert_same, checkpoints, flex, resume, small, start, train};
use run_folder::weights::{self, PRETRAINED};
use run_folder::{InitialWeights, SavedRun};
use tempfile::tempdir;
use training::{AnyNet, Choices, ModelName, Settings};
use weight_exchange::{Dense, DenseStack, Layout, Precision, to_safetensors};

fn from(init: &Path) -> Choices {
    Choices {
        init: Some(init.to_owned()),
        hidden: None,
        epochs: Some(1),
        ..small()
    }
}

/// The net that choices lead to, with its weights.
fn net(choices: &Choices, sizes: &[usize], classes: &[&str]) -> Result<AnyNet, String> {
    let mut choices = choices.clone();
    let initial = InitialWeights::of_choices(&choices).map_err(|error| error.to_string())?;
    let initial = initial.expect("the choices name weights");
    initial
        .complete(&mut choices)
        .map_err(|error| error.to_string())?;
    let settings = Settings::resolve(&choices).map_err(|error| error.to_string())?;
    let mut net = AnyNet::build(&settings, sizes, &flex().device).unwrap();
    let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
    let put = initial.put_into(&mut net, &classes);
    put.map_err(|error| error.to_string()).map(|()| net)
}

/// The weights of each layer.
fn values(net: &AnyNet) -> Vec<Vec<f32>> {
    let layers = net.layers().into_iter();
    let weight = |layer: &burn::nn::Linear| layer.weight.val().into_data();
    layers
        .map(|layer| weight(layer).try_into_vec_as::<f32>().unwrap())
        .collect()
}

#[test]
fn a_run_starts_where_another_ended() {
    let runs = tempdir().unwrap();
    let first = train(
        runs.path(),
        "first",
        &Choices {
            epochs: Some(2),
            ..small()
        },
    );
    let trained = SavedRun::open(&first).unwrap().net(&flex().device).unwrap();
    let sizes = [30, 12, 8, 3];
    for source in [first.clone(), first.join("model.safetensors")] {
        let net = net(&from(&source), &sizes, &[]).unwrap();
        assert_eq!(values(&net), values(&trained), "{}", source.display());
    }
    // With a new head, only the last layer is what the seed draws.
    let with_new_head = Choices {
        new_head: true,
        ..from(&first)
    };
    let other = net(&with_new_head, &[30, 12, 8, 5], &[]).unwrap();
    let [headless, drawn] = [values(&other), values(&trained)];
    assert_eq!(headless[..2], drawn[..2]);
    assert_eq!(headless[2].len(), 8 * 5);
    let same_size = values(&net(&with_new_head, &sizes, &["x", "y", "z"]).unwrap());
    assert_ne!(same_size[2], drawn[2]);
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let runs = tempdir().unwrap();
    let first = train(
        runs.path(),
        "first",
        &Choices {
            epochs: Some(1),
            ..small()
        },
    );
    let sizes = [30, 12, 8, 3];
    let refusal = |choices: &Choices, sizes: &[usize], classes: &[&str]| {
        let said = net(choices, sizes, classes).expect_err("it does not fit");
        assert!(!said.contains('\n'), "{said}");
        said
    };
    let said = refusal(&from(&first), &[30, 12, 8, 4], &[]);
    assert!(
        said.contains("0, 1, 2,") && said.contains("--new-head"),
        "{said}"
    );
    let said = refusal(&from(&first), &sizes, &["a", "b", "c"]);
    assert!(
        said.contains("a, b, c") && said.contains("--new-head"),
        "{said}"
    );
    let said = refusal(&from(&first), &[784, 12, 8, 3], &[]);
    assert!(said.contains("784") && said.contains("--init"), "{said}");

    type Change = fn(&mut Choices);
    let changes: [(&str, Change); 3] = [
        ("--hidden 12,9 does not fit", |c| {
            c.hidden = Some(vec![12, 9])
        }),
        ("--activation tanh does not fit", |c| {
            c.activation = Some(layers::Activation::Tanh);
        }),
        ("--model linear-regression does not fit", |c| {
            c.model = Some(ModelName::LinearRegression);
        }),
    ];
    for (start, change) in changes {
        let mut choices = from(&first);
        change(&mut choices);
        let said = refusal(&choices, &sizes, &[]);
        assert!(said.starts_with(start), "{said}");
    }
    let said = refusal(&from(Path::new("nowhere")), &sizes, &[]);
    assert!(said.contains("nowhere"), "{said}");
}

#[test]
fn the_bundled_net_starts_a_run_on_digits() {
    let sizes = [784, 256, 128, 10];
    let net = net(&from(Path::new(PRETRAINED)), &sizes, &[]).unwrap();
    let bundled = run_folder::weights::load(Path::new(PRETRAINED), &flex().device).unwrap();
    assert_eq!(values(&net), values(&bundled));
}

#[test]
fn the_bundled_net_starts_no_run_on_ten_other_classes() {
    let sizes = [784, 256, 128, 10];
    let words = "eight five four nine one seven six three two zero".split(' ');
    let words: Vec<&str> = words.collect();
    let said = net(&from(Path::new(PRETRAINED)), &sizes, &words).expect_err("no digits");
    assert!(
        said.contains("know the classes 0, 1, 2") && said.contains("eight, five"),
        "{said}"
    );
    // Numbers with more digits are the same numbers.
    let numbers: Vec<String> = (0..10).map(|digit| format!("0{digit}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    assert!(net(&from(Path::new(PRETRAINED)), &sizes, &numbers).is_ok());
}

#[test]
fn weights_that_name_no_classes_are_taken_with_a_doubt() {
    let folder = tempdir().unwrap();
    let layer = Dense::new("layers.0", [30, 3], vec![0.5; 90], vec![0.0; 3]).unwrap();
    let stack = DenseStack::new(vec![layer]).unwrap();
    let file = folder.path().join("net.safetensors");
    let bytes = to_safetensors(&stack, Layout::Burn, Precision::F32).unwrap();
    fs::write(&file, bytes).unwrap();
    assert!(net(&from(&file), &[30, 3], &["a", "b", "c"]).is_ok());
    let initial = InitialWeights::open(&file, false).unwrap();
    let doubt = initial.doubt(&["a", "b", "c"].map(str::to_owned));
    assert!(doubt.unwrap().contains("taken for a, b, c, in this order"));
    assert_eq!(initial.doubt(&[]), None);
    let bundled = InitialWeights::open(Path::new(PRETRAINED), false).unwrap();
    assert_eq!(bundled.doubt(&["a".to_owned()]), None);

    // A file that needs options names the option that takes the imported run.
    let deep = DenseStack::new(vec![
        stack.layers()[0].clone(),
        Dense::new("layers.1", [3, 3], vec![0.5; 9], vec![0.0; 3]).unwrap(),
    ]);
    let bytes = to_safetensors(&deep.unwrap(), Layout::Burn, Precision::F32).unwrap();
    fs::write(&file, bytes).unwrap();
    let said = InitialWeights::open(&file, false).unwrap_err().to_string();
    assert!(said.ends_with("name its folder with --init"), "{said}");
    let said = weights::read(&file).unwrap_err().to_string();
    assert!(said.ends_with("name its folder with --run"), "{said}");
}

#[test]
fn a_run_from_weights_keeps_its_source_and_goes_on_learning() {
    let runs = tempdir().unwrap();
    let first = train(
        runs.path(),
        "first",
        &Choices {
            epochs: Some(2),
            ..small()
        },
    );
    let choices = from(&first);
    let second = train(runs.path(), "second", &choices);
    let settings = SavedRun::open(&second).unwrap().config().settings.clone();
    assert_eq!(
        (settings.init.as_deref(), settings.new_head),
        (Some(&*first), false)
    );
    let losses = |run: &Path| common::metrics(run)[1]["train_loss"].as_f64().unwrap();
    assert!(losses(&second) < losses(&first));

    // Killed before its first checkpoint, it starts again from the same weights.
    let interrupt = Interrupt::after(3);
    let (stopped, _) = start(runs.path(), "stopped", &choices, interrupt).unwrap();
    for file in checkpoints(&stopped) {
        fs::remove_file(stopped.join("checkpoints").join(file)).unwrap();
    }
    resume(&stopped, &Choices::default(), ()).unwrap();
    assert_same(&stopped, &second);
}
