//! Forbidden text and code.

use super::source::Source;
use super::tokens::{self, Token};

/// Text that some files must not contain, not even in comments.
struct Ban {
    text: &'static str,
    remedy: &'static str,
}

const BY_HAND: &str = "these gradients are derived by hand; compare them with autodiff in \
                       crates/gradient-trials";

/// A graph has a `backward` of its own.
const NO_TAPE: &[Ban] = NO_AUTODIFF.split_at(1).1;

const NO_AUTODIFF: &[Ban] = &[
    Ban {
        text: ".backward(",
        remedy: BY_HAND,
    },
    Ban {
        text: ".autodiff(",
        remedy: BY_HAND,
    },
    Ban {
        text: "require_grad",
        remedy: BY_HAND,
    },
];

const UNFINISHED: &[Ban] = &[
    Ban {
        text: concat!("TO", "DO"),
        remedy: "open an issue, or do it",
    },
    Ban {
        text: concat!("todo", "!("),
        remedy: "write the code",
    },
    Ban {
        text: concat!("dbg", "!("),
        remedy: "take it out",
    },
    Ban {
        text: concat!("#[", "ignore"),
        remedy: "fix the test, or delete it",
    },
];

/// A sequence of tokens, and what to write instead.
type Phrase = (&'static [&'static str], &'static str);

/// Code that reads badly.
const HABITS: &[Phrase] = &[(&["true", "=", ">"], "read a boolean with `if`")];

/// Leaves that would share their gradient. Tests of such a fault are in [`SHOWN`].
const ONE_NODE: &[Phrase] = &[(
    &["clone", "(", ")", ".", "require_grad"],
    "clones of a tensor are one leaf in Burn: detach first (crates/burn-suite/graph.toml)",
)];

/// Where faults of Burn are shown.
const SHOWN: &str = "crates/burn-suite/tests/upstream/";

/// Calls that only a program may make.
const OF_PROGRAMS: &[Phrase] = &[
    (
        &["print", "!"],
        "return the text, or report it through a trait",
    ),
    (
        &["println", "!"],
        "return the text, or report it through a trait",
    ),
    (
        &["eprint", "!"],
        "return an error, or report it through a trait",
    ),
    (
        &["eprintln", "!"],
        "return an error, or report it through a trait",
    ),
    (
        &["process", "::", "exit"],
        "return an error; the program decides how it ends",
    ),
    (&["env", "::", "args"], "take it as an argument"),
    (&["env", "::", "args_os"], "take it as an argument"),
];

/// Packages that are programs.
const PROGRAMS: &[&str] = &[
    "crates/trainer",
    "exercises",
    "xtask",
    "fuzz",
    "tests/reuse",
];

/// Where a package has programs. A build script talks to cargo by printing.
const PROGRAM_PLACES: &[&str] = &["tests/", "examples/", "benches/", "build.rs"];

/// Every place with forbidden text or code.
pub(super) fn breaches(sources: &[Source]) -> Vec<String> {
    let written = sources.iter().flat_map(in_file);
    written.chain(two_styles(sources)).collect()
}

fn in_file(source: &Source) -> Vec<String> {
    let mut breaches = banned(source, UNFINISHED);
    if source.place().starts_with("src/") {
        match &*source.package {
            "crates/manual-backprop" => breaches.extend(banned(source, NO_AUTODIFF)),
            "crates/computational-graph" => breaches.extend(banned(source, NO_TAPE)),
            _ => {}
        }
    }
    let tokens = tokens::code(&source.text);
    breaches.extend(written(source, &tokens, HABITS, ""));
    if !source.path.starts_with(SHOWN) {
        breaches.extend(written(source, &tokens, ONE_NODE, ""));
        breaches.extend(parameters_of_clones(source, &tokens));
    }
    let in_program = PROGRAM_PLACES
        .iter()
        .any(|place| source.place().starts_with(place));
    if !in_program && !PROGRAMS.contains(&&*source.package) {
        breaches.extend(written(source, &tokens, OF_PROGRAMS, " in a library"));
    }
    breaches
}

fn banned(source: &Source, bans: &[Ban]) -> Vec<String> {
    let lines = source.text.lines().enumerate();
    let found = lines.flat_map(|(number, line)| {
        let bans = bans.iter().filter(move |ban| line.contains(ban.text));
        bans.map(move |ban| (number + 1, ban))
    });
    found
        .map(|(number, ban)| format!("{}:{number}: '{}': {}", source.path, ban.text, ban.remedy))
        .collect()
}

