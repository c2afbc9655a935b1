//! Ranks whose data stay in their file.

use std::fs::{self, File};
use std::process::Command;

use crate::background::Running;
use crate::common::{Finished, Workplace, assert_same, copy_folder, has_checkpoint};
use crate::program::{WIDE, alone, mpirun, on_ranks, run};

/// The one line that says why the ranks ended; what `mpirun` adds does not count.
#[track_caller]
fn the_error(finished: &Finished) -> String {
    let stderr = &finished.stderr;
    let errors = stderr.lines().filter(|line| line.starts_with("error: "));
    let errors = errors.collect::<Vec<_>>();
    assert_eq!(errors.len(), 1, "{stderr}");
    errors[0].to_owned()
}

#[test]
fn ranks_that_read_their_rows_train_the_same_run() {
    let _alone = alone();
    let workplace = Workplace::new();
    for engine in ["manual", "fused"] {
        let options = format!("{WIDE} --backend flex --engine {engine} --epochs 2 --quiet");
        let [kept, read] = ["kept", "read"].map(|name| format!("{engine}-{name}"));
        for (name, rest) in [(&kept, ""), (&read, "--data-in-file")] {
            let finished = run(
                &workplace,
                3,
                &format!("{options} {rest} --run-name {name}"),
            );
            assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        }
        assert_same(&workplace, &kept, &read);
    }
}

/// Rank 0 waits for the one whose data are elsewhere, and does not call it lost.
#[test]
fn an_error_of_one_rank_alone_is_said_once() {
    let _alone = alone();
    let workplace = Workplace::new();
    copy_folder(&workplace.path("data"), &workplace.path("there"));
    let options = "--hidden 150,100 --batch-size 2 --backend flex --engine fused --data-in-file --epochs 100000 \
                   --run-name cut --threads 1";
    let program = env!("CARGO_BIN_EXE_trainer");
    let mut command = mpirun(Command::new("mpirun"));
    command
        .args(["-n", "1", program, "--data-dir", "data"])
        .args(options.split_whitespace())
        .args([":", "-n", "1", program, "--data-dir", "there"])
        .args(options.split_whitespace());
    let mut running = Running::start(&workplace, command);
    running.wait_for_a_checkpoint("cut");
    let file = File::options()
        .write(true)
        .open(workplace.path("there/train-images-idx3-ubyte"));
    file.and_then(|file| file.set_len(1000))
        .expect("it is ours");
    let error = the_error(&running.end());
    assert!(
        error.starts_with("error: rank 1: there/train-images"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_cut_off_ends_all_ranks_with_one_line() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden 150,100 --batch-size 2 --backend flex --engine fused --data-in-file";
    let mut running = Running::start(
        &workplace,
        on_ranks(
            &workplace,
            2,
            &format!("{options} --epochs 1000 --run-name cut"),
        ),
    );
    running.wait_for_a_checkpoint("cut");
    let images = workplace.path("data/train-images-idx3-ubyte");
    let whole = fs::read(&images).expect("it is there");
    let file = File::options().write(true).open(&images);
    file.and_then(|file| file.set_len(1000))
        .expect("it is ours");
    let error = the_error(&running.end());
    assert!(error.contains("got 1000"), "{error}");
    assert!(has_checkpoint(&workplace.path("runs/cut")));

    fs::write(&images, whole).expect("it can be written");
    let finished = run(&workplace, 2, "--resume runs/cut --quiet");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}
