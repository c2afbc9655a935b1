//! Exercises as students have them: files, built by cargo, run in processes of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn::tensor::Device;
use exercise_judge::{
    Diagnosis, ExerciseError, Finding, Folder, Limits, Outcome, Verdict, Words, check, exercise,
    exercises, export, grade, submissions,
};
use tempfile::TempDir;

fn repository() -> Folder {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../exercises");
    Folder::open(&path).expect("the folder is part of the project")
}

/// A student's package with blanks.
fn package() -> (TempDir, Folder) {
    let place = tempfile::tempdir().expect("a folder");
    export(&repository(), place.path()).expect("it is written");
    let folder = Folder::open(place.path()).expect("it is a package");
    (place, folder)
}

fn write(folder: &Folder, name: &str, text: &str) {
    let exercise = exercise(name).expect("there is one");
    fs::write(folder.file(exercise), text).expect("it is written");
}

const LIMITS: Limits = Limits {
    time: Duration::from_secs(20),
    memory: 512,
    files: true,
};

fn diagnosis(folder: &Folder, name: &str, limits: Limits) -> Diagnosis {
    match check(
        folder,
        exercise(name).expect("there is one"),
        &Device::flex(),
        limits,
    ) {
        Ok(Verdict::Judged { diagnosis, .. }) => diagnosis,
        other => panic!("{name}: {other:?}"),
    }
}

/// The solution of an exercise with a piece of text replaced.
fn altered(name: &str, from: &str, to: &str) -> String {
    let solution = exercise(name).expect("there is one").solution();
    assert_eq!(solution.matches(from).count(), 1, "{name}: {from}");
    solution.replace(from, to)
}

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
        let Verdict::Judged { diagnosis, .. } = &verdict else {
            panic!("{name} does not compile")
        };
        let Some(Outcome::Blank { what, place }) = &diagnosis.failure else {
            panic!("{name}: {diagnosis:?}")
        };
        assert!(what.len() > 10, "{name}: {what}");
        assert!(place.contains(exercise.file), "{name}: {place}");
        let words = Words::of(exercise, &verdict);
        assert!(
            words.contains("still a blank") && words.contains(what),
            "{words}"
        );

        write(&folder, name, &exercise.solution());
        let diagnosis = self::diagnosis(&folder, name, LIMITS);
        assert!(diagnosis.is_right(), "{name}: {diagnosis:#?}");
    }
}

