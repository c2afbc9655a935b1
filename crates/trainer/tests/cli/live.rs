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
    let elsewhere = Workplace::new();
    elsewhere.events("--model xor-net --epochs 1 --run-name other");
    workplace.events("--model xor-net --epochs 1 --run-name gate");
    workplace.train("--run-name small");
    std::fs::create_dir(workplace.path("runs/empty")).expect("a folder can be made");
    #[cfg(unix)]
    std::os::unix::fs::symlink(elsewhere.path("runs/other"), workplace.path("runs/link"))
        .expect("a link can be made");
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
    // The latest first, and a link that leads elsewhere is left out.
    let list = ask(address, "/api/runs");
    let runs = list["runs"].as_array().expect("a list");
    let said = |run: &Value| {
        let problem = run["problem"].as_str().unwrap_or("none");
        format!("{}: {problem}", run["name"].as_str().expect("a name"))
    };
    let said = runs.iter().map(said).collect::<Vec<_>>();
    let expected = [
        "softmax: none",
        "small: its net has 30 inputs and 3 classes, not 784 and 10",
        "gate: its net is xor-net, and only mnist-mlp reads digits",
        "empty: runs/empty",
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said}");
    }
    assert_eq!(
        (&list["folder"], &list["more"]),
        (&"runs".into(), &0.into())
    );
    assert_eq!(runs[0]["of"], "test");
    assert!(
        runs[0]["accuracy"]
            .as_f64()
            .is_some_and(|share| share > 0.8)
    );
    let net = ask(address, "/api/net?net=run:softmax");
    assert_eq!(net["sizes"], serde_json::json!([784, 10]));
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
    let opened = ask(
        address,
        &format!("/api/digit?net=run:softmax&pixels={pixels}AA"),
    );
    assert_eq!(opened["probabilities"], answer["probabilities"]);
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
