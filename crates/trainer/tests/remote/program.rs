//! A worker, and a run in the background.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Finished, Workplace, names_in};

/// No worker may be lost for longer than this before a run ends.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A secret that is long enough.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A folder with a token in the file `token`.
pub(crate) fn workplace() -> Workplace {
    let workplace = Workplace::new();
    write_secret(&workplace, "token", SECRET);
    workplace
}

/// Writes a file that only its owner reads.
pub(crate) fn write_secret(workplace: &Workplace, name: &str, secret: &str) {
    use std::os::unix::fs::PermissionsExt;

    let path = workplace.path(name);
    fs::write(&path, secret).expect("a file can be made");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

/// What the worker that was started last has said of its affairs.
pub(crate) fn worker_log(workplace: &Workplace) -> String {
    fs::read_to_string(workplace.path("worker.log")).expect("it is there")
}

/// A command as a run prints it, for a shell.
pub(crate) fn shell(workplace: &Workplace, command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(workplace.path(""))
        .stdin(Stdio::null());
    shell
}

/// A `trainer worker`, killed in the end.
pub(crate) struct Worker {
    process: Child,
    /// `ws://127.0.0.1:PORT`.
    pub(crate) url: String,
}

impl Worker {
    /// On a free port.
    pub(crate) fn start(workplace: &Workplace) -> Self {
        Self::listen(workplace, "127.0.0.1:0")
    }

    /// At an address of this machine, on flex.
    #[track_caller]
    pub(crate) fn listen(workplace: &Workplace, address: &str) -> Self {
        Self::of(workplace, Self::command(workplace, address))
    }

    /// The command of a worker at an address, on flex.
    pub(crate) fn command(workplace: &Workplace, address: &str) -> Command {
        let arguments = format!("worker --backend flex --token-file token --listen {address}");
        workplace.command(&arguments)
    }

    /// By a command.
    #[track_caller]
    pub(crate) fn of(workplace: &Workplace, mut command: Command) -> Self {
        let log = File::create(workplace.path("worker.log")).expect("a file can be made");
        let started = command.stdout(Stdio::piped()).stderr(log).spawn();
        let mut process = started.expect("the program starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        let read = BufReader::new(stdout).read_line(&mut line);
        read.expect("the worker prints a line");
        let log = worker_log(workplace);
        let (_, url) = line
            .trim_end()
            .rsplit_once(" at ")
            .unwrap_or_else(|| panic!("{line}{log}"));
        Self {
            process,
            url: url.to_owned(),
        }
    }

    /// Another one at the same address, after this one is killed.
    pub(crate) fn replace(self, workplace: &Workplace) -> Self {
        let address = self.url.replace("ws://", "");
        drop(self);
        Self::listen(workplace, &address)
    }

    /// Options of a run on this worker.
    pub(crate) fn options(&self) -> String {
        format!("--backend remote --url {} --token-file token", self.url)
    }

    pub(crate) fn signal(&self, signal: &str) {
        send(signal, self.process.id());
    }

    /// Waits for its end, and gives its exit code.
    #[track_caller]
    pub(crate) fn end(mut self) -> Option<i32> {
        wait_for(&mut self.process, SOON).unwrap_or_else(|| panic!("it serves on after {SOON:?}"))
    }
}

/// The exit code of a process that ends in time.
fn wait_for(process: &mut Child, limit: Duration) -> Option<Option<i32>> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Some(status) = process.try_wait().expect("it can be waited for") {
            return Some(status.code());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without effect if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn send(signal: &str, process: u32) {
    let kill = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(kill.expect("kill starts").success());
}

/// A run in the background; what it prints goes to files.
pub(crate) struct Running<'a> {
    process: Child,
    workplace: &'a Workplace,
}

impl<'a> Running<'a> {
    pub(crate) fn start(workplace: &'a Workplace, arguments: &str) -> Self {
        Self::of(workplace, workplace.command(arguments))
    }

    /// By a command.
    pub(crate) fn of(workplace: &'a Workplace, mut command: Command) -> Self {
        let file = |name| File::create(workplace.path(name)).expect("a file can be made");
        command
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"));
        Self {
            process: command.spawn().expect("the program starts"),
            workplace,
        }
    }

    /// Waits for a checkpoint of a run; each is there for a moment only.
    #[track_caller]
    pub(crate) fn wait_for_a_checkpoint(&mut self, run: &str) {
        let folder = self.workplace.path("runs").join(run).join("checkpoints");
        let started = Instant::now();
        let is_one = |name: &String| name.ends_with(".ckpt");
        while !names_in(&folder).iter().any(is_one) {
            let is_over = self.process.try_wait().expect("it can be waited for");
            let is_late = started.elapsed() > 2 * SOON;
            assert!(!is_late && is_over.is_none(), "{}", self.printed("stderr"));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        send(signal, self.process.id());
    }

    fn printed(&self, name: &str) -> String {
        fs::read_to_string(self.workplace.path(name)).expect("the file is there")
    }

    /// Waits for the end, which comes soon; gives what it printed and its exit code.
    #[track_caller]
    pub(crate) fn end(self) -> Finished {
        self.end_within(SOON)
    }

    /// As [`end`](Self::end), for a run that takes its time.
    #[track_caller]
    pub(crate) fn end_within(mut self, limit: Duration) -> Finished {
        let code = wait_for(&mut self.process, limit);
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| self.printed(name));
        Finished {
            code: code.unwrap_or_else(|| panic!("after {limit:?}: {stderr}")),
            stdout,
            stderr,
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Without effect if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
