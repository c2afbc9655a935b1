//! `cargo xtask trace-suite`: whether the operations of `burn-suite` reach the methods that they list.
//!
//! burn-autodiff has no hook for its backward pass, so gdb watches the program from outside. It stops
//! at each method of burn-autodiff's backend and at the backward pass of each step, and notes which of
//! them each operation reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The commands for gdb.
const SCRIPT: &str = include_str!("trace.gdb.py");
/// The program that checks the table.
pub(crate) const PROGRAM: &str = "audit-burn";
/// The program's arguments: the whole table, in one process.
const ARGUMENTS: &str = "--here --backend flex --format json";
/// The function of burn-suite that runs the checks of an operation.
const BEGIN: &str = "burn_suite::run::operation_run::OperationRun::run";

/// Steps that no operation reaches on flex.
const UNREACHED: [(&str, &str); 3] = [
    (
        "ctc_loss::CtcLoss",
        "only wgpu has its own backward pass for it; flex uses other steps",
    ),
    (
        "float_to_device::ToDevice",
        "moves between devices; flex has only one",
    ),
    (
        "transfer::Transfer",
        "moves between backends, of which a run has one",
    ),
];

/// A function of the program at which gdb stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum StopPoint {
    /// A method of burn-autodiff's backend: `float_exp`.
    Method(String),
    /// The backward pass of a step, with the method that records it if only one does:
    /// `float_exp::Exp`, `sort::SortDim`.
    Step(String),
}

/// Traces the whole table on flex in `program`.
///
/// # Errors
///
/// If an operation does not reach a method that it lists, if no operation reaches a step, or if gdb
/// cannot run the program.
pub(crate) fn run(program: &Path) -> Result<()> {
    let symbols = output(Command::new("nm").arg("--demangle").arg(program))
        .context("nm cannot list the program; install binutils")?;
    let places = places(&symbols);
    if !symbols.lines().any(|line| line.ends_with(BEGIN)) {
        bail!("the program has no {BEGIN} to stop at; was it renamed or inlined?");
    }
    let folder = Path::new("target").join("trace-suite");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let (events, passed) = trace(program, &symbols, &places, &folder)?;
    let operations = operations(&events, &passed)?;
    let known: BTreeSet<StopPoint> = places.into_values().collect();
    let mut breaches = not_covered(&operations, &known);
    breaches.extend(not_reached(&operations, &known));
    let steps = known
        .iter()
        .filter(|place| matches!(place, StopPoint::Step(_)));
    println!(
        "{} operations, {} steps of burn-autodiff",
        operations.len(),
        steps.count()
    );
    if breaches.is_empty() {
        return Ok(());
    }
    for breach in &breaches {
        println!("{breach}");
    }
    bail!("{} gaps between the table and the trace", breaches.len())
}

/// Whether gdb is installed and may watch a program.
pub(crate) fn can_run() -> bool {
    let mut gdb = Command::new("gdb");
    gdb.args([
        "--batch", "-nx", "-ex", "starti", "-ex", "kill", "--args", "true",
    ]);
    output(&mut gdb).is_ok_and(|said| said.contains("Program stopped"))
}

/// The methods that an operation lists, and the functions that it reaches.
#[derive(Debug, Default)]
struct TracedOperation {
    covers: BTreeSet<String>,
    passes: BTreeSet<StopPoint>,
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The stop points in the output of `nm`, by address.
fn places(symbols: &str) -> BTreeMap<String, StopPoint> {
    let place = |line: &str| {
        let (address, rest) = line.split_once(' ')?;
        let (_, name) = rest.split_once(' ')?;
        Some((address.to_owned(), StopPoint::of(name)?))
    };
    symbols.lines().filter_map(place).collect()
}

impl StopPoint {
    /// The stop point of a demangled function, if it is one.
    fn of(function: &str) -> Option<Self> {
        const OPS: &str = "burn_autodiff::ops::";
        const OWN: &str = "for burn_autodiff::backend::Autodiff<B,C>>::";
        let within = |path: &str| match path.split_once(OWN) {
            Some((_, own)) => own.to_owned(),
            None => path.to_owned(),
        };
        if let Some(step) = function.strip_prefix('<') {
            let step = step.strip_prefix(OPS)?;
            let (step, role) = step.rsplit_once(" as burn_autodiff::")?;
            let is_backward = role.ends_with(">::backward") || role.ends_with("Step>::step");
            let generic = step.starts_with("base::");
            let name = within(step);
            let name = name.split_once('<').map_or(name.as_str(), |(name, _)| name);
            return (is_backward && !generic).then(|| Self::Step(name.to_owned()));
        }
        let (_, method) = function.strip_prefix(OPS)?.split_once(OWN)?;
        (!method.contains(':')).then(|| Self::Method(method.to_owned()))
    }

