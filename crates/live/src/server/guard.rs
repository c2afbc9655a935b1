//! Who may ask: the page itself and nobody else.
//!
//! Any page in a browser can send requests to this computer. So a request must name this server as its
//! host (a page elsewhere whose name was made to mean this computer names itself), and come from no other
//! origin. A server that others can reach also wants a token, which its address has.

use std::net::SocketAddr;

use crate::error::LiveError;
use crate::server::http::{Reply, Request};

/// The name of the cookie that has the token.
const COOKIE: &str = "live-token";

/// The rules for requests.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The host names by which a server on a loopback address may be called; any if there is a token.
    hosts: Vec<String>,
    token: Option<String>,
}

impl Guard {
    pub(crate) fn new(address: SocketAddr) -> Result<Self, LiveError> {
        let port = address.port();
        if address.ip().is_loopback() {
            let names = [
                "localhost".to_owned(),
                SocketAddr::new(address.ip(), 0).to_string(),
            ];
            let names = names.map(|name| name.trim_end_matches(":0").to_owned());
            let mut hosts = names.clone().map(|name| format!("{name}:{port}")).to_vec();
            if port == 80 {
                hosts.extend(names);
            }
            return Ok(Self { hosts, token: None });
        }
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| LiveError::Random {
            reason: error.to_string(),
        })?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            hosts: vec![],
            token: Some(token),
        })
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The answer to a request that may not be served.
    pub(crate) fn refusal(&self, request: &Request) -> Option<Reply> {
        let refuse = |message| Some(Reply::error(403, message));
        let Some(host) = request.header("host") else {
            return refuse("expected one Host header; open the address that the program printed");
        };
        if self.token.is_none()
            && !self
                .hosts
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host))
        {
            return refuse("unknown host; open the address that the program printed");
        }
        let own = format!("http://{host}");
        let is_own = |origin: &str| origin.eq_ignore_ascii_case(&own);
        if request.has("origin") && !request.header("origin").is_some_and(is_own) {
            return refuse(
                "this server answers its own page only; open the address that the program printed",
            );
        }
        let from_page = match request.header("sec-fetch-site") {
            None | Some("same-origin" | "none") => true,
            // A link on another page may open this one.
            Some(_) => {
                request.header("sec-fetch-mode") == Some("navigate")
                    && request.header("sec-fetch-dest") == Some("document")
                    && request.path == "/"
            }
        };
        if !from_page {
            return refuse(
                "this server answers its own page only; open the address that the program printed",
            );
        }
        self.without_token(request)
    }

    /// The answer to a request that needs the token and does not have it, or that has it in its address:
    /// then it goes into a cookie, so that it does not stay in the address.
    fn without_token(&self, request: &Request) -> Option<Reply> {
        let token = self.token.as_deref()?;
        let given = request.query.strip_prefix("token=");
        if request.path == "/" && given.is_some_and(|given| equal(given, token)) {
            let mut reply = Reply::new("text/plain; charset=utf-8", "");
            reply.status = 303;
            let cookie = format!("{COOKIE}={token}; HttpOnly; SameSite=Lax; Path=/");
            reply.headers = vec![("Location", "/".to_owned()), ("Set-Cookie", cookie)];
            return Some(reply);
        }
        let cookies = request.header("cookie").unwrap_or("").split(';');
        let mut values =
            cookies.filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='));
        if values.any(|value| equal(value, token)) {
            return None;
        }
        Some(Reply::error(
            403,
            "the token is missing; open the address that the program printed",
        ))
    }
}

