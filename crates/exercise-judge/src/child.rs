//! One call of an exercise, in a process of its own with limits of time and memory.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use exercises::{MARK, Value, parse_line, to_line};

use crate::error::ExerciseError;

/// What a process may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time by the clock.
    pub time: Duration,
    /// Address space in MiB; without effect where the shell cannot limit it (Windows, macOS).
    pub memory: u64,
    /// Whether it may write to files.
    pub files: bool,
}

impl Default for Limits {
    /// 20 seconds, 1 GiB, files allowed.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(20),
            memory: 1024,
            files: true,
        }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With results.
    Results(Vec<Value>),
    /// At a blank.
    Blank {
        /// What belongs there.
        what: String,
        /// File and line.
        place: String,
    },
    /// By a panic.
    Panicked {
        /// Its message.
        message: String,
        /// File and line.
        place: String,
    },
    /// The function takes other arguments than the exercise's.
    OtherArguments,
    /// It did not end in time.
    TooLong(Duration),
    /// It needed more memory than it may have, in MiB.
    TooMuchMemory(u64),
    /// It called itself too often.
    TooDeep,
    /// It wrote to a file.
    WroteFile,
    /// It printed without end.
    PrintedWithoutEnd,
    /// It ended without results.
    NoResults,
}

impl Outcome {
    /// The results, if there are some.
    pub fn results(&self) -> Option<&[Value]> {
        match self {
            Self::Results(values) => Some(values),
            _ => None,
        }
    }

    /// Whether another question would end in the same way.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Results(_) | Self::Panicked { .. })
    }
}

/// Bytes of output that are read.
const LONGEST: u64 = 16 << 20;
/// How often a process is asked whether it has ended.
const PAUSE: Duration = Duration::from_millis(2);

/// Calls the program with these arguments. Gives how that ended, and what the exercise printed.
pub(crate) fn call(
    program: &Path,
    arguments: &[Value],
    limits: Limits,
) -> Result<(Outcome, String), ExerciseError> {
    let place = tempfile::tempdir().map_err(ExerciseError::file(std::env::temp_dir()))?;
    let mut command = limited(program, limits);
    command
        .current_dir(place.path())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Without these, no process starts on Windows.
    for name in ["SystemRoot", "PATH"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let mut child = command.spawn().map_err(ExerciseError::file(program))?;
    let line = to_line(arguments) + "\n";
    let mut stdin = child.stdin.take();
    // Whether it reads its arguments is its own affair.
    let writer =
        thread::spawn(move || stdin.as_mut().map(|stdin| stdin.write_all(line.as_bytes())));
    let stdout = child.stdout.take().map(reader);
    let stderr = child.stderr.take().map(reader);
    let mut flooded = || {
        let threads = [&stdout, &stderr].into_iter().flatten();
        threads.clone().any(|thread| thread.is_finished())
    };
    let status =
        wait(&mut child, limits.time, &mut flooded).map_err(ExerciseError::file(program))?;
    let text = |thread: Option<thread::JoinHandle<String>>| {
        thread
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    };
    let (stdout, stderr) = (text(stdout), text(stderr));
    drop(writer.join());
    let wrote = place
        .path()
        .read_dir()
        .is_ok_and(|mut files| files.next().is_some());
    let printed = stdout.lines().filter(|line| !line.starts_with(MARK));
    let printed: Vec<&str> = printed
        .chain(own_errors(&stderr))
        .filter(|line| !line.is_empty())
        .collect();
    let flood = [&stdout, &stderr]
        .into_iter()
        .any(|text| text.len() as u64 >= LONGEST);
    let outcome = match status {
        // Nobody reads on, so that it may have ended by that.
        _ if flood => Outcome::PrintedWithoutEnd,
        None => Outcome::TooLong(limits.time),
        Some(_) if wrote && !limits.files => Outcome::WroteFile,
        Some(status) => ended(status, &stdout, &stderr, limits),
    };
    Ok((outcome, printed.join("\n")))
}

/// What the exercise itself wrote to standard error (`eprintln!`, `dbg!`): the lines before those of Rust.
fn own_errors(stderr: &str) -> impl Iterator<Item = &str> {
    let of_rust = ["thread '", "memory allocation of"];
    let lines = stderr.lines();
    lines.take_while(move |line| !of_rust.iter().any(|start| line.starts_with(start)))
}

/// The program under the limits that a shell can set.
#[cfg(unix)]
fn limited(program: &Path, limits: Limits) -> Command {
    let (kib, seconds) = (limits.memory * 1024, limits.time.as_secs() + 1);
    let files = if limits.files { "" } else { "ulimit -f 0; " };
    let script = format!("{files}ulimit -v {kib}; ulimit -t {seconds}; ulimit -c 0; exec \"$0\"");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script]).arg(program);
    command
}

