//! What the tests share: a folder for each, a small data set, the program, and what it left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Images of the training set and of the test set.
pub(crate) const IMAGES: [usize; 2] = [120, 30];

/// Rows and columns of an image.
pub(crate) const IMAGE_SIZE: [usize; 2] = [6, 5];

/// Classes of the data set.
pub(crate) const CLASSES: usize = 3;

/// Options of a run on the small data set that every such run here has.
pub(crate) const SMALL: &str = "--data-dir data --hidden 12,8 --batch-size 16";

/// A folder in which a test runs the program: MNIST-shaped data lie in `data`, runs go to `runs`.
pub(crate) struct Workplace(TempDir);

/// What a run of the program came to.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("the temporary folder can be written");
        for (stem, count) in ["train", "t10k"].into_iter().zip(IMAGES) {
            write_images(&data, stem, count);
        }
        Self(folder)
    }

    /// A path below the folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// The program with arguments as typed, parted by spaces; nothing of the terminal or of the
    /// caller's environment shapes its output.
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

    /// Runs the program, which must succeed, and gives its events.
    pub(crate) fn events(&self, arguments: &str) -> Vec<Value> {
        let finished = self.run(&format!("--format json {arguments}"));
        assert_eq!(finished.code, Some(0), "{arguments}: {}", finished.stderr);
        finished.events()
    }

    /// Trains on the small data set, successfully, and gives the run's events.
    pub(crate) fn train(&self, arguments: &str) -> Vec<Value> {
        self.events(&format!("{SMALL} {arguments}"))
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Finished {
    /// Standard output as events, one a line.
    pub(crate) fn events(&self) -> Vec<Value> {
        json_lines(&self.stdout)
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

/// The images and labels of one set, as plain IDX files.
///
/// Class `k` is a bright band over rows `2k` and `2k + 1`, on a dark ground, both uneven.
fn write_images(folder: &Path, stem: &str, count: usize) {
    let [rows, columns] = IMAGE_SIZE;
    let pixel = |image: usize, i: usize| {
        let bright = i / columns / 2 == image % CLASSES;
        let uneven = (image * 37 + i * i * 11 + image * i * 5) % 60;
        (if bright { 180 + uneven } else { uneven }) as u8
    };
    let pixels = (0..count).flat_map(|image| (0..rows * columns).map(move |i| pixel(image, i)));
    let labels = (0..count).map(|image| (image % CLASSES) as u8);
    write_idx(
        &folder.join(format!("{stem}-images-idx3-ubyte")),
        &[count, rows, columns],
        pixels,
    );
    write_idx(
        &folder.join(format!("{stem}-labels-idx1-ubyte")),
        &[count],
        labels,
    );
}

fn write_idx(path: &Path, sizes: &[usize], bytes: impl Iterator<Item = u8>) {
    let magic = [0, 0, 8, sizes.len() as u8];
    let sizes = sizes.iter().flat_map(|&size| (size as u32).to_be_bytes());
    let file: Vec<u8> = magic.into_iter().chain(sizes).chain(bytes).collect();
    fs::write(path, file).expect("the temporary folder can be written");
}
