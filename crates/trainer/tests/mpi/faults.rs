//! Ranks that cannot run, or are lost on the way.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::background::{Running, SOON, send};
use crate::common::{Finished, SMALL, Workplace, lasting, metrics, weights};
use crate::program::{ANY_USER, alone, mpirun, on_ranks, process_of, run};

/// Default number of killed ranks.
const KILLS: usize = 3;

/// Two ranks train two runs each; rank 1 has the second and the fourth.
const SWEEP: &str = "sweep --vary learning-rate=0.05,0.1 --seeds 2 --data-dir data --hidden 12 --batch-size 12 --backend flex \
                     --engine fused --run-name swept --threads 1 --quiet";

const PROGRAM: &str = env!("CARGO_BIN_EXE_trainer");

/// Runs two ranks, of which rank 1 is another program or has other options.
fn with_another_rank_1(workplace: &Workplace, program: &str, options: &str) -> Finished {
    let mut command = mpirun(Command::new("mpirun"));
    command
        .args(["-n", "1", PROGRAM])
        .args(SMALL.split_whitespace())
        .args([":", "-n", "1", program])
        .args(options.split_whitespace())
        .current_dir(workplace.path(""));
    Finished::from(command.output().expect("mpirun is installed"))
}

/// It could not run, and one line says why; what `mpirun` adds does not count.
#[track_caller]
fn assert_refused(finished: &Finished, naming: &[&str]) {
    let stderr = &finished.stderr;
    assert_eq!(finished.code, Some(2), "{stderr}");
    let complaints = stderr.lines().filter(|line| line.starts_with("error: "));
    let complaints = complaints.collect::<Vec<_>>();
    assert_eq!(complaints.len(), 1, "{stderr}");
    for name in naming {
        assert!(complaints[0].contains(name), "no {name:?} in: {stderr}");
    }
}

#[test]
fn what_cannot_run_is_said_once_and_leaves_no_folder() {
    let _alone = alone();
    let workplace = Workplace::new();
    for (options, naming) in [
        ("--batch-size 2", "3 ranks cannot share batches of 2 rows"),
        ("--minutes 1", "--epochs"),
        ("--hidden 0", "hidden"),
        ("--bogus", "--bogus"),
        ("--data-dir nowhere", "nowhere"),
        ("sweep --vary epochs=1 --data-dir data", "two or more"),
        (
            "sweep --vary average-every=2,3 --data-dir data",
            "--average-every is for a single run",
        ),
    ] {
        let data = if options.contains("--data-dir") {
            ""
        } else {
            "--data-dir data"
        };
        let finished = run(&workplace, 3, &format!("{options} {data} --quiet"));
        assert_refused(&finished, &[naming]);
        assert!(!workplace.path("runs").exists(), "{options}");
    }
    for command in ["inspect data", "lesson mnist"] {
        let finished = run(&workplace, 3, command);
        assert_refused(&finished, &["only train and sweep share their work"]);
    }
}

/// As `srun` starts the processes where PMIx is not chosen. Open MPI would end each with a page of its own.
#[test]
fn srun_without_pmix_is_refused() {
    let workplace = Workplace::new();
    for (rank, lines) in [("0", 1), ("1", 0)] {
        let mut command = workplace.command(SMALL);
        // Of a launcher that started the tests.
        let launchers = ["OMPI_", "PMIX_", "PMI_", "FLUX_"];
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy();
            if launchers.iter().any(|launcher| shown.starts_with(launcher)) {
                command.env_remove(&name);
            }
        }
        command.envs([("SLURM_STEP_NUM_TASKS", "2"), ("SLURM_PROCID", rank)]);
        let finished = Finished::from(command.output().expect("the program starts"));
        let stderr = &finished.stderr;
        assert_eq!(finished.code, Some(2), "{stderr}");
        assert_eq!(stderr.lines().count(), lines, "{stderr}");
        assert_eq!(stderr.contains("srun --mpi=pmix"), rank == "0", "{stderr}");
    }
    assert!(!workplace.path("runs").exists());
}