#[cfg(not(unix))]
fn limited(program: &Path, _: Limits) -> Command {
    Command::new(program)
}

fn reader(stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = vec![];
        // What was read before an error counts.
        let _ = stream.take(LONGEST).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits until the process ends; stops it after `time`, or when nobody reads its output any more.
fn wait(
    child: &mut Child,
    time: Duration,
    flooded: &mut dyn FnMut() -> bool,
) -> std::io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    let mut closed = None;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        // A closed output is that of a process that ends, or of one that printed too much.
        if closed.is_none() && flooded() {
            closed = Some(Instant::now());
        }
        let is_stuck = closed.is_some_and(|closed| closed.elapsed() > Duration::from_millis(500));
        if start.elapsed() > time || is_stuck {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

fn ended(status: ExitStatus, stdout: &str, stderr: &str, limits: Limits) -> Outcome {
    if stderr.contains("has overflowed its stack") {
        return Outcome::TooDeep;
    }
    if stderr.contains("memory allocation of") || stderr.contains("capacity overflow") {
        return Outcome::TooMuchMemory(limits.memory);
    }
    match signal(status) {
        Some(SIGXFSZ) => return Outcome::WroteFile,
        Some(SIGXCPU) => return Outcome::TooLong(limits.time),
        _ => {}
    }
    if let Some((place, message)) = panic(stderr) {
        return match message.strip_prefix("blank: ") {
            Some(what) => Outcome::Blank {
                what: what.to_owned(),
                place,
            },
            None => Outcome::Panicked { message, place },
        };
    }
    let mut lines = stdout.lines().rev();
    match lines.find_map(|line| line.strip_prefix(MARK)) {
        Some("arguments") => Outcome::OtherArguments,
        Some(line) => parse_line(line).map_or(Outcome::NoResults, Outcome::Results),
        None => Outcome::NoResults,
    }
}

/// Sent to a process that exceeds its limit of file size, and of processor time.
const SIGXFSZ: i32 = 25;
const SIGXCPU: i32 = 24;

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    status.signal()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// Place and message of a panic, from what Rust prints.
fn panic(stderr: &str) -> Option<(String, String)> {
    let (_, rest) = stderr.split_once(" panicked at ")?;
    let (place, rest) = rest.split_once('\n')?;
    let message = rest.split("\nnote: ").next().unwrap_or(rest);
    // Without the column: an editor finds the line.
    let place = place.trim_end_matches(':');
    let place = place.rsplit_once(':').map_or(place, |(place, _)| place);
    Some((place.to_owned(), message.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_and_message_of_a_panic_are_found() {
        let stderr = "\nthread 'main' (77) panicked at tasks/06_matmul.rs:12:5:\nblank: grad_x\nnote: run with\n";
        let found = panic(stderr).expect("it is one");
        assert_eq!(
            found,
            (
                "tasks/06_matmul.rs:12".to_owned(),
                "blank: grad_x".to_owned()
            )
        );
        assert_eq!(panic("all is well"), None);
    }
}
