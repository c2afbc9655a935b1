//! The link to a worker: opened, watched, and given up when the worker is lost.
//!
//! Where a worker dies, the next reading of a result fails. A stopped worker or a cut link, Burn's session alone would not
//! notice for minutes: what waits for an answer waits without limit. So a thread asks the worker every two seconds, on a
//! connection of its own, whether it is there. That does not wait for the device, however long a step takes.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use backends::{Opened, remote};

use super::answers::{ask, ask_at};
use super::lost::Lost;
use super::{Server, Token};

/// Time between two questions.
const PAUSE: Duration = Duration::from_secs(2);

/// Time for a session to open. Burn itself tries for up to 16 s, and has an error to tell then.
const TO_OPEN: Duration = Duration::from_secs(20);

/// Time without an answer after which the worker is lost. With a pause and a last question, at most 25 s.
const PATIENCE: Duration = Duration::from_secs(14);

const NO_THREAD: &str = "cannot start a thread that watches the link; end other programs";

/// A link to a worker, watched for as long as it lives.
#[derive(Debug, Clone)]
pub(crate) struct Link(Arc<Lost>);

impl Link {
    /// Opens a session with the worker and begins to watch it.
    ///
    /// # Errors
    ///
    /// If the worker does not answer, refuses the token, or has another version.
    pub(crate) fn open(server: &Server, token: &Token) -> Result<(Opened, Self)> {
        let places = server
            .place
            .to_socket_addrs()
            .map_err(|error| anyhow!("cannot find the host of {server}: {error}; check --url"))?
            .collect::<Vec<_>>();
        // Burn itself would try for a quarter of a minute, and wait for a stopped worker without limit.
        let place = ask(&places).map_err(|error| {
            anyhow!(
                "no worker answers at {server}: {error}; start one there with `trainer worker`, or check --url and the \
                 tunnel"
            )
        })?;
        let lost = Arc::new(Lost::new(server, place));
        lost.install_panic_hook();
        let watched = Arc::downgrade(&lost);
        thread::Builder::new()
            .name("link".to_owned())
            .spawn(move || watch(&watched, &place))
            .context(NO_THREAD)?;
        let opened = connect(server, place, token)?;
        lost.session(&opened.device);
        Ok((opened, Self(lost)))
    }

    /// Remembers where the run is kept, or the sweep that it is part of, and the command that goes on, for the case that
    /// the worker is lost.
    pub(crate) fn set_run(&self, folder: &Path, command: String, is_of_sweep: bool) {
        self.0.set_run(folder, command, is_of_sweep);
    }

    /// Ends the process, after an error, if it comes from the loss of the worker, with a line that says so.
    pub(crate) fn end_if_lost(&self) {
        self.0.end_if_lost();
    }
}

/// Opens a session on another thread: what answers HTTP may be no worker, and leave Burn waiting without limit.
fn connect(server: &Server, place: SocketAddr, token: &Token) -> Result<Opened> {
    let (send, answer) = mpsc::channel();
    // A host may have several addresses, of which this one answers.
    let (url, secret) = (format!("ws://{place}"), token.bytes.clone());
    let connecting = thread::Builder::new().name("connect".to_owned());
    let connecting = connecting.spawn(move || {
        // Nobody listens if it comes too late.
        let _ = send.send(remote::connect(&url, &secret));
    });
    connecting.context(NO_THREAD)?;
    let opened = answer.recv_timeout(TO_OPEN).map_err(|_| {
        let seconds = TO_OPEN.as_secs();
        anyhow!("what answers at {server} opens no session within {seconds} s; check --url, or start the worker again")
    })?;
    Ok(opened?)
}

/// Asks the worker until the link is dropped; ends the process when it no longer answers.
fn watch(link: &Weak<Lost>, place: &SocketAddr) {
    let mut heard = Instant::now();
    loop {
        thread::sleep(PAUSE);
        let Some(link) = link.upgrade() else {
            return;
        };
        match ask_at(place) {
            Ok(()) => heard = Instant::now(),
            Err(error) if heard.elapsed() > PATIENCE => {
                let seconds = heard.elapsed().as_secs();
                link.end_without_answer(format_args!("no answer for {seconds} s, {error}"));
            }
            Err(_) => {}
        }
    }
}

/// Serves a backend to clients that have the token, until Ctrl-C.
///
/// # Errors
///
/// If the server fails.
pub(crate) fn serve(opened: &Opened, listener: TcpListener, token: &Token) -> Result<()> {
    Ok(remote::serve(opened, listener, &token.bytes)?)
}
