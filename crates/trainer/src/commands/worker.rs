//! `trainer worker`: lets another machine train on a device of this one.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use backends::{Backend, Hardware};
use clap::Args;
use programs::{Exit, Results, complain};

use crate::arguments::{DeviceOption, backend};
use crate::remote::{NOT_COMPILED_IN, Token, listening_address, serve};
use crate::signals::end_at_next_interrupt;

/// Options of `worker`.
#[derive(Debug, Args)]
pub(crate) struct WorkerOptions {
    /// Where to listen: a port, for this machine alone, or ADDRESS:PORT. The link is not encrypted: let other
    /// machines come by an ssh tunnel.
    #[arg(long, default_value = "127.0.0.1:4747", value_parser = listening_address, value_name = "ADDR")]
    listen: SocketAddr,

    /// File with the token that clients must present: a secret of 32 bytes or more, as of
    /// umask 077; openssl rand -hex 32 > FILE. Required.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Where to compute [default: the first of ndarray, flex and wgpu that is compiled in].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    #[command(flatten)]
    device: DeviceOption,
}

/// Serves until Ctrl-C or SIGTERM. Then a graphics card finishes what was submitted, unless the signal comes again.
///
/// # Errors
///
/// If there is no token, the backend cannot run, the address is in use, or the server fails; or if the system refuses a
/// handler of signals.
pub(crate) fn run(options: &WorkerOptions) -> Result<Exit> {
    if !Backend::Remote.is_compiled_in() {
        bail!(NOT_COMPILED_IN);
    }
    let Some(file) = &options.token_file else {
        bail!(
            "a worker accepts only clients with its token; make one with `umask 077; openssl rand -hex 32 > token`, \
             and give --token-file token"
        );
    };
    let token = Token::read(file, true)?;
    if let Some(doubt) = token.doubt() {
        complain(format_args!("warning: {doubt}"));
    }
    let backend = options.backend.unwrap_or_else(Backend::preferred);
    let opened = backend.open_on(options.device.device)?;
    if let Some(advice) = opened.advice() {
        complain(format_args!("warning: {advice}"));
    }
    let listen = options.listen;
    let listener = TcpListener::bind(listen).map_err(|error| {
        anyhow!("cannot listen on {listen}: {error}; choose another with --listen, or end what listens there")
    })?;
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        complain(
            "warning: other machines can reach this worker, and the link is not encrypted: anyone who can read it \
             gets the token and the data; better listen on 127.0.0.1, and let them come by ssh -L",
        );
    }
    Results::default().print(format_args!(
        "worker: {backend}, {}; listening at ws://{address}",
        opened.description()
    ))?;
    serve(&opened, listener, &token)?;
    if opened.hardware != Hardware::Processor {
        // Its driver may crash if the process ends while it computes. A device that has failed is not waited for.
        end_at_next_interrupt()?;
        complain(
            "interrupted: waiting for the graphics card to finish (press again to stop at once)",
        );
        let _ = opened.device.sync();
    }
    Ok(Exit::Success)
}
