//! Programs in processes of their own. One that ends, hangs or takes too much memory costs one program.

use std::ops::Range;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use backends::Backend;
use programs::Format;
use programs::parallel::in_order;
use programs::setup::Backends;
use random_programs::{DEADLOCK, Program};

use super::disaster::Disaster;
use super::events::{ProgramEvent, ProgramsSummary};
use super::worker::settings;
use crate::child::{last_words, lines};
use crate::output::ResultWriter;

/// Programs of one process. Burn keeps branches that are never differentiated, so a process gets slower.
const PROGRAMS: u64 = 250;
/// How long a process may take for one program, with the time for shrinking it.
const SILENCE: Duration = Duration::from_secs(60);
/// The same where shaders are compiled for each shape.
const SILENCE_OF_SHADERS: Duration = Duration::from_secs(600);
/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// The most memory that a process may take.
const MEMORY: u64 = 2 << 30;

/// How long a lost program is made smaller at most.
const SHRINKING: Duration = Duration::from_secs(60);

/// The processes of a run: what each is told.
pub(super) struct Processes<'a> {
    pub(super) backends: &'a Backends,
    pub(super) disaster: Option<&'a Disaster>,
}

impl Processes<'_> {
    /// Runs the programs of these seeds on all cores. Returns whether all are right, or wrong for reasons that
    /// are listed.
    ///
    /// # Errors
    ///
    /// If a process cannot start, or results cannot be written.
    pub(super) fn run(&self, seeds: &Range<u64>, format: Format) -> Result<bool> {
        let begin = Instant::now();
        let output = ResultWriter::new(format);
        output.backends(self.backends)?;
        let mut groups = Vec::new();
        let mut first = seeds.start;
        while first < seeds.end {
            let end = seeds.end.min(first + PROGRAMS);
            groups.push(first..end);
            first = end;
        }
        let mut summary = ProgramsSummary::new(seeds);
        in_order(
            &groups,
            |group| self.events(group),
            |events| {
                for event in events? {
                    summary.add(&event);
                    match (format, event.text()) {
                        (Format::Json, _) => output.json(&event)?,
                        (Format::Text, Some(text)) => output.say(&text)?,
                        (Format::Text, None) => {}
                    }
                }
                Ok(())
            },
        )?;
        summary.seconds = begin.elapsed().as_secs_f64();
        match format {
            Format::Text => output.say(&summary.to_string())?,
            Format::Json => output.json(&summary)?,
        }
        Ok(summary.is_good())
    }

    /// The results of a group of seeds, each program's exactly once.
    fn events(&self, seeds: &Range<u64>) -> Result<Vec<ProgramEvent>> {
        let mut events: Vec<ProgramEvent> = Vec::new();
        let mut next = seeds.start;
        while next < seeds.end {
            let trouble = self.one_process(next..seeds.end, &Cuts::default(), &mut events)?;
            next = seeds.start + events.len() as u64;
            let hung = |event: &ProgramEvent| event.entries.iter().any(|entry| entry == DEADLOCK);
            if next < seeds.end && !events.last().is_some_and(hung) {
                events.push(self.lost(next, trouble)?);
                next += 1;
            }
        }
        Ok(events)
    }

    /// A program whose process came to a bad end, as small as it can be made.
    fn lost(&self, seed: u64, trouble: Trouble) -> Result<ProgramEvent> {
        let program = Program::random(seed);
        // Each smaller one that hangs would be waited for.
        let smallest = if trouble.is_silence {
            program.clone()
        } else {
            let cuts = self.cuts(seed, &program)?;
            program.cut(&cuts.as_leaves, &cuts.left_out)
        };
        let settings = settings(self.backends);
        let code = settings
            .first()
            .map_or_else(String::new, |it| smallest.code(it));
        let operations = program.operations();
        Ok(ProgramEvent::lost(seed, operations, trouble.text, code))
    }

    /// What a program can do without and still come to a bad end, each tried in a process of its own: first
    /// everything behind the instruction that brings it about and everything but its operands, then one instruction
    /// after the other.
    fn cuts(&self, seed: u64, program: &Program) -> Result<Cuts> {
        let begin = Instant::now();
        let ends_badly = |cuts: &Cuts| -> Result<bool> {
            let mut events = Vec::new();
            self.one_process(seed..seed + 1, cuts, &mut events)?;
            Ok(events.is_empty())
        };
        let all = program.instructions();
        // It does not end badly with the first `good` instructions, and does with the first `bad`.
        let (mut good, mut bad) = (0, all);
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            if ends_badly(&Cuts::of(middle..all))? {
                bad = middle;
            } else {
                good = middle;
            }
        }
        let mut cuts = Cuts::of(bad..all);
        let operands = program.operands(bad - 1);
        let alone = Cuts {
            left_out: (0..all)
                .filter(|place| *place != bad - 1 && !operands.contains(place))
                .collect(),
            as_leaves: operands.to_vec(),
        };
        if ends_badly(&alone)? {
            return Ok(alone);
        }
        for place in (0..bad).rev() {
            for cut in [Cuts::leave_out, Cuts::replace] {
                let mut candidate = cuts.clone();
                cut(&mut candidate, place);
                if ends_badly(&candidate)? {
                    cuts = candidate;
                    break;
                }
            }
            if begin.elapsed() > SHRINKING {
                break;
            }
        }
        Ok(cuts)
    }

    /// Adds the results of one process. Returns why it ended, if it ended early.
    fn one_process(
        &self,
        seeds: Range<u64>,
        cuts: &Cuts,
        events: &mut Vec<ProgramEvent>,
    ) -> Result<Trouble> {
        let mut child = self.start(&seeds, cuts)?;
        let errors = last_words(
            child
                .stderr
                .take()
                .context("the child's errors are piped")?,
        );
        let results = lines(child.stdout.take().context("the child's output is piped")?);
        let leash = child.stdin.take();
        let mut due = seeds.start;
        let has_shaders = settings(self.backends)
            .iter()
            .any(|setting| setting.backend == Backend::Wgpu.name());
        let patience = if has_shaders {
            SILENCE_OF_SHADERS
        } else {
            SILENCE
        };
        let trouble = loop {
            let line = match next_line(&results, &child, patience) {
                Ok(Some(line)) => line,
                Ok(None) => break None,
                Err(trouble) => break Some(trouble),
            };
            match serde_json::from_str::<ProgramEvent>(&line) {
                Ok(event) if event.seed == due => {
                    due += 1;
                    events.push(event);
                }
                _ => {
                    let text = format!("it wrote a line that is not the result: {line}");
                    let is_silence = false;
                    break Some(Trouble { text, is_silence });
                }
            }
        };
        if trouble.is_some() {
            // Killing a process that has ended fails; that is not an error.
            let _ = child.kill();
        }
        let status = child.wait().context("cannot wait for a process")?;
        drop(leash);
        let words = errors.join().unwrap_or_default();
        let mut trouble = trouble.unwrap_or_else(|| Trouble {
            text: "it ended".to_owned(),
            is_silence: false,
        });
        let said = format!("{} ({status}) {}", trouble.text, words.trim());
        trouble.text = said.trim_end().to_owned();
        Ok(trouble)
    }

    fn start(&self, seeds: &Range<u64>, cuts: &Cuts) -> Result<Child> {
        let program = std::env::current_exe().context("this program cannot be found")?;
        let mut names: Vec<_> = settings(self.backends)
            .iter()
            .map(|it| it.backend)
            .collect();
        names.dedup();
        let places =
            |places: &[usize]| -> Vec<String> { places.iter().map(ToString::to_string).collect() };
        let (left_out, as_leaves) = (places(&cuts.left_out), places(&cuts.as_leaves));
        let disaster = self.disaster.map(ToString::to_string);
        Command::new(program)
            .args(["--format", "json", "--here", "--leashed"])
            .args(["--seed", &seeds.start.to_string()])
            .args(["--programs", &(seeds.end - seeds.start).to_string()])
            .args(names.iter().flat_map(|name| ["--backend", name]))
            .args(left_out.iter().flat_map(|place| ["--without", place]))
            .args(as_leaves.iter().flat_map(|place| ["--as-leaf", place]))
            .args(
                disaster
                    .iter()
                    .flat_map(|disaster| ["--disaster", disaster]),
            )
            // Nothing is written to it. It stays open until this process ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start a process for random programs")
    }
}

