//! The program on several ranks.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::common::{Finished, Workplace};

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

/// The process of a rank of the run in this folder, while it lasts.
pub(crate) fn process_of(workplace: &Workplace, rank: usize) -> Option<u32> {
    let folder = workplace.path("");
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
