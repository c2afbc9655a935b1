//! What watching costs: steps a second with and without frames, and how soon the page is answered.
//!
//! `cargo bench -p live --profile dev --bench watching`
//!
//! A training without a page is the same request for steps that are only repeated: then nothing is shown.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use backends::Backend;
use live::{Address, Content, Server};
use serde_json::Value;

/// Repetitions of each measurement, of which the median is shown.
const RUNS: usize = 3;

/// The answer to a request, line by line, and how long it took.
fn ask(port: u16, path: &str, mut line: impl FnMut(&str)) -> Duration {
    let started = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let lines = BufReader::new(stream).lines();
    for text in lines {
        line(&text.expect("the server answers in UTF-8"));
    }
    started.elapsed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Steps a second alone and watched, and frames a second.
fn training(port: u16, path: &str, steps: u64, name: &str) {
    let (mut alone, mut watched, mut rates) = (vec![], vec![], vec![]);
    // The first run finds nothing in memory yet.
    ask(port, &format!("{path}&seed=1&stop={}", steps / 10), |_| {});
    for run in 0..RUNS {
        let seed = |kind: usize| 100 + 2 * run + kind;
        let took = ask(
            port,
            &format!("{path}&seed={}&steps={steps}&stop={steps}", seed(0)),
            |_| {},
        );
        alone.push(steps as f64 / took.as_secs_f64());
        let mut frames = 0;
        let took = ask(
            port,
            &format!("{path}&seed={}&stop={steps}", seed(1)),
            |line| {
                let is_frame =
                    serde_json::from_str::<Value>(line).is_ok_and(|value| value["step"].is_u64());
                frames += u64::from(is_frame);
            },
        );
        watched.push(steps as f64 / took.as_secs_f64());
        rates.push(frames as f64 / took.as_secs_f64());
    }
    let (alone, watched, rate) = (median(alone), median(watched), median(rates));
    let slower = 100.0 * (1.0 - watched / alone);
    println!(
        "{name}: {alone:.0} steps/s alone, {watched:.0} watched ({slower:.1} % slower), {rate:.1} frames/s"
    );
}

/// The median time of an answer.
fn answers(port: u16, name: &str, path: impl Fn(usize) -> String) {
    ask(port, &path(0), |_| {});
    let times = (1..=20).map(|i| ask(port, &path(i), |_| {}).as_secs_f64() * 1000.0);
    let times = times.collect::<Vec<_>>();
    let worst = times.iter().copied().fold(0.0, f64::max);
    println!("{name}: {:.1} ms, at most {worst:.1} ms", median(times));
}

fn main() {
    let opened = Backend::Flex.open().expect("built with flex");
    let address = Address {
        port: 0,
        ..Address::default()
    };
    let started = Instant::now();
    let server = Server::bind(address, &opened, Content::default()).expect("a port is free");
    let url = server.url();
    std::thread::spawn(|| server.run());
    let port = url
        .trim_end_matches('/')
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    let port = port.expect("the address has a port");
    ask(port, "/", |_| {});
    ask(port, "/api/graph", |_| {});
    println!(
        "first graph: {:.0} ms after the start",
        started.elapsed().as_secs_f64() * 1000.0
    );

    answers(port, "a step on the graph", |i| {
        format!("/api/graph?net=xor&steps={i}")
    });
    answers(port, "a rule of the graph", |i| {
        format!("/api/rule?net=xor&steps={i}&node=z1")
    });
    answers(port, "a drawn digit", |i| {
        // A bar that moves.
        let ink = |k: usize| (10..46).contains(&(k / 56)) && (16 + i..21 + i).contains(&(k % 56));
        let pixels = (0..56 * 56)
            .map(|k| if ink(k) { 255 } else { 0 })
            .collect::<Vec<u8>>();
        let text = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, pixels);
        format!("/api/digit?pixels={text}")
    });
    for (name, path) in [
        (
            "2-8-8-1, a plane, batch 16",
            "/api/playground?data=plane&hidden=8,8&batch=16",
        ),
        (
            "2-8-8-2, circles, batch 16",
            "/api/playground?data=circles&hidden=8,8&batch=16",
        ),
    ] {
        training(port, path, 200_000, name);
    }
    training(
        port,
        "/api/training?hidden=64&batch=64",
        6_000,
        "784-64-10 on MNIST, batch 64",
    );
    training(
        port,
        "/api/training?hidden=256,128&batch=64",
        3_000,
        "784-256-128-10 on MNIST, batch 64",
    );
}
