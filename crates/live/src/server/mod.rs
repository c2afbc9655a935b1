//! A small HTTP server: one thread per connection, bounded in number, size and time.

mod connection;
mod guard;
mod http;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use backends::Opened;

use crate::error::LiveError;
use crate::site::{Content, Site};
use guard::Guard;
pub(crate) use http::{Reply, Request};

/// Connections at once; a browser opens six per page.
const CONNECTIONS: usize = 64;
/// Ports that are tried for one to offer instead of a port that is taken.
const OTHER_PORTS: u16 = 20;
/// How long to wait if the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// Where the server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// The address of an interface of this computer. With any but a loopback address, requests need the
    /// token that is part of [`Server::url`].
    pub ip: IpAddr,
    /// The port; 0 for any that is free.
    pub port: u16,
}

impl Default for Address {
    /// Port 7878 of 127.0.0.1, which other computers cannot reach.
    fn default() -> Self {
        Self {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 7878,
        }
    }
}

/// A server that has its port and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    guard: Arc<Guard>,
    site: Arc<Site>,
    address: SocketAddr,
}

impl Server {
    /// Takes the port. Everything that the page shows is computed on the backend.
    ///
    /// # Errors
    ///
    /// If the port is taken, the system refuses the address, or it has no random numbers for a token.
    pub fn bind(address: Address, backend: &Opened, content: Content) -> Result<Self, LiveError> {
        let wanted = SocketAddr::new(address.ip, address.port);
        let listener = TcpListener::bind(wanted).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => LiveError::PortTaken {
                address: wanted,
                remedy: remedy(address),
            },
            _ => LiveError::Listen {
                address: wanted,
                error,
            },
        })?;
        let bound = listener.local_addr().map_err(|error| LiveError::Listen {
            address: wanted,
            error,
        })?;
        Ok(Self {
            listener,
            guard: Arc::new(Guard::new(bound)?),
            site: Arc::new(Site::new(backend, content)),
            address: bound,
        })
    }

    /// The address to open in a browser, with the token if there is one.
    pub fn url(&self) -> String {
        // A browser cannot go to "any address".
        let ip = match self.address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let at = SocketAddr::new(ip, self.address.port());
        match self.guard.token() {
            None => format!("http://{at}/"),
            Some(token) => format!("http://{at}/?token={token}"),
        }
    }

    /// What the server answers to a connection that sends these bytes and has read enough after so many pieces: an
    /// answer is a piece, and so is each frame of a training.
    ///
    /// ```
    /// use live::{Address, Content, Server};
    ///
    /// let backend = backends::Backend::Flex.open()?;
    /// let server = Server::bind(Address { port: 0, ..Address::default() }, &backend, Content::default())?;
    /// let answer = server.answer(b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n", 1);
    /// assert!(answer.starts_with(b"HTTP/1.1 403 "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn answer(&self, sent: &[u8], pieces: usize) -> Vec<u8> {
        let mut exchange = Exchange {
            sent,
            answered: vec![],
            pieces,
        };
        connection::converse(&mut exchange, &self.guard, &self.site);
        exchange.answered
    }

    /// Answers requests until the program ends.
    pub fn run(self) -> ! {
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            let Ok((stream, _)) = self.listener.accept() else {
                thread::sleep(NO_ROOM);
                continue;
            };
            let counted = Counted::new(&open);
            if open.load(Ordering::Relaxed) > CONNECTIONS {
                connection::refuse(stream);
                continue;
            }
            let (guard, site) = (Arc::clone(&self.guard), Arc::clone(&self.site));
            let spawned = thread::Builder::new()
                .name("live connection".to_owned())
                .spawn(move || {
                    let _counted = counted;
                    connection::serve(stream, &guard, &site);
                });
            if spawned.is_err() {
                thread::sleep(NO_ROOM);
            }
        }
    }
}

/// A connection in memory.
struct Exchange<'a> {
    sent: &'a [u8],
    answered: Vec<u8>,
    /// How many more the other side reads.
    pieces: usize,
}

impl Read for Exchange<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.sent.read(to)
    }
}

impl Write for Exchange<'_> {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        if self.pieces == 0 {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.pieces -= 1;
        self.answered.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An open connection, counted until it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What to do if the port is taken: names one that was free just now.
fn remedy(address: Address) -> String {
    let last = address.port.saturating_add(OTHER_PORTS);
    let mut others = (address.port..=last).skip(1);
    let free = others.find(|&port| TcpListener::bind((address.ip, port)).is_ok());
    match free {
        Some(port) => format!("port {port} is free: give --port {port}"),
        None => "give --port 0 for any free port".to_owned(),
    }
}
