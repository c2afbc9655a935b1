//! Where a worker listens, and where to find it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// A worker's address, `ws://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// `HOST:PORT`.
    pub(crate) place: String,
}

impl FromStr for Server {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if url.starts_with("wss://") {
            return Err(
                "a worker has no encryption of its own; use ws://, and to cross a network tunnel it by ssh".to_owned(),
            );
        }
        let place = url.strip_prefix("ws://").map(|place| {
            let place = place.strip_suffix('/').unwrap_or(place);
            (place, place.rsplit_once(':'))
        });
        let is_host = |host: &str| {
            let is_ipv6 = host.starts_with('[') && host.ends_with(']');
            !host.is_empty()
                && !host.contains(['/', '@', '?', '#', ' '])
                && (is_ipv6 || !host.contains(':'))
        };
        match place {
            Some((place, Some((host, port))))
                if is_host(host) && port.parse::<u16>().is_ok_and(|port| port > 0) =>
            {
                Ok(Self {
                    place: place.to_owned(),
                })
            }
            _ => Err(
                "expected ws://HOST:PORT, as the worker prints it, or ws://[::1]:PORT".to_owned(),
            ),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ws://{}", self.place)
    }
}

/// Reads where a worker is to listen: a port of this machine alone, or an address and a port.
///
/// # Errors
///
/// If it is neither.
pub(crate) fn listening_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let expected = |_| "expected a port, or ADDRESS:PORT such as 127.0.0.1:4747".to_owned();
    text.parse::<SocketAddr>().map_err(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for (url, place) in [
            ("ws://127.0.0.1:4747", "127.0.0.1:4747"),
            ("ws://gpu:1/", "gpu:1"),
            ("ws://[::1]:80", "[::1]:80"),
        ] {
            let server = url.parse::<Server>().expect(url);
            assert_eq!(server.place, place);
        }
        for bad in [
            "gpu:1",
            "ws://::1:80",
            "http://gpu:1",
            "ws://gpu",
            "ws://gpu:0",
            "ws://:1",
            "ws://a@gpu:1",
            "ws://gpu:1/x",
            "ws://gpu:70000",
            "",
        ] {
            assert!(bad.parse::<Server>().is_err(), "{bad}");
        }
        let error = "wss://gpu:1".parse::<Server>().expect_err("encrypted");
        assert!(error.contains("ssh"), "{error}");
    }

    #[test]
    fn a_port_alone_is_for_this_machine_alone() {
        let address = listening_address("80").expect("a port");
        assert!(address.ip().is_loopback());
        assert!(listening_address("0.0.0.0:80").is_ok_and(|address| !address.ip().is_loopback()));
        assert!(listening_address("gpu:80").is_err() && listening_address("").is_err());
    }
}