/// Two programs under one `mpirun`, with options of their own.
#[test]
fn ranks_with_another_program_other_options_or_data_are_refused() {
    let _alone = alone();
    let workplace = Workplace::new();
    // Two labels exchanged, and two pixels of the last test image.
    for (folder, file, [one, other]) in [
        ("train", "train-labels-idx1-ubyte", [8, 9]),
        (
            "test",
            "t10k-images-idx3-ubyte",
            [16 + 29 * 30, 16 + 29 * 30 + 29],
        ),
    ] {
        crate::common::copy_folder(&workplace.path("data"), &workplace.path(folder));
        let file = workplace.path(folder).join(file);
        let mut bytes = std::fs::read(&file).expect("a file of the data");
        assert_ne!(bytes[one], bytes[other]);
        bytes.swap(one, other);
        std::fs::write(&file, bytes).expect("the file can be written");
    }
    let on = |folder| SMALL.replace("--data-dir data", &format!("--data-dir {folder}"));
    let other = workplace.path("trainer");
    std::fs::copy(PROGRAM, &other).expect("there is room");
    let mut file = std::fs::OpenOptions::new();
    let mut file = file.append(true).open(&other).expect("it is ours");
    file.write_all(b" ").expect("there is room");
    drop(file);
    let other = other.to_str().expect("the path is Unicode");
    for (program_of_rank_1, of_rank_1, naming) in [
        (other, SMALL.to_owned(), "another build of the program than"),
        (
            PROGRAM,
            format!("{SMALL} --seed 5"),
            "other options (--seed) than rank 0",
        ),
        (
            PROGRAM,
            format!("sweep --vary epochs=1,2 {SMALL}"),
            "another command than",
        ),
        (PROGRAM, on("train"), "data set"),
        (PROGRAM, on("test"), "test set"),
    ] {
        let finished = with_another_rank_1(&workplace, program_of_rank_1, &of_rank_1);
        assert_refused(&finished, &["rank 1", naming]);
        assert!(!workplace.path("runs").exists());
    }
}

/// It has no chance to meet the others, which wait for it until mpirun asks them to end.
#[test]
fn an_option_that_one_rank_alone_refuses_ends_all_with_its_line() {
    let _alone = alone();
    let workplace = Workplace::new();
    for (of_rank_1, naming) in [("--hidden 0", "hidden"), ("--bogus", "--bogus")] {
        let finished = with_another_rank_1(&workplace, PROGRAM, &format!("{SMALL} {of_rank_1}"));
        assert_refused(&finished, &["rank 1: ", naming]);
        assert!(!workplace.path("runs").exists());
    }
}

/// A rank that is killed, and one that is stopped: the run ends soon, names the rank, and goes on.
#[test]
fn a_rank_that_is_lost_ends_the_run_which_goes_on() {
    let _alone = alone();
    for (signal, lost) in [("-KILL", 1), ("-STOP", 2)] {
        let workplace = Workplace::new();
        let options = "--data-dir data --hidden 12 --batch-size 12 --backend flex --engine manual \
                       --epochs 20000 --run-name lost --checkpoint-every 5 --threads 1 --quiet";
        let mut command = on_ranks(&workplace, 3, options);
        // Time to speak on a busy machine.
        command.env("OMPI_MCA_odls_base_sigkill_timeout", "5");
        let mut running = Running::start(&workplace, command);
        running.wait_for_a_checkpoint("lost");
        let rank = process_of(&workplace, lost).expect("it has just begun");
        assert!(send(signal, rank));
        let finished = running.end();
        let stderr = &finished.stderr;
        // The exit code is that of the rank that was killed, by mpirun's rule.
        let expected = if signal == "-KILL" { 137 } else { 2 };
        assert_eq!(finished.code, Some(expected), "{stderr}");
        let lines = stderr.lines().filter(|line| line.starts_with("error: "));
        let lines = lines.collect::<Vec<_>>();
        let &[line] = &*lines else {
            panic!("{stderr}");
        };
        let named = line.split(" of 3").next().expect("a beginning");
        assert!(named.contains(&lost.to_string()), "{stderr}");
        assert!(line.contains("--resume runs/lost"), "{stderr}");
        let mut resumed = Running::start(&workplace, on_ranks(&workplace, 2, "--resume runs/lost"));
        resumed.wait_for_a_checkpoint("lost");
        std::thread::sleep(Duration::from_secs(2));
        resumed.signal("-INT");
        let ended = resumed.end();
        assert!(
            ended.stdout.contains("resumes from"),
            "{}{}",
            ended.stdout,
            ended.stderr
        );
    }
}

