//! Judges programs in this process, for a parent that reads a line for each.

use std::ops::Range;

use anyhow::Result;
use programs::Format;
use programs::parallel::pool_of_one;
use programs::setup::{Backends, Setup};
use random_programs::{Complaint, DEADLOCK, Judge, Program, Setting, Verdict};

use super::disaster::Disaster;
use super::events::{ProgramEvent, ProgramVerdict};
use crate::output::ResultWriter;

/// One program of so many also runs on two threads that share its leaves. In Burn 0.22.1 such threads hang
/// now and then, which takes seconds each time.
const SHARES_LEAVES: u64 = 50;

/// Judges the programs of these seeds, each as `cut` leaves it, and writes a line for each. It ends early when threads hang: then nothing
/// that tracks gradients works in this process any more.
///
/// # Errors
///
/// If results cannot be written.
pub(super) fn run(
    seeds: Range<u64>,
    backends: &Backends,
    cut: impl Fn(Program) -> Program,
    disaster: Option<&Disaster>,
) -> Result<()> {
    let output = ResultWriter::new(Format::Json);
    // A panic is a result. The hook would print each.
    std::panic::set_hook(Box::new(|_| {}));
    let _pool = pool_of_one();
    let judged = Judged::new(settings(backends));
    for seed in seeds {
        let program = cut(Program::random(seed));
        if let Some(disaster) = disaster {
            disaster.meet(&program);
        }
        let event = judged.event(seed, &program);
        output.json(&event)?;
        if event.entries.iter().any(|entry| entry == DEADLOCK) {
            break;
        }
    }
    Ok(())
}

/// Every backend in each of its float types, without and with gradient checkpointing.
pub(super) fn settings(backends: &Backends) -> Vec<Setting> {
    let setups = backends.setups();
    let both = |setup: &Setup| {
        [false, true].map(|checkpointing| Setting {
            backend: setup.backend.name(),
            device: setup.target.device.clone(),
            dtype: setup.target.dtype,
            checkpointing,
        })
    };
    setups.iter().flat_map(both).collect()
}

struct Judged {
    settings: Vec<Setting>,
    judge: Judge,
}

impl Judged {
    fn new(settings: Vec<Setting>) -> Self {
        let judge = Judge::new(settings.clone());
        Self { settings, judge }
    }

    fn event(&self, seed: u64, program: &Program) -> ProgramEvent {
        let mut verdict = self.judge.judge(program);
        if seed.is_multiple_of(SHARES_LEAVES) && matches!(verdict, Verdict::Right { .. }) {
            match self.judge.with_shared_leaves(program) {
                Verdict::Right { .. } => {}
                other => verdict = other,
            }
        }
        let mut event = ProgramEvent {
            seed,
            operations: program.operations(),
            verdict: ProgramVerdict::Right,
            elements: 0,
            by_differences: 0,
            entries: Vec::new(),
            detail: String::new(),
            code: String::new(),
        };
        match verdict {
            Verdict::Right {
                by_differences,
                elements,
            } => {
                (event.by_differences, event.elements) = (by_differences, elements);
            }
            Verdict::Known(entries) => {
                event.verdict = ProgramVerdict::Known;
                event.entries = entries.into_iter().map(str::to_owned).collect();
            }
            Verdict::Wrong(complaint) => {
                event.verdict = ProgramVerdict::Wrong;
                event.detail = complaint.to_string();
                event.code = self.smallest(program, &complaint);
            }
            Verdict::Unclear(why) => {
                event.verdict = ProgramVerdict::Unclear;
                event.detail = why;
                event.code = program.code(&self.settings[0]);
            }
        }
        event
    }

    /// The smallest program with a complaint of the same kind in the same setting.
    fn smallest(&self, program: &Program, complaint: &Complaint) -> String {
        let named = self
            .settings
            .iter()
            .find(|setting| setting.name() == complaint.setting);
        let Some(setting) = named else {
            return String::new();
        };
        let judge = Judge::new(vec![setting.clone()]);
        let shows = |program: &Program| {
            judge
                .complaint(program)
                .is_some_and(|other| other.kind == complaint.kind)
        };
        // What shows only next to another setting or thread cannot be shrunk in one.
        let smallest = if shows(program) {
            program.shrunk(shows)
        } else {
            program.clone()
        };
        smallest.code(setting)
    }
}
