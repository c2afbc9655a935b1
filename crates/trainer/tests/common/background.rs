//! A run in the background.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Finished, Workplace, names_in};

/// Nothing that a run needs may be lost for longer than this before the run ends.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A run in the background; what it prints goes to files.
pub(crate) struct Running<'a> {
    process: Child,
    workplace: &'a Workplace,
}

impl<'a> Running<'a> {
    pub(crate) fn start(workplace: &'a Workplace, mut command: Command) -> Self {
        let file = |name| File::create(workplace.path(name)).expect("a file can be made");
        command
            .current_dir(workplace.path(""))
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"));
        Self {
            process: command.spawn().expect("the program starts"),
            workplace,
        }
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> Finished {
        let text = |name| fs::read(self.workplace.path(name)).expect("the file is there");
        let text = |name| String::from_utf8_lossy(&text(name)).into_owned();
        Finished {
            code: None,
            stdout: text("stdout"),
            stderr: text("stderr"),
        }
    }

    /// Waits until something has happened, which the run must last for.
    #[track_caller]
    pub(crate) fn wait_until(&mut self, has_happened: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !has_happened(self) {
            let is_over = self.process.try_wait().expect("it can be waited for");
            let is_late = started.elapsed() > 2 * SOON;
            // It may have happened just before the end.
            let is_lost = is_late || is_over.is_some() && !has_happened(self);
            assert!(!is_lost, "{is_over:?}: {}", self.printed().stderr);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for a checkpoint of a run; each is there for a moment only.
    #[track_caller]
    pub(crate) fn wait_for_a_checkpoint(&mut self, run: &str) {
        let folder = self.workplace.path("runs").join(run).join("checkpoints");
        let is_one = |name: &String| name.ends_with(".ckpt");
        self.wait_until(|_| names_in(&folder).iter().any(is_one));
    }

    /// Waits until it prints something.
    #[track_caller]
    pub(crate) fn wait_for_output(&mut self) {
        self.wait_until(|running| !running.printed().stdout.is_empty());
    }

    /// Sends it a signal.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        assert!(send(signal, self.process.id()), "it has ended");
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
        let printed = self.printed();
        Finished {
            code: code.unwrap_or_else(|| panic!("after {limit:?}: {}", printed.stderr)),
            ..printed
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

/// The exit code of a process that ends in time.
pub(crate) fn wait_for(process: &mut Child, limit: Duration) -> Option<Option<i32>> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Some(status) = process.try_wait().expect("it can be waited for") {
            return Some(status.code());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// Sends a signal to a process, if it still runs.
pub(crate) fn send(signal: &str, process: u32) -> bool {
    let kill = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    kill.expect("kill starts").success()
}
