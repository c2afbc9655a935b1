//! Whether Burn computes a program right.

use std::fmt;

use burn::tensor::DType;

use crate::companion::Companion;
use crate::execute::{Failure, Results, Setting};
use crate::faults::Fault;
use crate::number::ROUNDING;
use crate::program::{Program, Step, Trace};
use crate::witness::{Derivative, Witnesses, is_within};

/// What is said about a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Everything is right.
    Right {
        /// The elements of gradients that finite differences could check.
        by_differences: usize,
        /// All elements of gradients.
        elements: usize,
    },
    /// Something is wrong, for reasons that burn-suite's ledger lists: its entries.
    Known(Vec<&'static str>),
    /// Something is wrong.
    Wrong(Complaint),
    /// The formulas and the finite differences disagree, so that nothing can be said about Burn.
    Unclear(String),
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Complaint {
    /// The setting: `flex f64 checkpointing`.
    pub setting: String,
    /// The kind of it.
    pub kind: ComplaintKind,
    /// The numbers, or the message of a panic.
    pub detail: String,
}

/// The kinds of complaints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComplaintKind {
    /// A value is wrong.
    Value,
    /// A gradient is wrong or missing.
    Gradient,
    /// It panics.
    Panic,
    /// The same program gives other bits the second time.
    Unsteady,
    /// It gives other bits with gradient checkpointing.
    Checkpointing,
    /// It gives other bits, or panics, while another thread runs the same program on leaves of its own.
    Threads,
    /// It gives a wrong gradient while another thread runs it on the same leaves.
    SharedLeaves,
    /// It does not end.
    Hang,
}

/// The entry of the ledger for leaves made from clones of one tensor.
pub const ONE_NODE: &str = "leaves-of-one-tensor";
/// The entry of the ledger for the panic about a tape that is not consumed.
pub const STALE_GRAPH: &str = "stale-graph-after-merge";
/// The entry of the ledger for threads that share a leaf and wait for each other.
pub const DEADLOCK: &str = "threads-share-a-fresh-leaf";

/// Random roundings of each program, and of one at which something seems wrong.
const SAMPLES: [u64; 2] = [2, 48];
/// How many times the largest of the random roundings still is rounding.
const SAFETY: f64 = 8.0;
/// Rounding to f64, as a part of that to f32.
const DOUBLE: f64 = f64::EPSILON / f32::EPSILON as f64;

/// Judges programs.
#[derive(Debug)]
pub struct Judge {
    settings: Vec<Setting>,
    fault: Option<Fault>,
    companion: Option<Companion>,
}

impl Judge {
    /// One that runs programs in all these settings, each on one thread and on two.
    pub fn new(settings: Vec<Setting>) -> Self {
        Self {
            settings,
            fault: None,
            companion: Some(Companion::start()),
        }
    }

    /// One that runs programs with an injected fault, on one thread.
    pub fn with_fault(settings: Vec<Setting>, fault: Fault) -> Self {
        Self {
            settings,
            fault: Some(fault),
            companion: None,
        }
    }

    /// Judges a program.
    pub fn judge(&self, program: &Program) -> Verdict {
        let witnesses = match self.witnesses(program, SAMPLES[0]) {
            Ok(witnesses) => witnesses,
            Err(unclear) => return Verdict::Unclear(unclear),
        };
        match self.first_complaint(program, &witnesses) {
            None => {
                let (by_differences, elements) = witnesses.checked();
                Verdict::Right {
                    by_differences,
                    elements,
                }
            }
            Some(complaint) => self.explained(program, complaint),
        }
    }

    /// The first complaint about a program, whether it is known or not.
    pub fn complaint(&self, program: &Program) -> Option<Complaint> {
        let witnesses = self.witnesses(program, SAMPLES[0]).ok()?;
        self.first_complaint(program, &witnesses)
    }

    /// What goes wrong when two threads run a program on the same leaves, each to its own losses. Burn hangs
    /// there now and then, which `DEADLOCK` lists, and so it does with the panic of `STALE_GRAPH`.
    pub fn with_shared_leaves(&self, program: &Program) -> Verdict {
        let mut known = Vec::new();
        for setting in &self.settings {
            let Ok(alone) = setting.run(program, None) else {
                continue;
            };
            for result in setting.run_on_shared_leaves(program) {
                match result {
                    Ok(together) if together == alone => {}
                    Ok(_) => {
                        let detail = "other bits than alone".to_owned();
                        return Verdict::Wrong(
                            setting.complaint(ComplaintKind::SharedLeaves, detail),
                        );
                    }
                    Err(Failure::Hung) => return Verdict::Known(vec![DEADLOCK]),
                    Err(Failure::Panicked(message)) if is_consumed(&message) => {
                        known = vec![STALE_GRAPH];
                    }
                    Err(Failure::Panicked(message)) => {
                        return Verdict::Wrong(setting.complaint(ComplaintKind::Panic, message));
                    }
                }
            }
        }
        if known.is_empty() {
            Verdict::Right {
                by_differences: 0,
                elements: 0,
            }
        } else {
            Verdict::Known(known)
        }
    }

