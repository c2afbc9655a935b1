//! A group of operations in a process of its own, so that a graphics driver that dies, hangs or
//! returns nonsense affects no other group.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use backends::Backend;
use burn_suite::{Abandoned, Family, Gone};
use programs::Exit;

use crate::cli::Cli;
use crate::events::{AuditEvent, OperationEvent, SuiteSummary};

/// How long a process may take for one check. The slowest operation takes half a minute on lavapipe.
const SILENCE: Duration = Duration::from_secs(300);
/// Number of last lines of standard error to keep for the report.
const KEPT_LINES: usize = 12;

/// Operations of one family on one backend.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) backend: Backend,
    pub(crate) family: Family,
    /// The only operation, if each has a process of its own.
    pub(crate) operation: Option<&'static str>,
    /// The results that must come, in this order: operation and float type.
    pub(crate) expected: Vec<(&'static str, &'static str)>,
}

/// The results of a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GroupResults {
    pub(crate) events: Vec<OperationEvent>,
    pub(crate) gone: Vec<Gone>,
    pub(crate) abandoned: Vec<Abandoned>,
    /// Why results are missing or cannot be trusted.
    trouble: Option<String>,
}

impl Group {
    /// Runs the group in a child process. Whatever goes wrong there is a result.
    ///
    /// # Errors
    ///
    /// If no process can start.
    pub(crate) fn run(&self, cli: &Cli) -> Result<GroupResults> {
        let mut child = self.start(cli)?;
        let last_words = last_words(
            child
                .stderr
                .take()
                .context("the child's errors are piped")?,
        );
        let lines = lines(child.stdout.take().context("the child's output is piped")?);
        let leash = child.stdin.take();
        let mut results = read(Lines(lines), &self.expected);
        if results.trouble.is_some() {
            // It may hang. Killing a process that has ended fails; that is not an error.
            let _ = child.kill();
        }
        let status = child.wait().context("cannot wait for a checking process")?;
        drop(leash);
        let last_words = last_words.join().unwrap_or_default();
        results.check_status(status);
        results.report_trouble(self, &last_words);
        Ok(results)
    }

    fn start(&self, cli: &Cli) -> Result<Child> {
        let program = std::env::current_exe().context("this program cannot be found")?;
        let seeds = cli.seeds();
        let mut command = Command::new(program);
        command
            .args(["--format", "json", "--here", "--leashed"])
            .args(["--backend", self.backend.name()])
            .args(["--family", self.family.title()])
            .args(["--seeds", &format!("{}..{}", seeds.start, seeds.end)])
            // Nothing is written to it. It stays open until this process ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(pattern) = &cli.pattern {
            command.args(["--case", pattern]);
        }
        if let Some(operation) = self.operation {
            command.args(["--operation", operation]);
        }
        command
            .spawn()
            .context("cannot start a process for a group of operations")
    }
}

/// Ends this process when its standard input closes, which happens when the parent ends, even by a
/// signal. Otherwise an operation that hangs would keep the process alive.
pub(crate) fn end_with_parent() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        process::exit(Exit::Failure as i32);
    });
}

/// The lines of a child, each within [`SILENCE`] of the previous one.
struct Lines(Receiver<io::Result<String>>);

impl Iterator for Lines {
    type Item = Result<String, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.recv_timeout(SILENCE) {
            Ok(line) => Some(line.map_err(|error| format!("its results cannot be read: {error}"))),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                Some(Err(format!("no result for {} s", SILENCE.as_secs())))
            }
        }
    }
}

/// The lines of a process, as they come.
pub(crate) fn lines(output: impl Read + Send + 'static) -> Receiver<io::Result<String>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

/// The last lines of a process.
pub(crate) fn last_words(errors: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut kept = VecDeque::new();
        for line in BufReader::new(errors).split(b'\n').map_while(Result::ok) {
            kept.push_back(String::from_utf8_lossy(&line).into_owned());
            if kept.len() > KEPT_LINES {
                kept.pop_front();
            }
        }
        kept.into_iter().collect::<Vec<_>>().join("\n")
    })
}

