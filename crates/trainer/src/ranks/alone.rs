//! Without MPI, this process trains alone.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use backends::Backend;
use training::Ranks;

use super::refuse_several;

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
        refuse_several("this trainer was built without MPI: build it with --features mpi")?;
        Ok(None)
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

    pub(crate) fn share_folder(&self, _folder: Option<&Path>) -> Result<()> {
        match *self {}
    }

    pub(crate) fn report(&self) -> Option<String> {
        match *self {}
    }

    pub(crate) fn fail(&self, _error: &anyhow::Error) -> ! {
        match *self {}
    }
}