/// Ctrl-C reaches `mpirun`, which passes it on; all ranks end after the same step, and the run goes on from it.
#[test]
fn ctrl_c_keeps_a_checkpoint_of_the_step() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden 150,100 --batch-size 12 --backend flex --engine fused \
                   --epochs 20000 --run-name stopped --threads 1 --quiet";
    let mut command = on_ranks(&workplace, 2, options);
    // Time for a slow disk.
    command.env("OMPI_MCA_odls_base_sigkill_timeout", "5");
    let mut running = Running::start(&workplace, command);
    running.wait_for_a_checkpoint("stopped");
    running.signal("-INT");
    let finished = running.end();
    let last = metrics(&workplace.path("runs/stopped"))
        .pop()
        .expect("a line");
    assert_eq!(last["reason"], "interrupted", "{}", finished.stderr);
}

/// It has all that ranks need, and its own number of them where the run says so.
#[test]
fn the_command_that_interrupted_ranks_print_finishes_the_run() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden 150,100 --batch-size 12 --backend flex --engine fused --epochs 20000 \
                   --schedule constant --average-every 5 --threads 1 --log-every 5000 --run-name stopped";
    let mut command = on_ranks(&workplace, 2, options);
    command.env("OMPI_MCA_odls_base_sigkill_timeout", "5");
    let mut running = Running::start(&workplace, command);
    running.wait_for_a_checkpoint("stopped");
    running.signal("-INT");
    let stopped = running.end();
    let folder = workplace.path("runs/stopped");
    let events = metrics(&folder);
    let last = events.last().expect("a line");
    assert_eq!(last["reason"], "interrupted", "{}", stopped.stderr);
    let command = last["resume"].as_str().expect("it can go on");
    let expected = "mpirun -n 2 --oversubscribe --bind-to none ";
    assert!(command.starts_with(expected), "{command}");
    assert!(stopped.stdout.contains(command), "{}", stopped.stdout);
    assert!(
        stopped.stdout.contains("fused on flex on 2 ranks: "),
        "{}",
        stopped.stdout
    );
    let epochs = last["epoch"].as_u64().expect("a number") + 2;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{command} --epochs {epochs}")])
        .envs(ANY_USER.map(|name| (name, "1")));
    let resumed = Running::start(&workplace, shell).end_within(10 * SOON);
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(
        resumed.stdout.contains(" on 2 ranks: "),
        "{}",
        resumed.stdout
    );

    let config = std::fs::read_to_string(folder.join("config.json")).expect("it is there");
    let config: Value = serde_json::from_str(&config).expect("it is JSON");
    assert_eq!(config["ranks"], 2);
    assert_eq!(config["launcher"][0], "mpirun");
    let listed = workplace.text("runs");
    assert!(listed.contains("ranks"), "{listed}");
    let csv = workplace.text("runs --format csv");
    let expected = format!(",fused,2,{epochs}/{epochs},");
    assert!(csv.contains(&expected), "{csv}");
}

/// The runs that have begun are kept, on every rank, and the page has them.
#[test]
fn ctrl_c_ends_a_sweep() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = format!("{SWEEP} --epochs 20000");
    let mut command = on_ranks(&workplace, 2, &options);
    command.env("OMPI_MCA_odls_base_sigkill_timeout", "5");
    let mut running = Running::start(&workplace, command);
    let runs = [
        "01-learning-rate-0.05-seed-0",
        "02-learning-rate-0.05-seed-1",
    ];
    let runs = runs.map(|run| format!("swept/{run}"));
    runs.iter()
        .for_each(|run| running.wait_for_a_checkpoint(run));
    running.signal("-INT");
    let finished = running.end();
    let stdout = &finished.stdout;
    assert!(
        stdout.contains("0 of 4 runs have finished. No row is complete."),
        "{stdout}"
    );
    let folder = workplace.path("runs");
    for run in runs {
        let last = metrics(&folder.join(run)).pop().expect("a line");
        assert_eq!(last["reason"], "interrupted", "{}", finished.stderr);
    }
    let page = std::fs::read_to_string(folder.join("swept/sweep.html"));
    let page = page.expect("the sweep has a page");
    assert!(
        page.contains("02-learning-rate-0.05-seed-1"),
        "{}",
        finished.stderr
    );
}

