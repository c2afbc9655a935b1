//! Any bytes that a connection sends to the live page's server, and any address of its own page, must get a whole answer:
//! what was asked for, or an error with a message of one line. No input is a defect.

#![no_main]

use std::sync::LazyLock;

use backends::Backend;
use libfuzzer_sys::fuzz_target;
use live::{Address, Content, Server};
use serde_json::Value;

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let address = Address {
        port: 0,
        ..Address::default()
    };
    let backend = Backend::Flex.open().expect("built with flex");
    Server::bind(address, &backend, Content::default()).expect("a port is free")
});

/// What answers.
const PATHS: [&str; 13] = [
    "about",
    "nets",
    "net",
    "runs",
    "graph",
    "rule",
    "digit",
    "descent",
    "bumps",
    "softmax",
    "digits/weights",
    "playground/weights",
    "playground",
];
/// The path whose answer goes on.
const TRAINING: &str = "playground";
/// Frames of a training that are read.
const FRAMES: usize = 3;

/// Checks the answers that are in these bytes, one after the other.
fn check(mut answers: &[u8]) {
    while !answers.is_empty() {
        let end = answers.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, rest) = answers.split_at(end.expect("an answer has a head") + 4);
        let head = std::str::from_utf8(head).expect("a head is text");
        let status = head.strip_prefix("HTTP/1.1 ").expect("HTTP/1.1");
        assert!(!status.starts_with('5'), "{head}");
        assert!(head.contains("Content-Security-Policy: default-src 'none'"));
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        // A training is lines of JSON up to the end.
        let body = match length {
            Some(length) => &rest[..length.parse().expect("a length")],
            None => rest,
        };
        if head.contains("application/json") || length.is_none() {
            for line in body
                .split(|&byte| byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                let value = serde_json::from_slice::<Value>(line).expect("JSON");
                let message = value["error"].as_str();
                assert_eq!(message.is_some(), !status.starts_with('2'), "{head}{value}");
                assert!(
                    message.is_none_or(|message| !message.contains('\n')),
                    "{value}"
                );
            }
        }
        answers = &rest[body.len()..];
    }
}

fuzz_target!(|input: (&[u8], u8, &str)| {
    let (bytes, path, query) = input;
    check(&SERVER.answer(bytes, 8));

    let path = PATHS[usize::from(path) % PATHS.len()];
    let is_target = |c: char| c.is_ascii_graphic() && c != '#';
    let query = query.chars().filter(|&c| is_target(c)).collect::<String>();
    // Steps before the first frame are repeated, which takes as long as there are many of them.
    if query.contains("steps=") {
        return;
    }
    let url = SERVER.url();
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let request = format!("GET /api/{path}?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let answer = SERVER.answer(
        request.as_bytes(),
        1 + if path == TRAINING { FRAMES } else { 0 },
    );
    assert!(answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.1 4"));
    check(&answer);
});
