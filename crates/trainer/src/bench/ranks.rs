//! The fused engine on several ranks of one thread each, started by `mpirun`.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use training::number::parse::at_least_one;

use super::contest::{Contestant, Kind};
use super::parts::Parts;
use super::size::Size;
use super::start::{Run, run_by};
use crate::ranks::Sums;

/// Runs of one epoch, each in processes of their own.
pub(crate) struct Ranks {
    count: usize,
    size: Size,
}

impl Ranks {
    /// Ranks that train the MNIST net of a size.
    pub(crate) fn new(count: usize, size: Size) -> Self {
        Self { count, size }
    }

    /// Trains one epoch.
    ///
    /// # Errors
    ///
    /// If `mpirun` is missing or refuses, or the run fails.
    fn epoch(&self) -> Result<Epoch> {
        let mut mpirun = Command::new("mpirun");
        let count = self.count.to_string();
        mpirun.args(["-n", &count, "--bind-to", "none"]);
        mpirun.arg(std::env::current_exe()?);
        let Size {
            hidden: [h1, h2],
            batch,
        } = self.size;
        let options = format!(
            "--backend flex --engine fused --threads 1 --hidden {h1},{h2} --batch-size {batch} --epochs 1"
        );
        let run = run_by(mpirun, &options.split(' ').collect::<Vec<_>>())?;
        let rows = run.number("training_rows")? as usize;
        let time = Duration::from_secs_f64(run.number("train_seconds")?);
        let steps = rows.div_ceil(batch);
        let sums = sums(&run).context("the run does not say how long its ranks added up")?;
        Ok(Epoch {
            rows,
            time,
            steps,
            sums,
        })
    }

    /// Measures a step and its part for adding up.
    ///
    /// # Errors
    ///
    /// If the run fails.
    pub(crate) fn parts(&self) -> Result<Parts> {
        let epoch = self.epoch()?;
        Ok(Parts {
            name: self.name(),
            size: self.size,
            stages: None,
            adding_up: Some(1e3 * epoch.sums.milliseconds),
            all: 1e6 * epoch.time.as_secs_f64() / epoch.steps as f64,
        })
    }
}

/// What one epoch took.
struct Epoch {
    rows: usize,
    time: Duration,
    steps: usize,
    sums: Sums,
}

fn sums(run: &Run) -> Option<Sums> {
    run.notes.lines().find_map(|line| line.parse().ok())
}

impl Contestant for Ranks {
    fn name(&self) -> String {
        format!("flex fused, {} ranks", self.count)
    }

    fn kind(&self) -> Kind {
        Kind::Training
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        let Epoch { rows, time, .. } = self.epoch()?;
        Ok((rows, time))
    }
}

/// Reads a number of ranks.
///
/// # Errors
///
/// If it is not a number, or one process like any other.
pub(crate) fn several(text: &str) -> Result<usize, String> {
    let count = at_least_one(text).ok().filter(|&count| count > 1);
    count.ok_or_else(|| "expected a whole number from 2".to_owned())
}

/// Refuses ranks that this program cannot have.
///
/// # Errors
///
/// If it was built without MPI, or without the backend flex, or a batch has fewer rows than there are ranks.
pub(crate) fn ensure_possible(count: usize, sizes: &[Size]) -> Result<()> {
    if let Some(size) = sizes.iter().find(|size| size.batch < count) {
        bail!(
            "{count} ranks cannot share the batches of {size}; choose fewer ranks, or larger batches"
        );
    }
    if !cfg!(all(feature = "mpi", feature = "flex")) {
        bail!(
            "--ranks needs a trainer that was built with MPI and flex; build it with --features mpi"
        );
    }
    Ok(())
}
