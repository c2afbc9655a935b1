//! `trainer live`: the page that shows backpropagation live.

use std::net::IpAddr;

use ::live::{Address, Server};
use anyhow::Result;
use backends::Backend;
use clap::Args;
use programs::{Exit, Results};

use crate::arguments::backend;

/// Options of `live`.
#[derive(Debug, Args)]
pub(crate) struct LiveOptions {
    /// Port to listen on; 0 for any that is free.
    #[arg(long, default_value_t = Address::default().port, value_name = "PORT")]
    port: u16,

    /// Backend that computes what the page shows [default: the first of ndarray, flex and wgpu that this
    /// program was built with].
    #[arg(long, short, value_parser = backend(), value_name = "NAME")]
    backend: Option<Backend>,

    /// Address of this computer to listen on. With any but a loopback address, others can open the page if
    /// they know the token in the address that is printed.
    #[arg(long, default_value_t = Address::default().ip, value_name = "ADDRESS")]
    listen: IpAddr,
}

/// Serves the page until the program is interrupted.
///
/// # Errors
///
/// If the backend cannot run, the port is taken, or the system refuses the address.
pub(crate) fn run(options: &LiveOptions) -> Result<Exit> {
    let backend = options.backend.unwrap_or_else(Backend::preferred).open()?;
    let address = Address {
        ip: options.listen,
        port: options.port,
    };
    let server = Server::bind(address, &backend)?;
    let url = server.url();
    Results::default().print(format_args!(
        "open {url} in a browser; Ctrl-C ends the server"
    ))?;
    server.run()
}
