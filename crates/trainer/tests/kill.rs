//! A trainer killed at random moments, again and again: no run is lost, none ends with other numbers.
//!
//! The environment variable `KILLS` sets the number; `cargo xtask kill-test --kills 200` sets it.
#![cfg(unix)]

#[expect(dead_code, reason = "the other tests use the rest")]
mod common;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Workplace, lasting, metrics, names_in, weights};

/// Default number of kills.
const KILLS: usize = 6;

const SIGKILL: i32 = 9;

/// The options of the runs, in turn.
const RUNS: [&str; 5] = [
    "--data-dir data --hidden 12,8 --batch-size 4 --epochs 60 --backend ndarray --optimizer adam",
    "--data-dir data --hidden 12,8 --batch-size 4 --epochs 60 --backend flex --engine manual \
     --schedule cosine --warm-up 2 --clip-norm 0.5",
    "--model xor-net --epochs 1500 --log-every 50 --checkpoint-every 25 --backend flex",
    "--data-dir data --hidden 6 --batch-size 2 --epochs 40 --backend flex --early-stop 30 \
     --keep-checkpoints 1",
    "--model xor-net --epochs 1500 --log-every 50 --checkpoint-every 25 --backend ndarray \
     --engine manual --optimizer adam",
];

/// Numbers that are as good as random here (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    /// From 0 to below 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Its history.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// Kills before the run folder was complete.
    before_the_run: usize,
    /// ... and how many before its first checkpoint.
    before_a_checkpoint: usize,
    /// Runs that ended and were compared.
    runs: usize,
    /// Unfinished files found after a kill.
    unfinished_files: usize,
}

/// Kills a copy of the program until the wanted number is reached.
struct Killer {
    program: PathBuf,
    wanted: usize,
    random: Random,
    tally: Tally,
}

#[test]
fn no_kill_loses_a_run_or_changes_its_numbers() {
    // A copy, so that it is the same program from the first kill to the last.
    let folder = tempfile::tempdir().expect("a folder can be made");
    let program = folder.path().join("trainer");
    fs::copy(env!("CARGO_BIN_EXE_trainer"), &program).expect("the program can be copied");
    let mut killer = Killer {
        program,
        wanted: std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().expect("a number")),
        random: Random(0x9e37_79b9_7f4a_7c15),
        tally: Tally::default(),
    };
    let begun = Instant::now();
    let mut runs: Vec<(Workplace, Duration)> = Vec::new();
    while killer.tally.kills < killer.wanted {
        let turn = killer.tally.runs % RUNS.len();
        if turn == runs.len() {
            runs.push(killer.run_straight(RUNS[turn]));
        }
        let (workplace, time) = &runs[turn];
        let name = format!("killed-{}", killer.tally.runs);
        killer.bring_to_its_end(workplace, RUNS[turn], &name, *time);
        let run_folder = workplace.path("runs").join(&name);
        let straight = workplace.path("runs/straight");
        let [one, other] = [&run_folder, &straight].map(|run| lasting(metrics(run)));
        assert_eq!(one, other, "{name}");
        assert!(
            weights(&run_folder) == weights(&straight),
            "{name}: other weights"
        );
        killer.tally.runs += 1;
    }
    println!(
        "{:?} in {:.0} s",
        killer.tally,
        begun.elapsed().as_secs_f64()
    );
}

impl Killer {
    fn start(&self, workplace: &Workplace, arguments: &str) -> Child {
        Command::new(&self.program)
            .args(arguments.split_whitespace())
            .current_dir(workplace.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// The run without kills, and its duration.
    fn run_straight(&self, options: &str) -> (Workplace, Duration) {
        let workplace = Workplace::new();
        let started = Instant::now();
        let program = self.start(&workplace, &format!("{options} --run-name straight"));
        let output = program.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{options}");
        (workplace, started.elapsed())
    }

    /// Starts a run that takes about this long, and resumes it until it ends without a kill.
    fn bring_to_its_end(
        &mut self,
        workplace: &Workplace,
        options: &str,
        name: &str,
        time: Duration,
    ) {
        let run_folder = workplace.path("runs").join(name);
        loop {
            let arguments = if run_folder.join("config.json").is_file() {
                format!("--resume runs/{name}")
            } else {
                // Killed before it was a run: there is nothing that could be lost.
                if run_folder.exists() {
                    fs::remove_dir_all(&run_folder).expect("the folder can be removed");
                }
                format!("{options} --run-name {name}")
            };
            let mut program = self.start(workplace, &arguments);
            if self.tally.kills < self.wanted {
                std::thread::sleep(time.mul_f64(self.random.next()));
                program.kill().expect("it can be killed");
            }
            let output = program.wait_with_output().expect("it ends");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(!stderr.contains("damaged"), "{name}: {stderr}");
            if output.status.signal() != Some(SIGKILL) {
                assert_eq!(output.status.code(), Some(0), "{name}: {stderr}");
                return;
            }
            self.count(&run_folder);
        }
    }

    /// Counts how far the run had come.
    fn count(&mut self, run_folder: &Path) {
        let tally = &mut self.tally;
        tally.kills += 1;
        let files = names_in(&run_folder.join("checkpoints"));
        tally.unfinished_files += files.iter().filter(|name| name.ends_with(".part")).count();
        if !run_folder.join("config.json").is_file() {
            tally.before_the_run += 1;
        } else if !files.iter().any(|name| name.ends_with(".ckpt")) {
            tally.before_a_checkpoint += 1;
        }
    }
}
