//! What cannot run is said in one line, and leaves no folder.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::common::SMALL;
use crate::program::{Worker, start, worker_log, workplace, write_secret};

#[test]
fn a_run_that_cannot_reach_its_worker_says_what_to_do() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let url = &worker.url;
    write_secret(&workplace, "other", &"x".repeat(32));
    write_secret(&workplace, "short", "x");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let free = nobody.local_addr().expect("it has an address");
    drop(nobody);
    for (options, naming) in [
        ("--backend remote".to_owned(), vec!["--url", "--token-file"]),
        (
            format!("--backend remote --url {url}"),
            vec!["--token-file"],
        ),
        (
            format!("--url {url} --backend flex"),
            vec!["--url", "--backend remote"],
        ),
        (
            "--token-file token --backend flex".to_owned(),
            vec!["--token-file", "--backend remote"],
        ),
        (
            format!("--backend remote --url {url} --token-file none"),
            vec!["none", "copy the file of the worker"],
        ),
        (
            format!("--backend remote --url {url} --token-file short"),
            vec!["short", "copy the file of the worker"],
        ),
        (
            format!("--backend remote --url {url} --token-file other"),
            vec![url, "refuses the token"],
        ),
        (
            format!("--backend remote --url ws://{free} --token-file token"),
            vec!["no worker answers", "trainer worker"],
        ),
        (
            "--backend remote --url http://127.0.0.1:1 --token-file token".to_owned(),
            vec!["ws://HOST:PORT"],
        ),
        (
            "--backend remote --url wss://127.0.0.1:1 --token-file token".to_owned(),
            vec!["ssh"],
        ),
        (
            format!("{} --engine fused", worker.options()),
            vec!["--engine fused", "remote", "--engine manual"],
        ),
        (
            format!("{} --threads 2", worker.options()),
            vec!["--threads", "remote"],
        ),
        (
            format!("{} --device 0", worker.options()),
            vec!["--device", "to the worker"],
        ),
    ] {
        workplace
            .run(&format!("{SMALL} --epochs 1 {options}"))
            .assert_refused(&naming);
        assert!(!workplace.path("runs").exists(), "{options}");
    }
    let other = "eval --run runs/none --backend remote";
    workplace
        .run(other)
        .assert_refused(&["backend remote is for training"]);
    let log = worker_log(&workplace);
    assert!(log.contains("Rejected"), "{log}");
    // None of this has hurt the worker.
    workplace.train(&format!("--epochs 1 {}", worker.options()));
}

#[test]
fn a_worker_needs_a_token_and_an_address_of_its_own() {
    let workplace = workplace();
    let worker = Worker::start(&workplace);
    let taken = worker.url.replace("ws://", "");
    write_secret(&workplace, "short", "x");
    for (options, naming) in [
        ("", vec!["--token-file", "openssl rand"]),
        ("--token-file none", vec!["none", "openssl rand"]),
        ("--token-file short", vec!["short", "openssl rand"]),
        (
            &format!("--token-file token --listen {taken}"),
            vec![&taken, "--listen"],
        ),
        (
            "--token-file token --listen somewhere",
            vec!["ADDRESS:PORT"],
        ),
        (
            "--token-file token --backend remote",
            vec!["backend remote is for training"],
        ),
    ] {
        // It would serve on if it were not refused.
        let refused = start(&workplace, &format!("worker {options}")).end();
        refused.assert_refused(&naming);
    }
}

/// On other addresses than this machine's, it warns; so it does of a token that others can read.
#[test]
fn a_worker_listens_to_this_machine_alone_unless_told_otherwise() {
    let workplace = workplace();
    let log = || worker_log(&workplace);
    let here = Worker::start(&workplace);
    assert!(here.url.starts_with("ws://127.0.0.1:"), "{}", here.url);
    assert_eq!(log(), "");
    let everywhere = Worker::listen(&workplace, "0.0.0.0:0");
    assert!(log().contains("not encrypted"), "{}", log());
    drop(everywhere);
    let port_alone = Worker::listen(&workplace, "0");
    assert!(port_alone.url.contains("127.0.0.1"), "{}", port_alone.url);
    let all_may_read = Permissions::from_mode(0o644);
    fs::set_permissions(workplace.path("token"), all_may_read).expect("it is ours");
    let careless = Worker::start(&workplace);
    assert!(log().contains("chmod 600 token"), "{}", log());
    drop(careless);
}
