//! Faults of accessibility, as axe-core finds them.

use std::path::Path;

use serde_json::Value;

use crate::Browser;

/// Where `.ci/run` installs axe-core, from the root of the workspace.
const AXE: &str = "target/npm/node_modules/axe-core/axe.min.js";

/// axe-core, which looks for faults of accessibility in a page.
#[derive(Debug)]
pub struct Axe(String);

impl Axe {
    /// Reads axe-core.
    ///
    /// # Errors
    ///
    /// Why it is not there, if it is not installed.
    ///
    /// # Panics
    ///
    /// In the place of an error if `REQUIRE_BROWSER` is set.
    pub fn installed() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let path = root.join(AXE);
        std::fs::read_to_string(&path).map(Self).map_err(|error| {
            let text = format!("no {}, which .ci/run installs: {error}", path.display());
            let required = std::env::var_os("REQUIRE_BROWSER").is_some();
            assert!(!required, "REQUIRE_BROWSER is set, but there is {text}");
            text
        })
    }

    /// The serious faults of the page that is open, each with the first element that has it.
    ///
    /// # Panics
    ///
    /// If axe-core does not come to an end.
    pub fn serious_faults(&self, browser: &Browser) -> Vec<String> {
        if browser.script("return window.axe === undefined") == true {
            browser.script(&self.0);
        }
        browser.script(
            "window.found = null; axe.run().then((result) => { window.found = result.violations })",
        );
        browser.wait("return window.found !== null");
        let faults = browser.script(
            "return window.found.filter((fault) => ['serious', 'critical'].includes(fault.impact))\
             .map((fault) => `${fault.id} (${fault.nodes.length}): ${fault.nodes[0].html.slice(0, 300)}`)",
        );
        let faults = faults.as_array().cloned().unwrap_or_default();
        let texts = faults.iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }
}
