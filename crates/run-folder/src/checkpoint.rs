//! Checkpoints: all that a run needs to go on as if it had never been stopped, one file each.
//!
//! ```text
//! bytes 0-7     magic
//! bytes 8-11    version, 12-15 length of the header, both little-endian
//! header        JSON: configuration, progress, names and lengths of the sections
//! sections      one after the other: model, optimizer, perhaps best-model, in Burn's own form
//! last 32       SHA-256 of everything before
//! ```
//!
//! There is no state of a random generator in it: the order of an epoch's rows is drawn from the
//! seed and the number of the epoch alone, so these and the step are the whole of it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files::{Staged, UNFINISHED};
use crate::run_folder::Config;

const MAGIC: [u8; 8] = *b"\x89NNCKPT\n";
const VERSION: u32 = 1;
const PREFIX: usize = 16;
const DIGEST: usize = 32;
/// Longest header that is read; a real one has a few kilobytes.
const LONGEST_HEADER: u64 = 1 << 20;
const EXTENSION: &str = "ckpt";
/// What is added to the name of a file that cannot be read, so that it is not tried again.
const DAMAGED: &str = ".damaged";

/// A run at the end of a step.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    pub(crate) config: Config,
    pub(crate) progress: Progress,
    /// Length of `metrics.jsonl` when the checkpoint was made.
    pub(crate) metrics_bytes: u64,
    /// The net's record, parameter ids included.
    pub(crate) model: Vec<u8>,
    /// The optimizer's record, by those ids.
    pub(crate) optimizer: Vec<u8>,
    /// The record of the best net so far, where the run stops early.
    pub(crate) best_model: Option<Vec<u8>>,
}

/// How far a run has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Epochs that are done.
    pub(crate) epoch: usize,
    /// Steps that are done of the next epoch.
    pub(crate) step_in_epoch: usize,
    /// Steps that are done in all.
    pub(crate) step: usize,
    /// Losses of those steps of the next epoch.
    pub(crate) losses: LossSum,
    /// Time that those steps took.
    pub(crate) epoch_nanoseconds: u64,
    /// Time of training in all epochs that are done.
    pub(crate) train_nanoseconds: u64,
    /// SHA-256 of the images and labels to learn from; empty for the truth table.
    pub(crate) data_digest: String,
    /// The best epoch of those that were judged.
    pub(crate) best: Option<Best>,
    /// The best epoch of those that were judged and have a checkpoint.
    pub(crate) best_checkpoint: Option<Best>,
    /// Epochs judged since the best one.
    pub(crate) epochs_without_better: usize,
}

/// The losses of an epoch's steps, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LossSum {
    #[serde(with = "crate::exact")]
    pub(crate) sum: f64,
    pub(crate) rows: usize,
    pub(crate) steps: usize,
}

/// The smallest loss, and the epoch after which the net had it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    #[serde(with = "crate::exact")]
    pub(crate) loss: f64,
}

