//! Runs that stop and continue: to the same numbers, or with a clear refusal.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::fs::{self, File};
use std::path::Path;

use backends::Backend;
use common::{
    Interrupt, assert_same, checkpoints, copy, fixture, lasting, linear, metrics, resume, small,
    start, train, xor,
};
use run_folder::{Entry, Imported, Listener, Resumed};
use serde_json::Value;
use tempfile::tempdir;
use training::{Choices, Engine, OptimizerName, Outcome, RecordError, ScheduleName, WarmUp};

/// Why a run cannot continue.
#[track_caller]
fn refused(run: &Path, choices: &Choices) -> String {
    let error = resume(run, choices, ()).expect_err("it must not continue");
    let error = error.to_string();
    assert!(!error.contains('\n') && error.contains(';'), "{error}");
    error
}

#[test]
fn a_run_that_is_interrupted_again_and_again_ends_with_the_same_numbers() {
    let everything = Choices {
        schedule: Some(ScheduleName::Cosine),
        warm_up: Some(WarmUp::Epochs(3.0)),
        clip_norm: Some(0.5),
        label_smoothing: Some(0.1),
        early_stop: Some(3),
        ..small()
    };
    let adam = Choices {
        optimizer: Some(OptimizerName::Adam),
        ..small()
    };
    for (choices, engine) in [
        (&everything, Engine::Autodiff),
        (&everything, Engine::Manual),
        (&adam, Engine::Autodiff),
    ] {
        let choices = Choices {
            engine: Some(engine),
            epochs: Some(6),
            ..choices.clone()
        };
        let runs = tempdir().unwrap();
        let straight = train(runs.path(), "straight", &choices);
        let (stopped, outcome) =
            start(runs.path(), "stopped", &choices, Interrupt::after(9)).unwrap();
        assert_eq!(outcome, Outcome::Interrupted);
        let last = metrics(&stopped).pop().unwrap();
        let command = format!("trainer --resume {}", stopped.display());
        assert_eq!(
            (&last["event"], &last["reason"]),
            (&"stopped".into(), &"interrupted".into())
        );
        assert_eq!(last["resume"], command);

        let (mut times, mut within) = (0, 0);
        while resume(&stopped, &Choices::default(), Interrupt::after(10)).unwrap()
            == Outcome::Interrupted
        {
            times += 1;
            let names = checkpoints(&stopped);
            within += usize::from(names.iter().any(|name| name.contains("-step-")));
        }
        assert!(times > 1 && within > 0, "{times} {within}");
        assert_same(&straight, &stopped);
    }
}

#[test]
fn a_finished_run_says_so_and_continues_with_more_epochs() {
    let runs = tempdir().unwrap();
    let with = |epochs| Choices {
        epochs: Some(epochs),
        optimizer: Some(OptimizerName::Adam),
        ..small()
    };
    let longer = train(runs.path(), "longer", &with(2));
    let resumed = Resumed::open(&longer, &Choices::default()).unwrap();
    let result = resumed.result().expect("it has its result");
    let result: Value = serde_json::from_str(&result.to_json()).unwrap();
    assert_eq!(Some(result), metrics(&longer).pop());
    drop(resumed);
    // A run that was moved is where it is now, not where it was.
    let moved = runs.path().join("moved");
    copy(&longer, &moved);
    let resumed = Resumed::open(&moved, &Choices::default()).unwrap();
    let result = resumed.result().expect("it has its result");
    let result: Value = serde_json::from_str(&result.to_json()).unwrap();
    assert_eq!(result["run_dir"].as_str(), moved.to_str());
    drop(resumed);

    resume(&longer, &with(5), ()).unwrap();
    let straight = train(runs.path(), "straight", &with(5));
    assert_same(&straight, &longer);
    let config = fs::read_to_string(longer.join("config.json")).unwrap();
    assert!(config.contains("\"epochs\": 5"), "{config}");

    let error = refused(&longer, &with(4));
    assert!(
        error.contains("less than the 5 completed epochs"),
        "{error}"
    );
}

#[test]
fn every_model_continues_to_the_same_numbers() {
    let often = |choices| Choices {
        epochs: Some(600),
        checkpoint_every: Some(100),
        ..choices
    };
    let few = |choices| Choices {
        epochs: Some(6),
        ..choices
    };
    for choices in [
        often(xor()),
        often(Choices {
            log_every: Some(7),
            engine: Some(Engine::Manual),
            ..xor()
        }),
        few(Choices {
            ridge: Some(0.1),
            ..linear()
        }),
        few(Choices {
            early_stop: Some(4),
            ..small()
        }),
    ] {
        let runs = tempdir().unwrap();
        let straight = train(runs.path(), "straight", &choices);
        let stopped = runs.path().join("stopped");
        copy(&straight, &stopped);
        // The state after a kill: without the newest checkpoint and everything after it.
        let newest = checkpoints(&stopped).pop().unwrap();
        fs::remove_file(stopped.join("checkpoints").join(newest)).unwrap();
        resume(&stopped, &Choices::default(), ()).unwrap();
        assert_same(&straight, &stopped);
        assert!(
            metrics(&stopped)
                .iter()
                .any(|entry| entry["event"] == "resumed")
        );
    }
}

