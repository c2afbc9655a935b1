//! What hangs, overflows the stack or takes memory: each in a process of its own, in which the test starts
//! itself again.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use burn::tensor::Distribution;

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
        let leaf =
            || Tensor::<2>::random([1500, 1500], Distribution::Default, &device).require_grad();
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
    assert!(
        !lines.iter().any(|line| line.contains("both ended")),
        "{lines:?}"
    );
}

/// The stack of a thread, unless its maker asks for more.
const STACK: usize = 2 << 20;

/// Runs work on a thread with such a stack.
fn on_thread(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    thread
        .expect("a thread starts")
        .join()
        .expect("the work ends");
}

/// A leaf, and the end of a chain of operations on it.
fn chain(device: &Device, length: usize) -> (Tensor<1>, Tensor<1>) {
    let x = Tensor::<1>::ones([1], device).require_grad();
    let end = (0..length).fold(x.clone(), |y, _| y.sin());
    (x, end)
}

fn assert_overflows(run: Option<(End, Vec<String>)>) {
    let Some((end, lines)) = run else { return };
    assert!(
        lines.iter().any(|line| line.contains("forward pass done")),
        "{lines:?}"
    );
    assert!(
        matches!(end, End::Exit(status) if !status.success()),
        "{end:?}"
    );
    assert!(
        !lines.iter().any(|line| line.contains("backward pass done")),
        "{lines:?}"
    );
}

/// `unavailable_propagation` calls itself for each parent. The chain is not even part of what is differentiated.
#[test]
fn a_long_chain_next_to_a_pass_overflows_the_stack() {
    let test = "processes::a_long_chain_next_to_a_pass_overflows_the_stack";
    assert_overflows(in_process(test, Duration::from_secs(60), || {
        on_thread(|| {
            let (x, end) = chain(&flex().autodiff(), 40_000);
            println!("forward pass done");
            (x * 2.0).sum().backward();
            println!("backward pass done");
            drop(end);
        });
    }));
}

/// `update_n_required_of_parents` calls itself for each parent that is to be recomputed.
#[test]
fn a_long_chain_under_checkpointing_overflows_the_stack() {
    let test = "processes::a_long_chain_under_checkpointing_overflows_the_stack";
    assert_overflows(in_process(test, Duration::from_secs(60), || {
        on_thread(|| {
            let (_, end) = chain(&flex().autodiff().gradient_checkpointing(), 40_000);
            println!("forward pass done");
            end.backward();
            println!("backward pass done");
        });
    }));
}

/// The memory of this process in MiB.
#[cfg(target_os = "linux")]
fn memory() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux tells");
    let resident = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    resident.expect("the second number") * 4 / 1024
}

/// Each step makes a branch of 1 MiB from a leaf that lives on, drops it, and goes backward from another leaf.
/// Only a backward pass through the first leaf would free the branches.
#[cfg(target_os = "linux")]
#[test]
fn branches_that_nobody_differentiates_are_kept() {
    let test = "processes::branches_that_nobody_differentiates_are_kept";
    let run = in_process(test, Duration::from_secs(60), || {
        let device = flex().autodiff();
        let leaf = |length| Tensor::<1>::ones([length], &device).require_grad();
        let (long, short) = (leaf(1 << 18), leaf(1));
        let step = || {
            // The sine keeps its input for the backward pass.
            drop(long.clone().exp().sin());
            (short.clone() * 3.0).sum().backward();
        };
        step();
        let before = memory();
        (0..200).for_each(|_| step());
        println!("grown by {} MiB", memory() - before);
    });
    let Some((end, lines)) = run else { return };
    assert!(
        matches!(end, End::Exit(status) if status.success()),
        "{end:?}"
    );
    let number = |line: &String| {
        line.split_once("grown by ")?
            .1
            .split(' ')
            .next()?
            .parse::<u64>()
            .ok()
    };
    let grown = lines.iter().find_map(number).expect("the process tells");
    assert!(grown > 150, "right is next to nothing, got {grown} MiB");
}
