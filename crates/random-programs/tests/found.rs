//! What the random programs find: injected faults, and faults of Burn that are known.

use std::panic;
use std::sync::Once;

use burn::tensor::{DType, Device};
use random_programs::{Fault, Judge, ONE_NODE, Program, STALE_GRAPH, Setting, Verdict};

/// Panics are results here. The hook would print each with its stack.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = info.payload_as_str().unwrap_or_default();
            if !message.contains("graph tape has already been consumed") {
                hook(info);
            }
        }));
    });
}

/// flex in f64, without and with gradient checkpointing.
fn settings() -> Vec<Setting> {
    let setting = |checkpointing| Setting {
        backend: "flex",
        device: Device::flex(),
        dtype: DType::F64,
        checkpointing,
    };
    [false, true].map(setting).to_vec()
}

/// Each is found within 2000 programs, and reduced to a program of at most 4 operations.
#[test]
fn every_injected_fault_is_found_and_shrunk() {
    assert_eq!(Fault::ALL.len(), 20);
    for &fault in Fault::ALL {
        let judge = Judge::with_fault(settings(), fault);
        let mut programs = (0..2000)
            .map(Program::random)
            .filter(|program| fault.is_in(program));
        let is_wrong = |program: &Program| matches!(judge.judge(program), Verdict::Wrong(_));
        let Some(program) = programs.find(is_wrong) else {
            panic!("{}: not found", fault.name());
        };
        let complaint = judge.complaint(&program).expect("it is wrong");
        let shows = |it: &Program| {
            judge
                .complaint(it)
                .is_some_and(|it| it.kind == complaint.kind)
        };
        let smallest = program.shrunk(shows);
        let operations = smallest.operations();
        let code = smallest.code(&settings()[0]);
        assert!(
            operations <= 4,
            "{}: {operations} operations\n{code}",
            fault.name()
        );
    }
}

/// Leaves of one tensor, and a graph that is merged twice: the generator makes both by itself, and nothing that
/// these do not explain.
#[test]
fn known_faults_of_the_graph_are_found_and_no_other() {
    quiet();
    let judge = Judge::new(settings());
    let mut found = [false; 2];
    for seed in 0..700 {
        match judge.judge(&Program::random(seed)) {
            Verdict::Right {
                by_differences,
                elements,
            } => assert!(by_differences <= elements),
            Verdict::Known(entries) => {
                found[0] |= entries.contains(&ONE_NODE);
                found[1] |= entries.contains(&STALE_GRAPH);
            }
            other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert_eq!(found, [true; 2]);
}

/// A fault that is known is not an excuse for another one in the same program.
#[test]
fn a_known_fault_hides_no_other() {
    quiet();
    let judge = Judge::new(settings());
    let has = |seed: &u64, entry| matches!(judge.judge(&Program::random(*seed)), Verdict::Known(entries) if entries == [entry]);
    let seed = (0..700)
        .find(|seed| has(seed, ONE_NODE))
        .expect("some program has it");
    let program = Program::random(seed);
    let broken = Fault::ALL
        .iter()
        .map(|&fault| Judge::with_fault(settings(), fault).judge(&program));
    let wrong = broken
        .filter(|verdict| matches!(verdict, Verdict::Wrong(_)))
        .count();
    assert!(wrong > 0, "seed {seed}");
}

#[test]
fn a_program_is_that_of_its_seed() {
    for seed in 0..20 {
        assert_eq!(Program::random(seed), Program::random(seed));
        assert_ne!(Program::random(seed), Program::random(seed + 1));
        let operations = Program::random(seed).operations();
        assert!((3..90).contains(&operations), "seed {seed}: {operations}");
    }
}
