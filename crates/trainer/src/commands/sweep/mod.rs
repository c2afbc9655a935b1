//! `trainer sweep`: runs that differ in one or two options and in their seeds.

mod folder;
mod lines;
mod plan;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow, bail};
use backends::Backend;
use clap::{Args, Command, FromArgMatches};
use programs::Exit;
use run_folder::lock;
use run_report::sweep::{SweepRun, cells, conclusion, page, table};
use run_report::{Recorded, write};
use training::number::parse::at_least_one;
use training::{Choices, Engine, Settings, ensure_same_settings};

pub(super) use self::folder::is_of_a_sweep;
use self::folder::{Kept, PAGE, make_folder};
use self::lines::{Line, given, outcome, pairs, run_line};
use self::plan::{Planned, Varied, plan};
use super::train::{self, TrainOptions};
use crate::arguments::{program, resume_sweep_command};
use crate::console::Console;
use crate::ranks::{World, speaks};
use crate::signals::asked_to_end;

/// Options of `sweep`.
#[derive(Debug, Args)]
#[command(mut_arg("resume", |arg| arg.help(RESUME)))]
pub(crate) struct SweepOptions {
    /// An option of train and its values, separated by commas: learning-rate=0.05,0.1,0.2. For lists, by
    /// spaces: "hidden=64 256,128". Give it twice to combine two options.
    #[arg(
        long,
        required_unless_present = "resume",
        conflicts_with = "resume",
        value_name = "OPTION=VALUES"
    )]
    vary: Vec<String>,

    /// How many seeds to train each combination with, from --seed on, at least 1.
    #[arg(long, default_value = "3", conflicts_with = "resume", allow_negative_numbers = true, value_parser = at_least_one, value_name = "N")]
    seeds: usize,

    #[command(flatten)]
    train: TrainOptions,
}

/// What `--resume` does here.
const RESUME: &str = "Go on with the sweep in this folder: train the runs that have not begun, and resume those that were \
                      stopped or killed. Its options are those that it began with; only --data-dir, --threads, --device, \
                      --url, --token-file, --format, --quiet and the number of ranks may change";

/// Trains all combinations of the values with all seeds, and shows them as a table and on a page. Several
/// processes share the runs.
///
/// # Errors
///
/// If a value is not allowed, before anything is trained; or if a run cannot start.
pub(crate) fn run(options: &SweepOptions) -> Result<Exit> {
    let base = options.train.choices();
    let sweep = Sweep::of(options);
    let plan = sweep.as_ref().map_or(&[][..], |sweep| &sweep.plan);
    // A run on ndarray decides, if there is any.
    let on_ndarray = plan.iter().find(|run| run.choices.backend.is_none());
    let interrupt = train::prepare(on_ndarray.map_or(&base, |run| &run.choices))?;
    let world = World::join(&interrupt)?;
    let done = sweep.and_then(|sweep| sweep.run(&interrupt, world.as_ref()));
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
    /// The options of its runs.
    options: TrainOptions,
    /// How it was begun.
    kept: Kept,
    /// If it goes on: what changes in the runs that have begun.
    changes: Option<Choices>,
}

impl Sweep {
    fn of(options: &SweepOptions) -> Result<Self> {
        let now = &options.train;
        match &now.checkpoints.resume {
            None => Self::begun_with(options, Kept::of_this_process()),
            Some(folder) => {
                let kept = Kept::open(folder)?;
                let mut begun_with = parse(kept.options()).with_context(|| {
                    format!("cannot go on with the sweep in {}", folder.display())
                })?;
                let changes = begun_with.train.go_on(now)?;
                Ok(Self {
                    changes: Some(changes),
                    ..Self::begun_with(&begun_with, kept)?
                })
            }
        }
    }

    fn begun_with(options: &SweepOptions, kept: Kept) -> Result<Self> {
        refuse_what_is_for_one_run(options)?;
        let varied = options.vary.iter().map(|vary| Varied::parse(vary));
        let varied = varied.collect::<Result<Vec<_>>>()?;
        let plan = plan(&varied, &options.train.choices(), options.seeds)?;
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
        Ok(Self {
            names,
            plan,
            options: options.train.clone(),
            kept,
            changes: None,
        })
    }

