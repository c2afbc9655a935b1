//! One connection: requests one after the other, until one side closes it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::server::guard::Guard;
use crate::server::http::{Reply, Request, Unread};
use crate::site::Site;

/// How long to wait for the next piece of a request, and for the other side to read.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is read and dropped before a connection is closed, in time and in pieces of 4 KiB.
const DRAIN: Duration = Duration::from_millis(300);
const PIECES: usize = 64;
/// The same for a connection too many: others wait to be accepted.
const DRAIN_OF_REFUSED: Duration = Duration::from_millis(20);

/// Serves a connection until it ends.
pub(crate) fn serve(mut stream: TcpStream, guard: &Guard, site: &Site) {
    let limits = [
        stream.set_read_timeout(Some(PATIENCE)),
        stream.set_write_timeout(Some(PATIENCE)),
        stream.set_nodelay(true),
    ];
    if limits.iter().any(Result::is_err) {
        return;
    }
    if converse(&mut stream, guard, site) {
        close(stream, DRAIN);
    }
}

/// Answers one request after the other; whether it is this side that closes the connection.
pub(crate) fn converse(stream: &mut (impl Read + Write), guard: &Guard, site: &Site) -> bool {
    let mut buffer = Vec::new();
    loop {
        let (reply, keep_alive) = match Request::read(stream, &mut buffer) {
            Ok(request) => match guard.refusal(&request) {
                Some(refusal) => (refusal, request.keep_alive),
                None if Site::is_training(&request) => match train(stream, site, &request) {
                    Ok(()) => return true,
                    Err(reply) => (reply, request.keep_alive),
                },
                None => (answer(site, &request), request.keep_alive),
            },
            Err(Unread::Closed) => return false,
            Err(Unread::Malformed) => (
                Reply::error(400, "expected a request of HTTP/1.1 without a body"),
                false,
            ),
            Err(Unread::TooLong) => (
                Reply::error(431, "the address or the headers are too long"),
                false,
            ),
        };
        if reply.write(stream, keep_alive).is_err() {
            return false;
        }
        if !keep_alive {
            return true;
        }
    }
}

/// Closes a connection so that the answer arrives: the system takes it back if something was not read.
fn close(mut stream: TcpStream, patience: Duration) {
    let ready =
        stream.shutdown(Shutdown::Write).is_ok() && stream.set_read_timeout(Some(patience)).is_ok();
    let mut piece = [0; 4096];
    let mut pieces = 0;
    while ready && pieces < PIECES && stream.read(&mut piece).is_ok_and(|read| read > 0) {
        pieces += 1;
    }
}

/// Sends what a training has to show, an object a line, as it comes. The end of the connection is the end of
/// the answer.
fn train(stream: &mut impl Write, site: &Site, request: &Request) -> Result<(), Reply> {
    let mut has_head = false;
    site.train(request, |value| {
        if !has_head {
            has_head = true;
            Reply::write_endless_head(stream)?;
        }
        stream.write_all(format!("{value}\n").as_bytes())
    })
}

/// The site's answer. A defect costs its request, not the server.
fn answer(site: &Site, request: &Request) -> Reply {
    let answer = catch_unwind(AssertUnwindSafe(|| site.answer(request)));
    answer.unwrap_or_else(|_| {
        Reply::error(
            500,
            "a defect in this program; please report it with this address",
        )
    })
}

/// Says that there are too many connections.
pub(crate) fn refuse(mut stream: TcpStream) {
    let patience = stream.set_write_timeout(Some(PATIENCE));
    let reply = Reply::error(503, "too many connections; close a page");
    if patience.is_ok() {
        // Whoever is refused may be gone already.
        let _ = reply.write(&mut stream, false);
        close(stream, DRAIN_OF_REFUSED);
    }
}