/// What a program does without, by the places of instructions.
#[derive(Debug, Clone, Default)]
struct Cuts {
    left_out: Vec<usize>,
    as_leaves: Vec<usize>,
}

impl Cuts {
    /// Without these instructions.
    fn of(left_out: Range<usize>) -> Self {
        Self {
            left_out: left_out.collect(),
            as_leaves: Vec::new(),
        }
    }

    fn leave_out(&mut self, place: usize) {
        self.left_out.push(place);
    }

    /// A leaf in the place of a computed value needs no operands.
    fn replace(&mut self, place: usize) {
        self.as_leaves.push(place);
    }
}

/// Why a process ended early.
#[derive(Debug, PartialEq, Eq)]
struct Trouble {
    text: String,
    /// Whether it was waited for in vain.
    is_silence: bool,
}

/// The next line of a process; `None` at its end.
fn next_line(
    lines: &Receiver<std::io::Result<String>>,
    child: &Child,
    patience: Duration,
) -> Result<Option<String>, Trouble> {
    let trouble = |text: String, is_silence| Trouble { text, is_silence };
    // Looks are counted, not time: a machine that sleeps makes no program silent.
    for _ in 0..patience.as_millis() / LOOK.as_millis() {
        match lines.recv_timeout(LOOK) {
            Ok(line) => return line.map(Some).map_err(|it| trouble(it.to_string(), false)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) if memory(child) > MEMORY => {
                let text = format!("it took more than {} MiB", MEMORY >> 20);
                return Err(trouble(text, false));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Err(trouble(
        format!("no result for {} s", patience.as_secs()),
        true,
    ))
}

/// The resident memory of a process in bytes, where Linux tells it; 0 elsewhere.
fn memory(child: &Child) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{}/statm", child.id()));
    let pages = pages
        .ok()
        .and_then(|pages| pages.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn child(script: &str) -> (Child, Receiver<std::io::Result<String>>) {
        let mut command = Command::new("sh");
        let spawned = command.args(["-c", script]).stdout(Stdio::piped()).spawn();
        let mut child = spawned.expect("a shell starts");
        let results = lines(child.stdout.take().expect("its output is piped"));
        (child, results)
    }

    #[test]
    fn lines_come_until_the_end() {
        let (mut child, lines) = child("echo one; echo two");
        let next = || next_line(&lines, &child, SILENCE);
        assert_eq!(next(), Ok(Some("one".to_owned())));
        assert_eq!(next(), Ok(Some("two".to_owned())));
        assert_eq!(next(), Ok(None));
        child.wait().expect("it has ended");
    }

    #[test]
    fn a_silent_process_is_not_waited_for() {
        let (mut child, lines) = child("exec sleep 600");
        let silence = next_line(&lines, &child, Duration::from_secs(1));
        let text = "no result for 1 s".to_owned();
        let is_silence = true;
        assert_eq!(silence, Err(Trouble { text, is_silence }));
        if cfg!(target_os = "linux") {
            assert!((1..MEMORY).contains(&memory(&child)), "{}", memory(&child));
        }
        child.kill().expect("it still runs");
        child.wait().expect("it has ended");
    }
}
