//! The backend of another machine, over the network: the side that computes, and the side that asks it to.
//!
//! The link is a WebSocket without encryption. Whoever can read it has the token and the data.

use std::io;
use std::net::TcpListener;

use burn::remote::{ConnectError, RemoteHost};
use burn::server::{EmptyToken, RemoteServer, ServeError, TokenAuthorizer, WebSocketTransport};
use burn::tensor::Device;
use socket2::SockRef;
use thiserror::Error;
use tracing_subscriber::filter::LevelFilter;

use crate::{Hardware, Opened};

/// Why there is no session with another machine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The server does not accept the token.
    #[error(
        "the server at {url} refuses the token; use the file that it was started with, or one with the same \
         content"
    )]
    WrongToken {
        /// Where the server is.
        url: String,
    },
    /// The server has another version of Burn.
    #[error(
        "the server at {url} speaks version {there} of Burn's protocol, and this program version {here}; build \
         both from the same source"
    )]
    OtherVersion {
        /// Where the server is.
        url: String,
        /// This program's version.
        here: u16,
        /// The server's.
        there: u16,
    },
    /// Anything else.
    #[error(
        "what answers at {url} opens no session, and may be no worker ({reason}); check --url, see what the worker \
         says, or start it again"
    )]
    Broken {
        /// Where the server is.
        url: String,
        /// What happened.
        reason: String,
    },
}

/// Why a backend is not served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// Every client that has no token would be let in.
    #[error("a worker needs a token that is not empty")]
    NoToken(EmptyToken),
    /// The socket refuses an option.
    #[error("cannot set up the socket: {0}")]
    Socket(#[from] io::Error),
    /// Burn's server has ended.
    #[error("the server failed: {0}")]
    Server(ServeError),
}

/// Opens a session with the server at `url` (`ws://host:port`), and makes sure that it computes.
///
/// Waits as long as the server does: one that is stopped never answers.
///
/// # Errors
///
/// If the server refuses the token, has another version, or breaks off.
pub fn connect(url: &str, token: &[u8]) -> Result<Opened, SessionError> {
    let host = RemoteHost::websocket(url).with_credential(token);
    let device = Device::remote_options(&host)
        .init()
        .map_err(|error| refusal(url, error))?;
    // A session that has ended is given again by `init`, as if it were alive.
    device.sync().map_err(|error| SessionError::Broken {
        url: url.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(Opened {
        device,
        hardware: Hardware::Remote,
        name: format!("the device of {url}"),
        driver: None,
        is_opengl: false,
    })
}

fn refusal(url: &str, error: ConnectError) -> SessionError {
    let url = url.to_owned();
    match error {
        ConnectError::Unauthorized => SessionError::WrongToken { url },
        ConnectError::IncompatibleProtocol {
            client_version: here,
            server_version: there,
        } => SessionError::OtherVersion { url, here, there },
        other => SessionError::Broken {
            url,
            reason: other.to_string(),
        },
    }
}

/// Standard error, without the lines about clients that have ended: they do so without a farewell.
struct Log;

impl io::Write for Log {
    /// Writes a line, or drops it; each comes whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let is_usual = String::from_utf8_lossy(line).contains("without closing handshake");
        if !is_usual {
            io::stderr().write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Serves a backend of this machine to clients that have the token, until Ctrl-C or SIGTERM. Burn compares the
/// tokens' digests, in constant time. Its warnings and errors go to standard error.
///
/// # Errors
///
/// If the token is empty, the socket refuses an option, or the server fails.
pub fn serve(opened: &Opened, listener: TcpListener, token: &[u8]) -> Result<(), WorkerError> {
    let authorizer = TokenAuthorizer::new(token).map_err(WorkerError::NoToken)?;
    // Linux gives the option to every connection that is accepted. Without it, an answer of a few bytes waits up to
    // 40 ms for the receipt of the one before.
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    // Otherwise Burn prints every connection on standard output. This fails if there is a subscriber already, which then
    // decides.
    let _ = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(|| Log)
        .with_ansi(false)
        .try_init();
    RemoteServer::new([opened.device.clone()])
        .with_authorizer(authorizer)
        .serve(WebSocketTransport::from_listener(listener))
        .map_err(WorkerError::Server)
}
