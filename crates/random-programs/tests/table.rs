//! The operations of random programs are those of burn-suite's table.

use std::collections::BTreeSet;

use random_programs::Program;

#[test]
fn every_operation_is_in_the_suite_and_occurs() {
    let table = burn_suite::operations();
    let known: BTreeSet<_> = table.iter().map(|operation| operation.name).collect();
    let programs = (0..1500).map(Program::random);
    let used: BTreeSet<_> = programs
        .flat_map(|program| program.names().collect::<Vec<_>>())
        .collect();
    let unknown: Vec<_> = used.difference(&known).collect();
    assert!(unknown.is_empty(), "not in the suite: {unknown:?}");
    assert!(used.len() > 85, "{} operations: {used:?}", used.len());
}