#[test]
fn a_run_that_never_had_a_checkpoint_starts_again() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(3),
        ..small()
    };
    let straight = train(runs.path(), "straight", &choices);
    let stopped = runs.path().join("stopped");
    copy(&straight, &stopped);
    // The state after a kill after the first epoch, before its checkpoint.
    fs::remove_dir_all(stopped.join("checkpoints")).unwrap();
    let text = fs::read_to_string(stopped.join("metrics.jsonl")).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    fs::write(stopped.join("metrics.jsonl"), lines[..2].concat()).unwrap();

    resume(&stopped, &Choices::default(), ()).unwrap();
    let entries = metrics(&stopped);
    assert_eq!(entries[1]["event"], "resumed");
    assert_eq!(entries[1]["checkpoint"], Value::Null);
    assert_same(&straight, &stopped);
}

#[test]
fn a_run_that_lost_its_checkpoints_is_left_alone() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(3),
        ..small()
    };
    let bare = train(runs.path(), "bare", &choices);
    let before = metrics(&bare);
    fs::remove_dir_all(bare.join("checkpoints")).unwrap();
    let resumed = Resumed::open(&bare, &Choices::default()).unwrap();
    assert!(resumed.result().is_some());
    drop(resumed);
    let longer = Choices {
        epochs: Some(5),
        ..Choices::default()
    };
    let error = refused(&bare, &longer);
    assert!(error.contains("no checkpoint left"), "{error}");
    assert_eq!(metrics(&bare), before);

    let imported = Entry::Imported(Imported {
        from: "net.pt".to_owned(),
        form: "pytorch".to_owned(),
        layout: "pytorch".to_owned(),
        model: "mnist-mlp".to_owned(),
        sizes: vec![30, 12, 8, 3],
        activation: None,
        input_mean: None,
        input_std: None,
        input_scale_from: None,
        images: None,
        image_size: None,
        temperature: None,
        notes: vec![],
        run_dir: "imported".to_owned(),
    });
    fs::write(bare.join("metrics.jsonl"), imported.to_json()).unwrap();
    let error = refused(&bare, &Choices::default());
    assert!(error.contains("no training to continue"), "{error}");
}

#[test]
fn the_last_checkpoints_and_the_best_are_kept() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(9),
        checkpoint_every: Some(2),
        keep_checkpoints: Some(3),
        ..small()
    };
    let run = train(runs.path(), "kept", &choices);
    let mut best = (f64::INFINITY, 0);
    for entry in metrics(&run)
        .iter()
        .filter(|entry| entry["event"] == "epoch")
    {
        let (loss, epoch) = (entry["val_loss"].as_f64(), entry["epoch"].as_u64());
        let (loss, epoch) = (loss.expect("a loss"), epoch.expect("a number"));
        if (epoch.is_multiple_of(2) || epoch == 9) && loss < best.0 {
            best = (loss, epoch);
        }
    }
    let mut expected = vec![6, 8, 9, best.1];
    expected.sort_unstable();
    expected.dedup();
    let expected = expected
        .iter()
        .map(|epoch| format!("epoch-{epoch:06}.ckpt"));
    assert_eq!(checkpoints(&run), expected.collect::<Vec<_>>());
}

#[test]
fn a_damaged_checkpoint_is_noted_and_the_one_before_is_used() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(4),
        ..small()
    };
    let straight = train(runs.path(), "straight", &choices);
    let damaged = runs.path().join("damaged");
    copy(&straight, &damaged);
    let newest = damaged.join("checkpoints/epoch-000004.ckpt");
    let mut bytes = fs::read(&newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&newest, bytes).unwrap();
    let resumed = Resumed::open(&damaged, &Choices::default()).unwrap();
    let [note] = resumed.notes() else {
        panic!("one note, got {:?}", resumed.notes());
    };
    assert!(note.contains("epoch-000004.ckpt is damaged: "), "{note}");
    drop(resumed);
    resume(&damaged, &Choices::default(), ()).unwrap();
    let entries = metrics(&damaged);
    let resumed = entries.iter().find(|entry| entry["event"] == "resumed");
    assert_eq!(resumed.unwrap()["checkpoint"], "epoch-000003.ckpt");
    assert_same(&straight, &damaged);

    for name in checkpoints(&damaged) {
        File::create(damaged.join("checkpoints").join(name)).unwrap();
    }
    let error = refused(&damaged, &Choices::default());
    assert!(error.contains("no checkpoint can be read"), "{error}");
    assert!(error.contains("train again"), "{error}");
    assert_same(&straight, &damaged);
}

