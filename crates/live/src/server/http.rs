//! Requests and replies of HTTP/1.1, as much of it as the page needs.

use std::io::{self, Read, Write};

/// The longest head of a request.
const HEAD: usize = 16 * 1024;
/// The most headers of a request.
const HEADERS: usize = 64;

/// What a browser may do with the page: run its own scripts and styles, talk to this server, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The head of a request; only GET has one that is answered, so there is no body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// What follows the question mark.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) keep_alive: bool,
}

/// Why a request was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The other side has closed the connection, or was silent for too long.
    Closed,
    /// Not a request of HTTP/1.1, or one with a body.
    Malformed,
    /// More than [`HEAD`] bytes or [`HEADERS`] headers.
    TooLong,
}

impl Request {
    /// Reads from the stream what is missing of a head in `buffer`, and takes the head from it.
    pub(crate) fn read(stream: &mut impl Read, buffer: &mut Vec<u8>) -> Result<Self, Unread> {
        loop {
            if let Some((request, length)) = Self::parse(buffer)? {
                buffer.drain(..length);
                return Ok(request);
            }
            if buffer.len() > HEAD {
                return Err(Unread::TooLong);
            }
            let mut piece = [0; 4096];
            match stream.read(&mut piece) {
                Ok(0) => return Err(Unread::Closed),
                Ok(read) => buffer.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Unread::Closed),
            }
        }
    }

    /// The request at the beginning of some bytes and the length of its head; `None` if it is not complete.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Unread> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Unread::TooLong),
            Err(_) => return Err(Unread::Malformed),
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Unread::Malformed);
        let headers = head
            .headers
            .iter()
            .map(|header| Ok((header.name.to_ascii_lowercase(), text(header.value)?)));
        let headers = headers.collect::<Result<Vec<_>, _>>()?;
        let target = head.path.ok_or(Unread::Malformed)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request = Self {
            method: head.method.ok_or(Unread::Malformed)?.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            keep_alive: false,
        };
        request.keep_alive =
            head.version == Some(1) && request.header("connection") != Some("close");
        let no_body = request
            .header("content-length")
            .is_none_or(|length| length == "0");
        if !no_body || request.header("transfer-encoding").is_some() {
            return Err(Unread::Malformed);
        }
        Ok(Some((request, length)))
    }

    /// The value of a header that is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|header| header.0 == name);
        let value = values.next().map(|(_, value)| value.as_str());
        value.filter(|_| values.next().is_none())
    }

    /// Whether a header is there, even twice.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.0 == name)
    }
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// Further headers, of fixed text or text that the server made itself.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            content_type,
            body: body.into(),
            headers: vec![],
        }
    }

    pub(crate) fn json(status: u16, value: &serde_json::Value) -> Self {
        let mut reply = Self::new("application/json", value.to_string());
        reply.status = status;
        reply
    }

    /// An error as a page's script reads it.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": message }))
    }

    pub(crate) fn write(&self, stream: &mut impl Write, keep_alive: bool) -> io::Result<()> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut head = head(self.status, self.content_type, connection);
        head += &format!("Content-Length: {}\r\n", self.body.len());
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        // One write, so that the head and a short body are one packet.
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes)?;
        stream.flush()
    }

    /// The head of an answer that ends with the connection, in lines of JSON.
    pub(crate) fn write_endless_head(stream: &mut impl Write) -> io::Result<()> {
        let head = head(200, "application/x-ndjson", "close") + "\r\n";
        stream.write_all(head.as_bytes())
    }
}

fn head(status: u16, content_type: &str, connection: &str) -> String {
    let reason = match status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nConnection: {connection}\r\n\
         Content-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\n\
         Referrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\nCache-Control: no-store\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<Option<(Request, usize)>, Unread> {
        Request::parse(text.as_bytes())
    }

    #[test]
    fn a_request_is_read_in_pieces_and_the_next_one_stays() {
        let first = "GET /api/graph?net=xor HTTP/1.1\r\nHost: a\r\n\r\n";
        let bytes = format!("{first}GET /next HTTP/1.1\r\n\r\n");
        let mut buffer = Vec::new();
        let mut stream = bytes.as_bytes();
        let request = Request::read(&mut stream, &mut buffer).unwrap();
        assert_eq!(
            (request.path.as_str(), request.query.as_str()),
            ("/api/graph", "net=xor")
        );
        assert!(request.keep_alive);
        let next = Request::read(&mut stream, &mut buffer).unwrap();
        assert_eq!(next.path, "/next");
        assert_eq!(Request::read(&mut stream, &mut buffer), Err(Unread::Closed));
    }

    #[test]
    fn bodies_and_endless_heads_are_refused() {
        let head = |line: &str| format!("POST / HTTP/1.1\r\n{line}\r\n\r\n");
        assert_eq!(parse(&head("Content-Length: 5")), Err(Unread::Malformed));
        assert_eq!(
            parse(&head("Transfer-Encoding: chunked")),
            Err(Unread::Malformed)
        );
        assert!(parse(&head("Content-Length: 0")).unwrap().is_some());
        let many = "a: b\r\n".repeat(HEADERS + 1);
        assert_eq!(
            parse(&format!("GET / HTTP/1.1\r\n{many}\r\n")),
            Err(Unread::TooLong)
        );
        let endless = format!("GET /{} ", "a".repeat(2 * HEAD));
        let read = Request::read(&mut endless.as_bytes(), &mut Vec::new());
        assert_eq!(read, Err(Unread::TooLong));
    }

    #[test]
    fn a_header_that_is_there_twice_has_no_value() {
        let (request, _) = parse("GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n")
            .unwrap()
            .unwrap();
        assert_eq!(request.header("host"), None);
        assert!(request.has("host"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Request::parse(&bytes);
            let _ = Request::read(&mut &bytes[..], &mut Vec::new());
        }
    }
}
