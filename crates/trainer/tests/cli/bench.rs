//! `trainer bench` from outside: what it reports.

use serde_json::Value;

use crate::common::Workplace;

/// The quickest possible contest.
const QUICK: &str = "bench --backend flex --size 8-4:5000 --rounds 2";

#[test]
fn every_contestant_has_a_rate_for_every_round() {
    let workplace = Workplace::new();
    let events = workplace.events(&format!("{QUICK} --quiet --plot rates.svg"));
    let named = |event: &str| {
        let events = events.iter().filter(|line| line["event"] == event);
        events.collect::<Vec<&Value>>()
    };
    let rates = named("rate");
    let names = rates.iter().map(|rate| rate["name"].as_str().unwrap());
    let names = names.collect::<Vec<_>>();
    assert!(names[0].starts_with("limit of "), "{names:?}");
    let engines = ["flex autodiff", "flex manual", "flex fused"];
    let expected = [&["flex products alone"], &engines[..], &engines].concat();
    assert_eq!(names[1..], expected);
    for rate in rates {
        assert_eq!(rate["rates"].as_array().unwrap().len(), 2, "{rate}");
        assert!(rate["median"].as_f64().unwrap() > 0.0, "{rate}");
    }
    let parts = named("parts");
    assert!(parts[0]["forward"].is_number() && parts[1]["forward"].is_null());
    assert!(parts[2]["gather"].is_null() && parts[2]["all"].as_f64().unwrap() > 0.0);
    let starts = named("start");
    assert_eq!(starts.len(), 3);
    assert!(starts[0]["setup_seconds"].as_f64().unwrap() > 0.0);
    let plot = std::fs::read_to_string(workplace.path("rates.svg")).unwrap();
    assert!(roxmltree::Document::parse(&plot).is_ok());
}

#[test]
fn the_table_compares_training_with_its_products_and_peers_that_are_there() {
    let options = "--engine manual --peers --python no-such-python";
    let finished = Workplace::new().run(&format!("{QUICK} {options}"));
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    for part in [
        "784-8-4-10, batch 5000",
        "products",
        "of the limit",
        "XOR net",
        "gather",
    ] {
        assert!(finished.stdout.contains(part), "{}", finished.stdout);
    }
    assert!(!finished.stdout.contains("autodiff"), "{}", finished.stdout);
    for part in ["JAX", "no-such-python"] {
        assert!(finished.stderr.contains(part), "{}", finished.stderr);
    }
}
