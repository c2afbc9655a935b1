//! Tests of runs with small tables and ledgers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::{DType, Device, Tensor};
use burn_gradcheck::{Gradients, Target};

use super::*;
use crate::ledger::{LedgerEntry, Triage};
use crate::operations;
use crate::point::{Expected, Point};

pub(super) fn flex(dtype: DType) -> Platform {
    Platform {
        backend: "flex".to_owned(),
        target: Target::new(Device::flex(), dtype),
        by_shader: false,
        is_software: false,
    }
}

fn run_one(operation: Operation, ledger: &Ledger) -> AuditOutcome {
    let places = [flex(DType::F64)];
    let none = |_: RunProgress<'_>| Ok::<(), ()>(());
    run(
        &[operation],
        ledger,
        &places,
        &TableSelection::default(),
        none,
    )
    .expect("no error")
}

fn entry(id: &str, operation: &str, at: &str, kind: DisagreementKind) -> LedgerEntry {
    LedgerEntry {
        id: id.to_owned(),
        operation: operation.to_owned(),
        through: Vec::new(),
        at: vec![at.to_owned()],
        kinds: vec![kind],
        backends: vec!["flex".to_owned()],
        dtypes: vec!["f64".to_owned()],
        at_most: None,
        at_most_absolute: None,
        in_value: false,
        software_only: false,
        unsteady: false,
        burn: backends::BURN_VERSION.to_owned(),
        triage: Triage::WrongInBurn,
        wrong: String::new(),
        example: String::new(),
        reproduction: String::new(),
        fix: None,
        upstream: String::new(),
        since: String::new(),
        touches_lecture: false,
        lecture: String::new(),
    }
}

/// An operation whose gradient autodiff gets right, among expectations that are wrong.
fn spoiled() -> Operation {
    let operation =
        Operation::new("spoiled", Family::Powers)
            .at(Point::of_one(0.0, Expected::Is(2.0), |x| x.exp()));
    operation.drawn("[3]", |case| {
        case.input("x", [3])
            .function(|v| v.get::<1>("x").exp())
            .vjp(|v, grad_out| {
                let grad = v.get::<1>("x").exp() * grad_out.get::<1>(0) * 2.0;
                Gradients::new().with("x", grad)
            })
    })
}

#[test]
fn an_unlisted_disagreement_fails_the_run() {
    let outcome = run_one(spoiled(), &Ledger::default());
    assert!(!outcome.is_good());
    let unlisted: Vec<_> = outcome.findings[0].unlisted().collect();
    assert_eq!(unlisted.len(), 2);
    assert_eq!(unlisted[0].detail, "autodiff 1, expected 2");
}

#[test]
fn a_mismatch_carries_its_evidence() {
    let outcome = run_one(spoiled(), &Ledger::default());
    let mut unlisted = outcome.findings[0].unlisted();
    let at_a_point = unlisted.next().expect("two disagree");
    assert_eq!(at_a_point.evidence, None, "analysis needs no estimate");
    let drawn = unlisted.next().expect("two disagree").evidence;
    let drawn = drawn.expect("finite differences were taken");
    let formula = drawn.formula.expect("a formula");
    assert!((formula / drawn.autodiff - 2.0).abs() < 1e-12, "{drawn}");
    let error = drawn.finite_error.expect("an estimate");
    assert!(error < 1e-8, "{drawn}");
}

#[test]
fn autodiff_is_not_blamed_where_finite_differences_cannot_tell() {
    let evidence = Evidence {
        autodiff: 1.0,
        formula: None,
        finite: Some(1.5),
        finite_error: Some(0.01),
    };
    assert!(evidence.blames_autodiff());
    let coarse = Evidence {
        finite_error: Some(0.06),
        ..evidence
    };
    assert!(
        !coarse.blames_autodiff(),
        "half a unit is not far above 0.06"
    );
    assert!(!coarse.is_conclusive());
    let of_two = Evidence {
        formula: Some(1.4),
        ..coarse
    };
    assert!(of_two.blames_autodiff(), "the formula decides");
    let wrong_formula = Evidence {
        autodiff: 1.5,
        formula: Some(2.5),
        ..coarse
    };
    assert!(wrong_formula.is_conclusive());
    assert!(!wrong_formula.blames_autodiff(), "the table is to blame");
    let alone = Evidence {
        finite: None,
        ..coarse
    };
    assert!(!alone.is_conclusive());
}

