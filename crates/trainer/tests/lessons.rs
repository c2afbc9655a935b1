//! `trainer lesson`: what it prints, which files it leaves, and its exit codes. The lessons themselves are
//! tested in their crate.

#[expect(dead_code, reason = "training runs are for the other tests")]
mod common;

use std::fs;

use common::Workplace;

#[test]
fn a_lesson_is_a_text_a_path_or_an_object_and_leaves_a_page_with_its_figures() {
    let workplace = Workplace::new();
    let finished = workplace.run("lesson");
    assert!(
        finished.stdout.contains("\nscalar-net "),
        "{}",
        finished.stdout
    );
    let finished = workplace.run("lesson scalar-net --backend flex");
    assert!(finished.stdout.starts_with("The scalar net (L5)\n"));
    assert!(finished.stdout.contains("δw1 = x δz1"));
    let finished = workplace.run("lesson scalar-net --backend flex --quiet");
    assert_eq!(finished.stdout.trim(), "lessons/scalar-net/index.html");
    let finished = workplace.run("lesson scalar-net --backend flex --seed 7 --format json");
    let events = finished.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["event"], "lesson");
    assert_eq!(events[0]["lesson"], "scalar-net");
    assert_eq!(events[0]["backend"], "flex");
    assert_eq!(events[0]["dtype"], "f64");
    assert_eq!(events[0]["seed"], 7);
    assert_eq!(events[0]["file"], "lessons/scalar-net/index.html");
    assert_eq!(events[0]["page"]["title"], "The scalar net");
    let files = fs::read_dir(workplace.path("lessons/scalar-net")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files = files.collect::<Vec<_>>();
    files.sort_unstable();
    assert_eq!(files, ["graph.svg", "index.html", "loss-along-w1.svg"]);
}

/// Names of files are bytes on Unix; the page shows what it can of the command.
#[cfg(unix)]
#[test]
fn a_folder_whose_name_is_no_text_is_a_folder_like_any_other() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let workplace = Workplace::new();
    let folder = OsStr::from_bytes(b"named \xff");
    let mut command = workplace.command("lesson scalar-net --backend flex --quiet --out-dir");
    let output = command.arg(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let page = workplace
        .path("")
        .join(folder)
        .join("scalar-net/index.html");
    assert!(
        fs::read_to_string(page)
            .unwrap()
            .contains("--out-dir named")
    );
}

#[test]
fn a_refusal_is_one_line_with_its_exit_code_and_leaves_nothing() {
    let workplace = Workplace::new();
    fs::write(workplace.path("file"), "mine").unwrap();
    for (arguments, code, named) in [
        ("nonsense", 2, "--help"),
        (
            "scalar-net --backend flex --parameters 1,2,3",
            2,
            "w1,b1,w2,b2",
        ),
        (
            "scalar-net --backend flex --parameters 1,1,1e200,1",
            1,
            "smaller",
        ),
        // Before anything is computed.
        ("mnist --out-dir file", 2, "--out-dir"),
    ] {
        let finished = workplace.run(&format!("lesson {arguments}"));
        let errors = finished.stderr;
        assert_eq!(finished.code, Some(code), "{arguments}: {errors}");
        assert_eq!(finished.stdout, "", "{arguments}");
        assert_eq!(
            errors.matches("error: ").count(),
            1,
            "{arguments}: {errors}"
        );
        assert!(errors.contains(named), "{arguments}: {errors}");
        assert!(!workplace.path("lessons").exists(), "{arguments}");
    }
    assert_eq!(fs::read_to_string(workplace.path("file")).unwrap(), "mine");
}
