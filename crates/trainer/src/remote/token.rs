//! The token that a worker and its clients share.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

/// Bytes that nobody guesses: half of what the recommended command makes.
const FEWEST_BYTES: usize = 32;

/// How to make one.
const MAKE_ONE: &str = "make one with: umask 077; openssl rand -hex 32 >";

/// Where a client's token comes from.
const COPY_IT: &str = "copy the file of the worker to";

/// A shared secret, and the file that has it.
#[cfg_attr(
    not(feature = "remote"),
    allow(dead_code, reason = "without the feature, nobody asks for a token")
)]
pub(crate) struct Token {
    pub(crate) bytes: Vec<u8>,
    /// Whose permissions are looked at.
    pub(crate) file: PathBuf,
}

impl Token {
    /// Reads a worker's file, or that of a client; spaces and line ends around the token do not count.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or the token is too short to be a secret.
    pub(crate) fn read(file: &Path, is_of_worker: bool) -> Result<Self> {
        let remedy = if is_of_worker { MAKE_ONE } else { COPY_IT };
        let shown = file.display();
        if file.is_dir() {
            bail!("{shown} is a folder; name the file that has the token with --token-file");
        }
        let bytes = fs::read(file).map_err(|error| {
            anyhow!("cannot read the token in {shown}: {error}; {remedy} {shown}")
        })?;
        let bytes = bytes.trim_ascii().to_vec();
        if bytes.is_empty() && !file.is_file() {
            bail!(
                "there is no token in {shown}, which is no file; name the one that has it with --token-file"
            );
        }
        if bytes.len() < FEWEST_BYTES {
            bail!(
                "the token in {shown} has {} bytes, and one that nobody guesses has {FEWEST_BYTES} or more; {remedy} \
                 {shown}",
                bytes.len()
            );
        }
        Ok(Self {
            bytes,
            file: file.to_owned(),
        })
    }

    /// What to do about a file that others on this machine can read.
    pub(crate) fn doubt(&self) -> Option<String> {
        is_open_to_others(&self.file).then(|| {
            let file = self.file.display();
            format!(
                "others on this machine can read or change the token in {file}; chmod 600 {file}"
            )
        })
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o066 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_file: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_secret_without_the_space_around_it() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("token");
        let secret = "0123456789abcdef0123456789abcdef";
        fs::write(&file, format!("{secret}\n")).expect("a file can be made");
        let token = Token::read(&file, true).expect("a token");
        assert_eq!(token.bytes, secret.as_bytes());
        for short in ["", "\n", &secret[1..]] {
            fs::write(&file, short).expect("a file can be made");
            for (is_of_worker, remedy) in
                [(true, "openssl"), (false, "copy the file of the worker")]
            {
                let error = Token::read(&file, is_of_worker)
                    .map(|_| ())
                    .expect_err(short);
                assert!(error.to_string().contains(remedy), "{error}");
            }
        }
        let error = Token::read(&folder.path().join("none"), true)
            .map(|_| ())
            .expect_err("no file");
        assert!(error.to_string().contains("openssl"), "{error}");
        // Nothing may be written there, so how to make or copy a token is no remedy.
        let no_files = [folder.path(), Path::new("/dev/null")].into_iter();
        for no_file in no_files.filter(|path| path.exists()) {
            let error = Token::read(no_file, true).map(|_| ()).expect_err("no file");
            let error = error.to_string();
            assert!(
                error.contains("with --token-file") && !error.contains("openssl"),
                "{error}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_token_that_others_can_read_or_change_gives_a_warning() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("token");
        fs::write(&file, [b'x'; 32]).expect("a file can be made");
        for (mode, doubted) in [(0o600, false), (0o640, true), (0o604, true), (0o602, true)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it is ours");
            let doubt = Token::read(&file, true).expect("a token").doubt();
            assert_eq!(doubt.is_some(), doubted, "{mode:o}");
        }
    }
}
