//! Everything that must pass before a change lands, in one order, with one set of features.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use crate::lint::Linter;
use crate::program::{Artifact, artifacts, cargo, cargo_giving_way, executable};
use crate::structure;
use crate::trace;

/// With this variable set, tests that need a graphics adapter fail without one instead of being
/// skipped.
const REQUIRE_WGPU: &str = "REQUIRE_WGPU";

/// With this variable set, tests in a browser fail without one instead of being skipped.
const REQUIRE_BROWSER: &str = "REQUIRE_BROWSER";

/// With this variable set, the test on a network fails without network namespaces instead of being skipped.
const REQUIRE_NAMESPACES: &str = "REQUIRE_NAMESPACES";

/// Minimum number of tests with `wgpu` in their name that must run.
const WGPU_TESTS: usize = 4;

/// Number of random programs: a minute of one processor.
const PROGRAMS: &str = "3000";

/// Packages with a lock file of their own that use packages of the workspace, and the workspace.
const LOCKED: [&str; 3] = ["Cargo.toml", "tests/reuse/Cargo.toml", "fuzz/Cargo.toml"];

/// Lines of a failed test's output that are said again at the end.
const LINES_PER_FAILURE: usize = 12;

/// Runs every gate. A gate that fails lets those end that run next to it.
///
/// # Errors
///
/// If a gate fails.
pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let linter = Linter::new()?;
    gate("formatting", || {
        shown(cargo().args(["fmt", "--all", "--check"]))
    })?;
    gate("structure", structure::check)?;
    gate("lock files", || {
        LOCKED.iter().try_for_each(|manifest| locked(manifest))
    })?;
    let built = gate("build and clippy", || build(&linter))?;
    gate("Burn is built once", || built_once(&built, &linter))?;
    let programs = ["verify-grads", "audit-burn", "audit-burn", trace::PROGRAM];
    let [verify_grads, audit_burn, random_programs, traced] =
        programs.map(|name| executable(&built, name));
    side_by_side(
        || {
            gate("tests and documentation", || tests(&linter))?;
            gate("reuse from another project", || {
                let manifest = ["--manifest-path", "tests/reuse/Cargo.toml"];
                captured(cargo_giving_way().arg("run").args(manifest))?;
                captured(
                    cargo_giving_way()
                        .args(["run", "--bin", "train"])
                        .args(manifest),
                )
            })
        },
        || {
            gate("verify-grads", || {
                captured(Command::new(verify_grads?).arg("--mutate"))
            })?;
            gate("gradients of Burn", || {
                captured(&mut Command::new(audit_burn?))
            })?;
            gate("random programs on Burn", || {
                let programs = ["--programs", PROGRAMS];
                captured(Command::new(random_programs?).args(programs))
            })?;
            gate("what the suite covers", || covered(&traced?))
        },
    )?;
    // At the end: it replaces the programs that the other gates run.
    gate("several ranks, and one far device", || {
        beyond_one_machine(&linter)
    })?;
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    println!("all gates passed in {minutes:.1} min");
    Ok(())
}

fn gate<T>(name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    let started = Instant::now();
    let result = run().with_context(|| format!("gate '{name}'"))?;
    println!(
        "== {name}: passed in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    Ok(result)
}

/// Runs two rows of gates at once: a software adapter does not use both cores.
fn side_by_side(
    one: impl FnOnce() -> Result<()>,
    other: impl FnOnce() -> Result<()> + Send,
) -> Result<()> {
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(other);
        (one(), other.join())
    });
    let other = other.unwrap_or_else(|_| Err(anyhow!("a gate panicked")));
    match (one, other) {
        (Err(one), Err(other)) => bail!("{one:#}; {other:#}"),
        (one, other) => one.and(other),
    }
}

/// Runs a command that shows what it does.
fn shown(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| describe(command))?;
    if !status.success() {
        bail!("{} failed", describe(command));
    }
    Ok(())
}