impl Best {
    /// Whether `loss` is better than what `best` holds, if it holds anything.
    pub(crate) fn is_beaten_by(best: Option<Self>, loss: f64) -> bool {
        best.is_none_or(|best| loss < best.loss)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    config: Config,
    progress: Progress,
    metrics_bytes: u64,
    sections: Vec<Section>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Section {
    name: String,
    bytes: u64,
}

const MODEL: &str = "model";
const OPTIMIZER: &str = "optimizer";
const BEST_MODEL: &str = "best-model";

impl Checkpoint {
    /// The file's bytes.
    fn encode(&self) -> Result<Vec<u8>> {
        let mut sections = vec![(MODEL, &self.model), (OPTIMIZER, &self.optimizer)];
        sections.extend(self.best_model.iter().map(|best| (BEST_MODEL, best)));
        let header = serde_json::to_vec(&Header {
            config: self.config.clone(),
            progress: self.progress.clone(),
            metrics_bytes: self.metrics_bytes,
            sections: sections
                .iter()
                .map(|(name, bytes)| Section {
                    name: (*name).to_owned(),
                    bytes: bytes.len() as u64,
                })
                .collect(),
        })?;
        let header_length = u32::try_from(header.len())
            .ok()
            .filter(|&length| u64::from(length) <= LONGEST_HEADER)
            .context("the configuration is too long for a checkpoint; use shorter paths")?;
        let mut file = Vec::new();
        file.extend(MAGIC);
        file.extend(VERSION.to_le_bytes());
        file.extend(header_length.to_le_bytes());
        file.extend(header);
        for (_, bytes) in sections {
            file.extend(bytes);
        }
        let digest = Sha256::digest(&file);
        file.extend(digest);
        Ok(file)
    }

    /// Reads what a file of `length` bytes holds. No more memory is asked for than the file has
    /// bytes, whatever it says of itself.
    ///
    /// # Errors
    ///
    /// If a bit of it is not as it was written, or another version wrote it.
    pub(crate) fn decode(mut source: impl Read, length: u64) -> Result<Self> {
        let overhead = (PREFIX + DIGEST) as u64;
        ensure!(length >= overhead, "it has only {length} bytes");
        let mut prefix = [0; PREFIX];
        source.read_exact(&mut prefix)?;
        let (magic, numbers) = prefix.split_at(MAGIC.len());
        ensure!(magic == MAGIC, "it is no checkpoint");
        let [version, header_length] = [&numbers[..4], &numbers[4..]]
            .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap_or_default()));
        ensure!(
            version == VERSION,
            "it is of version {version}, expected {VERSION}"
        );
        let header_length = u64::from(header_length);
        let rest = length - overhead;
        ensure!(
            header_length <= rest.min(LONGEST_HEADER),
            "its header is longer than it may be"
        );
        let header_bytes = read_part(&mut source, header_length)?;
        let mut digest = Sha256::new();
        digest.update(prefix);
        digest.update(&header_bytes);
        let header: Header = serde_json::from_slice(&header_bytes).context("its header")?;
        let claimed = header
            .sections
            .iter()
            .try_fold(header_length, |sum, section| sum.checked_add(section.bytes));
        ensure!(claimed == Some(rest), "its parts are not as long as it is");

        let (mut model, mut optimizer, mut best_model) = (None, None, None);
        for section in &header.sections {
            let bytes = read_part(&mut source, section.bytes)?;
            digest.update(&bytes);
            match section.name.as_str() {
                MODEL => model = Some(bytes),
                OPTIMIZER => optimizer = Some(bytes),
                BEST_MODEL => best_model = Some(bytes),
                other => bail!("its part {other:?} is unknown"),
            }
        }
        let written = read_part(&mut source, DIGEST as u64)?;
        ensure!(
            digest.finalize().as_slice() == written,
            "its bytes are not what was written"
        );
        Ok(Self {
            config: header.config,
            progress: header.progress,
            metrics_bytes: header.metrics_bytes,
            model: model.context("it has no model")?,
            optimizer: optimizer.context("it has no optimizer")?,
            best_model,
        })
    }

    /// Reads a file.
    fn open(path: &Path) -> Result<Self> {
        ensure!(fs::metadata(path)?.is_file(), "it is no file");
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Self::decode(io::BufReader::new(file), length)
    }
}

/// The next `length` bytes, of which the file has at least as many.
fn read_part(source: &mut impl Read, length: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(length)?);
    source.take(length).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 == length, "it is cut off");
    Ok(bytes)
}

/// Where a checkpoint stands in its run: epochs that are done, then steps of the next.
type Position = (usize, usize);

/// The checkpoints of a run folder.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
}

/// What a run folder has to go on from.
#[derive(Debug)]
pub(crate) struct Found {
    /// The newest checkpoint that is whole, and its file's name; none if there is no file at all.
    pub(crate) checkpoint: Option<(Checkpoint, String)>,
    /// Newer ones that are not, one sentence each.
    pub(crate) damaged: Vec<String>,
}

