//! The checksums of a run's weights, in the format of `sha256sum`: `sha256sum -c weights.sha256` checks
//! them too.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::RunFolderError;
use crate::files::{WEIGHTS, WEIGHTS_FOR_OTHERS};

/// Name of the file.
pub(crate) const CHECKSUMS: &str = "weights.sha256";

/// Largest file of checksums that is read; it has a line for each file.
const MAX_BYTES: u64 = 1 << 20;

/// How often files are read that are replaced while they are read.
const TRIES: usize = 3;

/// SHA-256 in hexadecimal digits.
pub(crate) fn hex_digest(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line of a file, with the end of the line.
pub(crate) fn line(name: &str, bytes: &[u8]) -> String {
    format!("{}  {name}\n", hex_digest(&Sha256::digest(bytes)))
}

/// The checksums in a folder; none in a folder from before there were any.
pub(crate) fn in_folder(folder: &Path) -> io::Result<Option<String>> {
    let mut text = Vec::new();
    match File::open(folder.join(CHECKSUMS)) {
        Ok(file) => file.take(MAX_BYTES).read_to_end(&mut text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(String::from_utf8_lossy(&text).into_owned()))
}

/// Whether a file of that name has a checksum in every folder with checksums.
pub(crate) fn is_covered(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == WEIGHTS || name == WEIGHTS_FOR_OTHERS
}

/// The bytes of a file of weights in a run folder, checked if the folder has checksums.
///
/// # Errors
///
/// If the file or the checksums cannot be read, or they do not fit each other.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, RunFolderError> {
    let path = folder.join(name);
    let mut has_line = false;
    for _ in 0..TRIES {
        // The checksums come first: while weights are replaced, they cover the old and the new ones.
        let sums = in_folder(folder);
        let sums = sums.map_err(RunFolderError::unreadable(&folder.join(CHECKSUMS)))?;
        let bytes = fs::read(&path).map_err(RunFolderError::unreadable(&path))?;
        let Some(sums) = sums else {
            return Ok(bytes);
        };
        let wanted = line(name, &bytes);
        if sums.split_inclusive('\n').any(|line| line == wanted) {
            return Ok(bytes);
        }
        has_line = sums.lines().any(|line| is_line_of(line, name));
    }
    Err(if has_line {
        RunFolderError::Checksum { path }
    } else {
        let (path, name): (PathBuf, _) = (folder.join(CHECKSUMS), name.to_owned());
        RunFolderError::Checksums { path, name }
    })
}

/// Whether a line could be the checksum of a file of that name.
fn is_line_of(line: &str, name: &str) -> bool {
    let digest = line
        .strip_suffix(name)
        .and_then(|line| line.strip_suffix("  "));
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digest.is_some_and(|digest| digest.len() == 64 && digest.chars().all(is_digit))
}