    fn name(&self) -> String {
        match self {
            Self::Method(name) => format!("method:{name}"),
            Self::Step(name) => format!("step:{name}"),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        match name.split_once(':')? {
            ("method", name) => Some(Self::Method(name.to_owned())),
            ("step", name) => Some(Self::Step(name.to_owned())),
            _ => None,
        }
    }
}

/// Runs the table under gdb: returns the program's results, and the places that it passed for each
/// of them.
fn trace(
    program: &Path,
    symbols: &str,
    places: &BTreeMap<String, StopPoint>,
    folder: &Path,
) -> Result<(String, String)> {
    let [script, list, passed, events] =
        ["trace.py", "places", "passed", "events"].map(|name| folder.join(name));
    let begins = symbols.lines().filter(|line| line.ends_with(BEGIN));
    let begins = begins.filter_map(|line| Some(format!("begin {}\n", line.split_once(' ')?.0)));
    let others = places
        .iter()
        .map(|(address, place)| format!("{} {address}\n", place.name()));
    // Files of an earlier run must not pass for this one's.
    for file in [&passed, &events] {
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    fs::write(&list, begins.chain(others).collect::<String>())?;
    fs::write(&script, SCRIPT)?;
    let mut gdb = Command::new("gdb");
    gdb.args(["--batch", "-nx", "-x"])
        .arg(&script)
        .arg(program)
        .env("ARGUMENTS", ARGUMENTS)
        .envs([("PLACES", &list), ("PASSED", &passed), ("OUTPUT", &events)]);
    output(&mut gdb).context("gdb cannot watch the program; install gdb, and allow ptrace")?;
    let read = |file: &Path| {
        let missing = || format!("gdb wrote no {}; run it by hand to see why", file.display());
        fs::read_to_string(file).with_context(missing)
    };
    Ok((read(&events)?, read(&passed)?))
}

/// The operations by name. Each has a result in each float type.
fn operations(events: &str, passed: &str) -> Result<BTreeMap<String, TracedOperation>> {
    let events = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).with_context(|| line.to_owned()))
        .collect::<Result<Vec<_>>>()?;
    let events: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "operation")
        .collect();
    let parts: Vec<_> = passed.lines().collect();
    if events.len() != parts.len() {
        bail!(
            "{} results, but {} parts of the run",
            events.len(),
            parts.len()
        );
    }
    let mut operations = BTreeMap::<String, TracedOperation>::new();
    for (event, part) in events.into_iter().zip(parts) {
        let name = event["operation"].as_str().context("a result has a name")?;
        let covers = event["covers"].as_array().context("a result has methods")?;
        let operation = operations.entry(name.to_owned()).or_default();
        let methods = covers.iter().filter_map(Value::as_str);
        operation.covers.extend(methods.map(str::to_owned));
        let places = part.split(' ').filter_map(StopPoint::parse);
        operation.passes.extend(places);
    }
    Ok(operations)
}

/// Finds methods that an operation lists but does not reach. It must go back through a step of the
/// method, or, if the method has none on flex, call the method.
fn not_covered(
    operations: &BTreeMap<String, TracedOperation>,
    known: &BTreeSet<StopPoint>,
) -> Vec<String> {
    let mut breaches = Vec::new();
    for (name, operation) in operations {
        for method in &operation.covers {
            let is_own = |place: &&StopPoint| match place {
                StopPoint::Step(step) => {
                    !is_excused(step) && step.split("::").next() == Some(method)
                }
                StopPoint::Method(_) => false,
            };
            let has_own = known.iter().any(|place| is_own(&place));
            let is_covered = if has_own {
                operation.passes.iter().any(|place| is_own(&place))
            } else {
                operation
                    .passes
                    .contains(&StopPoint::Method(method.clone()))
            };
            if !is_covered {
                breaches.push(format!(
                    "{name} lists {method}, but does not reach it; correct `covers`"
                ));
            }
        }
    }
    breaches
}

