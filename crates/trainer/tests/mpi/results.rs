//! The results of several ranks are those of one process.

use std::process::Command;

use serde_json::Value;

use crate::common::{Finished, SMALL, Workplace, assert_same, lasting, metrics, names_in, weights};
use crate::program::{ANY_USER, WIDE, alone, run};

/// Options of a run on flex.
const RUN: &str = "--backend flex --epochs 2 --optimizer adam --quiet";

/// Gradients are added up in the order in which threads' are.
#[test]
fn ranks_of_one_thread_give_the_bits_of_threads() {
    let _alone = alone();
    let workplace = Workplace::new();
    for engine in ["autodiff", "manual"] {
        for ranks in [2, 4] {
            let options = format!("{SMALL} {RUN} --engine {engine}");
            let [one, many] = ["threads", "ranks"].map(|who| format!("{engine}-{ranks}-{who}"));
            let threads = workplace.run(&format!("{options} --threads {ranks} --run-name {one}"));
            assert_eq!(threads.code, Some(0), "{}", threads.stderr);
            let several = run(
                &workplace,
                ranks,
                &format!("{options} --threads 1 --run-name {many}"),
            );
            assert_eq!(several.code, Some(0), "{}", several.stderr);
            let [one, many] = [one, many].map(|name| workplace.path("runs").join(name));
            assert!(weights(&one) == weights(&many), "{engine}, {ranks} ranks");
            assert_eq!(lasting(metrics(&one)), lasting(metrics(&many)));
        }
    }
}

/// How far apart rounding may bring the weights of the 2-4-1 net of sigmoids in five steps of one batch of four rows.
///
/// With the unit roundoff `u = 2⁻²⁴`, the step length α = 0.01 and all weights within ±2:
///
/// ```text
/// gradient of a row    a chain of 40 roundings of numbers within ±2      error ≤ 80 u
/// of all rows          four of them, and 3 additions of numbers ≤ 1      error ≤ 323 u
/// a step               α times this, and the new weight is rounded       error ≤ 3.3 u + 2 u
/// two runs             both round                                        apart ≤ 10.6 u, new in each step
/// five steps           with ‖∂²L/∂w²‖ ≤ 10, each step makes it (1 + 10 α) times as much: 5 · 10.6 u · 1.1⁵ < 91 u
/// ```
const XOR_ROUNDING: f32 = 128.0 / (1 << 24) as f32;

/// Ranks that share an adapter, like those that have one each, take the steps of one process.
#[test]
fn ranks_compute_on_a_graphics_adapter() {
    let _alone = alone();
    let workplace = Workplace::new();
    if !workplace.has_adapter() {
        return;
    }
    let options = "--model xor-net --epochs 5 --optimizer sgd --quiet";
    let on_wgpu = format!("{options} --backend wgpu --learning-rate 0.01");
    let two = run(&workplace, 2, &format!("{on_wgpu} --run-name two"));
    assert_eq!(two.code, Some(0), "{}", two.stderr);
    let other = format!("{options} --backend flex --learning-rate 0.0101");
    for options in [
        format!("{on_wgpu} --device 0 --run-name one"),
        format!("{other} --run-name other"),
    ] {
        let one = workplace.run(&options);
        assert_eq!(one.code, Some(0), "{}", one.stderr);
    }
    let [one, two, other] = ["one", "two", "other"].map(|name| numbers(&workplace, name));
    let apart = |one: &[f32], other: &[f32]| {
        let apart = one
            .iter()
            .zip(other)
            .map(|(one, other)| (one - other).abs());
        apart.fold(0.0, f32::max)
    };
    assert!(apart(&one, &two) <= XOR_ROUNDING, "{}", apart(&one, &two));
    // Steps that are longer by a hundredth are told from rounding, which is no more on flex.
    assert!(
        apart(&one, &other) > XOR_ROUNDING,
        "{}",
        apart(&one, &other)
    );
}

#[test]
fn the_same_ranks_give_the_same_bits_and_one_run_folder() {
    let _alone = alone();
    let workplace = Workplace::new();
    for name in ["first", "second"] {
        let options =
            format!("{WIDE} {RUN} --engine fused --clip-norm 0.5 --augment both --dropout 0.2");
        let finished = run(&workplace, 3, &format!("{options} --run-name {name}"));
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert_eq!(finished.stdout.matches("test loss").count(), 1);
    }
    assert_same(&workplace, "first", "second");
    let runs = std::fs::read_dir(workplace.path("runs")).unwrap();
    assert_eq!(runs.count(), 2);
}

/// One process continues as one rank would, two as two.
#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = format!("{WIDE} --backend flex --engine fused --schedule constant --quiet");
    let begin = run(
        &workplace,
        4,
        &format!("{options} --epochs 1 --run-name moved"),
    );
    assert_eq!(begin.code, Some(0), "{}", begin.stderr);
    let resume = |epochs| format!("--resume runs/moved --epochs {epochs} --quiet");
    let two = run(&workplace, 2, &resume(2));
    assert_eq!(two.code, Some(0), "{}", two.stderr);
    let one = workplace.run(&resume(3));
    assert_eq!(one.code, Some(0), "{}", one.stderr);
    let whole = workplace.run(&format!("{options} --epochs 3 --run-name whole"));
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);

    let [moved, whole] = ["moved", "whole"].map(|name| numbers(&workplace, name));
    for (moved, whole) in moved.into_iter().zip(whole) {
        assert!((moved - whole).abs() < 1e-4, "{moved} {whole}");
    }
}

