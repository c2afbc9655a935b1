//! What the tests share: a folder for each, a small data set, the program, and its results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Options of every run on the small data set.
pub(crate) const SMALL: &str = "--data-dir data --hidden 12,8 --batch-size 16";

/// A folder in which a test runs the program: `data` has images in MNIST's format, 120 for training
/// and 30 for testing, of 6 rows by 5 columns in 3 classes; runs go to `runs`.
pub(crate) struct Workplace(TempDir);

/// The result of running the program.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A file or folder of another crate.
pub(crate) fn of_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Copies a folder with everything in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be listed") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            fs::copy(path, to).expect("the file can be copied");
        }
    }
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let data = of_crate("run-folder/tests/fixtures/data");
        copy_folder(&data, &folder.path().join("data"));
        Self(folder)
    }

    /// A path below the folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// The program with arguments separated by spaces; neither the terminal nor the environment
    /// affects its output.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trainer"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env_remove("COLUMNS")
            .env_remove("LINES")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &str) -> Finished {
        let output = self.command(arguments).output();
        Finished::from(output.expect("the program starts"))
    }

    /// Runs the program, which must succeed and print nothing but its result.
    #[track_caller]
    pub(crate) fn text(&self, arguments: &str) -> String {
        let finished = self.run(arguments);
        let ended = (finished.code, finished.stderr.as_str());
        assert_eq!(ended, (Some(0), ""), "{arguments}");
        finished.stdout
    }

    /// Runs the program, which must succeed, and returns its events.
    #[track_caller]
    pub(crate) fn events(&self, arguments: &str) -> Vec<Value> {
        let finished = self.run(&format!("{arguments} --format json"));
        assert_eq!(finished.code, Some(0), "{arguments}: {}", finished.stderr);
        finished.events()
    }

    /// Whether a graphics adapter is there. One must be where the environment variable `REQUIRE_WGPU` is set.
    pub(crate) fn has_adapter(&self) -> bool {
        let is_there = self.run("backends").stdout.contains("--device 0");
        let required = std::env::var_os("REQUIRE_WGPU").is_some();
        assert!(
            is_there || !required,
            "REQUIRE_WGPU is set, but no adapter is there"
        );
        if !is_there {
            eprintln!("no graphics adapter: not tested");
        }
        is_there
    }

    /// Trains on the small data set, successfully, and gives the run's events.
    #[track_caller]
    pub(crate) fn train(&self, arguments: &str) -> Vec<Value> {
        self.events(&format!("{SMALL} {arguments}"))
    }
}

/// What the program rightly says of the small data set, whose test images are the first of its training
/// images.
const KNOWN_DOUBT: &str =
    "warning: 30 of 30 test images are in the training set as well, pixel for pixel\n";

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr).replace(KNOWN_DOUBT, ""),
        }
    }
}

impl Finished {
    /// Standard output as events, one per line.
    pub(crate) fn events(&self) -> Vec<Value> {
        json_lines(&self.stdout)
    }

    /// It could not run: exit 2, nothing on standard output, and one message that names every one
    /// of `naming`.
    #[track_caller]
    pub(crate) fn assert_refused(&self, naming: &[&str]) {
        let stderr = &self.stderr;
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{stderr}");
        let complaints = stderr.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(complaints.count(), 1, "{stderr}");
        for name in naming {
            assert!(stderr.contains(name), "no {name:?} in: {stderr}");
        }
    }
}

/// Each line as JSON.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The events in the metrics of a run folder.
pub(crate) fn metrics(run_folder: &Path) -> Vec<Value> {
    let path = run_folder.join("metrics.jsonl");
    json_lines(&fs::read_to_string(path).expect("the metrics can be read"))
}

/// The names of the events, in order.
pub(crate) fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event["event"].as_str());
    names
        .map(|name| name.expect("an event has a name"))
        .collect()
}

/// Weights of a run: names and sizes, and the numbers' bytes.
pub(crate) fn weights(run_folder: &Path) -> (Value, Vec<u8>) {
    let file = fs::read(run_folder.join("model.safetensors")).expect("the run has weights");
    let (length, rest) = file.split_first_chunk::<8>().expect("a header's length");
    let (header, tensors) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header = serde_json::from_slice(header).expect("the header is JSON");
    (header, tensors.to_vec())
}

/// Events without the differences between runs: times, the folder, the number of epochs at the start of
/// a continued run, and the event of its resumption.
pub(crate) fn lasting(mut events: Vec<Value>) -> Vec<Value> {
    events.retain(|event| event["event"] != "resumed");
    for event in events.iter_mut().filter_map(Value::as_object_mut) {
        let is_start = event["event"] == "start";
        event.retain(|field, _| {
            !field.contains("second")
                && field != "run_dir"
                && !(is_start && ["epochs", "ranks"].contains(&&**field))
        });
    }
    events
}

/// Two runs of a workplace have the same results, bit for bit.
#[track_caller]
pub(crate) fn assert_same(workplace: &Workplace, one: &str, other: &str) {
    let [one, other] = [one, other].map(|name| workplace.path("runs").join(name));
    assert_eq!(lasting(metrics(&one)), lasting(metrics(&other)));
    assert!(weights(&one) == weights(&other), "the weights differ");
}

/// Names of the files in a folder, in order; none if it is not there.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut names = names.collect::<Vec<_>>();
    names.sort_unstable();
    names
}

/// Whether a run has a checkpoint to go on from.
pub(crate) fn has_checkpoint(run_folder: &Path) -> bool {
    let names = names_in(&run_folder.join("checkpoints"));
    names.iter().any(|name| name.ends_with(".ckpt"))
}