/// Runs a command in parallel with others, and shows its output at the end.
fn captured(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| describe(command))?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&output.stderr)?;
    stdout.write_all(&output.stdout)?;
    if !output.status.success() {
        bail!("{} failed", describe(command));
    }
    Ok(())
}

/// Fails if the dependencies of a package are not those of its lock file.
fn locked(manifest: &str) -> Result<()> {
    let mut command = cargo();
    command.args([
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--manifest-path",
        manifest,
    ]);
    let output = command.output().with_context(|| describe(&command))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{said}the lock file next to {manifest} is not up to date; run cargo metadata there and commit it"
        );
    }
    Ok(())
}

fn describe(command: &Command) -> String {
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    let name = Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default();
    let words: Vec<_> = [name.to_string_lossy()]
        .into_iter()
        .chain(arguments)
        .collect();
    format!("`{}`", words.join(" "))
}

/// Builds all programs, tests, examples and benchmarks, and has Clippy check them.
fn build(linter: &Linter) -> Result<Vec<Artifact>> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--all-targets", "--no-run"]);
    artifacts(linter.watch(command))
}

/// The tests compile each part of Burn once, and `cargo build -p trainer` needs the same ones.
fn built_once(built: &[Artifact], linter: &Linter) -> Result<()> {
    const REMEDY: &str = "enable Burn's features only in crates/backends/Cargo.toml, and let no \
                          dependency of the tests enable features of Burn's dependencies";
    let mut times = BTreeMap::<_, usize>::new();
    for artifact in built.iter().filter(|artifact| is_burn(&artifact.target)) {
        // A procedural macro of Burn uses one of its libraries, too: that one is not optimised.
        let library = (&*artifact.target, &*artifact.opt_level);
        *times.entry(library).or_default() += 1;
    }
    times.retain(|_, times| *times > 1);
    if !times.is_empty() {
        let twice: Vec<_> = times.into_keys().map(|(target, _)| target).collect();
        bail!("the tests compile {} twice; {REMEDY}", twice.join(", "));
    }
    let mut command = cargo();
    command.args(["build", "--package", "trainer"]);
    let rebuilt = artifacts(linter.watch(command))?
        .into_iter()
        .filter(|artifact| !artifact.fresh && is_burn(&artifact.target))
        .map(|artifact| artifact.target)
        .collect::<Vec<_>>();
    if !rebuilt.is_empty() {
        let rebuilt = rebuilt.join(", ");
        bail!("`cargo build -p trainer` compiles {rebuilt} again; {REMEDY}");
    }
    println!("the tests and `cargo build -p trainer` use one build of Burn");
    Ok(())
}

/// Whether a library belongs to Burn, CubeCL or wgpu and not to this workspace.
fn is_burn(library: &str) -> bool {
    let ours = [
        "burn_gradcheck",
        "burn-gradcheck",
        "burn_suite",
        "burn-suite",
    ];
    let theirs = ["burn", "cube", "wgpu", "naga"];
    theirs.iter().any(|prefix| library.starts_with(prefix)) && !ours.contains(&library)
}

/// The README's test command, with a count of the tests that ran on the graphics adapter. What failed is
/// said again at the end, because other gates run and print at the same time.
fn tests(linter: &Linter) -> Result<()> {
    let mut command = cargo_giving_way();
    command
        .args(["test", "--workspace", "--no-fail-fast"])
        .env(REQUIRE_WGPU, "1")
        .env(REQUIRE_BROWSER, "1")
        .stdout(Stdio::piped());
    let mut child = linter
        .watch(command)
        .spawn()
        .context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo's output is piped")?;
    let mut seen = Seen::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        seen.line(&line);
    }
    if !child.wait()?.success() {
        let failures = seen.failures.join("\n");
        bail!("`cargo test --workspace` failed\n{failures}");
    }
    let on_wgpu = seen.on_wgpu;
    println!("tests that ran on wgpu: {on_wgpu}");
    if on_wgpu < WGPU_TESTS {
        bail!("expected {WGPU_TESTS} tests on wgpu or more, got {on_wgpu}; none may be skipped");
    }
    Ok(())
}

