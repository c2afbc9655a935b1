//! Any bytes, as a checkpoint, must be read or refused in one line, with no more memory than the file
//! has bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use run_folder::Checkpoint;
use sha2::{Digest, Sha256};

/// Makes a file of the bytes: as they are, with a matching digest, or with a prefix and a matching
/// digest. Random bytes alone would never pass those.
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
    match Checkpoint::decode(&file[..], file.len() as u64) {
        Ok(read) => {
            let parts = [&read.records.model, &read.records.optimizer];
            let bytes = parts
                .into_iter()
                .chain(&read.records.best_model)
                .map(Vec::len);
            assert!(bytes.sum::<usize>() < file.len());
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
});