/// The parameters of a run.
fn numbers(workplace: &Workplace, run: &str) -> Vec<f32> {
    let (_, bytes) = weights(&workplace.path("runs").join(run));
    let numbers = bytes.as_chunks::<4>().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// For slow networks: the ranks meet once in ten steps.
#[test]
fn nets_are_averaged_after_some_steps() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = format!("{SMALL} --backend flex --engine fused --threads 1 --quiet --epochs 12");
    for every in [1, 10] {
        let name = format!("every-{every}");
        let options = format!("{options} --average-every {every} --run-name {name}");
        let finished = run(&workplace, 2, &options);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let last = metrics(&workplace.path("runs").join(&name)).pop().unwrap();
        let accuracy = last["test_accuracy"].as_f64().expect("a result");
        assert!(accuracy > 0.9, "{last}");
    }
    let alone = workplace.run(&format!("{SMALL} --average-every 3"));
    alone.assert_refused(&["--average-every is for several ranks"]);
}

/// Each rank trains runs of its own; they and what is said of them are those of one process.
#[test]
fn the_runs_of_a_sweep_are_shared_out() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = format!(
        "sweep --vary learning-rate=0.05,0.1 --seeds 3 {SMALL} --backend flex --engine fused --epochs 2 \
         --format json"
    );
    let sweeps = [1, 4].map(|ranks| {
        let finished = run(
            &workplace,
            ranks,
            &format!("{options} --run-name by-{ranks}"),
        );
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let (mut runs, mut rows): (Vec<_>, Vec<_>) = finished
            .events()
            .into_iter()
            .filter(|line| line["event"] != "sweep")
            .partition(|line| line["event"] == "sweep_run");
        assert_eq!((runs.len(), rows.len()), (6, 2));
        for row in &mut rows {
            row["train_seconds"].take();
        }
        // Rank 0 shows its own runs first.
        let seeds = runs.iter().map(|run| run["seed"].as_u64().expect("a seed"));
        let expected = if ranks == 1 {
            [0, 1, 2, 0, 1, 2]
        } else {
            [0, 1, 1, 2, 0, 2]
        };
        assert!(seeds.eq(expected), "{runs:?}");
        let folder = workplace.path("runs").join(format!("by-{ranks}"));
        runs.sort_by_key(|run| run["run_dir"].to_string());
        let nets = runs.iter_mut().map(|run| {
            let folder = run["run_dir"].take();
            weights(&workplace.path(folder.as_str().expect("a path")))
        });
        let nets = nets.collect::<Vec<_>>();
        (nets, runs, rows, names_in(&folder))
    });
    assert!(
        sweeps[0] == sweeps[1],
        "{:?}",
        sweeps.map(|(_, runs, rows, names)| (runs, rows, names))
    );
}

/// On another number of ranks: a run that was killed is finished, and one that had not begun is trained.
#[test]
fn a_sweep_goes_on_with_another_number_of_ranks() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = format!(
        "sweep --vary learning-rate=0.05,0.1 --seeds 2 {SMALL} --backend flex --engine fused --epochs 3 --run-name swept"
    );
    let whole = run(&workplace, 4, &options);
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let folder = workplace.path("runs/swept");
    let [killed, not_begun] = [
        "02-learning-rate-0.05-seed-1",
        "03-learning-rate-0.1-seed-0",
    ]
    .map(|name| folder.join(name));
    let nets = || [&killed, &not_begun].map(|run| weights(run));
    let before = nets();
    std::fs::remove_dir_all(&not_begun).expect("it is there");
    let file = killed.join("metrics.jsonl");
    let text = std::fs::read_to_string(&file).expect("its history");
    let (begun, _) = text.split_once("{\"event\":\"result\"").expect("a result");
    std::fs::write(&file, begun).expect("it is ours");
    let checkpoints = killed.join("checkpoints");
    let is_last = |name: &String| name.contains("epoch-000003");
    let last = names_in(&checkpoints)
        .into_iter()
        .filter(is_last)
        .collect::<Vec<_>>();
    assert!(!last.is_empty(), "{:?}", names_in(&checkpoints));
    for name in last {
        std::fs::remove_file(checkpoints.join(name)).expect("the last checkpoint");
    }
    for name in ["model.bpk", "model.safetensors"] {
        std::fs::remove_file(killed.join(name)).expect("its weights");
    }
    let resumed = run(&workplace, 2, "sweep --resume runs/swept");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(before == nets(), "{}", resumed.stdout);
    let resumes = |run| metrics(run).iter().any(|entry| entry["event"] == "resumed");
    assert_eq!([&killed, &not_begun].map(|run| resumes(run)), [true, false]);
}

#[test]
fn the_benchmark_has_several_ranks_and_their_part_of_a_step() {
    let _alone = alone();
    let workplace = Workplace::new();
    let options = "bench --backend flex --engine fused --size 8-4:5000 --rounds 1 --ranks 2 --quiet --format json";
    let output = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .args(options.split(' '))
        .current_dir(workplace.path(""))
        .envs(ANY_USER.map(|name| (name, "1")))
        .output();
    let finished = Finished::from(output.unwrap());
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let events: Vec<Value> = finished
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_ranks = |event: &str| {
        let is = |line: &&Value| line["event"] == event && line["name"] == "flex fused, 2 ranks";
        events.iter().find(is).unwrap()
    };
    assert!(of_ranks("rate")["median"].as_f64().unwrap() > 0.0);
    let parts = of_ranks("parts");
    let [adding_up, all] = ["adding_up", "all"].map(|part| parts[part].as_f64().unwrap());
    assert!(0.0 < adding_up && adding_up < all, "{parts}");
}