/// Compares in a time that does not depend on where two texts differ.
fn equal(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    one.len() == other.len() && pairs.fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(address: &str) -> Guard {
        Guard::new(address.parse().unwrap()).unwrap()
    }

    fn request(path: &str, headers: &[(&str, &str)]) -> Request {
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let text = format!("GET {path} HTTP/1.1\r\n{}\r\n", lines.collect::<String>());
        Request::parse(text.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn a_request_must_name_this_server() {
        let guard = guard("127.0.0.1:7878");
        let is_served = |host| guard.refusal(&request("/", &[("Host", host)])).is_none();
        for host in ["127.0.0.1:7878", "localhost:7878", "LocalHost:7878"] {
            assert!(is_served(host), "{host}");
        }
        for host in [
            "evil.example:7878",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:7878.evil.example",
            "",
        ] {
            assert!(!is_served(host), "{host}");
        }
        assert!(guard.refusal(&request("/", &[])).is_some());
        let two = [("Host", "localhost:7878"), ("Host", "localhost:7878")];
        assert!(guard.refusal(&request("/", &two)).is_some());
    }

    #[test]
    fn the_sixth_version_of_the_protocol_has_brackets() {
        let guard = guard("[::1]:7878");
        assert!(
            guard
                .refusal(&request("/", &[("Host", "[::1]:7878")]))
                .is_none()
        );
        assert!(
            guard
                .refusal(&request("/", &[("Host", "[::2]:7878")]))
                .is_some()
        );
    }

    #[test]
    fn other_origins_are_refused() {
        let guard = guard("127.0.0.1:7878");
        let is_served = |path, name, value| {
            let headers = [("Host", "127.0.0.1:7878"), (name, value)];
            guard.refusal(&request(path, &headers)).is_none()
        };
        assert!(is_served("/api/graph", "Origin", "http://127.0.0.1:7878"));
        for origin in [
            "http://evil.example",
            "http://127.0.0.1:7879",
            "https://127.0.0.1:7878",
            "null",
        ] {
            assert!(!is_served("/api/graph", "Origin", origin), "{origin}");
        }
        assert!(is_served("/api/graph", "Sec-Fetch-Site", "same-origin"));
        assert!(!is_served("/api/graph", "Sec-Fetch-Site", "cross-site"));
        assert!(!is_served("/api/graph", "Sec-Fetch-Site", "same-site"));
    }

    #[test]
    fn a_link_on_another_page_opens_the_page_and_nothing_else() {
        let guard = guard("127.0.0.1:7878");
        let is_served = |path, mode, dest| {
            let headers = [
                ("Host", "127.0.0.1:7878"),
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Mode", mode),
                ("Sec-Fetch-Dest", dest),
            ];
            guard.refusal(&request(path, &headers)).is_none()
        };
        assert!(is_served("/", "navigate", "document"));
        assert!(!is_served("/", "navigate", "iframe"));
        assert!(!is_served("/", "no-cors", "script"));
        assert!(!is_served("/api/graph", "navigate", "document"));
    }

    #[test]
    fn a_server_that_others_can_reach_wants_its_token() {
        let guard = guard("192.168.1.5:7878");
        let token = guard.token().unwrap().to_owned();
        assert_eq!(token.len(), 32);
        let host = ("Host", "192.168.1.5:7878");
        let status = |path: &str, cookie: &str| {
            let request = request(path, &[host, ("Cookie", cookie)]);
            guard.refusal(&request).map(|reply| reply.status)
        };
        assert_eq!(status("/", "a=b"), Some(403));
        assert_eq!(status(&format!("/?token={token}"), "a=b"), Some(303));
        for wrong in [&token[1..], &token[..1], &token[..token.len() - 1], ""] {
            let path = format!("/?token={wrong}");
            assert_eq!(status(&path, "a=b"), Some(403), "{path}");
        }
        assert_eq!(
            status(&format!("/api/graph?token={token}"), "a=b"),
            Some(403)
        );
        assert_eq!(
            status("/api/graph", &format!("a=b; {COOKIE}={token}")),
            None
        );
        assert_eq!(
            status("/api/graph", &format!("{COOKIE}={token}0")),
            Some(403)
        );
        let given = request(&format!("/?token={token}"), &[host]);
        let headers = guard.refusal(&given).unwrap().headers;
        assert!(headers[1].1.contains("HttpOnly") && headers[1].1.contains("SameSite"));
    }
}
