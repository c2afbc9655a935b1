//! Exercises as students have them: files, built by cargo, run in processes of their own.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use burn::tensor::Device;
use exercise_judge::{
    ExerciseError, Finding, Folder, Limits, Outcome, Verdict, Words, check, exercise, exercises,
    export, grade, submissions,
};

use crate::package::{LIMITS, altered, diagnosis, package, repository, write};

#[test]
fn the_exercises_of_the_repository_are_the_blanks_of_the_solutions() {
    let folder = repository();
    for exercise in exercises() {
        let text = folder.text(exercise).expect("the file is there");
        let path = folder.file(exercise);
        assert_eq!(
            text.replace('\r', ""),
            exercise.blank(),
            "{}: not the blank of its solution; if you solved it, this test is not for you",
            path.display()
        );
    }
}

#[test]
fn every_blank_says_what_is_asked_and_every_solution_is_right() {
    let (_place, folder) = package();
    for exercise in exercises() {
        let name = exercise.name;
        assert_eq!(exercise.hints().len(), 3, "{name}");
        let verdict = check(&folder, exercise, &Device::flex(), LIMITS).expect("it runs");
        let Verdict::Judged {
            diagnosis: found, ..
        } = &verdict
        else {
            panic!("{name} does not compile")
        };
        let Some(Outcome::Blank { what, place }) = &found.failure else {
            panic!("{name}: {found:?}")
        };
        assert!(what.len() > 10, "{name}: {what}");
        assert!(place.contains(exercise.file), "{name}: {place}");
        let words = Words::of(exercise, &verdict);
        assert!(
            words.contains("still a blank") && words.contains(what),
            "{words}"
        );

        write(&folder, name, &exercise.solution());
        let solved = diagnosis(&folder, name, LIMITS);
        assert!(solved.is_right(), "{name}: {solved:#?}");
    }
}

/// The function of the exercise `tanh` with another body.
fn tanh(body: &str) -> String {
    format!(
        "use exercises::*;\n\nfn tanh_backward(a: &Matrix, grad_z: &Matrix) -> Matrix {{\n    {body}\n}}\n\n\
         fn main() {{\n    answer(tanh_backward);\n}}\n"
    )
}

fn failure(folder: &Folder, body: &str, limits: Limits) -> Outcome {
    write(folder, "tanh", &tanh(body));
    let failure = diagnosis(folder, "tanh", limits).failure;
    failure.unwrap_or_else(|| panic!("it gives results: {body}"))
}

