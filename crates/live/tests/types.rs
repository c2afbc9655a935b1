//! The types of the page's scripts, where the TypeScript compiler is installed (`npm install -g typescript`).

use std::io::ErrorKind;
use std::process::Command;

#[test]
fn the_scripts_have_the_types_that_they_declare() {
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/tsconfig.json");
    match Command::new("tsc").args(["--project", project]).output() {
        Ok(output) => {
            let found = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{found}");
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("not run: tsc is not installed")
        }
        Err(error) => panic!("tsc does not start: {error}"),
    }
}
