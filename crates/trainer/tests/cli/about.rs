//! Output about the program itself: help, versions, completions, the man page, backends.

use serde_json::json;

use crate::common::{Workplace, names};
use crate::documented::assert_documented;

/// Every command that has work to do.
const COMMANDS: [&str; 12] = [
    "train",
    "backends",
    "lesson",
    "bench",
    "eval",
    "predict",
    "inspect",
    "report",
    "runs",
    "export",
    "import",
    "completions",
];

fn output(arguments: &str) -> String {
    Workplace::new().text(arguments)
}

/// `docs/trainer.md` has all options; these are shown as in a terminal.
#[test]
fn help_is_as_it_was() {
    insta::assert_snapshot!("help_of_the_program", output("--help"));
    insta::assert_snapshot!("short_help", output("-h"));
    insta::assert_snapshot!("help_of_export", output("export --help"));
    let options = |help: String| {
        let (help, _) = help.split_once("\nExit codes").unwrap_or((&help, ""));
        let lines = help.lines().map(str::trim).map(str::to_owned);
        let mut lines = lines
            .filter(|line| line.starts_with('-'))
            .collect::<Vec<_>>();
        lines.retain(|line| !line.starts_with("-V"));
        lines
    };
    assert_eq!(options(output("--help")), options(output("train --help")));
}

#[test]
fn the_version_names_burn_and_the_backends() {
    let version = output("--version");
    let burn = include_str!("../../../backends/src/burn_version.rs");
    let mut lines = version.lines();
    let short = concat!("trainer ", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines.next(), Some(short));
    let number = lines.next().and_then(|line| line.strip_prefix("Burn "));
    assert!(burn.contains(number.expect("Burn's version")), "{version}");
    let compiled_in = lines.next().expect("a third line");
    assert!(compiled_in.starts_with("backends: "), "{version}");
    assert_eq!(lines.next(), None);
    assert_eq!(output("-V"), format!("{short}\n"));
}

#[test]
fn every_shell_is_told_every_command_and_option() {
    for (shell, of_the_shell) in [
        ("bash", "complete -F _trainer"),
        ("zsh", "#compdef trainer"),
        ("fish", "complete -c trainer"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[trainer]"),
    ] {
        let script = output(&format!("completions {shell}"));
        assert!(script.contains(of_the_shell), "{shell}");
        for word in COMMANDS.into_iter().chain(["label-smoothing"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // These also complete the values of an option.
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.contains("pytorch-safetensors"), "{shell}");
        }
    }
    let refused = Workplace::new().run("completions tcsh");
    refused.assert_refused(&["bash, elvish, fish, powershell, zsh"]);
}

#[test]
fn the_man_page_has_a_section_for_every_command() {
    let page = output("man");
    assert!(page.contains(".TH trainer 1"), "{page}");
    for command in COMMANDS.into_iter().chain(["lesson xor"]) {
        let section = format!("\n.SH \"TRAINER {}\"\n", command.to_uppercase());
        assert_eq!(page.matches(&section).count(), 1, "{command}");
    }
    assert!(page.contains("\\-\\-label\\-smoothing"));
    // The parts of a command's section are not sections of the page.
    assert!(page.matches("\n.SH OPTIONS\n").count() <= 1);
}

#[test]
fn backends_are_listed_as_json_and_as_text() {
    let workplace = Workplace::new();
    let lines = workplace.events("backends");
    assert_eq!(names(&lines), ["backend"; 3]);
    for (line, name) in lines.iter().zip(["ndarray", "flex", "wgpu"]) {
        assert_documented(line);
        assert_eq!(line["backend"], name);
        let is_available = line["available"] == true;
        assert_eq!(line["device"].is_string(), is_available, "{line}");
        assert_eq!(line["reason"].is_string(), !is_available, "{line}");
        if name != "wgpu" {
            assert!(is_available, "{line}");
            let dtypes = line["dtypes"].as_array().expect("a list");
            assert!(dtypes.contains(&json!("f32")) && dtypes.contains(&json!("f64")));
        }
    }

    // A graphics driver may print what it likes on standard error.
    let text = workplace.run("backends").stdout;
    let lines: Vec<&str> = text.lines().collect();
    let (devices, lines): (Vec<&str>, Vec<&str>) = lines
        .into_iter()
        .partition(|line| line.contains("--device"));
    assert_eq!(lines.len(), 3, "{text}");
    for (line, name) in lines.iter().zip(["ndarray", "flex"]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..2], [name, "ready"], "{line}");
        assert!(line.contains("f32") && line.ends_with("f64"), "{line}");
    }
    let wgpu: Vec<&str> = lines[2].split_whitespace().take(2).collect();
    let expected = if devices.is_empty() {
        "missing"
    } else {
        "ready"
    };
    assert_eq!([wgpu[0], wgpu[1]], ["wgpu", expected]);
}