fn is_excused(step: &str) -> bool {
    UNREACHED.iter().any(|(excused, _)| *excused == step)
}

/// Finds steps that no operation goes back through.
fn not_reached(
    operations: &BTreeMap<String, TracedOperation>,
    known: &BTreeSet<StopPoint>,
) -> Vec<String> {
    let reached: BTreeSet<&StopPoint> = operations
        .values()
        .flat_map(|operation| &operation.passes)
        .collect();
    let mut breaches = Vec::new();
    for place in known {
        let StopPoint::Step(step) = place else {
            continue;
        };
        match (reached.contains(place), is_excused(step)) {
            (false, false) => breaches.push(format!(
                "no operation goes backward through {step}; add a check that does"
            )),
            (true, true) => breaches.push(format!(
                "{step} is reached; delete it from UNREACHED in xtask/src/trace.rs"
            )),
            _ => {}
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXP: &str = "<burn_autodiff::ops::tensor::<impl burn_backend::backend::ops::tensor::\
                       FloatTensorOps<burn_autodiff::backend::Autodiff<B,C>> for \
                       burn_autodiff::backend::Autodiff<B,C>>::float_exp::Exp as \
                       burn_autodiff::ops::backward::Backward<B,1_usize>>::backward";
    const CAT: &str = "<burn_autodiff::ops::tensor::<impl burn_backend::backend::ops::tensor::\
                       FloatTensorOps<burn_autodiff::backend::Autodiff<B,C>> for \
                       burn_autodiff::backend::Autodiff<B,C>>::float_cat::CatStep<B> as \
                       burn_autodiff::graph::base::Step>::step";
    const SORT: &str = "<burn_autodiff::ops::sort::SortDim as \
                        burn_autodiff::ops::backward::Backward<B,1_usize>>::backward";
    const METHOD: &str = "burn_autodiff::ops::tensor::<impl burn_backend::backend::ops::tensor::\
                          FloatTensorOps<burn_autodiff::backend::Autodiff<B,C>> for \
                          burn_autodiff::backend::Autodiff<B,C>>::float_exp";

    fn step(name: &str) -> StopPoint {
        StopPoint::Step(name.to_owned())
    }

    #[test]
    fn steps_and_methods_are_recognised_among_other_functions() {
        assert_eq!(StopPoint::of(EXP), Some(step("float_exp::Exp")));
        assert_eq!(StopPoint::of(CAT), Some(step("float_cat::CatStep")));
        assert_eq!(StopPoint::of(SORT), Some(step("sort::SortDim")));
        let method = StopPoint::Method("float_exp".to_owned());
        assert_eq!(StopPoint::of(METHOD), Some(method));
        for other in [
            "<burn_autodiff::ops::base::OpsStep<B,T,SB,_> as burn_autodiff::graph::base::Step>::step",
            &EXP.replace("::backward", "::fmt"),
            &format!("{METHOD}::{{{{closure}}}}"),
            "<trainer::Custom as burn_autodiff::ops::backward::Backward<B,1_usize>>::backward",
            "main",
        ] {
            assert_eq!(StopPoint::of(other), None, "{other}");
        }
        let found = places(&format!("00ff T {EXP}\n                 U malloc\n"));
        assert_eq!(
            found,
            BTreeMap::from([("00ff".to_owned(), step("float_exp::Exp"))])
        );
    }

    #[test]
    fn a_listed_method_that_is_not_reached_is_a_gap() {
        let event = r#"{"event":"operation","operation":"exp","covers":["float_exp","float_max"]}"#;
        let events = format!("{event}\n{event}\n{{\"event\":\"summary\"}}\n");
        let known = BTreeSet::from([step("float_exp::Exp"), step("maxmin::MaxMinDim")]);
        let all = "method:float_exp step:float_exp::Exp\nmethod:float_max step:maxmin::MaxMinDim\n";
        let traced = operations(&events, all).expect("as many parts as results");
        assert_eq!(not_covered(&traced, &known), Vec::<String>::new());
        assert_eq!(not_reached(&traced, &known), Vec::<String>::new());
        let forward_only = "method:float_exp\nmethod:float_exp\n";
        let traced = operations(&events, forward_only).expect("as many parts as results");
        assert_eq!(not_covered(&traced, &known).len(), 2);
        assert_eq!(not_reached(&traced, &known).len(), 2);
        assert!(operations(&events, "\n").is_err(), "a part is missing");
    }
}