/// A gradient that leaves out a part of the function, and a rounding to f32 in the function that
/// makes finite differences coarse.
fn incomplete(part: f64) -> AuditOutcome {
    let operation = Operation::new("incomplete", Family::Powers).drawn("[3]", |case| {
        case.input("x", [3]).function(move |v| {
            let x = v.get::<1>("x");
            let coarse = x.clone().exp().cast(DType::F32).cast(DType::F64);
            coarse + (x * part).detach()
        })
    });
    run_one(operation, &Ledger::default())
}

#[test]
fn nothing_is_called_wrong_within_the_error_of_finite_differences() {
    let kinds = |outcome: AuditOutcome| -> Vec<DisagreementKind> {
        let disagreements = outcome.findings[0].disagreements.iter();
        disagreements
            .map(|disagreement| disagreement.kind)
            .collect()
    };
    assert_eq!(kinds(incomplete(1e-2)), [DisagreementKind::Mismatch]);
    assert_eq!(kinds(incomplete(1e-8)), [DisagreementKind::Unchecked]);
}

#[test]
fn an_entry_blames_burn_only_with_evidence() {
    let blames = LedgerEntry {
        at_most: Some(0.6),
        ..entry("drawn", "spoiled", "drawn", DisagreementKind::Mismatch)
    };
    let point = entry("point", "spoiled", "x = 0", DisagreementKind::Mismatch);
    let good = |triage| {
        let drawn = LedgerEntry {
            triage,
            ..blames.clone()
        };
        let entries = vec![point.clone(), drawn];
        run_one(spoiled(), &Ledger { entries }).is_good()
    };
    assert!(good(Triage::Convention));
    assert!(
        !good(Triage::WrongInBurn),
        "the formula is wrong, not autodiff"
    );
    let in_value = LedgerEntry {
        in_value: true,
        ..blames
    };
    let entries = vec![point, in_value];
    assert!(run_one(spoiled(), &Ledger { entries }).is_good());
}

#[test]
fn a_listed_disagreement_does_not_fail_the_run_or_hide_another() {
    let point = entry("point", "spoiled", "x = 0", DisagreementKind::Mismatch);
    let drawn = LedgerEntry {
        at_most: Some(0.6),
        triage: Triage::Convention,
        ..entry("drawn", "spoiled", "drawn", DisagreementKind::Mismatch)
    };
    let nearer = LedgerEntry {
        at_most: Some(0.4),
        ..drawn.clone()
    };
    let both = Ledger {
        entries: vec![point.clone(), drawn],
    };
    let outcome = run_one(spoiled(), &both);
    assert!(outcome.is_good(), "{outcome:?}");
    assert!(!outcome.findings[0].is_pass());
    let entries = vec![point.clone(), nearer.clone()];
    assert!(
        !run_one(spoiled(), &Ledger { entries }).is_good(),
        "farther off than listed"
    );
    let absolute = |most| {
        let entries = vec![
            point.clone(),
            LedgerEntry {
                at_most_absolute: Some(most),
                ..nearer.clone()
            },
        ];
        run_one(spoiled(), &Ledger { entries }).is_good()
    };
    assert!(
        absolute(10.0) && !absolute(1e-3),
        "twice as large, at most e^1.5 times 1.5 more"
    );
    let outcome = run_one(
        spoiled(),
        &Ledger {
            entries: vec![point.clone()],
        },
    );
    assert!(!outcome.is_good());
    let of_another_kind = entry("kind", "spoiled", "x = 0", DisagreementKind::NonFinite);
    let outcome = run_one(
        spoiled(),
        &Ledger {
            entries: vec![of_another_kind],
        },
    );
    assert_eq!(outcome.findings[0].unlisted().count(), 2);
}

#[test]
fn a_listed_disagreement_that_is_gone_fails_the_run() {
    let right =
        Operation::new("right", Family::Powers)
            .at(Point::of_one(0.0, Expected::Is(1.0), |x| x.exp()));
    let stale = entry("stale", "right", "x = 0", DisagreementKind::Mismatch);
    let elsewhere = LedgerEntry {
        id: "elsewhere".to_owned(),
        backends: vec!["wgpu".to_owned()],
        ..stale.clone()
    };
    let outcome = run_one(
        right,
        &Ledger {
            entries: vec![stale, elsewhere],
        },
    );
    assert!(!outcome.is_good());
    let gone: Vec<_> = outcome
        .gone
        .iter()
        .map(|gone| gone.entry.as_str())
        .collect();
    assert_eq!(gone, ["stale"]);
}