fn written(source: &Source, tokens: &[Token<'_>], phrases: &[Phrase], place: &str) -> Vec<String> {
    let is_at = |at: usize, phrase: &[&str]| {
        let here = tokens[at..].iter().map(|token| token.text);
        here.take(phrase.len()).eq(phrase.iter().copied())
    };
    let mut breaches = vec![];
    for (at, token) in tokens.iter().enumerate() {
        let found = phrases.iter().filter(|(phrase, _)| is_at(at, phrase));
        breaches.extend(found.map(|(phrase, remedy)| {
            let (path, line, phrase) = (&source.path, token.line, phrase.concat());
            format!("{path}:{line}: '{phrase}'{place}: {remedy}")
        }));
    }
    breaches
}

/// Parameters made from a clone: `Param::from_tensor(w.clone())`.
fn parameters_of_clones(source: &Source, tokens: &[Token<'_>]) -> Vec<String> {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let calls = (0..tokens.len()).filter(|&at| text(at) == "from_tensor" && text(at + 1) == "(");
    let of_clone = |at: &usize| {
        let close = tokens::closing(tokens, at + 1) - 1;
        close > at + 5
            && [4, 3, 2, 1].map(|before| text(close - before)) == [".", "clone", "(", ")"]
    };
    let breach = |at: usize| {
        format!(
            "{}:{}: 'from_tensor(..clone())': {}",
            source.path, tokens[at].line, ONE_NODE[0].1
        )
    };
    calls.filter(of_clone).map(breach).collect()
}

/// Modules with a file and a folder of their name.
fn two_styles(sources: &[Source]) -> Vec<String> {
    let in_folder = |file: &&Source| {
        let folder = format!("{}/", file.path.trim_end_matches(".rs"));
        let in_src = file.place().starts_with("src/");
        in_src && sources.iter().any(|other| other.path.starts_with(&folder))
    };
    let split = sources.iter().filter(in_folder);
    split
        .map(|file| {
            let folder = file.path.trim_end_matches(".rs");
            format!(
                "{}: there is a folder of this name; move it to {folder}/mod.rs",
                file.path
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(package: &str, place: &str, text: &str) -> Vec<String> {
        breaches(&[Source {
            path: format!("{package}/{place}"),
            package: package.to_owned(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn a_ban_names_file_line_and_remedy() {
        let text = "let x = 1;\nlet g = loss.backward();\n";
        assert_eq!(
            found("crates/manual-backprop", "src/a.rs", text),
            [
                "crates/manual-backprop/src/a.rs:2: '.backward(': these gradients are derived by hand; \
              compare them with autodiff in crates/gradient-trials"
            ]
        );
        assert!(found("crates/manual-backprop", "src/a.rs", "fn backward() {}").is_empty());
        assert!(found("crates/manual-backprop", "tests/a.rs", text).is_empty());
        assert!(found("crates/computational-graph", "src/a.rs", text).is_empty());
        assert_eq!(
            found("crates/computational-graph", "src/a.rs", "x.autodiff()").len(),
            1
        );
        assert!(found("crates/lessons", "src/a.rs", text).is_empty());
    }

    #[test]
    fn leaves_of_one_tensor_are_found() {
        for text in [
            "let a = w.clone().require_grad();",
            "let a = Param::from_tensor(w.clone());",
        ] {
            let breaches = found("crates/layers", "src/a.rs", text);
            assert!(breaches[0].contains("detach first"), "{breaches:?}");
            assert_eq!(
                found("crates/burn-suite", "tests/upstream/a.rs", text).len(),
                0
            );
        }
        for text in [
            "let a = w.clone().detach().require_grad();",
            "let a = Param::from_tensor(w); let b = w.clone();",
            "let a = Param::from_tensor(w.clone() * 2.0);",
            "let a = Param::from_tensor(Tensor::from_data(w, options.clone()));",
        ] {
            assert!(
                found("crates/layers", "src/a.rs", text).is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_library_neither_prints_nor_exits_nor_reads_its_arguments() {
        let text = "/// println!\nfn f() {\n    println!(\"exit\");\n    std::process::exit(2);\n\
                    let a = env::args();\n}\n#[cfg(test)]\nmod tests { fn g() { eprintln!(); } }";
        let breaches = found("crates/layers", "src/a.rs", text);
        assert_eq!(breaches.len(), 3, "{breaches:?}");
        assert!(breaches[0].starts_with("crates/layers/src/a.rs:3: 'println!' in a library: "));
        assert!(breaches[1].starts_with("crates/layers/src/a.rs:4: 'process::exit'"));
        assert!(found("crates/layers", "tests/a.rs", text).is_empty());
        assert!(found("crates/trainer", "src/main.rs", text).is_empty());
        assert!(
            found(
                "crates/layers",
                "src/a.rs",
                "env::args_are_fine(); my_print!()"
            )
            .is_empty()
        );
    }

    #[test]
    fn a_boolean_in_a_match_is_found() {
        let text = "match a { true => 1, false => 2 } match b { (true, _) => 3 } if c == true {}";
        let breaches = found("crates/trainer", "src/a.rs", text);
        assert_eq!(breaches.len(), 1, "{breaches:?}");
    }

    #[test]
    fn a_module_with_a_file_and_a_folder_is_found() {
        let source = |path: &str| Source {
            path: format!("a/{path}"),
            package: "a".to_owned(),
            text: String::new(),
        };
        let breaches =
            breaches(&["src/b.rs", "src/b/c.rs", "src/d/mod.rs", "src/d/e.rs"].map(source));
        assert_eq!(
            breaches,
            ["a/src/b.rs: there is a folder of this name; move it to a/src/b/mod.rs"]
        );
    }

    #[test]
    fn unfinished_work_is_found_everywhere() {
        let text = concat!("// TO", "DO: more\n#[", "ignore]\nfn f() {}");
        assert_eq!(found("crates/trainer", "tests/a.rs", text).len(), 2);
    }
}