impl Checkpoints {
    /// The checkpoints of a run folder, of which there may be none yet.
    pub(crate) fn of(run_folder: &Path) -> Self {
        Self {
            folder: run_folder.join("checkpoints"),
        }
    }

    /// Makes their folder.
    ///
    /// # Errors
    ///
    /// If the run folder is gone or cannot be written.
    pub(crate) fn create_folder(&self) -> io::Result<()> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// Adds a checkpoint, and drops those that are neither among the last `keep` nor the best.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; those before are still there then.
    pub(crate) fn save(&self, checkpoint: &Checkpoint, keep: usize) -> Result<PathBuf> {
        let progress = &checkpoint.progress;
        let path = self
            .folder
            .join(file_name((progress.epoch, progress.step_in_epoch)));
        let bytes = checkpoint.encode()?;
        Staged::write(&path, &bytes).and_then(Staged::publish)?;
        let best = progress.best_checkpoint.map(|best| (best.epoch, 0));
        for (position, old) in self.list()?.into_iter().skip(keep) {
            if Some(position) != best {
                fs::remove_file(old)?;
            }
        }
        Ok(path)
    }

    /// The newest checkpoint that can be read. Newer ones that cannot are renamed, so that what
    /// follows does not come after them.
    ///
    /// # Errors
    ///
    /// If there are checkpoints and none is whole, or the folder cannot be read.
    pub(crate) fn newest(&self) -> Result<Found> {
        let files = self.list().or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(vec![]),
            _ => Err(anyhow!("cannot read {}: {error}", self.folder.display())),
        })?;
        let any = !files.is_empty();
        let mut damaged = Vec::new();
        let mut set_aside = Vec::new();
        let mut whole = None;
        for (_, path) in files {
            match Checkpoint::open(&path) {
                Ok(checkpoint) => {
                    whole = Some((checkpoint, name_of(&path)));
                    break;
                }
                Err(error) => {
                    damaged.push(format!("{} is damaged: {error:#}", path.display()));
                    set_aside.push(path);
                }
            }
        }
        if whole.is_none() && any {
            bail!("no checkpoint can be read ({})", damaged.join("; "));
        }
        for path in set_aside {
            let mut aside = path.clone().into_os_string();
            aside.push(DAMAGED);
            fs::rename(&path, aside)
                .with_context(|| format!("cannot rename {}", path.display()))?;
        }
        Ok(Found {
            checkpoint: whole,
            damaged,
        })
    }

    /// Removes what a run that was killed had begun to write.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read or written.
    pub(crate) fn remove_unfinished(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if name_of(&path).ends_with(UNFINISHED) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// All files that are named as checkpoints, the newest first.
    fn list(&self) -> io::Result<Vec<(Position, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if let Some(position) = position_in(&name_of(&path)) {
                found.push((position, path));
            }
        }
        found.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        Ok(found)
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn file_name((epoch, step): Position) -> String {
    match step {
        0 => format!("epoch-{epoch:06}.{EXTENSION}"),
        _ => format!("epoch-{epoch:06}-step-{step:06}.{EXTENSION}"),
    }
}

fn position_in(name: &str) -> Option<Position> {
    let stem = name.strip_suffix(EXTENSION)?.strip_suffix('.')?;
    let position = stem.strip_prefix("epoch-")?;
    match position.split_once("-step-") {
        Some((epoch, step)) => Some((epoch.parse().ok()?, step.parse().ok()?)),
        None => Some((position.parse().ok()?, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::settings;
    use proptest::prelude::*;

    fn example(epoch: usize, step_in_epoch: usize) -> Checkpoint {
        Checkpoint {
            config: Config::now(
                &settings("--learning-rate 0.1234567890123456789"),
                &[2, 4, 1],
                "x",
            ),
            progress: Progress {
                epoch,
                step_in_epoch,
                step: 17,
                losses: LossSum {
                    sum: 1.0 / 3.0,
                    rows: 5,
                    steps: 1,
                },
                best: Some(Best {
                    epoch: 1,
                    loss: 0.1 + 0.2,
                }),
                ..Progress::default()
            },
            metrics_bytes: 99,
            model: (0..200).collect(),
            optimizer: vec![7; 33],
            best_model: Some(vec![]),
        }
    }

    fn decode(bytes: &[u8]) -> Result<Checkpoint> {
        Checkpoint::decode(bytes, bytes.len() as u64)
    }

    /// The same bytes with a digest that fits: what only somebody who means it would write.
    fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
        if let Some(end) = bytes.len().checked_sub(DIGEST) {
            bytes.truncate(end);
            let digest = Sha256::digest(&bytes);
            bytes.extend(digest);
        }
        bytes
    }

    #[test]
    fn a_checkpoint_comes_back_with_every_bit() {
        let written = example(3, 2);
        let bytes = written.encode().expect("it can be encoded");
        let read = decode(&bytes).expect("it is whole");
        assert_eq!(read.progress, written.progress);
        assert_eq!(
            read.config.settings.learning_rate.to_bits(),
            written.config.settings.learning_rate.to_bits()
        );
        assert_eq!(
            (
                read.metrics_bytes,
                read.model,
                read.optimizer,
                read.best_model
            ),
            (99, written.model, written.optimizer, written.best_model)
        );
    }

    #[test]
    fn every_single_changed_bit_and_every_cut_is_noticed() {
        let bytes = example(3, 2).encode().expect("it can be encoded");
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_length_beyond_the_file_is_refused_before_memory_is_asked_for() {
        let bytes = example(0, 0).encode().expect("it can be encoded");
        for claim in [u32::MAX, 1 << 20, bytes.len() as u32] {
            let mut longer = bytes.clone();
            longer[12..16].copy_from_slice(&claim.to_le_bytes());
            let error = decode(&signed(longer)).expect_err("no such header");
            assert!(format!("{error}").contains("header is longer"), "{error}");
        }
        let claim = |bytes: u64| {
            let mut header: serde_json::Value =
                serde_json::from_slice(&encoded_header(&example(0, 0))).expect("JSON");
            header["sections"][0]["bytes"] = bytes.into();
            with_header(&example(0, 0), &serde_json::to_vec(&header).expect("JSON"))
        };
        for bytes in [u64::MAX, u64::MAX / 2, 1 << 40, 0] {
            let error = decode(&claim(bytes)).expect_err("no such section");
            assert!(format!("{error}").contains("not as long"), "{error}");
        }
    }

    fn encoded_header(checkpoint: &Checkpoint) -> Vec<u8> {
        let bytes = checkpoint.encode().expect("it can be encoded");
        let length = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"));
        bytes[PREFIX..PREFIX + length as usize].to_vec()
    }

    /// A file with another header, its length and digest as they must be.
    fn with_header(checkpoint: &Checkpoint, header: &[u8]) -> Vec<u8> {
        let bytes = checkpoint.encode().expect("it can be encoded");
        let old = encoded_header(checkpoint).len();
        let mut file = bytes[..12].to_vec();
        file.extend((header.len() as u32).to_le_bytes());
        file.extend(header);
        file.extend(&bytes[PREFIX + old..]);
        signed(file)
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn damage_is_noticed(
            at in any::<prop::sample::Index>(),
            with in prop::collection::vec(any::<u8>(), 0..40),
            cut in 0_usize..40,
        ) {
            let bytes = example(3, 2).encode().expect("it can be encoded");
            let start = at.index(bytes.len());
            let end = (start + cut).min(bytes.len());
            let damaged = [&bytes[..start], &with, &bytes[end..]].concat();
            prop_assert_eq!(decode(&damaged).is_ok(), damaged == bytes);
        }

        /// With a digest that fits, damage may pass for another checkpoint, but must not panic.
        #[test]
        fn damage_with_a_digest_that_fits_is_read_or_refused(
            at in any::<prop::sample::Index>(),
            with in prop::collection::vec(any::<u8>(), 0..40),
            cut in 0_usize..40,
        ) {
            let bytes = example(3, 2).encode().expect("it can be encoded");
            let start = at.index(bytes.len());
            let end = (start + cut).min(bytes.len());
            let damaged = signed([&bytes[..start], &with, &bytes[end..]].concat());
            if let Ok(read) = decode(&damaged) {
                let parts = read.model.len() + read.optimizer.len();
                prop_assert!(parts <= damaged.len());
            }
        }

        #[test]
        fn a_header_of_any_json_is_read_or_refused(
            field in "[a-z_]{0,12}",
            number in any::<u64>(),
            depth in 0_usize..300,
        ) {
            let nested = format!("{}{number}{}", "[".repeat(depth), "]".repeat(depth));
            let header = format!("{{\"{field}\":{nested}}}");
            prop_assert!(decode(&with_header(&example(0, 0), header.as_bytes())).is_err());
        }
    }

    fn epochs(checkpoints: &Checkpoints) -> Vec<Position> {
        let files = checkpoints.list().expect("the folder can be read");
        files.into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn the_last_and_the_best_are_kept() {
        let run = tempfile::tempdir().expect("a folder");
        let checkpoints = Checkpoints::of(run.path());
        checkpoints.create_folder().expect("it can be made");
        for epoch in 1..=6 {
            let mut checkpoint = example(epoch, 0);
            checkpoint.progress.best_checkpoint = Some(Best {
                epoch: epoch.min(2),
                loss: 1.0,
            });
            checkpoints.save(&checkpoint, 2).expect("it can be saved");
        }
        assert_eq!(epochs(&checkpoints), [(6, 0), (5, 0), (2, 0)]);
        checkpoints
            .save(&example(6, 40), 2)
            .expect("it can be saved");
        assert_eq!(epochs(&checkpoints), [(6, 40), (6, 0)]);
    }

    #[test]
    fn a_damaged_checkpoint_is_set_aside_for_the_one_before() {
        let run = tempfile::tempdir().expect("a folder");
        let checkpoints = Checkpoints::of(run.path());
        assert!(
            checkpoints
                .newest()
                .expect("no checkpoint yet")
                .checkpoint
                .is_none()
        );
        checkpoints.create_folder().expect("it can be made");
        let [first, second] = [1, 2].map(|epoch| {
            let saved = checkpoints.save(&example(epoch, 0), 2);
            saved.expect("it can be saved")
        });
        let mut bytes = fs::read(&second).expect("a file");
        bytes[100] ^= 4;
        fs::write(&second, bytes).expect("the folder can be written");
        let found = checkpoints.newest().expect("the first is whole");
        let (checkpoint, name) = found.checkpoint.expect("the first is whole");
        assert_eq!(
            (checkpoint.progress.epoch, name.as_str()),
            (1, "epoch-000001.ckpt")
        );
        assert!(found.damaged[0].contains("epoch-000002.ckpt is damaged"));
        assert_eq!(epochs(&checkpoints), [(1, 0)]);
        fs::write(first, b"").expect("the folder can be written");
        assert!(checkpoints.newest().is_err());
    }

    #[test]
    fn names_tell_the_position() {
        for position in [(0, 0), (12, 0), (3, 120), (1_234_567, 1)] {
            assert_eq!(position_in(&file_name(position)), Some(position));
        }
        for name in [
            "epoch-1.ckpt.part",
            "epoch-.ckpt",
            "epoch-1.ckpt.damaged",
            "x.ckpt",
        ] {
            assert_eq!(position_in(name), None, "{name}");
        }
    }
}
