//! The server of the live page, as a program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::common::Workplace;

/// A server that ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The JSON at a path.
fn ask(address: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    read.expect("the server answers in UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn the_net_of_a_run_reads_a_drawing() {
    let workplace = Workplace::new();
    workplace.events("--hidden none --epochs 1 --engine fused --backend flex --run-name softmax");
    let mut command = workplace.command("live --port 0 --backend flex --run runs/softmax");
    let child = command.stdout(Stdio::piped()).spawn();
    let mut serving = Serving(child.expect("the program starts"));
    let output = serving.0.stdout.take().expect("the output is piped");
    let line = BufReader::new(output).lines().next().expect("a line");
    let line = line.expect("text");
    let address = line
        .split(['/', ' '])
        .find(|part| part.contains(':') && !part.ends_with(':'));
    let address = address.expect("the line has an address");
    assert_eq!(
        ask(address, "/api/nets"),
        serde_json::json!(["pretrained", "softmax"])
    );
    // A bar, three bytes to four letters of base64.
    let ink = |i: usize| (10..46).contains(&(3 * i / 56)) && (24..30).contains(&(3 * i % 56));
    let pixels = (0..1045)
        .map(|i| if ink(i) { "____" } else { "AAAA" })
        .collect::<String>();
    let answer = ask(
        address,
        &format!("/api/digit?net=softmax&pixels={pixels}AA"),
    );
    assert_eq!(
        (&answer["net"], &answer["likeliest"]),
        (&"softmax".into(), &1.into())
    );
    // Softmax regression has no hidden units to speak for a class.
    assert_eq!(answer["units"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_shown_is_refused_in_one_line() {
    let workplace = Workplace::new();
    workplace.events("--model xor-net --epochs 1 --run-name gate");
    workplace.train("--run-name small");
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = taken.local_addr().expect("it has an address").port();
    for (arguments, naming) in [
        ("live --run nowhere".to_owned(), &["nowhere"][..]),
        (
            "live --run runs/gate".to_owned(),
            &["runs/gate", "mnist-mlp"],
        ),
        ("live --run runs/small".to_owned(), &["small", "784 inputs"]),
        (
            "live --data-dir nowhere".to_owned(),
            &["nowhere", "--data-dir"],
        ),
        (format!("live --port {port}"), &["is taken", "--port"]),
    ] {
        workplace.run(&arguments).assert_refused(naming);
    }
}
