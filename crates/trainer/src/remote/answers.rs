//! Whether a worker is there: asked on a connection of its own, which the device does not delay.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Time for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The first of a host's addresses where a worker answers.
pub(super) fn ask(places: &[SocketAddr]) -> io::Result<SocketAddr> {
    let mut outcome = Err(io::ErrorKind::AddrNotAvailable.into());
    for &place in places {
        outcome = ask_at(&place).map(|()| place);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Asks a worker whether it is there: its server speaks HTTP before it changes to WebSocket, and answers any question.
pub(super) fn ask_at(place: &SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(place, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: worker\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 5];
    stream
        .read_exact(&mut answer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::ErrorKind::TimedOut.into(),
            io::ErrorKind::UnexpectedEof => io::Error::new(
                error.kind(),
                "it breaks off, as a tunnel without its far end does",
            ),
            _ => error,
        })?;
    if &answer == b"HTTP/" {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "what answers is no worker",
        ))
    }
}
