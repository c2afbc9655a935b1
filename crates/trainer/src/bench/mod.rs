//! `trainer bench`: how fast training is, compared within one run.
//!
//! The contestants take turns: a round is one segment of each. The report has the median over the
//! rounds and the spread. So a machine that is slower for a while is slower for all.

mod accuracy;
mod contest;
mod limit;
mod parts;
mod peers;
mod products;
mod ranks;
mod report;
mod size;
mod start;
mod training_run;

use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Result, bail};
use backends::{Backend, Hardware, Opened};
use clap::Args;
use datasets::{Mnist, bundled_mnist_dir};

use programs::{Exit, Format, Results, complain};
use training::Engine;
use training::number::parse::at_least_one;

use crate::arguments::{DeviceOption, backend};
use crate::threads;
use contest::{Contestant, interleave};
use programs::setup::ensure_one_has;
use ranks::Ranks;
use report::Report;
use size::Size;
use training_run::TrainingRun;

/// Seeds with which the preset is measured; it was chosen with others.
const PRESET_SEEDS: Range<u64> = 0..5;

/// Options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Backends to measure, separated by commas [default: ndarray, flex, and wgpu if there is a
    /// GPU].
    #[arg(long, value_delimiter = ',', value_parser = backend(), value_name = "NAMES")]
    backend: Vec<Backend>,

    #[command(flatten)]
    device: DeviceOption,

    /// Engines to measure, separated by commas; fused on one CPU backend, because it is the same on
    /// all.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "autodiff,manual,fused",
        value_name = "NAMES"
    )]
    engine: Vec<Engine>,

    /// Sizes of the MNIST net, HIDDEN-HIDDEN:BATCH, separated by commas.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "256-128:128,800-800:128,800-800:1024",
        value_name = "SIZES"
    )]
    size: Vec<Size>,

    /// Number of rounds, at least 1; each contestant runs once per round, after one round that does
    /// not count.
    #[arg(long, default_value = "5", allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    rounds: usize,

    /// Also measure the fused engine on this many ranks of one thread each, 2 or more, which mpirun starts; needs
    /// a build with MPI.
    #[arg(long, allow_negative_numbers = true, value_parser = ranks::several, value_name = "N")]
    ranks: Option<usize>,

    /// Also measure PyTorch and JAX, with the scripts in bench/peers; a framework that is not
    /// installed is left out with a note.
    #[arg(long)]
    peers: bool,

    /// The Python that has PyTorch and JAX.
    #[arg(long, default_value = "python3", value_name = "PROGRAM")]
    python: PathBuf,

    /// Also measure how long training takes to 97, 98 and 98.3 % test accuracy, and what --preset fast
    /// reaches with the seeds 0 to 4. This takes some minutes.
    #[arg(long)]
    accuracy: bool,

    /// Output format: text, or JSON with one object per line.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORM")]
    format: Format,

    /// Also write the figures as SVG to this file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,

    /// Print only the results: no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Measures and reports.
///
/// # Errors
///
/// If a backend that is named cannot run, or the data or a device fails.
pub(crate) fn run(options: &BenchOptions) -> Result<Exit> {
    threads::one_for_each_product();
    let note = |text: &str| {
        if !options.quiet {
            complain(text);
        }
    };
    if let Some(count) = options.ranks {
        ranks::ensure_possible(count, &options.size)?;
    }
    let backends = open(&options.backend, options.device)?;
    let runs = || pairs(&backends, &options.engine);
    let Mnist { train, test } = Mnist::load(&bundled_mnist_dir())?;
    let mut report = Report::new(&backends);

    for &size in &options.size {
        note(&format!("{size}: setting up"));
        let mut contestants: Vec<Box<dyn Contestant>> = vec![Box::new(limit::Limit::new(size))];
        for (backend, opened) in &backends {
            contestants.push(Box::new(products::Products::new(*backend, opened, size)?));
        }
        for (backend, opened, engine) in runs() {
            contestants.push(Box::new(TrainingRun::mnist(
                backend, opened, engine, size, &train,
            )?));
        }
        if let Some(count) = options.ranks {
            contestants.push(Box::new(Ranks::new(count, size)));
        }
        if options.peers {
            for peer in peers::Peer::ALL {
                match peer.start(&options.python, size) {
                    Ok(running) => contestants.push(Box::new(running)),
                    Err(reason) => note(&format!("{peer} is left out: {reason:#}")),
                }
            }
        }
        let group = interleave(contestants, options.rounds, &note)?;
        report.add_size(size, group);
    }

    let mut contestants: Vec<Box<dyn Contestant>> = vec![];
    for (backend, opened, engine) in runs() {
        contestants.push(Box::new(TrainingRun::xor(backend, opened, engine)?));
    }
    report.add_xor(interleave(contestants, options.rounds, &note)?);
    for (backend, opened, engine) in runs() {
        for &size in &options.size {
            report.add_parts(parts::parts(backend, opened, engine, size, &train)?);
        }
        report.add_start(start::measure(backend, options.device, engine)?);
    }
    if let Some(count) = options.ranks {
        for &size in &options.size {
            report.add_parts(Ranks::new(count, size).parts()?);
        }
    }
    if options.accuracy {
        for (backend, opened, engine) in runs() {
            note(&format!("{backend} {engine}: training to 98.3 %"));
            report.add_accuracy(accuracy::race(backend, opened, engine, &train, &test)?);
        }
        if Backend::Flex.is_compiled_in() {
            for seed in PRESET_SEEDS {
                report.add_preset(start::preset("fast", seed)?);
            }
        }
    }
    Results::default().print(match options.format {
        Format::Text => report.to_text(),
        Format::Json => report.to_json()?,
    })?;
    if let Some(file) = &options.plot {
        report.plot(file)?;
        note(&format!("figures in {}", file.display()));
    }
    Ok(Exit::Success)
}

/// Every backend with every engine; the fused engine, which computes without a backend, once.
fn pairs<'a>(
    backends: &'a [(Backend, Opened)],
    engines: &'a [Engine],
) -> impl Iterator<Item = (Backend, &'a Opened, Engine)> {
    let is_processor = |(_, opened): &&(Backend, Opened)| opened.hardware == Hardware::Processor;
    let home = backends.iter().find(is_processor);
    let home = home.map(|(backend, _)| *backend);
    backends.iter().flat_map(move |(backend, opened)| {
        let here = move |engine: &&Engine| **engine != Engine::Fused || home == Some(*backend);
        let engines = engines.iter().filter(here);
        engines.map(move |engine| (*backend, opened, *engine))
    })
}

/// The backends that are named, or all that suit a benchmark.
fn open(
    named: &[Backend],
    DeviceOption { device }: DeviceOption,
) -> Result<Vec<(Backend, Opened)>> {
    ensure_one_has(named, device)?;
    let mut opened = vec![];
    for backend in Backend::ALL {
        let device = device.filter(|_| backend == Backend::Wgpu);
        if named.contains(&backend) || device.is_some() {
            opened.push((backend, backend.open_on(device)?));
        } else if named.is_empty()
            && let Ok(open) = backend.open()
            && open.hardware != Hardware::SoftwareGraphics
        {
            opened.push((backend, open));
        }
    }
    if opened.is_empty() {
        bail!("no backend can run here; build with `--features flex`");
    }
    Ok(opened)
}
