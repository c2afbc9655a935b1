//! `trainer bench` from outside: what it reports, and what it refuses.

#[expect(dead_code, reason = "training runs are for the other tests")]
mod common;

use common::{Finished, Workplace, json_lines};

/// The quickest contest there is.
const QUICK: &str = "bench --backend flex --size 8-4:5000 --rounds 2 --quiet";

#[test]
fn every_contestant_has_a_rate_for_every_round() {
    let workplace = Workplace::new();
    let finished = workplace.run(&format!("{QUICK} --format json --plot rates.svg"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let events = json_lines(&finished.stdout);
    let named = |event: &str| {
        let events = events.iter().filter(|line| line["event"] == event);
        events.collect::<Vec<_>>()
    };
    let rates = named("rate");
    let names = rates.iter().map(|rate| rate["name"].as_str().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "flex products alone",
            "flex autodiff",
            "flex manual",
            "flex autodiff",
            "flex manual",
            "flex manual, 2000 steps a call"
        ]
    );
    for rate in rates {
        assert_eq!(rate["rates"].as_array().unwrap().len(), 2, "{rate}");
        assert!(rate["median"].as_f64().unwrap() > 0.0, "{rate}");
    }
    let parts = named("parts");
    assert!(parts[0]["forward"].is_number() && parts[1]["forward"].is_null());
    let starts = named("start");
    assert_eq!(starts.len(), 2);
    assert!(starts[0]["setup_seconds"].as_f64().unwrap() > 0.0);
    let plot = std::fs::read_to_string(workplace.path("rates.svg")).unwrap();
    assert!(roxmltree::Document::parse(&plot).is_ok());
}

#[test]
fn the_table_sets_training_beside_its_products() {
    let finished = Workplace::new().run(&format!("{QUICK} --engine manual"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    for part in [
        "784-8-4-10, batch 5000",
        "of its products",
        "XOR net",
        "gather",
    ] {
        assert!(finished.stdout.contains(part), "{}", finished.stdout);
    }
    assert!(!finished.stdout.contains("autodiff"), "{}", finished.stdout);
}

#[test]
fn peers_that_are_not_there_are_left_out_with_a_note() {
    let quick = QUICK.replace(" --quiet", "");
    let finished = Workplace::new().run(&format!("{quick} --peers --python no-such-python"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(
        finished.stderr.contains("JAX is left out"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("no-such-python"),
        "{}",
        finished.stderr
    );
}

#[test]
fn bad_input_is_refused_with_a_remedy() {
    for (arguments, naming) in [
        ("bench --size 256", "256-128:128"),
        ("bench --size 0-1:2", "256-128:128"),
        ("bench --rounds 0", "whole number from 1"),
        ("bench --backend cuda", "possible values"),
        ("bench --engine magic", "possible values"),
    ] {
        let Finished { code, stderr, .. } = Workplace::new().run(arguments);
        assert_eq!(code, Some(2), "{arguments}: {stderr}");
        assert!(stderr.contains(naming), "{arguments}: {stderr}");
    }
}
