//! The file of a checkpoint.
//!
//! ```text
//! bytes 0-7     magic
//! bytes 8-11    version, 12-15 length of the header, both little-endian
//! header        JSON: configuration, progress, names and lengths of the sections
//! sections      one after the other: model, optimizer, perhaps average and best-model, in Burn's own form
//! last 32       SHA-256 of everything before
//! ```
//!
//! It holds no state of a random generator: the order of an epoch's rows is drawn from the seed and the
//! number of the epoch alone.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use training::{Progress, Records};

use crate::config::Config;
use crate::error::RunFolderError;

const MAGIC: [u8; 8] = *b"\x89NNCKPT\n";
const VERSION: u32 = 1;
const PREFIX: usize = 16;
const DIGEST: usize = 32;
/// Longest header that is read; a real one has a few kilobytes.
const LONGEST_HEADER: u64 = 1 << 20;

/// A run at the end of a step.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The settings of the run.
    pub config: Config,
    /// Its progress.
    pub progress: Progress,
    /// Length of `metrics.jsonl` when the checkpoint was made.
    pub metrics_bytes: u64,
    /// Nets and optimizer.
    pub records: Records,
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
const AVERAGE: &str = "average";
const BEST_MODEL: &str = "best-model";

impl Checkpoint {
    /// The file's bytes.
    ///
    /// # Errors
    ///
    /// [`RunFolderError::ConfigurationTooLong`] or [`RunFolderError::NotJson`] for paths that a
    /// checkpoint cannot hold.
    pub fn encode(&self) -> Result<Vec<u8>, RunFolderError> {
        let records = &self.records;
        let mut sections = vec![(MODEL, &records.model), (OPTIMIZER, &records.optimizer)];
        sections.extend(records.average.iter().map(|average| (AVERAGE, average)));
        sections.extend(records.best_model.iter().map(|best| (BEST_MODEL, best)));
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
        })
        .map_err(RunFolderError::NotJson)?;
        let header_length = u32::try_from(header.len())
            .ok()
            .filter(|&length| u64::from(length) <= LONGEST_HEADER)
            .ok_or(RunFolderError::ConfigurationTooLong)?;
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

    /// Reads a file of `length` bytes. It reserves at most that much memory, whatever the file says
    /// about itself.
    ///
    /// # Errors
    ///
    /// [`RunFolderError::Checkpoint`] if a bit differs from what was written, or another version wrote
    /// it.
    pub fn decode(mut source: impl Read, length: u64) -> Result<Self, RunFolderError> {
        let overhead = (PREFIX + DIGEST) as u64;
        ensure(length >= overhead, || {
            format!("it has only {length} bytes, expected at least {overhead}")
        })?;
        let mut prefix = [0; PREFIX];
        source.read_exact(&mut prefix).map_err(unreadable)?;
        let (magic, numbers) = prefix.split_at(MAGIC.len());
        ensure(magic == MAGIC, || "it is not a checkpoint".to_owned())?;
        let [version, header_length] = [&numbers[..4], &numbers[4..]]
            .map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap_or_default()));
        ensure(version == VERSION, || {
            format!("it has version {version}, expected {VERSION}")
        })?;
        let header_length = u64::from(header_length);
        let rest = length - overhead;
        ensure(header_length <= rest.min(LONGEST_HEADER), || {
            "its header is too long".to_owned()
        })?;
        let header_bytes = read_part(&mut source, header_length)?;
        let mut digest = Sha256::new();
        digest.update(prefix);
        digest.update(&header_bytes);
        let header: Header = serde_json::from_slice(&header_bytes)
            .map_err(|error| RunFolderError::Checkpoint(format!("its header: {error}")))?;
        let claimed = header
            .sections
            .iter()
            .try_fold(header_length, |sum, section| sum.checked_add(section.bytes));
        ensure(claimed == Some(rest), || {
            "its sections do not add up to its length".to_owned()
        })?;

        let (mut model, mut optimizer) = (None, None);
        let (mut average, mut best_model) = (None, None);
        for section in &header.sections {
            let bytes = read_part(&mut source, section.bytes)?;
            digest.update(&bytes);
            let place = match section.name.as_str() {
                MODEL => &mut model,
                OPTIMIZER => &mut optimizer,
                AVERAGE => &mut average,
                BEST_MODEL => &mut best_model,
                other => {
                    let why = format!("its section {other:?} is unknown");
                    return Err(RunFolderError::Checkpoint(why));
                }
            };
            *place = Some(bytes);
        }
        let written = read_part(&mut source, DIGEST as u64)?;
        ensure(digest.finalize().as_slice() == written, || {
            "its bytes differ from what was written".to_owned()
        })?;
        let required = |section: Option<Vec<u8>>, name: &str| {
            section.ok_or_else(|| RunFolderError::Checkpoint(format!("it has no {name}")))
        };
        Ok(Self {
            config: header.config,
            progress: header.progress,
            metrics_bytes: header.metrics_bytes,
            records: Records {
                model: required(model, MODEL)?,
                optimizer: required(optimizer, OPTIMIZER)?,
                average,
                best_model,
            },
        })
    }

    /// Reads a file.
    pub(super) fn open(path: &Path) -> Result<Self, RunFolderError> {
        let is_file = fs::metadata(path).map_err(unreadable)?.is_file();
        ensure(is_file, || "it is not a file".to_owned())?;
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        Self::decode(io::BufReader::new(file), length)
    }
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), RunFolderError> {
    if holds {
        Ok(())
    } else {
        Err(RunFolderError::Checkpoint(otherwise()))
    }
}

