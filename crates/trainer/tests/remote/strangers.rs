//! What answers is no worker, or a worker of another version.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::common::SMALL;
use crate::program::{Worker, start, workplace};

/// Has a function answer every connection to a free port, each on a thread; gives the URL.
fn listen(answer: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(stream));
        }
    });
    format!("ws://{address}")
}

/// The first line of a question.
fn question(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let length = stream.read(&mut bytes).unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..length]);
    text.lines().next().unwrap_or_default().to_owned()
}

fn not_found(stream: &mut TcpStream) {
    let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // The other side may have left.
    let _ = stream.write_all(answer);
}

/// Waits until the other side leaves.
fn wait(stream: &mut TcpStream) {
    let _ = stream.read_to_end(&mut vec![]);
}

/// Passes on everything until one side leaves, with a version in the worker's first answer that no worker has.
///
/// The answer is MessagePack: after the variant's name `Init`, an array of four, whose first is the version.
fn other_version(mut client: TcpStream, worker: &str) {
    const BEFORE_VERSION: &[u8] = b"\xa4Init\x94";
    let mut server = TcpStream::connect(worker).expect("the worker is there");
    let mut questions = [&client, &server].map(|side| side.try_clone().expect("a second handle"));
    thread::spawn(move || {
        let [from, to] = &mut questions;
        let _ = std::io::copy(from, to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = server.read(&mut bytes) {
        let answer = &mut bytes[..length];
        let mut places = answer.windows(BEFORE_VERSION.len());
        if let Some(place) = places.position(|window| window == BEFORE_VERSION) {
            answer[place + BEFORE_VERSION.len()] = 99;
        }
        if client.write_all(answer).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

#[test]
fn what_is_no_worker_of_this_version_is_said_in_one_line() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let place = worker.url.replace("ws://", "");
    let strangers = [
        (
            "silent",
            listen(|mut stream| wait(&mut stream)),
            "no worker answers",
        ),
        (
            "closed",
            listen(|mut stream| {
                question(&mut stream);
            }),
            "it breaks off",
        ),
        (
            "another protocol",
            listen(|mut stream| {
                let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
                wait(&mut stream);
            }),
            "what answers is no worker",
        ),
        (
            "a web server",
            listen(|mut stream| {
                question(&mut stream);
                not_found(&mut stream);
            }),
            "no session",
        ),
        (
            "a web server that answers one page only",
            listen(|mut stream| {
                if question(&mut stream).starts_with("GET / ") {
                    not_found(&mut stream);
                } else {
                    wait(&mut stream);
                }
            }),
            "opens no session",
        ),
        (
            "another version",
            listen(move |client| other_version(client, &place)),
            "build both from the same source",
        ),
    ];
    thread::scope(|scope| {
        for (who, url, said) in &strangers {
            scope.spawn(move || {
                let workplace = crate::program::workplace();
                let options = format!("--backend remote --url {url} --token-file token");
                let run = start(&workplace, &format!("{SMALL} --epochs 1 {options}"));
                let finished = run.end();
                finished.assert_refused(&[url, said]);
                assert_eq!(
                    finished.stderr.lines().count(),
                    1,
                    "{who}: {}",
                    finished.stderr
                );
                assert!(!workplace.path("runs").exists(), "{who}");
            });
        }
    });
    workplace.train(&format!("--epochs 1 {}", worker.options()));
}
