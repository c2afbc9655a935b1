//! The types of the page's scripts, where the TypeScript compiler is installed.

use std::path::Path;
use std::process::Command;

/// Where `.ci/run` installs it, from the root of the workspace.
const TSC: &str = "../../target/npm/node_modules/.bin/tsc";

#[test]
fn the_scripts_have_the_types_that_they_declare() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tsc = folder.join(TSC);
    if !tsc.exists() {
        let required = std::env::var_os("REQUIRE_BROWSER").is_some();
        assert!(
            !required,
            "REQUIRE_BROWSER is set, but there is no {}; .ci/run installs it",
            tsc.display()
        );
        eprintln!("not run: the TypeScript compiler is not installed");
        return;
    }
    let mut check = Command::new(tsc);
    check.arg("--project").arg(folder.join("tsconfig.json"));
    let output = check.output().expect("it starts");
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{found}");
}