/// An exercise, what is replaced in its solution, and how the judge names the mistake.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    (
        "sigmoid",
        "(1.0 - &z)",
        "(1.0 + &z)",
        "sigmoid: sign inside",
    ),
    (
        "sigmoid",
        " * grad_z\n",
        "\n",
        "sigmoid: upstream forgotten",
    ),
    ("tanh", "&z * &z", "&z", "tanh: square dropped"),
    ("relu", "a > 0.0", "a <= 0.0", "relu: mask inverted"),
    ("elu", "a.exp()", "0.0", "elu: derivative of ReLU"),
    (
        "scalar_net",
        "w2 * grad_z4",
        "grad_z4",
        "scalar net: weight forgotten",
    ),
    (
        "matmul",
        "x.t().matmul(grad_z)",
        "x.matmul(grad_z)",
        "matmul: x not transposed",
    ),
    ("matmul", "&w.t()", "w", "matmul: w not transposed"),
    (
        "matmul",
        "x.t().matmul(grad_z)",
        "grad_z.t().matmul(x)",
        "matmul: grad_w transposed",
    ),
    (
        "matmul",
        "x.t().matmul(grad_z)",
        "x.t().matmul(grad_z) / x.rows() as f64",
        "matmul: mean over rows",
    ),
    (
        "add_bias",
        "grad_z.sum_rows()",
        "grad_z.sum_rows() / grad_z.rows() as f64",
        "add_bias: mean",
    ),
    (
        "add_bias",
        "grad_z.sum_rows()",
        "grad_z.sum_columns().t()",
        "add_bias: wrong axis",
    ),
    (
        "pointwise",
        "4.0 * x.powi(3)",
        "x.powi(3)",
        "power: exponent forgotten",
    ),
    (
        "squared_error",
        "/ yp.rows()",
        "/ (yp.rows() * yp.columns())",
        "half_squared_error: all elements",
    ),
    (
        "general_net",
        "&z3 * (1.0 - &z3) * &grad_z3",
        "grad_z3",
        "general net: hidden f' forgotten",
    ),
    (
        "xor_net",
        "&yp * (1.0 - &yp) * &grad_yp",
        "grad_yp",
        "xor net: output σ' forgotten",
    ),
    (
        "xor_net",
        "grad_z5.sum_rows()",
        "grad_z5.sum_rows() / x.rows() as f64",
        "xor net: mean in δb2",
    ),
    (
        "xor_net",
        "x.t().matmul(&grad_z1)",
        "x.matmul(&grad_z1)",
        "xor net: x not transposed",
    ),
    ("xor_net", "z3.t()", "z2.t()", "xor net: stale activation"),
    (
        "softmax",
        "(grad_yp - &inner)",
        "grad_yp",
        "softmax: inner product dropped",
    ),
    (
        "cross_entropy",
        " / yp.rows() as f64",
        "",
        "cross_entropy: 1/n missing",
    ),
    (
        "fused",
        "(&yp - y) / n",
        "(&yp - y) / (n * n)",
        "softmax_cross_entropy: 1/n twice",
    ),
    (
        "fused",
        "(&yp - y) / n",
        "(y - &yp) / n",
        "softmax_cross_entropy: sign",
    ),
    (
        "layer",
        "&z * (1.0 - &z) * grad_z",
        "grad_z.clone()",
        "layer: f' missing",
    ),
    (
        "mnist_net",
        "slope(&a1) * grad_a2.matmul(&w2.t())",
        "grad_a2.matmul(&w2.t())",
        "mnist net: first mask missing",
    ),
    (
        "mnist_net",
        "z2.t().matmul",
        "z1.t().matmul",
        "mnist net: stale input",
    ),
    (
        "mean_once",
        "grad_z.sum_rows()",
        "grad_z.sum_rows() / n",
        "mean once: twice in grad_b",
    ),
    (
        "regression",
        " + w * gamma",
        "",
        "LinearRegression: ridge forgotten",
    ),
    (
        "regression_descent",
        "b = &b - alpha",
        "b = &b - 0.0 * alpha",
        "regression descent: bias left alone",
    ),
    (
        "bowl",
        "[4.0 * s * x.cos() * x.sin(), 4.0 *",
        "[-4.0 * s * x.cos() * x.sin(), -4.0 *",
        "cosine bowl: sign",
    ),
    (
        "descent",
        "gx.hypot(gy)",
        "(gx * gx + gy * gy)",
        "descent: squared norm",
    ),
    (
        "momentum",
        "mu * v + grad",
        "mu * v + (1.0 - mu) * grad",
        "momentum: dampened",
    ),
    (
        "four_variables",
        "20.0 * a",
        "2.0 * a",
        "four variables: inner factor 10",
    ),
    (
        "jacobian",
        "(2.0 * z1 + z2) * g4",
        "2.0 * z1 * g4",
        "inner map: product rule",
    ),
    (
        "used_twice",
        "by_product + by_sigmoid",
        "by_product",
        "used twice: product only",
    ),
    ("bump", "h, -h]", "h, h]", "bump: both up"),
    (
        "layer_norm",
        " - mean(grad_z)",
        "",
        "layer norm: mean as a constant",
    ),
    (
        "batch_norm",
        "gamma * grad_z",
        "grad_z.clone()",
        "batch norm: γ forgotten",
    ),
    ("dropout", " / (1.0 - p)", "", "dropout: scale forgotten"),
    (
        "convolution",
        "* k[(0, t)]",
        "* k[(0, k.columns() - 1 - t)]",
        "convolution: kernel reversed",
    ),
    (
        "recurrent_step",
        "&u.t()",
        "u",
        "recurrent step: u not transposed",
    ),
    (
        "attention",
        "c * grad_s.t().matmul(q)",
        "grad_s.t().matmul(q)",
        "attention: scale in grad_q only",
    ),
    (
        "safe_softmax",
        "(z - z.max_columns()).exp()",
        "z.exp()",
        "safe softmax: plain",
    ),
    (
        "safe_logarithm",
        "-(y * ln_yp)",
        "(y * ln_yp)",
        "safe logarithm: sign",
    ),
    (
        "gradient_check",
        "(difference - claimed[(i, j)]).abs()",
        "(difference - claimed[(i, j)])",
        "gradient check: one-sided comparison",
    ),
];

#[test]
fn mistakes_in_a_students_code_are_named() {
    let (_place, folder) = package();
    let mut otherwise = vec![];
    for (name, from, to, expected) in MISTAKES {
        write(&folder, name, &altered(name, from, to));
        let diagnosis = diagnosis(&folder, name, LIMITS);
        assert!(!diagnosis.is_right(), "{name}: {to}");
        if !diagnosis.known().contains(expected) {
            otherwise.push(format!("{name}: {to}: {:?}", diagnosis.known()));
        }
    }
    println!(
        "{} mistakes in code, {} named otherwise: {otherwise:#?}",
        MISTAKES.len(),
        otherwise.len()
    );
    assert!(20 * otherwise.len() <= MISTAKES.len(), "{otherwise:#?}");
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
    assert!(anna[1].1.contains("grad_x: w not transposed"), "{anna:?}");
    assert_eq!(anna.len(), 2);
    let ben = words(1);
    assert_eq!(ben[0], ("sigmoid", "right".to_owned()));
    assert_eq!(ben[1], ("tanh", "it does not compile".to_owned()));
    assert!(ben[2].1.contains("`fs` is in the file"), "{ben:?}");
    assert_eq!(ben.len(), 3);
}