#[test]
fn a_panic_is_a_disagreement_and_the_run_goes_on() {
    let operation = Operation::new("panics", Family::Powers)
        .at(Point::of_one(0.0, Expected::Is(1.0), |_| {
            panic!("on purpose")
        }))
        .at(Point::of_one(1.0, Expected::Is(2.0), |x| x.clone() * x));
    let outcome = run_one(operation, &Ledger::default());
    let finding = &outcome.findings[0];
    assert_eq!(finding.checks, 2);
    assert_eq!(finding.disagreements.len(), 1);
    assert_eq!(finding.disagreements[0].kind, DisagreementKind::Panicked);
    assert!(outcome.abandoned.is_empty());
}

#[test]
fn a_convention_is_reported() {
    let selection = TableSelection {
        pattern: Some("activation::relu".to_owned()),
        ..TableSelection::default()
    };
    let ledger = Ledger::default();
    let none = |_: RunProgress<'_>| Ok::<(), ()>(());
    let places = [flex(DType::F32)];
    let outcome = run(&operations(), &ledger, &places, &selection, none).expect("no error");
    let relu = &outcome.findings[0];
    assert_eq!(relu.operation, "activation::relu");
    assert_eq!(relu.conventions[0].at, "x = 0");
    assert_eq!(relu.conventions[0].gradient, [0.0]);
}

#[test]
fn every_name_in_the_table_is_unique() {
    let operations = operations();
    let mut names: Vec<_> = operations.iter().map(|operation| operation.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), operations.len());
    for operation in &operations {
        let mut checks: Vec<_> = operation.checks.iter().map(|check| &check.name).collect();
        checks.sort_unstable();
        checks.dedup();
        assert_eq!(checks.len(), operation.checks.len(), "{}", operation.name);
        assert!(
            operation.checks.iter().any(|check| check.in_short),
            "{}",
            operation.name
        );
    }
}

fn run_at(operation: &Operation, seeds: std::ops::Range<u64>, ledger: &Ledger) -> AuditOutcome {
    let selection = TableSelection {
        seeds,
        ..TableSelection::default()
    };
    let none = |_: RunProgress<'_>| Ok::<(), ()>(());
    let operations = std::slice::from_ref(operation);
    run(operations, ledger, &[flex(DType::F64)], &selection, none).expect("no error")
}

#[test]
fn seeds_are_walked_at_drawn_points_and_special_points_are_checked_once() {
    let outcome = run_at(&spoiled(), 5..8, &Ledger::default());
    let finding = &outcome.findings[0];
    assert_eq!(finding.checks, 1 + 3);
    let seeds: Vec<_> = finding.unlisted().map(|it| it.seeds.clone()).collect();
    assert_eq!(seeds, [vec![], vec![5], vec![6], vec![7]]);
    let drawn = LedgerEntry {
        at_most: Some(0.6),
        triage: Triage::Convention,
        ..entry("drawn", "spoiled", "drawn", DisagreementKind::Mismatch)
    };
    let entries = vec![drawn];
    let outcome = run_at(&spoiled(), 5..8, &Ledger { entries });
    let listed = &outcome.findings[0].disagreements;
    assert_eq!(listed.len(), 2, "what is listed appears once: {listed:?}");
    assert_eq!(listed[1].seeds, [5, 6, 7]);
    let at_one = run_at(&spoiled(), 6..7, &Ledger::default());
    let detail = |outcome: &AuditOutcome, number: usize| {
        let mut unlisted = outcome.findings[0].unlisted();
        unlisted.nth(number).map(|it| it.detail.clone())
    };
    let walked = run_at(&spoiled(), 5..8, &Ledger::default());
    assert_eq!(detail(&walked, 2), detail(&at_one, 1), "a seed alone");
}

