//! Without MPI, this process trains alone.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, bail};
use backends::Backend;
use training::Ranks;

use super::Launch;

/// The processes that share a run, of which this is one.
#[derive(Debug)]
pub(crate) enum World {}

impl World {
    /// No processes, unless this one was started as one of several.
    ///
    /// # Errors
    ///
    /// If it was: each would train a run of its own.
    pub(crate) fn join(_interrupt: &Arc<AtomicBool>) -> Result<Option<Self>> {
        let Some(Launch { by, count, .. }) = Launch::of_this_process() else {
            return Ok(None);
        };
        bail!(
            "{by} started {count} processes, and this trainer knows nothing of MPI: it would train {count} runs; \
             build it with --features mpi, or start it alone"
        )
    }

    pub(crate) fn ranks(&self) -> Arc<dyn Ranks> {
        match *self {}
    }

    pub(crate) fn threads(
        &self,
        _backend: Backend,
        _batch_size: usize,
    ) -> Result<(usize, Option<String>)> {
        match *self {}
    }

    pub(crate) fn say_how_to_go_on(&self, _command: String) {
        match *self {}
    }

    pub(crate) fn report(&self) -> Option<String> {
        match *self {}
    }

    pub(crate) fn fail(&self, _error: &anyhow::Error) -> ! {
        match *self {}
    }
}