    /// The witnesses of a program.
    ///
    /// # Errors
    ///
    /// If they disagree with each other.
    pub(crate) fn witnesses(&self, program: &Program, samples: u64) -> Result<Witnesses, String> {
        let trace =
            Trace::of(program).map_err(|flaw| format!("the program has a flaw: {flaw:?}"))?;
        let witnesses = Witnesses::of(program, &trace, samples);
        witnesses.disagreement().map_or(Ok(witnesses), Err)
    }

    fn first_complaint(&self, program: &Program, witnesses: &Witnesses) -> Option<Complaint> {
        let mut plain: Option<(&Setting, Results)> = None;
        for setting in &self.settings {
            let without = plain
                .as_ref()
                .filter(|(other, _)| setting.is_checkpointing_of(other));
            if let Some((_, without)) = without {
                // What has been compared with the witnesses need not be compared again: it must give the same bits.
                if let Some(complaint) = self.as_without(setting, program, witnesses, without) {
                    return Some(complaint);
                }
                continue;
            }
            let results = match self.checked(setting, program, witnesses) {
                Ok(results) => results,
                Err(complaint) => return Some(complaint),
            };
            if let Some(other) = self.other_than(setting, program, &results) {
                let alone = setting.run(program, self.fault);
                let kind = match other {
                    Err(Failure::Hung) => ComplaintKind::Hang,
                    _ if alone.as_ref() != Ok(&results) => ComplaintKind::Unsteady,
                    _ => ComplaintKind::Threads,
                };
                return Some(setting.complaint(kind, different(&results, &other)));
            }
            plain = Some((setting, results));
        }
        None
    }

    /// Runs a program with gradient checkpointing, and compares it with what it gave without.
    fn as_without(
        &self,
        setting: &Setting,
        program: &Program,
        witnesses: &Witnesses,
        without: &Results,
    ) -> Option<Complaint> {
        let other = self.other_than(setting, program, without)?;
        if other == Err(Failure::Hung) {
            return Some(setting.complaint(ComplaintKind::Hang, different(without, &other)));
        }
        match self.checked(setting, program, witnesses) {
            Err(complaint) => Some(complaint),
            Ok(alone) if alone != *without => {
                let detail = different(without, &Ok(alone));
                Some(setting.complaint(ComplaintKind::Checkpointing, detail))
            }
            Ok(_) => Some(setting.complaint(ComplaintKind::Threads, different(without, &other))),
        }
    }

    /// Runs a program again, next to another thread that runs it too. All must give the same bits: a run that does not.
    fn other_than(
        &self,
        setting: &Setting,
        program: &Program,
        same: &Results,
    ) -> Option<Result<Results, Failure>> {
        let runs = match &self.companion {
            Some(companion) => setting.run_on_two(program, companion).to_vec(),
            None => vec![setting.run(program, self.fault)],
        };
        runs.into_iter().find(|run| run.as_ref() != Ok(same))
    }

    /// Runs a program once and compares its results with the witnesses.
    fn checked(
        &self,
        setting: &Setting,
        program: &Program,
        witnesses: &Witnesses,
    ) -> Result<Results, Complaint> {
        let results = match setting.run(program, self.fault) {
            Ok(results) => results,
            Err(Failure::Panicked(message)) => {
                return Err(setting.complaint(ComplaintKind::Panic, message));
            }
            Err(Failure::Hung) => return Err(setting.complaint(ComplaintKind::Hang, String::new())),
        };
        if setting.difference(&results, witnesses).is_some() {
            // Few random roundings may all be small by chance: before it is said, many are tried.
            let closer = self.witnesses(program, SAMPLES[1]);
            let closer = closer.as_ref().unwrap_or(witnesses);
            if let Some((kind, detail)) = setting.difference(&results, closer) {
                return Err(setting.complaint(kind, detail));
            }
        }
        Ok(results)
    }

    /// A complaint, or the entries of the ledger that are the reason for it: without what they need to show,
    /// the program is right.
    fn explained(&self, program: &Program, complaint: Complaint) -> Verdict {
        let mut reasons = Vec::new();
        let (mut program, mut complaint) = (program.clone(), complaint);
        if program
            .steps()
            .any(|step| matches!(step, Step::Sibling { .. }))
        {
            program = program.with_own_leaves();
            reasons.push(ONE_NODE);
            match self.complaint(&program) {
                None => return Verdict::Known(reasons),
                Some(left) => complaint = left,
            }
        }
        if is_consumed(&complaint.detail) {
            let mut passes = program.passes().into_iter();
            if passes.all(|pass| self.complaint(&pass).is_none()) {
                reasons.push(STALE_GRAPH);
                return Verdict::Known(reasons);
            }
        }
        Verdict::Wrong(complaint)
    }
}

