//! What the program says about itself: completions, the man page, its versions.

#[expect(dead_code, reason = "training runs are for the other tests")]
mod common;

use common::Workplace;

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
    let finished = Workplace::new().run(arguments);
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(0), ""),
        "{arguments}"
    );
    finished.stdout
}

#[test]
fn the_version_names_burn_and_the_backends() {
    let version = output("--version");
    let backends: Vec<&str> = backends::Backend::ALL
        .into_iter()
        .filter(|backend| backend.is_compiled_in())
        .map(backends::Backend::name)
        .collect();
    let expected = format!(
        "trainer {}\nBurn {}\nbackends: {}\n",
        env!("CARGO_PKG_VERSION"),
        backends::BURN_VERSION,
        backends.join(", ")
    );
    assert_eq!(version, expected);
    assert_eq!(
        output("-V"),
        concat!("trainer ", env!("CARGO_PKG_VERSION"), "\n")
    );
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
        // These complete the values of an option, too.
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert!(script.contains("pytorch-safetensors"), "{shell}");
        }
    }
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
    // The parts of a command's section are no sections of the page.
    assert_eq!(page.matches("\n.SH OPTIONS\n").count(), 1);
}

#[test]
fn an_unknown_shell_is_refused_with_those_that_are_known() {
    let finished = Workplace::new().run("completions tcsh");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""));
    assert!(
        finished
            .stderr
            .contains("bash, elvish, fish, powershell, zsh"),
        "{}",
        finished.stderr
    );
}
