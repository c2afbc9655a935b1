//! Any bytes, as a checkpoint in a run folder, must be read or said to be damaged, with no more
//! memory than the file has bytes. The trainer's own reader is compiled in here; only what a run's
//! configuration means is left out, since that needs all of the trainer.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

#[allow(dead_code, reason = "only reading is fuzzed")]
#[path = "../../crates/trainer/src/checkpoint.rs"]
mod checkpoint;
#[allow(dead_code, reason = "only reading is fuzzed")]
#[path = "../../crates/trainer/src/exact.rs"]
mod exact;
#[allow(dead_code, reason = "only reading is fuzzed")]
#[path = "../../crates/trainer/src/files.rs"]
mod files;

/// Stands for the trainer's module of this name.
mod run_folder {
    use serde::{Deserialize, Serialize};

    /// Any JSON in place of a run's configuration.
    #[derive(Clone, Debug, Deserialize, Serialize)]
    #[serde(transparent)]
    pub(crate) struct Config(serde_json::Value);
}

/// A run folder of this process, in memory where the system has a place for that.
static RUN: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let place = match memory.is_dir() {
        true => memory,
        false => std::env::temp_dir(),
    };
    let run = place.join(format!("fuzz-checkpoint-{}", std::process::id()));
    fs::create_dir_all(run.join("checkpoints")).expect("a folder for temporary files");
    run
});

/// How the bytes are made into a file: as they are, with a digest that fits, or with a prefix and a
/// digest that fit. What random bytes never get past is so passed.
fn file(kind: u8, header: &[u8], sections: &[u8]) -> Vec<u8> {
    let mut file = vec![];
    if kind % 3 == 2 {
        file.extend(b"\x89NNCKPT\n");
        file.extend(1_u32.to_le_bytes());
        file.extend((header.len() as u32).to_le_bytes());
    }
    file.extend(header);
    file.extend(sections);
    if kind % 3 > 0 {
        let digest = Sha256::digest(&file);
        file.extend(digest);
    }
    file
}

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (kind, header, sections) = input;
    let file = file(kind, header, sections);
    let checkpoints = RUN.join("checkpoints");
    let path = checkpoints.join("epoch-000001.ckpt");
    fs::write(&path, &file).expect("the folder can be written");
    match checkpoint::Checkpoints::of(&RUN).newest() {
        Ok(found) => {
            let (read, name) = found.checkpoint.expect("it is the only one");
            assert_eq!(name, "epoch-000001.ckpt");
            let parts = [&read.model, &read.optimizer];
            let bytes = parts.into_iter().chain(&read.best_model).map(Vec::len);
            assert!(bytes.sum::<usize>() <= file.len());
        }
        Err(error) => assert!(format!("{error:#}").starts_with("no checkpoint can be read")),
    }
});
