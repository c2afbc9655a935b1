//! Events compared with their documentation.

use serde_json::Value;

/// That docs/metrics.md has a section about an event which names its fields and no others.
#[track_caller]
pub(crate) fn assert_documented(event: &Value) {
    let page = include_str!("../../../../docs/metrics.md");
    let name = event["event"].as_str().expect("an event has a name");
    let (_, section) = page
        .split_once(&format!("\n## `{name}`\n"))
        .unwrap_or_else(|| panic!("no section about {name}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented = rows.filter_map(|row| Some(row.split_once('`')?.0));
    let mut documented: Vec<&str> = documented.collect();
    let fields = event.as_object().expect("an event is an object").keys();
    let mut fields: Vec<&str> = fields.map(String::as_str).collect();
    fields.retain(|field| *field != "event");
    documented.sort_unstable();
    fields.sort_unstable();
    assert_eq!(documented, fields, "{name}");
}
