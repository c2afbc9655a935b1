//! Training on the device of another machine, which runs `trainer worker`.

mod address;
#[cfg(not(feature = "remote"))]
mod alone;
#[cfg(feature = "remote")]
mod answers;
#[cfg(feature = "remote")]
mod link;
#[cfg(feature = "remote")]
mod lost;
mod token;

use std::path::PathBuf;

use anyhow::{Result, bail};
use backends::{Backend, Opened};
use clap::Args;
use programs::complain;

pub(crate) use address::{Server, listening_address};
#[cfg(not(feature = "remote"))]
pub(crate) use alone::{Link, serve};
#[cfg(feature = "remote")]
pub(crate) use link::{Link, serve};
pub(crate) use token::Token;

/// Of a trainer that can neither be a worker nor ask one.
pub(crate) const NOT_COMPILED_IN: &str =
    "this trainer was built without the feature remote; build with `--features remote`";

/// Which worker computes.
#[derive(Debug, Clone, Args)]
pub(crate) struct RemoteOptions {
    /// With --backend remote: where the worker listens, as ws://HOST:PORT. The link is not encrypted; to cross a
    /// network, tunnel it by ssh.
    #[arg(long, value_name = "URL")]
    url: Option<Server>,

    /// With --backend remote: file with the token that the worker was started with.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl RemoteOptions {
    /// These options; those that are not given, of others.
    pub(crate) fn or(self, others: &Self) -> Self {
        Self {
            url: self.url.or_else(|| others.url.clone()),
            token_file: self.token_file.or_else(|| others.token_file.clone()),
        }
    }

    /// These options as they are given: a run that goes on needs them again.
    pub(crate) fn words(&self) -> Vec<String> {
        let url = self.url.as_ref().map(Server::to_string);
        let file = self.token_file.as_ref();
        let file = file.map(|file| file.display().to_string());
        let options = [("--url", url), ("--token-file", file)].into_iter();
        let given = options.filter_map(|(name, value)| Some([name.to_owned(), value?]));
        given.flatten().collect()
    }

    /// Opens a backend of this machine, on the adapter if one is chosen, or a session with the worker, and then the link to it.
    ///
    /// # Errors
    ///
    /// If the backend cannot run, the worker does not answer, or the options do not fit the backend.
    pub(crate) fn open(
        &self,
        backend: Backend,
        adapter: Option<usize>,
    ) -> Result<(Opened, Option<Link>)> {
        if backend != Backend::Remote {
            let given = [
                self.url.as_ref().map(|_| "--url"),
                self.token_file.as_ref().map(|_| "--token-file"),
            ];
            if let Some(option) = given.into_iter().flatten().next() {
                bail!(
                    "{option} is for --backend remote, and this run is on {backend}; leave it out, or add \
                     --backend remote"
                );
            }
            return Ok((backend.open_on(adapter)?, None));
        }
        if !backend.is_compiled_in() {
            backend.open()?;
        }
        if adapter.is_some() {
            bail!(
                "--device does not apply to remote, because the worker's adapter computes; give --device to the worker"
            );
        }
        let (Some(server), Some(file)) = (&self.url, &self.token_file) else {
            bail!(
                "a run on the remote backend needs --url ws://HOST:PORT and --token-file FILE, those of a `trainer \
                 worker`; give both"
            );
        };
        let token = Token::read(file, false)?;
        if let Some(doubt) = token.doubt() {
            complain(format_args!("warning: {doubt}"));
        }
        let (opened, link) = Link::open(server, &token)?;
        Ok((opened, Some(link)))
    }
}
