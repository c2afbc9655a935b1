//! `trainer sweep`: runs that differ in one or two options and in their seeds.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Command, FromArgMatches};
use jiff::Timestamp;
use pages::numbers::{number, percent};
use programs::Exit;
use run_report::sweep::{Cell, SweepRun, cells, conclusion, page, table};
use run_report::{Recorded, write};
use serde::Serialize;
use training::number::parse::at_least_one;
use training::{Choices, Epoch, Settings, ensure_same};

use super::train::{self, TrainOptions};
use crate::arguments::command_line;
use crate::console::Console;
use crate::ranks::{World, speaks};

/// Name of the page in the folder of a sweep.
pub(super) const PAGE: &str = "sweep.html";

/// Most runs of a sweep: more are a mistake.
const MOST_RUNS: usize = 1000;

/// The option whose values have commas of their own.
const HIDDEN: &str = "hidden";

/// Options that may vary, as in messages.
const EXAMPLES: &str = "for example learning-rate, batch-size, hidden, optimizer, schedule, epochs or \
                        weight-decay";

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

/// An option with the values that it takes, each with what it chooses.
#[derive(Debug)]
struct Varied {
    name: String,
    values: Vec<(String, Choices)>,
}

/// A run to do.
#[derive(Debug)]
struct Planned {
    /// A value of each option.
    values: Vec<String>,
    choices: Choices,
    seed: u64,
    /// Name of its folder.
    name: String,
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
        let (folder, [rank, count], threads) = match world {
            None => (make()?, [0, 1], None),
            Some(world) => {
                let ranks = world.ranks();
                let names = self.plan.iter().map(|run| &run.name).collect::<Vec<_>>();
                let digest = BuildHasherDefault::<DefaultHasher>::default().hash_one(&names);
                ensure_same(&*ranks, "sweep", digest)?;
                let folder = if speaks() { Some(make()?) } else { None };
                let folder = world.tell(folder.as_deref())?;
                let place = [ranks.rank(), ranks.count()];
                (folder, place, Some(world.share_of_cores()?))
            }
        };
        for number in (rank..self.plan.len()).step_by(count) {
            let planned = &self.plan[number];
            let mut choices = planned.choices.clone();
            if let (Some(share), None) = (threads, choices.threads) {
                choices.threads = Some(Settings::resolve(&choices)?.threads.min(share));
            }
            let part = options.of_a_part(&folder, planned.name.clone());
            train::run_part(&part, choices, interrupt)?;
            self.show_run(&mut console, number, &self.done(&folder, number)?)?;
            if interrupt.load(Ordering::Relaxed) {
                break;
            }
        }
        if let Some(world) = world {
            world.meet()?;
        }
        if !speaks() {
            return Ok(Exit::Success);
        }
        let mut runs = vec![];
        for number in 0..self.plan.len() {
            // Those after an interruption were not begun.
            if !folder.join(&self.plan[number].name).exists() {
                continue;
            }
            let run = self.done(&folder, number)?;
            if number % count != rank {
                self.show_run(&mut console, number, &run)?;
            }
            runs.push(run);
        }
        let exit = self.show(&mut console, &folder, &runs)?;
        Ok(if interrupt.load(Ordering::Relaxed) {
            Exit::Interrupted
        } else {
            exit
        })
    }

    /// A run that has ended.
    fn done(&self, folder: &Path, number: usize) -> Result<SweepRun> {
        let planned = &self.plan[number];
        Ok(SweepRun {
            recorded: Recorded::open(&folder.join(&planned.name))?,
            values: planned.values.clone(),
        })
    }

    fn show_run(&self, console: &mut Console, number: usize, run: &SweepRun) -> Result<()> {
        console.note(format_args!(
            "run {} of {}: {}, seed {}: {}",
            number + 1,
            self.plan.len(),
            given(&self.names, &run.values),
            self.plan[number].seed,
            outcome(run)
        ));
        console.json(&run_line(&self.names, run))
    }

    /// Shows all runs together, and writes their page.
    fn show(&self, console: &mut Console, folder: &Path, runs: &[SweepRun]) -> Result<Exit> {
        let names = &self.names;
        let cells = cells(runs);
        let file = folder.join(PAGE);
        write(&page(names, runs)?, &file, &command_line())?;
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

fn refuse_what_is_for_one_run(options: &SweepOptions) -> Result<()> {
    let train = &options.train;
    for (option, is_given) in [
        ("--resume", train.checkpoints.resume.is_some()),
        ("--dry-run", train.output.dry_run),
        ("--average-every", train.choices().average_every.is_some()),
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

impl Varied {
    /// Reads `learning-rate=0.05,0.1`.
    fn parse(text: &str) -> Result<Self> {
        let Some((name, values)) = text.split_once('=') else {
            bail!("--vary {text:?} has no values; write it as learning-rate=0.05,0.1");
        };
        let name = name.trim().trim_start_matches("--");
        let is_list = name == HIDDEN || values.trim().contains(' ');
        let values: Vec<&str> = if is_list {
            values.split_whitespace().collect()
        } else {
            values.split(',').map(str::trim).collect()
        };
        let values = values.into_iter().map(|value| {
            let choices = chosen(name, value)?;
            Ok((value.to_owned(), choices))
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        let is_repeated = |i: usize| {
            values[..i]
                .iter()
                .any(|(_, choices)| *choices == values[i].1)
        };
        if let Some(i) = (0..values.len()).find(|&i| is_repeated(i)) {
            bail!(
                "--vary {name} has the value {} twice; leave one out",
                values[i].0
            );
        }
        if values.len() < 2 {
            bail!(
                "--vary {name} has {} value; give two or more{}, or pass --{name} itself",
                values.len(),
                if is_list {
                    " with spaces between them"
                } else {
                    ""
                }
            );
        }
        Ok(Self {
            name: name.to_owned(),
            values,
        })
    }
}

/// What an option of `train` chooses with a value.
fn chosen(name: &str, value: &str) -> Result<Choices> {
    let command = Command::new("sweep").no_binary_name(true);
    let command = TrainOptions::augment_args(command);
    let parsed = command
        .try_get_matches_from([format!("--{name}={value}")])
        .and_then(|matches| TrainOptions::from_arg_matches(&matches));
    let options = parsed.map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        let line = line.strip_prefix("error: ").unwrap_or(line);
        match error.kind() {
            clap::error::ErrorKind::UnknownArgument => {
                anyhow!("--vary {name}: {line}; vary an option of train, {EXAMPLES}")
            }
            _ if name == HIDDEN => anyhow!(
                "--vary {name}: {line}; correct the value, or put spaces between two: \"{HIDDEN}=none 64\""
            ),
            _ => anyhow!("--vary {name}: {line}; correct the value"),
        }
    })?;
    let choices = options.choices();
    let is_of_the_sweep = choices.seed.is_some();
    if is_of_the_sweep || choices == Choices::default() {
        bail!(
            "--vary {name} does not change how a net is trained{}; vary {EXAMPLES}",
            if is_of_the_sweep {
                " (--seeds has the number of seeds)"
            } else {
                ""
            }
        );
    }
    Ok(choices)
}

/// All runs: the values of the last option change fastest, but for the seeds.
fn plan(varied: &[Varied], base: &Choices, seeds: usize) -> Result<Vec<Planned>> {
    let mut combinations = vec![(vec![], Choices::default())];
    for option in varied {
        let longer = combinations.iter().flat_map(|(values, choices)| {
            option.values.iter().map(move |(value, chosen)| {
                let values = values.iter().chain([value]).cloned().collect();
                (values, chosen.clone().or(Choices::clone(choices)))
            })
        });
        combinations = longer.collect::<Vec<(Vec<String>, Choices)>>();
    }
    let count = combinations.len().saturating_mul(seeds);
    if count > MOST_RUNS {
        bail!("{count} runs are more than {MOST_RUNS}; give fewer values or --seeds");
    }
    let first = base.seed.unwrap_or(0);
    let mut plan = vec![];
    for (values, choices) in combinations {
        for seed in (0..seeds).map(|seed| first.wrapping_add(seed as u64)) {
            let seeded = Choices {
                seed: Some(seed),
                ..choices.clone()
            };
            let choices = seeded.or(base.clone());
            Settings::resolve(&choices)?;
            plan.push(Planned {
                name: folder_name(plan.len() + 1, varied, &values, seed),
                values: values.clone(),
                choices,
                seed,
            });
        }
    }
    Ok(plan)
}

/// `03-learning-rate-0.1-seed-2`: a plain file name, different for each run by its number.
fn folder_name(place: usize, varied: &[Varied], values: &[String], seed: u64) -> String {
    const MOST_LETTERS: usize = 80;
    let parts = varied.iter().zip(values);
    let parts = parts.map(|(varied, value)| format!("{}-{value}", varied.name));
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '.' {
            c
        } else {
            '-'
        }
    };
    let text = parts.collect::<Vec<_>>().join("-");
    let text = text
        .chars()
        .map(plain)
        .take(MOST_LETTERS)
        .collect::<String>();
    format!("{place:02}-{text}-seed-{seed}")
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

fn outcome(run: &SweepRun) -> String {
    let history = &run.recorded.history;
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

fn run_line<'a>(names: &'a [String], run: &'a SweepRun) -> Line<'a> {
    let Recorded {
        run: saved,
        history,
        ..
    } = &run.recorded;
    let last = history.epochs.last();
    let result = history.result.as_ref();
    Line::SweepRun {
        options: pairs(names, &run.values),
        seed: saved.config().settings.seed,
        state: history.status.name(),
        val_loss: last.and_then(Epoch::val_loss_of_candidate),
        val_accuracy: last.and_then(Epoch::val_accuracy_of_candidate),
        test_accuracy: result.map(|result| result.test_accuracy),
        run_dir: saved.path().display().to_string(),
    }
}
