//! The server over real connections.

mod common;

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};

use burn::tensor::{Device, Tensor};
use common::{get, opened, started};
use live::{Address, Content, LiveError, Server};
use mnist_mlp::MnistMlp;
use proptest::prelude::*;

// The Rust code that the page exports.
#[rustfmt::skip]
#[path = "exported/plane.rs"]
#[expect(unreachable_pub, reason = "the file is a module of other programs")]
mod plane;

#[rustfmt::skip]
#[path = "exported/digits.rs"]
#[expect(unreachable_pub, reason = "the file is a module of other programs")]
mod digits;

/// Sends bytes on a connection of its own and reads until the server closes it.
fn exchange(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("the server answers in UTF-8");
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[test]
fn the_page_comes_with_all_its_files_and_a_strict_policy() {
    let port = started();
    let page = get(port, "/");
    assert_eq!(status(&page), "200");
    let policy = page
        .lines()
        .find(|line| line.starts_with("Content-Security-Policy: "))
        .unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    // Every file that the page or one of its scripts names is there.
    let mut wanted = vec!["/".to_owned()];
    let mut seen = 0;
    while let Some(path) = wanted.get(seen).cloned() {
        let file = get(port, &path);
        assert_eq!(status(&file), "200", "{path}");
        for part in file.split('"').skip(1).step_by(2) {
            let name = part.trim_start_matches("./").trim_start_matches('/');
            let is_file = [".js", ".css", ".svg"]
                .iter()
                .any(|end| name.ends_with(end))
                && !name.contains('$');
            if is_file && !wanted.contains(&format!("/{name}")) {
                wanted.push(format!("/{name}"));
            }
        }
        seen += 1;
    }
    assert!(seen > 10, "{wanted:?}");
}

#[test]
fn other_hosts_origins_methods_and_paths_are_refused() {
    let port = started();
    let ask = |head: &str| {
        let answer = exchange(port, &format!("{head}\r\nConnection: close\r\n\r\n"));
        status(&answer).to_owned()
    };
    let host = format!("Host: 127.0.0.1:{port}");
    assert_eq!(ask(&format!("GET /api/about HTTP/1.1\r\n{host}")), "200");
    assert_eq!(ask("GET /api/about HTTP/1.1\r\nHost: evil.example"), "403");
    assert_eq!(ask("GET /api/about HTTP/1.1"), "403");
    let origin = "Origin: http://evil.example";
    assert_eq!(
        ask(&format!("GET /api/about HTTP/1.1\r\n{host}\r\n{origin}")),
        "403"
    );
    assert_eq!(ask(&format!("PUT /api/about HTTP/1.1\r\n{host}")), "405");
    assert_eq!(
        ask(&format!("GET /../Cargo.toml HTTP/1.1\r\n{host}")),
        "404"
    );
    assert_eq!(
        ask(&format!("POST / HTTP/1.1\r\n{host}\r\nContent-Length: 3")),
        "400"
    );
    assert_eq!(ask("SSH-2.0-OpenSSH"), "400");
    let long = "a".repeat(40_000);
    assert_eq!(ask(&format!("GET /?{long} HTTP/1.1\r\n{host}")), "431");
}

#[test]
fn an_address_repeats_its_numbers_to_the_bit() {
    let port = started();
    let path = "/api/graph?net=own&layers=5:elu,3:tanh,2&seed=7&steps=40&edit=10,w1,0,1,0.333333333333333314829616256247";
    let first = get(port, path);
    assert_eq!(status(&first), "200");
    assert_eq!(get(port, path), first);
    let other = get(started(), path);
    assert_eq!(other, first);
    assert_ne!(get(port, &path.replace("seed=7", "seed=8")), first);
}

#[test]
fn a_loss_that_leaves_the_numbers_is_an_error_with_its_step() {
    let port = started();
    let answer = get(port, "/api/graph?net=four-variables&rate=10&steps=50");
    assert_eq!(status(&answer), "400");
    assert!(answer.contains("f is not finite at step"), "{answer}");
    assert!(answer.contains("take a smaller rate"), "{answer}");
}

#[test]
fn a_port_that_is_taken_is_named_with_one_that_is_free() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let address = Address {
        port,
        ..Address::default()
    };
    let error = Server::bind(address, &opened(), Content::default()).unwrap_err();
    assert!(matches!(error, LiveError::PortTaken { .. }));
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("port {port} on 127.0.0.1 is taken; ")),
        "{text}"
    );
    assert!(text.contains("give --port "), "{text}");
}

#[test]
fn a_server_that_others_can_reach_wants_a_token() {
    let address = Address {
        ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        port: 0,
    };
    let server = Server::bind(address, &opened(), Content::default()).unwrap();
    let url = server.url();
    let (at, token) = url.split_once("/?token=").expect("the address has a token");
    let port = at.rsplit(':').next().unwrap().parse().unwrap();
    std::thread::spawn(|| server.run());
    assert_eq!(status(&get(port, "/")), "403");
    assert_eq!(status(&get(port, "/api/graph")), "403");
    let welcome = get(port, &format!("/?token={token}"));
    assert_eq!(status(&welcome), "303");
    assert!(welcome.contains(&format!("Set-Cookie: live-token={token}; HttpOnly")));
    let head = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: live-token={token}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(status(&exchange(port, &head)), "200");
}

