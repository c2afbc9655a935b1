//! Any bytes, as a checkpoint, must be read or said to be damaged, with no more memory than the file
//! has bytes. The trainer's own reader is compiled in here; only what a run's
//! configuration means is left out, since that needs all of the trainer.

#![no_main]

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
    match checkpoint::Checkpoint::decode(&file[..], file.len() as u64) {
        Ok(read) => {
            let parts = [&read.model, &read.optimizer];
            let bytes = parts.into_iter().chain(&read.best_model).map(Vec::len);
            assert!(bytes.sum::<usize>() < file.len());
        }
        Err(error) => assert!(!format!("{error:#}").contains('\n')),
    }
});
