//! Without MPI, this process trains alone.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Result, anyhow};
use backends::Backend;
use training::Ranks;

use super::Met;
use super::launch::{Launch, leave_to_rank_0};
use super::sums::Sums;

/// The processes that share a run, of which this is one.
#[derive(Debug)]
pub(crate) enum World {}

impl World {
    /// No processes, unless this one was started as one of several.
    ///
    /// # Errors
    ///
    /// If it was: each would train the same. Ranks above 0 end here, because rank 0 most likely has the same error to tell.
    pub(crate) fn join(interrupt: &Arc<AtomicBool>) -> Result<Option<Self>> {
        let Some(launch) = Launch::of_this_process() else {
            return Ok(None);
        };
        let Launch { by, rank, count } = launch;
        let error = anyhow!(
            "{by} started {count} processes, and this trainer was built without MPI: build it with --features mpi, or \
             start it alone"
        );
        if rank > 0 {
            leave_to_rank_0(launch, interrupt, error);
        }
        Err(error)
    }

    pub(crate) fn ranks(&self) -> Arc<dyn Ranks> {
        match *self {}
    }

    pub(crate) fn ensure_same_program(&self, _is_sweep: bool) -> Result<()> {
        match *self {}
    }

    pub(crate) fn rank_on_this_machine(&self) -> usize {
        match *self {}
    }

    pub(crate) fn threads(
        &self,
        _backend: Backend,
        _batch_size: usize,
    ) -> Result<(usize, Option<String>)> {
        match *self {}
    }

    pub(crate) fn share_of_cores(&self) -> Result<usize> {
        match *self {}
    }

    pub(crate) fn tell(&self, _path: Option<&str>) -> Result<String> {
        match *self {}
    }

    pub(crate) fn meet(
        &self,
        _yes: bool,
        _asked_to_end: Option<Instant>,
        _if_late: impl FnOnce() + Send + 'static,
    ) -> Result<Met> {
        match *self {}
    }

    pub(crate) fn remember_folder(&self, _folder: &Path) {
        match *self {}
    }

    pub(crate) fn share_folder(&self, _folder: Option<&Path>) -> Result<()> {
        match *self {}
    }

    pub(crate) fn sums(&self) -> Option<Sums> {
        match *self {}
    }

    pub(crate) fn fail(&self, _error: &anyhow::Error) -> ! {
        match *self {}
    }
}