/// Whether the disagreement shows depends on the point.
#[test]
fn a_listed_disagreement_that_shows_at_a_further_seed_is_not_gone() {
    let operation = Operation::new("sometimes", Family::Powers).drawn("[2]", |case| {
        case.input("x", [2]).function(|v| {
            let x = v.get::<1>("x");
            let is_large = x.clone().greater_elem(1.3).float().cast(x.dtype());
            x.clone().exp() + (x * is_large).detach()
        })
    });
    let entries = vec![LedgerEntry {
        at_most: Some(1.0),
        ..entry("large", "sometimes", "drawn", DisagreementKind::Mismatch)
    }];
    let ledger = Ledger { entries };
    let shows: Vec<bool> = (0..40)
        .map(|seed| !run_at(&operation, seed..seed + 1, &ledger).findings[0].is_pass())
        .collect();
    let mut both = [0, 0];
    for seed in 0..32 {
        let outcome = run_at(&operation, seed..seed + 1, &ledger);
        let first = usize::try_from(seed).expect("a small number");
        let is_near = shows[first..first + 9].contains(&true);
        assert_eq!(outcome.gone.is_empty(), is_near, "seed {seed}");
        both[usize::from(is_near)] += 1;
    }
    assert!(both[1] > 0 && shows.contains(&false), "{both:?}");
    let stale = LedgerEntry {
        at: vec!["[2]".to_owned()],
        kinds: vec![DisagreementKind::NonFinite],
        ..ledger.entries[0].clone()
    };
    let entries = vec![stale];
    assert_eq!(run_at(&operation, 0..8, &Ledger { entries }).gone.len(), 1);
}

/// Drawn numbers have few digits, so two of them are the same now and then.
#[test]
fn a_point_where_the_formula_has_no_finite_slope_is_drawn_again() {
    let met = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&met);
    let operation = Operation::new("root of a distance", Family::Powers).drawn("[16]", |case| {
        let slope = move |distance: Tensor<1>| {
            let slope = distance.clone().sign() / (distance.abs().sqrt() * 2.0);
            if !slope.clone().sum().into_scalar::<f64>().is_finite() {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            slope
        };
        case.input("x", [16])
            .input("y", [16])
            .function(|v| (v.get::<1>("x") - v.get("y")).abs().sqrt())
            .vjp(move |v, grad_out| {
                let grad_x = slope(v.get::<1>("x") - v.get("y")) * grad_out.get::<1>(0);
                Gradients::new()
                    .with("y", -grad_x.clone())
                    .with("x", grad_x)
            })
    });
    let outcome = run_at(&operation, 0..60, &Ledger::default());
    assert!(outcome.is_good(), "{outcome:?}");
    assert!(met.load(Ordering::Relaxed) > 0, "no such point was met");
    let nowhere = Operation::new("nowhere", Family::Powers).drawn("[2]", |case| {
        case.input("x", [2])
            .function(|v| v.get::<1>("x"))
            .vjp(|v, _| Gradients::new().with("x", v.get::<1>("x") * f64::NAN))
    });
    let outcome = run_at(&nowhere, 0..1, &Ledger::default());
    let unlisted = outcome.findings[0].unlisted().map(|it| it.kind);
    assert_eq!(unlisted.collect::<Vec<_>>(), [DisagreementKind::NonFinite]);
}

/// Autodiff is off by one part in a million of large terms, and in some elements they cancel.
#[test]
fn an_error_counts_by_the_size_of_its_tensor_where_terms_cancel() {
    let operation = |share: f64| {
        Operation::new("cancels", Family::Powers).drawn("[64]", move |case| {
            case.input("x", [64]).function(move |v| {
                let x = v.get::<1>("x");
                (x.clone() * x.clone() - x.clone()) + (x * share).detach()
            })
        })
    };
    let at_most = |most| LedgerEntry {
        at_most: Some(most),
        ..entry("cancels", "cancels", "drawn", DisagreementKind::Mismatch)
    };
    let is_listed = |share, most| {
        let entries = vec![at_most(most)];
        let ledger = Ledger { entries };
        let outcome = run_at(&operation(share), 0..20, &ledger);
        let worst = outcome.findings[0].worst.expect("elements were compared");
        (outcome.is_good(), worst > most)
    };
    assert_eq!(is_listed(1e-6, 4e-6), (true, true));
    assert_eq!(is_listed(1e-4, 4e-6), (false, true));
}
