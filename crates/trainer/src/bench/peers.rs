//! Other frameworks on the same task, as child processes that wait for their turn.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use datasets::bundled_mnist_dir;
use serde::Deserialize;

use super::contest::{Contestant, Kind};
use super::size::Size;

/// Where the scripts are, in the checkout that this program was built in.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/peers");

/// A framework to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Jax,
    PyTorch,
}

impl Peer {
    /// Every peer.
    pub(crate) const ALL: [Self; 2] = [Self::Jax, Self::PyTorch];

    fn script(self) -> &'static str {
        match self {
            Self::Jax => "jax_mlp.py",
            Self::PyTorch => "pytorch_mlp.py",
        }
    }

    /// Starts the peer's script and waits until it is ready.
    ///
    /// # Errors
    ///
    /// If Python or the framework is missing.
    pub(crate) fn start(self, python: &Path, size: Size) -> Result<Running> {
        let [h1, h2] = size.hidden.map(|units| units.to_string());
        let mut child = Command::new(python)
            .arg(Path::new(SCRIPTS).join(self.script()))
            .arg(bundled_mnist_dir())
            .args([h1, h2, size.batch.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let input = child.stdin.take().context("standard input is piped")?;
        let output = child.stdout.take().context("standard output is piped")?;
        let mut running = Running {
            name: String::new(),
            child,
            input,
            output: BufReader::new(output),
        };
        let Ready { version } = running.answer().with_context(|| {
            format!(
                "{} does not run with {}; install the framework there, or name another --python",
                self.script(),
                python.display()
            )
        })?;
        running.name = format!("{self} {version}");
        Ok(running)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jax => "JAX",
            Self::PyTorch => "PyTorch",
        })
    }
}

/// A peer that waits for its turn.
pub(crate) struct Running {
    name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// A script's first message.
#[derive(Deserialize)]
struct Ready {
    version: String,
}

/// Its message after each epoch.
#[derive(Deserialize)]
struct Epoch {
    rows: usize,
    seconds: f64,
}

impl Running {
    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("it ended early");
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Contestant for Running {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Peer
    }

    fn segment(&mut self) -> Result<(usize, Duration)> {
        writeln!(self.input, "epoch").context("a peer is gone")?;
        self.input.flush()?;
        let Epoch { rows, seconds } = self.answer()?;
        Ok((rows, Duration::from_secs_f64(seconds)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
