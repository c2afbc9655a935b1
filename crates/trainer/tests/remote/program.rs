//! A worker.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::background::{Running, SOON, send, wait_for};
use crate::common::Workplace;

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

/// The program in the background, with arguments separated by spaces.
pub(crate) fn start<'a>(workplace: &'a Workplace, arguments: &str) -> Running<'a> {
    Running::start(workplace, workplace.command(arguments))
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

    /// On a free port, on a backend.
    #[track_caller]
    pub(crate) fn on(workplace: &Workplace, backend: &str) -> Self {
        let command = Self::command_on(workplace, backend, "127.0.0.1:0");
        Self::of(workplace, command)
    }

    /// The command of a worker at an address, on flex.
    pub(crate) fn command(workplace: &Workplace, address: &str) -> Command {
        Self::command_on(workplace, "flex", address)
    }

    fn command_on(workplace: &Workplace, backend: &str, address: &str) -> Command {
        workplace.command(&format!(
            "worker --backend {backend} --token-file token --listen {address}"
        ))
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
        assert!(send(signal, self.process.id()), "it has ended");
    }

    /// Waits for its end, and gives its exit code. A graphics adapter may have work left, on a busy machine for a while.
    #[track_caller]
    pub(crate) fn end(mut self) -> Option<i32> {
        let limit = 4 * SOON;
        wait_for(&mut self.process, limit).unwrap_or_else(|| panic!("it serves on after {limit:?}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Without effect if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
