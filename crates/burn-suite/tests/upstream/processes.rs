//! What hangs, overflows the stack or takes memory: each in a process of its own, in which the test starts
//! itself again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// Set in the process of its own.
const INSIDE: &str = "BURN_SUITE_INSIDE";

/// How a process ended.
#[derive(Debug)]
enum End {
    /// By itself.
    Exit(ExitStatus),
    /// It was killed, because it did nothing for so long.
    Hung,
}

/// Runs `inside` in a process of its own, where it is called by the test of this name. A process that neither
/// writes a line nor ends within `patience` hangs.
fn in_process(test: &str, patience: Duration, inside: impl FnOnce()) -> Option<(End, Vec<String>)> {
    if std::env::var_os(INSIDE).is_some() {
        inside();
        return None;
    }
    let program = std::env::current_exe().expect("the tests are a program");
    let mut child = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tests can be started again");
    let (send, lines) = channel();
    let output = child.stdout.take().expect("the output is piped");
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Fails only if nobody reads any more.
            let _ = send.send(line);
        }
    });
    let mut read = Vec::new();
    while let Ok(line) = lines.recv_timeout(patience) {
        read.push(line);
    }
    Some((end(&mut child), read))
}

/// Ends a process that is silent. One that has ended by itself closes its output a moment before.
fn end(child: &mut Child) -> End {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) {
        if let Some(status) = child.try_wait().expect("the process can be waited for") {
            return End::Exit(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("the process can be killed");
    child.wait().expect("the process can be waited for");
    End::Hung
}

/// Two threads share a leaf. One goes backward, which takes a while: it holds the leaf's graph, and needs the state
/// of all graphs at its end. The other multiplies the leaf by one of its own, which joins two graphs: it holds the
/// state of all graphs and needs the leaf's.
#[test]
fn threads_that_share_a_leaf_wait_for_each_other() {
    let test = "processes::threads_that_share_a_leaf_wait_for_each_other";
    let run = in_process(test, Duration::from_secs(20), || {
        let device = flex().autodiff();
        let leaf = || Tensor::<2>::random([1500, 1500], Distribution::Default, &device).require_grad();
        let (shared, own) = (leaf(), leaf());
        let copy = shared.clone();
        let (send, forward) = channel();
        let slow = thread::spawn(move || {
            let product = copy.clone().matmul(copy.clone()).matmul(copy);
            send.send(()).expect("the other thread waits");
            product.sum().backward()
        });
        forward.recv().expect("the forward pass ends");
        thread::sleep(Duration::from_millis(20));
        (shared * own).sum().backward();
        drop(slow.join());
        println!("both ended");
    });
    let Some((end, lines)) = run else { return };
    assert!(matches!(end, End::Hung), "{end:?}");
    assert!(!lines.iter().any(|line| line.contains("both ended")), "{lines:?}");
}
