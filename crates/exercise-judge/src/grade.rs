//! Grading a set of submissions.
//!
//! Of a submission only the exercises' files are taken, and put beside a fresh copy of the support: nothing else of it
//! is built or run. A file that names what an exercise has no use for (files, processes, the network, the environment,
//! `unsafe`, text of other files) is not built. The rest runs in a process for each call, in an empty folder, without
//! environment, under limits of time, memory and (on Unix) of zero bytes of file output.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use burn::tensor::Device;

use crate::catalog::{Exercise, exercises};
use crate::child::Limits;
use crate::error::ExerciseError;
use crate::export::{package, write};
use crate::files::{Folder, programs, read};
use crate::verdict::{Verdict, judge};

/// A student's files.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The name of its folder.
    pub name: String,
    path: PathBuf,
}

/// An exercise of a submission.
pub struct Graded {
    /// The exercise.
    pub exercise: &'static Exercise,
    /// What was found.
    pub finding: Finding,
}

/// What was found in a submission's file.
pub enum Finding {
    /// There is none, or more than one.
    NoFile,
    /// It names something that no exercise has a use for.
    Refused(String),
    /// It was judged.
    Verdict(Verdict),
}

/// The submissions in a folder, by name: its folders that have an exercise's file in them.
///
/// # Errors
///
/// If the folder cannot be read, or has none.
pub fn submissions(folder: &Path) -> Result<Vec<Submission>, ExerciseError> {
    let entries = folder.read_dir().map_err(ExerciseError::file(folder))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<Submission> = paths
        .filter(|path| path.is_dir() && !task_files(path).is_empty())
        .map(|path| Submission {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path,
        })
        .collect();
    if found.is_empty() {
        return Err(ExerciseError::NoSubmissions(folder.to_owned()));
    }
    found.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(found)
}

/// How deep an exercise's file may be within a submission.
const DEPTH: usize = 4;
/// Bytes of an exercise's file that are read.
const LARGEST: u64 = 256 * 1024;

/// The exercises' files in a folder, by their names; a name that is there twice has two.
fn task_files(folder: &Path) -> BTreeMap<String, Vec<PathBuf>> {
    let mut found = BTreeMap::<String, Vec<PathBuf>>::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = folder.read_dir().into_iter().flatten().flatten();
        for entry in entries {
            // A link could lead anywhere.
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_aside = name == "target" || name == "backups" || name.starts_with('.');
            if kind.is_dir() && depth < DEPTH && !is_aside {
                folders.push((entry.path(), depth + 1));
            } else if kind.is_file() && exercises().iter().any(|exercise| exercise.file == name) {
                found.entry(name).or_default().push(entry.path());
            }
        }
    }
    found
}

/// Grades a submission in a working folder, which the next one may use again.
///
/// # Errors
///
/// If the working folder cannot be written, or cargo cannot be run.
pub fn grade(
    support: &Folder,
    submission: &Submission,
    work: &Path,
    (device, limits): (&Device, Limits),
) -> Result<Vec<Graded>, ExerciseError> {
    if !work.join("Cargo.toml").is_file() {
        package(support, work)?;
    }
    let files = task_files(&submission.path);
    let tasks = work.join("tasks");
    if tasks.exists() {
        fs::remove_dir_all(&tasks).map_err(ExerciseError::file(&tasks))?;
    }
    let mut refused = BTreeMap::new();
    for exercise in exercises() {
        let text = match files.get(exercise.file).map(Vec::as_slice) {
            Some([path]) => submitted(path)?,
            _ => Err(String::new()),
        };
        let text = text.unwrap_or_else(|reason| {
            refused.insert(exercise.name, reason);
            // Every program of the manifest needs a file.
            "fn main() {}\n".to_owned()
        });
        write(&tasks.join(exercise.file), &text)?;
    }
    let built = build(work)?;
    let graded = exercises().iter().map(|exercise| {
        let finding = match (refused.get(exercise.name), built.get(exercise.name)) {
            (Some(reason), _) if reason.is_empty() => Finding::NoFile,
            (Some(reason), _) => Finding::Refused(reason.clone()),
            (None, None) => Finding::Verdict(Verdict::DoesNotCompile),
            (None, Some(program)) => {
                let limits = Limits {
                    files: false,
                    ..limits
                };
                Finding::Verdict(judge(program, exercise, device, limits)?)
            }
        };
        Ok(Graded { exercise, finding })
    });
    graded.collect()
}

/// The text of a submitted file, or why it is not built.
fn submitted(path: &Path) -> Result<Result<String, String>, ExerciseError> {
    let size = path.metadata().map_err(ExerciseError::file(path))?.len();
    if size > LARGEST {
        return Ok(Err(format!("the file has {size} bytes")));
    }
    let bytes = fs::read(path).map_err(ExerciseError::file(path))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => match forbidden(&text) {
            Some(word) => Err(format!(
                "`{word}` is in the file, which no exercise has a use for"
            )),
            None => Ok(text),
        },
        Err(_) => Err("the file is not text in UTF-8".to_owned()),
    })
}

