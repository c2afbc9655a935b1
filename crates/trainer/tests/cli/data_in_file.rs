//! Training images that stay in their file, from outside.

use std::fs::{self, File};
use std::process::Command;

use crate::common::{Finished, SMALL, Workplace, assert_same, has_checkpoint};
#[cfg(unix)]
use crate::resume::wait_until;
use crate::strokes::write_class_folders;

const IMAGES: &str = "data/train-images-idx3-ubyte";

#[test]
fn a_run_is_the_same_and_its_folder_too() {
    let workplace = Workplace::new();
    for (name, rest) in [
        ("fused", "--engine fused --augment both --epochs 2"),
        (
            "regression",
            "--model linear-regression --batch-size 20 --epochs 2",
        ),
    ] {
        let small = if name == "fused" {
            SMALL
        } else {
            "--data-dir data"
        };
        let options = format!("{small} --backend flex --seed 3 --schedule constant {rest}");
        workplace.events(&format!("{options} --run-name {name}-kept"));
        let finished = workplace.run(&format!("{options} --run-name {name} --data-in-file"));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert!(
            finished
                .stderr
                .contains("120 training images stay in their file")
        );
        assert_same(&workplace, &format!("{name}-kept"), name);
        // What was trained with is evaluated as any other, and goes on as it began.
        let eval = workplace.run(&format!("eval --run runs/{name} --data-dir data"));
        assert_eq!(eval.code, Some(0), "{}", eval.stderr);
        let longer = |run: &str| workplace.run(&format!("--resume runs/{run} --epochs 3"));
        let [kept, read] = [format!("{name}-kept"), name.to_owned()].map(|run| longer(&run));
        assert_eq!(
            (kept.code, read.code),
            (Some(0), Some(0)),
            "{}",
            read.stderr
        );
        assert!(
            read.stderr.contains("stay in their file"),
            "{}",
            read.stderr
        );
        assert_same(&workplace, &format!("{name}-kept"), name);
    }
    // A run that began in memory goes on from the file.
    let finished = workplace.run("--resume runs/fused-kept --epochs 4 --data-in-file");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
}

/// 400 000 images, 314 MB: a file of zeros that takes no place on the disk.
#[cfg(target_os = "linux")]
#[test]
fn a_file_larger_than_the_memory_of_the_run_is_trained_on() {
    let workplace = Workplace::new();
    let images = 400_000_u32;
    fs::create_dir(workplace.path("large")).expect("a folder can be made");
    let header = |sizes: &[u32]| {
        let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
        [0, 0, 8, sizes.clone().count() as u8 / 4]
            .into_iter()
            .chain(sizes)
            .collect::<Vec<_>>()
    };
    for (set, count) in [("train", images), ("t10k", 100)] {
        let path = |kind| workplace.path(&format!("large/{set}-{kind}-ubyte"));
        let pixels = path("images-idx3");
        fs::write(&pixels, header(&[count, 28, 28])).expect("a file can be made");
        let file = File::options().write(true).open(&pixels);
        let file = file.expect("it is ours");
        file.set_len(16 + 784 * u64::from(count))
            .expect("it can be made longer");
        let labels = (0..count).map(|index| (index % 10) as u8).collect();
        let labels = [header(&[count]), labels].concat();
        fs::write(path("labels-idx1"), labels).expect("a file can be made");
    }
    let mut program = workplace.command(
        "--data-dir large --data-in-file --backend flex --engine fused --hidden 4 --epochs 1 --batch-size 512 \
         --format json",
    );
    let mut program = program.spawn().expect("the program starts");
    let status = format!("/proc/{}/status", program.id());
    let mut peak = 0_u64;
    while program.try_wait().expect("a child").is_none() {
        let status = fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        peak = kilobytes.unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let finished = Finished::from(program.wait_with_output().expect("it has ended"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert_eq!(finished.events()[0]["training_rows"], 366_667);
    assert!((1_000..200_000).contains(&peak), "{peak} KiB");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_cut_off_ends_the_run_which_then_goes_on_with_the_whole_one() {
    let workplace = Workplace::new();
    let options = "--data-dir data --hidden 12,8 --batch-size 1 --backend flex --engine fused";
    let straight = format!("{options} --epochs 400 --run-name straight");
    workplace.events(&straight);

    let mut program = workplace.command(&format!(
        "{options} --data-in-file --epochs 400 --run-name cut --checkpoint-every 1"
    ));
    let mut program = program.spawn().expect("the program starts");
    let run_folder = workplace.path("runs/cut");
    wait_until(&mut program, || has_checkpoint(&run_folder));
    let whole = fs::read(workplace.path(IMAGES)).expect("it is there");
    let file = File::options().write(true).open(workplace.path(IMAGES));
    let file = file.expect("it is ours");
    file.set_len(1000).expect("it can be made shorter");
    let finished = Finished::from(program.wait_with_output().expect("it ends"));
    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    let line =
        "error: data/train-images-idx3-ubyte: expected 3616 bytes, as at the start, got 1000";
    assert!(finished.stderr.contains(line), "{}", finished.stderr);
    assert!(has_checkpoint(&run_folder));

    // The file is as short at the next start.
    let finished = workplace.run("--resume runs/cut");
    finished.assert_refused(&["data/train-images", "3600", "984"]);
    fs::write(workplace.path(IMAGES), whole).expect("it can be written");
    workplace.events("--resume runs/cut");
    assert_same(&workplace, "straight", "cut");
}

#[test]
fn images_that_cannot_stay_in_a_file_are_refused() {
    let workplace = Workplace::new();
    let run = |rest: &str| workplace.run(&format!("{rest} --data-in-file"));
    run("--model xor-net").assert_refused(&["--data-in-file", "truth table"]);
    run("--preset fast").assert_refused(&["train-images-idx3-ubyte.gz", "gunzip"]);
    write_class_folders(&workplace.path("own"), 3);
    run("--data-dir own").assert_refused(&["own", "IDX", "--data-in-file"]);
    run("--data-dir none").assert_refused(&["none"]);
    // Only the file of the images is not compressed; that of the labels may be.
    let gzip = Command::new("gzip")
        .arg(workplace.path("data/train-labels-idx1-ubyte"))
        .status();
    assert!(gzip.expect("gzip is installed").success());
    let finished = run(&format!("{SMALL} --dry-run"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    for name in ["images-idx3", "labels-idx1"] {
        let path = workplace.path(&format!("data/t10k-{name}-ubyte"));
        fs::remove_file(path).expect("it is there");
    }
    run(SMALL).assert_refused(&["data", "expected a test set"]);
    assert!(!workplace.path("runs").exists(), "a run folder was made");
}