/// The trainer on several ranks, and on a worker. The README's test command leaves both out: not everybody has an MPI
/// library, and the feature `remote` brings 200 packages, and has Burn's packages built once more. That takes a quarter
/// of an hour on two cores, the tests five minutes.
fn beyond_one_machine(linter: &Linter) -> Result<()> {
    let version = Command::new("mpirun").arg("--version").output();
    version.context(
        "no mpirun; on Debian and Ubuntu: apt-get install openmpi-bin libopenmpi-dev libclang-dev iproute2",
    )?;
    let mut command = cargo();
    command.args(["test", "--package", "trainer"]);
    command.args(["--features", "mpi,remote", "--bin", "trainer"]);
    command.args(["--test", "mpi", "--test", "remote"]);
    command.env(REQUIRE_WGPU, "1");
    if can_make_namespaces() {
        command.env(REQUIRE_NAMESPACES, "1");
    } else {
        println!(
            "not run: ranks and a worker on a network of their own; this user may not make network namespaces"
        );
    }
    shown(&mut linter.watch(command))
}

fn can_make_namespaces() -> bool {
    let ip = |arguments: &[&str]| {
        let status = Command::new("ip").arg("netns").args(arguments).status();
        status.is_ok_and(|status| status.success())
    };
    let name = format!("gate-{}", std::process::id());
    ip(&["add", &name]) && ip(&["delete", &name])
}

/// What the output of `cargo test` told so far.
#[derive(Default)]
struct Seen {
    /// Tests that ran on the graphics adapter.
    on_wgpu: usize,
    /// The beginning of each failed test's output, below its name.
    failures: Vec<String>,
    /// Lines that are left to take of the failure that is being printed.
    left: usize,
}

impl Seen {
    fn line(&mut self, line: &str) {
        if line.starts_with("test ") && line.contains("wgpu") && line.ends_with("... ok") {
            self.on_wgpu += 1;
        }
        if line.starts_with("---- ") {
            self.left = LINES_PER_FAILURE;
        } else if line == "failures:" || line.starts_with("stack backtrace:") {
            self.left = 0;
        }
        if self.left > 0 {
            self.failures.push(line.to_owned());
            self.left -= 1;
        }
    }
}

/// What the operations of the suite reach, where that can be traced.
fn covered(program: &Path) -> Result<()> {
    if trace::can_run() {
        return trace::run(program);
    }
    println!("not run: gdb is not installed, or may not trace a program");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burn_is_told_from_what_is_ours() {
        for library in ["burn", "burn_ndarray", "cubecl_wgpu", "wgpu_core", "naga"] {
            assert!(is_burn(library), "{library}");
        }
        for library in ["burn_gradcheck", "trainer", "backends", "mnist_mlp"] {
            assert!(!is_burn(library), "{library}");
        }
    }

    #[test]
    fn tests_on_wgpu_are_counted_and_failures_are_kept() {
        let mut seen = Seen::default();
        let output = "test wgpu::adds ... ok\ntest adds ... FAILED\n\nfailures:\n\n\
                      ---- adds stdout ----\nthread panicked\nleft: 1\nstack backtrace:\n0: main\n\
                      failures:\n    adds\n";
        output.lines().for_each(|line| seen.line(line));
        assert_eq!(seen.on_wgpu, 1);
        assert_eq!(
            seen.failures,
            ["---- adds stdout ----", "thread panicked", "left: 1"]
        );
    }

    #[test]
    fn a_failure_in_either_row_is_a_failure() {
        let fail = |text: &'static str| move || Err(anyhow!(text));
        let pass = || Ok(());
        assert!(side_by_side(pass, pass).is_ok());
        assert_eq!(side_by_side(fail("a"), pass).unwrap_err().to_string(), "a");
        assert_eq!(side_by_side(pass, fail("b")).unwrap_err().to_string(), "b");
        let both = side_by_side(fail("a"), fail("b")).unwrap_err();
        assert_eq!(both.to_string(), "a; b");
    }
}