/// Rank 1 finds something else where one of its runs is to be kept. Rank 0, which would wait for
/// it, ends as well.
#[test]
fn an_error_on_one_rank_ends_a_sweep() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = format!("{SWEEP} --epochs 100");
    let mut running = Running::start(&workplace, on_ranks(&workplace, 2, &options));
    running.wait_for_a_checkpoint("swept/02-learning-rate-0.05-seed-1");
    let taken = workplace.path("runs/swept/04-learning-rate-0.1-seed-1");
    std::fs::write(&taken, "mine").expect("it is not there yet");
    // Two runs to their end.
    let finished = running.end_within(10 * SOON);
    assert_refused(&finished, &["rank 1", "04-learning-rate-0.1-seed-1"]);
}

/// One line names it. Rank 0 shows what has ended; without it, the page of its last run is there.
#[test]
fn a_rank_that_dies_ends_a_sweep() {
    let _alone = alone();
    for lost in [1, 0] {
        let workplace = Workplace::new();
        let options = SWEEP.replace("learning-rate=0.05,0.1", "epochs=1,20000");
        let mut command = on_ranks(&workplace, 2, &options);
        command.env("OMPI_MCA_odls_base_sigkill_timeout", "5");
        let mut running = Running::start(&workplace, command);
        for run in ["03-epochs-20000-seed-0", "04-epochs-20000-seed-1"] {
            running.wait_for_a_checkpoint(&format!("swept/{run}"));
        }
        let rank = process_of(&workplace, lost).expect("it has begun");
        assert!(send("-KILL", rank));
        let finished = running.end();
        let Finished { stdout, stderr, .. } = &finished;
        // By mpirun's rule, that of the rank that was killed.
        assert_eq!(finished.code, Some(137), "{stderr}");
        let errors = stderr.lines().filter(|line| line.starts_with("error: "));
        let expected = format!(
            "error: rank {lost} of 2 has not answered since all were asked to end, and may be lost; to go on with the \
             sweep, start it with --resume runs/swept"
        );
        assert_eq!(errors.collect::<Vec<_>>(), [&*expected], "{stderr}");
        let page = std::fs::read_to_string(workplace.path("runs/swept/sweep.html"));
        let page = page.expect("the sweep has a page");
        if lost == 1 {
            let of_both = "2 of 4 runs have finished. Best of the complete rows by validation loss";
            assert!(stdout.contains(of_both), "{stdout}");
            assert!(page.contains(of_both));
        } else {
            assert!(page.contains("01-epochs-1-seed-0"));
        }
    }
}

/// Ranks killed at random moments: no run is lost, none ends with other numbers.
#[test]
fn no_kill_loses_a_run_or_changes_its_numbers() {
    let _alone = alone();
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"));
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden 150,100 --batch-size 12 --backend flex --engine fused \
                   --epochs 300 --threads 1";
    let whole = run(&workplace, 2, &format!("{options} --run-name whole"));
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let mut random = 0x9e37_79b9_u64;
    let mut draw = |below: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (random >> 33) % below
    };
    let mut done = 0;
    let mut number = 0;
    while done < kills {
        number += 1;
        let name = format!("killed-{number}");
        let mut command = format!("{options} --run-name {name}");
        loop {
            let mut running = Running::start(&workplace, on_ranks(&workplace, 2, &command));
            running.wait_for_a_checkpoint(&name);
            // Not while MPI starts: mpirun itself may then wait for the rank that is gone.
            running.wait_for_output();
            std::thread::sleep(Duration::from_millis(draw(1500)));
            // It may be over by now.
            let rank = process_of(&workplace, draw(2) as usize);
            if let Some(rank) = rank.filter(|_| done < kills) {
                done += usize::from(send("-KILL", rank));
            }
            let finished = running.end_within(10 * SOON);
            if finished.code == Some(0) {
                break;
            }
            command = format!("--resume runs/{name} --threads 1");
        }
        let [whole, killed] = ["whole", &name].map(|name| workplace.path("runs").join(name));
        assert!(weights(&whole) == weights(&killed), "{name}");
        assert_eq!(lasting(metrics(&whole)), lasting(metrics(&killed)));
    }
}
