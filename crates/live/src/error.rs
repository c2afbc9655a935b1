//! The errors of the server and of the requests that it refuses.

use std::io;
use std::net::SocketAddr;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// Another program listens there.
    #[error("port {port} on {address} is taken; {remedy}", port = .address.port(), address = .address.ip())]
    PortTaken {
        /// The address that was asked for.
        address: SocketAddr,
        /// What to do instead.
        remedy: String,
    },
    /// The system refuses the address.
    #[error(
        "cannot listen on {address}: {error}; give an address of this computer to --listen and a port above 1023 to --port"
    )]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The system's reason.
        error: io::Error,
    },
    /// A net that does not read images of digits.
    #[error(
        "run '{name}': expected a net of 784 inputs and 10 classes, got {inputs} and {classes}; name a run that was trained on MNIST"
    )]
    NotDigits {
        /// The name of the net.
        name: String,
        /// Its inputs.
        inputs: usize,
        /// Its classes.
        classes: usize,
    },
    /// The weights of a net cannot be used.
    #[error("run '{name}': {reason}")]
    Weights {
        /// The name of the net.
        name: String,
        /// What is wrong, and the remedy.
        reason: String,
    },
    /// There are no random bytes for a token.
    #[error("the system gives no random numbers for a token: {reason}; leave out --listen")]
    Random {
        /// The system's reason.
        reason: String,
    },
}

/// A request that is refused: an address or a message with a mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// A percent sign without two hexadecimal digits, or bytes that are no text.
    #[error("the address has a broken escape in '{part}'; write % and two hexadecimal digits")]
    Escape { part: String },
    #[error("'{name}' is given twice; give it once")]
    Twice { name: String },
    #[error("unknown parameter '{name}'; leave it out")]
    Unknown { name: String },
    #[error("'{name}' is '{got}', expected {expected}")]
    Value {
        name: &'static str,
        got: String,
        expected: String,
    },
    #[error("more than {limit} {what}; leave some out")]
    TooMany { what: &'static str, limit: usize },
    /// A computation that left the finite numbers.
    #[error("{what} is not finite at step {step}; take a smaller rate or smaller values")]
    NotFinite { what: String, step: u32 },
    /// A choice that a library refuses.
    #[error("{0}")]
    Refused(String),
}
