//! Without the feature, there is no other machine.

use std::net::TcpListener;
use std::path::Path;

use anyhow::{Result, bail};
use backends::Opened;

use super::{NOT_COMPILED_IN, Server, Token};

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

    pub(crate) fn set_run(&self, _folder: &Path, _command: String, _is_of_sweep: bool) {
        match *self {}
    }

    pub(crate) fn end_if_lost(&self) {
        match *self {}
    }
}

/// # Errors
///
/// Always.
pub(crate) fn serve(_opened: &Opened, _listener: TcpListener, _token: &Token) -> Result<()> {
    bail!(NOT_COMPILED_IN)
}