#[test]
fn what_gives_no_results_is_a_verdict() {
    let (_place, folder) = package();
    let panicked = failure(&folder, "let x = a[(99, 0)]; a * x", LIMITS);
    let Outcome::Panicked { message, place } = panicked else {
        panic!("{panicked:?}")
    };
    assert!(message.contains("element (99, 0)"), "{message}");
    assert!(place.ends_with("02_tanh.rs:4"), "{place}");

    let short = Limits {
        time: Duration::from_secs(1),
        ..LIMITS
    };
    let endless = failure(&folder, "loop { std::hint::black_box(a); }", short);
    assert_eq!(endless, Outcome::TooLong(short.time));
    let printing = failure(
        &folder,
        "loop { println!(\"{}\", \"x\".repeat(9999)); }",
        LIMITS,
    );
    assert_eq!(printing, Outcome::PrintedWithoutEnd);
    let deep =
        "fn down(x: u64) -> u64 { std::hint::black_box(down(x + 1) + 1) } a * down(0) as f64";
    assert_eq!(failure(&folder, deep, LIMITS), Outcome::TooDeep);
    let other = tanh("a * grad_z")
        .replace(", grad_z: &Matrix", "")
        .replace("* grad_z", "* 1.0");
    write(&folder, "tanh", &other);
    assert_eq!(
        diagnosis(&folder, "tanh", LIMITS).failure,
        Some(Outcome::OtherArguments)
    );
    write(&folder, "tanh", "fn main() {}\n");
    assert_eq!(
        diagnosis(&folder, "tanh", LIMITS).failure,
        Some(Outcome::NoResults)
    );
    write(&folder, "tanh", &tanh("no Rust"));
    let verdict = check(
        &folder,
        exercise("tanh").expect("there is one"),
        &Device::flex(),
        LIMITS,
    );
    assert_eq!(verdict.expect("cargo runs"), Verdict::DoesNotCompile);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_and_files_are_limited() {
    let (place, folder) = package();
    let hungry =
        "let mut all = vec![]; loop { all.push(vec![1u8; 1 << 20]); std::hint::black_box(&all); }";
    assert_eq!(
        failure(&folder, hungry, LIMITS),
        Outcome::TooMuchMemory(LIMITS.memory)
    );
    let file = place.path().join("stolen");
    let writing = format!("let _ = std::fs::write({file:?}, \"much\"); a * 1.0");
    let closed = Limits {
        files: false,
        ..LIMITS
    };
    assert_eq!(failure(&folder, &writing, closed), Outcome::WroteFile);
    assert_eq!(fs::read(&file).unwrap_or_default(), b"");
}

#[test]
fn what_an_exercise_prints_is_shown_and_does_not_disturb() {
    let (_place, folder) = package();
    let exercise = exercise("tanh").expect("there is one");
    write(
        &folder,
        "tanh",
        &altered(
            "tanh",
            "let z =",
            "println!(\"a is {}\", a[(0, 0)]);\n    let z =",
        ),
    );
    let verdict = check(&folder, exercise, &Device::flex(), LIMITS).expect("it runs");
    assert!(verdict.is_right());
    let words = Words::of(exercise, &verdict);
    assert!(words.contains("your function printed:\n  a is "), "{words}");
}

#[test]
fn a_reset_keeps_what_was_there() {
    let (place, folder) = package();
    let exercise = exercise("matmul").expect("there is one");
    let mut progress = folder.progress().expect("it is readable");
    progress.add("matmul");
    folder.keep(&progress).expect("it is written");
    for number in 1..3 {
        let mine = format!("// mine, {number}\n");
        write(&folder, "matmul", &mine);
        let backup = folder
            .reset(exercise)
            .expect("it is reset")
            .expect("it was there");
        assert_eq!(
            backup,
            place.path().join(format!("backups/06_matmul.{number}.rs"))
        );
        assert_eq!(fs::read_to_string(backup).expect("it is there"), mine);
        assert_eq!(
            folder.text(exercise).expect("it is there"),
            exercise.blank()
        );
    }
    assert!(!folder.progress().expect("it is readable").has("matmul"));
    fs::remove_file(folder.file(exercise)).expect("it was there");
    let missing = folder.text(exercise).expect_err("it is gone").to_string();
    assert!(
        missing
            .ends_with("the file is missing; `cargo xtask exercise reset matmul` writes it again"),
        "{missing}"
    );
    assert_eq!(folder.reset(exercise).expect("it is reset"), None);
}

#[test]
fn progress_survives_and_passes_over_what_it_does_not_know() {
    let (place, folder) = package();
    fs::write(
        place.path().join("progress.txt"),
        "relu\nno such\n\u{0}\nsoftmax",
    )
    .expect("written");
    let mut progress = folder.progress().expect("it is readable");
    assert!(progress.has("relu") && progress.has("softmax") && progress.count() == 2);
    progress.add("tanh");
    folder.keep(&progress).expect("it is written");
    assert_eq!(folder.progress().expect("it is readable"), progress);
}

#[test]
fn bad_input_is_one_line_with_the_remedy() {
    let (place, folder) = package();
    let lines = |error: ExerciseError| {
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    };
    let unknown = |name: &str| lines(exercise(name).err().expect("there is none"));
    assert_eq!(
        unknown("matmull"),
        "there is no exercise 'matmull', is it 'matmul'?; `cargo xtask exercise list` shows the names"
    );
    assert!(unknown("").starts_with("there is no exercise ''; "));
    assert!(exercise("06_matmul.rs").is_ok());
    let none = place.path().join("none");
    assert!(lines(Folder::open(&none).expect_err("there is none")).contains("--folder"));
    let full = export(&folder, place.path()).expect_err("it has files");
    assert!(lines(full).contains("not empty"));
    assert!(lines(submissions(&none).expect_err("there is none")).contains("none"));
    fs::create_dir(&none).expect("it is new");
    assert!(
        lines(submissions(&none).expect_err("it is empty")).contains("found no exercise's file")
    );
    let support = place.path().join("src/matrix.rs");
    let text = fs::read_to_string(&support).expect("it is there");
    fs::write(&support, text + "\n// faster\n").expect("it is written");
    assert!(
        lines(Folder::open(place.path()).expect_err("it was changed"))
            .contains("src/matrix.rs: the file was changed")
    );
    fs::remove_file(&support).expect("it was there");
    assert!(Folder::open(place.path()).is_err());
}

#[test]
fn submissions_are_graded_apart_from_each_other() {
    let place = tempfile::tempdir().expect("a folder");
    let file = |path: &str| -> PathBuf {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it is made");
        path
    };
    let solution = |name: &str| exercise(name).expect("there is one").solution();
    fs::write(
        file("all/anna/exercises/tasks/02_tanh.rs"),
        solution("tanh"),
    )
    .expect("written");
    fs::write(
        file("all/anna/exercises/tasks/06_matmul.rs"),
        altered("matmul", "&w.t()", "w"),
    )
    .expect("written");
    fs::write(file("all/ben/02_tanh.rs"), tanh("no Rust")).expect("written");
    fs::write(
        file("all/ben/03_relu.rs"),
        "fn main() { std::fs::remove_dir_all(\"/\"); }",
    )
    .expect("written");
    fs::write(file("all/ben/01_sigmoid.rs"), solution("sigmoid")).expect("written");
    fs::create_dir_all(place.path().join("all/nothing")).expect("it is made");
    let found = submissions(&place.path().join("all")).expect("there are some");
    assert_eq!(
        found.iter().map(|found| &*found.name).collect::<Vec<_>>(),
        ["anna", "ben"]
    );
    let work = place.path().join("work");
    let words = |number: usize| -> Vec<(&str, String)> {
        let graded = grade(
            &repository(),
            &found[number],
            &work,
            (&Device::flex(), LIMITS),
        )
        .expect("it is graded");
        assert_eq!(graded.len(), exercises().len());
        let word = |finding: &Finding| match finding {
            Finding::NoFile => String::new(),
            Finding::Refused(reason) => reason.clone(),
            Finding::Verdict(verdict) => Words::short(verdict),
        };
        let all = graded
            .iter()
            .map(|graded| (graded.exercise.name, word(&graded.finding)));
        all.filter(|(_, word)| !word.is_empty()).collect()
    };
    let anna = words(0);
    assert_eq!(anna[0], ("tanh", "right".to_owned()));
    assert!(
        anna[1]
            .1
            .contains("grad_x equals grad_z·w: a transpose is missing"),
        "{anna:?}"
    );
    assert_eq!(anna.len(), 2);
    let ben = words(1);
    assert_eq!(ben[0], ("sigmoid", "right".to_owned()));
    assert_eq!(ben[1], ("tanh", "it does not compile".to_owned()));
    assert!(ben[2].1.contains("`fs` is in the file"), "{ben:?}");
    assert_eq!(ben.len(), 3);
}