#[test]
fn what_cannot_be_resumed_is_refused_and_left_alone() {
    let runs = tempdir().unwrap();
    let cosine = Choices {
        epochs: Some(2),
        schedule: Some(ScheduleName::Cosine),
        ..small()
    };
    let started = train(runs.path(), "started", &cosine);
    let two = Choices {
        epochs: Some(2),
        ..xor()
    };
    let truth_table = train(runs.path(), "xor", &two);
    let before = metrics(&started);
    let none = Choices::default();
    for path in ["none", "", "started/config.json"] {
        let error = refused(&runs.path().join(path), &none);
        assert!(error.contains("is not a run folder"), "{error}");
    }
    let other_backend = Choices {
        backend: Some(Backend::Ndarray),
        ..none.clone()
    };
    let more_epochs = Choices {
        epochs: Some(4),
        ..none.clone()
    };
    let data = Choices {
        data_dir: Some(fixture("data")),
        ..none.clone()
    };
    for (run, choices, said) in [
        (&started, &other_backend, "--backend differs"),
        (&started, &more_epochs, "the cosine schedule is fixed"),
        (&truth_table, &data, "--data-dir does not apply"),
    ] {
        let error = refused(run, choices);
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(metrics(&started), before);

    let held = Resumed::open(&started, &none).unwrap();
    let error = refused(&started, &none);
    assert!(error.contains("another process trains in"), "{error}");
    drop(held);
    resume(&started, &none, ()).unwrap();
}

#[test]
fn data_may_move_but_must_be_the_same() {
    let runs = tempdir().unwrap();
    let at = |data: &Path, epochs| Choices {
        epochs: Some(epochs),
        data_dir: Some(data.to_owned()),
        ..small()
    };
    let [here, there] = ["here", "there"].map(|name| runs.path().join(name));
    copy(&fixture("data"), &here);
    let moved = train(runs.path(), "moved", &at(&here, 2));
    let straight = train(runs.path(), "straight", &at(&here, 4));
    fs::rename(&here, &there).unwrap();
    let four = Choices {
        epochs: Some(4),
        ..Choices::default()
    };
    refused(&moved, &four);
    resume(&moved, &at(&there, 4), ()).unwrap();
    assert_same(&straight, &moved);

    // One pixel of one image.
    let images = there.join("train-images-idx3-ubyte");
    let mut bytes = fs::read(&images).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&images, bytes).unwrap();
    let error = refused(&moved, &at(&there, 6));
    assert!(error.contains("the training data differ"), "{error}");
}

/// Moves the run folder after this many epochs.
#[cfg(unix)]
struct Mover<'a> {
    from: &'a Path,
    to: &'a Path,
    epochs: usize,
}

#[cfg(unix)]
impl Listener for Mover<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<(), RecordError> {
        if let Entry::Epoch(_) = entry {
            self.epochs -= 1;
            if self.epochs == 0 {
                fs::rename(self.from, self.to)?;
            }
        }
        Ok(())
    }
}

// Windows does not let a folder with open files be renamed.
#[cfg(unix)]
#[test]
fn a_run_folder_that_vanishes_ends_the_run_and_continues_elsewhere() {
    let runs = tempdir().unwrap();
    let choices = Choices {
        epochs: Some(5),
        ..small()
    };
    let straight = train(runs.path(), "straight", &choices);
    let [from, to] = ["moved", "there"].map(|name| runs.path().join(name));
    let mover = Mover {
        from: &from,
        to: &to,
        epochs: 3,
    };
    let error = start(runs.path(), "moved", &choices, mover).expect_err("it has no folder");
    let error = error.to_string();
    assert!(error.contains("the folder is gone"), "{error}");
    assert!(!from.exists(), "nothing is made again");
    resume(&to, &Choices::default(), ()).unwrap();
    assert_same(&straight, &to);
}

#[test]
fn a_run_that_stops_early_leaves_the_best_weights() {
    let runs = tempdir().unwrap();
    // Large steps make the validation loss rise again.
    let with = |epochs, early_stop| Choices {
        epochs: Some(epochs),
        early_stop,
        learning_rate: Some(0.5),
        ..small()
    };
    let early = train(runs.path(), "early", &with(200, Some(3)));
    let result = metrics(&early).pop().unwrap();
    let best = result["best_epoch"].as_u64().expect("it stopped early");
    assert_eq!(result["epochs"], best + 3);
    let straight = train(runs.path(), "best", &with(best as usize, None));
    assert!(common::weights(&early) == common::weights(&straight));
    let same = lasting(&early)[1..=best as usize] == lasting(&straight)[1..=best as usize];
    assert!(same, "the epochs differ");
}