fn unreadable(error: io::Error) -> RunFolderError {
    RunFolderError::Checkpoint(format!("it cannot be read: {error}"))
}

/// The next `length` bytes; the file has at least as many.
fn read_part(source: &mut impl Read, length: u64) -> Result<Vec<u8>, RunFolderError> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(usize::MAX));
    source
        .take(length)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    ensure(bytes.len() as u64 == length, || "it is cut off".to_owned())?;
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests {

    use super::*;
    use crate::config::Invocation;
    use proptest::prelude::*;
    use training::{Best, LossSum, ModelName, Settings};

    pub(in crate::checkpoint) fn example(epoch: usize, step_in_epoch: usize) -> Checkpoint {
        let mut settings = Settings::default_for(ModelName::MnistMlp);
        settings.learning_rate = 0.123_456_789_012_345_67;
        Checkpoint {
            config: Config::now(&settings, &[2, 4, 1], "x", &Invocation::default()),
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
            records: Records {
                model: (0..200).collect(),
                optimizer: vec![7; 33],
                average: Some(vec![5; 9]),
                best_model: Some(vec![]),
            },
        }
    }

    fn decode(bytes: &[u8]) -> Result<Checkpoint, RunFolderError> {
        Checkpoint::decode(bytes, bytes.len() as u64)
    }

    /// The same bytes with a matching digest, which only a deliberate change has.
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
        assert_eq!((read.metrics_bytes, read.records), (99, written.records));
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
            assert!(format!("{error}").contains("header is too long"), "{error}");
        }
        let claim = |bytes: u64| {
            let mut header: serde_json::Value =
                serde_json::from_slice(&encoded_header(&example(0, 0))).expect("JSON");
            header["sections"][0]["bytes"] = bytes.into();
            with_header(&example(0, 0), &serde_json::to_vec(&header).expect("JSON"))
        };
        for bytes in [u64::MAX, u64::MAX / 2, 1 << 40, 0] {
            let error = decode(&claim(bytes)).expect_err("no such section");
            assert!(format!("{error}").contains("do not add up"), "{error}");
        }
    }

    fn encoded_header(checkpoint: &Checkpoint) -> Vec<u8> {
        let bytes = checkpoint.encode().expect("it can be encoded");
        let length = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"));
        bytes[PREFIX..PREFIX + length as usize].to_vec()
    }

    /// A file with another header, and with the length and digest that match.
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

        /// With a matching digest, damage may look like another checkpoint, but must not panic.
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
                let parts = read.records.model.len() + read.records.optimizer.len();
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
}