fn is_consumed(message: &str) -> bool {
    message.contains("graph tape has already been consumed")
}

impl Program {
    /// The same program, with leaves made from tensors of their own.
    pub(crate) fn with_own_leaves(&self) -> Self {
        let mut own = self.clone();
        for (place, instruction) in self.instructions.iter().enumerate() {
            if let Step::Sibling { .. } = instruction.step {
                let (shape, numbers) = self.numbers(&instruction.step);
                let (shape, numbers) = (shape.to_vec(), numbers.to_vec());
                own.instructions[place].step = Step::Leaf {
                    shape,
                    numbers,
                    is_tracked: true,
                };
            }
        }
        own
    }

    /// Each backward pass in a program of its own, with what it needs and nothing else.
    pub(crate) fn passes(&self) -> Vec<Self> {
        let steps = self.steps().enumerate();
        let passes = steps.filter(|(_, step)| matches!(step, Step::Backward { .. }));
        passes
            .map(|(place, _)| self.without_unused(|root| root == place))
            .collect()
    }
}

/// What differs between two runs.
fn different(one: &Results, other: &Result<Results, Failure>) -> String {
    let other = match other {
        Ok(other) => other,
        Err(Failure::Hung) => return "it does not end".to_owned(),
        Err(Failure::Panicked(message)) => return message.clone(),
    };
    let both = one
        .gradients
        .iter()
        .flatten()
        .zip(other.gradients.iter().flatten());
    let all = both.enumerate();
    let mut found = all.filter(|(_, (a, b))| a != b);
    found.next().map_or_else(
        || "a value has other bits".to_owned(),
        |(number, (a, b))| format!("gradient {number} is {a:?}, then {b:?}"),
    )
}

impl Setting {
    fn complaint(&self, kind: ComplaintKind, detail: String) -> Complaint {
        Complaint {
            setting: self.name(),
            kind,
            detail,
        }
    }

    /// Whether it is the other with gradient checkpointing.
    fn is_checkpointing_of(&self, other: &Self) -> bool {
        let is_same = self.backend == other.backend && self.dtype == other.dtype;
        is_same && self.checkpointing && !other.checkpointing
    }

    /// The rounding of this float type, from that to f32.
    fn rounding(&self, in_f32: f64) -> f64 {
        SAFETY
            * if self.dtype == DType::F64 {
                in_f32 * DOUBLE
            } else {
                in_f32
            }
    }

    /// The first number that is not what the witnesses say.
    fn difference(
        &self,
        results: &Results,
        witnesses: &Witnesses,
    ) -> Option<(ComplaintKind, String)> {
        let kind = ComplaintKind::Value;
        if results.gradients.len() != witnesses.gradients.len() {
            return Some((kind, "backward passes are missing".to_owned()));
        }
        for (root, (got, right)) in results.roots.iter().zip(&witnesses.roots).enumerate() {
            // The values' own digits, and what the way to them costs.
            let rounding = witnesses.root_roundings[root];
            for (element, (got, right)) in got.iter().zip(&right.data).enumerate() {
                let allowed = self.rounding(rounding + right.abs() * ROUNDING);
                if !is_within(got - right, allowed) {
                    let detail =
                        format!("value {element} of pass {root} is {got}, right is {right}");
                    return Some((kind, detail));
                }
            }
        }
        for (root, (got, right)) in results
            .gradients
            .iter()
            .zip(&witnesses.gradients)
            .enumerate()
        {
            for (leaf, (got, right)) in got.iter().zip(right).enumerate() {
                for (element, derivative) in right.iter().enumerate() {
                    // No gradient is one of zeros.
                    let got = got
                        .as_ref()
                        .map_or(0.0, |got| got.get(element).copied().unwrap_or(f64::NAN));
                    let Derivative {
                        formula,
                        rounding,
                        finite,
                    } = *derivative;
                    if !is_within(got - formula, self.rounding(rounding)) {
                        let finite = finite.map_or_else(
                            || "a kink is too close for finite differences".to_owned(),
                            |(finite, error)| format!("finite differences {finite} ± {error:.1e}"),
                        );
                        let detail = format!(
                            "pass {root}, leaf {leaf}, element {element}: autodiff {got}, formulas \
                             {formula}, {finite}"
                        );
                        return Some((ComplaintKind::Gradient, detail));
                    }
                }
            }
        }
        None
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ComplaintKind::Value => "wrong value",
            ComplaintKind::Gradient => "wrong gradient",
            ComplaintKind::Panic => "panic",
            ComplaintKind::Unsteady => "not the same bits twice",
            ComplaintKind::Checkpointing => "other bits with gradient checkpointing",
            ComplaintKind::Threads => "other results next to another thread",
            ComplaintKind::SharedLeaves => "wrong gradient on leaves that threads share",
            ComplaintKind::Hang => "it does not end",
        };
        write!(f, "{what} on {}: {}", self.setting, self.detail)
    }
}