/// Reads a child's output. It must have the expected results in their order, and end with a summary
/// that agrees with them.
fn read(
    lines: impl Iterator<Item = Result<String, String>>,
    expected: &[(&'static str, &'static str)],
) -> GroupResults {
    let mut results = GroupResults::default();
    let mut summary = None;
    for line in lines {
        let event = line.and_then(|line| {
            serde_json::from_str(&line)
                .map_err(|_| format!("it wrote a line that is not a result: {line}"))
        });
        match event {
            Ok(_) if summary.is_some() => {
                results.trouble = Some("it wrote more after its summary".to_owned());
            }
            Ok(AuditEvent::Alive {}) => {}
            Ok(AuditEvent::Operation(event)) => results.take(event, expected),
            Ok(AuditEvent::Gone(event)) => results.gone.push(event.gone),
            Ok(AuditEvent::Abandoned(abandoned)) => results.abandoned.push(abandoned),
            Ok(AuditEvent::Summary(found)) => summary = Some(found),
            Err(trouble) => results.trouble = Some(trouble),
        }
        if results.trouble.is_some() {
            return results;
        }
    }
    results.check_summary(summary, expected.len());
    results
}

impl GroupResults {
    fn take(&mut self, event: OperationEvent, expected: &[(&str, &str)]) {
        match expected.get(self.events.len()) {
            Some((operation, dtype)) if event.operation == *operation && event.dtype == *dtype => {
                self.events.push(event);
            }
            _ => {
                let OperationEvent {
                    operation, dtype, ..
                } = event;
                self.trouble = Some(format!(
                    "a result of {operation} in {dtype} was not expected"
                ));
            }
        }
    }

    fn check_summary(&mut self, summary: Option<SuiteSummary>, expected: usize) {
        let Some(summary) = summary else {
            self.trouble = Some("it ended before its summary".to_owned());
            return;
        };
        let arrived = self.summary();
        if summary != arrived {
            self.trouble = Some(format!(
                "its summary counts {} operations, {} checks and {} elements, but {}, {} and {} \
                 arrived",
                summary.operations,
                summary.checks,
                summary.elements,
                arrived.operations,
                arrived.checks,
                arrived.elements
            ));
        } else if arrived.operations < expected && self.abandoned.is_empty() {
            self.trouble = Some(format!("it did {} of {expected}", arrived.operations));
        }
    }

    fn summary(&self) -> SuiteSummary {
        SuiteSummary::new(&self.events, self.gone.len(), self.abandoned.len())
    }

    /// Checks that the exit code agrees with the results.
    fn check_status(&mut self, status: ExitStatus) {
        let code = if self.summary().is_good() { 0 } else { 1 };
        if self.trouble.is_none() && status.code() != Some(code) {
            self.trouble = Some(format!("it ended with {status}, not with exit code {code}"));
        } else if let Some(trouble) = self
            .trouble
            .as_mut()
            .filter(|_| status.code() != Some(code))
        {
            trouble.push_str(&format!(" ({status})"));
        }
    }

