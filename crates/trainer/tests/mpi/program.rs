//! The program on several ranks.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::common::{Finished, Workplace, names_in};

/// No rank and no link may be lost for longer than this before a run ends.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Options of a run whose net has so many weights that the ranks of the fused engine divide the update.
pub(crate) const WIDE: &str = "--data-dir data --hidden 150,100 --batch-size 16";

/// One run at a time: each has as many processes as there are cores, or more.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static RUNS: Mutex<()> = Mutex::new(());
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Variables that let every user start `mpirun`, if they are 1.
pub(crate) const ANY_USER: [&str; 2] = ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"];

/// `mpirun`, for any user and any number of ranks.
pub(crate) fn mpirun(mut command: Command) -> Command {
    command
        .envs(ANY_USER.map(|name| (name, "1")))
        .args(["--oversubscribe", "--bind-to", "none"]);
    command
}

/// The program on some ranks, with arguments separated by spaces.
pub(crate) fn on_ranks(workplace: &Workplace, ranks: usize, arguments: &str) -> Command {
    let mut command = mpirun(Command::new("mpirun"));
    command
        .args(["-n", &ranks.to_string()])
        .arg(env!("CARGO_BIN_EXE_trainer"))
        .args(arguments.split_whitespace())
        .current_dir(workplace.path(""))
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(workplace: &Workplace, ranks: usize, arguments: &str) -> Finished {
    let output = on_ranks(workplace, ranks, arguments).output();
    Finished::from(output.expect("mpirun is installed"))
}

/// A run in the background; what it prints goes to files.
pub(crate) struct Running<'a> {
    pub(crate) mpirun: Child,
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
            mpirun: command.spawn().expect("mpirun is installed"),
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

    /// Waits for a checkpoint of a run; each is there for a moment only.
    #[track_caller]
    pub(crate) fn wait_for_a_checkpoint(&self, run: &str) {
        let folder = self.workplace.path("runs").join(run).join("checkpoints");
        let started = Instant::now();
        let is_one = |name: &String| name.ends_with(".ckpt");
        while !names_in(&folder).iter().any(is_one) {
            let is_late = started.elapsed() > 2 * SOON;
            assert!(!is_late, "{}: {}", folder.display(), self.printed().stderr);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until it prints something, or ends.
    #[track_caller]
    pub(crate) fn wait_for_output(&mut self) {
        let started = Instant::now();
        let is_over =
            |mpirun: &mut Child| mpirun.try_wait().expect("it can be waited for").is_some();
        while self.printed().stdout.is_empty() && !is_over(&mut self.mpirun) {
            let is_late = started.elapsed() > 2 * SOON;
            assert!(!is_late, "{}", self.printed().stderr);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The process of a rank of this run, while it lasts.
    pub(crate) fn process(&self, rank: usize) -> Option<u32> {
        let folder = self.workplace.path("");
        let folder = folder.canonicalize().expect("the folder is there");
        let variable = format!("OMPI_COMM_WORLD_RANK={rank}");
        let processes = fs::read_dir("/proc").expect("a list of processes");
        let mut ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let is_it = |id: &u32| {
            let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
            let variables = environment.split(|&byte| byte == 0);
            let program = fs::read_link(format!("/proc/{id}/exe"));
            let here = fs::read_link(format!("/proc/{id}/cwd"));
            program.is_ok_and(|program| program.ends_with("trainer"))
                && here.is_ok_and(|here| here == folder)
                && variables.into_iter().any(|v| v == variable.as_bytes())
        };
        ids.find(is_it)
    }

    /// Sends a signal to a process, if it still runs.
    pub(crate) fn signal(signal: &str, process: u32) -> bool {
        let kill = Command::new("kill")
            .args([signal, &process.to_string()])
            .status();
        kill.expect("kill starts").success()
    }

    /// Waits for the end, which comes soon; gives what it printed and its exit code.
    #[track_caller]
    pub(crate) fn end(self) -> Finished {
        self.end_within(SOON)
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end_within(mut self, limit: Duration) -> Finished {
        let started = Instant::now();
        loop {
            if let Some(status) = self.mpirun.try_wait().expect("it can be waited for") {
                let code = status.code();
                return Finished {
                    code,
                    ..self.printed()
                };
            }
            let is_late = started.elapsed() > limit;
            assert!(!is_late, "after {limit:?}: {}", self.printed().stderr);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // Without effect if it has ended.
        let _ = self.mpirun.kill();
        let _ = self.mpirun.wait();
    }
}
