//! `trainer sweep`: runs that differ in one or two options and in their seeds.

mod plan;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use backends::Backend;
use clap::Args;
use jiff::Timestamp;
use pages::numbers::{number, percent};
use programs::Exit;
use run_report::sweep::{Cell, SweepRun, cells, conclusion, page, table};
use run_report::{Recorded, write};
use serde::Serialize;
use training::number::parse::at_least_one;
use training::{Choices, Epoch, Settings, ensure_same_settings};

use self::plan::{Planned, Varied, plan};
use super::train::{self, OutputOptions, TrainOptions};
use crate::arguments::command_line;
use crate::console::Console;
use crate::ranks::{World, speaks};
use crate::signals::asked_to_end;

/// Name of the page in the folder of a sweep.
pub(crate) const PAGE: &str = "sweep.html";

/// Options of `sweep`.
#[derive(Debug, Args)]
pub(crate) struct SweepOptions {
    /// An option of train and its values, separated by commas: learning-rate=0.05,0.1,0.2. For lists, by
    /// spaces: "hidden=64 256,128". Give it twice to combine two options.
    #[arg(long, required = true, value_name = "OPTION=VALUES")]
    vary: Vec<String>,

    /// How many seeds to train each combination with, from --seed on, at least 1.
    #[arg(long, default_value = "3", allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    seeds: usize,

    #[command(flatten)]
    train: TrainOptions,
}

/// A line of the results, as JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    SweepRun {
        options: BTreeMap<&'a str, &'a str>,
        seed: u64,
        state: &'static str,
        val_loss: Option<f64>,
        val_accuracy: Option<f64>,
        test_accuracy: Option<f64>,
        run_dir: String,
    },
    SweepRow {
        options: BTreeMap<&'a str, &'a str>,
        #[serde(flatten)]
        cell: &'a Cell,
    },
    Sweep {
        runs: usize,
        finished: usize,
        sweep_dir: String,
        page: String,
    },
}

/// Trains all combinations of the values with all seeds, and shows them as a table and on a page. Several
/// processes share the runs.
///
/// # Errors
///
/// If a value is not allowed, before anything is trained; or if a run cannot start.
pub(crate) fn run(options: &SweepOptions) -> Result<Exit> {
    let base = options.train.choices();
    let sweep = Sweep::of(options, &base);
    let plan = sweep.as_ref().map_or(&[][..], |sweep| &sweep.plan);
    // A run on ndarray decides, if there is any.
    let on_ndarray = plan.iter().find(|run| run.choices.backend.is_none());
    let interrupt = train::prepare(on_ndarray.map_or(&base, |run| &run.choices))?;
    let world = World::join(&interrupt)?;
    let done = sweep.and_then(|sweep| sweep.run(&options.train, &interrupt, world.as_ref()));
    match (&world, done) {
        // Where one fails, the others would wait for it.
        (Some(world), Err(error)) => world.fail(&error),
        (_, done) => done,
    }
}

/// What is to be done.
struct Sweep {
    /// The options that vary.
    names: Vec<String>,
    plan: Vec<Planned>,
}

impl Sweep {
    fn of(options: &SweepOptions, base: &Choices) -> Result<Self> {
        refuse_what_is_for_one_run(options)?;
        let varied = options.vary.iter().map(|vary| Varied::parse(vary));
        let varied = varied.collect::<Result<Vec<_>>>()?;
        let plan = plan(&varied, base, options.seeds)?;
        if plan.iter().any(|run| run.choices.average_every.is_some()) {
            bail!("--average-every is for a single run; leave it out, or use train");
        }
        for run in &plan {
            let backend = Settings::resolve(&run.choices)?
                .backend
                .parse::<Backend>()?;
            backend.ensure_has(options.train.device(backend, None))?;
        }
        let names = varied.iter().map(|varied| varied.name.clone()).collect();
        Ok(Self { names, plan })
    }