/// Words of Rust that lead out of an exercise.
const FORBIDDEN: &[&str] = &[
    "asm",
    "alloc",
    "core",
    "env",
    "extern",
    "file",
    "fs",
    "global_asm",
    "include",
    "include_bytes",
    "include_str",
    "mod",
    "net",
    "option_env",
    "os",
    "path",
    "process",
    "proc_macro",
    "thread",
    "unsafe",
];

/// A forbidden word in the code of a file; comments and texts may have them.
fn forbidden(text: &str) -> Option<&'static str> {
    let code = code(text);
    let mut words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.find_map(|word| FORBIDDEN.iter().copied().find(|bad| *bad == word))
}

/// A file's text without comments, texts and characters.
fn code(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = |i: usize| letters.get(i).copied().unwrap_or('\0');
    let (mut code, mut i) = (String::new(), 0);
    while i < letters.len() {
        let is_raw =
            letters[i] == 'r' && !code.ends_with(|c: char| c.is_alphanumeric() && c != 'b');
        match (letters[i], at(i + 1)) {
            ('/', '/') => i = find(&letters, i, &['\n']),
            ('/', '*') => i = after_block(&letters, i),
            ('"', _) => i = after_text(&letters, i + 1),
            ('r', '"' | '#') if is_raw => {
                let marks = letters[i + 1..].iter().take_while(|c| **c == '#').count();
                if at(i + 1 + marks) == '"' {
                    let end: Vec<char> = std::iter::once('"').chain(vec!['#'; marks]).collect();
                    i = find(&letters, i + 2 + marks, &end) + end.len();
                } else {
                    // A raw name: what follows counts.
                    i += 1 + marks;
                    code.push(' ');
                }
                continue;
            }
            ('\'', '\\') => i = find(&letters, i + 3, &['\'']) + 1,
            ('\'', _) if at(i + 2) == '\'' => i += 3,
            (letter, _) => {
                code.push(letter);
                i += 1;
                continue;
            }
        }
        code.push(' ');
    }
    code
}

/// Where a sequence begins, from `start` on; the end if it is not there.
fn find(letters: &[char], start: usize, what: &[char]) -> usize {
    let rest = letters.get(start..).unwrap_or_default();
    let found = rest.windows(what.len()).position(|window| window == what);
    found.map_or(letters.len(), |found| start + found)
}

/// The end of a text in quotes that starts before `i`.
fn after_text(letters: &[char], mut i: usize) -> usize {
    while i < letters.len() && letters[i] != '"' {
        i += if letters[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The end of a block comment that starts at `i`; blocks may be in blocks.
fn after_block(letters: &[char], mut i: usize) -> usize {
    let mut depth = 0;
    while i < letters.len() {
        match (letters[i], letters.get(i + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                i += 1;
                continue;
            }
        }
        i += 2;
        if depth == 0 {
            break;
        }
    }
    i
}

/// Builds what compiles of a package: the programs by their names.
fn build(work: &Path) -> Result<BTreeMap<String, PathBuf>, ExerciseError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--offline",
            "--bins",
            "--keep-going",
            "--message-format=json",
        ])
        .current_dir(work)
        .env("CARGO_TARGET_DIR", work.join("target"))
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .stderr(Stdio::null())
        .output()
        .map_err(|error| ExerciseError::Cargo(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let built: BTreeMap<_, _> = programs(&text).collect();
    if built.is_empty() && !output.status.success() && read(&work.join("Cargo.toml")).is_err() {
        return Err(ExerciseError::Cargo("the working folder is gone".into()));
    }
    Ok(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_of_an_exercise_is_found_in_code_and_not_in_comments() {
        assert_eq!(forbidden("use std::{fs as f};"), Some("fs"));
        assert_eq!(
            forbidden("let x = include_str!(\"a\");"),
            Some("include_str")
        );
        assert_eq!(forbidden("let a = 1; // the path, a process"), None);
        assert_eq!(
            forbidden("let t = \"//\"; std::process::exit(0)"),
            Some("process")
        );
        assert_eq!(
            forbidden("println!(\"the path {x}\"); /* fs /* net */ os */ x"),
            None
        );
        for hidden in [
            "let c = '\"'; std::fs::read(x); let d = '\"';",
            "let c = '\\''; fs::read(x); let d = '\\'';",
            "let t = r#\"a\"b\"#; std::fs::read(x); let u = \"\";",
            "use std::r#fs;",
            "fn f<'a>(x: &'a str) { fs::read(x) }",
            "let t = \"\\\"\"; fs::read(x)",
        ] {
            assert_eq!(forbidden(hidden), Some("fs"), "{hidden}");
        }
        for exercise in exercises() {
            assert_eq!(forbidden(&exercise.solution()), None, "{}", exercise.name);
        }
    }
}
