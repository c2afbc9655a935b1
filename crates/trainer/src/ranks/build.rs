//! Which build of the program this process runs.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Blocks of the program that are read, evenly spread, and their length.
const BLOCKS: u64 = 64;
const BLOCK: u64 = 1 << 16;

/// A number that stands for this program, by its length and a sample of its bytes. Linkers usually put a number of the
/// whole program into its first block. 0 if it cannot be read.
pub(super) fn own_build() -> u64 {
    let program = std::env::current_exe();
    program.and_then(|program| digest(&program)).unwrap_or(0)
}

fn digest(file: &Path) -> io::Result<u64> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    let mut hasher = DefaultHasher::new();
    length.hash(&mut hasher);
    let mut block = vec![];
    for number in 0..BLOCKS {
        file.seek(SeekFrom::Start(length / BLOCKS * number))?;
        block.clear();
        file.by_ref().take(BLOCK).read_to_end(&mut block)?;
        block.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_differ_have_other_numbers() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let of = |bytes: &[u8]| {
            let file = folder.path().join("program");
            std::fs::write(&file, bytes).expect("a file can be made");
            digest(&file).expect("it can be read")
        };
        let mut program = vec![7; 3 << 20];
        let number = of(&program);
        assert_eq!(of(&program), number);
        program[100] = 8;
        assert_ne!(of(&program), number);
        program[100] = 7;
        program.push(7);
        assert_ne!(of(&program), number);
        assert_ne!(own_build(), 0);
    }
}
