//! Without the feature, there is no other machine.

use std::net::TcpListener;

use anyhow::{Result, bail};
use backends::Opened;
use run_folder::RunFolder;

use super::{Server, Token};

/// A link to a worker.
#[derive(Debug, Clone)]
pub(crate) enum Link {}

impl Link {
    /// # Errors
    ///
    /// Always: no backend of another machine is compiled in.
    pub(crate) fn open(_server: &Server, _token: &Token) -> Result<(Opened, Self)> {
        bail!(NOT_COMPILED_IN)
    }

    pub(crate) fn set_run(&self, _folder: &RunFolder, _program: &str) {
        match *self {}
    }

    pub(crate) fn end_if_lost(&self, _error: &anyhow::Error) {
        match *self {}
    }
}

const NOT_COMPILED_IN: &str =
    "this trainer was built without the feature remote; build with `--features remote`";

/// # Errors
///
/// Always.
pub(crate) fn serve(_opened: &Opened, _listener: TcpListener, _token: &Token) -> Result<()> {
    bail!(NOT_COMPILED_IN)
}
