//! A server for tests, and requests to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use backends::{Backend, Opened};
use burn::tensor::Device;
use live::{Accuracy, Address, Content, DigitNet, Run, Runs, Server};
use mnist_mlp::MnistMlp;

/// The backend of the tests.
pub(crate) fn opened() -> Opened {
    Backend::Flex.open().expect("the tests are built with flex")
}

/// A run whose net is the bundled one, one without weights, and one that is damaged.
#[derive(Debug)]
struct ThreeRuns;

impl Runs for ThreeRuns {
    fn name(&self) -> String {
        "runs".to_owned()
    }

    fn list(&self, _: usize) -> Result<(Vec<Run>, usize), String> {
        let run = |name: &str, accuracy: Option<Accuracy>, problem: Option<&str>| Run {
            name: name.to_owned(),
            folder: Path::new("/secret").join(name),
            started: Some("2026-01-31 14:05:00".to_owned()),
            accuracy,
            problem: problem.map(str::to_owned),
        };
        let runs = [
            run("sweep/wide", Some(Accuracy::Test(0.9812)), None),
            run(
                "small",
                Some(Accuracy::Validation(0.5)),
                Some("its net has 30 inputs"),
            ),
            run("damaged", None, None),
        ];
        Ok((runs.into(), 0))
    }

    fn open(&self, name: &str, folder: &Path) -> Result<DigitNet, String> {
        if folder != Path::new("/secret/sweep/wide") {
            return Err("model.bpk is damaged".to_owned());
        }
        let net = MnistMlp::pretrained(&Device::flex());
        DigitNet::new(name.to_owned(), net, 1.0).map_err(|error| error.to_string())
    }
}

/// Starts a server and returns its port.
pub(crate) fn started() -> u16 {
    let address = Address {
        port: 0,
        ..Address::default()
    };
    let content = Content {
        lessons: vec![("chain-rule", "graph?net=four-variables")],
        runs: Some(Arc::new(ThreeRuns)),
        ..Content::default()
    };
    let server = Server::bind(address, &opened(), content).expect("a port is free");
    let url = server.url();
    std::thread::spawn(|| server.run());
    let port = url.trim_end_matches('/').rsplit(':').next();
    port.and_then(|port| port.parse().ok())
        .expect("the address has a port")
}

/// The port of a server that all tests of a program share.
pub(crate) fn shared() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(started)
}

/// Asks for a path as the page does; the whole answer.
pub(crate) fn get(port: u16, path: &str) -> String {
    String::from_utf8(ask(port, path)).expect("the server answers in UTF-8")
}

/// The same in bytes.
pub(crate) fn ask(port: u16, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // A server that refuses the connection may close it before it has read the request.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.read_to_end(&mut answer);
    answer
}