    /// Trains the runs, of several processes each its share, and shows all.
    fn run(
        self,
        options: &TrainOptions,
        interrupt: &Arc<AtomicBool>,
        world: Option<&World>,
    ) -> Result<Exit> {
        let output = &options.output;
        let mut console = output.console();
        let make = || make_folder(&output.out_dir, output.run_name.as_deref());
        let (folder, [rank, count], share) = match world {
            None => (make()?, [0, 1], None),
            Some(world) => {
                world.ensure_same_program(true)?;
                let ranks = world.ranks();
                let settings = self.plan.iter().map(|run| Settings::resolve(&run.choices));
                ensure_same_settings(&*ranks, &settings.collect::<Result<Vec<_>, _>>()?)?;
                let folder = if speaks() { Some(make()?) } else { None };
                let folder = tell(world, folder.as_deref())?;
                let place = [ranks.rank(), ranks.count()];
                (folder, place, Some(world.share_of_cores()?))
            }
        };
        let mut runs = self.not_begun();
        for number in (rank..runs.len()).step_by(count) {
            let planned = &self.plan[number];
            let mut choices = planned.choices.clone();
            let Settings {
                threads, backend, ..
            } = Settings::resolve(&choices)?;
            if let Some(share) = share.filter(|&share| share < threads && choices.threads.is_none())
            {
                choices.threads = Some(share);
            }
            let process = world.map(World::rank_on_this_machine);
            let device = options.device(backend.parse()?, process);
            let part = options.of_a_part(&folder, planned.name.clone(), device);
            train::run_part(&part, choices, interrupt)?;
            runs[number].recorded = Some(self.open(&folder, number)?);
            self.show_run(&mut console, number, &runs[number])?;
            if speaks() {
                // Whatever becomes of the others, there is a page of those that have ended. Why there is none, is said
                // at the end.
                self.look(&folder, &mut runs);
                let _ = self.write_page(&folder, &runs);
            }
            if interrupt.load(Ordering::Relaxed) {
                break;
            }
        }
        let mut is_interrupted = interrupt.load(Ordering::Relaxed);
        let sweep = Arc::new(self);
        let shown = Arc::<Mutex<Vec<usize>>>::default();
        if let Some(world) = world {
            let if_late = Arc::clone(&sweep).show_so_far(
                folder.clone(),
                count,
                output.clone(),
                Arc::clone(&shown),
            );
            let met = world.meet(is_interrupted, asked_to_end(), if_late)?;
            is_interrupted = met.is_agreed;
            if met.is_late {
                console.note("the missing ranks have come; all runs, once more:");
            }
        }
        if !speaks() {
            return Ok(if is_interrupted {
                Exit::Interrupted
            } else {
                Exit::Success
            });
        }
        let shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        for number in (0..runs.len()).filter(|number| number % count != rank) {
            // After an interruption, some have not begun.
            let is_begun = || folder.join(&sweep.plan[number].name).exists();
            if !is_interrupted || is_begun() {
                runs[number].recorded = Some(sweep.open(&folder, number)?);
                if !shown.contains(&number) {
                    sweep.show_run(&mut console, number, &runs[number])?;
                }
            }
        }
        ensure_one_data_set(&runs)?;
        let exit = sweep.show(&mut console, &folder, &runs)?;
        Ok(if is_interrupted {
            Exit::Interrupted
        } else {
            exit
        })
    }

    /// All runs, before the first begins.
    fn not_begun(&self) -> Vec<SweepRun> {
        let runs = self.plan.iter().map(|planned| SweepRun {
            values: planned.values.clone(),
            seed: planned.seed,
            recorded: None,
        });
        runs.collect()
    }

    /// A run that has begun.
    fn open(&self, folder: &Path, number: usize) -> Result<Recorded> {
        Ok(Recorded::open(&folder.join(&self.plan[number].name))?)
    }

    /// Reads what has become of the runs, those of other processes, too.
    fn look(&self, folder: &Path, runs: &mut [SweepRun]) {
        for (number, run) in runs.iter_mut().enumerate() {
            if !run.is_finished() {
                // Its process may be about to make the folder.
                run.recorded = self.open(folder, number).ok();
            }
        }
    }

    /// Shows all runs as they are, where some of `count` ranks do not come to their end; on the one that speaks for all,
    /// which has shown its own. Adds those of the others to `shown`.
    fn show_so_far(
        self: Arc<Self>,
        folder: PathBuf,
        count: usize,
        output: OutputOptions,
        shown: Arc<Mutex<Vec<usize>>>,
    ) -> impl FnOnce() + Send {
        move || {
            if !speaks() {
                return;
            }
            let mut runs = self.not_begun();
            self.look(&folder, &mut runs);
            let mut console = output.console();
            let is_of_others = |number: &usize| number % count > 0 && runs[*number].is_finished();
            let of_others = (0..runs.len()).filter(is_of_others).collect::<Vec<_>>();
            let done = of_others
                .iter()
                .try_for_each(|&number| self.show_run(&mut console, number, &runs[number]));
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = of_others;
            // The loss is what is to be said now.
            let _ = done.and_then(|()| self.show(&mut console, &folder, &runs).map(drop));
        }
    }

    fn show_run(&self, console: &mut Console, number: usize, run: &SweepRun) -> Result<()> {
        let Some(recorded) = &run.recorded else {
            return Ok(());
        };
        console.note(format_args!(
            "run {} of {}: {}, seed {}: {}",
            number + 1,
            self.plan.len(),
            given(&self.names, &run.values),
            run.seed,
            outcome(recorded)
        ));
        console.json(&run_line(&self.names, run, recorded))
    }

    /// Writes the page of all runs, and gives its path.
    fn write_page(&self, folder: &Path, runs: &[SweepRun]) -> Result<PathBuf> {
        let file = folder.join(PAGE);
        write(&page(&self.names, runs)?, &file, &command_line())?;
        Ok(file)
    }