    /// Trains the runs, of several processes each its share, and shows all.
    fn run(self, interrupt: &Arc<AtomicBool>, world: Option<&World>) -> Result<Exit> {
        let mut console = self.options.output.console();
        let (folder, [rank, count], share, _lock) = match world {
            None => {
                let (folder, lock) = self.folder()?;
                (folder, [0, 1], None, Some(lock))
            }
            Some(world) => {
                world.ensure_same_program(true)?;
                let ranks = world.ranks();
                let settings = self.plan.iter().map(|run| Settings::resolve(&run.choices));
                ensure_same_settings(&*ranks, &settings.collect::<Result<Vec<_>, _>>()?)?;
                let made = if speaks() { Some(self.folder()?) } else { None };
                let folder = tell(world, made.as_ref().map(|(folder, _)| &**folder))?;
                let place = [ranks.rank(), ranks.count()];
                let lock = made.map(|(_, lock)| lock);
                (folder, place, Some(world.share_of_cores()?), lock)
            }
        };
        let mut runs = self.not_begun();
        if self.changes.is_some() {
            self.look(&folder, &mut runs);
        }
        for number in (rank..runs.len()).step_by(count) {
            if runs[number].can_go_on() {
                let process = world.map(World::rank_on_this_machine);
                self.train(number, &folder, share, process, interrupt)?;
                runs[number].recorded = Some(self.open(&folder, number)?);
            }
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
            let if_late = Arc::clone(&sweep).show_so_far(folder.clone(), count, Arc::clone(&shown));
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

    /// Its folder, with the lock: made, or that of the sweep that goes on. For the process that speaks for all.
    fn folder(&self) -> Result<(PathBuf, File)> {
        let train = &self.options;
        if let Some(folder) = &train.checkpoints.resume {
            return Ok((folder.clone(), lock(folder)?));
        }
        let folder = make_folder(&train.output.out_dir, train.output.run_name.as_deref())?;
        self.kept.write(&folder)?;
        let lock = lock(&folder)?;
        Ok((folder, lock))
    }

    /// Trains a run, or goes on with it; by its share of the threads, if processes share the cores.
    fn train(
        &self,
        number: usize,
        folder: &Path,
        share: Option<usize>,
        process: Option<usize>,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<()> {
        let planned = &self.plan[number];
        let settings = Settings::resolve(&planned.choices)?;
        let device = self.options.device(settings.backend.parse()?, process);
        let place = folder.join(&planned.name);
        let begun = self.changes.clone().filter(|_| place.exists());
        let mut part = self.options.of_a_part(folder, planned.name.clone(), device);
        part.checkpoints.resume = begun.as_ref().map(|_| place);
        // With another number of threads, only the fused engine gives the same numbers.
        let may_share = begun.is_none() || settings.engine == Engine::Fused;
        let mut choices = begun.unwrap_or_else(|| planned.choices.clone());
        if may_share && planned.choices.threads.is_none() {
            choices.threads = share.filter(|&share| share < settings.threads);
        }
        train::run_part(&part, choices, interrupt)?;
        Ok(())
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
        shown: Arc<Mutex<Vec<usize>>>,
    ) -> impl FnOnce() + Send {
        move || {
            if !speaks() {
                return;
            }
            let mut runs = self.not_begun();
            self.look(&folder, &mut runs);
            let mut console = self.options.output.console();
            let is_of_others =
                |number: &usize| !number.is_multiple_of(count) && runs[*number].is_finished();
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
        write(&page(&self.names, runs)?, &file, &self.kept.command_line())?;
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
        let can_go_on = runs.iter().any(SweepRun::can_go_on);
        let resume = can_go_on.then(|| {
            let words = self.options.remote().words();
            resume_sweep_command(&program(), folder, &words)
        });
        console.json(&Line::Sweep {
            runs: runs.len(),
            finished,
            sweep_dir: folder.display().to_string(),
            page: file.display().to_string(),
            resume: resume.clone(),
        })?;
        console.text(format_args!(
            "{}\n{}\npage: {}",
            table(names, &cells).to_text(),
            conclusion(names, &cells),
            file.display()
        ))?;
        if let Some(command) = resume {
            console.text(format_args!("resume with: {command}"))?;
        }
        Ok(if finished < runs.len() {
            Exit::Negative
        } else {
            Exit::Success
        })
    }
}

/// The options of `sweep` in these words.
fn parse(words: &[String]) -> Result<SweepOptions> {
    let command = SweepOptions::augment_args(Command::new("sweep").no_binary_name(true));
    let matches = command.try_get_matches_from(words);
    let options = matches.and_then(|matches| SweepOptions::from_arg_matches(&matches));
    options.map_err(|error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        anyhow!(
            "{}",
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        )
    })
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
    if train.output.dry_run {
        bail!("--dry-run is for a single run; leave it out, or use train");
    }
    if options.vary.len() > 2 {
        bail!(
            "--vary is given {} times; vary one or two options",
            options.vary.len()
        );
    }
    Ok(())
}
