//! Damage to a run's weights is noticed by every reader.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fixture, flex, small, train};
use run_folder::{SavedRun, Weights, weights};
use tempfile::{TempDir, tempdir};
use training::Choices;
use weight_exchange::ImportOptions;

const FILES: [&str; 2] = ["model.bpk", "model.safetensors"];

/// The message of each reader of a run's weights that refuses them.
fn refusals(run: &Path) -> Vec<String> {
    let device = flex().device;
    let saved = SavedRun::open(run).unwrap();
    // Only the configuration of a run names it.
    let options = ImportOptions {
        activation: Some(layers::Activation::Relu),
        ..ImportOptions::default()
    };
    let mut refused = Vec::new();
    refused.extend(saved.net(&device).err());
    refused.extend(weights::of_run(&saved).err());
    for file in FILES.map(|file| run.join(file)) {
        refused.extend(weights::load(&file, &device).err());
        refused.extend(Weights::read(&file, &options, None).err());
    }
    refused.iter().map(ToString::to_string).collect()
}

/// Changes the last byte of a file: of the last bias, which any number may be.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

fn trained() -> (TempDir, PathBuf) {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(2),
        hidden: Some(vec![]),
        ..small()
    };
    let run = train(runs.path(), "net", &choices);
    (runs, run)
}

#[test]
fn a_changed_byte_is_noticed_by_every_reader() {
    let (_runs, run) = trained();
    assert_eq!(refusals(&run), Vec::<String>::new());
    let sums = fs::read_to_string(run.join("weights.sha256")).unwrap();
    let names: Vec<&str> = sums.lines().filter_map(|line| line.get(66..)).collect();
    assert_eq!(names, FILES);

    let whole = FILES.map(|file| fs::read(run.join(file)).unwrap());
    damage(&run.join("model.bpk"));
    let refused = refusals(&run);
    assert_eq!(refused.len(), 4, "{refused:#?}");
    damage(&run.join("model.safetensors"));
    let refused = refusals(&run);
    assert_eq!(refused.len(), 6, "{refused:#?}");
    let names_a_file = |said: &String| FILES.iter().any(|file| said.contains(file));
    for said in &refused {
        assert!(
            names_a_file(said) && said.contains("weights.sha256"),
            "{said}"
        );
    }

    // A folder from before there were checksums is read as it is.
    fs::rename(run.join("weights.sha256"), run.join("kept")).unwrap();
    assert_eq!(refusals(&run), Vec::<String>::new());
    fs::rename(run.join("kept"), run.join("weights.sha256")).unwrap();
    for (file, bytes) in FILES.iter().zip(whole) {
        fs::write(run.join(file), bytes).unwrap();
    }
    assert_eq!(refusals(&run), Vec::<String>::new());
}

#[test]
fn checksums_of_the_old_and_the_new_weights_may_stand_together() {
    let (_runs, run) = trained();
    let path = run.join("weights.sha256");
    let sums = fs::read_to_string(&path).unwrap();
    let other = sums.replace(|c: char| c.is_ascii_digit(), "a");
    // As if the run had been killed before the new weights got their names.
    fs::write(&path, format!("{sums}{other}")).unwrap();
    assert_eq!(refusals(&run), Vec::<String>::new());
    for damaged in [other.as_str(), "", "\u{0}"] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(refusals(&run).len(), 6, "{damaged:?}");
    }
    // Where there is no checksum, the weights are not to blame.
    for damaged in ["", "\u{0}", &sums[3..20]] {
        fs::write(&path, damaged).unwrap();
        for said in refusals(&run) {
            assert!(said.contains("weights.sha256 is damaged"), "{said}");
        }
    }
}

#[test]
fn old_run_folders_still_open() {
    for name in ["straight", "stopped"] {
        let run = fixture(name);
        assert!(!run.join("weights.sha256").exists());
        assert_eq!(refusals(&run), Vec::<String>::new());
    }
}