    /// Shows all runs together, and writes their page.
    fn show(&self, console: &mut Console, folder: &Path, runs: &[SweepRun]) -> Result<Exit> {
        let names = &self.names;
        let cells = cells(runs);
        let file = self.write_page(folder, runs)?;
        for cell in &cells {
            let options = pairs(names, &cell.values);
            console.json(&Line::SweepRow { options, cell })?;
        }
        let finished = cells.iter().map(|cell| cell.finished).sum();
        console.json(&Line::Sweep {
            runs: runs.len(),
            finished,
            sweep_dir: folder.display().to_string(),
            page: file.display().to_string(),
        })?;
        console.text(format_args!(
            "{}\n{}\npage: {}",
            table(names, &cells).to_text(),
            conclusion(names, &cells),
            file.display()
        ))?;
        Ok(if finished < runs.len() {
            Exit::Negative
        } else {
            Exit::Success
        })
    }
}

/// Tells every rank the folder that rank 0 has made.
fn tell(world: &World, folder: Option<&Path>) -> Result<PathBuf> {
    let text = folder.map(|folder| folder.to_str().context("--out-dir is not valid Unicode"));
    let folder = PathBuf::from(world.tell(text.transpose()?)?);
    if !folder.is_dir() {
        bail!(
            "the folder of the sweep, {}, is not there on every rank; name one with --out-dir that all of them see",
            folder.display()
        );
    }
    world.remember_folder(&folder);
    Ok(folder)
}

/// Ranks load the data for themselves.
fn ensure_one_data_set(runs: &[SweepRun]) -> Result<()> {
    let begun = || runs.iter().filter_map(|run| run.recorded.as_ref());
    let digest = |recorded: &Recorded| recorded.run.config().data_digest.clone();
    let Some(first) = begun().next() else {
        return Ok(());
    };
    match begun().find(|other| digest(other) != digest(first)) {
        None => Ok(()),
        Some(other) => bail!(
            "the runs {} and {} are on different data; their ranks need the same --data-dir",
            first.run.path().display(),
            other.run.path().display()
        ),
    }
}

fn refuse_what_is_for_one_run(options: &SweepOptions) -> Result<()> {
    let train = &options.train;
    for (option, is_given) in [
        ("--resume", train.checkpoints.resume.is_some()),
        ("--dry-run", train.output.dry_run),
    ] {
        if is_given {
            bail!("{option} is for a single run; leave it out, or use train");
        }
    }
    if options.vary.len() > 2 {
        bail!(
            "--vary is given {} times; vary one or two options",
            options.vary.len()
        );
    }
    Ok(())
}

/// Makes the folder of the sweep, with a number added if it exists.
fn make_folder(out_dir: &Path, name: Option<&str>) -> Result<PathBuf> {
    let time = || {
        Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ-sweep")
            .to_string()
    };
    let name = name.map_or_else(time, str::to_owned);
    let refused = || {
        format!(
            "cannot write to out-dir {}; name a folder that you may write to with --out-dir",
            out_dir.display()
        )
    };
    fs::create_dir_all(out_dir).with_context(refused)?;
    for number in 1.. {
        let path = match number {
            1 => out_dir.join(&name),
            _ => out_dir.join(format!("{name}-{number}")),
        };
        match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => {
                made.with_context(refused)?;
                return Ok(path);
            }
        }
    }
    unreachable!("the numbers never end")
}

fn pairs<'a>(names: &'a [String], values: &'a [String]) -> BTreeMap<&'a str, &'a str> {
    let names = names.iter().map(String::as_str);
    names.zip(values.iter().map(String::as_str)).collect()
}

/// `learning-rate 0.1, hidden 64`.
fn given(names: &[String], values: &[String]) -> String {
    let pairs = names.iter().zip(values);
    let pairs = pairs.map(|(name, value)| format!("{name} {value}"));
    pairs.collect::<Vec<_>>().join(", ")
}

fn outcome(recorded: &Recorded) -> String {
    let history = &recorded.history;
    let last = history.epochs.last();
    match (&history.result, last.and_then(Epoch::val_loss_of_candidate)) {
        (None, _) => {
            let reason = history.status.reason().unwrap_or(history.status.name());
            format!("no result: {reason}")
        }
        (Some(_), Some(loss)) => format!("validation loss {}", number(loss)),
        (Some(result), None) => format!("test accuracy {}", percent(result.test_accuracy)),
    }
}

fn run_line<'a>(names: &'a [String], run: &'a SweepRun, recorded: &Recorded) -> Line<'a> {
    let Recorded {
        run: saved,
        history,
        ..
    } = recorded;
    let last = history.epochs.last();
    let result = history.result.as_ref();
    Line::SweepRun {
        options: pairs(names, &run.values),
        seed: run.seed,
        state: history.status.name(),
        val_loss: last.and_then(Epoch::val_loss_of_candidate),
        val_accuracy: last.and_then(Epoch::val_accuracy_of_candidate),
        test_accuracy: result.map(|result| result.test_accuracy),
        run_dir: saved.path().display().to_string(),
    }
}