    /// Turns trouble into a result.
    fn report_trouble(&mut self, group: &Group, last_words: &str) {
        let Some(trouble) = self.trouble.take() else {
            return;
        };
        let due = group.expected.get(self.events.len());
        let (operation, dtype) = due.or(group.expected.last()).copied().unwrap_or_default();
        let said = match last_words.trim() {
            "" => String::new(),
            words => format!("; its last words: {words}"),
        };
        self.abandoned.push(Abandoned {
            place: format!("{} {dtype}", group.backend.name()),
            operation: format!("{operation} ({})", group.family.title()),
            why: format!("{trouble}{said}"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::OperationVerdict;

    const EXPECTED: [(&str, &str); 2] = [("Tensor::exp", "f64"), ("Tensor::exp", "f32")];

    fn event(dtype: &str) -> OperationEvent {
        OperationEvent {
            operation: "Tensor::exp".to_owned(),
            family: "Exponentials, logarithms, powers".to_owned(),
            backend: "flex".to_owned(),
            dtype: dtype.to_owned(),
            covers: vec!["float_exp".to_owned()],
            checks: 3,
            elements: 40,
            worst_relative_error: None,
            median_relative_error: None,
            finite_differences_error: None,
            verdict: OperationVerdict::Right,
            disagreements: vec![],
            conventions: vec![],
        }
    }

    fn text(event: AuditEvent) -> String {
        serde_json::to_string(&event).expect("an event is JSON")
    }

    /// The output of a child that does everything right.
    fn complete() -> Vec<String> {
        let events = [event("f64"), event("f32")];
        let summary = SuiteSummary::new(&events, 0, 0);
        let events = events.into_iter().map(AuditEvent::Operation);
        events
            .chain([AuditEvent::Summary(summary)])
            .map(text)
            .collect()
    }

    fn read_all(lines: Vec<String>) -> GroupResults {
        read(lines.into_iter().map(Ok), &EXPECTED)
    }

    fn trouble(lines: Vec<String>) -> String {
        read_all(lines)
            .trouble
            .expect("this output cannot be trusted")
    }

    #[test]
    fn complete_output_is_taken() {
        let results = read_all(complete());
        assert_eq!(results.trouble, None);
        assert_eq!(results.events, [event("f64"), event("f32")]);
    }

    #[test]
    fn output_that_ends_early_is_trouble() {
        let mut lines = complete();
        lines.truncate(1);
        let results = read_all(lines.clone());
        assert_eq!(
            results.trouble.as_deref(),
            Some("it ended before its summary")
        );
        assert_eq!(results.events.len(), 1, "what came is kept");
        lines[0].truncate(30);
        assert!(trouble(lines).starts_with("it wrote a line that is not a result: {"));
    }

    #[test]
    fn the_text_of_a_panic_among_the_results_is_trouble() {
        let mut lines = complete();
        lines.insert(
            1,
            "thread 'wgpu-runner' panicked at src/lib.rs:3:5:".to_owned(),
        );
        assert!(trouble(lines).contains("'wgpu-runner' panicked"));
    }

    #[test]
    fn the_summary_must_agree_with_the_results() {
        let mut lines = complete();
        lines.remove(1);
        let trouble = trouble(lines);
        assert!(
            trouble.contains("counts 2 operations, 6 checks and 80 elements, but 1, 3 and 40"),
            "{trouble}"
        );
    }

    #[test]
    fn results_must_come_in_their_order() {
        let mut lines = complete();
        lines.swap(0, 1);
        assert_eq!(
            trouble(lines),
            "a result of Tensor::exp in f32 was not expected"
        );
        let summary = SuiteSummary::new(&[event("f64")], 0, 0);
        let few = vec![
            text(AuditEvent::Operation(event("f64"))),
            text(AuditEvent::Summary(summary)),
        ];
        assert_eq!(trouble(few), "it did 1 of 2");
        let mut lines = complete();
        lines.push(text(AuditEvent::Operation(event("f64"))));
        assert_eq!(trouble(lines), "it wrote more after its summary");
    }

    #[test]
    fn silence_is_trouble() {
        let silence = Err("no result for 300 s".to_owned());
        let mut lines = complete();
        lines.truncate(1);
        let results = read(lines.into_iter().map(Ok).chain([silence]), &EXPECTED);
        assert_eq!(results.trouble.as_deref(), Some("no result for 300 s"));
    }

    #[test]
    fn trouble_names_the_operation_that_was_due() {
        let group = Group {
            backend: Backend::Wgpu,
            family: Family::Powers,
            operation: None,
            expected: EXPECTED.to_vec(),
        };
        let mut lines = complete();
        lines.truncate(1);
        let mut results = read_all(lines);
        results.report_trouble(&group, "thread 'wgpu-runner' panicked\nout of memory\n");
        let [abandoned] = &results.abandoned[..] else {
            panic!("one report: {results:?}");
        };
        assert_eq!(abandoned.place, "wgpu f32");
        assert_eq!(
            abandoned.operation,
            "Tensor::exp (Exponentials, logarithms, powers)"
        );
        assert_eq!(
            abandoned.why,
            "it ended before its summary; its last words: thread 'wgpu-runner' panicked\n\
             out of memory"
        );
        assert!(!results.summary().is_good());
    }

    #[cfg(unix)]
    #[test]
    fn the_exit_code_must_agree_but_is_not_enough() {
        use std::os::unix::process::ExitStatusExt;
        let status = |raw| ExitStatus::from_raw(raw);
        let mut results = read_all(complete());
        results.check_status(status(0));
        assert_eq!(results.trouble, None);
        results.check_status(status(1 << 8));
        let trouble = results
            .trouble
            .expect("all is right, so exit code 1 is not");
        assert_eq!(
            trouble,
            "it ended with exit status: 1, not with exit code 0"
        );
        let mut cut_off = read_all(vec![]);
        cut_off.check_status(status(0));
        assert_eq!(
            cut_off.trouble.as_deref(),
            Some("it ended before its summary")
        );
        let mut killed = read_all(vec![]);
        killed.check_status(status(6));
        let trouble = killed.trouble.expect("no summary");
        assert!(
            trouble.starts_with("it ended before its summary (signal: 6"),
            "{trouble}"
        );
    }
}