#[test]
fn too_many_connections_are_refused_and_the_rest_goes_on() {
    let port = started();
    let idle = (0..64)
        .map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap())
        .collect::<Vec<_>>();
    // The last of them is counted when the next one is answered.
    assert_eq!(status(&get(port, "/api/about")), "503");
    drop(idle);
    let again = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        status(&get(port, "/api/about")) == "200"
    });
    assert!(again);
}

#[test]
fn a_net_of_the_plane_computes_what_its_weights_say() {
    let x = Tensor::<2>::from_floats([[0.5, -1.0], [2.0, 0.25]], &Device::flex());
    let probabilities = plane::forward(x).try_into_vec_as::<f64>().unwrap();
    let expected = [[0.5, -1.0], [2.0, 0.25]].map(|[x, y]: [f64; 2]| {
        let z = [
            (0.5 * x + y + 0.1).tanh(),
            (-1.25 * x + 0.125 * y - 0.2).tanh(),
            (2.0 * x - 0.75 * y + 0.3).tanh(),
        ];
        let a = [
            1.5 * z[0] + 0.25 * z[1] - 0.5 * z[2],
            -z[0] + 2.0 * z[1] + 0.75 * z[2] - 0.4,
        ];
        let e = a.map(f64::exp);
        e.map(|one| one / (e[0] + e[1]))
    });
    for (got, expected) in probabilities.iter().zip(expected.as_flattened()) {
        assert!((got - expected).abs() < 1e-6, "{got} {expected}");
    }
}

#[test]
fn a_net_of_digits_reads_the_safetensors_file_that_the_page_saves() {
    let answer = common::ask(common::shared(), "/api/digits/weights?form=safetensors");
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let file = &answer[end + 4..];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    std::fs::write(&path, file).unwrap();
    let device = Device::flex();
    let net = digits::net(&path.display().to_string(), &device).unwrap();
    let x = Tensor::<2>::ones([1, 784], &device) * 0.3;
    let logits = |net: &MnistMlp| net.forward(x.clone()).try_into_vec_as::<f32>().unwrap();
    assert_eq!(logits(&net), logits(&MnistMlp::pretrained(&device)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever a connection sends, each answer is whole, and none is a defect.
    #[test]
    fn any_bytes_of_a_connection_are_answered(
        heads in "((GET|PUT) (/|/api/graph\\?net=[a-z]{0,4}|/api/\\PC{0,5}|/[a-z]{0,8}) HTTP/1\\.[01]\r\n\
                  ((Host: [a-z0-9.:]{0,16}|Origin: [a-z:/]{0,9}|Content-Length: [05])\r\n){0,3}\r\n){0,3}",
        rest in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let server = Server::bind(Address { port: 0, ..Address::default() }, &opened(), Content::default());
        let sent = [heads.as_bytes(), &rest].concat();
        let answer = server.expect("a port is free").answer(&sent, 8);
        let mut rest = std::str::from_utf8(&answer).expect("answers of errors are text");
        while let Some((head, after)) = rest.split_once("\r\n\r\n") {
            prop_assert!(["200", "400", "403", "404", "405"].contains(&status(head)), "{}", head);
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            let length = length.and_then(|length| length.parse().ok()).expect("a length");
            prop_assert!(after.is_char_boundary(length), "{}", head);
            rest = &after[length..];
        }
        prop_assert_eq!(rest, "");
    }

    /// Whatever an address says, the answer is numbers or a message, never a defect.
    #[test]
    fn any_address_is_answered(
        path in "graph|rule|digit|descent|bumps|softmax|playground|playground/weights|digits/weights",
        pairs in prop::collection::vec(
            (
                "net|f|units|hidden|optimizer|batch|data|form|seed|rate|steps|edit|layers|rows|inputs|loss|node|row|column|function|step|momentum|x|y|iterations|condition|target|bumps|steepness|height|logits|class|pixels",
                "scalar|xor|own|trained|classifier|composition|relu|elu|adam|json|rust|circles|[0-9]{1,2}|0,w1,0,0,[0-9]e[0-9]{1,3}|3:tanh,2|[a-z0-9]{1,3}|[-0-9.e,]{1,8}|%[0-9a-f]{2}|w1|z1|loss",
            ),
            0..6,
        ),
    ) {
        // A net with as many steps as are allowed takes a while; this is about what is understood.
        let cheap = |(name, value): &(String, String)| name != "steps" || value.len() < 2;
        let pairs = pairs.iter().filter(|pair| cheap(pair)).map(|(name, value)| format!("{name}={value}"));
        let mut query = pairs.collect::<Vec<_>>().join("&");
        // A training would go on for as long as somebody reads.
        query += if path == "playground" { "&stop=0" } else { "" };
        let answer = get(common::shared(), &format!("/api/{path}?{query}"));
        prop_assert!(["200", "400"].contains(&status(&answer)), "{} {}", query, answer);
        let body = answer.split("\r\n\r\n").nth(1).unwrap();
        // The weights as Rust code are no JSON, and a training has a line for each frame.
        let lines = body.lines().filter(|_| !path.ends_with("/weights"));
        for line in lines {
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{}", line);
        }
    }
}
